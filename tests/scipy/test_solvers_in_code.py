"""Solvers of SciPy in functions that are written down: compiled, mapped, in loops and inside of second derivatives."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize
from scipy.integrate import odeint, quad, solve_ivp
from scipy.optimize import brentq, minimize, newton

import wengert as wg
from tests.scipy.test_solvers import CASES, POINT, ROUGH, swing
from tests.scripts.test_scripts import differences
from wengert.core.ir.walk import topological
from wengert.errors import TraceError
from wengert.targets.native.support import is_native

DENSE = {"dense output", "trapezoid", "cumulative_trapezoid", "simpson"}
"""What is refused in code, and what is no solver."""


@pytest.mark.parametrize("name", sorted(CASES.keys() - DENSE))
def test_a_compiled_solver_is_the_solver(name):
    f = CASES[name]
    gradient = wg.compile(wg.grad(f))
    for point in (POINT, 1.03 * POINT):
        np.testing.assert_allclose(gradient(point), wg.grad(f)(point), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(wg.compile(f)(POINT), f(POINT), rtol=max(1e-7, ROUGH.get(name, 0.0)))


@pytest.mark.parametrize("method", ["RK23", "RK45", "DOP853"])
@pytest.mark.parametrize("end", [1.5, -1.5])
def test_a_loop_of_steps_is_that_of_scipy_to_rounding(method, end):
    times = np.linspace(0.0, end, 7)

    def f(p):
        found = solve_ivp(swing, (0.0, end), [p[0], 0.1], method, times, args=(p[1],), rtol=1e-6, atol=1e-8)
        assert found.success
        return found.y

    rounded = 1e-10 if method == "DOP853" else 1e-12  # its errors are small differences, which choose the steps
    np.testing.assert_allclose(wg.compile(f)(POINT), f(POINT), rtol=rounded, atol=1e-14)


@pytest.mark.parametrize("options", [{}, {"max_step": 0.02}, {"first_step": 1e-3}, {"atol": np.array([1e-4, 1e-9])}])
def test_options_of_steps_are_those_of_scipy(options):
    def f(p):
        return solve_ivp(swing, (0.0, 2.0), [p[0], 0.1], args=(p[1],), **options).y[:, -1]

    np.testing.assert_allclose(wg.compile(f)(POINT), f(POINT), rtol=1e-12)


def test_the_end_of_steps_is_read_without_times():
    def f(p):
        found = solve_ivp(swing, (0.0, p[1]), [p[0], 0.1], args=(2.0,), rtol=1e-8, atol=1e-9)
        return found.y[0, -1] + found.y[:, 0].sum() + found.t[-1]

    np.testing.assert_allclose(wg.compile(wg.grad(f))(POINT), wg.grad(f)(POINT), rtol=1e-6)
    with pytest.raises(TraceError, match="the size of its result is not known here"):
        wg.compile(lambda p: solve_ivp(swing, (0.0, 1.0), [p, 0.1], args=(2.0,)).y[:, 3])(0.4)


def test_the_steps_of_an_equation_have_second_derivatives():
    # ẏ = −p y
    def f(p):
        return solve_ivp(lambda t, y: -p * y, (0.0, 1.0), [2.0], rtol=1e-10, atol=1e-12).y[0, -1]

    np.testing.assert_allclose(wg.compile(wg.grad(wg.grad(f)))(0.7), 2.0 * np.exp(-0.7), rtol=1e-8)


def test_a_step_that_is_too_small_gives_no_number():
    both = wg.compile(wg.value_and_grad(lambda p: solve_ivp(lambda t, y: p * y * y, (0.0, 2.0), [1.0]).y[0, -1]))
    assert np.isfinite(both(0.1)).all()
    assert np.isnan(both(1.0)).all()
    outside = wg.compile(lambda t: solve_ivp(lambda t, y: -t * y, (0.0, 1.0), [1.0], t_eval=t).y[0])
    assert list(np.isnan(outside(np.array([0.5, 1.5])))) == [False, True]
    with pytest.raises(ValueError, match="within `t_span`"):
        wg.compile(lambda p: solve_ivp(lambda t, y: p * y, (0.0, 1.0), [1.0], t_eval=[1.5]).y[0])(1.0)


def test_steps_and_what_follows_them_are_code_together():
    # what stands between the loop of steps and its way back must not keep both from being code
    def f(p):
        return np.log(solve_ivp(lambda t, y: -p * y, (0.0, 1.0), [2.0], t_eval=[0.5, 1.0]).y).sum()

    graph = wg.trace(wg.grad(f))(0.7)
    assert [node.op.name for node in topological(graph.outputs) if not is_native(node) and node.op.kind != "leaf"] == []


def test_solvers_are_mapped_over_rows():
    p = np.array([1.0, 2.0, 8.0])
    slopes = wg.vmap(wg.grad(lambda p: brentq(lambda x: x**3 - p, 0.0, 3.0)))(p)
    np.testing.assert_allclose(slopes, p ** (-2 / 3) / 3, rtol=1e-12)
    ends = wg.vmap(lambda p: odeint(lambda y, t: -p * y, 1.0, [0.0, 1.0])[-1, 0])(p)
    np.testing.assert_allclose(ends, np.exp(-p), rtol=1e-9)
    areas = wg.vmap(wg.grad(lambda p: quad(lambda x: np.exp(-p * x), 0.0, np.inf)[0]))(p)
    np.testing.assert_allclose(areas, -1 / p**2, rtol=1e-9)


def test_a_root_is_found_in_every_step_of_a_loop():
    # x = p + q y, y³ + y = x: q dy/dp = q/(3 y² + 1 − q) of the last step where each begins anew
    def f(p):
        return wg.scan(lambda c, q: (brentq(lambda y: y**3 + y - c - q, 0.0, 5.0), None), p, np.array([1.0, 2.0]))[0]

    first = optimize.brentq(lambda y: y**3 + y - 1.5, 0.0, 5.0)
    second = optimize.brentq(lambda y: y**3 + y - first - 2.0, 0.0, 5.0)
    expected = 1 / ((3 * first**2 + 1) * (3 * second**2 + 1))
    for gradient in (wg.grad(f), wg.compile(wg.grad(f))):
        np.testing.assert_allclose(gradient(0.5), expected, rtol=1e-10)


def test_the_hessian_of_a_minimum_goes_through_code():
    def f(p):
        return minimize(lambda x: (x[0] - p[0]) ** 2 + np.cosh(x[0] * p[1]), [0.0]).fun

    np.testing.assert_allclose(wg.compile(wg.hessian(f))(POINT), wg.hessian(f)(POINT), rtol=1e-8)


def test_newton_takes_arrays_entry_by_entry():
    # E − e sin E = M
    m = np.array([0.1, 0.2, 3.0])

    def f(e):
        return np.sum(newton(lambda x: x - e * np.sin(x) - m, m, fprime=lambda x: 1 - e * np.cos(x), tol=1e-13))

    for gradient in (wg.grad(f), wg.compile(wg.grad(f))):
        np.testing.assert_allclose(gradient(0.3), differences(lambda x: f(x[0]), np.array([0.3]))[0], rtol=1e-8)
    with pytest.raises(TraceError, match=r"'scipy\.optimize\.newton' has not converged.*to converge"):
        wg.grad(lambda a: newton(lambda x: x * x + a, np.array([1.0, 2.0]), maxiter=5).sum())(2.0)


@pytest.mark.parametrize("compiled", [False, True])
def test_what_has_no_derivative_is_refused_in_code_too(compiled):
    def gradient(f):
        return wg.compile(wg.grad(f)) if compiled else wg.grad(f)

    with pytest.raises(TraceError, match=r"'scipy\.optimize\.root' has not converged"):
        gradient(lambda p: optimize.root(lambda x: x * x + p, [1.0]).x[0])(1.0)
    with pytest.raises(TraceError, match="a bound or a constraint holds the minimum"):
        gradient(lambda p: minimize(lambda x: (x[0] + p) ** 2, [1.0], bounds=[(0, None)]).x[0])(1.0)
    for valley in (lambda x: x[0] - x[1], lambda x: np.sinh(x[0] - x[1])):
        with pytest.raises(TraceError, match="where the solution is not unique"):
            gradient(lambda p: minimize(lambda x: (valley(x) - p) ** 2, [1.0, 2.0]).x[0])(0.7)  # noqa: B023
    with pytest.raises(TraceError, match=r"'scipy\.optimize\.curve_fit' has not converged"):
        gradient(lambda p: optimize.curve_fit(lambda x, a, b: a * np.exp(b * x), np.arange(9.0), p * np.arange(9.0), maxfev=3)[0][0])(1.0)  # fmt: skip
    with pytest.raises(TraceError, match="a bound or a constraint holds the minimum"):
        gradient(lambda p: optimize.curve_fit(lambda x, a: a * x, np.arange(9.0), p * np.arange(9.0), p0=[0.2], bounds=(0, 0.5))[0][0])(1.0)  # fmt: skip
    with pytest.raises(TraceError, match="extrapolates here towards a singular point"):
        gradient(lambda p: quad(lambda x: p / np.sqrt(x), 0.0, 1.0)[0])(1.0)


@pytest.mark.parametrize("search", [optimize.dual_annealing, optimize.shgo, optimize.differential_evolution])
@pytest.mark.parametrize("compiled", [False, True])
def test_a_search_in_a_box_has_its_derivative(search, compiled):
    # x − p + sinh(x)/2 = 0
    options = {} if search is optimize.shgo else {"rng": 1, "maxiter": 40}

    def f(p):
        return search(lambda x: (x[0] - p) ** 2 + np.cosh(x[0]), [(-3.0, 3.0)], **options).x[0]

    x = optimize.brentq(lambda x: x - 1.2 + np.sinh(x) / 2, -3.0, 3.0)
    gradient = wg.compile(wg.grad(f)) if compiled else wg.grad(f)
    np.testing.assert_allclose(gradient(1.2), 1 / (1 + np.cosh(x) / 2), rtol=1e-6)


def test_dense_output_is_asked_at_any_times_in_code_too():
    def f(p):
        found = solve_ivp(lambda t, y: [y[1], -p[0] * y[0]], (0, 3), [p[1], 0.2], dense_output=True, rtol=1e-8)
        return np.sum(found.sol(np.array([2.5, 0.3, 1.1]))[0] ** 2) + found.sol(1.7)[1]

    p = np.array([1.3, 0.7])
    np.testing.assert_allclose(wg.compile(f)(p), f(p), rtol=1e-12)
    np.testing.assert_allclose(wg.compile(wg.grad(f))(p), wg.grad(f)(p), rtol=1e-9)


@pytest.mark.parametrize("compiled", [False, True])
def test_an_assignment_stays_where_the_costs_move(compiled):
    def f(x):
        costs = np.abs(x[:, None] - np.arange(4.0))
        rows, columns = optimize.linear_sum_assignment(costs)
        return np.sum(costs[rows, columns] ** 2)

    gradient = wg.compile(wg.grad(f)) if compiled else wg.grad(f)
    np.testing.assert_allclose(gradient(np.array([2.2, 0.1, 2.9])), 2 * np.array([0.2, 0.1, -0.1]), rtol=1e-9)
