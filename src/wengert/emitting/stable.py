"""Softmax and log-sum-exp inside written formulas, as the ops that they are: every language has a form of them that does not overflow."""

from __future__ import annotations

from wengert.core.ops.calls import parts_of, rebuilt
from wengert.core.ops.normal_form import product
from wengert.core.ops.terms import ONE, Apply, Factor, ProductTerm, Term

SOFTMAX, LOGSUMEXP = "softmax", "logsumexp"
"""The ops; `axes` are those that are summed over."""


def stable(term: Term) -> Term:
    """The term with e^u / Σ e^u as softmax(u) and log Σ e^u as logsumexp(u), where one axis is summed."""
    parts = [stable(part) for part in parts_of(term)]
    term = rebuilt(term, parts) if parts else term
    if isinstance(term, ProductTerm):
        return _softmax(term)
    if isinstance(term, Apply) and term.op == "log":
        return _logsumexp(term)
    return term


def _is_exp(term: Term) -> bool:
    return isinstance(term, Apply) and term.op == "exp"


def _softmax(term: ProductTerm) -> Term:
    for above in term.factors:
        if not _is_exp(above.term) or above.exponent != 1:
            continue
        assert isinstance(above.term, Apply)
        for below in term.factors:
            gone = [q for q in above.labels if q not in below.labels]
            if below.exponent != -1 or len(gone) != 1 or len(set(above.labels)) < len(above.labels):
                continue
            if product(ONE, [Factor(above.term, above.labels)], below.labels, term.sizes) != below.term:
                continue
            axis = above.labels.index(gone[0])
            soft = Apply(above.term.shape, SOFTMAX, above.term.args, (("axes", (axis,)),))
            rest = [f if f is not above else Factor(soft, f.labels) for f in term.factors if f is not below]
            return product(term.coef, rest, term.out, term.sizes)
    return term


def _logsumexp(term: Apply) -> Term:
    (inner,) = term.args
    if not isinstance(inner, ProductTerm) or inner.coef != 1 or len(inner.factors) != 1 or len(inner.summed) != 1:
        return term
    (factor,) = inner.factors
    if not _is_exp(factor.term) or factor.exponent != 1 or len(set(factor.labels)) < len(factor.labels):
        return term
    assert isinstance(factor.term, Apply)
    if [q for q in factor.labels if q in inner.out] != list(inner.out):
        return term
    axis = factor.labels.index(inner.summed[0])
    return Apply(term.shape, LOGSUMEXP, factor.term.args, (("axes", (axis,)),))
