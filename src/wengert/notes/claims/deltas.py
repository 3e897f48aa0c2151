"""δ that no line defines as a derivative: δ⁽²⁾, δ_j or δ in claims, read as the error signal of the quantity with which they agree.

A δ is the signal of a quantity if its own line states that signal, or if the lines that use it hold with it; each line is looked at by
itself and with the true signals, so that a mistake in one of them does not spoil the reading. One that agrees with none stays a name
that its author gives to a part.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from wengert.core.ir.graph import Node
from wengert.core.ir.names import bar
from wengert.errors import CheckError, EquationError, GraphError, ShapeError
from wengert.notes.claims.findings import Claim
from wengert.notes.claims.judge import ClaimJudge
from wengert.notes.claims.local_derivatives import LocalDerivatives
from wengert.notes.claims.points import POINTS, ClaimPoint, close, draw
from wengert.notes.claims.row_signals import is_row, with_rows
from wengert.notes.claims.subexpressions import with_definitions
from wengert.notes.claims.suppositions import suppositions
from wengert.notes.elaboration.reread import ContextReader
from wengert.notes.elaboration.system import SystemData
from wengert.notes.manuscripts.sections import SystemSection
from wengert.notes.notation import names
from wengert.notes.notation.expr import Expr, Index, Line, Ref, Spelling, mapped_line, refs_of, walk
from wengert.notes.notation.generic_layers import as_counted
from wengert.notes.notation.symbols import Symbols
from wengert.notes.notation.unicode import show

MAX_DELTAS = 16
"""More δ than these are not looked for in one system."""
MAX_LINES = 60
"""Nor in longer systems, or longer derivations."""
MAX_VALUES = 3000
"""So many right sides are computed at one point to find out what they mean."""


@dataclass(frozen=True)
class Delta:
    """A δ under its name, and the index letters with which its line has it: δ_k and δ_j may be two."""

    name: str
    letters: tuple[str, ...]


@dataclass(frozen=True)
class DeltaReading:
    """A δ, and the quantity whose error signal it is."""

    delta: Delta
    quantity: str

    def said(self, line: Line, symbols: Symbols) -> str:
        """A sentence that says so, beside a line: δ⁽²⁾ read as ȳ."""
        letters = tuple(map(Index, self.delta.letters)) or None
        pair = replace(line, left=Ref(self.delta.name, letters), rights=(Ref(self.quantity, letters, barred=True),))
        counted = as_counted(pair, symbols.layer)
        return " read as ".join(show(side, symbols=symbols) for side in (counted.left, *counted.rights))


def with_deltas(section: SystemSection) -> tuple[SystemSection, tuple[DeltaReading, ...]]:
    """The section with the error signals that its δ are, and what each was read as."""
    deltas = _deltas(section)
    system = section.system
    if not deltas or len(deltas) > MAX_DELTAS or max(len(system.lines), len(section.claims)) > MAX_LINES:
        return section, ()
    try:
        judge = ClaimJudge(section)
        points = [draw(judge.chain, judge.rng) for _ in range(POINTS)]
    except (EquationError, CheckError, GraphError, ShapeError):
        return section, ()  # the claims will be refused with this reason
    found = _DeltaSearch(section, deltas, judge, points).run()
    readings = tuple(DeltaReading(delta, name) for delta, name in found.items())
    return replace(section, claims=tuple(_renamed(line, found, deltas) for line in section.claims)), readings


def with_notes(claims: Sequence[Claim], readings: Sequence[DeltaReading], symbols: Symbols) -> list[Claim]:
    """The claims, each reading as a note of the first that uses the δ."""
    found = sorted(claims, key=lambda claim: claim.span)
    for reading in readings:
        for k, claim in enumerate(found):
            sides = (claim.line.left, claim.line.rights[claim.link])
            if any(_reads(tree, reading) for side in sides for tree in walk(side)):
                found[k] = replace(claim, note="; ".join(filter(None, (claim.note, reading.said(claim.line, symbols)))))
                break
    return found


def _reads(tree: Expr, reading: DeltaReading) -> bool:
    named = isinstance(tree, Ref) and tree.spelling == Spelling("δ", reading.delta.name)
    return named and isinstance(tree, Ref) and tree.name == reading.quantity


# which δ there are


def _base_letters(tree: Ref) -> tuple[str, ...]:
    """The letter of each index, without what is added to it."""
    letters = [[part.letter for part in walk(index) if isinstance(part, Index)] for index in tree.indices or ()]
    return tuple(each[0] if each else "" for each in letters)


def _is_delta(tree: Expr, system: SystemData) -> bool:
    return (
        isinstance(tree, Ref)
        and not tree.barred
        and names.split(tree.name).base == "δ"
        and tree.name not in system.quantities
    )


def _deltas(section: SystemSection) -> tuple[Delta, ...]:
    """The δ of the claims in their order; of one that has lines, those of the left sides only."""
    system, defined, used = section.system, dict[Delta, None](), dict[Delta, None]()
    for line in section.claims:
        for side, found in ((line.left, defined), *((right, used) for right in line.rights)):
            for tree in walk(side):
                if isinstance(tree, Ref) and _is_delta(tree, system):
                    found[Delta(tree.name, _base_letters(tree))] = None
    known = {delta.name for delta in defined}
    pairs = {delta for delta in used if len(delta.letters) > 1}  # a Kronecker δ_ij has no line
    return (*defined, *(delta for delta in used if delta.name not in known and delta not in pairs))


def _of(tree: Ref, deltas: Sequence[Delta]) -> Delta | None:
    """The δ that is meant at one place: that with its letters, the only one with its number of indices, or the array of which it is an
    entry, and back."""
    if tree.barred:
        return None
    letters = _base_letters(tree)
    same = [delta for delta in deltas if delta.name == tree.name and len(delta.letters) == len(letters)]
    exact = [delta for delta in same if delta.letters == letters]
    if exact or same:
        return exact[0] if exact else same[0] if len(same) == 1 else None
    named = [delta for delta in deltas if delta.name == tree.name]
    return named[0] if len(named) == 1 and not (named[0].letters and letters) else None


def _renamed(line: Line, chosen: Mapping[Delta, str], deltas: Sequence[Delta]) -> Line:
    """The line with the error signals of quantities in place of δ."""

    def change(tree: Expr) -> Expr:
        delta = _of(tree, deltas) if isinstance(tree, Ref) else None
        if not isinstance(tree, Ref) or delta is None or delta not in chosen:
            return tree
        return replace(tree, name=chosen[delta], barred=True, spelling=Spelling("δ", tree.name))

    return mapped_line(line, change)


# what they are


@dataclass(frozen=True)
class DeltaEvidence:
    """What speaks for a quantity: whether the own line of the δ states its signal (None without one), and how many lines that use
    the δ hold with it and do not."""

    quantity: str
    own: bool | None
    holding: int
    failing: int


@dataclass(eq=False)
class _DeltaSearch:
    section: SystemSection
    deltas: Sequence[Delta]
    judge: ClaimJudge
    points: Sequence[ClaimPoint]
    spent: int = 0
    rows: set[str] = field(default_factory=set[str])
    """The signals that δ are which their authors write as rows."""

    @property
    def system(self) -> SystemData:
        return self.judge.chain.system

    def run(self) -> dict[Delta, str]:
        """The quantity of every δ that has one; those first whose lines agree on it, since lines of others make use of them."""
        chosen: dict[Delta, str] = {}
        waiting = list(self.deltas)
        while waiting:
            found = {delta: best for delta in waiting if (best := self.quantity(delta, chosen)) is not None}
            if not found:
                break
            delta = min(found, key=lambda each: found[each].failing > 0)
            chosen[delta] = found[delta].quantity
            self.rows |= self.rows_of(delta, chosen)
            waiting.remove(delta)
        alike = {delta: name for delta in waiting if (name := self.relative(delta, chosen)) is not None}
        return chosen | alike

    def relative(self, delta: Delta, chosen: Mapping[Delta, str]) -> str | None:
        """What a δ that agrees with no signal is by its label: the signal of z⁽²⁾ beside a δ⁽¹⁾ that is that of z⁽¹⁾.

        None where more of the lines that use it hold with what its author says it is.
        """
        _, label, subscript, _ = names.split(delta.name)
        pairs = [(names.split(other.name), names.split(name)) for other, name in chosen.items()]
        bases = {of.base for other, of in pairs if other.label and other.label == of.label}
        labelled = [names.split(name) for name in self.candidates(delta)]
        found = [each for each in labelled if each.base in bases and each[1:3] == (label, subscript)]
        if not label or len(found) != 1:
            return None
        name = names.join(*found[0])
        own, meant = self.held_by_users(delta, chosen), self.held_by_users(delta, {**chosen, delta: name})
        return name if meant > own or not own else None

    def held_by_users(self, delta: Delta, chosen: Mapping[Delta, str]) -> int:
        """How many lines that use a δ hold, where it is what is chosen for it, else what its own line says."""
        lines = [_renamed(line, chosen, self.deltas) for line in self.section.claims]
        stated = [
            isinstance(before.left, Ref) and _of(before.left, self.deltas) == delta for before in self.section.claims
        ]
        own: dict[str, Line] = {}
        for line, is_own in zip(lines, stated, strict=True):
            if is_own and isinstance(line.left, Ref) and not line.left.barred:
                own[delta.name] = line
        count = 0
        for before, line, is_own in zip(self.section.claims, lines, stated, strict=True):
            read = (tree for right in before.rights for tree in walk(right) if isinstance(tree, Ref))
            signal = isinstance(line.left, Ref) and line.left.barred and not is_own
            if signal and any(_of(tree, self.deltas) == delta for tree in read):
                count += any(self.holds(line, with_definitions(r, own), self.points) for r in line.rights)
        return count

    def quantity(self, delta: Delta, chosen: Mapping[Delta, str]) -> DeltaEvidence | None:
        """What speaks for the quantity whose signal a δ is; None where nothing, or not enough, speaks for one."""
        evidence = [self.evidence(delta, name, chosen) for name in self.candidates(delta)]
        parts = names.split(delta.name)
        needed = 1 if delta.letters or parts.label or parts.subscript else 2
        likely = [
            each
            for each in evidence
            if (each.own and (each.holding or each.failing < 2))
            or (each.holding >= (1 if each.own is None else needed) and not each.failing)
            or (each.holding and not each.failing and self.supposed(delta, each.quantity, chosen))
        ]
        if not likely:
            return None
        bases = {names.split(name).base for name in chosen.values()}
        ranks = {each: self.rank(delta, each, bases) for each in likely}
        best = max(likely, key=lambda each: (ranks[each], self.place(each)))
        rivals = [each for each in likely if ranks[each] == ranks[best]]
        same = all(self.same_signal(each.quantity, best.quantity) for each in rivals)
        return best if same else None

    def candidates(self, delta: Delta) -> Iterator[str]:
        """The quantities that lines compute, on which the loss depends, with an axis for each letter, in their order."""
        for line in self.system.lines:
            rank = self.system.quantities[line.name].type.rank
            reached = bar(line.name) in self.points[0].truth and line.node.type.is_float
            if reached and line.name != self.judge.chain.loss and rank >= len(delta.letters):
                yield line.name

    def rank(self, delta: Delta, each: DeltaEvidence, bases: Collection[str]) -> tuple[int, bool, bool, bool, bool]:
        """How well a quantity fits: the lines that hold, the letter of what other δ were read as, its label, its indices."""
        quantity = self.system.quantities[each.quantity]
        base, label, *_ = names.split(each.quantity)
        letters = bool(delta.letters) and quantity.letters == delta.letters
        lines = each.holding - each.failing + {True: 1, False: -1, None: 0}[each.own]
        return lines, base in bases, label == names.split(delta.name).label, letters, bool(each.own)

    def place(self, each: DeltaEvidence) -> int:
        """Where a quantity stands in the computation."""
        return [line.name for line in self.system.lines].index(each.quantity)

    def same_signal(self, one: str, other: str) -> bool:
        return close([p.truth[bar(one)] for p in self.points], [p.truth[bar(other)] for p in self.points])

    def evidence(self, delta: Delta, name: str, chosen: Mapping[Delta, str]) -> DeltaEvidence:
        """What the lines say of a δ as the signal of a quantity."""
        own: bool | None = None
        holding = failing = 0
        for line in self.section.claims:
            if not any(_of(tree, self.deltas) == delta for tree in refs_of([line])):
                continue
            stated = isinstance(line.left, Ref) and not line.left.barred and _of(line.left, self.deltas) == delta
            new = _renamed(line, {**chosen, delta: name}, self.deltas)
            left = new.left
            if not isinstance(left, Ref) or not left.barred or (not stated and self.is_about(left, name)):
                continue
            held = [self.holds(new, right, self.points) for right in new.rights]
            if stated:
                own = bool(own) or any(held)
            elif any(held):
                holding += 1
            elif False in held:
                failing += 1
        return DeltaEvidence(name, own, holding, failing)

    def is_about(self, left: Ref, name: str) -> bool:
        """Whether a line states the signal itself, so that it says nothing of it when the δ stands alone on its right."""
        quantity = self.system.quantities[name]
        return left.name in (name, quantity.whole, quantity.indexed)

    def holds(self, line: Line, right: Expr, points: Sequence[ClaimPoint]) -> bool | None:
        """Whether a right side is the true signal that stands on the left; None where it has no value."""
        if any(
            _is_delta(tree, self.section.system) and _of(tree, self.deltas)
            for tree in walk(right)
            if isinstance(tree, Ref)
        ):
            return None
        if self.spent > MAX_VALUES:
            return None
        system = self.system
        try:
            reader = ContextReader(system, system.reading, self.judge.stated.auxiliaries, LocalDerivatives(system))
            node = self.node(reader, line, right)
            assert isinstance(line.left, Ref)
            target = bar(reader.context.resolve(line.left.name))
            for point in points:
                self.spent += 1
                if target not in point.truth or not close([point.value(node, point.truth)], [point.truth[target]]):
                    return False
        except (EquationError, GraphError, ShapeError):
            return None
        return True

    def node(self, reader: ContextReader, line: Line, right: Expr) -> Node:
        """A right side; where it does not fit as it stands, with the δ that their lines state as rows, or with all δ in it as rows.

        Raises EquationError where it does not fit.
        """
        here = [t for t in walk(right) if isinstance(t, Ref) and t.spelling is not None and t.spelling.sign == "δ"]
        forms = [right, *(with_rows(right, rows, reader.context) for rows in (self.rows, {bar(t.name) for t in here}))]
        for form in dict.fromkeys(forms[:-1]):
            try:
                return reader.line(replace(line, rights=(form,))).node
            except EquationError:
                continue
        return reader.line(replace(line, rights=(forms[-1],))).node

    def rows_of(self, delta: Delta, chosen: Mapping[Delta, str]) -> set[str]:
        """The signal that a δ is, where its own line has it as a row."""
        context = ContextReader(self.system, self.system.reading).context
        for line in self.section.claims:
            if isinstance(line.left, Ref) and not line.left.barred and _of(line.left, self.deltas) == delta:
                rights = _renamed(line, chosen, self.deltas).rights
                if any(is_row(with_rows(right, self.rows, context), context) for right in rights):
                    return {bar(chosen[delta])}
        return set()

    def supposed(self, delta: Delta, name: str, chosen: Mapping[Delta, str]) -> bool:
        """Whether the own line of a δ states the signal of a quantity under an assumption, such as Σ_k t_k = 1."""
        lines = [
            line for line in self.section.claims if isinstance(line.left, Ref) and _of(line.left, self.deltas) == delta
        ]
        for each in suppositions(self.points[0], self.judge.assumed.given):
            try:
                points = [draw(self.judge.chain, self.judge.rng, each.adjust)]
            except (CheckError, EquationError):
                continue
            for line in lines:
                new = _renamed(line, {**chosen, delta: name}, self.deltas)
                if any(self.holds(new, right, points) for right in new.rights):
                    return True
        return False
