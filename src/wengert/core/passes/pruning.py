"""Pruning: results of branches and loops that nothing reads, carries that never change, inputs that no body reads.

Exact to the last bit.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from wengert.core.ir.graph import Graph, Node, apply
from wengert.core.ir.walk import rebuild, topological, with_inputs
from wengert.core.ops.control import cond, item, scan, while_loop
from wengert.core.ops.loop import Loop, Read
from wengert.core.passes.bodies import has_bodies


def prune(graph: Graph) -> Graph:
    """The graph whose branches and loops have only the results, carries and inputs that are needed."""
    if not has_bodies(graph):
        return graph
    read: dict[Node, set[int]] = {}
    for node in topological(graph.outputs):
        if node.op is item:
            read.setdefault(node.inputs[0], set()).add(node.params["index"])
    pruner = _Pruner(read)
    keep = {node: node for node in graph.inputs}
    return graph.with_outputs(rebuild(graph.outputs, pruner.visit, keep), graph.names)


@dataclass
class _Pruner:
    """Replaces nodes from the leaves up."""

    read: dict[Node, set[int]]
    """The results of each node that are read."""

    def __post_init__(self) -> None:
        self.results: dict[Node, dict[int, Node]] = {}
        """For a node that has been replaced: what stands for each result."""

    def visit(self, node: Node, inputs: tuple[Node, ...]) -> Node:
        """The node on its new inputs; an item as what stands for it."""
        new = with_inputs(node, inputs)
        if node.op is item:
            stands = self.results.get(node.inputs[0], {})
            return stands.get(node.params["index"], new)
        smaller = SMALLER.get(node.op)
        stands = smaller(new, self.read.get(node, set())) if smaller is not None else None
        if stands is not None:
            self.results[node] = stands
        return new


Results = dict[int, Node]
"""For each result that is read what stands for it."""


def _items(node: Node, kept: Sequence[int]) -> Results:
    return {k: apply("item", node, index=place) for place, k in enumerate(kept)}


# ---------------------------------------------------------------- cond


def _smaller_cond(node: Node, needed: Collection[int]) -> Results | None:
    """The branch with the results that are read, and the operands that one of its sides reads; None where that is all."""
    then, other = node.params["then"], node.params["other"]
    results = [k for k in range(len(then.outputs)) if k in needed]
    sides = [side.with_outputs(side.outputs[k] for k in results) for side in (then, other)]
    reached = [set(topological(side.outputs)) for side in sides]
    operands = [
        k for k in range(len(then.inputs)) if any(s.inputs[k] in r for s, r in zip(sides, reached, strict=True))
    ]
    if len(results) == len(then.outputs) and len(operands) == len(then.inputs):
        return None
    first, second = (Graph(tuple(side.inputs[k] for k in operands), side.outputs) for side in sides)
    smaller = apply("cond", node.inputs[0], *(node.inputs[1 + k] for k in operands), then=first, other=second)
    return _items(smaller, results)


# ---------------------------------------------------------------- loops


def _smaller_loop(node: Node, needed: Collection[int]) -> Results | None:
    """The loop with the carries, ys and inputs that are needed, constants for carries that never change; None where it is that."""
    loop, n = Loop.of(node), node.params["carries"]
    fixed = {k: c for k, c in enumerate(loop.carries) if c.after is c.inner}
    ys = [k for k in range(len(loop.ys)) if n + k in needed]
    asked = dict[Node, Node]() if loop.test is None else dict(zip(loop.inner, loop.test.inputs, strict=True))
    tested = set[Node]() if loop.test is None else set(topological(loop.test.outputs))
    carries, reached = _needed(loop, needed, [loop.ys[k] for k in ys], {x for x, t in asked.items() if t in tested})
    consts = (*(Read(c.first, c.inner) for c in fixed.values()), *loop.consts)
    smaller = replace(
        loop,
        carries=tuple(loop.carries[k] for k in carries),
        xs=_tapes_or(loop, [x for x in loop.xs if x.inner in reached]),
        consts=tuple(k for k in consts if k.inner in reached),
        ys=tuple(loop.ys[k] for k in ys),
        counter=loop.counter if loop.counter in reached else None,
        first=loop.first if loop.counter in reached else None,
    )
    if not fixed and smaller.inner == loop.inner and len(ys) == len(loop.ys) and smaller.counter is loop.counter:
        return None
    if loop.test is not None:
        smaller = replace(smaller, test=Graph(tuple(asked[x] for x in smaller.inner), loop.test.outputs))
    results: Results = {k: carry.first for k, carry in fixed.items()}
    kept = [*carries, *(n + k for k in ys)]
    return results | _items(smaller.node(), kept) if kept else results


def _needed(loop: Loop, needed: Collection[int], ys: Sequence[Node], asked: set[Node]) -> tuple[list[int], set[Node]]:
    """The carries that change and are read, tested or needed by others that are; and the nodes that a step reaches."""
    kept: list[int] = []
    while True:
        reached = set(topological([*(loop.carries[k].after for k in kept), *ys])) | asked
        wanted = [
            k
            for k, carry in enumerate(loop.carries)
            if carry.after is not carry.inner and (k in needed or carry.inner in reached)
        ]
        if wanted == kept:
            return kept, reached
        kept = wanted


def _tapes_or(loop: Loop, xs: Sequence[Read]) -> tuple[Read, ...]:
    """The xs; one tape at least where a tape alone knows the number of steps."""
    return tuple(xs) if xs or loop.length is not None or loop.test is not None else loop.xs[:1]


SMALLER = {cond: _smaller_cond, scan: _smaller_loop, while_loop: _smaller_loop}
