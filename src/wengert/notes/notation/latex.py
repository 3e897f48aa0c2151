"""The LaTeX form, in the common part of KaTeX and MathJax, read back as the same tree."""

from __future__ import annotations

from wengert.notes.notation import names
from wengert.notes.notation.expr import (
    Bars,
    BigOp,
    Call,
    Cases,
    Declaration,
    Expr,
    Index,
    Inverse,
    Line,
    Neg,
    Norm,
    Num,
    Partial,
    Power,
    Product,
    Quotient,
    Ref,
    Sum,
    Transpose,
)
from wengert.notes.notation.names import ACCENTS, LETTER_WORDS
from wengert.notes.notation.precedence import ATOM, POWER, RUN, SIGNED, SUM
from wengert.notes.notation.printing import Printer, decimal, has_bars
from wengert.notes.notation.scripts import clusters
from wengert.notes.notation.symbols import FUNCTIONS, Symbols

RELATIONS = {"≤": r"\le", "≥": r"\ge", "≠": r"\ne", "<": "<", ">": ">", "=": "=", "∈": r"\in"}
BIG_SIGNS = {
    "sum": r"\sum",
    "prod": r"\prod",
    "argmax": r"\operatorname*{arg\,max}",
    "argmin": r"\operatorname*{arg\,min}",
}
OTHER_LETTERS = {"∞": r"\infty", "ℝ": r"\mathbb{R}", "ε": r"\epsilon", "ħ": r"\hbar"}
TALL = (r"\frac", r"\sum", r"\prod", r"\begin")


def show(tree: Expr | Line | Declaration, symbols: Symbols | None = None) -> str:
    """The tree, line or declaration in LaTeX; `symbols` has the spellings (fonts) of the user's text."""
    printer = LatexPrinter(symbols)
    if isinstance(tree, Line):
        return printer.line(tree)
    if isinstance(tree, Declaration):
        return printer.declaration(tree)
    return printer.show(tree)


class LatexPrinter(Printer):
    """LaTeX."""

    product_signs = {"·": r"\cdot", "∘": r"\circ", "*": "*"}  # noqa: RUF012

    def line(self, line: Line) -> str:
        sign = r"\mathrel{+}=" if "+=" in line.notes else "="
        return f"{self.show(line.left)} {sign} " + " = ".join(self.show(right) for right in line.rights)

    def declaration(self, declaration: Declaration) -> str:
        listed = ", ".join(self.name(name) for name in declaration.names)
        match declaration.kind:
            case "shape":
                sizes = r" \times ".join(declaration.sizes)
                return rf"{listed} \in \mathbb{{R}}" + (f"^{{{sizes}}}" if sizes else "")
            case "size":
                return rf"{listed} = \text{{size of }} {self.index_letter(declaration.letter)}"
            case "function":
                return rf"{listed}\colon \text{{function}}"
            case "assume":
                return (
                    rf"\text{{assume}}\ {self.show(declaration.condition)}" if declaration.condition is not None else ""
                )
            case "dialect":
                word = declaration.names[0]
                return (
                    r"\text{implicit}\ \text{sums}"
                    if word == "implicit sums"
                    else rf"\text{{dialect}}\colon \text{{{word}}}"
                )
            case kind:
                return rf"\text{{{kind}}}\ {listed}"

    # levels

    def number_level(self, tree: Num) -> int:
        return RUN if tree.value.denominator != 1 and self.number(tree).startswith("\\") else ATOM

    def quotient_level(self, tree: Quotient) -> int:
        return POWER

    # signs

    def minus(self) -> str:
        return "-"

    def both(self) -> str:
        return r" \land "

    def relation(self, op: str) -> str:
        return RELATIONS.get(op, op)

    def ones(self) -> str:
        return r"\mathbf{1}"

    def bracket(self, text: str) -> str:
        return rf"\left({text}\right)" if any(word in text for word in TALL) else f"({text})"

    def index_letter(self, letter: str) -> str:
        return self.letter(letter)

    def number(self, tree: Num) -> str:
        value = tree.value
        if value < 0:
            return "-" + self.number(Num(-value))
        if value.denominator == 1:
            return str(value.numerator)
        if tree.text and "/" not in tree.text and "e" not in tree.text and tree.text[0] in "0123456789.":
            return tree.text
        plain = decimal(value) if value.denominator > 100 else ""
        if plain:
            return plain
        if max(value.numerator, value.denominator) < 10:
            return rf"\tfrac{value.numerator}{value.denominator}"
        return rf"\tfrac{{{value.numerator}}}{{{value.denominator}}}"

    def between(self, tree: Product, place: int, text: str) -> str:
        space = super().between(tree, place, text)
        before = tree.factors[place - 1]
        raised_name = isinstance(before, Ref) and (before.barred or text.startswith(("(", r"\left(")))
        return "\\," if space == " " and raised_name else space

    # names

    def letter(self, cluster: str) -> str:
        """One letter with its accents."""
        letter, marks = cluster[0], cluster[1:]
        if letter in OTHER_LETTERS:
            text = OTHER_LETTERS[letter]
        elif letter in LETTER_WORDS:
            word = LETTER_WORDS[letter]
            text = f"\\{word}" if word not in PLAIN_CAPITALS else rf"\mathrm{{{letter}}}"
        else:
            text = letter
        return self.accented(text, marks)

    def accented(self, text: str, marks: str) -> str:
        for mark in marks.rstrip("'"):
            text = rf"\{ {'mean': 'bar'}.get(ACCENTS.get(mark, 'hat'), ACCENTS.get(mark, 'hat')) }{{{text}}}"
        return text + "'" * marks.count("'")

    def base(self, base: str, bold: bool) -> str:
        fonts = self.symbols.fonts
        plain = base.removesuffix("⋆")
        letters = clusters(plain)
        if plain in fonts:
            text = fonts[plain]
        elif len(letters) == 1:
            bare = fonts.get(letters[0][0])
            text = self.accented(bare, letters[0][1:]) if bare else self.letter(letters[0])
        else:
            text = rf"\mathrm{{{plain}}}" if plain.isalnum() and plain.isascii() else rf"\text{{{plain}}}"
        return (rf"\boldsymbol{{{text}}}" if text.startswith("\\") else rf"\mathbf{{{text}}}") if bold else text

    def subscript(self, text: str) -> str:
        """A name subscript: digits and single letters as they are, words upright."""
        if "_" + text in self.symbols.fonts:
            return self.symbols.fonts["_" + text]
        if text.isdigit() or names.is_step(text):
            return text
        return self.letter(text) if len(clusters(text)) == 1 else rf"\text{{{text}}}"

    def pieces(self, tree: Ref) -> tuple[str, str, str]:
        """The base with primes, the subscript and the superscript of a quantity without its bar."""
        base, label, subscript, primes = names.split(tree.name)
        bold = tree.bold or (tree.indices is None and tree.name in self.symbols.bold)
        below = [self.subscript(subscript)] if subscript else []
        if tree.indices is not None:
            indices = [self.index(index) for index in tree.indices]
            simple = not below and all(isinstance(index, Index) for index in tree.indices)
            if len(tree.indices) > 1 and any(isinstance(i, Index) and i.letter.isupper() for i in tree.indices):
                simple = False  # a capital among letters, the last step, would make a word of them
            below += (
                [" ".join(indices) if any(i.startswith("\\") for i in indices) else "".join(indices)]
                if simple
                else indices
            )
        square = tree.name in self.symbols.squares
        above = [label if square else "(" + "".join(self.letter(c) for c in clusters(label)) + ")"] if label else []
        above += [r"\star"] if base.endswith("⋆") else []
        return self.base(base, bold) + "'" * primes, ",".join(below), "".join(above)

    def ref(self, tree: Ref) -> str:
        return self.named(tree, "")

    def named(self, tree: Ref, raised: str) -> str:
        """A quantity with its bar; `raised` is a transpose sign that shares the superscript."""
        base, below, above = self.pieces(tree)
        if (
            tree.barred
            and not (below or above or base.endswith("'"))
            and len(clusters(names.split(tree.name).base)) == 1
        ):
            return rf"\bar{{{base}}}" + (f"^{raised}" if raised else "")
        if tree.barred:
            inner = base + (f"^{{{above}}}" if above else "") + (f"_{{{below}}}" if below else "")
            return rf"\overline{{{inner}}}" + (f"^{raised}" if raised else "")
        if raised and not above:
            return base + (f"_{{{below}}}" if below else "") + f"^{raised}"
        braced = f"{{{above}{raised}}}"
        return base + (f"^{braced}" if above else "") + (f"_{{{below}}}" if below else "")

    def index(self, tree: Expr) -> str:
        """One index, written tight: t-1, 2i+k."""
        text = self.show(tree)
        if isinstance(tree, Sum):
            text = text.replace(" - ", "-").replace(" + ", "+")
        return text

    def name(self, name: str) -> str:
        return self.ref(Ref(name))

    # structures

    def quotient(self, tree: Quotient, last: bool) -> str:
        return rf"\frac{{{self.show(tree.numerator)}}}{{{self.show(tree.denominator)}}}"

    def raised(self, tree: Power | Transpose | Inverse) -> str:
        if isinstance(tree, Power):
            return f"{self.raisable(tree.base)}^{{{self.show(tree.exponent)}}}"
        operand = tree.operand
        if isinstance(tree, Inverse):
            return f"{self.raisable(operand)}^{{-1}}"
        if isinstance(operand, Inverse):
            return rf"{self.raisable(operand.operand)}^{{-\top}}"
        if isinstance(operand, Ref) and not operand.name.endswith("⋆"):
            return self.named(operand, r"\top")
        return rf"{self.raisable(operand)}^\top"

    def raisable(self, tree: Expr) -> str:
        """A base that can carry a superscript: brackets where it has one already."""
        crowded = isinstance(tree, Ref) and not tree.barred and ("⁽" in tree.name or "⋆" in tree.name)
        text = self.show(tree, ATOM, last=False)
        return self.bracket(text) if crowded else text

    def call(self, tree: Call, last: bool) -> str:
        plain = not tree.primes and tree.power is None
        arguments = ", ".join(self.show(argument) for argument in tree.args)
        if tree.function == "exp" and plain and not self.symbols.is_quantity("e"):
            return f"e^{{{arguments}}}"
        if tree.function == "sqrt" and plain:
            return rf"\sqrt{{{arguments}}}"
        known = FUNCTIONS.get(tree.function)
        if tree.function == "sqrt":
            head = r"\operatorname{sqrt}"
        else:
            head = known.latex if known is not None else self.base(tree.function, False)
        head += "'" * tree.primes
        if tree.power is not None:
            head += f"^{{{self.show(tree.power)}}}"
        if last and self.is_bare(tree):
            return f"{head} {arguments}"
        return head + self.bracket(arguments)

    def big(self, tree: BigOp) -> str:
        head = BIG_SIGNS.get(tree.op, f"\\{tree.op}")
        letters, conditions = self.limits(tree)
        if conditions:
            listed = r",\,".join(conditions)
            under = rf"{','.join(letters)}:\,{listed}" if letters else listed
        elif tree.lower is not None:
            under = f"{letters[0]}={self.index(tree.lower)}"
        else:
            under = ",".join(letters) if any(len(letter) > 1 for letter in letters) else "".join(letters)
        over = f"^{{{self.index(tree.upper)}}}" if tree.upper is not None else ""
        return f"{head}_{{{under}}}{over} {self.show(tree.body, SIGNED)}"

    def bars(self, tree: Norm | Bars) -> str:
        inner = self.show(tree.operand)
        if has_bars(tree.operand):
            inner = self.bracket(inner)
        if isinstance(tree, Bars):
            return rf"\lvert {inner} \rvert"
        return rf"\lVert {inner} \rVert" + (rf"_{tree.order}" if tree.order in ("1", "F") else "")

    def cases(self, tree: Cases) -> str:
        rows = [
            self.show(value, SUM) + " & " + (r"\text{otherwise}" if condition is None else self.show(condition))
            for value, condition in tree.branches
        ]
        return r"\begin{cases} " + r" \\ ".join(rows) + r" \end{cases}"

    def indicator(self, text: str) -> str:
        return rf"\mathbb{{1}}[{text}]"

    def entries(self, rows: list[list[str]]) -> str:
        return r"\begin{pmatrix} " + r" \\ ".join(" & ".join(row) for row in rows) + r" \end{pmatrix}"

    def partial(self, tree: Partial) -> str:
        if tree.symbol == "∇":
            return rf"\nabla_{{{self.show(tree.denominator)}}} {self.show(tree.numerator)}"
        if tree.symbol == "'":
            return rf"{self.show(tree.numerator, ATOM)}'\left({self.show(tree.denominator)}\right)"
        sign = r"\partial " if tree.symbol == "∂" else "d"
        return rf"\frac{{{sign}{self.show(tree.numerator, ATOM)}}}{{{sign}{self.show(tree.denominator, ATOM)}}}"

    def derive(self, denominator: Expr, body: Expr) -> str:
        text = self.show(body, POWER, last=False)
        closed = isinstance(body, Sum | Neg) or text.startswith(("(", r"\left("))
        return rf"\frac{{\partial}}{{\partial {self.show(denominator, ATOM)}}} {text if closed else self.bracket(text)}"


PLAIN_CAPITALS = frozenset(
    {"Alpha", "Beta", "Epsilon", "Zeta", "Eta", "Iota", "Kappa", "Mu", "Nu", "Omicron", "Rho", "Tau", "Chi", "omicron"}
)
"""Greek letters that LaTeX has no command for, because they look like Latin ones."""
