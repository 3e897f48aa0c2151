"""What is said of a program: rows in the form of `check`, as text and as data."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from wengert.programs.judging import Judged, JudgedLine

MARKS = {"holds": "✓", "wrong": "✗", "defined": "·", "unread": "–"}
ASCII = {"holds": "ok", "wrong": "X", "defined": ".", "unread": "-"}


@dataclass
class Report:
    """The backward passes of a program, judged.

    judged  one entry for each pair of a forward and a backward pass: rows, results, notes, an error where it could not be run
    holds   whether results were judged and none is wrong
    """

    judged: list[Judged]
    places: list[str] = field(default_factory=list)  # of each line, where it has another name: cell 3, line 2

    @property
    def holds(self) -> bool:
        return bool(self.judged) and not any(j.count("wrong") or j.error for j in self.judged)

    @property
    def status(self) -> int:
        """0 right, 1 something is wrong, 2 nothing was judged."""
        if any(j.count("wrong") for j in self.judged):
            return 1
        done = [j for j in self.judged if any(v != "open" for v in j.results.values())]
        return 0 if done and not any(j.error for j in self.judged) else 2

    def text(self, *, ascii: bool = False, all_rows: bool = True) -> str:
        """The report; `all_rows=False` leaves out what is right."""
        marks = ASCII if ascii else MARKS
        lines: list[str] = []
        for each in self.judged:
            lines.append(f"{each.pair}")
            for row in each.rows:
                if all_rows or row.status == "wrong":
                    lines += self._row(row, marks)
            lines += [f"  {line}" for line in each.error.split("\n") if line]
            lines += [f"  note: {note}" for note in each.notes]
            if not each.error:
                right = sum(v in ("right", "value") for v in each.results.values())
                wrong = sum(v == "wrong" for v in each.results.values())
                lines.append(f"  results: {right} right, {wrong} wrong, {len(each.results) - right - wrong} not judged")
        count = {s: sum(j.count(s) for j in self.judged) for s in MARKS}
        lines.append(
            f"{count['holds']} right, {count['defined']} part of right results, {count['wrong']} wrong; {len(self.judged)} {'pair' if len(self.judged) == 1 else 'pairs'}"
        )
        return "\n".join(lines)

    def _row(self, row: JudgedLine, marks: dict[str, str]) -> list[str]:
        place = self.places[row.line - 1] if 0 < row.line <= len(self.places) else f"line {row.line}"
        note = f"    ({row.note})" if row.note else ""
        head = f"{marks[row.status]} {place:>9}  {row.text}{note}"
        rest = [*row.details, *([f"write:  {row.corrected}"] if row.corrected else [])]
        return [head, *(f"              {line}" for line in rest)]

    def __str__(self) -> str:
        return self.text()

    def to_json(self) -> dict[str, Any]:
        """The report as data: pairs with their claims, in the form of `check`, and counts."""
        counts = {s: sum(j.count(s) for j in self.judged) for s in MARKS}
        pairs = [
            {
                "pair": j.pair,
                "claims": [_claim(r) for r in j.rows],
                "results": j.results,
                "notes": j.notes,
                **({"error": j.error} if j.error else {}),
            }
            for j in self.judged
        ]
        return {"holds": self.holds, "counts": counts, "pairs": pairs, "places": self.places}

    @staticmethod
    def from_json(data: dict[str, Any]) -> Report:
        judged = [
            Judged(p["pair"], [JudgedLine(**c) for c in p["claims"]], p["results"], p["notes"], p.get("error", ""))
            for p in data["pairs"]
        ]
        return Report(judged, data.get("places", []))


def _claim(row: JudgedLine) -> dict[str, Any]:
    return {k: v for k, v in asdict(row).items() if v or k in ("status", "line", "column", "text")}
