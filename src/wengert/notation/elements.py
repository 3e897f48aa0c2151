"""Index form with numbers for letters: every sum is written out, w⁽¹⁾_11 x_1 + w⁽¹⁾_12 x_2."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from wengert.ir.system import is_bar, unbar
from wengert.ir.types import Size, bind_size
from wengert.notation.expr import Call, Expr, Num, Ref, Sum
from wengert.notation.forms import IndexForm, NoForm, Place, fraction, ordered, raised
from wengert.ops import terms as tm
from wengert.ops.terms import Apply, Factor


def entry(place: Place) -> Expr:
    """The place of an entry, as a number."""
    return Num(Fraction(place)) if isinstance(place, str) else place


@dataclass
class ElementForm(IndexForm):
    """Single entries of arrays whose sizes are all known; places count from 1, as on paper."""

    sizes: Mapping[str, int] = field(default_factory=dict[str, int])

    def ref(self, name: str, letters: Sequence[Place]) -> Ref:
        """One entry."""
        quantity = self.system.quantities.get(unbar(name))
        spelled = quantity.indexed if quantity is not None and letters else unbar(name)
        return Ref(spelled or unbar(name), tuple(entry(q) for q in letters) or None, is_bar(name))

    def size(self, size: Size) -> int:
        """The number of a size.

        Raises NoForm where it is not known.
        """
        number = bind_size(size, self.sizes)
        if not isinstance(number, int):
            raise NoForm(f"the size {size} is not known")
        return number

    def summed(self, part: Sequence[Factor], term: tm.Product, at: Mapping[int, Place], scope: frozenset[str]) -> Expr:
        """The terms of Σ_j, one after the other."""
        bound = [q for q in dict.fromkeys(q for f in part for q in f.labels) if q not in at]
        terms: list[tuple[int, Expr]] = []
        for place in itertools.product(*(range(1, self.size(term.sizes[q]) + 1) for q in bound)):
            names: dict[int, Place] = dict(at) | {q: str(k) for q, k in zip(bound, place, strict=True)}
            above = [
                raised(self.show(f.term, [names[q] for q in f.labels]), f.exponent)
                for f in ordered(part, self.style)
                if f.exponent > 0
            ]
            below = [
                raised(self.show(f.term, [names[q] for q in f.labels]), -f.exponent)
                for f in ordered(part, self.style)
                if f.exponent < 0
            ]
            terms.append(fraction(Fraction(1), above, below, self.style))
        return terms[0][1] if len(terms) == 1 else Sum(tuple(terms))

    def apply(self, term: Apply, letters: Sequence[Place], scope: frozenset[str]) -> Expr:
        if term.op == "position":
            return entry(letters[0])
        return super().apply(term, letters, scope)

    def reduction(self, term: Apply, letters: Sequence[Place], scope: frozenset[str]) -> Expr:
        (body,) = term.args
        axes: tuple[int, ...] = term.param("axes")
        entries: list[Expr] = []
        for place in itertools.product(*(range(1, self.size(body.shape[k]) + 1) for k in axes)):
            names: list[Place] = list(letters)
            for axis, number in zip(axes, place, strict=True):
                names.insert(axis, str(number))
            entries.append(self.show(body, names))
        return Call(term.op, tuple(entries)) if term.op != "prod" else _product(entries)


def _product(entries: list[Expr]) -> Expr:
    from wengert.notation.forms import side_by_side

    return side_by_side(entries)
