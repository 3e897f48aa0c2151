"""Neutral trees as LaTeX, and as plain text for sentences."""

from __future__ import annotations

import unicodedata

from wengert.notes.reading.tokens import GREEK
from wengert.notes.reading.trees import (
    BAR,
    DOT,
    HAT,
    TILDE,
    TRANSPOSE,
    Big,
    Both,
    Call,
    Cases,
    Entries,
    Frac,
    Func,
    Group,
    Listing,
    Matrix,
    Name,
    Num,
    Relation,
    Row,
    Script,
    Sign,
    Sum,
    Tree,
    Word,
    is_fraction_of,
)

COMMANDS = {letter: "\\" + name for name, letter in GREEK.items() if not name.startswith("var")} | {
    "∂": r"\partial", "∇": r"\nabla", "ℒ": r"\mathcal{L}", "ℓ": r"\ell", "…": r"\dots", TRANSPOSE: r"\top", "·": r"\cdot",
    "∘": r"\odot", "⊗": r"\otimes", "≠": r"\ne", "≤": r"\le", "≥": r"\ge", "∈": r"\in", "Σ": r"\sum", "∏": r"\prod",
}  # fmt: skip
ACCENTS = {BAR: r"\bar", HAT: r"\hat", TILDE: r"\tilde", DOT: r"\dot"}
PLAIN_SCRIPTS = str.maketrans("0123456789ijklmnt", "₀₁₂₃₄₅₆₇₈₉ᵢⱼₖₗₘₙₜ")


def latex(tree: Tree) -> str:
    """A tree as LaTeX."""
    match tree:
        case Num():
            return _number(tree)
        case Name() | Word() | Func() | Sign():
            return _letters(tree)
        case Script():
            return _script(tree)
        case Row():
            return _joined([(COMMANDS.get(sign, sign), latex(item)) for sign, item in tree.items])
        case Sum():
            return _sum(tree)
        case Frac():
            return rf"\frac{{{latex(tree.top)}}}{{{latex(tree.low)}}}"
        case Group(bracket="{"):
            return f"{{{latex(tree.inner)}}}"
        case Group():
            close = "]" if tree.bracket == "[" else ")"
            return rf"\left{tree.bracket}{latex(tree.inner)}\right{close}"
        case Big():
            under = "" if tree.under is None else f"_{{{latex(tree.under)}}}"
            over = "" if tree.over is None else f"^{{{latex(tree.over)}}}"
            return f"{COMMANDS[tree.sign]}{under}{over} {latex(tree.term)}"
        case Call():
            return _marked(tree)
        case Relation():
            return f"{latex(tree.left)} {COMMANDS.get(tree.sign, tree.sign)} {latex(tree.right)}"
        case Listing() | Both():
            return (", " if isinstance(tree, Listing) else " ").join(map(latex, tree.items))
        case Matrix():
            return (
                r"\begin{bmatrix} " + r" \\ ".join(" & ".join(map(latex, row)) for row in tree.rows) + r" \end{bmatrix}"
            )
        case Cases():
            rows = (f"{latex(v)} & " + (r"\text{otherwise}" if c is None else latex(c)) for v, c in tree.branches)
            return r"\begin{cases} " + r" \\ ".join(rows) + r" \end{cases}"
        case Entries():
            return rf"\left({latex(tree.body)}\right)_{{{''.join(tree.letters)}}}"
        case _:
            raise TypeError(type(tree))


def _number(tree: Num) -> str:
    if tree.digits is not None:
        return f"{float(tree.value):.{tree.digits}f}"
    return (
        str(tree.value)
        if tree.value.denominator == 1
        else rf"\frac{{{tree.value.numerator}}}{{{tree.value.denominator}}}"
    )


def _letters(tree: Name | Word | Func | Sign) -> str:
    if isinstance(tree, Sign):
        return "".join(COMMANDS.get(sign, sign) for sign in tree.text)
    if isinstance(tree, Func):
        return (
            rf"\operatorname{{{tree.text}}}"
            if tree.text in ("sigmoid", "softmax", "relu", "diag", "sign", "trace")
            else f"\\{tree.text}"
        )
    bare = "".join(c for c in tree.text if not unicodedata.combining(c))
    letters = COMMANDS.get(bare, bare if len(bare) == 1 or bare.startswith("\\") else rf"\text{{{bare}}}")
    letters = (
        rf"\mathbf{{{letters}}}"
        if tree.bold and letters == bare
        else rf"\boldsymbol{{{letters}}}"
        if tree.bold
        else letters
    )
    for accent in tree.text[len(bare) :]:
        letters = f"{ACCENTS.get(accent, '')}{{{letters}}}"
    return letters


def _script(tree: Script) -> str:
    sub = "" if tree.sub is None else f"_{{{latex(tree.sub)}}}"
    sup = "" if tree.sup is None else f"^{{{latex(tree.sup)}}}"
    base = latex(tree.base)
    if isinstance(tree.base, Script):
        base = f"{{{base}}}"
    return f"{base}{chr(39) * tree.primes}{sub}{sup}"


def _sum(tree: Sum) -> str:
    text = ""
    for k, (sign, term) in enumerate(tree.terms):
        shown = latex(Group("(", term)) if isinstance(term, Sum) else latex(term)
        text += ("-" if sign < 0 else "") + shown if k == 0 else (" - " if sign < 0 else " + ") + shown
    return text


def _joined(items: list[tuple[str, str]]) -> str:
    return " ".join(part for pair in items for part in pair if part)


def _marked(tree: Call) -> str:
    inner = latex(tree.inner)
    around = {"sqrt": (r"\sqrt{", "}"), "norm": (r"\|", r"\|"), "abs": ("|", "|"), "inner": (r"\langle ", r" \rangle")}
    before, behind = around.get(tree.function, (rf"\{tree.function}(", ")"))
    return before + inner + behind


def plain_text(tree: Tree) -> str:
    """A tree in one line of plain signs."""
    match tree:
        case Name() | Word() | Func() | Sign():
            return tree.text.removeprefix("\\")
        case Num():
            return _number(tree) if tree.digits is not None else str(tree.value)
        case Script():
            sub = "" if tree.sub is None else _lowered(plain_text(tree.sub))
            sup = (
                ""
                if tree.sup is None
                else "ᵀ"
                if tree.sup in (Sign(TRANSPOSE), Name("T"))
                else f"^({plain_text(tree.sup)})"
                if isinstance(tree.sup, Sum | Row) and len(tree.sup.parts) > 1
                else f"^{plain_text(tree.sup)}"
            )
            return plain_text(tree.base) + "′" * tree.primes + sub + sup
        case Row():
            return _side_by_side(tree)
        case Sum():
            terms = ((" − " if sign < 0 else " + ") + plain_text(term) for sign, term in tree.terms)
            return "".join(terms).removeprefix(" + ").removeprefix(" ")
        case Frac():
            return _quotient(tree)
        case Group():
            return f"({plain_text(tree.inner)})"
        case Big():
            under = "" if tree.under is None else _lowered(plain_text(tree.under))
            return f"{tree.sign}{under} {plain_text(tree.term)}"
        case Relation():
            return f"{plain_text(tree.left)} {tree.sign} {plain_text(tree.right)}"
        case Call():
            return f"{tree.function}({plain_text(tree.inner)})"
        case _:
            return ", ".join(map(plain_text, tree.parts))


def _side_by_side(tree: Row) -> str:
    """Factors with blanks between them; none behind the d of dz."""
    out, close = "", True
    for sign, item in tree.items:
        out += "".join(
            part if close and not k else f" {part}" for k, part in enumerate(filter(None, (sign, plain_text(item))))
        )
        close = item in (Name("d"), Name("∂"))
    return out


def _quotient(tree: Frac) -> str:
    """a/b with brackets around what is no single factor."""
    if is_fraction_of(tree, "∂", "d"):
        return f"{plain_text(tree.top)}/{plain_text(tree.low)}"
    top = f"({plain_text(tree.top)})" if isinstance(tree.top, Sum) else plain_text(tree.top)
    low = f"({plain_text(tree.low)})" if isinstance(tree.low, Sum | Row | Frac) else plain_text(tree.low)
    return f"{top}/{low}"


def _lowered(text: str) -> str:
    small = text.replace(" ", "").translate(PLAIN_SCRIPTS)
    return small if all(c in "₀₁₂₃₄₅₆₇₈₉ᵢⱼₖₗₘₙₜ" for c in small) else f"_{text}"
