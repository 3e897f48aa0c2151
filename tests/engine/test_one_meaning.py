"""One meaning of a derivative: no call, no route and no neighbour changes a digit that counts.

The true values are those of the formulas on paper, by mpmath where they are no short numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

import wengert as wg

F = Callable[[Any], Any]

with mpmath.workdps(40):
    SIGMOID = float(1 / ((1 + mpmath.exp(-40)) * (1 + mpmath.exp(40))))
    ROOT = float(mpmath.exp(500)), float(mpmath.exp(500) / 2)
    INVERSE_ROOT = float(mpmath.exp(-500)), float(-mpmath.exp(-500) / 2)

CASES: dict[str, tuple[F, float, float, float]] = {
    "σ, whole": (lambda x: 1 / (1 + np.exp(-x)), 40.0, 1.0, SIGMOID),
    "σ, real": (lambda x: 1.0 / (1.0 + np.exp(-x)), 40.0, 1.0, SIGMOID),
    "σ, summands turned": (lambda x: 1 / (np.exp(-x) + 1.0), 40.0, 1.0, SIGMOID),
    "σ, power": (lambda x: (1 + np.exp(-x)) ** -1, 40.0, 1.0, SIGMOID),
    "σ, reciprocal": (lambda x: np.reciprocal(1.0 + np.exp(-x)), 40.0, 1.0, SIGMOID),
    "σ, of eˣ": (lambda x: np.exp(x) / (1 + np.exp(x)), 40.0, 1.0, SIGMOID),
    "σ, 1/eˣ": (lambda x: 1 / (1 + 1 / np.exp(x)), 40.0, 1.0, SIGMOID),
    "σ, far right": (lambda x: np.exp(x) / (1 + np.exp(x)), 1000.0, 1.0, 0.0),
    "log σ": (lambda x: np.log(1 / (1 + np.exp(-x))), -1000.0, -1000.0, 1.0),
    "log (1 + eˣ)": (lambda x: np.log(1 + np.exp(x)), 1000.0, 1000.0, 1.0),
    "log (eˣ + 1.0)": (lambda x: np.log(np.exp(x) + 1.0), 1000.0, 1000.0, 1.0),
    "log1p eˣ": (lambda x: np.log1p(np.exp(x)), 1000.0, 1000.0, 1.0),
    "log (1 + Σ eˣ)": (lambda x: np.log(1 + np.sum(np.exp(np.stack([x, 2 * x])))), 1000.0, 2000.0, 2.0),
    "log1p Σ eˣ": (lambda x: np.log1p(np.sum(np.exp(np.stack([x, 2 * x])))), 1000.0, 2000.0, 2.0),
    "log1p (2 + eˣ)": (lambda x: np.log1p(2 + np.exp(x)), 1000.0, 1000.0, 1.0),
    "log (eˣ + e²ˣ + 1)": (lambda x: np.log(np.exp(x) + (np.exp(2 * x) + 1)), 1000.0, 2000.0, 2.0),
    "tanh x³": (lambda x: np.tanh(x**3), 1e200, 1.0, 0.0),
    "e^(−eˣ)": (lambda x: np.exp(-np.exp(x)), 1000.0, 0.0, 0.0),
    "√eˣ": (lambda x: np.sqrt(np.exp(x)), 1000.0, *ROOT),
    "(eˣ)^½": (lambda x: np.exp(x) ** 0.5, 1000.0, *ROOT),
    "arctan 1/x": (lambda x: np.arctan(1 / x), 1e-200, math.pi / 2, -1.0),
    "arctan 1/x, left": (lambda x: np.arctan(1 / x), -1e-200, -math.pi / 2, -1.0),
    "arctan 3/x": (lambda x: np.arctan(3 / x), 1e-200, math.pi / 2, -1 / 3),
    "(√x)²": (lambda x: np.sqrt(x) ** 2, 0.0, 0.0, 1.0),
    "(∛x)³": (lambda x: np.cbrt(x) ** 3, 0.0, 0.0, 1.0),
    "∛x³": (lambda x: np.cbrt(x**3), 1e-200, 1e-200, 1.0),
    "1/(1/x)": (lambda x: 1 / (1 / x), 1e200, 1e200, 1.0),
    "1/(1/x), small": (lambda x: 1 / (1 / x), -1e-200, -1e-200, 1.0),
    "1/√(1/x)": (lambda x: 1 / np.sqrt(1 / x), 1e250, 1e125, 0.5e-125),
    "2/(3/x)": (lambda x: 2 / (3 / x), 1e200, 2e200 / 3, 2 / 3),
    "log x²": (lambda x: np.log(x**2), -1e200, 400 * math.log(10), -2e-200),
    "log x·x": (lambda x: np.log(x * x), 1e-200, -400 * math.log(10), 2e200),
    "log10 x³": (lambda x: np.log10(x**3), 1e200, 600.0, 3e-200 / math.log(10)),
    "log x^2.5": (lambda x: np.log(x**2.5), 1e200, 500 * math.log(10), 2.5e-200),
    "exp log sinh x": (lambda x: np.exp(np.log(np.sinh(x))), 0.0, 0.0, 1.0),
    "arctanh tanh x": (lambda x: np.arctanh(np.tanh(x)), 40.0, 40.0, 1.0),
    "√(c x⁴ y²)": (lambda x: np.sqrt(4 * x**2 * (x * 3) * (3 * x)), 1e-120, 6e-240, 12e-120),
    "√(x/(1 + x))²": (lambda x: np.sqrt((x / (1 + x)) ** 2), 1e-200, 1e-200, 1.0),
    "√(1 + x²)": (lambda x: np.sqrt(1 + x * x), -1e200, 1e200, -1.0),
    "√(x² + y²)": (lambda x: np.sqrt((3 * x) ** 2 + (4 * x) * (4 * x)), 1e-200, 5e-200, 5.0),
    "(x² + y² + z²)^½": (lambda x: ((2 * x) ** 2 + ((2 * x) ** 2 + x * x)) ** 0.5, 1e200, 3e200, 3.0),
    "√(eˣ + e²ˣ)": (
        lambda x: np.sqrt(np.exp(x) + np.exp(2 * x)),
        -800.0,
        float(mpmath.exp(-400)),
        float(mpmath.exp(-400) / 2),
    ),
    "1/√(1 + eˣ)": (lambda x: 1 / np.sqrt(1 + np.exp(x)), 1000.0, *INVERSE_ROOT),
    "(1 + x⁴)/x³": (lambda x: (1 + x**4) / x**3, 1e70, 1e70, 1.0),
    "celu": (lambda x: np.maximum(0, x) + np.minimum(0, np.exp(x) - 1), 1000.0, 1000.0, 1.0),
    "‖(x, 2x)‖": (lambda x: np.linalg.norm(np.stack([x, 2 * x])), 1e200, math.sqrt(5) * 1e200, math.sqrt(5)),
}
ROUTES: dict[str, Callable[[F, Any], list[tuple[Any, Any]]]] = {
    "calls 1–6": lambda f, x: [*map(wg.value_and_grad(f), [x] * 6)],
    "gradient alone": lambda f, x: [(f_value, g) for g in map(wg.grad(f), [x] * 4) for f_value in [None]],
    "vjp": lambda f, x: [(y, pull(np.float64(1.0))[0]) for y, pull in (wg.vjp(f, x) for _ in range(4))],
    "jvp": lambda f, x: [wg.jvp(f, (x,), (1.0,))],
    "compile": lambda f, x: [wg.compile(wg.value_and_grad(f))(x)],
    "forward, compiled": lambda f, x: [wg.compile(lambda v: wg.jvp(f, (v,), (1.0,)))(x)],
    "vmap": lambda f, x: [tuple(y[1] for y in wg.vmap(wg.value_and_grad(f))(np.array([0.5, x])))],
    "beside others": lambda f, x: _in_an_array(f, np.array([0.5, x, 2.0])),
}


def _in_an_array(f: F, x: Any) -> list[tuple[Any, Any]]:
    both = wg.value_and_grad(lambda v: np.sum(f(v) * np.array([0.0, 1.0, 0.0])))
    slopes = wg.grad(lambda v: np.sum(f(v)))
    return [(value, g[1]) for (value, _), g in ((both(x), slopes(x)) for _ in range(4))]


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("name", CASES)
def test_value_and_slope_are_right_at_every_call_and_on_every_route(name: str, route: str) -> None:
    f, at, value, slope = CASES[name]
    for found, g in ROUTES[route](f, at):
        if found is not None:
            np.testing.assert_allclose(found, value, rtol=1e-14, atol=0)
        np.testing.assert_allclose(g, slope, rtol=1e-14, atol=0)


NORMS: dict[str, F] = {
    "norm": np.linalg.norm,
    "norm of rows": lambda x: np.sum(np.linalg.norm(np.reshape(x, (1, 2)), axis=1)),
    "√Σx²": lambda x: np.sqrt(np.sum(x**2)),
    "√Σx·x": lambda x: np.sum(x * x) ** 0.5,
    "√(x·x)": lambda x: np.sqrt(x @ x),
    "√ of a mean": lambda x: math.sqrt(2) * np.sqrt(np.mean(x**2)),
    "std": lambda x: 2 * np.std(np.concatenate([x, -x])) / math.sqrt(2),
}


@pytest.mark.parametrize("size", [1.0, 1e200, 1e-200, 1e-310, 1e307])
@pytest.mark.parametrize("name", NORMS)
def test_a_norm_and_its_slope_are_right_at_every_size(name: str, size: float) -> None:
    f, x = NORMS[name], np.array([3.0, 4.0]) * size
    both = wg.value_and_grad(f)
    forward = np.array([wg.jvp(f, (x,), (t,))[1] for t in np.eye(2)])
    digits = 1e-11 if size == 1e-310 else 1e-14
    for value, slope in (*(both(x) for _ in range(4)), wg.compile(both)(x), (5 * size, forward)):
        np.testing.assert_allclose(value, 5 * size, rtol=digits, atol=0)
        np.testing.assert_allclose(slope, [0.6, 0.8], rtol=digits, atol=0)


@pytest.mark.parametrize(
    ("dtype", "size"), [("float64", 1e200), ("float64", 1e-200), ("float32", 1e30), ("float32", 1e-30)]
)
def test_one_norm_of_many_out_of_range_does_not_change_the_others(dtype: str, size: float) -> None:
    x = np.random.default_rng(0).normal(size=(4, 300)).astype(dtype)
    x[2] *= size
    x[3] = 0
    exact = np.sqrt(np.sum(np.square(x, dtype=np.longdouble), axis=1))
    norms = wg.compile(lambda x: np.linalg.norm(x, axis=1))
    slopes = wg.compile(wg.grad(lambda x: np.sum(np.linalg.norm(x, axis=1))))
    digits = 4 * np.finfo(dtype).eps
    np.testing.assert_allclose(norms(x), exact.astype(float), rtol=digits, atol=0)
    np.testing.assert_allclose(slopes(x)[:3], (x[:3] / exact[:3, None]).astype(float), rtol=digits, atol=0)
    np.testing.assert_array_equal(slopes(x)[3], 0)


@pytest.mark.parametrize("size", [1.0, 1e150, 1e-150])
def test_second_derivatives_of_a_norm_are_right_at_every_size(size: float) -> None:
    f, x = np.linalg.norm, np.array([3.0, 4.0]) * size
    for h in (wg.hessian(f)(x), wg.compile(wg.hessian(f))(x)):
        np.testing.assert_allclose(h * size, [[0.128, -0.096], [-0.096, 0.072]], rtol=1e-13, atol=0)


@pytest.mark.parametrize("size", [1e200, 1e-200])
def test_a_harmonic_mean_has_its_slope_where_the_squares_of_its_reciprocals_are_no_floats(size: float) -> None:
    x = np.array([size, 3 * size])
    for f in (lambda v: 2 / np.sum(1 / v), lambda v: 2 / (1 / v[0] + 1 / v[1])):
        slope = wg.grad(f)
        for found in (*(slope(x) for _ in range(4)), wg.compile(slope)(x), wg.vmap(slope)(np.stack([x, x]))[1]):
            np.testing.assert_allclose(found, [9 / 8, 1 / 8], rtol=1e-14, atol=0)


def test_the_second_derivative_of_a_reciprocal_holds_where_its_first_slope_is_no_float() -> None:
    second = wg.grad(wg.grad(lambda x: 1 / (1 + x**2)))
    forward = wg.jvp(wg.grad(lambda x: 1 / (1 + x**2)), (1e70,), (1.0,))[1]
    for found in (*(second(1e70) for _ in range(4)), wg.compile(second)(1e70), forward):
        np.testing.assert_allclose(found, 6e-280, rtol=1e-14, atol=0)


def test_information_that_is_gone_is_said_to_be_gone() -> None:
    with np.errstate(over="ignore"):
        outside = np.exp(np.float64(999.0))

        def f(x: Any) -> Any:
            return np.log(np.exp(x) + outside)

        gradient = wg.grad(f)
        found = [float(gradient(1000.0)) for _ in range(5)]
    assert outside == np.inf
    assert all(map(math.isnan, [*found, float(wg.jvp(f, (1000.0,), (1.0,))[1]), float(wg.compile(wg.grad(f))(1000.0))]))


@pytest.mark.parametrize("n", [40, 3])
def test_formulas_in_a_loop_are_stable_in_every_step(n: int) -> None:
    def f(x: Any) -> Any:
        for _ in range(n):
            x = np.log(1.0 + np.exp(x))
        return x

    both = wg.value_and_grad(f)
    for value, slope in [both(1000.0) for _ in range(4)]:
        assert (float(value), float(slope)) == (1000.0, 1.0)


def test_a_multiple_of_a_square_under_a_root_has_its_second_derivative_at_0() -> None:
    slope = wg.grad(wg.grad(lambda x: np.sqrt(1 + (0.5 * x * np.exp(x)) ** 2)))
    for _ in range(4):
        np.testing.assert_allclose(slope(0.0), 0.25, rtol=1e-14)
