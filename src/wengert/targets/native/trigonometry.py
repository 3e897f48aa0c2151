"""Sine, cosine and tangent over lanes, for every finite angle. It knows no graph.

x = q π/2 + r with |r| ≤ π/4. Up to a limit r comes from π/2 in three parts (Cody and Waite 1980, ch. 8); beyond it, where
angles are rare, from the bits of 2/π (Payne and Hanek 1983), lane by lane behind a branch. A single small angle is guessed (see `turns`).
"""

from __future__ import annotations

import math

from wengert.targets.native import turns
from wengert.targets.native.angles import reduce_large
from wengert.targets.native.coefficients import COS, HALF_PI, SHORT_HALF_PI, SIN
from wengert.targets.native.exponential import keep_tiny
from wengert.targets.native.memory import Memory
from wengert.targets.native.processor import Processor
from wengert.targets.native.values import Value

LIMIT = {"float32": 1e5, "float64": 1e9}
SHORT_LIMIT = {"float32": 1e5, "float64": 1e6}
"""The largest |x| that is reduced by parts, with and without a fused multiply-add."""

Angle = tuple[Value, Value, Value]


def limit_of(target: Processor, dtype: str) -> float:
    """The largest |x| that is reduced by parts."""
    return (LIMIT if target.fma else SHORT_LIMIT)[dtype]


def reduced(b: Memory, x: Value, compensated: bool = False) -> Angle:
    """(r, c, q): x = q π/2 + (r + c), |r| ≤ π/4, q an integer of x's size that counts modulo 4.

    c is the rounding error of r if `compensated`, else it may be 0.
    """

    def make() -> Angle:
        limit = limit_of(b.target, x.dtype)
        near = _by_parts(b, x, compensated)
        large = b.greater(b.abs(x), b.like(limit, x))
        before = b.block
        cold, after = b.label("large"), b.label("angle")
        b.branch(b.any(large), cold, after)
        b.start_block(cold)
        far = reduce_large(b, x, near, limit)
        b.jump(after)
        b.start_block(after)
        r, c, q = (b.phi([(one, before), (other, cold)]) for one, other in zip(near, far, strict=True))
        return r, c, q

    return b.shared(("angle", x, compensated), make)


def _by_parts(b: Memory, x: Value, compensated: bool) -> Angle:
    if not b.target.fma:
        return _by_short_parts(b, x)
    whole, q = b.nearest(x, 2 / math.pi)
    first, second, third = (b.like(-part, x) for part in HALF_PI[x.dtype])
    exact = b.fma(whole, first, x)
    if not compensated:
        return b.fma(whole, third, b.fma(whole, second, exact)), b.like(0, x), q
    product = b.multiply(whole, second)
    lost = b.fma(whole, second, b.negative(product))
    total, error = b.two_sum(exact, product)
    low = b.add(error, b.fma(whole, third, lost))
    r = b.add(total, low)
    return r, b.add(b.subtract(total, r), low), q


def _by_short_parts(b: Memory, x: Value) -> Angle:
    wide = b.cast(x, "float64")
    whole, q = b.nearest(wide, 2 / math.pi)
    first, second, third = (b.like(-part, wide) for part in SHORT_HALF_PI["float64"])
    exact = b.add(wide, b.multiply(whole, first))
    total, error = b.two_sum(exact, b.multiply(whole, second))
    low = b.add(error, b.multiply(whole, third))
    r = b.add(total, low)
    c = b.add(b.subtract(total, r), low)
    r = b.where(b.equal(wide, b.like(0, wide)), wide, r)  # −0 too
    if x.dtype == "float64":
        return r, c, q
    short = b.cast(r, "float32")
    return short, b.cast(b.subtract(r, b.cast(short, "float64")), "float32"), b.cast(q, "int32")


def sine(b: Memory, r: Value, c: Value | None = None) -> Value:
    """sin(r + c) = r + (r³ P(r²) + c) for |r| ≤ π/4, with the sign of r at 0."""
    z = b.multiply(r, r)
    cube = b.multiply(z, r)
    p = b.polynomial(SIN[r.dtype], z)
    y = b.fma(cube, p, r) if c is None else b.add(r, b.fma(cube, p, c))
    return b.copysign(y, r)


def cosine(b: Memory, r: Value) -> Value:
    """cos r = 1 − ½ r² + r⁴ P(r²) for |r| ≤ π/4."""
    z = b.multiply(r, r)
    head = b.fma(z, b.like(-0.5, r), b.like(1, r))
    return b.fma(b.multiply(z, z), b.polynomial(COS[r.dtype], z), head)


def sharp_cosine(b: Memory, r: Value, c: Value) -> Value:
    """cos(r + c) = cos r − c r, with what the rounding of 1 − ½ r² loses."""
    z = b.multiply(r, r)
    half, one = b.multiply(z, b.like(0.5, r)), b.like(1, r)
    head = b.subtract(one, half)
    lost = b.subtract(b.subtract(one, head), half)
    rest = b.fma(b.multiply(z, z), b.polynomial(COS[r.dtype], z), b.negative(b.multiply(c, r)))
    return b.add(head, b.add(lost, rest))


def _by_quadrant(b: Memory, q: Value, r: Value) -> Value:
    """The sine of q π/2 + r."""
    odd = b.not_equal(b.integer("and", q, 1), b.like(0, q))
    y = b.where(odd, cosine(b, r), sine(b, r))
    return b.from_bits(b.binary("xor", b.bits(y), turns.half_turn(b, q, r.dtype)), r.dtype)


def _turn(b: Memory, x: Value) -> tuple[Value, Value]:
    """(r, q) of `reduced`."""
    r, _, q = reduced(b, x)
    return r, q


def sin(b: Memory, x: Value) -> Value:
    """sin x."""
    if x.width == 1:
        return turns.sine(b, x, lambda: _turn(b, x))
    r, q = _turn(b, x)
    return _by_quadrant(b, q, r)


def cos(b: Memory, x: Value) -> Value:
    """cos x = sin(x + π/2)."""
    if x.width == 1:
        return turns.cosine(b, x, lambda: _turn(b, x))
    r, q = _turn(b, x)
    return _by_quadrant(b, b.integer("add", q, 1), r)


def tan(b: Memory, x: Value) -> Value:
    """tan x = sin r/cos r in even quadrants, −cos r/sin r in odd ones."""
    r, c, q = reduced(b, x, compensated=True)
    s = sine(b, r, c)
    k = sharp_cosine(b, r, c)
    odd = b.not_equal(b.integer("and", q, 1), b.like(0, q))
    return keep_tiny(b, x, b.divide(b.where(odd, b.negative(k), s), b.where(odd, s, k)))
