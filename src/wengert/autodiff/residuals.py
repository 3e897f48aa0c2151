"""Residuals: what a loop keeps of each step for its way back. Results that are dear are kept, cheap ones made again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from wengert.autodiff.loops import Loop, Names, Read
from wengert.ir.graph import Node
from wengert.ir.types import TapeType, TupleType
from wengert.ir.walk import depends_on, substitute, topological

CHEAP = frozenset(
    [
        "add",
        "subtract",
        "multiply",
        "divide",
        "negative",
        "reciprocal",
        "integer_power",
        "sqrt",
        "abs",
        "sign",
        "floor",
        "round",
        "relu",
        "step",
        "maximum",
        "minimum",
        "less",
        "less_equal",
        "greater",
        "greater_equal",
        "equal",
        "not_equal",
        "logical_and",
        "logical_or",
        "logical_not",
        "where",
        "cast",
        "weigh",
        "stop_gradient",
        "concatenate",
        "gather",
    ]
)
"""Ops that cost about as much as reading their result from memory; structural ops and outer products are as cheap."""


def is_cheap(node: Node) -> bool:
    """Whether to compute a node again rather than to keep it."""
    if node.op.name == "einsum":
        return {label for labels in node.params["inputs"] for label in labels} <= set(node.params["output"])
    return node.op.name in CHEAP or (node.op.kind == "structural" and node.op.name != "sum")


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
    varying = _varying(loop, frontier)
    found = Residuals()
    carries = {carry.inner for carry in loop.carries}
    seen: set[Node] = set()
    stack = frontier[::-1]
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        plain = not isinstance(node.type, TapeType | TupleType)
        if node in carries:
            found.kept.append(node)
        elif plain and node.inputs and not is_cheap(node):
            (found.kept if node in varying else found.fixed).append(node)
        else:
            stack.extend(node.inputs[::-1])
    return found


def _varying(loop: Loop, outputs: Sequence[Node]) -> set[Node]:
    """The nodes whose value may differ from step to step."""
    changing = [*(each.inner for each in (*loop.carries, *loop.xs))]
    if loop.counter is not None:
        changing.append(loop.counter)
    return depends_on(outputs, changing)


class Reads(NamedTuple):
    """A backward body on what was kept, and the reads that bring it."""

    back: dict[Node, Node]
    xs: list[Read]
    consts: list[Read]


def read_back(loop: Loop, kept: Sequence[Node], found: Residuals, back: Mapping[Node, Node], names: Names) -> Reads:
    """The backward body with inputs for what it reads of the forward step; `kept` are the stacks or tapes outside."""
    inner = {node: names.fresh("kept", node) for node in found.kept}
    inner |= {node: names.fresh("fixed", node) for node in found.fixed}
    outside = substitute(found.fixed, {read.inner: read.outer for read in loop.consts})
    return Reads(
        dict(zip(back, substitute(back.values(), inner), strict=True)),
        [Read(stack, inner[node]) for node, stack in zip(found.kept, kept, strict=True)],
        [Read(outer, inner[node]) for node, outer in zip(found.fixed, outside, strict=True)],
    )
