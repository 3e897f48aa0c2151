"""Sums that cancel: (Σ_k a_k) / (Σ_k a_k) = 1, Σ_j y_j = 1 for a normalised y, look-ups over themselves; and products over an index."""

from __future__ import annotations

from collections.abc import Sequence

from wengert.core.ops.normal_form import product
from wengert.core.ops.terms import ONE, Apply, Factor, ProductTerm, Term, is_indicator, position_axis
from wengert.notes.derive.matching import Match, matches


def cancel_sums(term: ProductTerm) -> Term:
    """(Σ_k a_k) / (Σ_k a_k) = 1, and x_j ⟦j = y⟧ / x_y = ⟦j = y⟧, where x_y is Σ_k x_k ⟦k = y⟧; until nothing cancels."""
    for d, below in enumerate(term.factors):
        if below.exponent >= 0 or not isinstance(below.term, ProductTerm) or not below.term.summed:
            continue
        others = ProductTerm(term.shape, term.coef, term.factors[:d] + term.factors[d + 1 :], term.out, term.sizes)
        for match in matches(others, below.term):
            cancelled = _cancelled(others, below, match)
            if cancelled is not None:
                return cancel_sums(cancelled) if isinstance(cancelled, ProductTerm) else cancelled
    return term


def _cancelled(others: ProductTerm, below: Factor, match: Match) -> Term | None:
    """The product without Σ_k a_k above and once below the line; None where a label of the sum is needed elsewhere."""
    value = below.term
    assert isinstance(value, ProductTerm)
    if tuple(match.labels[q] for q in value.out) != below.labels:
        return None
    left = match.left(others)
    elsewhere = {q for f in left for q in f.labels} | set(others.out)
    needed = [q for q in value.summed if match.labels[q] in elsewhere]
    # A label that goes on may do so under its ⟦j = y⟧, which stays.
    picks = [f for f in value.factors if any(is_one_hot(f, q) for q in needed)]
    if any(not any(is_one_hot(f, q) for f in picks) for q in needed):
        return None
    kept = [Factor(f.term, tuple(match.labels[q] for q in f.labels)) for f in picks]
    rest = [*left, *kept, Factor(value, below.labels, below.exponent + 1)]
    return product(others.coef / value.coef, rest, others.out, others.sizes)


def cancel_products(term: ProductTerm) -> Term:
    """∏_(j ≠ i) x_j / ∏_j x_j = 1 / x_i, until nothing cancels."""
    for k, others in enumerate(term.factors):
        if not (isinstance(others.term, Apply) and others.term.op == "prod_others" and others.exponent > 0):
            continue
        (body,), axis = others.term.args, int(others.term.param("axis"))
        left = tuple(q for a, q in enumerate(others.labels) if a != axis)
        for m, every in enumerate(term.factors):
            whole = every.term
            if not (isinstance(whole, Apply) and whole.op == "prod" and every.exponent < 0 and every.labels == left):
                continue
            if whole.args[0] == body and tuple(whole.param("axes")) == (axis,):
                rest = list(term.factors)
                rest[k] = Factor(others.term, others.labels, others.exponent - 1)
                rest[m] = Factor(whole, every.labels, every.exponent + 1)
                rest = [f for f in (*rest, Factor(body, others.labels, -ONE)) if f.exponent != 0]
                cancelled = product(term.coef, rest, term.out, term.sizes)
                return cancel_products(cancelled) if isinstance(cancelled, ProductTerm) else cancelled
    return term


def is_one_hot(factor: Factor, label: int) -> bool:
    """Whether a factor is ⟦k = y⟧ for a label k on which y does not depend: at most one entry along k is not 0."""
    condition = factor.term.args[0] if is_indicator(factor.term) and isinstance(factor.term, Apply) else None
    if not (isinstance(condition, Apply) and condition.op == "equal"):
        return False
    for place, chooser in (condition.args, condition.args[::-1]):
        axis = position_axis(place)
        if axis is None or factor.labels[axis] != label or factor.labels.count(label) > 1:
            continue
        if isinstance(chooser, ProductTerm) and all(chooser.out[axis] not in f.labels for f in chooser.factors):
            return True
    return False


def normalised(term: ProductTerm, products: Sequence[tuple[Term, Term]]) -> Term:
    """Σ_j y_j = 1 for y_k = x_k / Σ_l x_l: a name under a sum of its own is opened where its sum cancels.

    `products` are pairs (name, its value).
    """
    for k, f in enumerate(term.factors):
        own = [q for q in f.labels if q in term.summed and sum(q in g.labels for g in term.factors) == 1]
        value = next((value for name, value in products if name == f.term), None)
        if not own or value is None or f.exponent != 1:
            continue
        opened = product(
            term.coef, [*term.factors[:k], Factor(value, f.labels), *term.factors[k + 1 :]], term.out, term.sizes
        )
        closed = cancel_sums(opened) if isinstance(opened, ProductTerm) else opened
        if closed != opened:
            return closed
    return term
