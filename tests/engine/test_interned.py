"""Derivatives inside of a function whose data are others at every call: derived a few times, and right at each."""

from __future__ import annotations

import numpy as np
import pytest

import wengert as wg
from wengert.functions.run import interned

X = np.array([0.3, -0.4, 0.5])


@pytest.fixture
def made(monkeypatch):
    """A list with an entry for each graph that was made into a call."""
    found = []
    original = interned._made
    monkeypatch.setattr(interned, "_made", lambda *args: found.append(args) or original(*args))
    return found


def by_entry(x, data, scale):
    """The gradient of Σ (∂/∂y Σ scale sin(y data))², by hand."""
    inner, slope = scale * data * np.cos(x * data), -scale * data**2 * np.sin(x * data)
    return 2 * inner * slope


def test_new_arrays_and_numbers_in_an_inner_gradient_are_inputs(made):
    rng = np.random.default_rng(0)

    def f(x, data, scale):
        return np.sum(wg.grad(lambda y: scale * np.sum(np.sin(y * data)))(x) ** 2)

    for _ in range(12):
        data, scale = rng.normal(size=3), float(rng.normal())
        g = wg.grad(lambda x, d=data, s=scale: f(x, d, s))(X)
        np.testing.assert_allclose(g, by_entry(X, data, scale), rtol=1e-12, atol=1e-14)
    assert len(made) <= 3


def test_products_of_the_hessian_with_new_vectors_derive_once(made):
    rng = np.random.default_rng(1)

    def f(x):
        return np.sum(np.sin(x) * x[0])

    hessian = wg.hessian(f)(X)
    made.clear()
    for _ in range(8):
        v = rng.normal(size=3)
        np.testing.assert_allclose(wg.grad(lambda x, v=v: np.sum(wg.grad(f)(x) * v))(X), hessian @ v, rtol=1e-12)
    assert len(made) == 1


def test_batches_inside_read_new_arrays(made):
    rng = np.random.default_rng(2)
    for _ in range(8):
        data = rng.normal(size=3)
        g = wg.grad(lambda x, d=data: np.sum(wg.vmap(lambda y: np.sum(y * y * d))(x)))(X)
        np.testing.assert_allclose(g, 2 * X * np.sum(data), rtol=1e-12)
    assert len(made) <= 2


def test_places_that_are_read_and_written_may_change():
    rng = np.random.default_rng(3)

    def inner(y, places):
        z = y.copy()
        z[places] = 2.0 * y[places] ** 3
        return np.sum(z[places[::-1]] * z)

    for _ in range(8):
        places = rng.permutation(3)
        g = wg.grad(lambda x, p=places: np.sum(wg.grad(lambda y: inner(y, p))(x)))(X)
        hessian = np.zeros((3, 3))
        for k in range(3):
            for i, j in ((places[::-1][k], k), (k, places[::-1][k])):
                hessian[i, i] += 12 * X[i] * 2 * X[j] ** 3 if i != j else 0
                hessian[i, j] += 36 * X[i] ** 2 * X[j] ** 2 if i != j else 0
            if places[::-1][k] == k:
                hessian[k, k] += 120 * X[k] ** 4
        np.testing.assert_allclose(g, hessian.sum(axis=0), rtol=1e-12)


def test_numbers_that_mark_a_formula_keep_it_finite():
    def f(x, c):
        return wg.grad(lambda y: np.sum(np.log(c + np.exp(y))))(x) * x

    for c in (1.0, 3.0, 1.0, 4.0, 1.0, 1.0):
        g = wg.grad(lambda x, c=c: f(x, c))(0.5)
        s = np.exp(0.5) / (c + np.exp(0.5))
        assert g == pytest.approx(s + 0.5 * s * (1 - s), rel=1e-12)
        if c == 1.0:
            assert wg.grad(lambda x: f(x, 1.0))(800.0) == pytest.approx(1.0)


def test_zero_and_minus_zero_in_an_inner_gradient_are_two_numbers():
    def f(x, data):
        return wg.grad(lambda y: np.sum(np.copysign(1.0, data) * y**3))(x)

    for sign in (1.0, -1.0, -1.0, 1.0):
        assert wg.grad(lambda x, s=sign: f(x, s * np.zeros(2)))(2.0) == 24.0 * sign
        assert wg.grad(lambda x, s=sign: f(x, s * 0.0))(2.0) == 12.0 * sign


def test_data_two_levels_down_may_change(made):
    rng = np.random.default_rng(4)
    for _ in range(8):
        a, b = rng.normal(size=2)
        data = np.array([a, b])

        def third(x, data=data):
            return wg.grad(lambda y: wg.grad(lambda z: np.sum(data * z**4))(y) ** 2)(x)

        # (4 s x³)² differentiated twice: 16 s² · 6 · 5 x⁴
        assert wg.grad(third)(0.7) == pytest.approx(480 * (a + b) ** 2 * 0.7**4, rel=1e-12)
    assert len(made) <= 3
