"""grad, value_and_grad, jvp, vjp, vmap, stop_gradient of Python functions: containers, nesting, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, special

import wengert as wg
from wengert.errors import ShapeError, TraceError

RNG = np.random.default_rng(0)
X, T = RNG.normal(size=(6, 3)), RNG.normal(size=6)
PARAMS = {"w": RNG.normal(size=(3, 4)), "b": np.zeros(4), "v": (RNG.normal(size=4), 0.5)}


def loss(params, x, t):
    """A network with one hidden layer."""
    h = np.tanh(x @ params["w"] + params["b"])
    v, c = params["v"]
    return np.mean((h @ v + c - t) ** 2)


def differences(f, x, h=1e-6):
    base = np.asarray(x, dtype=float)
    slope = np.zeros(base.shape)
    for place in np.ndindex(*base.shape):
        step = np.zeros(base.shape)
        step[place] = h
        slope[place] = (f(base + step) - f(base - step)) / (2 * h)
    return slope


def test_a_gradient_has_the_container_of_its_argument():
    slopes = wg.grad(loss)(PARAMS, X, T)
    assert list(slopes) == list(PARAMS)
    assert isinstance(slopes["v"], tuple)
    for name in ("w", "b"):
        expected = differences(lambda p, name=name: loss({**PARAMS, name: p}, X, T), PARAMS[name])
        np.testing.assert_allclose(slopes[name], expected, rtol=1e-6, atol=1e-8)
    assert slopes["v"][1].shape == ()


def test_the_value_comes_with_the_gradient():
    value, slopes = wg.value_and_grad(loss, argnums=(0, 2))(PARAMS, X, T)
    assert value == pytest.approx(loss(PARAMS, X, T), rel=1e-14)
    assert len(slopes) == 2
    np.testing.assert_allclose(slopes[1], differences(lambda t: loss(PARAMS, X, t), T), rtol=1e-6, atol=1e-8)


def test_the_function_runs_at_every_call():
    def f(x, n):
        y = x
        for _ in range(n):
            y = y * x
        return y if n else np.sin(x)

    g = wg.grad(f)
    assert [float(g(2.0, n)) for n in (0, 1, 2)] == pytest.approx([np.cos(2.0), 4.0, 12.0])


def test_keywords_and_other_arguments_stay_what_they_are():
    assert wg.grad(lambda x, mode, *, power: x**power if mode == "a" else x)(2.0, "a", power=3) == 12.0
    assert wg.grad(lambda a, b: a * b, argnums=-1)(3.0, 2.0) == 3.0


def test_gradients_of_gradients():
    f = lambda x: np.sin(x) * x  # noqa: E731
    for expected in (
        np.cos(0.3) * 0.3 + np.sin(0.3),
        2 * np.cos(0.3) - 0.3 * np.sin(0.3),
        -3 * np.sin(0.3) - 0.3 * np.cos(0.3),
    ):
        f = wg.grad(f)
        assert f(0.3) == pytest.approx(expected, rel=1e-13)


def test_an_inner_gradient_does_not_see_the_outer_variable():
    """Perturbation confusion: d/dx (x · d/dy (x + y)) is 1, not 2 (Siskind and Pearlmutter 2005)."""
    assert wg.grad(lambda x: x * wg.grad(lambda y: x + y)(1.0))(1.0) == 1.0
    assert wg.grad(lambda x: wg.grad(lambda y: x * y)(x))(3.0) == 1.0
    assert wg.grad(lambda x: wg.jvp(lambda y: x * y * y, (x,), (1.0,))[1])(3.0) == 12.0


def test_a_python_number_is_real_and_an_array_of_whole_numbers_is_refused():
    assert wg.grad(lambda x: x * x)(3) == 6.0
    with pytest.raises(TraceError, match="no derivative by 'x'") as caught:
        wg.grad(lambda x: np.sum(x * x))(np.arange(3))
    assert caught.value.repair == "Convert it:  x.astype(float)"
    assert isinstance(caught.value, TypeError)


def test_float32_stays():
    slope = wg.grad(lambda x: np.sum(np.exp(x) * 2.0))(np.ones(3, np.float32))
    assert slope.dtype == np.float32
    assert wg.grad(lambda s: np.sum(np.ones(3, np.float32) * s))(0.5).dtype == np.float64


def test_what_is_not_one_real_number_has_no_gradient():
    for f in (lambda x: x * np.ones(2), lambda x: (x, x), lambda x: x > 0):
        with pytest.raises(ShapeError, match="needs one real number, and '<lambda>' returns something else"):
            wg.grad(f)(1.0)
    with pytest.raises(TraceError, match="there is no argument 1"):
        wg.grad(lambda x: x, argnums=1)(1.0)


def test_a_result_in_a_container_keeps_it():
    value, slope = wg.value_and_grad(lambda x: {"loss": x * x})(3.0)
    assert value == {"loss": 9.0}
    assert slope == 6.0


def test_what_does_not_depend_has_the_derivative_zero():
    assert wg.grad(lambda x: 1.5)(2.0) == 0.0
    assert wg.grad(lambda x, y: y * 2, argnums=(0, 1))(2.0, 1.0) == (0.0, 2.0)


def test_arguments_are_not_changed_and_results_are_fresh():
    x = np.ones(3)
    slope = wg.grad(lambda x: np.sum(x))(x)
    slope[0] = 7
    assert x.tolist() == [1, 1, 1]
    assert wg.grad(lambda x: np.sum(x))(x).tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    "layout",
    [
        lambda x: x,
        np.asfortranarray,
        lambda x: x[::-1],
        lambda x: np.repeat(x, 2, axis=1)[:, ::2],
        lambda x: x[:0],
    ],
)
def test_arrays_of_every_layout_are_taken(layout):
    x = layout(RNG.normal(size=(4, 3)))
    np.testing.assert_allclose(wg.grad(lambda x: np.sum(np.sin(x)))(x), np.cos(x))


def test_scipy_minimises_with_value_and_grad():
    def rosenbrock(x):
        return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    found = optimize.minimize(wg.value_and_grad(rosenbrock), np.zeros(4), jac=True, method="BFGS")
    np.testing.assert_allclose(found.x, np.ones(4), atol=1e-5)


def test_scipys_functions_have_derivatives():
    assert wg.grad(lambda x: special.expit(x) + special.erf(x))(0.3) == pytest.approx(
        special.expit(0.3) * special.expit(-0.3) + 2 / np.sqrt(np.pi) * np.exp(-0.09), rel=1e-13
    )


def test_a_masked_branch_has_no_slope():
    slope = wg.grad(lambda x: np.sum(np.where(x > 0, np.log(x), 0)))(np.array([0.0, 2.0]))
    assert slope.tolist() == [0.0, 0.5]


# ---------------------------------------------------------------- jvp and vjp


def test_forward_and_reverse_are_adjoint():
    def f(p):
        return {"h": np.tanh(X @ p["w"]), "s": np.sum(p["w"] ** 2)}

    p, dp = {"w": PARAMS["w"]}, {"w": RNG.normal(size=(3, 4))}
    y, dy = wg.jvp(f, (p,), (dp,))
    other, pullback = wg.vjp(f, p)
    np.testing.assert_allclose(y["h"], other["h"])
    bars = {"h": RNG.normal(size=(6, 4)), "s": 1.5}
    (back,) = pullback(bars)
    assert np.sum(bars["h"] * dy["h"]) + bars["s"] * dy["s"] == pytest.approx(np.sum(back["w"] * dp["w"]), rel=1e-13)


def test_whole_results_have_no_cotangent():
    value, pullback = wg.vjp(lambda x: (x * x, (x > 0).astype(int)), 3.0)
    assert value == (9.0, 1)
    assert pullback((1.0, 0)) == (6.0,)


def test_signals_of_another_form_are_refused():
    with pytest.raises(TraceError, match="tangents do not have the form of the primals"):
        wg.jvp(np.sin, (np.ones(3),), (np.ones(2),))
    with pytest.raises(TraceError, match="tangents do not have the form of the primals"):
        wg.jvp(np.sin, (1.0,), ({"a": 1.0},))
    with pytest.raises(TraceError, match="cotangents do not have the form of the result"):
        wg.vjp(np.sin, np.ones(3))[1](1.0)


def test_a_pullback_inside_of_a_function_is_derived_with_it():
    def f(x):
        y, pullback = wg.vjp(lambda z: z * z * x, x)
        return y + pullback(1.0)[0]

    assert f(2.0) == 8.0 + 8.0
    assert wg.grad(f)(2.0) == pytest.approx(12.0 + 8.0)


def test_the_hessian_product_by_forward_over_reverse():
    f = lambda x: np.sum(x**3) + x[0] * x[1]  # noqa: E731
    x, v = np.array([1.0, 2.0]), np.array([0.5, -1.0])
    assert wg.jvp(wg.grad(f), (x,), (v,))[1].tolist() == [6 * 1 * 0.5 - 1, 6 * 2 * -1 + 0.5]


# ---------------------------------------------------------------- vmap and stop_gradient


def test_a_batch_is_the_same_for_every_row():
    f = lambda w, x: np.tanh(np.dot(w, x))  # noqa: E731
    w = PARAMS["w"].T
    got = wg.vmap(f, in_axes=(None, 0))(w, X)
    np.testing.assert_allclose(got, np.array([f(w, x) for x in X]))
    np.testing.assert_allclose(wg.vmap(f, in_axes=(None, 1))(w, X.T), got)
    np.testing.assert_allclose(wg.vmap(f, in_axes=(0, None))(w, X[0]), f(w, X[0]))


def test_gradients_of_every_example():
    per_example = wg.vmap(wg.grad(lambda w, x, t: (np.dot(w, x) - t) ** 2), in_axes=(None, 0, 0))
    w = np.array([1.0, -1.0, 0.5])
    got = per_example(w, X, T)
    np.testing.assert_allclose(got, 2 * (X @ w - T)[:, None] * X)
    mean = wg.grad(lambda w: np.mean(wg.vmap(lambda x, t: (np.dot(w, x) - t) ** 2)(X, T)))(w)
    np.testing.assert_allclose(mean, got.mean(axis=0))


def test_batches_of_batches_and_of_containers():
    f = wg.vmap(wg.vmap(lambda p: p["a"] * p["b"]))
    a, b = RNG.normal(size=(2, 3)), RNG.normal(size=(2, 3))
    np.testing.assert_allclose(f({"a": a, "b": b}), a * b)


@pytest.mark.parametrize(
    ("axes", "args", "words"),
    [
        ((0,), (X, T), "does not fit 2 arguments"),
        (None, (X,), "does not fit 1 arguments"),
        (0, (1.0,), "has no axis 0 to map over"),
        (2, (X,), "has no axis 2 to map over"),
        (0, (X, X.T), "different numbers of entries"),
    ],
)
def test_a_batch_that_does_not_fit_is_refused(axes, args, words):
    with pytest.raises(TraceError, match=words):
        wg.vmap(lambda *a: a[0], in_axes=axes)(*args)


def test_stop_gradient_keeps_the_value():
    assert wg.value_and_grad(lambda x: x * wg.stop_gradient(x * x))(3.0) == (27.0, 9.0)
    assert wg.stop_gradient({"a": 1.0}) == {"a": 1.0}
    assert wg.grad(lambda x: np.sum(x * wg.stop_gradient(2.0)))(np.ones(2, np.float32)).dtype == np.float32


def test_asarray_is_numpys_outside_and_an_array_of_the_function_inside():
    assert type(wg.asarray([1.0, 2.0])) is np.ndarray
    assert wg.grad(lambda x: wg.asarray(x) * wg.asarray(np.array([2.0, 3.0]))[1])(5.0) == 3.0


STABLE = {
    "softplus": (lambda x: np.sum(np.log(1 + np.exp(x))), np.array([800.0, -800.0, 0.0]), [1.0, 0.0, 0.5]),
    "logistic": (lambda x: np.sum(1 / (1 + np.exp(-x))), np.array([-800.0, 800.0, 0.0]), [0.0, 0.0, 0.25]),
    "log of a sum": (lambda x: np.log(np.sum(np.exp(x))), np.array([1e4, 0.0]), [1.0, 0.0]),
    "cross-entropy": (lambda x: -np.log((np.exp(x) / np.sum(np.exp(x)))[0]), np.array([0.0, 1e3]), [-1.0, 1.0]),
    "cross-entropy, shifted": (
        lambda x: -np.log((np.exp(x - np.max(x)) / np.sum(np.exp(x - np.max(x))))[0]),
        np.array([0.0, 1e3]),
        [-1.0, 1.0],
    ),
    "in a batch": (lambda x: np.sum(wg.vmap(lambda y: np.log(1 + np.exp(y)))(x)), np.array([800.0, 0.0]), [1.0, 0.5]),
    "in a loop": (lambda x: wg.fori_loop(0, 2, lambda i, y: np.log(1 + np.exp(y)), x[0]), np.array([800.0]), [1.0]),
    "in a branch": (
        lambda x: wg.cond(x[0] > 0, lambda y: np.log(1 + np.exp(y)), lambda y: y, x[0]),
        np.array([800.0]),
        [1.0],
    ),
}


@pytest.mark.parametrize(("f", "x", "slope"), STABLE.values(), ids=STABLE.keys())
def test_derivatives_are_those_of_formulas_that_do_not_overflow(f, x, slope):
    for gradient in (wg.grad(f), wg.compile(wg.grad(f), cache=False)):
        np.testing.assert_allclose(gradient(x), slope, rtol=1e-12)
    np.testing.assert_allclose(wg.vjp(f, x)[1](1.0)[0], slope, rtol=1e-12)
    direction = np.arange(1.0, 1.0 + len(x))
    np.testing.assert_allclose(wg.jvp(f, (x,), (direction,))[1], direction @ slope, rtol=1e-12)


MASKED = {
    "the root of a maximum": (lambda x: np.sqrt(np.maximum(x, 0.0)), -1.0, 0.0),
    "the root of a minimum": (lambda x: np.sqrt(np.minimum(x, 0.0)), 1.0, 0.0),
    "the arc cosine of a bounded number": (lambda x: np.arccos(np.minimum(x, 1.0)), 2.0, 0.0),
    "the root of an absolute value, no mask but a cusp": (lambda x: np.sqrt(np.abs(x)), 0.0, np.nan),
    "the root where it grows": (lambda x: np.sqrt(np.maximum(x, 0.0)), 4.0, 0.25),
}


@pytest.mark.parametrize(("f", "x", "slope"), MASKED.values(), ids=MASKED.keys())
def test_a_mask_annihilates_an_infinite_signal_in_both_modes(f, x, slope):
    np.testing.assert_equal(wg.grad(f)(x), slope)
    np.testing.assert_equal(wg.compile(wg.grad(f), cache=False)(x), slope)
    np.testing.assert_equal(wg.jvp(f, (x,), (1.0,))[1], slope)
