"""The mathematical functions of the builder: where each is tested, and its value in many digits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np
from mpmath import mpf

Array = Any
Sampler = Callable[[np.random.Generator, int], Array]
mp = mpmath.mp.clone()
mp.dps = 45


def uniform(low: float, high: float) -> Sampler:
    """Numbers spread evenly."""
    return lambda rng, count: rng.uniform(low, high, count)


def sizes(low: float, high: float, signs: tuple[int, ...] = (-1, 1)) -> Sampler:
    """Numbers whose logarithms are spread evenly."""
    return lambda rng, count: rng.choice(signs, count) * np.exp(rng.uniform(np.log(low), np.log(high), count))


def near(centre: float) -> Sampler:
    """Numbers at distances from 10⁻¹⁷ to 10⁻³ of a centre."""
    return lambda rng, count: centre + sizes(1e-17, 1e-3)(rng, count)


def near_quarter_turns(rng: np.random.Generator, count: int) -> Array:
    """Multiples of π/2, rounded."""
    return rng.integers(1, 10**6, count) * (np.pi / 2)


TINY = sizes(1e-310, 1e-3)
POSITIVE = sizes(1e-320, 1e308, (1,))
SHORT_POSITIVE = sizes(1e-44, 1e38, (1,))
ANGLES = (uniform(-10, 10), uniform(-1e5, 1e5), uniform(-1e9, 1e9), near_quarter_turns, sizes(1e-310, 1e300))
LOGS = (POSITIVE, SHORT_POSITIVE, uniform(0.5, 2), near(1))
EXPONENTS = (uniform(-746, 710), uniform(-104, 89), uniform(-2, 2), TINY)


def inverse_erf(x: mpf) -> mpf:
    """erf⁻¹ by Newton's iteration from its asymptotic size, on erfc where x is near ±1."""
    if not x or abs(x) >= 1:
        return x / 0 if x and abs(x) == 1 else x
    a, y = abs(x), abs(x) * mp.sqrt(mp.pi) / 2
    if a > mpf("0.5"):
        rest = 1 - a
        y = mp.sqrt(-mp.log(rest))
        for _ in range(100):
            tail = mp.erfc(y)
            step = mp.log(tail / rest) * tail * mp.sqrt(mp.pi) / 2 * mp.exp(y * y)
            y += step
            if abs(step) < mpf("1e-30"):
                break
    else:
        for _ in range(12):
            y -= (mp.erf(y) - a) * mp.sqrt(mp.pi) / 2 * mp.exp(y * y)
    return mp.sign(x) * y


def arctangent(y: mpf, x: mpf) -> mpf:
    """The angle of (x, y)."""
    return mp.atan2(y, x)


@dataclass(frozen=True)
class Function:
    """A function, the ranges that it is tested on and its exact value; `loose` where cancellation is part of the definition."""

    exact: Callable[..., mpf]
    ranges: tuple[Sampler, ...]
    second: tuple[Sampler, ...] = ()
    loose: bool = False

    def points(self, dtype: str, count: int) -> list[Array]:
        """The arguments, `count` from each range, as numbers of the dtype; 0 (mpmath has one only) and ∞ are left out."""
        rng = np.random.default_rng(20251124)
        with np.errstate(all="ignore"):
            first = np.concatenate([sample(rng, count) for sample in self.ranges]).astype(dtype)
            arguments = [first]
            if self.second:
                arguments.append(np.concatenate([sample(rng, count) for sample in self.second]).astype(dtype))
        kept = np.all([np.isfinite(x) & (x != 0) for x in arguments], axis=0)
        return [x[kept] for x in arguments]


FUNCTIONS: dict[str, Function] = {
    "exp": Function(mp.exp, EXPONENTS),
    "exp2": Function(lambda x: mpf(2) ** x, (uniform(-1076, 1025), uniform(-151, 129), uniform(-1, 1))),
    "expm1": Function(mp.expm1, (uniform(-40, 710), uniform(-20, 90), uniform(-2, 2), TINY)),
    "log": Function(mp.log, LOGS),
    "log2": Function(lambda x: mp.log(x) / mp.ln2, LOGS),
    "log10": Function(mp.log10, LOGS),
    "log1p": Function(mp.log1p, (POSITIVE, SHORT_POSITIVE, uniform(-1, 2), TINY)),
    "tanh": Function(mp.tanh, (uniform(-21, 21), uniform(-2, 2), TINY)),
    "logistic": Function(lambda x: 1 / (1 + mp.exp(-x)), (uniform(-760, 40), uniform(-105, 20), uniform(-2, 2))),
    "logistic_slope": Function(
        lambda x: 1 / ((1 + mp.exp(-x)) * (1 + mp.exp(x))),
        (uniform(-760, 760), uniform(-105, 105), uniform(-2, 2), TINY),
    ),
    "sech2": Function(lambda x: mp.sech(x) ** 2, (uniform(-380, 380), uniform(-53, 53), uniform(-2, 2), TINY)),
    "gauss": Function(
        lambda x: mp.exp(-(mp.convert(x) ** 2)), (uniform(-28, 28), uniform(-11, 11), uniform(-2, 2), TINY)
    ),
    "softplus": Function(lambda x: mp.log1p(mp.exp(x)), (uniform(-760, 40), uniform(-105, 20), uniform(-2, 2))),
    "logaddexp": Function(
        lambda x, y: max(x, y) + mp.log1p(mp.exp(-abs(x - y))),
        (uniform(-20, 20), uniform(-800, 800)),
        (uniform(-20, 20), uniform(-800, 800)),
        loose=True,
    ),
    "xlogy": Function(lambda x, y: x * mp.log(y), (uniform(-3, 3), uniform(-3, 3)), (POSITIVE, uniform(0.5, 2))),
    "sin": Function(mp.sin, ANGLES),
    "cos": Function(mp.cos, ANGLES),
    "tan": Function(mp.tan, ANGLES),
    "arcsin": Function(mp.asin, (uniform(-1, 1), near(0.5), TINY)),
    "arccos": Function(mp.acos, (uniform(-1, 1), near(0.5), near(-0.5), TINY)),
    "arctan": Function(mp.atan, (uniform(-4, 4), sizes(1e-310, 1e300))),
    "arctan2": Function(
        arctangent,
        (uniform(-2, 2), sizes(1e-320, 1e308), sizes(1, 10)),
        (uniform(-2, 2), sizes(1e-320, 1e308), sizes(1, 10)),
    ),
    "sinh": Function(mp.sinh, (uniform(-710, 710), uniform(-89, 89), uniform(-2, 2), TINY)),
    "cosh": Function(mp.cosh, (uniform(-710, 710), uniform(-89, 89), uniform(-2, 2))),
    "arcsinh": Function(mp.asinh, (uniform(-4, 4), sizes(1e-310, 1e308), sizes(1e-40, 1e38))),
    "arccosh": Function(mp.acosh, (uniform(1, 4), sizes(1, 1e308, (1,)), sizes(1, 1e38, (1,)))),
    "arctanh": Function(mp.atanh, (uniform(-0.999999, 0.999999), TINY)),
    "power": Function(
        lambda x, y: x**y,
        (sizes(1e-30, 1e30, (1,)), uniform(0.999, 1.001), uniform(0, 2)),
        (uniform(-12, 12), uniform(-1e5, 1e5), uniform(-20, 20)),
    ),
    "cbrt": Function(lambda x: mp.sign(x) * mp.cbrt(abs(x)), (sizes(1e-320, 1e308), uniform(-8, 8))),
    "hypot": Function(
        mp.hypot,
        (uniform(-2, 2), sizes(1e-320, 1e307), sizes(1, 10)),
        (uniform(-2, 2), sizes(1e-320, 1e307), sizes(1, 10)),
    ),
    "erf": Function(mp.erf, (uniform(-6, 6), uniform(-1.2, 1.2), TINY)),
    "erfc": Function(mp.erfc, (uniform(-6, 28), uniform(-1, 10.2), uniform(0, 1.5), TINY)),
    "erfinv": Function(inverse_erf, (uniform(-1, 1), uniform(-0.999999, 0.999999), TINY)),
}


def exact_pair(function: Function, arguments: list[Array]) -> tuple[Array, Array]:
    """The exact values as sums of two doubles: rounded, and what the rounding lost."""
    high, low = np.empty(len(arguments[0])), np.empty(len(arguments[0]))
    for k, point in enumerate(zip(*(x.astype(float).tolist() for x in arguments), strict=True)):
        value = function.exact(*map(mpf, point))
        high[k] = float(value)
        low[k] = float(value - high[k]) if np.isfinite(high[k]) else 0.0
    return high, low


def errors(name: str, result: Array, arguments: list[Array], high: Array, low: Array) -> Array:
    """|result − exact| in units of the last place of the exact value (of the largest argument for a `loose` function)."""
    facts = np.finfo(result.dtype)
    with np.errstate(all="ignore"):
        size = np.abs(high)
        if FUNCTIONS[name].loose:
            size = np.max([size, *(np.abs(x).astype(float) for x in arguments)], axis=0)
        exponent = np.maximum(np.frexp(size)[1] - 1, facts.minexp)
        unit = np.ldexp(1.0, exponent - facts.nmant)
        error = np.abs((result.astype(float) - high) - low) / unit
        overflowed = np.isinf(result) & (np.sign(result) == np.sign(high))
    return np.where(overflowed & (size >= float(facts.max)), 0, np.where(np.isnan(error), np.inf, error))
