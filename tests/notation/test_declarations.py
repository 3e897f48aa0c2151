"""Declarations and remarks, in any order with the lines."""

from __future__ import annotations

import pytest

from wengert.errors import EquationError
from wengert.notes.notation import latex, unicode
from wengert.notes.notation.expr import Declaration, Ref
from wengert.notes.notation.reader import read

CASES = {
    "params w, b": Declaration("params", ("w", "b")),
    "data x, t": Declaration("data", ("x", "t")),
    "params w⁽¹⁾, L_reg, λ": Declaration("params", ("w⁽¹⁾", "L_reg", "λ")),
    "w ∈ ℝ^(m×n)": Declaration("shape", ("w",), ("m", "n")),
    "W ∈ ℝ^(3×4)": Declaration("shape", ("W",), ("3", "4")),
    "x ∈ ℝⁿ": Declaration("shape", ("x",), ("n",)),
    "x, y ∈ ℝ": Declaration("shape", ("x", "y"), ()),
    "N = size of n": Declaration("size", ("N",), letter="n"),
    "φ: function": Declaration("function", ("φ",)),
    "dialect: matlab": Declaration("dialect", ("matlab",)),
    "implicit sums": Declaration("dialect", ("implicit sums",)),
}


@pytest.mark.parametrize("text", CASES)
def test_declarations_in_text_are_read_and_read_back(text: str):
    assert read(text).declarations == (CASES[text],)
    assert read(unicode.show(CASES[text])).declarations == (CASES[text],)
    assert read(unicode.show(CASES[text], ascii=True)).declarations == (CASES[text],)


@pytest.mark.parametrize("text", CASES)
def test_declarations_in_latex_are_read_back(text: str):
    assert read(latex.show(CASES[text]), syntax="latex").declarations == (CASES[text],)


def test_shapes_in_latex():
    reading = read(r"W \in \mathbb{R}^{m \times n}, \quad x \in \mathbb{R}^n \\ z = W x")
    assert [(d.names, d.sizes) for d in reading.declarations] == [(("W",), ("m", "n")), (("x",), ("n",))]
    assert len(reading.lines) == 1


def test_an_assumption_holds_an_equation():
    (declaration,) = read("assume Σ_k t_k = 1").declarations
    assert unicode.show(declaration) == "assume Σ_k t_k = 1"
    assert read(latex.show(declaration)).declarations == (declaration,)


def test_declarations_stand_anywhere():
    reading = read("z = φ(w x)\nφ: function\nparams w")
    assert unicode.show(reading.lines[0]) == "z = φ(w x)"
    assert reading.symbols.functions == {"φ"}


def test_remarks_of_ranges_are_kept():
    line = read("y_i = Σ_k w_k x_{i+k} + b        for i = 0…4, k = 0…2").lines[0]
    assert line.notes == ("for i = 0…4, k = 0…2",)
    assert read("h_t = a_t h_{t−1}      (h_0 = 0)").lines[0].notes == ("(h_0 = 0)",)


def test_equation_numbers_and_full_stops_are_stepped_over():
    lines = read(r"z = wx + b \quad (1) \\ y = \sigma(z). \tag{2} \\ L = y\,, \qquad (2.3)").lines
    assert [unicode.show(line) for line in lines] == ["z = w x + b", "y = σ(z)", "L = y"]
    assert all(line.notes == () for line in lines)


@pytest.mark.parametrize(
    "text",
    [
        "z = wx, y = z",
        r"z = wx,\quad y = z",
        r"z = wx,\ y = z",
        r"z = wx \quad y = z",
        r"z = wx \\ y = z",
        r"\begin{align} z &= wx \\ y &= z \end{align}",
        "$$z = wx$$ $$y = z$$",
        r"z = wx \quad\text{and}\quad y = z",
        "z = wx; y = z",
    ],
)
def test_several_equations_on_a_line(text: str):
    assert [line.left for line in read(text, syntax="latex").lines] == [Ref("z"), Ref("y")]


def test_a_chain_goes_on_over_lines():
    (line,) = read("y = a\n  = b + c\n  = d").lines
    assert [unicode.show(right) for right in line.rights] == ["a", "b + c", "d"]


def test_an_expression_goes_on_after_an_operator():
    (line,) = read("y = a +\n  b\n  + c").lines
    assert unicode.show(line) == "y = a + b + c"


@pytest.mark.parametrize("text", ["params", "params 3", "N = size of", "x ∈ ℤ", "dialect: fortran", "assume"])
def test_what_declares_nothing_is_an_error(text: str):
    with pytest.raises(EquationError) as caught:
        read(text)
    assert caught.value.repair
