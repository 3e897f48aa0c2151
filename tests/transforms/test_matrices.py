"""jacobian, hessian and products with them: shapes, containers, modes, memory."""

from __future__ import annotations

import math

import numpy as np
import pytest

import wengert as wg
from wengert.errors import ShapeError, TraceError

RNG = np.random.default_rng(0)
W = RNG.normal(size=(4, 3))
X = RNG.normal(size=3)


def layer(x, w=W):
    return np.tanh(w @ x)


def layer_jacobian(x, w=W):
    return (1 - np.tanh(w @ x) ** 2)[:, None] * w


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


@pytest.mark.parametrize("mode", ["auto", "forward", "reverse"])
@pytest.mark.parametrize("memory", [2**30, 500, 1])
def test_a_jacobian_is_the_same_in_every_mode_and_memory(mode, memory):
    found = wg.jacobian(layer, mode=mode, memory=memory)(X)
    np.testing.assert_allclose(found, layer_jacobian(X), rtol=1e-13)
    found = wg.jacobian(lambda x: np.outer(x, x) @ W.T, mode=mode, memory=memory)(X)
    expected = np.einsum("ai,j->ija", np.eye(3), W @ X) + np.einsum("i,ja->ija", X, W)
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-15)


def test_the_mode_follows_from_the_shapes():
    from wengert.core.autodiff.jacobians import cheaper
    from wengert.core.ir.graph import input_node
    from wengert.core.ir.types import ArrayType

    few, many = input_node("x", ArrayType((2,))), input_node("y", ArrayType((3, 5)))
    assert cheaper([many], [few]) == "forward"
    assert cheaper([few], [many]) == "reverse"
    assert cheaper([few], [few]) == "forward"


def test_the_memory_bounds_the_entries_of_a_batch():
    """A batch of 100 signals of 100 entries needs 80 kB for each value; with 10 kB no value of the loop has more than 1,250."""
    from wengert.core.ir.walk import topological

    x = np.linspace(0.0, 1.0, 100)
    graph = wg.trace(wg.jacobian(lambda x: np.sin(x) * np.sum(x), memory=10_000))(x)
    (scan,) = [node for node in topological(graph.outputs) if node.op.name == "scan"]
    sizes = [math.prod(node.shape) for node in topological(scan.params["body"].outputs)]
    assert max(sizes) <= 1250
    assert scan.params["length"] > 10
    expected = np.diag(np.cos(x) * np.sum(x)) + np.sin(x)[:, None]
    np.testing.assert_allclose(wg.compile(wg.jacobian(lambda x: np.sin(x) * np.sum(x), memory=10_000))(x), expected)


def test_a_jacobian_has_the_containers_of_result_and_argument():
    def f(p):
        return {"sum": p["a"] + p["b"][0], "product": (p["a"] * p["b"][0], np.sum(p["a"]))}

    p = {"a": np.array([1.0, 2.0]), "b": [3.0]}
    found = wg.jacobian(f)(p)
    np.testing.assert_array_equal(found["sum"]["a"], np.eye(2))
    np.testing.assert_array_equal(found["sum"]["b"][0], [1, 1])
    np.testing.assert_array_equal(found["product"][0]["a"], 3 * np.eye(2))
    np.testing.assert_array_equal(found["product"][0]["b"][0], [1, 2])
    np.testing.assert_array_equal(found["product"][1]["a"], [1, 1])
    assert found["product"][1]["b"][0] == 0


def test_a_jacobian_by_several_arguments_is_a_tuple():
    by_w, by_x = wg.jacobian(lambda x, w: layer(x, w), argnums=(1, 0))(X, W)
    np.testing.assert_allclose(by_x, layer_jacobian(X), rtol=1e-13)
    expected = np.einsum("i,ij,k->ijk", 1 - np.tanh(W @ X) ** 2, np.eye(4), X)
    np.testing.assert_allclose(by_w, expected, rtol=1e-13)
    (by_x,) = wg.jacobian(layer, argnums=(0,))(X)
    np.testing.assert_allclose(by_x, layer_jacobian(X), rtol=1e-13)


def test_a_jacobian_comes_with_more():
    found, more = wg.jacobian(lambda x: (layer(x), {"norm": np.sum(x**2), "n": 3}), has_aux=True)(X)
    np.testing.assert_allclose(found, layer_jacobian(X), rtol=1e-13)
    assert more["norm"] == pytest.approx(np.sum(X**2))
    assert more["n"] == 3


def test_a_jacobian_of_nothing_and_of_a_number():
    assert wg.jacobian(lambda x: x * 2.0)(np.zeros(0)).shape == (0, 0)
    assert wg.jacobian(lambda x: np.sin(x))(0.0) == 1.0
    assert wg.jacobian(lambda x: np.ones(2))(np.ones(3)).tolist() == [[0, 0, 0], [0, 0, 0]]


def test_a_hessian_is_that_of_rosenbrock():
    x = np.array([-1.2, 1.0, 0.3])
    expected = np.zeros((3, 3))
    expected[[0, 1], [0, 1]] = 1200 * x[:-1] ** 2 - 400 * x[1:] + 2
    expected[[1, 2], [1, 2]] += 200
    expected[[0, 1], [1, 0]] = -400 * x[0]
    expected[[1, 2], [2, 1]] = -400 * x[1]
    for memory in (2**30, 200):
        np.testing.assert_allclose(wg.hessian(rosenbrock, memory=memory)(x), expected, rtol=1e-12, atol=1e-10)
    np.testing.assert_allclose(wg.compile(wg.hessian(rosenbrock))(x), expected, rtol=1e-12, atol=1e-10)
    v = np.array([1.0, -2.0, 0.5])
    np.testing.assert_allclose(wg.hvp(rosenbrock)(x, v), expected @ v, rtol=1e-12)


def test_a_hessian_of_several_results_and_arguments_has_their_axes():
    found = wg.hessian(lambda x: layer(x))(X)
    t = np.tanh(W @ X)
    np.testing.assert_allclose(found, np.einsum("i,ij,ik->ijk", -2 * t * (1 - t**2), W, W), rtol=1e-12)
    found = wg.hessian(lambda p: p["a"] ** 2 * np.sum(p["b"]))({"a": 2.0, "b": np.ones(2)})
    assert found["a"]["a"] == 4
    np.testing.assert_array_equal(found["a"]["b"], [4, 4])
    np.testing.assert_array_equal(found["b"]["b"], np.zeros((2, 2)))
    (aa, ab), (ba, bb) = wg.hessian(lambda a, b: a**2 * b, argnums=(0, 1))(2.0, 3.0)
    assert (aa, ab, ba, bb) == (6, 4, 4, 0)


def test_a_hessian_times_a_vector_has_the_container_of_the_argument():
    def f(p, s):
        return s * p["a"] ** 2 * np.sum(p["b"] ** 2)

    p, v = {"a": 2.0, "b": np.array([1.0, 3.0])}, {"a": 0.5, "b": np.array([1.0, -1.0])}
    found = wg.hvp(f)(p, v, 2.0)
    assert found["a"] == pytest.approx(2 * (2 * 10 * 0.5 + 4 * 2 * (1 - 3)))
    np.testing.assert_allclose(found["b"], 2 * (4 * 2 * np.array([1.0, 3.0]) * 0.5 + 2 * 4 * v["b"]))
    by_both = wg.hvp(lambda a, b: a**2 * b, argnums=(0, 1))(2.0, 3.0, (1.0, 1.0))
    assert by_both == (6 + 4, 4)


def test_a_gauss_newton_product_is_that_of_the_matrices():
    v = RNG.normal(size=3)
    jac = layer_jacobian(X)
    np.testing.assert_allclose(wg.ggnvp(layer)(X, v), jac.T @ jac @ v, rtol=1e-12)
    weights = np.arange(1.0, 5.0)
    found = wg.ggnvp(layer, lambda y: np.sum(weights * y**4))(X, v)
    np.testing.assert_allclose(found, jac.T @ np.diag(12 * weights * layer(X) ** 2) @ jac @ v, rtol=1e-12)


def test_transforms_of_matrices_nest():
    x = np.array([0.3, -0.5])
    found = wg.grad(lambda x: np.sum(wg.jacobian(lambda y: y**3)(x)))(x)
    np.testing.assert_allclose(found, 6 * x, rtol=1e-13)
    found = wg.jacobian(wg.jacobian(wg.jacobian(lambda x: x**4)))(x)
    assert found.shape == (2, 2, 2, 2)
    np.testing.assert_allclose(found[[0, 1], [0, 1], [0, 1], [0, 1]], 24 * x, rtol=1e-13)
    np.testing.assert_allclose(wg.vmap(wg.hessian(rosenbrock))(np.ones((2, 3)))[1], wg.hessian(rosenbrock)(np.ones(3)))


def test_what_is_not_real_has_no_jacobian():
    with pytest.raises(ShapeError, match="needs real results, and '<lambda>' returns others"):
        wg.jacobian(lambda x: x > 0)(X)
    with pytest.raises(TraceError, match="no mode 'backward'"):
        wg.jacobian(layer, mode="backward")
    with pytest.raises(ShapeError, match="needs one real number"):
        wg.hvp(layer)(X, X)
    with pytest.raises(TraceError, match="directions do not have the form of the arguments"):
        wg.hvp(rosenbrock)(X, np.ones(2))
    with pytest.raises(TraceError, match="needs one behind the arguments"):
        wg.hvp(rosenbrock)(X)
