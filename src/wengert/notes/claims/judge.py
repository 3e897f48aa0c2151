"""Claims about a system judged at random points, with the author's own earlier lines, so that one mistake is reported once.

An error signal holds if it is Σ ū ∂u/∂v with the signals as the author stated them, or if it is the true one; of a = b = c only b is
judged so, each further link against the one before it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from wengert.core.ir.graph import Node
from wengert.core.ir.names import bar, is_entry, sequence_name, unbar
from wengert.errors import CheckError, EquationError, GraphError, ShapeError
from wengert.notes.claims.auxiliaries import Auxiliaries
from wengert.notes.claims.diagnosis import Effort
from wengert.notes.claims.differentials import differential, differentials_of
from wengert.notes.claims.drawn import chain_of, fresh_points
from wengert.notes.claims.findings import BY_ITSELF, Claim, Finding, either_side, place_of
from wengert.notes.claims.mistakes import Mistakes
from wengert.notes.claims.outside import GIVEN, given_names, is_naming, with_loss_signals, with_outside_signals
from wengert.notes.claims.over_time import entry_of_signal
from wengert.notes.claims.points import Scale, SignalChain, close
from wengert.notes.claims.quotients import quotient
from wengert.notes.claims.row_signals import is_row, with_rows
from wengert.notes.claims.scattered import gathered, writes_at, writings
from wengert.notes.claims.selfsame import says_itself
from wengert.notes.claims.stated import Stated
from wengert.notes.claims.supposing import Supposing
from wengert.notes.elaboration.phases import new_phase
from wengert.notes.elaboration.reread import ContextReader
from wengert.notes.elaboration.sequences import claim_at_step
from wengert.notes.elaboration.system import SystemData
from wengert.notes.manuscripts.sections import SystemSection, Unread, unread
from wengert.notes.notation.expr import Expr, Index, Line, Ref, Transpose, mapped, walk
from wengert.notes.notation.names import split
from wengert.notes.notation.symbols import LOSSES

Array = Any


@dataclass
class ClaimJudge:
    """Judges the claims of one section in their order."""

    section: SystemSection
    effort: Effort = field(default_factory=Effort)
    explains: bool = True
    """Whether it is found out what is wrong with a claim."""
    unread: list[Unread] = field(default_factory=list[Unread])
    scale: Scale | None = None
    """In which the author states signals."""

    def __post_init__(self) -> None:
        system = self.section.system
        written, named = self.at_steps()
        self.writings = {line.span: count for line in named if (count := writings(line, system)) is not None}
        named = [gathered(line, system) for line in named]
        claims, outside = with_outside_signals(system, with_loss_signals(system, named))
        self.outside = tuple(dict.fromkeys((*outside, *given_names(claims))))
        self.section = replace(self.section, claims=claims)
        self.written = {claim.span: line for claim, line in zip(claims, written, strict=True)}
        self.system = system
        self.rng = np.random.default_rng(0)
        self.chain, claimed = self.result()
        self.outside = self.chain.outside
        self.stated = Stated(self.chain, auxiliaries={GIVEN + n: system.quantities[n].type for n in self.outside})
        self.assumed = Supposing(self.stated, tuple(name for name in system.inputs if name not in claimed))
        self.mistakes = Mistakes(self.stated, self.assumed, claims, self.written, self.effort, self.explains)
        self.own = Auxiliaries(self.stated, claims, self.beside, self.effort)

    def result(self) -> tuple[SignalChain, list[str]]:
        """The chain of signals, from the result that the author differentiates, and the quantities by which he does."""
        system, claims = self.system, self.section.claims
        resolve = ContextReader(system, system.reading).context.resolve
        lefts = [line.left for line in claims if isinstance(line.left, Ref)]
        claimed = [resolve(left.name) for left in lefts if left.barred]
        rights = [tree for line in claims for right in line.rights for tree in walk(right)]
        read = [resolve(tree.name) for tree in rights if isinstance(tree, Ref) and tree.barred]
        given = [name for name in dict.fromkeys(read) if name not in claimed and is_result(system, name)]
        loss = given[0] if len(given) == 1 else system.loss
        rank = system.quantities[loss].type.rank
        array, named = (
            rank > 0,
            split(loss).base in LOSSES and rank < 2,
        )  # L_n of examples; E_tj are the rows of a table
        read_only = loss in read and loss not in claimed
        is_letter = (array and (read_only or not named)) or (loss in given and not named)
        more = [name for name in dict.fromkeys(given) if name != loss and not named]
        return chain_of(system, loss, is_letter, (*self.outside, *more), self.scale), claimed

    def run(self) -> list[Claim]:
        """The claims of the section, judged."""
        if not self.section.claims:
            return []
        try:
            self.stated.points = fresh_points(self.chain, self.rng)
        except EquationError as error:
            return [found for line in self.section.claims for found in self.refuse(line, error.what, error.repair)]
        except (CheckError, GraphError, ShapeError) as error:
            repair = "Write the system so that all its lines are finite for some real inputs."
            return [found for line in self.section.claims for found in self.refuse(line, error.what, repair)]
        claims = [claim for line in self.ordered() for claim in self.whole_line(line)]
        claims = self.with_sum([replace(claim, line=self.as_written(claim)) for claim in claims])
        return claims if self.section.whole else [claim for claim in claims if self.is_sure(claim)]

    def as_written(self, claim: Claim) -> Line:
        """The author's line; a wrong one that writes at a place with the sum that it stands for, as its corrections have."""
        line = self.written.get(claim.line.span, claim.line)
        places = isinstance(line.left, Ref) and line.left.barred and writes_at(line.left)
        return claim.line if places and claim.status == "wrong" else line

    def with_sum(self, claims: list[Claim]) -> list[Claim]:
        """The claims, of a loss with several entries the first with a note that it is that of their sum."""
        loss = self.chain.loss
        if not claims or self.chain.given or not self.system.quantities[loss].type.rank:
            return claims
        first = next((k for k, claim in enumerate(claims) if claim.status == "holds" and not claim.note), None)
        note = f"of the sum of the entries of {loss}"
        return [replace(claim, note=note) if k == first else claim for k, claim in enumerate(claims)]

    def at_steps(self) -> tuple[list[Line], list[Line]]:
        """The claims as they are written, and with the signal that each is about; one about a single step in between is not read."""
        written: list[Line] = []
        named: list[Line] = []
        system = self.section.system
        assert system.counting is not None, "a system that is read has what its sums count"
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
        return not left.barred and self.stated.resolve(left.name) not in self.system.quantities

    # one line

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
            found, refused = quotient(self.stated, line, self.mistakes)
            self.unread += refused
            return found
        name = self.stated.resolve(left.name)
        if is_entry(name) and sequence_name(name) in self.system.time:
            return self.entry(line, name, barred=left.barred)
        if left.barred and name not in self.system.quantities:
            return self.refuse(line, f"There is no quantity '{left.name}' in the system.", self.stated.names(left.name))
        if not left.barred and name not in self.system.quantities:
            return self.auxiliary(line, name)
        if not self.system.quantities[name].type.is_float:
            return self.refuse(line, f"'{left.name}' holds integers, so it has no error signal.", self.stated.names())
        if left.barred:
            return self.signal(line, name)
        values = [point.truth[name] for point in self.stated.points]
        return self.links(line, "", values, values)

    def signal(self, line: Line, name: str) -> list[Claim]:
        """A line about the error signal of a quantity."""
        times = self.times_written(line)
        if times is None or any(np.any(each > 1) for each in times):
            return self.refuse(
                line,
                "Several entries of the right side may be written to one entry of the left side.",
                "Write '+=' where they are added, or the sum.",
            )
        if over := differentials_of(self.stated, line):
            found, refused = differential(self.stated, line, over)
            self.unread += refused
            return found
        if says_itself(self.stated, line):
            return self.refuse(line, *self.reason_itself(line))
        expected = [point.follows(name) for point in self.stated.points]
        truth = [point.truth[bar(name)] for point in self.stated.points]
        vain = self.vain_signals(line)
        if vain - self.stated.points[0].stated:
            return self.refuse(line, *self.reason_beside(unbar(min(vain))))
        if vain:
            truth = expected  # true signals that are 0 say nothing of what they are multiplied by
        if all(np.all(each) for each in times):
            found = self.links(line, bar(name), expected, truth)
        else:  # of other entries the line says nothing, so that it does not say what the signal is
            expected, truth = ([np.where(n, v, 0) for v, n in zip(vs, times, strict=True)] for vs in (expected, truth))
            found = self.links(line, "", expected, truth)
        if name in self.beside and any(claim.status == "wrong" for claim in found):
            return self.refuse(line, *self.reason_beside(name))
        return found

    def times_written(self, line: Line) -> list[Array] | None:
        """How many times a claim says what each entry of its left side is, x̄_{2i} = … those that are even; nothing where it says so of
        all, None where that is not known."""
        if line.span not in self.writings:
            return []
        try:
            node = self.stated.node(line, self.writings[line.span])
        except EquationError:
            return None  # how far the letters run is not known
        return [point.value(node) for point in self.stated.points]

    def entry(self, line: Line, name: str, *, barred: bool) -> list[Claim]:
        """A line about a single entry of a sequence, h̄_T."""
        base, system = sequence_name(name), self.system
        truth = [point.truth[bar(base) if barred else base] for point in self.stated.points]
        expected = [point.follows(base) for point in self.stated.points] if barred else truth
        known, wanted = ([entry_of_signal(system, name, each) for each in values] for values in (truth, expected))
        return self.links(line, bar(name) if barred else "", wanted, known)

    @cached_property
    def beside(self) -> set[str]:
        """The quantities with a line on which the result does not depend, and to which no signal comes from outside."""
        return {line.name for line in self.system.lines} - self.chain.influence

    def vain_signals(self, line: Line) -> set[str]:
        """The signals that a line reads of quantities on which the result does not depend."""
        read = (tree.name for right in line.rights for tree in walk(right) if isinstance(tree, Ref) and tree.barred)
        return {bar(name) for name in map(self.stated.resolve, read) if name in self.beside}

    def reason_beside(self, name: str) -> tuple[str, str]:
        """Why the error signal of such a quantity is not judged, unless it is stated to be 0, and what to write."""
        loss = self.chain.loss
        return f"'{loss}' does not depend on '{name}' in these equations.", f"Write '{loss}' so that it reads '{name}'."

    def reason_itself(self, line: Line) -> tuple[str, str]:
        """Why a line that gives a signal by itself is not judged, and what to write."""
        assert isinstance(line.left, Ref)
        name = line.left.name
        return f"This gives the error signal of '{name}' by itself.", f"Write it by the signals of what reads '{name}'."

    def refuse(self, line: Line, reason: str, repair: str) -> list[Claim]:
        self.unread.append(Unread(line.span, reason, repair, line.span))
        return []

    def links(self, line: Line, name: str, expected: list[Array], truth: list[Array]) -> list[Claim]:
        """The right sides of a line in turn; `name` is that of the error signal that they state, "" for none."""
        claims: list[Claim] = []
        before, last, held = expected, None, True
        for k, tree in enumerate(line.rights):
            if is_naming(line.left, tree, self.system.loss):
                claims.append(Claim(line, k, place_of(line, k), "holds"))
                continue
            try:
                tree, node = self.stated.side(line, tree)
                values = self.stated.values(line, node, before)
            except EquationError as error:
                found = self.misfit(line, k, tree, error, before)
                if found is not None:
                    claims.append(found)
                self.keep_row(name, line.rights[k])
                last = None
                continue
            claim = self.judged(line, k, node, values, (before, expected, truth))
            if claim.status == "wrong" and not held and self.same_mistake(values, claims[-1]):
                claim = replace(claim, status="holds", note="equal to the side before it")
            if claim.status == "holds" and not claim.note and name:
                claim = replace(claim, note=self.stated.steps(line, name, node, values))
            claims.append(claim)
            held = claim.status == "holds"
            self.keep_row(name, line.rights[k])
            before, last = values, node
        if name and last is not None:
            self.stated.state(name, last)
        return claims

    def keep_row(self, name: str, tree: Expr) -> None:
        """Keep in mind that an author writes a signal as a row, where a right side is one, as what he has written as rows before."""
        context = self.stated.reader().context
        if name and is_row(with_rows(tree, self.stated.rows, context), context):
            self.stated.rows.add(name)

    def same_mistake(self, values: list[Array], before: Claim) -> bool:
        """Whether a side equals the one before it, which was wrong already."""
        return before.finding is not None and close(values, list(before.finding.values))

    def judged(
        self,
        line: Line,
        k: int,
        node: Node,
        values: list[Array],
        against: tuple[list[Array], list[Array], list[Array]],
    ) -> Claim:
        """A right side that has values, against those of the side before it, those that follow from the author's lines, and the true ones."""
        place, note = place_of(line, k), self.how_it_holds(line, k, node, values, against)
        if note is not None:
            return Claim(line, k, place, "holds", note)
        before, _, _ = against
        finding = self.mistakes.finding("", line, k, values, before)
        blamed = self.own.blame(node, self.signal_of(line), before) if self.explains else ""
        if blamed:
            finding = replace(finding, diagnosis=self.own.in_definition(blamed, finding.diagnosis))
        return Claim(line, k, place, "wrong", finding=finding)

    def signal_of(self, line: Line) -> str:
        """The error signal that a line states; "" for none."""
        name = self.stated.about(line)
        return bar(name) if name else ""

    def how_it_holds(
        self,
        line: Line,
        k: int,
        node: Node,
        values: list[Array],
        against: tuple[list[Array], list[Array], list[Array]],
    ) -> str | None:
        """Under what a right side holds, "" where it simply does; None where it does not."""
        before, expected, truth = against
        if close(values, before):
            return ""
        if close(values, truth):
            return "it is true, but is not equal to the side before it" if k else BY_ITSELF
        if close(values, expected):
            return "it is not equal to the side before it"
        if close(self.stated.values(line, node, truth, truly=True), truth):
            return ""  # right as a formula, of what earlier lines have wrong
        if self.own.otherwise(node, before) or self.own.otherwise(node, truth):
            return ""
        for name, meant in self.own.blamed.items():
            if self.own.mends(node, name, meant, self.signal_of(line), before):
                return f"with the line of {name} mended"
        supposed = self.assumed.found(line, k, node)
        return None if supposed is None else f"with {supposed.text}"

    def misfit(self, line: Line, k: int, tree: Expr, error: EquationError, before: list[Array]) -> Claim | None:
        """A right side of another shape than the left is wrong; one that means nothing is not read."""
        place = place_of(line, k)
        whole = place if len(line.rights) > 1 else line.span
        if unknown := self.stated.unknown(tree):
            self.unread.append(replace(unread(whole, error), repair=self.stated.names(unknown)))
            return None
        try:
            letters, node = self.stated.reader().value(tree, line.left)
            values = [point.value(node) for point in self.stated.points]
            problem = error.what
        except EquationError as inner:
            if self.holds_without_transposes(line, tree, before):
                self.unread.append(unread(whole, error))
                return None
            letters, values, problem = (), [], inner.what
        if values and letters in ((), letters_of_left(line)) and close(values, before):
            return Claim(line, k, place, "holds", "in the reading that has its shape")
        return Claim(line, k, place, "wrong", finding=self.mistakes.finding(problem, line, k, values, before, letters))

    def holds_without_transposes(self, line: Line, tree: Expr, before: list[Array]) -> bool:
        """Whether a side holds but for transposes of numbers in it: its author has arrays where numbers are read."""
        plain = mapped(tree, self.unturned)
        try:
            _, node = self.stated.side(line, plain)
            return plain != tree and close(self.stated.values(line, node, before), before)
        except EquationError:
            return False

    def unturned(self, tree: Expr) -> Expr:
        """A quantity that is a number for its transpose; any other expression as it is."""
        named = tree.operand if isinstance(tree, Transpose) else None
        quantity = self.system.quantities.get(self.stated.resolve(named.name)) if isinstance(named, Ref) else None
        return named if named is not None and quantity is not None and quantity.type.rank == 0 else tree

    # other lines

    def auxiliary(self, line: Line, name: str) -> list[Claim]:
        """A new name: taken as the author defines it. One that reads nothing belongs to no system."""
        if not any(isinstance(tree, Ref) for right in line.rights for tree in walk(right)):
            return self.refuse(line, f"'{name}' is in no equation of the system.", self.stated.names())
        sides: list[tuple[int, Node]] = []
        misfits: list[Claim] = []
        for k, tree in enumerate(line.rights):
            try:
                sides.append((k, self.stated.node(line, tree)))
            except EquationError as error:
                misfits += self.misfit_of_new(line, k, tree, error)
        if not sides:
            return misfits
        k, node = sides[0]
        self.stated.state(name, node)
        clock = self.stated.reader().clock
        if clock is not None and not clock.once:
            self.stated.phases[name] = new_phase(line, clock)
        self.stated.auxiliaries[name] = node.type
        self.own.definitions[name] = replace(line, rights=(line.rights[k],))
        first = Claim(line, k, line.rights[k].span, "defined")
        values, truth = (
            [each[name] for each in envs]
            for envs in zip(*((p.author, p.truth) for p in self.stated.points), strict=True)
        )
        rest = replace(line, rights=tuple(line.rights[at] for at, _ in sides[1:]))
        more = self.links(rest, "", values, truth) if rest.rights else []
        if any(claim.status == "wrong" for claim in more):
            self.own.disputed[name] = [side for _, side in sides]
        more = [either_side(replace(claim, line=line, link=sides[claim.link + 1][0])) for claim in more]
        return [first, *more, *misfits]

    def misfit_of_new(self, line: Line, k: int, tree: Expr, error: EquationError) -> list[Claim]:
        """A right side for a new name that has an index more than that is wrong; another that does not fit is not read."""
        place = place_of(line, k) if len(line.rights) > 1 else line.span
        try:
            if not self.stated.unknown(tree):
                self.stated.reader().value(tree, line.left)
                return [Claim(line, k, place, "wrong", finding=Finding(error.what))]
        except EquationError:
            pass  # it has no value by itself either
        self.unread.append(unread(place, error))
        return []


def letters_of_left(line: Line) -> tuple[str, ...]:
    """The index letters of a left side."""
    indices = line.left.indices or () if isinstance(line.left, Ref) else ()
    return tuple(index.letter for index in indices if isinstance(index, Index))


def is_result(system: SystemData, name: str) -> bool:
    """Whether a line computes a quantity that no other line reads."""
    return system.defines(name) and not system.children(name)
