"""Products and sums of terms in normal form: nested ones flattened, equal factors and like terms collected, what is constant laid out.

What was made of the same parts before is that again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

from wengert.core.ir.types import Shape, Size
from wengert.core.ops.interning import make_room, table
from wengert.core.ops.terms import (
    ONE,
    Add,
    Apply,
    Factor,
    ProductTerm,
    Term,
    components,
    delta_labels,
    is_indicator,
    is_zero,
    number,
    plain,
    size_term,
    whole,
    written_factors,
)


def scale(coef: Fraction | int, term: Term) -> Term:
    """coef · term; a multiple that was made before is that again."""
    coef = Fraction(coef)
    found = term.scaled.get(coef)
    if found is None:
        found = term.scaled[coef] = product(coef, [whole(term)], tuple(range(term.rank)), term.shape)
    return found


def power(term: Term, exponent: Fraction | int) -> Term:
    """term ^ exponent, entry by entry."""
    labels = tuple(range(term.rank))
    return product(ONE, [Factor(term, labels, Fraction(exponent))], labels, term.shape)


def times(*terms: Term) -> Term:
    """The product of terms of one shape, entry by entry."""
    shape = terms[0].shape
    labels = tuple(range(len(shape)))
    return product(ONE, [Factor(t, labels) for t in terms], labels, shape)


def product(coef: Fraction, factors: Iterable[Factor], out: Sequence[int], sizes: Sequence[Size]) -> Term:
    """coef · Π factors as a Product in normal form: nested products flattened, equal factors merged, sums over nothing counted.

    `sizes[k]` is the size of label k. The result is a bare term where the product is one factor as it stands.
    """
    factors, out, sizes = list(factors), tuple(out), tuple(sizes)
    place = (plain(coef), out, sizes, *written_factors(factors))
    kept = _products.get(place)
    if kept is None:
        kept = factors, _product(coef, factors, out, list(sizes))
        make_room(_products)
        _products[place] = kept
    return kept[1]


_products = table()
"""Products that were made, with the factors that they were made of."""


def _product(coef: Fraction, factors: list[Factor], out: tuple[int, ...], table: list[Size]) -> Term:
    coef, flat, summed = _flatten(coef, factors[::-1], table)
    flat, gone = _drop_deltas(flat, out, table)
    shape = tuple(table[label] for label in out)
    if coef == 0:
        return number(0, shape)
    merged = _merge(flat)
    if any(isinstance(f.term, ProductTerm) and _opens(f.term, f.exponent) for f in merged):
        # (4x)^½ (4x)^½ = 4x: what merging made a plain product is opened in turn.
        again = [*merged, *(Factor(number(1, (table[q],)), (q,)) for q in summed if q not in gone)]
        return product(coef, again, out, table)
    # A label that a factor brought is summed even where nothing depends on it any more: Σ_j 1 is the size of j.
    brought = [q for q in summed if q not in gone and q not in out]
    coef, merged = _count_free_labels(coef, merged, brought, table)
    return _finish(coef, merged, out, table, shape)


def _flatten(coef: Fraction, work: list[Factor], table: list[Size]) -> tuple[Fraction, list[Factor], Iterable[int]]:
    """Open nested products where their exponent allows it, the last in `work` first; fresh labels for their summed axes are added to `table`.

    Returns the coefficient, the factors, and every label that was met.
    """
    flat: list[Factor] = []
    met: dict[int, None] = {}
    while work:
        term, labels, exponent = work.pop()
        met.update(dict.fromkeys(labels))
        if isinstance(term, ProductTerm) and _opens(term, exponent):
            if term.coef != 1:
                coef *= term.coef ** int(exponent)
            local = dict(zip(term.out, labels, strict=True))
            inner: list[Factor] = []
            for factor in term.factors:
                for q in factor.labels:
                    if q not in local:
                        local[q] = len(table)
                        table.append(term.sizes[q])
                inner.append(Factor(factor.term, tuple([local[q] for q in factor.labels]), factor.exponent * exponent))
            work.extend(reversed(inner))
        elif exponent.denominator == 1 and isinstance(term, ProductTerm) and len(parts := _parts_of(term)) > 1:
            local = dict(zip(term.out, labels, strict=True))
            work.extend(Factor(f.term, tuple([local[q] for q in f.labels]), f.exponent * exponent) for f in parts[::-1])
        elif exponent != 0:
            flat.append(_without_broadcast(Factor(term, _oriented(term, tuple(labels)), exponent)))
    return coef, flat, met


def _oriented(term: Term, labels: tuple[int, ...]) -> tuple[int, ...]:
    """The labels of a factor; those of the inverse of a symmetric matrix in their order, since it is symmetric."""
    return labels[::-1] if len(labels) == 2 and labels[0] > labels[1] and is_symmetric(term) else labels


def is_symmetric(term: Term) -> bool:
    """Whether a term is a sum, or the inverse of a matrix, that is equal to its transpose as it is written."""
    if isinstance(term, Add) and term.rank == 2 and term.shape[0] == term.shape[1]:
        return total([_transposed(t) for t in term.terms], term.shape) == term
    if not (isinstance(term, Apply) and term.op == "inv" and term.rank == 2):
        return False
    (a,) = term.args
    return _transposed(a) == a


def _transposed(a: Term) -> Term:
    """aᵀ."""
    return product(ONE, [Factor(a, (0, 1))], (1, 0), a.shape)


def _parts_of(term: ProductTerm) -> list[Factor]:
    """A closed product in the pieces that a whole power goes through: (c u_i Σ_j a_j Σ_k b_k)ⁿ = cⁿ u_iⁿ (Σ_j a_j)ⁿ (Σ_k b_k)ⁿ."""
    if term.coef == 0:
        return []
    parts = [] if term.coef == 1 else [Factor(number(term.coef), ())]
    for group in components(term.factors, term.out):
        if len(group) == 1 and all(q in term.out for q in group[0].labels):
            parts += group
        else:
            carried = {q for f in group for q in f.labels}
            out = tuple(q for q in term.out if q in carried)
            parts.append(Factor(product(ONE, group, out, term.sizes), out))
    return parts


def _without_broadcast(factor: Factor) -> Factor:
    """A closed product that is constant along some of its axes, without those axes: a power of a broadcast is a broadcast power."""
    term = factor.term
    if not isinstance(term, ProductTerm):
        return factor
    carried = {q for f in term.factors for q in f.labels}
    kept = [k for k, q in enumerate(term.out) if q in carried]
    if len(kept) == len(term.out):
        return factor
    inner = product(term.coef, term.factors, [term.out[k] for k in kept], term.sizes)
    return Factor(inner, tuple(factor.labels[k] for k in kept), factor.exponent)


def _opens(term: ProductTerm, exponent: Fraction) -> bool:
    if exponent == 1:
        return True
    if exponent.denominator != 1:
        return False  # (x²)^½ is |x|, so a fractional power stays closed
    if term.summed or (term.coef == 0 and exponent < 0):
        return False
    return (
        term.coef.numerator.bit_length() * abs(exponent) < 4096
        and term.coef.denominator.bit_length() * abs(exponent) < 4096
    )


def _drop_deltas(factors: list[Factor], out: tuple[int, ...], table: list[Size]) -> tuple[list[Factor], set[int]]:
    """Σ_j ⟦i = j⟧ a_j = a_i; the labels j that went."""
    dropped: set[int] = set()
    while True:
        for k, factor in enumerate(factors):
            pair = delta_labels(factor)
            if pair is None:
                continue
            if pair[0] == pair[1]:
                factors = factors[:k] + factors[k + 1 :]  # ⟦i = i⟧
                break
            gone = next((q for q in pair if q not in out), None)
            kept = pair[0] if gone == pair[1] else pair[1]
            if gone is None or table[gone] != table[kept]:
                continue
            rest = factors[:k] + factors[k + 1 :]
            factors = [Factor(f.term, tuple(kept if q == gone else q for q in f.labels), f.exponent) for f in rest]
            dropped.add(gone)
            break
        else:
            return factors, dropped


def _merge(factors: list[Factor]) -> list[Factor]:
    """x^a x^b = x^(a+b) at equal labels; the place of the first is kept."""
    exponents: dict[tuple[Term, tuple[int, ...]], Fraction] = {}
    for term, labels, exponent in factors:
        place = (term, labels)
        before = exponents.get(place)
        exponent = exponent if before is None else exponent + before
        exponents[place] = ONE if is_indicator(term) and exponent > 0 else exponent
    return [Factor(term, labels, e) for (term, labels), e in exponents.items() if e != 0]


def _count_free_labels(
    coef: Fraction, factors: list[Factor], summed: Iterable[int], table: list[Size]
) -> tuple[Fraction, list[Factor]]:
    """Σ_j 1 is the size of j: summed labels without a factor become numbers."""
    carried = {q for f in factors for q in f.labels}
    for label in summed:
        size = table[label]
        if label in carried:
            continue
        if isinstance(size, int):
            coef *= size
        else:
            factors = _merge([*factors, Factor(size_term(size), ())])
    return coef, factors


def _finish(coef: Fraction, factors: list[Factor], out: tuple[int, ...], table: list[Size], shape: Shape) -> Term:
    """Number the labels, out first, and unwrap a product that is one factor as it stands."""
    if (
        coef == 1
        and len(factors) == 1
        and factors[0].exponent == 1
        and factors[0].labels == out
        and len(set(out)) == len(out)
    ):
        return factors[0].term
    local: dict[int, int] = {}
    for label in (*out, *(q for f in factors for q in f.labels)):
        local.setdefault(label, len(local))
    renamed = tuple(Factor(f.term, tuple(local[q] for q in f.labels), f.exponent) for f in factors)
    return ProductTerm(shape, coef, renamed, tuple(local[q] for q in out), tuple(table[q] for q in local))


def split_coef(term: Term) -> tuple[Fraction, Term]:
    """(c, t) with term = c · t and t without a numeric coefficient."""
    if isinstance(term, ProductTerm) and term.coef not in (0, 1):
        return term.coef, _base(term)
    return ONE, term


def _base(term: ProductTerm) -> Term:
    """A product without its coefficient."""
    found = term.kept.get("base")
    if found is None:
        found = term.kept["base"] = product(ONE, term.factors, term.out, term.sizes)
    return found


def total(terms: Iterable[Term], shape: Shape) -> Term:
    """The sum with like terms collected: nested sums flattened, coefficients added, zeros dropped; order of first appearance."""
    terms = tuple(terms)
    place = (tuple(map(id, terms)), shape)
    kept = _sums.get(place)
    if kept is None:
        coefs: dict[Term, Fraction] = {}
        for coef, base in _parts(terms):
            before = coefs.get(base)
            coefs[base] = coef if before is None else before + coef
        kept = terms, _sum_of(coefs, shape)
        make_room(_sums)
        _sums[place] = kept
    return kept[1]


_sums = table()
"""Sums that were made, with the terms that they were made of."""


def _parts(terms: Iterable[Term]) -> Iterable[tuple[Fraction, Term]]:
    """The coefficients and terms of a sum, nested sums flattened."""
    stack = list(terms)[::-1]
    while stack:
        term = stack.pop()
        if isinstance(term, Add):
            stack.extend(reversed(term.terms))
        elif not is_zero(term):
            yield split_coef(term)


def _sum_of(coefs: dict[Term, Fraction], shape: Shape) -> Term:
    kept = [scale(coef, base) for base, coef in coefs.items() if coef != 0]
    if not kept:
        return number(0, shape)
    if len(kept) == 1:
        return kept[0]
    axes = sorted(set[int]().union(*(varying(term) for term in kept)))
    if len(axes) == len(shape):
        return Add(tuple(shape), tuple(kept))
    # What is constant along an axis is added once and laid out.
    return laid_out(total([narrowed(term, axes) for term in kept], tuple(shape[k] for k in axes)), axes, shape)


class Running:
    """A sum that grows: `term` is total([… total([total([a, b]), c]) …]), while each part is looked at once."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self._coefs: dict[Term, Fraction] = {}
        self._varying = [0] * len(shape)
        """How many terms vary along each axis."""

    def add(self, *terms: Term) -> None:
        """Adds terms in one step."""
        touched: dict[Term, bool] = {}
        for coef, base in _parts(terms):
            touched.setdefault(base, base in self._coefs)
            self._coefs[base] = self._coefs.get(base, Fraction(0)) + coef
        for base, was in touched.items():
            stays = self._coefs[base] != 0
            for k in varying(base) if stays != was else ():
                self._varying[k] += 1 if stays else -1
            if not stays:
                del self._coefs[base]  # what comes again comes last
        if len(self._coefs) > 1 and not all(self._varying):
            self._lay_out()

    def _lay_out(self) -> None:
        """The sum so far as the one term that total makes of what is constant along an axis."""
        coef, base = split_coef(_sum_of(self._coefs, self.shape))
        self._coefs = {base: coef}
        self._varying = [int(k in varying(base)) for k in range(len(self.shape))]

    @property
    def term(self) -> Term:
        """The sum."""
        return _sum_of(self._coefs, self.shape)


def varying(term: Term) -> set[int]:
    """The axes along which a term is not simply laid out."""
    if not isinstance(term, ProductTerm):
        return set(range(term.rank))
    carried = {q for f in term.factors for q in f.labels}
    return {k for k, q in enumerate(term.out) if q in carried}


def narrowed(term: Term, kept: Sequence[int]) -> Term:
    """A term without the axes along which it is laid out, except those in `kept`."""
    if len(kept) == term.rank:
        return term
    assert isinstance(term, ProductTerm)
    return product(term.coef, term.factors, [term.out[k] for k in kept], term.sizes)


def laid_out(term: Term, axes: Sequence[int], shape: Shape) -> Term:
    """A term at some axes of a shape, constant along the others."""
    return product(ONE, [Factor(term, tuple(axes))], range(len(shape)), shape)
