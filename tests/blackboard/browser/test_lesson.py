"""Stepping: each step lights up and explains itself, plays at its speed; forms, symbols that are pointed at, the check."""

from __future__ import annotations

import re

import pytest

from tests.blackboard.browser.page import Page, mathml
from wengert.blackboard.samples import UNIT


def test_the_bars_are_checked_when_typing_rests(board):
    board.until(lambda: "checked: 7 quantities" in board.text(".checked"))
    board.type(".equations", UNIT)
    board.until(lambda: "checked: 4 quantities" in board.text(".checked"))


def test_the_stepper_goes_through_all_lines_by_button_and_by_key(board):
    total = int(re.search(r"of (\d+)", board.text(".count"))[1])
    assert total == 4 + 8
    for k in range(total):
        assert board.text(".count") == f"Step {k + 1} of {total}"
        assert board.find("li.now").count() >= 1
        board.page.keyboard.press("ArrowRight") if k % 2 else board.find(".b-next").click()
    assert board.text(".count") == f"Step {total} of {total}"
    board.page.keyboard.press("Home")
    assert board.text(".count").startswith("Step 1 ")
    board.page.keyboard.press("End")
    board.page.keyboard.press("ArrowLeft")
    assert board.text(".count") == f"Step {total - 1} of {total}"


def test_a_backward_step_lights_its_line_its_node_its_edges_and_explains_itself(board):
    for _ in range(6):
        board.page.keyboard.press("ArrowRight")
    assert board.find(".backward li.now").count() == 1
    assert board.find(".frame.now").count() == 1
    assert board.find(".arrow.back.now").count() == 1
    keys = board.find(".explain .key").all_inner_texts()
    assert keys == ["children", "from", "rules", "chain rule", "result"]
    assert board.find(".explain .rule").all_inner_texts() == ["sum rule", "product rule"]


def test_play_steps_by_itself_and_pauses(board):
    board.find("select[aria-label=Speed]").select_option("2")
    board.find("button.play").click()
    board.until(lambda: not board.text(".count").startswith("Step 1 "))
    board.find("button.play").click()
    now = board.text(".count")
    board.page.wait_for_timeout(1500)
    assert board.text(".count") == now


def test_a_symbol_that_is_pointed_at_lights_up_at_all_its_places(board):
    board.find(".forward ol.lines li").nth(1).locator("[data-q]").first.hover()
    board.find(".lit").first.wait_for()
    assert board.find(".forward .lit").count() >= 2
    assert board.find(".backward .lit").count() >= 1
    assert board.find(".frame.lit").count() == 1


@pytest.mark.parametrize(("form", "sign"), [("matrix", "\\top"), ("elements", "h_{1}"), ("index", "_{ki}")])
def test_the_form_is_switched_in_place(board, form, sign):
    board.find("select[aria-label=Form]").select_option(form)
    board.until(lambda: any(sign.replace(" ", "") in line for line in mathml(board, ".backward ol.lines")))


LECTURE_BARS = [
    r"\overline{L_{\text{reg}}}=1",
    r"\bar{R}=\overline{L_{\text{reg}}}\lambda",
    r"\bar{L}=\overline{L_{\text{reg}}}",
    r"\bar{y}=\bar{L}(y-t)",
    r"\bar{z}=\bar{y}\sigma'(z)",
    r"\bar{w}=\bar{z}x+\bar{R}w",
    r"\bar{b}=\bar{z}",
]


def test_the_lectures_first_system_is_stepped_through_to_its_weight(board):
    board.find("select[aria-label=Examples]").select_option("lecture")
    board.until(lambda: board.find(".forward ol.lines li").count() == 5)
    board.until(lambda: [bar.replace("\\,", "") for bar in mathml(board, ".backward ol.lines")] == LECTURE_BARS)
    board.find(".backward ol.lines li").nth(5).click()
    assert board.find(".explain .rule").all_inner_texts() == ["sum rule", "product rule", "power rule"]
    assert board.text(".count") == "Step 11 of 12"
    assert board.find(".backward li.now").count() == 1
    assert board.find(".arrow.back.now").count() == 2


@pytest.mark.parametrize(("speed", "steps"), [("0.5", 2), ("1", 4), ("2", 8)])
def test_play_goes_as_fast_as_is_chosen(browser, server, speed, steps):
    with Page(browser, server.address, clock=True) as board:
        board.ready()
        board.page.clock.pause_at(4_000_000_000_000)
        board.find("select[aria-label=Speed]").select_option(speed)
        board.find("button.play").click()
        board.page.clock.run_for(4000)
        assert board.text(".count") == f"Step {1 + steps} of 12"
