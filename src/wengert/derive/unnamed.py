"""Names that only claims use, read as parts of the forward lines: s̄ where f = 1 / (1 + e^(−(w x + b))) and no line says s = w x + b.

Every part that could be meant has a value and an error signal at random points. A name is read as the part with which most of the
claims that use it hold there, each by itself, so that a mistake in one of them does not spoil the reading.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from wengert.autodiff.reverse import vjp
from wengert.derive.claims import POINTS, Claim, Judge
from wengert.derive.local import LocalDerivatives
from wengert.derive.outside import GIVEN
from wengert.derive.points import Point, close, draw
from wengert.derive.subexpressions import Part, unnamed_parts, with_named_part
from wengert.errors import CheckError, EquationError, GraphError, ShapeError
from wengert.ir.graph import Node, input_node
from wengert.ir.system import System, bar
from wengert.ir.types import ArrayType
from wengert.notation.elaborate import elaborate
from wengert.notation.expr import Expr, Line, Ref, walk
from wengert.notation.manuscript import Section, Unread
from wengert.notation.reader import LOSSES
from wengert.notation.reread import ContextReader
from wengert.notation.unicode import show

Array = Any
MAX_NAMES = 6
"""More names than these are not looked for in one system."""
MAX_PARTS = 48
"""Nor in lines that have more parts."""
MAX_SIGNS = 400
"""Nor in lines that are longer."""
MAX_LINES = 40
"""Nor in longer systems."""
MAX_VALUES = 4000
"""So many right sides are computed at one point to find out what names mean."""
BREADTH = 40
"""So many readings of the first names are kept until more lines decide."""
PART = "part"
"""The name of a part while its value is worked out."""


@dataclass(frozen=True)
class Meant:
    """A name that no equation has, and a sentence on what it was read as."""

    name: str
    text: str


@dataclass(frozen=True, eq=False)
class Understood:
    """A section whose system has lines for the names that only its claims use, and the claims that could not be decided."""

    section: Section
    meant: tuple[Meant, ...] = ()
    unread: tuple[Unread, ...] = ()


def understood(section: Section) -> Understood:
    """The section with a line for each name that only its claims use, where they tell of which part it is the name."""
    names = unknown_names(section)
    if not names or len(names) > MAX_NAMES or not section.whole or len(section.system.lines) > MAX_LINES:
        return Understood(section)
    written = [line.written for line in section.system.lines]
    if sum(1 for line in written for tree in walk(line.rights[0])) > MAX_SIGNS:
        return Understood(section)
    parts = unnamed_parts(written)
    if len(parts) > MAX_PARTS:
        return Understood(section)
    try:
        judge = Judge(section)
        points = [draw(judge.chain, judge.rng) for _ in range(POINTS)]
    except (EquationError, CheckError, GraphError, ShapeError):
        return Understood(section)  # the claims will be refused with this reason
    candidates = [c for part in parts if (c := candidate(judge, points, part)) is not None]
    readings = _Readings(judge, points, names, candidates)
    return readings.understood(section)


def noted(claims: Sequence[Claim], meant: Sequence[Meant]) -> list[Claim]:
    """The claims, each name's meaning as a note of the first that uses it."""
    found = sorted(claims, key=lambda claim: claim.span)
    for each in meant:
        for k, claim in enumerate(found):
            sides = (claim.line.left, claim.line.rights[claim.link])
            if any(isinstance(tree, Ref) and tree.name == each.name for side in sides for tree in walk(side)):
                found[k] = replace(claim, note="; ".join(filter(None, (claim.note, each.text))))
                break
    return found


def unknown_names(section: Section) -> tuple[str, ...]:
    """The names in claims that are neither in the system nor defined by one of them."""
    system = section.system
    context = ContextReader(system, system.reading).context
    defined = {c.left.name for c in section.claims if isinstance(c.left, Ref) and not c.left.barred}
    hidden = context.hidden_names() | defined | LOSSES
    found: dict[str, None] = {}
    for tree in (tree for claim in section.claims for side in (claim.left, *claim.rights) for tree in walk(side)):
        if not isinstance(tree, Ref) or context.resolve(tree.name) in system.quantities or tree.name in hidden:
            continue
        if tree.name.startswith(("δ", GIVEN)) or (not tree.barred and tree.name.lower() in system.letter_sizes):
            continue
        found[tree.name] = None
    return tuple(found)


# what could be meant


@dataclass(frozen=True, eq=False)
class Candidate:
    """A part of the forward lines with its type, and its value and error signal at every point."""

    part: Part
    type: ArrayType
    values: Sequence[Array]
    signals: Sequence[Array]


def candidate(judge: Judge, points: Sequence[Point], part: Part) -> Candidate | None:
    """The part with its values; None where it has none, or a line means something else when a part of it has a name."""
    system = judge.chain.system
    try:
        node = ContextReader(system, system.reading).line(Line(part.called(PART), (part.tree,))).node
        if not node.type.is_float:
            return None
        values = [point.value(node, point.truth) for point in points]
        signals = [np.zeros(np.shape(value)) for value in values]
        for line in system.lines:
            written = with_named_part(line.written, part, PART)
            if written is line.written:
                continue
            added = contribution(system, points, line.name, written, node.type, values)
            if added is None:
                return None
            signals = [a + b for a, b in zip(signals, added, strict=True)]
    except (EquationError, GraphError, ShapeError):
        return None
    return Candidate(part, node.type, values, signals)


def contribution(
    system: System, points: Sequence[Point], child: str, line: Line, type: ArrayType, values: Sequence[Array]
) -> list[Array] | None:
    """ū ∂u/∂p at every point, for a line of u that reads a part p under its name; None where it has another value then.

    Raises EquationError where it has none.
    """
    reader = ContextReader(system, system.reading, {PART: type})
    node = reader.line(replace(line, rights=line.rights[:1])).node
    here = [point.truth | {PART: value} for point, value in zip(points, values, strict=True)]
    found = [point.value(node, env) for point, env in zip(points, here, strict=True)]
    if not close(found, [point.truth[child] for point in points]):
        return None
    if bar(child) in points[0].truth:
        (result,) = vjp([node], [reader.context.leaf(PART)], [input_node(bar(child), node.type)], weigh=True)
        if result is not None:
            return [point.value(result, env) for point, env in zip(points, here, strict=True)]
    return [np.zeros(np.shape(value)) for value in values]


# what they are read as


@dataclass(frozen=True, eq=False)
class Constraint:
    """A right side that uses unknown names, or states the error signal of one (`left`), which should equal its left side."""

    line: Line
    right: Expr
    left: str
    reads: tuple[str, ...]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """All unknown names in it."""
        return tuple(dict.fromkeys((*self.reads, *([self.left] if self.left else ()))))


Assignment = tuple[tuple[str, int], ...]
"""Names with the number of the candidate that each is read as, in order of names."""


@dataclass(eq=False)
class _Readings:
    judge: Judge
    points: Sequence[Point]
    names: Sequence[str]
    candidates: Sequence[Candidate]
    spent: int = 0
    nodes: dict[Any, Node | None] = field(default_factory=dict[Any, "Node | None"])
    known: dict[Any, Array] = field(default_factory=dict[Any, Array])
    held: dict[Assignment, frozenset[int]] = field(default_factory=dict[Assignment, frozenset[int]])

    def understood(self, section: Section) -> Understood:
        """The section with the names that are decided."""
        best = self.search()
        if not best:
            return Understood(section)
        chosen, holding = best[0]
        chosen = self.evident(chosen, holding)
        disputed = self.disputed(best, dict(chosen))
        pairs = [(name, self.candidates[k].part) for name, k in chosen]
        system = with_named_parts_of(section.system, pairs)
        if system is None or not pairs:
            return Understood(section)
        claims = tuple(claim for claim in section.claims if claim.span not in disputed)
        unread = tuple(
            Unread(
                claim.span,
                f"What '{disputed[claim.span]}' means cannot be told: of the lines that use it only some hold at a time.",
                f"Write what it is:  {disputed[claim.span]} = …",
                claim.span,
            )
            for claim in section.claims
            if claim.span in disputed
        )
        symbols = system.reading.symbols
        meant = tuple(
            Meant(name, f"{show(part.called(name), symbols=symbols)} read as {show(part.tree, symbols=symbols)}")
            for name, part in pairs
        )
        return Understood(replace(section, system=system, claims=claims), meant, unread)

    # the claims as constraints

    @cached_property
    def constraints(self) -> list[Constraint]:
        """The right sides with unknown names, those with few of them first."""
        found: list[Constraint] = []
        for line in self.judge.section.claims:
            left = line.left
            if not isinstance(left, Ref) or not (left.barred or self.is_known(left.name)):
                continue
            own = left.name if left.name in self.names else ""
            for right in line.rights:
                refs = (tree.name for tree in walk(right) if isinstance(tree, Ref))
                reads = tuple(dict.fromkeys(name for name in refs if name in self.names))
                if own or reads:
                    found.append(Constraint(line, right, own, reads))
        return sorted(found, key=lambda each: len(each.names))

    def is_known(self, name: str) -> bool:
        return self.resolve(name) in self.judge.system.quantities

    @cached_property
    def resolve(self) -> Any:
        system = self.judge.system
        return ContextReader(system, system.reading).context.resolve

    def node(self, each: Constraint, types: Mapping[str, ArrayType]) -> Node | None:
        """The right side laid out as the left one where the names have these types; None where it means nothing."""
        key = (id(each), tuple(types.items()))
        if key not in self.nodes:
            system = self.judge.system
            more = dict(self.judge.auxiliaries) | {n: t for name, t in types.items() for n in (name, bar(name))}
            try:
                reader = ContextReader(system, system.reading, more, LocalDerivatives(system))
                self.nodes[key] = reader.line(replace(each.line, rights=(each.right,))).node
            except (EquationError, GraphError, ShapeError):
                self.nodes[key] = None
        return self.nodes[key]

    def value(self, each: Constraint, reading: Mapping[str, int | Candidate], point: int) -> Array | None:
        """The right side at a point, the names read so; None where it has no value."""
        read = {name: self.candidate(reading[name]) for name in each.names}
        node = self.node(each, {name: candidate.type for name, candidate in read.items()})
        if node is None:
            return None
        key = (node, tuple(id(read[name]) for name in each.reads), point)
        if key not in self.known:
            self.spent += 1
            env = dict(self.points[point].truth)
            for name in each.reads:
                env[name], env[bar(name)] = read[name].values[point], read[name].signals[point]
            try:
                self.known[key] = self.points[point].value(node, env)
            except (EquationError, GraphError, ShapeError, KeyError):
                self.known[key] = None
        return self.known[key]

    def candidate(self, which: int | Candidate) -> Candidate:
        return self.candidates[which] if isinstance(which, int) else which

    def holds(self, each: Constraint, reading: Mapping[str, int | Candidate]) -> bool:
        """Whether the right side equals the left one at every point, the names read so."""
        for k, point in enumerate(self.points):
            found = self.value(each, reading, k)
            left = each.line.left
            assert isinstance(left, Ref)
            if each.left:
                expected = self.candidate(reading[each.left]).signals[k]
            else:
                name = self.resolve(left.name)
                expected = point.truth.get(bar(name) if left.barred else name)
            if found is None or expected is None or not close([found], [expected]):
                return False
        return True

    # the search

    def search(self) -> list[tuple[Assignment, frozenset[int]]]:
        """The readings with which most constraints hold, the likeliest first, each with those that hold."""
        beam: list[Assignment] = [()]
        for each in self.constraints:
            found = dict.fromkeys(beam)
            for partial in beam:
                found |= dict.fromkeys(self.extensions(each, dict(partial)))
                if self.spent > MAX_VALUES:
                    return []
            beam = sorted(found, key=self.merit, reverse=True)[:BREADTH]
        rated = [(self.merit(a), a, self.holding(a)) for a in beam if a]
        if not rated:
            return []
        most = max(merit for merit, _, _ in rated)
        return [(a, holding) for merit, a, holding in rated if merit[0] == most[0]]

    def extensions(self, each: Constraint, partial: Mapping[str, int]) -> Iterator[Assignment]:
        """The readings of the names of a constraint with which it holds, beside those that are read already."""
        free = [name for name in each.names if name not in partial]
        if not 1 <= len(free) <= 2:
            return
        places = [k for k in range(len(self.candidates)) if k not in partial.values()]
        for chosen in itertools.permutations(places, len(free)):
            if self.spent > MAX_VALUES:
                return
            reading = {**partial, **dict(zip(free, chosen, strict=True))}
            if self.holds(each, reading):
                yield tuple(sorted(reading.items()))

    def holding(self, assignment: Assignment) -> frozenset[int]:
        """The places of the constraints that hold with a reading."""
        if assignment not in self.held:
            reading = dict(assignment)
            self.held[assignment] = frozenset(
                k
                for k, each in enumerate(self.constraints)
                if all(name in reading for name in each.names) and self.holds(each, reading)
            )
        return self.held[assignment]

    def merit(self, assignment: Assignment) -> tuple[int, int, int]:
        """How many constraints hold; how many of them are about a quantity inside the part whose signal they use; how much the
        parts hold, since w x + b is named rather than w x."""
        reading, holding = dict(assignment), self.holding(assignment)
        inside = 0
        for k in holding:
            each = self.constraints[k]
            left = each.line.left
            assert isinstance(left, Ref)
            inside += sum(left.name in self.candidates[reading[name]].part.reads for name in each.reads)
        return len(holding), inside, sum(self.candidates[k].part.size for k in reading.values())

    # what is told by them

    def evident(self, assignment: Assignment, holding: frozenset[int]) -> Assignment:
        """The names of a reading for which it speaks that a constraint holds, which would not with other values of the name."""
        reading = dict(assignment)

        def told(name: str) -> bool:
            using = [k for k, each in enumerate(self.constraints) if name in each.names]
            good = [k for k in using if k in holding]
            if 2 * len(good) < len(using):
                return False
            other = reading | {name: self.noise(self.candidates[reading[name]])}
            return any(not self.holds(self.constraints[k], other) for k in good)

        return tuple((name, k) for name, k in assignment if told(name))

    def noise(self, candidate: Candidate) -> Candidate:
        """Something of the same type that is in no line."""

        def drawn(values: Sequence[Array]) -> list[Array]:
            return [np.asarray(self.judge.rng.normal(size=np.shape(value))) for value in values]

        return replace(candidate, values=drawn(candidate.values), signals=drawn(candidate.signals))

    def disputed(self, best: Sequence[tuple[Assignment, frozenset[int]]], chosen: Mapping[str, int]) -> dict[Any, str]:
        """The claims that hold with some of the best readings and not with others, each with a name that it uses."""
        always = frozenset[int].intersection(*(holding for _, holding in best))
        ever = frozenset[int].union(*(holding for _, holding in best))
        found: dict[Any, str] = {}
        for k in ever - always:
            each = self.constraints[k]
            found[each.line.span] = next((name for name in each.names if name in chosen), each.names[0])
        return found


def with_named_parts_of(system: System, pairs: Sequence[tuple[str, Part]]) -> System | None:
    """The system with a line for each named part, which the lines that hold it read; None where that has no meaning."""
    lines = list(system.reading.lines)
    for name, part in sorted(pairs, key=lambda pair: -pair[1].size):
        named = [with_named_part(line, part, name) for line in lines]
        places = [k for k, (new, old) in enumerate(zip(named, lines, strict=True)) if new is not old]
        if not places:
            return None
        first = places[0]
        line = Line(part.called(name), (part.tree,), span=lines[first].span)
        lines = [*named[:first], line, *named[first:]]
    try:
        found = elaborate(replace(system.reading, lines=tuple(lines)))
    except (EquationError, GraphError, ShapeError):
        return None
    same = all(
        name in found.quantities and found.quantities[name].type.rank == quantity.type.rank
        for name, quantity in system.quantities.items()
    )
    return found if same else None
