"""Transforms of functions: names, what comes beside a value, linear maps, batches, vectors, dataclasses."""

from __future__ import annotations

import threading
from collections import namedtuple
from dataclasses import dataclass, field, make_dataclass
from typing import Any

import numpy as np
import pytest
from scipy import integrate, optimize

import wengert as wg
from wengert.errors import ShapeError, TraceError

X = np.array([0.5, -1.0, 2.0])
Point = namedtuple("Point", ["x", "y"])


@dataclass
class Layer:
    w: Any
    b: Any
    name: str = "hidden"
    act: Any = np.tanh


@dataclass(frozen=True)
class Model:
    layers: tuple
    scale: float
    sizes: list = field(default_factory=list)

    def __post_init__(self):
        assert isinstance(self.layers, tuple)


def run(model, x):
    for each in model.layers:
        x = each.act(each.w @ x + each.b)
    return model.scale * np.sum(x)


# ---------------------------------------------------------------- arguments


def test_arguments_are_chosen_by_name():
    def f(x, y=2.0, *, z):
        return x * y**2 * z**3

    assert wg.grad(f, argnames="y")(1.0, 3.0, z=2.0) == 48
    assert wg.grad(f, argnames="y")(1.0, y=3.0, z=2.0) == 48
    assert wg.grad(f, argnames="z")(1.0, z=2.0) == 48
    assert wg.grad(f, argnames=("z", "x"))(1.0, 3.0, z=2.0) == (108, 72)
    assert wg.grad(f, 0, "z")(1.0, 3.0, z=2.0) == (72, 108)
    value, slope = wg.value_and_grad(f, argnames="z")(1.0, z=2.0)
    assert (value, slope) == (32, 48)
    with pytest.raises(TraceError, match="called without an argument 'y' to derive by") as caught:
        wg.grad(f, argnames="y")(1.0, z=2.0)
    assert caught.value.where == "  argnames='y'; the arguments are x, z"


def test_what_comes_beside_the_number_comes_back():
    def f(x):
        y = np.sin(x)
        return np.sum(y), {"y": y, "n": 3, "big": y > 0}

    (value, more), slope = wg.value_and_grad(f, has_aux=True)(X)
    assert value == np.sum(np.sin(X))
    np.testing.assert_array_equal(more["y"], np.sin(X))
    assert more["n"] == 3
    assert more["big"].tolist() == [True, False, True]
    np.testing.assert_array_equal(slope, np.cos(X))
    slope, more = wg.grad(f, has_aux=True)(X)
    np.testing.assert_array_equal(slope, np.cos(X))
    assert more["n"] == 3
    with pytest.raises(ShapeError, match="With 'has_aux' a function returns a pair"):
        wg.grad(np.sum, has_aux=True)(X)


def test_a_derivative_entry_by_entry():
    np.testing.assert_allclose(wg.elementwise_grad(np.tanh)(X), 1 - np.tanh(X) ** 2, rtol=1e-14)
    second = wg.elementwise_grad(wg.elementwise_grad(lambda x: x**3))
    np.testing.assert_allclose(second(X), 6 * X, rtol=1e-14)
    assert wg.elementwise_grad(np.sin)(0.0) == 1
    np.testing.assert_allclose(wg.elementwise_grad(lambda x, a: a * x**2, 1)(X, 2.0), np.sum(X**2))
    with pytest.raises(ShapeError, match="entry by entry needs one real array"):
        wg.elementwise_grad(lambda x: (x, x))(X)


# ---------------------------------------------------------------- containers


def test_a_dataclass_is_a_container():
    first, last = Layer(np.eye(3), np.zeros(3)), Layer(np.ones((2, 3)), np.zeros(2), "last", np.sin)
    model = Model((first, last), 2.0, [1.0])
    value, slope = wg.value_and_grad(run)(model, X)
    assert value == pytest.approx(run(model, X), rel=1e-14)
    assert isinstance(slope, Model)
    assert [each.name for each in slope.layers] == ["hidden", "last"]
    assert slope.layers[1].act is np.sin
    h = np.tanh(X)
    np.testing.assert_allclose(slope.layers[1].b, 2 * np.cos(np.full(2, np.sum(h))), rtol=1e-13)
    np.testing.assert_allclose(slope.layers[0].w, 4 * np.cos(np.sum(h)) * np.outer(1 - h**2, X), rtol=1e-13)
    assert slope.sizes == [0.0]
    np.testing.assert_allclose(wg.compile(wg.grad(run))(model, X).layers[0].w, slope.layers[0].w, rtol=1e-13)


def test_a_dataclass_may_be_seen_first_by_several_threads():
    results = []
    for _ in range(20):
        kind = make_dataclass("New", ["a", "b"])
        together = threading.Barrier(4)

        def see(kind=kind, together=together):
            together.wait()
            results.append(wg.grad(lambda p: p.a * p.b)(kind(2.0, 3.0)).a)

        threads = [threading.Thread(target=see) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert results == [3.0] * 80


def test_two_dataclasses_are_equal_containers_if_what_is_no_array_is_equal():
    tangent = Layer(np.ones(2), 1.0)
    _, moved = wg.jvp(lambda p: p.w * p.b, (Layer(np.ones(2), 3.0),), (tangent,))
    assert moved.tolist() == [4, 4]
    with pytest.raises(TraceError, match="tangents do not have the form"):
        wg.jvp(lambda p: p.w * p.b, (Layer(np.ones(2), 3.0),), (Layer(np.ones(2), 1.0, "other"),))


def test_messages_name_the_field_of_a_dataclass():
    with pytest.raises(TraceError, match=r"no derivative by 'p\.w\['k'\]'"):
        wg.grad(lambda p: p.b)(Layer({"k": np.arange(2)}, 1.0))


def test_a_named_tuple_is_a_container():
    slope = wg.grad(lambda p: p.x * p.y**2)(Point(2.0, 3.0))
    assert slope == Point(9, 12)


# ---------------------------------------------------------------- linear maps


def test_a_pullback_can_be_called_again_and_does_not_run_the_function_again():
    runs = []

    def f(x):
        runs.append(1)
        return np.sin(x) * np.exp(x)

    y, pullback = wg.vjp(f, X)
    np.testing.assert_allclose(y, np.sin(X) * np.exp(X))
    slope = np.exp(X) * (np.sin(X) + np.cos(X))
    for k in range(1, 4):
        np.testing.assert_allclose(pullback(np.full(3, float(k)))[0], k * slope, rtol=1e-14)
    assert len(runs) == 1


def test_what_the_way_back_needs_is_computed_once():
    calls = []

    @wg.primitive(check=False)
    def f(x):
        calls.append(1)
        return np.exp(np.asarray(x))

    f.defvjp(lambda ans, x: lambda g: g * ans)
    for _ in range(5):
        calls.clear()
        _, pullback = wg.vjp(lambda x: f(np.sin(x)), X)
        assert len(calls) == 1
        for k in (1.0, 2.0):
            np.testing.assert_allclose(pullback(np.full(3, k))[0], k * np.exp(np.sin(X)) * np.cos(X), rtol=1e-14)
    # Once its structure is known, the way back has what it needs.
    assert len(calls) == 1


def test_a_linearised_function_is_linear_and_equal_to_jvp():
    y, push = wg.linearize(lambda a, b: {"p": a * np.sum(b), "q": b**2}, 2.0, X)
    tangents = (0.5, np.array([1.0, 2.0, 3.0]))
    found = push(*tangents)
    assert y["p"] == 2 * np.sum(X)
    assert found["p"] == pytest.approx(0.5 * np.sum(X) + 2 * 6)
    np.testing.assert_allclose(found["q"], 2 * X * tangents[1])
    np.testing.assert_allclose(push(1.0, 0 * X)["p"], np.sum(X))
    with pytest.raises(TraceError, match="tangents do not have the form of the primals"):
        push(1.0)


def test_linear_maps_stand_inside_of_derivatives():
    def f(x):
        y, pullback = wg.vjp(np.sin, x)
        return np.sum(y * pullback(x)[0])

    expected = X * np.cos(2 * X) + np.sin(2 * X) / 2
    np.testing.assert_allclose(wg.grad(f)(X), expected, rtol=1e-13)

    def g(x):
        y, push = wg.linearize(lambda z: z**3, x)
        return np.sum(push(y))

    np.testing.assert_allclose(wg.grad(g)(X), 15 * X**4, rtol=1e-13)


def test_a_pullback_through_a_loop_of_unknown_length():
    def root(a):
        return wg.while_loop(lambda s: np.abs(s * s - a) > 1e-12, lambda s: (s + a / s) / 2, a)

    y, pullback = wg.vjp(root, 2.0)
    assert y == pytest.approx(2**0.5, rel=1e-14)
    assert pullback(3.0)[0] == pytest.approx(1.5 / 2**0.5, rel=1e-9)
    assert pullback(1.0)[0] == pytest.approx(0.5 / 2**0.5, rel=1e-9)


def test_a_wrong_cotangent_is_refused():
    _, pullback = wg.vjp(lambda x: {"y": x}, X)
    for wrong in (X, {"y": X[:2]}, {"z": X}):
        with pytest.raises(TraceError, match="cotangents do not have the form of the result"):
            pullback(wrong)


# ---------------------------------------------------------------- batches


def test_axes_of_a_batch_are_given_in_containers():
    p = {"a": np.arange(6.0).reshape(2, 3), "b": np.array([1.0, 10.0])}
    found = wg.vmap(lambda p, s: np.sum(p["a"]) * p["b"] * s, in_axes=({"a": 1, "b": None}, 0))
    with pytest.raises(TypeError):
        found(p)
    y = found(p, np.array([1.0, 2.0, 3.0]))
    np.testing.assert_allclose(y, (p["a"].sum(0) * [1, 2, 3])[:, None] * p["b"])
    with pytest.raises(TraceError, match="'in_axes' does not have the form of what it speaks of"):
        wg.vmap(lambda p: p["a"], in_axes=({"c": 0},))(p)


def test_results_of_a_batch_have_the_axis_where_it_is_wanted():
    x = np.arange(6.0).reshape(2, 3)
    f = lambda x: {"s": np.sum(x), "x": x, "one": 1.0}  # noqa: E731
    found = wg.vmap(f, out_axes={"s": 0, "x": 1, "one": None})(x)
    np.testing.assert_array_equal(found["x"], x.T)
    assert found["one"] == 1.0
    np.testing.assert_array_equal(wg.vmap(lambda x: x, out_axes=-1)(x), x.T)
    with pytest.raises(TraceError, match="None in 'out_axes' differs from entry to entry"):
        wg.vmap(lambda x: x, out_axes=None)(x)
    with pytest.raises(TraceError, match="has none at 2"):
        wg.vmap(lambda x: x, out_axes=2)(x)


def test_a_batch_without_axes_has_a_size():
    assert wg.vmap(lambda x: x + 1.0, in_axes=None, axis_size=3)(1.0).tolist() == [2, 2, 2]
    with pytest.raises(TraceError, match="none of them has an axis"):
        wg.vmap(lambda x: x + 1.0, in_axes=None)(1.0)
    with pytest.raises(TraceError, match="different numbers of entries"):
        wg.vmap(lambda x: x + 1.0, axis_size=2)(X)


def test_batches_nest():
    x, y = np.arange(6.0).reshape(2, 3), np.arange(4.0)
    found = wg.vmap(wg.vmap(lambda x, y: np.sum(x) * y, in_axes=(None, 0)), in_axes=(0, None))(x, y)
    np.testing.assert_array_equal(found, np.outer(x.sum(1), y))
    found = wg.vmap(wg.vmap(lambda a: np.sin(a)), in_axes=1, out_axes=1)(x)
    np.testing.assert_allclose(found, np.sin(x))
    slope = wg.grad(lambda s: np.sum(wg.vmap(lambda r: np.sum(r) ** 2 * s)(x)))(2.0)
    assert slope == pytest.approx(np.sum(x.sum(1) ** 2))


# ---------------------------------------------------------------- vectors


def test_a_container_becomes_a_vector_and_back():
    tree = {"w": np.arange(6.0).reshape(2, 3), "b": (1.5, np.zeros(0)), "n": Point(np.float32(2), np.arange(2))}
    v, unflatten = wg.flatten(tree)
    assert v.shape == (10,)
    assert v.dtype == np.float64
    back = unflatten(v)
    np.testing.assert_array_equal(back["w"], tree["w"])
    assert back["b"][0] == 1.5
    assert back["n"].x.dtype == np.float32
    assert back["n"].y.dtype == np.float64
    assert wg.flatten(np.float32([1, 2]))[0].dtype == np.float32
    assert wg.flatten(())[0].shape == (0,)
    with pytest.raises(ShapeError, match="The container has 10 entries"):
        unflatten(v[1:])


def test_vectors_are_made_in_traced_functions():
    tree = {"w": np.ones((2, 2)), "b": 0.5}

    def f(tree):
        v, unflatten = wg.flatten(tree)
        return np.sum(v**3) + np.sum(unflatten(v * 2.0)["w"])

    slope = wg.grad(f)(tree)
    np.testing.assert_allclose(slope["w"], np.full((2, 2), 5.0))
    assert slope["b"] == 0.75


# ---------------------------------------------------------------- SciPy


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def test_scipy_minimises_with_gradient_hessian_and_product():
    x0 = np.array([-1.2, 1.0, 0.5])
    for options in (
        {"method": "L-BFGS-B"},
        {"method": "Newton-CG", "hess": wg.hessian(rosenbrock)},
        {"method": "trust-ncg", "hessp": wg.hvp(rosenbrock)},
        {"method": "trust-exact", "hess": wg.compile(wg.hessian(rosenbrock))},
    ):
        found = optimize.minimize(wg.value_and_grad(rosenbrock), x0, jac=True, **options)
        np.testing.assert_allclose(found.x, np.ones(3), atol=1e-4)
    found = optimize.minimize(rosenbrock, x0, jac=wg.grad(rosenbrock), method="BFGS")
    np.testing.assert_allclose(found.x, np.ones(3), atol=1e-4)


def test_scipy_passes_further_arguments():
    def f(x, a):
        return np.sum((x - a) ** 4 + (x - a) ** 2)

    found = optimize.minimize(
        wg.value_and_grad(f), np.zeros(2), args=(np.array([1.0, 2.0]),), jac=True, hessp=wg.hvp(f), method="trust-ncg"
    )
    np.testing.assert_allclose(found.x, [1, 2], atol=1e-4)


def test_scipy_minimises_over_a_container():
    t = np.linspace(0, 1, 20)
    y = 2 * np.exp(-3 * t)

    def loss(p):
        return np.sum((p["scale"] * np.exp(-p["rates"][0] * t) - y) ** 2)

    v, unflatten = wg.flatten({"scale": 1.0, "rates": np.array([1.0])})
    found = optimize.minimize(wg.value_and_grad(lambda v: loss(unflatten(v))), v, jac=True)
    p = unflatten(found.x)
    assert p["scale"] == pytest.approx(2, abs=1e-4)
    assert p["rates"] == pytest.approx([3], abs=1e-3)


def test_scipy_solves_least_squares_roots_and_stiff_equations():
    t = np.linspace(0, 1, 20)
    y = 2 * np.exp(-3 * t)
    residuals = lambda p: p[0] * np.exp(-p[1] * t) - y  # noqa: E731
    found = optimize.least_squares(residuals, [1.0, 1.0], jac=wg.jacobian(residuals))
    np.testing.assert_allclose(found.x, [2, 3], rtol=1e-8)

    def system(x):
        return np.array([1.0, 2.0]) * x**3 + np.flip(x) - 2.0

    found = optimize.root(system, np.ones(2), jac=wg.jacobian(system))
    assert found.success
    np.testing.assert_allclose(system(found.x), 0, atol=1e-10)

    rates = np.array([[-0.04, 0.0], [0.04, -1e3]])
    field = lambda t, y: rates @ y + 1e-3 * y * y * t  # noqa: E731
    jac = wg.jacobian(field, 1)
    found = integrate.solve_ivp(field, (0.0, 1.0), np.array([1.0, 0.0]), method="BDF", jac=jac, rtol=1e-8, atol=1e-10)
    other = integrate.solve_ivp(field, (0.0, 1.0), np.array([1.0, 0.0]), method="BDF", rtol=1e-8, atol=1e-10)
    assert found.success
    np.testing.assert_allclose(found.y[:, -1], other.y[:, -1], rtol=1e-5)
