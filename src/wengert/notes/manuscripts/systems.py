"""The system of a document that a command is about: its equations, or one of the systems that a derivation made by hand is of.

A document of equations alone is read as one system, and what cannot be read in it is an error. One with lines about derivatives, or
with several systems, is read as a manuscript; which of its systems is meant is said by a number where there are several.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from wengert.errors import EquationError, WengertError
from wengert.notes.elaboration.elaborate import elaborate
from wengert.notes.elaboration.system import SystemData
from wengert.notes.manuscripts.line_kinds import is_signal
from wengert.notes.notation.expr import Ref
from wengert.notes.notation.tokens import Source
from wengert.notes.notation.unicode import show
from wengert.notes.reading.equations import read_equations
from wengert.notes.reading.formats import Files
from wengert.notes.reading.story import Statement, read_story

if TYPE_CHECKING:
    from wengert.notes.manuscripts.sections import Manuscript, SystemSection


class SystemChoiceError(EquationError):
    """A document has several systems, and none of them was named, or one that it does not have."""


@dataclass(frozen=True)
class SystemHead:
    """A system of a document as a reader tells it from the others: the line where it begins, what it minimises, its first equation.

    It goes from `start` to `end`, where the next one begins in the text, with its heading or its paragraph.
    """

    start: int
    line: int
    loss: str
    equation: str
    end: int

    def __str__(self) -> str:
        return f"line {self.line}, loss {self.loss}:  {self.equation}"


def systems_in(text: str, name: str = "", files: Files = lambda name: None) -> tuple[SystemHead, ...]:
    """The systems of a document, in its order."""
    from wengert.notes.manuscripts.manuscript import manuscript_of

    story = read_story(text, name, files)
    return _heads(manuscript_of(story), [section.start for section in story.sections])


def number_of(system: SystemData) -> int:
    """Which of the systems of its text a system is, counted from 1; 0 where the text is one system."""
    try:
        system_of(system.source)
    except SystemChoiceError:
        starts = [head.start for head in systems_in(system.source)]
        return starts.index(_start(system)) + 1
    return 0


def system_of(text: str, name: str = "", files: Files = lambda name: None, number: int | None = None) -> SystemData:
    """The system of a document; the one with that number, counted from 1, where it has several.

    Raises EquationError where its equations cannot be read, where it has several systems and no number is given, or none of that number.
    """
    story = read_story(text, name, files)
    try:
        system = elaborate(read_equations(story))
        if number in (None, 1) and not any(map(_may_claim, story.statements)):
            return system
        fault = None
    except WengertError as error:
        system, fault = None, error
    from wengert.notes.manuscripts.manuscript import manuscript_of  # most texts are equations alone, and do without

    found = manuscript_of(story)
    derived = len(found.sections) > 1 or any(map(_is_derived, found.sections))
    if not derived and (fault is not None or number in (None, 1)):
        if system is None:
            assert fault is not None
            raise fault
        return system
    return _chosen(found, number, name)


def _may_claim(statement: Statement) -> bool:
    """Whether a statement may be about a derivative: it begins with a bar, ∂, ∇, d or δ."""
    tokens = [chunk.tokens for chunk in statement.chunks if chunk.tokens]
    return bool(statement.relations) and any(is_signal(row) or row[0].text[:1] == "d" for row in tokens)


def _is_derived(section: SystemSection) -> bool:
    """Whether lines about derivatives follow the equations of a section."""
    for line in section.claims:
        left = line.left
        if (
            not isinstance(left, Ref)
            or left.barred
            or (left.name[:1] == "d" and left.name[1:] in section.system.quantities)
        ):
            return True
    return False


def _chosen(found: Manuscript, number: int | None, name: str) -> SystemData:
    """The system that is meant, with a warning for each forward line that is not read."""
    sections = found.sections
    if number is None and len(sections) == 1:
        number = 1
    if number is None or not 1 <= number <= len(sections):
        what = (
            f"This document has {len(sections)} systems."
            if number is None
            else f"There is no system {number} in this document."
        )
        where = "\n".join(f"  {k}  {head}" for k, head in enumerate(_heads(found), 1))
        error = SystemChoiceError(what, where or f"  {name}", "Say which one is meant:  --system 1")
        firsts = [section.system.reading.lines[0].span for section in sections[1:]]
        error.span = (firsts[0].start, firsts[0].end) if firsts else (0, len(found.source))
        raise error
    section = sections[number - 1]
    if section.whole:
        return section.system
    source = Source(found.source)
    lost = [source.warning(f"Not read: {each.reason}", each.at, each.repair) for each in found.unread]
    return replace(section.system, warnings=(*section.system.warnings, *lost))


def _heads(found: Manuscript, headings: Sequence[int] = ()) -> tuple[SystemHead, ...]:
    systems = [section.system for section in found.sections]
    starts = [_start(system) for system in systems]
    ends = [
        max(
            (at for at in headings if before < at <= start),
            default=found.source.rfind("\n\n", before, start) + 1 or start,
        )
        for before, start in pairwise(starts)
    ]
    return tuple(
        SystemHead(start, found.source.count("\n", 0, start) + 1, str(system.loss), _first(system), end)
        for system, start, end in zip(systems, starts, [*ends, len(found.source)], strict=True)
    )


def _start(system: SystemData) -> int:
    """Where the first equation of a system begins."""
    lines = system.reading.lines
    return lines[0].span.start if lines else 0


def _first(system: SystemData) -> str:
    """The first equation of a system in one line."""
    lines = system.reading.lines
    return show(lines[0]) if lines else ""
