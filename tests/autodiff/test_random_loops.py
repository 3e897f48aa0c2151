"""Random loops and branches against the same steps written out: values, gradients, second order, batches, and the passes."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import wengert.core.ops  # noqa: F401
from tests.thorough import rounds
from wengert.core.autodiff.batch import vmap
from wengert.core.autodiff.transforms import grad, hvp
from wengert.core.ir.graph import Graph, Node, apply, constant, input_node
from wengert.core.ir.types import ArrayType
from wengert.core.ir.verify import verify
from wengert.core.ir.walk import substitute
from wengert.core.ops.control import results
from wengert.core.ops.evaluate import evaluate
from wengert.core.ops.functions import broadcast, matmul, total
from wengert.core.passes import pipeline

S, V, M = ArrayType(), ArrayType((2,)), ArrayType((2, 2))
COUNTER = ArrayType((), "int64")
UNARY = ("sin", "tanh", "logistic", "exp", "negative", "softplus", "arctan")


@st.composite
def steps(draw, given, depth=1):
    """Nodes made of the given ones: sines, sums, products, reductions, masks, branches and inner loops."""
    pool = list(given)

    def pick(type):
        same = [x for x in pool if x.type == type]
        return draw(st.sampled_from(same)) if same else constant(0.5, type)

    for _ in range(draw(st.integers(1, 6))):
        kind = draw(st.sampled_from(("unary", "binary", "matmul", "reduce", "spread", "mask", "branch", "loop")))
        type = draw(st.sampled_from((S, V)))
        x = apply("tanh", pick(type))
        if kind == "unary":
            pool.append(apply(draw(st.sampled_from(UNARY)), x))
        elif kind == "binary":
            pool.append(apply(draw(st.sampled_from(("add", "multiply", "subtract"))), x, pick(type)))
        elif kind == "matmul":
            pool.append(matmul(pick(M), apply("sin", pick(V))))
        elif kind == "reduce":
            pool.append(apply(draw(st.sampled_from(("sum", "max", "logsumexp"))), pick(V), axes=(0,)))
        elif kind == "spread":
            pool.append(broadcast(apply("sin", pick(S)), (2,), ()))
        elif kind == "mask":
            pool.append(apply("where", x > 0, x * x, pick(type)))
        elif depth and kind == "branch":
            sides = [graph_of(draw, (type, S), depth - 1) for _ in range(2)]
            chosen = apply("cond", pick(S) > 0, x, pick(S), then=sides[0], other=sides[1])
            pool.append(results(chosen)[0])
        elif depth and kind == "loop":
            body = graph_of(draw, (type, S), depth - 1)
            pool += results(apply("scan", x, pick(S), body=body, **params(draw, 1, 0, draw(st.integers(0, 2)))))
    return pool


def graph_of(draw, types, depth) -> Graph:
    """A graph from inputs of these types to one of the first type."""
    inputs = [input_node(f"b{k}", type) for k, type in enumerate(types)]
    pool = draw(steps(inputs, depth))
    return Graph(tuple(inputs), (draw(st.sampled_from([x for x in pool if x.type == types[0]])),))


def params(draw, carries, xs, length, first=None):
    return {"carries": carries, "xs": xs, "length": length, "reverse": draw(st.booleans()), "first": first}


@st.composite
def loops(draw):
    """(a function of a loop, the same function of its steps), both with one real number as their result."""
    length = draw(st.integers(0, 3))
    carries = draw(st.lists(st.sampled_from((S, V)), min_size=1, max_size=3))
    xs = draw(st.lists(st.sampled_from((S, V)), max_size=2))
    consts = draw(st.lists(st.sampled_from((S, V, M)), max_size=2))
    first = draw(st.sampled_from((None, 0, 2)))
    inner = [input_node(f"i{k}", type) for k, type in enumerate((*carries, *xs, *consts))]
    counter = [] if first is None else [input_node("t", COUNTER)]
    real = [apply("cast", t, dtype="float64") for t in counter]
    pool = draw(steps([*inner, *real]))
    after = [draw(st.sampled_from([x for x in pool if x.type == type])) for type in carries]
    ys = draw(st.lists(st.sampled_from(pool), max_size=2))
    body = Graph((*counter, *inner), (*after, *ys))
    stacks = [ArrayType((length, *x.shape)) for x in xs]
    outer = [input_node(f"x{k}", type) for k, type in enumerate((*carries, *stacks, *consts))]
    options = params(draw, len(carries), len(xs), length, first)
    looped = results(apply("scan", *outer, body=body, **options))
    written = written_out(body, outer, options)
    picked = draw(st.lists(st.booleans(), min_size=len(looped), max_size=len(looped)))

    def function(values):
        terms = [total(apply("sin", y)) for y, read in zip(values, picked, strict=True) if read and y.type.is_float]
        result = total(outer[0]) * 0
        for term in terms:
            result = result + term
        return Graph(tuple(outer), (result,))

    return function(looped), function(written), draw(st.integers(0, 2**31))


def written_out(body: Graph, outer: list[Node], options) -> list[Node]:
    """The results of a scan by its steps one after the other."""
    n, m, length, first = (options[name] for name in ("carries", "xs", "length", "first"))
    state, stacks, consts = outer[:n], outer[n : n + m], outer[n + m :]
    records: list[list[Node]] = [[None] * length for _ in body.outputs[n:]]
    for t in range(length)[::-1] if options["reverse"] else range(length):
        slices = [entry(x, t) for x in stacks]
        counter = [] if first is None else [constant(first + t, COUNTER)]
        given = dict(zip(body.inputs, [*counter, *state, *slices, *consts], strict=True))
        after = substitute(body.outputs, given)
        state = after[:n]
        for record, y in zip(records, after[n:], strict=True):
            record[t] = y
    return [*state, *(stack(r, y.type) for r, y in zip(records, body.outputs[n:], strict=True))]


def entry(x: Node, t: int) -> Node:
    start, stop = (t, *(0,) * (x.type.rank - 1)), (t + 1, *x.shape[1:])
    return apply("reshape", apply("slice", x, start=start, stop=stop, step=(1,) * x.type.rank), shape=x.shape[1:])


def stack(record: list[Node], type: ArrayType) -> Node:
    if not record:
        return constant(0, type.with_shape((0, *type.shape)))
    return apply("concatenate", *(apply("reshape", y, shape=(1, *type.shape)) for y in record), axis=0)


def values_of(g: Graph, seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {x.params["name"]: rng.normal(size=x.shape) for x in g.inputs}


def agree(a: Graph, b: Graph, values) -> None:
    for x, y in zip(evaluate(verify(a), values), evaluate(b, values), strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-8, atol=1e-10)


@given(loops())
@settings(max_examples=rounds(20, 60), deadline=None)
def test_a_loop_is_its_steps_forward_backward_and_twice(drawn):
    looped, written, seed = drawn
    values = values_of(looped, seed)
    agree(looped, written, values)
    agree(grad(looped), grad(written), values)
    both = hvp(looped)
    agree(both, hvp(written), values_of(both, seed + 1))


@given(loops())
@settings(max_examples=rounds(20, 60), deadline=None)
def test_the_passes_and_batches_keep_a_loop_and_its_gradient(drawn):
    looped, written, seed = drawn
    values = values_of(looped, seed)
    agree(pipeline.run(looped), written, values)
    agree(pipeline.run(grad(looped)), grad(written), values)
    wide = vmap(grad(looped), 2)
    many = values_of(wide, seed + 2)
    agree(wide, vmap(grad(written), 2), many)
    agree(pipeline.run(wide), vmap(grad(written), 2), many)
