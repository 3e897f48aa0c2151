"""Simplification of derived terms: fold to named quantities, factor, bring over one denominator, expand. Each step is kept only if it saves operations.

Terms are exact mathematics; nothing here looks at numbers except coefficients.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import gcd

from wengert.derive.cost import cost
from wengert.ops.terms import (
    ONE,
    Add,
    Apply,
    Factor,
    Leaf,
    Product,
    Term,
    addends,
    indicator,
    is_indicator,
    is_number,
    map_leaves,
    monomial,
    negated,
    position_axis,
    product,
    scale,
    split_coef,
    subterms,
    total,
    whole,
)

EXPAND_LIMIT = 64


@dataclass(frozen=True)
class Named:
    """A quantity and the term that its line gives it."""

    leaf: Term
    value: Term


def simplify(term: Term, named: Sequence[Named]) -> Term:
    """The term in the named quantities, factored and over one denominator, as far as that saves operations.

    It is tried as it stands and multiplied out; the shorter result is taken.
    """
    conditions = {t for entry in named for t in subterms(entry.value) if isinstance(t, Apply) and t.dtype == "bool"}
    best = _shortened(term, named, conditions)
    wide = expand(term)
    if wide is not None and wide != term:
        other = _shortened(wide, named, conditions)
        best = other if cost(other) < cost(best) else best
    return turn_sign(best)


def _shortened(term: Term, named: Sequence[Named], conditions: Collection[Term]) -> Term:
    best = fold(term, named)
    for step in (group, together, lambda t: merge_cases(t, conditions), factor):
        candidate = fold(map_sums(best, step), named)
        if cost(candidate) < cost(best) or (step is factor and cost(candidate) <= cost(best)):
            best = candidate
    return best


def turn_sign(term: Term) -> Term:
    """−a (b − c) = a (c − b)."""
    if not isinstance(term, Product) or term.coef >= 0:
        return term
    for k, f in enumerate(term.factors):
        if isinstance(f.term, Add) and f.exponent == 1 and any(split_coef(t)[0] < 0 for t in f.term.terms):
            rest = list(term.factors)
            rest[k] = Factor(scale_inside(-1, f.term), f.labels)
            return product(-term.coef, rest, term.out, term.sizes)
    return term


def scale_inside(coef: int, term: Add) -> Term:
    """The sum of the scaled terms."""
    return total([scale(coef, t) for t in term.terms], term.shape)


def map_sums(term: Term, change: Callable[[Term], Term]) -> Term:
    """Every sum inside a term, innermost first, replaced by change(sum)."""
    if isinstance(term, Add):
        inner = total([map_sums(t, change) for t in term.terms], term.shape)
        return change(inner) if isinstance(inner, Add) else inner
    if isinstance(term, Product):
        return product(
            term.coef,
            [Factor(map_sums(f.term, change), f.labels, f.exponent) for f in term.factors],
            term.out,
            term.sizes,
        )
    if isinstance(term, Apply):
        return Apply(term.shape, term.op, tuple(map_sums(a, change) for a in term.args), term.params, term.dtype)
    return term


# ---------------------------------------------------------------- fold


def fold(term: Term, named: Sequence[Named]) -> Term:
    """Wherever the value of a named quantity occurs, whole or as factors of a product, its name."""
    table: dict[Term, tuple[Fraction, Term]] = {}
    for entry in named:
        coef, base = split_coef(entry.value)
        if not isinstance(base, Leaf) and not is_number(base):
            table.setdefault(base, (coef, entry.leaf))
            if isinstance(base, Add):
                table.setdefault(scale(-1, base), (-coef, entry.leaf))
    products = [entry for entry in named if isinstance(entry.value, Product) and entry.value.factors]
    return _fold(term, table, products)


def _fold(term: Term, table: Mapping[Term, tuple[Fraction, Term]], products: Sequence[Named]) -> Term:
    coef, base = split_coef(term)
    if base in table:
        value, leaf = table[base]
        return scale(coef / value, leaf)
    if isinstance(term, Add):
        inner = total([_fold(t, table, products) for t in term.terms], term.shape)
        coef, base = split_coef(inner)
        return scale(coef / table[base][0], table[base][1]) if base in table else inner
    if isinstance(term, Apply):
        inner = Apply(term.shape, term.op, tuple(_fold(a, table, products) for a in term.args), term.params, term.dtype)
        return table[inner][1] if inner in table else inner
    if isinstance(term, Product):
        folded = product(
            term.coef,
            [Factor(_fold(f.term, table, products), f.labels, f.exponent) for f in term.factors],
            term.out,
            term.sizes,
        )
        folded = cancel_sums(folded) if isinstance(folded, Product) else folded
        folded = normalised(folded, products) if isinstance(folded, Product) else folded
        for entry in products:
            while isinstance(folded, Product):
                smaller = extract(folded, entry)
                if smaller is None:
                    break
                folded = smaller
        return folded
    return term


def extract(term: Product, entry: Named) -> Term | None:
    """The product with the factors of a named value replaced by its name once; None where they do not all occur."""
    value = monomial(entry.value)
    have = {f.term for f in term.factors}
    if any(f.term not in have for f in value.factors):
        return None
    if len(value.factors) == 1 and value.factors[0].exponent == 1 and not value.summed:
        return None
    for labels, used in _matches(term, value):
        rest = list(term.factors)
        for k, exponent in used.items():
            rest[k] = Factor(rest[k].term, rest[k].labels, rest[k].exponent - exponent)
        left = [f for f in rest if f.exponent != 0]
        bound = {labels[q] for q in value.summed}
        if any(q in bound for f in left for q in f.labels) or bound & set(term.out):
            continue
        if len({labels[q] for q in value.summed}) < len(value.summed):
            continue
        place = min(used)
        new = Factor(entry.leaf, tuple(labels[q] for q in value.out))
        before = sum(1 for k, f in enumerate(rest) if k < place and f.exponent != 0)
        return product(term.coef / value.coef, left[:before] + [new] + left[before:], term.out, term.sizes)
    return None


def cancel_sums(term: Product) -> Term:
    """(Σ_k a_k) / (Σ_k a_k) = 1, and x_j ⟦j = y⟧ / x_y = ⟦j = y⟧, where x_y is Σ_k x_k ⟦k = y⟧."""
    for d, below in enumerate(term.factors):
        if below.exponent >= 0 or not isinstance(below.term, Product) or not below.term.summed:
            continue
        value = below.term
        others = Product(term.shape, term.coef, term.factors[:d] + term.factors[d + 1 :], term.out, term.sizes)
        chosen = [k for k, f in enumerate(value.factors) if is_one_hot(f, value)]
        for labels, used in _matches(others, value):
            if tuple(labels[q] for q in value.out) != below.labels:
                continue
            rest = [
                Factor(f.term, f.labels, f.exponent - used.get(k, Fraction(0))) for k, f in enumerate(others.factors)
            ]
            bound = {labels[q] for q in value.summed}
            free = any(q in bound for f in rest if f.exponent != 0 for q in f.labels) or bound & set(term.out)
            if free and not chosen:
                continue
            kept = (
                [Factor(value.factors[k].term, tuple(labels[q] for q in value.factors[k].labels)) for k in chosen]
                if free
                else []
            )
            left = [*(f for f in rest if f.exponent != 0), *kept, Factor(value, below.labels, below.exponent + 1)]
            return cancel_again(product(term.coef / value.coef, left, term.out, term.sizes))
    return term


def normalised(term: Product, products: Sequence[Named]) -> Term:
    """Σ_j y_j = 1 for y_k = x_k / Σ_l x_l: a name under a sum of its own is opened where its sum cancels."""
    for k, f in enumerate(term.factors):
        own = [q for q in f.labels if q in term.summed and sum(q in g.labels for g in term.factors) == 1]
        value = next((entry.value for entry in products if entry.leaf == f.term), None)
        if not own or value is None or f.exponent != 1:
            continue
        opened = product(
            term.coef, [*term.factors[:k], Factor(value, f.labels), *term.factors[k + 1 :]], term.out, term.sizes
        )
        closed = cancel_sums(opened) if isinstance(opened, Product) else opened
        if closed != opened:
            return closed
    return term


def cancel_again(term: Term) -> Term:
    """Until nothing cancels."""
    return cancel_sums(term) if isinstance(term, Product) else term


def is_one_hot(factor: Factor, owner: Product) -> bool:
    """Whether a factor is ⟦k = y⟧ over a summed label k: at most one entry along k is not 0."""
    if not is_indicator(factor.term) or not isinstance(factor.term, Apply):
        return False
    (condition,) = factor.term.args
    if not (isinstance(condition, Apply) and condition.op == "equal"):
        return False
    axes = [position_axis(arg) for arg in condition.args]
    return any(axis is not None and factor.labels[axis] in owner.summed for axis in axes)


def _matches(term: Product, value: Product) -> Iterator[tuple[dict[int, int], dict[int, Fraction]]]:
    """Ways to find every factor of `value` among those of `term`: (label map, exponent taken from each factor)."""

    def search(
        k: int, labels: dict[int, int], used: dict[int, Fraction]
    ) -> Iterator[tuple[dict[int, int], dict[int, Fraction]]]:
        if k == len(value.factors):
            if all(q in labels for q in value.out):
                yield labels, used
            return
        wanted = value.factors[k]
        for position, have in enumerate(term.factors):
            free = abs(have.exponent) - abs(used.get(position, Fraction(0)))
            if have.term != wanted.term or (have.exponent > 0) != (wanted.exponent > 0) or free < abs(wanted.exponent):
                continue
            if any(labels.get(q, p) != p for q, p in zip(wanted.labels, have.labels, strict=True)):
                continue
            mapped = {**labels, **dict(zip(wanted.labels, have.labels, strict=True))}
            yield from search(k + 1, mapped, {**used, position: used.get(position, Fraction(0)) + wanted.exponent})

    yield from search(0, {}, {})


# ---------------------------------------------------------------- factor, group, together


def factor(term: Term) -> Term:
    """a b + a c = a (b + c): the factors common to all terms that carry only free indices, and a common coefficient, before the bracket."""
    terms = [monomial(t) for t in addends(term)]
    if len(terms) < 2:
        return term
    common: list[Factor] = []
    for candidate in terms[0].factors:
        place = _outer_place(candidate, terms[0])
        if place is None:
            continue
        exponents = [_exponent_of(candidate.term, place, t) for t in terms]
        if all(e > 0 for e in exponents):
            common.append(Factor(candidate.term, place, min(exponents)))
        elif all(e < 0 for e in exponents):
            common.append(Factor(candidate.term, place, max(exponents)))
    coef = common_coefficient([t.coef for t in terms])
    if not common and coef == 1:
        return term
    rest = [_divide(t, common, coef) for t in terms]
    labels = tuple(range(term.rank))
    return product(coef, [*common, Factor(total(rest, term.shape), labels)], labels, term.shape)


def common_coefficient(coefs: Sequence[Fraction]) -> Fraction:
    """What stands before the bracket: the size that all coefficients share, else their greatest common whole divisor."""
    sizes = {abs(c) for c in coefs}
    if len(sizes) == 1:
        return sizes.pop()
    if all(c.denominator == 1 for c in sizes):
        return Fraction(gcd(*(int(c) for c in sizes)))
    return ONE


def _outer_place(candidate: Factor, owner: Product) -> tuple[int, ...] | None:
    """The axes of the result at which a factor stands; None where it carries a summed label."""
    if not all(q in owner.out for q in candidate.labels):
        return None
    return tuple(owner.out.index(q) for q in candidate.labels)


def _exponent_of(base: Term, place: tuple[int, ...], owner: Product) -> Fraction:
    return next((f.exponent for f in owner.factors if f.term == base and _outer_place(f, owner) == place), Fraction(0))


def _divide(term: Product, common: Sequence[Factor], coef: Fraction) -> Term:
    inverse = [
        Factor(f.term, tuple(term.out[k] for k in f.labels), -f.exponent) for f in common if not is_indicator(f.term)
    ]
    masks = [(f.term, tuple(term.out[k] for k in f.labels)) for f in common if is_indicator(f.term)]
    kept = [f for f in term.factors if (f.term, f.labels) not in masks]
    return product(term.coef / coef, kept + inverse, term.out, term.sizes)


def group(term: Term) -> Term:
    """Σ_j a_ij x_j + Σ_j b_ij x_j = Σ_j (a_ij + b_ij) x_j: terms that differ in one factor become one."""
    terms = list(addends(term))
    merged = True
    while merged:
        merged = False
        for i in range(len(terms)):
            for j in range(i + 1, len(terms)):
                joined = _join(monomial(terms[i]), monomial(terms[j]))
                if joined is not None:
                    terms[i] = joined
                    del terms[j]
                    merged = True
                    break
            if merged:
                break
    return total(terms, term.shape)


def _join(a: Product, b: Product) -> Term | None:
    """One product for two that sum over the same and differ in one factor each."""
    if abs(a.coef) != abs(b.coef) or not a.summed or len(a.factors) != len(b.factors) or len(a.factors) < 2:
        return None
    for k, mine in enumerate(a.factors):
        for m, theirs in enumerate(b.factors):
            if mine.exponent != 1 or theirs.exponent != 1:
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


def _same_rest(a: Product, k: int, b: Product, m: int) -> dict[int, int] | None:
    """The map from b's labels to a's under which all factors but a's k-th and b's m-th agree."""
    labels = dict(zip(b.out, a.out, strict=True))
    mine = [f for i, f in enumerate(a.factors) if i != k]
    theirs = [f for i, f in enumerate(b.factors) if i != m]
    for f in theirs:
        match = None
        for g in mine:
            if (
                g.term == f.term
                and g.exponent == f.exponent
                and all(labels.get(q, p) == p for q, p in zip(f.labels, g.labels, strict=True))
            ):
                match = g
                break
        if match is None:
            return None
        labels.update(zip(f.labels, match.labels, strict=True))
        mine.remove(match)
    return labels


def together(term: Term) -> Term:
    """a/b + c/d = (a d + c b)/(b d), numerators multiplied out: where that is shorter."""
    terms = [monomial(t) for t in addends(term)]
    below: dict[tuple[Term, tuple[int, ...]], Fraction] = {}
    for t in terms:
        for f in t.factors:
            place = _outer_place(f, t)
            if f.exponent < 0 and f.exponent.denominator == 1 and place is not None:
                below[f.term, place] = max(below.get((f.term, place), Fraction(0)), -f.exponent)
    if len(terms) < 2 or not below:
        return term
    labels = tuple(range(term.rank))
    tops = [
        product(ONE, [whole(t), *(Factor(b, place, e) for (b, place), e in below.items())], labels, term.shape)
        for t in terms
    ]
    top = expand(total(tops, term.shape))
    if top is None:
        return term
    top = factor(top) if isinstance(top, Add) else top
    candidate = product(
        ONE, [whole(top), *(Factor(b, place, -e) for (b, place), e in below.items())], labels, term.shape
    )
    return candidate if cost(candidate) < cost(term) else term


def merge_cases(term: Term, conditions: Collection[Term] = ()) -> Term:
    """a ⟦c⟧ + b ⟦not c⟧ = { a if c; b otherwise }; the condition is one that the user wrote, where one of the two is."""
    terms = list(addends(term))
    for i, first in enumerate(terms):
        for mask in monomial(first).factors:
            place = _outer_place(mask, monomial(first))
            if not is_indicator(mask.term) or place is None or not isinstance(mask.term, Apply):
                continue
            opposite = indicator(negated(mask.term.args[0]))
            for j, second in enumerate(terms):
                if j != i and _exponent_of(opposite, place, monomial(second)):
                    a = _divide(monomial(first), [Factor(mask.term, place)], ONE)
                    b = _divide(monomial(second), [Factor(opposite, place)], ONE)
                    condition = mask.term.args[0]
                    if condition not in conditions and negated(condition) in conditions:
                        condition, a, b = negated(condition), b, a
                    others = [t for k, t in enumerate(terms) if k not in (i, j)]
                    return total([choose(condition, place, a, b), *others], term.shape)
    return term


def choose(condition: Term, place: tuple[int, ...], a: Term, b: Term) -> Term:
    """{ a if condition; b otherwise } with the common factors of a and b in front."""
    one, two = monomial(a), monomial(b)
    common = []
    for f in one.factors:
        at = _outer_place(f, one)
        if at is not None and f.exponent == _exponent_of(f.term, at, two):
            common.append(Factor(f.term, at, f.exponent))
    coef = abs(one.coef) if abs(one.coef) == abs(two.coef) else ONE
    labels = tuple(range(a.rank))
    spread = product(ONE, [Factor(condition, place)], labels, a.shape)
    branches = Apply(a.shape, "where", (spread, _divide(one, common, coef), _divide(two, common, coef)))
    return product(coef, [*common, whole(branches)], labels, a.shape)


# ---------------------------------------------------------------- expand


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
        opened = _open_one(item) if isinstance(item, Product) else None
        if opened is None:
            done.append(item)
        else:
            pending.extend(reversed(opened))
    return total(done, term.shape)


def _open_one(item: Product) -> list[Term] | None:
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


def substitute_leaves(term: Term, values: Mapping[str, Term]) -> Term:
    """The term with quantities replaced by terms."""
    return map_leaves(term, lambda t: values.get(t.name) if isinstance(t, Leaf) else None)


def assume(term: Term, equations: Sequence[tuple[Term, Term]]) -> Term:
    """Wherever the left side of an assumed equation occurs as factors or as a term, its right side."""
    for left, right in equations:
        entry = Named(right, left)
        term = fold(term, [entry])
    return term
