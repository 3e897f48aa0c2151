"""Variances are quantities that are written as squares: σ² = 1/N Σ_i (x_i − μ)²."""

from __future__ import annotations

import pytest

import wengert as wg

MOMENTS = "μ_j = 1/N Σ_i x_ij\nσ_j² = 1/N Σ_i x_ij² − μ_j²\ny_ij = σ(x_ij) (x_ij − μ_j) / √(σ_j² + ε)"
OTHERS = {
    "of a Gaussian": "σ² = exp(ℓ)\nL = ½ ((x − μ)²/σ² + log σ²) + σ² (x − μ)",
    "squared": "s² = x² + y²\nL = (s²)² + s²/x³",
    "of vectors": "s^2 = W x\nL = ‖s^2‖^2",
    "with the logistic function": MOMENTS,
}


def parts(derivation: wg.Derivation) -> tuple[str, str]:
    forward, backward = str(derivation).split("backward\n")
    lines = [line for line in backward.splitlines() if not line.endswith("is given")]
    return forward.removeprefix("forward\n"), "\n".join(line for line in lines if not line.startswith("where"))


def test_a_square_on_a_left_side_is_a_name_and_other_squares_are_powers():
    derivation = wg.equations("σ_j² = 1/N Σ_i x_ij²\nL = Σ_j σ_j²").backward()
    assert parts(derivation)[1].splitlines()[1:] == ["  σ̄²_j = L̄", "  x̄_ij = 2 σ̄²_j x_ij / N = 2 L̄ x_ij / N"]


@pytest.mark.parametrize("text", OTHERS.values(), ids=OTHERS)
def test_squares_are_printed_and_read_back_and_judged(text: str):
    derivation = wg.equations(text).backward()
    assert derivation.check()
    forward, backward = parts(derivation)
    assert str(wg.equations(forward).backward()) == str(derivation)
    assert "⁽²⁾" not in forward + backward
    assert "^{(2)}" not in derivation.latex()
    found = wg.review(f"{forward}\n\n{backward}")
    assert {row.status for row in found.rows} == {"holds"}
    assert len(found.rows) >= len(backward.splitlines())


def test_layers_keep_their_brackets():
    text = "z^1 = W^1 x\nz^2 = W^2 z^1\nL = ½ ‖z^2‖^2"
    assert "z⁽²⁾ = W⁽²⁾ z⁽¹⁾" in str(wg.equations(text).backward())


def test_a_square_of_a_name_that_stands_alone_too_is_no_name():
    with pytest.raises(wg.EquationError, match="A power stands on the left side") as caught:
        wg.equations("r² = x² + y²\nL = log r")
    assert caught.value.repair == "Write it solved for the name, or a layer with its number:  z^{(1)}"
