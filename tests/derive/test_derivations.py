"""Derivations in the notations that people use: the right ones pass without an alarm, a planted mistake is found where it stands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.counting import uses
from tests.derive.derivations import DERIVATIONS, Derivation
from wengert.notes.claims import diagnosis
from wengert.notes.claims.diagnosis import Diagnostician
from wengert.notes.claims.edits import edits
from wengert.notes.claims.review import review


def named(each: Derivation) -> str:
    return each.name


@pytest.mark.parametrize("derivation", DERIVATIONS, ids=named)
def test_right_derivation_passes_as_a_whole(derivation: Derivation):
    found = review(derivation.text)
    assert [row.text for row in found.rows if row.status in ("wrong", "unread")] == []
    assert found.count("holds") > 1 or len(found.rows) == 1


@pytest.mark.parametrize("derivation", DERIVATIONS, ids=named)
def test_planted_mistake_is_found_where_it_stands_and_nowhere_else(derivation: Derivation):
    found = review(derivation.mistaken)
    wrong = [row for row in found.rows if row.status in ("wrong", "unread")]
    assert [(row.line, row.status) for row in wrong] == [(derivation.line, "wrong")]
    assert wrong[0].kind == derivation.kind or not derivation.kind


# ---------------------------------------------------------------- how far the kind of a mistake is searched for

UNIT = "z = w x + b\ny = σ(z)\nL = ½ (y − t)²\n---\n"
WIDE = "W ∈ ℝ^(150×200)\nV ∈ ℝ^(100×150)\nz = W x\ny = tanh(z)\nu = V y\nL = ½ ‖u − t‖²\n---\n"


def nothing_explains(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that every line is searched as far as one is."""
    monkeypatch.setattr(Diagnostician, "explains", lambda self, changed: False)


def test_of_very_many_wrong_lines_not_all_are_searched(monkeypatch: pytest.MonkeyPatch):
    """200 of 300; all edits together are some 4,000, where each line alone has 170."""
    nothing_explains(monkeypatch)
    text = UNIT + "z̄ = (y − t) σ(z)\nw̄ = z̄ x b t\n" * 150
    tried = 0

    def searched() -> None:
        nonlocal tried
        tried = uses(Diagnostician, "explains", lambda: review(text))

    assert uses(Diagnostician, "first", searched) < 250
    assert tried < 8000


def test_of_one_line_so_many_edits_are_looked_at_and_no_more(monkeypatch: pytest.MonkeyPatch):
    """1,500 of 1,932, few of which are of the kind that its values tell."""
    looked = 0

    def looked_at(*given: Any) -> Iterator[Any]:
        nonlocal looked
        for edit in edits(*given):
            looked += 1
            yield edit

    monkeypatch.setattr(diagnosis, "edits", looked_at)
    nothing_explains(monkeypatch)
    (cell,) = (each for each in DERIVATIONS if each.name == "GRU cell")
    review(cell.mistaken)
    assert 1000 < looked < 1700


def test_edits_of_lines_about_large_arrays_are_few():
    """390 for each of three lines, until thirty million entries are computed; 2,300 for all six without that limit."""
    text = WIDE + "W̄ = (z̄ ∘ z̄ ∘ y) xᵀ\n" * 6
    assert 0 < uses(Diagnostician, "explains", lambda: review(text)) < 1700


def test_there_are_twenty_of_them():
    assert len({derivation.name for derivation in DERIVATIONS}) >= 20
