"""Derivatives and batches of branches and loops: against written-out loops, to second order, nested, and what they keep."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import wengert.core.ops  # noqa: F401
from wengert.core.autodiff.batch import vmap
from wengert.core.autodiff.check import check_grads
from wengert.core.autodiff.transforms import grad, hessian, hvp, pull_back, push_forward, value_and_grad
from wengert.core.ir.graph import Graph, Node, apply, constant, input_node
from wengert.core.ir.types import ArrayType, Dim, TapeType
from wengert.core.ir.verify import verify
from wengert.core.ir.walk import topological
from wengert.core.ops.control import Cotangents, add_signals, results
from wengert.core.ops.evaluate import evaluate
from wengert.core.ops.functions import dot, matmul, total
from wengert.core.ops.loop import Loop
from wengert.core.passes import pipeline

S = ArrayType()


def graph(f, *types):
    inputs = tuple(input_node(f"a{k}", type) for k, type in enumerate(types))
    return Graph(inputs, tuple(f(*inputs)))


def scan(body, *inputs, carries, xs=0, length=None, reverse=False, first=None):
    return results(
        apply("scan", *inputs, body=body, carries=carries, xs=xs, length=length, reverse=reverse, first=first)
    )


def loops(derived: Graph) -> list[Node]:
    return [node for node in topological(derived.outputs) if node.op.name in ("scan", "while_loop")]


def values_of(g: Graph, seed: int = 0, **sizes: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    shapes = [[sizes.get(str(n), n) for n in x.shape] for x in g.inputs]
    return {x.params["name"]: rng.normal(size=shape) for x, shape in zip(g.inputs, shapes, strict=True)}


# ---------------------------------------------------------------- functions of loops


def recurrent(steps: Any = 4) -> Graph:
    """A recurrent network over `steps` inputs: Σ of the squares of its states, and the last of them."""

    def body(h, x, w):
        new = apply("tanh", matmul(w, h) + x)
        return [new, total(new * new)]

    step = graph(body, ArrayType((3,)), ArrayType((3,)), ArrayType((3, 3)))
    h, xs, w = (
        input_node("h", ArrayType((3,))),
        input_node("xs", ArrayType((steps, 3))),
        input_node("w", ArrayType((3, 3))),
    )
    last, ys = scan(step, h, xs, w, carries=1, xs=1, length=steps)
    return Graph((h, xs, w), (total(ys) + total(last),))


def nested() -> Graph:
    """A loop over rows, in which a loop over entries: y ← sin(y x_ij) + k, and a branch on the row's sum."""
    entry = graph(lambda y, x, k: [apply("sin", y * x) + k, y * x], S, S, S)

    def side(f):
        return graph(lambda y: [f(y)], S)

    branches = {"then": side(lambda y: y * y), "other": side(lambda y: apply("exp", -y))}

    def row(y, xs, k):
        last, products = scan(entry, y, xs, k, carries=1, xs=1, length=3)
        (chosen,) = results(apply("cond", total(xs) > 0, last, **branches))
        return [chosen, apply("max", products, axes=(0,)) * chosen]

    outer = graph(row, S, ArrayType((3,)), S)
    y, x, k = input_node("y", S), input_node("x", ArrayType((4, 3))), input_node("k", S)
    last, ys = scan(outer, y, x, k, carries=1, xs=1, length=4)
    return Graph((y, x, k), (last + total(ys),))


def doubling(inner: bool = True) -> Graph:
    """c ← c + sin(c) k until Σ c² ≥ 9; with a loop inside of the body where `inner` says so."""
    halved = graph(lambda c, k: [apply("tanh", c) * k + c * 0.5], ArrayType((2,)), ArrayType((2,)))

    def body(c, k):
        new = c + apply("sin", c) * k + c * 0.25
        return [scan(halved, new, k, carries=1, length=2)[0] * 5] if inner else [new]

    types = (ArrayType((2,)), ArrayType((2,)))
    test = graph(lambda c, k: [total(c * c) < 9], *types)
    c, k = input_node("c", types[0]), input_node("k", types[1])
    (last,) = results(apply("while_loop", c, k, test=test, body=graph(body, *types), carries=1))
    return Graph((c, k), (total(last * last),))


FUNCTIONS = {
    "recurrent": recurrent(),
    "nested": nested(),
    "doubling": doubling(False),
    "a loop in a loop of unknown length": doubling(),
}
VALUES = {
    "doubling": {"c": np.array([0.3, -0.2]), "k": np.array([0.5, 0.7])},
    "a loop in a loop of unknown length": {"c": np.array([0.3, -0.2]), "k": np.array([0.5, 0.7])},
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_both_modes_agree_to_second_order(name):
    g = verify(FUNCTIONS[name])
    check_grads(g, VALUES.get(name) or values_of(g), order=2, rtol=1e-9)


@pytest.mark.parametrize("name", [n for n in FUNCTIONS if "unknown" not in n])
def test_the_third_derivative_agrees(name):
    g = FUNCTIONS[name]
    values = VALUES.get(name) or values_of(g)
    check_grads(g, values, order=3, rtol=1e-8, directions=1)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("derive", [value_and_grad, hessian, hvp, pull_back, push_forward])
def test_the_passes_keep_the_numbers(name, derive):
    derived = verify(derive(FUNCTIONS[name]))
    values = {**values_of(derived), **VALUES.get(name, {})}
    optimised = verify(pipeline.run(derived))
    for a, b in zip(evaluate(derived, values), evaluate(optimised, values), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_batch_of_gradients_is_the_gradients_of_a_batch(name):
    g = FUNCTIONS[name]
    back = grad(g)
    rng = np.random.default_rng(4)
    base = VALUES.get(name) or values_of(g)
    many = {k: np.stack([v * s for s in rng.uniform(0.3, 1.5, size=3)]) for k, v in base.items()}
    single = [evaluate(back, {k: v[n] for k, v in many.items()}) for n in range(3)]
    wide = vmap(g, 3)
    summed = grad(Graph(wide.inputs, (total(wide.outputs[0]),)))
    for derived in (vmap(back, 3), pipeline.run(vmap(back, 3)), vmap(pipeline.run(back), 3), summed):
        for got, expected in zip(evaluate(verify(derived), many), zip(*single, strict=True), strict=True):
            np.testing.assert_allclose(got, np.stack(expected), rtol=1e-9, atol=1e-11)


def test_a_batch_of_batches_of_gradients_of_a_loop_whose_rows_end_apart():
    back = grad(doubling())
    rng = np.random.default_rng(1)
    many = {name: rng.uniform(0.1, 1.0, size=(2, 3, 2)) for name in ("c", "k")}
    wide = verify(vmap(vmap(back, 3), 2))
    for got, k in zip(evaluate(wide, many), range(2), strict=True):
        for place in np.ndindex(2, 3):
            one = evaluate(back, {name: value[place] for name, value in many.items()})[k]
            np.testing.assert_allclose(got[place], one, rtol=1e-10)


def test_a_batch_over_constants_alone_leaves_the_other_carries_as_they_are():
    step = graph(lambda c, d, k: [c + 1, d * k], S, S, S)
    c, d, k = (input_node(n, S) for n in "cdk")
    g = Graph((c, d, k), tuple(scan(step, c, d, k, carries=2, length=3)))
    wide = vmap(g, 5, ["k"])
    (node,) = loops(wide)
    assert [item.shape for item in node.type.items] == [(), (5,)]


# ---------------------------------------------------------------- what is kept, and what runs


def test_named_sizes_stay_names_in_the_backward_pass():
    n = Dim("n")
    back = verify(pipeline.run(value_and_grad(recurrent(n))))
    fixed = values_of(recurrent(4))
    expected = evaluate(value_and_grad(recurrent(4)), fixed)
    for got, other in zip(evaluate(back, fixed), expected, strict=True):
        np.testing.assert_allclose(got, other, rtol=1e-12)


def test_value_and_gradient_run_two_loops():
    assert len(loops(value_and_grad(recurrent()))) == 3, "the loop, the loop again with what it keeps, and the way back"
    forward, back = loops(pipeline.run(value_and_grad(recurrent())))
    assert (forward.params["reverse"], back.params["reverse"]) == (False, True)


def test_forward_over_reverse_runs_each_loop_once():
    assert len(loops(pipeline.run(hvp(recurrent())))) == 2


def test_what_is_cheap_is_computed_again_and_what_is_dear_is_kept():
    def body(c, k):
        return [apply("exp", c) * k + (c * c) / (1 + c * c)]

    x = ArrayType((2,))
    c, k = input_node("c", x), input_node("k", x)
    (last,) = scan(graph(body, x, x), c, k, carries=1, length=4)
    forward, _ = loops(pipeline.run(value_and_grad(Graph((c, k), (total(last),)))))
    kept = Loop.of(forward).ys
    assert sorted(y.op.name for y in kept) == ["exp", "input"], "eᶜ and the carry; not k, nor the quotient"


def test_in_place_of_a_function_and_its_slope_their_argument_is_kept():
    def body(c, w):
        a = matmul(w, c)
        return [apply("tanh", a) * apply("logistic", c)]

    x, m = ArrayType((2,)), ArrayType((2, 2))
    c, w = input_node("c", x), input_node("w", m)
    (last,) = scan(graph(body, x, m), c, w, carries=1, length=4)
    g = Graph((c, w), (total(last),))
    forward, back = loops(pipeline.run(value_and_grad(g)))
    kept = Loop.of(forward).ys
    assert sorted(y.op.name for y in kept) == ["einsum", "input"], "the argument w c, and the carry"
    again = {node.op.name for node in topological(back.params["body"].outputs)}
    assert {"tanh", "sech2", "logistic", "logistic_slope"} <= again
    check_grads(g, values_of(g), order=1, rtol=1e-9)


def test_what_is_the_same_at_every_step_is_computed_outside():
    def body(c, w):
        return [matmul(matmul(w, w), c)]

    x, m = ArrayType((2,)), ArrayType((2, 2))
    c, w = input_node("c", x), input_node("w", m)
    (last,) = scan(graph(body, x, m), c, w, carries=1, length=4)
    g = Graph((c, w), (total(last),))
    back = Loop.of(loops(grad(g, "c"))[-1])
    assert [read.outer.op.name for read in back.consts] == ["einsum"], "W² is made once"
    assert back.length == 4
    check_grads(g, values_of(g), order=2)


def test_only_what_is_asked_for_is_derived():
    g = recurrent()
    back = loops(pipeline.run(grad(g, "h")))[-1]
    assert len(back.type.items) == 1, "no cotangents of the inputs, none of the weights"


def test_a_carry_that_does_not_depend_on_the_input_has_no_cotangent():
    step = graph(lambda t, c, k: [t + 1, c * k + t], S, S, S)
    t, c, k = (input_node(n, S) for n in "tck")
    last = scan(step, t, c, k, carries=2, length=3)
    back = loops(grad(Graph((t, c, k), (last[1],)), "k"))[-1]
    assert len(back.type.items) == 2, "of the carry c and of the total of k"


def test_what_is_not_taken_inside_of_a_loop_is_nothing():
    def body(c, x):
        return [c + apply("where", x > 0, apply("log", x), constant(0, x.type))]

    c, xs = input_node("c", S), input_node("xs", ArrayType((3,)))
    last, *_ = scan(graph(body, S, S), c, xs, carries=1, xs=1, length=3)
    (slope,) = evaluate(pipeline.run(grad(Graph((c, xs), (last,)), "xs")), {"c": 0.0, "xs": [2.0, 0.0, 4.0]})
    assert slope.tolist() == [0.5, 0.0, 0.25]


def test_a_loop_without_masks_has_plain_products():
    back = grad(recurrent())
    inside = [node.op.name for loop in loops(back) for node in topological(loop.params["body"].outputs)]
    assert "where" not in inside


def test_a_signal_that_is_nothing_is_so_inside_of_the_loop():
    """The loop's result is masked where its slope is infinite."""

    def body(c, k):
        return [c * k]

    c, k = input_node("c", S), input_node("k", S)
    (last,) = scan(graph(body, S, S), apply("log", c), k, carries=1, length=2)
    masked = apply("where", c > 0, last, constant(0, S))
    assert evaluate(grad(Graph((c, k), (masked,))), {"c": 0.0, "k": 2.0}) == (0.0, 0.0)


# ---------------------------------------------------------------- tapes


def test_the_tape_of_a_loop_of_unknown_length_is_read_backwards():
    g = doubling(False)
    forward, recording, back = loops(grad(g, "c")) if len(loops(grad(g, "c"))) == 3 else (None, *loops(grad(g, "c")))
    assert any(isinstance(item, TapeType) for item in recording.type.items)
    assert back.params["length"] is None
    assert back.params["reverse"]
    assert forward is not recording


def test_a_loop_that_keeps_nothing_still_knows_its_number_of_steps():
    types = (S, S)
    test = graph(lambda c, d: [c < 10], *types)
    body = graph(lambda c, d: [c * 2, d * 3], *types)
    c, d = input_node("c", S), input_node("d", S)
    last = results(apply("while_loop", c, d, test=test, body=body, carries=2))
    g = Graph((c, d), (last[1],))
    for derived in (grad(g, "d"), pipeline.run(grad(g, "d"))):
        assert evaluate(verify(derived), {"c": 1.0, "d": 1.0}) == (81.0,)


def test_a_tape_whose_body_keeps_nothing_brings_its_own_signals():
    types = (S, S)
    test = graph(lambda c, k: [c < 10], *types)
    body = graph(lambda c, k: [c + 4, k * 3], *types)
    c, k = input_node("c", S), input_node("k", S)
    _, tape = results(apply("while_loop", c, k, test=test, body=body, carries=1))
    sums = graph(lambda s, y: [s + y], S, S)
    g = Graph((c, k), (scan(sums, constant(0, S), tape, carries=1, xs=1)[0],))
    assert evaluate(verify(grad(g)), {"c": 0.0, "k": 1.0}) == (0.0, 9.0)


def test_signals_of_one_tape_are_added_record_by_record():
    """A tape that is read twice has two cotangents."""
    types = (S, S)
    test = graph(lambda c, k: [c < 10], *types)
    body = graph(lambda c, k: [c + k * c, apply("sin", c) * k], *types)
    c, k = input_node("c", S), input_node("k", S)
    last, tape = results(apply("while_loop", c, k, test=test, body=body, carries=1))
    add = graph(lambda s, y: [s + y * y], S, S)
    mix = graph(lambda s, y: [s * 0.5 + apply("exp", y)], S, S)
    zero = constant(0, S)
    first = scan(add, zero, tape, carries=1, xs=1)[0]
    second = scan(mix, zero, tape, carries=1, xs=1, reverse=True)[0]
    g = Graph((c, k), (first * second + last,))
    check_grads(verify(g), {"c": 1.0, "k": 0.7}, order=2, rtol=1e-8)
    assert add_signals([None, None]) is None


def test_a_loop_over_tapes_records_tapes():
    types = (S, S)
    test = graph(lambda c, k: [c < 10], *types)
    body = graph(lambda c, k: [c + k, c * k], *types)
    c, k = input_node("c", S), input_node("k", S)
    _, tape = results(apply("while_loop", c, k, test=test, body=body, carries=1))
    doubled = graph(lambda y: [y * 2], S)
    (again,) = scan(doubled, tape, carries=0, xs=1)
    assert again.type == TapeType(item=S)
    sums = graph(lambda s, y: [s + y], S, S)
    (value,) = evaluate(Graph((c, k), (scan(sums, constant(0, S), again, carries=1, xs=1)[0],)), {"c": 0.0, "k": 4.0})
    assert value == 2 * 4 * (0 + 4 + 8)


# ---------------------------------------------------------------- nothing to derive


def test_nothing_is_derived_where_nothing_depends():
    step = graph(lambda c, k: [c + 1, k > c], S, S)
    c, k = input_node("c", S), input_node("k", S)
    node = scan(step, c, k, carries=1, length=3)[0].inputs[0]
    assert node.op.jvp(node, [None, k]) == [None, None]
    assert node.op.vjp(node, Cotangents([None, None], [True, True], [None, None], [])) == [None, None]
    assert evaluate(grad(Graph((c, k), (results(node)[0],))), {"c": 1.0, "k": 2.0}) == (1.0, 0.0)


@pytest.mark.parametrize("length", [0, 1])
def test_short_loops_have_derivatives(length):
    g = recurrent(length)
    check_grads(g, values_of(g), order=2)
    for a, b in zip(evaluate(pipeline.run(grad(g)), values_of(g)), evaluate(grad(g), values_of(g)), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


def test_a_branch_runs_only_the_side_that_is_taken():
    """The other side would raise."""
    picked = graph(lambda x, k: [apply("gather", x, k, axis=0, batch=0)], ArrayType((3,)), ArrayType((), "int64"))
    first = graph(lambda x, k: [apply("sum", x, axes=(0,))], ArrayType((3,)), ArrayType((), "int64"))
    p, x, k = (
        input_node("p", ArrayType((), "bool")),
        input_node("x", ArrayType((3,))),
        input_node("k", ArrayType((), "int64")),
    )
    (y,) = results(apply("cond", p, x, k, then=first, other=picked))
    g = Graph((p, x, k), (dot(x, x) * y,))
    values = {"p": True, "x": np.arange(3.0), "k": 7}
    assert evaluate(g, values) == (15.0,)
    assert evaluate(pipeline.run(grad(g, "x")), values)[0].tolist() == [5.0, 11.0, 17.0]


def test_a_body_of_3000_ops_does_not_recurse():
    c, k = input_node("c", S), input_node("k", S)

    def body(c, k):
        y = c
        for _ in range(1500):
            y = apply("sin", y) * k
        return [y]

    (last,) = scan(graph(body, S, S), c, k, carries=1, length=3)
    (slope,) = evaluate(grad(Graph((c, k), (last,)), "c"), {"c": 1.0, "k": 1.0})
    assert np.isfinite(slope)


def test_float32_stays_float32():
    f = ArrayType((), "float32")
    test = graph(lambda c, k: [c < 10], f, f)
    body = graph(lambda c, k: [c + k * c], f, f)
    c, k = input_node("c", f), input_node("k", f)
    (last,) = results(apply("while_loop", c, k, test=test, body=body, carries=1))
    (more,) = scan(graph(lambda s, k: [apply("tanh", s * k)], f, f), last, k, carries=1, length=3)
    (y,) = results(apply("cond", k > 0, more, then=graph(lambda s: [s * s], f), other=graph(lambda s: [-s], f)))
    g = Graph((c, k), (y,))
    for derived in (g, grad(g), push_forward(g), pipeline.run(grad(g)), vmap(grad(g), 2)):
        values = {x.params["name"]: np.ones(x.shape, np.float32) for x in derived.inputs}
        assert all(np.asarray(v).dtype == np.float32 for v in evaluate(verify(derived), values))
