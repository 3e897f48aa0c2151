"""Two versions side by side, and the calculus-class expansion."""

from __future__ import annotations

from wengert.blackboard.samples import UNIT

COUNTED = [["8", "5", "3", "0"], ["4", "3", "1", "0"], ["4", "2", "2", "0"]]


def test_a_swapped_loss_marks_the_lines_that_change(board):
    board.show("compare")
    board.until(lambda: board.find("select[aria-label='Swap the loss'] option").count() == 4)
    board.find("select[aria-label='Swap the loss']").select_option("absolute")
    board.find("tr.changed").first.wait_for()
    assert board.text(".changes .summary") == "1 of 7 lines of the backward pass differs."
    assert board.find("tr.changed").count() == 2
    board.find(".expand").click()
    board.find(".counts").wait_for()
    assert board.find(".counts tbody tr").count() == 3


def test_a_version_that_is_typed_is_set_beside_the_equations(board):
    board.type(".equations", UNIT)
    board.show("compare")
    board.type(".other", UNIT.replace("σ(z)", "tanh(z)"))
    board.until(lambda: board.text(".changes .summary") == "1 of 4 lines of the backward pass differs.")
    assert board.find(".changes table").first.locator("tr.changed").count() == 1


def test_operations_are_those_that_one_counts_by_hand(board):
    """z = w x, L = ½ (z − t)²: a product, a square, a factor; one difference. Behind L̄ = 1: two differences, z̄ x, z̄ w.

    Written out, (w x − t) x, (w x − t) w and −(w x − t) have five products and three differences; signs are free.
    """
    board.type(".equations", "z = w x\nL = ½ (z − t)²\n")
    board.until(lambda: board.find(".forward ol.lines li").count() == 2)
    board.show("compare")
    board.find(".expand").click()
    board.find(".counts").wait_for()
    rows = [row.locator("td").all_inner_texts() for row in board.find(".counts tbody tr").all()]
    heads = board.find(".counts thead th").all_inner_texts()
    assert heads == ["all", "products", "sums", "functions"]
    assert rows == COUNTED
