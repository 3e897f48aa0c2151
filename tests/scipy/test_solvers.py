"""Integrals, differential equations, roots and minima of SciPy: values are SciPy's, derivatives those of differences."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, optimize
from scipy.integrate import odeint, quad, solve_ivp
from scipy.optimize import brentq, curve_fit, least_squares, minimize

import wengert as wg
from tests.scripts.test_scripts import differences
from wengert.errors import TraceError

X = np.linspace(0.0, 2.0, 9)
Y = 1.3 * np.exp(-0.7 * X) + 0.05 * np.cos(5 * X)


def decay(x, a, b):
    return a * np.exp(-b * x)


def swing(t, y, k):
    return [y[1], -k * np.sin(y[0])]


def by_ivp(method, **options):
    return lambda p: solve_ivp(
        swing, (0.0, 1.5), [p[0], 0.1], method, args=(p[1],), rtol=1e-9, atol=1e-10, **options
    ).y.sum()


CASES = {
    "quad": lambda p: quad(lambda x: np.exp(-p[0] * x * x), 0.0, p[1])[0],
    "quad to infinity": lambda p: quad(lambda x, a: np.exp(-a * x * x) * p[1], -np.inf, np.inf, args=(p[0],))[0],
    "quad from a number on": lambda p: quad(lambda x: np.exp(-p[0] * x), p[1], np.inf)[0],
    "trapezoid": lambda p: integrate.trapezoid([p[0], p[1], p[0] * p[1]], dx=0.3),
    "cumulative_trapezoid": lambda p: integrate.cumulative_trapezoid(p[0] * Y**2, X * p[1], initial=0)[3],
    "simpson": lambda p: integrate.simpson(p[0] * Y * np.sin(p[1] * X), x=X),
    "RK45": by_ivp("RK45", t_eval=[0.4, 1.5]),
    "RK23": by_ivp("RK23", t_eval=[0.4, 1.5]),
    "DOP853": by_ivp("DOP853", t_eval=[0.0, 0.4, 1.5]),
    "odeint": lambda p: odeint(lambda y, t: [y[1], -p[1] * np.sin(y[0])], [p[0], 0.0], [0.0, 0.5, 1.0])[-1].sum(),
    "from a time to a time": lambda p: solve_ivp(swing, (0.3 * p[0], p[1]), [p[0], 0.1], args=(2.0,), rtol=1e-10, atol=1e-11).y[:, -1].sum(),
    "at times": lambda p: solve_ivp(swing, (0.0, 2.0), [1.0, 0.1], "RK45", p * 1.2, args=(p[1],), rtol=1e-10, atol=1e-11).y.sum(),
    "at times by DOP853": lambda p: solve_ivp(swing, (p[1], 0.0), [1.0, 0.1], "DOP853", [0.9 * p[1], 0.2 * p[0]], args=(p[1],), rtol=1e-10, atol=1e-11).y.sum(),
    "dense output": lambda p: solve_ivp(swing, (0.0, 2.0), [1.0, 0.1], dense_output=True, args=(p[1],), rtol=1e-10, atol=1e-11).sol(p * p[1]).sum(),
    "fixed_point": lambda p: optimize.fixed_point(lambda x: p[0] * np.cos(x * p[1]), 1.0, xtol=1e-12),
    "differential_evolution": lambda p: optimize.differential_evolution(lambda x: (x[0] - p[0]) ** 2 + np.cosh(x[0] * p[1]), [(-3.0, 3.0)], rng=1).fun,
    "brentq": lambda p: brentq(lambda x: x**3 + p[0] * x - p[1], 0.0, 3.0),
    "newton": lambda p: optimize.newton(lambda x: np.exp(x) - p[0] * p[1] - 2, 0.5),
    "root_scalar": lambda p: optimize.root_scalar(lambda x: x * x - p[0] - p[1], bracket=[0, 5]).root,
    "root": lambda p: optimize.root(lambda x: [x[0] - x[1] - p[0], x[0] * x[1] ** 3 - p[1]], [1.6, 0.9]).x.sum(),
    "fsolve": lambda p: optimize.fsolve(lambda x, a: np.array([x[0] ** 3 - a, x[1] + x[0] - p[1]]), [1.0, 1.0], args=(p[0],))[1],
    "minimize": lambda p: minimize(lambda x: (x[0] - p[0]) ** 2 + np.exp(x[1]) - p[1] * x[1], [0.0, 0.0]).x.sum(),
    "minimize, its value": lambda p: minimize(lambda x: (x[0] - p[0]) ** 2 + np.cosh(x[0] * p[1]), [0.0]).fun,
    "minimize_scalar": lambda p: optimize.minimize_scalar(lambda x: (x - p[0]) ** 2 + p[1] * x**4).x,
    "least_squares": lambda p: least_squares(lambda x: x[0] * np.exp(-x[1] * X) - Y * p[0] + 0.1 * p[1] * X, [1.0, 1.0]).x.sum(),
    "curve_fit": lambda p: np.sum(curve_fit(decay, X, p[0] * Y + 0.1 * p[1] * X, p0=[1.0, 1.0])[0]),
    "curve_fit's covariance": lambda p: 1e2 * np.sum(curve_fit(decay, X, p[0] * Y + 0.1 * p[1] * X, p0=[1.0, 1.0], sigma=1 + X)[1]),
}  # fmt: skip
ROUGH = {
    "least_squares": 1e-5,"minimize": 1e-6, "minimize_scalar": 1e-5, "odeint": 1e-5, "curve_fit": 1e-5, "curve_fit's covariance": 1e-5, "root": 1e-6, "newton": 1e-6}  # fmt: skip
"""How far SciPy's own values are from the solution, by which differences of them are wrong."""
POINT = np.array([0.8, 1.1])


@pytest.mark.parametrize("name", CASES)
def test_a_solver_has_its_derivative(name):
    f = CASES[name]
    tolerance = ROUGH.get(name, 1e-8)
    both = wg.value_and_grad(f)
    expected = differences(f, POINT)
    for _ in range(3):
        value, gradient = both(POINT)
        np.testing.assert_allclose(value, f(POINT), rtol=max(tolerance, 1e-10))
        np.testing.assert_allclose(gradient, expected, atol=max(50 * tolerance, 1e-7) if tolerance > 1e-8 else 1e-7)


def test_second_derivatives_go_through_a_root():
    # x³ = p
    second = wg.grad(wg.grad(lambda p: brentq(lambda x: x**3 - p, 0.0, 3.0)))(2.0)
    np.testing.assert_allclose(second, -2 / 9 * 2.0 ** (-5 / 3), rtol=1e-10)


def test_what_has_no_derivative_is_refused_by_name():
    with pytest.raises(TraceError, match=r"'scipy\.integrate\.solve_ivp' has no derivative with events"):
        wg.grad(lambda p: solve_ivp(lambda t, y: -p * y, (0, 1), [1.0], events=lambda t, y: y[0]).y[0, -1])(1.0)
    with pytest.raises(TraceError, match="the method 'BDF'"):
        wg.grad(lambda p: solve_ivp(lambda t, y: -p * y, (0, 1), [1.0], "BDF").y[0, -1])(1.0)
    with pytest.raises(TraceError, match=r"'scipy\.optimize\.root' has not converged"):
        wg.grad(lambda p: optimize.root(lambda x: x * x + p, [1.0]).x[0])(1.0)
    with pytest.raises(TraceError, match="a bound or a constraint holds the minimum"):
        wg.grad(lambda p: minimize(lambda x: (x[0] + p) ** 2, [1.0], bounds=[(0, None)]).x[0])(1.0)


def test_the_times_of_odeint_have_derivatives():
    def f(t):
        return odeint(lambda y, t: [-np.sin(t) * y[0]], [2.0], t)[-1, 0]

    t = np.array([0.1, 0.5, 0.9])
    y = 2.0 * np.exp(np.cos(0.9) - np.cos(0.1))
    np.testing.assert_allclose(wg.grad(f)(t), [np.sin(0.1) * y, 0.0, -np.sin(0.9) * y], atol=1e-8)


INTEGRALS = {
    "dblquad": lambda p: integrate.dblquad(lambda y, x: np.exp(-p[0] * x * y) * p[1], 0, p[2], 0, lambda x: x**2 + p[1])[0],
    "nquad": lambda p: integrate.nquad(lambda x, y, a: np.sin(a * x) * y + p[1], [lambda y, a: (0, y), (0.0, p[2])], args=(p[0],))[0],
}  # fmt: skip


@pytest.mark.parametrize("name", INTEGRALS)
def test_an_integral_of_several_variables_has_its_derivatives(name):
    f, p = INTEGRALS[name], np.array([0.7, 0.9, 1.1])
    expected = [(f(p + h) - f(p - h)) / 2e-5 for h in 1e-5 * np.eye(3)]
    value, gradient = wg.value_and_grad(f)(p)
    np.testing.assert_allclose(value, f(p), rtol=1e-12)
    np.testing.assert_allclose(gradient, expected, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(wg.compile(wg.grad(f))(p), gradient, rtol=1e-10)


@pytest.mark.parametrize("compiled", [False, True])
def test_an_end_moves_over_a_jump(compiled):
    def f(p):
        return quad(lambda x: np.where(x < 0.5, np.exp(-p[0] * x), p[0] * x), 0, p[1], points=[0.5])[0]

    gradient = wg.compile(wg.grad(f)) if compiled else wg.grad(f)
    p = np.array([0.7, 1.5])
    expected = [(f(p + h) - f(p - h)) / 2e-6 for h in 1e-6 * np.eye(2)]
    np.testing.assert_allclose(gradient(p), expected, rtol=1e-8)


def test_an_integrand_that_asks_for_its_number_is_integrated():
    f = lambda p: quad(lambda x: np.exp(-p[0] * x) if x < 0.5 else p[0] * x, 0, p[1], points=[0.5])[0]  # noqa: E731
    p = np.array([0.7, 1.5])
    np.testing.assert_allclose(wg.grad(f)(p), [differences(f, p)[0], 1.05], rtol=1e-7)
