"""How the slopes of a node behave: its op's fact, sharpened by what stands in the node. It makes no node."""

from __future__ import annotations

from wengert.core.ir.graph import Graph, Node
from wengert.core.ir.op import OPS, Growth, Op
from wengert.core.ir.walk import topological
from wengert.core.ops.arithmetic import multiply, negative
from wengert.core.ops.control import item
from wengert.core.ops.kinds import batch_elementwise, constant_value
from wengert.core.ops.piecewise import cast
from wengert.core.ops.primes import prime

LARGEST = 2.0**127
"""A number that every dtype holds."""
FACTORS = 3
"""So many products within one another are looked through for numbers."""


def op_of(node: Node) -> Op:
    """The op whose facts count: of a prime, that of the function."""
    return OPS[node.params["function"]] if node.op is prime else node.op


def growth(node: Node) -> Growth:
    """How the partials of this node behave: a constant divisor or exponent, and the body of a loop, say more than the op."""
    if node.op.growth_at is not None:
        return node.op.growth_at(node)
    if node.op.loops:
        return "mask" if _masks_inside(node.params["body"]) else "bounded"
    return op_of(node).growth


def is_singular(node: Node) -> bool:
    """Whether a signal that went through this node may be infinite."""
    return growth(node) == "singular"


def is_steep(node: Node) -> bool:
    """Whether the slope of a function of one input may overflow at a number, as that of eˣ does."""
    return len(node.inputs) == 1 and node.op.partials is not None and growth(node) == "unbounded"


def _masks_inside(body: Graph) -> bool:
    return any(growth(node) in ("mask", "singular") or op_of(node).flat for node in topological(body.outputs))


def is_entrywise(node: Node) -> bool:
    """Whether every entry of the result is of one entry of each input."""
    return node.op.kind == "elementwise" or node.op.batch is batch_elementwise


def moved_from(node: Node) -> Node:
    """The node that this one has its entries from, up to the sign and the dtype."""
    while node.op.moves is not None or node.op in (cast, negative):
        node = node.inputs[0]
    return node


def is_finite(node: Node) -> bool:
    """Whether a value is in a fixed interval, or a number that is finite in every dtype: 0 times it is 0."""
    return op_of(moved_from(node)).limited or _size_of_number(node, FACTORS) is not None


def _size_of_number(node: Node, factors: int) -> float | None:
    """|c| of a node that a number c fills, or a product of numbers that no pass has folded yet; None where it is none or too large."""
    node = moved_from(node)
    size: float | None = None
    if node.op is multiply and factors:
        left, right = (_size_of_number(x, factors - 1) for x in node.inputs)
        size = None if left is None or right is None else left * right
    elif (number := constant_value(node)) is not None and abs(number) <= LARGEST:
        size = float(abs(number))
    return size if size is not None and size <= LARGEST else None


def may_overflow(node: Node) -> bool:
    """Whether a value was computed and is in no fixed interval."""
    source = moved_from(node)
    return source.op.kind != "leaf" and source.op is not item and not source.op.limited
