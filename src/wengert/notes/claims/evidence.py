"""What is not read line by line, judged by evidence: the rows of `reading` beside those about the systems of a document.

A row that is right or wrong stands. Where a part is not read, a verdict by evidence takes its place; what is nothing to be judged (a
definition, an update, a condition) is said to be that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from wengert.notes.elaboration.system import SystemData
from wengert.notes.notation.expr import Span
from wengert.notes.reading.documents import judge_story
from wengert.notes.reading.printing import latex, plain_text
from wengert.notes.reading.story import Story
from wengert.notes.reading.verdicts import Verdict

JUDGED = ("holds", "conditional", "wrong", "open")
CLASSES = {
    "defined": "a definition",
    "again": "as defined before",
    "given": "given: the loss has no line",
    "update": "an update",
    "approximate": "approximate",
    "comparison": "a comparison",
    "condition": "a condition: it does not hold for all values",
    "schematic": "schematic: it says no value",
}
DOUBTFUL = "doubtful"
"""The status of a wrong row on a page that is not understood as a whole."""
NOT_AS_READ = "does not hold as read"
STATED_VALUES = "example"
"""The reading by which names have the values that a page writes out."""
SUMMED = frozenset({"sum of entries"})
"""The one condition that is no mistake: a loss that is summed."""
DERIVED = re.compile(r"∂|\\partial|∇|\\nabla|δ|\\delta")
"""A line that names what is derived; of names with bars the forward equations alone say what they are."""
NUMBER = re.compile(r"(?:[\d\s.,;{}()\[\]^/+*·×−-]|\\(?:times|cdot|frac|left|right|[,;:!]))+")
MOST_SHOWN = 100


@dataclass(frozen=True)
class EvidenceRow:
    """One row to be shown: its place, status and text, and what is said of it."""

    span: Span
    status: str
    text: str
    note: str = ""
    kind: str = ""
    corrected: str = ""


@dataclass(frozen=True)
class Evidence:
    """What the evidence says of the rows of a document.

    entries  rows to be shown
    taken    the numbers of the rows whose place they take
    idle     the numbers of rows that are not read and claim nothing: mentions, updates, comparisons, definitions
    """

    entries: list[EvidenceRow]
    taken: set[int]
    idle: set[int]


def by_evidence(story: Story, rows: Sequence[tuple[Span, str]], systems: Iterable[SystemData]) -> Evidence:
    """Rows for what `rows` (places with their status) leave unread."""
    taken: set[int] = set()
    doubtful = {k for k, (_, status) in enumerate(rows) if status == DOUBTFUL}
    verdicts = judge_story(story)
    taken |= {
        k for k, (span, status) in enumerate(rows) if status in ("wrong", DOUBTFUL) and _only_compares(span, verdicts)
    }
    entries: list[EvidenceRow] = []
    forward = [Span(*line.span) for system in systems for line in system.lines]
    judged = [span for span, status in rows if status not in ("unread", DOUBTFUL)]
    unread = [(k, span) for k, (span, status) in enumerate(rows) if status in ("unread", DOUBTFUL)]
    classed = not forward and any(verdict.status in JUDGED for verdict in verdicts)
    stated = any(STATED_VALUES in verdict.under for verdict in verdicts)
    for verdict in verdicts:
        place = whole_place(verdict)
        contradicted = {
            k for k, (span, status) in enumerate(rows) if _contradicts(verdict, place, span, status, bool(unread))
        }
        excused = {k for k in contradicted if rows[k][1] == "wrong"}
        if excused or (
            contradicted and unread
        ):  # ranks that were chosen for what is read alone do not fit the rest of the page
            entries.append(_judged(verdict))
            taken |= contradicted
            continue
        if any(_meet(place, span) for span in (*judged, *forward)):
            continue
        here = {k for k, span in unread if _meet(place, span)}
        entry = _instead_of_wrong(verdict, stated) if here & doubtful else _entry(verdict, bool(here), classed)
        if entry is not None:
            entries.append(entry)
            taken |= here
    open_rows = [(k, span) for k, span in unread if k not in doubtful]
    return Evidence(entries, taken, set(_idle(story, verdicts, open_rows)) - taken)


def _only_compares(span: Span, verdicts: Sequence[Verdict]) -> bool:
    """Whether in a place it is said which index is meant, j = 1, or what is compared with what."""
    return any(verdict.status == "comparison" and _meet(whole_place(verdict), span) for verdict in verdicts)


def _contradicts(verdict: Verdict, place: Span, span: Span, status: str, unread: bool) -> bool:
    """Whether the whole page as it is read contradicts what is said: what is right does not hold, or under a condition only; what is wrong holds, by usual readings where all is read."""
    doubted = verdict.status == "wrong" or (verdict.status == "conditional" and "symmetric" in verdict.under)
    if status == "wrong":
        if DERIVED.search(verdict.statement.sides[0]) is None:
            return False
        plainly = verdict.status == "holds" and (unread or not verdict.note)
        holds = plainly or (verdict.status == "conditional" and verdict.under == SUMMED)
        return holds and verdict.derived and _meet(place, span)
    return status == "holds" and doubted and _meet(place, span)


def _idle(story: Story, verdicts: Sequence[Verdict], rows: Sequence[tuple[int, Span]]) -> Iterator[int]:
    """The rows in whose place nothing is claimed: no statement with a relation, or only such as are nothing to be judged."""
    said = {id(verdict.statement) for verdict in verdicts if verdict.status not in CLASSES}
    claims = [statement.span for statement in story.statements if id(statement) in said]
    judged = {id(verdict.statement) for verdict in verdicts}
    unjudged = (s for s in story.statements if id(s) not in judged)
    claims += [s.span for s in unjudged if s.relations and s.form == "open" and (s.faults or s.doubts)]
    for k, span in rows:
        if not any(_meet(span, place) for place in claims):
            yield k


def _instead_of_wrong(verdict: Verdict, stated: bool) -> EvidenceRow | None:
    """What takes the place of a doubtful row, on a page that has `stated` numbers for names; None where the verdict by evidence does not contradict it."""
    if verdict.status in ("holds", "wrong"):  # not under a condition: that W is symmetric excuses a missing transpose
        return _judged(verdict)
    if verdict.status == "conditional" and STATED_VALUES in verdict.under:
        return _judged(verdict)
    if verdict.status == "condition":  # an equation without a derivative may be one that the author demands
        return replace(_judged(verdict), status="open", note=NOT_AS_READ)
    if stated and verdict.status in ("open", "given") and NUMBER.fullmatch(verdict.statement.sides[verdict.link]):
        return replace(_judged(verdict), status="open", note=NOT_AS_READ)  # numbers that an example has put in
    return _classed(verdict) if verdict.status in ("defined", "again") else None


def _judged(verdict: Verdict) -> EvidenceRow:
    return EvidenceRow(
        whole_place(verdict), verdict.status, shown(verdict), verdict.note, verdict.kind, corrected(verdict)
    )


def _classed(verdict: Verdict) -> EvidenceRow:
    return EvidenceRow(whole_place(verdict), "defined", shown(verdict), verdict.note or CLASSES[verdict.status])


def whole_place(verdict: Verdict) -> Span:
    """Where the two sides of a verdict stand."""
    before, here = verdict.statement.places[verdict.before], verdict.statement.places[verdict.link]
    if verdict.before == verdict.link - 1 and verdict.before == 0:
        return Span(min(before.start, here.start), max(before.end, here.end))
    return here


def _meet(a: Span, b: Span) -> bool:
    return a.start < b.end and b.start < a.end


def _entry(verdict: Verdict, unread: bool, classed: bool) -> EvidenceRow | None:
    """What is to be shown of a verdict; None where nothing is to be said, or where it is known already why a part is not read.

    What a line is that is nothing to be judged is said where no forward equation is read line by line but lines are judged (`classed`), else why it is not read.
    """
    if verdict.status in JUDGED:
        return _judged(verdict)
    if verdict.status == "unread":
        if unread or not verdict.derived or verdict.statement.kind == "inline":
            return None
        return EvidenceRow(whole_place(verdict), "unread", shown(verdict), f"not read: {verdict.note}")
    return _classed(verdict) if unread and classed else None


def corrected(verdict: Verdict) -> str:
    """The line with a right side that holds; "" where there is none."""
    if verdict.corrected is None:
        return ""
    left = " ".join(verdict.statement.sides[verdict.before].split())
    write = latex if verdict.statement.notation == "latex" else plain_text
    return f"{left} = {write(verdict.corrected)}"


def shown(verdict: Verdict) -> str:
    """A link as its author wrote it, in one line."""
    statement = verdict.statement
    left, right = (" ".join(statement.sides[k].split()) for k in (verdict.before, verdict.link))
    relation = statement.relations[verdict.link - 1]
    whole = f"{left} {relation} {right}"
    return whole if len(whole) <= MOST_SHOWN else whole[: MOST_SHOWN - 1] + "…"
