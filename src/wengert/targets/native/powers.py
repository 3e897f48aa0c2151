"""Powers and roots over lanes: xʸ, xⁿ, ∛x and √(x² + y²). They know no graph.

xʸ = 2^(y log₂ x) needs log₂ x with as many bits more than its dtype has as the exponent has: there numbers are pairs, a number
and what its rounding lost (Dekker 1971).
"""

from __future__ import annotations

import math

from wengert.errors import GraphError
from wengert.targets.native import exponential
from wengert.targets.native.coefficients import EXPM1, INVERSE_CBRT, LOG2_E, LOG_TAIL, TWO_THIRDS
from wengert.targets.native.floating import Floating
from wengert.targets.native.values import Value

BEYOND = {"float32": 200.0, "float64": 1100.0}
"""2 to a higher power is ∞, to a lower one than its negative 0."""
CUBE_ROOT_OF_TWO = {"float32": (0.7937005, 1.2599211), "float64": (2 ** (-1 / 3), 2 ** (1 / 3))}
LARGEST_PRODUCT = 4
"""The largest n for which xⁿ is a chain of products in its own precision: at most three roundings."""
LARGEST_DOUBLE_PRODUCT = 7
"""The largest |n| for which xⁿ of a single-precision x is finite in double precision."""

Pair = tuple[Value, Value]


def _log2_pair(b: Floating, a: Value) -> Pair:
    """log₂ a for finite a > 0, with an error of 2⁻⁶⁵ (2⁻³⁵ in single precision) of its size; `LOG_TAIL` ends the series of 2 artanh s."""
    m, k = exponential.normalised(b, a)
    f = b.subtract(m, b.like(1, a))
    s, s_low = _quotient_by_two_more(b, f)
    z, z_lost = b.two_product(s, s)
    z_low = b.fma(b.add(s, s), s_low, z_lost)
    tail = b.multiply(z, b.polynomial(LOG_TAIL[a.dtype], z))
    p, p_lost = b.fast_two_sum(b.like(TWO_THIRDS[a.dtype][0], a), tail)
    w = _times(b, (z, z_low), (p, b.add(p_lost, b.like(TWO_THIRDS[a.dtype][1], a))))
    v, v_low = _times(b, (s, s_low), w)
    total, lost = b.fast_two_sum(b.add(s, s), v)
    low = b.add(lost, b.fma(b.like(2, a), s_low, v_low))
    g, g_low = _times(b, (total, low), (b.like(LOG2_E[a.dtype][0], a), b.like(LOG2_E[a.dtype][1], a)))
    high, rest = b.fast_two_sum(k, g)
    return high, b.add(rest, g_low)


def _quotient_by_two_more(b: Floating, f: Value) -> Pair:
    """f/(2 + f)."""
    two = b.like(2, f)
    d, d_low = b.fast_two_sum(two, f)
    inverse = b.reciprocal(d)
    s = b.multiply(f, inverse)
    back, lost = b.two_product(s, d)
    rest = b.subtract(b.subtract(b.subtract(f, back), lost), b.multiply(s, d_low))
    return s, b.multiply(rest, inverse)


def _times(b: Floating, x: Pair, y: Pair) -> Pair:
    """The product of two pairs."""
    p, lost = b.two_product(x[0], y[0])
    return p, b.add(lost, b.fma(x[0], y[1], b.multiply(x[1], y[0])))


def _exp2_pair(b: Floating, high: Value, low: Value) -> Value:
    """2^(high + low)."""
    beyond = BEYOND[high.dtype]
    low = b.where(b.less(b.abs(high), b.like(beyond, high)), low, b.like(0, high))
    inside = b.clamp(high, -beyond, beyond)
    whole, n = b.nearest(inside)
    fraction = b.add(b.subtract(inside, whole), low)
    r = b.multiply(fraction, b.like(math.log(2), high))
    p = b.fma(b.multiply(r, r), b.polynomial(EXPM1[high.dtype], r), r)
    return b.scaled(b.add(p, b.like(1, high)), n)


def power(b: Floating, x: Value, y: Value) -> Value:
    """xʸ, with the special cases of C's pow (ISO C, F.10.4.4)."""
    zero, one, infinity = b.like(0, x), b.like(1, x), b.like(math.inf, x)
    a = b.abs(x)
    high, low = _log2_pair(b, a)
    nothing, endless = b.equal(a, zero), b.equal(a, infinity)
    high = b.where(nothing, b.negative(infinity), b.where(endless, infinity, high))
    low = b.where(b.logical_or(nothing, endless), zero, low)
    product, lost = b.two_product(high, y)
    size = b.where(b.equal(a, one), one, _exp2_pair(b, product, b.fma(low, y, lost)))
    return _with_sign(b, x, y, size)


def _with_sign(b: Floating, x: Value, y: Value, size: Value) -> Value:
    """The power from its absolute value: negative for x < 0 and odd y, NaN for x < 0 and y that is not whole; 1 if y = 0 or x = 1."""
    zero, one = b.like(0, x), b.like(1, x)
    half = b.multiply(y, b.like(0.5, y))
    whole = b.equal(b.floor(y), y)
    odd = b.logical_and(whole, b.not_equal(b.floor(half), half))
    bits = b.bits(x)
    flipped = b.where(b.logical_and(b.less(bits, b.like(0, bits)), odd), b.negative(size), size)
    undefined = b.logical_and(b.less(x, zero), b.greater(x, b.like(-math.inf, x)))
    undefined = b.logical_and(undefined, b.logical_not(whole))
    undefined = b.logical_or(undefined, b.compare("uno", x, y))
    result = b.where(undefined, b.like(math.nan, x), flipped)
    return b.where(b.logical_or(b.equal(y, zero), b.equal(x, one)), one, result)


def integer_power(b: Floating, x: Value, exponent: int) -> Value:
    """xⁿ: products for small |n|, else the power function; integers by repeated squaring.

    Raises GraphError where an integer would have a negative exponent.
    """
    if not x.is_float:
        if exponent < 0:
            raise GraphError(
                "An integer has no negative power among the integers.",
                f"  the exponent is {exponent}, and x has dtype {x.dtype}",
                "Cast it first:  cast(x, dtype='float64')",
            )
        return _product_power(b, x, exponent)
    if 0 <= exponent <= LARGEST_PRODUCT:
        return _product_power(b, x, exponent)
    if exponent in (-1, -2):
        return _product_power(b, b.reciprocal(x), -exponent)
    if x.dtype == "float32" and abs(exponent) <= LARGEST_DOUBLE_PRODUCT:
        wide = _product_power(b, b.cast(x, "float64"), abs(exponent))
        return b.cast(b.reciprocal(wide) if exponent < 0 else wide, "float32")
    return power(b, x, b.like(exponent, x))


def is_product(x: Value, exponent: int) -> bool:
    """Whether xⁿ is a few products, too little for a function of its own."""
    return not x.is_float or -2 <= exponent <= LARGEST_PRODUCT


def _product_power(b: Floating, x: Value, exponent: int) -> Value:
    """xⁿ by repeated squaring, the largest square last."""
    result: Value | None = None
    while exponent:
        if exponent & 1:
            result = x if result is None else b.multiply(result, x)
        exponent >>= 1
        if exponent:
            x = b.multiply(x, x)
    return b.like(1, x) if result is None else result


def cbrt(b: Floating, x: Value) -> Value:
    """∛x = 2^q ∛t with |x| = 2^(3q) t: an approximation of t^(−1/3), a step of Newton's method, and a correction by t − y³."""
    a = b.abs(x)
    m, k = exponential.normalised(b, a)
    thirds, q = b.nearest(k, 1 / 3)
    left = b.subtract(k, b.multiply(thirds, b.like(3, x)))  # −1, 0 or 1
    less, more = b.less(left, b.like(0, x)), b.greater(left, b.like(0, x))
    one = b.like(1, x)
    low, high = CUBE_ROOT_OF_TWO[x.dtype]
    t = b.multiply(m, b.where(less, b.like(0.5, x), b.where(more, b.like(2, x), one)))
    start = b.where(less, b.like(high, x), b.where(more, b.like(low, x), one))
    z = b.multiply(b.polynomial(INVERSE_CBRT[x.dtype], m), start)
    error = b.subtract(one, b.multiply(b.multiply(t, z), b.multiply(z, z)))
    # 1/∛(1 − e) = 1 + e/3 + 2 e²/9 + …
    z = b.fma(b.multiply(z, error), b.fma(error, b.like(2 / 9, x), b.like(1 / 3, x)), z)
    square = b.multiply(z, z)
    y = b.multiply(t, square)
    s, lost = b.two_product(y, y)
    cube, lost_cube = b.two_product(s, y)
    rest = b.subtract(b.subtract(b.subtract(t, cube), lost_cube), b.multiply(lost, y))
    y = b.fma(rest, b.multiply(square, b.like(1 / 3, x)), y)
    result = b.copysign(b.multiply(y, b.power_of_two(q, x.dtype)), x)
    usual = b.logical_and(b.greater(a, b.like(0, x)), b.less(a, b.like(math.inf, x)))
    return b.where(usual, result, x)


def hypot(b: Floating, x: Value, y: Value) -> Value:
    """√(x² + y²), scaled by a power of two where the squares would overflow or vanish; ∞ if either is infinite."""
    if x.dtype == "float32":
        wide, other = b.cast(x, "float64"), b.cast(y, "float64")
        return _or_infinite(b, x, y, b.cast(b.sqrt(b.fma(wide, wide, b.multiply(other, other))), "float32"))
    far, near = b.maximum(b.abs(x), b.abs(y)), b.minimum(b.abs(x), b.abs(y))
    one = b.like(1, x)
    large, small = b.greater(far, b.like(2.0**500, x)), b.less(far, b.like(2.0**-450, x))
    scale = b.where(large, b.like(2.0**-600, x), b.where(small, b.like(2.0**600, x), one))
    back = b.where(large, b.like(2.0**600, x), b.where(small, b.like(2.0**-600, x), one))
    far, near = b.multiply(far, scale), b.multiply(near, scale)
    root = b.sqrt(b.fma(far, far, b.multiply(near, near)))
    return _or_infinite(b, x, y, b.multiply(root, back))


def _or_infinite(b: Floating, x: Value, y: Value, root: Value) -> Value:
    either = b.logical_or(b.is_infinite(x), b.is_infinite(y))
    return b.where(either, b.like(math.inf, x), root)
