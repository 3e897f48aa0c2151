"""Rules that say that they hold for complex numbers do; those that do not say so leave complex nodes alone."""

from __future__ import annotations

import numpy as np
import pytest

from tests.passes.test_rules import RULES, graph_of, samples
from wengert.core.ir.graph import Graph, Node, apply, input_node
from wengert.core.ir.types import ArrayType
from wengert.core.ir.walk import rebuild, topological
from wengert.core.ops.complex_numbers import WHOLE
from wengert.core.ops.evaluate import bind_params, evaluate
from wengert.core.passes.rewrite import rewrite
from wengert.errors import GraphError

SIZES = {"n": 5}


def on_the_plane(node: Node) -> Graph | None:
    """The same on complex inputs and constants; None where an op does not take them."""

    def turned(type: ArrayType) -> ArrayType:
        return type.with_dtype(WHOLE.get(type.dtype, type.dtype))

    def again(node: Node, inputs: tuple[Node, ...]) -> Node:
        if node.op.name == "input":
            return input_node(node.params["name"], turned(node.type))
        params = {
            k: turned(v) if isinstance(v, ArrayType) else WHOLE.get(v, v) if k == "dtype" else v
            for k, v in node.params.items()
        }
        return apply(node.op, *inputs, **params)

    try:
        return graph_of(rebuild([node], again)[0])
    except GraphError:
        return None


def drawn(graph: Graph) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(4)
    values = {}
    for node in graph.inputs:
        shape = bind_params(node.shape, SIZES)
        z = rng.normal(size=shape) + 1j * rng.normal(size=shape)
        values[node.params["name"]] = z if node.type.is_complex else (z.real > 0).astype(node.type.dtype)
    return values


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_does_to_complex_numbers_what_it_says(rule):
    applied = 0
    for left in (node for group in samples(rule) for node in group):
        graph = on_the_plane(left)
        if graph is None or not graph.outputs[0].type.is_complex:
            continue
        outcome = rewrite(graph, [rule])
        applied += len(outcome.applied)
        values = drawn(graph)
        before, after = (evaluate(each, values, SIZES)[0] for each in (graph, outcome.graph))
        assert after.dtype == before.dtype
        np.testing.assert_allclose(after, before, rtol=1e-13, atol=1e-14)
    assert not applied or rule.complex


def test_some_rules_are_for_complex_numbers_too():
    tried = 0
    for rule in RULES:
        for left in (node for group in samples(rule) for node in group):
            graph = on_the_plane(left)
            if rule.complex and graph is not None and any(node.type.is_complex for node in topological(graph.outputs)):
                tried += bool(rewrite(graph, [rule]).applied)
    assert tried >= 30
