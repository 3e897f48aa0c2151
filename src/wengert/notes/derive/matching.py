"""The factors of one product found among those of another: what folding, cancelling and factoring share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from wengert.core.ops.terms import Factor, ProductTerm, Term


class Match(NamedTuple):
    """An occurrence of a value in a product: where its labels go, and the exponent it takes from each factor."""

    labels: dict[int, int]
    used: dict[int, Fraction]

    def left(self, term: ProductTerm) -> list[Factor]:
        """The factors of the product without what the match takes."""
        rest = [
            Factor(f.term, f.labels, f.exponent - self.used.get(k, Fraction(0))) for k, f in enumerate(term.factors)
        ]
        return [f for f in rest if f.exponent != 0]

    def bound(self, value: ProductTerm) -> set[int]:
        """Where the summed labels of the value go."""
        return {self.labels[q] for q in value.summed}


def matches(term: ProductTerm, value: ProductTerm) -> Iterator[Match]:
    """Ways to find every factor of `value` among those of `term`.

    A summed label of the value goes to a label of its own: Σ_j a_ij x_j does not occur in Σ_i a_ii x_i.
    """
    for match in _search(term, value, 0, {}, {}):
        ends = [match.labels[q] for q in value.summed]
        outer = {match.labels[q] for q in value.out if q in match.labels}
        if all(q in match.labels for q in value.out) and len(set(ends)) == len(ends) and outer.isdisjoint(ends):
            yield match


def _search(
    term: ProductTerm, value: ProductTerm, k: int, labels: dict[int, int], used: dict[int, Fraction]
) -> Iterator[Match]:
    if k == len(value.factors):
        yield Match(labels, used)
        return
    wanted = value.factors[k]
    for place, have in enumerate(term.factors):
        free = abs(have.exponent) - abs(used.get(place, Fraction(0)))
        if have.term != wanted.term or (have.exponent > 0) != (wanted.exponent > 0) or free < abs(wanted.exponent):
            continue
        pairs = list(zip(wanted.labels, have.labels, strict=True))
        if all(labels.get(q, p) == p for q, p in pairs) and len(dict(pairs)) == len(set(pairs)):
            taken = {**used, place: used.get(place, Fraction(0)) + wanted.exponent}
            yield from _search(term, value, k + 1, {**labels, **dict(pairs)}, taken)


def outer_place(candidate: Factor, owner: ProductTerm) -> tuple[int, ...] | None:
    """The axes of the result at which a factor stands; None where it carries a summed label."""
    if not all(q in owner.out for q in candidate.labels):
        return None
    return tuple(owner.out.index(q) for q in candidate.labels)


Places = dict[tuple[Term, tuple[int, ...]], dict[int, Fraction]]


def occurrences(terms: Sequence[ProductTerm]) -> Places:
    """For each factor at axes of the result the numbers of the terms that have it, with its exponent there."""
    found: Places = {}
    for k, owner in enumerate(terms):
        for f in owner.factors:
            place = outer_place(f, owner)
            if place is not None:
                found.setdefault((f.term, place), {}).setdefault(k, f.exponent)
    return found


def exponent_of(base: Term, place: tuple[int, ...], owner: ProductTerm) -> Fraction:
    """The exponent of a factor at these axes of the result; 0 where it does not occur."""
    return next((f.exponent for f in owner.factors if f.term == base and outer_place(f, owner) == place), Fraction(0))
