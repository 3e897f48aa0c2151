"""A document as a story: its statements in the order of reading, each a chain of sides with relations, its place, form and section.

Nothing is decided here that depends on what a name means. A statement without a relation is a mention; whether an open one defines or
claims is for those to say who know what is in its reach.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from wengert.notes.notation.chunks import Chunk
from wengert.notes.notation.expr import Span
from wengert.notes.notation.listings import without_code
from wengert.notes.notation.macros import Macro, definitions, expand
from wengert.notes.notation.prose import without_lead
from wengert.notes.notation.reader import guess_syntax
from wengert.notes.reading.blocks import Block, Kind, Layout, layout, numbered, outside, words_beside
from wengert.notes.reading.cutting import Chain, ReadingFault, chains
from wengert.notes.reading.directives import directive_layout
from wengert.notes.reading.formats import Document, Files, Format, Part, document_of
from wengert.notes.reading.forms import Form, form_of
from wengert.notes.reading.lines import RELATION, unmarked
from wengert.notes.reading.located import Located
from wengert.notes.reading.normal import Notation
from wengert.notes.reading.whole_names import whole_names, with_whole_names


@dataclass(frozen=True)
class Statement:
    """A chain of sides with relations between them, as the author has written it, its spelling normalised.

    places   where in `Story.text` each side stands
    kind     a display, a formula within a sentence, a line without marks, or a line of a program
    lead     the words before it
    remark   the words behind it: a condition, a range, what the sentence goes on with
    chunks   the same cut into signs, one chunk for each row, with places in `Story.text`; none where a fault lies in it
    doubts   what of it is taken for a remark and may be none
    """

    sides: tuple[str, ...]
    relations: tuple[str, ...]
    places: tuple[Span, ...]
    kind: Kind
    remark: str
    section: int
    form: Form
    notation: Notation
    lead: str = ""
    chunks: tuple[Chunk, ...] = ()
    faults: tuple[ReadingFault, ...] = ()
    doubts: tuple[ReadingFault, ...] = ()

    @property
    def span(self) -> Span:
        """From the beginning of the first side to the end of the last."""
        return Span(min(place.start for place in self.places), max(place.end for place in self.places))


@dataclass(frozen=True)
class Section:
    """A part of a document: where it begins and its heading."""

    start: int
    heading: str


@dataclass(frozen=True)
class CodeBlock:
    """A block of a program: its place and the language that it names."""

    span: Span
    language: str


@dataclass(frozen=True)
class Story:
    """What a document says: statements, sections (the first begins before any heading), macros, code, displays that are not closed,
    the places of all displays."""

    text: str
    format: Format
    statements: tuple[Statement, ...]
    sections: tuple[Section, ...]
    macros: Mapping[str, Macro]
    code: tuple[CodeBlock, ...]
    faults: tuple[ReadingFault, ...]
    parts: tuple[Part, ...]
    displays: tuple[Span, ...]

    def where(self, at: int) -> tuple[str, int, int]:
        """The file or cell of a place, its line and its column there, both from 1."""
        k = max(bisect_right([part.start for part in self.parts], at) - 1, 0)
        name, start = self.parts[k].name, self.parts[k].start
        begun = self.text.count("\n", start, at)
        for here, after in zip(self.parts[:k], self.parts[1 : k + 1], strict=True):
            begun += self.text.count("\n", here.start, after.start) if here.name == name else 0
        return name, begun + 1, at - self.text.rfind("\n", 0, at)


def read_story(text: str, name: str = "", files: Files = lambda name: None) -> Story:
    """The story of a document: Markdown, LaTeX, plain text, reStructuredText, a notebook, or the comments of a program.

    name    the name of its file, whose ending says the format; without one the text does
    files   the text of a file beside it by its name, None where there is none: for \\input and style files

    Raises EquationError where the document is too long, is no notebook, or has macros that call each other without end.
    """
    document = document_of(text, name, files)
    expanded = expand(_without_program(document))
    body = Located(expanded.text, range(len(expanded.text) + 1) if expanded.places is None else expanded.places)
    found = directive_layout(body.text) if document.format == "rst" else layout(body.text, document.format)
    blocks = _with_unmarked(body, found, document.format)
    return Story(
        document.text,
        document.format,
        tuple(_statements(body, blocks, found)),
        (Section(0, ""), *(Section(body.places[at], heading) for at, heading in found.headings)),
        definitions(document.text),
        tuple(CodeBlock(body.span(b.start, b.end), b.language) for b in blocks if b.kind == "code"),
        tuple(_unclosed(body, found)),
        document.parts,
        tuple(body.span(block.start, block.end) for block in blocks if block.kind == "display"),
    )


def _without_program(document: Document) -> str:
    """The text in which formulas may stand: of a program its comments."""
    if document.format == "program" or (document.format == "text" and not document.parts[0].name):
        return without_code(document.text)
    return document.text


def _unclosed(body: Located, found: Layout) -> Iterator[ReadingFault]:
    for span, closing in found.unclosed:
        sign = body.text[span.start : span.end]
        place = body.span(span.start, span.end)
        yield ReadingFault(f"This display formula '{sign}' is not closed.", place, f"Write '{closing}' after it.")


def _with_unmarked(body: Located, found: Layout, format: Format) -> list[Block]:
    """The blocks of a document and the formulas that no mark sets apart, in order."""
    blocks = found.blocks
    formulas = [block for block in blocks if block.kind != "code"]
    if format == "latex" or (
        not formulas and not found.fenced and guess_syntax(body.text) == "latex" and format == "text"
    ):
        if formulas or found.unclosed or not body.text.strip():
            return blocks
        return [Block(0, len(body.text), "display", "latex", Span(0, len(body.text)))]
    plain = format != "rst" and not formulas and not found.fenced
    words = outside(found)
    parts = list(unmarked(words, plain=plain))
    said = any(RELATION.search(words, start, end) is not None for (start, end), _ in parts)
    if not said and format in ("text", "program"):
        parts = list(unmarked(words, plain=plain, hashes=True))
    more = [
        Block(start, end, "inline" if within else "text", _notation(body.text[start:end]), Span(start, end))
        for (start, end), within in parts
    ]
    return sorted([*blocks, *more], key=lambda block: block.start)


def _notation(text: str) -> Notation:
    return "latex" if guess_syntax(text) == "latex" else "text"


def _statements(body: Located, blocks: list[Block], found: Layout) -> Iterator[Statement]:
    """The statements of all blocks; a chain that begins with a relation goes on with the statement before it in its section."""
    words = outside(found)
    formulas = (body.text[block.start : block.end] for block in blocks if block.notation == "latex")
    whole = whole_names(formulas)
    last: tuple[Chain, Block, int] | None = None
    for section, block in numbered(blocks, found.headings):
        if block.kind == "code":
            continue
        part = body.cut(block.start, block.end)
        if block.notation == "text":
            part = replace(part, text="".join(map(without_lead, part.text.splitlines(keepends=True))))
        else:
            part = with_whole_names(part, whole)
        for chain in chains(part, block.notation):
            begun = last is not None and last[2] == section and last[0].relations and last[1].notation == block.notation
            first = chain.chunks[0] if chain.chunks else None
            if begun and last is not None and chain.relations and not chain.sides[0] and not (first and first.apart):
                last[0].goes_on(chain)
                continue
            if begun and first is not None and first.aside:
                yield _statement(words, chain, block, section)
                continue
            if last is not None:
                yield _statement(words, *last)
            last = (chain, block, section)
    if last is not None:
        yield _statement(words, *last)


def _statement(words: str, chain: Chain, block: Block, section: int) -> Statement:
    lead, behind = words_beside(words, block)
    remark = " ".join(dict.fromkeys([*chain.remarks, *([behind] if block.kind == "inline" else [])]))
    return Statement(
        tuple(chain.sides),
        tuple(chain.relations),
        tuple(chain.places),
        block.kind,
        remark.strip(),
        section,
        form_of(chain.sides, chain.relations),
        block.notation,
        lead,
        tuple(chain.chunks),
        tuple(chain.faults),
        tuple(chain.doubts),
    )


__all__ = ["CodeBlock", "ReadingFault", "Section", "Statement", "Story", "read_story"]
