"""One's own backward lines, judged beside the equations they are about."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from wengert.blackboard.own_lines import together
from wengert.blackboard.subject import Subject
from wengert.languages import LANGUAGES, printed
from wengert.notes.claims.review import ReviewRow, review


def judged(subject: Subject, lines: str, lang: str = LANGUAGES[0]) -> dict[str, Any]:
    """The message `judged`: a row for each claim in `lines`, and for each line that none was read from; places counted from their first line."""
    bars = {line.name for line in subject.derived.lines} - {subject.derived.loss}
    if not lines.strip():
        return {"type": "judged", "rows": [], "needed": len(bars), "held": 0}
    document = together(subject.head, lines)
    own = [row for row in review(document.text, document.name).rows if row.line in document.own]
    right = {subject.named(row.bar) for row in own if row.status in ("holds", "conditional")}
    wrong = {subject.named(row.bar) for row in own if row.status == "wrong"}
    rows = [_spoken(row, lang) | {"line": document.own[row.line]} for row in own]
    rows += [
        {"status": "unread", "line": k, "column": 1, "text": line.strip()}
        for k, line in enumerate(lines.splitlines(), 1)
        if _says_something(line) and all(row["line"] != k for row in rows)
    ]
    rows.sort(key=lambda row: (row["line"], row["column"]))
    return {"type": "judged", "rows": rows, "needed": len(bars), "held": len((right - wrong) & bars)}


def _says_something(line: str) -> bool:
    """Whether a line states an equation of its own; one that begins with its sign goes on with the line before."""
    left, sign, _ = line.partition("=")
    return bool(sign and left.strip(" &\t")) and not line.lstrip().startswith("#")


def _spoken(row: ReviewRow, lang: str) -> dict[str, Any]:
    """A row with its sentences in a language; equations and the name of the kind stay."""
    said = replace(
        row,
        note=printed(row.note, lang),
        details=tuple(printed(detail, lang) for detail in row.details),
        repair=printed(row.repair, lang),
    )
    return said.to_json()
