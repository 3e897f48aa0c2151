"""Reverse and forward mode on nodes: the order of contributions, interior inputs, long chains, random graphs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import wengert.core.ops  # noqa: F401
from tests.thorough import rounds
from wengert.core.autodiff.batch import vmap
from wengert.core.autodiff.check import check_grads
from wengert.core.autodiff.forward import jvp
from wengert.core.autodiff.reverse import contributions, vjp
from wengert.core.autodiff.transforms import grad
from wengert.core.ir.dump import dump
from wengert.core.ir.graph import Graph, apply, constant, input_node
from wengert.core.ir.types import ArrayType, Dim
from wengert.core.ir.verify import verify
from wengert.core.ops.evaluate import evaluate
from wengert.core.ops.functions import broadcast, matmul, total
from wengert.core.passes.open_primes import open_primes
from wengert.errors import GraphError

SCALAR = ArrayType()


def test_contributions_come_in_the_order_of_the_children():
    x = input_node("x", SCALAR)
    a, b, c = apply("sin", x), apply("exp", x), apply("tanh", x)
    y = (a + b) + c
    found = contributions([y], [x], [constant(1, SCALAR)])
    assert [child for child, _ in found.contributions[x]] == [a, b, c]
    total_bar = found.bars[x]
    assert total_bar.op.name == "add"
    assert total_bar.inputs[1] is found.contributions[x][2][1]


def test_two_uses_in_one_child_keep_the_order_of_its_inputs():
    x, w = input_node("x", SCALAR), input_node("w", SCALAR)
    y = apply("divide", x, x * w)
    found = contributions([y], [x, w], [input_node("ȳ", SCALAR)])
    assert [child.op.name for child, _ in found.contributions[x]] == ["multiply", "divide"]


def test_the_given_cotangent_of_an_inner_output_is_its_first_contribution():
    x = input_node("x", SCALAR)
    h = apply("exp", x)
    g = input_node("g", SCALAR)
    found = contributions([apply("sin", h), h], [x], [constant(1, SCALAR), g])
    assert next(child for child, _ in found.contributions[h]) is None


def test_the_cotangent_stands_first_in_the_adjoint_of_an_einsum():
    W, x = input_node("W", ArrayType((3, 2))), input_node("x", ArrayType((2,)))
    g = input_node("ȳ", ArrayType((3,)))
    back = vjp([matmul(W, x)], [W, x], [g])
    assert dump(Graph((W, x, g), tuple(back))) == (
        "graph(W: float64[3×2], x: float64[2], ȳ: float64[3])\n"
        "  v1 = einsum(ȳ, x, inputs=((0,), (1,)), output=(0, 1)): float64[3×2]\n"
        "  v2 = einsum(ȳ, W, inputs=((0,), (0, 1)), output=(1,)): float64[2]\n"
        "  return v1, v2"
    )


def test_adjoint_of_broadcast_is_sum():
    x, g = input_node("x", ArrayType((2,))), input_node("g", ArrayType((3, 2)))
    (back,) = vjp([broadcast(x, (3, 2), (1,))], [x], [g])
    assert (back.op.name, back.params["axes"]) == ("sum", (0,))


def test_a_bar_goes_through_an_interior_input_unless_it_is_stopped():
    x = input_node("x", SCALAR)
    h = apply("exp", x)
    y = h * x
    g = constant(1, SCALAR)
    through = vjp([y], [x, h], [g])
    direct = vjp([y], [x, h], [g], stop=[h])
    (full, only) = evaluate(Graph((x,), (through[0], direct[0])), {"x": 0.5})
    assert full == pytest.approx(np.exp(0.5) * 1.5)
    assert only == pytest.approx(np.exp(0.5))
    assert direct[1] is x


def test_what_does_not_depend_is_none():
    x, z = input_node("x", SCALAR), input_node("z", SCALAR)
    assert vjp([apply("sin", x)], [x, z], [constant(1, SCALAR)])[1] is None
    assert jvp([apply("sin", x)], [z], [constant(1, SCALAR)]) == [None]
    assert vjp([apply("stop_gradient", x)], [x], [constant(1, SCALAR)]) == [None]


def test_signals_of_the_wrong_type_are_refused():
    x, g = input_node("x", SCALAR), input_node("g", ArrayType((2,)))
    with pytest.raises(GraphError, match="cotangent of an output"):
        vjp([apply("sin", x)], [x], [g])
    with pytest.raises(GraphError, match="tangent of an input"):
        jvp([apply("sin", x)], [x], [g])


def test_named_sizes_stay_names_in_the_backward_pass():
    n, m = Dim("n"), Dim("m")
    W, x = input_node("W", ArrayType((n, m))), input_node("x", ArrayType((m,)))
    y = total(apply("tanh", matmul(W, x)))
    back = vjp([y], [W, x], [constant(1, SCALAR)])
    assert [node.shape for node in back] == [(n, m), (m,)]
    graph = open_primes(Graph((W, x), tuple(back)))
    values = {"W": np.ones((2, 3)), "x": np.array([0.1, 0.2, 0.3])}
    wbar, xbar = evaluate(graph, values)
    slope = 1 - np.tanh(0.6) ** 2
    np.testing.assert_allclose(wbar, slope * np.tile(values["x"], (2, 1)))
    np.testing.assert_allclose(xbar, np.full(3, 2 * slope))


def test_a_chain_of_very_many_ops_has_a_gradient():
    x = input_node("x", SCALAR)
    y = x
    for _ in range(rounds(5_000, 50_000)):
        y = apply("sin", y) * constant(0.999, SCALAR)
    (back,) = vjp([y], [x], [constant(1, SCALAR)])
    (opened,) = open_primes(Graph((x,), (back,))).outputs
    (slope,) = evaluate(Graph((x,), (opened,)), {"x": 0.5})
    assert np.isfinite(slope)
    del back, opened, y


UNARY = ("sin", "tanh", "logistic", "softplus", "arctan", "exp", "negative", "erf")
BINARY = ("add", "subtract", "multiply", "hypot", "logaddexp", "maximum")


def flipped(a):
    return apply("flip", a, axes=(0,))


def halved(a):
    rank = a.type.rank
    return apply("slice", a, start=(0,) * rank, stop=a.shape, step=(2, *(1,) * (rank - 1)))


def padded(a):
    return apply("pad", a, low=(1, *(0,) * (a.type.rank - 1)), high=(0,) * a.type.rank)


def picked(a):
    """Rows at the last, the first and the last place."""
    places = constant(np.array([a.shape[0] - 1, 0, a.shape[0] - 1]), ArrayType((3,), "int64"))
    return apply("gather", a, places, axis=0, batch=0)


@st.composite
def random_graphs(draw):
    """A few ops on a vector, a matrix and a scalar, ending in one scalar."""
    n, m = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    x, W, s = input_node("x", ArrayType((m,))), input_node("W", ArrayType((n, m))), input_node("s", SCALAR)
    pool = [x, W, s]
    for _ in range(draw(st.integers(1, 8))):
        a = draw(st.sampled_from(pool))
        step = draw(st.sampled_from(("unary", "binary", "reduce", "product", "spread", "move", "choose")))
        if step == "unary":
            a = apply("tanh", a)
            pool.append(apply(draw(st.sampled_from(UNARY)), a))
        elif step == "binary":
            b = draw(st.sampled_from([p for p in pool if p.type == a.type]))
            pool.append(apply(draw(st.sampled_from(BINARY)), apply("sin", a), apply("tanh", b)))
        elif step == "reduce" and a.type.rank:
            axis = draw(st.integers(0, a.type.rank - 1))
            pool.append(apply(draw(st.sampled_from(("sum", "logsumexp", "prod"))), apply("tanh", a), axes=(axis,)))
        elif step == "product" and a.type.rank == 1:
            rows = [p for p in pool if p.type.rank == 2 and p.shape[1] == a.shape[0]]
            if rows:
                pool.append(matmul(draw(st.sampled_from(rows)), a))
        elif step == "move" and a.type.rank:
            pool.append(draw(st.sampled_from((flipped, halved, padded, picked)))(a))
        elif step == "choose":
            pool.append(apply("where", a > 0, apply("tanh", a), a * a))
        elif step == "spread":
            pool.append(
                broadcast(a, (2, *a.shape), range(1, a.type.rank + 1))
                if a.type.rank < 2
                else apply("softmax", a, axes=(1,))
            )
    y = total(pool[-1]) + total(pool[draw(st.integers(0, len(pool) - 1))])
    return Graph((x, W, s), (y,)), draw(st.integers(0, 2**31))


@given(random_graphs())
@settings(max_examples=rounds(20, 60), deadline=None)
def test_forward_and_reverse_agree_on_random_graphs(drawn):
    graph, seed = drawn
    rng = np.random.default_rng(seed)
    values = {x.params["name"]: rng.normal(size=x.shape) for x in graph.inputs}
    check_grads(graph, values, order=2, directions=1, rtol=1e-9)


@given(random_graphs())
@settings(max_examples=rounds(20, 60), deadline=None)
def test_a_batch_of_gradients_is_the_gradients_of_a_batch(drawn):
    graph, seed = drawn
    rng = np.random.default_rng(seed)
    many = {x.params["name"]: rng.normal(size=(3, *x.shape)) for x in graph.inputs}
    back = grad(graph)
    single = [evaluate(back, {name: value[k] for name, value in many.items()}) for k in range(3)]
    for derived in (vmap(back, 3), open_primes(vmap(back, 3)), vmap(open_primes(back), 3)):
        for got, expected in zip(evaluate(verify(derived), many), zip(*single, strict=True), strict=True):
            np.testing.assert_allclose(got, np.stack(expected), rtol=1e-10, atol=1e-10)
