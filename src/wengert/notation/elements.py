"""Index form with numbers for letters: every sum is written out, w⁽¹⁾_11 x_1 + w⁽¹⁾_12 x_2."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from wengert.ir.types import Size, bind_size
from wengert.notation.expr import Call, Expr, Num, Ref, Sum
from wengert.notation.forms import IndexForm, NoForm, Place, fraction, side_by_side
from wengert.ops import terms as tm
from wengert.ops.terms import Apply, Factor


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

    def summed(self, part: Sequence[Factor], term: tm.Product, at: Mapping[int, Place], scope: frozenset[str]) -> Expr:
        """The terms of Σ_j, one after the other."""
        bound = [q for q in dict.fromkeys(q for f in part for q in f.labels) if q not in at]
        terms: list[tuple[int, Expr]] = []
        for place in self.places([term.sizes[q] for q in bound]):
            names = dict(at) | dict(zip(bound, place, strict=True))
            terms.append(fraction(Fraction(1), *self.factors(part, names, scope), self.style))
        return terms[0][1] if len(terms) == 1 else Sum(tuple(terms))

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
