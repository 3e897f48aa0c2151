"""Corrected lines of documents as people write them: in the author's notation, from what he writes, with the mistake named."""

from __future__ import annotations

import pytest

from wengert.notes.claims.review import review

HIDDEN = "s = w x\nh = tanh(s)\nf = v h + c\nℓ = (f − y)²\n\ndℓ/df = 2 (f − y)\n"
LOGISTIC = "z_n = Σ_j w_j x_nj + b\np_n = σ(z_n)\nL = −1/N Σ_n (t_n log p_n + (1 − t_n) log(1 − p_n))\n\n"
LEAST_SQUARES = r"$$\hat y = X w$$ $$L = \frac{1}{2n} \|\hat y - y\|^2$$" + "\n\n"
NORM = r"""$$\mu = \frac1D \sum_i x_i$$
$$\sigma^2 = \frac1D \sum_i (x_i - \mu)^2$$
$$\hat x_i = \frac{x_i - \mu}{\sqrt{\sigma^2 + \epsilon}}$$
$$y_i = \gamma_i \hat x_i + \beta_i$$

$$\frac{\partial L}{\partial \hat x_i} = \frac{\partial L}{\partial y_i} \gamma_i$$
"""
EXPONENTIAL = "a_i = Σ_j W_ij x_j\ny_i = exp(a_i)\nE = ½ Σ_i (y_i − t_i)²\n\n∂E/∂y_i = y_i − t_i\n"
RELU = "z1 = W1 x + b1\na1 = relu(z1)\nL = ½ ‖a1 − t‖²\n\nda1 = a1 − t\ndz1 = da1 ∘ relu'(z1)\n"
SENSITIVITIES = r"""$$n^1 = w^1 p + b^1$$
$$a^1 = \tanh(n^1)$$
$$a^2 = w^2 a^1 + b^2$$
$$F = (t - a^2)^2$$

$$s^2 = \frac{\partial F}{\partial a^2} = -2 (t - a^2)$$
"""
PRODUCT = "p = x₁ x₂\ny = p + sin(x₁)\n\np̄ = ȳ\n"
DECAY = "z = w x + b\ny = σ(z)\nr = λ w²\nL = ½ (y − t)² + r\n\nz̄ = (y − t) σ'(z)\n"

CASES = [
    (HIDDEN, "dℓ/dv = dℓ/df v", "quantity", "dℓ/dv = dℓ/df h"),
    (LOGISTIC, "∂L/∂z_n = p_n − t_n", "sum for mean", "∂L/∂z_n = 1/N (p_n − t_n)"),
    (LEAST_SQUARES, r"$$\nabla_w L = X^\top (X w - y)$$", "missing factor", "∇_w L = 1/n Xᵀ (X w − y)"),
    (
        NORM,
        r"$$\frac{\partial L}{\partial \gamma_i} = \frac{\partial L}{\partial y_i} x_i$$",
        "quantity",
        "∂L/∂γ_i = ∂L/∂y_i x̂_i",
    ),
    (
        NORM,
        r"$$\frac{\partial L}{\partial \sigma^2} = -\frac12 \sum_i \frac{\partial L}{\partial \hat x_i} (x_i - \mu) (\sigma^2 + \epsilon)^{-1/2}$$",
        "power",
        "∂L/∂σ² = −½ Σ_i ∂L/∂x̂_i (x_i − μ) (σ² + ε)^(−3/2)",
    ),
    (EXPONENTIAL, "∂E/∂a_i = ∂E/∂y_i a_i", "quantity", "∂E/∂a_i = ∂E/∂y_i y_i"),
    (EXPONENTIAL, "∂E/∂x_j = Σ_j W_ij ∂E/∂y_i y_i", "index", "∂E/∂x_j = Σ_i W_ij ∂E/∂y_i y_i"),
    (SENSITIVITIES, r"$$\frac{\partial F}{\partial w^2} = s^2 a^2$$", "layer", "∂F/∂w⁽²⁾ = s⁽²⁾ a⁽¹⁾"),
    (PRODUCT, "x̄₁ = p̄ x₁ + ȳ cos(x₁)", "quantity", "x̄₁ = p̄ x₂ + ȳ cos(x₁)"),
    (RELU, "db1 = z1", "signal", "db1 = dz1"),
    (DECAY, "w̄ = z̄ x", "missing path", "w̄ = z̄ x + 2 λ w"),
    ("z_i = Σ_j W_ij x_j\nh_i = max(0, z_i)\nL = Σ_i h_i\n\n", "z̄_i = ⟦z_i < 0⟧", "sign", "z̄_i = ⟦z_i > 0⟧"),
    (
        "p_ij = e^(s_ij) / Σ_l e^(s_il)\no_id = Σ_j p_ij v_jd\n\np̄_ij = Σ_d ō_id v_jd\n",
        "s̄_ij = p_ij (p̄_ij − Σ_l p̄_il)",
        "missing factor",
        "s̄_ij = p_ij (p̄_ij − Σ_l p̄_il p_il)",
    ),
    ("z = W x\nL = ½ ‖z − t‖²\n\nz̄ = z − t\n", "x̄ = W", "no incoming signal", "x̄ = Wᵀ z̄"),
    ("h = tanh(W x)\n\n", "W̄ = (h̄ ∘ (1 − h)) xᵀ", "power", "W̄ = (h̄ ∘ (1 − h²)) xᵀ"),
    (
        "y = Σ_i w_i x_i + ½ Σ_f ((Σ_i v_if x_i)² − Σ_i v_if² x_i²)\n\n∂y/∂w_i = x_i\n",
        "∂y/∂v_if = x_i Σ_j v_jf x_j − v_if x_i",
        "power",
        "∂y/∂v_if = x_i Σ_j v_jf x_j − v_if x_i²",
    ),
]


@pytest.mark.parametrize(("before", "claim", "kind", "corrected"), CASES)
def test_a_wrong_line_is_corrected_as_its_author_would(before, claim, kind, corrected):
    *others, row = review(before + claim).rows
    assert {other.status for other in others} <= {"holds"}
    assert (row.status, row.kind, row.corrected) == ("wrong", kind, corrected)


def test_what_stands_in_place_of_what_is_said():
    row = review(HIDDEN + "dℓ/dv = dℓ/df v").rows[-1]
    assert row.details[-1] == "likely: v stands where h should"
    row = review(LEAST_SQUARES + r"$$\nabla_w L = X^\top (X w - y)$$").rows[-1]
    assert row.details[-1] == "likely: the factor 1/n is missing"


def test_the_derivative_of_relu_is_a_step():
    rows = review(RELU + "relu'(z1) = ⟦z1 > 0⟧\nrelu'(z1) = relu(z1)").rows
    assert [row.status for row in rows] == ["holds", "holds", "holds", "wrong"]
