"""How many operations a term takes: what decides whether a simplification is one."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from fractions import Fraction

from wengert.core.ops.interning import remembered
from wengert.core.ops.normal_form import product
from wengert.core.ops.terms import Add, Apply, Factor, NamedLeaf, ProductTerm, Term, components, is_indicator, subterms

TYPICAL_SIZE = 8
FUNCTION_COST = 4


def cost(term: Term, known: Container[Term] = ()) -> int:
    """Scalar operations of a term when every axis has a typical size; equal parts are counted once, leaves and what is `known` not."""
    return _spent(term, known) if known else _alone(term)


def _spent(term: Term, known: Container[Term]) -> int:
    seen = set[Term]()
    stack: list[Term] = [term]
    spent = 0
    while stack:
        item = stack.pop()
        if isinstance(item, NamedLeaf) or item in seen or item in known:
            continue
        seen.add(item)
        own, parts = _own(item)
        spent += own
        stack += parts
    return spent


@remembered
def _alone(term: Term) -> int:
    return _spent(term, ())


@remembered
def _own(item: Term) -> tuple[int, list[Term]]:
    """What a term takes beside its parts, and the parts."""
    if isinstance(item, Add):
        return (len(item.terms) - 1) * TYPICAL_SIZE**item.rank, [_without_sign(t) for t in item.terms]
    if isinstance(item, ProductTerm):
        outer, sums = pieces(item)
        if not outer and len(sums) == 1 and item.coef == 1:
            return _sum_cost(item), [f.term for f in item.factors]
        return _product_cost(item, outer, sums), [*(f.term for f in outer), *(whole for whole, _ in sums)]
    assert isinstance(item, Apply)
    each = 0 if item.op in ("size_of", "position") else 1 if item.op in CHEAP else FUNCTION_COST
    return each * TYPICAL_SIZE**item.rank, list(item.args)


class DerivedLines:
    """The lines of a derivation that were found so far, and what they compute."""

    def __init__(self) -> None:
        self.terms: dict[str, Term] = {}
        self._times: dict[Term, int] = {}
        """How many of the lines compute a term."""

    def add(self, name: str, term: Term) -> None:
        """One line more."""
        self.terms[name] = term
        for part in computed(term):
            self._times[part] = self._times.get(part, 0) + 1

    def known(self, without: Iterable[str] = ()) -> Container[Term]:
        """What the lines compute, some of them left out."""
        left = dict[Term, int]()
        for name in without:
            for part in computed(self.terms[name]):
                left[part] = left.get(part, self._times[part]) - 1
        return _Computed(self._times, {part for part, times in left.items() if not times})


class _Computed:
    """The terms that some lines compute, but for a few."""

    def __init__(self, times: Container[object], gone: Container[object]) -> None:
        self.times = times
        self.gone = gone

    def __contains__(self, term: object) -> bool:
        return term in self.times and term not in self.gone


@remembered
def computed(term: Term) -> frozenset[Term]:
    """What a term computes on its way: every part, and every sum inside a product."""
    found: set[Term] = set()
    for part in subterms(term):
        found.add(_without_sign(part))
        if isinstance(part, ProductTerm):
            found.update(whole for whole, _ in pieces(part)[1])
    return frozenset(found)


@remembered
def pieces(item: ProductTerm) -> tuple[list[Factor], list[tuple[Term, frozenset[int]]]]:
    """A product as its factors outside sums, and its sums, each with the labels of the result that it carries."""
    groups = components(item.factors, item.out)
    sums: list[tuple[Term, frozenset[int]]] = []
    outer: list[Factor] = []
    for group in groups:
        carried = {q for f in group for q in f.labels}
        if carried <= set(item.out):
            outer += group
        else:
            axes = [q for q in item.out if q in carried]
            sums.append((product(Fraction(1), group, axes, item.sizes), frozenset(axes)))
    return outer, sums


CHEAP = frozenset(
    (
        "cast",
        "where",
        "less",
        "less_equal",
        "greater",
        "greater_equal",
        "equal",
        "not_equal",
        "logical_and",
        "logical_not",
        "abs",
        "sign",
        "relu",
        "maximum",
        "minimum",
        "negative",
    )
)


def _without_sign(term: Term) -> Term:
    """A subtracted term costs no more than an added one."""
    if isinstance(term, ProductTerm) and term.coef == -1:
        return ProductTerm(term.shape, Fraction(1), term.factors, term.out, term.sizes)
    return term


def _product_cost(item: ProductTerm, outer: Sequence[Factor], sums: Sequence[tuple[Term, frozenset[int]]]) -> int:
    """What joins the pieces: those on the same axes first, then the rest on all axes; a power costs on the axes of its base."""
    axes = [frozenset(f.labels) for f in outer] + [labels for _, labels in sums]
    axes += [frozenset[int]()] * (abs(item.coef) != 1)
    if not axes:
        return 0
    powers = sum((_factor_cost(f) - 1) * TYPICAL_SIZE ** len(set(f.labels)) for f in outer)
    alike = sum((axes.count(each) - 1) * TYPICAL_SIZE ** len(each) for each in set(axes))
    return powers + alike + (len(set(axes)) - 1) * TYPICAL_SIZE ** max(len(each) for each in axes)


def _sum_cost(item: ProductTerm) -> int:
    """One sum of products."""
    labels = {q for f in item.factors for q in f.labels}
    multiplications = sum(_factor_cost(f) for f in item.factors) - 1
    return (multiplications + len(item.summed)) * TYPICAL_SIZE ** len(labels)


def _factor_cost(factor: Factor) -> int:
    exponent = abs(factor.exponent)
    if exponent == 1 or is_indicator(factor.term):
        return 1
    return int(exponent) if exponent.denominator == 1 and exponent <= 3 else FUNCTION_COST
