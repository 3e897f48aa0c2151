"""Batching: the same computation for every entry of a new leading axis, op by op. It knows no array."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from wengert.core.ir.graph import Graph, Node, input_node
from wengert.core.ir.types import Size, TupleType
from wengert.core.ir.walk import topological, with_inputs
from wengert.core.ops.control import item
from wengert.core.ops.kinds import as_batched
from wengert.errors import GraphError


def vmap(graph: Graph, size: Size, inputs: Collection[str] | None = None) -> Graph:
    """The graph over a batch: y_n = f(x_n) for n along a new leading axis of `size`, a number or a named size.

    `inputs` names the inputs that get the axis (all by default); the others are shared by the whole batch. Every output
    gets the axis.

    Raises GraphError where a name is no input.
    """
    chosen = set(graph.input_names if inputs is None else inputs)
    if unknown := sorted(chosen - set(graph.input_names)):
        raise GraphError(
            f"'{unknown[0]}' is no input of the graph.",
            f"  the inputs are {', '.join(graph.input_names)}",
            "Name inputs to batch over.",
        )
    widened: dict[Node, Node] = {}
    for node in graph.inputs:
        if node.params["name"] in chosen:
            type = node.type.with_shape((size, *node.shape))
            widened[node] = input_node(node.params["name"], type, node.source)
    outputs = batched(graph.outputs, widened, size)
    return Graph(tuple(widened.get(node, node) for node in graph.inputs), tuple(outputs), graph.names)


def batched(outputs: Sequence[Node], replacements: Mapping[Node, Node], size: Size) -> list[Node]:
    """The outputs with some nodes replaced by ones that have a leading axis of `size`; every result has that axis."""
    nodes, has = spread(outputs, replacements)
    return [as_batched(node, axis, size) for node, axis in zip(nodes, has, strict=True)]


def spread(outputs: Sequence[Node], replacements: Mapping[Node, Node]) -> tuple[list[Node], list[bool]]:
    """The outputs with some nodes replaced by ones that have a new leading axis, and which of the results have it."""
    new: dict[Node, Any] = {}
    has: dict[Node, Any] = {}
    for node in topological(outputs, replacements.keys()):
        if node in replacements:
            new[node], has[node] = replacements[node], True
        elif node.op is item:
            new[node], has[node] = _result(node, new[node.inputs[0]], has[node.inputs[0]])
        else:
            inputs = [new[parent] for parent in node.inputs]
            which = [has[parent] for parent in node.inputs]
            if not any(which):
                new[node], has[node] = with_inputs(node, inputs), False
            elif isinstance(node.type, TupleType):
                new[node], has[node] = node.op.batch(node, inputs, which)
            else:
                new[node], has[node] = node.op.batch(node, inputs, which), True
    return [new[node] for node in outputs], [has[node] for node in outputs]


def _result(item: Node, several: Any, has: Any) -> tuple[Node, bool]:
    """One result of a node with several, which are nodes by themselves once they are batched."""
    if has is False:
        return with_inputs(item, [several]), False
    index = item.params["index"]
    return several[index], has[index]
