"""The special functions that equations and NumPy's rules need, by NumPy and `math`: what they are where SciPy is not installed.

They have SciPy's names, arguments and dtypes. Complex numbers are taken with a vanishing imaginary part, as the complex step has it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy

from wengert.errors import MissingPackageError

np: Any = numpy
Array = Any

TWO_OVER_ROOT_PI = 2 / math.sqrt(math.pi)
WINITZKI = 0.147
"""The constant of the first approximation of erfinv, which is off by less than 0.3 %."""
FIRST_ORDER = 1e-12
"""Up to here f(x + ih) is f(x) + ih f'(x) in double precision."""


def expit(x: Array) -> Array:
    """1/(1 + e^(−x)); the exponential is taken of −|x|, which does not overflow."""
    with np.errstate(all="ignore"):
        small = np.exp(-np.abs(x))
        return np.where(np.less(x, 0), small, 1) / (1 + small)


def xlogy(x: Array, y: Array) -> Array:
    """x log y, and 0 where x = 0 and y is a number."""
    with np.errstate(all="ignore"):
        nothing = np.logical_and(np.equal(x, 0), np.equal(y, y))
        return np.where(nothing, 0, x * np.log(y))[()]


def erf(x: Array) -> Array:
    """2/√π ∫₀ˣ e^(−s²) ds."""
    return _continued(math.erf, x, lambda re: TWO_OVER_ROOT_PI * np.exp(-re * re))


def erfc(x: Array) -> Array:
    """1 − erf x, exact in the right tail."""
    return _continued(math.erfc, x, lambda re: -TWO_OVER_ROOT_PI * np.exp(-re * re))


def erfinv(x: Array) -> Array:
    """The y with erf y = x: Winitzki's approximation, then Halley's iteration; ±∞ at ±1, NaN beyond.

    Source: S. Winitzki, A handy approximation for the error function and its inverse, 2008. With d = (erf y − a)/erf' y the
    iteration is y − d/(1 + y d), since erf'' = −2 y erf'; the difference is taken of erfc where a > ½, so that it is exact there.
    """
    wide = _real("erfinv", x).astype("float64")
    a = np.abs(wide)
    with np.errstate(all="ignore"):
        log = np.log1p(a) + np.log1p(-a)
        half = 2 / (math.pi * WINITZKI) + log / 2
        # √(half² − log/c) − half, without the cancellation at small a
        y = np.sqrt(-log / WINITZKI / (np.sqrt(half * half - log / WINITZKI) + half))
        for _ in range(3):
            difference = np.where(a > 0.5, (1 - a) - _each(math.erfc, y), _each(math.erf, y) - a)
            d = difference * np.exp(y * y) / TWO_OVER_ROOT_PI
            y = y - d / (1 + y * d)
    y = np.where(a == 1, math.inf, y)
    return np.copysign(y, wide).astype(np.asarray(x).dtype)[()]


def gammaln(x: Array) -> Array:
    """log |Γ(x)|, ∞ at 0, −1, −2 and so on; near its zeros the error is absolute, some 1e-16."""
    return _each(_log_gamma, x)


def loggamma(x: Array) -> Array:
    """log Γ(x) of real x > 0."""
    return gammaln(_real("loggamma", x))


def i0(x: Array) -> Array:
    """I_0(x), which NumPy has too."""
    with np.errstate(all="ignore"):
        return np.i0(x).astype(np.asarray(x).dtype)[()]


def _log_gamma(x: float) -> float:
    if math.isinf(x):
        return x
    try:
        return math.lgamma(x)
    except (ValueError, OverflowError):  # a pole, or beyond the largest number
        return math.inf


def _each(function: Callable[[float], float], x: Array) -> Array:
    """A function of numbers for each entry of a real array, in its dtype."""
    array = np.asarray(x)
    found = np.fromiter(map(function, array.ravel().tolist()), "float64", array.size)
    return found.reshape(array.shape).astype(array.dtype)[()]


def _continued(function: Callable[[float], float], x: Array, slope: Callable[[Array], Array]) -> Array:
    """f(x), and f(x) + ih f'(x) of x + ih.

    Raises MissingPackageError where h does not vanish.
    """
    if not np.iscomplexobj(x):
        return _each(function, x)
    if np.any(np.abs(np.imag(x)) > FIRST_ORDER):
        raise MissingPackageError(
            f"'{function.__name__}' of complex numbers is computed by SciPy, which is not installed.",
            "  real numbers need no SciPy",
            "Install it:  pip install scipy",
        )
    re = np.real(x)
    found = np.empty(np.shape(x), np.asarray(x).dtype)
    with np.errstate(all="ignore"):
        found.real, found.imag = _each(function, re), np.imag(x) * slope(re)
    return found[()]


def _real(name: str, x: Array) -> Array:
    """The array itself.

    Raises TypeError for complex numbers.
    """
    if np.iscomplexobj(x):
        raise TypeError(f"'{name}' takes real numbers only.")
    return np.asarray(x)
