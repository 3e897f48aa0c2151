"""Python blocks that hold a forward and a backward pass as assignments: a system, and lines about it, as equations would give them.

A block is read where it assigns error signals (w_bar, dw, grad_w) of names that it computes or reads; other code is code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from wengert.errors import EquationError, GraphError, ShapeError
from wengert.notes.elaboration.elaborate import elaborate
from wengert.notes.elaboration.system import SystemData
from wengert.notes.manuscripts.numpy_arrays import Letter, LetteredArray, NotRead
from wengert.notes.manuscripts.numpy_axes import LOSS, Ones, Reader, readings
from wengert.notes.manuscripts.numpy_code import UnknownAxes
from wengert.notes.manuscripts.numpy_edits import edits, text_of
from wengert.notes.manuscripts.numpy_solving import whole_solution
from wengert.notes.manuscripts.numpy_statements import AssignedStep, steps_of
from wengert.notes.manuscripts.numpy_syntax import SIGNAL, is_constant, is_size, names_in
from wengert.notes.manuscripts.numpy_versions import (
    UNKNOWN_SIGNAL,
    Restating,
    Versions,
    cut,
    inside,
    names_of,
    signal_of,
)
from wengert.notes.notation.expr import Declaration, Expr, Index, Line, Ref, Span, walk
from wengert.notes.notation.reader import Page
from wengert.notes.notation.symbols import Symbols
from wengert.regex import regex

FENCE = regex(
    r"^( {0,3})(`{3,}|~{3,})[ \t]*(?:python|py|python3|numpy)\b[^\n]*\n(.*?)(?:^ {0,3}\2[`~]*[ \t]*$|\Z)",
    re.MULTILINE | re.DOTALL,
)
MORE = "Write it with @, einsum, sums over axes and functions of entries, and without loops."
MAX_STATEMENTS = 120
MOST_RULES = 6
"""In so many ways restated signals are read."""


@dataclass(frozen=True)
class NotJudged:
    """A statement that is not read: its place, the reason, and what to write instead."""

    span: Span
    reason: str
    repair: str


@dataclass
class ReadBlock:
    """A block that was read in one way: its system, the lines about it, what of it is not read, and how its names were read."""

    system: SystemData
    claims: list[Line]
    unread: list[NotJudged]
    told: str
    whole: bool = True
    """Whether all its forward lines were read."""
    others: Callable[[], Iterator[ReadBlock]] = lambda: iter(())
    """Other ways to read the same block, the best first."""
    edited: Callable[[Line], Iterator[tuple[str, Line]]] = lambda line: iter(())
    """A line about the system with one small change, as code and as a line."""


def code_blocks(text: str) -> Iterator[ReadBlock | NotJudged]:
    """The Python blocks of a document that hold a backward pass; a statement that cannot be read where a block has no other."""
    before: list[AssignedStep] = []  # a forward pass whose backward pass may stand in the next block
    for fence in FENCE.finditer(text):
        steps = steps_of(fence.group(3), fence.start(3))
        if not steps:
            continue
        found = code_of(steps, text)
        if found is None and before and not cut(before)[1]:
            found = code_of([*before, *steps], text)
        if found is not None:
            yield found
        before = steps


def code_of(steps: Sequence[AssignedStep], source: str) -> ReadBlock | NotJudged | None:
    """Statements as a system with lines about it, with the other ways to read them; None where they are no derivation."""
    forward, claims = cut(steps)
    if len(steps) > MAX_STATEMENTS or not is_derivation(forward, claims):
        return None
    found = ways(forward, claims, source)
    first = next(found, None)
    if first is None:
        return NotJudged(forward[0].span, "No line of this code can be read as an equation.", MORE)
    return replace(first, others=lambda: found)


def ways(forward: Sequence[AssignedStep], claims: Sequence[AssignedStep], source: str) -> Iterator[ReadBlock]:
    """The ways to read two passes, the least surprising first."""
    for rule in rules(forward, claims):
        reader = Reader(Versions(forward, claims, rule).passes())
        for axes in readings(reader):
            code = PassBlock(reader, axes, source).code()
            if code is not None:
                yield code


def is_derivation(forward: Sequence[AssignedStep], claims: Sequence[AssignedStep]) -> bool:
    """Whether lines about error signals follow forward ones; a single dx alone may be a distance."""
    quantities, named = names_of(forward), names_of(claims)
    signals = {name for name in named if signal_of(name, quantities)}
    unnamed = {name for name in named - signals if UNKNOWN_SIGNAL.fullmatch(name)}
    if all(is_constant(step.value) or is_size(step.value) for step in forward):
        return False
    return (len(signals | unnamed) > 1 and bool(signals)) or any(not name.startswith("d") for name in signals)


def rules(forward: Sequence[AssignedStep], claims: Sequence[AssignedStep]) -> Iterator[Restating]:
    """The ways in which restated signals are read: that they go back through the values of a name, that they stay, that a signal is
    that of the first value from the beginning."""
    yield Restating()
    quantities = names_of(forward)
    stated = [of for step in claims if (of := signal_of(step.name, quantities)) is not None]
    assigned = [step.name for step in forward]
    restated = frozenset(name for name in stated if stated.count(name) > 1)
    if restated:
        yield Restating(stays=restated)
    several = {step.name for step in forward if assigned.count(step.name) > 1 or inside(step.value) is not None}
    early = [name for name in dict.fromkeys(stated) if name in several]
    yield from (Restating(first=frozenset({name})) for name in early[: MOST_RULES - 1])
    if len(early) > 1:
        yield Restating(first=frozenset(early))


@dataclass
class PassBlock:
    """Two passes with the axes of their names, as a system and lines about it."""

    reader: Reader
    axes: Mapping[str, Ones]
    source: str

    def __post_init__(self) -> None:
        self.passes = self.reader.passes
        self.lost: list[NotJudged] = []

    def code(self) -> ReadBlock | None:
        """The block as a system with claims; None where it makes none."""
        try:
            lines = [line for step in self.passes.forward if (line := self.forward_line(step)) is not None]
            system = self.system(lines) if lines else None
        except (NotRead, UnknownAxes, EquationError, GraphError, ShapeError, RecursionError):
            return None  # code that is more than these lines, which nobody said is a derivation
        if system is None:
            return None
        whole = not self.lost
        claims = [line for step in self.passes.claims if (line := self.claim(step)) is not None]
        return ReadBlock(system, claims, list(self.lost), self.told(system), whole, edited=self.edited)

    def edited(self, line: Line) -> Iterator[tuple[str, Line]]:
        """The statement of a line with one small change, as code and as a line."""
        left = line.left
        for step in self.passes.claims:
            if (
                step.span != line.span
                or not isinstance(left, Ref)
                or (step.name, step.barred) != (left.name, left.barred)
            ):
                continue
            name = self.passes.spelled.get(SIGNAL * step.barred + step.name, step.name)
            for value in edits(step.value):
                text = text_of(value, self.passes.spelled)
                again = self.claim(replace(step, value=value)) if text else None
                if again is not None:
                    yield f"{name} = {text}", again

    # lines

    def forward_line(self, step: AssignedStep) -> Line | None:
        """The line of a forward statement; None, and the reason kept where its name is used, where it is not read."""
        known = dict(self.axes)
        if known.pop(step.name, None) is None and self.has_result(step):
            return None  # it is not read, and nothing is computed of it
        try:
            _, array = self.reader.take(step, known)
        except (NotRead, UnknownAxes) as reason:
            self.keep(step, reason)
            return None
        left, letters = self.left(step.name, array.ones, barred=False)
        if (tree := whole_solution(step.value, self.reader.values(dict(self.axes)))) is not None:
            return Line(replace(left, indices=None), (tree,), step.span)
        return Line(left, (array.build(letters),), step.span)

    def has_result(self, step: AssignedStep) -> bool:
        """Whether another line gives the result that is differentiated, or the signals that come from outside are read."""
        if any(other.name in LOSS and other is not step and other.name in self.axes for other in self.passes.forward):
            return True
        stated = {other.name for other in self.passes.claims if other.barred}
        read = {name for other in self.passes.claims for name in names_in(other.value) if name[0] == SIGNAL}
        return any(name.removeprefix(SIGNAL) not in stated for name in read)

    def claim(self, step: AssignedStep) -> Line | None:
        """A statement after the forward pass as a line about the system; None, and the reason kept, where it is not read."""
        known = dict(self.axes)
        try:
            _, array = self.reader.take(step, known)
            ones = known[step.name]
            left, letters = self.left(step.name, ones, barred=step.barred)
            if (tree := whole_solution(step.value, self.reader.values(known))) is not None:
                return Line(replace(left, indices=None), (tree,), step.span)
        except (NotRead, UnknownAxes) as reason:
            self.keep(step, reason)
            return None
        if array.rank != len(ones):
            return Line(left, (loose(array, self.reader.letter),), step.span)
        return Line(left, (array.build(letters),), step.span)

    def keep(self, step: AssignedStep, reason: NotRead | UnknownAxes) -> None:
        """Keep why a statement is not read, once for all names that it gives values."""
        if any(lost.span == step.span for lost in self.lost):
            return
        if isinstance(reason, UnknownAxes):
            name = self.passes.spelled.get(reason.name, reason.name)
            self.lost.append(
                NotJudged(step.span, f"'{name}' is not defined.", f"Compute '{name}' in the lines before.")
            )
        else:
            self.lost.append(NotJudged(step.span, reason.what, reason.repair))

    def left(self, name: str, ones: Sequence[bool], *, barred: bool) -> tuple[Ref, tuple[str, ...]]:
        """A left side, and the letters of all its axes."""
        self.reader.letter.begin()
        letters = tuple("" if one else self.reader.letter.new() for one in ones)
        indices = tuple(Index(q) for q in letters if q)
        return Ref(name, indices or None, barred), letters

    def system(self, lines: Sequence[Line]) -> SystemData:
        """The system of the forward lines.

        Raises EquationError, GraphError, ShapeError.
        """
        used = {n for line in lines for right in line.rights for n in refs(right)}
        lefts = tuple(line.left.name for line in lines if isinstance(line.left, Ref))
        ranks = {name: sum(not one for one in self.axes[name]) for name in (*lefts, *used) if name in self.axes}
        symbols = Symbols(assigned=lefts, names=frozenset(ranks), functions=frozenset({"σ"}))
        reading = Page(tuple(lines), tuple[Declaration, ...](), (), symbols, "text", self.source)
        return elaborate(reading, ranks)

    def told(self, system: SystemData) -> str:
        """A sentence on how many axes the inputs were taken to have."""
        kinds: dict[Ones, list[str]] = {}
        for name in system.inputs:
            if name in self.axes and name not in self.passes.drawn:
                kinds.setdefault(self.axes[name], []).append(self.passes.spelled.get(name, name))
        found = (f"{', '.join(each)} as {kind_of(ones, len(each) > 1)}" for ones, each in kinds.items())
        return "read with " + "; ".join(found)


def refs(tree: Expr) -> Iterator[str]:
    """The names in an expression."""
    return (part.name for part in walk(tree) if isinstance(part, Ref))


def kind_of(ones: Ones, several: bool) -> str:
    """What arrays with these axes are called."""
    if any(ones):
        one, many = ("a row", "rows") if ones[0] else ("a column", "columns")
    elif len(ones) < 3:
        one, many = (("a number", "numbers"), ("a vector", "vectors"), ("a matrix", "matrices"))[len(ones)]
    else:
        one, many = f"an array of {len(ones)} axes", f"arrays of {len(ones)} axes"
    return many if several else one


def loose(array: LetteredArray, letter: Letter) -> Expr:
    """The tree of an array of another shape than the left side, in letters of its own."""
    return array.build(tuple("" if one else letter.new() for one in array.ones))
