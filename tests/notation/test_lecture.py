"""The lecture notes as they stand: display equations with numbers, fonts, alignment and Korean remarks."""

from __future__ import annotations

import pytest

from tests.notation.helpers import DATA
from wengert.errors import EquationError
from wengert.notes.notation import latex, unicode
from wengert.notes.notation.expr import Derive, Partial, walk
from wengert.notes.notation.reader import Page, Passage, read
from wengert.notes.reading.story import read_story

NOTES = (DATA / "lecture_notes.txt").read_text(encoding="utf-8")
DISPLAYS = [Passage(NOTES[start:end], start, "latex") for start, end in read_story(NOTES).displays]


def between(start: str, end: str) -> list[Passage]:
    """The display equations between two places of the notes."""
    first, last = NOTES.index(start), NOTES.index(end, NOTES.index(start) + 1)
    return [piece for piece in DISPLAYS if first <= piece.start < last]


def shown(reading: Page) -> list[str]:
    return [unicode.show(line) for line in reading.lines]


UNIT = read(between("2 The Chain Rule", "Regularization term"), source=NOTES)
NETWORK = read(between("Forward - Pass", "Backward Pass"), source=NOTES)


def test_all_display_equations_are_found():
    assert len(DISPLAYS) == 52
    assert all(NOTES[piece.start : piece.start + len(piece.text)] == piece.text for piece in DISPLAYS)


def test_the_forward_lines_of_the_unit():
    assert shown(UNIT) == ["z = w x + b", "y = σ(z)", "L = ½ (y − t)²", "R = ½ w²", "L_reg = L + λ R"]
    assert UNIT.warnings == ()


def test_the_spelling_of_the_notes_is_kept():
    assert latex.show(UNIT.lines[-1], UNIT.symbols) == r"\mathcal{L}_{\text{reg}} = \mathcal{L} + \lambda \mathcal{R}"


def test_the_forward_lines_of_the_network():
    assert shown(NETWORK) == [
        "z_i = Σ_j w⁽¹⁾_ij x_j + b⁽¹⁾_i",
        "h_i = σ(z_i)",
        "y_k = Σ_i w⁽²⁾_ki h_i + b⁽²⁾_k",
        "L = ½ Σ_k (y_k − t_k)²",
    ]


def test_the_backward_pass_of_the_unit_in_both_stages():
    backward = read(between("2.1과 비교해보자", "최종정리"), source=NOTES, context=UNIT.symbols)
    assert shown(backward) == [
        "L̄_reg = 1",
        "R̄ = L̄_reg dL_reg/dR = L̄_reg λ",
        "L̄ = L̄_reg dL_reg/dL = L̄_reg",
        "ȳ = L̄ dL/dy = L̄ (y − t)",
        "z̄ = ȳ dy/dz = ȳ σ'(z)",
        "w̄ = z̄ ∂z/∂w + R̄ dR/dw = z̄ x + R̄ w",
        "b̄ = z̄ ∂z/∂b = z̄",
    ]
    assert sum(isinstance(node, Partial) for line in backward.lines for node in walk(line.rights[0])) == 7
    assert backward.warnings == ()


def test_the_summary_of_the_unit():
    backward = read(between("최종정리", "중복 연산이 없다"), source=NOTES, context=UNIT.symbols)
    assert shown(backward)[-2:] == ["w̄ = z̄ x + R̄ w", "b̄ = z̄"]


def test_the_backward_pass_of_the_network_by_index():
    backward = read(
        between("Backward Pass\n\n \n\n\nFigure 2", "식이 혹시 헷갈리다면"), source=NOTES, context=NETWORK.symbols
    )
    assert shown(backward) == [
        "L̄ = 1",
        "ȳ_k = L̄ (y_k − t_k)",
        "w̄⁽²⁾_ki = ȳ_k h_i",
        "b̄⁽²⁾_k = ȳ_k",
        "h̄_i = Σ_k ȳ_k w⁽²⁾_ki",
        "z̄_i = h̄_i σ'(z_i)",
        "w̄⁽¹⁾_ij = z̄_i x_j",
        "b̄⁽¹⁾_i = z̄_i",
    ]
    assert backward.lines[4].notes == (r"\star \Rightarrow \text{화살표가 두우우우개}",)


def test_the_backward_pass_of_the_network_in_matrices():
    backward = read(between("Forward pass\n에서 찾아서", "Vectorized Notation"), source=NOTES, context=NETWORK.symbols)
    assert shown(backward) == [
        "L̄ = 1",
        "ȳ = L̄ (y − t)",
        "W̄⁽²⁾ = ȳ hᵀ",
        "b̄⁽²⁾ = ȳ",
        "h̄ = W⁽²⁾ᵀ ȳ",
        "z̄ = h̄ · σ'(z)",
        "W̄⁽¹⁾ = z̄ xᵀ",
        "b̄⁽¹⁾ = z̄",
    ]


def test_the_calculus_way_is_a_chain_of_equalities():
    reading = read(between("2.1 How you", "이러한 방식의 문제점"), source=NOTES)
    assert [len(line.rights) for line in reading.lines] == [1, 5, 5]
    assert unicode.show(reading.lines[1].left) == "w̄"
    assert sum(isinstance(node, Derive) for node in walk(reading.lines[1].rights[1])) == 2
    assert "씩다 전개해서 풀었다" in reading.lines[0].notes[0]


@pytest.mark.parametrize(
    "place", ["(f(g(x), h(x)))'", r"\bar{v}_i = \sum_{j \in", r"\overline{V_1} = \overline{V_2} \cdot \square"]
)
def test_what_is_no_equation_of_a_system_is_an_error_in_the_notes(place: str):
    piece = next(piece for piece in DISPLAYS if place in piece.text)
    with pytest.raises(EquationError) as caught:
        read([piece], source=NOTES)
    assert f"line {NOTES.count(chr(10), 0, piece.start) + 1}:" in caught.value.where
