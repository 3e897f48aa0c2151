"""Derivations in the notations that people use: the right ones pass without an alarm, a planted mistake is found where it stands."""

from __future__ import annotations

import time

import pytest

from tests.derive.derivations import DERIVATIONS, Derivation
from wengert.claims.review import review

PATIENCE = 10.0
"""Seconds of processor time for a document with a mistake; about 0.1 are needed, and other programs may run beside."""


def named(each: Derivation) -> str:
    return each.name


@pytest.mark.parametrize("derivation", DERIVATIONS, ids=named)
def test_right_derivation_passes_as_a_whole(derivation: Derivation):
    found = review(derivation.text)
    assert [row.text for row in found.rows if row.status in ("wrong", "unread")] == []
    assert found.count("holds") > 1 or len(found.rows) == 1


@pytest.mark.parametrize("derivation", DERIVATIONS, ids=named)
def test_planted_mistake_is_found_where_it_stands_and_nowhere_else(derivation: Derivation):
    before = time.process_time()
    found = review(derivation.mistaken)
    assert time.process_time() - before < PATIENCE
    wrong = [row for row in found.rows if row.status in ("wrong", "unread")]
    assert [(row.line, row.status) for row in wrong] == [(derivation.line, "wrong")]
    assert wrong[0].kind == derivation.kind or not derivation.kind


def test_there_are_twenty_of_them():
    assert len({derivation.name for derivation in DERIVATIONS}) >= 20
