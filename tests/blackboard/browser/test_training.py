"""Training in the page: started, paused, stepped, stopped, and what it shows."""

from __future__ import annotations

import re

from tests.blackboard.browser.page import Page, number
from tests.blackboard.server import Server
from wengert.blackboard.samples import EXAMPLES, UNIT


def test_a_training_runs_pauses_steps_and_stops(board):
    board.type(".equations", EXAMPLES["moons"])
    board.show("train")
    board.find("input[aria-label=Sizes]").fill("h=8")
    board.find("input[aria-label=Epochs]").fill("100000")
    board.find("button.start").click()
    board.find(".u-wrap").wait_for()
    board.find("canvas[role=img]").wait_for()
    board.until(lambda: "accuracy" in board.text(".training .summary"))
    board.find("button.start").click()
    board.until(lambda: not board.find("button.one").is_disabled())
    board.page.wait_for_timeout(500)
    epoch = int(re.search(r"epoch (\d+)", board.text(".training .summary"))[1])
    board.find("button.one").click()
    board.until(lambda: f"epoch {epoch + 1} " in board.text(".training .summary"))
    board.find("button.stop").click()
    assert "stopped" in board.text(".training .summary")
    assert board.find(".parameters .card").count() == 4


def test_a_csv_file_is_trained_with(board, tmp_path):
    rows = "\n".join(f"{k % 7 - 3},{k % 5 - 2},{int(k % 7 - 3 > k % 5 - 2)}" for k in range(70))
    (tmp_path / "side.csv").write_text(f"a,b,side\n{rows}\n")
    board.type(".equations", UNIT)
    board.show("train")
    with board.page.expect_file_chooser() as chooser:
        board.find("select[aria-label=Data]").select_option("csv")
    chooser.value.set_files(tmp_path / "side.csv")
    board.until(lambda: "side.csv" in board.text(".training .summary"))
    board.find("button.start").click()
    board.until(lambda: board.text(".training .summary").startswith("done"))


def test_a_fault_of_a_training_is_told(board):
    board.show("train")
    board.find("input[aria-label=Binding]").fill("x=nothing")
    board.find("button.start").click()
    board.find(".training .problem.error").wait_for()
    assert "nothing" in board.text(".training .problem.error")


def fields(board, **values):
    """What a person fills in before starting."""
    board.type(".equations", EXAMPLES["moons"])
    board.until(lambda: board.find(".board.stale").count() == 0)
    board.show("train")
    for label, value in values.items():
        field = board.find(f".fields [aria-label='{label.replace('_', ' ')}']")
        field.select_option(value) if label == "Optimizer" else field.fill(value)


def done(board):
    """The loss after the last epoch."""
    board.find("button.start").click()
    board.until(lambda: board.text(".training .summary").startswith("done"))
    return number(re.search(r"loss (\S+)", board.text(".training .summary"))[1])


def test_optimizer_and_learning_rate_are_those_that_are_chosen(board):
    fields(board, Sizes="h=8", Epochs="40", Optimizer="sgd", Learning_rate="0.000001")
    idle = done(board)
    fields(board, Optimizer="adam", Learning_rate="0.05")
    assert done(board) < 0.7 * idle
    fields(board, Optimizer="sgd", Learning_rate="0.000001")
    assert done(board) == idle


def test_each_parameter_has_its_values_and_the_size_of_its_gradient(board):
    fields(board, Sizes="h=8", Epochs="20")
    done(board)
    assert board.find(".parameters .card").count() == 4
    for card in board.find(".parameters .card").all():
        assert number(card.locator(".gradient").inner_text().split("\n")[-1].split()[-1]) > 0
        assert float(card.locator("rect.share").get_attribute("width")) > 0
    assert board.find(".parameters .map").count() == 3


def test_the_surface_has_both_classes_on_their_sides(board):
    fields(board, Sizes="h=8", Epochs="300", Learning_rate="0.05")
    done(board)
    colours = board.page.evaluate(
        """(() => {
            const canvas = document.getElementById('board').shadowRoot.querySelector('canvas[role=img]');
            const { width, height } = canvas, { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
            return [[0.42, 0.12], [0.58, 0.88]].map(([x, y]) => 4 * (Math.round(y * height) * width + Math.round(x * width))).map((at) => [...data.slice(at, at + 4)]);
        })()"""
    )
    (r0, _, b0, _), (r1, _, b1, _) = colours
    assert r0 > b0
    assert b1 > r1


def test_stopping_ends_the_process_that_trains(browser):
    own = Server()
    with Page(browser, own.address) as board:
        board.ready()
        before = own.workers()
        fields(board, Sizes="h=8", Epochs="1000000")
        board.find("button.start").click()
        board.until(lambda: "accuracy" in board.text(".training .summary"))
        (trainer,) = own.workers() - before
        board.find("button.stop").click()
        said = board.text(".training .summary")
        assert said.startswith("stopped after epoch")
        board.until(lambda: trainer not in own.workers())
        board.page.wait_for_timeout(500)
        assert board.text(".training .summary") == said
    own.stop()
