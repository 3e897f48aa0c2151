"""The pass that replaces every prime f'(x) by its formula, with f(x) itself taken from the graph where it is there."""

from __future__ import annotations

from wengert.core.ir.graph import Graph
from wengert.core.ir.walk import order_of
from wengert.core.ops.primes import prime, without_primes


def open_primes(graph: Graph) -> Graph:
    """The graph without primes: σ'(z) becomes y(1 − y), where y is the node σ(z) of the graph, or one new node for all its primes."""
    if all(node.op is not prime for node in order_of(graph)):
        return graph
    kept = {node: node for node in graph.inputs}
    return Graph(graph.inputs, tuple(without_primes(graph.outputs, kept)), graph.names)
