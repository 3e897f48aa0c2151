"""Interpolants of SciPy: values are SciPy's, derivatives by places and by values those of differences, in every tier."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import interpolate
from scipy.interpolate import BSpline, CubicSpline, PchipInterpolator, RegularGridInterpolator, interp1d, splev

import wengert as wg
from tests.scripts.test_scripts import differences
from wengert.errors import TraceError

X = np.array([0.0, 0.7, 1.5, 2.0, 3.1, 4.0, 4.6])
Y = np.sin(X) + 0.3 * X
AT = np.array([0.3, 1.2, 2.4, 3.9, -0.2, 5.0])
INSIDE = AT[:4]
GRID = (np.linspace(0, 1, 4), np.linspace(0, 2, 5))
VALUES = np.random.default_rng(0).normal(size=(4, 5))
POINTS = np.array([[0.2, 0.3], [0.5, 1.9], [0.9, 1.1]])
T, K = np.array([0, 0, 0, 0, 1.0, 2.0, 3.0, 3.0, 3.0, 3.0]), 3
FIXED = CubicSpline(X, Y)
GIVEN = interp1d(X, Y, kind="quadratic")
TABLE = RegularGridInterpolator(GRID, VALUES)


def with_ends(y):
    return np.concatenate([y[:-1], y[:1]])


BY_VALUES = {
    "not-a-knot": lambda y: CubicSpline(X, y)(AT),
    "natural": lambda y: CubicSpline(X, y, bc_type="natural")(AT, 1),
    "clamped": lambda y: CubicSpline(X, y, bc_type="clamped").derivative(2)(AT),
    "zero slopes": lambda y: CubicSpline(X, y, bc_type=((1, 0.0), (2, 0.0)))(AT),
    "periodic": lambda y: CubicSpline(X, with_ends(y), bc_type="periodic")(AT),
    "integral": lambda y: CubicSpline(X, y).integrate(0.2, 3.3),
    "no extrapolation": lambda y: CubicSpline(X, y, extrapolate=False)(INSIDE),
    "columns": lambda y: CubicSpline(X, np.stack([y, y**2], axis=1))(AT),
    "rows": lambda y: CubicSpline(X, np.stack([y, y**2]), axis=1)(AT),
    "pchip": lambda y: PchipInterpolator(X, y)(AT),
    "hermite": lambda y: interpolate.CubicHermiteSpline(X, y, y**2)(AT),
    "linear": lambda y: interp1d(X, y)(INSIDE),
    "filled": lambda y: interp1d(X, y, bounds_error=False, fill_value=(1.0, 2.0))(AT),
    "extrapolated": lambda y: interp1d(X, y, fill_value="extrapolate")(AT),
    "cubic": lambda y: interp1d(X, y, kind="cubic")(INSIDE),
    "quadratic": lambda y: interp1d(X, y, kind=2)(INSIDE),
    "nearest": lambda y: interp1d(X, y, kind="nearest")(INSIDE),
    "previous": lambda y: interp1d(X, y, kind="previous")(INSIDE),
    "next": lambda y: interp1d(X, y, kind="next")(INSIDE),
    "rows of samples": lambda y: interp1d(X, np.stack([y, y**2]))(INSIDE),
    "columns of samples": lambda y: interp1d(X, np.stack([y, y**2], axis=1), axis=0)(INSIDE),
    "B-spline": lambda y: BSpline(T, y[:6], K)(AT[:3]),
    "splev": lambda y: splev(AT[:3], (T, y[:6], K)),
    "spline through points": lambda y: interpolate.make_interp_spline(X, y, 3)(INSIDE),
    "grid": lambda y: RegularGridInterpolator(GRID, VALUES * y[0] + y[1])(POINTS),
    "outside of the grid": lambda y: RegularGridInterpolator(GRID, VALUES * y[0], bounds_error=False)(POINTS),
}
BY_PLACES = {
    "cubic spline": lambda x: FIXED(x),
    "its derivative": lambda x: FIXED.derivative()(x),
    "its integral": lambda x: FIXED.integrate(x[0], x[2]),
    "made in the function": lambda x: CubicSpline(X, Y)(x),
    "pchip": lambda x: PchipInterpolator(X, Y)(x),
    "quadratic": lambda x: GIVEN(x),
    "linear": lambda x: interp1d(X, Y)(x),
    "B-spline": lambda x: BSpline(T, Y[:6], K)(x / 2),
    "splev": lambda x: splev(x / 2, (T, Y[:6], K), 1),
    "grid": lambda x: TABLE(np.stack([x[:3] / 4, x[1:] / 4], axis=1)),
    "one point": lambda x: TABLE([x[0], x[1]]),
    "nearest on a grid": lambda x: RegularGridInterpolator(GRID, VALUES, method="nearest")((x[0], x[1])) + x[0],
    "akima": lambda x: interpolate.Akima1DInterpolator(X, Y)(x),
}


@pytest.mark.parametrize(
    ("f", "point"),
    [*((f, Y) for f in BY_VALUES.values()), *((f, INSIDE) for f in BY_PLACES.values())],
    ids=[*BY_VALUES, *(f"places: {name}" for name in BY_PLACES)],
)
def test_an_interpolant_has_its_value_and_derivatives(f, point):
    weights = np.cos(np.arange(np.size(f(point)))).reshape(np.shape(f(point)))

    def total(p):
        return np.sum(f(p) * weights)

    value, gradient = wg.value_and_grad(total)(point)
    np.testing.assert_allclose(value, total(point), rtol=1e-11, atol=1e-13)
    expected = differences(total, point)
    np.testing.assert_allclose(gradient, expected, atol=1e-7 * max(1, np.abs(expected).max()))
    compiled = wg.compile(wg.value_and_grad(total), backend="interpreter")(point)
    np.testing.assert_allclose(compiled[0], value, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(compiled[1], gradient, atol=1e-11 * max(1, np.abs(expected).max()))


def test_knots_that_move_and_methods_that_are_not_there_are_refused_by_name():
    with pytest.raises(TraceError, match=r"The knots of 'scipy.interpolate.CubicSpline' are numbers"):
        wg.grad(lambda p: CubicSpline(p * X, Y)(0.3))(1.2)
    with pytest.raises(TraceError, match="RegularGridInterpolator' has no derivative with method='pchip'"):
        wg.grad(lambda p: RegularGridInterpolator(GRID, p * VALUES, method="pchip")(POINTS).sum())(1.2)
    with pytest.raises(ValueError, match="outside the interpolation range"):
        wg.grad(lambda p: interp1d(X, p * Y)(9.0))(1.2)
