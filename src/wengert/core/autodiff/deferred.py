"""Signals whose last factor waits: behind 1/u a signal is (s, y), meant s y, and what follows multiplies s first.

The slope −y² of y = 1/u may leave the range of floats where the whole chain does not, since u'/u is of moderate size while u is not. So
the second y is multiplied last: −(ȳ y) u' and then y. Ops of one signal an entry take the pair through; where signals meet, it is a product.

Forward the two come in the other order: u̇ = s t, of which t waits behind 1/x, meets y² of 1/u. Each half takes a factor there,
−(s y)(t y), before the sums between the two; through other ops a tangent is one product.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from wengert.core.ir.graph import Node, apply, constant, constant_like
from wengert.core.ops import balanced
from wengert.core.ops.arithmetic import add, divide, integer_power, multiply, negative, power, reciprocal, subtract
from wengert.core.ops.balanced import product_of
from wengert.core.ops.functions import broadcast
from wengert.core.ops.kinds import carried, constant_value, is_number
from wengert.core.ops.meeting import is_gate
from wengert.core.ops.piecewise import where
from wengert.core.ops.primes import prime, quotient_of
from wengert.core.ops.reductions import sum as total


@dataclass(frozen=True, slots=True)
class Deferred:
    """signal · factor, of which the product has not been taken, where every gate holds; else 0."""

    signal: Node
    factor: Node
    gates: tuple[Node, ...] = ()
    sums: tuple[Node, ...] = ()
    """Sums that the product is taken through at last."""
    more: tuple[Node, ...] | None = None
    """Further factors, multiplied at last in an order that keeps to the range of floats; None where the signal is multiplied at once."""

    @property
    def product(self) -> Node:
        """The signal as one node."""
        found = self.signal * self.factor if self.more is None else _product(self.factors)
        for truths in self.gates:
            found = apply("where", truths, found, constant(0, found.type))
        for each in self.sums:
            found = apply(each.op, found, **each.params)
        return found

    @property
    def factors(self) -> list[Node]:
        """What it is the product of."""
        every = [self.signal, self.factor, *(self.more or ())]
        return [x for x in every if not is_number(x, 1)] or every[:1]

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


def _product(factors: Sequence[Node]) -> Node:
    """The product of factors, quotients taken apart."""
    found: list[Node] = []
    number = 1.0
    for each in factors:
        apart = quotient_of(each)
        number *= 1 if apart is None else apart[0]
        found += [each] if apart is None else apart[1]
    if len(found) > MOST_PRODUCT or not found:
        found, number = list(factors), 1.0
    return _scaled(product_of(found), number)


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


def begun_at_product(node: Node, bar: Node) -> list[Sequence[Deferred]]:
    """The signals of a product a f, where f has a divisor that a factor of a has too, as lists of factors.

    Such a product is a slope that this module made, s u' y · y; behind u' all of its factors wait.
    """
    found: list[Sequence[Deferred]] = [(), ()]
    for k, (a, f) in enumerate((node.inputs, node.inputs[::-1])):
        divisor = divisor_of(f)
        if divisor is not None and any(divisor_of(each) is divisor for each in _factors(a)):
            found[k] = (_listed(bar, f),)
            found[1 - k] = (_listed(bar, a),)
            break
    return found


def _listed(bar: Node, other: Node) -> Deferred:
    """The bar and the factors of another node, apart."""
    number, (first, *more) = _multiplied(other)
    return Deferred(_scaled(bar, number), first, more=tuple(more))


def _scaled(signal: Node, number: float) -> Node:
    known = constant_value(signal)
    if known is not None:
        return constant(number * known, signal.type)
    return signal if number == 1 else -signal if number == -1 else signal * number


def _multiplied(node: Node) -> tuple[float, list[Node]]:
    """A number and the factors of a product of few, at least one; else the node itself."""
    number, found, stack = 1.0, list[Node](), [node]
    while stack:
        each = stack.pop()
        known = constant_value(each)
        if each.op is negative:
            number, stack = -number, [*stack, each.inputs[0]]
        elif each.op is multiply:
            stack += each.inputs[::-1]
        elif known and LEAST < abs(known) < 1 / LEAST:
            number *= known
        else:
            found.append(each)
    return (number, found) if 0 < len(found) < MOST_PRODUCT else (1.0, [node])


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


def together(parts: Sequence[tuple[Node, Sequence[Deferred]]]) -> Sequence[Deferred]:
    """The terms of all that arrives at a node, its parts as products and as terms: one, where they wait for one factor; several where one
    of them is a list of factors; none where they are one sum of products."""
    apart = any(each.more is not None for _, terms in parts for each in terms)
    found: list[Deferred] = []
    for value, terms in parts:
        if not terms and not apart:
            return ()
        for each in terms or (Deferred(value, constant_like(1, value)),):
            _enter(found, replace(each, more=each.more or ()) if apart else each)
    return found if len(found) == 1 or (apart and len(found) <= MOST_TERMS) else ()


def _enter(terms: list[Deferred], new: Deferred) -> None:
    """Add a term, to one that waits for the same factor where there is one."""
    for k, old in enumerate(terms):
        if _factors_alike(old, new) and old.sums == new.sums:
            if old.gates == new.gates:
                terms[k] = replace(old, signal=old.signal + new.signal)
            elif old.gates and new.gates:
                terms[k] = replace(old, signal=old.gated + new.gated, gates=(apply("logical_or", old.gate, new.gate),))
            else:
                continue
            return
    terms.append(new)


def _factors_alike(a: Deferred, b: Deferred) -> bool:
    if a.more is None or b.more is None:
        return a.factor is b.factor and a.more is b.more
    first, second = (Counter(_name(x) for x in (each.factor, *each.more)) for each in (a, b) if each.more is not None)
    return first == second


def _name(factor: Node) -> Node | tuple[str, Node]:
    """A factor, or the divisor of one that is 1 over it."""
    if factor.op is divide and is_number(factor.inputs[0], 1):
        return "1/", factor.inputs[1]
    return ("1/", factor.inputs[0]) if factor.op is reciprocal else factor


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
    pairs = [None if s is None or factor is None else replace(arrived, signal=s, factor=factor) for s in found]
    return (
        pairs if arrived.more is None else [None if pair is None else _with_list(node, arrived, pair) for pair in pairs]
    )


def _with_list(node: Node, before: Deferred, after: Deferred) -> Deferred | None:
    """What a node has multiplied a signal by, put with the other factors; None where they are too many."""
    if before.more and node.op.partials is None and node.op not in (prime, where):
        return replace(after, more=tuple(node.op.vjp(node, each)[0] for each in before.more))
    split = _beside(after.signal, before.signal, node)
    if split is None:
        return after if node.op is where else None
    number, factors = split
    more = (*(before.more or ()), *factors)
    if len(more) + 2 > MOST_PRODUCT:
        return None
    return replace(after, signal=_scaled(before.signal, number), more=more)


def _beside(product: Node, signal: Node, node: Node) -> tuple[float, list[Node]] | None:
    """The number and the factors beside a signal in a product that a node has made; None where it is none."""
    if product is signal:
        return 1.0, []
    if product.op is negative:
        inner = _beside(product.inputs[0], signal, node)
        return None if inner is None else (-inner[0], inner[1])
    if product.op is divide:
        inner, divisor = _beside(product.inputs[0], signal, node), product.inputs[1]
        return None if inner is None else (inner[0], [*inner[1], _one_over(divisor, node)])
    if product.op is multiply:
        for k in (0, 1):
            inner, other = _beside(product.inputs[k], signal, node), product.inputs[1 - k]
            if inner is not None:
                known = constant_value(other)
                number, factors = (known, []) if known else _multiplied(other)
                return inner[0] * number, [*inner[1], *factors]
    return None


def _one_over(divisor: Node, node: Node) -> Node:
    """1/u, which the node itself may be."""
    if node.op is divide and node.inputs[1] is divisor and is_number(node.inputs[0], 1):
        return node
    return apply("reciprocal", divisor)


def kept(terms: Sequence[Deferred], product: Node | None, value: Node | None) -> Sequence[Deferred]:
    """The terms for what was made of their sum: the same, or a selection; none where it is something else."""
    if product is None or value is None:
        return ()
    found = [each.kept(product, value) for each in terms]
    return () if None in found else tuple(each for each in found if each is not None)


MOST = 4
"""So many terms of a tangent are kept apart."""
MOST_TERMS = 8
"""So many terms of a bar are kept apart, where one is a list of factors."""
MOST_PRODUCT = balanced.MOST
"""So many factors are kept apart."""
LEAST = 2.0**-64
"""Numbers between this and its reciprocal are multiplied into a signal at once."""
MOST_FACTORS = 16
"""So many factors of a product are looked through."""


def advanced(node: Node, k: int, arrived: Sequence[Deferred], tangent: Node) -> list[Deferred]:
    """What a node makes of the terms of the tangent of input k, of which none may be known; empty where they have to be added up."""
    terms = list(arrived) or [Deferred(tangent, constant_like(1, tangent))]
    if any(each.more is not None for each in terms) or is_own_slope(node):
        listed = [_advanced_list(node, k, each) for each in terms]
        return [each for each in listed if each is not None] if None not in listed else []
    if node.op is reciprocal or (node.op is divide and k == 1):
        halves = (node, node) if node.op is reciprocal else (apply("reciprocal", node.inputs[1]), node)
        return [negated(each.times(*halves)) for each in terms]
    made = [_advanced(node, k, each) for each in terms]
    return [each for each in made if each is not None] if None not in made else []


def is_own_slope(node: Node) -> bool:
    """Whether the tangents of a node are lists of factors from here on: a slope of a function, or a product with a divisor twice."""
    return node.op is prime or (node.op is multiply and any(begun_at_product(node, node)))


def _advanced_list(node: Node, k: int, term: Deferred) -> Deferred | None:
    """What a node makes of a list of factors: one with what it multiplies by."""
    if term.sums or node.op in (total, negative, add, subtract, where):
        return _advanced(node, k, term)
    if node.op.partials is None and node.op is not prime:
        return None
    before = replace(term, more=term.more or ())
    made = node.op.vjp(node, term.signal)[0] if node.op is prime else carried(node, [term.signal] * len(node.inputs))[k]
    return None if made is None else _with_list(node, before, replace(before, signal=made))


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
    if is_gate(node) and k == 1 and term.more is not None and not term.sums:
        return replace(term, gates=(*term.gates, node.inputs[0]))
    number = constant_value(node.inputs[1 - k]) if node.op in (multiply, divide) else None
    if not number:
        return None
    return replace(term, signal=term.signal * (number if node.op is multiply else 1 / number))
