"""Right derivations in notations that authors use, each with one wrong line at its end: that one is wrong, and no other."""

from __future__ import annotations

import pytest

from tests.derive.shared import reviewed

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
    assert " read as " in reviewed(text).rows[0].note


WHOLE_WORDS = {
    "its letters are in no line": "z = lr x\nL = z²\n\nz̄ = 2 z\nx̄ = 2 z lr\nx̄ = 2 z",
    "it has a line": "lr = 3 l r\nz = lr x\nL = z²\n\nl̄ = 6 z x r\nx̄ = 2 z lr\nx̄ = 2 z l r",
}


@pytest.mark.parametrize("text", WHOLE_WORDS.values(), ids=WHOLE_WORDS)
def test_a_word_stays_one_name_where(text):
    assert only_the_last_is_wrong(text)
    assert not reviewed(text).rows[0].note


IDENTITIES = {
    "a covariance": (
        "K = A Aᵀ + σ² I\nℓ = yᵀ K⁻¹ y + log det K\n\n"
        "K̄ = K⁻¹ − K⁻¹ y yᵀ K⁻¹\n∂ℓ/∂A = 2 ∂ℓ/∂K A\n∂ℓ/∂σ = 2σ tr(∂ℓ/∂K)\n∂ℓ/∂σ = tr(∂ℓ/∂K)"
    ),
    "ridge regression": r"""
$$w = (X^\top X + \lambda I)^{-1} X^\top y$$
$$L = \frac12 \|w - v\|^2$$

$$\frac{\partial L}{\partial \lambda} = - \bar w^\top (X^\top X + \lambda I)^{-1} w$$
$$\frac{\partial L}{\partial y} = X (X^\top X + \lambda I)^{-1} \bar w$$
$$\frac{\partial L}{\partial y} = X (X^\top X + I)^{-1} \bar w$$
""",
    "a system that is solved": r"""
$$\hat{x} = (\mathbf I - \mathbf A)^{-1} \mathbf b$$
$$L = \tfrac12 \|\hat{x} - \mathbf y\|^2$$

$$\bar{\mathbf b} = (\mathbf I - \mathbf A)^{-\top} (\hat x - \mathbf y)$$
$$\bar{\mathbf A} = \bar{\mathbf b} \hat x^\top$$
$$\bar{\mathbf A} = \hat x \bar{\mathbf b}^\top$$
""",
    "with its size": (
        "S = X Xᵀ/n + ε I_d\nL = tr(S⁻¹ C) + log det S\n\nS̄ = S⁻¹ − S⁻¹ C S⁻¹\nε̄ = tr(S̄)\nX̄ = 2/n S̄ X\nX̄ = 1/n S̄ X"
    ),
    "a residual": "y = (I + W) x\nL = ½ ‖y − t‖²\n\nx̄ = ȳ + Wᵀ ȳ\nx̄ = (I + W)ᵀ ȳ\nW̄ = ȳ xᵀ\nW̄ = x ȳᵀ",
    "a projection": "P = X (Xᵀ X)⁻¹ Xᵀ\nr = (I − P) y\nL = ½ ‖r‖²\n\nP̄ = −r̄ yᵀ\nȳ = (I − P)ᵀ r̄\nȳ = P r̄",
}


@pytest.mark.parametrize("text", IDENTITIES.values(), ids=IDENTITIES)
def test_I_in_a_square_matrix_is_the_identity(text):
    assert only_the_last_is_wrong(text)
    assert "read as the identity matrix" in reviewed(text).rows[0].note


NO_IDENTITIES = {
    "a matrix beside a product": "Z = W X + I\nL = ½ ‖Z‖_F²\n\nW̄ = Z Xᵀ\nĪ = Z\nĪ = 2 Z",
    "entry by entry": "C = I ∘ M + A Aᵀ\nL = ½ ‖C‖_F²\n\nĪ = C ∘ M\nM̄ = C ∘ I\nM̄ = C I",
    "a current": "P = V I\nQ = P + λ I\nL = Q²\n\nĪ = 2 Q (V + λ)\nV̄ = 2 Q I\nλ̄ = 2 Q",
    "an image": "J = Σ_xy (I_xy − a B_xy)²\n\nĪ_xy = 2 (I_xy − a B_xy)\nĪ_xy = I_xy − a B_xy",
    "declared": "data I\nK = A Aᵀ + σ² I\nL = ½ ‖K‖_F²\n\nĪ = σ² K\nσ̄ = 2 σ tr(Kᵀ I)\nσ̄ = 2 σ tr(K)",
    "with a line": "I = U Uᵀ\nK = A Aᵀ + σ² I\nL = ½ ‖K‖_F²\n\nĪ = σ² K\nσ̄ = 2 σ tr(Kᵀ I)\nσ̄ = 2 σ tr(K)",
}


@pytest.mark.parametrize("text", NO_IDENTITIES.values(), ids=NO_IDENTITIES)
def test_I_is_a_quantity_where_it_is(text):
    assert only_the_last_is_wrong(text)
    assert not reviewed(text).rows[0].note


FAMILIES = {
    "a mixture of experts": (
        "y = Σ_e g_e E_e x\nL = ½ ‖y − t‖²\n\nĒ_e = g_e ȳ xᵀ\nx̄ = Σ_e g_e E_eᵀ ȳ\nḡ_e = ȳᵀ E_e x\nĒ_e = g_e x ȳᵀ"
    ),
    "in bold": r"""
$$\mathbf{y} = \sum_{e} g_e \mathbf{E}_e \mathbf{x} \qquad L = \tfrac12 \|\mathbf{y} - \mathbf{t}\|^2$$

$$\bar{\mathbf{E}}_e = g_e \bar{\mathbf{y}} \mathbf{x}^\top$$
$$\bar{\mathbf{x}} = \sum_e g_e \mathbf{E}_e^\top \bar{\mathbf{y}}$$
$$\bar g_e = \bar{\mathbf{y}}^\top \mathbf{E}_e \mathbf{x}$$
$$\bar g_e = \bar{\mathbf{x}}^\top \mathbf{E}_e \mathbf{y}$$
""",
    "a sum": "h = Σ_k A_k x\nL = ½ ‖h‖²\n\nh̄ = h\nĀ_k = h̄ xᵀ\nx̄ = Σ_k A_kᵀ h̄\nx̄ = Σ_k A_k h̄",
    "with gates": (
        "g = softmax(V x)\ny = Σ_e g_e W_e x\nL = ½ ‖y − t‖²\n\nȳ = y − t\nW̄_e = g_e ȳ xᵀ\nḡ_e = ȳᵀ W_e x\n"
        "z̄_e = g_e (ḡ_e − Σ_f g_f ḡ_f)\nx̄ = Σ_e g_e W_eᵀ ȳ + Vᵀ z̄\nV̄ = ḡ xᵀ"
    ),
    "with branches": (
        "h_e = relu(W_e x + b_e)\ny = Σ_e g_e h_e\nL = ½ ‖y − t‖²\n\nȳ = y − t\nh̄_e = g_e ȳ\nḡ_e = h_eᵀ ȳ\n"
        "b̄_e = h̄_e ∘ relu'(W_e x + b_e)\nW̄_e = b̄_e xᵀ\nx̄ = Σ_e W_eᵀ b̄_e\nx̄ = Σ_e W_e b̄_e"
    ),
}


@pytest.mark.parametrize("text", FAMILIES.values(), ids=FAMILIES)
def test_entries_are_matrices_where_lines_about_signals_show_it(text):
    assert only_the_last_is_wrong(text)


STARS = {
    "two layers": (
        "z1 = W1 * x + b1\na1 = sigmoid(z1)\nz2 = W2 * a1 + b2\na2 = sigmoid(z2)\nL = 0.5 * (a2 - y)^2\n\n"
        "da2 = a2 - y\ndz2 = da2 * a2 * (1 - a2)\ndW2 = dz2 * a1^T\ndb2 = dz2\nda1 = W2^T * dz2\n"
        "dz1 = da1 * a1 * (1 - a1)\ndW1 = dz1 * x^T\ndb1 = dz1\ndb1 = da1"
    ),
    "in one line": (
        "z1 = W1 * x + b1\na1 = sigmoid(z1)\nz2 = W2 * a1 + b2\nL = 1/2 * ||z2 - y||^2\n\ndz2 = z2 - y\n"
        "dz1 = W2^T * dz2 * a1 * (1 - a1)\ndz1 = a1 * (1 - a1) * W2^T * dz2\ndW1 = dz1 * x^T\ndW1 = x * dz1^T"
    ),
    "a sum of squares": (
        "z = W * x + b\nh = tanh(z)\no = V * h + c\nL = 0.5 * sum((o - t)^2)\n\n"
        "do = o - t\ndV = do * h^T\ndh = V^T * do\ndz = (1 - h^2) * dh\ndW = dz * x^T\ndx = W^T * dz\ndx = W * dz"
    ),
    "without spaces": "u = W*x\nL = 0.5*(u - t)^2\n\ndu = u - t\ndW = du*x^T\ndx = W^T*du\ndx = W*du",
    "side by side": "u = Wx\nL = ½ (u − t)²\n\n∂L/∂u = u − t\n∂L/∂W = (u − t)xᵀ\n∂L/∂x = Wᵀ(u − t)\n∂L/∂x = W(u − t)",
    "numbers": (
        "s = a * x + b\nq = A * s + c\nL = (q - t)^2\n\n"
        "dL/dA = 2 * (q - t) * s\ndL/da = 2 * (q - t) * A * x\ndL/db = 2 * (q - t) * a"
    ),
}


@pytest.mark.parametrize("text", STARS.values(), ids=STARS)
def test_a_star_is_a_product_of_matrices_where_lines_about_signals_show_it(text):
    assert only_the_last_is_wrong(text)
    matrices = [row for row in reviewed(text).rows if "read as a matrix" in row.note]
    assert bool(matrices) == ("ᵀ" in text or "^T" in text)


def only_the_last_is_wrong(text: str) -> bool:
    """Whether every line about a signal but the last one holds."""
    *right, last = [row.status for row in reviewed(text).rows]
    return set(right) == {"holds"} and last == "wrong"
