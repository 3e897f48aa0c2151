"""What is printed is what people publish: normalisations, pooling, recurrent units, attention, matrices, products; text and LaTeX, line by line."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
import pytest

import wengert as wg
from tests.derive.search_work import SEARCH, names_tried, names_written
from tests.derive.shared import derivation_of
from tests.notation.test_forms import assert_derivation_reads_back
from wengert.notes.derive.backward import Backward


class Published(NamedTuple):
    """A system in text and LaTeX, what it is derived by, and every line of its backward pass."""

    by: str
    text: str
    latex: str
    backward: tuple[str, ...]


PUBLISHED = {
    "layer normalisation by rows": Published(
        "X g b",
        "μ_i = 1/C Σ_j X_ij\n"
        "v_i = 1/C Σ_j (X_ij − μ_i)²\n"
        "σ_i = √(v_i + ε)\n"
        "H_ij = (X_ij − μ_i) / σ_i\n"
        "Y_ij = g_j H_ij + b_j",
        r"\mu_i = \frac1C \sum_j X_{ij} \\ "
        r"v_i = \frac1C \sum_j (X_{ij} - \mu_i)^2 \\ "
        r"\sigma_i = \sqrt{v_i + \epsilon} \\ "
        r"H_{ij} = \frac{X_{ij} - \mu_i}{\sigma_i} \\ "
        r"Y_{ij} = g_j H_{ij} + b_j",
        (
            "Ȳ_ij is given",
            "ḡ_j = Σ_i Ȳ_ij H_ij",
            "b̄_j = Σ_i Ȳ_ij",
            "H̄_ij = Ȳ_ij g_j",
            "σ̄_i = −(Σ_j H̄_ij H_ij) / σ_i",
            "v̄_i = σ̄_i / (2 σ_i)",
            "μ̄_i = −(Σ_j H̄_ij) / σ_i",
            "X̄_ij = μ̄_i / C + 2 v̄_i (X_ij − μ_i) / C + H̄_ij / σ_i = (H̄_ij − (Σ_k H̄_ik) / C − H_ij (Σ_k H̄_ik H_ik) / C) / σ_i",
        ),
    ),
    "layer normalisation without names": Published(
        "x g b",
        "μ = 1/C Σ_i x_i\nv = 1/C Σ_i (x_i − μ)²\ny_i = g_i (x_i − μ) / √(v + ε) + b_i",
        r"\mu = \frac1C \sum_i x_i \\ "
        r"v = \frac1C \sum_i (x_i - \mu)^2 \\ "
        r"y_i = g_i \frac{x_i - \mu}{\sqrt{v + \epsilon}} + b_i",
        (
            "ȳ_i is given",
            "ḡ_i = ȳ_i (x_i − μ) / √(v + ε)",
            "b̄_i = ȳ_i",
            "v̄ = (Σ_i ȳ_i g_i (μ − x_i)) / (2 (v + ε)^(3/2))",
            "μ̄ = −(Σ_i ȳ_i g_i) / √(v + ε)",
            "x̄_i = μ̄ / C + 2 v̄ (x_i − μ) / C + ȳ_i g_i / √(v + ε) = (ȳ_i g_i − (Σ_j ȳ_j g_j) / C − (x_i − μ) (Σ_j ȳ_j g_j (x_j − μ)) / (C (v + ε))) / √(v + ε)",
        ),
    ),
    "instance normalisation": Published(
        "X g b",
        "H = size of h\n"
        "W = size of w\n"
        "μ_nc = 1/(H W) Σ_hw X_{n,c,h,w}\n"
        "v_nc = 1/(H W) Σ_hw (X_{n,c,h,w} − μ_nc)²\n"
        "Z_{n,c,h,w} = (X_{n,c,h,w} − μ_nc) / √(v_nc + ε)\n"
        "Y_{n,c,h,w} = g_c Z_{n,c,h,w} + b_c",
        r"H = \text{size of } h \\ "
        r"W = \text{size of } w \\ "
        r"\mu_{nc} = \frac{1}{HW} \sum_{h,w} X_{n,c,h,w} \\ "
        r"v_{nc} = \frac{1}{HW} \sum_{h,w} (X_{n,c,h,w} - \mu_{nc})^2 \\ "
        r"Z_{n,c,h,w} = \frac{X_{n,c,h,w} - \mu_{nc}}{\sqrt{v_{nc} + \epsilon}} \\ "
        r"Y_{n,c,h,w} = g_c Z_{n,c,h,w} + b_c",
        (
            "Ȳ_nchw is given",
            "ḡ_c = Σ_nhw Ȳ_nchw Z_nchw",
            "b̄_c = Σ_nhw Ȳ_nchw",
            "Z̄_nchw = Ȳ_nchw g_c",
            "v̄_nc = −(Σ_hw Z̄_nchw Z_nchw) / (2 (v_nc + ε))",
            "μ̄_nc = −(Σ_hw Z̄_nchw) / √(v_nc + ε)",
            "X̄_nchw = μ̄_nc / (H W) + 2 v̄_nc (X_nchw − μ_nc) / (H W) + Z̄_nchw / √(v_nc + ε) = (Z̄_nchw − (Σ_ij Z̄_ncij) / (H W) − Z_nchw (Σ_ij Z̄_ncij Z_ncij) / (H W)) / √(v_nc + ε)",
        ),
    ),
    "group normalisation": Published(
        "X g b",
        "K = size of k\n"
        "P = size of p\n"
        "μ_nj = 1/(K P) Σ_kp X_{n,j,k,p}\n"
        "v_nj = 1/(K P) Σ_kp (X_{n,j,k,p} − μ_nj)²\n"
        "r_nj = (v_nj + ε)^(−1/2)\n"
        "Z_{n,j,k,p} = (X_{n,j,k,p} − μ_nj) r_nj\n"
        "Y_{n,j,k,p} = g_jk Z_{n,j,k,p} + b_jk",
        r"K = \text{size of } k \\ "
        r"P = \text{size of } p \\ "
        r"\mu_{nj} = \frac{1}{KP} \sum_{k,p} X_{n,j,k,p} \\ "
        r"v_{nj} = \frac{1}{KP} \sum_{k,p} (X_{n,j,k,p} - \mu_{nj})^2 \\ "
        r"r_{nj} = (v_{nj} + \epsilon)^{-1/2} \\ "
        r"Z_{n,j,k,p} = (X_{n,j,k,p} - \mu_{nj}) r_{nj} \\ "
        r"Y_{n,j,k,p} = g_{jk} Z_{n,j,k,p} + b_{jk}",
        (
            "Ȳ_njkp is given",
            "ḡ_jk = Σ_np Ȳ_njkp Z_njkp",
            "b̄_jk = Σ_np Ȳ_njkp",
            "Z̄_njkp = Ȳ_njkp g_jk",
            "r̄_nj = Σ_kp Z̄_njkp (X_njkp − μ_nj)",
            "v̄_nj = −½ r̄_nj r_nj³",
            "μ̄_nj = −r_nj Σ_kp Z̄_njkp",
            "X̄_njkp = μ̄_nj / (K P) + 2 v̄_nj (X_njkp − μ_nj) / (K P) + Z̄_njkp r_nj = r_nj (Z̄_njkp − (Σ_il Z̄_njil) / (K P) − Z_njkp (Σ_il Z̄_njil Z_njil) / (K P))",
        ),
    ),
    "normalisation to length 1": Published(
        "x",
        "s = √(Σ_i x_i²)\ny_i = x_i / s",
        r"s = \sqrt{\sum_i x_i^2} \\ "
        r"y_i = \frac{x_i}{s}",
        (
            "ȳ_i is given",
            "s̄ = −(Σ_i ȳ_i y_i) / s",
            "x̄_i = s̄ y_i + ȳ_i / s = (ȳ_i − y_i Σ_j ȳ_j y_j) / s",
        ),
    ),
    "softmax cross-entropy over a batch": Published(
        "W b",
        "N = size of n\n"
        "Z_nk = Σ_j X_nj W_jk + b_k\n"
        "Y_nk = e^(Z_nk) / Σ_l e^(Z_nl)\n"
        "L = −1/N Σ_nk T_nk log Y_nk\n"
        "assume Σ_k T_nk = 1",
        r"N = \text{size of } n \\ "
        r"Z_{nk} = \sum_j X_{nj} W_{jk} + b_k \\ "
        r"Y_{nk} = \frac{e^{Z_{nk}}}{\sum_l e^{Z_{nl}}} \\ "
        r"L = -\frac1N \sum_{n,k} T_{nk} \log Y_{nk} \\ "
        r"\text{assume } \sum_k T_{nk} = 1",
        (
            "L̄ = 1",
            "Ȳ_nk = −L̄ T_nk / (N Y_nk)",
            "Z̄_nk = Y_nk (Ȳ_nk − Σ_l Ȳ_nl Y_nl) = L̄ (Y_nk − T_nk) / N    (with Σ_k T_nk = 1)",
            "W̄_jk = Σ_n Z̄_nk X_nj",
            "b̄_k = Σ_n Z̄_nk",
        ),
    ),
    "max pooling": Published(
        "x",
        "y_i = max_k x_{2i+k} for k = 0…1",
        r"y_i = \max_k x_{2i+k} \quad k = 0, \dots, 1",
        (
            "ȳ_i is given",
            "x̄_p = Σ_{i: 0 ≤ p−2i < 2} ȳ_i ⟦x_p = y_i⟧ / Σ_k ⟦x_{2i+k} = y_i⟧",
        ),
    ),
    "mean pooling": Published(
        "X",
        "H = size of h\nW = size of w\np_c = 1/(H W) Σ_hw X_chw",
        r"H = \text{size of } h \\ "
        r"W = \text{size of } w \\ "
        r"p_c = \frac{1}{HW} \sum_{h,w} X_{c,h,w}",
        (
            "p̄_c is given",
            "X̄_chw = p̄_c / (H W)",
        ),
    ),
    "embedding": Published(
        "C",
        "E_tj = C_{s_t,j}\nL = ½ Σ_tj (E_tj − T_tj)²",
        r"E_{tj} = C_{s_t,j} \\ "
        r"L = \tfrac12 \sum_{t,j} (E_{tj} - T_{tj})^2",
        (
            "L̄ = 1",
            "Ē_tj = L̄ (E_tj − T_tj)",
            "C̄_ij = Σ_t Ē_tj ⟦i = s_t⟧",
        ),
    ),
    "gated recurrent unit": Published(
        "W_z U_z b_z W_r U_r b_r W_n U_n b_n x h",
        "z = σ(W_z x + U_z h + b_z)\n"
        "r = σ(W_r x + U_r h + b_r)\n"
        "n = tanh(W_n x + U_n (r ⊙ h) + b_n)\n"
        "y = (1 − z) ⊙ n + z ⊙ h",
        r"z = \sigma(W_z x + U_z h + b_z) \\ "
        r"r = \sigma(W_r x + U_r h + b_r) \\ "
        r"n = \tanh(W_n x + U_n (r \odot h) + b_n) \\ "
        r"y = (1 - z) \odot n + z \odot h",
        (
            "ȳ is given",
            "n̄ = ȳ ∘ (1 − z)",
            "W̄_n = (n̄ ∘ (1 − n²)) xᵀ",
            "Ū_n = (n̄ ∘ (1 − n²)) (r ∘ h)ᵀ",
            "b̄_n = n̄ ∘ (1 − n²)",
            "r̄ = U_nᵀ (n̄ ∘ (1 − n²)) ∘ h",
            "W̄_r = (r̄ ∘ r ∘ (1 − r)) xᵀ",
            "Ū_r = (r̄ ∘ r ∘ (1 − r)) hᵀ",
            "b̄_r = r̄ ∘ r ∘ (1 − r)",
            "z̄ = ȳ ∘ (h − n)",
            "W̄_z = (z̄ ∘ z ∘ (1 − z)) xᵀ",
            "x̄ = W_zᵀ (z̄ ∘ z ∘ (1 − z)) + W_rᵀ (r̄ ∘ r ∘ (1 − r)) + W_nᵀ (n̄ ∘ (1 − n²))",
            "Ū_z = (z̄ ∘ z ∘ (1 − z)) hᵀ",
            "h̄ = U_zᵀ (z̄ ∘ z ∘ (1 − z)) + U_rᵀ (r̄ ∘ r ∘ (1 − r)) + U_nᵀ (n̄ ∘ (1 − n²)) ∘ r + ȳ ∘ z",
            "b̄_z = z̄ ∘ z ∘ (1 − z)",
        ),
    ),
    "rotary embedding": Published(
        "x y",
        "u_i = x_i c_i − y_i s_i\nv_i = x_i s_i + y_i c_i\nL = Σ_i (u_i p_i + v_i q_i)",
        r"u_i = x_i c_i - y_i s_i \\ "
        r"v_i = x_i s_i + y_i c_i \\ "
        r"L = \sum_i (u_i p_i + v_i q_i)",
        (
            "L̄ = 1",
            "v̄_i = L̄ q_i",
            "ū_i = L̄ p_i",
            "x̄_i = ū_i c_i + v̄_i s_i",
            "ȳ_i = v̄_i c_i − ū_i s_i",
        ),
    ),
    "low-rank adapter": Published(
        "A B x",
        "h = W x + α/r B A x",
        r"h = W x + \frac{\alpha}{r} B A x",
        (
            "h̄ is given",
            "x̄ = Wᵀ h̄ + α Aᵀ Bᵀ h̄ / r",
            "B̄ = α h̄ (A x)ᵀ / r",
            "Ā = α (Bᵀ h̄) xᵀ / r",
        ),
    ),
    "inverse": Published(
        "A",
        "Y = A⁻¹",
        r"Y = A^{-1}",
        (
            "Ȳ is given",
            "Ā = −Yᵀ Ȳ Yᵀ",
        ),
    ),
    "linear equations": Published(
        "A b",
        "x = A⁻¹ b",
        r"x = A^{-1} b",
        (
            "x̄ is given",
            "Ā = −(A⁻ᵀ x̄) xᵀ",
            "b̄ = A⁻ᵀ x̄",
        ),
    ),
    "determinant": Published(
        "A",
        "d = det A",
        r"d = \det A",
        (
            "d̄ = 1",
            "Ā = d̄ d A⁻ᵀ",
        ),
    ),
    "log-determinant": Published(
        "A",
        "L = log det A",
        r"L = \log\det A",
        (
            "L̄ = 1",
            "Ā = L̄ A⁻ᵀ",
        ),
    ),
    "trace": Published(
        "X",
        "L = tr(A X B)",
        r"L = \operatorname{tr}(A X B)",
        (
            "L̄ = 1",
            "X̄ = L̄ Aᵀ Bᵀ",
        ),
    ),
    "quadratic form": Published(
        "x A",
        "L = xᵀ A x",
        r"L = x^\top A x",
        (
            "L̄ = 1",
            "x̄ = L̄ (A + Aᵀ) x",
            "Ā = L̄ x xᵀ",
        ),
    ),
    "covariance projection": Published(
        "P S",
        "V = P S Pᵀ\nL = log det V",
        r"V = P S P^\top \\ "
        r"L = \log\det V",
        (
            "L̄ = 1",
            "V̄ = L̄ V⁻ᵀ",
            "P̄ = V̄ P Sᵀ + V̄ᵀ P S",
            "S̄ = Pᵀ V̄ P",
        ),
    ),
    "covariance with the letter of a sum": Published(
        "A Σ",
        "C = A Σ Aᵀ",
        r"C = A \Sigma A^\top",
        ("C̄ is given", "Ā = C̄ A Σᵀ + C̄ᵀ A Σ", "Σ̄ = Aᵀ C̄ A"),
    ),
    "covariance of a projection": Published(
        "W C",
        "V = W C Wᵀ\nL = tr V",
        r"V = W C W^\top \\ "
        r"L = \operatorname{tr} V",
        (
            "L̄ = 1",
            "V̄ = L̄ diag(𝟏)",
            "W̄ = V̄ W Cᵀ + V̄ᵀ W C = L̄ W (C + Cᵀ)",
            "C̄ = Wᵀ V̄ W = L̄ Wᵀ W",
        ),
    ),
    "product over an index": Published(
        "p",
        "L = −log Π_i p_i",
        r"L = -\log \prod_i p_i",
        (
            "L̄ = 1",
            "p̄_i = −L̄ / p_i",
        ),
    ),
    "causal attention": Published(
        "Q K V",
        "S_ij = { Σ_k Q_ik K_jk / √d if j ≤ i; −∞ otherwise }\nP_ij = e^(S_ij) / Σ_m e^(S_im)\nO_il = Σ_j P_ij V_jl",
        r"S_{ij} = \begin{cases} \frac{\sum_k Q_{ik} K_{jk}}{\sqrt{d}} & \text{if } j \le i \\ "
        r"-\infty & \text{otherwise} \end{cases} \\ "
        r"P_{ij} = \frac{e^{S_{ij}}}{\sum_m e^{S_{im}}} \\ "
        r"O_{il} = \sum_j P_{ij} V_{jl}",
        (
            "Ō_il is given",
            "V̄_jl = Σ_i Ō_il P_ij",
            "P̄_ij = Σ_l Ō_il V_jl",
            "D_i = Σ_j P̄_ij P_ij = Σ_l Ō_il O_il",
            "S̄_ij = P_ij (P̄_ij − D_i)",
            "Q̄_ik = (Σ_j S̄_ij K_jk ⟦j ≤ i⟧) / √d",
            "K̄_jk = (Σ_i S̄_ij Q_ik ⟦j ≤ i⟧) / √d",
        ),
    ),
    "attention with a mask": Published(
        "Q K V",
        "S = Q Kᵀ / √d + M\nP = softmax(S)\nO = P V",
        r"S = \frac{Q K^\top}{\sqrt{d}} + M \\ "
        r"P = \operatorname{softmax}(S) \\ "
        r"O = P V",
        (
            "Ō is given",
            "V̄ = Pᵀ Ō",
            "P̄ = Ō Vᵀ",
            "D = (P̄ ∘ P) 𝟏 = (Ō ∘ O) 𝟏",
            "S̄ = P ∘ (P̄ − D 𝟏ᵀ)",
            "Q̄ = S̄ K / √d",
            "K̄ = S̄ᵀ Q / √d",
        ),
    ),
    "attention of many heads": Published(
        "Q K V",
        "S_{h,i,j} = Σ_k Q_{h,i,k} K_{h,j,k} / √d\n"
        "P_{h,i,j} = e^(S_{h,i,j}) / Σ_m e^(S_{h,i,m})\n"
        "O_{h,i,l} = Σ_j P_{h,i,j} V_{h,j,l}",
        r"S_{h,i,j} = \frac{\sum_k Q_{h,i,k} K_{h,j,k}}{\sqrt{d}} \\ "
        r"P_{h,i,j} = \frac{e^{S_{h,i,j}}}{\sum_m e^{S_{h,i,m}}} \\ "
        r"O_{h,i,l} = \sum_j P_{h,i,j} V_{h,j,l}",
        (
            "Ō_hil is given",
            "V̄_hjl = Σ_i Ō_hil P_hij",
            "P̄_hij = Σ_l Ō_hil V_hjl",
            "D_hi = Σ_j P̄_hij P_hij = Σ_l Ō_hil O_hil",
            "S̄_hij = P_hij (P̄_hij − D_hi)",
            "Q̄_hik = (Σ_j S̄_hij K_hjk) / √d",
            "K̄_hjk = (Σ_i S̄_hij Q_hik) / √d",
        ),
    ),
    "Gaussian likelihood": Published(
        "μ Σ",
        "L = ½ log det Σ + ½ (x − μ)ᵀ Σ⁻¹ (x − μ)\nassume Σ = Σᵀ",
        r"L = \tfrac12 \log\det\Sigma + \tfrac12 (x - \mu)^\top \Sigma^{-1} (x - \mu) \\ "
        r"\text{assume } \Sigma = \Sigma^\top",
        (
            "L̄ = 1",
            "Σ̄ = ½ L̄ (Σ⁻ᵀ − (Σ⁻ᵀ (x − μ)) (Σ⁻¹ (x − μ))ᵀ) = ½ L̄ (Σ⁻¹ − (Σ⁻¹ (x − μ)) (Σ⁻¹ (x − μ))ᵀ)    (with Σ = Σᵀ)",
            "μ̄ = −½ L̄ (Σ⁻¹ (x − μ) + Σ⁻ᵀ (x − μ)) = L̄ Σ⁻¹ (μ − x)    (with Σ = Σᵀ)",
        ),
    ),
    "entropy of a softmax": Published(
        "z",
        "p_k = e^(z_k) / Σ_l e^(z_l)\nH = −Σ_k p_k log p_k",
        r"p_k = \frac{e^{z_k}}{\sum_l e^{z_l}} \\ "
        r"H = -\sum_k p_k \log p_k",
        (
            "H̄ = 1",
            "p̄_k = −H̄ (1 + log p_k)",
            "z̄_k = p_k (p̄_k − Σ_l p̄_l p_l) = −H̄ p_k (H + log p_k)",
        ),
    ),
    "inverse error function": Published(
        "x",
        "y = erfinv(x)",
        r"y = \operatorname{erfinv}(x)",
        (
            "ȳ = 1",
            "x̄ = ½ √π ȳ e^(y²)",
        ),
    ),
}


@pytest.mark.parametrize("key", PUBLISHED)
@pytest.mark.parametrize("syntax", ["text", "latex"])
def test_the_backward_pass_is_as_it_is_published(key: str, syntax: str) -> None:
    case = PUBLISHED[key]
    derivation = derivation_of(getattr(case, syntax), syntax, tuple(case.by.split()))
    printed = tuple(line.strip() for line in str(derivation).split("backward\n")[1].splitlines())
    assert printed == case.backward
    assert derivation.check().difference < 1e-10


@pytest.mark.parametrize("key", PUBLISHED)
def test_every_printed_form_reads_back(key: str) -> None:
    case = PUBLISHED[key]
    derivation = derivation_of(case.text, "text", tuple(case.by.split()))
    for form, syntax in itertools.product(("index", "matrix"), ("text", "latex")):
        assert_derivation_reads_back(derivation, form, syntax)


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("y = erf(x)\nL = y²", r"\bar{x} &= \frac{2 \bar{y}\,e^{-x^{2}}}{\sqrt{\pi}}"),
        ("y = erfinv(x)\nL = sin(y)", r"\bar{x} &= \tfrac12 \sqrt{\pi} \bar{y}\,e^{y^{2}}"),
        (
            "μ = 1/C Σ_i x_i\nv = 1/C Σ_i (x_i − μ)²\nr = 1/√(v + ε)\nn_i = (x_i − μ) r",
            r"- \frac{\sum_{j} \overline{n_{j}}}{C} - \frac{n_{i} \sum_{j} \overline{n_{j}}\,n_{j}}{C}\right)",
        ),
        ("Z = X W\nY = softmax(Z)\nL = −𝟏ᵀ (T ∘ log Y) 𝟏", r"= \bar{L}\,(\operatorname{diag}(T \mathbf{1}) Y - T) \\"),
    ],
)
def test_lines_in_latex(text: str, latex: str) -> None:
    assert latex in wg.equations(text).backward(wrt="X" if "X" in text else "x").latex()


CROSS_ENTROPY = "z_l = Σ_j w_lj x_j\ny_k = e^(z_k) / Σ_l e^(z_l)\nL = −Σ_k t_k log y_k"
WEIGHTS = [2.0, -1.0, 0.5]


@pytest.mark.parametrize("targets", [[0.2, 0.5, 0.3], [0.0, 1.0, 0.0], [0.5, 1.0, 2.0]])
@pytest.mark.parametrize("assumed", [True, False])
def test_an_assumption_is_used_where_it_is_declared(assumed: bool, targets: list[float]) -> None:
    """y − t is z̄ where Σ t is 1; what was derived without that holds for every t, what was derived with it for no other."""
    text = CROSS_ENTROPY + ("\nassume Σ_k t_k = 1" if assumed else "")
    derivation = wg.equations(text).backward(wrt=["z", "w"])
    (line,) = [line.strip() for line in str(derivation).splitlines() if line.startswith("  z̄")]
    general = "z̄_l = y_l (ȳ_l − Σ_k ȳ_k y_k)"
    if assumed:
        assert line == general + " = L̄ (y_l − t_l)    (with Σ_k t_k = 1)"
    else:
        assert line == general + " = L̄ (y_l Σ_k t_k − t_l)"
    t, w = np.array(targets), np.outer(WEIGHTS, [1.0, -2.0])
    _, found = derivation.function()(w=w, x=np.array([0.3, 0.1]), t=t)
    z = w @ np.array([0.3, 0.1])
    y = np.exp(z) / np.exp(z).sum()
    true, short = y * t.sum() - t, y - t
    np.testing.assert_allclose(found["z"], short if assumed else true, rtol=1e-12, atol=1e-15)
    assert np.allclose(true, short) == np.isclose(t.sum(), 1.0)


BLOCK = """
μ_i = 1/C Σ_j X_ij
v_i = 1/C Σ_j (X_ij − μ_i)²
r_i = (v_i + ε)^(−1/2)
N_ij = (X_ij − μ_i) r_i
Q_ik = Σ_j N_ij A_jk
K_ik = Σ_j N_ij B_jk
V_ik = Σ_j N_ij F_jk
S_in = Σ_k Q_ik K_nk / √d
P_in = e^(S_in) / Σ_m e^(S_im)
O_ik = Σ_n P_in V_nk
Y_ij = X_ij + Σ_k O_ik G_kj
M_i = 1/C Σ_j Y_ij
W_i = 1/C Σ_j (Y_ij − M_i)²
R_i = (W_i + ε)^(−1/2)
Z_ij = (Y_ij − M_i) R_i
H_il = max(0, Σ_j Z_ij U_jl)
E_ij = Y_ij + Σ_l H_il T_lj
q_ij = e^(E_ij) / Σ_m e^(E_im)
L = −Σ_ij t_ij log q_ij
assume Σ_j t_ij = 1
"""


def test_a_block_of_a_transformer_is_derived_with_bounded_work() -> None:
    system = wg.equations(BLOCK)
    found: list[Backward] = []
    tried = names_tried(lambda: found.append(system.backward(wrt=list("XABFGUT"))))
    (derivation,) = found
    assert tried < 2 * SEARCH * names_written(derivation)
    printed = [line.strip() for line in str(derivation).splitlines()]
    first = "X̄_ij = μ̄_i / C + 2 v̄_i (X_ij − μ_i) / C + N̄_ij r_i + Ȳ_ij"
    second = "Ȳ_ij = M̄_i / C + 2 W̄_i (Y_ij − M_i) / C + Z̄_ij R_i + Ē_ij"
    for line in (
        "Ē_ij = q_ij (q̄_ij − Σ_m q̄_im q_im) = L̄ (q_ij − t_ij)    (with Σ_j t_ij = 1)",
        "Z̄_ij = Σ_l H̄_il U_jl ⟦H_il > 0⟧",
        second + " = R_i (Z̄_ij − (Σ_m Z̄_im) / C − Z_ij (Σ_m Z̄_im Z_im) / C) + Ē_ij",
        "D_i = Σ_n P̄_in P_in = Σ_k Ō_ik O_ik",
        "S̄_in = P_in (P̄_in − D_i)",
        first + " = r_i (N̄_ij − (Σ_m N̄_im) / C − N_ij (Σ_m N̄_im N_im) / C) + Ȳ_ij",
    ):
        assert line in printed
    assert derivation.check().difference < 1e-9
