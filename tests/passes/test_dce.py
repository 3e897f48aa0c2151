"""What no output reads is gone."""

from __future__ import annotations

import numpy as np

import wengert.core.ops  # noqa: F401
from wengert.core.ir.graph import Graph, Node, apply, constant, input_node
from wengert.core.ir.types import ArrayType
from wengert.core.ir.walk import topological
from wengert.core.ops.evaluate import evaluate
from wengert.core.passes.dce import dead, eliminate

X, Y = input_node("x", ArrayType((3, 2))), input_node("y", ArrayType((4, 2)))


def ops(graph: Graph) -> list[str]:
    return [node.op.name for node in topological(graph.outputs)]


def rows(x: Node, start: int, stop: int) -> Node:
    return apply("slice", x, start=(start, 0), stop=(stop, 2), step=(1, 1))


def test_parts_of_a_concatenation_that_are_not_read_are_not_computed() -> None:
    both = apply("concatenate", apply("exp", X), apply("sin", Y), axis=0)
    graph = eliminate(Graph((X, Y), (rows(both, 3, 7),)))
    assert ops(graph) == ["input", "sin"]


def test_a_slice_across_parts_keeps_them() -> None:
    both = apply("concatenate", X, Y, axis=0)
    graph = Graph((X, Y), (rows(both, 2, 5),))
    assert ops(eliminate(graph)) == ops(graph)


def test_zeros_that_are_cut_off_again_are_not_made() -> None:
    wide = apply("pad", X, low=(2, 0), high=(1, 0))
    assert ops(eliminate(Graph((X,), (rows(wide, 2, 5),)))) == ["input"]
    assert ops(eliminate(Graph((X,), (rows(wide, 1, 5),)))) == ["input", "pad", "slice"]


def test_the_branch_of_a_known_condition_is_taken() -> None:
    x = input_node("x", ArrayType(()))
    never = constant(False, ArrayType((), "bool"))
    graph = eliminate(Graph((x,), (apply("where", never, apply("log", x), x * 2),)))
    assert "log" not in ops(graph)
    assert evaluate(graph, {"x": 3.0}) == (6.0,)


def test_inputs_stay_even_where_nothing_reads_them() -> None:
    graph = eliminate(Graph((X, Y), (X,)))
    assert graph.inputs == (X, Y)


def test_dead_nodes_are_those_that_only_the_first_graph_needs() -> None:
    a, b = apply("exp", X), apply("sin", X)
    before = Graph((X,), (a, b))
    assert dead(before, before.with_outputs((a,))) == [b]
    assert dead(before, before) == []
    np.testing.assert_array_equal(evaluate(before.with_outputs((a,)), {"x": np.zeros((3, 2))})[0], 1)
