"""The checks are checked: a rule that is wrong by 0.1 %, a sign, a dropped term or swapped operands is caught, for every op."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import wengert.core.ops  # noqa: F401
from tests.thorough import everyday
from wengert.core.autodiff.check import check_grads
from wengert.core.autodiff.transforms import pull_back, push_forward
from wengert.core.ir.graph import Graph, Node, apply, constant, input_node
from wengert.core.ir.op import OPS
from wengert.core.ir.types import ArrayType, TupleType
from wengert.core.ops.control import results
from wengert.core.ops.evaluate import evaluate
from wengert.errors import CheckError


def scaled(factor):
    return lambda values: [v if v is None else v * constant(factor, v.type) for v in values]


MUTATIONS = {
    "unchanged": lambda values: values,
    "wrong by 0.1 %": scaled(1.001),
    "twice as large": scaled(2),
    "wrong sign": scaled(-1),
    "first term dropped": lambda values: [None, *values[1:]],
    "last term dropped": lambda values: [*values[:-1], None],
    "swapped": lambda values: [values[1], values[0], *values[2:]] if len(values) > 1 else values,
}


def mutant(op, name, mode):
    """The op under another name, its rule in one mode mutated; names and facts that lead to other rules are taken away."""
    mutate = MUTATIONS[name]

    def right(node):
        return Node(op, node.inputs, node.params, node.type)

    def vjp(node, cotangent):
        values = list(op.vjp(right(node), cotangent))
        return tuple(values if mode == "forward" else mutate(values))

    def jvp(node, tangents):
        if mode == "reverse":
            return op.jvp(right(node), tangents)
        if "term" in name or name == "swapped":
            return op.jvp(right(node), mutate(list(tangents)))
        result = op.jvp(right(node), tangents)
        return mutate(list(result)) if isinstance(node.type, TupleType) else mutate([result])[0]

    return replace(op, name=f"{op.name}, {name}", partials=None, growth="bounded", vjp=vjp, jvp=jvp)


def sample_graph(op, sample):
    arrays, params = sample
    inputs = [input_node(f"x{k}", ArrayType(np.shape(a), str(np.asarray(a).dtype))) for k, a in enumerate(arrays)]
    node = apply(op, *inputs, **params)
    outputs = results(node) if isinstance(node.type, TupleType) else [node]
    return Graph(tuple(inputs), tuple(outputs)), {f"x{k}": a for k, a in enumerate(arrays)}


def changes_something(graph: Graph, original: Graph, values: dict, mode: str) -> bool:
    """Whether the mutant's rule gives other numbers: swapping the terms of a sum does not."""
    transform = push_forward if mode == "forward" else pull_back
    rng = np.random.default_rng(3)
    try:
        mine, theirs = transform(graph), transform(original)
    except (ValueError, IndexError):
        return False
    given = [x for x in mine.inputs if x.params["name"] not in values]
    signals = {x.params["name"]: rng.normal(size=x.shape) * (1 + 1j if x.type.is_complex else 1) for x in given}
    pairs = zip(evaluate(mine, values | signals), evaluate(theirs, values | signals), strict=True)
    return any(not np.allclose(a, b, rtol=1e-6, atol=1e-9) for a, b in pairs)


def fits(graph: Graph, mode: str) -> bool:
    """Whether the mutated rule gives cotangents of the right types: swapped operands of two shapes do not."""
    from wengert.errors import GraphError

    try:
        for transform in (push_forward, pull_back):
            outputs = transform(graph).outputs
        return all(y.type == x.type for y, x in zip(outputs, [x for x in graph.inputs if x.type.is_float], strict=True))
    except GraphError:
        return False


@everyday(1, "op", "mode")
@pytest.mark.parametrize("mode", ["forward", "reverse", "both"])
@pytest.mark.parametrize("op", OPS.values(), ids=OPS.keys())
def test_every_mutant_is_caught(op, mode):
    samples = [s for s in op.samples(np.random.default_rng(5)) if all(np.size(a) for a in s[0])]
    tried, moves = 0, False
    for name in MUTATIONS:
        for sample in samples[:: max(1, len(samples) // 3)]:
            original, values = sample_graph(op, sample)
            moves = moves or any(y.type.dtype not in ("int64", "bool") for y in original.outputs)
            graph, _ = sample_graph(mutant(op, name, mode), sample)
            if name == "unchanged":
                check_grads(graph, values, order=1)
                continue
            if not fits(graph, mode) or not changes_something(graph, original, values, mode):
                continue
            tried += 1
            if mode != "both":
                with pytest.raises(CheckError):
                    check_grads(graph, values, order=1, modes=(mode,))
            with pytest.raises(CheckError):
                check_grads(graph, values, order=1)
    differentiable = ("structural", "product", "general", "control")
    if op.partials is not None or (
        moves and op.kind in differentiable and op.name not in ("opaque", "item", "undetermined")
    ):
        assert tried >= 3, "some mutants were tried"


@pytest.mark.parametrize("name", ["wrong by 0.1 %", "wrong sign"])
@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_a_wrong_second_derivative_is_caught(name, mode):
    tanh, slope = OPS["tanh"], mutant(OPS["prime"], name, mode)

    def vjp(node: Node, cotangent: Node):
        return (cotangent * apply(slope, node.inputs[0], function="tanh", order=1),)

    def jvp(node: Node, tangents):
        return tangents[0] * apply(slope, node.inputs[0], function="tanh", order=1)

    wrong = replace(
        tanh, name="tanh with a wrong slope of the slope", vjp=vjp, jvp=jvp, partials=None, growth="bounded"
    )
    x = input_node("x", ArrayType((3,)))
    graph = Graph((x,), (apply(wrong, x),))
    values = {"x": np.array([0.3, -0.2, 1.0])}
    check_grads(graph, values, order=1)
    with pytest.raises(CheckError, match="order 2"):
        check_grads(graph, values, order=2)
