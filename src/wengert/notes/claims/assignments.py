"""What unknown names in claims mean: the parts with which most of the claims that use them hold, each claim by itself, so that a
mistake in one does not spoil the reading."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from wengert.core.ir.graph import Node
from wengert.core.ir.names import bar
from wengert.core.ir.types import ArrayType
from wengert.errors import EquationError, GraphError, ShapeError
from wengert.notes.claims.candidates import Candidates
from wengert.notes.claims.local_derivatives import LocalDerivatives
from wengert.notes.claims.outside import is_naming
from wengert.notes.claims.part_values import Candidate
from wengert.notes.claims.points import close
from wengert.notes.claims.subexpressions import with_definitions
from wengert.notes.elaboration.reread import ContextReader
from wengert.notes.notation.expr import Expr, Line, Ref, Span, walk

Array = Any
MAX_VALUES = 4000
"""So many right sides are computed at one point to find out what names mean."""
MAX_WORK = 10_000_000
"""Or so many entries."""
MAX_CONSTRAINTS = 60
"""So many right sides are looked at, those with few unknown names first."""
BREADTH = 40
"""So many readings of the first names are kept until more lines decide."""


@dataclass(frozen=True, eq=False)
class Constraint:
    """A right side that uses unknown names, or states the error signal of one (`left`), which should equal its left side."""

    line: Line
    right: Expr
    left: str
    reads: tuple[str, ...]
    direct: bool = True
    """Whether it is as its author wrote it, without definitions put in."""

    @cached_property
    def names(self) -> tuple[str, ...]:
        """All unknown names in it."""
        return tuple(dict.fromkeys((*self.reads, *([self.left] if self.left else ()))))


Assignment = tuple[tuple[str, int], ...]
"""Names with the number of the candidate that each is read as, in order of names."""


@dataclass(frozen=True)
class Choice:
    """One of the best readings: the names that it decides, each with its candidate, and which constraints hold with it."""

    pairs: tuple[tuple[str, Candidate], ...]
    holding: frozenset[int]


@dataclass(eq=False)
class AssignmentSearch:
    """The search for the meaning of unknown names; each spelling of `spellings` is one of them.

    Those in `similar` look like quantities of the system, so that their error signal alone does not tell a part unless it is both
    stated and used.
    """

    among: Candidates
    spellings: Mapping[str, str]
    similar: frozenset[str] = frozenset()
    spent: int = 0
    nodes: dict[Any, Node | None] = field(default_factory=dict[Any, "Node | None"])
    known: dict[Any, Array] = field(default_factory=dict[Any, Array])
    told: dict[Any, bool] = field(default_factory=dict[Any, bool])

    def __post_init__(self) -> None:
        self.start = sum(point.work for point in self.among.points)

    # the claims as constraints

    @cached_property
    def constraints(self) -> list[Constraint]:
        """The right sides with unknown names, those with few of them first."""
        found: list[Constraint] = []
        for line in self.among.judge.section.claims:
            left = line.left
            if not isinstance(left, Ref) or not (left.barred or self.resolve(left.name) in self.system.quantities):
                continue
            own = self.spellings.get(left.name, "")
            for written in line.rights:
                if is_naming(left, written, self.system.loss):
                    continue  # ∂L/∂v tells nothing of v
                right = with_definitions(written, self.open)
                refs = (tree.name for tree in walk(right) if isinstance(tree, Ref))
                reads = tuple(dict.fromkeys(self.spellings[name] for name in refs if name in self.spellings))
                if own or reads:
                    found.append(Constraint(line, right, own, reads, right is written))
        return sorted(found, key=lambda each: len(each.names))[:MAX_CONSTRAINTS]

    @cached_property
    def defined(self) -> dict[str, tuple[ArrayType, list[Array]]]:
        """The names that claims define with what is known, each with its type and its value at every point."""
        found: dict[str, tuple[ArrayType, list[Array]]] = {}
        points = self.among.points
        for line in self.among.judge.section.claims:
            left = line.left
            if not isinstance(left, Ref) or left.barred or self.resolve(left.name) in self.system.quantities:
                continue
            more = self.among.judge.stated.auxiliaries | {name: type for name, (type, _) in found.items()}
            try:
                reader = ContextReader(self.system, self.system.reading, more, LocalDerivatives(self.system))
                node = reader.line(replace(line, rights=line.rights[:1])).node
                envs = [
                    point.truth | {name: values[k] for name, (_, values) in found.items()}
                    for k, point in enumerate(points)
                ]
                found[left.name] = (
                    node.type,
                    [point.value(node, env) for point, env in zip(points, envs, strict=True)],
                )
            except (EquationError, GraphError, ShapeError):
                continue  # what reads it decides nothing
        return found

    @cached_property
    def open(self) -> dict[str, Line]:
        """The lines among the claims that define a name by unknown ones, those in them put in."""
        found: dict[str, Line] = {}
        for line in self.among.judge.section.claims:
            left = line.left
            if not isinstance(left, Ref) or left.barred or left.name in self.defined:
                continue
            if self.resolve(left.name) not in self.system.quantities:
                found[left.name] = replace(line, rights=(with_definitions(line.rights[0], found),))
        return found

    @property
    def system(self) -> Any:
        return self.among.judge.system

    @cached_property
    def resolve(self) -> Any:
        return ContextReader(self.system, self.system.reading).context.resolve

    def node(self, each: Constraint, types: Mapping[str, ArrayType]) -> Node | None:
        """The right side laid out as the left one where the names have these types; None where it means nothing."""
        key = (id(each), tuple(types.items()))
        if key not in self.nodes:
            more = self.among.judge.stated.auxiliaries | {name: type for name, (type, _) in self.defined.items()}
            for spelling, name in self.spellings.items():
                if name in types:
                    more |= dict.fromkeys((spelling, bar(spelling)), types[name])
            try:
                reader = ContextReader(self.system, self.system.reading, more, LocalDerivatives(self.system))
                self.nodes[key] = reader.line(replace(each.line, rights=(each.right,))).node
            except (EquationError, GraphError, ShapeError):
                self.nodes[key] = None
        return self.nodes[key]

    def value(self, each: Constraint, reading: Mapping[str, Candidate], point: int) -> Array | None:
        """The right side at a point, the names read so; None where it has no value."""
        node = self.node(each, {name: reading[name].type for name in each.names})
        if node is None:
            return None
        key = (node, tuple(id(reading[name]) for name in each.reads), point)
        if key not in self.known:
            self.spent += 1
            env = self.among.points[point].truth | {name: values[point] for name, (_, values) in self.defined.items()}
            for spelling, name in self.spellings.items():
                if name in each.reads:
                    env[spelling], env[bar(spelling)] = reading[name].values[point], reading[name].signals[point]
            try:
                here = self.among.points[point]
                self.known[key] = here.value(node, env) if here.knows(node, env) else None
            except (EquationError, GraphError, ShapeError):
                self.known[key] = None
        return self.known[key]

    def holds(self, each: Constraint, reading: Mapping[str, Candidate]) -> bool:
        """Whether the right side equals the left one at every point, the names read so."""
        key = (id(each), *(id(reading[name]) for name in each.names))
        if key not in self.told:
            self.told[key] = all(self.holds_at(each, reading, k) for k in range(len(self.among.points)))
        return self.told[key]

    def holds_at(self, each: Constraint, reading: Mapping[str, Candidate], point: int) -> bool:
        """The same at one point."""
        left = each.line.left
        assert isinstance(left, Ref)
        name = self.resolve(left.name)
        truth = self.among.points[point].truth
        expected = reading[each.left].signals[point] if each.left else truth.get(bar(name) if left.barred else name)
        found = self.value(each, reading, point)
        return found is not None and expected is not None and close([found], [expected])

    @property
    def exhausted(self) -> bool:
        """Whether as much was tried as is reasonable."""
        return self.spent > MAX_VALUES or sum(point.work for point in self.among.points) - self.start > MAX_WORK

    def read(self, assignment: Assignment) -> dict[str, Candidate]:
        return {name: self.among.found[k] for name, k in assignment}

    # the search

    def best(self) -> list[Choice]:
        """The readings with which most constraints hold, the likeliest first; none where no constraint tells a name."""
        beam: list[Assignment] = [()]
        for each in self.constraints:
            found = dict.fromkeys(beam)
            for partial in beam:
                found |= dict.fromkeys(self.extensions(each, partial))
                if self.exhausted:
                    return []
            beam = sorted(found, key=self.merit, reverse=True)[:BREADTH]
        beam = [assignment for assignment in beam if self.merit(assignment)[0] == self.merit(beam[0])[0]]
        choices = [Choice(self.evident(assignment), self.holding(assignment)) for assignment in beam if assignment]
        return [choice for choice in choices if choice.pairs]

    def extensions(self, each: Constraint, partial: Assignment) -> Iterator[Assignment]:
        """The readings of the names of a constraint with which it holds, beside those that are read already."""
        known = dict(partial)
        free = [name for name in each.names if name not in known]
        if not 1 <= len(free) <= 2:
            return
        taken = {self.among.found[k].part.key for k in known.values()}
        places = [k for k, candidate in enumerate(self.among.found) if candidate.part.key not in taken]
        for chosen in itertools.permutations(places, len(free)):
            if self.exhausted:
                return
            assignment = tuple(sorted((known | dict(zip(free, chosen, strict=True))).items()))
            if self.holds(each, self.read(assignment)):
                yield assignment

    def holding(self, assignment: Assignment) -> frozenset[int]:
        """The places of the constraints that hold with a reading."""
        reading = self.read(assignment)
        return frozenset(
            k
            for k, each in enumerate(self.constraints)
            if all(name in reading for name in each.names) and self.holds(each, reading)
        )

    def merit(self, assignment: Assignment) -> tuple[int, int, int]:
        """How many constraints hold; how many of them are about a quantity inside the part whose signal they use; how much the
        parts hold, since w x + b is named rather than w x."""
        reading, holding = self.read(assignment), self.holding(assignment)
        inside = 0
        for k in holding:
            each = self.constraints[k]
            left = each.line.left
            assert isinstance(left, Ref)
            inside += sum(left.name in reading[name].part.reads for name in each.reads)
        return len(holding), inside, sum(candidate.part.size for candidate in reading.values())

    # what is told by them

    def evident(self, assignment: Assignment) -> tuple[tuple[str, Candidate], ...]:
        """The names of a reading for which it speaks that a constraint holds, which would not with other values of the name."""
        reading, holding = self.read(assignment), self.holding(assignment)

        def told(name: str) -> bool:
            using = [k for k, each in enumerate(self.constraints) if name in each.names]
            good = [k for k in using if k in holding]
            direct = [k for k in using if self.constraints[k].direct]
            most = 2 * sum(k in holding for k in direct) >= len(direct) or (
                len(good) > 1 and 2 * len(good) > len(using)
            )
            if not most or (len(using) == 1 and self.takes_signal(self.constraints[using[0]], name)):
                return False
            noise = self.noise(reading[name])
            stated = {self.constraints[k].left == name for k in good}
            if name in self.similar and stated != {True, False}:
                noise = replace(noise, signals=reading[name].signals)
            other = reading | {name: noise}
            return any(not self.holds(self.constraints[k], other) for k in good)

        return tuple((name, candidate) for name, candidate in reading.items() if told(name))

    def takes_signal(self, each: Constraint, name: str) -> bool:
        """Whether a line uses the error signal of a name and does not state it: where no other line has the name, this is no reason
        to take it for a part, of which many may have that signal."""
        refs = (tree for tree in walk(each.right) if isinstance(tree, Ref) and tree.barred)
        return each.left != name and any(self.spellings.get(tree.name) == name for tree in refs)

    def noise(self, candidate: Candidate) -> Candidate:
        """Something of the same type that is in no line."""

        def drawn(values: Sequence[Array]) -> list[Array]:
            return [np.asarray(self.among.judge.rng.normal(size=np.shape(value))) for value in values]

        return replace(candidate, values=drawn(candidate.values), signals=drawn(candidate.signals))

    def disputed(self, best: Sequence[Choice]) -> dict[Span, str]:
        """The lines that hold with some of the best readings and not with others, each with a name that it uses."""
        always = frozenset[int].intersection(*(choice.holding for choice in best))
        ever = frozenset[int].union(*(choice.holding for choice in best))
        return {self.constraints[k].line.span: self.constraints[k].names[0] for k in ever - always}
