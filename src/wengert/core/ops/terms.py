"""A product or sum read as monomials, and built back: what printers, algebra and derivations share.

A Term is a structural view of a node: equal mathematics compares equal up to the order of factors and terms, which is kept as written.
Inside a Product axes carry labels (local integers): a label that is not in `out` is summed, a label of `out` in no factor is a
broadcast. Terms are for equation systems; code with rounding of its own is never put through them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, NamedTuple

from wengert.core.ir.types import Shape, Size
from wengert.core.ops.canonical import canonical_order
from wengert.core.ops.interning import Interned, make_room, table

ONE = Fraction(1)


@dataclass(frozen=True, eq=False)
class Term(metaclass=Interned):
    """A piece of mathematics with a shape; two terms are equal when their keys are. What is written alike is one object, as a rule."""

    shape: Shape

    @property
    def rank(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @cached_property
    def key(self) -> str:
        """A text that is the same for terms equal up to the order of factors and terms; long ones are digested."""
        text = self._text()
        return text if len(text) < 160 else "#" + hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()

    @cached_property
    def scaled(self) -> dict[Fraction, Term]:
        """Multiples of the term that were made already."""
        return {}

    @cached_property
    def kept(self) -> dict[str, Any]:
        """What was found of the term as it is written, by what it is."""
        return {}

    def written(self) -> tuple[Any, ...]:
        """What the term is made of, as it is written: parts by identity."""
        raise NotImplementedError

    def _text(self) -> str:
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Term) and self.key == other.key)

    def __hash__(self) -> int:
        return hash(self.key)


@dataclass(frozen=True, eq=False)
class NamedLeaf(Term):
    """A named quantity, whole."""

    name: str
    dtype: str = "float64"

    def written(self) -> tuple[Any, ...]:
        """Its name and type."""
        return NamedLeaf, self.name, self.shape, self.dtype

    def _text(self) -> str:
        return f"{self.name!r}"


class Factor(NamedTuple):
    """term ^ exponent inside a product, its axes at `labels`."""

    term: Term
    labels: tuple[int, ...]
    exponent: Fraction = ONE


@dataclass(frozen=True, eq=False)
class ProductTerm(Term):
    """coef · Π factor, summed over the labels that are not in `out`; label k has size sizes[k]."""

    coef: Fraction
    factors: tuple[Factor, ...]
    out: tuple[int, ...]
    sizes: tuple[Size, ...]

    @property
    def summed(self) -> tuple[int, ...]:
        """The labels that are summed over, in order of appearance."""
        seen = dict.fromkeys(label for factor in self.factors for label in factor.labels)
        return tuple(label for label in seen if label not in self.out)

    @cached_property
    def base(self) -> Term:
        """The product without its coefficient."""
        return product(ONE, self.factors, self.out, self.sizes)

    def written(self) -> tuple[Any, ...]:
        """The coefficient, and the factors in their order at their labels."""
        return ProductTerm, self.shape, _plain(self.coef), self.out, self.sizes, *written_factors(self.factors)

    def _text(self) -> str:
        order, number = canonical_order(self)
        inner = " ".join(f"{f.term.key}@{','.join(str(number[q]) for q in f.labels)}^{f.exponent}" for f in order)
        return f"P({self.coef};{inner};{','.join(str(number[q]) for q in self.out)};{self.shape})"


@dataclass(frozen=True, eq=False)
class Add(Term):
    """The sum of terms of one shape."""

    terms: tuple[Term, ...]

    def written(self) -> tuple[Any, ...]:
        """The terms in their order."""
        return Add, self.shape, tuple(map(id, self.terms))

    def _text(self) -> str:
        return f"A({' '.join(sorted(term.key for term in self.terms))};{self.shape})"


@dataclass(frozen=True, eq=False)
class Apply(Term):
    """Any other op on terms; `params` as sorted pairs."""

    op: str
    args: tuple[Term, ...]
    params: tuple[tuple[str, object], ...] = ()
    dtype: str = "float64"

    def param(self, name: str) -> Any:
        """The value of a parameter."""
        return dict(self.params)[name]

    def written(self) -> tuple[Any, ...]:
        """The op with its parameters, where 1 is not 1.0, and the arguments in their order."""
        return Apply, self.op, self.shape, tuple(map(id, self.args)), self.params, str(self.params), self.dtype

    def _text(self) -> str:
        return f"F({self.op};{' '.join(arg.key for arg in self.args)};{self.params};{self.shape})"


def _plain(number: Fraction) -> Fraction | int:
    """A number with the same hash; 1, which is most frequent, as one that is hashed at once."""
    return 1 if number is ONE else number


def written_factors(factors: Iterable[Factor]) -> tuple[Any, ...]:
    """Factors by the identity of their terms, at their labels."""
    return tuple([each for term, labels, exponent in factors for each in (id(term), labels, _plain(exponent))])


def whole(term: Term) -> Factor:
    """The term as a factor with labels 0, 1, …."""
    return Factor(term, tuple(range(term.rank)))


def number(value: Fraction | int, shape: Shape = ()) -> Term:
    """A number that fills a shape."""
    return ProductTerm(tuple(shape), Fraction(value), (), tuple(range(len(shape))), tuple(shape))


def size_term(size: Size) -> Term:
    """The number of entries of an axis: a number where it is known, else a quantity of its own."""
    return number(size) if isinstance(size, int) else Apply((), "size_of", (), (("dtype", "float64"), ("size", size)))


def is_number(term: Term) -> bool:
    """Whether a term is a number, filled over its shape."""
    return isinstance(term, ProductTerm) and not term.factors


def is_zero(term: Term) -> bool:
    """Whether a term is the number 0."""
    return isinstance(term, ProductTerm) and term.coef == 0


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
    place = (_plain(coef), out, sizes, *written_factors(factors))
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


def delta_labels(factor: Factor) -> tuple[int, int] | None:
    """The two labels that a factor ⟦i = j⟧ identifies, where it is one."""
    term = factor.term
    if not (isinstance(term, Apply) and term.op == "cast" and factor.exponent >= 1):
        return None
    (inner,) = term.args
    if not (isinstance(inner, Apply) and inner.op == "equal"):
        return None
    sides = [position_axis(arg) for arg in inner.args]
    if sides[0] is None or sides[1] is None or sides[0] == sides[1]:
        return None
    return factor.labels[sides[0]], factor.labels[sides[1]]


def position_axis(term: Term) -> int | None:
    """The axis whose position a term is: k where term[i…] = i_k."""
    if isinstance(term, Apply) and term.op == "position":
        return 0
    if isinstance(term, ProductTerm) and term.coef == 1 and len(term.factors) == 1:
        (inner,) = term.factors
        if (
            isinstance(inner.term, Apply)
            and inner.term.op == "position"
            and inner.exponent == 1
            and inner.labels[0] in term.out
        ):
            return term.out.index(inner.labels[0])
    return None


def components(factors: Sequence[Factor], cut: Sequence[int]) -> list[list[Factor]]:
    """Factors in groups that share labels other than those in `cut`."""
    left, groups = list(factors), list[list[Factor]]()
    while left:
        group, grew = [left.pop(0)], True
        while grew:
            held = {q for f in group for q in f.labels} - set(cut)
            more = [f for f in left if held & set(f.labels)]
            grew = bool(more)
            group += more
            left = [f for f in left if f not in more]
        order = {id(f): k for k, f in enumerate(factors)}
        groups.append(sorted(group, key=lambda f: order[id(f)]))
    return groups


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


def is_indicator(term: Term) -> bool:
    """Whether a term is ⟦condition⟧, so that its powers are itself."""
    return isinstance(term, Apply) and term.op == "cast" and getattr(term.args[0], "dtype", "") == "bool"


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


def monomial(term: Term) -> ProductTerm:
    """The term as a Product: itself, or one factor."""
    if isinstance(term, ProductTerm):
        return term
    labels = tuple(range(term.rank))
    return ProductTerm(term.shape, ONE, (Factor(term, labels),), labels, term.shape)


def split_coef(term: Term) -> tuple[Fraction, Term]:
    """(c, t) with term = c · t and t without a numeric coefficient."""
    if isinstance(term, ProductTerm) and term.coef not in (0, 1):
        return term.coef, term.base
    return ONE, term


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


def addends(term: Term) -> tuple[Term, ...]:
    """The terms of a sum; the term itself where it is none."""
    return term.terms if isinstance(term, Add) else () if is_zero(term) else (term,)


def subterms(term: Term) -> Iterable[Term]:
    """Every term inside a term, itself first."""
    stack = [term]
    while stack:
        item = stack.pop()
        yield item
        if isinstance(item, Add):
            stack.extend(reversed(item.terms))
        elif isinstance(item, ProductTerm):
            stack.extend(f.term for f in reversed(item.factors))
        elif isinstance(item, Apply):
            stack.extend(reversed(item.args))
