"""Sums of products become one product, look-ups become gathers, and what is the same along an axis is computed once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import wengert.core.ops  # noqa: F401
from tests.evaluating import evaluate_all
from wengert.core.ir.graph import Graph, Node, apply, constant, input_node
from wengert.core.ir.types import ArrayType, Dim
from wengert.core.ir.walk import topological
from wengert.core.ops.evaluate import evaluate
from wengert.core.ops.functions import identity, one_hot
from wengert.core.passes.lookup import look_up
from wengert.core.passes.pipeline import run
from wengert.core.passes.structure import contract, narrow

N, K = Dim("n"), Dim("k")


def matrix(name: str, *shape: Any) -> Node:
    return input_node(name, ArrayType(shape))


def graph_of(*nodes: Node) -> Graph:
    return Graph(tuple(n for n in topological(nodes) if n.op.name == "input"), nodes)


def ops(graph: Graph) -> list[str]:
    return [node.op.name for node in topological(graph.outputs) if node.op.name not in ("input", "constant")]


def broadcast(x: Node, shape: tuple[Any, ...], axes: tuple[int, ...]) -> Node:
    return apply("broadcast", x, shape=shape, axes=axes)


def einsum(*xs: Node, inputs: tuple[tuple[int, ...], ...], output: tuple[int, ...]) -> Node:
    return apply("einsum", *xs, inputs=inputs, output=output)


def total(x: Node, *axes: int) -> Node:
    return apply("sum", x, axes=axes)


def agrees(before: Graph, after: Graph, seed: int = 0, **sizes: int) -> None:
    rng = np.random.default_rng(seed)
    values: dict[str, Any] = {}
    for node in before.inputs:
        shape = [sizes.get(str(n), n) for n in node.shape]
        whole = node.type.dtype == "int64"
        values[str(node.params["name"])] = rng.integers(0, 3, size=shape) if whole else rng.normal(size=shape)
    for a, b in zip(evaluate(before, values), evaluate(after, values), strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-13, atol=1e-14)


def becomes(node: Node, expected: list[str], rule: Any = contract, **sizes: int) -> Graph:
    before = graph_of(node)
    after = rule(before)
    assert ops(after) == expected
    assert after.outputs[0].type == node.type
    agrees(before, after, **sizes)
    return after


# ---------------------------------------------------------------- contract


def test_sum_of_a_product_of_broadcasts_is_a_matrix_product() -> None:
    a, b = matrix("a", 3, 4), matrix("b", 4, 2)
    wide = broadcast(a, (3, 2, 4), (0, 2)) * broadcast(apply("transpose", b, axes=(1, 0)), (3, 2, 4), (1, 2))
    becomes(total(wide, 2), ["einsum"])


def test_sum_of_a_square_is_an_inner_product() -> None:
    after = becomes(total(matrix("a", 3) ** 2, 0), ["einsum"])
    assert after.outputs[0].inputs[0] is after.outputs[0].inputs[1]


def test_numbers_come_out_of_a_product() -> None:
    a, b = matrix("a", 3, 4), matrix("b", 4)
    half = einsum(a, 0.5 * (-b), inputs=((0, 1), (1,)), output=(0,))
    after = becomes(half, ["einsum", "multiply"])
    assert after.outputs[0].inputs[1].params["value"] == -0.5


def test_a_factor_of_ones_is_dropped_and_counted() -> None:
    a = matrix("a", 3)
    ones = constant(1, ArrayType((4, 3)))
    becomes(einsum(a, ones, inputs=((0,), (1, 0)), output=(0,)), ["multiply"])


def test_a_named_size_is_counted_by_its_name() -> None:
    a, b = matrix("a", 3), matrix("b", N)
    wide = broadcast(a, (N, 3), (1,))
    node = total(wide, 0) + broadcast(total(b, 0), (3,), ())
    before = graph_of(node)
    agrees(before, contract(before), n=5)
    assert "size_of" in ops(contract(before))


def test_transposes_become_labels() -> None:
    a, b = matrix("a", 3, 4), matrix("b", 2, 4)
    product = einsum(a, apply("transpose", b, axes=(1, 0)), inputs=((0, 1), (1, 2)), output=(0, 2))
    becomes(apply("transpose", product, axes=(1, 0)), ["einsum"])


def test_products_under_one_another_are_one_product() -> None:
    a, b, c = matrix("a", 3, 4), matrix("b", 4, 5), matrix("c", 5)
    inner = einsum(b, c, inputs=((0, 1), (1,)), output=(0,))
    after = becomes(einsum(a, inner, inputs=((0, 1), (1,)), output=(0,)), ["einsum"])
    assert len(after.outputs[0].inputs) == 3


def test_an_outer_product_that_is_summed_again_is_never_laid_out() -> None:
    u, v, x = matrix("u", N), matrix("v", N), matrix("x", N)
    outer = einsum(u, v, inputs=((0,), (1,)), output=(0, 1))
    before = graph_of(einsum(outer, x, inputs=((0, 1), (1,)), output=(0,)))
    after = contract(before)
    agrees(before, after, n=4)
    values = {name: np.ones(300) for name in "uvx"}
    largest = max(np.size(value) for value in evaluate_all(after, values).values())
    assert largest == 300
    assert max(np.size(value) for value in evaluate_all(before, values).values()) == 90_000


def test_a_product_that_others_read_stays_whole() -> None:
    u, v, x = matrix("u", 3), matrix("v", 3), matrix("x", 3)
    outer = einsum(u, v, inputs=((0,), (1,)), output=(0, 1))
    graph = graph_of(einsum(outer, x, inputs=((0, 1), (1,)), output=(0,)), outer)
    assert ops(contract(graph)) == ["einsum", "einsum"]


def test_repeated_labels_of_a_product_stay_a_trace() -> None:
    a, b = matrix("a", 3, 3), matrix("b", 3, 3)
    product = einsum(a, b, inputs=((0, 1), (1, 2)), output=(0, 2))
    becomes(einsum(product, inputs=((0, 0),), output=()), ["einsum"])


def test_integers_keep_their_sums() -> None:
    k = input_node("k", ArrayType((3,), "int64"))
    becomes(total(k * k, 0), ["multiply", "sum"])


# ---------------------------------------------------------------- narrow


def test_functions_of_broadcasts_are_computed_once() -> None:
    b = matrix("b", 4)
    becomes(apply("exp", broadcast(b, (1000, 4), (1,))), ["exp", "broadcast"], narrow)


def test_sums_of_broadcasts_use_the_axes_that_some_input_has() -> None:
    a, b = matrix("a", 3), matrix("b", 4)
    node = broadcast(a, (3, 4, N), (0,)) + broadcast(b, (3, 4, N), (1,))
    before = graph_of(node, matrix("w", N))
    after = narrow(before)
    assert after.outputs[0].op.name == "broadcast"
    assert after.outputs[0].inputs[0].shape == (3, 4)
    agrees(before, after, n=2)


# ---------------------------------------------------------------- look-ups


def test_sum_over_an_indicator_is_a_gather() -> None:
    table, t = matrix("table", 3, 4), input_node("t", ArrayType((N,), "int64"))
    node = einsum(one_hot(t, 3), table, inputs=((0, 1), (1, 2)), output=(0, 2))
    after = becomes(node, ["gather"], look_up, n=6)
    assert after.outputs[0].params == {"axis": 0, "batch": 0}


def test_the_entry_at_the_target_of_every_row_is_a_gather() -> None:
    y, t = matrix("y", N, 3), input_node("t", ArrayType((N,), "int64"))
    becomes(einsum(y, one_hot(t, 3), inputs=((0, 1), (0, 1)), output=(0,)), ["gather"], look_up, n=6)
    becomes(total(y * one_hot(t, 3), 1), ["gather"], look_up, n=6)
    after = look_up(graph_of(total(y * one_hot(t, 3), 0, 1)))
    assert ops(after) == ["gather", "sum"]


def test_sum_of_a_masked_row_is_a_gather() -> None:
    y, t = matrix("y", 3), input_node("t", ArrayType((), "int64"))
    condition = apply("equal", apply("position", size=3, dtype="int64"), broadcast(t, (3,), ()))
    becomes(total(apply("where", condition, y, constant(0, y.type)), 0), ["gather"], look_up)


def test_transposed_tables_are_read_along_their_axis() -> None:
    table, t = matrix("table", 4, 3), input_node("t", ArrayType((5, 2), "int64"))
    node = einsum(table, one_hot(t, 3), inputs=((3, 2), (0, 1, 2)), output=(1, 0, 3))
    before = graph_of(node)
    after = look_up(before)
    assert "gather" in ops(after)
    assert "einsum" not in ops(after)
    agrees(before, after)


def test_the_adjoint_of_a_look_up_is_a_scatter_add() -> None:
    g, t = matrix("g", N, 4), input_node("t", ArrayType((N,), "int64"))
    becomes(einsum(g, one_hot(t, 3), inputs=((0, 1), (0, 2)), output=(2, 1)), ["scatter_add"], look_up, n=6)
    after = look_up(graph_of(einsum(g, one_hot(t, 3), inputs=((0, 1), (0, 2)), output=(1, 2))))
    assert ops(after) == ["scatter_add", "transpose"]


def test_a_product_with_the_identity_matrix_is_a_change_of_label() -> None:
    a = matrix("a", 4, 3)
    before = graph_of(einsum(a, identity(3), inputs=((0, 1), (1, 2)), output=(0, 2)))
    after = look_up(before)
    assert after.outputs == (before.inputs[0],)


def test_an_indicator_alone_stays_a_sum() -> None:
    t = input_node("t", ArrayType((N,), "int64"))
    graph = graph_of(total(one_hot(t, 3), 0))
    assert "gather" not in ops(look_up(graph))


@pytest.mark.parametrize("index", [-1, 3])
def test_an_index_outside_is_an_error_that_names_it(index: int) -> None:
    from wengert.errors import GraphError

    y, t = matrix("y", 3), input_node("t", ArrayType((), "int64"))
    graph = run(graph_of(einsum(y, one_hot(t, 3), inputs=((0,), (0,)), output=())))
    with pytest.raises(GraphError, match=f"The index {index} is outside an axis of 3 entries"):
        evaluate(graph, {"y": np.ones(3), "t": np.int64(index)})
