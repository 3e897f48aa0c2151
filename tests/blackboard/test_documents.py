"""Documents of every kind as boards: several files, a notebook, reStructuredText, and one of several systems."""

from __future__ import annotations

import json
import re

import pytest

import wengert as wg
from tests.blackboard.documents import LINES, SEVERAL, arguments, written
from wengert.blackboard.content import Content
from wengert.cli import main

HEADS = [
    {"line": 5, "loss": "L", "equation": "z = w x + b"},
    {"line": 16, "loss": "J", "equation": "h = tanh(v q)"},
]


def replies(**request):
    return list(Content().reply({"text": SEVERAL, **request}))


@pytest.mark.parametrize("document", LINES)
def test_a_document_is_written_as_one_page_of_its_system(tmp_path, monkeypatch, document):
    written(tmp_path)
    out = tmp_path / "board.html"
    monkeypatch.setattr("sys.argv", ["wengert", "board", *arguments(tmp_path, document), "-o", str(out)])
    main()
    data = re.search('id="board-data">(.*?)</script>', out.read_text(encoding="utf-8"), re.DOTALL)
    found = {reply["type"]: reply for reply in json.loads(data[1])["replies"]}
    assert [line["text"] for line in found["read"]["forward"]] == LINES[document]
    assert found["checked"]["holds"]


def test_a_document_with_several_systems_tells_which_there_are():
    (found,) = replies(type="edit")
    assert found["diagnostics"][0]["what"] == "This document has 2 systems."
    assert found["systems"] == HEADS


@pytest.mark.parametrize("number", [1, 2])
def test_one_of_several_systems_is_shown(number):
    found = {reply["type"]: reply for reply in replies(type="edit", system=number)}
    assert found["read"]["systems"] == HEADS
    assert [line["text"] for line in found["read"]["forward"]] == LINES["several.md" if number == 1 else "several.md 2"]
    assert "error" not in found["numbers"]
    (checked,) = replies(type="check", system=number)
    assert checked["holds"]


@pytest.mark.parametrize(
    ("number", "lines", "statuses"),
    [
        (1, "z̄ = p̄ p (1 − p)\nw̄ = z̄ x²\n", ["holds", "wrong"]),
        (2, "h̄ = h\nv̄ = h̄ (1 − h²) q\nq̄ = h̄ v\n", ["holds", "holds", "wrong"]),
    ],
)
def test_ones_own_lines_are_about_the_system_that_is_shown(number, lines, statuses):
    (found,) = replies(type="judge", system=number, lines=lines)
    assert [row["status"] for row in found["rows"]] == statuses


def test_a_system_that_is_not_there_is_told_with_those_that_are():
    (found,) = replies(type="edit", system=3)
    assert (found["diagnostics"][0]["what"], found["systems"]) == ("There is no system 3 in this document.", HEADS)


def test_one_of_several_systems_is_trained():
    from wengert.blackboard.training import training

    request = {"text": SEVERAL, "system": 1, "data": "moons", "params": "w, b", "epochs": 1}
    first = next(iter(training(request, lambda wait: None)))
    assert "This document has" not in json.dumps(first)


@pytest.mark.parametrize("number", [1, 2])
def test_the_board_of_a_system_that_was_chosen_in_python_shows_that_one(number):
    system = wg.equations(SEVERAL, system=number)
    made = wg.board(system)
    assert (made.text, made.system) == (SEVERAL, number)
    assert system.backward().board().system == number
    made.close()
    assert wg.board("L = w²\n").system == wg.equations("L = w²\n").board().system == 0
