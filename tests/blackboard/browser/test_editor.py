"""What is typed: completion, what the reader says and repairs, documents, and a board that never goes blank."""

from __future__ import annotations

import re

import pytest

import wengert as wg
from tests.blackboard.browser.page import ROOT, mathml
from tests.blackboard.documents import SEVERAL
from wengert.blackboard.samples import EXAMPLES, HIDDEN, UNIT


def test_a_line_that_is_typed_changes_the_bars_that_it_should(board):
    before = mathml(board, ".backward ol.lines")
    board.type(".equations", HIDDEN.replace("½ Σ_k (y_k − t_k)²", "Σ_k |y_k − t_k|"))
    board.until(lambda: mathml(board, ".backward ol.lines") != before)
    after = mathml(board, ".backward ol.lines")
    assert len(after) == len(before)
    assert [k for k, (a, b) in enumerate(zip(before, after, strict=True)) if a != b] == [1]
    assert "sign" in after[1]


def test_signs_are_completed(board):
    board.type(".equations", "")
    board.page.keyboard.type("y = \\sigm")
    board.take("", "Enter")
    board.until(lambda: "σ" in board.text(".equations .cm-content"))


def test_names_are_completed_with_their_labels_and_letters(board):
    board.find(".equations .cm-content").click()
    board.page.keyboard.press("Control+End")
    board.page.keyboard.type("q_k = w2")
    board.take("w⁽²⁾_ki", "Tab")
    board.until(lambda: "q_k = w⁽²⁾_ki" in board.text(".equations .cm-content"))


def test_enter_ends_the_line_where_a_name_is_offered(board):
    board.type(".equations", "rate = 1\n")
    board.page.keyboard.type("z = ra")
    board.take("rate", "Enter")
    board.page.keyboard.type("y = 2")
    board.until(lambda: board.find(".equations .cm-line").count() == 3)
    assert [text.partition("∈")[0] for text in board.find(".equations .cm-line").all_text_contents()[1:]] == [
        "z = ra",
        "y = 2",
    ]


def test_bars_of_the_equations_are_completed_in_ones_own_lines(board):
    board.show("homework")
    board.find(".own .cm-content").click()
    board.page.keyboard.type("b2")
    board.take("b̄⁽²⁾_k", "Tab")
    board.until(lambda: "b̄⁽²⁾_k" in board.text(".own .cm-content"))


def test_a_half_typed_line_leaves_the_last_board_grey_and_is_explained(board):
    bars = mathml(board, ".backward ol.lines")
    board.type(".equations", HIDDEN.replace("σ(z_i)", "σ(z_i"))
    board.find(".board.stale").wait_for()
    assert board.find(".equations .cm-lint-marker-error").count() == 1
    assert board.find(".problem.error pre").inner_text().endswith("^")
    assert mathml(board, ".backward ol.lines") == bars
    assert "last board" in board.text(".state")
    board.type(".equations", HIDDEN)
    board.until(lambda: board.find(".board.stale").count() == 0)


def test_a_repair_is_one_click(board):
    board.type(".equations", "y = W x\nL = ½ ‖y − t‖²\nL2 = foo(y)\n")
    board.find(".mend").click()
    board.until(lambda: board.find(".problem.error").count() == 0)
    assert "foo: function" in board.text(".equations .cm-content")


def test_shapes_are_read_beside_each_line(board):
    assert board.find(".equations .read-as").count() == 4


def test_an_example_is_chosen_from_the_menu(board):
    board.find("select[aria-label=Examples]").select_option("attention")
    board.until(lambda: "softmax" in board.text(".equations .cm-content"))
    board.until(lambda: board.find(".frame title").first.text_content().startswith("S "))


def test_a_raised_sign_is_completed(board):
    board.type(".equations", "")
    board.page.keyboard.type("L = w^T")
    board.take("ᵀ", "Enter")
    board.until(lambda: "L = wᵀ" in board.text(".equations .cm-content"))


def test_what_is_wrong_is_underlined_and_mended_where_it_is_pointed_at(board):
    board.type(".equations", "y = W x\nL = ½ ‖y − t‖²\nL2 = foo(y)\n")
    mark = board.find(".equations .cm-lintRange-error").first
    mark.wait_for()
    assert "foo" in mark.inner_text()
    mark.hover()
    board.find(".cm-tooltip-lint .cm-diagnosticAction", has_text="foo: function").click()
    board.until(lambda: board.find(".problem.error").count() == 0 and board.find(".cm-lintRange-error").count() == 0)
    assert "foo: function" in board.text(".equations .cm-content")


def test_the_shape_beside_a_line_is_that_of_its_quantity(board):
    spaces = {
        "z_i": r"\in\mathbb{R}^{i}",
        "h_i": r"\in\mathbb{R}^{i}",
        "y_k": r"\in\mathbb{R}^{k}",
        "L": r"\in\mathbb{R}",
    }
    for name, space in spaces.items():
        line = board.find(".equations .cm-line", has=board.find(".read-as")).filter(has_text=re.compile(f"^{name} ="))
        assert re.sub(r"\s", "", line.locator("annotation").text_content()) == space


@pytest.mark.parametrize("name", ["lecture_unit.tex", "hidden_layer.md", "regularized_unit.txt"])
def test_a_document_in_latex_markdown_or_text_is_opened_from_a_file(board, name):
    path = ROOT / "examples" / name
    with board.page.expect_file_chooser() as chooser:
        board.find("button.open").click()
    chooser.value.set_files(path)
    lines = wg.equations(str(path)).data.lines
    first = path.read_text(encoding="utf-8").splitlines()[0]
    board.until(lambda: board.find(".equations .cm-line").first.inner_text().startswith(first))
    board.until(lambda: board.find(".forward ol.lines li").count() == len(lines))
    board.until(lambda: board.find(".equations .read-as").count() == len(lines))
    assert board.find(".board.stale").count() == 0


def test_of_several_systems_one_is_chosen(board):
    board.type(".equations", SEVERAL)
    board.find(".problem.error", has_text="This document has 2 systems.").wait_for()
    menu = board.find("select.systems")
    assert menu.is_visible()
    menu.select_option("2")
    board.until(lambda: board.find(".forward ol.lines li").count() == 2 and board.find(".board.stale").count() == 0)
    assert board.find(".frame title", has_text="J ").count() == 1
    assert board.find(".problem.error").count() == 0
    menu.select_option("1")
    board.until(lambda: board.find(".forward ol.lines li").count() == 3)
    board.find("select[aria-label=Examples]").select_option("attention")
    board.until(lambda: board.find(".frame title").first.text_content().startswith("S "))
    assert not menu.is_visible()


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_example_of_the_menu_has_its_board(board, name):
    board.find("select[aria-label=Examples]").select_option(name)
    lines = wg.equations(EXAMPLES[name]).data.lines
    board.until(lambda: board.find(".forward ol.lines li").count() == len(lines))
    board.until(lambda: board.text(".checked").startswith("✓ checked") or name == "hidden")
    assert board.find(".board.stale").count() == 0


def test_no_keystroke_leaves_the_board_blank(board):
    board.type(".equations", "L = w")
    board.until(lambda: board.find(".forward ol.lines li").count() == 1)
    board.page.keyboard.press("Control+a")
    for sign in UNIT.partition("\n\n")[2]:
        board.page.keyboard.press("Enter") if sign == "\n" else board.page.keyboard.insert_text(sign)
        board.page.keyboard.press("Escape")
        assert board.find(".forward ol.lines li").count() >= 1
        assert board.find(".backward ol.lines li").count() >= 1
    board.until(lambda: board.find(".forward ol.lines li").count() == 3 and board.find(".board.stale").count() == 0)
