"""One best-first search over lexicons for each link of a statement; what was accepted is free for the links that follow.

A reading is accepted where both sides are equal at a square point and again at a ragged one, at which every axis has a size of its
own unless the formulas themselves say that two are one.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from wengert.notes.reading.answers import Circle, Independent, Nested
from wengert.notes.reading.arrays import BatchedArray, Clash, Closed, Misfit, joint, lifted
from wengert.notes.reading.derivatives import World
from wengert.notes.reading.facts import LOSSES
from wengert.notes.reading.lexicon import Lexicon, Question
from wengert.notes.reading.limits import (
    AXIS,
    DIFFERENCED,
    EXACT,
    FITTING,
    LARGEST_VALUE,
    LINK_STEPS,
    MAX_FORBIDDEN,
    SURPRISE,
    TRIES,
)
from wengert.notes.reading.points import Ragged, Sizes, Square
from wengert.notes.reading.readings import READINGS
from wengert.notes.reading.scope import Scope
from wengert.notes.reading.scope_line import ScopeLine
from wengert.notes.reading.trees import Num, Relation, Script, Tree
from wengert.notes.reading.work import TRY

Array = Any
Given = Mapping[Question, Any]
ZEROS = {Num(Fraction(0)), Num(Fraction(0), 0)}
FORBIDDEN: Question = ("no definition", "")
EXAMPLE: Question = ("example", "")
WITHOUT_LOSS = 0.7
"""The surprise of a loss whose line is not meant here."""
NUMERIC_FAULTS = (Misfit, Nested, ValueError, ArithmeticError, IndexError, np.linalg.LinAlgError, RecursionError)
OF_VALUES = frozenset({"simplex", "symmetric"})
"""Readings that change values but never ranks: asked where values differ."""
OF_WHAT_IS_DERIVED = frozenset({"reach of ∂", "call", "as stated", "summed letter"})


@dataclass
class Outcome:
    """One link under one lexicon at one point."""

    equal: bool
    lexicon: Lexicon
    world: World
    fault: Exception | None = None
    sides: tuple[Array, Array] | None = None
    letters: tuple[str, ...] = ()


@dataclass
class Found:
    """What a search found: the reading under which a link holds, or how it fails as it stands."""

    holds: bool
    first: Outcome
    given: dict[Question, Any] = field(default_factory=dict)
    surprise: float = 0.0
    outcome: Outcome | None = None
    untried: bool = False
    """Whether readings are left that were not tried."""
    next_surprise: float = SURPRISE
    """The surprise of the first of them."""
    blind: bool = False
    """Whether under each reading that was tried something does not depend on what it is derived by."""
    fitting: list[dict[Question, Any]] = field(default_factory=list)
    """Readings without a condition in which a mistake may lie."""
    fitted: Outcome | None = None
    """How the link fails under the first of them, where both sides have a value."""


class Search:
    """The links of one scope."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.learned: dict[Question, Any] = {}

    # one try

    def evaluate(
        self,
        line: ScopeLine,
        link: int,
        given: Given,
        sizes: Sizes | None = None,
        seed: int = 0,
        condition: Relation | None = None,
    ) -> Outcome:
        """Both sides of a link at one point."""
        place = sizes if sizes is not None else self.square()
        while True:
            self.scope.work.done += TRY
            lexicon = self.lexicon(line, link, given)
            world = World(self.scope, lexicon, line.position, place, seed)
            try:
                return self.compare(line, link, world, condition)
            except Clash as clash:
                if not place.join(*clash.sizes):
                    return Outcome(False, lexicon, world, Misfit("axes have other sizes"))
            except Circle as circle:
                last = max((each.position for each in circle.lines), default=None)
                known = self.learned.get(FORBIDDEN, ())
                if last is None or last in lexicon.given.get(FORBIDDEN, ()) or len(known) > MAX_FORBIDDEN:
                    return Outcome(False, lexicon, world, Misfit("its lines define each other"))
                self.learned[FORBIDDEN] = tuple(sorted({*known, last}))
            except NUMERIC_FAULTS as fault:
                return Outcome(False, lexicon, world, fault)

    def lexicon(self, line: ScopeLine, link: int, given: Given) -> Lexicon:
        """What the scope has learned and what is tried for a link."""
        answers = {**self.learned, **given}
        both = {*self.learned.get(FORBIDDEN, ()), *given.get(FORBIDDEN, ())}
        if both:
            answers[FORBIDDEN] = tuple(sorted(both))
        if numeric(line, link) or written_out(line, link):
            answers[EXAMPLE] = True
        return Lexicon(answers)

    def moving(self, sides: Sequence[Tree]) -> frozenset[str]:
        """The names that move where a side is a differential, with what they are entries of."""
        moving = moving_names(sides)
        return moving | {self.scope.facts.alias[name] for name in moving if name in self.scope.facts.alias}

    def square(self) -> Sizes:
        return Ragged(self.scope.facts.literal_sizes) if self.scope.facts.literal_sizes else Square(AXIS)

    def ragged(self) -> Sizes:
        return Ragged(self.scope.facts.literal_sizes, self.scope.facts.entries + self.scope.facts.zero)

    def compare(self, line: ScopeLine, link: int, world: World, condition: Relation | None) -> Outcome:
        before = previous(line, link)
        left, right = line.sides[before], line.sides[link]
        assert left is not None
        assert right is not None
        env = world.environment()
        world.moving = self.moving((left, right))
        x = world.value(left, env)
        world.left = x
        return self.agreement(line, link, world, condition, x, world.value(right, env))

    def agreement(
        self, line: ScopeLine, link: int, world: World, condition: Relation | None, x: BatchedArray, y: BatchedArray
    ) -> Outcome:
        """Two values compared as the sides of a link."""
        left, right = line.sides[previous(line, link)], line.sides[link]
        assert left is not None
        assert right is not None
        lexicon = world.lexicon
        x, y = _entrywise(x, y, lexicon)
        if x.rank != y.rank:
            if {left, right} & ZEROS and _vanishes(x.array) and _vanishes(y.array):
                return Outcome(True, lexicon, world)
            raise Misfit(f"the sides have {x.rank} and {y.rank} axes")
        if x.rank == 1 and x.row != y.row and lexicon.ask("lying") is None:
            raise Misfit("a row is compared with a column")
        letters, a, b = joint(x, y)
        for p, q in zip(x.shape, y.shape, strict=True):
            if p != q:
                raise Clash(p, q)
        tolerance = DIFFERENCED if "differences" in lexicon.marks else EXACT
        if numeric(line, link):
            return Outcome(_rounded(a, b, left, right), lexicon, world, sides=(a, b), letters=letters)
        if _vanishes(a) and _vanishes(b) and not {left, right} & ZEROS:
            raise Misfit("both sides are zero as they are read")
        if _close(a, b, tolerance):
            return Outcome(True, lexicon, world)
        own = [] if condition is None else [condition]
        for each in [*own, *world.conditions, *conditions_within(line)]:
            if self.holds_where(each, a, b, letters, x.rank, world):
                return Outcome(True, lexicon, world)
        return Outcome(False, lexicon, world, sides=(a, b), letters=letters)

    def holds_where(
        self, condition: Relation, a: Array, b: Array, letters: tuple[str, ...], rank: int, world: World
    ) -> bool:
        """Whether two sides agree at the entries that a condition names."""
        try:
            where = world.condition(condition, world.environment())
        except (Misfit, Nested):
            return False
        if not set(where.letters) <= set(letters) or not where.letters:
            return False
        mask = lifted(where, letters).real.astype(bool)
        for p, q in zip(mask.shape[1:], np.broadcast_shapes(a.shape, b.shape)[1:], strict=False):
            if p not in (1, q) and q != 1:
                raise Clash(p, q)
        mask = mask.reshape(mask.shape + (1,) * rank)
        return bool(np.allclose(a * mask, b * mask, rtol=EXACT, atol=1e-13)) and bool(
            np.any((np.abs(a) + np.abs(b)) * mask)
        )

    # the search

    def search(self, line: ScopeLine, link: int, tries: int = TRIES, condition: Relation | None = None) -> Found:
        """The least surprising reading under which a link holds."""
        end = self.scope.work.done + LINK_STEPS
        count = itertools.count(1)
        heap: list[tuple[float, int, tuple[tuple[Question, Any], ...]]] = [(0.0, 0, ())]
        seen: set[tuple[tuple[Question, Any], ...]] = {()}
        blind = True
        failed: list[tuple[dict[Question, Any], Outcome]] = []
        while heap and tries > 0 and self.scope.work.done < end:
            surprise, _, chosen = heapq.heappop(heap)
            given = dict(chosen)
            outcome = self.evaluate(line, link, given, condition=condition)
            blind = blind and isinstance(outcome.fault, Independent)
            tries -= 1
            vacuous = "empty sign" in outcome.lexicon.marks and ("empty sign", "") not in given
            if outcome.equal and not vacuous and self.certified(line, link, given, condition):
                first = failed[0][1] if failed else outcome
                return Found(True, first, given, surprise, outcome, fitting=self.fitting(failed))
            failed.append((given, outcome))
            for question, answer, more in self.alternatives(outcome, given, vacuous):
                if surprise + more > SURPRISE or question in given:
                    continue
                longer = tuple(sorted((*chosen, (question, answer)), key=repr))
                if longer not in seen:
                    seen.add(longer)
                    heapq.heappush(heap, (surprise + more, next(count), longer))
        fitted = next(
            (outcome for given, outcome in failed if outcome.sides is not None and not self.conditions(given, outcome)),
            None,
        )
        left = heap[0][0] if heap else SURPRISE
        return Found(
            False,
            failed[0][1],
            untried=bool(heap),
            next_surprise=left,
            fitting=self.fitting(failed),
            fitted=fitted,
            blind=blind,
        )

    def certified(self, line: ScopeLine, link: int, given: Given, condition: Relation | None) -> bool:
        """Whether a link holds at a second point too, at which axes have sizes of their own."""
        return self.evaluate(line, link, given, self.ragged(), 7, condition).equal

    def alternatives(self, outcome: Outcome, given: Given, vacuous: bool) -> Iterator[tuple[Question, Any, float]]:
        """The other answers to what was asked in a try that failed."""
        if outcome.equal and vacuous:
            yield ("empty sign", ""), True, READINGS["empty sign"].options(None, "", self.scope.facts)[0][1]
            return
        if isinstance(outcome.fault, Closed):
            return
        blind = isinstance(outcome.fault, Independent)
        if isinstance(outcome.fault, Independent) and FORBIDDEN not in given:
            for base in {self.scope.facts.loss, outcome.fault.base} & (LOSSES | {self.scope.facts.loss}):
                loss = self.scope.definitions.get(base)
                if loss:
                    yield FORBIDDEN, tuple(line.position for line in loss), WITHOUT_LOSS
        if not blind and FORBIDDEN not in given:
            yield from self.another_line(outcome)
        for question, prior in list(outcome.lexicon.asked.items()):
            name, subject = question
            reading = READINGS.get(name)
            if reading is None or (blind and name not in OF_WHAT_IS_DERIVED):
                continue
            if name in OF_VALUES and outcome.sides is None:
                continue
            if name == "simplex" and not self.is_vector(subject, outcome):
                continue
            current = self.learned.get(question, prior)
            for answer, surprise in reading.options(current, subject, self.scope.facts):
                yield question, answer, surprise

    def another_line(self, outcome: Outcome) -> Iterator[tuple[Question, Any, float]]:
        """A loss or a signal that has several lines without the nearest: one may be written for each kind of output, one be mistaken."""
        for key in outcome.world.read:
            nearest = self.scope.find(key, outcome.world.asker) if key[0] in LOSSES | {"δ"} else None
            if nearest is None or nearest[0].position > outcome.world.asker:
                continue
            place = nearest[0].position
            if self.scope.find(key, outcome.world.asker, (place,)) is not None:
                yield FORBIDDEN, (place,), WITHOUT_LOSS

    def fitting(self, failed: Sequence[tuple[dict[Question, Any], Outcome]]) -> list[dict[Question, Any]]:
        """The readings without a condition in which a mistake may lie: the usual one, then those that give both sides a value."""
        free = [
            (given, outcome)
            for given, outcome in failed
            if outcome.world.left is not None and not self.conditions(given, outcome)
        ]
        usual = [given for given, _ in free[:1]]
        both = [given for given, outcome in free[1:] if outcome.sides is not None]
        return (usual + both)[:FITTING]

    def conditions(self, given: Given, outcome: Outcome) -> bool:
        """Whether a reading is a condition rather than a way to read."""
        prior = {**outcome.lexicon.asked, **self.learned}
        readings = ((READINGS.get(name), subject, answer) for (name, subject), answer in given.items())
        return any(
            reading is not None and reading.conditional(answer, prior.get((reading.name, subject)), subject)
            for reading, subject, answer in readings
        )

    def is_vector(self, base: str, outcome: Outcome) -> bool:
        return any(key[0] == base and value.rank == 1 for key, value in outcome.world.inputs.items())

    def learn(self, given: Given, lexicon: Lexicon) -> None:
        """Keep what an accepted reading decided, unless it is a condition."""
        for question, answer in given.items():
            reading = READINGS.get(question[0])
            if reading is None or not reading.shared:
                continue
            if not reading.conditional(answer, self.learned.get(question, lexicon.asked.get(question)), question[1]):
                self.learned.setdefault(question, answer)


def moving_names(sides: Sequence[Tree]) -> frozenset[str]:
    """The names before which a d stands: these move where something is a differential."""
    return frozenset().union(*(side.differentials for side in sides))


def previous(line: ScopeLine, link: int) -> int:
    """The side before a link that is read; the first where none is."""
    return next((k for k in range(link - 1, -1, -1) if line.sides[k] is not None), 0)


def conditions_within(line: ScopeLine) -> list[Relation]:
    """Conditions that a statement has behind it, or in the indices of its names: z_{i ≠ j}."""
    return line.conditions + [
        node.sub
        for side in line.sides
        if side is not None
        for node in side.nodes
        if isinstance(node, Script) and isinstance(node.sub, Relation) and node.sub.sign != "="
    ]


def numeric(line: ScopeLine, link: int) -> bool:
    """Whether a link says what number something is."""
    sides = [side for side in (line.sides[previous(line, link)], line.sides[link]) if side is not None]
    bare = [not side.is_named for side in sides]
    return (all(bare) and len(bare) == 2) or (any(bare) and any(side.has_decimals for side in sides))


def written_out(line: ScopeLine, link: int) -> bool:
    """Whether a side of a link has an array that is written out."""
    sides = (line.sides[previous(line, link)], line.sides[link])
    return any(side is not None and side.has_arrays for side in sides)


def _rounded(a: Array, b: Array, left: Tree, right: Tree) -> bool:
    """Whether two numbers agree as far as they are written out, allowing for roundings on the way."""
    digits = [
        node.digits
        for side in (left, right)
        for node in side.nodes
        if isinstance(node, Num) and node.digits is not None
    ]
    unit = 10.0 ** -min(digits) if digits else 0.0
    size = max(float(np.max(np.abs(a))), float(np.max(np.abs(b))))
    return bool(
        np.max(np.abs(a - b))
        <= max(unit if unit < 0.2 * size else 0.5 * unit, EXACT * size, 0.002 * size if digits else 0.0)
    )


def _vanishes(array: Array) -> bool:
    return not np.any(np.abs(array) > 1e-12)


def _close(a: Array, b: Array, tolerance: float) -> bool:
    if not (np.all(np.isfinite(a)) and np.all(np.isfinite(b))):
        raise Misfit("a value is not finite")
    largest = max(float(np.max(np.abs(a))), float(np.max(np.abs(b))))
    if largest > LARGEST_VALUE:
        raise Misfit("the values are too large to be compared")
    return float(np.max(np.abs(a - b))) <= tolerance * largest + 1e-13


def _entrywise(x: BatchedArray, y: BatchedArray, lexicon: Lexicon) -> tuple[BatchedArray, BatchedArray]:
    """A diagonal Jacobian beside a vector is that of an entrywise function: its diagonal is meant."""
    if {x.rank, y.rank} != {1, 2} or (1, 1) not in (x.jac, y.jac):
        return x, y
    big = x if x.rank == 2 else y
    if big.shape[0] != big.shape[1]:
        return x, y
    diagonal = np.diagonal(big.array, axis1=-2, axis2=-1)
    if not np.allclose(big.array, diagonal[..., None] * np.eye(diagonal.shape[-1]), atol=1e-12):
        return x, y
    lexicon.marks.add("entrywise")
    narrow = BatchedArray(diagonal, big.letters)
    return (narrow, y) if x.rank == 2 else (x, narrow)
