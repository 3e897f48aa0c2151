"""Look-ups: Σ_p x_p ⟦p = e⟧ is x at the places e, and Σ_e v_e ⟦p = e⟧ adds v into the places e.

Terms have both as factors ⟦p = e⟧ (`KroneckerDelta`); here they are found, so that no language has to multiply by them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from wengert.core.ir.types import Dim, Size
from wengert.core.ops.calls import map_leaves
from wengert.core.ops.normal_form import narrowed, product, varying
from wengert.core.ops.terms import ONE, Add, Apply, Factor, NamedLeaf, ProductTerm, Term, is_indicator, subterms


@dataclass(frozen=True)
class KroneckerDelta:
    """⟦p = e⟧: the label p, and the place e with the labels of its axes."""

    factor: Factor
    label: int
    place: Term
    labels: tuple[int, ...]


def delta_of(factor: Factor) -> KroneckerDelta | None:
    """A factor as ⟦p = e⟧, where it is one and e does not depend on p."""
    if not is_indicator(factor.term) or factor.exponent < 1:
        return None
    assert isinstance(factor.term, Apply)
    (condition,) = factor.term.args
    if not (isinstance(condition, Apply) and condition.op == "equal"):
        return None
    for own, other in (condition.args, condition.args[::-1]):
        axis = _position_axis(own)
        kept = sorted(varying(other))
        if axis is None or axis in kept:
            continue
        labels = tuple(factor.labels[k] for k in kept)
        if factor.labels[axis] not in labels and len(set(labels)) == len(labels):
            return KroneckerDelta(factor, factor.labels[axis], narrowed(other, kept), labels)
    return None


def _position_axis(term: Term) -> int | None:
    if isinstance(term, Apply) and term.op == "position":
        return 0
    if isinstance(term, ProductTerm) and term.coef == 1 and len(term.factors) == 1 and not term.summed:
        (inner,) = term.factors
        if isinstance(inner.term, Apply) and inner.term.op == "position" and inner.exponent == 1:
            return term.out.index(inner.labels[0])
    return None


def read_at(factors: Sequence[Factor], out: Sequence[int]) -> tuple[KroneckerDelta, Factor] | None:
    """A look-up in a sum: ⟦p = e⟧ with p summed, and the only other factor that has p."""
    for factor in factors:
        delta = delta_of(factor)
        if delta is None or delta.label in out:
            continue
        others = [f for f in factors if f is not factor and delta.label in f.labels]
        if len(others) == 1 and others[0].labels.count(delta.label) == 1 and others[0].exponent > 0:
            return delta, others[0]
    return None


@dataclass(frozen=True)
class Scatter:
    """Adding: `value` over the axes of the places, then the other axes of the result; `first` says which axes of the result the places are."""

    term: ProductTerm
    deltas: tuple[KroneckerDelta, ...]
    value: Term
    places: tuple[int, ...]
    """The labels over which the places run, the first axes of `value`."""
    rest: tuple[int, ...]
    """The labels of the result that are no places."""


def scatter_of(term: Term) -> Scatter | None:
    """A term as values that are added at places, where it is one."""
    if not isinstance(term, ProductTerm):
        return None
    deltas = [d for f in term.factors if (d := delta_of(f)) is not None and d.label in term.out]
    deltas = [d for d in deltas if any(q not in term.out for q in d.labels)]
    taken = [d.label for d in deltas]
    if not deltas or len(set(taken)) < len(taken):
        return None
    others = [f for f in term.factors if all(f is not d.factor for d in deltas)]
    if any(q in taken for f in others for q in f.labels) or any(q in taken for d in deltas for q in d.labels):
        return None
    rest = tuple(q for q in term.out if q not in taken)
    places = tuple(dict.fromkeys(q for d in deltas for q in d.labels))
    if any(q in rest for q in places):
        return None
    value = product(term.coef, others, (*places, *rest), term.sizes)
    return Scatter(term, tuple(deltas), value, places, rest)


def stays_inside(place: Term, size: Size) -> bool:
    """Whether a place is one of an axis for certain: whole numbers of the user's, or a sum of positions that the size allows for."""
    if isinstance(place, Apply) and place.op == "constant":
        values = np.asarray(place.param("value"))
        return isinstance(size, int) and bool(np.all((values >= 0) & (values < size)))
    if any(isinstance(t, NamedLeaf) for t in subterms(place)):
        return not any(isinstance(t, Apply) and t.op == "position" for t in subterms(place))
    steps: list[tuple[Fraction, Size]] = []
    start = Fraction(0)
    for term in place.terms if isinstance(place, Add) else (place,):
        if isinstance(term, ProductTerm) and not term.factors:
            start += term.coef
            continue
        inner = term.factors[0].term if isinstance(term, ProductTerm) and len(term.factors) == 1 else term
        if not (isinstance(inner, Apply) and inner.op == "position"):
            return False
        steps.append((term.coef if isinstance(term, ProductTerm) else ONE, inner.param("size")))
    if start < 0 or any(step < 0 for step, _ in steps):
        return False
    if isinstance(size, int) and all(isinstance(n, int) for _, n in steps):
        return start + sum(step * (int(n) - 1) for step, n in steps if isinstance(n, int)) <= size - 1
    return any(isinstance(n, Dim) and any(fit.size == size for fit in n.rule) for _, n in steps)


def lifted(term: Term, new: list[tuple[NamedLeaf, Scatter]], name: str) -> Term:
    """The term with what is added at places as leaves `name 1`, …, which are appended to `new`."""

    def change(part: Term) -> Term | None:
        found = scatter_of(part)
        if found is None:
            return None
        leaf = NamedLeaf(part.shape, f"{name} {len(new) + 1}")
        new.append((leaf, found))
        return leaf

    return map_leaves(term, change)


def laid_out(factor: Factor, out: Sequence[int]) -> Factor:
    """A condition with its axes in the order of the result: ⟦j = Y_i⟧ is made as i by j where that is wanted."""
    order = sorted(
        range(len(factor.labels)),
        key=lambda k: (factor.labels[k] not in out, [*out, *factor.labels].index(factor.labels[k])),
    )
    if not is_indicator(factor.term) or order == sorted(order) or len(set(factor.labels)) < len(order):
        return factor
    assert isinstance(factor.term, Apply)

    def turned(term: Term) -> Term:
        return product(
            ONE,
            [Factor(term, tuple(order.index(k) for k in range(term.rank)))],
            range(term.rank),
            [term.shape[k] for k in order],
        )

    (condition,) = factor.term.args
    if not isinstance(condition, Apply) or any(arg.rank != condition.rank for arg in condition.args):
        return factor
    shape = tuple(condition.shape[k] for k in order)
    inner = Apply(shape, condition.op, tuple(turned(arg) for arg in condition.args), condition.params, condition.dtype)
    whole = Apply(shape, "cast", (inner,), factor.term.params, factor.term.dtype)
    return Factor(whole, tuple(factor.labels[k] for k in order), factor.exponent)
