"""Operations of terms: as often as they are written, as on paper without a name for anything, or once where they are equal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import prod

from wengert.core.ir.types import Size, bind_size
from wengert.core.ops.normal_form import product
from wengert.core.ops.terms import Add, Apply, Factor, NamedLeaf, ProductTerm, Term, components, is_indicator

FREE = frozenset(("size_of", "position", "cast"))
"""Ops that compute nothing: sizes, places, a condition as a number."""


@dataclass(frozen=True)
class OperationCount:
    """Operations, by kind: products (quotients among them) and powers, sums, functions (comparisons among them)."""

    products: int = 0
    sums: int = 0
    functions: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.products + self.sums + self.functions

    def __add__(self, other: OperationCount) -> OperationCount:
        return OperationCount(self.products + other.products, self.sums + other.sums, self.functions + other.functions)

    def __mul__(self, times: int) -> OperationCount:
        return OperationCount(self.products * times, self.sums * times, self.functions * times)


def count_written(term: Term, sizes: Mapping[str, int]) -> OperationCount:
    """Operations where every entry of every expression is computed as often as it is written."""
    return _entry(term, sizes) * extent(term.shape, sizes)


def count_shared(terms: Iterable[Term], sizes: Mapping[str, int], seed: str = "") -> OperationCount:
    """Operations where equal expressions, and equal sums inside products, are computed once.

    The leaf `seed`, the bar of a scalar loss, is 1 and costs nothing.
    """
    seen: set[Term] = set()
    result, stack = OperationCount(), list(terms)
    while stack:
        item = stack.pop()
        if item not in seen:
            seen.add(item)
            own, inside = _own(item, sizes, seed)
            result += own
            stack.extend(inside)
    return result


def extent(shape: Iterable[Size], sizes: Mapping[str, int]) -> int:
    """The number of entries of a shape; an axis without a number counts as 2."""
    numbers = (bind_size(size, sizes) for size in shape)
    return prod(n if isinstance(n, int) else 2 for n in numbers)


def _entry(term: Term, sizes: Mapping[str, int]) -> OperationCount:
    """One entry of a term, written out."""
    if isinstance(term, Add):
        return sum((_entry(t, sizes) for t in term.terms), OperationCount(sums=len(term.terms) - 1))
    if isinstance(term, ProductTerm):
        result, outer, groups = _pieces(term, term.factors)
        for f in outer:
            result += _entry(f.term, sizes)
        for group in groups:
            inside = sum((_entry(f.term, sizes) for f in group), OperationCount(products=_multiplications(group)))
            places = _places(term, group, sizes)
            result += inside * places + OperationCount(sums=places - 1)
        return result
    if isinstance(term, Apply):
        reduced = extent(term.args[0].shape, sizes) // max(1, extent(term.shape, sizes)) if term.args else 1
        return sum((_entry(arg, sizes) * reduced for arg in term.args), _call(term, sizes))
    return OperationCount()


def _own(term: Term, sizes: Mapping[str, int], seed: str) -> tuple[OperationCount, Sequence[Term]]:
    """The operations of a term's outermost sign, for all its entries, and the terms inside it; a sum in a product is a term of its own."""
    entries = extent(term.shape, sizes)
    if isinstance(term, Add):
        return OperationCount(sums=len(term.terms) - 1) * entries, term.terms
    if isinstance(term, Apply):
        return _call(term, sizes) * entries, term.args
    if not isinstance(term, ProductTerm):
        return OperationCount(), ()
    factors = [f for f in term.factors if not (isinstance(f.term, NamedLeaf) and f.term.name == seed)]
    result, outer, groups = _pieces(term, factors)
    if len(groups) == 1 and term.coef == 1 and groups[0] == list(term.factors):
        (group,) = groups
        places = _places(term, group, sizes)
        carried = {q for f in group for q in f.labels}
        each = OperationCount(products=_multiplications(group)) * places + OperationCount(sums=places - 1)
        return each * extent((term.sizes[q] for q in term.out if q in carried), sizes), [f.term for f in group]
    sums: list[Term] = []
    for group in groups:
        carried = {q for f in group for q in f.labels}
        sums.append(product(Fraction(1), group, [q for q in term.out if q in carried], term.sizes))
    return result * entries, [*(f.term for f in outer), *sums]


def _call(term: Apply, sizes: Mapping[str, int]) -> OperationCount:
    """A function of one entry; ∏ over n entries is n − 1 products, and max over n entries n − 1 comparisons."""
    if term.op in FREE:
        return OperationCount()
    if term.op not in ("max", "min", "prod"):
        return OperationCount(functions=1)
    steps = extent(term.args[0].shape, sizes) // max(1, extent(term.shape, sizes)) - 1
    return OperationCount(products=steps) if term.op == "prod" else OperationCount(functions=steps)


def _pieces(term: ProductTerm, factors: Sequence[Factor]) -> tuple[OperationCount, list[Factor], list[list[Factor]]]:
    """The multiplications that join a product's pieces, its factors outside sums, and its sums."""
    groups = components(factors, term.out)
    inside = [g for g in groups if any(q not in term.out for f in g for q in f.labels)]
    outer = [f for g in groups if g not in inside for f in g]
    above = abs(term.coef) != 1 or bool(inside) or any(f.exponent > 0 for f in outer)
    count = len(outer) + len(inside) + (abs(term.coef) != 1) - above
    return OperationCount(products=max(0, count) + _powers(outer)), outer, inside


def _multiplications(group: Sequence[Factor]) -> int:
    """Inside a sum; 1/x is a quotient."""
    return len(group) - any(f.exponent > 0 for f in group) + _powers(group)


def _powers(factors: Iterable[Factor]) -> int:
    return sum(abs(f.exponent) != 1 and not is_indicator(f.term) for f in factors)


def _places(term: ProductTerm, group: Sequence[Factor], sizes: Mapping[str, int]) -> int:
    """The number of terms of a sum."""
    summed = dict.fromkeys(q for f in group for q in f.labels if q not in term.out)
    return extent((term.sizes[q] for q in summed), sizes)
