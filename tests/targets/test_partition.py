"""Graphs with ops that only NumPy has: native parts with the host between them, with the interpreter's results."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import wengert.core.autodiff  # noqa: F401
from wengert.core.autodiff.reverse import vjp
from wengert.core.ir.graph import Graph, Node, apply, constant, input_node
from wengert.core.ir.notation import unwritten
from wengert.core.ir.op import Op
from wengert.core.ir.types import ArrayType, Dim, TupleType
from wengert.core.ops.control import results
from wengert.core.ops.evaluate import evaluate
from wengert.errors import GraphError
from wengert.targets import compiled, native
from wengert.targets.native.support import is_native
from wengert.targets.partition import partition

VECTOR = ArrayType((7,))
VALUES = {"x": np.random.default_rng(0).normal(size=7)}


def host_op(name: str, value: Callable[..., Any], count: int = 1) -> Op:
    """An op without native form and without a place in the table, of `count` results of the input's type."""

    def infer(types: tuple[ArrayType, ...], params: Any) -> ArrayType:
        return types[0] if count == 1 else TupleType(items=types[:1] * count)

    return Op(
        name,
        "An op of the tests.",
        "general",
        None,
        infer,
        value,
        lambda node, tangents: tangents[0],
        lambda node, cotangent: (cotangent,),
        lambda node, inputs, batched: apply(node.op, *inputs),
        unwritten(name),
        lambda rng: [],
    )


SORT = host_op("sorted_entries", lambda xp, x: np.sort(x, axis=-1))
SAME = host_op("same_array", lambda xp, x: x)
BACKWARDS = host_op("backwards", lambda xp, x: x[::-1])
ORDER = host_op("order", lambda xp, x: (np.sort(x), np.argsort(x).astype(x.dtype)), count=2)


def x_node() -> Node:
    return input_node("x", VECTOR)


def assert_equal_results(graph: Graph, values: Any = VALUES) -> tuple[Any, ...]:
    """Native results, twice the same, are the interpreter's."""
    f = compiled.compile(graph, cache=False)
    kept = {name: value.copy() for name, value in values.items()}
    for found in (f(**values), f(**values)):
        for a, b in zip(found, evaluate(graph, kept), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-13)
            assert type(a) is type(b)
    for name, value in values.items():
        np.testing.assert_array_equal(value, kept[name])
    return found


def test_the_host_runs_between_native_parts():
    x = x_node()
    y = apply(SORT, apply("sin", x))
    graph = Graph((x,), (apply("cos", y) * x, y))
    cut = partition(graph, native)
    assert cut is not None
    kinds = ["host" if part.node is not None else "native" for part in cut.parts]
    assert kinds == ["native", "host", "native"]
    assert_equal_results(graph)


def test_independent_parts_are_joined():
    """Two chains through the host have three parts between and around, not five."""
    x = x_node()
    y, z = (apply(SORT, apply(name, x)) for name in ("sin", "cos"))
    graph = Graph((x,), (apply("exp", y) + apply("tanh", z),))
    cut = partition(graph, native)
    assert cut is not None
    assert [part.node is None for part in cut.parts] == [True, False, False, True]
    assert_equal_results(graph)


def test_a_native_graph_is_not_split():
    x = x_node()
    assert partition(Graph((x,), (apply("sin", x),)), native) is None


def test_several_results_of_the_host_are_taken_apart():
    x = x_node()
    first, second = results(apply(ORDER, apply("sin", x)))
    assert_equal_results(Graph((x,), (first * second, apply(SORT, second), first)))


def test_results_share_no_memory_with_inputs():
    x = x_node()
    graph = Graph((x,), (apply(SAME, x), apply(BACKWARDS, x), x, apply(SORT, x)))
    for y in assert_equal_results(graph):
        assert not np.shares_memory(y, VALUES["x"])
        assert y.base is None


def test_a_loop_with_a_host_op_runs_its_steps_on_the_host():
    x = x_node()
    c, s = input_node("c", VECTOR), input_node("s", ArrayType())
    spread = apply("broadcast", s, shape=(7,), axes=())
    body = Graph((c, s), (apply(SORT, apply("sin", c + spread)), apply("sum", c, axes=(0,))))
    params = {"carries": 1, "xs": 1, "length": 7, "first": None, "reverse": True}
    y, record = results(apply("scan", apply("cos", x), x, body=body, **params))
    assert not is_native(y.inputs[0])
    assert_equal_results(Graph((x,), (y * 2, record + x)))


def test_a_branch_with_a_host_op_runs_on_the_host():
    x = x_node()
    a = input_node("a", VECTOR)
    test = apply("less", apply("sum", x, axes=(0,)), constant(0, ArrayType()))
    y = results(apply("cond", test, x, then=Graph((a,), (apply(SORT, a),)), other=Graph((a,), (apply("sin", a),))))[0]
    graph = Graph((x,), (y + x,))
    for sign in (1, -1):
        assert_equal_results(graph, {"x": sign * VALUES["x"]})


def test_a_tape_does_not_cross_from_native_code_to_the_host():
    """The gradient of a sorted while loop: the loop comes before the sort, its reverse after it."""
    x = x_node()
    a = input_node("a", VECTOR)
    total = apply("sum", a * a, axes=(0,))
    test = Graph((a,), (apply("less", constant(0.3, total.type), total),))
    y = results(apply("while_loop", x, test=test, body=Graph((a,), (apply("sin", a) * 0.75,)), carries=1))[0]
    loss = apply("sum", apply("sin", apply(SORT, y)), axes=(0,))
    (bar,) = vjp([loss], [x], [constant(1, loss.type)])
    assert bar is not None
    assert_equal_results(Graph((x,), (loss, bar)))


def test_constants_enter_the_host_and_leave_it():
    x = x_node()
    numbers = constant(np.arange(7.0)[::-1], VECTOR)
    place = apply("position", size=7, dtype="float64")
    outputs = (numbers, place, apply(SORT, numbers), apply(SORT, x) + numbers, apply(SORT, constant(2, VECTOR)))
    assert_equal_results(Graph((x,), outputs))


def test_named_sizes_are_bound_in_every_part():
    x = input_node("x", ArrayType((Dim("n"),)))
    total = apply("sum", apply(SORT, apply("sin", x)), axes=(0,))
    f = compiled.compile(Graph((x,), (total, apply(SORT, x))), cache=False)
    for n in (0, 1, 5, 7, 5):
        values = np.arange(float(n))[::-1]
        first, second = f(x=values)
        assert isinstance(first, np.float64)
        assert first == pytest.approx(np.sum(np.sin(values)))
        np.testing.assert_array_equal(second, np.sort(values))


def test_donated_inputs_of_a_split_graph_keep_their_values_apart():
    x = x_node()
    f = compiled.compile(Graph((x,), (apply(SORT, x) * 2,)), donate=["x"], cache=False)
    given = VALUES["x"].copy()
    np.testing.assert_array_equal(f(x=given)[0], 2 * np.sort(VALUES["x"]))


def test_an_index_outside_raises_the_interpreters_error_after_the_host():
    x, k = x_node(), input_node("k", ArrayType((2,), "int64"))
    graph = Graph((x, k), (apply("gather", apply(SORT, x), k, axis=0, batch=0) * 2,))
    values = {**VALUES, "k": np.array([0, 7])}
    with pytest.raises(GraphError) as wanted:
        evaluate(graph, values)
    with pytest.raises(GraphError) as found:
        compiled.compile(graph, cache=False)(**values)
    assert str(found.value) == str(wanted.value)


@pytest.mark.parametrize(
    ("make", "values"),
    [
        (lambda x: apply("max", apply("slice", x, start=(3,), stop=(3,), step=(1,)), axes=(0,)), np.arange(7)),
        (lambda x: apply("integer_power", x, exponent=-1), np.arange(1, 8)),
    ],
    ids=["the largest of none", "1/n of whole numbers"],
)
def test_what_numpy_refuses_is_refused_with_its_words(make, values):
    x = input_node("x", ArrayType((7,), "int64"))
    graph = Graph((x,), (make(x) + 1,))
    with pytest.raises(ValueError, match=r".") as wanted:
        evaluate(graph, {"x": values})
    with pytest.raises(ValueError, match=r".") as found:
        compiled.compile(graph, cache=False)(x=values)
    assert str(found.value) == str(wanted.value)
