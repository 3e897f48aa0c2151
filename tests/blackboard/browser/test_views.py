"""Every view in both languages, light and dark, wide and narrow: its words, its width, axe-core."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.blackboard.browser.page import AXE, SIZES, VIEWS, Page
from wengert.blackboard.samples import EXAMPLES


def test_another_language_is_that_of_the_check_too_and_values_stay(board):
    board.show("numbers")
    board.find(".card[data-name='b⁽²⁾'] input[type=number]").fill("0.125")
    board.find(".card[data-name='b⁽²⁾'] input[type=number]").press("Enter")
    board.find("select[aria-label=Language]").select_option("ko")
    board.ready()
    board.until(lambda: board.text(".checked").startswith("✓ 검산"))
    board.page.wait_for_timeout(1000)
    assert board.text(".checked").startswith("✓ 검산")
    board.show("numbers")
    board.until(lambda: board.find(".card[data-name='b⁽²⁾'] input[type=number]").input_value() == "0.125")


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_each_view_fits_its_width_and_axe_finds_nothing_serious(
    browser, server, request, tmp_path, view, size, dark, lang
):
    with Page(browser, server.address, size, dark, bypass_csp=True) as board:
        board.ready()
        board.find("select[aria-label=Language]").select_option(lang)
        board.until(lambda: board.find(".board").get_attribute("lang") == lang)
        board.ready()
        assert board.text("h1") == {"en": "Board", "ko": "칠판"}[lang]
        _fill(board, view)
        wide = board.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= SIZES[size]["width"]
        folder = Path(request.config.option.pictures or tmp_path)
        folder.mkdir(parents=True, exist_ok=True)
        name = f"board-{view}-{size}-{'dark' if dark else 'light'}-{lang}.png"
        board.page.screenshot(path=folder / name, full_page=True)
        board.page.add_script_tag(path=str(AXE))
        found = board.page.evaluate("axe.run({resultTypes: ['violations']})")
        assert [_told(rule) for rule in found["violations"] if rule["impact"] in ("serious", "critical")] == []


def _told(rule):
    nodes = rule["nodes"]
    return rule["id"], [node["html"][:160] for node in nodes][:3], nodes[0].get("failureSummary")


def _fill(board, view):
    """Something to see in each view."""
    if view == "lesson":
        for _ in range(8):
            board.page.keyboard.press("ArrowRight")
        board.until(lambda: board.text(".checked").startswith(("✓ checked", "✓ 검산")))
        return
    board.show(view)
    if view == "numbers":
        board.find(".card[data-name='b⁽¹⁾'] .nudge").click()
        board.find(".nudged .arrows").wait_for()
    elif view == "homework":
        board.type(".own", "ȳ_k = y_k − t_k\nh̄_i = Σ_k ȳ_k w⁽²⁾_ik\nz̄_i = h̄_i (1 − h_i)\n")
        board.find(".row-wrong").first.wait_for()
        board.find(".row-wrong .more").first.click()
    elif view == "compare":
        board.until(lambda: board.find(".other select option").count() == 4)
        board.find(".other select").select_option("absolute")
        board.find("tr.changed").first.wait_for()
        board.find(".expand").click()
        board.find(".counts").wait_for()
    elif view == "train":
        board.type(".equations", EXAMPLES["moons"])
        board.until(lambda: board.find(".board.stale").count() == 0)
        board.find(".fields input[type=text]").nth(1).fill("h=8")
        board.find("button.start").click()
        board.until(lambda: "300" in board.text(".training .summary") and board.find("button.stop").is_disabled())
