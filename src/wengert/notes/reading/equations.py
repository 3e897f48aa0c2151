"""The equations of a document as one system: every statement that says one is read, or the reason why not is an error.

For documents that hold the equations of one system and nothing derived from them; `manuscripts` reads others.
"""

from __future__ import annotations

from dataclasses import replace

from wengert.notes.notation.chunks import Chunk
from wengert.notes.notation.reader import Page, read, read_chunks
from wengert.notes.notation.symbols import Symbols
from wengert.notes.notation.tokens import Source, check_size
from wengert.notes.reading.cutting import ReadingFault
from wengert.notes.reading.selection import says_something
from wengert.notes.reading.story import Statement, Story


def read_equations(story: Story, context: Symbols | None = None) -> Page:
    """All equations of a story as one system: those of displays, where there are none those of lines, else those within sentences.

    Raises EquationError for what cannot be read.
    """
    source = Source(story.text)
    check_size(source, sum(display.end - display.start for display in story.displays) or len(story.text))
    _raise_first(story.faults, source)
    statements = _chosen(story)
    chunks: list[Chunk] = []
    doubts: list[str] = []
    for statement in statements:
        _raise_first(statement.faults, source)
        chunks += statement.chunks
        doubts += [source.warning(doubt.what, doubt.span, doubt.repair) for doubt in statement.doubts]
    if not chunks:
        return read("" if story.displays or not story.text.strip() else story.text, context=context, source=story.text)
    reading = read_chunks(chunks, source, statements[0].notation, context)
    return replace(reading, warnings=(*doubts, *reading.warnings))


def _raise_first(faults: tuple[ReadingFault, ...], source: Source) -> None:
    for fault in faults:
        raise source.error(fault.what, fault.span, fault.repair, fault.fix)


def _chosen(story: Story) -> list[Statement]:
    """The statements that are to be read; a quantity that a display only mentions is none, a line of text that says nothing is."""
    for kind in ("display", "text", "inline"):
        chosen = [s for s in story.statements if s.kind == kind and (says_something(s) or s.notation == "text")]
        if any(map(says_something, chosen)):
            return chosen
    return [s for s in story.statements if s.kind in ("display", "text")]
