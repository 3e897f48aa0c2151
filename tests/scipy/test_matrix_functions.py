"""Roots and logarithms of matrices against differences, also where real matrices have complex ones."""

from __future__ import annotations

import numpy as np
import pytest

import wengert as wg

linalg = pytest.importorskip("scipy.linalg")
RNG = np.random.default_rng(7)
B, W = RNG.normal(size=(4, 4)), RNG.normal(size=(4, 4))
POSITIVE = B @ B.T + np.eye(4)
MATRICES = {
    "positive definite": POSITIVE,
    "no symmetry": POSITIVE + 0.3 * B,
    "near 1": np.eye(4) + 0.01 * B,
    "negative eigenvalues": np.diag([1.0, -2.0, 3.0, -4.0]) + 0.1 * B,
    "large": 1e3 * POSITIVE,
}
PARTS = {"real": np.real, "imaginary": np.imag}


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("name", MATRICES)
@pytest.mark.parametrize("function", ["sqrtm", "logm"])
def test_values_and_slopes_are_those_of_scipy(function, name, part):
    def f(a):
        return np.sum(W * PARTS[part](getattr(linalg, function)(a)))

    a = MATRICES[name]
    both = wg.value_and_grad(f)
    h = 1e-6 * np.abs(a).max()
    want = np.zeros((4, 4))
    for place in np.ndindex(4, 4):
        e = np.zeros((4, 4))
        e[place] = h
        want[place] = (f(a + e) - f(a - e)) / (2 * h)
    for _ in range(4):
        value, slope = both(a)
        np.testing.assert_allclose(value, f(a), rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(slope, want, rtol=1e-5, atol=1e-5 * np.abs(want).max() + 1e-12)
    np.testing.assert_allclose(wg.compile(f)(a), f(a), rtol=1e-11, atol=1e-11)


def test_one_function_has_real_and_complex_roots_from_call_to_call():
    slope = wg.grad(lambda a: np.sum(np.abs(linalg.sqrtm(a)) ** 2))
    for name in ("positive definite", "negative eigenvalues", "positive definite", "negative eigenvalues"):
        a = MATRICES[name]
        step = 1e-6 * B
        want = (np.sum(np.abs(linalg.sqrtm(a + step)) ** 2) - np.sum(np.abs(linalg.sqrtm(a - step)) ** 2)) / 2
        np.testing.assert_allclose(np.sum(slope(a) * step), want, rtol=1e-4)


def test_a_logarithm_of_many_matrices_takes_a_fixed_number_of_roots():
    many = np.stack([POSITIVE, 3 * POSITIVE])
    found = wg.vmap(lambda a: linalg.logm(a))(many)
    np.testing.assert_allclose(found, [linalg.logm(a) for a in many], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("lower", [True, False])
def test_generalized_eigenvectors_have_derivatives_on_every_route(lower):
    rng = np.random.default_rng(3)
    a, b, c, e, weights = rng.normal(size=(5, 4, 4))
    a, b, c, e = a + a.T, b @ b.T + 4 * np.eye(4), c + c.T, e + e.T

    def f(t):
        w, v = linalg.eigh(a + t * c, b + t * e, lower=lower)
        return w @ np.arange(4.0) + np.sum(weights * v**2)

    expected = (8 * (f(1e-3) - f(-1e-3)) - (f(2e-3) - f(-2e-3))) / 12e-3
    both = wg.value_and_grad(f)
    for found in (*(both(0.0) for _ in range(4)), wg.compile(both)(0.0)):
        np.testing.assert_allclose(found, [f(0.0), expected], rtol=1e-8)
    np.testing.assert_allclose(wg.jvp(f, (0.0,), (1.0,))[1], expected, rtol=1e-8)
