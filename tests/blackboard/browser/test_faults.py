"""What goes wrong is told, and the board goes on: connections, workers that are killed, script in names."""

from __future__ import annotations

import contextlib
import os
import signal

import pytest

from tests.blackboard.browser.page import Page
from tests.blackboard.server import Server
from wengert.blackboard.samples import UNIT


def test_the_token_is_not_in_the_address_any_more(board, server):
    assert board.page.url == f"http://{server.host}/"


def test_a_lost_connection_is_told(browser):
    own = Server()
    opened = Page(browser, own.address).ready()
    own.stop()
    opened.find(".board.stale").wait_for()
    assert "connection" in opened.text(".state")
    opened.context.close()


def test_names_and_words_that_are_markup_are_shown_as_text(board):
    board.type(".equations", "# <img src=x onerror=alert(1)>\nL_<b>x</b> = <script>alert(1)</script>\n")
    board.find(".problem.error").wait_for()
    assert board.find("img:not(.cm-widgetBuffer), .problem script, .problem b").count() == 0
    assert "<b>" in board.text(".problem.error")


DEEP = "".join(f"z{k} = σ(a{k} z{k - 1} + b{k})\n" for k in range(1, 60)) + "L = z59²\n"
OBSERVED = """(() => {
    const root = document.getElementById('board').shadowRoot, note = root.querySelector('.state');
    globalThis.said = [];
    const tell = () => globalThis.said.push([note.textContent, root.querySelector('.board').classList.contains('stale')]);
    new MutationObserver(tell).observe(note, {childList: true, characterData: true, subtree: true});
})()"""
STALE_LATER = """globalThis.said.map(([text]) => text)"""


@pytest.fixture
def killable(browser):
    """A board, and how the process that works for it is killed while it does."""
    own = Server()
    with Page(browser, own.address) as board:
        board.ready()
        board.page.evaluate(OBSERVED)

        def kill():
            for pid in own.workers():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

        yield board, kill
    own.stop()


def test_a_worker_that_is_killed_over_a_text_is_told_and_the_board_comes_all_the_same(killable):
    board, kill = killable
    board.type(".equations", DEEP)
    board.until(lambda: board.find(".forward ol.lines li").count() == 60)
    kill()
    board.until(lambda: board.find(".backward ol.lines li").count() > 100 and board.find(".board.stale").count() == 0)
    said = board.page.evaluate(STALE_LATER)
    assert "The engine stopped over this text; it is started again." in said
    assert board.text(".state") == ""


def test_a_text_over_which_workers_die_again_leaves_the_board_grey_until_it_is_changed(killable):
    board, kill = killable
    board.type(".equations", DEEP)
    board.until(lambda: board.find(".forward ol.lines li").count() == 60)

    def told():
        kill()
        return "with the next change" in board.text(".state")

    board.until(told)
    assert board.find(".board.stale").count() == 1
    board.type(".equations", UNIT)
    board.until(lambda: board.find(".forward ol.lines li").count() == 3 and board.find(".board.stale").count() == 0)
    assert board.text(".state") == ""


def test_a_worker_that_is_killed_while_it_rests_is_replaced_unseen(killable):
    board, kill = killable
    board.until(lambda: board.text(".checked").startswith("✓"))
    kill()
    board.type(".equations", UNIT)
    board.until(lambda: board.find(".backward ol.lines li").count() == 5 and board.find(".board.stale").count() == 0)


MARKUP = "a, script, iframe, img:not(.cm-widgetBuffer), [onerror], [href^=javascript]"
LATEX = [
    r"L = \href{javascript:alert(1)}{w}^2",
    r"L = \text{<img src=x onerror=alert(1)>}^2",
    r"L_{\text{<script>alert(1)</script>}} = w^2",
    r"L = \htmlData{q=0}{w}^2 + \htmlStyle{color:red}{w}",
    r"\def\x{\x\x}L = \x w^2",
]


@pytest.mark.parametrize("text", [*LATEX, *(f"\\[ {text} \\]" for text in LATEX)])
def test_script_in_latex_is_neither_run_nor_markup(board, text):
    dialogs = []
    board.page.on("dialog", lambda dialog: dialogs.append(dialog.message) or dialog.dismiss())
    board.type(".equations", text)
    board.until(lambda: board.find(".problem.error").count() or board.find(".forward ol.lines li").count() == 1)
    assert board.find(".board").locator(MARKUP).count() == 0
    assert dialogs == []


@pytest.mark.parametrize("name", ["constructor", "toString", "hasOwnProperty", "prototype"])
def test_names_that_mean_something_to_the_browser_are_names(board, name):
    board.type(".equations", f"y = {name} x\nL = ½ (y − t)²\n")
    board.until(lambda: board.find(".forward ol.lines li").count() == 2 and board.find(".board.stale").count() == 0)
    board.show("numbers")
    field = board.find(f".card[data-name='{name}'] input[type=number]")
    field.fill("0.5")
    field.press("Enter")
    board.until(lambda: field.input_value() == "0.5")
    board.find("select[aria-label=Form]").select_option("matrix")
    board.until(lambda: board.find(".backward ol.lines li").count() >= 4)
