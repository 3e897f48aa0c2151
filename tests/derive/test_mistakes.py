"""The corpus with mistakes planted: each is flagged where it stands and nowhere else, and nearly all are named; equal forms pass."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

from tests.derive.corpus import beyond, entries
from tests.derive.mistakes import mistakes
from tests.derive.rewrites import rewritten
from wengert.derive.claim_report import review
from wengert.ir.system import System
from wengert.notation.expr import Line
from wengert.notation.manuscript import read_manuscript
from wengert.notation.unicode import show

pytestmark = pytest.mark.xdist_group("planted mistakes")  # one process, so that they are judged once
ENTRIES = {**entries(), **beyond()}
TIMES = 2
"""Every line is rewritten so often."""


UNCHANGED = {
    ("E02", "R̄ = λ"),
    ("E02", "ȳ = y − t"),
    ("E06", "s̄ = f (1 − f)"),
    ("E09", "l̄₃ = 4 (1 − 2 l₃)"),
    ("E54", "c̄' = h̄ ∘ o ∘ (1 − tanh²(c))"),
    ("E65", "x̄_i = Π_(j ≠ i) x_j"),
}
"""What is left out here is a signal of 1, or one from outside that no other line has."""


@dataclass(frozen=True)
class Written:
    """An entry as a document: forward lines, then claims, each on a line of its own."""

    forward: str
    claims: tuple[Line, ...]
    system: System

    def line(self, claim: Line) -> str:
        return show(claim, symbols=self.system.reading.symbols)

    def with_line(self, place: int, text: str) -> str:
        """The document with one claim replaced."""
        lines = [self.line(claim) for claim in self.claims]
        return self.forward + "\n".join([*lines[:place], text, *lines[place + 1 :]])

    def row(self, place: int) -> int:
        """The number of a claim's line in the document."""
        return self.forward.count("\n") + place + 1


@cache
def written(key: str) -> Written:
    entry = ENTRIES[key]
    forward = entry.text("text") + "\n---\n"
    sections = read_manuscript(forward + entry.backward["text"]).sections
    claims = tuple(Line(c.left, c.rights) for section in sections for c in section.claims)
    if key == "E07":  # its backward part begins with names for parts of the line
        forward += "n = x + σ(y)\nq = σ(x) + (x + y)²\n"
    return Written(forward, claims, sections[-1].system)


@pytest.mark.parametrize("key", ENTRIES)
@pytest.mark.parametrize("syntax", ["text", "latex"])
def test_derivation_of_the_corpus_is_right(key, syntax):
    entry = ENTRIES[key]
    between = ("", "\n---\n", "") if syntax == "text" else ("$$", "$$\n\n$$", "$$")
    found = review(between[0] + entry.text(syntax) + between[1] + entry.backward[syntax] + between[2])
    undefined = {
        ("E06", "latex"): 6,
        ("E07", "latex"): 4,
        ("E09", "latex"): 2,
        ("E63", "latex"): 4,
    }
    assert found.count("wrong") == 0
    assert found.count("unread") == undefined.get((key, syntax), 0)
    assert found.count("holds") or (key, syntax) in undefined


def planted(key: str):
    """(place, kind, text) for every mistake of an entry."""
    entry = written(key)
    for place, claim in enumerate(entry.claims):
        seen = {entry.line(claim)}
        for kind, wrong in mistakes(claim.rights[0]):
            text = entry.line(Line(claim.left, (wrong,)))
            if text not in seen and (key, text) not in UNCHANGED:
                seen.add(text)
                yield place, kind, text


@cache
def judged(key: str) -> tuple[Counter[bool], list[str]]:
    """How often the kind of a planted mistake is named, and the texts that are not flagged where they stand and only there."""
    entry, named, missed = written(key), Counter[bool](), list[str]()
    for place, kind, text in planted(key):
        rows = review(entry.with_line(place, text)).rows
        if key == "E61" and "with Σ = Σᵀ" in {row.note for row in rows if row.line == entry.row(place)}:
            continue  # it holds, and says for which Σ
        if [row.line for row in rows if row.status in ("wrong", "unread")] != [entry.row(place)]:
            missed.append(text)
            continue
        named[next(row for row in rows if row.status != "holds" and row.status != "defined").kind == kind] += 1
    return named, missed


@pytest.mark.parametrize("key", ENTRIES)
def test_every_planted_mistake_is_flagged_where_it_stands_and_only_there(key):
    assert judged(key)[1] == []


def test_four_in_five_planted_mistakes_are_named():
    named = sum((judged(key)[0] for key in ENTRIES), Counter[bool]())
    assert named.total() > 500
    assert named[True] >= 0.8 * named.total()


@pytest.mark.parametrize("key", ENTRIES)
def test_equal_forms_of_a_line_pass(key):
    entry = written(key)
    rng = np.random.default_rng(0)
    for place, claim in enumerate(entry.claims):
        for _ in range(TIMES):
            text = entry.line(Line(claim.left, (rewritten(claim.rights[0], rng),)))
            rows = review(entry.with_line(place, text)).rows
            assert not [row.text for row in rows if row.status in ("wrong", "unread")], text
