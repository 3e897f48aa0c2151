"""Simplification of derived terms: fold to named quantities, factor, bring over one denominator, expand. Each step is kept only if it saves operations.

Terms are exact mathematics; nothing here looks at numbers except coefficients.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from wengert.core.ops.calls import has_sums, leaf_names, map_leaves, parts_of, rebuilt, settled
from wengert.core.ops.terms import Add, NamedLeaf, Term
from wengert.notes.derive.cases import merge_cases
from wengert.notes.derive.cost import cost
from wengert.notes.derive.factoring import expand, factor, factor_part, group, in_one_sign, together, turn_sign
from wengert.notes.derive.folding import NamedTerms, fold


def simplify(term: Term, names: NamedTerms) -> Term:
    """The term in the named quantities, factored and over one denominator, as far as that saves operations.

    It is tried as it stands and multiplied out; the shorter result is taken.
    """
    return names.once("simplify", term, lambda: _simplified(term, names))


def _simplified(term: Term, names: NamedTerms) -> Term:
    best = _shortened(term, names)
    wide = expand(term)
    if wide is not None and wide != term:
        other = _shortened(wide, names)
        best = other if cost(other) < cost(best) else best
    return in_one_sign(turn_sign(best), names.sums)


def _shortened(term: Term, names: NamedTerms) -> Term:
    best = fold(term, names)
    for step in (group, together, lambda t: merge_cases(t, names.conditions), factor, factor_part):
        changed = map_sums(best, step)
        if changed == best:
            continue
        candidate = fold(changed, names)
        if cost(candidate) < cost(best) or (step is factor and cost(candidate) <= cost(best)):
            best = candidate
    return best


def map_sums(term: Term, change: Callable[[Term], Term]) -> Term:
    """Every sum inside a term, innermost first, replaced by change(sum)."""
    if not has_sums(term) and settled(term):
        return term
    inner = rebuilt(term, [map_sums(part, change) for part in parts_of(term)])
    return change(inner) if isinstance(term, Add) and isinstance(inner, Add) else inner


def substitute_leaves(term: Term, values: Mapping[str, Term]) -> Term:
    """The term with quantities replaced by terms."""
    if leaf_names(term).isdisjoint(values) and settled(term):
        return term
    return map_leaves(term, lambda t: values.get(t.name) if isinstance(t, NamedLeaf) else None)
