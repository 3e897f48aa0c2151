"""The widget of a notebook, asked as its front end would ask."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys

import numpy as np
import pytest

import wengert as wg
from wengert.blackboard import packages
from wengert.blackboard.samples import HIDDEN, UNIT

LAST = {"edit": "numbers", "train": "training"}
DEEP = "".join(f"z{k} = σ(a{k} z{k - 1} + b{k})\n" for k in range(1, 60)) + "L = z59²\n"


class Sent(list):
    """What a board sends to its page, from whatever thread."""

    def __init__(self):
        super().__init__()
        self.waiting = queue.Queue()

    def put(self, board, message, buffers=None):
        self.append(message)
        self.waiting.put(message)

    def until(self, holds):
        """The messages up to the first for which something holds."""
        found = []
        while not found or not holds(found[-1]):
            found.append(self.waiting.get(timeout=60))
        return found


@pytest.fixture
def sent(monkeypatch):
    from wengert.blackboard.widget import Board

    found = Sent()
    monkeypatch.setattr(Board, "send", lambda *arguments: found.put(*arguments))
    return found


@pytest.fixture
def made(sent):
    """A board of one unit, whose processes end with the test."""
    board = wg.board(UNIT)
    yield board
    board.close()


def asks(board, sent, **request):
    """The replies to one request, up to its last."""
    board._receive(board, request, [])
    last = LAST.get(request["type"], request["type"])
    return sent.until(lambda reply: reply.get("id") == request["id"] and reply["type"] in (last, "lost", "diagnostics"))


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


def test_a_board_answers_and_follows_what_is_typed(made, sent):
    found = asks(made, sent, type="edit", text=HIDDEN, id=4)
    assert [reply["type"] for reply in found] == ["read", "backward", "graph", "numbers"]
    assert {reply["id"] for reply in found} == {4}
    assert made.text == HIDDEN


def test_a_text_that_cannot_be_read_any_more_is_shown_again_without_a_picture(made, sent):
    (found,) = asks(made, sent, type="edit", text="L = (", id=1)
    assert found["type"] == "diagnostics"
    still, _ = made._repr_mimebundle_()
    assert (still["text/plain"], "image/svg+xml" in still) == ("L = (", False)


def test_what_is_typed_is_worked_out_beside_the_kernel_within_limits(made, sent):
    asks(made, sent, type="edit", text=UNIT, id=1)
    worker = made._session.worker
    assert worker.process.process.pid != os.getpid()
    worker.seconds = 0.01
    assert asks(made, sent, type="edit", text=DEEP, id=2)[-1] == {"type": "lost", "why": "time", "id": 2}
    worker.seconds = 60.0
    assert asks(made, sent, type="edit", text=HIDDEN, id=3)[-1]["type"] == "numbers"


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the system has no SIGKILL")
def test_a_process_that_is_killed_is_told_and_replaced(made, sent):
    asks(made, sent, type="edit", text=UNIT, id=1)
    made._receive(made, {"type": "edit", "text": DEEP, "id": 2}, [])
    sent.until(lambda reply: reply["type"] == "read")
    os.kill(made._session.worker.process.process.pid, signal.SIGKILL)
    assert sent.until(lambda reply: reply["type"] == "lost")[-1] == {"type": "lost", "why": "died", "id": 2}
    assert asks(made, sent, type="edit", text=HIDDEN, id=3)[-1]["type"] == "numbers"


def test_a_training_is_followed_and_stopped_at_once(made, sent):
    made._receive(made, {"type": "train", "text": UNIT, "data": "moons", "epochs": 10**6, "id": 7}, [])
    sent.until(lambda reply: reply.get("event") == "epochs" and reply["epoch"] > 0)
    process = made._session.trainer.process
    made._receive(made, {"type": "control", "to": "stop", "id": 8}, [])
    process.process.join(60)
    assert not process.alive


SCRIPT = """\
import queue
import wengert as wg
from wengert.blackboard.widget import Board

print("once")
found = queue.Queue()
Board.send = lambda self, message, buffers=None: found.put(message)
made = wg.board("L = w²\\n")
made._receive(made, {"type": "edit", "text": "L = w³\\n", "id": 1}, [])
while found.get(timeout=60)["type"] != "numbers":
    pass
made.close()
print("done")
"""


def test_a_script_that_makes_a_board_is_not_run_again_by_its_process(tmp_path):
    (tmp_path / "notebook.py").write_text(SCRIPT)
    done = subprocess.run([sys.executable, "notebook.py"], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert (done.stdout.splitlines(), done.stderr) == (["once", "done"], "")


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
