"""Cases: a ⟦c⟧ + b ⟦not c⟧ is { a if c; b otherwise }."""

from __future__ import annotations

from collections.abc import Collection

from wengert.core.ops.calls import indicator, negated
from wengert.core.ops.normal_form import product, total
from wengert.core.ops.terms import ONE, Apply, Factor, Term, addends, is_indicator, monomial, whole
from wengert.notes.derive.factoring import divided
from wengert.notes.derive.matching import Places, exponent_of, occurrences, outer_place


def merge_cases(term: Term, conditions: Collection[Term] = ()) -> Term:
    """a ⟦c⟧ + b ⟦not c⟧ = { a if c; b otherwise }; the condition is one that the user wrote, where one of the two is."""
    terms = list(addends(term))
    places: Places = {}
    for i, first in enumerate(terms):
        for mask in monomial(first).factors:
            place = outer_place(mask, monomial(first))
            if not is_indicator(mask.term) or place is None or not isinstance(mask.term, Apply):
                continue
            if len(set(place)) < len(place):
                continue  # a condition on a diagonal has no name of its own
            opposite = indicator(negated(mask.term.args[0]))
            places = places or occurrences([monomial(t) for t in terms])
            j = next((k for k in places.get((opposite, place), ()) if k != i), None)
            if j is None:
                continue
            a = divided(monomial(first), [Factor(mask.term, place)], ONE)
            b = divided(monomial(terms[j]), [Factor(opposite, place)], ONE)
            condition = mask.term.args[0]
            if condition not in conditions and negated(condition) in conditions:
                condition, a, b = negated(condition), b, a
            others = [t for k, t in enumerate(terms) if k not in (i, j)]
            return total([choose(condition, place, a, b), *others], term.shape)
    return term


def choose(condition: Term, place: tuple[int, ...], a: Term, b: Term) -> Term:
    """{ a if condition; b otherwise } with the common factors of a and b in front."""
    one, two = monomial(a), monomial(b)
    common: list[Factor] = []
    for f in one.factors:
        at = outer_place(f, one)
        if at is not None and f.exponent == exponent_of(f.term, at, two):
            common.append(Factor(f.term, at, f.exponent))
    coef = abs(one.coef) if abs(one.coef) == abs(two.coef) else ONE
    labels = tuple(range(a.rank))
    spread = product(ONE, [Factor(condition, place)], labels, a.shape)
    branches = Apply(a.shape, "where", (spread, divided(one, common, coef), divided(two, common, coef)))
    return product(coef, [*common, whole(branches)], labels, a.shape)
