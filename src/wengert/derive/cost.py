"""How many operations a term takes: what decides whether a simplification is one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from fractions import Fraction

from wengert.ops.terms import Add, Apply, Factor, Leaf, Product, Term, components, is_indicator, product, subterms

TYPICAL_SIZE = 8
FUNCTION_COST = 4


def cost(term: Term, size: int = TYPICAL_SIZE, known: Collection[Term] = ()) -> int:
    """Scalar operations of a term when every axis has `size` entries; equal parts are counted once, leaves and what is `known` not."""
    seen: set[Term] = set(known)
    stack: list[Term] = [term]
    spent = 0
    while stack:
        item = stack.pop()
        if item in seen or isinstance(item, Leaf):
            continue
        seen.add(item)
        if isinstance(item, Add):
            spent += (len(item.terms) - 1) * size**item.rank
            stack.extend(_without_sign(t) for t in item.terms)
        elif isinstance(item, Product):
            outer, sums = pieces(item)
            closed = not outer and len(sums) == 1 and item.coef == 1
            spent += _sum_cost(item, size) if closed else _product_cost(item, outer, sums, size)
            stack.extend(f.term for f in (item.factors if closed else outer))
            stack.extend(() if closed else (whole for whole, _ in sums))
        elif isinstance(item, Apply):
            trivial = item.op in ("size_of", "position")
            spent += 0 if trivial else (1 if item.op in CHEAP else FUNCTION_COST) * size**item.rank
            stack.extend(item.args)
    return spent


def computed(terms: Iterable[Term]) -> set[Term]:
    """What the terms compute on their way: every part, and every sum inside a product."""
    found: set[Term] = set()
    for term in terms:
        for part in subterms(term):
            found.add(_without_sign(part))
            if isinstance(part, Product):
                found.update(whole for whole, _ in pieces(part)[1])
    return found


def pieces(item: Product) -> tuple[list[Factor], list[tuple[Term, frozenset[int]]]]:
    """A product as its factors outside sums, and its sums, each with the labels of the result that it carries; found once."""
    if "pieces" not in item.kept:
        item.kept["pieces"] = _pieces(item)
    return item.kept["pieces"]


def _pieces(item: Product) -> tuple[list[Factor], list[tuple[Term, frozenset[int]]]]:
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
    if isinstance(term, Product) and term.coef == -1:
        return Product(term.shape, Fraction(1), term.factors, term.out, term.sizes)
    return term


def _product_cost(
    item: Product, outer: Sequence[Factor], sums: Sequence[tuple[Term, frozenset[int]]], size: int
) -> int:
    """What joins the pieces: those on the same axes first, then the rest on all axes; a power costs on the axes of its base."""
    axes = [frozenset(f.labels) for f in outer] + [labels for _, labels in sums]
    axes += [frozenset[int]()] * (abs(item.coef) != 1)
    if not axes:
        return 0
    powers = sum((_factor_cost(f) - 1) * size ** len(set(f.labels)) for f in outer)
    alike = sum((axes.count(each) - 1) * size ** len(each) for each in set(axes))
    return powers + alike + (len(set(axes)) - 1) * size ** max(len(each) for each in axes)


def _sum_cost(item: Product, size: int) -> int:
    """One sum of products."""
    labels = {q for f in item.factors for q in f.labels}
    multiplications = sum(_factor_cost(f) for f in item.factors) - 1
    return (multiplications + len(item.summed)) * size ** len(labels)


def _factor_cost(factor: Factor) -> int:
    exponent = abs(factor.exponent)
    if exponent == 1 or is_indicator(factor.term):
        return 1
    return int(exponent) if exponent.denominator == 1 and exponent <= 3 else FUNCTION_COST
