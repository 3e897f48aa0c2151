"""Derivations in the notations that people use: the right ones pass without an alarm, a planted mistake is found where it stands."""

from __future__ import annotations

import pytest

from tests.counting import calls
from tests.derive.derivations import DERIVATIONS, Derivation
from wengert.claims.review import review

SEARCH = 30
"""Judging a document with a mistake may take so many times the calls of the right one: the mistake's kind is searched for."""


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


@pytest.mark.parametrize("derivation", DERIVATIONS, ids=named)
def test_search_for_the_kind_of_a_mistake_is_bounded(derivation: Derivation):
    right, mistaken = (calls(lambda text=text: review(text)) for text in (derivation.text, derivation.mistaken))
    assert mistaken < SEARCH * right


def test_there_are_twenty_of_them():
    assert len({derivation.name for derivation in DERIVATIONS}) >= 20
