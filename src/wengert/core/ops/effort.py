"""What an op costs beside reading its result from memory: whether to compute it again or to keep it. It knows no machine."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from wengert.core.ir.graph import Node
from wengert.core.ir.types import TapeType, TupleType

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
        "direction",
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

SLOPES = {"sech2": ("tanh",), "logistic_slope": ("logistic",), "gauss": ("erf", "erfc")}
"""Ops that cost little beside one of these of the same input: most of their parts are the same."""


def is_cheap(node: Node) -> bool:
    """Whether to compute a node again rather than to keep it."""
    if node.op.name == "einsum":
        return {label for labels in node.params["inputs"] for label in labels} <= set(node.params["output"])
    return node.op.name in CHEAP or (node.op.kind == "structural" and node.op.name != "sum")


def partners(nodes: Iterable[Node]) -> dict[Node, Node]:
    """For each slope of `SLOPES` among the nodes the function of the same input, if it is among them."""
    nodes = list(nodes)
    slopes = [node for node in nodes if node.op.name in SLOPES]
    if not slopes:
        return {}
    functions = {(node.op.name, node.inputs[0]): node for node in nodes if node.op.arity == 1}
    found = {g: [functions.get((name, g.inputs[0])) for name in SLOPES[g.op.name]] for g in slopes}
    return {g: f for g, fs in found.items() for f in fs if f is not None}


def side_by_side(order: Sequence[Node]) -> list[Node]:
    """Nodes in topological order, those of a pair one after the other; both have the same input."""
    pairs = partners(order)
    if not pairs:
        return list(order)
    beside: dict[Node, list[Node]] = {}
    for slope, function in pairs.items():
        beside.setdefault(function, [function]).append(slope)
    group = {node: members for members in beside.values() for node in members}
    placed: dict[Node, None] = {}
    for node in order:
        placed.update(dict.fromkeys(group.get(node, [node])))
    return list(placed)


def dear(outputs: Iterable[Node], stop: Collection[Node] = (), again: Collection[Node] = ()) -> list[Node]:
    """The arrays from which the outputs are made cheaply: the last ones above them that are dear, and those in `stop`. Those in
    `again` are computed again though they are dear.

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
        if node in stop or (array and node.inputs and node not in again and not is_cheap(node)):
            found.append(node)
        else:
            stack.extend(node.inputs[::-1])
    return found
