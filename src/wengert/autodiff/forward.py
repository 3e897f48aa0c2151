"""Forward mode: u̇ = Σ_v ∂u/∂v v̇, from the inputs on, one walk. It knows no array and no printing."""

from __future__ import annotations

from collections.abc import Sequence

from wengert.errors import GraphError
from wengert.ir.graph import Node
from wengert.ir.walk import topological


def jvp(outputs: Sequence[Node], inputs: Sequence[Node], tangents: Sequence[Node | None]) -> list[Node | None]:
    """ẏ = J ẋ for each output y; None where it is zero. An input may be an interior node; its tangent is the given one.

    Raises GraphError where a tangent's type is not its input's.
    """
    known: dict[Node, Node | None] = {}
    for node, tangent in zip(inputs, tangents, strict=True):
        if tangent is not None and tangent.type != node.type:
            raise GraphError(
                f"the tangent of an input {node.type} has the type {tangent.type}",
                repair="a tangent has its input's shape and dtype",
            )
        known[node] = tangent
    for node in topological(outputs, set(known)):
        if node not in known:
            given = [known[parent] for parent in node.inputs]
            moves = node.type.is_float and any(t is not None for t in given)
            known[node] = node.op.jvp(node, given) if moves else None
    return [known[node] for node in outputs]
