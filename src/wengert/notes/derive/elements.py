"""Index form with numbers for letters: every sum is written out, w⁽¹⁾_11 x_1 + w⁽¹⁾_12 x_2."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from wengert.core.ir.types import Size, bind_size
from wengert.core.ops import terms as tm
from wengert.core.ops.positions import range_of, shift_of
from wengert.core.ops.terms import Apply, Factor, Term, components
from wengert.notes.derive.forms import IndexForm, Place
from wengert.notes.derive.term_trees import NoForm, fraction, positive_first, side_by_side
from wengert.notes.notation.expr import Call, Expr, Num, Ref, Sum

ZERO = Num(Fraction(0))


@dataclass
class ElementForm(IndexForm):
    """Single entries of arrays whose sizes are all known; a letter is a number, and places count from 1, as on paper."""

    sizes: Mapping[str, int] = field(default_factory=dict[str, int])

    def ref(self, name: str, letters: Sequence[Place]) -> Ref:
        """One entry."""
        entry = super().ref(name, letters)
        places = tuple(self.place(q) for q in letters)
        return Ref(entry.name, places or None, entry.barred)

    def place(self, letter: Place) -> Expr:
        """The number that stands at an axis."""
        return Num(Fraction(letter)) if isinstance(letter, str) else letter

    def size(self, size: Size) -> int:
        """The number of a size.

        Raises NoForm where it is not known.
        """
        number = bind_size(size, self.sizes)
        if not isinstance(number, int):
            raise NoForm(f"the size {size} is not known")
        return number

    def places(self, sizes: Sequence[Size]) -> list[tuple[str, ...]]:
        """Every place in axes of these sizes."""
        return list(itertools.product(*([str(k) for k in range(1, self.size(size) + 1)] for size in sizes)))

    def summed(
        self, part: Sequence[Factor], term: tm.ProductTerm, at: Mapping[int, Place], scope: frozenset[str]
    ) -> Expr:
        """The terms of Σ_j, one after the other."""
        bound = [q for q in dict.fromkeys(q for f in part for q in f.labels) if q not in at]
        terms: list[tuple[int, Expr]] = []
        for place in self.places([term.sizes[q] for q in bound]):
            names = dict(at) | dict(zip(bound, place, strict=True))
            held = [self.holds(f, names) for f in part]
            if False not in held:
                kept = [f for f, known in zip(part, held, strict=True) if known is None]
                terms.append(fraction(Fraction(1), *self.factors(kept, names, scope), self.style))
        if not terms:
            return ZERO
        return terms[0][1] if len(terms) == 1 else Sum(tuple(terms))

    def signed(self, term: Term, letters: Sequence[Place], scope: frozenset[str]) -> tuple[int, Expr]:
        """A sum without the terms that are 0 at this entry."""
        if not isinstance(term, tm.Add):
            return super().signed(term, letters, scope)
        parts = [part for t in term.terms if (part := self.signed(t, letters, scope))[1] != ZERO]
        if len(parts) < 2:
            return parts[0] if parts else (1, ZERO)
        return 1, Sum(tuple(positive_first(parts)))

    def product(self, term: tm.ProductTerm, letters: Sequence[Place], scope: frozenset[str]) -> tuple[int, Expr]:
        """A product without what index arithmetic decides; 0 where that does not hold."""
        at: dict[int, Place] = dict(zip(term.out, letters, strict=True))
        held = [self.holds(f, at) for f in term.factors]
        if False in held:
            return 1, ZERO
        bound = [f for f in term.factors if not all(q in term.out for q in f.labels)]
        if any(self.summed(part, term, at, scope) == ZERO for part in components(bound, term.out)):
            return 1, ZERO
        kept = tuple(f for f, known in zip(term.factors, held, strict=True) if known is None)
        return super().product(replace(term, factors=kept), letters, scope)

    def holds(self, factor: Factor, at: Mapping[int, Place]) -> bool | None:
        """Whether ⟦p = a i + k⟧ or ⟦0 ≤ index < size⟧ is true, where letters are numbers; positions count from 0, places from 1."""
        if not all(isinstance(at.get(q), str) for q in factor.labels):
            return None
        number = {q: int(str(at[q])) - 1 for q in factor.labels}
        relation, found = shift_of(factor), range_of(factor)
        if relation is not None:
            return sum(c * number[q] for q, c in relation.coefficients.items()) + relation.offset == 0
        if found is not None:
            index = sum(c * number[q] for q, c in found[0].items()) + found[1]
            return 0 <= index < self.size(found[2])
        return None

    def apply(self, term: Apply, letters: Sequence[Place], scope: frozenset[str]) -> Expr:
        if term.op == "position":
            return self.place(letters[0])
        return super().apply(term, letters, scope)

    def reduction(self, term: Apply, letters: Sequence[Place], scope: frozenset[str]) -> Expr:
        """max(x_1, x_2, …), or the product of the entries."""
        (body,) = term.args
        axes = sorted(term.param("axes"))
        entries: list[Expr] = []
        for place in self.places([body.shape[k] for k in axes]):
            names = list(letters)
            for axis, number in zip(axes, place, strict=True):
                names.insert(axis, number)
            entries.append(self.tree(body, names, scope))
        return side_by_side(entries) if term.op == "prod" else Call(term.op, tuple(entries))

    def other_entries(self, term: Apply, letters: Sequence[Place], scope: frozenset[str]) -> Expr:
        """The product of the entries but one."""
        (body,), axis = term.args, int(term.param("axis"))
        entries: list[Expr] = []
        for (number,) in self.places([body.shape[axis]]):
            if number != letters[axis]:
                names = list(letters)
                names[axis] = number
                entries.append(self.tree(body, names, scope))
        return side_by_side(entries) if entries else Num(Fraction(1))
