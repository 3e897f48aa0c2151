"""What was found of a document's claims, as text for a terminal and as data for programs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from wengert.errors import place
from wengert.notes.claims.deltas import with_deltas, with_notes
from wengert.notes.claims.deltas_of_parts import understood_with_deltas
from wengert.notes.claims.diagnosis import Effort
from wengert.notes.claims.differences import differences
from wengert.notes.claims.drawn import forget
from wengert.notes.claims.evidence import DERIVED, DOUBTFUL, NOT_AS_READ, EvidenceRow, by_evidence
from wengert.notes.claims.findings import Claim
from wengert.notes.claims.lookalikes import without_lookalikes
from wengert.notes.claims.programs import as_meant, mended, told
from wengert.notes.claims.reranked import judged
from wengert.notes.claims.spelled import defined_letters, spelled
from wengert.notes.claims.unnamed import noted, with_stated_parts
from wengert.notes.elaboration.system import SystemData
from wengert.notes.manuscripts.manuscript import manuscript_of
from wengert.notes.manuscripts.program import read_program
from wengert.notes.manuscripts.sections import Manuscript, SystemSection, Unread
from wengert.notes.notation.ascii_text import in_ascii
from wengert.notes.notation.expr import Expr, Line, Ref, Span
from wengert.notes.notation.generic_layers import OF_LAST, as_counted
from wengert.notes.notation.unicode import show
from wengert.notes.reading.formats import Files
from wengert.notes.reading.story import read_story

MOST_MENDED = 5
"""So many wrong statements of a program are changed to see what makes them right."""
KINK = re.compile(r"max|min|relu|[<>⟦|]|\\begin\{cases|\\[gl](?:e|t|eq)(?![a-z])", re.IGNORECASE)
"""Where a page may have a kink, whose other side the positive numbers drawn by `reading` do not show."""
MARKS = {"holds": "✓", "conditional": "✓", "wrong": "✗", "open": "?", "defined": "·", "unread": "–"}
ASCII_MARKS = {"holds": "ok", "conditional": "ok", "wrong": "WRONG", "open": "??", "defined": "def", "unread": "--"}


@dataclass(frozen=True)
class ReviewRow:
    """One claim, or one part that was not read, ready to be shown; an idle one claims nothing and is not counted."""

    status: str
    line: int
    column: int
    text: str
    note: str = ""
    kind: str = ""
    details: tuple[str, ...] = ()
    corrected: str = ""
    where: str = ""
    repair: str = ""
    idle: bool = False
    bar: str = ""
    """Of which quantity the left side is the bar."""

    def to_json(self) -> dict[str, Any]:
        """The row without what is empty."""
        fields = {
            name: getattr(self, name)
            for name in ("status", "line", "column", "text", "note", "kind", "corrected", "repair")
        }
        return {name: value for name, value in fields.items() if value} | (
            {"details": list(self.details)} if self.details else {}
        )


@dataclass(frozen=True, repr=False)
class Review:
    """Everything that was found in a document, in the order of its text."""

    rows: tuple[ReviewRow, ...]
    systems: tuple[SystemData, ...]

    def count(self, status: str) -> int:
        """How many rows have a status."""
        return sum(row.status == status for row in self.rows)

    @property
    def holds(self) -> bool:
        """Whether no claim is wrong; claims that are open are not."""
        return not self.count("wrong")

    @property
    def judged(self) -> bool:
        """Whether any claim was compared with what it should be."""
        return any(self.count(status) for status in ("holds", "conditional", "wrong", "open"))

    def to_json(self) -> dict[str, Any]:
        """The review as data."""
        names = ("holds", "conditional", "wrong", "open", "defined", "unread")
        return {
            "systems": [list(system.quantities) for system in self.systems],
            "counts": {name: self.count(name) for name in names},
            "claims": [row.to_json() for row in self.rows],
        }

    def __str__(self) -> str:
        return self.text()

    __repr__ = __str__

    def text(self, *, ascii: bool = False, all_rows: bool = True) -> str:
        """The rows, wrong ones with what was found, and a last line that counts."""
        marks = ASCII_MARKS if ascii else MARKS
        shown = [row for row in self.rows if all_rows or row.status in ("wrong", "open", "unread")]
        rows = Counter(row.line for row in self.rows)
        many = {line for line, count in rows.items() if count > 1}
        places = [f"{row.line}:{row.column}" if row.line in many else str(row.line) for row in shown]
        width = max(map(len, places), default=1)
        lines = [p for row, at in zip(shown, places, strict=True) for p in _shown(row, marks, at.rjust(width))]
        text = "\n".join([*lines, self.summary()])
        return in_ascii(text) if ascii else text

    def summary(self) -> str:
        """How many claims hold, how many are wrong, how many were not read; what is not read and claims nothing is counted apart."""
        systems = len(self.systems)
        said = (("holds", "right"), ("conditional", "right under a condition"), ("wrong", "wrong"), ("open", "open"))
        said = (*said, ("defined", "defined"), ("unread", "not read"))
        always = ("holds", "wrong", "unread")
        counts = Counter(row.status for row in self.rows if not row.idle)
        parts = [f"{counts[status]} {word}" for status, word in said if status in always or counts[status]]
        if idle := sum(row.idle for row in self.rows):
            parts.append(f"{idle} without a claim")
        return f"{', '.join(parts)}; {systems} {'system' if systems == 1 else 'systems'}"


def _shown(row: ReviewRow, marks: dict[str, str], at: str) -> Iterator[str]:
    note = f"    ({row.note})" if row.note else ""
    yield f"{marks[row.status]} line {at}  {row.text}{note}"
    pad = " " * (len(marks[row.status]) + len(at) + 8)
    for detail in row.details:
        yield pad + detail
    if row.corrected:
        yield f"{pad}write:  {row.corrected}"
    if row.status == "unread" and row.repair:
        yield pad + row.repair


def review(text: str, name: str = "", files: Files = lambda name: None) -> Review:
    """Every claim of a document judged: a backward pass written by hand beside its forward equations.

    `name` is that of its file, `files` gives the text of a file beside it.

    Raises EquationError where the text as a whole cannot be read.
    """
    return with_evidence(text, name, files)


def review_program(text: str) -> Review:
    """Every claim in a Python program judged: its backward pass beside its forward pass."""
    return reviewed(read_program(text))


def reviewed(manuscript: Manuscript) -> Review:
    """What was found in a document or a program, judged."""
    try:
        return _review(manuscript, _placed(manuscript))
    finally:
        forget()


def with_evidence(text: str, name: str, files: Files) -> Review:
    """What was found in a document, and what is not read line by line judged by evidence."""
    story = read_story(text, name, files)
    manuscript = manuscript_of(story)
    try:
        rows = _placed(manuscript)
    finally:
        forget()
    states = _with_doubts(rows)
    doubted = any(status in ("unread", DOUBTFUL) for _, status in states)
    doubted |= KINK.search(text) is None and any(_is_asked_again(row) for _, row in rows)
    if not doubted and any(row.status != "defined" for _, row in rows):
        return _review(manuscript, rows)
    found = by_evidence(story, states, [section.system for section in manuscript.sections])
    unread = any(row.status == "unread" for _, row in rows)
    rows = [(span, replace(row, idle=k in found.idle)) for k, (span, row) in enumerate(rows)]
    left = [(span, _doubted(row) if unread else row) for k, (span, row) in enumerate(rows) if k not in found.taken]
    return _review(manuscript, left + [(entry.span, _row_of(entry, story.text)) for entry in found.entries])


def _is_asked_again(row: ReviewRow) -> bool:
    """Whether a wrong row may be right as the page as a whole is read; ways that are left out and missing transposes are seen line by line only."""
    return (
        row.status == "wrong" and row.kind not in ("missing path", "transpose") and DERIVED.search(row.text) is not None
    )


def _with_doubts(rows: list[tuple[Span, ReviewRow]]) -> list[tuple[Span, str]]:
    """The status of each row; wrong ones are doubtful where the page is not understood as a whole.

    That is where a part of it is not read, or where those that no change explains are more than what holds.
    """
    unexplained = sum(row.status == "wrong" and not row.kind for _, row in rows)
    misread = unexplained > max(1, sum(row.status == "holds" for _, row in rows))
    misread = misread or any(row.status == "unread" for _, row in rows)
    return [(span, DOUBTFUL if misread and row.status == "wrong" else row.status) for span, row in rows]


def _doubted(row: ReviewRow) -> ReviewRow:
    """A row of a page of which a part is not read: what does not hold, and no change shows to be a mistake, is open."""
    if row.status != "wrong" or row.kind:
        return row
    return replace(row, status="open", note=row.note or NOT_AS_READ, corrected="")


def _row_of(entry: EvidenceRow, text: str) -> ReviewRow:
    wrong = entry.status == "wrong"
    note, details = ("", (entry.note,)) if wrong else (entry.note, ())
    where = place(text, entry.span.start, entry.span.end) if wrong else ""
    return ReviewRow(
        entry.status, *_at(entry.span, text), entry.text, note, entry.kind, details, entry.corrected, where
    )


def _review(manuscript: Manuscript, rows: list[tuple[Span, ReviewRow]]) -> Review:
    ordered = sorted(rows, key=lambda pair: pair[0])
    return Review(tuple(row for _, row in ordered), tuple(section.system for section in manuscript.sections))


def _placed(manuscript: Manuscript) -> list[tuple[Span, ReviewRow]]:
    text = manuscript.source
    rows: list[tuple[Span, ReviewRow]] = [(unread.span, _unread(unread, text)) for unread in manuscript.unread]
    effort = Effort()
    for section in manuscript.sections:
        section = as_meant(section) if section.code else section
        read, told_first = (with_stated_parts(section), ()) if section.code else understood_with_deltas(section)
        section, alike, ambiguous = without_lookalikes(read.section)
        section, told_last = with_deltas(section)
        verdict = judged(section, effort)
        correction = _Correction(verdict.section)
        claims = noted(verdict.claims, (*read.meant, *alike, *verdict.meant), read.defined)
        claims = told(section, with_notes(claims, (*told_first, *told_last), section.system.reading.symbols))
        rows += [(claim.line.span if section.code else claim.span, _claim(claim, text, correction)) for claim in claims]
        lost = (*section.unread, *verdict.unread, *read.unread, *ambiguous)
        rows += [(unread.span, _unread(unread, text)) for unread in lost]
    return rows


def _at(span: Span, text: str) -> tuple[int, int]:
    start = min(max(span.start, 0), len(text))
    return text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start)


def _unread(unread: Unread, text: str) -> ReviewRow:
    quoted = " ".join(text[unread.span.start : unread.span.end].split())
    shown = quoted if len(quoted) <= 60 else quoted[:57] + "…"
    where = place(text, unread.at.start, unread.at.end)
    return ReviewRow(
        "unread", *_at(unread.span, text), shown, f"not read: {unread.reason}", repair=unread.repair, where=where
    )


def _claim(claim: Claim, text: str, correction: _Correction) -> ReviewRow:
    line = claim.line
    code = correction.code
    shown = " ".join(text[slice(*line.span)].split()) if code else correction.side(line, line.rights[claim.link])
    where = _at(line.span if code else claim.span, text)
    bar = line.left.name if isinstance(line.left, Ref) and line.left.barred else ""
    if claim.finding is None:
        return ReviewRow(claim.status, *where, shown, claim.note, bar=bar)
    finding = claim.finding
    diagnosis = finding.diagnosis
    details = [*differences(replace(finding, problem="") if code else finding, correction.system, line)]
    if diagnosis is not None:
        details.append(f"likely: {diagnosis.sentence}")
    return ReviewRow(
        claim.status,
        *where,
        shown,
        claim.note,
        diagnosis.kind if diagnosis is not None else "",
        tuple(details),
        correction.of(claim),
        place(text, claim.span.start, claim.span.end),
        bar=bar,
    )


class _Correction:
    """The lines of one section in its author's notation, corrected ones too: the author's own where an edit mends it, else as the derivation prints it."""

    def __init__(self, section: SystemSection) -> None:
        self.section = section
        self.system = section.system
        self.code = section.code
        self.letters = defined_letters(section.claims)
        self.tries = MOST_MENDED

    def shown(self, line: Line) -> str:
        """A line about the system as its author would write it."""
        symbols = self.system.reading.symbols
        return show(as_counted(spelled(line, self.letters), symbols.layer), symbols=symbols)

    def side(self, line: Line, right: Expr) -> str:
        """A line with one right side; what is added by += as that."""
        return self.shown(
            Line(line.left, (right,), notes=tuple(note for note in line.notes if note in ("+=", OF_LAST)))
        )

    def of(self, claim: Claim) -> str:
        """The corrected line; "" where there is none to offer."""
        if claim.finding is None:
            return ""
        if self.code and self.tries and (text := self.mended(claim)):
            return text
        if claim.finding.corrected is None:
            return ""
        return self.side(claim.line, claim.finding.corrected)

    def mended(self, claim: Claim) -> str:
        """A wrong statement of a program with one small change that makes it right; only some of them are tried."""
        self.tries -= 1
        return mended(self.section, claim)
