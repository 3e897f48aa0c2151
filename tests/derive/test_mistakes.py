"""Derivations with mistakes planted: each is flagged where it stands and nowhere else, named, and corrected; equal forms pass.

`scripts/plant_mistakes.py` plants all of them; here is a sample of every kind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import groupby

import numpy as np
import pytest

from tests.derive.mistakes import KINDS, slightly_wrong
from tests.derive.plantings import Document, Planting, document, documents, is_definition
from tests.derive.rewrites import rewriter
from tests.derive.shared import reviewed
from tests.thorough import rounds
from wengert.notes.claims.review import ReviewRow
from wengert.notes.notation.expr import Line

OF_EACH_KIND = rounds(5, 14)
"""So many of each kind are planted here."""
PAIRS = rounds(4, 12)
"""So many documents get two mistakes."""
CANCELLED = "it is true, but does not follow"
"""What is said where a second mistake takes back the first."""
Case = tuple[Document, Planting]


@cache
def all_plantings() -> tuple[Case, ...]:
    """Every mistake in every line of every document, by kind."""
    every = [(document(*pair), planting) for pair in documents() for planting in document(*pair).plantings()]
    return tuple(sorted(every, key=lambda case: case[1].kind))


@cache
def sample() -> tuple[Case, ...]:
    """The same number of each kind, drawn anew with every change of what can be planted."""
    rng = np.random.default_rng(len(all_plantings()))
    chosen: list[Case] = []
    for _, cases in groupby(all_plantings(), key=lambda case: case[1].kind):
        among = list(cases)
        chosen += [among[k] for k in rng.permutation(len(among))[:OF_EACH_KIND]]
    return tuple(chosen)


@cache
def judged() -> tuple[tuple[Case, list[ReviewRow]], ...]:
    """What is flagged for each mistake of the sample."""
    return tuple((case, case[0].flagged({case[1].place: case[1].text})) for case in sample())


def wrong_only_under_an_assumption(case: Case) -> bool:
    """Whether the line with the mistake holds after all, and says under which assumption: Σ = Σᵀ of a covariance."""
    entry, planting = case
    rows = reviewed(entry.with_lines({planting.place: planting.text})).rows
    return any(row.line == entry.row(planting.place) and row.note.startswith("with ") for row in rows)


def described(case: Case) -> str:
    entry, planting = case
    return f"{entry.key} {entry.syntax} {planting.kind}: {planting.text}"


@pytest.mark.parametrize(("key", "syntax"), documents())
def test_derivation_without_a_mistake_is_right(key, syntax):
    assert document(key, syntax).claims
    assert document(key, syntax).flagged({}) == []


def test_every_kind_is_planted_many_times():
    counts = Counter(planting.kind for _, planting in all_plantings())
    assert set(counts) == set(KINDS)
    assert min(counts.values()) >= 15, counts
    assert counts.total() > 2000, counts


def test_planted_mistakes_are_flagged_where_they_stand_and_only_there():
    missed = [
        described(case)
        for case, found in judged()
        if [row.line for row in found] != [case[0].row(case[1].place)] and not wrong_only_under_an_assumption(case)
    ]
    assert missed == []


def test_four_in_five_mistakes_of_each_kind_are_named():
    named = {kind: Counter[str]() for kind in KINDS}
    for (_, planting), found in judged():
        if found:
            named[planting.kind][found[0].kind or found[0].status] += 1
    table = "\n".join(f"{kind}: {dict(names)}" for kind, names in named.items())
    assert all(names[kind] >= 0.8 * names.total() for kind, names in named.items()), table


def test_corrected_line_holds():
    rows = [(case, found[0].corrected) for case, found in judged() if found and case[0].syntax == "text"]
    offered = [(case, corrected) for case, corrected in rows if corrected]
    assert len(offered) >= 0.95 * len(rows)
    wrong = [
        f"{described(case)}  corrected  {corrected}"
        for case, corrected in offered
        if case[0].flagged({case[1].place: corrected})
    ]
    assert wrong == []


def pairs() -> Iterator[tuple[Document, Planting, Planting]]:
    """Two mistakes in different lines of a document."""
    rng = np.random.default_rng(0)
    keys = documents()
    for k in rng.permutation(len(keys)):
        entry = document(*keys[k])
        places = [p for p in entry.plantings() if not is_definition(entry.claims[p.place])]
        if len({p.place for p in places}) > 1 and entry.key != "E61":
            first = places[int(rng.integers(len(places)))]
            others = [p for p in places if p.place != first.place]
            yield entry, first, others[int(rng.integers(len(others)))]


def test_two_mistakes_are_two_wrong_lines():
    for _, (entry, *two) in zip(range(PAIRS), pairs(), strict=False):
        rows = reviewed(entry.with_lines({p.place: p.text for p in two})).rows
        found = {row.line for row in rows if row.status in ("wrong", "unread") or CANCELLED in row.note}
        assert found == {entry.row(p.place) for p in two}, [p.text for p in two]


@pytest.mark.parametrize("size", [1e-3, 1e-6])
def test_a_term_that_is_slightly_wrong_is_wrong(size):
    rng = np.random.default_rng(round(1 / size))
    keys = documents()
    for k in rng.permutation(len(keys))[: rounds(5, 15)]:
        entry = document(*keys[k])
        place = int(rng.integers(len(entry.claims)))
        claim = entry.claims[place]
        if is_definition(claim):
            continue
        changed = list(slightly_wrong(claim.rights[0], size))
        text = entry.line(
            Line(claim.left, (changed[int(rng.integers(len(changed)))], *claim.rights[1:]), notes=claim.notes)
        )
        assert [row.line for row in entry.flagged({place: text})] == [entry.row(place)], text


@pytest.mark.parametrize(("key", "syntax"), documents())
def test_equal_forms_of_a_line_pass(key, syntax):
    entry = document(key, syntax)
    rng = np.random.default_rng(0)
    rewrites = rewriter(entry.system, entry.claims)
    changed = {
        place: entry.line(
            Line(claim.left, (rewrites.rewritten(claim.rights[0], rng), *claim.rights[1:]), notes=claim.notes)
        )
        for place, claim in enumerate(entry.claims)
    }
    assert [(row.text, row.note) for row in entry.flagged(changed)] == []
