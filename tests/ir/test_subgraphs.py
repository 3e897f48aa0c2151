"""Several results, tapes and sub-graphs: their types, what makes them well formed, and how they are dumped."""

from __future__ import annotations

import numpy as np
import pytest

import wengert.core.ops  # noqa: F401
from tests.evaluating import evaluate_all
from wengert.core.ir.dump import dump
from wengert.core.ir.graph import Graph, Node, apply, constant, input_node
from wengert.core.ir.op import OPS
from wengert.core.ir.types import ArrayType, Dim, TapeType, TupleType
from wengert.core.ir.verify import verify
from wengert.core.ops.control import results
from wengert.core.ops.evaluate import evaluate
from wengert.errors import GraphError, ShapeError

S = ArrayType()


def loop():
    """c ← sin c + k, recording c."""
    c, k = input_node("c", S), input_node("k", S)
    a, b = input_node("a", S), input_node("b", S)
    body = Graph((a, b), (apply("sin", a) + b, a))
    params = {"carries": 1, "xs": 0, "length": 2, "reverse": False, "first": None}
    return Graph((c, k), tuple(results(apply("scan", c, k, body=body, **params))))


def recording():
    c = input_node("c", S)
    a, t = input_node("a", S), input_node("t", S)
    test, body = Graph((t,), (t < 9,)), Graph((a,), (a * 2, a > 3))
    return c, apply("while_loop", c, test=test, body=body, carries=1)


def test_a_tuple_and_a_tape_are_types_like_others():
    several = TupleType(items=(S, ArrayType((3,), "int64")))
    assert str(several) == "(float64[], int64[3])"
    assert several == TupleType(items=(S, ArrayType((3,), "int64")))
    assert several != TupleType(items=(S,))
    assert several != ArrayType((), "tuple")
    assert several.is_float
    assert not TupleType(items=(ArrayType((), "bool"),)).is_float
    tape = TapeType(item=ArrayType((2,), "float32"))
    assert str(tape) == "tape[float32[2]]"
    assert tape.is_float
    assert not TapeType(item=ArrayType((), "int64")).is_float
    assert len({several, tape, S}) == 3


def test_sub_graphs_are_dumped_below_their_node():
    assert dump(loop()) == (
        "graph(c: float64[], k: float64[])\n"
        "  v1 = scan(c, k, body=graph(a, b), carries=1, xs=0, length=2, reverse=False, first=None): (float64[], float64[2])\n"
        "    body = graph(a: float64[], b: float64[])\n"
        "      v1 = sin(a): float64[]\n"
        "      v2 = add(v1, b): float64[]\n"
        "      return v2, a\n"
        "  v2 = item(v1, index=0): float64[]\n"
        "  v3 = item(v1, index=1): float64[2]\n"
        "  return v2, v3"
    )


def test_a_sub_graph_is_held_to_the_same_rules():
    g = loop()
    node = g.outputs[0].inputs[0]
    stray = input_node("stray", S)
    (a, b) = node.params["body"].inputs
    wrong = Graph((a, b), (apply("sin", a) + stray, a))
    broken = Node(node.op, node.inputs, {**node.params, "body": wrong}, node.type)
    with pytest.raises(GraphError, match="reads the input 'stray', which it does not declare"):
        verify(Graph(g.inputs, tuple(results(broken))))
    twice = Graph((a, input_node("a", S)), (a * 2, a))
    broken = Node(node.op, node.inputs, {**node.params, "body": twice}, node.type)
    with pytest.raises(GraphError, match="input name 'a' is empty or taken twice"):
        verify(Graph(g.inputs, tuple(results(broken))))


def test_tuples_and_tapes_are_read_by_control_ops_alone():
    c, node = recording()
    _, tape = results(node)
    for bad in (apply("transpose", node, axes=()), apply("reshape", tape, shape=())):
        with pytest.raises(GraphError, match="takes arrays, not tuples or tapes of them"):
            verify(Graph((c,), (bad,)))
    for name in ("sin", "add"):
        with pytest.raises(GraphError, match=r"not (tuple|tape)"):
            apply(name, *[tape] * OPS[name].arity)


def test_every_value_of_a_loop_can_be_seen():
    values = evaluate_all(loop(), {"c": 0.5, "k": 0.25})
    tuples = [value for node, value in values.items() if isinstance(node.type, TupleType)]
    assert [len(value) for value in tuples] == [2]
    c, node = recording()
    last, tape = evaluate(Graph((c,), tuple(results(node))), {"c": 1.0})
    assert last == 16.0
    assert tape == [False, False, True, True]


def test_a_loop_on_constants_is_run_once_for_all_calls():
    ran = []
    x = input_node("x", S)
    a = input_node("a", S)
    from dataclasses import replace

    def noting(xp, x):
        ran.append(1)
        return np.sin(x)

    body = Graph((a,), (apply(replace(OPS["sin"], value=noting), a),))
    params = {"carries": 1, "xs": 0, "length": 3, "reverse": False, "first": None}
    (y,) = results(apply("scan", constant(1, S), body=body, **params))
    from wengert.targets import interpreter

    program = interpreter.compile(Graph((x,), (x + y,)))
    for _ in range(3):
        program(x=1.0)
    assert len(ran) == 3


def test_named_sizes_inside_of_bodies_are_bound_from_outside():
    n = Dim("n")
    x = input_node("x", ArrayType((n,)))
    a, b = input_node("a", S), input_node("b", S)
    size = apply("size_of", size=n, dtype="float64")
    body = Graph((a, b), (a + b / size,))
    params = {"carries": 1, "xs": 1, "length": n, "reverse": False, "first": None}
    (mean,) = results(apply("scan", constant(0, S), x, body=body, **params))
    g = Graph((x,), (mean,))
    assert evaluate(verify(g), {"x": [1.0, 2.0, 6.0]}) == (3.0,)
    assert evaluate(g, {"x": [1.0, 3.0]}) == (2.0,)


def test_a_size_that_is_known_nowhere_is_an_error_inside_of_bodies_too():
    c, a = input_node("c", S), input_node("a", S)
    body = Graph((a,), (a + apply("size_of", size=Dim("m"), dtype="float64"),))
    params = {"carries": 1, "xs": 0, "length": 2, "reverse": False, "first": None}
    g = Graph((c,), tuple(results(apply("scan", c, body=body, **params))))
    with pytest.raises(ShapeError, match="size 'm' is not known"):
        evaluate(g, {"c": 1.0})
    assert evaluate(g, {"c": 1.0}, {"m": 5}) == (11.0,)
