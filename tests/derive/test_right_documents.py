"""Right derivations in notations that authors use, each with one wrong line at its end: that one is wrong, and no other."""

from __future__ import annotations

import pytest

from wengert.claims.review import review

PRIMED_LETTERS = {
    "text": (
        "y_k = e^(z_k) / Σ_k' e^(z_k')\nL = −Σ_k t_k log y_k\n\n"
        "∂L/∂z_k = Σ_k' ȳ_k' y_k' (⟦k = k'⟧ − y_k)\n∂L/∂z_k = y_k (ȳ_k − Σ_{k′} ȳ_{k′} y_{k′})\n∂L/∂z_k = y_k − t_k\n"
        "∂L/∂z_k = y_k (ȳ_k − Σ_{k'} ȳ_{k'})"
    ),
    "latex": r"""
$$ p_i = \frac{\exp(a_i)}{\sum_{i'=1}^{K} \exp(a_{i'})} \qquad E = -\sum_i t_i \ln p_i $$

$$ \frac{\partial p_{i'}}{\partial a_i} = p_{i'} (\mathbb{1}[i=i'] - p_i) $$
$$ \frac{\partial E}{\partial a_i} = \sum_{i^\prime} \frac{\partial E}{\partial p_{i^{\prime}}} p_{i'} (\delta_{ii'} - p_i) $$
$$ \frac{\partial E}{\partial a_{i'}} = p_{i'} - t_{i'} $$
$$ \frac{\partial E}{\partial a_{i'}} = p_{i'} + t_{i'} $$
""",
    "attention": r"""
$$ P_{ij} = \frac{e^{S_{ij}}}{\sum_{j'} e^{S_{ij'}}} $$
$$ O_{id} = \sum_j P_{ij} V_{jd} $$

$$ \bar P_{ij'} = \sum_d \bar O_{id} V_{j'd} $$
$$ \bar S_{ij} = P_{ij} (\bar P_{ij} - \sum_{j'} \bar P_{ij'} P_{ij'}) $$
$$ \bar S_{ij} = P_{ij} \bar P_{ij} - \sum_{j'} \bar P_{ij'} P_{ij'} $$
""",
    "a matrix over one axis twice": (
        "z_{ij} = Σ_{j'} A_{jj'} x_{ij'}\nL = ½ Σ_{ij} z_{ij}²\n\n"
        "Ā_{jj'} = Σ_i z̄_{ij} x_{ij'}\nx̄_{ij'} = Σ_j z̄_{ij} A_{jj'}\nx̄_{ij'} = Σ_j z̄_{ij} A_{j'j}"
    ),
    "beside a derivative": (
        "z_k = Σ_{i'} w_{ki'} x_{i'}\nh_k = φ(z_k)\nL = ½ Σ_k h_k²\n\n"
        "z̄_k = h_k φ'(z_k)\nw̄_{ki'} = z̄_k x_{i'}\nx̄_{i'} = Σ_k z̄_k w_{ki'}\nx̄_{i'} = Σ_k h̄_k w_{ki'}"
    ),
}


@pytest.mark.parametrize("text", PRIMED_LETTERS.values(), ids=PRIMED_LETTERS)
def test_a_primed_letter_is_another_letter_over_the_axis(text):
    assert only_the_last_is_wrong(text)


JOINED_FACTORS = {
    "a bias by the weight's signal": (
        "- z = wx + b\n- y = σ(z)\n- L = ½(y − t)²\n\n"
        "∂L/∂w = ∂/∂w [½(σ(wx+b) − t)²]\n      = (σ(wx+b) − t) ∂/∂w (σ(wx+b) − t)\n"
        "      = (σ(wx+b) − t) σ'(wx+b) ∂/∂w (wx+b)\n      = (σ(wx+b) − t) σ'(wx+b) x\n\n"
        "∂L/∂b = (σ(wx+b) − t) σ'(wx+b) x"
    ),
    "d": "z = wx + b\na = σ(z)\nC = (a − y)²/2\n\ndC/da = a − y\ndC/dw = (a − y) a (1 − a) x\ndC/db = (a − y) a (1 − a) x",
    "bars": "f = (xy + z)²\nL = 3f\n\nf̄ = 3\nx̄ = 2 f̄ (xy + z) y\nȳ = 2f̄ x(xy + z)\nz̄ = 2 f̄ (xy + z) x",
    "several words": "y = ab + ac\nL = y²\n\nȳ = 2y\nā = ȳ (b + c)\nb̄ = aȳ\nc̄ = ȳ b",
    "three factors": "y = abc\nL = y²\n\nȳ = 2abc\n∇_a L = 2abc b c\n∇_b L = 2abc ac\n∇_c L = 2abc bc",
}


@pytest.mark.parametrize("text", JOINED_FACTORS.values(), ids=JOINED_FACTORS)
def test_a_word_is_the_product_of_letters_that_other_lines_have(text):
    assert only_the_last_is_wrong(text)
    assert " read as " in review(text).rows[0].note


WHOLE_WORDS = {
    "its letters are in no line": "z = lr x\nL = z²\n\nz̄ = 2 z\nx̄ = 2 z lr\nx̄ = 2 z",
    "it has a line": "lr = 3 l r\nz = lr x\nL = z²\n\nl̄ = 6 z x r\nx̄ = 2 z lr\nx̄ = 2 z l r",
}


@pytest.mark.parametrize("text", WHOLE_WORDS.values(), ids=WHOLE_WORDS)
def test_a_word_stays_one_name_where(text):
    assert only_the_last_is_wrong(text)
    assert not review(text).rows[0].note


def only_the_last_is_wrong(text: str) -> bool:
    """Whether every line about a signal but the last one holds."""
    *right, last = [row.status for row in review(text).rows]
    return set(right) == {"holds"} and last == "wrong"
