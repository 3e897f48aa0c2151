"""What the printers share: where brackets go, and what may stand last.

The levels come from precedence.py, the table that the reader uses. A Σ, and a function without parentheses, take everything after them,
so they stand last in their product or in brackets. The subclasses know the signs: unicode.py and latex.py.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from wengert.notes.notation.expr import (
    And,
    Bars,
    BigOp,
    Call,
    Cases,
    Compare,
    Derive,
    Expr,
    Index,
    Indicator,
    Inverse,
    MatrixEntries,
    Neg,
    Norm,
    Num,
    Ones,
    Partial,
    Power,
    Product,
    Quotient,
    Ref,
    Sum,
    Transpose,
    children,
    walk,
)
from wengert.notes.notation.precedence import ATOM, POWER, RUN, SIGNED, SUM
from wengert.notes.notation.symbols import FUNCTIONS, Symbols

BARE_FUNCTIONS = frozenset({"log", "ln", "det"})
"""Functions that are printed without parentheses before a simple argument that stands last: t log y."""

GLYPHS = {
    Fraction(1, 2): "½", Fraction(1, 3): "⅓", Fraction(2, 3): "⅔", Fraction(1, 4): "¼", Fraction(3, 4): "¾", Fraction(1, 5): "⅕",
    Fraction(1, 6): "⅙", Fraction(1, 8): "⅛",
}  # fmt: skip


def free_letters(tree: Expr) -> frozenset[str]:
    """The index letters of a tree that no Σ in it binds."""
    if isinstance(tree, Index):
        return frozenset({tree.letter})
    inner = frozenset().union(*(free_letters(child) for child in children(tree)))
    return inner - frozenset(tree.letters) if isinstance(tree, BigOp) else inner


def decimal(value: Fraction) -> str:
    """The shortest decimal text of a fraction whose denominator divides a power of ten; "" if there is none."""
    for places in range(1, 20):
        scaled = value * 10**places
        if scaled.denominator == 1:
            digits = str(abs(scaled.numerator)).rjust(places + 1, "0")
            return f"{digits[:-places]}.{digits[-places:]}"
    return ""


class Printer:
    """A tree to a string; `show` puts brackets where the reader would otherwise read another tree."""

    product_signs: dict[str, str]

    def __init__(self, symbols: Symbols | None = None) -> None:
        self.symbols = symbols or Symbols()

    # levels

    def level(self, tree: Expr) -> int:
        """How tightly the printed form of a tree holds together."""
        match tree:
            case Num(value=value):
                return SUM if value < 0 else self.number_level(tree)
            case Sum() | Neg():
                return SUM
            case Compare() | And():
                return 0
            case Product(factors=factors, sign=sign):
                return SIGNED if sign or any(self.is_dotted(tree, place) for place in range(1, len(factors))) else RUN
            case Quotient():
                return self.quotient_level(tree)
            case Power() | Transpose() | Inverse():
                return POWER
            case Call(function=function, primes=0, power=None) if function in ("exp", "sqrt"):
                return POWER
            case BigOp():
                return POWER
            case Partial() | Derive():
                return POWER
            case Ref(name=name) if name in self.symbols.squares:
                return POWER
            case _:
                return ATOM

    def number_level(self, tree: Num) -> int:
        raise NotImplementedError

    def quotient_level(self, tree: Quotient) -> int:
        raise NotImplementedError

    def begins_with_number(self, tree: Expr) -> bool:
        """Whether the printed form begins with a digit, so that a factor before it needs a dot."""
        match tree:
            case Num(value=value):
                return value >= 0
            case Power(base=base) | Transpose(operand=base) | Inverse(operand=base):
                return isinstance(base, Num) and self.level(base) >= ATOM
            case _:
                return False

    def is_dotted(self, tree: Product, place: int) -> bool:
        """Whether a factor of a juxtaposition needs a dot before it, because it begins with a digit."""
        factor = tree.factors[place]
        in_brackets = isinstance(factor, Quotient) and self.is_apart(factor) and place + 1 < len(tree.factors)
        return self.begins_with_number(factor) and not in_brackets

    def is_bare(self, tree: Expr) -> bool:
        """Whether a call can be printed as log y: one simple argument, and no more factors after it."""
        if not isinstance(tree, Call) or tree.function not in BARE_FUNCTIONS or len(tree.args) != 1:
            return False
        argument = tree.args[0]
        return isinstance(argument, Ref | Index) or (isinstance(argument, BigOp) and tree.function in ("log", "ln"))

    def is_open(self, tree: Expr) -> bool:
        """Whether the printed form would take a factor written after it as its own."""
        match tree:
            case BigOp():
                return True
            case Call():
                return self.is_bare(tree)
            case Product(factors=factors):
                return self.is_open(factors[-1])
            case Quotient():
                return self.quotient_level(tree) == RUN and self.is_open(tree.denominator)
            case Neg(operand=operand):
                return self.is_open(operand)
            case _:
                return False

    def starts_like_number(self, text: str) -> bool:
        """Whether a printed form begins with a number: after a dot the reader would take its factors for its own."""
        return text[0].isdigit() or text[0] in GLYPHS.values() or text.startswith("\\tfrac")

    # the walk

    def show(self, tree: Expr, floor: int = 0, *, last: bool = True) -> str:
        """The tree, in brackets if it holds together less tightly than `floor`, or if it is open and not `last`."""
        if self.level(tree) < floor or (isinstance(tree, BigOp) and not last):
            return self.bracket(self.show(tree))
        return self.plain(tree, last)

    def plain(self, tree: Expr, last: bool) -> str:
        match tree:
            case Num():
                return self.number(tree)
            case Ref():
                return self.ref(tree)
            case Index(letter=letter):
                return self.index_letter(letter)
            case Ones():
                return self.ones()
            case Sum(terms=terms):
                return self.sum(terms, last)
            case Neg(operand=operand):
                return self.minus() + self.show(operand, SIGNED, last=last)
            case Product():
                return self.product(tree, last)
            case Quotient():
                return self.quotient(tree, last)
            case Power() | Transpose() | Inverse():
                return self.raised(tree)
            case Call():
                return self.call(tree, last)
            case BigOp():
                return self.big(tree)
            case Norm() | Bars():
                return self.bars(tree)
            case Compare(op=op, left=left, right=right):
                return f"{self.show(left, SUM)} {self.relation(op)} {self.show(right, SUM)}"
            case And():
                return self.both().join(self.conditions(tree))
            case Cases():
                return self.cases(tree)
            case Indicator(condition=condition):
                return self.indicator(self.show(condition))
            case MatrixEntries(rows=rows):
                return self.entries([[self.show(entry) for entry in row] for row in rows])
            case Partial():
                return self.partial(tree)
            case Derive(denominator=denominator, body=body):
                return self.derive(denominator, body)
            case _:
                raise TypeError(f"{type(tree).__name__} is no node of the surface tree")

    def conditions(self, tree: Expr, side: Callable[[Expr], str] | None = None) -> list[str]:
        """The comparisons of a condition; those that go on where the one before ends as one: 0 ≤ p − k < I."""
        side = side or (lambda part: self.show(part, SUM))
        texts: list[str] = []
        before: Expr | None = None
        for part in tree.parts if isinstance(tree, And) else (tree,):
            if not isinstance(part, Compare):
                texts.append(self.show(part))
                before = None
                continue
            more = f" {self.relation(part.op)} {side(part.right)}"
            if before is not None and part.left == before:
                texts[-1] += more
            else:
                texts.append(side(part.left) + more)
            before = part.right
        return texts

    def limits(self, tree: BigOp) -> tuple[list[str], list[str]]:
        """The letters under a sign and its conditions; the letters need not be said where the condition shows them: j ≠ i."""
        condition = tree.condition
        if condition is None:
            return [self.index_letter(letter) for letter in tree.letters], []
        shown = isinstance(condition, Compare) and condition.left == Index(tree.letters[0]) and len(tree.letters) == 1
        letters = [] if shown else [self.index_letter(letter) for letter in tree.letters]
        return letters, self.conditions(condition, None if shown else self.index)

    def sum(self, terms: tuple[tuple[int, Expr], ...], last: bool) -> str:
        """Terms with their signs. A Σ whose letter a later term uses freely is closed by brackets."""
        out = ""
        later = [free_letters(term) for _, term in terms]
        for place, (sign, term) in enumerate(terms):
            used = frozenset[str]().union(*later[place + 1 :])
            final = place == len(terms) - 1
            closed = (not final and bool(used & open_letters(term))) or (final and not last)
            text = self.show(term, SIGNED, last=not closed)
            if place:
                out += f" {self.minus() if sign < 0 else '+'} {text}"
            else:
                out = (self.minus() if sign < 0 else "") + text
        return out

    def product(self, tree: Product, last: bool) -> str:
        if tree.sign:
            sign = f" {self.product_signs[tree.sign]} "
            parts = [self.signed_part(tree, place, last) for place in range(len(tree.factors))]
            return sign.join(parts)
        out = ""
        for place in range(len(tree.factors)):
            final = place == len(tree.factors) - 1
            text = self.run_part(tree, place, final and last)
            if place:
                out += self.between(tree, place, text)
            out += text
        return out

    def signed_part(self, tree: Product, place: int, last: bool) -> str:
        factor = tree.factors[place]
        final = place == len(tree.factors) - 1
        nested = isinstance(factor, Product) and self.level(factor) <= SIGNED
        if nested and not (place == 0 and isinstance(factor, Product) and factor.sign not in ("", tree.sign)):
            return self.bracket(self.show(factor))
        text = self.show(factor, SIGNED if nested else RUN, last=final and last)
        merges = place > 0 and tree.sign != "∘" and self.starts_like_number(text)
        return self.bracket(text) if merges else text

    def run_part(self, tree: Product, place: int, last: bool) -> str:
        """One factor of a juxtaposition."""
        factor, first = tree.factors[place], place == 0
        follower = tree.factors[place + 1] if place + 1 < len(tree.factors) else None
        if isinstance(factor, Num) and factor.value == 1 and isinstance(follower, Transpose):
            return self.bracket(self.number(factor))  # a bare 1 there is the ones vector
        if isinstance(factor, Ones) and isinstance(follower, Cases | Indicator):
            return self.bracket(self.show(factor))  # a bare 𝟏 there takes the condition as its own
        fraction = isinstance(factor, Quotient | Num)
        dotted = not first and self.is_dotted(tree, place)
        apart = isinstance(factor, Quotient) and self.is_apart(factor) and follower is not None
        floor = RUN if fraction and (first or dotted) and not apart else POWER
        return self.show(factor, floor, last=last)

    def is_apart(self, tree: Quotient) -> bool:
        """Whether a fraction before other factors is clearer in brackets: (a / b) c, but λ/2 w."""
        return False

    def between(self, tree: Product, place: int, text: str) -> str:
        """What separates a factor from the one before it."""
        before = tree.factors[place - 1]
        name_before = isinstance(before, Ref) and before.name in FUNCTIONS and not before.barred
        if self.is_dotted(tree, place) or (name_before and text.startswith(self.bracket("")[0])):
            return f" {self.product_signs['·']} "
        return " "

    # what the subclasses say

    def minus(self) -> str:
        raise NotImplementedError

    def both(self) -> str:
        raise NotImplementedError

    def relation(self, op: str) -> str:
        raise NotImplementedError

    def bracket(self, text: str) -> str:
        return f"({text})"

    def number(self, tree: Num) -> str:
        raise NotImplementedError

    def ref(self, tree: Ref) -> str:
        raise NotImplementedError

    def index_letter(self, letter: str) -> str:
        raise NotImplementedError

    def index(self, tree: Expr) -> str:
        raise NotImplementedError

    def ones(self) -> str:
        raise NotImplementedError

    def quotient(self, tree: Quotient, last: bool) -> str:
        raise NotImplementedError

    def raised(self, tree: Power | Transpose | Inverse) -> str:
        raise NotImplementedError

    def call(self, tree: Call, last: bool) -> str:
        raise NotImplementedError

    def big(self, tree: BigOp) -> str:
        raise NotImplementedError

    def bars(self, tree: Norm | Bars) -> str:
        raise NotImplementedError

    def cases(self, tree: Cases) -> str:
        raise NotImplementedError

    def indicator(self, text: str) -> str:
        raise NotImplementedError

    def entries(self, rows: list[list[str]]) -> str:
        raise NotImplementedError

    def partial(self, tree: Partial) -> str:
        raise NotImplementedError

    def derive(self, denominator: Expr, body: Expr) -> str:
        raise NotImplementedError


def open_letters(tree: Expr) -> frozenset[str]:
    """The letters of every Σ in a term; one that stands in brackets is closed already, which does no harm here."""
    return frozenset(letter for node in walk(tree) if isinstance(node, BigOp) for letter in node.letters)


def has_bars(tree: Expr) -> bool:
    """Whether a | or ‖ stands anywhere in the tree."""
    return any(isinstance(node, Bars | Norm) for node in walk(tree))


def is_spaced(numerator: Expr, denominator: Expr) -> bool:
    """Whether a / is printed with spaces: not in λ/2, 1/N and 1/(2 N)."""
    simple = isinstance(denominator, Num | Ref) or (
        isinstance(denominator, Product)
        and all(isinstance(f, Num | Ref) and not _indexed(f) for f in denominator.factors)
    )
    if isinstance(numerator, Num):
        return not simple or _indexed(denominator)
    return not (isinstance(denominator, Num) and isinstance(numerator, Ref | Power | Norm))


def _indexed(tree: Expr) -> bool:
    return isinstance(tree, Ref) and tree.indices is not None
