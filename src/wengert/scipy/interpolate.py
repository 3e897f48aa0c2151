"""scipy.interpolate on traced values: piecewise polynomials of numbers at traced places, and of traced values.

The knots are numbers. A spline is linear in its values, so its coefficients are SciPy's for unit vectors times the values; those of the
monotone spline follow from its formulas.

Source: F. N. Fritsch, J. Butland, A method for constructing local monotone piecewise cubic interpolants, 1984; the documentation of
scipy.interpolate.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import interpolate  # pyright: ignore[reportMissingTypeStubs]

from wengert.functions.namespaces.numbers import InPlaceOf
from wengert.functions.namespaces.sequences import asarray
from wengert.functions.tracing.standin import refuse
from wengert.scipy.numerical import has_traced
from wengert.scipy.on_grids import OnGrid, Surface
from wengert.scipy.piecewise import Piecewise, cardinal, entries_at, numbers_of, of_spline, through

_scipy: Any = interpolate


def __getattr__(name: str) -> Any:
    """Everything else is SciPy's."""
    return getattr(_scipy, name)


class Answering(InPlaceOf):
    """An interpolant of SciPy made of numbers: at traced places as a piecewise polynomial, else SciPy's own."""

    def __init__(self, original: Any) -> None:
        self._original = original

    def __getattr__(self, name: str) -> Any:
        if name == "ev" and isinstance(self._original, _scipy.RectBivariateSpline):
            return again(self._original).ev
        own = getattr(self._original, name)
        if name in ("derivative", "antiderivative"):
            return lambda *args, **kwargs: Answering(own(*args, **kwargs))
        if name == "integrate":
            return lambda *args, **kwargs: (
                self._pieces().integrate(*args, **kwargs) if has_traced((args, kwargs)) else own(*args, **kwargs)
            )
        return own

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The value at places."""
        if not has_traced((args, kwargs)):
            return self._original(*args, **kwargs)
        if isinstance(self._original, _GRIDS):
            return again(self._original)(*args, **kwargs)
        return self._pieces()(*args, **kwargs)

    def _pieces(self) -> Piecewise:
        of = self._original
        if isinstance(of, _scipy.BSpline):
            return of_spline(of.t, of.c, of.k, of.extrapolate)
        return Piecewise(of.c, of.x, of.extrapolate, getattr(of, "axis", 0))


_GRIDS: Any = (_scipy.interp1d, _scipy.RegularGridInterpolator, _scipy.RectBivariateSpline)


def again(of: Any) -> Any:
    """An interpolant between samples made anew of what SciPy keeps."""
    if isinstance(of, _scipy.RectBivariateSpline):
        return Surface.of_scipy(of)
    if isinstance(of, _scipy.interp1d):
        values = np.moveaxis(of._y.reshape(of._y.shape[0], *of._y_extra_shape), 0, of._y_axis)
        return Between(of.x, values, of._spline.k if of._kind == "spline" else of._kind, of)
    return OnGrid(of.grid, of.values, of.method, of.bounds_error, of.fill_value)


def answering(original: Any) -> Any:
    """What stands for an interpolant of SciPy; None for other objects."""
    known = (_scipy.PPoly, _scipy.BSpline, *_GRIDS)
    if isinstance(original, _scipy.UnivariateSpline):
        t, c, k = original._eval_args
        return Univariate(of_spline(t, c, k, True), original.ext, original)
    return Answering(original) if isinstance(original, known) else None


# ---------------------------------------------------------------- splines


def _linear(coefficients: Any, x: Any, y: Any, axis: int) -> tuple[Any, int]:
    """Σ_j m_(k, i, j) y_j along an axis, where m are SciPy's coefficients of the unit vectors."""
    y = asarray(y)
    axis = axis % len(y.shape)
    moved = np.moveaxis(y, axis, 0)
    return np.tensordot(coefficients, moved, 1), axis


def CubicSpline(x: Any, y: Any, axis: int = 0, bc_type: Any = "not-a-knot", extrapolate: Any = None) -> Any:
    """The cubic spline through the points, twice continuously differentiable."""
    if not has_traced((x, y, bc_type)):
        return Answering(_scipy.CubicSpline(x, y, axis, bc_type, extrapolate))
    knots = numbers_of(x, "The knots of 'scipy.interpolate.CubicSpline'")
    ends = () if isinstance(bc_type, str) else bc_type
    if has_traced(ends) or any(not isinstance(end, str) and np.any(end[1]) for end in ends):
        refuse(
            "'scipy.interpolate.CubicSpline' of traced values takes no derivatives at its ends but 0.",
            "Write one of:  bc_type='not-a-knot', 'natural', 'clamped', 'periodic', (1, 0.0), (2, 0.0)",
        )
    n = len(knots)
    periodic = bc_type == "periodic"
    units = np.eye(n)
    if periodic:
        units = np.concatenate([np.eye(n - 1), np.eye(n - 1)[:1]])
    own = (
        bc_type
        if isinstance(bc_type, str)
        else tuple(end if isinstance(end, str) else (end[0], np.zeros(units.shape[1])) for end in bc_type)
    )
    m = _scipy.CubicSpline(knots, units, bc_type=own).c
    if periodic:
        m = np.concatenate([m, np.zeros((*m.shape[:2], 1))], axis=2)
    c, axis = _linear(m, knots, y, axis)
    outside = ("periodic" if periodic else True) if extrapolate is None else extrapolate
    return Piecewise(c, knots, outside, axis)


def _by_slopes(knots: Any, y: Any, slopes: Any, extrapolate: Any, axis: int) -> Piecewise:
    """The cubic polynomials with these values and slopes at the knots, the axis of the knots the first."""
    rest = (1,) * (len(y.shape) - 1)
    h = np.reshape(np.diff(knots), (len(knots) - 1, *rest))
    gap = (y[1:] - y[:-1]) / h
    t = (slopes[:-1] + slopes[1:] - 2 * gap) / h
    return Piecewise(np.stack([t / h, (gap - slopes[:-1]) / h - t, slopes[:-1], y[:-1]]), knots, extrapolate, axis)


def CubicHermiteSpline(x: Any, y: Any, dydx: Any, axis: int = 0, extrapolate: Any = None) -> Any:
    """The cubic polynomials with given values and slopes."""
    if not has_traced((x, y, dydx)):
        return Answering(_scipy.CubicHermiteSpline(x, y, dydx, axis, extrapolate))
    knots = numbers_of(x, "The knots of 'scipy.interpolate.CubicHermiteSpline'")
    y, dydx = asarray(y), asarray(dydx)
    axis = axis % len(y.shape)
    outside = True if extrapolate is None else extrapolate
    return _by_slopes(knots, np.moveaxis(y, axis, 0), np.moveaxis(dydx, axis, 0), outside, axis)


def PchipInterpolator(x: Any, y: Any, axis: int = 0, extrapolate: Any = None) -> Any:
    """The monotone cubic interpolant: slopes are harmonic means of the neighbouring gaps, 0 at an extremum."""
    if not has_traced((x, y)):
        return Answering(_scipy.PchipInterpolator(x, y, axis, extrapolate))
    knots = numbers_of(x, "The knots of 'scipy.interpolate.PchipInterpolator'")
    y = asarray(y)
    axis = axis % len(y.shape)
    moved = np.moveaxis(y, axis, 0)
    h = np.reshape(np.diff(knots), (len(knots) - 1,) + (1,) * (len(y.shape) - 1))
    gap = (moved[1:] - moved[:-1]) / h
    outside = True if extrapolate is None else extrapolate
    if len(knots) == 2:
        return _by_slopes(knots, moved, np.concatenate([gap, gap]), outside, axis)
    w1, w2 = 2 * h[1:] + h[:-1], h[1:] + 2 * h[:-1]
    alike = np.logical_and(np.sign(gap[1:]) == np.sign(gap[:-1]), gap[:-1] != 0)
    a, b = np.where(alike, gap[:-1], 1.0), np.where(alike, gap[1:], 1.0)
    inner = np.where(alike, (w1 + w2) / (w1 / a + w2 / b), 0.0)
    ends = [_end(h[0], h[1], gap[0], gap[1]), _end(h[-1], h[-2], gap[-1], gap[-2])]
    first, last = (np.reshape(e, (1, *inner.shape[1:])) for e in ends)
    return _by_slopes(knots, moved, np.concatenate([first, inner, last]), outside, axis)


def _end(h0: Any, h1: Any, m0: Any, m1: Any) -> Any:
    """The slope at an end, of three points, kept monotone."""
    d = ((2 * h0 + h1) * m0 - h0 * m1) / (h0 + h1)
    steep = np.logical_and(np.sign(m0) != np.sign(m1), np.abs(d) > 3.0 * np.abs(m0))
    return np.where(np.sign(d) != np.sign(m0), 0.0, np.where(steep, 3.0 * m0, d))


def BSpline(t: Any, c: Any, k: int, extrapolate: Any = True, axis: int = 0) -> Any:
    """Σ_j c_j B_j, with B-splines of degree k on the knots t."""
    if not has_traced((t, c)):
        return Answering(_scipy.BSpline(t, c, k, extrapolate, axis))
    if axis:
        refuse(
            "'scipy.interpolate.BSpline' of traced values takes no other axis than 0.",
            "Write:  np.moveaxis(c, axis, 0)",
        )
    return of_spline(numbers_of(t, "The knots of 'scipy.interpolate.BSpline'"), c, k, extrapolate)


def make_interp_spline(
    x: Any, y: Any, k: int = 3, t: Any = None, bc_type: Any = None, axis: int = 0, **rest: Any
) -> Any:
    """The spline of degree k through the points."""
    if not has_traced((x, y)):
        return Answering(_scipy.make_interp_spline(x, y, k, t, bc_type, axis, **rest))
    if bc_type is not None or axis:
        refuse(
            "'scipy.interpolate.make_interp_spline' of traced values takes neither 'bc_type' nor 'axis'.",
            "Use 'CubicSpline', or lay the axis of the knots first.",
        )
    knots = numbers_of(x, "The knots of 'scipy.interpolate.make_interp_spline'")
    return of_spline(*through(knots, y, k, t), k, True)


def splev(x: Any, tck: Any, der: int = 0, ext: int = 0) -> Any:
    """The value of a spline (t, c, k) at x, or a derivative of it."""
    if not has_traced((x, tck)):
        return _scipy.splev(x, tck, der, ext)
    t, c, k = tck
    if ext:
        refuse(
            "'scipy.interpolate.splev' takes no 'ext' but 0 on traced values.", "Cut x first:  np.clip(x, t[0], t[-1])"
        )
    return of_spline(numbers_of(t, "The knots of 'scipy.interpolate.splev'"), c, k, True)(x, der)


def splrep(x: Any, y: Any, *args: Any, k: int = 3, s: float | None = None, **options: Any) -> Any:
    """The knots, coefficients and degree of the spline through the points."""
    if not has_traced((x, y)):
        return _scipy.splrep(x, y, *args, k=k, s=s, **options)
    if args or options or s:
        refuse(
            "'scipy.interpolate.splrep' of traced values gives the spline through all points alone.",
            "Write:  splrep(x, y)",
        )
    places = numbers_of(x, "The places of 'scipy.interpolate.splrep'")
    t, c = through(places, y, k)
    return t, np.concatenate([c, np.zeros(k + 1)]), k


class Univariate(InPlaceOf):
    """UnivariateSpline: a spline through all points of traced values, or one of numbers at traced places."""

    def __init__(self, of: Piecewise, ext: Any, original: Any = None) -> None:
        self._of, self._ext, self._original = of, ext, original

    def __getattr__(self, name: str) -> Any:
        if self._original is None or name.startswith("__"):
            raise AttributeError(f"A spline of traced values has no '{name}': it has a call, derivative and integral.")
        return getattr(self._original, name)

    def __call__(self, x: Any, nu: int = 0, ext: Any = None) -> Any:
        """The value, or its derivative of order `nu`."""
        if self._original is not None and not has_traced(x):
            return self._original(x, nu, ext)
        ext = self._ext if ext is None else ext
        if ext in (1, "zeros"):
            x = asarray(x)
            low, high = float(self._of.x[0]), float(self._of.x[-1])
            return np.where(np.logical_and(x >= low, x <= high), self._of(x, nu), 0.0)
        if ext in (3, "const"):
            return self._of(np.clip(asarray(x), float(self._of.x[0]), float(self._of.x[-1])), nu)
        return self._of(x, nu)

    def derivative(self, n: int = 1) -> Univariate:
        """The derivative as a spline."""
        return Univariate(self._of.derivative(n), self._ext)

    def integral(self, a: Any, b: Any) -> Any:
        """The integral from a to b."""
        return self._of.integrate(a, b)


def _univariate(name: str) -> Any:
    def make(
        x: Any, y: Any, w: Any = None, bbox: Any = (None,) * 2, k: int = 3, s: Any = None, ext: Any = 0, **rest: Any
    ) -> Any:
        """A spline of degree k of samples."""
        if not has_traced((x, y, w)):
            given = {"w": w, "bbox": list(bbox), "k": k, "ext": ext, **rest}
            return answering(getattr(_scipy, name)(x, y, **given, **({"s": s} if name == "UnivariateSpline" else {})))
        if (name == "UnivariateSpline" and s != 0) or w is not None or any(end is not None for end in bbox):
            refuse(
                f"'scipy.interpolate.{name}' of traced values goes through all points.",
                "Write:  UnivariateSpline(x, y, s=0), or make_interp_spline(x, y)",
            )
        t, c, k = splrep(x, y, k=k)
        return Univariate(of_spline(t, c, k, True), ext)

    make.__name__ = name
    return make


UnivariateSpline = _univariate("UnivariateSpline")
InterpolatedUnivariateSpline = _univariate("InterpolatedUnivariateSpline")


def interpn(
    points: Any, values: Any, xi: Any, method: str = "linear", bounds_error: bool = True, fill_value: Any = np.nan
) -> Any:
    """`RegularGridInterpolator` at points."""
    if not has_traced((points, values, xi)):
        return _scipy.interpn(points, values, xi, method, bounds_error, fill_value)
    return OnGrid(points, values, method, bounds_error, fill_value)(xi)


def Akima1DInterpolator(x: Any, y: Any, axis: int = 0, **options: Any) -> Any:
    """Akima's interpolant of numbers, at places that may be traced."""
    if has_traced((x, y)):
        refuse(
            "'scipy.interpolate.Akima1DInterpolator' has no derivative by its values.",
            "Use one of:  CubicSpline, PchipInterpolator",
        )
    return Answering(_scipy.Akima1DInterpolator(x, y, axis, **options))


def PPoly(c: Any, x: Any, extrapolate: Any = None, axis: int = 0) -> Any:
    """Piecewise polynomials by their coefficients and breaks."""
    if not has_traced((c, x)):
        return Answering(_scipy.PPoly(c, x, extrapolate, axis))
    breaks = numbers_of(x, "The breaks of 'scipy.interpolate.PPoly'")
    return Piecewise(asarray(c), breaks, True if extrapolate is None else extrapolate, axis)


# ---------------------------------------------------------------- samples


class Between(InPlaceOf):
    """interp1d: between samples, by straight lines, the nearest sample or a spline."""

    def __init__(self, x: Any, y: Any, kind: Any, like: Any = None, **options: Any) -> None:
        self.x, self.kind = numbers_of(x, "The places of 'scipy.interpolate.interp1d'"), kind
        self.y = asarray(y)
        axis = options.get("axis", -1) if like is None else like._y_axis
        self.axis = axis % len(self.y.shape)
        fill = options.get("fill_value", np.nan) if like is None else like.fill_value
        self.extrapolate = (isinstance(fill, str) and fill == "extrapolate") or (like is not None and like._extrapolate)
        self.low, self.high = (np.nan, np.nan) if isinstance(fill, str) else self._sides(fill)
        raised = options.get("bounds_error") if like is None else like.bounds_error
        given = like is not None or "fill_value" in options
        self.raises = (not given if raised is None else bool(raised)) and not self.extrapolate
        order = np.argsort(self.x, kind="mergesort")
        self.x, moved = self.x[order], np.moveaxis(self.y, self.axis, 0)[order]
        self.moved = moved

    @staticmethod
    def _sides(fill: Any) -> tuple[Any, Any]:
        return fill if isinstance(fill, tuple) and len(fill) == 2 else (fill, fill)  # pyright: ignore[reportUnknownVariableType]

    def __call__(self, x: Any) -> Any:
        """The value at places."""
        at = asarray(x)
        low, high = float(self.x[0]), float(self.x[-1])
        below, above = at < low, at > high
        if self.raises and bool(np.any(np.logical_or(below, above))):
            raise ValueError("A value in x_new is outside the interpolation range.")
        inner = len(self.moved.shape) - 1
        found = self._values(at, inner)
        if not self.extrapolate:
            wide = tuple(at.shape) + (1,) * inner
            found = np.where(np.reshape(above, wide), self.high, found)
            found = np.where(np.reshape(below, wide), self.low, found)
        return Piecewise(np.zeros((1, 1)), [0.0, 1.0], True, self.axis).placed(found, len(at.shape))

    def _values(self, at: Any, inner: int) -> Any:
        n, x, y = len(self.x), self.x, self.moved
        kind: Any = {"slinear": 1, "linear": 1, "quadratic": 2, "cubic": 3}.get(self.kind, self.kind)
        if kind == 1:
            place = np.clip(np.searchsorted(x, at, side="left"), 1, n - 1)
            left, below = entries_at(x, place - 1), entries_at(y, place - 1)
            part = np.reshape((at - left) / (entries_at(x, place) - left), tuple(at.shape) + (1,) * inner)
            return below + (entries_at(y, place) - below) * part
        if kind in ("nearest", "nearest-up"):
            middles = (x[1:] + x[:-1]) / 2
            return entries_at(y, np.searchsorted(middles, at, side="left" if kind == "nearest" else "right"))
        if kind in ("previous", "zero", 0):
            return entries_at(y, np.clip(np.searchsorted(x, at, side="right") - 1, 0, n - 1))
        if kind == "next":
            return entries_at(y, np.clip(np.searchsorted(x, at, side="left"), 0, n - 1))
        return np.tensordot(cardinal(x, int(kind))(at), y, 1)


def interp1d(x: Any, y: Any, kind: Any = "linear", axis: int = -1, **options: Any) -> Any:
    """A function between samples."""
    if not has_traced((x, y, options)):
        return Answering(_scipy.interp1d(x, y, kind, axis, **options))
    return Between(x, y, kind, axis=axis, **options)


def RegularGridInterpolator(
    points: Any, values: Any, method: str = "linear", bounds_error: bool = True, fill_value: Any = np.nan, **rest: Any
) -> Any:
    """A function between values on a grid."""
    if not has_traced((points, values)):
        return Answering(_scipy.RegularGridInterpolator(points, values, method, bounds_error, fill_value, **rest))
    return OnGrid(points, values, method, bounds_error, fill_value)


def RectBivariateSpline(
    x: Any, y: Any, z: Any, bbox: Any = (None,) * 4, kx: int = 3, ky: int = 3, s: float = 0, **rest: Any
) -> Any:
    """The spline of two variables through values on a grid."""
    if not has_traced((x, y, z)):
        return Answering(_scipy.RectBivariateSpline(x, y, z, list(bbox), kx, ky, s, **rest))
    if s or any(end is not None for end in bbox):
        refuse(
            "'scipy.interpolate.RectBivariateSpline' of traced values takes neither 's' nor 'bbox'.",
            "Leave them out: the spline goes through the values.",
        )
    return Surface.through(x, y, z, kx, ky)
