"""Every view worked with by the keyboard alone: no pointer moves in these tests."""

from __future__ import annotations

import pytest

from tests.blackboard.browser.page import Page, mathml
from wengert.blackboard.samples import EXAMPLES

FOCUSED = """(() => {
    const at = document.getElementById('board').shadowRoot.activeElement;
    return at ? at.getAttribute('aria-label') || at.getAttribute('aria-labelledby') || at.textContent : '';
})()"""


@pytest.fixture
def keys(board):
    return board.page.keyboard


def tab_to(board, label):
    """Press Tab until what has that label, or begins with that text, has the focus."""
    for _ in range(120):
        board.page.keyboard.press("Tab")
        if board.page.evaluate(FOCUSED).startswith(label):
            return
    raise AssertionError(f"{label} is not reached by Tab")


def show(board, view):
    """A view, from wherever the focus is: to the tabs, then along them."""
    chosen = board.find("[role=tab][aria-selected=true]").inner_text()
    tab_to(board, chosen)
    for _ in range(5):
        if board.find(f"#tab-{view}").get_attribute("aria-selected") == "true":
            return
        board.page.keyboard.press("ArrowRight")
    raise AssertionError(f"{view} is not reached along the tabs")


def rewrite(board, label, text):
    tab_to(board, label)
    board.page.keyboard.press("Control+a")
    board.page.keyboard.insert_text(text)


def test_tabs_are_walked_by_arrows_and_the_rest_by_tab(board, keys):
    keys.press("Tab")
    for name in ("numbers", "homework", "compare", "train", "lesson"):
        keys.press("ArrowRight")
        assert board.find(f"#tab-{name}").get_attribute("aria-selected") == "true"
        assert board.find(f"#tab-{name}:focus").count() == 1
    for label in (
        "Form",
        "Examples",
        "Language",
        "Light or dark",
        "Save page",
        "Equations",
        "h-forward",
        "Play",
        "Next",
    ):
        tab_to(board, label)
    for label in ("h-graph", "h-backward"):
        tab_to(board, label)


def test_equations_are_changed_and_stepped_through(board, keys):
    rewrite(board, "Equations", "y = w x\nL = ½ (y − t)²\n")
    board.until(lambda: board.find(".forward ol.lines li").count() == 2 and board.find(".board.stale").count() == 0)
    tab_to(board, "Next")
    keys.press("Enter")
    assert board.text(".count").startswith("Step 2 ")
    keys.press("End")
    keys.press("ArrowLeft")
    total = int(board.text(".count").split()[-1])
    assert board.text(".count") == f"Step {total - 1} of {total}"
    assert board.find(".explain .key").first.inner_text() == "children"


def test_the_form_is_chosen_and_an_example_opened(board, keys):
    tab_to(board, "Form")
    keys.type("matrix")
    board.until(lambda: any("\\top" in line for line in mathml(board, ".backward ol.lines")))
    tab_to(board, "Examples")
    keys.type("Attention")
    board.until(lambda: "softmax" in board.text(".equations .cm-content"))


def test_an_entry_is_chosen_moved_and_nudged(board, keys):
    show(board, "numbers")
    tab_to(board, "Entry of b⁽²⁾")
    keys.press("ArrowDown")
    tab_to(board, "Slider of b⁽²⁾")
    card = board.find(".card[data-name='b⁽²⁾']")
    loss = board.find(".forward .value-of").last
    field = card.locator("input[type=number]")
    loss_before, before = loss.inner_text(), float(field.input_value())
    for _ in range(20):
        keys.press("ArrowRight")
    board.until(lambda: float(field.input_value()) == pytest.approx(before + 0.2, abs=0.011))
    assert loss.inner_text() != loss_before
    tab_to(board, "Nudge")
    keys.press("Enter")
    card.locator(".arrows").wait_for()


def test_homework_is_done_and_helped(board, keys):
    show(board, "homework")
    rewrite(board, "Your backward lines", "h̄_i = Σ_k ȳ_k w⁽²⁾_ik\n")
    board.find(".row-wrong").wait_for()
    for stage in ("Hint", "What was found", "Show the corrected line"):
        tab_to(board, stage)
        keys.press("Enter")
    assert "h̄_i = Σ_k ȳ_k w⁽²⁾_ki" in board.text(".row-wrong")


def test_a_loss_is_swapped_and_the_expansion_counted(board, keys):
    show(board, "compare")
    board.until(lambda: board.find(".other select option").count() == 4)
    tab_to(board, "Swap the loss")
    keys.type("absolute")
    board.find("tr.changed").first.wait_for()
    tab_to(board, "Expand and count")
    keys.press("Enter")
    board.find(".counts").wait_for()


def test_a_training_is_started_paused_and_stopped(board, keys):
    rewrite(board, "Equations", EXAMPLES["moons"])
    board.until(lambda: board.find(".board.stale").count() == 0)
    keys.press("Escape")
    show(board, "train")
    for label, value in (("Epochs", "100000"), ("Sizes", "h=8")):
        tab_to(board, label)
        keys.press("Control+a")
        keys.type(value)
    tab_to(board, "Start")
    keys.press("Enter")
    board.until(lambda: "accuracy" in board.text(".training .summary"))
    keys.press("Enter")
    board.until(lambda: board.find("button.start").get_attribute("aria-label") == "Go on")
    tab_to(board, "Stop")
    keys.press("Enter")
    assert board.text(".training .summary").startswith("stopped")


def test_an_exercise_is_opened_and_solved(browser, server, board, keys):
    rewrite(board, "Equations", "y = w x\nL = ½ (y − t)²\n")
    board.until(lambda: board.find(".forward ol.lines li").count() == 2)
    keys.press("Escape")
    show(board, "homework")
    tab_to(board, "Link for an exercise")
    keys.press("Enter")
    with Page(browser, server.address) as other:
        other.page.goto(board.find("input.link").input_value())
        other.find(".own").wait_for()
        rewrite(other, "Your backward lines", "ȳ = y − t\nw̄ = ȳ x\nx̄ = ȳ w\nt̄ = t − y\n")
        other.until(lambda: other.text(".verdict .summary") == "All 4 bars hold.")
