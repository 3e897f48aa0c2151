"""Forward mode: u̇ = Σ_v ∂u/∂v v̇, from the inputs on, one walk. It knows no array and no printing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wengert.core.autodiff import slopes
from wengert.core.autodiff.deferred import Deferred
from wengert.core.autodiff.growth import growth, is_singular, is_steep, op_of
from wengert.core.autodiff.masks import Mask, by_value, given
from wengert.core.autodiff.passing import forward_through
from wengert.core.autodiff.roots import Bases
from wengert.core.ir.graph import Node, constant
from wengert.core.ir.types import ArrayType, TapeType, TupleType
from wengert.core.ir.walk import topological
from wengert.errors import GraphError

DOUBT = Mask(lambda: constant(True, ArrayType((), "bool")))
"""Of a tuple or a tape: that its parts may be nothing in places."""


def jvp(
    outputs: Sequence[Node], inputs: Sequence[Node], tangents: Sequence[Node | None], *, masked: bool = False
) -> list[Node | None]:
    """ẏ = J ẋ for each output y; None where it is zero. An input may be an interior node; its tangent is the given one.

    With `masked`, a tangent that is nothing stays nothing beside an infinite partial (see `masks`).

    Raises GraphError where a tangent's type is not its input's.
    """
    known: dict[Node, Any] = {}
    marks = TangentMarks() if masked else None
    for node, tangent in zip(inputs, tangents, strict=True):
        if tangent is not None and tangent.type != node.type:
            raise GraphError(
                "The tangent of an input has another type than the input.",
                f"  the input is {node.type}, the tangent {tangent.type}",
                "Give a tangent of its input's shape and dtype.",
            )
        known[node] = tangent
        if marks is not None and tangent is not None and not isinstance(node.type, TapeType):
            marks.masks[node] = given(tangent)
    for node in topological(outputs, set(inputs)):
        if node in known:
            continue
        moved = [known[parent] for parent in node.inputs]
        if not node.type.is_float or all(t is None for t in moved):
            known[node] = None
        elif marks is not None:
            known[node] = marks.jvp(node, moved)
        else:
            known[node] = node.op.jvp(node, moved)
        if isinstance(node.type, TupleType) and known[node] is not None and all(t is None for t in known[node]):
            known[node] = None
    return [known[node] for node in outputs]


class TangentMarks:
    """What is known of the tangents of a forward pass: their masks, which may be infinite, and what they are 0 for."""

    def __init__(self) -> None:
        self.masks: dict[Node, Mask | None] = {}
        self.steep: set[Node] = set()
        """The nodes whose tangent may be infinite."""
        self.inverse: set[Node] = set()
        """The nodes that depend on the inverse of a flat function."""
        self.bases = Bases()
        self.deferred: dict[Node, Sequence[Deferred]] = {}
        """The terms of the tangents that are products that wait."""

    def jvp(self, node: Node, tangents: Sequence[Any]) -> Any:
        """The tangent of a node, with its marks."""
        masks = [self.masks.get(parent) for parent in node.inputs]
        self._mark(node)
        if isinstance(node.type, TupleType) or any(isinstance(x.type, TupleType) for x in node.inputs):
            found = node.op.jvp(node, tangents)
            if found is not None and (growth(node) == "mask" or any(mask is not None for mask in masks)):
                several = isinstance(node.type, TupleType | TapeType)
                self.masks[node] = DOUBT if several else by_value(found)
            return found
        found, waiting = slopes.jvp(
            node,
            tangents,
            masks,
            after_inverse=node in self.inverse,
            steep=node in self.steep,
            arrived=[self.deferred.get(x, ()) for x in node.inputs],
        )
        rooted = self.bases.at_root(node, found)
        if waiting and rooted is found:
            self.deferred[node] = waiting
        found = rooted
        if found is not None:
            self.masks[node] = forward_through(node, tangents, masks, found)
        return found

    def _mark(self, node: Node) -> None:
        if op_of(node).undoes_flat or any(parent in self.inverse for parent in node.inputs):
            self.inverse.add(node)
        if is_singular(node) or is_steep(node) or any(parent in self.steep for parent in node.inputs):
            self.steep.add(node)
        self.bases.enter(node)
