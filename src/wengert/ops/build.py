"""A term as ops on the nodes of its leaves: products become einsums with the divisions after them, indicators become masks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from wengert.ir.graph import Node, apply, constant
from wengert.ir.types import ArrayType, Size
from wengert.ops.terms import Add, Apply, Factor, Leaf, Product, Term, is_indicator, scale, split_coef


def build(term: Term, env: Mapping[str, Node]) -> Node:
    """The term as ops on the nodes of its leaves; equal parts are built once."""
    return Builder(env).build(term)


@dataclass
class Builder:
    """Builds terms over one environment and shares what they have in common."""

    env: Mapping[str, Node]
    made: dict[Term, Node] = field(default_factory=dict[Term, Node])

    def build(self, term: Term) -> Node:
        """The node of a term."""
        if term not in self.made:
            self.made[term] = self._make(term)
        return self.made[term]

    def _make(self, term: Term) -> Node:
        if isinstance(term, Leaf):
            return self.env[term.name]
        if isinstance(term, Add):
            return self._add(term)
        if isinstance(term, Product):
            return self._product(term)
        assert isinstance(term, Apply)
        if term.op == "pi":
            return constant(math.pi, ArrayType(()))
        if term.op == "negative_part":
            return -apply("relu", -self.build(term.args[0]))
        return apply(term.op, *(self.build(arg) for arg in term.args), **dict(term.params))

    def _add(self, term: Add) -> Node:
        node: Node | None = None
        for part in sorted(term.terms, key=lambda t: split_coef(t)[0] < 0):
            coef, base = split_coef(part)
            if node is None:
                node = self.build(part)
            elif coef < 0:
                node = node - self.build(scale(-coef, base))
            else:
                node = node + self.build(part)
        assert node is not None
        return node

    def _product(self, term: Product) -> Node:
        """Numerator as one einsum, divided by what stands below the line; an indicator masks instead of multiplying."""
        masks = [f for f in term.factors if is_indicator(f.term) and all(q in term.out for q in f.labels)]
        below = [f for f in term.factors if f.exponent < 0 and all(q in term.out for q in f.labels)]
        above = [f for f in term.factors if f not in masks and f not in below]
        node = self._contract([(self._raised(f), f.labels) for f in above], term)
        if below:
            size = [Factor(f.term, f.labels, -f.exponent) for f in below]
            node = node / self._contract([(self._raised(f), f.labels) for f in size], term)
        numerator, denominator = term.coef.numerator, term.coef.denominator
        if abs(numerator) != 1:
            node = node * abs(numerator)
        if denominator != 1:
            node = node * Fraction(1, denominator) if denominator & (denominator - 1) == 0 else node / denominator
        if numerator < 0:
            node = -node
        for mask in masks:
            assert isinstance(mask.term, Apply)
            condition = spread(self.build(mask.term.args[0]), mask.labels, term.out, term.sizes)
            node = apply("where", condition, node, constant(0, node.type))
        return node

    def _raised(self, factor: Factor) -> Node:
        node = self.build(factor.term)
        exponent = factor.exponent
        if exponent == 1:
            return node
        if exponent == -1:
            return apply("reciprocal", node)
        if abs(exponent) == Fraction(1, 2):
            root = apply("sqrt", node)
            return root if exponent > 0 else apply("reciprocal", root)
        if exponent.denominator == 1:
            return apply("integer_power", node, exponent=int(exponent))
        return apply("power", node, constant(exponent, node.type))

    def _contract(self, factors: list[tuple[Node, tuple[int, ...]]], term: Product) -> Node:
        """einsum of the factors to `out`, then a broadcast over labels that no factor has."""
        dtype = next((node.type.dtype for node, _ in factors), "float64")
        if not factors:
            return constant(1, ArrayType(term.shape, dtype))
        have = {q for _, labels in factors for q in labels}
        inner = tuple(q for q in term.out if q in have)
        node = self._einsum(factors, inner)
        return spread(node, inner, term.out, term.sizes)

    def _einsum(self, factors: list[tuple[Node, tuple[int, ...]]], out: tuple[int, ...]) -> Node:
        if all(labels == out for _, labels in factors):
            node = factors[0][0]
            for other, _ in factors[1:]:
                node = node * other
            return node
        if len(factors) == 1 and len(set(factors[0][1])) == len(factors[0][1]):
            node, labels = factors[0]
            gone = tuple(k for k, q in enumerate(labels) if q not in out)
            if gone:
                node = apply("sum", node, axes=gone)
                labels = tuple(q for q in labels if q in out)
            return node if labels == out else apply("transpose", node, axes=tuple(labels.index(q) for q in out))
        return apply(
            "einsum", *(node for node, _ in factors), inputs=tuple(labels for _, labels in factors), output=out
        )


def spread(node: Node, labels: tuple[int, ...], out: tuple[int, ...], sizes: Sequence[Size]) -> Node:
    """A node at `labels` brought to the axes `out` by a transpose and a broadcast."""
    if labels == out:
        return node
    order = sorted(range(len(labels)), key=lambda k: out.index(labels[k]))
    if order != list(range(len(labels))):
        node = apply("transpose", node, axes=tuple(order))
    axes = tuple(sorted(out.index(q) for q in labels))
    if len(axes) == len(out):
        return node
    return apply("broadcast", node, shape=tuple(sizes[q] for q in out), axes=axes)
