"""Behind 1/u the last factor of a signal waits: slopes that are floats are right where one of their factors is none."""

from __future__ import annotations

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
