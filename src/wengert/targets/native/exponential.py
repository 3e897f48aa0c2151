"""Exponentials and logarithms over lanes: argument reduction, a polynomial, and reconstruction. It knows no graph.

x = n log 2 + r with |r| ≤ ½ log 2 gives eˣ = 2ⁿ (1 + expm1 r); x = 2ᵏ (1 + f) with √½ ≤ 1 + f < √2 gives
log x = k log 2 + log(1 + f). The form of the double-precision logarithm is fdlibm's (e_log.c; Sun Microsystems, 1993); the numbers are our own fits.
"""

from __future__ import annotations

import math

from wengert.targets.native.coefficients import ATANH, EXPM1, LN2, LOG, LOG10_2
from wengert.targets.native.floating import Floating
from wengert.targets.native.memory import Memory
from wengert.targets.native.values import BIAS, MANTISSA, Value

LOG2_E = math.log2(math.e)
EXP_RANGE = {"float32": (-104.0, 89.0), "float64": (-746.0, 710.0)}
"""Below the first number eˣ rounds to 0, above the second to ∞."""
LOGISTIC_RANGE = {"float32": (-104.5, 70.0), "float64": (-746.0, 600.0)}
"""Below the first number 1/(1 + e^(−x)) rounds to 0, above the second to 1."""
SQUARES_FINITE = {"float32": 50.0, "float64": 300.0}
"""Up to it the squares of the parts of a logistic function are normal numbers, and from it on its slope rounds to e^(−|x|)."""
EXPM1_LOW = {"float32": -18.0, "float64": -38.0}
"""Below it eˣ − 1 rounds to −1."""
GAUSS_VANISHES = {"float32": 10.2, "float64": 28.0}
"""Above it e^(−x²) and erfc round to 0."""
SECH2_VANISHES = {"float32": 53.0, "float64": 373.5}
"""The |x| from which on 1/cosh² x rounds to 0."""
SECH2_SHIFT = {"float32": 26, "float64": 56}
"""e to the power of that number is finite when it is divided by 2 to this power."""
TINY = {"float32": 2.0**-26, "float64": 2.0**-55}
"""Below it f(x) = x + O(x²) rounds to x."""
ROOT_HALF_BITS = {"float32": 0x3F3504F3, "float64": 0x3FE6A09E667F3BCD}
"""The bits of √½."""
SMALLEST_NORMAL = {"float32": 2.0**-126, "float64": 2.0**-1022}
SUBNORMAL_SHIFT = {"float32": 24, "float64": 54}
"""A subnormal number times 2 to this power is normal."""
QUARTER_LOG2 = 0.173
"""Below ¼ log 2, so that 2|x| is not reduced."""
SINH_EXP = {dtype: tuple(2.0 ** (k + 1) * c for k, c in enumerate(fit)) for dtype, fit in EXPM1.items()}
"""½ (e^(2r) − 1) = r + r² P(r), which is sinh r e^r, by the fit of e^r − 1."""


# exponentials


def reduced(b: Floating, x: Value, factor: int = 1) -> tuple[Value, Value, Value]:
    """(n, r, c): x = n log 2/f + (r + c) with |r| ≤ ½ log 2/f, n an integer, c the rounding error of r, f the factor, a power of 2."""

    def make() -> tuple[Value, Value, Value]:
        whole, n = b.nearest(x, factor * LOG2_E)
        exact = b.fma(whole, b.like(-LN2[x.dtype][0] / factor, x), x)
        low = b.like(-LN2[x.dtype][1] / factor, x)
        r = b.fma(whole, low, exact)
        return n, r, b.fma(whole, low, b.subtract(exact, r))

    return b.shared(("exp", factor, x), make)


def within(b: Memory, x: Value, low: float, high: float) -> Value:
    """x within [low, high]. A number is rarely outside: behind a branch, its chain does not wait for the comparisons."""
    if x.width > 1:
        return b.clamp(x, low, high)
    return b.unless(b.less_equal(b.abs(x), b.like(min(-low, high), x)), x, lambda: b.clamp(x, low, high))


def below(b: Memory, a: Value, high: float) -> Value:
    """The lesser of a ≥ 0 and a number, as `within`."""
    bound = b.like(high, a)
    if a.width > 1:
        return b.where(b.greater(a, bound), bound, a)
    return b.unless(b.less_equal(a, bound), a, lambda: b.where(b.greater(a, bound), bound, a))


def short_expm1(b: Floating, r: Value, sign: int = 1) -> Value:
    """e^(±r) − 1 = (±r + r² (c₀ ± c₁ r)) + r⁴ Q(±r) for |r| ≤ ½ log 2: a short chain, whose second sum is rounded twice."""
    c = tuple(sign**k * number for k, number in enumerate(EXPM1[r.dtype]))
    square = b.multiply(r, r)
    head = b.fma(square, b.polynomial(c[:2], r), r if sign > 0 else b.negative(r))
    return b.fma(b.multiply(square, square), b.polynomial(c[2:], r), head)


def exp(b: Memory, x: Value) -> Value:
    """eˣ."""
    x = within(b, x, *EXP_RANGE[x.dtype])
    n, r, _ = reduced(b, x)
    p = b.fma(b.multiply(r, r), b.polynomial(EXPM1[x.dtype], r), r)
    return b.scaled(b.add(p, b.like(1, x)), n)


def exp2(b: Floating, x: Value) -> Value:
    """2ˣ."""
    low, high = (-151.0, 129.0) if x.dtype == "float32" else (-1076.0, 1025.0)
    x = b.clamp(x, low, high)
    whole, n = b.nearest(x)
    r = b.multiply(b.subtract(x, whole), b.like(math.log(2), x))
    p = b.fma(b.multiply(r, r), b.polynomial(EXPM1[x.dtype], r), r)
    return b.scaled(b.add(p, b.like(1, x)), n)


def expm1_reduced(b: Floating, x: Value) -> tuple[Value, Value]:
    """(n, expm1 r): the rounding error of r counts here, for 2ⁿ − 1 may cancel most of the result."""
    n, r, c = reduced(b, x)
    return n, b.add(r, b.fma(b.multiply(r, r), b.polynomial(EXPM1[x.dtype], r), c))


def expm1(b: Floating, x: Value) -> Value:
    """eˣ − 1 = 2 (2ⁿ⁻¹ expm1 r + (2ⁿ⁻¹ − ½)); half of it, for 2ⁿ may overflow where the result does not."""
    inside = b.clamp(x, EXPM1_LOW[x.dtype], EXP_RANGE[x.dtype][1])
    n, p = expm1_reduced(b, inside)
    power = b.power_of_two(b.integer("add", n, -1), x.dtype)
    half = b.fma(power, p, b.subtract(power, b.like(0.5, x)))
    return keep_tiny(b, x, b.add(half, half))


def keep_tiny(b: Floating, x: Value, y: Value) -> Value:
    """x where |x| is so small that y rounds to it: signed zeros and subnormal numbers stay as they are."""
    return b.where(b.less(b.abs(x), b.like(TINY[x.dtype], x)), x, y)


def quotient(b: Memory, x: Value, y: Value) -> Value:
    """x/y. Over lanes, where divisions are slow, the quotients by one y share a division, and are rounded once more."""
    if x.width == 1:
        return b.divide(x, y)
    return b.multiply(x, b.reciprocal(y))


def _tanh_parts(b: Memory, x: Value) -> tuple[Value, Value, Value]:
    """(h t, p, h (t + 1)) with t = ½ (e^(2|x|) − 1), which is p where |x| < ¼ log 2; the small h keeps h t finite.

    Written for |x| instead of 2|x|: of the halves nothing else is asked, and to halve is exact.
    """

    def make() -> tuple[Value, Value, Value]:
        shift, unit = SECH2_SHIFT[x.dtype], b.like(2.0 ** -SECH2_SHIFT[x.dtype], x)
        inside = below(b, b.abs(x), SECH2_VANISHES[x.dtype])
        _, r, _ = reduced(b, inside, 2)
        p = b.fma(b.multiply(r, r), b.polynomial(SINH_EXP[x.dtype], r), r)
        power = b.power_of_nearest(inside, 2 * LOG2_E, shift)
        t = b.fma(power, p, b.fma(power, b.like(0.5, x), b.like(-(2.0 ** (-shift - 1)), x)))
        return t, p, b.add(t, unit)

    return b.shared(("tanh", x), make)


def tanh(b: Memory, x: Value) -> Value:
    """tanh |x| = y = t/(t + 1) with t = ½ (e^(2|x|) − 1); near 0 it is p − p y, where the roundings of y count less."""
    t, p, above = _tanh_parts(b, x)
    y = quotient(b, t, above)
    if x.width == 1:
        return keep_tiny(b, x, b.copysign(y, x))
    y = b.where(b.less(b.abs(x), b.like(QUARTER_LOG2, x)), b.fma(b.negative(p), y, p), y)
    return b.copysign(y, x)


def sech2(b: Memory, x: Value) -> Value:
    """2 v − v² with v = 1/(t + 1) = 1 − tanh |x|, exact in both tails; near 0, where v is 1, its roundings do not count."""
    _, _, above = _tanh_parts(b, x)
    v = quotient(b, b.like(2.0 ** -SECH2_SHIFT[x.dtype], x), above)
    return b.fma(b.negative(v), v, b.add(v, v))


def _lesser(b: Memory, x: Value) -> Value:
    """σ(−|x|) = h/(h + 2ⁿ h e^r) with |x| = n log 2 + r; the small h keeps the denominator finite where the result is subnormal."""

    def make() -> Value:
        shift = SUBNORMAL_SHIFT[x.dtype]
        inside, unit = below(b, b.abs(x), -LOGISTIC_RANGE[x.dtype][0]), b.like(2.0**-shift, x)
        _, r, _ = reduced(b, inside)
        power = b.power_of_nearest(inside, LOG2_E, shift)
        # h + 2ⁿ h is exact where both count: the denominator is rounded once.
        return b.divide(unit, b.fma(power, short_expm1(b, r), b.add(unit, power)))

    return b.shared(("logistic", x), make)


def _logistic_of_one(b: Memory, x: Value) -> tuple[Value, Value, Value]:
    """(h, h e^(−x), their sum) of a scalar: σ(x) is the first over the last. The chains are short."""

    def make() -> tuple[Value, Value, Value]:
        shift = SUBNORMAL_SHIFT[x.dtype]
        n, r, _ = reduced(b, within(b, x, *LOGISTIC_RANGE[x.dtype]))
        unit = b.like(2.0**-shift, x)
        power = b.power_of_two(b.subtract(b.like(-shift, n), n), x.dtype)
        p = short_expm1(b, r, -1)
        # h + 2^(−n) h is exact where both count, and known before r: the sum is rounded once.
        return unit, b.fma(power, p, power), b.fma(power, p, b.add(unit, power))

    return b.shared(("logistic", x), make)


def logistic(b: Memory, x: Value) -> Value:
    """1/(1 + e^(−x)); over lanes σ(−|x|) left of 0, 1 − σ(−|x|) right of it."""
    if x.width == 1:
        unit, _, total = _logistic_of_one(b, x)
        return b.divide(unit, total)
    s = _lesser(b, x)
    right = b.compare("uge", x, b.like(0, x))  # asked this way round, the difference is one instruction under a mask
    return b.where(right, b.subtract(b.like(1, x), s), s)


def logistic_slope(b: Memory, x: Value) -> Value:
    """e^(−x)/(1 + e^(−x))², which far out is e^(−|x|); over lanes s (1 − s) with s = σ(−|x|)."""
    if x.width == 1:
        (unit, rest, total), a = _logistic_of_one(b, x), b.abs(x)
        near = b.divide(b.multiply(unit, rest), b.multiply(total, total))  # waits for no other division
        usual = b.less_equal(a, b.like(SQUARES_FINITE[x.dtype], x))
        return b.unless(usual, near, lambda: exp(b, b.negative(a)))
    s = _lesser(b, x)
    return b.fma(b.negative(s), s, s)


def gauss(b: Memory, x: Value) -> Value:
    """e^(−x²), without the rounding of x²."""
    n, p, lost = gauss_parts(b, b.abs(x))
    one = b.like(1, x)
    return b.scaled(b.add(b.subtract(p, b.multiply(lost, b.add(p, one))), one), n)


def gauss_parts(b: Memory, a: Value) -> tuple[Value, Value, Value]:
    """(n, p, l) for a ≥ 0: e^(−a²) = 2ⁿ (1 + p) e^(−l), where l is what the rounding of a² lost."""

    def make() -> tuple[Value, Value, Value]:
        inside = b.minimum(a, b.like(GAUSS_VANISHES[a.dtype], a))
        square, lost = b.two_product(inside, inside)
        n, p = expm1_reduced(b, b.negative(square))
        return n, p, lost

    return b.shared(("gauss", a), make)


# logarithms


def mantissa_and_exponent(b: Floating, x: Value) -> tuple[Value, Value]:
    """(m, k): x = 2ᵏ m with √½ ≤ m < √2, for a positive normal x; k is an integer of its size."""
    dtype = x.dtype
    offset = ROOT_HALF_BITS[dtype]
    shifted = b.integer("add", b.bits(x), (BIAS[dtype] << MANTISSA[dtype]) - offset)
    k = b.integer("add", b.integer("lshr", shifted, MANTISSA[dtype]), -BIAS[dtype])
    fraction = b.integer("and", shifted, (1 << MANTISSA[dtype]) - 1)
    return b.from_bits(b.integer("add", fraction, offset), dtype), k


def normalised(b: Floating, x: Value) -> tuple[Value, Value]:
    """(m, k) of `mantissa_and_exponent` with k as a float, for subnormal x too."""
    shift = SUBNORMAL_SHIFT[x.dtype]
    small = b.less(x, b.like(SMALLEST_NORMAL[x.dtype], x))
    m, k = mantissa_and_exponent(b, b.where(small, b.multiply(x, b.like(2.0**shift, x)), x))
    whole = b.small_float(k, x.dtype)
    return m, b.where(small, b.subtract(whole, b.like(shift, x)), whole)


def log_parts(b: Floating, f: Value) -> tuple[Value, Value]:
    """(h, t) with log(1 + f) = f − (h − t), where h = ½ f² and t is of third order in f."""
    h = b.multiply(b.multiply(f, f), b.like(0.5, f))
    if f.dtype == "float32":
        return h, b.multiply(b.multiply(b.multiply(f, f), f), b.polynomial(LOG["float32"], f))
    s = b.divide(f, b.add(f, b.like(2, f)))
    z = b.multiply(s, s)
    return h, b.multiply(s, b.fma(z, b.polynomial(ATANH["float64"], z), h))


def log_sum(b: Floating, f: Value, k: Value) -> Value:
    """k log 2 + log(1 + f), the small terms first."""
    h, t = log_parts(b, f)
    low = b.fma(k, b.like(LN2[f.dtype][1], f), t)
    return b.fma(k, b.like(LN2[f.dtype][0], f), b.subtract(f, b.subtract(h, low)))


def log_special(b: Floating, x: Value, y: Value) -> Value:
    """y, but −∞ at 0, NaN below 0, and ∞ and NaN at themselves."""
    zero = b.like(0, x)
    y = b.where(b.less(x, b.like(math.inf, x)), y, x)  # ∞ and NaN
    edge = b.where(b.equal(x, zero), b.like(-math.inf, x), b.like(math.nan, x))
    return b.where(b.compare("ugt", x, zero), y, edge)


def log(b: Floating, x: Value) -> Value:
    """log x."""
    m, k = normalised(b, x)
    return log_special(b, x, log_sum(b, b.subtract(m, b.like(1, x)), k))


def log2(b: Floating, x: Value) -> Value:
    """log₂ x = k + log(1 + f)/log 2; whole at powers of two."""
    m, k = normalised(b, x)
    f = b.subtract(m, b.like(1, x))
    h, t = log_parts(b, f)
    return log_special(b, x, b.fma(b.subtract(f, b.subtract(h, t)), b.like(LOG2_E, x), k))


def log10(b: Floating, x: Value) -> Value:
    """log₁₀ x = k log₁₀ 2 + log(1 + f)/log 10."""
    m, k = normalised(b, x)
    f = b.subtract(m, b.like(1, x))
    h, t = log_parts(b, f)
    part = b.multiply(b.subtract(f, b.subtract(h, t)), b.like(math.log10(math.e), x))
    low = b.fma(k, b.like(LOG10_2[x.dtype][1], x), part)
    return log_special(b, x, b.fma(k, b.like(LOG10_2[x.dtype][0], x), low))


def log1p_reduced(b: Floating, u: Value) -> tuple[Value, Value, Value]:
    """(f, p, k): 1 + u = 2ᵏ (1 + f), p = 2⁻ᵏ, for finite u > −1; f = p u + (p − 1) rounds once, and k is a float."""
    dtype, one, quarter = u.dtype, b.like(1, u), b.like(0.25, u)
    _, k = mantissa_and_exponent(b, b.add(u, one))
    # 2^(2 − k) is a normal number for every k ≤ 1024, and u/4 is exact unless u is tiny.
    quadruple = b.power_of_two(b.subtract(b.like(2, k), k), dtype)
    power = b.multiply(quadruple, quarter)
    f = b.fma(b.multiply(u, quarter), quadruple, b.subtract(power, one))
    return f, power, b.small_float(k, dtype)


def log1p_of_finite(b: Floating, x: Value) -> Value:
    """log(1 + x) for finite x > −1."""
    f, _, k = log1p_reduced(b, x)
    return keep_tiny(b, x, log_sum(b, f, k))


def log1p(b: Floating, x: Value) -> Value:
    """log(1 + x), exact near 0."""
    y = b.where(b.less(x, b.like(math.inf, x)), log1p_of_finite(b, x), x)
    edge = b.where(b.equal(x, b.like(-1, x)), b.like(-math.inf, x), b.like(math.nan, x))
    return b.where(b.compare("ugt", x, b.like(-1, x)), y, edge)


def softplus(b: Memory, x: Value) -> Value:
    """log(1 + eˣ) = max(x, 0) + log(1 + e^(−|x|))."""
    return b.add(b.maximum(x, b.like(0, x)), log1p_of_finite(b, exp(b, b.negative(b.abs(x)))))


def logaddexp(b: Memory, x: Value, y: Value) -> Value:
    """log(eˣ + eʸ) = max + log(1 + e^(−|x − y|)); equal infinities have the difference 0."""
    difference = b.where(b.equal(x, y), b.like(0, x), b.subtract(x, y))
    return b.add(b.maximum(x, y), log1p_of_finite(b, exp(b, b.negative(b.abs(difference)))))


def xlogy(b: Floating, x: Value, y: Value) -> Value:
    """x log y, and 0 where x = 0 unless y is NaN."""
    zero = b.like(0, x)
    nothing = b.logical_and(b.equal(x, zero), b.logical_not(b.is_nan(y)))
    return b.where(nothing, zero, b.multiply(x, log(b, y)))
