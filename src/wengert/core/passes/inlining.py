"""Inlining: the calls of a graph are replaced by their bodies. What they said of derivatives has been used by then."""

from __future__ import annotations

from wengert.core.ir.graph import Graph, Node
from wengert.core.ir.walk import map_graph, order_of, substitute, with_inputs
from wengert.core.ops.control import item
from wengert.core.ops.custom import call


def inline(graph: Graph) -> Graph:
    """The graph without calls. Exact to the last bit."""
    if not any(node.op is call for node in order_of(graph)):
        return graph
    bodies: dict[Node, list[Node]] = {}

    def visit(node: Node, inputs: tuple[Node, ...]) -> Node:
        new = with_inputs(node, inputs)
        if new.op is call:
            body: Graph = new.params["body"]
            bodies[new] = substitute(body.outputs, dict(zip(body.inputs, new.inputs, strict=True)))
        if new.op is item and new.inputs[0] in bodies:
            index: int = new.params["index"]
            return bodies[new.inputs[0]][index]
        return new

    return map_graph(graph, visit)
