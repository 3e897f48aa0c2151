"""A term as ops on the nodes of its leaves: products become einsums with the divisions after them, indicators become masks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from wengert.core.ir.graph import Node, apply, constant
from wengert.core.ir.types import ArrayType, Size
from wengert.core.ops.normal_form import scale, split_coef
from wengert.core.ops.terms import (
    Add,
    Apply,
    Factor,
    NamedLeaf,
    ProductTerm,
    Term,
    components,
    is_indicator,
    is_number,
    position_axis,
)


def build(term: Term, env: Mapping[str, Node]) -> Node:
    """The term as ops on the nodes of its leaves; equal parts are built once."""
    return TermBuilder(env).build(term)


@dataclass
class TermBuilder:
    """Builds terms over one environment and shares what they have in common."""

    env: Mapping[str, Node]
    made: dict[Term, Node] = field(default_factory=dict[Term, Node])
    weighed: bool = False
    """Whether 0/0 is 0: in a backward pass a signal that is exactly 0 annihilates a slope that is not finite."""

    def build(self, term: Term) -> Node:
        """The node of a term."""
        if term not in self.made:
            self.made[term] = self._make(term)
        return self.made[term]

    def _make(self, term: Term) -> Node:
        if isinstance(term, NamedLeaf):
            return self.env[term.name]
        if isinstance(term, Add):
            return self._add(term)
        if isinstance(term, ProductTerm):
            return self._product(term)
        assert isinstance(term, Apply)
        if term.op == "pi":
            return constant(math.pi, ArrayType(()))
        if term.op == "negative_part":
            return -apply("relu", -self.build(term.args[0]))
        return apply(term.op, *self._alike(term.args), **dict(term.params))

    def _alike(self, terms: Sequence[Term]) -> list[Node]:
        """The nodes of terms; beside whole numbers a number is one too."""
        nodes = [self.build(term) for term in terms]
        if "int64" not in {node.type.dtype for node in nodes}:
            return nodes
        return [
            constant(term.coef, node.type.with_dtype("int64"))
            if isinstance(term, ProductTerm) and is_number(term)
            else node
            for term, node in zip(terms, nodes, strict=True)
        ]

    def _add(self, term: Add) -> Node:
        node: Node | None = None
        parts = sorted(term.terms, key=lambda t: split_coef(t)[0] < 0)
        signs = [1, *(-1 if split_coef(part)[0] < 0 else 1 for part in parts[1:])]
        positive = [part if sign > 0 else scale(-1, part) for sign, part in zip(signs, parts, strict=True)]
        for sign, other in zip(signs, self._alike(positive), strict=True):
            node = other if node is None else node + other if sign > 0 else node - other
        assert node is not None
        return node

    def _product(self, term: ProductTerm) -> Node:
        """Numerator as one einsum, divided by what stands below the line; an indicator masks instead of multiplying."""
        masks = [f for f in term.factors if _masks(f)]
        outer = [f for f in masks if all(q in term.out for q in f.labels)]
        inner = [f for f in masks if f not in outer and not _is_look_up(f.term)]
        below = [f for f in term.factors if f.exponent < 0 and all(q in term.out for q in f.labels)]
        reached = {q for f in inner for q in f.labels}
        below = [f for f in below if reached.isdisjoint(f.labels)]
        above = [
            _Factor(
                f.labels, self._raised(f), f.exponent > 0 and (isinstance(f.term, NamedLeaf) or _is_look_up(f.term))
            )
            for f in term.factors
            if f not in outer and f not in inner and f not in below
        ]
        for mask in inner:
            above = self._masked(mask, above, term.sizes)
        node = self._contract(above, term)
        if below:
            size = [Factor(f.term, f.labels, -f.exponent) for f in below]
            divisor = self._contract([_Factor(f.labels, self._raised(f)) for f in size], term)
            safe = all(isinstance(f.term, Apply) and f.term.op == "size_of" for f in size)
            node = node / divisor if safe or not self.weighed else _weighed_quotient(node, divisor)
        node = _scaled(node, term.coef)
        for mask in outer:
            condition, labels = self._condition(mask)
            node = apply("where", spread(condition, labels, term.out, term.sizes), node, constant(0, node.type))
        return node

    def _masked(self, mask: Factor, parts: list[_Factor], sizes: Sequence[Size]) -> list[_Factor]:
        """The parts with a mask under a sum: where it does not hold, the parts beside it are not looked at, be they infinite.

        Parts with further axes are taken to be finite where they are quantities, so that a matrix product stays one.
        """
        beside = [
            part
            for part in parts
            if (set(part.labels) <= set(mask.labels) if part.plain else not set(mask.labels).isdisjoint(part.labels))
        ]
        if not beside:
            return [*parts, _Factor(mask.labels, self.build(mask.term))]
        labels = tuple(dict.fromkeys(q for item in (mask, *beside) for q in item.labels))
        covered = tuple(q for q in labels if any(q in part.labels for part in beside))
        node = spread(self._einsum(beside, covered), covered, labels, sizes)
        condition, at = self._condition(mask)
        node = apply("where", spread(condition, at, labels, sizes), node, constant(0, node.type))
        first = parts.index(beside[0])
        rest = [part for part in parts if part not in beside]
        before = sum(part in rest for part in parts[:first])
        return [*rest[:before], _Factor(labels, node), *rest[before:]]

    def _condition(self, mask: Factor) -> tuple[Node, tuple[int, ...]]:
        """The condition of ⟦condition⟧ and its labels, each once: ⟦c_ii⟧ is read on the diagonal."""
        assert isinstance(mask.term, Apply)
        labels = tuple(dict.fromkeys(mask.labels))
        if labels == mask.labels:
            return self.build(mask.term.args[0]), labels
        diagonal = self._einsum([_Factor(mask.labels, self.build(mask.term))], labels)
        return apply("greater", diagonal, constant(0, diagonal.type)), labels

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

    def _contract(self, parts: Sequence[_Factor], term: ProductTerm) -> Node:
        """einsum of the parts to `out`, then a broadcast over labels that no part has."""
        if not parts:
            return constant(1, ArrayType(term.shape))
        parts = self._summed_first(parts, term.out)
        have = {q for part in parts for q in part.labels}
        inner = tuple(q for q in term.out if q in have)
        return spread(self._einsum(parts, inner), inner, term.out, term.sizes)

    def _summed_first(self, parts: Sequence[_Factor], out: tuple[int, ...]) -> Sequence[_Factor]:
        """The parts with a sum that has fewer axes than what stands beside it computed for itself, so that others share it."""
        groups = components([Factor(NamedLeaf((), str(k)), part.labels) for k, part in enumerate(parts)], out)
        done: list[_Factor] = []
        for group in groups:
            members = [parts[int(f.term.name)] for f in group if isinstance(f.term, NamedLeaf)]
            carried = tuple(q for q in out if any(q in part.labels for part in members))
            beside = {q for part in parts if part not in members for q in part.labels}
            if any(q not in out for part in members for q in part.labels) and not beside <= set(carried):
                members = [_Factor(carried, self._einsum(members, carried))]
            done += members
        return done

    def _einsum(self, parts: Sequence[_Factor], out: tuple[int, ...]) -> Node:
        if all(part.labels == out for part in parts):
            node = parts[0].node
            for other in parts[1:]:
                node = node * other.node
            return node
        if len(parts) == 1 and len(set(parts[0].labels)) == len(parts[0].labels):
            labels, node, _ = parts[0]
            gone = tuple(k for k, q in enumerate(labels) if q not in out)
            if gone:
                node = apply("sum", node, axes=gone)
                labels = tuple(q for q in labels if q in out)
            return node if labels == out else apply("transpose", node, axes=tuple(labels.index(q) for q in out))
        return apply("einsum", *(part.node for part in parts), inputs=tuple(part.labels for part in parts), output=out)


class _Factor(NamedTuple):
    """A factor already built, at its labels; `plain` where it is a quantity as it stands, or ⟦k = Y⟧: finite for certain."""

    labels: tuple[int, ...]
    node: Node
    plain: bool = False


def _masks(factor: Factor) -> bool:
    return is_indicator(factor.term) and factor.exponent > 0


def _is_look_up(term: Term) -> bool:
    """Whether a term is ⟦k = Y⟧ of integers, whose sums become look-ups later."""
    condition = term.args[0] if isinstance(term, Apply) and term.args else None
    return (
        isinstance(condition, Apply)
        and condition.op == "equal"
        and any(position_axis(side) is not None for side in condition.args)
    )


def _weighed_quotient(signal: Node, divisor: Node) -> Node:
    """signal / divisor, and 0 where the signal is exactly 0."""
    zero = constant(0, signal.type)
    return apply("where", apply("equal", signal, zero), zero, signal / divisor)


def _scaled(node: Node, coef: Fraction) -> Node:
    """coef · node, by whole numbers or exact halves where that is possible."""
    numerator, denominator = coef.numerator, coef.denominator
    if abs(numerator) != 1:
        node = node * abs(numerator)
    if denominator != 1:
        node = node * Fraction(1, denominator) if denominator & (denominator - 1) == 0 else node / denominator
    return -node if numerator < 0 else node


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
