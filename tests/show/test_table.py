"""The printed table: golden text for the lecture's unit, columns by cells, widths kept."""

from __future__ import annotations

import numpy as np
import pytest

from wengert.cells import cells, pad, wrap
from wengert.notes.show.numbers import array, number
from wengert.notes.show.table import render_text
from wengert.notes.show.trace import trace

UNIT = """\
forward
v₁   w                                 0.5
v₂   x                                 2
v₃   b                                 0.1
v₄   t                                 1
v₅   λ                                 0.1
v₆   z = w x + b                       1.1
v₇   y = σ(z)                          0.7503
v₈   L = ½ (y − t)²                    0.03119
v₉   R = ½ w²                          0.125
v₁₀  L_reg = L + λ R                   0.04369

backward
v̄₁₀  L̄_reg = 1                         1
v̄₉   R̄ = L̄_reg λ                       0.1
v̄₈   L̄ = L̄_reg                         1
v̄₇   ȳ = L̄ (y − t)                    −0.2497
v̄₆   z̄ = ȳ σ'(z)                      −0.04679
v̄₁   w̄ = z̄ x + R̄ w = −0.09359 + 0.05  −0.04359
       from z  z̄ x                    −0.09359
       from R  R̄ w                     0.05
v̄₃   b̄ = z̄                            −0.04679
"""

PRIMITIVES = """\
forward ↓                        │ backward ↑
v₁   w                   0.5     │ v̄₁   w̄     = v̄₆ v₂      −0.09359
                                 │            + 2 v̄₁₂ v₁    0.05
                                 │            =            −0.04359
v₂   x                   2       │
v₃   b                   0.1     │ v̄₃   b̄     = v̄₇         −0.04679
v₄   t                   1       │
v₅   λ                   0.1     │
v₆         = v₁ v₂       1       │ v̄₆         = v̄₇         −0.04679
v₇   z     = v₆ + v₃     1.1     │ v̄₇   z̄     = v̄₈ σ'(v₇)  −0.04679
v₈   y     = σ(v₇)       0.7503  │ v̄₈   ȳ     = v̄₉         −0.2497
v₉         = v₈ − v₄    −0.2497  │ v̄₉         = 2 v̄₁₀ v₉   −0.2497
v₁₀        = v₉²         0.06237 │ v̄₁₀        = ½ v̄₁₁       0.5
v₁₁  L     = ½ v₁₀       0.03119 │ v̄₁₁  L̄     = v̄₁₅         1
v₁₂        = v₁²         0.25    │ v̄₁₂        = ½ v̄₁₃       0.05
v₁₃  R     = ½ v₁₂       0.125   │ v̄₁₃  R̄     = v̄₁₄ v₅      0.1
v₁₄        = v₅ v₁₃      0.0125  │ v̄₁₄        = v̄₁₅         1
v₁₅  L_reg = v₁₁ + v₁₄   0.04369 │ v̄₁₅  L̄_reg = 1           1
"""


def test_unit_as_named_quantities(unit, hand):
    assert render_text(trace(*unit, hand)) == UNIT


def test_unit_as_primitives_side_by_side(unit, hand):
    assert render_text(trace(*unit, hand, primitive=True)) == PRIMITIVES


def test_ascii_has_no_other_signs(derived):
    for primitive in (False, True):
        found = trace(*derived, {}, primitive=primitive, fill=np.random.default_rng(0), ascii=True)
        assert render_text(found).isascii()


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize("primitive", [False, True])
def test_no_line_is_wider_than_asked(derived, width, primitive):
    found = trace(*derived, {}, primitive=primitive, fill=np.random.default_rng(0))
    assert max(cells(line) for line in render_text(found, width, 6).split("\n")) <= width


def test_values_stand_in_one_column_of_cells(unit, hand):
    lines = [line for line in render_text(trace(*unit, hand)).split("\n") if line and "ward" not in line]
    # A minus stands in the column before the digits.
    columns = {cells(line) - cells(line.split()[-1].lstrip("−")) for line in lines}
    assert len(columns) == 1


def test_values_that_are_not_finite_are_marked(text_of):
    text = render_text(trace(*text_of("y = log x\nL = y w\n"), {"x": 0, "w": 2}))
    assert "−inf  ← not finite" in text
    assert "not finite; the first is y\n" in text


def test_large_arrays_are_summed_up():
    (line,) = array(np.ones((20, 30)))
    assert line == "20×30, norm 24.49, 1 … 1"
    assert array(np.arange(7.0)) == ["7 numbers, norm 9.539, 0 … 6"]
    assert array(np.zeros((0, 3))) == ["0×3"]


def test_small_arrays_are_shown_whole():
    assert array(np.array([[1.0, -2.5], [10.0, 0.25]])) == ["[ 1  −2.5]", "[10  0.25]"]
    assert array(np.array([1, 2, 3])) == ["[1  2  3]"]


def test_numbers_keep_their_precision():
    assert number(0.0000123456, 3) == "1.23e−05"
    assert number(-0.0) == "0"
    assert number(np.float64("nan")) == "nan"
    assert number(-1.5, ascii=True) == "-1.5"


def test_combining_marks_take_no_cell_and_wide_characters_two():
    assert cells("z̄") == 1
    assert cells("가") == 2
    assert pad("w̄", 3) == "w̄  "
    assert wrap("ab cd ef", 5, 1) == ["ab cd", " ef"]
    assert wrap("abcdef", 3, 0) == ["abc", "def"]
