"""Mistakes planted in lines of documents that hold: what `check` says of each, by kind and by document.

python -m scripts.plant_in_documents FILE … [--every N] [--evidence] [-v]

In each line about derivatives that holds without a condition, one mistake after the other is made as people make them; what does not
change its value is none. The line is written into the document again and the whole of it is judged; with --evidence only what
`reading` says of it is asked, which is much faster. --every takes one mistake of N. With -v every mistake is shown in one line: what was
said, what was done, the line, and the correction that was offered. At the end: how many are flagged, named with their kind, unread,
said to hold; and the same of transposes that are missing.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.reading.planting import KINDS, is_plain, plantings
from wengert.notes.claims.evidence import whole_place
from wengert.notes.claims.review import Review, ReviewRow, review
from wengert.notes.notation.expr import Span
from wengert.notes.reading.arrays import Clash, Misfit
from wengert.notes.reading.documents import JudgedDocument
from wengert.notes.reading.established import FAULTS
from wengert.notes.reading.judge import Judge
from wengert.notes.reading.limits import DOCUMENT_STEPS, TRIES
from wengert.notes.reading.links import condition_of
from wengert.notes.reading.printing import latex, plain_text
from wengert.notes.reading.scope_line import ScopeLine
from wengert.notes.reading.search import previous
from wengert.notes.reading.story import read_story
from wengert.notes.reading.trees import Name, Script, Tree
from wengert.notes.reading.verdicts import Verdict

STEPS = DOCUMENT_STEPS
OUTCOMES = ("wrong", "open", "unread", "conditional", "given", "silent", "defined", "holds")


@dataclass(frozen=True)
class Planted:
    """One mistake: its kind, what was done, the line with it, and what was said."""

    kind: str
    what: str
    text: str
    outcome: str
    named: str = ""
    note: str = ""
    corrected: str = ""


@dataclass
class Every:
    """One of so many mistakes, counted through all documents, so that no kind is preferred."""

    step: int
    count: int = 0

    def of(self, mistakes: list[tuple[str, str, Tree]]) -> Iterator[tuple[str, str, Tree]]:
        for mistake in mistakes:
            if self.count % self.step == 0:
                yield mistake
            self.count += 1


def main() -> None:
    """Judge, plant and print."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("files", nargs="+", type=Path)
    arguments.add_argument("--every", type=int, default=1)
    arguments.add_argument("--evidence", action="store_true")
    arguments.add_argument("-v", "--verbose", action="store_true")
    options = arguments.parse_args()
    start = time.process_time()
    found: dict[str, list[Planted]] = {}
    every = Every(options.every)
    for path in options.files:
        text = path.read_text(encoding="utf-8", errors="replace")
        mistakes = (in_evidence if options.evidence else in_text)(text, path.name, every)
        found[path.name] = []
        for planted in mistakes:
            found[path.name].append(planted)
            if options.verbose:
                right = planted.outcome == "wrong" and planted.named in KINDS[planted.kind]
                print(
                    "\t".join(
                        (
                            planted.outcome,
                            planted.named if not right else "✓",
                            planted.kind,
                            planted.what,
                            path.name[:16],
                            planted.text,
                            planted.corrected,
                            planted.note,
                        )
                    ),
                    flush=True,
                )
    for name, mistakes in found.items():
        print(counted(name, mistakes))
    everything = [planted for mistakes in found.values() for planted in mistakes]
    for kind in KINDS:
        print(counted(kind, [planted for planted in everything if planted.kind == kind]))
    print(counted("all", everything))
    print(f"{time.process_time() - start:.0f} s of processor time")


def counted(title: str, mistakes: list[Planted]) -> str:
    """One line of the table."""
    counts = Counter(planted.outcome for planted in mistakes)
    named = sum(planted.outcome == "wrong" and planted.named in KINDS[planted.kind] for planted in mistakes)
    flagged = counts["wrong"] + counts["open"]
    share = max(len(mistakes), 1)
    said = "  ".join(f"{outcome} {counts[outcome]}" for outcome in OUTCOMES if counts[outcome])
    return f"{title[:28]:28}{len(mistakes):5}  flagged {100 * flagged / share:5.1f} %  named {100 * named / share:5.1f} %  {said}"


# by evidence alone


def in_evidence(text: str, name: str, every: Every) -> Iterator[Planted]:
    """What `reading` says of each mistake in a line that it finds right."""
    with np.errstate(all="ignore"):
        document = JudgedDocument(read_story(text, name), STEPS)
        document.judged()
        for judge in document.judges:
            for (line, link), verdict in list(judge.found.items()):
                if verdict.status == "holds" and verdict.derived:
                    yield from in_link(judge, line, link, every)


def in_link(judge: Judge, line: ScopeLine, link: int, every: Every) -> Iterator[Planted]:
    """Each mistake in one side judged where it stands."""
    side, said, before = line.sides[link], judge.found[line, link], line.sides[previous(line, link)]
    assert side is not None
    assert before is not None
    learned = dict(judge.search.learned)
    for kind, what, wrong in every.of(mistakes_of(judge, line, link)):
        line.sides[link] = wrong
        judge.scope.forget()
        judge.judge(line, link, TRIES)
        if (line, link) in judge.failed:
            judge.explain(line, link)
        verdict = judge.found[line, link]
        corrected = "" if verdict.corrected is None else plain_text(verdict.corrected)
        text = f"{line.statement.sides[previous(line, link)]} = {plain_text(wrong)}"
        yield Planted(kind, what, " ".join(text.split())[:140], verdict.status, verdict.kind, verdict.note, corrected)
        judge.search.learned = dict(learned)
    line.sides[link], judge.found[line, link] = side, said
    judge.scope.forget()


def mistakes_of(judge: Judge, line: ScopeLine, link: int) -> list[tuple[str, str, Tree]]:
    """The mistakes that change the value of a side as it is read."""
    side, left = line.sides[link], line.sides[previous(line, link)]
    assert side is not None
    assert left is not None
    known = list(
        dict.fromkeys(
            node
            for other in judge.scope.lines
            for part in other.sides
            if part is not None
            for node in part.nodes
            if isinstance(node, Name | Script) and not getattr(node, "primes", 0)
        )
    )
    known = [
        node
        for node in known
        if isinstance(node, Script)
        or node.text not in judge.scope.facts.letters | judge.scope.facts.steps | {"∂", "d", "∇", "T", "…"}
    ]
    learned = dict(judge.search.learned)
    given = judge.search.search(line, link, TRIES, condition=condition_of(line.statement)).given
    found = [
        each
        for each in plantings(side, left, known, frozenset(judge.scope.facts.letters))
        if not same_value(judge, line, link, each[2], given)
    ]
    judge.search.learned = learned
    judge.scope.forget()
    return found


def same_value(judge: Judge, line: ScopeLine, link: int, wrong: Tree, given: dict[tuple[str, str], object]) -> bool:
    """Whether a changed side has the value that it had."""
    before = previous(line, link)
    left, right = line.sides[before], line.sides[link]
    line.sides[before], line.sides[link] = right, wrong
    judge.scope.forget()
    try:
        return all(
            judge.search.evaluate(line, link, given, sizes, seed, condition_of(line.statement)).equal
            for sizes, seed in ((None, 0), (judge.search.ragged(), 7))
        )
    except (*FAULTS, Misfit, Clash):
        return False
    finally:
        line.sides[before], line.sides[link] = left, right


# in the text


def in_text(text: str, name: str, every: Every) -> Iterator[Planted]:
    """What `check` says of a document with each mistake in a line that it finds right."""
    first = review(text, name)
    with np.errstate(all="ignore"):
        document = JudgedDocument(read_story(text, name), STEPS)
        document.judged()
    for judge in document.judges:
        for (line, link), verdict in list(judge.found.items()):
            if verdict.derived and line.sides[link] is not None and status_at(first, text, verdict) == "holds":
                with np.errstate(all="ignore"):
                    mistakes = mistakes_of(judge, line, link) if verdict.before == link - 1 else []
                yield from in_line(text, name, line, link, verdict, list(every.of(mistakes)))


def in_line(
    text: str, name: str, line: ScopeLine, link: int, verdict: Verdict, mistakes: list[tuple[str, str, Tree]]
) -> Iterator[Planted]:
    """Each mistake in one side, written into the text; none where the side itself does not come back as it is written."""
    side = line.sides[link]
    assert side is not None
    write = latex if line.statement.notation == "latex" else plain_text
    place = line.statement.places[link]
    if not mistakes or not is_plain(side) or said_of(text, name, place, write(side), verdict)[0] != "holds":
        return
    for kind, what, wrong in mistakes:
        outcome, named, note, corrected = said_of(text, name, place, write(wrong), verdict)
        shown = " ".join(f"{line.statement.sides[link - 1]} = {plain_text(wrong)}".split())[:140]
        yield Planted(kind, what, shown, outcome, named, note, corrected)


def said_of(text: str, name: str, place: Span, written: str, verdict: Verdict) -> tuple[str, str, str, str]:
    """Status, kind, note and correction of a side that is written anew."""
    found = review(f"{text[: place.start]} {written} {text[place.end :]}", name)
    row = row_at(found, text[: place.start] + " " * (len(written) + 2), verdict)
    return (
        ("silent", "", "", "")
        if row is None
        else (row.status, row.kind, row.note or " ".join(row.details), row.corrected)
    )


def status_at(found: Review, text: str, verdict: Verdict) -> str:
    row = row_at(found, text[: verdict.statement.places[verdict.link].end], verdict)
    return "" if row is None else row.status


def row_at(found: Review, text: str, verdict: Verdict) -> ReviewRow | None:
    """The row about a link, which begins with one of its sides; the text ends with the second."""
    start = verdict.statement.places[verdict.link].start if verdict.link > 1 else whole_place(verdict).start
    begun = [m.end() for m in re.finditer("^", text, re.MULTILINE)]
    rows = (row for row in found.rows if row.line <= len(begun))
    return next((row for row in rows if start <= begun[row.line - 1] + row.column - 1 <= len(text)), None)


if __name__ == "__main__":
    sys.exit(main())
