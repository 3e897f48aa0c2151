"""The neutral parser: the grammar with the commands of LaTeX."""

from __future__ import annotations

import re
from fractions import Fraction

from wengert.notes.reading.formulas import Formula, NotNeutral
from wengert.notes.reading.tokens import END, FUNCTIONS, MathToken, normal, tokens
from wengert.notes.reading.trees import (
    BAR,
    DOT,
    HAT,
    TILDE,
    Big,
    Call,
    Cases,
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
    Sum,
    Tree,
    Word,
)

BOLD = {"mathbf", "boldsymbol", "bm", "bf", "vec", "pmb", "mat", "bold", "symbf", "textbf"}
FONTS = BOLD | {
    "mathcal",
    "mathrm",
    "mathsf",
    "mathit",
    "rm",
    "mathbb",
    "mathfrak",
    "cal",
    "mathscr",
    "it",
    "sf",
    "tt",
    "mathtt",
}
WORDS = {"text", "textrm", "operatorname", "operatorname*", "mbox", "textit", "textsf", "hbox", "texttt", "textnormal"}
ACCENTS = {
    "hat": HAT, "widehat": HAT, "tilde": TILDE, "widetilde": TILDE, "bar": BAR, "overline": BAR, "dot": DOT, "ddot": DOT + DOT,
    "check": "\u030c", "breve": "\u0306", "acute": "\u0301", "grave": "\u0300",
}  # fmt: skip
FRACTIONS = {"frac", "dfrac", "tfrac", "cfrac", "nicefrac", "sfrac"}
MATRICES = {"matrix", "bmatrix", "pmatrix", "Bmatrix", "vmatrix", "smallmatrix", "array"}
WIDE = {"quad", "qquad", "end", "\\", "&", "⇒"}
CONDITION_WORDS = re.compile(r"\b(if|for|when|where|with|wenn|falls|für|si|если|при)\b|,|若|当|如果|のとき|일 때|이면")
OTHERWISE = re.compile(r"otherwise|else|sonst|sinon|иначе|其他|否则|その他|그 외|이외")
LEADING_WORDS = re.compile(r"^\s*\\(?:text|mbox|textbf|textit|textrm)\s*\{[^{}]*[ ()][^{}]*\}(?=\s*[^\s=])")
"""Words before a formula that say what it is about."""


def parse(text: str, notation: str = "latex") -> Tree:
    """One side of a statement.

    Raises NotNeutral where it cannot be taken apart.
    """
    return parse_with_braces(text, notation)[0]


def parse_with_braces(text: str, notation: str = "latex") -> tuple[Tree, list[tuple[Tree, Tree]]]:
    """One side of a statement, and the names that stand below braces with what they are names of.

    Raises NotNeutral where it cannot be taken apart.
    """
    parser = _Parser(tokens(LEADING_WORDS.sub("", normal(text)), notation))
    tree = parser.condition()
    rest = parser.rest()
    if rest:
        raise NotNeutral(f"what '{''.join(token.text for token in rest[:4])}' does here is not known")
    return tree, parser.named


class _Parser(Formula):
    def command(self) -> Tree | None:
        text = self.peek().text
        if text in WIDE:
            return None
        self.next()
        if text in FRACTIONS:
            return Frac(self.argument(), self.argument())
        if text == "sqrt":
            return Call("sqrt", self.radicand())
        if text in ("sum", "prod"):
            return self.big("Σ" if text == "sum" else "∏")
        if text in ACCENTS:
            return _accented(self.argument(), ACCENTS[text])
        if text in WORDS | FONTS:
            return self.in_font(text)
        if text.lower() in FUNCTIONS:
            return Func(FUNCTIONS[text.lower()])
        if text in (
            "underbrace",
            "overbrace",
            "boxed",
            "underline",
            "cancel",
            "smash",
            "ensuremath",
            "fbox",
            "mathord",
            "mathbin",
            "mathrel",
            "mathop",
            "mathinner",
        ):
            return self.decorated()
        if text in ("overset", "underset", "stackrel"):
            self.skip()
            return _loose(self.argument())
        if text == "begin":
            return self.block(self.raw())
        if text == "infty":
            raise NotNeutral("a limit is not read")
        if text in ("forall", "exists", "lim", "int", "iint", "oint", "not", "cap", "cup", "subset", "choose", "binom"):
            raise NotNeutral(f"'\\{text}' is not read")
        if re.fullmatch(r"[A-Za-z]+\*?", text) and self.peek() != MathToken("sign", "{"):
            return Word("\\" + text)
        raise NotNeutral(f"'\\{text}' is not read")

    def radicand(self) -> Tree:
        if self.take("("):
            return self.listing(")")
        if self.take("[") and self.listing("]") != Num(Fraction(2)):
            raise NotNeutral("a root that is not square is not read")
        return self.argument()

    def decorated(self) -> Tree:
        """What stands under a brace, without what is said of it."""
        inner = _loose(self.argument())
        while self.peek() in (MathToken("sign", "_"), MathToken("sign", "^")):
            self.next()
            start = self.at
            self.skip()
            if isinstance(name := _name_said(self.signs[start + 1 : self.at - 1]), Name | Script):
                self.named.append((name, inner))
        return inner

    def in_font(self, font: str) -> Tree | None:
        if font in WORDS or (font in ("mathrm", "rm", "mathsf", "mathit", "textbf", "it", "sf", "tt", "mathtt")):
            if self.peek().kind == "name":
                return Name(self.next().text)
            return self.word()
        inner = self.argument()
        if inner == Num(Fraction(1)):
            return Word("𝟙")
        if inner == Name("L") and font in ("mathcal", "cal", "mathscr"):
            return Name("ℒ")
        return _bolder(inner, font in BOLD)

    def word(self) -> Tree | None:
        """Letters that are set as one name."""
        text = re.sub(r"\W|^operatorname", "", self.raw())
        if text.lower() in FUNCTIONS:
            return Func(FUNCTIONS[text.lower()])
        if not text:
            return self.factor()
        return Name(text) if len(text) == 1 else Word(text)

    def raw(self) -> str:
        """The letters of {…}."""
        if not self.take("{"):
            return self.next().text
        depth, letters = 1, ""
        while depth:
            kind, text = self.next()
            if kind == "end":
                raise NotNeutral("a brace is left open")
            depth += (kind == "sign" and text == "{") - (kind == "sign" and text == "}")
            if depth:
                letters += text
        return letters

    def skip(self) -> None:
        if self.peek().text == "{":
            self.raw()
        else:
            self.next()

    # sums, matrices, cases

    def big(self, sign: str) -> Tree:
        under = over = None
        while self.peek() in (MathToken("sign", "_"), MathToken("sign", "^")):
            if self.next().text == "_":
                under = self.argument()
            else:
                over = self.argument()
        if self.take("-"):
            return Big(sign, under, over, Sum(((-1, self.term()),)))
        return Big(sign, under, over, self.term())

    def block(self, name: str) -> Tree:
        """An environment with rows of cells."""
        rows: list[list[Tree | None]] = [[]]
        while self.peek() != MathToken("command", "end"):
            if self.peek() == END:
                raise NotNeutral("an environment is left open")
            self.cell(rows)
        self.next()
        self.raw()
        filled = [tuple(map(_condition_in_brackets, row)) if name == "cases" else tuple(row) for row in rows if row]
        if (
            name in ("cases", "array")
            and filled
            and all((len(row) == 2 and row[1] is None) or _is_cased(row) for row in filled)
        ):
            return Cases(tuple((row[0], row[1]) for row in filled if row[0] is not None))
        cells = tuple(tuple(cell for cell in row if cell is not None) for row in filled)
        if name in MATRICES and cells and len({len(row) for row in cells}) == 1 and cells[0]:
            return Matrix(cells)
        if len(cells) == 1 and len(cells[0]) == 1:
            return Group("(", cells[0][0])
        raise NotNeutral(f"the environment '{name}' is not read here")

    def cell(self, rows: list[list[Tree | None]]) -> None:
        """One more sign or cell of an environment."""
        if self.take("&") or self.take(",") or self.take(".") or self.take(";"):
            return
        kind, text = self.peek()
        if (kind, text) == ("command", "\\"):
            self.next()
            rows.append([])
        elif kind == "command" and text in ("quad", "qquad"):
            self.next()
        elif kind == "command" and text in WORDS:
            start = self.at
            self.next()
            said = self.raw()
            if (condition := _condition_said(self.signs[start + 2 : self.at - 1])) is not None:
                rows[-1].append(condition)
            elif OTHERWISE.search(said):
                rows[-1].append(None)
            elif not CONDITION_WORDS.search(said) and re.sub(r"\W", "", said) and said not in ("if", "for"):
                self.at = start
                rows[-1].append(self.condition())
        else:
            rows[-1].append(self.condition())


def _name_said(signs: list[MathToken]) -> Tree | None:
    """The name that stands below a brace, alone or behind "=:"; None for anything else."""
    while signs and signs[0].kind == "sign" and signs[0].text in "=:":
        signs = signs[1:]
    if any(token.kind == "command" for token in signs):
        return None
    parser = _Parser(signs)
    try:
        tree = parser.sum()
    except NotNeutral:
        return None
    return None if parser.rest() else tree


def _condition_said(signs: list[MathToken]) -> Tree | None:
    """What is said in words of a case, "if k = n"; None where no relation is said."""
    signs = [token for token in signs if token.text not in "$,"]
    if not any(token.kind == "sign" and token.text in "=≠<>≤≥" for token in signs):
        return None
    letters = "".join(token.text if token.kind == "name" and len(token.text) == 1 else " " for token in signs)
    word = re.match("(?:otherwise|if|when|where|for)", letters)
    parser = _Parser(signs[word.end() :] if word is not None else signs)
    try:
        condition = parser.condition()
    except NotNeutral:
        return None
    return None if parser.rest() else condition


def _condition_in_brackets(cell: Tree | None) -> Tree | None:
    """x ≥ 0 of (x ≥ 0)."""
    return cell.inner if isinstance(cell, Group) and isinstance(cell.inner, Relation) else cell


def _is_cased(row: tuple[Tree | None, ...]) -> bool:
    return len(row) == 2 and (row[1] is None or isinstance(row[1], Relation | Listing))


def _loose(tree: Tree) -> Tree:
    return Group("(", tree) if isinstance(tree, Listing) else tree


def _accented(inner: Tree, accent: str) -> Tree:
    if isinstance(inner, Name | Word):
        return type(inner)(inner.text + accent, inner.bold)
    if isinstance(inner, Script) and isinstance(inner.base, Name | Word):
        return Script(_accented(inner.base, accent), inner.sub, inner.sup, inner.primes)
    raise NotNeutral("an accent stands over more than a name")


def _bolder(inner: Tree, bold: bool) -> Tree:
    if isinstance(inner, Name | Word):
        return type(inner)(inner.text, bold or inner.bold)
    if isinstance(inner, Script) and isinstance(inner.base, Name):
        return Script(Name(inner.base.text, bold), inner.sub, inner.sup, inner.primes)
    if isinstance(inner, Row) and all(isinstance(item, Name) and not sign for sign, item in inner.items) and not bold:
        return Word("".join(item.text for _, item in inner.items if isinstance(item, Name)))
    return inner
