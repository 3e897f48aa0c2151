"""x + (u at place i, else 0) is x with its entry at i replaced, which the machine does where x lies, without passing over the others."""

from __future__ import annotations

from collections.abc import Sequence

from wengert.core.ir.graph import Graph, Node, apply
from wengert.core.ir.walk import map_graph, order_of, users, with_inputs
from wengert.core.ops.arithmetic import add
from wengert.core.ops.indexing import scatter_add

MOST = 8
"""So many summands are put in another order, those with one place behind the others."""


def accumulate(graph: Graph) -> Graph:
    """The graph in which sums with arrays that are zero but at one place along an axis are those entries replaced, one after another.

    Where several meet at one place, the order of the sum is another; −0 stays −0 where 0 was added to it.
    """
    if not any(_is_one_place(node) for node in order_of(graph)):
        return graph
    readers = users(graph.outputs)
    summands: dict[Node, list[Node]] = {}

    def define(node: Node, inputs: tuple[Node, ...]) -> Node:
        found = with_inputs(node, inputs)
        if node.op is not add:
            return found
        parts = [part for x in inputs for part in summands.get(x, [x])]
        if not any(map(_is_one_place, parts)):
            return found
        if len(parts) < MOST and node not in graph.outputs and [x.op for x in readers[node]] == [add]:
            summands[found] = parts
            return found
        return _added(parts)

    return map_graph(graph, define)


def _is_one_place(node: Node) -> bool:
    """Whether a node is an update at one place along an axis, zero elsewhere."""
    return node.op is scatter_add and not node.params["batch"] and node.inputs[1].shape in ((), (1,))


def _added(parts: Sequence[Node]) -> Node:
    """The sum, the entries at one place added last."""
    spread = [part for part in parts if _is_one_place(part)]
    rest = [part for part in parts if not _is_one_place(part)]
    if not rest:
        rest, spread = spread[:1], spread[1:]
    total = rest[0]
    for part in rest[1:]:
        total = apply("add", total, part)
    for part in spread:
        total = _replaced(total, part)
    return total


def _replaced(x: Node, spread: Node) -> Node:
    """x with u added at one place."""
    u, place = spread.inputs
    axis = spread.params["axis"]
    if not place.shape:
        place = apply("reshape", place, shape=(1,))
        u = apply("reshape", u, shape=(*u.shape[:axis], 1, *u.shape[axis:]))
    old = apply("gather", x, place, axis=axis, batch=0)
    return apply("put", x, place, apply("add", old, u), axis=axis, batch=0)
