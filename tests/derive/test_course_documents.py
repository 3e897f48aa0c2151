"""Derivations as courses write them are read as they stand: what is right is right, and a planted mistake is found there only."""

from __future__ import annotations

import pytest

from tests.derive.course_documents import COURSES, DOCUMENTS, Document
from wengert.notes.claims.review import Review, review

NAMES = [document.name for document in DOCUMENTS]


def rows_of(found: Review, status: str) -> list[str]:
    return [f"{row.line}: {row.text} {row.note}" for row in found.rows if row.status == status]


def test_every_document_has_its_entry():
    assert sorted(NAMES) == sorted(path.name for path in COURSES.iterdir())
    assert len(DOCUMENTS) >= 25


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_a_right_derivation_is_right_and_prose_is_no_claim(document: Document):
    found = review(document.text)
    assert rows_of(found, "wrong") == []
    unread = [row.text for row in found.rows if row.status == "unread"]
    assert len(unread) == len(document.unread), rows_of(found, "unread")
    assert all(text.startswith(start) for text, start in zip(unread, document.unread, strict=True))
    assert found.count("holds") == document.claims
    assumed = [row.note for row in found.rows if row.note.startswith("with Σ")]
    assert len(assumed) == document.assumed


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_planted_mistakes_are_found_there_and_only_there(document: Document):
    text = document.text
    for right, wrong in document.mistakes:
        assert text.count(right) == 1, right
        text = text.replace(right, wrong)
    lines = text.split("\n")
    planted = sorted(k for k, line in enumerate(lines, 1) if line != document.text.split("\n")[k - 1])
    assert len(planted) == len(document.mistakes)
    found = review(text)
    assert sorted({row.line for row in found.rows if row.status == "wrong"}) == planted, str(found)
    assert sum(row.status == "wrong" for row in found.rows) == len(planted)
