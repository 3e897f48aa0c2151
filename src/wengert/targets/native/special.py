"""The error function, its complement and its inverse over lanes. They know no graph.

erf x = x + x P(x²) near 0; erfc x = e^(−x²) P(q)/(1 + 2x) with q = (x − c)/(x + c) elsewhere, which is smooth and nearly
constant up to ∞ (Schonfelder 1978, Math. Comp. 32). The inverse is a fit corrected by one step of Halley's method.
"""

from __future__ import annotations

import math

from wengert.targets.native import exponential
from wengert.targets.native.coefficients import (
    ERF,
    ERFC,
    ERFC_CENTRE,
    ERFC_SHORT,
    ERFINV_CENTRE,
    ERFINV_TAIL,
)
from wengert.targets.native.memory import Memory
from wengert.targets.native.values import Value

ERFC_LOW = 0.7
TWO_OVER_ROOT_PI = 2 / math.sqrt(math.pi)


def _near_zero(b: Memory, x: Value) -> Value:
    """erf x for |x| ≤ 1."""
    return b.fma(x, b.polynomial(ERF[x.dtype], b.multiply(x, x)), x)


def _tail(b: Memory, a: Value) -> Value:
    """erfc a for a ≥ ERFC_LOW, a number below it. What the roundings of a² and 1 + 2a lose goes into the factor e^(−a²)."""
    n, p, square_lost = exponential.gauss_parts(b, a)
    a = b.minimum(a, b.like(exponential.GAUSS_VANISHES[a.dtype], a))
    one = b.like(1, a)
    centre = b.like(ERFC_CENTRE[a.dtype], a)
    q = b.divide(b.subtract(a, centre), b.add(a, centre))
    coefficients = ERFC_SHORT["float32"] if a.dtype == "float32" else ERFC["float64"]
    below, lost = b.fast_two_sum(b.add(a, a), one)
    ratio = b.divide(b.polynomial_from(coefficients, q), below)
    # P(q) is between 1 and 1.3, so that ratio/1.13 is nearly 1/(1 + 2a).
    correction = b.fma(lost, b.multiply(ratio, b.like(1 / 1.13, a)), square_lost)
    p = b.subtract(p, b.multiply(correction, b.add(p, one)))
    return b.scaled(b.fma(ratio, p, ratio), n)


def erf(b: Memory, x: Value) -> Value:
    """erf x = 2/√π ∫₀ˣ e^(−s²) ds."""
    a, one = b.abs(x), b.like(1, x)
    far = b.copysign(b.subtract(one, _tail(b, a)), x)
    return b.where(b.less(a, one), _near_zero(b, x), far)


def erfc(b: Memory, x: Value) -> Value:
    """1 − erf x, exact in the right tail."""
    a, one = b.abs(x), b.like(1, x)
    tail = _tail(b, a)
    left = b.where(b.less(a, one), b.subtract(one, _near_zero(b, x)), b.subtract(b.like(2, x), tail))
    return b.where(b.less(x, b.like(0.8, x)), left, tail)


def _first_inverse(b: Memory, a: Value) -> Value:
    """erf⁻¹ a for 0 ≤ a < 1 in double precision, to eight digits."""
    one = b.like(1, a)
    w = b.negative(exponential.log(b, b.multiply(b.subtract(one, a), b.add(one, a))))
    centre = b.polynomial(ERFINV_CENTRE["float64"], b.subtract(w, b.like(2.5, a)))
    tail = b.polynomial(ERFINV_TAIL["float64"], b.subtract(b.sqrt(w), b.like(4, a)))
    return b.multiply(a, b.where(b.less(w, b.like(5, a)), centre, tail))


def erfinv(b: Memory, x: Value) -> Value:
    """The y with erf y = x; ±∞ at ±1."""
    wide = b.cast(x, "float64")
    a, one = b.abs(wide), b.like(1, wide)
    y = _first_inverse(b, a)
    if x.dtype == "float64":
        y = _improved(b, y, a)
    y = b.where(b.equal(a, one), b.like(math.inf, wide), y)
    return b.cast(b.copysign(y, wide), x.dtype)


def _improved(b: Memory, y: Value, a: Value) -> Value:
    """y − d/(1 + y d), d = (erf y − a)/erf' y; the difference is taken of erfc where a ≥ 0.7."""
    one = b.like(1, a)
    beyond = b.subtract(b.subtract(one, a), _tail(b, y))
    residual = b.where(b.less(a, b.like(0.7, a)), b.subtract(_near_zero(b, y), a), beyond)
    slope = b.multiply(exponential.exp(b, b.negative(b.multiply(y, y))), b.like(TWO_OVER_ROOT_PI, a))
    d = b.divide(residual, slope)
    return b.subtract(y, b.divide(d, b.fma(y, d, one)))
