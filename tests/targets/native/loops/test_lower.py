"""Lowering: random graphs as loop nests, interpreted, are the graphs; where results lie and what is written in place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import wengert.core.autodiff  # noqa: F401
from scripts.compare_backends import described, difference
from scripts.random_graphs import Case, random_case
from tests.targets.native.loops.arena import interpreted, lowered
from tests.thorough import rounds
from wengert.core.ir.graph import Graph, Node, apply, constant, input_node
from wengert.core.ir.types import ArrayType
from wengert.core.ops.control import results
from wengert.targets.native.loops.inside import buffers_of, statements
from wengert.targets.native.loops.lower import lower
from wengert.targets.native.loops.nest import Copy, NestProgram, Statement, Store, While
from wengert.targets.native.loops.show import show

GROUPS = rounds(4, 12)
VECTOR = ArrayType((6,))


def assert_same(case: Case) -> None:
    """Interpreted in an arena full of rubbish, the nests give what the interpreter of graphs gives."""
    found = difference(case, interpreted)
    assert found is None, f"{found}\n{described(case)}\n{show(lowered(case)[0])}"


def of_kind(program: NestProgram, kind: type) -> list[Any]:
    return [s for s in statements(program.body) if isinstance(s, kind)]


def temporaries(body: Sequence[Statement]) -> set[str]:
    """The names of the temporaries that statements touch."""
    return {b.name for s in statements(body) for b in buffers_of(s) if b.kind == "temporary"}


def vectors(*names: str) -> list[Node]:
    return [input_node(name, VECTOR) for name in names]


def numbers(*names: str) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {name: rng.normal(size=6) for name in names}


@pytest.mark.parametrize("group", range(GROUPS))
def test_nests_of_random_graphs_are_the_graphs(group):
    for seed in range(group * 15, group * 15 + 15):
        assert_same(random_case(seed, tiny=True))


# outputs


def test_an_output_is_written_where_it_belongs():
    (x,) = vectors("x")
    program = lower(Graph((x,), (apply("sin", x),)))
    assert not temporaries(program.body)
    assert not of_kind(program, Copy)


def test_outputs_may_be_inputs_constants_and_equal():
    x, y = vectors("x", "y")
    array = constant(np.arange(6.0), VECTOR)
    z = apply("sin", x)
    outputs = (x, y, x, array, constant(2.5, VECTOR), z, z, apply("position", size=6, dtype="int64"))
    assert_same(Case(Graph((x, y), outputs), numbers("x", "y")))


def test_an_output_without_entries_is_nothing():
    x = input_node("x", ArrayType((0, 3)))
    graph = Graph((x,), (apply("sin", x), apply("sum", x, axes=(0,)), apply("sum", x, axes=(1,))))
    assert_same(Case(graph, {"x": np.zeros((0, 3))}))


# in place


def test_a_step_of_descent_is_written_in_place():
    w, g = vectors("w", "g")
    graph = Graph((w, g), (w - apply("tanh", g) * 0.1,))
    program = lower(graph, {0: 0})
    assert program.outputs == program.inputs[:1]
    assert not of_kind(program, Copy)
    assert not temporaries(program.body)
    assert_same(Case(graph, numbers("w", "g"), donate=("w",)))


def test_an_exchange_in_place_goes_through_memory_of_its_own():
    a, b = vectors("a", "b")
    assert_same(Case(Graph((a, b), (b, a)), numbers("a", "b"), donate=("a", "b")))
    c, d = vectors("c", "d")
    assert_same(Case(Graph((c, d), (c + d, c)), numbers("c", "d"), donate=("c", "d")))


def test_a_cycle_of_three_in_place():
    a, b, c = vectors("a", "b", "c")
    assert_same(Case(Graph((a, b, c), (b, c, a)), numbers("a", "b", "c"), donate=("a", "b", "c")))


def test_other_readers_come_before_what_is_overwritten():
    a, b = vectors("a", "b")
    total = apply("sum", apply("exp", a), axes=(0,))
    graph = Graph((a, b), (apply("sin", a) + b, total, apply("flip", a, axes=(0,))))
    assert_same(Case(graph, numbers("a", "b"), donate=("a",)))


def test_what_is_read_elsewhere_is_not_overwritten():
    """x + its mirror image needs both halves."""
    (x,) = vectors("x")
    graph = Graph((x,), (x + apply("flip", x, axes=(0,)),))
    assert_same(Case(graph, numbers("x"), donate=("x",)))
    assert of_kind(lower(graph, {0: 0}), Copy)


def test_two_results_that_wait_for_each_other_are_not_both_in_place():
    a, b = vectors("a", "b")
    graph = Graph((a, b), (apply("sin", b), apply("sin", a)))
    assert_same(Case(graph, numbers("a", "b"), donate=("a", "b")))


def test_a_product_is_not_written_over_its_factor():
    a, b = (input_node(name, ArrayType((4, 4))) for name in "ab")
    y = apply("einsum", a, b, inputs=((0, 1), (1, 2)), output=(0, 2))
    rng = np.random.default_rng(0)
    values = {"a": rng.normal(size=(4, 4)), "b": rng.normal(size=(4, 4))}
    for donate in ("a", "b"):
        assert_same(Case(Graph((a, b), (y,)), values, donate=(donate,)))
    assert_same(Case(Graph((a, b), (a - y * 0.1, b)), values, donate=("a", "b")))


def test_the_carry_of_a_loop_takes_the_memory_of_its_start():
    x, c = vectors("x", "c")
    body = Graph((c,), (apply("sin", c) * 0.9,))
    y = results(apply("scan", x, body=body, carries=1, xs=0, length=3, first=None, reverse=False))[0]
    program = lower(Graph((x,), (y,)), {0: 0})
    assert not of_kind(program, Copy)
    assert not temporaries(program.body)
    assert_same(Case(Graph((x,), (y,)), numbers("x"), donate=("x",)))


def test_exchanged_carries_of_a_loop():
    x, y, c, d = vectors("x", "y", "c", "d")
    body = Graph((c, d), (d, apply("sin", c) + d))
    outs = results(apply("scan", x, y, body=body, carries=2, xs=0, length=3, first=None, reverse=False))
    for order in (outs, outs[::-1]):
        for donate in ((), ("x",), ("x", "y"), ("y", "x")):
            assert_same(Case(Graph((x, y), tuple(order)), numbers("x", "y"), donate=donate))


def test_a_record_of_the_old_carry_is_made_before_the_new_one():
    x, c = vectors("x", "c")
    body = Graph((c,), (apply("sin", c), c, apply("flip", c, axes=(0,))))
    outs = results(apply("scan", x, body=body, carries=1, xs=0, length=3, first=None, reverse=True))
    assert_same(Case(Graph((x,), tuple(outs)), numbers("x"), donate=("x",)))


# loops


def test_a_step_stores_its_number_only_where_it_is_looked_at():
    t, c = input_node("t", ArrayType((), "int64")), input_node("c", ArrayType())
    body = Graph((t, c), (c + apply("cast", t, dtype="float64"), t))
    x = input_node("x", ArrayType())
    outs = results(apply("scan", x, body=body, carries=1, xs=0, length=4, first=2, reverse=False))
    graph = Graph((x,), tuple(outs))
    assert not temporaries(lower(graph).body)
    assert_same(Case(graph, {"x": np.array(0.5)}))


def test_a_loop_of_no_steps_copies_its_start():
    x, c = vectors("x", "c")
    body = Graph((c,), (apply("sin", c), c))
    outs = results(apply("scan", x, body=body, carries=1, xs=0, length=0, first=None, reverse=False))
    assert_same(Case(Graph((x,), tuple(outs)), numbers("x")))


def test_a_while_loop_has_one_test_and_one_body():
    x, c = vectors("x", "c")
    total = apply("sum", c * c, axes=(0,))
    test = Graph((c,), (apply("less", constant(0.5, total.type), total),))
    y = results(apply("while_loop", x, test=test, body=Graph((c,), (apply("sin", c) * 0.8,)), carries=1))[0]
    graph = Graph((x,), (y,))
    (loop,) = of_kind(lower(graph), While)
    assert any(isinstance(s, Store) and s.buffer is loop.flag for s in statements(loop.test))
    assert_same(Case(graph, numbers("x"), donate=("x",)))


def test_constants_are_kept_once():
    (x,) = vectors("x")
    array = np.arange(6.0)
    first, second = constant(array, VECTOR), constant(array.copy(), VECTOR)
    flipped = apply("flip", second, axes=(0,))
    program = lower(Graph((x,), (x * first, apply("sin", x) + flipped)))
    kept = {b for s in statements(program.body) for b in buffers_of(s) if b.kind == "constant"}
    assert len(kept) == 1
