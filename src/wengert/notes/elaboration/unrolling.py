"""Recurrences written out: every step of every sequence as a quantity of its own, h_1, h_2, h_3, for a number of steps that is known.

What has no meaning while the number of steps is open, the loss as one expression in its inputs, single operations, can then be made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from wengert.core.ir.types import Dim
from wengert.errors import EquationError
from wengert.notes.elaboration.clock import Clock, offset_of, time_index, whole_number
from wengert.notes.elaboration.elaborate import elaborate
from wengert.notes.elaboration.phases import aligned
from wengert.notes.elaboration.system import SystemData
from wengert.notes.notation import names
from wengert.notes.notation.expr import (
    BigOp,
    Compare,
    Declaration,
    Expr,
    Index,
    Indicator,
    Line,
    Neg,
    Num,
    Product,
    Quotient,
    Ref,
    Span,
    Sum,
    walk,
    with_parts,
)
from wengert.notes.notation.tokens import Source

MOST_STEPS = 12
"""So many steps are written out."""
ZERO, ONE = Num(Fraction(0)), Num(Fraction(1))


def number_of_steps(system: SystemData, sizes: Mapping[str, int], what: str, most: int = MOST_STEPS) -> int:
    """How many steps a recurrence has, from its text or from the sizes that are stated.

    Raises EquationError where that is not known, or more than are written out.
    """
    name = system.recurrences[0].names[0]
    size = system.quantities[name].type.shape[system.time[name]]
    steps = sizes.get(size.name) if isinstance(size, Dim) else size
    line = system.line(name)
    where = Source(system.source).where(Span(*line.span))
    letter, first = system.steps.letter, system.steps.first
    if steps is None:
        repair = f"State it:  --size {size}={min(most, 3)},  or in the text:  … for {letter} = {first}…{first + 2}"
        raise EquationError(f"The number of steps is not known, and {what} writes out every step.", where, repair)
    if steps > most:
        repair = (
            f"State fewer:  --size {size}={most}" if isinstance(size, Dim) else "Write fewer steps in the equations."
        )
        raise EquationError(
            f"{what[:1].upper()}{what[1:]} writes out up to {most} steps, and there are {steps}.", where, repair
        )
    return steps


def unrolled(system: SystemData, steps: int) -> SystemData:
    """The system with every step of every sequence as a quantity of its own."""
    work = _Unrolling(system, steps)
    lines = [line for definition in system.lines for line in work.lines(definition.written)]
    reading = system.reading
    declarations = tuple(kept for each in reading.declarations if (kept := work.declaration(each)) is not None)
    ranks = {name: quantity.type.rank for name, quantity in system.quantities.items() if name not in system.time}
    for name in system.time:
        rank = system.quantities[name].type.rank - 1
        ranks |= {work.entry(name, place): rank for place in range(steps)}
    return elaborate(replace(reading, lines=tuple(lines), declarations=declarations), ranks)


def entry_names(system: SystemData, name: str, steps: int) -> list[str]:
    """The names that the entries of a sequence have when it is written out; of any other quantity its own."""
    if name not in system.time:
        return [name]
    return [_Unrolling(system, steps).entry(name, place) for place in range(steps)]


@dataclass(frozen=True)
class _Unrolling:
    system: SystemData
    steps: int

    @property
    def clock(self) -> Clock:
        clock: Clock = self.system.steps
        return clock

    def entry(self, name: str, place: int) -> str:
        """h_3, the name of the entry at a place."""
        parts = names.split(name)
        number = self.clock.first + place + self.clock.phase(name)
        return names.join(parts.base, parts.label, f"{parts.subscript}{number}", parts.primes)

    def declaration(self, each: Declaration) -> Declaration | None:
        """A declaration with sequences written out; None for one that has no meaning then."""
        if each.kind in ("assume", "size") or (each.kind == "shape" and set(each.names) & self.system.time.keys()):
            return None
        listed = [entry for name in each.names for entry in entry_names(self.system, name, self.steps)]
        return replace(each, names=tuple(listed))

    def lines(self, written: Line) -> list[Line]:
        """A line once for each step that it computes, or once."""
        line = aligned(written, self.clock, self.system.source)
        left = line.left
        assert isinstance(left, Ref)
        index = time_index(left, self.clock.axes)
        offset = None if index is None else offset_of(index)
        if offset is None:
            return [self.at(line, {})]
        return [self.at(line, {offset[0]: place}) for place in range(self.steps)]

    def at(self, line: Line, places: Mapping[str, int]) -> Line:
        rights = tuple(self.tree(right, places) for right in line.rights[:1])
        return Line(self.tree(line.left, places), rights, span=line.span)

    def tree(self, tree: Expr, places: Mapping[str, int]) -> Expr:
        """A tree with numbers for the letters of time; what is 0 goes."""
        if isinstance(tree, Ref):
            return self.quantity(tree, places)
        if isinstance(tree, Index) and tree.letter in places:
            return Num(Fraction(places[tree.letter]), span=tree.span)
        if isinstance(tree, BigOp) and self.over_time(tree):
            return self.written_out(tree, places)
        return folded(with_parts(tree, lambda part: self.tree(part, places)))

    def quantity(self, tree: Ref, places: Mapping[str, int]) -> Expr:
        clock = self.clock
        if clock.counts and tree == Ref(clock.last) and clock.last not in self.system.quantities:
            return Num(Fraction(self.steps), span=tree.span)
        axis = clock.axes.get(tree.name)
        index = time_index(tree, clock.axes)
        if axis is None or index is None:
            return tree
        offset, number = offset_of(index), whole_number(index)
        if number is not None:
            place = number - clock.first
        elif offset is not None and offset[0] == clock.last:
            place = self.steps - 1 + offset[1] - clock.ends
        elif offset is not None and offset[0] in places:
            place = places[offset[0]] + offset[1]
        else:
            return tree
        if place >= self.steps or (place < 0 and not clock.starts.get(tree.name)):
            return ZERO  # before a start of 0; beyond the end only what a condition excludes is read
        indices = tuple(each for k, each in enumerate(tree.indices or ()) if k != axis) or None
        name = clock.starts[tree.name] if place < 0 else self.entry(tree.name, place)
        return replace(tree, name=name, indices=indices)

    def over_time(self, tree: BigOp) -> bool:
        """Whether a sum runs over time."""
        axes = self.clock.axes
        refs = [part for part in walk(tree.body) if isinstance(part, Ref)]
        steps = [
            offset for ref in refs if (index := time_index(ref, axes)) is not None and (offset := offset_of(index))
        ]
        return len(tree.letters) == 1 and any(letter == tree.letters[0] for letter, _ in steps)

    def written_out(self, tree: BigOp, places: Mapping[str, int]) -> Expr:
        (letter,) = tree.letters
        parts = [self.tree(tree.body, {**places, letter: place}) for place in range(self.steps)]
        if tree.op == "sum":
            return folded(Sum(tuple((1, part) for part in parts), span=tree.span))
        if tree.op == "prod":
            return folded(Product(tuple(parts), span=tree.span))
        raise Source(self.system.source).error(
            f"'{tree.op}' over time cannot be written out.", tree.span, "Leave this form for sums over time."
        )


def folded(tree: Expr) -> Expr:
    """A tree without terms that are 0 and factors that are 1, conditions between numbers decided."""
    if isinstance(tree, Sum):
        terms = [(sign, part) for sign, part in tree.terms if part != ZERO]
        if terms and all(isinstance(part, Num) for _, part in terms):
            total = sum((sign * part.value for sign, part in terms if isinstance(part, Num)), Fraction(0))
            return Num(total) if total >= 0 else Neg(Num(-total))
        if not terms:
            return ZERO
        if len(terms) == 1:
            return terms[0][1] if terms[0][0] > 0 else Neg(terms[0][1], span=tree.span)
        return replace(tree, terms=tuple(terms))
    if isinstance(tree, Product):
        if ZERO in tree.factors:
            return ZERO
        factors = tuple(part for part in tree.factors if part != ONE)
        return ONE if not factors else factors[0] if len(factors) == 1 else replace(tree, factors=factors)
    if isinstance(tree, Neg | Quotient) and (tree.operand if isinstance(tree, Neg) else tree.numerator) == ZERO:
        return ZERO
    if isinstance(tree, Indicator) and isinstance(tree.condition, Compare):
        decided = _decided(tree.condition)
        return tree if decided is None else ONE if decided else ZERO
    return tree


def _decided(tree: Compare) -> bool | None:
    """Whether a comparison of two numbers holds; None where its sides are something else."""
    left, right = (whole_number(side) for side in (tree.left, tree.right))
    if left is None or right is None:
        return None
    signs = {
        "=": left == right,
        "≠": left != right,
        "<": left < right,
        ">": left > right,
        "≤": left <= right,
        "≥": left >= right,
    }
    return signs.get(tree.op)
