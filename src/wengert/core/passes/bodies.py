"""Passes inside of branches and loops: a pass over a graph goes over its sub-graphs too. It knows no pass."""

from __future__ import annotations

from collections.abc import Callable

from wengert.core.ir.graph import Graph, Node
from wengert.core.ir.walk import map_graph, order_of, with_inputs

Pass = Callable[[Graph], Graph]


def has_bodies(graph: Graph) -> bool:
    """Whether a node has a sub-graph."""
    return any(node.op.kind == "control" and bool(_subgraphs(node)) for node in order_of(graph))


def everywhere(each: Pass, graph: Graph) -> Graph:
    """The graph after a pass, its sub-graphs, and theirs, after the same pass. The innermost come first."""
    return each(_inside(each, graph, {}))


def _inside(each: Pass, graph: Graph, done: dict[Graph, Graph]) -> Graph:
    def visit(node: Node, inputs: tuple[Node, ...]) -> Node:
        new = with_inputs(node, inputs)
        bodies = {name: _after(each, body, done) for name, body in _subgraphs(node).items()}
        if all(body is node.params[name] for name, body in bodies.items()):
            return new
        return Node(new.op, new.inputs, {**new.params, **bodies}, new.type, new.source)

    return map_graph(graph, visit) if has_bodies(graph) else graph


def _after(each: Pass, body: Graph, done: dict[Graph, Graph]) -> Graph:
    """A sub-graph after the pass; one that several nodes have stays one."""
    if body not in done:
        after = each(_inside(each, body, done))
        same = len(after.outputs) == len(body.outputs) and all(map(_is, after.outputs, body.outputs))
        done[body] = body if same else after
    return done[body]


def _is(a: Node, b: Node) -> bool:
    return a is b


def _subgraphs(node: Node) -> dict[str, Graph]:
    if node.op.kind != "control":
        return {}
    return {name: value for name, value in node.params.items() if isinstance(value, Graph)}
