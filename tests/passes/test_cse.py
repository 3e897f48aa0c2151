"""Equal expressions become one node; what differs in a bit does not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import wengert.core.ops  # noqa: F401
from wengert.core.ir.graph import Graph, Node, apply, constant, input_node
from wengert.core.ir.op import OPS
from wengert.core.ir.types import ArrayType
from wengert.core.ir.walk import topological
from wengert.core.ops.vocabulary import NUMPY
from wengert.core.passes.cse import SMALL, share

S = ArrayType()
X, Y = input_node("x", S), input_node("y", S)
V = input_node("v", ArrayType((2, 2)))


def shared(*nodes: Node) -> bool:
    """Whether all nodes become one."""
    inputs = tuple(node for node in topological(nodes) if node.op.name == "input")
    return len(set(share(Graph(inputs, nodes)).outputs)) == 1


def number(value: Any) -> Node:
    return constant(value, S)


def array(value: Any) -> Node:
    return constant(np.array(value), ArrayType((2,)))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (apply("exp", X + Y), apply("exp", X + Y)),
        (X + Y, Y + X),
        (X * Y, Y * X),
        (number(1), number(1.0)),
        (number(np.nan), number(np.nan)),
        (array([1.0, 2.0]), array([1.0, 2.0])),
        (apply("sum", V, axes=(0,)), apply("sum", V, axes=(0,))),
        (apply("einsum", V, V, inputs=((0, 1), (1, 2)), output=(0, 2)), apply("einsum", V, V, inputs=((5, 3), (3, 4)), output=(5, 4))),
    ],
    ids=["nested", "sum", "product", "1", "nan", "array", "params", "labels"],
)  # fmt: skip
def test_equal_expressions_are_one_node(a: Node, b: Node) -> None:
    assert a is not b
    assert shared(a, b)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (X - Y, Y - X),
        (apply("maximum", X, Y), apply("maximum", Y, X)),
        (number(0.0), number(-0.0)),
        (array([0.0, 2.0]), array([-0.0, 2.0])),
        (number(1), constant(1, ArrayType((), "float32"))),
        (X**2, X**3),
        (input_node("x", S), input_node("x", S)),
        (apply("einsum", V, V, inputs=((0, 1), (1, 2)), output=(0, 2)), apply("einsum", V, V, inputs=((0, 1), (1, 2)), output=(2, 0))),
    ],
    ids=["difference", "maximum", "±0", "±0 in an array", "dtype", "exponent", "inputs", "labels"],
)  # fmt: skip
def test_expressions_that_differ_stay_apart(a: Node, b: Node) -> None:
    assert not shared(a, b)


def test_large_arrays_are_compared_by_identity() -> None:
    data = np.zeros(SMALL // 8 + 1)
    type = ArrayType(data.shape)
    assert shared(constant(data, type), constant(data, type))
    assert not shared(constant(data, type), constant(data.copy(), type))


@pytest.mark.parametrize("op", sorted(name for name, op in OPS.items() if op.commutes == "exactly"))
def test_inputs_commute_to_the_last_bit(op: str) -> None:
    special = np.array([0.0, -0.0, 1.0, -1.0, 0.1, 5e-324, 1.7e308, -1.7e308, np.inf, -np.inf, np.nan])
    values = special > 0.5 if op.startswith("logical") else special
    x, y = np.meshgrid(values, values)
    with np.errstate(all="ignore"):
        a, b = OPS[op].value(NUMPY, x, y), OPS[op].value(NUMPY, y, x)
    np.testing.assert_array_equal(a, b)
    if a.dtype.kind == "f":
        np.testing.assert_array_equal(np.signbit(a), np.signbit(b) | (np.isnan(a) & np.signbit(a)))


def test_the_first_node_stands_for_all_as_it_was_written() -> None:
    first, second = X * Y, Y * X
    graph = share(Graph((X, Y), (second, first)))
    assert graph.outputs[0] is graph.outputs[1] is second
