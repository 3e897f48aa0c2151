"""Inverse, determinant and linear equations: how they are read, derived, printed and run."""

from __future__ import annotations

import numpy as np
import pytest

import wengert as wg
from wengert.core.passes import pipeline

BACKWARD = {
    "x = A⁻¹ b": ["Ā = −(A⁻ᵀ x̄) xᵀ", "b̄ = A⁻ᵀ x̄"],
    "A x = b": ["Ā = −(A⁻ᵀ x̄) xᵀ", "b̄ = A⁻ᵀ x̄"],
    "A ∈ ℝ^(n×n)\nL = log det A": ["Ā = L̄ A⁻ᵀ"],
    "A ∈ ℝ^(n×n)\nd = |A|": ["Ā = d̄ d A⁻ᵀ"],
    "f = log det(Xᵀ X)": ["X̄ = 2 f̄ X (Xᵀ X)⁻¹"],
    "Y = A⁻ᵀ B\nL = ‖Y‖²": ["Ȳ = 2 L̄ Y", "Ā = −Y Ȳᵀ A⁻ᵀ", "B̄ = A⁻¹ Ȳ"],
    "s = tr(A⁻¹ B)": ["Ā = −s̄ A⁻ᵀ Bᵀ A⁻ᵀ", "B̄ = s̄ A⁻ᵀ"],
}


@pytest.mark.parametrize("text", BACKWARD)
def test_backward_pass_is_that_of_the_textbook_and_holds(text):
    derivation = wg.equations(text).backward()
    printed = [line.strip() for line in str(derivation).splitlines()]
    assert [line for line in BACKWARD[text] if line not in printed] == []
    assert derivation.check().difference < 1e-12


def test_products_of_an_inverse_are_solved_for_and_what_is_shared_is_solved_once():
    derivation = wg.equations("A x = b\nL = ½ ‖x‖²").backward()
    graph = pipeline.run(derivation.data.graph(seed_one=True))
    ops = [node.op.name for node in wg_order(graph)]
    assert "inv" not in ops
    assert ops.count("solve") == 2


def wg_order(graph):
    from wengert.core.ir.walk import topological

    return topological(graph.outputs)


def test_an_inverse_that_is_read_for_itself_stays_one():
    derivation = wg.equations("A ∈ ℝ^(n×n)\nL = log det A").backward()
    ops = [node.op.name for node in wg_order(pipeline.run(derivation.data.graph(seed_one=True)))]
    assert "inv" in ops
    assert "solve" not in ops


@pytest.mark.parametrize("seed", range(3))
def test_solved_products_equal_those_of_the_inverse(seed):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(4, 4)) + 4 * np.eye(4), rng.normal(size=(4, 2))
    value, gradients = wg.equations("X = A⁻¹ B\nL = ‖X‖²").backward().function()(A=a, B=b)
    x = np.linalg.inv(a) @ b
    np.testing.assert_allclose(value, np.sum(x**2), rtol=1e-12)
    np.testing.assert_allclose(gradients["A"], -2 * np.linalg.inv(a).T @ x @ x.T, rtol=1e-11)


@pytest.mark.parametrize("form", ["index", "matrix"])
def test_what_has_no_form_by_index_is_printed_as_matrices(form):
    text = str(wg.equations("x = A⁻¹ b\nL = Σ_i c_i x_i").backward().in_form(form))
    assert "A⁻ᵀ" in text


def test_inverse_and_determinant_take_square_matrices():
    with pytest.raises(wg.EquationError, match="axis"):
        wg.equations("A ∈ ℝ^(2×3)\nb ∈ ℝ^3\nx = A⁻¹ b")
    with pytest.raises(wg.EquationError, match="takes a matrix"):
        wg.equations("x ∈ ℝ^3\ny = det x")
