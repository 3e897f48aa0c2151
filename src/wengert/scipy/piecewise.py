"""Piecewise polynomials of numbers at traced places, and of traced values; splines written as such."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import interpolate  # pyright: ignore[reportMissingTypeStubs]

from wengert.functions.namespaces.numbers import InPlaceOf
from wengert.functions.namespaces.sequences import asarray
from wengert.functions.tracing.creating import inside
from wengert.functions.tracing.standin import StandIn, refuse
from wengert.scipy.numerical import has_traced

_scipy: Any = interpolate


def numbers_of(x: Any, what: str) -> Any:
    """What has to be numbers.

    Raises TraceError for traced values.
    """
    if has_traced(x):
        refuse(
            f"{what} are numbers, and have no derivative here.",
            "Let the values depend on the parameters, not the knots.",
        )
    return np.asarray(x, float)


def entries_at(a: Any, places: Any) -> Any:
    """The entries of an array along its first axis, also of numbers at traced places."""
    known = isinstance(a, StandIn) or not isinstance(places, StandIn)
    return (a if known else inside(np.copy, (a,), {}))[places]


# ---------------------------------------------------------------- piecewise polynomials


class Piecewise(InPlaceOf):
    """p(x) = Σ_k c_(k, i) (x − b_i)^(K − k) for b_i ≤ x < b_(i + 1), as SciPy's PPoly; the first and the last go on outside."""

    def __init__(self, c: Any, x: Any, extrapolate: Any = True, axis: int = 0) -> None:
        self.c, self.x, self.extrapolate, self.axis = c, np.asarray(x, float), extrapolate, axis

    def __call__(self, x: Any, nu: int = 0, extrapolate: Any = None) -> Any:
        """The value, or its derivative of order `nu`."""
        c, at = self._slopes(nu), asarray(x)
        extrapolate = self.extrapolate if extrapolate is None else extrapolate
        low, high = float(self.x[0]), float(self.x[-1])
        if extrapolate == "periodic":
            at = low + (at - low) % (high - low)
        places = np.clip(np.searchsorted(self.x, at, side="right") - 1, 0, len(self.x) - 2)
        inner = len(c.shape) - 2
        shape = tuple(at.shape)
        step = np.reshape(at - entries_at(self.x, places), shape + (1,) * inner)
        total: Any = entries_at(c[0], places)
        for k in range(1, c.shape[0]):
            total = total * step + entries_at(c[k], places)
        if extrapolate is False:
            inside = np.logical_and(at >= low, at <= high)
            total = np.where(np.reshape(inside, shape + (1,) * inner), total, np.nan)
        return self.placed(total, len(shape))

    def placed(self, total: Any, count: int) -> Any:
        """The axes of x where the axis of the knots was."""
        if not self.axis:
            return total
        rank = len(total.shape)
        order = [*range(count, count + self.axis), *range(count), *range(count + self.axis, rank)]
        return np.transpose(total, order)

    def _slopes(self, nu: int) -> Any:
        """The coefficients of the derivative of order `nu`."""
        c = self.c
        for _ in range(nu):
            n = c.shape[0]
            powers = np.reshape(np.arange(n - 1, 0, -1.0), (n - 1,) + (1,) * (len(c.shape) - 1))
            c = c[:-1] * powers if n > 1 else c * 0.0
        return c

    def derivative(self, nu: int = 1) -> Piecewise:
        """The derivative as a piecewise polynomial."""
        return Piecewise(self._slopes(nu), self.x, self.extrapolate, self.axis)

    def antiderivative(self, nu: int = 1) -> Piecewise:
        """The integral from the first knot on."""
        found = self
        for _ in range(nu):
            found = found._integral()
        return found

    def _integral(self) -> Piecewise:
        c, n = self.c, self.c.shape[0]
        rest = (1,) * (len(c.shape) - 2)
        powers = np.reshape(np.arange(n, 0, -1.0), (n, 1, *rest))
        steps = np.diff(self.x)
        raised = np.reshape(np.stack([steps**k for k in range(n, 0, -1)]), (n, len(steps), *rest))
        parts = np.sum(c / powers * raised, axis=0)
        start = np.concatenate([np.zeros((1, *parts.shape[1:])), np.cumsum(parts, axis=0)[:-1]])
        whole = np.concatenate([c / powers, np.reshape(start, (1, *start.shape))])
        return Piecewise(whole, self.x, self.extrapolate, self.axis)

    def integrate(self, a: Any, b: Any, extrapolate: Any = None) -> Any:
        """The integral from a to b."""
        whole = self.antiderivative()
        return whole(b, extrapolate=extrapolate) - whole(a, extrapolate=extrapolate)


def of_spline(t: Any, c: Any, k: int, extrapolate: Any) -> Piecewise:
    """Σ_j c_j B_j as piecewise polynomials."""
    n = len(t) - k - 1
    pieces = [_scipy.PPoly.from_spline((t, row, k)) for row in np.eye(n)]
    m = np.stack([p.c for p in pieces], axis=-1)
    breaks = pieces[0].x
    inside = slice(k, len(breaks) - 1 - k)
    return Piecewise(np.tensordot(m[:, inside], asarray(c)[:n], 1), breaks[k : len(breaks) - k], extrapolate)


def through(x: Any, y: Any, k: int, t: Any = None) -> tuple[Any, Any]:
    """The knots and the coefficients of the spline of degree k through values y, which may be traced."""
    of = _scipy.make_interp_spline(x, np.eye(len(x)), k, t)
    return of.t, np.tensordot(of.c, asarray(y), 1)


def cardinal(x: Any, k: int, extrapolate: Any = True) -> Piecewise:
    """The splines of degree k that are 1 at one place and 0 at the others, whose values times them interpolate."""
    return of_spline(*through(x, np.eye(len(x)), k), k, extrapolate)
