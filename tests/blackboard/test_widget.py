"""The widget of a notebook, asked as its front end would ask."""

from __future__ import annotations

import json

import numpy as np
import pytest

import wengert as wg
from wengert.blackboard import packages
from wengert.blackboard.samples import HIDDEN, UNIT


@pytest.fixture
def sent(monkeypatch):
    """What a board sends to its page."""
    from wengert.blackboard.widget import Board

    found = []
    monkeypatch.setattr(Board, "send", lambda self, message, buffers=None: found.append(message))
    return found


def test_a_system_and_a_derivation_offer_a_board(sent):
    system = wg.equations(HIDDEN)
    for made in (wg.board(system), system.board(), wg.board(HIDDEN)):
        assert (made.text, made.lang, made.form) == (HIDDEN, "en", "")
    made = system.backward().in_form("matrix").board(lang="ko")
    assert (made.text, made.lang, made.form) == (HIDDEN, "ko", "matrix")


def test_the_code_is_sent_to_who_asks_and_a_notebook_keeps_little(sent):
    made = wg.board(HIDDEN)
    made._receive(made, {"type": "code"}, [])
    (reply,) = sent
    assert (reply["type"], reply["digest"]) == ("code", made.digest)
    assert len(reply["code"]) > 500_000
    assert len(json.dumps(made.get_state(), default=str)) < 20_000


def test_where_no_kernel_runs_the_graph_is_shown(sent):
    found, _ = wg.board(HIDDEN)._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in found
    assert found["image/svg+xml"].startswith("<svg")
    assert found["text/plain"] == HIDDEN
    assert len(json.dumps(found)) < 30_000


def test_a_board_answers_and_follows_what_is_typed(sent):
    made = wg.board(UNIT)
    made._receive(made, {"type": "edit", "text": HIDDEN, "id": 4}, [])
    assert [reply["type"] for reply in sent] == ["read", "backward", "graph", "numbers"]
    assert {reply["id"] for reply in sent} == {4}
    assert made.text == HIDDEN


def test_values_are_those_that_are_given(sent):
    assert wg.board(UNIT, values={"t": 0.125, "w": np.array([1.0, 2.0])}).values == {"t": 0.125, "w": [1.0, 2.0]}


def test_a_text_that_cannot_be_read_is_an_error_where_it_is_given():
    with pytest.raises(wg.EquationError):
        wg.board("L = (")


def test_a_package_that_is_missing_is_named(monkeypatch):
    monkeypatch.setattr(packages, "find_spec", lambda name: None)
    with pytest.raises(wg.MissingPackageError) as caught:
        wg.board(UNIT)
    assert str(caught.value).splitlines() == [
        "The board needs a package that is not installed.",
        "  anywidget",
        'Install the extra:  pip install "wengert[board]"',
    ]
