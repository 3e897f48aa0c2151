"""What every form of terms on the page shares: functions, powers, numbers, fractions and sums as trees."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from wengert.core.ir.names import is_bar
from wengert.core.ir.op import OPS
from wengert.core.ir.types import Dim
from wengert.core.ops import terms as tm
from wengert.core.ops.terms import Apply, Factor, NamedLeaf, Term
from wengert.notes.elaboration.conditions import COMPARISONS
from wengert.notes.elaboration.system import Quantity
from wengert.notes.notation.expr import (
    And,
    Bars,
    Call,
    Cases,
    Compare,
    Expr,
    Indicator,
    Inverse,
    Neg,
    Norm,
    Num,
    Partial,
    Power,
    Product,
    Quotient,
    Ref,
)

SIGNS = {op: sign for sign, op in COMPARISONS.items()}
VULGAR = {(1, 2), (1, 3), (2, 3), (1, 4), (3, 4), (1, 5), (1, 6), (1, 8)}


@dataclass(frozen=True)
class Style:
    """Spelling choices taken over from the user's text."""

    decimals: bool = False
    sums_last: bool = True
    """Whether brackets come after the other factors, or where the chain rule put them."""


def function_tree(term: Apply, args: Callable[[], list[Expr]]) -> Expr:
    """A function of entries as it is written: f(x), e^x, |x|, a comparison, cases, ⟦c⟧."""
    op = term.op
    if op == "size_of":
        size = term.param("size")
        return Ref(size.name) if isinstance(size, Dim) else Num(Fraction(size))
    if op == "pi":
        return Ref("π")
    if (
        op == "exp"
        and tm.is_number(term.args[0])
        and isinstance(term.args[0], tm.ProductTerm)
        and term.args[0].coef == 1
    ):
        return Ref("e")
    parts = args()
    if op in SIGNS:
        return Compare(SIGNS[op], *parts)
    if op == "logical_and":
        return And(tuple(parts))
    if op == "logical_not":
        return Compare("=", Indicator(parts[0]), Num(Fraction(0)))
    if op == "cast":
        return Indicator(parts[0]) if tm.is_indicator(term) else parts[0]
    if op == "where":
        return Cases(((parts[1], parts[0]), (parts[2], None)))
    if op == "relu":
        return Call("max", (Num(Fraction(0)), parts[0]))
    if op == "negative_part":
        return Call("min", (Num(Fraction(0)), parts[0]))
    if op in ("maximum", "minimum"):
        return Call(op[:3], tuple(parts))
    if op == "inv":
        return Inverse(parts[0])
    if op == "det":
        return Call("det", tuple(parts))
    if op == "abs":
        return Bars(parts[0])
    if op == "power":
        return Power(parts[0], parts[1])
    if op == "prime":
        return Call(OPS[term.param("function")].notation.unicode, tuple(parts), primes=term.param("order"))
    if op == "opaque":
        return opaque_tree(term, parts)
    if op in OPS:
        return Call(OPS[op].notation.unicode, tuple(parts))
    raise NoForm(f"no sign for {op}")


def opaque_tree(term: Apply, parts: list[Expr]) -> Expr:
    """φ(x), φ'(x), or ∂f/∂u for a function of several quantities."""
    function, order = term.param("function"), term.param("order")
    if len(parts) == 1 or not any(order):
        return Call(function, tuple(parts), primes=order[0])
    tree: Expr = Ref(function)
    for part, times in zip(parts, order, strict=True):
        for _ in range(times):
            tree = Partial(tree, part)
    return tree


class NoForm(Exception):
    """A term that has no expression in the form that was asked for."""


def ordered(factors: Sequence[Factor], style: Style) -> list[Factor]:
    """Constants and sizes first, error signals, then the factors as written, then sums in brackets, then indicators."""

    def rank(f: Factor) -> int:
        if not f.labels and all(isinstance(t, tm.ProductTerm) or is_constant(t) for t in tm.subterms(f.term)):
            return -1
        if isinstance(f.term, NamedLeaf) and is_bar(f.term.name):
            return 0
        if tm.is_indicator(f.term):
            return 3
        return 2 if isinstance(f.term, tm.Add) and style.sums_last else 1

    return sorted(factors, key=rank)


def is_constant(term: Term) -> bool:
    """Whether a term is π or the size of an axis."""
    return isinstance(term, Apply) and term.op in ("pi", "size_of")


def raised(tree: Expr, exponent: Fraction) -> Expr:
    """tree ^ exponent, roots as √."""
    if exponent == 1:
        return tree
    if exponent == Fraction(1, 2):
        norm = isinstance(tree, Power) and isinstance(tree.base, Norm) and tree.exponent == Num(Fraction(2))
        return tree.base if norm and isinstance(tree, Power) else Call("sqrt", (tree,))
    value = (
        Num(exponent)
        if exponent.denominator == 1
        else Quotient(Num(Fraction(exponent.numerator)), Num(Fraction(exponent.denominator)))
    )
    return Power(tree, value)


def number_tree(value: Fraction, style: Style) -> Expr:
    """A positive number: an integer, ½ and its like, a decimal where the user writes decimals, else a fraction."""
    if value.denominator == 1:
        return Num(value)
    if style.decimals or value.denominator > 100:
        text = decimal_text(value)
        if text is not None:
            return Num(value, text)
    if (value.numerator, value.denominator) in VULGAR:
        return Num(value)
    return Quotient(Num(Fraction(value.numerator)), Num(Fraction(value.denominator)))


def decimal_text(value: Fraction) -> str | None:
    """The value as a finite decimal; None where it has none of at most 17 digits."""
    text = repr(float(value))
    return text if Fraction(text) == value else None


def fraction(coef: Fraction, above: list[Expr], below: list[Expr], style: Style) -> tuple[int, Expr]:
    """(sign, coef · Π above / Π below)."""
    sign, size = (-1 if coef < 0 else 1), abs(coef)
    top, bottom = list(above), list(below)
    if bottom and size.denominator != 1 and not style.decimals:
        bottom.insert(0, Num(Fraction(size.denominator)))
        size = Fraction(size.numerator)
    if size != 1 or not top:
        top.insert(0, number_tree(size, style))
    numerator = side_by_side(top)
    if not bottom:
        return sign, numerator
    return sign, Quotient(numerator, side_by_side(bottom))


def side_by_side(factors: Sequence[Expr], sign: str = "") -> Expr:
    """A product, or its only factor."""
    return factors[0] if len(factors) == 1 else Product(tuple(factors), sign)


def negated(tree: Expr) -> Expr:
    """−tree."""
    return Neg(tree)


def positive_first(parts: list[tuple[int, Expr]]) -> list[tuple[int, Expr]]:
    """The terms of a sum with a positive one in front, where there is one."""
    first = next((k for k, (sign, _) in enumerate(parts) if sign > 0), 0)
    return [parts[first], *parts[:first], *parts[first + 1 :]]


def whole_name(quantity: Quantity | None, name: str) -> str:
    """The name of the whole array."""
    return quantity.whole if quantity is not None and quantity.whole else name
