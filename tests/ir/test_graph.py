"""Graphs: types, walks, verification and the text form."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import wengert.core.ops  # noqa: F401
from wengert.core.ir.dump import dump
from wengert.core.ir.graph import Graph, Node, apply, constant, input_node
from wengert.core.ir.op import OPS, register
from wengert.core.ir.types import ArrayType, Dim, bind_shape
from wengert.core.ir.verify import verify
from wengert.core.ir.walk import depends_on, map_graph, order_of, substitute, topological, users, with_inputs
from wengert.core.ops.functions import matmul, total
from wengert.errors import GraphError

S = ArrayType()


def layer() -> Graph:
    n, m = Dim("n"), Dim("m")
    W, x = input_node("W", ArrayType((n, m))), input_node("x", ArrayType((m,)))
    y = apply("logistic", matmul(W, x))
    half = constant(Fraction(1, 2), S)
    return Graph((W, x), (y, half * total(y**2)), ("y", "L"))


def test_the_text_form_of_a_graph():
    assert dump(layer()) == (
        "graph(W: float64[n×m], x: float64[m])\n"
        "  v1 = einsum(W, x, inputs=((0, 1), (1,)), output=(0,)): float64[n]\n"
        "  v2 = logistic(v1): float64[n]\n"
        "  v3 = constant(value=1/2): float64[]\n"
        "  v4 = integer_power(v2, exponent=2): float64[n]\n"
        "  v5 = sum(v4, axes=(0,)): float64[]\n"
        "  v6 = multiply(v3, v5): float64[]\n"
        "  return y = v2, L = v6"
    )


def test_the_text_form_shows_arrays_and_strings():
    c = constant(np.arange(3.0), ArrayType((3,)))
    assert dump(Graph((), (apply("cast", c, dtype="float32"),))) == (
        "graph()\n  v1 = constant(value=[0., 1., 2.]): float64[3]\n  v2 = cast(v1, dtype='float32'): float32[3]\n  return v2"
    )


def test_operators_write_ops():
    x = input_node("x", S)
    assert (2 * x).op.name == "multiply"
    assert (1 - x).inputs[0].params["value"] == 1
    assert (x**2).op.name == "integer_power"
    assert (x**0.5).op.name == "power"
    assert (x >= 0).type.dtype == "bool"
    with pytest.raises(GraphError, match="no truth value"):
        bool(x > 0)


def test_topological_order_is_inputs_first_from_left_to_right():
    x = input_node("x", S)
    a, b = apply("sin", x), apply("cos", x)
    y = a * b + a
    assert [node.op.name for node in topological([y])] == ["input", "sin", "cos", "multiply", "add"]
    assert topological([y], stop=[a, b])[0] is a


def test_users_are_children_one_entry_a_use():
    x = input_node("x", S)
    y = x * x
    assert users([y])[x] == [y, y]
    assert depends_on([y], [x]) == {x, y}


def test_substitution_shares_what_does_not_change():
    x, z = input_node("x", S), input_node("z", S)
    kept = apply("sin", z)
    y = kept * apply("cos", x)
    (new,) = substitute([y], {x: z})
    assert new.inputs[0] is kept
    assert new.inputs[1].inputs == (z,)


def test_map_graph_that_changes_nothing_is_the_graph():
    x = input_node("x", ArrayType(()))
    graph = Graph((x,), (-x, x + 1))
    assert map_graph(graph, lambda node, inputs: with_inputs(node, inputs)) is graph
    assert order_of(graph) == tuple(topological(graph.outputs))
    assert order_of(graph) is order_of(graph)


def test_map_graph_keeps_inputs_and_names():
    graph = layer()
    same = map_graph(graph, lambda node, inputs: node)
    assert same.inputs == graph.inputs
    assert same.names == ("y", "L")


def test_sizes_are_bound_by_name():
    assert bind_shape((Dim("n"), 3, Dim("m")), {"n": 2}) == (2, 3, Dim("m"))


def test_a_type_prints_its_shape():
    assert str(ArrayType((Dim("m"), 3), "float32")) == "float32[m×3]"


def test_a_well_formed_graph_verifies():
    graph = layer()
    assert verify(graph) is graph


def cyclic() -> Graph:
    x = input_node("x", S)
    y = apply("sin", x)
    y.inputs = (y,)
    return Graph((x,), (y,))


def foreign() -> Graph:
    from dataclasses import replace

    x = input_node("x", S)
    return Graph((x,), (apply(replace(OPS["sin"], name="sine"), x),))


@pytest.mark.parametrize(
    ("graph", "words"),
    [
        (lambda: Graph((), (apply("sin", input_node("x", S)),)), "reads the input 'x', which it does not declare"),
        (lambda: Graph((input_node("x", S), input_node("x", S)), ()), "'x' is empty or taken twice"),
        (lambda: Graph((input_node("", S),), ()), "'' is empty or taken twice"),
        (lambda: Graph((constant(1, S),), ()), "inputs are input nodes, not 'constant'"),
        (lambda: Graph((), (constant(1, S),), ("a", "b")), "1 outputs but 2 names"),
        (lambda: Graph((), (Node(OPS["sin"], (constant(1, S),), {}, ArrayType((2,))),)), r"has the type float64\[2\]"),
        (lambda: Graph((), (Node(OPS["sin"], (), {}, S),)), "takes 1 inputs, not 0"),
        (foreign, "The op 'sine' is not in the table"),
        (cyclic, "cycle through a node 'sin'"),
    ],
)
def test_what_is_not_well_formed_has_its_sentence(graph, words):
    with pytest.raises(GraphError, match=words) as caught:
        verify(graph())
    assert caught.value.repair


def test_the_number_of_inputs_is_checked():
    with pytest.raises(GraphError, match="'add' takes 2 inputs, not 1"):
        apply("add", input_node("x", S))


def test_a_name_is_registered_once():
    with pytest.raises(GraphError, match="'sin' exists already"):
        register(OPS["sin"])
