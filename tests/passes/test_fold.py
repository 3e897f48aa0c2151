"""Constants are computed once, exactly where they are fractions, and never where that would raise or overflow."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import wengert.core.ops  # noqa: F401
from wengert.core.ir.graph import Graph, Node, apply, constant, input_node
from wengert.core.ir.types import ArrayType, Dim
from wengert.core.ops.evaluate import evaluate
from wengert.core.passes.fold import LIMIT, fold

S = ArrayType()
NAMED = ArrayType((Dim("m"), 3))


def c(value: Any, type: ArrayType = S) -> Node:
    return constant(value, type)


def value(node: Node) -> Any:
    """The value of a folded node; None where it was not folded."""
    (out,) = fold(Graph((), (node,))).outputs
    return out.params["value"] if out.op.name == "constant" else None


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (c(Fraction(1, 2)) * c(2), 1),
        (c(1) / c(3), Fraction(1, 3)),
        ((c(1) / c(3)) * 3, 1),
        (c(2) - c(Fraction(1, 3)), Fraction(5, 3)),
        (apply("reciprocal", c(4)), Fraction(1, 4)),
        (c(2) ** -3, Fraction(1, 8)),
        (c(0.1) + c(0.2), 0.1 + 0.2),
        (apply("exp", c(1)), float(np.exp(1.0))),
        (c(1) > c(2), False),
        (apply("cast", c(1) > c(0), dtype="float64"), 1.0),
        (apply("sum", c(2, ArrayType((3, 4))), axes=(0, 1)), 24),
        (apply("sum", c(Fraction(1, 3), ArrayType((3,))), axes=(0,)), 1),
        (apply("size_of", size=5, dtype="float64"), 5),
    ],
)
def test_numbers_are_folded_exactly(node: Node, expected: Any) -> None:
    assert value(node) == expected
    assert type(value(node)) is type(expected)


def test_numbers_that_fill_a_named_shape_are_folded() -> None:
    node = (c(2, NAMED) * c(Fraction(1, 2), NAMED)) + apply("broadcast", c(3), shape=NAMED.shape, axes=())
    assert value(node) == 4
    assert fold(Graph((), (node,))).outputs[0].type == NAMED


def test_single_precision_is_folded_in_single_precision() -> None:
    type = ArrayType((), "float32")
    third = value(apply("exp", c(0.1, type)))
    assert third == float(np.exp(np.float32(0.1)))
    assert third != float(np.exp(0.1))


def test_small_arrays_are_folded_and_equal_entries_become_a_number() -> None:
    x = c(np.arange(3.0), ArrayType((3,)))
    np.testing.assert_array_equal(value(x * 2), [0, 2, 4])
    assert value(x - x) == 0
    assert not value(x * 2).flags.writeable


@pytest.mark.parametrize(
    "node",
    [
        c(1) / c(0),
        c(1.0) / c(0.0),
        apply("log", c(0.0)),
        apply("exp", c(1000)),
        c(0) ** -1,
        c(10) ** 5000,
        apply("gather", c(np.ones(3), ArrayType((3,))), c(7, ArrayType((), "int64")), axis=0, batch=0),
        apply("sum", apply("size_of", size=Dim("m"), dtype="float64") * c(1), axes=()),
        apply("position", size=4, dtype="int64"),
        apply("einsum", c(np.arange(LIMIT + 1.0), ArrayType((LIMIT + 1,))), inputs=((0,),), output=()),
        apply("stop_gradient", c(1)),
    ],
    ids=[
        "1/0",
        "1.0/0.0",
        "log 0",
        "exp 1000",
        "0⁻¹",
        "10⁵⁰⁰⁰",
        "index outside",
        "named size",
        "position",
        "long",
        "mark",
    ],
)
def test_what_raises_overflows_or_is_long_stays(node: Node) -> None:
    assert value(node) is None


def test_infinite_constants_may_be_folded() -> None:
    assert value(c(np.inf) + c(1.0)) == np.inf


def test_minus_zero_stays_minus_zero() -> None:
    assert np.signbit(value(-c(0.0)))
    assert value(-c(0)) == 0
    assert np.signbit(value(-c(0)))


def test_what_depends_on_an_input_stays() -> None:
    x = input_node("x", S)
    graph = fold(Graph((x,), (x + apply("exp", c(0)),)))
    assert [y.op.name for y in graph.outputs[0].inputs] == ["input", "constant"]
    assert evaluate(graph, {"x": 1.0}) == (2.0,)
