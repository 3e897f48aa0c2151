"""Axes of a space made fewer: neighbours that every access walks as one become one axis; guards cut an axis into pieces.

It works on instructions over symbolic axes and on the indices of stores; it knows no graph.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product

from wengert.targets.native.loops.nest import (
    Affine,
    Axis,
    Compute,
    Constant,
    Gather,
    Inside,
    Instruction,
    Load,
    Lookup,
    Position,
    Range,
    along,
)

MOST_PIECES = 9
Substitution = Mapping[Axis, Affine]


def indices(instructions: Iterable[Instruction]) -> Iterator[Affine]:
    """Every affine index that the instructions use."""
    for each in instructions:
        if isinstance(each, Load | Gather):
            yield each.index
            yield from (guard.index for guard in each.guards)
        elif isinstance(each, Position):
            yield each.index
        elif isinstance(each, Inside):
            yield from (guard.index for guard in each.ranges)


def merged(
    axes: Sequence[Axis], used: Sequence[Affine], groups: Sequence[frozenset[Axis]]
) -> tuple[list[Axis], dict[Axis, Affine]]:
    """Fewer axes, and what the old ones are in them. Each of the `groups` keeps its axes apart from the others'."""
    kept: list[Axis] = []
    new: dict[Axis, Affine] = {}
    chain: list[Axis] = []

    def close() -> None:
        if not chain:
            return
        if len(chain) == 1:
            kept.append(chain[0])
            return
        extent = 1
        for axis in chain:
            extent *= axis.extent
        one = Axis(extent, chain[-1].name)
        kept.append(one)
        new.update({axis: Affine() for axis in chain[:-1]})
        new[chain[-1]] = along(one)

    for axis in axes:
        if chain and _walk_as_one(chain[-1], axis, used, groups):
            chain.append(axis)
        else:
            close()
            chain[:] = [axis]
    close()
    return kept, new


def _walk_as_one(outer: Axis, inner: Axis, used: Sequence[Affine], groups: Sequence[frozenset[Axis]]) -> bool:
    if outer.clip or inner.clip or any((outer in group) != (inner in group) for group in groups):
        return False
    return all(a.coefficient(outer) == a.coefficient(inner) * inner.extent for a in used)


# pieces


@dataclass(frozen=True)
class Subspace:
    """A part of a space: for each axis, where it starts and how far it goes."""

    starts: tuple[int, ...]
    extents: tuple[int, ...]


def whole(axes: Sequence[Axis]) -> Subspace:
    """All of a space."""
    return Subspace((0,) * len(axes), tuple(axis.extent for axis in axes))


def pieces(axes: Sequence[Axis], instructions: Iterable[Instruction]) -> list[Subspace]:
    """The space cut where guards begin and end to hold, so that inside a piece each holds everywhere or nowhere; one
    piece, with its guards, where there would be too many.
    """
    cuts = {axis: {0, axis.extent} for axis in axes}
    for each in instructions:
        guards = each.guards if isinstance(each, Load | Gather) else each.ranges if isinstance(each, Inside) else ()
        for guard in guards:
            _cut(cuts, guard)
    spans = [sorted(cuts[axis]) for axis in axes]
    count = 1
    for span in spans:
        count *= len(span) - 1
    if count > MOST_PIECES:
        return [whole(axes)]
    parts = [[(a, b - a) for a, b in pairwise(span)] for span in spans]
    return [Subspace(tuple(s for s, _ in part), tuple(e for _, e in part)) for part in product(*parts)]


def _cut(cuts: dict[Axis, set[int]], guard: Range) -> None:
    if len(guard.index.terms) != 1:
        return
    ((axis, coefficient),) = guard.index.terms
    if axis not in cuts or coefficient not in (1, -1):
        return
    low, high = guard.low - guard.index.offset, guard.high - guard.index.offset
    ends = (low, high) if coefficient == 1 else (1 - high, 1 - low)
    cuts[axis].update(end for end in ends if 0 < end < axis.extent)


# rewriting


def _key(each: Instruction) -> tuple[object, ...]:
    """Equal for instructions of one value."""
    if isinstance(each, Compute):
        return (each.function, each.dtype, each.exponent, *each.inputs)
    if isinstance(each, Load):
        return (each.buffer, each.index, each.guards)
    if isinstance(each, Constant):
        return (each.dtype, repr(each.number))
    if isinstance(each, Position):
        return (each.dtype, each.index)
    return each.ranges if isinstance(each, Inside) else (each,)


class AxisRewriter:
    """Instructions with their axes replaced; guards that hold everywhere go, what is outside everywhere is 0."""

    def __init__(self, replacements: Substitution, spans: Mapping[Axis, tuple[int, int]] | None = None) -> None:
        self.replacements = replacements
        self.spans = spans
        """The first and last value of the old axes."""
        self.new: dict[Instruction, Instruction] = {}
        self.made: dict[tuple[object, ...], Instruction] = {}

    def index(self, index: Affine) -> Affine:
        """An index in the new axes."""
        return index.substitute(self.replacements)

    def rewrite(self, old: Instruction) -> Instruction:
        """The new instruction; what it reads was rewritten before. Equal ones are one: nothing is stored between them."""
        result = self._rewritten(old)
        self.new[old] = result = self.made.setdefault(_key(result), result)
        return result

    def rewrite_all(self, instructions: Iterable[Instruction]) -> list[Instruction]:
        """The new instructions in order, each once: a choice that is decided is what it chose."""
        return list(dict.fromkeys(self.rewrite(each) for each in instructions))

    def _rewritten(self, old: Instruction) -> Instruction:
        if isinstance(old, Compute):
            condition = self.new[old.inputs[0]]
            if old.function == "where" and isinstance(condition, Constant):
                return self.new[old.inputs[1 if condition.number else 2]]
            return Compute(old.function, tuple(self.new[x] for x in old.inputs), old.dtype, old.exponent)
        if isinstance(old, Load):
            guards = self._guards(old.guards)
            if guards is None:
                return Constant(0, old.dtype)
            return Load(old.buffer, self.index(old.index), guards)
        if isinstance(old, Gather):
            guards = self._guards(old.guards)
            if guards is None:
                return Constant(0, old.dtype)
            return Gather(old.buffer, self.index(old.index), self.lookups(old.lookups), guards)
        if isinstance(old, Position):
            return Position(self.index(old.index), old.dtype)
        if isinstance(old, Inside):
            guards = self._guards(old.ranges)
            if guards is None:
                return Constant(False, "bool")
            return Inside(guards) if guards else Constant(True, "bool")
        return old

    def lookups(self, lookups: Sequence[Lookup]) -> tuple[Lookup, ...]:
        """Look-ups of the new places."""
        return tuple(Lookup(self.new[each.place], each.coefficient, each.size) for each in lookups)

    def _guards(self, guards: Sequence[Range]) -> tuple[Range, ...] | None:
        """The guards that are needed; None where one holds nowhere."""
        left: list[Range] = []
        for guard in guards:
            low, high = guard.index.bounds(self.spans)
            if high < guard.low or low >= guard.high:
                return None
            if low < guard.low or high >= guard.high:
                left.append(Range(self.index(guard.index), guard.low, guard.high))
        return tuple(left)
