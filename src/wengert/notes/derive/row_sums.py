"""Sums along a row that are used all along it, as in the softmax of every row: D_i = Σ_j P̄_ij P_ij has a name and a line of its own.

What is named is computed once for a row in any case; the name is for the reader, and for the matrix form, which has P̄ − D 𝟏ᵀ then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from wengert.core.ir.names import is_bar
from wengert.core.ops.calls import applied
from wengert.core.ops.normal_form import product, total
from wengert.core.ops.terms import ONE, Add, Apply, Factor, NamedLeaf, ProductTerm, Term, components, monomial, subterms
from wengert.notes.derive.cost import cost, pieces
from wengert.notes.derive.folding import NamedTerms, fold
from wengert.notes.derive.simplify import substitute_leaves
from wengert.notes.elaboration.system import SystemData

LETTERS = "DEFGHRUABCKMNPQSTVWXYZ"
"""Names for row sums, the customary one first."""


@dataclass(frozen=True, eq=False)
class RowSum:
    """A named sum, one entry a row; `further` is an equal sum over other quantities, no longer than it."""

    name: str
    value: Term
    further: Term | None = None

    @property
    def leaf(self) -> Term:
        """The sum under its name."""
        return NamedLeaf(self.value.shape, self.name)

    @property
    def forms(self) -> list[Term]:
        """All that the sum is equal to, in print."""
        return [self.value] if self.further is None else [self.value, self.further]


def row_sum(term: Term) -> Term | None:
    """The sum that is laid out along the row it was taken over, between entries of that row: Σ_k a_ik b_ik in … (c_ij − Σ_k a_ik b_ik).

    It is the only sum of its bracket, and a product of at least two arrays with an error signal among them; None where there is none.
    """
    for part in subterms(term):
        if not isinstance(part, Add) or part.rank < 2:
            continue
        inside = [(monomial(t), pieces(monomial(t))) for t in part.terms]
        found = [each for each in inside if each[1][1]]
        if len(found) != 1:
            continue
        (owner, (outer, sums)) = found[0]
        (whole, carried) = sums[0]
        if len(sums) == 1 and carried and not any(f.labels for f in outer) and _along_a_row(whole, owner, carried):
            return whole
    return None


def _along_a_row(whole: Term, owner: ProductTerm, carried: frozenset[int]) -> bool:
    """Whether a sum over an axis is laid out along that axis, and is of several arrays with a signal among them."""
    if not isinstance(whole, ProductTerm) or sum(bool(f.labels) for f in whole.factors) < 2:
        return False
    laid = {owner.sizes[q] for q in owner.out if q not in carried}
    gone = {whole.sizes[q] for q in whole.summed}
    return laid == gone and any(isinstance(f.term, NamedLeaf) and is_bar(f.term.name) for f in whole.factors)


def with_name(term: Term, whole: Term, leaf: Term) -> Term:
    """The term with a sum under its name, also where the sum stands inside of products."""
    if term == whole:
        return leaf
    if isinstance(term, Add):
        return total([with_name(t, whole, leaf) for t in term.terms], term.shape)
    if isinstance(term, Apply):
        args = [with_name(a, whole, leaf) for a in term.args]
        return applied(term.op, args, term.shape, term.params, term.dtype)
    if not isinstance(term, ProductTerm):
        return term
    factors: list[Factor] = []
    for group in components(term.factors, term.out):
        carried = {q for f in group for q in f.labels}
        axes = tuple(q for q in term.out if q in carried)
        if carried != set(axes) and product(ONE, group, axes, term.sizes) == whole:
            factors.append(Factor(leaf, axes))
        else:
            factors += [Factor(with_name(f.term, whole, leaf), f.labels, f.exponent) for f in group]
    return product(term.coef, factors, term.out, term.sizes)


def free_name(system: SystemData, taken: set[str]) -> str | None:
    """The first letter that names nothing in a system: no quantity, no index, no size."""
    used = set(taken) | set(system.size_names)
    for name, quantity in system.quantities.items():
        used |= {name, quantity.whole, quantity.indexed, *quantity.letters, *(q.upper() for q in quantity.letters)}
    used |= {q.upper() for letters in system.class_letters.values() for q in letters}
    used |= {q.upper() for q in system.letter_sizes}
    return next((letter for letter in LETTERS if letter not in used), None)


def with_other_names(value: Term, bars: Mapping[str, Term], names: NamedTerms) -> Term | None:
    """A row sum over other quantities: the lines of its signals put in and folded, Σ_j P̄_ij P_ij = Σ_k Ō_ik O_ik; None where that is longer."""
    other = fold(substitute_leaves(value, bars), names)
    if other == value or not (isinstance(other, ProductTerm) and isinstance(value, ProductTerm)):
        return None
    if len(other.factors) > len(value.factors):
        return None
    plain = all(isinstance(f.term, NamedLeaf) for f in other.factors)
    return other if plain and cost(other) <= cost(value) else None
