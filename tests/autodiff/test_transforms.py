"""Transforms of graphs: gradients, Jacobians, Hessians, batching, their nesting and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest

import wengert.core.ops  # noqa: F401
from wengert.core.autodiff.batch import vmap
from wengert.core.autodiff.check import check_grads
from wengert.core.autodiff.transforms import (
    grad,
    hessian,
    hvp,
    jacobian,
    pull_back,
    push_forward,
    value_and_grad,
)
from wengert.core.ir.graph import Graph, apply, constant, input_node
from wengert.core.ir.types import ArrayType, Dim
from wengert.core.ir.verify import verify
from wengert.core.ops.evaluate import evaluate
from wengert.core.ops.functions import dot, log_softmax, matmul, mean, total
from wengert.errors import CheckError, GraphError, ShapeError


def unit_loss(n=3, m=2):
    """L = ½ Σ (tanh(W x) − t)²."""
    W, x, t = input_node("W", ArrayType((n, m))), input_node("x", ArrayType((m,))), input_node("t", ArrayType((n,)))
    error = apply("tanh", matmul(W, x)) - t
    return Graph((W, x, t), (constant(0.5, ArrayType()) * total(error**2),), ("L",))


def values_of(graph, seed=0, sizes=None):
    rng = np.random.default_rng(seed)
    shapes = [[(sizes or {}).get(getattr(s, "name", s), s) for s in x.shape] for x in graph.inputs]
    return {x.params["name"]: rng.normal(size=s) for x, s in zip(graph.inputs, shapes, strict=True)}


def differences(graph, values, name, h=1e-6):
    base = np.asarray(values[name], dtype=float)
    columns = []
    for place in np.ndindex(*base.shape):
        step = np.zeros(base.shape)
        step[place] = h
        ahead, behind = (evaluate(graph, {**values, name: base + s * step})[0] for s in (1, -1))
        columns.append((np.asarray(ahead) - behind) / (2 * h))
    return np.moveaxis(
        np.array(columns).reshape(*base.shape, *np.shape(columns[0])), range(base.ndim), range(-base.ndim, 0)
    )


def test_grad_is_the_slope_along_every_axis():
    graph = unit_loss()
    values = values_of(graph)
    for name, g in zip(("W", "t"), evaluate(verify(grad(graph, ["W", "t"])), values), strict=True):
        np.testing.assert_allclose(g, differences(graph, values, name), rtol=1e-7, atol=1e-9)
    assert grad(graph, ["W", "t"]).names == ("W", "t")


def test_value_and_grad_has_the_value_first():
    graph = unit_loss()
    values = values_of(graph)
    both = value_and_grad(graph, "x")
    assert both.names == ("L", "x")
    assert evaluate(both, values)[0] == evaluate(graph, values)[0]


def test_an_input_without_influence_has_the_gradient_zero():
    x, z = input_node("x", ArrayType()), input_node("z", ArrayType((2,)))
    assert evaluate(grad(Graph((x, z), (apply("sin", x),))), {"x": 0.0, "z": [1.0, 2.0]})[1].tolist() == [0, 0]


@pytest.mark.parametrize("mode", ["reverse", "forward"])
def test_the_jacobian_has_the_axes_of_the_output_first(mode):
    W = input_node("W", ArrayType((2, 3)))
    graph = Graph((W,), (apply("transpose", apply("sin", W), axes=(1, 0)),))
    values = values_of(graph)
    (J,) = evaluate(verify(jacobian(graph, mode=mode)), values)
    assert J.shape == (3, 2, 2, 3)
    np.testing.assert_allclose(J, differences(graph, values, "W"), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("mode", ["reverse", "forward"])
def test_the_jacobian_of_an_unbounded_slope_has_zeros_off_the_diagonal(mode):
    x = input_node("x", ArrayType((2,)))
    (J,) = evaluate(jacobian(Graph((x,), (apply("sqrt", x),)), mode=mode), {"x": [0.0, 1.0]})
    assert J.tolist() == [[np.inf, 0], [0, 0.5]]


def test_the_jacobian_over_named_sizes():
    n = Dim("n")
    x = input_node("x", ArrayType((n,)))
    (J,) = evaluate(jacobian(Graph((x,), (x * x,))), {"x": [1.0, 2.0, 3.0]})
    assert J.tolist() == np.diag([2.0, 4.0, 6.0]).tolist()


def test_the_hessian_and_its_product_agree():
    graph = unit_loss()
    values = values_of(graph)
    (H,) = evaluate(verify(hessian(graph, "x")), values)
    np.testing.assert_allclose(H, H.T, rtol=1e-12)
    np.testing.assert_allclose(H, differences(grad(graph, "x"), values, "x"), rtol=1e-6, atol=1e-8)
    v = np.array([0.3, -1.2])
    (Hv,) = evaluate(verify(hvp(graph, "x")), {**values, "tangent_x": v})
    np.testing.assert_allclose(Hv, H @ v, rtol=1e-12)


def test_the_hessian_has_a_block_for_each_pair_of_inputs():
    x, y = input_node("x", ArrayType((2,))), input_node("y", ArrayType((2,)))
    graph = Graph((x, y), (dot(x * x, y),))
    blocks = evaluate(hessian(graph), {"x": [1.0, 2.0], "y": [3.0, 4.0]})
    assert [b.tolist() for b in blocks] == [[[6, 0], [0, 8]], [[2, 0], [0, 4]], [[2, 0], [0, 4]], [[0, 0], [0, 0]]]


def test_any_order_comes_by_nesting():
    x = input_node("x", ArrayType())
    graph = Graph((x,), (apply("sin", x),))
    for expected in (np.cos(0.3), -np.sin(0.3), -np.cos(0.3), np.sin(0.3), np.cos(0.3)):
        graph = grad(graph)
        assert evaluate(graph, {"x": 0.3})[0] == pytest.approx(expected, rel=1e-13)


def test_pull_back_and_push_forward_are_adjoint():
    graph = Graph(unit_loss().inputs, (unit_loss().outputs[0],))
    W, x = input_node("W", ArrayType((3, 2))), input_node("x", ArrayType((2,)))
    graph = Graph((W, x), (apply("exp", matmul(W, x)),))
    values = values_of(graph)
    u, v = np.array([1.0, 2.0, 3.0]), {"tangent_W": np.ones((3, 2)), "tangent_x": np.array([0.5, -0.5])}
    Wbar, xbar = evaluate(pull_back(graph), {**values, "cotangent": u})
    (y,) = evaluate(push_forward(graph), {**values, **v})
    assert np.sum(u * y) == pytest.approx(np.sum(Wbar * v["tangent_W"]) + np.sum(xbar * v["tangent_x"]), rel=1e-14)


def test_names_of_signals_avoid_those_of_inputs():
    x = input_node("cotangent", ArrayType())
    assert pull_back(Graph((x,), (x * x,))).input_names == ("cotangent", "cotangent_")


def test_vmap_is_the_same_computation_for_every_example():
    graph = unit_loss()
    wide = verify(vmap(graph, Dim("N"), ["x", "t"]))
    rng = np.random.default_rng(0)
    W, x, t = rng.normal(size=(3, 2)), rng.normal(size=(5, 2)), rng.normal(size=(5, 3))
    (L,) = evaluate(wide, {"W": W, "x": x, "t": t})
    np.testing.assert_allclose(L, [evaluate(graph, {"W": W, "x": x[k], "t": t[k]})[0] for k in range(5)], rtol=1e-14)
    (mean_slope,) = evaluate(grad(Graph(wide.inputs, (mean(wide.outputs[0]),)), "W"), {"W": W, "x": x, "t": t})
    slopes = [evaluate(grad(graph, "W"), {"W": W, "x": x[k], "t": t[k]})[0] for k in range(5)]
    np.testing.assert_allclose(mean_slope, np.mean(slopes, axis=0), rtol=1e-13)


def test_vmap_of_vmap():
    x = input_node("x", ArrayType((2,)))
    graph = vmap(vmap(Graph((x,), (log_softmax(x),)), 3), 4)
    values = np.random.default_rng(0).normal(size=(4, 3, 2))
    (y,) = evaluate(graph, {"x": values})
    np.testing.assert_allclose(np.exp(y).sum(-1), np.ones((4, 3)))


def test_the_refusals_are_sentences():
    graph = unit_loss()
    for f, words in [
        (lambda: grad(graph, "q"), "'q' is no input of the graph"),
        (lambda: vmap(graph, 2, ["q"]), "'q' is no input of the graph"),
    ]:
        with pytest.raises(GraphError, match=words):
            f()
    k = input_node("k", ArrayType((), "int64"))
    with pytest.raises(GraphError, match="no derivative by 'k'"):
        grad(Graph((k,), (apply("cast", k, dtype="float64"),)), "k")
    x = input_node("x", ArrayType((2,)))
    with pytest.raises(ShapeError, match="one real scalar output"):
        grad(Graph((x,), (x,)))


# check_grads


def test_a_report_counts_its_comparisons():
    graph = unit_loss()
    report = check_grads(graph, values_of(graph))
    assert report.checks >= 3 * 3 * 2
    assert report.largest < 1e-12
    assert str(report).startswith(f"checked: {report.checks} comparisons, largest relative difference")


def test_float32_is_checked_to_its_own_precision():
    x = input_node("x", ArrayType((3,), "float32"))
    report = check_grads(Graph((x,), (apply("tanh", x),)), {"x": np.float32([0.1, 0.5, -2])})
    assert 1e-12 < report.largest < 1e-4


def test_differences_take_over_where_an_op_takes_no_complex_numbers():
    from dataclasses import replace

    from wengert.core.ir.op import OPS

    def real_only(xp, x):
        if np.iscomplexobj(x):
            raise TypeError("ufunc 'sin' takes no complex numbers here")
        return np.sin(x)

    op = replace(OPS["sin"], value=real_only)
    x = input_node("x", ArrayType((3,)))
    graph = Graph((x,), (apply(op, x),))
    report = check_grads(graph, {"x": [0.3, 2.0, -1.0]}, order=1)
    assert 0 < report.largest < 1e-8
    wrong = replace(op, vjp=lambda node, g: (g * apply("cos", node.inputs[0]) * 1.001,), partials=None)
    with pytest.raises(CheckError, match="central differences"):
        check_grads(Graph((x,), (apply(wrong, x),)), {"x": [0.3, 2.0, -1.0]}, order=1, modes=("reverse",))


def test_the_message_of_a_failed_check_names_input_values_and_place():
    from dataclasses import replace

    from wengert.core.ir.op import OPS

    wrong = replace(OPS["negative"], vjp=lambda node, g: (g,), partials=None)
    z = input_node("z", ArrayType())
    with pytest.raises(CheckError) as caught:
        check_grads(Graph((z,), (apply(wrong, z),)), {"z": 2.0}, modes=("reverse",))
    what, where, repair = str(caught.value).split("\n")
    assert what.startswith("The derivative by 'z' is wrong: reverse mode gives")
    assert "relative difference 2" in what
    assert where == "  order 1, random direction 1 of 3, entry 0 of 1"
    assert repair.startswith("Compare the rules")
