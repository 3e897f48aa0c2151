"""What a report says in ASCII, as the ASCII printer writes it."""

from __future__ import annotations

from pathlib import Path

import pytest

import wengert as wg
from wengert.notes.notation.ascii_text import in_ascii

TEXTS = {
    "h̄_i = Σ_k ȳ_k v_ki": "hbar_i = sum_k ybar_k v_ki",
    "w̄⁽¹⁾_ij = z̄_i x_j": "wbar^(1)_ij = zbar_i x_j",
    "∂L/∂σ²_j = −½ x̂_j (σ²_j + ε)^(−3/2)": "dL/dsigma^2_j = -1/2 xhat_j (sigma^2_j + epsilon)^(-3/2)",
    "Σ̄ = ½ Σ⁻¹ (x − μ) (x − μ)ᵀ    (with Σ = Σᵀ)": "Sigmabar = 1/2 Sigma^-1 (x - mu) (x - mu)^T    (with Sigma = Sigma^T)",
    "z̄ = h̄ ∘ ⟦z ≥ 0⟧ · √d ‖w‖₂": "zbar = hbar .* [z >= 0] . sqrtd ||w||_2",
}


@pytest.mark.parametrize("text", TEXTS)
def test_signs_of_mathematics_become_words(text: str):
    assert in_ascii(text) == TEXTS[text]


def test_what_is_derived_is_written_as_the_ascii_printer_does():
    derivation = wg.equations(Path("examples/hidden_layer.txt")).backward()
    assert derivation.text(ascii=True).startswith(in_ascii(str(derivation).split("where")[0]))


def test_a_report_in_ascii_is_ascii_and_its_correction_is_read():
    found = wg.review(Path("examples/by_hand.md")).text(ascii=True)
    assert found.isascii()
    (correction,) = (line.split("write:")[1].strip() for line in found.splitlines() if "write:" in line)
    forward = "h_i = tanh(z_i)\ny_k = sum_i v_ki h_i\nL = 1/2 sum_k (y_k - t_k)^2\n\nybar_k = y_k - t_k\n"
    assert [row.status for row in wg.review(forward + correction).rows] == ["holds", "holds"]


def test_words_of_a_language_stay():
    assert in_ascii("не прочитано: z̄") == "не прочитано: zbar"
