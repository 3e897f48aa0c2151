"""One's own lines judged, and the teacher's link."""

from __future__ import annotations

import pytest

from tests.blackboard.browser.page import Page
from wengert.blackboard.samples import UNIT


def test_ones_own_lines_are_judged_with_a_hint_before_the_correction(board):
    board.show("homework")
    board.type(".own", "ȳ_k = y_k − t_k\nh̄_i = Σ_k ȳ_k w⁽²⁾_ik\n")
    board.find(".row-holds").wait_for()
    wrong = board.find(".row-wrong")
    assert wrong.count() == 1
    assert "w⁽²⁾_ki" not in wrong.inner_text()
    wrong.locator(".more").click()
    assert "transposed" in wrong.inner_text()
    assert "w⁽²⁾_ki" not in wrong.inner_text()
    wrong.locator(".more").click()
    wrong.locator(".more").click()
    assert "h̄_i = Σ_k ȳ_k w⁽²⁾_ki" in wrong.inner_text()
    assert board.text(".verdict .summary") == "1 of 7 bars hold."


def test_a_link_opens_an_exercise_without_its_derivation(board, browser, server):
    board.type(".equations", UNIT)
    board.show("homework")
    board.find(".share").click()
    link = board.find("input.link").input_value()
    assert "#exercise=" in link
    with Page(browser, server.address) as other:
        other.page.goto(link)
        other.find(".own").wait_for()
        assert other.find("[role=tab]").all_inner_texts() == ["Homework"]
        assert other.find(".panel.backward").count() == 0
        assert "σ(z)" in other.text(".equations .cm-content")
        other.type(".own", "ȳ = y − t\nz̄ = ȳ σ'(z)\nw̄_j = z̄ x_j\nb̄ = z̄\n")
        other.until(lambda: other.text(".verdict .summary") == "All 4 bars hold.")


def test_a_line_that_is_not_read_is_said_so_and_the_others_are_judged(board):
    board.show("homework")
    board.type(".own", "ȳ_k = y_k − t_k\nb̄⁽²⁾_k = (ȳ_k\n")
    board.find(".row-holds").wait_for()
    board.find(".row-unread").wait_for()
    assert "line 2: not read" in board.text(".row-unread")
    assert board.text(".verdict .summary") == "1 of 7 bars hold."


@pytest.mark.parametrize("link", ["#exercise=", "#exercise=%%%", "#exercise=eyJ0ZXh0Ijoi", "#exercise=bnVsbA"])
def test_a_link_that_was_cut_short_is_said_so_and_the_board_opens(browser, server, board, link):
    with Page(browser, server.address) as other:
        other.page.goto(f"http://{server.host}/{link}")  # the page loads itself anew
        other.until(lambda: "link" in other.text(".state"))
        other.ready()
        assert other.find("[role=tab]").count() == 5
