"""What an op costs beside reading its result from memory: whether to compute it again or to keep it. It knows no machine."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from wengert.ir.graph import Node
from wengert.ir.types import TapeType, TupleType

CHEAP = frozenset(
    [
        "add",
        "subtract",
        "multiply",
        "divide",
        "negative",
        "reciprocal",
        "disc",
        "lorentz",
        "ratio",
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


def dear(outputs: Iterable[Node], stop: Collection[Node] = ()) -> list[Node]:
    """The arrays from which the outputs are made cheaply: the last ones above them that are dear, and those in `stop`.

    Inputs and constants are not among them: they are there.
    """
    found: list[Node] = []
    seen: set[Node] = set()
    stack = list(outputs)[::-1]
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        array = not isinstance(node.type, TapeType | TupleType)
        if node in stop or (array and node.inputs and not is_cheap(node)):
            found.append(node)
        else:
            stack.extend(node.inputs[::-1])
    return found
