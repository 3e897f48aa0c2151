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
from wengert.core.ops.arithmetic import add, divide, integer_power, multiply, negative, power, reciprocal, subtract
from wengert.core.ops.functions import broadcast
from wengert.core.ops.kinds import carried, constant_value
from wengert.core.ops.meeting import is_gate
from wengert.core.ops.piecewise import where
from wengert.core.ops.primes import prime
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
        if value is None or not is_gate(value) or value.inputs[1] is not product or self.sums:
            return None
        return self if value.inputs[0] in self.gates else replace(self, gates=(*self.gates, value.inputs[0]))

    @property
    def gate(self) -> Node:
        """Where all gates hold."""
        found, *rest = self.gates
        for each in rest:
            found = apply("logical_and", found, each)
        return found

    @property
    def gated(self) -> Node:
        """The signal where all gates hold, else 0."""
        return apply("where", self.gate, self.signal, constant(0, self.signal.type))


def begun(node: Node, values: Sequence[Node | None]) -> list[Sequence[Deferred]]:
    """For each signal that a node sends on as s y or −(s y), y its value: ±s and y."""
    return [() if (pair := _last_factor(node, value)) is None else (pair,) for value in values]


def _last_factor(y: Node, value: Node | None) -> Deferred | None:
    if value is None or value.type != y.type:
        return None
    product = value.inputs[0] if value.op is negative else value
    if product.op is not multiply or product.inputs[1] is not y:
        return None
    return Deferred(-product.inputs[0] if value.op is negative else product.inputs[0], y)


def begun_at_product(node: Node, bar: Node) -> tuple[list[Sequence[Deferred]], Node | None]:
    """The signals of a product a f, where f has a divisor that a factor of a has too: to a, the bar and f. And that divisor.

    Such a product is a slope that this module made, s u' y · y; the one y waits behind u' again.
    """
    found: list[Sequence[Deferred]] = [(), ()]
    for k, (a, f) in enumerate((node.inputs, node.inputs[::-1])):
        divisor = divisor_of(f)
        if divisor is not None and any(divisor_of(each) is divisor for each in _factors(a)):
            found[k] = (Deferred(bar, f),)
            return found, divisor
    return found, None


def divisor_of(node: Node) -> Node | None:
    """What a node is divided by, laid out or not: u of 1/u, n/u and u⁻ⁿ."""
    node = _laid_out(node)
    if node.op is reciprocal or (node.op is integer_power and node.params["exponent"] < 0):
        return node.inputs[0]
    if node.op is divide:
        return _laid_out(node.inputs[1])
    if node.op is power and (constant_value(node.inputs[1]) or 0) < 0:
        return node.inputs[0]
    return None


def _laid_out(node: Node) -> Node:
    while node.op.moves is not None or node.op is negative:
        node = node.inputs[0]
    return node


def _factors(node: Node) -> list[Node]:
    """The factors of a product, through signs and selections; few are looked for."""
    found: list[Node] = []
    stack = [node]
    while stack and len(found) < MOST_FACTORS:
        node = _laid_out(stack.pop())
        if node.op is multiply:
            stack += node.inputs
        elif is_gate(node):
            stack.append(node.inputs[1])
        else:
            found.append(node)
            if node.op is divide:
                stack.append(node.inputs[0])
    return found


def together(parts: Sequence[tuple[Node, Sequence[Deferred]]], apart: bool) -> Sequence[Deferred]:
    """The terms of all that arrives at a node, its parts as products and as terms: one, where they wait for one factor; several where they
    are to be kept apart; none where they are one sum of products."""
    terms: list[Deferred] = []
    for value, of_part in parts:
        if not of_part and not (apart and any(each for _, each in parts)):
            return ()
        for each in of_part or (Deferred(value, constant_like(1, value)),):
            _enter(terms, each)
    return terms if len(terms) == 1 or (len(terms) <= MOST and (apart or len(parts) == 1)) else ()


def _enter(terms: list[Deferred], new: Deferred) -> None:
    """Add a term, to one that waits for the same factor where there is one."""
    for k, old in enumerate(terms):
        if old.factor is new.factor and old.sums == new.sums:
            if old.gates == new.gates:
                terms[k] = replace(old, signal=old.signal + new.signal)
            elif old.gates and new.gates:
                terms[k] = replace(old, signal=old.gated + new.gated, gates=(apply("logical_or", old.gate, new.gate),))
            else:
                continue
            return
    terms.append(new)


def passed(node: Node, arrived: Sequence[Deferred]) -> list[Sequence[Deferred]]:
    """What a node makes of signals whose last factors wait; none where they have to be multiplied."""
    each = [_passed(node, term) for term in arrived]
    return [
        () if any(pairs[k] is None for pairs in each) else tuple(p for pairs in each if (p := pairs[k]))
        for k in range(len(node.inputs))
    ]


def _passed(node: Node, arrived: Deferred) -> list[Deferred | None]:
    signal, factor = arrived.signal, arrived.factor
    if node.op.partials is not None:
        found = carried(node, [signal] * len(node.inputs))
    elif node.op in (prime, where):
        found = node.op.vjp(node, signal)
    elif arrived.gates:
        return [None] * len(node.inputs)
    elif node.op is total or node.op.moves == "permutation":
        found, factor = node.op.vjp(node, signal), node.op.vjp(node, factor)[0]
    else:
        return [None] * len(node.inputs)
    return [None if s is None or factor is None else Deferred(s, factor, arrived.gates) for s in found]


def kept(terms: Sequence[Deferred], product: Node | None, value: Node | None) -> Sequence[Deferred]:
    """The terms for what was made of their sum: the same, or a selection; none where it is something else."""
    if product is None or value is None:
        return ()
    found = [each.kept(product, value) for each in terms]
    return () if None in found else tuple(each for each in found if each is not None)


MOST = 4
"""So many terms of a tangent are kept apart."""
MOST_FACTORS = 16
"""So many factors of a product are looked through."""


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
