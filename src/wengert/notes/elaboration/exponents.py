"""What a power means: its exponent as a number that is known now, and e^… as the exponential function."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from wengert.notes.notation.expr import Expr, Neg, Num, Power, Quotient, Ref, Sum


def exact_value(tree: Expr) -> Fraction | None:
    """The exact value of a tree of numbers; None where it holds anything else or a power."""
    match tree:
        case Num(value=value):
            return value
        case Neg(operand=a):
            value = exact_value(a)
            return None if value is None else -value
        case Quotient(numerator=a, denominator=b):
            top, bottom = exact_value(a), exact_value(b)
            return None if top is None or not bottom else top / bottom
        case Sum(terms=terms):
            parts = [exact_value(term) for _, term in terms]
            return (
                None
                if None in parts
                else sum((s * p for (s, _), p in zip(terms, parts, strict=True) if p is not None), Fraction(0))
            )
        case _:
            return None


def is_exponential(tree: Power, kinds: Mapping[str, str], constant: bool) -> bool:
    """Whether e^… is the exponential function: e is no quantity, or an array e that stands whole and is raised to no number."""
    if not isinstance(tree.base, Ref) or tree.base.name != "e" or tree.base.indices is not None or tree.base.barred:
        return False
    return constant or (kinds.get("e", "s") != "s" and exact_value(tree.exponent) is None)
