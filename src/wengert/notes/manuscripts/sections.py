"""What a manuscript is cut into: sections, each a system with the lines about it, and parts that are not read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from wengert.errors import EquationError, WengertError
from wengert.notes.elaboration.system import SystemData
from wengert.notes.notation.chunks import Chunk
from wengert.notes.notation.expr import Line, Span
from wengert.notes.notation.names import split
from wengert.notes.notation.reader import Page
from wengert.notes.notation.symbols import LOSSES, Symbols
from wengert.notes.notation.tokens import Token

if TYPE_CHECKING:
    from wengert.notes.manuscripts.numpy_blocks import ReadBlock


@dataclass(frozen=True)
class Unread:
    """A part of the text that was not read: its place, the reason, what could be written instead, and where in it the reason lies."""

    span: Span
    reason: str
    repair: str
    at: Span


@dataclass(frozen=True, eq=False)
class SystemSection:
    """A system, and the lines that say something about it, each with what the names in it are."""

    system: SystemData
    claims: tuple[Line, ...]
    whole: bool = True
    """Whether all forward equations were read."""
    code: bool = False
    """Whether they are statements of a program."""
    told: str = ""
    """How names were read that can be read in several ways."""
    unread: tuple[Unread, ...] = ()
    """Statements of a program that are not read."""
    others: Callable[[], Iterator[SystemSection]] = lambda: iter(())
    """Other ways to read the same program, the best first."""
    edited: Callable[[Line], Iterator[tuple[str, Line]]] = lambda line: iter(())
    """A line about a program with one small change, as code and as a line."""


@dataclass(frozen=True, eq=False)
class Manuscript:
    """What was found in a text."""

    sections: tuple[SystemSection, ...]
    unread: tuple[Unread, ...]
    source: str


@dataclass
class OpenSection:
    """The section that is being read: its forward equations, then the claims."""

    forward: list[Chunk] = field(default_factory=list[Chunk])
    lefts: set[str] = field(default_factory=set[str])
    bases: set[str] = field(default_factory=set[str])
    """The names that they define, without scripts."""
    whole: bool = True
    lost: set[str] = field(default_factory=set[str])
    """The names on the left of lines that cannot be cut into signs."""
    words: set[str] = field(default_factory=set[str])
    """The names in the forward equations, as they are spelled."""
    reading: Page | None = None
    written: tuple[Line, ...] = ()
    """The forward equations as they are written."""
    system: SystemData | None = None
    claims: list[Line] = field(default_factory=list[Line])
    own: list[Chunk] = field(default_factory=list[Chunk])
    """The lines for names of the author's own behind the last line about a signal."""
    left: list[Token] = field(default_factory=list[Token])
    """The left side of the last claim."""
    symbols: Symbols | None = None
    known: set[str] = field(default_factory=set[str])
    """The quantities of the system and those that claims have defined."""
    joined: set[str] = field(default_factory=set[str])
    """The words that are read as products of letters."""


def section_of(code: ReadBlock) -> SystemSection:
    """A program that was read, with the other ways to read it."""
    unread = tuple(Unread(each.span, each.reason, each.repair, each.span) for each in code.unread)
    system = with_named_loss(code.system)
    return SystemSection(
        system,
        tuple(code.claims),
        code.whole,
        True,
        code.told,
        unread,
        lambda: map(section_of, code.others()),
        code.edited,
    )


def with_named_loss(system: SystemData) -> SystemData:
    """The system whose loss is L, ℓ, J …, where one such line is a number that nothing reads; p = softmax(z) may then stand after it."""
    named = [
        name
        for name, quantity in system.quantities.items()
        if split(name).base in LOSSES and system.defines(name) and not quantity.type.rank and not system.children(name)
    ]
    return replace(system, loss=named[0]) if len(named) == 1 and split(system.loss).base not in LOSSES else system


def unread(span: Span, error: WengertError) -> Unread:
    """Why a part is not read, at the place that the error names within it."""
    place = Span(*error.span) if isinstance(error, EquationError) and error.span is not None else span
    inside = span.start <= place.start < place.end <= span.end
    return Unread(span, error.what, error.repair, place if inside else span)
