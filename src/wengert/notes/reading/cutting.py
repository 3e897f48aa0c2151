"""One block of formulas cut into chains: sides with relations between them, the rows that go on with a chain, and the words beside it.

Rows and parts are cut by the signs of `notation.chunks`, which know brackets, matrices and remarks. Where a row holds what the
tokenizers do not know, it is cut by its text alone: such a side may be unread, the others are not. It must not know what a name means.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from wengert.errors import EquationError, Fix
from wengert.notes.notation import tokens_latex, tokens_text
from wengert.notes.notation.brackets import match_brackets
from wengert.notes.notation.chunks import Chunk, cut, relations
from wengert.notes.notation.expr import Span
from wengert.notes.notation.primed_letters import with_primed_letters
from wengert.notes.notation.tokens import Source
from wengert.notes.reading.located import Located
from wengert.notes.reading.normal import Notation, normal
from wengert.notes.reading.rows import rows, sides_of_text, without_wrappers

BREAKING = frozenset({"amp", "row", "newline", "soft", "hard"})
SIGNS = {
    "\\approx": "≈", "\\simeq": "≈", "\\cong": "≈", "≃": "≈", "≅": "≈", "\\sim": "~", "∼": "~", "\\propto": "∝", "\\gets": "←",
    "\\leftarrow": "←", "\\triangleq": "≜", "\\coloneqq": ":=", "\\coloneq": ":=", "≔": ":=", "≝": "≜", "\\equiv": "=", "≡": "=",
    "\\doteq": "=", "\\in": "∈", "\\le": "≤", "\\leq": "≤", "\\leqslant": "≤", "<=": "≤", "⩽": "≤", "\\ge": "≥", "\\geq": "≥",
    "\\geqslant": "≥", ">=": "≥", "⩾": "≥", "\\ne": "≠", "\\neq": "≠", "!=": "≠", "\\lt": "<", "\\gt": ">", "==": "=", "in": "∈",
}  # fmt: skip
"""Relations by how they are typed."""
EVERY = frozenset({"=", "+=", "∈", "≈", "~", "∝", "<", ">", "≤", "≥", "≠"})


@dataclass(frozen=True)
class ReadingFault:
    """Why a part is not read: what is wrong, its place in the document, what to write instead, and that as a change of the document."""

    what: str
    span: Span
    repair: str
    fix: Fix | None = None


@dataclass
class Chain:
    """s₀ r₁ s₁ r₂ s₂ …, each side with its place; the same as signs, one chunk for each row; the words behind it."""

    sides: list[str] = field(default_factory=list[str])
    relations: list[str] = field(default_factory=list[str])
    places: list[Span] = field(default_factory=list[Span])
    chunks: list[Chunk] = field(default_factory=list[Chunk])
    remarks: list[str] = field(default_factory=list[str])
    faults: list[ReadingFault] = field(default_factory=list[ReadingFault])
    doubts: list[ReadingFault] = field(default_factory=list[ReadingFault])

    def goes_on(self, other: Chain) -> None:
        """Take in what begins with a relation: = c behind a = b; one that ends a row and stands again before the next is one."""
        if not self.sides[-1] and self.relations[-1:] == other.relations[:1] and len(self.sides) > 1:
            del self.sides[-1], self.places[-1], self.relations[-1]
        self.sides += other.sides[1:]
        self.places += other.places[1:]
        self.relations += other.relations
        self.chunks += other.chunks
        self.remarks += other.remarks
        self.faults += other.faults
        self.doubts += other.doubts


@dataclass(frozen=True)
class _Part(Source):
    """A part whose doubtful readings are kept with their places in the document."""

    part: Located = field(default_factory=lambda: Located.whole(""))
    doubts: list[ReadingFault] = field(default_factory=list[ReadingFault])

    def warning(self, what: str, span: Span, repair: str) -> str:
        self.doubts.append(ReadingFault(what, self.part.span(*span), repair))
        return what


def chains(part: Located, notation: Notation) -> Iterator[Chain]:
    """The chains of one block; one that begins with a relation has an empty first side."""
    part = normal(part, notation)
    try:
        yield from _chains(part, notation)
        return
    except EquationError:
        pass  # row by row, the reason is kept where it lies
    for start, end in rows(part.text, notation):
        row = part.cut(start, end)
        try:
            yield from _chains(row, notation)
        except EquationError as error:
            yield from _by_text(row, notation, error)


def _chains(part: Located, notation: Notation) -> list[Chain]:
    """The chains of a text that can be cut into signs.

    Raises EquationError, whose span is a place in the part.
    """
    source = _Part(part.text, part)
    tokenizer = tokens_latex if notation == "latex" else tokens_text
    raw = tokenizer.tokenize(part.text, source)
    before = list(raw)
    stream = match_brackets(with_primed_letters(raw, notation), source, notation)
    edges = _Edges([token.span.start for token in stream], [token.span.end for token in stream], len(part.text))
    chunks = cut(stream, source, notation, [])
    kept = {id(token) for chunk in chunks for token in chunk.tokens}
    breaks = sorted(token.span for token in before if token.kind in BREAKING and id(token) not in kept)
    out = [_chain(chunk, part, edges, breaks) for chunk in chunks]
    _put_in_place(chunks, part)
    for doubt in source.doubts:
        behind = [k for k, chunk in enumerate(chunks) if chunk.span.start <= doubt.span.start]
        if behind:
            out[behind[-1]].doubts.append(doubt)
    return out


def _chain(chunk: Chunk, part: Located, edges: _Edges, breaks: Sequence[Span]) -> Chain:
    """One chunk as text: each side from the sign before it to the sign behind it, so that fonts and braces stay."""
    chain = Chain(chunks=[chunk], remarks=list(chunk.notes))
    tokens = chunk.tokens
    signs = [] if chunk.keyword else relations(tokens, EVERY)
    bounds = [-1, *signs, len(tokens)]
    for k, (a, b) in enumerate(pairwise(bounds)):
        start = edges.before(tokens[0].span.start) if k == 0 else tokens[a].span.end
        end = tokens[b].span.start if b < len(tokens) else edges.behind(chunk.span.end)
        _add_side(chain, part, start, end, breaks)
        if b < len(tokens):
            written = part.text[tokens[b].span.start : tokens[b].span.end].strip()
            chain.relations.append(SIGNS.get(written, "=" if written.startswith("\\stackrel") else written or "="))
    return chain


class _Edges:
    """Where the signs of a part begin and end."""

    def __init__(self, starts: Sequence[int], ends: Sequence[int], length: int) -> None:
        self.starts, self.ends, self.length = sorted(starts), sorted(ends), length

    def before(self, start: int) -> int:
        """Where the sign before a place ends, so that \\mathbf{ before the first letter of a side belongs to it."""
        at = bisect_right(self.ends, start)
        return self.ends[at - 1] if at else 0

    def behind(self, end: int) -> int:
        """Where the sign behind a place begins."""
        at = bisect_left(self.starts, end)
        return self.starts[at] if at < len(self.starts) else self.length


def _add_side(chain: Chain, part: Located, start: int, end: int, breaks: Sequence[Span]) -> None:
    first, last = bisect_left(breaks, Span(start, start)), bisect_left(breaks, Span(end, end))
    inside = [(max(a, start) - start, min(b, end) - start) for a, b in breaks[first:last]]
    side = part.cut(start, end).blanked(inside)
    stripped = side.text.strip()
    lead = len(side.text) - len(side.text.lstrip())
    chain.sides.append(stripped)
    chain.places.append(side.span(lead, lead + len(stripped)))


def _put_in_place(chunks: Sequence[Chunk], part: Located) -> None:
    """The tokens of chunks with their places in the document."""
    seen: set[int] = set()
    for chunk in chunks:
        for token in chunk.tokens:
            if id(token) not in seen:
                seen.add(id(token))
                token.span = part.span(token.span.start, token.span.end)


def _by_text(row: Located, notation: Notation, error: EquationError) -> Iterator[Chain]:
    """A row that cannot be cut into signs as a whole, with the reason."""
    start, end = error.span if error.span is not None else (0, len(row.text))
    fix = None if error.fix is None else Fix(*row.span(error.fix.start, error.fix.end), error.fix.text)
    fault = ReadingFault(error.what, row.span(start, min(end, len(row.text))), error.repair, fix)
    row = replace(row, text=without_wrappers(row.text)) if notation == "latex" else row
    for spans, signs in sides_of_text(row.text):
        chain = Chain(faults=[fault])
        for a, b in spans:
            text = row.text[a:b]
            lead = len(text) - len(text.lstrip())
            chain.sides.append(text.strip())
            chain.places.append(row.span(a + lead, a + lead + len(text.strip())))
        chain.relations = [SIGNS.get(sign, sign) for sign in signs]
        yield chain
