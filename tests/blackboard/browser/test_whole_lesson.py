"""A lesson as a person gives it, from the first line that is typed to the saved page: in both languages, light and dark, on a phone, a desk and a wall."""

from __future__ import annotations

import json

import pytest

from tests.blackboard.browser.page import ROOT, SIZES, Page, mathml, number
from wengert.blackboard.samples import EXAMPLES

WORDS = {
    lang: json.loads((ROOT / "web" / "locale" / f"{lang}.json").read_text(encoding="utf-8")) for lang in ("en", "ko")
}
LINES = ["z = w x + b", "y = tanh(z)", "L = (y - t)^2"]
BARS = [
    r"\bar{L}=1",
    r"\bar{y}=2\bar{L}(y-t)",
    r"\bar{t}=2\bar{L}(t-y)",
    r"\bar{z}=\bar{y}(1-y^{2})",
    r"\bar{w}=\bar{z}x",
    r"\bar{x}=\bar{z}w",
    r"\bar{b}=\bar{z}",
]


@pytest.fixture(params=["en", "ko"])
def words(request):
    return WORDS[request.param] | {"lang": request.param}


@pytest.fixture(params=[False, True], ids=["light", "dark"])
def dark(request):
    return request.param


@pytest.fixture(params=SIZES)
def size(request):
    return request.param


@pytest.fixture
def board(browser, server, words, size, dark):
    with Page(browser, server.address, size, dark, accept_downloads=True) as opened:
        opened.ready()
        opened.find(f"select[aria-label={WORDS['en']['language']}]").select_option(words["lang"])
        opened.until(lambda: opened.text("h1") == words["title"])
        yield opened.ready()


def typed(board):
    """Three lines, key by key; the board follows."""
    board.type(".equations", "")
    for line in LINES:
        board.page.keyboard.type(line)
        board.page.keyboard.press("Escape")
        board.page.keyboard.press("Enter")
    board.until(lambda: board.find(".forward ol.lines li").count() == 3 and board.find(".board.stale").count() == 0)


def test_a_lesson_is_typed_stepped_through_and_pointed_at(board, words):
    typed(board)
    bars = [bar.replace("\\,", "") for bar in mathml(board, ".backward ol.lines")]
    assert sorted(bars) == sorted(BARS)
    board.find(".b-next").click()
    shown = words["step.of"].format(n=2, total=10)
    assert board.text(".count") == shown
    board.page.keyboard.press("End")
    board.page.keyboard.press("ArrowLeft")
    assert board.text(".count") == words["step.of"].format(n=9, total=10)
    assert board.find(".explain .key").first.inner_text() == words["children"]
    assert board.find(".backward li.now").count() == board.find(".frame.now").count() == 1
    assert _inside(board, ".backward li.now", ".backward .body")
    assert _inside(board, ".frame.now", ".graph .body")
    board.find(".forward ol.lines li").first.locator("[data-q]").first.hover()
    board.find(".backward .lit").first.wait_for()
    board.until(lambda: board.text(".checked").startswith("✓"))


def test_the_stepper_stays_in_sight_wherever_the_page_is(board):
    board.find("select >> option[value=lstm] >> xpath=..").select_option("lstm")
    board.until(lambda: board.find(".forward ol.lines li").count() == 7 and board.find(".board.stale").count() == 0)
    board.page.keyboard.press("Escape")
    for _ in range(20):
        board.find(".b-next").click()
        assert board.find(".b-next").bounding_box()["y"] < board.page.viewport_size["height"] - 20
    assert _inside(board, ".backward li.now", ".backward .body")


def test_a_slider_is_dragged_and_every_number_follows(board, words):
    typed(board)
    board.show("numbers")
    slider = board.find(".card[data-name='w'] input[type=range]")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    middle = box["y"] + box["height"] / 2
    board.page.mouse.move(box["x"] + box["width"] / 2, middle)
    board.page.mouse.down()
    board.page.mouse.move(box["x"] + box["width"] * 0.75, middle, steps=12)
    board.page.mouse.up()
    assert float(slider.input_value()) > 1
    field = board.find(".card[data-name='w'] input[type=number]")
    board.until(lambda: float(field.input_value()) == float(slider.input_value()))  # not a value on the way there
    weight, x, b = (float(_field(board, name).input_value()) for name in ("w", "x", "b"))
    board.until(
        lambda: number(board.find(".forward .value-of").first.inner_text()) == pytest.approx(weight * x + b, rel=1e-3)
    )
    board.find(".card[data-name='w'] .nudge").click()
    board.find(".nudged .arrows").wait_for()
    assert words["nudge"] == board.find(".card[data-name='w'] .nudge").inner_text()


def test_a_wrong_line_is_judged_and_helped_in_steps(board, words):
    typed(board)
    board.show("homework")
    board.find(".own .cm-content").click()
    board.page.keyboard.insert_text("ȳ = 2 (y − t)\nz̄ = ȳ (1 + y²)\n")
    board.find(".row-holds").wait_for()
    wrong = board.find(".row-wrong")
    wrong.wait_for()
    assert wrong.locator(".more").inner_text() == words["hint"]
    assert wrong.locator("code").count() == 1
    while wrong.locator(".more").count():
        wrong.locator(".more").click()
    corrected = wrong.locator("code").last.inner_text()
    assert corrected.startswith("z̄ =")
    board.type(".own", f"ȳ = 2 (y − t)\n{corrected}\n")
    board.until(lambda: board.find(".row-holds").count() == 2)


def test_two_classes_are_trained_apart(board, words):
    board.type(".equations", EXAMPLES["moons"])
    board.until(lambda: board.find(".board.stale").count() == 0)
    board.show("train")
    _named(board, words["sizes"]).fill("h=8")
    _named(board, words["epochs"]).fill("40")
    board.find("button.start").click()
    board.until(lambda: board.text(".training .summary").startswith(words["training.done"].format(epoch=40)))
    assert words["accuracy"] in board.text(".training .summary")
    assert board.find(".parameters .card").count() == 4


def test_the_page_is_saved_and_opened_again_without_a_network(board, browser, words, size, dark, tmp_path):
    typed(board)
    with board.page.expect_download() as download:
        board.find("button.save").click()
    download.value.save_as(tmp_path / "board.html")
    with Page(browser, (tmp_path / "board.html").as_uri(), size, dark, offline=True) as saved:
        saved.ready()
        assert saved.text("h1") == words["title"]
        saved.page.keyboard.press("End")
        assert saved.text(".count") == words["step.of"].format(n=10, total=10)
        assert words["offline"] == saved.text(".state")


def _named(board, label):
    return board.find(f".fields [aria-label='{label}']")


def _field(board, name):
    return board.find(f".card[data-name='{name}'] input[type=number]")


def _inside(board, inner, outer):
    """Whether a part is to be seen within the panel that scrolls it."""
    board.page.wait_for_timeout(100)
    part, panel = board.find(inner).bounding_box(), board.find(outer).bounding_box()
    middle = part["y"] + part["height"] / 2
    return panel["y"] <= middle <= panel["y"] + panel["height"]
