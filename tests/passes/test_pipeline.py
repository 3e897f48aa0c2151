"""Random graphs keep their values through every pass and the pipeline; a second run finds nothing left to do."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

import wengert.core.ops  # noqa: F401
from tests.evaluating import evaluate_all
from tests.thorough import rounds
from wengert.core.autodiff.reverse import vjp
from wengert.core.ir.graph import Graph, Node, apply, constant, constant_like, input_node
from wengert.core.ir.types import ArrayType, Dim
from wengert.core.ir.walk import topological
from wengert.core.ops.evaluate import evaluate
from wengert.core.passes.cse import share
from wengert.core.passes.dce import eliminate
from wengert.core.passes.fold import fold
from wengert.core.passes.open_primes import open_primes
from wengert.core.passes.pipeline import Pass, run, stages

N, M = Dim("n"), 3
TYPES = [ArrayType(), ArrayType((N,)), ArrayType((M,)), ArrayType((N, M))]
INPUTS = [input_node(f"x{k}", type) for k, type in enumerate(TYPES)] + [
    input_node("k", ArrayType((N,), "int64")),
    input_node("u", ArrayType((N, M))),
]
UNARY = ["tanh", "logistic", "softplus", "sin", "negative", "abs", "arctan"]
BINARY = ["add", "subtract", "multiply", "maximum"]
NUMBERS = [0, 1, -1, 2, 0.5, 0.1, -0.0]
EXACT: list[Pass] = [share, fold, eliminate]


def spread(x: Node, axes: tuple[int, ...]) -> Node:
    kept = tuple(a for a in range(x.type.rank) if a not in axes)
    return apply("broadcast", apply("sum", x, axes=axes), shape=x.shape, axes=kept)


def softmax(x: Node, axes: tuple[int, ...]) -> Node:
    return apply("exp", x) / spread(apply("exp", x), axes)


def some_axes(draw: st.DrawFn, x: Node) -> tuple[int, ...]:
    return tuple(a for a in range(x.type.rank) if draw(st.booleans()))


def elementwise(draw: st.DrawFn, x: Node, pool: list[Node]) -> Node:
    same = [y for y in pool if y.type == x.type]
    y = draw(st.sampled_from(same))
    kind = draw(st.integers(0, 7))
    if kind == 0:
        return apply(draw(st.sampled_from(UNARY)), x)
    if kind == 1:
        number = constant_like(draw(st.sampled_from(NUMBERS)), x)
        return apply(draw(st.sampled_from(BINARY)), *((x, number) if draw(st.booleans()) else (number, x)))
    if kind == 2:
        return x / (1 + apply("integer_power", y, exponent=2))
    if kind == 3:
        return 1 / (1 + apply("exp", -apply("tanh", x)))
    if kind == 4:
        return apply("log", 1 + apply("exp", apply("sin", x)))
    if kind == 5:
        first = next(z for z in INPUTS if z.type == x.type)
        return apply("where", first > 0.25, x, y)
    return apply(draw(st.sampled_from(BINARY)), x, y)


def structural(draw: st.DrawFn, x: Node, pool: list[Node]) -> Node | None:
    kind = draw(st.integers(0, 6))
    if kind == 0:
        return apply("sum", x, axes=some_axes(draw, x))
    if kind == 1 and x.type.rank:
        return softmax(apply("tanh", x), some_axes(draw, x) or (0,))
    if kind == 2 and x.type.rank:
        return apply("log", apply("sum", apply("exp", apply("sin", x)), axes=some_axes(draw, x) or (0,)))
    if kind == 3:
        places = {(): (), (N,): (0,), (M,): (1,), (N, M): (0, 1)}
        return apply("broadcast", x, shape=(N, M), axes=places[x.shape]) if x.shape in places else None
    if kind == 4 and x.shape == (N, M):
        return apply("transpose", apply("transpose", x, axes=(1, 0)), axes=(1, 0))
    if kind == 5 and x.shape == (N, M):
        y = draw(st.sampled_from([z for z in pool if z.shape in ((N, M), (N,), (M,))]))
        labels = {(N, M): (0, 1), (N,): (0,), (M,): (1,)}[y.shape]
        output = draw(st.sampled_from([(), (0,), (1,), (0, 1)]))
        return apply("einsum", x, y, inputs=((0, 1), labels), output=output)
    if kind == 6 and x.shape == (N, M):
        place = apply("broadcast", apply("position", size=M, dtype="int64"), shape=(N, M), axes=(1,))
        index = apply("broadcast", INPUTS[4], shape=(N, M), axes=(0,))
        one_hot = apply("cast", apply("equal", place, index), dtype="float64")
        output = draw(st.sampled_from([(), (0,), (1,)]))
        return apply("einsum", x, one_hot, inputs=((0, 1), (0, 1)), output=output)
    return None


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    pool: list[Node] = [x for x in INPUTS if x.type.is_float]
    for _ in range(draw(st.integers(1, 14))):
        x = pool[-1] if draw(st.booleans()) else draw(st.sampled_from(pool))
        new = structural(draw, x, pool) if draw(st.booleans()) else elementwise(draw, x, pool)
        if new is not None and new.type in TYPES:
            pool.append(new)
    outputs = [pool[-1], draw(st.sampled_from(pool))]
    if draw(st.booleans()):
        top = outputs[0]
        loss = apply("sum", top, axes=tuple(range(top.type.rank)))
        wrt = INPUTS[:4]
        bars = vjp([loss], wrt, [constant(1, loss.type)])
        outputs += [bar for bar in bars if bar is not None]
    return Graph(tuple(INPUTS), tuple(outputs))


def some_values(seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    sizes = {N: 4}
    values: dict[str, Any] = {}
    for node in INPUTS:
        shape = [sizes.get(size, size) for size in node.shape]
        name = str(node.params["name"])
        values[name] = rng.integers(0, M, size=shape) if name == "k" else rng.uniform(-2, 2, size=shape)
    return values


def same_values(before: Graph, after: Graph, seed: int) -> None:
    values = some_values(seed)
    inside = evaluate_all(before, values).values()
    scale = max(float(np.max(np.abs(v))) for v in inside if v.dtype.kind == "f" and v.size and np.all(np.isfinite(v)))
    for a, b in zip(evaluate(before, values), evaluate(after, values), strict=True):
        assert np.shape(a) == np.shape(b)
        assert a.dtype == b.dtype
        finite = np.isfinite(a)
        np.testing.assert_allclose(b[finite], a[finite], rtol=1e-9, atol=1e-11 * max(1.0, scale))


def bits(x: Any) -> bytes:
    return np.ascontiguousarray(x).tobytes()


@given(graphs(), st.integers(0, 100))
@settings(max_examples=rounds(20, 60), deadline=None, derandomize=True)
def test_every_stage_keeps_the_values_of_random_graphs(graph: Graph, seed: int) -> None:
    for (_, before), (_, after) in zip(stages(graph), stages(graph)[1:], strict=False):
        assert [y.type for y in after.outputs] == [y.type for y in graph.outputs]
        assert after.inputs == graph.inputs
        same_values(before, after, seed)


@pytest.mark.parametrize("each", EXACT, ids=lambda each: each.__name__)
@given(graph=graphs(), seed=st.integers(0, 100))
@settings(max_examples=rounds(15, 40), deadline=None, derandomize=True)
def test_exact_passes_keep_every_bit(each: Pass, graph: Graph, seed: int) -> None:
    values = some_values(seed)
    after = each(graph)
    for a, b in zip(evaluate(graph, values), evaluate(after, values), strict=True):
        assert bits(a) == bits(b)


@given(graphs())
@settings(max_examples=rounds(20, 60), deadline=None, derandomize=True)
def test_a_second_run_finds_nothing_to_do(graph: Graph) -> None:
    once = run(graph)
    twice = run(once)
    names = [node.op.name for node in topological(once.outputs)]
    assert sorted(node.op.name for node in topological(twice.outputs)) == sorted(names)


@given(graphs())
@settings(max_examples=rounds(20, 60), deadline=None, derandomize=True)
def test_the_pipeline_never_adds_work(graph: Graph) -> None:
    values = some_values(0)

    def entries(g: Graph) -> int:
        nodes = [node for node in topological(g.outputs) if node.op.name not in ("input", "constant", "broadcast")]
        return int(np.sum([np.size(evaluate_all(g, values)[node]) for node in nodes])) if nodes else 0

    assert entries(run(graph)) <= entries(share(open_primes(graph))) + 8
