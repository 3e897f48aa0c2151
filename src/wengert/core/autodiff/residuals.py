"""Residuals: what a loop keeps of each step for its way back. Results that are dear are kept, cheap ones made again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from wengert.core.ir.graph import Node
from wengert.core.ir.walk import depends_on, substitute, topological
from wengert.core.ops.effort import dear, partners
from wengert.core.ops.loop import FreeNames, Loop, Read


@dataclass
class Residuals:
    """What the way back reads of the forward step."""

    kept: list[Node] = field(default_factory=list[Node])
    """Nodes of the body whose values are kept at every step."""
    fixed: list[Node] = field(default_factory=list[Node])
    """Nodes of the body that are the same at every step: computed once, outside."""


def residuals(loop: Loop, back: Sequence[Node], signals: Sequence[Node]) -> Residuals:
    """What to keep for a backward body: the values of the forward step that it reads, or what they are cheaply made of."""
    moved = depends_on(back, signals)
    order = topological(back)
    frontier = [x for node in order if node in moved for x in node.inputs if x not in moved]
    frontier += [node for node in back if node not in moved]
    varying = depends_on(frontier, loop.varying)
    found = _kept(loop, frontier, varying)
    return Residuals([x for x in found if x in varying], [x for x in found if x not in varying])


def _kept(loop: Loop, frontier: Sequence[Node], varying: Collection[Node]) -> list[Node]:
    """What the frontier is cheaply made of; a node of it instead, where it takes the place of one that nothing else needs.

    In place of a function and its slope their argument is kept: one array for two, of which both are made in one go.
    """
    carries = [carry.inner for carry in loop.carries]
    sources = {node: [x for x in dear([node], carries) if x in varying] for node in dict.fromkeys(frontier)}
    needed = Counter(x for xs in sources.values() for x in xs)
    instead = [
        node
        for node, xs in sources.items()
        if len(xs) == 1 and needed[xs[0]] == 1 and xs[0].type == node.type and xs[0] not in loop.ys
    ]
    found = dear(frontier, [*carries, *instead])
    pairs = {node: node.inputs[0] for pair in partners(found).items() for node in pair if node not in loop.ys}
    arguments = [x for x, count in Counter(pairs.values()).items() if count > 1]
    again = [node for node, x in pairs.items() if x in arguments]
    return dear(frontier, [*carries, *arguments, *(x for x in instead if x not in again)], again) if again else found


class Reads(NamedTuple):
    """A backward body on what was kept, and the reads that bring it."""

    back: dict[Node, Node]
    xs: list[Read]
    consts: list[Read]


def read_back(loop: Loop, kept: Sequence[Node], found: Residuals, back: Mapping[Node, Node], names: FreeNames) -> Reads:
    """The backward body with inputs for what it reads of the forward step; `kept` are the stacks or tapes outside."""
    inner = {node: names.fresh("kept", node) for node in found.kept}
    inner |= {node: names.fresh("fixed", node) for node in found.fixed}
    outside = substitute(found.fixed, {read.inner: read.outer for read in loop.consts})
    return Reads(
        dict(zip(back, substitute(back.values(), inner), strict=True)),
        [Read(stack, inner[node]) for node, stack in zip(found.kept, kept, strict=True)],
        [Read(outer, inner[node]) for node, outer in zip(found.fixed, outside, strict=True)],
    )
