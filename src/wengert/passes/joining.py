"""Joining: a loop and the same loop with more to it, as a derivative makes of it, run once.

Forward mode adds carries to a loop and reverse mode results, and both leave its body as it was, node for node. So two loops
with carries in common, which begin and go on alike, are one loop that has what either has.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from wengert.ir.graph import Graph, Node, apply
from wengert.ir.walk import order_of, substitute, topological
from wengert.ops.loop import Carry, Loop, Read, names_of

LOOPS = ("scan", "while_loop")


def join(graph: Graph) -> Graph:
    """The graph in which loops over the same carries are one. Exact to the last bit."""
    while (pair := next(_pairs(graph), None)) is not None:
        graph = _with_one(graph, *pair)
    return graph


def _pairs(graph: Graph) -> Iterator[tuple[Node, Node]]:
    """Two loops that can be one; the first stands earlier."""
    earlier: dict[Node, list[Node]] = {}
    for node in order_of(graph):
        if node.op.name not in LOOPS:
            continue
        loop = Loop.of(node)
        candidates = dict.fromkeys(other for x in loop.inner for other in earlier.get(x, ()))
        for other in candidates:
            if _alike(Loop.of(other), loop) and other not in topological(node.inputs):
                yield other, node
        for x in loop.inner:
            earlier.setdefault(x, []).append(node)


def _alike(a: Loop, b: Loop) -> bool:
    """Whether two loops take the same steps, and what both have in common begins and goes on alike."""
    if (a.length, a.reverse) != (b.length, b.reverse) or not _same_test(a.test, b.test):
        return False
    if a.counter is not None and b.counter is not None and (a.counter, a.first) != (b.counter, b.first):
        return False
    first, second = _roles(a), _roles(b)
    common = first.keys() & second.keys()
    carried = any(carry.inner in common for carry in a.carries) or (not a.carries and not b.carries)
    return carried and all(first[x] == second[x] for x in common)


def _same_test(a: Graph | None, b: Graph | None) -> bool:
    if a is None or b is None:
        return a is b
    return a.outputs == b.outputs


def _roles(loop: Loop) -> dict[Node, tuple[Any, ...]]:
    """What each input of the body is: a carry with its first value and its next, or a read of something."""
    roles: dict[Node, tuple[Any, ...]] = {carry.inner: ("carry", carry.first, carry.after) for carry in loop.carries}
    roles |= {inner: ("entry", outer) for outer, inner in loop.xs}
    return roles | {inner: ("constant", outer) for outer, inner in loop.consts}


def _with_one(graph: Graph, first: Node, second: Node) -> Graph:
    """The graph with one loop for two."""
    a, b = Loop.of(first), Loop.of(second)
    both, places = _union(a, b)
    node, n = both.node(), len(a.carries)
    after = [*range(n), *range(len(both.carries), len(both.carries) + len(a.ys))]
    results = [apply("item", node, index=k) for k in range(len(both.after))]
    known: dict[Node, Node] = {}
    for item in topological(graph.outputs):
        if item.op.name == "item" and item.inputs[0] in (first, second):
            index: int = item.params["index"]
            known[item] = results[after[index] if item.inputs[0] is first else places[index]]
    return graph.with_outputs(substitute(graph.outputs, known), graph.names)


def _union(a: Loop, b: Loop) -> tuple[Loop, list[int]]:
    """The loop with all that two have, and where the results of the second stand among its results."""
    names, known = names_of(a), set(a.inner)
    moved = {x: names.again(x) for x in b.inner if x not in known}
    counter, start = a.counter, a.first
    if counter is None and b.counter is not None:
        counter = moved[b.counter] = names.again(b.counter)
        start = b.first
    after = substitute(b.after, moved)
    carries = [Carry(c.first, moved.get(c.inner, c.inner), y) for c, y in zip(b.carries, after, strict=False)]
    both = a.with_more(
        [carry for carry in carries if carry.inner not in known],
        [Read(x.outer, moved[x.inner]) for x in b.xs if x.inner not in known],
        [Read(k.outer, moved[k.inner]) for k in b.consts if k.inner not in known],
    )
    ys = after[len(carries) :]
    both = replace(both, counter=counter, first=start).recording(ys)
    place = {carry.inner: k for k, carry in enumerate(both.carries)}
    return both, [*(place[carry.inner] for carry in carries), *(both.place(y) for y in ys)]
