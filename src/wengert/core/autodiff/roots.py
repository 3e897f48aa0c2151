"""Roots of sums of squares in forward mode: where all that is squared is 0, the tangent of the root is 0.

In reverse mode the squares select (`slopes.vjp`); forward the root has to, and it is told where a base is not 0.
"""

from __future__ import annotations

from wengert.core.autodiff.masks import Mask, is_on, not_zero, selected
from wengert.core.autodiff.passing import any_over
from wengert.core.ir.graph import Node, apply
from wengert.core.ops.arithmetic import add
from wengert.core.ops.products import einsum
from wengert.core.ops.reductions import sum as total
from wengert.core.ops.squares import at_least, is_positive, passes, raised, root


class Bases:
    """For a sum of powers: where a base is not 0, built when a root asks; and the least power."""

    def __init__(self) -> None:
        self.known: dict[Node, tuple[Mask, float]] = {}

    def enter(self, node: Node) -> None:
        """Note a power, or a sum or positive multiple of sums of powers."""
        power = raised(node)
        if power is not None:
            base, exponent = power
            self.known[node] = Mask(lambda: _of_power(node, base)), exponent
            return
        parts = [(k, x) for k, x in enumerate(node.inputs) if not is_positive(x) or node.op is add]
        if not parts or not all(x in self.known and passes(node, k) for k, x in parts):
            return
        found = [self.known[x] for _, x in parts]
        self.known[node] = Mask(lambda: _joined(node, [mask for mask, _ in found])), min(p for _, p in found)

    def at_root(self, node: Node, tangent: Node | None) -> Node | None:
        """The tangent of a node; of a root, 0 where all bases are."""
        exponent = root(node)
        if exponent is None or not is_on() or node.inputs[0] not in self.known:
            return tangent
        mask, power = self.known[node.inputs[0]]
        degree = power * exponent
        return selected(node, mask.node, tangent, other=at_least(node.inputs[0], degree)) if degree >= 1 else tangent


def _of_power(node: Node, base: Node) -> Node:
    truths = not_zero(base)
    if node.op is not einsum:
        return truths
    labels, output = node.params["inputs"][0], node.params["output"]
    found = any_over(truths, [i for i, q in enumerate(labels) if q not in output])
    kept = [q for q in labels if q in output]
    order = tuple(kept.index(q) for q in output)
    return found if order == tuple(range(len(order))) else apply("transpose", found, axes=order)


def _joined(node: Node, masks: list[Mask]) -> Node:
    """Any of the summands; what moves entries moves the truths."""
    first = masks[0].node
    if node.op is total:
        return any_over(first, node.params["axes"])
    if node.op.kind == "structural":
        return apply(node.op, first, **node.params)
    for mask in masks[1:]:
        if mask.node is not first:
            first = apply("logical_or", first, mask.node)
    return first
