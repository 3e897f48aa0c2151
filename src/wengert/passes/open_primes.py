"""The pass that replaces every prime f'(x) by its formula, with f(x) itself taken from the graph where it is there."""

from __future__ import annotations

from collections.abc import Iterable

from wengert.ir.graph import Graph, Node
from wengert.ir.walk import map_graph, rebuild, topological
from wengert.ops.primes import instance


def open_primes(graph: Graph) -> Graph:
    """The graph without primes: σ'(z) becomes y(1 − y), where y is the node σ(z) of the graph, or one new node for all its primes."""
    place = _opener(graph.outputs)
    return map_graph(graph, place)


def open_primes_of(outputs: Iterable[Node]) -> list[Node]:
    """The same on nodes."""
    targets = list(outputs)
    return rebuild(targets, _opener(targets))


class _opener:
    """The rule of the pass; it remembers the functions f(x) that the new graph has, by op name and input."""

    def __init__(self, outputs: Iterable[Node]) -> None:
        self.known: dict[tuple[str, Node], Node] = {}
        self.wanted = {
            (node.params["function"], node.inputs[0]) for node in topological(outputs) if node.op.name == "prime"
        }

    def __call__(self, node: Node, inputs: tuple[Node, ...]) -> Node:
        if node.op.name == "prime":
            return instance(node.params["function"], node.params["order"], inputs[0], self.known)
        new = node if inputs == node.inputs else Node(node.op, inputs, node.params, node.type, node.source)
        if len(inputs) == 1 and not node.params:
            return self.known.setdefault((node.op.name, inputs[0]), new)
        return new
