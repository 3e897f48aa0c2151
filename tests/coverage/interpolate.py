"""Samples of scipy.interpolate: interpolants of values at places, both of which move."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import interpolate as scipy_interpolate
from scipy.sparse.linalg import spsolve

from tests.coverage.samples import Sample
from wengert.scipy import interpolate

RNG = np.random.default_rng(14)
X = np.array([0.0, 0.7, 1.5, 2.0, 3.1, 4.0])
Y, ROWS, AT, FAR = RNG.normal(size=6), RNG.normal(size=(6, 2)), np.array([0.3, 1.2, 3.7]), np.array([-0.4, 4.6])
T = np.array([0, 0, 0, 0, 1.0, 2.0, 3.0, 3.0, 3.0, 3.0])
GRID, VALUES = (np.linspace(0, 1, 4), np.linspace(0, 2, 3)), RNG.normal(size=(4, 3))
FINE, TABLE = (np.linspace(0, 1, 5), np.linspace(0, 2, 6)), RNG.normal(size=(5, 6))
EXACT = {"solver": spsolve}
"""SciPy finds the coefficients by iteration otherwise, to six digits."""
POINTS = np.array([[0.2, 0.3], [0.5, 1.9]])


def _of(name: str, make: Callable[..., Any], *arguments: Any, **options: Any) -> tuple[Sample, ...]:
    """Samples of make(module, *arguments), once with SciPy and once with what stands for it."""

    def by(module: Any) -> Callable[..., Any]:
        return lambda *args: make(module, *args)

    entry = getattr(scipy_interpolate, name)
    given: dict[str, Any] = {"complex_step": False, "single": False, **options}
    return tuple(
        Sample(entry, a, {}, call=by(interpolate), reference=by(scipy_interpolate), **given) for a in arguments
    )


SAMPLES = (
    *_of("CubicSpline", lambda m, y, x: m.CubicSpline(X, y)(x), (Y, AT), (Y, FAR), (ROWS, AT)),
    *_of("CubicSpline", lambda m, y, x: m.CubicSpline(X, y, bc_type="natural")(x, 1), (Y, AT)),
    *_of("CubicHermiteSpline", lambda m, y, d, x: m.CubicHermiteSpline(X, y, d)(x), (Y, Y**2, AT)),
    *_of("PchipInterpolator", lambda m, y, x: m.PchipInterpolator(X, y)(x), (Y, AT), (ROWS, AT), (Y, FAR)),
    *_of("Akima1DInterpolator", lambda m, x: m.Akima1DInterpolator(X, Y)(x), (AT,)),
    *_of("PPoly", lambda m, c, x: m.PPoly(c, X[:4])(x), (RNG.normal(size=(3, 3)), AT[:2])),
    *_of("BSpline", lambda m, c, x: m.BSpline(T, c, 3)(x), (Y, AT[:2])),
    *_of("splev", lambda m, c, x: m.splev(x, (T, c, 3), 1), (Y, AT[:2])),
    *_of("make_interp_spline", lambda m, y, x: m.make_interp_spline(X, y, 3)(x), (Y, AT)),
    *_of("interp1d", lambda m, y, x: m.interp1d(X, y, fill_value="extrapolate")(x), (Y, AT)),
    *_of("interp1d", lambda m, y, x: m.interp1d(X, y, "cubic", fill_value="extrapolate")(x), (Y, AT)),
    *_of(
        "RegularGridInterpolator",
        lambda m, v, x: m.RegularGridInterpolator(GRID, v, bounds_error=False)(x),
        (VALUES, POINTS),
    ),
    *(
        sample
        for method in ("slinear", "cubic")
        for sample in _of(
            "RegularGridInterpolator",
            lambda m, v, x, method=method: m.RegularGridInterpolator(FINE, v, method, bounds_error=False, **EXACT)(x),
            (TABLE, POINTS + 0.03),
            first=1e-9,
        )
    ),
    *_of(
        "RectBivariateSpline",
        lambda m, v, x: m.RectBivariateSpline(*FINE, v)(x, [0.4, 1.7, 2.9]),
        (TABLE, AT / 4),
        first=1e-9,
    ),
    *_of(
        "RectBivariateSpline",
        lambda m, v, x: m.RectBivariateSpline(*FINE, v, kx=2, ky=3).ev(x, 2 * x, dy=1),
        (TABLE, AT / 4),
        first=1e-9,
    ),
    *_of(
        "RectBivariateSpline",
        lambda m, x: m.RectBivariateSpline(*FINE, TABLE, s=0.1).ev(x, 2 * x),
        (AT / 4,),
        first=1e-9,
    ),
    *_of("splrep", lambda m, y, x: m.splev(x, m.splrep(X, y)), (Y, AT)),
    *_of("UnivariateSpline", lambda m, y, x: m.UnivariateSpline(X, y, s=0)(x), (Y, AT)),
    *_of("UnivariateSpline", lambda m, y: m.UnivariateSpline(X, y, s=0, k=2, ext=1)([0.3, 9.0], 1), (Y,)),
    *_of("UnivariateSpline", lambda m, x: m.UnivariateSpline(X, Y, s=0.5, ext=3)(x), (AT,), (FAR,)),
    *_of("InterpolatedUnivariateSpline", lambda m, y, x: m.InterpolatedUnivariateSpline(X, y)(x), (Y, AT)),
    *_of("interpn", lambda m, v: m.interpn(GRID, v, POINTS), (VALUES,)),
)
