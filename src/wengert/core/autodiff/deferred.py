"""Signals whose last factor waits: behind 1/u a signal is (s, y), meant s y, and what follows multiplies s first.

The slope −y² of y = 1/u may leave the range of floats where the whole chain does not, since u'/u is of moderate size while u is not. So
the second y is multiplied last: −(ȳ y) u' and then y. Ops of one signal an entry take the pair through; where signals meet, it is a product.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wengert.core.ir.graph import Node, apply, constant
from wengert.core.ops.arithmetic import multiply, negative
from wengert.core.ops.kinds import carried
from wengert.core.ops.meeting import is_gate
from wengert.core.ops.reductions import sum as total


@dataclass(frozen=True, slots=True)
class Deferred:
    """signal · factor, of which the product has not been taken, where every gate holds; else 0."""

    signal: Node
    factor: Node
    gates: tuple[Node, ...] = ()

    @property
    def product(self) -> Node:
        """The signal as one node."""
        found = self.signal * self.factor
        for truths in self.gates:
            found = apply("where", truths, found, constant(0, found.type))
        return found

    def kept(self, product: Node, value: Node | None) -> Deferred | None:
        """This pair for what was made of its product: the same, or a selection; None where it is something else."""
        if value is product:
            return self
        if value is None or not is_gate(value) or value.inputs[1] is not product:
            return None
        return Deferred(self.signal, self.factor, (*self.gates, value.inputs[0]))


def begun(node: Node, values: Sequence[Node | None]) -> list[Deferred | None]:
    """For each signal that a node sends on as −(s y), y its value: −s and y."""
    return [_last_factor(node, value) for value in values]


def _last_factor(y: Node, value: Node | None) -> Deferred | None:
    if value is None or value.op is not negative or value.type != y.type:
        return None
    product = value.inputs[0]
    return Deferred(-product.inputs[0], y) if product.op is multiply and product.inputs[1] is y else None


def passed(node: Node, arrived: Deferred) -> list[Deferred | None]:
    """What a node makes of a signal whose last factor waits; None where it has to be multiplied."""
    signal, factor = arrived.signal, arrived.factor
    if node.op.partials is not None:
        found = carried(node, [signal] * len(node.inputs))
    elif arrived.gates:
        return [None] * len(node.inputs)
    elif node.op is total or node.op.moves == "permutation":
        found, factor = node.op.vjp(node, signal), node.op.vjp(node, factor)[0]
    else:
        return [None] * len(node.inputs)
    return [None if s is None or factor is None else Deferred(s, factor, arrived.gates) for s in found]
