"""Ops on terms, in normal form: what is constant along an axis is computed once, conditions and their opposites, rebuilding."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import is_
from typing import Any

from wengert.core.ir.types import Shape
from wengert.core.ops.interning import remembered
from wengert.core.ops.normal_form import laid_out, narrowed, product, total, varying
from wengert.core.ops.terms import ONE, Add, Apply, Factor, NamedLeaf, ProductTerm, Term

Params = tuple[tuple[str, Any], ...]
REDUCTIONS = ("max", "min", "prod")


def applied(op: str, args: Sequence[Term], shape: Shape, params: Params = (), dtype: str = "float64") -> Term:
    """An op on terms in normal form: what is constant along an axis is computed once and laid out."""
    args = tuple(args)
    if op in REDUCTIONS:
        return _reduced(op, args[0], shape, params, dtype)
    if not args or any(arg.shape != shape for arg in args) or any(key == "axis" for key, _ in params):
        return Apply(shape, op, args, params, dtype)
    kept = sorted(set[int]().union(*(varying(arg) for arg in args)))
    inner = Apply(tuple(shape[k] for k in kept), op, tuple(narrowed(arg, kept) for arg in args), params, dtype)
    return laid_out(inner, kept, shape)


def _reduced(op: str, body: Term, shape: Shape, params: Params, dtype: str) -> Term:
    """max, min or ∏ over axes. Axes along which the body is constant are left out, except that ∏ multiplies along them."""
    axes: tuple[int, ...] = dict(params)["axes"]
    kept = sorted(varying(body) | (set(axes) if op == "prod" else set()))
    outer = [k for k in range(body.rank) if k not in axes]
    left = tuple(kept.index(k) for k in axes if k in kept)
    inner = narrowed(body, kept)
    if left:
        result = tuple(size for k, size in enumerate(inner.shape) if k not in left)
        inner = Apply(result, op, (inner,), (("axes", left),), dtype)
    return laid_out(inner, [outer.index(k) for k in kept if k in outer], shape)


def map_leaves(term: Term, change: Callable[[Term], Term | None]) -> Term:
    """The term rebuilt from the leaves up: where change(t) gives a term, it stands for t (and is not entered)."""
    new = change(term)
    if new is not None:
        return new
    return rebuilt(term, [map_leaves(part, change) for part in parts_of(term)])


def parts_of(term: Term) -> Sequence[Term]:
    """What a term is made of."""
    if isinstance(term, Add):
        return term.terms
    if isinstance(term, ProductTerm):
        return [f.term for f in term.factors]
    return term.args if isinstance(term, Apply) else ()


@remembered
def settled(term: Term) -> bool:
    """Whether a term that is made anew of its own parts, from the leaves up, is the term itself."""
    parts = parts_of(term)
    return all(map(settled, parts)) and rebuilt(term, parts) is term


@remembered
def leaf_names(term: Term) -> frozenset[str]:
    """The quantities that a term reads."""
    return frozenset((term.name,)) if isinstance(term, NamedLeaf) else _joined(map(leaf_names, parts_of(term)))


@remembered
def op_names(term: Term) -> frozenset[str]:
    """The ops in a term that are no products or sums."""
    inside = _joined(map(op_names, parts_of(term)))
    return inside | {term.op} if isinstance(term, Apply) else inside


@remembered
def has_sums(term: Term) -> bool:
    """Whether terms are added up somewhere in a term."""
    return isinstance(term, Add) or any(map(has_sums, parts_of(term)))


def _joined(parts: Iterable[frozenset[str]]) -> frozenset[str]:
    return frozenset[str]().union(*parts)


def rebuilt(term: Term, parts: Sequence[Term]) -> Term:
    """A term in normal form made as another one is, of other parts; of the same parts once."""
    if not all(map(is_, parts, parts_of(term))):
        return _made(term, parts)
    if "again" not in term.kept:
        made = _made(term, parts)
        term.kept["again"] = None if made is term else made  # no circle
    again: Term | None = term.kept["again"]
    return term if again is None else again


def _made(term: Term, parts: Sequence[Term]) -> Term:
    if isinstance(term, Add):
        return total(parts, term.shape)
    if isinstance(term, ProductTerm):
        factors = [Factor(part, f.labels, f.exponent) for part, f in zip(parts, term.factors, strict=True)]
        return product(term.coef, factors, term.out, term.sizes)
    if isinstance(term, Apply):
        return applied(term.op, parts, term.shape, term.params, term.dtype)
    return term


_NEGATION = {
    "less": "greater_equal",
    "less_equal": "greater",
    "greater": "less_equal",
    "greater_equal": "less",
    "equal": "not_equal",
    "not_equal": "equal",
}


def indicator(condition: Term) -> Term:
    """⟦condition⟧: 1 where it holds, else 0; that of a broadcast condition is broadcast."""
    if isinstance(condition, ProductTerm):
        return _inside(condition, indicator)
    return Apply(condition.shape, "cast", (condition,), (("dtype", "float64"),))


def negated(condition: Term) -> Term:
    """The condition that holds where this one does not (NaN aside)."""
    if isinstance(condition, ProductTerm):
        return _inside(condition, negated)
    if isinstance(condition, Apply) and condition.op in _NEGATION:
        return Apply(condition.shape, _NEGATION[condition.op], condition.args, condition.params, "bool")
    if isinstance(condition, Apply) and condition.op == "logical_not":
        return condition.args[0]
    return Apply(condition.shape, "logical_not", (condition,), (), "bool")


def _inside(layout: ProductTerm, change: Callable[[Term], Term]) -> Term:
    """A broadcast or transposed condition with `change` made to the condition itself."""
    (inner,) = layout.factors
    return product(ONE, [Factor(change(inner.term), inner.labels)], layout.out, layout.sizes)
