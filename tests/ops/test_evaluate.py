"""Running a graph: what values are taken, how named sizes are bound, and the sentences for what does not fit."""

from __future__ import annotations

import numpy as np
import pytest

import wengert.core.ops  # noqa: F401
from tests.evaluating import evaluate_all
from wengert.core.ir.graph import Graph, apply, constant, input_node
from wengert.core.ir.types import ArrayType, Dim
from wengert.core.ops.evaluate import as_declared, evaluate
from wengert.core.ops.functions import matmul, mean, one_hot, variance
from wengert.errors import GraphError, ShapeError

n, m = Dim("n"), Dim("m")


def product() -> Graph:
    W, x = input_node("W", ArrayType((n, m))), input_node("x", ArrayType((m,)))
    return Graph((W, x), (matmul(W, x),))


def test_named_sizes_are_bound_from_the_values():
    (y,) = evaluate(product(), {"W": np.ones((2, 3)), "x": [1, 2, 3]})
    assert y.tolist() == [6, 6]


def test_a_size_that_no_value_has_is_given():
    graph = Graph((), (apply("position", size=n, dtype="int64"),))
    assert evaluate(graph, {}, {"n": 3})[0].tolist() == [0, 1, 2]
    with pytest.raises(ShapeError, match="The size 'n' is not known"):
        evaluate(graph, {})


def test_a_masked_array_is_refused():
    masked = np.ma.masked_array([1.0, 2.0], mask=[True, False])
    with pytest.raises(ShapeError, match="has a mask, which a graph does not know"):
        as_declared("x", masked, ArrayType((2,)))
    np.testing.assert_array_equal(as_declared("x", masked.filled(0.0), ArrayType((2,))), [0.0, 2.0])


def test_numbers_and_lists_become_the_declared_dtype():
    x = input_node("x", ArrayType((2,), "float32"))
    (y,) = evaluate(Graph((x,), (x * 2,)), {"x": [1, 2]})
    assert y.dtype == np.float32
    s = input_node("s", ArrayType())
    (y,) = evaluate(Graph((s,), (s,)), {"s": 3})
    assert isinstance(y, np.float64)
    k = input_node("k", ArrayType((2,), "int64"))
    (y,) = evaluate(Graph((k,), (k + k,)), {"k": np.array([1, 2], dtype=np.int32)})
    assert y.dtype == np.int64


def test_an_empty_list_is_an_array_without_entries():
    k = input_node("k", ArrayType((0,), "int64"))
    assert evaluate(Graph((k,), (k,)), {"k": []})[0].dtype == np.int64


def test_complex_values_flow_through():
    (y,) = evaluate(product(), {"W": np.ones((1, 2)), "x": np.array([1, 1j])})
    assert y.tolist() == [1 + 1j]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"x": [1.0]}, "The input 'W' has no value"),
        ({"W": np.ones((2, 3)), "x": [1.0, 2.0]}, "The size 'm' is 3 in 'W' but 2 in 'x'"),
        ({"W": np.ones(2), "x": [1.0]}, "The input 'W' has 1 axes, not 2"),
        ({"W": np.ones((1, 1)), "x": ["a"]}, "The input 'x' has dtype"),
        ({"W": np.ones((1, 2)), "x": [[1], [2, 3]]}, "The input 'x' has dtype object"),
    ],
)
def test_what_does_not_fit_has_three_lines(values, words):
    with pytest.raises(ShapeError) as caught:
        evaluate(product(), values)
    assert words in str(caught.value)
    assert len(str(caught.value).split("\n")) == 3


def test_a_wrong_number_of_entries_names_the_axis():
    x = input_node("x", ArrayType((2, 3)))
    with pytest.raises(
        ShapeError, match=r"has the shape \(2, 4\), not \(2, 3\)\.\n  axis 1 has 4 entries instead of 3"
    ):
        evaluate(Graph((x,), (x,)), {"x": np.zeros((2, 4))})


def test_real_numbers_are_no_indices():
    k = input_node("k", ArrayType((2,), "int64"))
    with pytest.raises(ShapeError, match="has dtype float64, which is not int64"):
        evaluate(Graph((k,), (k,)), {"k": [0.5, 1.0]})


def test_every_layout_gives_the_same_numbers():
    graph = product()
    rng = np.random.default_rng(0)
    W, x = rng.normal(size=(4, 3)), rng.normal(size=3)
    (expected,) = evaluate(graph, {"W": W, "x": x})
    big = rng.normal(size=(8, 6))
    big[::2, ::2] = W
    read_only = W.copy()
    read_only.flags.writeable = False
    for other in (np.asfortranarray(W), W[::-1][::-1], big[::2, ::2], read_only):
        np.testing.assert_allclose(evaluate(graph, {"W": other, "x": x})[0], expected, rtol=1e-15)


def test_evaluate_all_has_every_node_in_order():
    x = input_node("x", ArrayType())
    y = apply("sin", x) * 2
    values = evaluate_all(Graph((x,), (y,)), {"x": 0.5})
    assert [node.op.name for node in values] == ["input", "sin", "constant", "multiply"]
    assert values[y] == 2 * np.sin(0.5)


def test_division_by_zero_is_quiet():
    x = input_node("x", ArrayType())
    assert evaluate(Graph((x,), (1 / x,)), {"x": 0.0})[0] == np.inf


def test_a_function_letter_has_no_number():
    x = input_node("x", ArrayType())
    with pytest.raises(GraphError) as caught:
        evaluate(Graph((x,), (apply("opaque", x, function="φ", order=(0,)),)), {"x": 1.0})
    assert (
        str(caught.value).split("\n")[0]
        == "The function 'φ' has no definition, so only its symbolic derivative is known."
    )


def test_a_function_letter_has_symbolic_derivatives():
    from wengert.core.autodiff.reverse import vjp

    x, y = input_node("x", ArrayType()), input_node("y", ArrayType())
    f = apply("opaque", x, y, function="f", order=(0, 0))
    (by_y,) = vjp([f], [y], [constant(1, ArrayType())])
    assert (by_y.op.name, by_y.params["order"]) == ("opaque", (0, 1))
    (by_xy,) = vjp([by_y], [x], [constant(1, ArrayType())])
    assert by_xy.params["order"] == (1, 1)


@pytest.mark.parametrize("index", [-1, 3])
def test_an_index_outside_does_not_wrap(index):
    x, k = input_node("x", ArrayType((3,))), input_node("k", ArrayType((1,), "int64"))
    for name, extra in [("gather", {}), ("scatter_add", {"size": 3})]:
        source = x if name == "gather" else input_node("u", ArrayType((1,)))
        graph = Graph((source, k), (apply(name, source, k, axis=0, batch=0, **extra),))
        with pytest.raises(GraphError, match=f"The index {index} is outside an axis of 3 entries"):
            evaluate(graph, {"x": np.zeros(3), "u": np.zeros(1), "k": [index]})


def test_one_hot_and_moments():
    k = input_node("k", ArrayType((2,), "int64"))
    assert evaluate(Graph((k,), (one_hot(k, 3),)), {"k": [2, 0]})[0].tolist() == [[0, 0, 1], [1, 0, 0]]
    x = input_node("x", ArrayType((n, m)))
    values = np.random.default_rng(0).normal(size=(4, 3)) + 1e8
    got = evaluate(Graph((x,), (mean(x), variance(x, (0,)), variance(x, (1,), ddof=1))), {"x": values})
    np.testing.assert_allclose(got[0], values.mean())
    np.testing.assert_allclose(got[1], values.var(axis=0), rtol=1e-12)
    np.testing.assert_allclose(got[2], values.var(axis=1, ddof=1), rtol=1e-12)


def test_a_product_of_four_arrays_is_contracted_pairwise():
    shapes = {"a": (30, 2), "b": (2, 40), "c": (40, 3), "d": (3, 20)}
    nodes = [input_node(name, ArrayType(shape)) for name, shape in shapes.items()]
    labels = ((0, 1), (1, 2), (2, 3), (3, 4))
    graph = Graph(tuple(nodes), (apply("einsum", *nodes, inputs=labels, output=(4, 0)),))
    rng = np.random.default_rng(0)
    values = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    expected = (values["a"] @ values["b"] @ values["c"] @ values["d"]).T
    np.testing.assert_allclose(evaluate(graph, values)[0], expected, rtol=1e-12)
