"""Values that are dragged, typed and nudged."""

from __future__ import annotations

import math
import re

import pytest

from tests.blackboard.browser.page import number


def test_a_slider_moves_the_numbers_forward_and_backward(board):
    board.show("numbers")
    card = board.find(".card[data-name='b⁽²⁾']")
    card.wait_for()
    loss = board.find(".forward .value-of").last
    before = loss.inner_text()
    slider = card.locator("input[type=range]")
    slider.fill("2")
    board.until(lambda: loss.inner_text() != before)
    assert card.locator("input[type=number]").input_value() == "2"
    before = loss.inner_text()
    box = slider.bounding_box()
    board.page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + box["height"] / 2)
    board.page.mouse.down()
    board.page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] / 2, steps=8)
    board.page.mouse.up()
    board.until(lambda: loss.inner_text() != before)
    assert board.find(".at-node").count() == 9 + 1


def test_an_entry_of_a_heat_map_is_chosen_and_typed(board):
    board.show("numbers")
    card = board.find(".card[data-name='w⁽¹⁾']")
    card.locator(".cell").nth(4).click()
    assert card.locator("select").input_value() == "1,1"
    card.locator("input[type=number]").fill("0.75")
    card.locator("input[type=number]").press("Enter")
    board.until(lambda: "[2, 2] = 0.75" in card.locator(".cell title").nth(4).text_content())


def test_a_nudge_shows_the_change_beside_the_bar_times_the_step(board):
    board.show("numbers")
    board.find(".card[data-name='b⁽²⁾'] .nudge").click()
    board.find(".nudged .arrows").wait_for()
    assert re.search(r"L changes by .*; the bar times that is", board.text(".nudged:has(.arrows)"))


def unit_with_decay(w, x, b, t, decay):
    """L_reg and its derivative by w, by hand."""
    y = 1 / (1 + math.exp(-(w * x + b)))
    return (y - t) ** 2 / 2 + decay * w**2 / 2, (y - t) * y * (1 - y) * x + decay * w


def test_a_nudge_is_the_bar_times_the_step_as_worked_out_by_hand(board):
    values = {"w": 0.5, "x": 2.0, "b": 0.25, "t": 1.0, "λ": 0.1}
    board.find("select[aria-label=Examples]").select_option("lecture")
    board.until(lambda: board.find(".forward ol.lines li").count() == 5)
    board.show("numbers")
    for name, value in values.items():
        field = board.find(f".card[data-name='{name}'] input[type=number]")
        field.fill(str(value))
        field.press("Enter")
    loss, slope = unit_with_decay(*values.values())
    shown = board.find(".forward .value-of").last
    board.until(lambda: number(shown.inner_text()) == pytest.approx(loss, rel=1e-3))
    card = board.find(".card[data-name='w']")
    assert number(card.locator(".picture .heat.number").last.inner_text()) == pytest.approx(slope, rel=1e-3)
    card.locator(".nudge").click()
    card.locator(".arrows").wait_for()
    said = re.search(
        r"Moved by (.*), L.* changes by (.*); the bar times that is (.*)\.", card.locator(".nudged").inner_text()
    )
    moved, change, predicted = map(number, said.groups())
    assert moved == 0.01
    assert change == pytest.approx(unit_with_decay(0.51, *list(values.values())[1:])[0] - loss, rel=1e-3)
    assert predicted == pytest.approx(0.01 * slope, rel=1e-3)
