"""A graph in a trace of JAX: node by node, each by its own lowering where it has one, else by its value in XLA's vocabulary."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from wengert.core.ir.graph import Graph, Node
from wengert.core.ir.walk import order_of
from wengert.targets.xla.control import CONTROL
from wengert.targets.xla.findings import Findings
from wengert.targets.xla.hosted import called
from wengert.targets.xla.library import jax
from wengert.targets.xla.lowerings import LOWERINGS
from wengert.targets.xla.support import CALLED
from wengert.targets.xla.vocabulary import XlaVocabulary

Array = Any
Placed = Callable[[Node, Array], Array]
"""What becomes of a node's result: how it lies on a mesh."""


def traced(
    graph: Graph,
    arrays: Sequence[Array],
    findings: Findings,
    scopes: Mapping[Node, str] | None = None,
    placed: Placed | None = None,
) -> tuple[Array, ...]:
    """The outputs of a graph whose sizes are numbers, for traced arrays in the order of its inputs."""
    xp = XlaVocabulary(findings)
    values: dict[Node, Array] = dict(zip(graph.inputs, arrays, strict=True))
    for node in order_of(graph):
        if node in values:
            continue
        given = [values[x] for x in node.inputs]
        if scopes and node in scopes:
            with jax.named_scope(scopes[node]):
                result = _result(xp, node, given)
        else:
            result = _result(xp, node, given)
        values[node] = result if placed is None else placed(node, result)
    return tuple(values[y] for y in graph.outputs)


def _result(xp: XlaVocabulary, node: Node, given: Sequence[Array]) -> Array:
    name = node.op.name
    if name in CONTROL:
        return CONTROL[name](_within, xp.findings, given, **node.params)
    if name in CALLED:
        return called(node, given)
    return LOWERINGS.get(name, node.op.value)(xp, *given, **node.params)


def _within(graph: Graph, arrays: Sequence[Array], findings: Findings) -> tuple[tuple[Array, ...], Array | None]:
    """The outputs of a sub-graph, and what was found in it, which must leave its trace as a result."""
    inner = findings.inside()
    outputs = traced(graph, arrays, inner)
    return outputs, inner.found
