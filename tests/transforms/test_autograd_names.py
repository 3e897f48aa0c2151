"""autograd's names: what it documents of each holds."""

from __future__ import annotations

import math

import numpy as np
import pytest

from wengert import autograd, extend

X = np.array([0.5, -1.0, 2.0])


def scaled(x, a=2.0):
    return a * np.sum(x**3)


def test_gradients():
    np.testing.assert_allclose(autograd.grad(scaled)(X), 6 * X**2)
    assert autograd.grad(scaled, 1)(X, 3.0) == pytest.approx(np.sum(X**3))
    np.testing.assert_allclose(autograd.grad(lambda x: np.sum(x**2, keepdims=True))(X), 2 * X)
    value, slope = autograd.value_and_grad(scaled)(X)
    assert value == scaled(X)
    np.testing.assert_allclose(slope, 6 * X**2)
    slope, more = autograd.grad_and_aux(lambda x: (np.sum(x**2), x * 2))(X)
    np.testing.assert_allclose(slope, 2 * X)
    np.testing.assert_allclose(more, 2 * X)
    assert autograd.grad_named(scaled, "a")(X, a=3.0) == pytest.approx(np.sum(X**3))
    np.testing.assert_allclose(autograd.elementwise_grad(np.sin)(X), np.cos(X))
    np.testing.assert_allclose(autograd.deriv(np.sin)(X), np.cos(X))
    assert autograd.deriv(math_free)(2.0) == 12
    assert autograd.holomorphic_grad(math_free)(2.0j) == pytest.approx(-12)


def math_free(x):
    return x**3


def test_gradients_by_all_arguments():
    def f(x, *rest, a=2.0, **more):
        return np.sum(x) * rest[0] * a * more["b"]

    found = autograd.multigrad_dict(f)(X, 3.0, b=5.0)
    assert list(found) == ["x", "rest", "a", "more"]
    np.testing.assert_allclose(found["x"], np.full(3, 30.0))
    assert found["rest"] == (pytest.approx(15.0),)
    assert found["a"] == pytest.approx(22.5)
    assert found["more"]["b"] == pytest.approx(9.0)


def test_maps_at_a_point():
    pull, y = autograd.make_vjp(np.sin)(X)
    np.testing.assert_allclose(y, np.sin(X))
    np.testing.assert_allclose(pull(X), X * np.cos(X))
    y, moved = autograd.make_jvp(np.sin)(X)(X)
    np.testing.assert_allclose(moved, X * np.cos(X))
    np.testing.assert_allclose(autograd.make_jvp_reversemode(np.sin)(X)(X), X * np.cos(X))
    times, slope = autograd.make_hvp(scaled)(X)
    np.testing.assert_allclose(times(X), 12 * X * X)
    np.testing.assert_allclose(slope, 6 * X**2)
    np.testing.assert_allclose(autograd.make_ggnvp(np.sin)(X)(X), np.cos(X) ** 2 * X)


def test_products_have_the_tensor_last():
    np.testing.assert_allclose(autograd.hessian_vector_product(scaled)(X, 3.0, X), 18 * X * X)
    np.testing.assert_allclose(autograd.hessian_tensor_product(lambda a, x: scaled(x, a), 1)(3.0, X, X), 18 * X * X)
    w = np.arange(6.0).reshape(2, 3)
    f = lambda x: np.outer(w @ x, x)  # noqa: E731
    whole = autograd.jacobian(f)(X)
    t = np.array([1.0, -1.0])
    np.testing.assert_allclose(autograd.tensor_jacobian_product(f)(X, t), np.tensordot(t, whole, 1))
    np.testing.assert_allclose(
        autograd.vector_jacobian_product(f)(X, whole[:, :, 0]), np.tensordot(whole[:, :, 0], whole, 2)
    )
    np.testing.assert_allclose(autograd.hessian(scaled)(X), np.diag(12 * X))


def sine(x):
    return np.array([math.sin(t) for t in x])


def test_rules_in_its_spelling():
    f = extend.primitive(sine)
    extend.defvjp(f, lambda ans, x: lambda g: g * np.cos(x))
    np.testing.assert_allclose(autograd.jacobian(f)(X), np.diag(np.cos(X)))
    f = extend.primitive(sine)
    extend.defjvp(f, lambda g, ans, x: g * np.cos(x))
    np.testing.assert_allclose(autograd.jacobian(f)(X), np.diag(np.cos(X)))

    product = lambda x, y: sine(x) * y  # noqa: E731
    makers = {
        "argnums": lambda f: extend.defvjp_argnums(
            f, lambda ks, ans, args, kw: lambda g: [g * (args[1] * np.cos(args[0]), np.sin(args[0]))[k] for k in ks]
        ),
        "argnum": lambda f: extend.defvjp_argnum(
            f, lambda k, ans, args, kw: lambda g: g * (args[1] * np.cos(args[0]), np.sin(args[0]))[k]
        ),
        "jvp argnum": lambda f: extend.defjvp_argnum(
            f, lambda k, g, ans, args, kw: g * (args[1] * np.cos(args[0]), np.sin(args[0]))[k]
        ),
        "jvp argnums": lambda f: extend.defjvp_argnums(
            f,
            lambda ks, gs, ans, args, kw: sum(
                g * (args[1] * np.cos(args[0]), np.sin(args[0]))[k] for k, g in zip(ks, gs, strict=True)
            ),
        ),
    }
    for define in makers.values():
        f = extend.primitive(product)
        define(f)
        by_x, by_y = autograd.grad(lambda x, y, f=f: np.sum(f(x, y)), (0, 1))(X, 2 * X)
        np.testing.assert_allclose(by_x, 2 * X * np.cos(X))
        np.testing.assert_allclose(by_y, np.sin(X))


def test_a_linear_function_in_its_spelling():
    f = extend.primitive(lambda x, k: k * np.cumsum(np.asarray(x)))
    extend.def_linear(f)
    found = autograd.make_jvp(lambda x: f(x, 2.0))(X)(X)[1]
    np.testing.assert_allclose(found, 2 * np.cumsum(X))
