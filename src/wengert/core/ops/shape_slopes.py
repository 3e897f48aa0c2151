"""The derivatives of the incomplete gamma and beta functions by their parameters of shape, by a series and by continued fractions.

Each is derived term by term, so that nothing cancels. Source: NIST DLMF 8.7.1, 8.9.2 and 8.17.22; R. J. Boik, J. F. Robison-Cox,
Derivatives of the incomplete beta function, Journal of Statistical Software 3 (1998).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy

from wengert.core.ops.scipy_functions import FUNCTIONS

np: Any = numpy
Array = Any
MOST = 20_000
"""So many terms at most: about 10 √a are needed."""
ENOUGH = 1e-17
TINY = 1e-300


def _by_entries(function: Callable[..., Array]) -> Callable[..., Array]:
    """The function of arrays of float64 of one row; the result has the shape and dtype of the last argument."""

    def call(*args: Any) -> Array:
        like = np.asarray(args[-1])
        if np.iscomplexobj(like):
            raise TypeError("The slopes by parameters of shape are those of real numbers.")
        wide = np.broadcast_arrays(*[np.asarray(x, float) for x in args])
        with np.errstate(all="ignore"):
            found = function(*[x.ravel() for x in wide])
        return found.reshape(wide[-1].shape).astype(like.dtype)[()]

    return call


def _chosen(cond: Array, here: Callable[..., Array], there: Callable[..., Array], *args: Array) -> Array:
    """`here` of the entries where the condition holds, `there` of the others."""
    found = np.empty(cond.shape)
    for part, of in ((cond, here), (~cond, there)):
        if part.any():
            found[part] = of(*[x[part] for x in args])
    return found


def _series(a: Array, x: Array) -> Array:
    """∂P/∂a = x^a e^(−x)/Γ(a + 1) Σ c_n (log x − ψ(a + 1) − Σ_(k ≤ n) 1/(a + k)), where c_n = Π_(k ≤ n) x/(a + k)."""
    term, lost = np.ones_like(x), np.zeros_like(x)
    total, moved = np.ones_like(x), np.zeros_like(x)
    for n in range(1, MOST):
        term = term * (x / (a + n))
        lost = lost + 1 / (a + n)
        total, moved = total + term, moved - term * lost
        if not np.any(term * (1 + lost) > ENOUGH * total):
            break
    front = np.exp(FUNCTIONS.xlogy(a, x) - x - FUNCTIONS.gammaln(a + 1))
    return front * ((np.log(x) - FUNCTIONS.digamma(a + 1)) * total + moved)


def _fraction(terms: Iterator[tuple[Array, Array, Array, Array]], start: Array, moved: Array) -> tuple[Array, Array]:
    """b_0 + a_1/(b_1 + a_2/(b_2 + …)) by Lentz's method, and its derivative; a term is a, its derivative, b and its derivative.

    Derivatives have a leading axis.
    """
    c, dc = start, moved
    d, dd = np.zeros_like(start), np.zeros_like(moved)
    value, slope = start, moved
    for a, da, b, db in terms:
        down = b + a * d
        down = np.where(down == 0, TINY, down)
        ddown = db + da * d + a * dd
        d, dd = 1 / down, -ddown / down**2
        before, c = c, np.where(b + a / c == 0, TINY, b + a / c)
        dc = db + da / before - a * dc / before**2
        step, dstep = c * d, dc * d + c * dd
        value, slope = value * step, slope * step + value * dstep
        if not np.any((np.abs(step - 1) > 1e-16) | np.any(np.abs(value * dstep) > 1e-16 * np.abs(slope), axis=0)):
            break
    return value, slope


def _gamma_terms(a: Array, x: Array) -> Iterator[tuple[Array, Array, Array, Array]]:
    minus = -np.ones((1, len(x)))
    for k in range(1, MOST):
        yield k * (a - k), k * -minus, x + 2 * k + 1 - a, minus


def _upper(a: Array, x: Array) -> Array:
    """∂P/∂a = −∂Q/∂a, Q = x^a e^(−x)/Γ(a) / (x + 1 − a + 1 (a − 1)/(x + 3 − a + 2 (a − 2)/(x + 5 − a + …)))."""
    f, slope = _fraction(_gamma_terms(a, x), x + 1 - a, -np.ones((1, len(x))))
    front = np.exp(FUNCTIONS.xlogy(a, x) - x - FUNCTIONS.gammaln(a)) / f
    found = -front * (np.log(x) - FUNCTIONS.digamma(a) - slope[0] / f)
    return np.where(np.isinf(x), 0.0, found)


@_by_entries
def gammainc_slope(a: Array, x: Array) -> Array:
    """∂P(a, x)/∂a; at x = 0 it is 0."""
    good = (a > 0) & (x > 0)
    safe_a, safe_x = np.where(good, a, 1.0), np.where(good, x, 1.0)
    found = _chosen(safe_x <= safe_a + 1, _series, _upper, safe_a, safe_x)
    return np.where(good, found, np.where((a > 0) & (x == 0), 0.0, np.nan))


def _beta_terms(a: Array, b: Array, x: Array) -> Iterator[tuple[Array, Array, Array, Array]]:
    one, none = np.ones_like(x), np.zeros((2, len(x)))
    for n in range(1, MOST):
        m, odd = divmod(n, 2)
        p = a + 2 * m
        if odd:
            value = -(a + m) * (a + b + m) * x / (p * (p + 1))
            by_a = value * (1 / (a + m) + 1 / (a + b + m) - 1 / p - 1 / (p + 1))
            by_b = -(a + m) * x / (p * (p + 1))
        else:
            value = m * (b - m) * x / ((p - 1) * p)
            by_a = -value * (1 / (p - 1) + 1 / p)
            by_b = m * x / ((p - 1) * p)
        yield value, np.stack([by_a, by_b]), one, none


def _lower_beta(a: Array, b: Array, x: Array) -> Array:
    """∂I/∂a and ∂I/∂b, I = x^a (1 − x)^b/(a B(a, b)) / (1 + d_1/(1 + d_2/(1 + …)))."""
    f, slope = _fraction(_beta_terms(a, b, x), np.ones_like(x), np.zeros((2, len(x))))
    front = np.exp(FUNCTIONS.xlogy(a, x) + FUNCTIONS.xlog1py(b, -x) - FUNCTIONS.betaln(a, b)) / (a * f)
    both = FUNCTIONS.digamma(a + b)
    by_a = front * (np.log(x) - (FUNCTIONS.digamma(a) - both) - 1 / a - slope[0] / f)
    return np.stack([by_a, front * (np.log1p(-x) - (FUNCTIONS.digamma(b) - both) - slope[1] / f)])


def _beta_slopes(a: Array, b: Array, x: Array) -> Array:
    found = np.full((2, *x.shape), np.nan)
    good = (a > 0) & (b > 0) & (x > 0) & (x < 1)
    low = good & (x < (a + 1) / (a + b + 2))
    if low.any():
        found[:, low] = _lower_beta(a[low], b[low], x[low])
    high = good & ~low
    if high.any():
        found[:, high] = -_lower_beta(b[high], a[high], 1 - x[high])[::-1]
    found[:, (a > 0) & (b > 0) & ((x == 0) | (x == 1))] = 0.0
    return found


@_by_entries
def betainc_slope_a(a: Array, b: Array, x: Array) -> Array:
    """∂I_x(a, b)/∂a; at the ends of [0, 1] it is 0."""
    return _beta_slopes(a, b, x)[0]


@_by_entries
def betainc_slope_b(a: Array, b: Array, x: Array) -> Array:
    """∂I_x(a, b)/∂b; at the ends of [0, 1] it is 0."""
    return _beta_slopes(a, b, x)[1]
