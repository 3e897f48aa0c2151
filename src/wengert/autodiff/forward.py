"""Forward mode: u̇ = Σ_v ∂u/∂v v̇, from the inputs on, one walk. It knows no array and no printing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wengert.autodiff import weighing
from wengert.errors import GraphError
from wengert.ir.graph import Node
from wengert.ir.types import TupleType
from wengert.ir.walk import topological


def jvp(
    outputs: Sequence[Node], inputs: Sequence[Node], tangents: Sequence[Node | None], *, weigh: bool = False
) -> list[Node | None]:
    """ẏ = J ẋ for each output y; None where it is zero. An input may be an interior node; its tangent is the given one.

    With `weigh`, a zero tangent annihilates an infinite partial (see `weighing`).

    Raises GraphError where a tangent's type is not its input's.
    """
    known: dict[Node, Any] = {}
    doubtful: set[Node] = set()
    for node, tangent in zip(inputs, tangents, strict=True):
        if tangent is not None and tangent.type != node.type:
            raise GraphError(
                "The tangent of an input has another type than the input.",
                f"  the input is {node.type}, the tangent {tangent.type}",
                "Give a tangent of its input's shape and dtype.",
            )
        known[node] = tangent
        if tangent is not None and weighing.may_be_zero(tangent):
            doubtful.add(node)
    for node in topological(outputs, set(inputs)):
        if node in known:
            continue
        given = [known[parent] for parent in node.inputs]
        if not node.type.is_float or all(t is None for t in given):
            known[node] = None
        elif weigh:
            passed = any(parent in doubtful for parent in node.inputs)
            known[node] = weighing.jvp(node, given, passed)
            if passed or weighing.may_mask(node):
                doubtful.add(node)
        else:
            known[node] = node.op.jvp(node, given)
        if isinstance(node.type, TupleType) and known[node] is not None and all(t is None for t in known[node]):
            known[node] = None
    return [known[node] for node in outputs]
