"""One's own backward lines, judged beside the equations they are about."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from wengert.blackboard.subject import Subject
from wengert.languages import LANGUAGES, printed
from wengert.notes.claims.review import ReviewRow, review


def judged(subject: Subject, lines: str, lang: str = LANGUAGES[0]) -> dict[str, Any]:
    """The message `judged`: a row for each claim in `lines`, places counted from their first line."""
    needed = sum(line.name != subject.derived.loss for line in subject.derived.lines)
    if not lines.strip():
        return {"type": "judged", "rows": [], "needed": needed, "held": 0}
    head = subject.text.rstrip() + "\n\n"
    before = head.count("\n")
    found = review(head + lines)
    own = [row for row in found.rows if row.line > before]
    held = {row.text.partition("=")[0].strip() for row in own if row.status in ("holds", "conditional")}
    rows = [_spoken(row, lang) | {"line": row.line - before} for row in own]
    return {"type": "judged", "rows": rows, "needed": needed, "held": len(held)}


def _spoken(row: ReviewRow, lang: str) -> dict[str, Any]:
    """A row with its sentences in a language; equations and the name of the kind stay."""
    said = replace(
        row,
        note=printed(row.note, lang),
        details=tuple(printed(detail, lang) for detail in row.details),
        repair=printed(row.repair, lang),
    )
    return said.to_json()
