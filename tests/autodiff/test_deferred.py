"""Behind 1/u the last factor of a signal waits, in second derivatives all of them: slopes that are floats are right where one of their
factors is none."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

import wengert as wg

SHAPE = np.array([1.0, 2.0, 0.5])
SIZES = [1e-200, 1.0, 1e200]
MEANS = {
    "1/mean(1/x)": lambda x: 1 / np.mean(1 / x),
    "n/sum(1/x)": lambda x: x.size / np.sum(1 / x),
    "1/(1/x0 + 1/x1 + 1/x2)": lambda x: 1 / (1 / x[0] + 1 / x[1] + 1 / x[2]),
}


def of_shape(name):
    """The gradient at SHAPE, which is that at every multiple of it."""
    return wg.grad(MEANS[name])(SHAPE)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", MEANS)
def test_a_harmonic_mean_has_its_slopes_by_every_route(name, size):
    f, x, want = MEANS[name], SHAPE * size, of_shape(name)
    g = wg.grad(f)
    forward = wg.compile(lambda x, e: wg.jvp(f, (x,), (e,))[1])
    for _ in range(3):
        np.testing.assert_allclose(g(x), want, rtol=1e-14)
    np.testing.assert_allclose(wg.compile(g)(x), want, rtol=1e-14)
    for k, e in enumerate(np.eye(3)):
        np.testing.assert_allclose(wg.jvp(f, (x,), (e,))[1], want[k], rtol=1e-14)
        np.testing.assert_allclose(forward(x, e), want[k], rtol=1e-14)
    np.testing.assert_allclose(wg.jacobian(f, mode="forward")(x), want, rtol=1e-14)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("size", SIZES)
def test_second_derivatives_of_a_harmonic_mean_are_right_or_not_finite(size):
    f = MEANS["1/mean(1/x)"]
    want, got = wg.hessian(f)(SHAPE), wg.hessian(f)(SHAPE * size) * size
    found = np.isfinite(got)
    assert np.all(found | np.eye(3, dtype=bool))
    np.testing.assert_allclose(got[found], want[found], rtol=1e-12)


def test_a_summand_that_is_no_reciprocal_is_a_term_too():
    tangent = wg.jvp(lambda x: 1 / (x + 1 / x), (np.array([1e-200, 3.0]),), (np.ones(2),))[1]
    np.testing.assert_allclose(tangent, [1.0, -(1 - 1 / 9) / (3 + 1 / 3) ** 2], rtol=1e-14)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_last_factor_waits_behind_a_root_too():
    f = lambda b: np.sum(1 / (-b + np.sqrt(b * b - 0.5)))  # noqa: E731
    g, b = wg.grad(f), np.array([-1.0, -1e9, -1e150])
    for found in (g(b), g(b), g(b), wg.compile(g)(b)):
        np.testing.assert_allclose(found, [2.0**0.5 / (0.5**0.5 + 1) * 1.0, 5e-19, 5e-301], rtol=1e-14)


def test_what_was_not_asked_for_stays_nothing():
    assert wg.jvp(MEANS["1/mean(1/x)"], (np.array([1.0, 0.0, 2.0]),), (np.array([0.0, 0.0, 0.0]),))[1] == 0


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("size", SIZES)
def test_second_derivatives_of_a_harmonic_mean_are_right_by_two_reverse_passes(size):
    f = MEANS["1/mean(1/x)"]
    g = wg.grad(f)
    rows = [wg.grad(lambda x, k=k: g(x)[k])(SHAPE * size) for k in range(3)]
    np.testing.assert_allclose(np.array(rows) * size, wg.hessian(f)(SHAPE), rtol=1e-12)


LARGE = {
    "1/sinh": (lambda x: 1 / np.sinh(x), [400.0, 700.0, -700.0], lambda m, x: 1 / m.sinh(x)),
    "1/cosh²": (lambda x: 1 / np.cosh(x) ** 2, [200.0, 350.0], lambda m, x: 1 / m.cosh(x) ** 2),
    "bose": (lambda x: 1 / (np.exp(x) - 1), [600.0, 700.0], lambda m, x: 1 / m.expm1(x)),
    "planck": (lambda x: x**3 / np.expm1(x), [300.0, 700.0], lambda m, x: x**3 / m.expm1(x)),
    "growth": (lambda x: 100 / (1 + 9 * np.exp(-x)), [-600.0, -700.0], lambda m, x: 100 / (1 + 9 * m.exp(-x))),
    "lorentz": (lambda x: 1 / (1 + (x - 0.5) ** 2), [1e70], lambda m, x: 1 / (1 + (x - m.mpf(0.5)) ** 2)),
    "student": (lambda x: (1 + x**2 / 3) ** -2, [-1e50, 1e60], lambda m, x: (1 + x**2 / 3) ** -2),
    "heat": (lambda x: x**4 * np.exp(x) / (np.exp(x) - 1) ** 2, [350.0], lambda m, x: x**4 * m.exp(x) / m.expm1(x) ** 2),
    "halo": (lambda r: 1 / (r * (1 + r) ** 2), [1e50, 1e-100], lambda m, r: 1 / (r * (1 + r) ** 2)),
    "root": (lambda x: 1 / np.sqrt(1 + np.exp(x)), [1000.0, 1400.0], lambda m, x: 1 / m.sqrt(1 + m.exp(x))),
    "p log p": (lambda p: p * np.log(p), [1e-300, 1e300], lambda m, p: p * m.log(p)),
    "geometric": (lambda x: np.exp(0.7 * np.log(x) + 0.2), [1e300], lambda m, x: m.exp(m.mpf(0.7) * m.log(x) + m.mpf(0.2))),
}  # fmt: skip


def curvature(f, x):
    """f″ by differences with many digits."""
    with mpmath.workdps(1300):
        x = mpmath.mpf(x)
        h = abs(x) * mpmath.mpf("1e-60")
        left, here, right = (f(mpmath, x + step) for step in (-h, 0, h))
        return float((left - 2 * here + right) / h**2)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", LARGE)
def test_a_curvature_is_right_where_a_factor_of_it_leaves_the_range(name):
    f, points, exact = LARGE[name]
    x = np.array(points)
    ones, g = np.ones_like(x), wg.grad(lambda x: np.sum(f(x)))
    twice = wg.grad(lambda x: np.sum(g(x)))
    found = {
        "grad of grad": twice(x),
        "the same compiled": wg.compile(twice)(x),
        "jvp of grad": wg.jvp(g, (x,), (ones,))[1],
        "grad of jvp": wg.grad(lambda x: np.sum(wg.jvp(f, (x,), (np.ones_like(x),))[1]))(x),
    }
    for route, got in found.items():
        np.testing.assert_allclose(got, [curvature(exact, v) for v in points], rtol=1e-11, err_msg=route)


def test_factors_of_any_size_are_multiplied_in_an_order_that_keeps_to_the_range():
    rng = np.random.default_rng(5)
    for count in range(3, 9):
        exponents = rng.uniform(-300, 300, (count, 2000))
        exponents[-1] = rng.uniform(-300, 300, 2000) - exponents[:-1].sum(0)
        keep = np.abs(exponents[-1]) < 300
        factors = 10.0 ** exponents[:, keep] * rng.choice([-1.0, 1.0], (count, keep.sum()))
        want = [float(mpmath.fprod(column)) for column in factors.T]
        np.testing.assert_allclose(getattr(wg.ops, f"balanced{count}")(*factors), want, rtol=1e-14)
