"""How many operations a term takes: what decides whether a simplification is one."""

from __future__ import annotations

from fractions import Fraction

from wengert.ops.terms import Add, Apply, Factor, Leaf, Product, Term, is_indicator

TYPICAL_SIZE = 8
FUNCTION_COST = 4


def cost(term: Term, size: int = TYPICAL_SIZE) -> int:
    """Scalar operations of a term when every axis has `size` entries; equal parts are counted once, leaves are free."""
    seen: set[Term] = set()
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
            spent += _product_cost(item, size)
            stack.extend(f.term for f in item.factors)
        elif isinstance(item, Apply):
            trivial = item.op in ("size_of", "position")
            spent += 0 if trivial else (1 if item.op in CHEAP else FUNCTION_COST) * size**item.rank
            stack.extend(item.args)
    return spent


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


def _product_cost(item: Product, size: int) -> int:
    outer = [f for f in item.factors if all(q in item.out for q in f.labels)]
    inner = [f for f in item.factors if f not in outer]
    spent = 0
    if inner:
        labels = {q for f in inner for q in f.labels}
        multiplications = sum(_factor_cost(f) for f in inner) - 1
        spent += (multiplications + len(item.summed)) * size ** len(labels)
    parts = sum(_factor_cost(f) for f in outer) + bool(inner) + (item.coef not in (1, -1)) + (item.coef == -1)
    if not outer and not inner:
        return 0
    return spent + max(0, parts - 1) * size**item.rank


def _factor_cost(factor: Factor) -> int:
    exponent = abs(factor.exponent)
    if exponent == 1 or is_indicator(factor.term):
        return 1
    return int(exponent) if exponent.denominator == 1 and exponent <= 3 else FUNCTION_COST
