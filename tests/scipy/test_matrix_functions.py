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
