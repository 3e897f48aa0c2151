"""The two-dimensional form: stacked fractions, limits under Σ, cases; widths in cells."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from tests.notation.trees import SYMBOLS, trees
from wengert.notes.notation.expr import Expr
from wengert.notes.notation.layout import TextBox, beside, cells, render
from wengert.notes.notation.reader import read

PICTURES = {
    "y_k = e^(z_k) / Σ_l e^(z_l)": """
        e^(z_k)
y_k = ───────────
       Σ e^(z_l)
       l
""",
    "ȳ = (y − t) / (y (1 − y))": """
       y − t
ȳ = ───────────
     y (1 − y)
""",
    "L = ½ Σ_{k=1}^{K} (y_k − t_k)²": """
       K
L = ½  Σ  (y_k − t_k)²
      k=1
""",
    "h_i = { z_i if z_i > 0; a z_i / (1 + b) if z_i < −1; 0 otherwise }": """
      ⎧ z_i      if z_i > 0
      ⎪  a z_i
h_i = ⎨ ───────  if z_i < −1
      ⎪  1 + b
      ⎩ 0        otherwise
""",
    "m = (a + (b + 1) / (c + 1))²": """
    ⎛     b + 1 ⎞²
m = ⎜a + ───────⎟
    ⎝     c + 1 ⎠
""",
    "L = λ/2 ‖w‖² + 1/N": "\nL = λ/2 ‖w‖² + 1/N\n",
}


@pytest.mark.parametrize("text", PICTURES)
def test_pictures(text: str):
    system = "y = 1; t = 2; z_i = 3; " if "ȳ" in text else ""
    line = read(system + text).lines[-1]
    assert "\n".join(render(line)) == PICTURES[text].strip("\n")


def test_ascii_pictures_are_ascii():
    line = read("y_k = e^(z_k) / Σ_l (e^(z_l) + 1/(a + b))").lines[0]
    assert all(row.isascii() for row in render(line, ascii=True))


def test_combining_marks_take_no_cell_and_wide_letters_two():
    assert (cells("w̄"), cells("ȳ"), cells("한"), cells("σ")) == (1, 1, 2, 1)


def test_boxes_meet_on_the_writing_line():
    assert beside(TextBox(("a", "b"), 1), TextBox(("c",)), TextBox(("d", "e"), 0)).lines == ("a  ", "bcd", "  e")


@settings(max_examples=80, deadline=None)
@given(trees)
def test_every_tree_has_a_picture_without_ragged_ends(tree: Expr):
    for ascii in (False, True):
        rows = render(tree, ascii=ascii, symbols=SYMBOLS)
        assert rows
        assert all(row == row.rstrip() and "\n" not in row for row in rows)
