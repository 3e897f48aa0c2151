"""The pass that replaces every prime f'(x) by its formula, with f(x) itself taken from the graph where it is there."""

from __future__ import annotations

from collections.abc import Iterable

from wengert.ir.graph import Graph, Node
from wengert.ir.walk import map_graph, rebuild, topological
from wengert.ops.primes import instance


def open_primes(graph: Graph) -> Graph:
    """The graph without primes: σ'(z) becomes y(1 − y), where y is the node σ(z) of the graph, or one new node for all its primes."""
    place = _Opener(graph.outputs)
    return map_graph(graph, place)


def open_primes_of(outputs: Iterable[Node]) -> list[Node]:
    """The same on nodes."""
    targets = list(outputs)
    return rebuild(targets, _Opener(targets))


class _Opener:
    """The rule of the pass; it remembers the functions f(x) that the new graph has, by op name and input."""

    def __init__(self, outputs: Iterable[Node]) -> None:
        self.known: dict[tuple[str, Node], Node] = {}
        self.functions: dict[Node, list[Node]] = {}
        for node in topological(outputs):
            if len(node.inputs) == 1 and not node.params:
                self.functions.setdefault(node.inputs[0], []).append(node)

    def __call__(self, node: Node, inputs: tuple[Node, ...]) -> Node:
        if node.op.name == "prime":
            for function in self.functions.get(node.inputs[0], ()):
                self._enter(function, inputs)
            return instance(node.params["function"], node.params["order"], inputs[0], self.known)
        if len(inputs) == 1 and not node.params:
            return self._enter(node, inputs)
        return _on(node, inputs)

    def _enter(self, node: Node, inputs: tuple[Node, ...]) -> Node:
        return self.known.setdefault((node.op.name, inputs[0]), _on(node, inputs))


def _on(node: Node, inputs: tuple[Node, ...]) -> Node:
    return node if inputs == node.inputs else Node(node.op, inputs, node.params, node.type, node.source)
