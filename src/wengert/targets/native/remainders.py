"""Remainders and floors of quotients over lanes, from what C's fmod leaves: exact for any quotient. They know no graph."""

from __future__ import annotations

from wengert.targets.native.floating import Floating
from wengert.targets.native.values import Value


def _with_sign_of_divisor(b: Floating, rest: Value, y: Value) -> Value:
    """Whether y is to be added to a remainder that has the sign of x."""
    zero = b.like(0, y)
    other = b.not_equal(b.less(rest, zero), b.less(y, zero))
    return b.logical_and(other, b.not_equal(rest, zero))


def remainder(b: Floating, rest: Value, y: Value) -> Value:
    """x − y ⌊x/y⌋ from the remainder that has the sign of x; a zero has the sign of y."""
    moved = b.where(_with_sign_of_divisor(b, rest, y), b.add(rest, y), rest)
    return b.where(b.equal(moved, b.like(0, y)), b.copysign(moved, y), moved)


def floor_divide(b: Floating, x: Value, y: Value, rest: Value) -> Value:
    """⌊x/y⌋ from the remainder that has the sign of x; where y is 0, x/y."""
    one, zero = b.like(1, x), b.like(0, x)
    quotient = b.divide(b.subtract(x, rest), y)
    quotient = b.where(_with_sign_of_divisor(b, rest, y), b.subtract(quotient, one), quotient)
    whole = b.floor(quotient)
    whole = b.where(b.greater(b.subtract(quotient, whole), b.like(0.5, x)), b.add(whole, one), whole)
    plain = b.divide(x, y)
    signed = b.where(b.equal(quotient, zero), b.copysign(zero, plain), whole)
    return b.where(b.equal(y, zero), plain, signed)
