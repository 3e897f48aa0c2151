"""Passes over branches and loops: joining, pruning, hoisting, and every pass inside of bodies. Exact to the last bit."""

from __future__ import annotations

import numpy as np
import pytest

import wengert.core.ops  # noqa: F401
from wengert.core.autodiff.transforms import hvp, push_forward, value_and_grad
from wengert.core.ir.graph import Graph, Node, apply, constant, input_node
from wengert.core.ir.types import ArrayType
from wengert.core.ir.verify import verify
from wengert.core.ir.walk import topological
from wengert.core.ops.control import results
from wengert.core.ops.evaluate import evaluate
from wengert.core.ops.functions import total
from wengert.core.ops.loop import Loop, Read
from wengert.core.passes.bodies import everywhere, has_bodies
from wengert.core.passes.cse import share
from wengert.core.passes.fold import fold
from wengert.core.passes.hoisting import hoist
from wengert.core.passes.joining import join
from wengert.core.passes.open_primes import open_primes
from wengert.core.passes.pruning import prune

S, V = ArrayType(), ArrayType((3,))


def graph(f, *types):
    inputs = tuple(input_node(f"a{k}", type) for k, type in enumerate(types))
    return Graph(inputs, tuple(f(*inputs)))


def scan(body, *inputs, carries, xs=0, length=None, reverse=False, first=None):
    return results(
        apply("scan", *inputs, body=body, carries=carries, xs=xs, length=length, reverse=reverse, first=first)
    )


def while_loop(test, body, *inputs, carries):
    return results(apply("while_loop", *inputs, test=test, body=body, carries=carries))


def loops(g: Graph) -> list[Node]:
    return [node for node in topological(g.outputs) if node.op.name in ("scan", "while_loop")]


def same_bits(before: Graph, after: Graph, **values):
    verify(after)
    for a, b in zip(evaluate(before, values), evaluate(after, values), strict=True):
        np.testing.assert_array_equal(a, b)


def inputs(*names_and_types):
    return [input_node(name, type) for name, type in names_and_types]


# ---------------------------------------------------------------- bodies


def test_a_pass_goes_over_bodies_in_bodies():
    c, x = inputs(("c", S), ("x", V))
    inner = graph(lambda y, k: [apply("sin", y) + apply("sin", y) * k], S, S)
    outer = graph(lambda y, e: [scan(inner, y, e, carries=1, length=2)[0]], S, S)
    g = Graph((c, x), (scan(outer, c, x, carries=1, xs=1, length=3)[0],))
    shared = everywhere(share, g)
    (loop,) = loops(shared)
    (within,) = loops(loop.params["body"])
    assert sum(node.op.name == "sin" for node in topological(within.params["body"].outputs)) == 1
    same_bits(g, shared, c=0.3, x=np.array([1.0, -2.0, 0.5]))


def test_a_body_that_two_nodes_have_stays_one():
    c, k = inputs(("c", S), ("k", S))
    body = graph(lambda y, k: [y * 1 + k * (2 * constant(3, S))], S, S)
    g = Graph((c, k), (scan(body, c, k, carries=1, length=2)[0], scan(body, k, c, carries=1, length=2)[0]))
    first, second = loops(everywhere(fold, g))
    assert first.params["body"] is second.params["body"]
    assert first.params["body"] is not body


def test_a_graph_without_bodies_has_none_and_a_pass_that_changes_nothing_leaves_the_node():
    (x,) = inputs(("x", S))
    assert not has_bodies(Graph((x,), (apply("sin", x),)))
    body = graph(lambda y: [apply("sin", y)], S)
    g = Graph((x,), (scan(body, x, carries=1, length=2)[0],))
    assert has_bodies(g)
    assert loops(everywhere(share, g)) == loops(g)


@pytest.mark.parametrize("each", [open_primes, share, fold, prune, hoist, join])
def test_every_pass_keeps_branches(each):
    p, x = inputs(("p", ArrayType((), "bool")), ("x", S))
    then, other = (graph(lambda y, name=name: [apply(name, y) * 1], S) for name in ("sin", "exp"))
    g = Graph((p, x), tuple(results(apply("cond", p, x, then=then, other=other))))
    for truth in (True, False):
        same_bits(g, everywhere(each, g), p=truth, x=0.5)


# ---------------------------------------------------------------- joining


def product_of_sines() -> Graph:
    c, x, k = inputs(("c", S), ("x", V), ("k", S))
    body = graph(lambda c, x, k: [c * k + apply("sin", x) * c, c * x], S, S, S)
    last, ys = scan(body, c, x, k, carries=1, xs=1, length=3)
    return Graph((c, x, k), (last + total(ys),))


VALUES = {"c": 0.7, "x": np.array([1.0, -2.0, 0.5]), "k": 1.5}


@pytest.mark.parametrize(("derive", "count"), [(value_and_grad, 2), (push_forward, 1), (hvp, 2)])
def test_a_loop_and_its_derivatives_become_one(derive, count):
    derived = derive(product_of_sines())
    both = Graph(derived.inputs, (*derived.outputs, product_of_sines_on(derived)))
    joined = join(both)
    assert len(loops(joined)) == count < len(loops(both))
    values = {x.params["name"]: np.ones(x.shape) for x in derived.inputs} | VALUES
    same_bits(both, joined, **values)


def product_of_sines_on(derived: Graph) -> Node:
    """The value, by a loop that the derivative has as a part."""
    for node in loops(derived):
        loop = Loop.of(node)
        if loop.reverse:
            continue
        plain = [c for c in loop.carries if c.inner.params["name"] == "a0"]
        assert plain
        reads = Loop(
            tuple(plain),
            tuple(x for x in loop.xs if x.inner.params["name"] == "a1"),
            tuple(k for k in loop.consts if k.inner.params["name"] == "a2"),
            (),
            loop.length,
        )
        return results(reads.node())[0]
    raise AssertionError("a loop runs forward")


def test_loops_that_begin_otherwise_stay_apart():
    c, d, k = inputs(("c", S), ("d", S), ("k", S))
    body = graph(lambda c, k: [c * k], S, S)
    for other in (
        scan(body, d, k, carries=1, length=3),
        scan(body, c, d, carries=1, length=3),
        scan(body, c, k, carries=1, length=2),
        scan(body, c, k, carries=1, length=3, reverse=True),
        scan(graph(lambda c, k: [c * k], S, S), c, k, carries=1, length=3),
    ):
        g = Graph((c, d, k), (scan(body, c, k, carries=1, length=3)[0], other[0]))
        assert join(g) is g


def test_loops_that_read_each_other_stay_apart():
    """The tangent of the second begins with the result of the first."""
    g = product_of_sines()
    (first,) = g.outputs
    forward = push_forward(g, "c")
    (tangent,) = (x for x in forward.inputs if x not in g.inputs)
    from wengert.core.ir.walk import substitute

    chained = Graph(g.inputs, tuple(substitute(forward.outputs, {tangent: first})))
    joined = join(chained)
    assert len(loops(joined)) == 2
    same_bits(chained, joined, **VALUES)


def test_a_counter_and_new_inputs_of_one_name_go_into_the_joined_loop():
    c, k = inputs(("c", S), ("k", S))
    a, b, t = input_node("a", S), input_node("b", S), input_node("t", ArrayType((), "int64"))
    other = input_node("extra", S), input_node("extra", S)
    after = a * b
    plain = Graph((a, b), (after,))
    counted = Graph((t, a, b, other[0]), (after, apply("cast", t, dtype="float64") * other[0]))
    third = Graph((a, b, other[1]), (after, a + other[1]))
    one = scan(plain, c, k, carries=1, length=3)
    two = scan(counted, c, k, k, carries=1, length=3, first=5)
    three = scan(third, c, k, c, carries=1, length=3)
    g = Graph((c, k), (one[0], two[0], two[1], three[1]))
    joined = join(g)
    (loop,) = loops(joined)
    assert loop.params["first"] == 5
    same_bits(g, joined, c=0.5, k=1.25)


def test_a_while_loop_joins_its_recording():
    c, k = inputs(("c", S), ("k", S))
    types = (S, S)
    test = graph(lambda c, k: [c < 9], *types)
    body = graph(lambda c, k: [c + apply("sin", c) * k + 1], *types)
    g = Graph((c, k), (while_loop(test, body, c, k, carries=1)[0],))
    derived = value_and_grad(g)
    joined = join(derived)
    assert [node.op.name for node in loops(joined)] == ["while_loop", "scan"]
    same_bits(derived, joined, c=0.5, k=0.25)


# ---------------------------------------------------------------- pruning


def test_results_carries_and_inputs_that_nothing_reads_go():
    c, d, x, k, q = inputs(("c", S), ("d", S), ("x", V), ("k", S), ("q", S))
    body = graph(lambda c, d, x, k, q: [c * k, d * q + c, c * x, d + x], S, S, S, S, S)
    node = scan(body, c, d, x, k, q, carries=2, xs=1, length=3)
    g = Graph((c, d, x, k, q), (node[0],))
    pruned = prune(g)
    (loop,) = loops(pruned)
    assert [i.params["name"] for i in loop.inputs] == ["c", "k"]
    assert len(loop.type.items) == 1
    same_bits(g, pruned, c=1.5, d=2.5, x=np.arange(3.0), k=0.5, q=3.0)


def test_a_carry_that_another_needs_stays():
    c, d = inputs(("c", S), ("d", S))
    body = graph(lambda c, d: [c + d, d * d, c * d], S, S)
    node = scan(graph(lambda c, d: [c + d, d * d], S, S), c, d, carries=2, length=3)
    g = Graph((c, d), (node[0],))
    assert prune(g) is not g
    assert loops(prune(g))[0] is loops(g)[0]
    with_ys = Graph((c, d), (scan(body, c, d, carries=2, length=3)[2],))
    same_bits(with_ys, prune(with_ys), c=0.5, d=0.25)


def test_a_carry_that_never_changes_is_a_constant():
    c, k = inputs(("c", S), ("k", S))
    g = Graph((c, k), tuple(scan(graph(lambda c, k: [c * k, k], S, S), c, k, carries=2, length=3)))
    pruned = prune(g)
    (loop,) = loops(pruned)
    assert loop.params["carries"] == 1
    assert pruned.outputs[1] is k
    same_bits(g, pruned, c=0.5, k=1.25)


def test_a_counter_that_is_not_read_goes():
    (c,) = inputs(("c", S))
    body = graph(lambda t, c: [c * 2], ArrayType((), "int64"), S)
    g = Graph((c,), (scan(body, c, carries=1, length=3, first=1)[0],))
    assert loops(prune(g))[0].params["first"] is None
    same_bits(g, prune(g), c=0.5)


def test_the_test_of_a_loop_keeps_what_it_asks_for():
    c, t, n, unused = inputs(("c", S), ("t", S), ("n", S), ("u", S))
    types = (S, S, S, S)
    test = graph(lambda c, t, n, u: [t < n], *types)
    body = graph(lambda c, t, n, u: [c * 2, t + 1, n, u + c], *types)
    g = Graph((c, t, n, unused), (while_loop(test, body, c, t, n, unused, carries=4)[0],))
    pruned = prune(g)
    (loop,) = loops(pruned)
    assert [i.params["name"] for i in loop.inputs] == ["c", "t", "n"]
    assert loop.params["carries"] == 2, "n never changes"
    same_bits(g, pruned, c=1.5, t=0.0, n=4.0, u=0.0)


def test_a_scan_over_tapes_keeps_one_that_counts_the_steps():
    (c,) = inputs(("c", S))
    test, body = graph(lambda c: [c < 9], S), graph(lambda c: [c * 2, apply("sin", c)], S)
    _, tape = while_loop(test, body, c, carries=1)
    count = scan(graph(lambda s, y: [s + 1], S, S), constant(0, S), tape, carries=1, xs=1)[0]
    g = Graph((c,), (count,))
    assert evaluate(prune(g), {"c": 1.0}) == (4.0,)
    same_bits(g, prune(g), c=1.0)


def test_results_and_operands_that_no_side_needs_go():
    p, x, y, z = inputs(("p", ArrayType((), "bool")), ("x", S), ("y", S), ("z", S))
    then = graph(lambda x, y, z: [x * y, z], S, S, S)
    other = graph(lambda x, y, z: [x + 1, y], S, S, S)
    g = Graph((p, x, y, z), (results(apply("cond", p, x, y, z, then=then, other=other))[0],))
    pruned = prune(g)
    (node,) = (n for n in topological(pruned.outputs) if n.op.name == "cond")
    assert [i.params["name"] for i in node.inputs] == ["p", "x", "y"]
    same_bits(g, pruned, p=True, x=0.5, y=1.5, z=2.5)
    whole = Graph((p, x, y, z), tuple(results(apply("cond", p, x, y, z, then=then, other=other))))
    assert {n for n in topological(prune(whole).outputs) if n.op.name == "cond"} <= set(topological(whole.outputs))


# ---------------------------------------------------------------- hoisting


def test_what_is_dear_and_the_same_at_every_step_is_computed_before():
    c, k = inputs(("c", V), ("k", V))
    body = graph(lambda c, k: [c * apply("exp", k) + (k + 1) * c, apply("tanh", apply("exp", k))], V, V)
    g = Graph((c, k), tuple(scan(body, c, k, carries=1, length=3)))
    hoisted = hoist(g)
    (loop,) = loops(hoisted)
    inside = [node.op.name for node in topological(loop.params["body"].outputs)]
    assert "exp" not in inside
    assert "tanh" not in inside
    assert inside.count("add") == 2, "k + 1 is cheap and stays"
    same_bits(g, hoisted, c=np.arange(3.0), k=np.array([0.5, -1.0, 2.0]))


def test_what_is_the_same_in_a_loop_of_unknown_length_is_computed_before():
    c, k = inputs(("c", S), ("k", S))
    test, body = graph(lambda c, k: [c < 9], S, S), graph(lambda c, k: [c + apply("exp", k)], S, S)
    g = Graph((c, k), (while_loop(test, body, c, k, carries=1)[0],))
    hoisted = hoist(g)
    assert [n.op.name for n in topological(loops(hoisted)[0].params["body"].outputs)] == ["input", "input", "add"]
    same_bits(g, hoisted, c=0.5, k=0.25)


def test_a_loop_in_which_everything_changes_stays():
    c, k = inputs(("c", S), ("k", S))
    g = Graph((c, k), (scan(graph(lambda c, k: [apply("exp", c) * k], S, S), c, k, carries=1, length=3)[0],))
    assert loops(hoist(g))[0] is loops(g)[0]


# ---------------------------------------------------------------- joining of many


def test_many_loops_and_their_derivatives_join_in_one_walk():
    (x,) = inputs(("x", S))
    y = x
    for _ in range(30):
        body = graph(lambda c: [apply("sin", c)], S)
        (y,) = scan(body, y, carries=1, length=3)
    slope = push_forward(Graph((x,), (y,)))
    g = Graph(slope.inputs, (y, *slope.outputs))
    assert len(loops(g)) == 60
    joined = join(g)
    assert len(loops(joined)) == 30
    same_bits(g, joined, x=0.7, tangent_x=1.0)


def with_a_read(loop: Node, outer: Node) -> Node:
    """The loop that also records a constant, read from outside."""
    inner = input_node("read", S)
    return Loop.of(loop).with_more([], [], [Read(outer, inner)]).recording([inner]).node()


def test_loops_that_would_wait_for_each_other_do_not_join():
    (x,) = inputs(("x", S))
    a = apply(
        "scan", x, body=graph(lambda c: [apply("sin", c)], S), carries=1, xs=0, length=2, reverse=False, first=None
    )
    c = apply(
        "scan", x, body=graph(lambda c: [apply("cos", c)], S), carries=1, xs=0, length=2, reverse=False, first=None
    )
    b, d = with_a_read(a, results(c)[0]), with_a_read(c, results(a)[0])
    g = Graph((x,), (results(a)[0], results(b)[1], results(d)[1]))
    joined = join(g)
    assert len(loops(joined)) == 3
    same_bits(g, joined, x=0.3)
