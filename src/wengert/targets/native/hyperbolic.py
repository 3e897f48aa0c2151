"""Hyperbolic sine and cosine and the inverse hyperbolic functions over lanes. They know no graph."""

from __future__ import annotations

import math
from collections.abc import Callable

from wengert.targets.native import exponential
from wengert.targets.native.coefficients import EXPM1, SINH
from wengert.targets.native.floating import Floating
from wengert.targets.native.values import Value

LARGE = 2.0**60
"""Above it log(x + √(x² ± 1)) rounds to log 2x."""


def _half_exp(b: Floating, x: Value) -> Value:
    """½ e^|x|, finite as long as sinh x is."""
    a = b.minimum(b.abs(x), b.like(exponential.EXP_RANGE[x.dtype][1] + 2, x))
    n, r, _ = exponential.reduced(b, a)
    p = b.fma(b.multiply(r, r), b.polynomial(EXPM1[x.dtype], r), r)
    return b.scaled(b.add(p, b.like(1, x)), b.integer("add", n, -1))


def sinh(b: Floating, x: Value) -> Value:
    """h − 1/(4 h) with h = ½ e^|x|, and x + x³ P(x²) where |x| < 1."""
    h = _half_exp(b, x)
    large = b.copysign(b.subtract(h, b.divide(b.like(0.25, x), h)), x)
    z = b.multiply(x, x)
    small = b.fma(b.multiply(x, z), b.polynomial(SINH[x.dtype], z), x)
    return b.where(b.less(b.abs(x), b.like(1, x)), small, large)


def cosh(b: Floating, x: Value) -> Value:
    """h + 1/(4 h) with h = ½ e^|x|."""
    h = _half_exp(b, x)
    return b.add(h, b.divide(b.like(0.25, x), h))


def in_double(rule: Callable[[Floating, Value], Value]) -> Callable[[Floating, Value], Value]:
    """The rule, written for float64 alone; float32 goes through it and is rounded once more."""

    def either(b: Floating, x: Value) -> Value:
        return b.cast(rule(b, b.cast(x, "float64")), x.dtype)

    either.__name__ = rule.__name__
    either.__doc__ = rule.__doc__
    return either


@in_double
def arcsinh(b: Floating, x: Value) -> Value:
    """log(a + √(a² + 1)) = log(1 + (a + a²/(1 + √(1 + a²)))) with a = |x|."""
    a, one = b.abs(x), b.like(1, x)
    square = b.multiply(a, a)
    u, low = b.fast_two_sum(a, b.divide(square, b.add(one, b.sqrt(b.add(one, square)))))
    y = _log_of_large(b, a, u, low)
    return exponential.keep_tiny(b, x, b.copysign(y, x))


@in_double
def arccosh(b: Floating, x: Value) -> Value:
    """log(x + √(x² − 1)) = log(1 + (t + √(t (x + 1)))) with t = x − 1."""
    one = b.like(1, x)
    t = b.subtract(x, one)
    u, low = b.fast_two_sum(b.sqrt(b.multiply(t, b.add(x, one))), t)
    return b.where(b.less(x, one), b.like(math.nan, x), _log_of_large(b, x, u, low))


def _log_of_large(b: Floating, x: Value, u: Value, low: Value) -> Value:
    """log(1 + u + low), and log 2x where x is large: there u has overflowed or will."""
    large = b.greater(x, b.like(LARGE, x))
    f, power, k = exponential.log1p_reduced(b, b.where(large, x, u))
    f = b.where(large, f, b.fma(low, power, f))
    y = exponential.log_sum(b, f, b.where(large, b.add(k, b.like(1, x)), k))
    return b.where(b.less(x, b.like(math.inf, x)), y, x)


@in_double
def arctanh(b: Floating, x: Value) -> Value:
    """½ log((1 + a)/(1 − a)) = ½ log(1 + 2a/(1 − a)) with a = |x|."""
    a, one = b.abs(x), b.like(1, x)
    y = exponential.log1p_of_finite(b, b.divide(b.add(a, a), b.subtract(one, a)))
    edge = b.where(b.equal(a, one), b.like(math.inf, x), b.like(math.nan, x))
    result = b.where(b.less(a, one), b.multiply(y, b.like(0.5, x)), edge)
    return exponential.keep_tiny(b, x, b.copysign(result, x))
