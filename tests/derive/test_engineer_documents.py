"""Documents as people who write kernels and models hold them: right backward passes hold, prose and code is no error, a mistake is found there only."""

from __future__ import annotations

import pytest
from engineer_documents import DOCUMENTS, FOLDER, Document, Mistake

from tests.derive.shared import reviewed
from tests.thorough import everyday
from wengert.notes.claims.review import review

BY_FILE = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.file)
PLANTED = [(document, mistake) for document in DOCUMENTS for mistake in document.mistakes]


@BY_FILE
def test_right_claims_hold_and_nothing_else_is_said(document: Document) -> None:
    found = reviewed(document.text)
    assert (found.count("holds"), found.count("wrong"), found.count("unread")) == (document.right, 0, 0), str(found)


@everyday(1, lambda document: document.file)
@pytest.mark.parametrize(("document", "mistake"), PLANTED, ids=[f"{d.file}-{m.new[:30]}" for d, m in PLANTED])
def test_a_mistake_is_found_where_it_shows_and_only_there(document: Document, mistake: Mistake) -> None:
    text = document.text
    place = text.index(mistake.old) + len(mistake.old) - len(mistake.old.lstrip("\n"))
    line = text.count("\n", 0, text.index(mistake.shows) if mistake.shows else place) + 1
    begins = max(row.line for row in reviewed(document.text).rows if row.line <= line)
    found = review(text.replace(mistake.old, mistake.new, 1))
    assert {row.line for row in found.rows if row.status == "wrong"} == {begins}, str(found)
    assert not found.count("unread"), str(found)


def test_every_file_is_a_document() -> None:
    assert sorted(path.name for path in FOLDER.iterdir()) == sorted(document.file for document in DOCUMENTS)
