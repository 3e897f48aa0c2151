"""Sums shortened and opened: common factors, alike terms, one denominator; and products over sums multiplied out."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from fractions import Fraction
from math import gcd

from wengert.core.ops.calls import rebuilt
from wengert.core.ops.interning import remembered
from wengert.core.ops.normal_form import product, scale, split_coef, total
from wengert.core.ops.positions import shift_of
from wengert.core.ops.terms import ONE, Add, Factor, ProductTerm, Term, addends, is_indicator, monomial, subterms, whole
from wengert.notes.derive.cost import cost
from wengert.notes.derive.matching import exponent_of, occurrences, outer_place

EXPAND_LIMIT = 64


@remembered
def factor(term: Term) -> Term:
    """a b + a c = a (b + c): the factors common to all terms that carry only free indices, and a common coefficient, before the bracket."""
    terms = [monomial(t) for t in addends(term)]
    if len(terms) < 2:
        return term
    common: list[Factor] = []
    for candidate in terms[0].factors:
        place = outer_place(candidate, terms[0])
        if place is None:
            continue
        exponents = [exponent_of(candidate.term, place, t) for t in terms]
        if all(e > 0 for e in exponents):
            common.append(Factor(candidate.term, place, min(exponents)))
        elif all(e < 0 for e in exponents):
            common.append(Factor(candidate.term, place, max(exponents)))
    coef = common_coefficient([t.coef for t in terms])
    coef = -coef if all(t.coef < 0 for t in terms) else coef
    if not common and coef == 1:
        return term
    rest = [divided(t, common, coef) for t in terms]
    labels = tuple(range(term.rank))
    return product(coef, [*common, Factor(total(rest, term.shape), labels)], labels, term.shape)


@remembered
def factor_part(term: Term) -> Term:
    """a b + a c + a d + e = a (b + c + d) + e: a factor of three terms or more, where that saves operations; the one that saves most."""
    terms = addends(term)
    if len(terms) < 4:
        return term
    owners = [monomial(t) for t in terms]
    places = occurrences(owners)
    best, least = term, cost(term)
    tried = set[tuple[Term, tuple[int, ...], bool]]()
    for owner in owners:
        for f in owner.factors:
            place = outer_place(f, owner)
            if place is None or (f.term, place, f.exponent > 0) in tried:
                continue
            tried.add((f.term, place, f.exponent > 0))
            having = {k for k, exponent in places[f.term, place].items() if exponent * f.exponent > 0}
            if 2 < len(having) < len(terms):
                bracket = factor(total([terms[k] for k in sorted(having)], term.shape))
                rest = [t for k, t in enumerate(terms) if k not in having]
                candidate = total([bracket, *rest], term.shape)
                best, least = (candidate, cost(candidate)) if cost(candidate) < least else (best, least)
    return best


def common_coefficient(coefs: Sequence[Fraction]) -> Fraction:
    """What stands before the bracket: the size that all coefficients share, else their greatest common whole divisor."""
    sizes = {abs(c) for c in coefs}
    if len(sizes) == 1:
        return sizes.pop()
    if all(c.denominator == 1 for c in sizes):
        return Fraction(gcd(*(int(c) for c in sizes)))
    return ONE


def divided(term: ProductTerm, common: Sequence[Factor], coef: Fraction) -> Term:
    """term / (coef · Π common), where the common factors, at axes of the result, are factors of the term."""
    inverse = [
        Factor(f.term, tuple(term.out[k] for k in f.labels), -f.exponent) for f in common if not is_indicator(f.term)
    ]
    masks = [(f.term, tuple(term.out[k] for k in f.labels)) for f in common if is_indicator(f.term)]
    kept = [f for f in term.factors if (f.term, f.labels) not in masks]
    return product(term.coef / coef, kept + inverse, term.out, term.sizes)


def turn_sign(term: Term) -> Term:
    """−a (b − c) = a (c − b)."""
    if not isinstance(term, ProductTerm) or term.coef >= 0:
        return term
    for k, f in enumerate(term.factors):
        if isinstance(f.term, Add) and f.exponent == 1 and any(split_coef(t)[0] < 0 for t in f.term.terms):
            rest = list(term.factors)
            rest[k] = Factor(scale_inside(-1, f.term), f.labels)
            return product(-term.coef, rest, term.out, term.sizes)
    return term


def in_one_sign(term: Term, written: Collection[Term]) -> Term:
    """b (c − a) beside a − c as −b (a − c), where a − c is what the user wrote."""
    present = set(subterms(term))

    def turned(item: Term) -> Term:
        if isinstance(item, Add):
            return rebuilt(item, [turned(t) for t in item.terms])
        if not isinstance(item, ProductTerm):
            return item
        coef, factors, swapped = item.coef, list[Factor](), False
        for f in item.factors:
            other = scale_inside(-1, f.term) if isinstance(f.term, Add) and f.exponent == 1 else f.term
            swap = other != f.term and f.term not in written and other in written and other in present
            coef, swapped = (-coef, True) if swap else (coef, swapped)
            factors.append(Factor(other if swap else turned(f.term), f.labels, f.exponent))
        if not swapped:
            return rebuilt(item, [f.term for f in factors])
        return product(coef, factors, item.out, item.sizes)

    return turned(term)


def scale_inside(coef: int, term: Add) -> Term:
    """The sum of the scaled terms."""
    return total([scale(coef, t) for t in term.terms], term.shape)


@remembered
def group(term: Term) -> Term:
    """Σ_j a_ij x_j + Σ_j b_ij x_j = Σ_j (a_ij + b_ij) x_j: terms that differ in one factor become one."""
    terms = dict(enumerate(addends(term)))
    alike: dict[Hashable, list[int]] = {}
    for k, each in terms.items():
        for rest in _without_one(monomial(each)):
            alike.setdefault(rest, []).append(k)
    for i in range(len(terms)):
        while i in terms:
            first = monomial(terms[i])
            partners = sorted({j for rest in _without_one(first) for j in alike.get(rest, ()) if j > i and j in terms})
            found = next(((j, t) for j in partners if (t := _join(first, monomial(terms[j])))), None)
            if found is None:
                break
            j, terms[i] = found
            del terms[j]
    return total(terms.values(), term.shape)


def _without_one(item: ProductTerm) -> set[Hashable]:
    """What a product has, each time without one factor: two that `_join` makes one have such a rest in common."""
    if len(item.factors) < 2 or not item.summed:
        return set()
    places = [hash((f.term, f.exponent)) for f in item.factors]
    everything = sum(places)
    return {
        (abs(item.coef), len(places), everything - place)
        for place, f in zip(places, item.factors, strict=True)
        if f.exponent == 1
    }


def _join(a: ProductTerm, b: ProductTerm) -> Term | None:
    """One product for two that sum over the same and differ in one factor each."""
    if abs(a.coef) != abs(b.coef) or not a.summed or len(a.factors) != len(b.factors) or len(a.factors) < 2:
        return None
    for k, mine in enumerate(a.factors):
        for m, theirs in enumerate(b.factors):
            if mine.exponent != 1 or theirs.exponent != 1 or shift_of(mine) or shift_of(theirs):
                continue
            labels = _same_rest(a, k, b, m)
            if labels is None or any(q not in labels for q in theirs.labels):
                continue
            moved = tuple(labels[q] for q in theirs.labels)
            straight = moved == mine.labels or mine.term == theirs.term
            if not straight or set(moved) != set(mine.labels) or len(set(moved)) != len(moved):
                continue  # a sum of one array and another's transpose is no shorter to read
            shape = mine.term.shape
            other = product(
                ONE, [Factor(theirs.term, tuple(mine.labels.index(q) for q in moved))], range(len(shape)), shape
            )
            both = total([mine.term, scale(b.coef / a.coef, other)], shape)
            rest = list(a.factors)
            rest[k] = Factor(both, mine.labels)
            return product(a.coef, rest, a.out, a.sizes)
    return None


def _same_rest(a: ProductTerm, k: int, b: ProductTerm, m: int) -> dict[int, int] | None:
    """The map from b's labels to a's, one to one, under which all factors but a's k-th and b's m-th agree."""
    labels = dict(zip(b.out, a.out, strict=True))
    mine = [f for i, f in enumerate(a.factors) if i != k]
    theirs = [f for i, f in enumerate(b.factors) if i != m]
    for f in theirs:
        match = next((g for g in mine if g.term == f.term and g.exponent == f.exponent and _agree(f, g, labels)), None)
        if match is None:
            return None
        labels.update(zip(f.labels, match.labels, strict=True))
        mine.remove(match)
    return labels if len(set(labels.values())) == len(labels) else None


def _agree(f: Factor, g: Factor, labels: dict[int, int]) -> bool:
    """Whether f's labels can go to g's, given where some go already."""
    pairs = list(zip(f.labels, g.labels, strict=True))
    return all(labels.get(q, p) == p for q, p in pairs) and len(dict(pairs)) == len(set(pairs))


@remembered
def together(term: Term) -> Term:
    """a/b + c/d = (a d + c b)/(b d), numerators multiplied out: where that is shorter."""
    terms = [monomial(t) for t in addends(term)]
    if not 2 <= len(terms) <= EXPAND_LIMIT:
        return term
    below: dict[tuple[Term, tuple[int, ...]], Fraction] = {}
    for t in terms:
        for f in t.factors:
            place = outer_place(f, t)
            if f.exponent < 0 and f.exponent.denominator == 1 and place is not None:
                below[f.term, place] = max(below.get((f.term, place), Fraction(0)), -f.exponent)
    if not below:
        return term
    labels = tuple(range(term.rank))
    bottom = [Factor(b, place, e) for (b, place), e in below.items()]
    tops: list[Term] = []
    for t in terms:
        tops.append(product(ONE, [whole(t), *bottom], labels, term.shape))
        if len(tops) == 1 and expand(tops[0]) is None:
            return term  # what one numerator is too long for, all are
    top = expand(total(tops, term.shape))
    if top is None:
        return term
    top = factor(top) if isinstance(top, Add) else top
    candidate = product(
        ONE, [whole(top), *(Factor(b, place, -e) for (b, place), e in below.items())], labels, term.shape
    )
    return candidate if cost(candidate) < cost(term) else term


@remembered
def expand(term: Term) -> Term | None:
    """Products over sums multiplied out, at most 64 terms; None where there would be more."""
    pending, done = [term], []
    while pending:
        if len(pending) + len(done) > EXPAND_LIMIT:
            return None
        item = pending.pop()
        if isinstance(item, Add):
            pending.extend(reversed(item.terms))
            continue
        opened = _open_one(item) if isinstance(item, ProductTerm) else None
        if opened is None:
            done.append(item)
        else:
            pending.extend(reversed(opened))
    return total(done, term.shape)


def _open_one(item: ProductTerm) -> list[Term] | None:
    """The terms that come of multiplying out the first sum with a small positive power."""
    for k, f in enumerate(item.factors):
        if isinstance(f.term, Add) and f.exponent.denominator == 1 and 1 <= f.exponent <= 4:
            rest = list(item.factors)
            rest[k] = Factor(f.term, f.labels, f.exponent - 1)
            left = [g for g in rest if g.exponent != 0]
            at = min(k, len(left))
            return [
                product(item.coef, [*left[:at], Factor(t, f.labels), *left[at:]], item.out, item.sizes)
                for t in f.term.terms
            ]
    return None
