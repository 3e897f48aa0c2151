"""Claims about a system judged at random points, with the author's own earlier lines, so that one mistake is reported once.

An error signal holds if it is Σ ū ∂u/∂v with the signals as the author stated them, or if it is the true one; of a = b = c only b is
judged so, each further link against the one before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any

import numpy as np

from wengert.derive.backward import influence
from wengert.derive.claims_over_time import Steps, entry_of_signal, filled, said_of, steps_left_out, with_entry
from wengert.derive.corrections import Corrections, as_written
from wengert.derive.diagnosis import Diagnostician, Effort, surroundings
from wengert.derive.diagonals import BEFORE, BEHIND, stated_entries
from wengert.derive.edits import Surroundings, letters_of
from wengert.derive.kinds import Diagnosis
from wengert.derive.local import LocalDerivatives
from wengert.derive.outside import GIVEN, given_names, is_naming, with_loss_signals, with_outside_signals
from wengert.derive.points import Chain, Point, close, draw
from wengert.derive.rows import is_row, with_rows
from wengert.derive.scattered import gathered, writes_at, writings
from wengert.derive.sides import with_both_sides
from wengert.derive.suppositions import Supposition, suppositions
from wengert.errors import CheckError, EquationError, GraphError, ShapeError, WengertError
from wengert.ir.graph import Node
from wengert.ir.system import System, bar, is_bar, is_entry, sequence_name, unbar
from wengert.ir.types import ArrayType
from wengert.ir.walk import topological
from wengert.notation.bound_letters import with_own_letters
from wengert.notation.clock import running_letters
from wengert.notation.expr import Derive, Expr, Line, Partial, Ref, Span, walk
from wengert.notation.manuscript import Section, Unread, unread
from wengert.notation.names import split
from wengert.notation.phases import new_phase
from wengert.notation.reader import LOSSES
from wengert.notation.reread import ContextReader
from wengert.notation.sequences import claim_at_step

Array = Any
POINTS = 3


@dataclass(frozen=True, eq=False)
class Claim:
    """One right side of a line about a quantity, and what was found of it.

    status    "holds", "wrong" or "defined" (an auxiliary quantity, which a later line may use)
    note      what it holds under, or that it holds but does not follow
    """

    line: Line
    link: int
    span: Span
    status: str
    note: str = ""
    finding: Finding | None = None


@dataclass(frozen=True, eq=False)
class Finding:
    """What is known of a wrong claim: both values where they differ, and the node and values that were expected."""

    problem: str
    values: tuple[Array, ...] = ()
    expected: tuple[Array, ...] = ()
    letters: tuple[str, ...] = ()
    """The letters of the axes of values that are not laid out as the left side."""
    diagnosis: Diagnosis | None = None
    corrected: Expr | None = None
    """A right side that holds."""


@dataclass
class Judge:
    """Judges the claims of one section in their order."""

    section: Section
    points: list[Point] = field(default_factory=list[Point])
    auxiliaries: dict[str, ArrayType] = field(default_factory=dict[str, ArrayType])
    statements: list[tuple[str, Node]] = field(default_factory=list[tuple[str, Node]])
    """What the author has stated so far, in order: names and nodes, for points that are drawn later."""
    unread: list[Unread] = field(default_factory=list[Unread])
    effort: Effort = field(default_factory=Effort)
    explains: bool = True
    """Whether it is found out what is wrong with a claim."""
    disputed: dict[str, list[Node]] = field(default_factory=dict[str, list[Node]])
    """The sides of lines for names of the author's own that are not equal: which is wrong is said there, and not where they are used."""
    definitions: dict[str, Line] = field(default_factory=dict[str, Line])
    """The lines of the author's auxiliaries."""
    blamed: dict[str, str] = field(default_factory=dict[str, str])
    """Names whose definition is the mistake in a line that uses them, each with the error signal that they should be."""
    rows: set[str] = field(default_factory=set[str])
    """The signals of vectors that the author has written as rows."""
    left_out: dict[Node, Steps] = field(default_factory=dict[Node, Steps])
    """For right sides that are stated for some steps only, how many are left out."""
    phases: dict[str, int] = field(default_factory=dict[str, int])
    """How far the indices of the author's own sequences are ahead of the steps."""

    def __post_init__(self) -> None:
        system = self.section.system
        written, named = self.at_steps()
        self.writings = {line.span: count for line in named if (count := writings(line, system)) is not None}
        named = [gathered(line, system) for line in named]
        claims, self.outside = with_outside_signals(system, with_loss_signals(system, named))
        self.outside = tuple(dict.fromkeys((*self.outside, *given_names(claims))))
        self.section = replace(self.section, claims=claims)
        self.written = {claim.span: line for claim, line in zip(claims, written, strict=True)}
        resolve = ContextReader(system, system.reading).context.resolve
        lefts = [line.left for line in self.section.claims if isinstance(line.left, Ref)]
        self.claimed = [resolve(left.name) for left in lefts if left.barred]
        rights = [tree for line in self.section.claims for right in line.rights for tree in walk(right)]
        read = [resolve(tree.name) for tree in rights if isinstance(tree, Ref) and tree.barred]
        given = [name for name in dict.fromkeys(read) if name not in self.claimed and is_result(system, name)]
        loss = given[0] if len(given) == 1 else system.loss
        self.system = system
        self.chain = Chain(
            self.system, loss, given=loss in given and split(loss).base not in LOSSES, outside=self.outside
        )
        self.auxiliaries |= {GIVEN + name: system.quantities[name].type for name in self.outside}
        self.rng = np.random.default_rng(0)

    def run(self) -> list[Claim]:
        """The claims of the section, judged."""
        if not self.section.claims:
            return []
        try:
            points = [draw(self.chain, self.rng) for _ in range(POINTS)]
            self.points = with_both_sides(self.chain, self.rng, points)
        except EquationError as error:
            return [found for line in self.section.claims for found in self.refuse(line, error.what, error.repair)]
        except (CheckError, GraphError, ShapeError) as error:
            repair = "Write the system so that all its lines are finite for some real inputs."
            return [found for line in self.section.claims for found in self.refuse(line, error.what, repair)]
        claims = [claim for line in self.ordered() for claim in self.whole_line(line)]
        claims = [replace(claim, line=self.as_written(claim)) for claim in claims]
        return claims if self.section.whole else [claim for claim in claims if self.is_sure(claim)]

    def as_written(self, claim: Claim) -> Line:
        """The author's line; a wrong one that writes at a place with the sum that it stands for, as its corrections have."""
        line = self.written.get(claim.line.span, claim.line)
        places = isinstance(line.left, Ref) and line.left.barred and writes_at(line.left)
        return claim.line if places and claim.status == "wrong" else line

    def at_steps(self) -> tuple[list[Line], list[Line]]:
        """The claims as they are written, and with the signal that each is about; one about a single step in between is not read."""
        written: list[Line] = []
        named: list[Line] = []
        system = self.section.system
        for line in self.section.claims:
            try:
                system.counting.check_claim(line, system.clock, system.source)
                named.append(claim_at_step(line, system.clock, system.source))
                written.append(line)
            except EquationError as error:
                self.refuse(line, error.what, error.repair)
        return written, named

    def is_sure(self, claim: Claim) -> bool:
        """False, and the claim not judged, where it seems wrong but a forward equation is missing."""
        if claim.status == "wrong":
            reason = "A forward equation of its system is not read, so it cannot be judged."
            self.unread.append(Unread(claim.span, reason, "Mend that equation first.", claim.span))
        return claim.status != "wrong"

    def ordered(self) -> list[Line]:
        """The lines in their order, but an auxiliary quantity that is defined after its first use before that."""
        waiting = {
            left.name: line for line in self.section.claims if isinstance(left := line.left, Ref) and self.is_new(left)
        }
        found: dict[int, Line] = {}
        for line in self.section.claims:
            for tree in (t for right in line.rights for t in walk(right) if isinstance(t, Ref) and t.name in waiting):
                found.setdefault(id(waiting[tree.name]), waiting[tree.name])
            found.setdefault(id(line), line)
        return list(found.values())

    def is_new(self, left: Ref) -> bool:
        """Whether a left side is the name of an auxiliary quantity."""
        return not left.barred and self.resolve(left.name) not in self.system.quantities

    # one line

    @cached_property
    def resolve(self) -> Callable[[str], str]:
        """The quantity that a spelling means."""
        return ContextReader(self.system, self.system.reading).context.resolve

    def reader(self) -> ContextReader:
        """A reader that knows the system, its signals and the author's auxiliaries."""
        reader = ContextReader(self.system, self.system.reading, self.auxiliaries, LocalDerivatives(self.system))
        if reader.clock is not None:
            reader.clock = replace(reader.clock, phases={**reader.clock.phases, **self.phases})
        return reader

    def whole_line(self, line: Line) -> list[Claim]:
        """The right sides of a line, judged; a line that goes beyond the stack of Python is not read."""
        try:
            return self.line(line)
        except RecursionError:
            return self.refuse(line, "This line is too long to be judged.", "Give parts of it names of their own.")
        except (GraphError, ShapeError) as error:
            return self.refuse(line, f"This line has no value: {error.what}", "Write its parts as lines of their own.")

    def line(self, line: Line) -> list[Claim]:
        left = line.left
        if not isinstance(left, Ref):
            return self.quotient(line)
        name = self.resolve(left.name)
        if is_entry(name) and sequence_name(name) in self.system.time:
            return self.entry(line, name, barred=left.barred)
        if left.barred and name not in self.system.quantities:
            return self.refuse(line, f"There is no quantity '{left.name}' in the system.", self.names(left.name))
        if not left.barred and name not in self.system.quantities:
            return self.auxiliary(line, name)
        if not self.system.quantities[name].type.is_float:
            return self.refuse(line, f"'{left.name}' holds integers, so it has no error signal.", self.names())
        if left.barred and line.span in self.writings and self.writes_again(line):
            return self.refuse(
                line,
                "Several entries of the right side may be written to one entry of the left side.",
                "Write '+=' where they are added, or the sum.",
            )
        if left.barred:
            expected = [point.follows(name) for point in self.points]
            truth = [point.truth[bar(name)] for point in self.points]
            found = self.links(line, bar(name), expected, truth)
            if name in self.beside and any(claim.status == "wrong" for claim in found):
                return self.refuse(line, *self.reason_beside(name))
            return found
        values = [point.truth[name] for point in self.points]
        return self.links(line, "", values, values)

    def writes_again(self, line: Line) -> bool:
        """Whether a claim with a place on the left, v̄_{2i+k} = …, is about some entry more than once."""
        try:
            node = self.node(line, self.writings[line.span])
        except EquationError:
            return True  # how far the letters run is not known
        return any(bool(np.any(point.value(node) > 1)) for point in self.points)

    def entry(self, line: Line, name: str, *, barred: bool) -> list[Claim]:
        """A line about a single entry of a sequence, h̄_T."""
        base, system = sequence_name(name), self.system
        truth = [point.truth[bar(base) if barred else base] for point in self.points]
        expected = [point.follows(base) for point in self.points] if barred else truth
        known, wanted = ([entry_of_signal(system, name, each) for each in values] for values in (truth, expected))
        return self.links(line, bar(name) if barred else "", wanted, known)

    def names(self, name: str = "") -> str:
        """What can be written in place of what is not known; `name` is one that could get a line."""
        own = f"Write what it is,  {name} = …,  or one" if name else "Write one"
        return f"{own} of the quantities:  {', '.join(self.system.quantities)}"

    @cached_property
    def beside(self) -> set[str]:
        """The quantities with a line on which the result does not depend, and to which no signal comes from outside."""
        below = influence(self.system, self.chain.loss)
        return {line.name for line in self.system.lines} - below - set(self.outside)

    def reason_beside(self, name: str) -> tuple[str, str]:
        """Why the error signal of such a quantity is not judged, unless it is stated to be 0, and what to write."""
        loss = self.chain.loss
        return f"'{loss}' does not depend on '{name}' in these equations.", f"Write '{loss}' so that it reads '{name}'."

    def refuse(self, line: Line, reason: str, repair: str) -> list[Claim]:
        self.unread.append(Unread(line.span, reason, repair, line.span))
        return []

    def node(self, line: Line, tree: Expr) -> Node:
        """A right side laid out as the left one.

        Raises EquationError where it does not fit.
        """
        try:
            return self.reader().line(replace(line, rights=(tree,))).node
        except EquationError:
            own = with_own_letters(tree, letters_of([line.left]))
            if own is tree:
                raise
            return self.reader().line(replace(line, rights=(own,))).node

    def side(self, line: Line, tree: Expr) -> tuple[Expr, Node]:
        """A right side as it stands; where it does not fit so, with the signals as rows that the author has written as rows.

        Raises EquationError where it does not fit.
        """
        try:
            return tree, self.node(line, tree)
        except EquationError:
            turned = with_rows(tree, self.rows, self.reader().context) if self.rows else tree
            if turned == tree:
                raise
            return turned, self.node(line, turned)

    def links(self, line: Line, name: str, expected: list[Array], truth: list[Array]) -> list[Claim]:
        """The right sides of a line in turn; `name` is that of the error signal that they state, "" for none."""
        claims: list[Claim] = []
        before, last, held = expected, None, True
        for k, tree in enumerate(line.rights):
            place = tree.span if tree.span.start >= 0 else line.span
            if is_naming(line.left, tree, self.system.loss):
                claims.append(Claim(line, k, place, "holds"))
                continue
            try:
                tree, node = self.side(line, tree)
                values = self.values_of(line, node, before)
            except EquationError as error:
                found = self.misfit(line, k, tree, error, before)
                if found is not None:
                    claims.append(found)
                last = None
                continue
            claim = self.judged(line, k, place, node, values, (before, expected, truth), first=k == 0)
            if claim.status == "wrong" and not held and self.same_mistake(values, claims[-1]):
                claim = replace(claim, status="holds", note="equal to the side before it")
            if claim.status == "holds" and not claim.note and name:
                claim = replace(claim, note=self.steps_said(line, name, node, values))
            claims.append(claim)
            held = claim.status == "holds"
            if name and is_row(tree, self.reader().context):
                self.rows.add(name)
            before, last = values, node
        if name and last is not None:
            self.state(name, last)
        return claims

    def values_of(
        self, line: Line, node: Node, known: Sequence[Array], points: Sequence[Point] = (), *, truly: bool = False
    ) -> list[Array]:
        """The values of a right side, at steps that the line says nothing about those that are known; `truly` of true signals."""
        values = [point.value(node, point.truth if truly else None) for point in points or self.points]
        left = line.left
        name = self.resolve(left.name) if isinstance(left, Ref) and left.barred else ""
        if name not in self.system.time:
            return values
        return filled(self.system, name, steps_left_out(self.system, name, node), values, known)

    def filled(self, line: Line, name: str, tree: Expr, known: Sequence[Array], found: list[Array]) -> list[Array]:
        """Other values, at the steps that a line leaves out those that are known."""
        if name not in self.system.time:
            return found
        try:
            node = self.node(line, tree)
        except (EquationError, GraphError, ShapeError):
            return found  # a line of another shape says nothing of single steps
        return filled(self.system, name, steps_left_out(self.system, name, node), found, known)

    def steps_said(self, line: Line, name: str, node: Node, values: Sequence[Array]) -> str:
        """For which steps a line holds, where that is not all: for t < T."""
        clock, left = self.system.clock, line.left
        if unbar(name) not in self.system.time or close([point.value(node) for point in self.points], values):
            return ""
        out = steps_left_out(self.system, name, node)
        self.left_out[node] = out
        assert isinstance(left, Ref)
        letter = next(
            iter(running_letters(Line(left, ())) & {clock.letter, *self.system.quantities[unbar(name)].letters})
        )
        return said_of(clock, letter, clock.phase(unbar(name)), out)

    def same_mistake(self, values: list[Array], before: Claim) -> bool:
        """Whether a side equals the one before it, which was wrong already."""
        return before.finding is not None and close(values, list(before.finding.values))

    def judged(
        self,
        line: Line,
        k: int,
        place: Span,
        node: Node,
        values: list[Array],
        against: tuple[list[Array], list[Array], list[Array]],
        *,
        first: bool,
    ) -> Claim:
        before, expected, truth = against
        if close(values, before):
            return Claim(line, k, place, "holds")
        if close(values, truth):
            said = (
                "it is true, but does not follow from the lines before it"
                if first
                else "it is true, but is not equal to the side before it"
            )
            return Claim(line, k, place, "holds", said)
        if close(values, expected):
            return Claim(line, k, place, "holds", "it is not equal to the side before it")
        if close(self.values_of(line, node, truth, truly=True), truth):
            return Claim(line, k, place, "holds")  # right as a formula, of what earlier lines have wrong
        if self.otherwise(node, before) or self.otherwise(node, truth):
            return Claim(line, k, place, "holds")
        for name, signal in self.blamed.items():
            if close(self.meaning(node, name, signal), before):
                return Claim(line, k, place, "holds", f"with the line of {name} mended")
        supposed = self.supposed(line, k, node)
        if supposed is not None:
            return Claim(line, k, place, "holds", f"with {supposed.text}")
        finding = self.finding("", line, k, values, before)
        blamed = self.blame(node, before) if self.explains else ""
        if blamed:
            finding = replace(finding, diagnosis=self.in_definition(blamed) or finding.diagnosis)
        return Claim(line, k, place, "wrong", finding=finding)

    def finding(
        self, problem: str, line: Line, k: int, values: list[Array], before: list[Array], letters: tuple[str, ...] = ()
    ) -> Finding:
        """Both values, and the likely kind of the mistake."""
        if not self.explains:
            return Finding(problem, tuple(values), tuple(before), letters)
        left, tree = line.left, line.rights[k]
        name = self.resolve(left.name) if isinstance(left, Ref) and left.barred else ""
        name = "" if is_entry(name) else name
        if k and name and not close(before, [point.follows(name) for point in self.points]):
            name = ""  # the side before it is not what the chain rule gives

        def evaluate(changed: Expr, count: int | None = None) -> list[Array]:
            return self.values_of(line, self.node(line, changed), before[:count], self.points[:count])

        said = partial(self.filled, line, name, tree, before)
        doctor = Diagnostician(self.points, values, before, evaluate, self.effort, said)
        children = list(self.chain.contributions[name]) if name else []
        derived = partial(self.corrections.signals, left, name)
        around = surroundings(self.system, left, tree, name, children, self.section.claims, derived)
        diagnosis = doctor.diagnose(tree, name, around) or (self.supposing(line, tree, name, around) if name else None)

        def holds(changed: Expr) -> bool:
            try:
                return close(evaluate(changed), before)
            except WengertError:
                return False

        corrected = self.corrections.mended(left, name, tree, diagnosis, holds)
        corrected = corrected if corrected is None else as_written(corrected, self.primed)
        return Finding(problem, tuple(values), tuple(before), letters, diagnosis, corrected)

    @cached_property
    def primed(self) -> dict[str, str]:
        """The names c̄' that the author has for signals of c which are not all from outside."""
        lefts = [(self.written[line.span].left, line.left) for line in self.section.claims if line.span in self.written]
        pairs = [(own, new) for own, new in lefts if isinstance(own, Ref) and isinstance(new, Ref)]
        return {new.name: own.name for own, new in pairs if own.name != new.name and own.barred and new.barred}

    @cached_property
    def corrections(self) -> Corrections:
        """What the derivation offers in place of wrong lines."""
        return Corrections(self.system, self.chain.loss, not self.chain.given, self.outside)

    def supposing(self, line: Line, tree: Expr, name: str, around: Surroundings) -> Diagnosis | None:
        """The mistake in a right side that would hold under an assumption without it."""
        for each, points in self.supposing_points():

            def evaluate(changed: Expr, count: int, points: Sequence[Point] = points) -> list[Array]:
                node = self.node(line, changed)
                return [point.value(node) for point in points[:count]]

            doctor = Diagnostician(points, (), [point.follows(name) for point in points], evaluate, self.effort)
            found = doctor.supposed(tree, around)
            if found is not None:
                return replace(found, sentence=f"{found.sentence} (with {each.text})")
        return None

    def misfit(self, line: Line, k: int, tree: Expr, error: EquationError, before: list[Array]) -> Claim | None:
        """A right side of another shape than the left is wrong; one that means nothing is not read."""
        place = tree.span if tree.span.start >= 0 else line.span
        if not self.knows_all(tree):
            self.unread.append(replace(unread(place, error), repair=self.names(self.unknown(tree))))
            return None
        try:
            letters, node = self.reader().value(tree, line.left)
            values = [point.value(node) for point in self.points]
            problem = error.what
        except EquationError as inner:
            letters, values, problem = (), [], inner.what
        return Claim(line, k, place, "wrong", finding=self.finding(problem, line, k, values, before, letters))

    def knows_all(self, tree: Expr) -> bool:
        """Whether an expression reads known quantities only, so that it is their shapes that do not fit."""
        return not self.unknown(tree)

    def unknown(self, tree: Expr) -> str:
        """The first name in an expression that is not known, "" where all are."""
        context = self.reader().context
        return next((part.name for name, part in context.names_in([tree]) if name not in context.axes), "")

    def state(self, name: str, node: Node) -> None:
        """The author's value of a signal or an auxiliary; one of another shape than the true one is not taken over."""
        self.statements.append((name, node))
        for point in self.points:
            self.take(point, name, node)

    def take(self, point: Point, name: str, node: Node) -> None:
        value = point.value(node)
        if is_bar(name) and is_entry(name):
            name, value = (
                bar(sequence_name(unbar(name))),
                with_entry(self.system, unbar(name), self.known(point, name), value),
            )
        elif node in self.left_out:
            (value,) = filled(self.system, name, self.left_out[node], [value], [self.known(point, name)])
        if name not in point.truth:
            point.truth[name] = point.value(node, point.truth)
        if np.shape(value) == np.shape(point.truth[name]):
            point.state(name, value)

    def known(self, point: Point, name: str) -> Array:
        """The signal of a sequence as the author has stated it, or as it follows."""
        base = sequence_name(unbar(name))
        return point.author[bar(base)] if bar(base) in point.stated else point.follows(base)

    # other lines

    def auxiliary(self, line: Line, name: str) -> list[Claim]:
        """A new name: taken as the author defines it. One that reads nothing belongs to no system."""
        if not any(isinstance(tree, Ref) for right in line.rights for tree in walk(right)):
            return self.refuse(line, f"'{name}' is in no equation of the system.", self.names())
        sides = [
            (k, node) for k, node in enumerate(map(partial(self.side_of_new, line), line.rights)) if node is not None
        ]
        if not sides:
            return []
        k, node = sides[0]
        self.state(name, node)
        clock = self.reader().clock
        if clock is not None and not clock.once:
            self.phases[name] = new_phase(line, clock)
        self.auxiliaries[name] = node.type
        self.definitions[name] = replace(line, rights=(line.rights[k],))
        first = Claim(line, k, line.rights[k].span, "defined")
        values, truth = (
            [each[name] for each in envs] for envs in zip(*((p.author, p.truth) for p in self.points), strict=True)
        )
        rest = replace(line, rights=tuple(line.rights[at] for at, _ in sides[1:]))
        more = self.links(rest, "", values, truth) if rest.rights else []
        if any(claim.status == "wrong" for claim in more):
            self.disputed[name] = [side for _, side in sides]
        return [first, *(either_side(replace(claim, line=line, link=sides[claim.link + 1][0])) for claim in more)]

    def side_of_new(self, line: Line, tree: Expr) -> Node | None:
        """A right side of a line for a new name; None, and the reason kept, where it is not read."""
        try:
            return self.node(line, tree)
        except EquationError as error:
            place = tree.span if tree.span.start >= 0 and len(line.rights) > 1 else line.span
            self.unread.append(unread(place, error))
            return None

    def otherwise(self, node: Node, known: Sequence[Array]) -> bool:
        """Whether a right side has known values where a name that it reads, of which an author says two things, means the other."""
        read = {str(leaf.params["name"]) for leaf in topological([node]) if leaf.op.name == "input"}
        for name in read & self.disputed.keys():
            for other in self.disputed[name][1:]:
                values = [point.value(node, {**point.everything(), name: point.value(other)}) for point in self.points]
                if close(values, known):
                    return True
        return False

    def blame(self, node: Node, known: Sequence[Array]) -> str:
        """The name of the author's own that is what is wrong with a claim, which would hold if the name were an error signal; "" for
        none. Other lines may mean this signal by it, so that a mistake in its definition is said once."""
        read = {str(leaf.params["name"]) for leaf in topological([node]) if leaf.op.name == "input"}
        signals = [bar(name) for name, quantity in self.system.quantities.items() if quantity.type.is_float]
        for name in sorted(read & (self.definitions.keys() | self.beside) - self.disputed.keys() - self.blamed.keys()):
            own = [point.author[name] for point in self.points]
            alike = [signal for signal in signals if np.shape(self.points[0].truth[signal]) == np.shape(own[0])]
            if any(close([point.truth[signal] for point in self.points], own) for signal in alike):
                continue
            for signal in alike:
                if close(self.meaning(node, name, signal), known):
                    self.blamed[name] = signal
                    return name
        return ""

    def meaning(self, node: Node, name: str, signal: str) -> list[Array]:
        """The values of a right side where a name is an error signal."""
        return [point.value(node, {**point.everything(), name: point.truth[signal]}) for point in self.points]

    def in_definition(self, name: str) -> Diagnosis | None:
        """The likely mistake in the line of a name that should be an error signal."""
        line, signal = self.definitions.get(name) or self.system.line(name).written, unbar(self.blamed[name])
        tree, wanted = line.rights[0], [point.truth[bar(signal)] for point in self.points]

        def evaluate(changed: Expr, count: int | None = None) -> list[Array]:
            return [point.value(self.node(line, changed)) for point in self.points[:count]]

        children = list(self.chain.contributions[signal])
        around = surroundings(self.system, line.left, tree, signal, children, self.section.claims, list[Ref])
        own = [point.author[name] for point in self.points]
        found = Diagnostician(self.points, own, wanted, evaluate, self.effort).diagnose(tree, "", around)
        return (
            None
            if found is None
            else replace(found, sentence=f"in the line of {name}, {found.sentence}", corrected=None)
        )

    def quotient(self, line: Line) -> list[Claim]:
        """∂u/∂v = …, a derivative inside the system, is judged for itself."""
        try:
            letters, node = self.reader().value(line.left)
            expected = [point.value(node, point.truth) for point in self.points]
        except EquationError as error:
            self.unread.append(unread(line.span, error))
            return []
        claims: list[Claim] = []
        for k, tree in enumerate(line.rights):
            place = tree.span if tree.span.start >= 0 else line.span
            try:
                own, right = self.reader().value(tree, line.left)
                values = [
                    _laid_out(point.value(right), own, letters, np.shape(e))
                    for point, e in zip(self.points, expected, strict=True)
                ]
            except EquationError as error:
                self.unread.append(unread(place, error))
                continue
            if close(values, expected):
                claims.append(Claim(line, k, place, "holds"))
            elif node.type.rank == 2 and not letters and close([value.T for value in values], expected):
                claims.append(Claim(line, k, place, "holds", "with a column for each entry above the line"))
            elif (total := self.total_derivative(line.left)) and close(values, total):
                claims.append(Claim(line, k, place, "holds", "as the derivative through all lines between"))
            elif entries := stated_entries(letters, values, expected, self.around(line, place)):
                claims.append(Claim(line, k, place, "holds", f"for {entries}"))
            else:
                claims.append(Claim(line, k, place, "wrong", finding=Finding("", tuple(values), tuple(expected))))
        return claims

    def around(self, line: Line, place: Span) -> str:
        """The text around a claim, which may say what it is about."""
        text = self.section.system.source
        return text[max(0, line.span.start - BEFORE) : line.span.start] + "\n" + text[place.end : place.end + BEHIND]

    def total_derivative(self, left: Expr) -> list[Array]:
        """∂y/∂x where the quantities that the line of y reads are not held, but move with x; nothing where it has no value."""
        if not isinstance(left, Partial):
            return []
        try:
            _, node = self.reader().value(Derive(left.denominator, left.numerator, span=left.span))
        except EquationError:
            return []  # it is the partial derivative that the claim is judged against
        return [point.value(node, point.truth) for point in self.points]

    # suppositions

    @cached_property
    def given(self) -> list[str]:
        """The inputs by which the author does not differentiate: only of these something can be taken for granted."""
        return [name for name in self.system.inputs if name not in self.claimed]

    def supposed(self, line: Line, k: int, node: Node) -> Supposition | None:
        """The first assumption under which a right side holds after all."""
        for each, points in self.supposing_points():
            if self.holds_at(points, line, k, node):
                return each
        return None

    @cached_property
    def admitted(self) -> list[tuple[Supposition, list[Point]]]:
        """The assumptions that the system admits, with points that satisfy them."""
        found: list[tuple[Supposition, list[Point]]] = []
        for each in suppositions(self.points[0], self.given):
            try:
                points = [draw(self.chain, self.rng, each.adjust) for _ in range(POINTS)]
            except (CheckError, EquationError):
                continue
            arrays = [point.truth[name] for point in points for name in each.symmetric]
            if close(arrays, [array.T for array in arrays]):
                found.append((each, points))
        return found

    def supposing_points(self) -> Iterator[tuple[Supposition, list[Point]]]:
        """Each admitted assumption, with points at which the author has stated what he has so far."""
        for each, points in self.admitted:
            fresh = [
                replace(point, truth=dict(point.truth), author=dict(point.author), stated=set()) for point in points
            ]
            for point in fresh:
                for name, node in self.statements:
                    self.take(point, name, node)
            yield each, fresh

    def holds_at(self, points: Sequence[Point], line: Line, k: int, node: Node) -> bool:
        left = line.left
        assert isinstance(left, Ref)
        name = self.resolve(left.name)
        values = [point.value(node) for point in points]
        if not all(np.all(np.isfinite(value)) for value in values):
            return False  # what is supposed leaves the domain of a function
        if k:
            before = [point.value(self.node(line, line.rights[k - 1])) for point in points]
            if close(values, before):
                return True
        if not left.barred:
            return name in self.system.quantities and close(values, [point.truth[name] for point in points])
        truth = [point.truth[bar(name)] for point in points]
        follows = [point.follows(name) for point in points]
        return any(close(self.values_of(line, node, known, points), known) for known in (truth, follows))


def either_side(claim: Claim) -> Claim:
    """A wrong side of a line for a name of the author's own: the side before it can be the wrong one as well."""
    finding = claim.finding
    if finding is None:
        return claim
    found = finding.diagnosis
    said = None if found is None else replace(found, sentence=f"{found.sentence}, here or in the side before it")
    return replace(claim, finding=replace(finding, diagnosis=said, corrected=None))


def is_result(system: System, name: str) -> bool:
    """Whether a line computes a quantity that no other line reads."""
    return system.defines(name) and not system.children(name)


def _laid_out(value: Array, own: Sequence[str], letters: Sequence[str], shape: tuple[int, ...]) -> Array:
    """A value with the axes of its letters in the order of others; one that lacks a letter is the same for each of its entries."""
    missing = [q for q in letters if q not in own]
    order = [*own, *missing]
    value = np.reshape(value, (*np.shape(value)[: len(own)], *(1,) * len(missing), *np.shape(value)[len(own) :]))
    if sorted(order) != sorted(letters):
        return value
    axes = [order.index(q) for q in letters]
    value = np.transpose(value, (*axes, *range(len(axes), np.ndim(value))))
    fits = np.ndim(value) == len(shape) and all(a in (1, b) for a, b in zip(np.shape(value), shape, strict=True))
    return np.broadcast_to(value, shape) if fits else value
