"""Index arithmetic as an expression and back: 2 i + k, p − k."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from wengert.notes.notation.expr import Expr, Index, Num, Product, Sum


def index_tree(coefficients: Mapping[Expr, int], offset: int) -> Expr:
    """Σ c q + offset as an index: i + k, 2 i + k, p − k, what is positive first."""
    terms = [
        (1 if c > 0 else -1, q if abs(c) == 1 else Product((Num(Fraction(abs(c))), q)))
        for q, c in sorted(coefficients.items(), key=lambda item: item[1] < 0)
    ]
    if offset or not terms:
        terms.append((1 if offset >= 0 else -1, Num(Fraction(abs(offset)))))
    if len(terms) == 1 and terms[0][0] > 0:
        return terms[0][1]
    return Sum(tuple(terms))


def as_letters(place: str | Expr) -> tuple[dict[Expr, int], int] | None:
    """The letters of a place that is index arithmetic; None for a look-up."""
    if isinstance(place, str):
        return {Index(place): 1}, 0
    if isinstance(place, Index):
        return {place: 1}, 0
    if isinstance(place, Num):
        return {}, int(place.value)
    if isinstance(place, Product) and len(place.factors) == 2 and isinstance(place.factors[0], Num):
        return {place.factors[1]: int(place.factors[0].value)}, 0
    if not isinstance(place, Sum):
        return None
    letters: dict[Expr, int] = {}
    offset = 0
    for sign, term in place.terms:
        inner = as_letters(term)
        if inner is None:
            return None
        for q, c in inner[0].items():
            letters[q] = letters.get(q, 0) + sign * c
        offset += sign * inner[1]
    return {q: c for q, c in letters.items() if c}, offset
