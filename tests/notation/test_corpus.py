"""The corpus is read, forward and backward, in text and in LaTeX; both notations say the same where they hold the same lines."""

from __future__ import annotations

import pytest

from tests.notation.helpers import corpus, halves
from wengert.notes.notation import unicode
from wengert.notes.notation.expr import BigOp, Index, Ref, walk
from wengert.notes.notation.reader import read

ENTRIES = corpus("ABCD")


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize("syntax", ["text", "latex"])
def test_forward_and_backward_are_read_without_a_guess(entry: str, syntax: str):
    forward, backward = halves(ENTRIES[entry][syntax == "latex"])
    first = read(forward, syntax=syntax)
    second = read(backward, syntax=syntax, context=first.symbols)
    assert first.warnings == second.warnings == ()
    assert all(isinstance(line.left, Ref) and not line.left.barred for line in first.lines)
    assert first.lines
    assert any(isinstance(line.left, Ref) and line.left.barred for line in second.lines)


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize("syntax", ["text", "latex"])
def test_every_index_is_bound_or_free_on_the_left(entry: str, syntax: str):
    forward, backward = halves(ENTRIES[entry][syntax == "latex"])
    first = read(forward, syntax=syntax)
    for line in (*first.lines, *read(backward, syntax=syntax, context=first.symbols).lines):
        free = {node.letter for node in walk(line.left) if isinstance(node, Index)}
        for right in line.rights:
            bound = {letter for node in walk(right) if isinstance(node, BigOp) for letter in node.letters}
            assert {node.letter for node in walk(right) if isinstance(node, Index)} <= free | bound


def test_a_system_of_linear_equations_is_read_as_solved():
    (line,) = read("A x = b").lines
    assert unicode.show(line) == "x = A⁻¹ b"


FORWARD = {
    "E01": ["z = w x + b", "y = σ(z)", "L = ½ (y − t)²"],
    "E02": ["z = w x + b", "y = σ(z)", "L = ½ (y − t)²", "R = ½ w²", "L_reg = L + λ R"],
    "E12": [
        "z_i = Σ_j w⁽¹⁾_ij x_j + b⁽¹⁾_i",
        "h_i = σ(z_i)",
        "y_k = Σ_i w⁽²⁾_ki h_i + b⁽²⁾_k",
        "L = ½ Σ_k (y_k − t_k)²",
    ],
    "E13": ["z = W⁽¹⁾ x + b⁽¹⁾", "h = σ(z)", "y = W⁽²⁾ h + b⁽²⁾", "L = ½ ‖y − t‖²"],
    "E17": ["s = ½ xᵀ A x + bᵀ x"],
    "E18": ["L = ½ ‖X w − y‖² + λ/2 ‖w‖²"],
    "E26": ["h_i = { z_i if z_i > 0; 0 otherwise }"],
    "E32": ["m_i = max_j X_ij"],
    "E33": ["r_i = y_i − t_i", "L = Σ_i { ½ r_i² if |r_i| ≤ δ; δ (|r_i| − ½ δ) otherwise }"],
}
BACKWARD = {
    "E02": ["L̄_reg = 1", "R̄ = L̄_reg λ", "L̄ = L̄_reg", "ȳ = L̄ (y − t)", "z̄ = ȳ σ'(z)", "w̄ = z̄ x + R̄ w", "b̄ = z̄"],
    "E03": ["ȳ = (y − t) / (y (1 − y))", "z̄ = ȳ σ'(z)", "w̄ = z̄ x", "b̄ = z̄"],
    "E17": ["x̄ = s̄ (½ (A + Aᵀ) x + b)", "Ā = ½ s̄ x xᵀ", "b̄ = s̄ x"],
    "E26": ["z̄_i = { h̄_i if z_i > 0; 0 otherwise }", "z̄ = h̄ ∘ ⟦z > 0⟧"],
    "E32": ["X̄_ij = m̄_i ⟦j = argmax_k X_ik⟧"],
    "E33": ["ȳ_i = { r_i if |r_i| ≤ δ; δ sign(r_i) otherwise }"],
}


@pytest.mark.parametrize("entry", FORWARD)
@pytest.mark.parametrize("syntax", ["text", "latex"])
def test_text_and_latex_give_the_same_forward_lines(entry: str, syntax: str):
    forward, _ = halves(ENTRIES[entry][syntax == "latex"])
    assert [unicode.show(line) for line in read(forward, syntax=syntax).lines] == FORWARD[entry]


@pytest.mark.parametrize("entry", BACKWARD)
@pytest.mark.parametrize("syntax", ["text", "latex"])
def test_text_and_latex_give_the_same_backward_lines(entry: str, syntax: str):
    forward, backward = halves(ENTRIES[entry][syntax == "latex"])
    context = read(forward, syntax=syntax).symbols
    assert [unicode.show(line) for line in read(backward, syntax=syntax, context=context).lines] == BACKWARD[entry]


def test_an_assumption_is_a_declaration():
    forward, _ = halves(ENTRIES["E37"][0])
    declaration = read(forward).declarations[0]
    assert (declaration.kind, unicode.show(declaration)) == ("assume", "assume Σ_k t_k = 1")


def test_remarks_beside_a_line_are_kept():
    _, backward = halves(ENTRIES["E37"][1])
    context = read(halves(ENTRIES["E37"][1])[0]).symbols
    notes = [line.notes for line in read(backward, context=context).lines]
    assert notes[1] == (r"\text{(using } \textstyle\sum_k t_k = 1\text{)}",)


def test_arguments_on_the_left_are_kept_as_a_note():
    line = read(r"f(w,x) = \frac{1}{1+e^{-w_0 x_0}}").lines[0]
    assert (line.left, line.notes) == (Ref("f"), ("(w,x)",))
