"""What is finite on paper is finite in the machine, and so are its derivatives; each rewrite is listed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import wengert.core.ops  # noqa: F401
from tests.passes.test_rules import samples
from wengert.core.autodiff.reverse import vjp
from wengert.core.ir.graph import Graph, Node, apply, constant, constant_like, input_node
from wengert.core.ir.types import ArrayType, Dim
from wengert.core.ir.walk import topological
from wengert.core.ops.evaluate import evaluate
from wengert.core.passes.pipeline import PIPELINE, run, without
from wengert.core.passes.rewrite import Rewrite
from wengert.core.passes.stability import STABILITY, applied, may_be_outermost, outcome, stabilise

X = input_node("x", ArrayType((7,)))
Z = input_node("z", ArrayType((3,)))
T = input_node("t", ArrayType((3,)))
POINTS = np.array([-np.inf, -800.0, -1.0, 0.0, 1.0, 800.0, np.inf])


def exp(x: Node) -> Node:
    return apply("exp", x)


def log(x: Node) -> Node:
    return apply("log", x)


def ops(graph: Graph) -> list[str]:
    return [node.op.name for node in topological(graph.outputs) if node.op.name not in ("input", "constant")]


def total(x: Node, axes: tuple[int, ...]) -> Node:
    kept = tuple(k for k in range(x.type.rank) if k not in axes)
    return apply("broadcast", apply("sum", exp(x), axes=axes), shape=x.shape, axes=kept)


def value_and_gradient(y: Node, x: Node) -> tuple[Any, Any]:
    """y and Σ_i ∂y_i/∂x, the stabilised graph differentiated."""
    graph = stabilise(Graph((x,), (y,)))
    (out,) = graph.outputs
    (bar,) = vjp([out], [x], [constant_like(1, out)])
    assert bar is not None
    return evaluate(run(graph.with_outputs((out, bar))), {str(x.params["name"]): POINTS})


@pytest.mark.parametrize(
    ("formula", "value", "slope"),
    [
        (lambda x: 1 / (1 + exp(-x)), [0, 0, 0.2689414213699951, 0.5, 0.7310585786300049, 1, 1], None),
        (lambda x: exp(x) / (1 + exp(x)), [0, 0, 0.2689414213699951, 0.5, 0.7310585786300049, 1, 1], None),
        (lambda x: apply("reciprocal", exp(-x) + 1), [0, 0, 0.2689414213699951, 0.5, 0.7310585786300049, 1, 1], None),
        (lambda x: exp(x) * (1 / (exp(x) + 1)), [0, 0, 0.2689414213699951, 0.5, 0.7310585786300049, 1, 1], None),
        (lambda x: log(1 + exp(x)), [0, 0, 0.3132616875182228, 0.6931471805599453, 1.3132616875182228, 800, np.inf], [0, 0, 0.2689414213699951, 0.5, 0.7310585786300049, 1, 1]),
        (lambda x: log(1 / (1 + exp(-x))), [-np.inf, -800, -1.3132616875182228, -0.6931471805599453, -0.3132616875182228, 0, 0], [1, 1, 0.7310585786300049, 0.5, 0.2689414213699951, 0, 0]),
        (lambda x: log(1 - apply("logistic", x)), [0, 0, -0.3132616875182228, -0.6931471805599453, -1.3132616875182228, -800, -np.inf], [0, 0, -0.2689414213699951, -0.5, -0.7310585786300049, -1, -1]),
        (lambda x: (exp(x) - exp(-x)) / (exp(x) + exp(-x)), np.tanh(POINTS), 1 - np.tanh(POINTS) ** 2),
        (lambda x: (exp(2 * x) - 1) / (exp(2 * x) + 1), np.tanh(POINTS), 1 - np.tanh(POINTS) ** 2),
        (lambda x: (1 - exp(-2 * x)) / (1 + exp(-2 * x)), np.tanh(POINTS), 1 - np.tanh(POINTS) ** 2),
        (lambda x: apply("sqrt", x * x), np.abs(POINTS), np.sign(POINTS)),
        (lambda x: log(exp(x)), POINTS, np.ones(7)),
    ],
    ids=["logistic", "logistic by eˣ", "logistic by reciprocal", "logistic by product", "softplus", "log σ", "log (1 − σ)", "tanh", "tanh by e²ˣ", "tanh by e⁻²ˣ", "root of square", "log exp"],
)  # fmt: skip
def test_formula_and_its_slope_are_right_at_both_ends(formula: Callable[[Node], Node], value: Any, slope: Any) -> None:
    got, gradient = value_and_gradient(formula(X), X)
    np.testing.assert_allclose(got, value, rtol=1e-15, atol=0)
    if slope is None:
        y = np.asarray(value, dtype=float)
        slope = y * (1 - y)
    np.testing.assert_allclose(gradient, slope, rtol=1e-14, atol=1e-300)


@pytest.mark.parametrize("x", [1e-18, -1e-18, 1e-9])
def test_log_of_one_plus_x_and_exp_minus_one_keep_their_digits(x: float) -> None:
    node = input_node("x", ArrayType())
    graph = stabilise(Graph((node,), (log(1 + node), exp(node) - 1, log(1 - node), 1 - exp(node))))
    got = evaluate(graph, {"x": x})
    np.testing.assert_allclose(got, [np.log1p(x), np.expm1(x), np.log1p(-x), -np.expm1(x)], rtol=1e-15)


# ---------------------------------------------------------------- softmax


SOFTMAX: dict[str, Callable[[Node], Node]] = {
    "quotient": lambda z: exp(z) / total(z, (0,)),
    "product with reciprocal": lambda z: exp(z) * apply("reciprocal", total(z, (0,))),
    "product with one over": lambda z: (1 / total(z, (0,))) * exp(z),
    "sum by einsum": lambda z: exp(z) / apply("broadcast", apply("einsum", exp(z), inputs=((0,),), output=()), shape=z.shape, axes=()),
    "reciprocal, then laid out": lambda z: exp(z) * apply("broadcast", apply("reciprocal", apply("sum", exp(z), axes=(0,))), shape=z.shape, axes=()),
}  # fmt: skip


@pytest.mark.parametrize("form", SOFTMAX)
def test_softmax_and_cross_entropy_are_finite_at_large_scores(form: str) -> None:
    y = SOFTMAX[form](Z)
    loss = -apply("einsum", T, log(y), inputs=((0,), (0,)), output=())
    bar = y * apply("broadcast", apply("sum", T, axes=(0,)), shape=(3,), axes=()) - T
    graph = run(Graph((Z, T), (loss, bar, y)))
    got = evaluate(graph, {"z": [1000.0, 0.0, -1000.0], "t": [0.0, 1.0, 0.0]})
    assert got[0] == 1000
    np.testing.assert_array_equal(got[1], [1, -1, 0])
    np.testing.assert_array_equal(got[2], [1, 0, 0])


@pytest.mark.parametrize("form", SOFTMAX)
def test_gradient_of_the_stabilised_cross_entropy_is_y_minus_t(form: str) -> None:
    loss = -apply("einsum", T, log(SOFTMAX[form](Z)), inputs=((0,), (0,)), output=())
    graph = run(Graph((Z, T), (loss,)))
    (bar,) = vjp(graph.outputs, [Z], [constant(1, ArrayType())])
    assert bar is not None
    (got,) = evaluate(run(graph.with_outputs((bar,))), {"z": [1000.0, 0.0, -1000.0], "t": [0.0, 1.0, 0.0]})
    np.testing.assert_array_equal(got, [1, -1, 0])


@pytest.mark.parametrize("axes", [(0,), (1,), (2,), (0, 2), (0, 1, 2)])
def test_softmax_is_recognised_over_any_axes_of_named_sizes(axes: tuple[int, ...]) -> None:
    x = input_node("x", ArrayType((Dim("a"), Dim("b"), Dim("c"))))
    graph = stabilise(Graph((x,), (exp(x) / total(x, axes), log(apply("sum", exp(x), axes=axes)))))
    assert ops(graph) == ["softmax", "logsumexp"]
    assert all(node.params["axes"] == axes for node in graph.outputs)


def test_total_over_other_axes_is_not_softmax() -> None:
    x = input_node("x", ArrayType((3, 3)))
    crossed = apply("broadcast", apply("sum", exp(x), axes=(1,)), shape=(3, 3), axes=(1,))
    assert "softmax" not in ops(stabilise(Graph((x,), (exp(x) / crossed,))))


def test_logarithm_of_one_entry_of_softmax_is_finite() -> None:
    index = input_node("k", ArrayType((), "int64"))
    one_hot = apply(
        "cast",
        apply("equal", apply("position", size=3, dtype="int64"), apply("broadcast", index, shape=(3,), axes=())),
        dtype="float64",
    )
    y = SOFTMAX["quotient"](Z)
    entry = apply("einsum", y, one_hot, inputs=((0,), (0,)), output=())
    graph = run(Graph((Z, index), (-log(entry),)))
    assert evaluate(graph, {"z": [1000.0, 0.0, -1000.0], "k": np.int64(2)}) == (2000,)
    (bar,) = vjp(graph.outputs, [Z], [constant(1, ArrayType())])
    assert bar is not None
    (got,) = evaluate(run(graph.with_outputs((bar,))), {"z": [1000.0, 0.0, -1000.0], "k": np.int64(2)})
    np.testing.assert_array_equal(got, [1, 0, -1])


def test_attention_is_finite_at_large_scores() -> None:
    s, v = input_node("s", ArrayType((2, 3))), input_node("v", ArrayType((3, 2)))
    top = apply("einsum", exp(s), v, inputs=((0, 1), (1, 2)), output=(0, 2))
    below = apply("broadcast", apply("sum", exp(s), axes=(1,)), shape=(2, 2), axes=(0,))
    scores, values = np.array([[1e3, 0, -1e3], [-1e3, -1e3, -1e3]]), np.arange(6.0).reshape(3, 2)
    (got,) = evaluate(run(Graph((s, v), (top / below,))), {"s": scores, "v": values})
    np.testing.assert_allclose(got, [values[0], values.mean(axis=0)], rtol=1e-15)


def test_softmax_of_nothing_but_minus_infinity_is_zero() -> None:
    (got,) = evaluate(stabilise(Graph((Z,), (SOFTMAX["quotient"](Z),))), {"z": [-np.inf] * 3})
    np.testing.assert_array_equal(got, [0, 0, 0])


# ---------------------------------------------------------------- what the user sees


def test_every_rewrite_is_listed_with_its_place() -> None:
    y = apply("log", 1 + exp(X), source="line 3")
    (entry,) = applied(Graph((X,), (y,)))
    assert entry.name == "softplus"
    assert entry.type == X.type
    assert str(entry) == "log(1 + exp(x)) → softplus(x)  at line 3"
    assert str(outcome(Graph((X,), (y,)))) == str(entry)
    assert str(outcome(Graph((X,), (X,)))) == "nothing to rewrite"


def test_new_nodes_keep_the_source_of_what_they_replace() -> None:
    y = apply("log", apply("divide", constant(1, X.type), 1 + exp(X), source="line 3"), source="line 3")
    (out,) = stabilise(Graph((X,), (y,))).outputs
    assert {node.source for node in topological([out]) if node is not X} == {"line 3"}


def test_a_pipeline_without_stability_keeps_the_formula() -> None:
    passes = without(stabilise)
    assert len(passes) == len(PIPELINE) - 1
    kept = run(Graph((X,), (log(1 + exp(X)),)), passes)
    assert ops(kept) == ["exp", "add", "log"]
    assert evaluate(kept, {"x": np.full(7, 800.0)})[0][0] == np.inf


def test_x_log_x_is_left_alone() -> None:
    graph = Graph((X,), (X * log(X),))
    assert applied(graph) == ()
    assert ops(stabilise(graph)) == ["log", "multiply"]


def test_nan_gives_nan_through_every_stable_form() -> None:
    y = [log(1 + exp(X)), 1 / (1 + exp(-X)), log(1 + X), apply("sqrt", X * X), exp(X) / total(X, (0,))]
    for got in evaluate(stabilise(Graph((X,), tuple(y))), {"x": np.full(7, np.nan)}):
        assert np.all(np.isnan(got))


@pytest.mark.parametrize("rule", STABILITY, ids=str)
def test_every_rule_is_about_one_of_the_ops_that_are_looked_for(rule: Rewrite) -> None:
    for node in (node for forms in samples(rule) for node in forms):
        assert any(map(may_be_outermost, topological([node])))


ENDS = np.array([0.0, -0.0, 1.0, -2.0, 1e-200, -1e200, 5e-324, 1.7e308, np.inf, -np.inf, np.nan])


def test_the_angle_of_a_quotient_is_numpys_with_every_sign_of_zero_and_stays_nan_where_the_quotient_is():
    y, x = (a.ravel() for a in np.meshgrid(ENDS, ENDS))
    nodes = [input_node(name, ArrayType(y.shape)) for name in "yx"]
    graph = Graph(tuple(nodes), (apply("arctan", nodes[0] / nodes[1]),))
    rewritten = stabilise(graph)
    assert "arctan2" in ops(rewritten)
    (got,) = evaluate(rewritten, {"y": y, "x": x})
    with np.errstate(all="ignore"):
        quotient = y / x
        want = np.arctan(quotient)
    np.testing.assert_array_equal(np.isnan(got), np.isnan(want))
    np.testing.assert_allclose(got, want, rtol=5e-16, atol=0)
    normal = (np.abs(quotient) > 1e-300) | (quotient == 0)
    np.testing.assert_array_equal(np.signbit(got[normal]), np.signbit(want[normal]))


@pytest.mark.parametrize(
    ("formula", "at", "value"),
    [
        (lambda x: exp(x) * 3 * (2 / (1 + exp(x))), 1000.0, 6.0),
        (lambda x: (exp(x) * (x * 3)) / (exp(x) + 1), 1000.0, 3000.0),
        (lambda x: x / (2 * (1 + exp(-x))), -1000.0, 0.0),
        (lambda x: 1 / (1 + 1 / exp(x)), -1000.0, 0.0),
        (lambda x: log(exp(x) + (1 + exp(2 * x))), 1000.0, 2000.0),
        (lambda x: log(exp(x) + exp(3 * x) + exp(2 * x)), 1000.0, 3000.0),
        (lambda x: log(3 + exp(x)), 1000.0, 1000.0),
        (lambda x: apply("log1p", exp(x)), 1000.0, 1000.0),
        (lambda x: apply("sqrt", exp(x)), 1000.0, np.exp(500.0)),
        (lambda x: apply("sqrt", apply("integer_power", x, exponent=6)), -1e100, 1e300),
        (lambda x: 2 * apply("logistic", x) - 1, 1e-20, 5e-21),
    ],
)
def test_factors_and_summands_may_stand_in_any_order(formula: Callable[[Node], Node], at: float, value: float) -> None:
    x = input_node("x", ArrayType(()))
    (got,) = evaluate(stabilise(Graph((x,), (formula(x),))), {"x": np.float64(at)})
    np.testing.assert_allclose(got, value, rtol=1e-15, atol=0)
