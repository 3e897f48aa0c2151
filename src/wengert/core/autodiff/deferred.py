"""Signals whose last factor waits: behind 1/u a signal is (s, y), meant s y, and what follows multiplies s first.

The slope −y² of y = 1/u may leave the range of floats where the whole chain does not, since u'/u is of moderate size while u is not. So
the second y is multiplied last: −(ȳ y) u' and then y. Ops of one signal an entry take the pair through; where signals meet, it is a product.

Forward the two come in the other order: u̇ = s t, of which t waits behind 1/x, meets y² of 1/u. Each half takes a factor there,
−(s y)(t y), before the sums between the two; through other ops a tangent is one product.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from wengert.core.ir.graph import Node, apply, constant, constant_like
from wengert.core.ops.arithmetic import add, divide, multiply, negative, reciprocal, subtract
from wengert.core.ops.functions import broadcast
from wengert.core.ops.kinds import carried, constant_value
from wengert.core.ops.meeting import is_gate
from wengert.core.ops.reductions import sum as total


@dataclass(frozen=True, slots=True)
class Deferred:
    """signal · factor, of which the product has not been taken, where every gate holds; else 0."""

    signal: Node
    factor: Node
    gates: tuple[Node, ...] = ()
    sums: tuple[Node, ...] = ()
    """Sums that the product is taken through at last."""

    @property
    def product(self) -> Node:
        """The signal as one node."""
        found = self.signal * self.factor
        for truths in self.gates:
            found = apply("where", truths, found, constant(0, found.type))
        for each in self.sums:
            found = apply(each.op, found, **each.params)
        return found

    def times(self, first: Node, last: Node) -> Deferred:
        """The pair with a factor for each half, laid out over what is summed."""
        for each in reversed(self.sums):
            shape, axes = each.inputs[0].shape, each.params["axes"]
            kept = [k for k in range(len(shape)) if k not in axes]
            first, last = broadcast(first, shape, kept), broadcast(last, shape, kept)
        return Deferred(self.signal * first, self.factor * last, self.gates, self.sums)

    def kept(self, product: Node, value: Node | None) -> Deferred | None:
        """This pair for what was made of its product: the same, or a selection; None where it is something else."""
        if value is product:
            return self
        if value is None or not is_gate(value) or value.inputs[1] is not product:
            return None
        return None if self.sums else Deferred(self.signal, self.factor, (*self.gates, value.inputs[0]))


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


MOST = 4
"""So many terms of a tangent are kept apart."""


def advanced(node: Node, k: int, arrived: Sequence[Deferred], tangent: Node) -> list[Deferred]:
    """What a node makes of the terms of the tangent of input k, of which none may be known; empty where they have to be added up."""
    terms = list(arrived) or [Deferred(tangent, constant_like(1, tangent))]
    if node.op is reciprocal or (node.op is divide and k == 1):
        halves = (node, node) if node.op is reciprocal else (apply("reciprocal", node.inputs[1]), node)
        return [negated(each.times(*halves)) for each in terms]
    made = [_advanced(node, k, each) for each in terms]
    return [each for each in made if each is not None] if None not in made else []


def negated(term: Deferred) -> Deferred:
    """−s t."""
    return replace(term, signal=-term.signal)


def _advanced(node: Node, k: int, term: Deferred) -> Deferred | None:
    if node.op is total and not term.sums:
        return replace(term, sums=(node,))
    if node.op is negative or (node.op is subtract and k == 1):
        return negated(term)
    if node.op in (add, subtract):
        return term
    number = constant_value(node.inputs[1 - k]) if node.op in (multiply, divide) else None
    if not number:
        return None
    return replace(term, signal=term.signal * (number if node.op is multiply else 1 / number))
