"""Hoisting: what is the same at every step of a loop is computed once, before it. Exact to the last bit.

Only what is dear moves; what is cheap stays inside, where it is made from less.
"""

from __future__ import annotations

from wengert.core.ir.graph import Graph, Node
from wengert.core.ir.walk import depends_on, map_graph, substitute, topological, with_inputs
from wengert.core.ops.effort import dear
from wengert.core.ops.loop import Loop, Read, names_of
from wengert.core.passes.bodies import has_bodies


def hoist(graph: Graph) -> Graph:
    """The graph whose loops read what does not change from step to step."""
    if not has_bodies(graph):
        return graph
    return map_graph(graph, lambda node, inputs: _lighter(with_inputs(node, inputs)))


def _lighter(node: Node) -> Node:
    """A loop that reads what its body has computed anew at every step; any other node as it is."""
    if not node.op.loops:
        return node
    loop = Loop.of(node)
    varying = depends_on(loop.after, loop.varying)
    border = [x for y in topological(loop.after) if y in varying for x in y.inputs if x not in varying]
    border += [y for y in loop.after if y not in varying]
    found = dear(border)
    if not found:
        return node
    names = names_of(loop)
    outside = substitute(found, {read.inner: read.outer for read in loop.consts})
    inside = {x: names.fresh("fixed", x) for x in found}
    more = [Read(outer, inside[x]) for x, outer in zip(found, outside, strict=True)]
    return loop.with_more((), (), more).changed(substitute(loop.after, inside)).node()
