"""Folding: wherever the value of a named quantity occurs, whole or as factors of a product, its name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from operator import is_

from wengert.core.ops.calls import applied, rebuilt
from wengert.core.ops.normal_form import laid_out, product, scale, split_coef, total
from wengert.core.ops.terms import Add, Apply, Factor, NamedLeaf, ProductTerm, Term, is_number, monomial, subterms
from wengert.notes.derive.cancelling import cancel_products, cancel_sums, normalised
from wengert.notes.derive.matching import matches

MOST_KNOWN = 5000
"""So many terms are kept with what they became."""


@dataclass(frozen=True)
class NamedQuantity:
    """A quantity and the term that its line gives it."""

    leaf: Term
    value: Term


class NamedTerms:
    """Named quantities, indexed by what their values are."""

    def __init__(self, entries: Iterable[NamedQuantity]) -> None:
        self.known: dict[tuple[str, int], tuple[Term, Term]] = {}
        """By place in memory: terms that were folded or simplified, and what they became."""
        self.whole: dict[Term, tuple[Fraction, Term]] = {}
        """t -> (c, v) where the line is v = c t and t has no coefficient."""
        self.products: list[NamedQuantity] = []
        self.values: list[tuple[Term, Term]] = []
        """(v, its value) of every product."""
        self.powers: dict[Term, tuple[Fraction, Term]] = {}
        """x -> (a, v) where the line is v = xᵃ, entry by entry."""
        self.sums: set[Term] = set()
        """The sums and differences that the user wrote."""
        self.conditions: set[Term] = set()
        """The conditions that the user wrote."""
        for entry in entries:
            self._add(entry)
        self.parts = [{f.term for f in monomial(entry.value).factors} for entry in self.products]

    def once(self, what: str, term: Term, find: Callable[[], Term]) -> Term:
        """What is found for a term in these names, found once."""
        place = (what, id(term))
        if place not in self.known:
            found = find()
            if len(self.known) >= MOST_KNOWN:
                self.known.clear()
            self.known[place] = (term, found)
        return self.known[place][1]

    def _add(self, entry: NamedQuantity) -> None:
        coef, base = split_coef(entry.value)
        if not isinstance(base, NamedLeaf) and not is_number(base):
            self.whole.setdefault(base, (coef, entry.leaf))
            if isinstance(base, Add):
                self.whole.setdefault(scale(-1, base), (-coef, entry.leaf))
        if isinstance(entry.value, ProductTerm) and entry.value.factors:
            self.values.append((entry.leaf, entry.value))
            (only, *more) = entry.value.factors
            if more or only.exponent != 1 or entry.value.summed:
                self.products.append(entry)
            if not more and only.exponent != 1 and only.labels == entry.value.out and entry.value.coef == 1:
                self.powers.setdefault(only.term, (only.exponent, entry.leaf))
        self.sums |= {t for t in subterms(entry.value) if isinstance(t, Add)}
        self.conditions |= {t for t in subterms(entry.value) if isinstance(t, Apply) and t.dtype == "bool"}

    def named(self, term: Term) -> Term | None:
        """The term as a multiple of a quantity, where it is one."""
        coef, base = split_coef(term)
        if base not in self.whole:
            return None
        value, leaf = self.whole[base]
        return scale(coef / value, leaf)

    def power(self, factor: Factor) -> Factor:
        """A power of x as a whole power of v = xᵃ, where it is one: 1/√x is 1/v for v = √x, and 1/x is 1/v² unless x has a name."""
        exponent, leaf = self.powers.get(factor.term, (Fraction(0), factor.term))
        times = factor.exponent / exponent if exponent else Fraction(0)
        if times.denominator != 1 or times == 0 or (times < 0 and exponent < 0) or factor.exponent == 1:
            return factor
        whole = factor.exponent.denominator == 1 != exponent.denominator
        if (isinstance(factor.term, NamedLeaf) and abs(times) != 1) or (whole and factor.exponent != -1):
            return factor
        return Factor(leaf, factor.labels, times)


NO_NAMES = NamedTerms(())


def fold(term: Term, names: NamedTerms) -> Term:
    """The term in the named quantities."""
    return names.once("fold", term, lambda: _folded(term, names))


def _folded(term: Term, names: NamedTerms) -> Term:
    named = names.named(term)
    if named is not None:
        return named
    if isinstance(term, Add):
        inner = rebuilt(term, [fold(part, names) for part in term.terms])
        return names.named(inner) or inner
    if isinstance(term, Apply):
        inner = rebuilt(term, [fold(part, names) for part in term.args])
        return names.named(inner) or inner
    if not isinstance(term, ProductTerm):
        return term
    factors = [Factor(fold(f.term, names), f.labels, f.exponent) for f in term.factors]
    raised = [names.power(factor) for factor in factors]
    same = all(map(is_, factors, raised))
    folded = rebuilt(term, [f.term for f in factors]) if same else product(term.coef, raised, term.out, term.sizes)
    folded = cancel_products(folded) if isinstance(folded, ProductTerm) else folded
    folded = cancel_sums(folded) if isinstance(folded, ProductTerm) else folded
    folded = normalised(folded, names.values) if isinstance(folded, ProductTerm) else folded
    for entry, parts in zip(names.products, names.parts, strict=True):
        while isinstance(folded, ProductTerm) and parts <= {f.term for f in folded.factors}:
            smaller = extract(folded, entry)
            if smaller is None:
                break
            folded = smaller
    return folded


def extract(term: ProductTerm, entry: NamedQuantity) -> Term | None:
    """The product with the factors of a named value replaced by its name once; None where they do not all occur."""
    value = monomial(entry.value)
    for match in matches(term, value):
        left = match.left(term)
        bound = match.bound(value)
        if any(q in bound for f in left for q in f.labels) or bound & set(term.out):
            continue
        place = min(match.used)
        before = sum(
            1 for k, f in enumerate(term.factors) if k < place and f.exponent != match.used.get(k, Fraction(0))
        )
        new = Factor(entry.leaf, tuple(match.labels[q] for q in value.out))
        return product(term.coef / value.coef, [*left[:before], new, *left[before:]], term.out, term.sizes)
    return None


def assume(term: Term, equations: Sequence[tuple[Term, Term]]) -> Term:
    """Wherever the left side of an assumed equation occurs as factors or as a term, its right side; A in one orientation for A = Aᵀ."""
    for left, right in equations:
        name = symmetric_name(left, right)
        term = oriented(term, name) if name else fold(term, NamedTerms([NamedQuantity(right, left)]))
    return term


def symmetric_name(left: Term, right: Term) -> str:
    """The name A of an assumption A = Aᵀ; "" for any other."""
    if not (isinstance(left, NamedLeaf) and left.rank == 2 and isinstance(right, ProductTerm) and right.coef == 1):
        return ""
    turned = [f.term == left and f.exponent == 1 and f.labels == right.out[::-1] for f in right.factors]
    return left.name if turned == [True] else ""


def oriented(term: Term, name: str) -> Term:
    """The term with a symmetric matrix A, and A⁻¹, at its axes in one order, so that A and Aᵀ are one."""
    if isinstance(term, Add):
        return total([oriented(t, name) for t in term.terms], term.shape)
    if isinstance(term, Apply):
        args = [oriented(a, name) for a in term.args]
        return applied(term.op, args, term.shape, term.params, term.dtype)
    if not isinstance(term, ProductTerm):
        return term
    factors: list[Factor] = []
    for f in term.factors:
        inner = oriented(f.term, name)
        matrix = inner.args[0] if isinstance(inner, Apply) and inner.op == "inv" else inner
        symmetric = isinstance(matrix, NamedLeaf) and matrix.name == name
        factors.append(Factor(inner, tuple(sorted(f.labels)) if symmetric else f.labels, f.exponent))
    return product(term.coef, factors, term.out, term.sizes)


def spread_alike(left: Term, right: Term) -> tuple[Term, Term]:
    """Both sides of an equation, a number on the right filled over the shape of the left."""
    return (left, laid_out(right, (), left.shape)) if right.rank < left.rank and not right.rank else (left, right)
