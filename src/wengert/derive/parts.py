"""Names that an author gives to parts of a line afterwards: n = x + σ(y) for the numerator of f = (x + σ(y)) / q."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from wengert.derive.backward import influence
from wengert.ir.graph import Graph, Node
from wengert.ir.system import Definition, System
from wengert.ir.walk import map_graph, topological


def with_named_parts(system: System, loss: str, names: Iterable[str]) -> System:
    """The system in which the lines of the loss read the quantities `names`, which it does not depend on, where a part of a line
    is what one of them is defined to be."""
    below = influence(system, loss)
    parts = [name for name in names if name not in below and system.defines(name)]
    if not parts or system.recurrences:
        return system
    keys = {key_of(system.line(name).node): system.leaves[name] for name in parts}
    lines: list[Definition] = []
    for line in system.lines:
        if line.name not in parts:
            lines.append(replace(line, node=_reading(line.node, keys)))
    first = [line for line in system.lines if line.name in parts]
    return replace(system, lines=(*first, *lines), loss=loss)


def key_of(node: Node) -> Any:
    """What equal expressions over the same leaves have in common."""
    return _keys([node])[node]


def _keys(roots: Iterable[Node]) -> Mapping[Node, Any]:
    keys: dict[Node, Any] = {}
    for node in topological(list(roots)):
        if node.op.name == "input":
            keys[node] = node
        else:
            keys[node] = (node.op.name, repr(sorted(node.params.items())), *(keys[x] for x in node.inputs))
    return keys


def _reading(node: Node, parts: Mapping[Any, Node]) -> Node:
    keys = _keys([node])

    def define(each: Node, inputs: tuple[Node, ...]) -> Node:
        if keys[each] in parts:
            return parts[keys[each]]
        return each if inputs == each.inputs else Node(each.op, inputs, each.params, each.type, each.source)

    leaves = tuple(n for n in topological([node]) if n.op.name == "input")
    return map_graph(Graph(leaves, (node,)), define).outputs[0]
