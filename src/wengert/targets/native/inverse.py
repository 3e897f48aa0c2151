"""Inverse trigonometric functions over lanes: an argument brought near 0, a polynomial, and the angle added back. They know no graph."""

from __future__ import annotations

import math

from wengert.targets.native.coefficients import ASIN, ATAN, HALF_PI, QUARTER_PI
from wengert.targets.native.floating import Floating
from wengert.targets.native.values import Value

TAN_EIGHTH = math.sqrt(2) - 1
"""tan π/8."""
NEARLY_OVERFLOWS = {"float32": 2.0**120, "float64": 2.0**1020}


def _half_angle(b: Floating, x: Value) -> tuple[Value, Value, Value]:
    """(large, s, t) with a = |x|: arcsin a = s + t, and π/2 − 2 (s + t) where a is large (above ½): s = √((1 − a)/2) there."""
    a = b.abs(x)
    half = b.like(0.5, x)
    large = b.greater(a, half)
    z = b.where(large, b.multiply(b.subtract(b.like(1, x), a), half), b.multiply(a, a))
    s = b.where(large, b.sqrt(z), a)
    return large, s, b.multiply(b.multiply(s, z), b.polynomial(ASIN[x.dtype], z))


def arcsin(b: Floating, x: Value) -> Value:
    """The angle in [−π/2, π/2] whose sine is x."""
    large, s, t = _half_angle(b, x)
    low = b.subtract(b.add(t, t), b.like(HALF_PI[x.dtype][1], x))
    high = b.subtract(b.like(HALF_PI[x.dtype][0], x), b.add(b.add(s, s), low))
    return b.copysign(b.where(large, high, b.add(s, t)), x)


def arccos(b: Floating, x: Value) -> Value:
    """The angle in [0, π] whose cosine is x: π/2 − arcsin x, or 2 (s + t) and π − 2 (s + t) beyond ½ and −½."""
    large, s, t = _half_angle(b, x)
    pi_half, low = b.like(HALF_PI[x.dtype][0], x), b.like(HALF_PI[x.dtype][1], x)
    signed = b.copysign(s, x)
    middle = b.subtract(pi_half, b.add(signed, b.subtract(b.copysign(t, x), low)))
    twice = b.add(s, t)
    twice = b.add(twice, twice)
    far = b.add(b.subtract(pi_half, b.subtract(twice, b.add(low, low))), pi_half)
    left = b.less(x, b.like(0, x))
    return b.where(large, b.where(left, far, twice), middle)


def _odd_series(b: Floating, t: Value) -> Value:
    """arctan t − t for |t| ≤ tan π/8."""
    z = b.multiply(t, t)
    return b.multiply(b.multiply(t, z), b.polynomial(ATAN[t.dtype], z))


def arctan(b: Floating, x: Value) -> Value:
    """arctan a = π/4 + arctan((a − 1)/(a + 1)) = π/2 − arctan(1/a), by the size of a = |x|."""
    a, one = b.abs(x), b.like(1, x)
    middle = b.greater(a, b.like(TAN_EIGHTH, x))
    large = b.greater(a, b.like(math.sqrt(2) + 1, x))
    above = b.where(large, b.like(-1, x), b.where(middle, b.subtract(a, one), a))
    below = b.where(large, a, b.where(middle, b.add(a, one), one))
    t = b.divide(above, below)
    quarters = b.where(large, b.like(2, x), b.where(middle, one, b.like(0, x)))
    return b.copysign(_turned(b, quarters, t, _odd_series(b, t)), x)


def _turned(b: Floating, quarters: Value, t: Value, rest: Value) -> Value:
    """quarters · π/4 + (t + rest)."""
    angle = b.multiply(quarters, b.like(QUARTER_PI[t.dtype][0], t))
    total, lost = b.fast_two_sum(angle, t)
    low = b.fma(quarters, b.like(QUARTER_PI[t.dtype][1], t), rest)
    return b.add(total, b.add(lost, low))


def arctan2(b: Floating, y: Value, x: Value) -> Value:
    """The angle of the point (x, y) in (−π, π]: k π/4 ± arctan t, where t is of the smaller side by the larger."""
    near, far = _sides(b, b.abs(x), b.abs(y))
    one, zero = b.like(1, x), b.like(0, x)
    middle = b.greater(near, b.multiply(far, b.like(TAN_EIGHTH, x)))
    above = b.where(middle, b.subtract(near, far), near)
    t = b.divide(above, b.where(middle, b.add(near, far), far))
    steep = b.greater(b.abs(y), b.abs(x))
    left = b.less(b.bits(x), b.like(0, b.bits(x)))
    # The right half plane has π/2 − … where it is steep, the left one π − … where it is not.
    backwards = b.binary("xor", steep, left)
    corner = b.where(steep, b.like(2, x), b.where(left, b.like(4, x), zero))
    quarter = b.where(middle, one, zero)
    quarters = b.where(backwards, b.subtract(corner, quarter), b.add(corner, quarter))
    rest = _odd_series(b, t)
    signed = b.where(backwards, b.negative(t), t)
    return b.copysign(_turned(b, quarters, signed, b.where(backwards, b.negative(rest), rest)), y)


def _sides(b: Floating, width: Value, height: Value) -> tuple[Value, Value]:
    """The smaller and the larger, scaled so that their sum is finite; (0, 1) at the origin, (0, 1) or (1, 1) at infinity."""
    near, far = b.minimum(width, height), b.maximum(width, height)
    zero, one, infinity = b.like(0, width), b.like(1, width), b.like(math.inf, width)
    endless = b.equal(far, infinity)
    near = b.where(endless, b.where(b.equal(near, infinity), one, zero), near)
    far = b.where(b.logical_or(endless, b.equal(far, zero)), one, far)
    scale = b.where(b.greater(far, b.like(NEARLY_OVERFLOWS[width.dtype], width)), b.like(0.25, width), one)
    return b.multiply(near, scale), b.multiply(far, scale)
