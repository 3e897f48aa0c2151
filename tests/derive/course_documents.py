"""Derivations as courses and textbooks write them, in files of tests/data/courses: what is right in each, what is not read, and mistakes.

The wording is our own; notation, layout and formulas are those of the sources that the names tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

COURSES = Path(__file__).parents[1] / "data" / "courses"


@dataclass(frozen=True)
class Document:
    """A derivation that is right: how many claims it has, the beginnings of what is not read, and mistakes to plant."""

    name: str
    claims: int
    mistakes: tuple[tuple[str, str], ...]
    """(what stands in the text once, what stands there instead)"""
    unread: tuple[str, ...] = ()
    assumed: int = 0
    """So many claims hold under an assumption about the data."""

    @property
    def text(self) -> str:
        return (COURSES / self.name).read_text(encoding="utf-8")


DOCUMENTS = (
    Document(
        "arrows_board.txt",
        4,
        (("∂L/∂a = 2 (a − y)", "∂L/∂a = 2 (y − a)"), ("∂L/∂w = ∂L/∂z x", "∂L/∂w = ∂L/∂z w")),
    ),
    Document(
        "chain_steps.md",
        5,
        (
            (r"&= (y - t) \, y (1 - y) \, x", r"&= (y - t) \, y (1 + y) \, x"),
            (r"= w\,(y - t)\, y (1-y)", r"= x\,(y - t)\, y (1-y)"),
        ),
    ),
    Document(
        "chinese_blog.md",
        6,
        (
            (r"\frac{\partial L}{\partial z_2} &= z_2 - t", r"\frac{\partial L}{\partial z_2} &= t - z_2"),
            (r"\frac{\partial L}{\partial a_1} \odot (1 - a_1^2)", r"\frac{\partial L}{\partial a_1} \odot (1 - a_1)"),
            (r"\frac{\partial L}{\partial z_1} x^T", r"x \frac{\partial L}{\partial z_1}^T"),
        ),
    ),
    Document(
        "computation_graph_blog.md",
        6,
        (
            (r"\frac{\partial c}{\partial a} = d \cdot 1", r"\frac{\partial c}{\partial a} = c \cdot 1"),
            (r"\frac{\partial d}{\partial b} = d + c", r"\frac{\partial d}{\partial b} = d c"),
        ),
    ),
    Document(
        "deep_learning_book.md",
        8,
        (
            (r"J = \hat{\boldsymbol{y}} - \boldsymbol{y}", r"J = \boldsymbol{y} - \hat{\boldsymbol{y}}"),
            (
                r"J = \boldsymbol{g}\, \boldsymbol{h}^{(1)\top} + \lambda",
                r"J = \boldsymbol{g}\, \boldsymbol{h}^{(1)\top} + 2 \lambda",
            ),
        ),
    ),
    Document(
        "distributed_processing.md",
        2,
        ((r"= -(t_j - y_j) f'(net_j) o_i", r"= (t_j - y_j) f'(net_j) o_i"),),
        (r"\Delta w_{ji}",),
    ),
    Document(
        "dive_backprop.md",
        13,
        (
            (r"= \mathbf{o} - \mathbf{y}.", r"= \mathbf{y} - \mathbf{o}."),
            (r"= {\mathbf{W}^{(2)}}^\top \frac", r"= \mathbf{W}^{(2)} \frac"),
            (r"\mathbf{x}^\top + \lambda \mathbf{W}^{(1)}.", r"\mathbf{x}^\top."),
        ),
    ),
    Document(
        "email.txt",
        5,
        (("dL/dz = dL/dy * sigma'(z)", "dL/dz = dL/dy * sigma(z)"), ("(y - t)*y*(1 - y)", "(y - t)*y*(1 - z)")),
    ),
    Document(
        "email_vectors.txt",
        6,
        (("dL/dV = (y - t) h^T", "dL/dV = h (y - t)^T"), ("dL/da = dL/dh .* (1 - h.^2)", "dL/da = dL/dh")),
    ),
    Document(
        "encyclopedia.md",
        8,
        (
            (r"{\partial o_j'} = o_j' - t_j", r"{\partial o_j'} = t_j - o_j'"),
            (r"= (o_j' - t_j) \varphi'(\text{net}_j)", r"= (o_j' - t_j) \varphi(\text{net}_j)"),
        ),
    ),
    Document(
        "feature_learning_wiki.md",
        5,
        (
            (
                r"\left((W^{(2)})^T \delta^{(3)}\right) \odot f'(z^{(2)})",
                r"\left((W^{(2)})^T \delta^{(3)}\right) \odot f(z^{(2)})",
            ),
            (r"\delta^{(3)} (a^{(2)})^T", r"\delta^{(3)} (a^{(3)})^T"),
        ),
    ),
    Document(
        "four_equations.md",
        5,
        (
            (r"((w^2)^T \delta^2) \odot \sigma'(z^1)", r"((w^2)^T \delta^2) \odot \sigma(z^1)"),
            (r"= a^1_k \delta^2_j", r"= a^1_k \delta^1_j"),
        ),
    ),
    Document(
        "french_notes.md",
        3,
        (
            (
                r"\frac{\partial J}{\partial \hat y_n} = \frac{2}{N} (",
                r"\frac{\partial J}{\partial \hat y_n} = \frac{1}{N} (",
            ),
            (r"(\hat y_n - y_n) x_{nd} \qquad", r"(\hat y_n + y_n) x_{nd} \qquad"),
        ),
    ),
    Document(
        "german_exercise.tex",
        5,
        ((r"&= p - t. &&", r"&= t - p. &&"), (r"(p - t)\, \mathbf{x}", r"(p - t)\, \mathbf{w}")),
    ),
    Document(
        "glove_notes.md",
        4,
        (
            (r"\sum_j f_{ij} r_{ij} u_j", r"\sum_j f_{ij} r_{ij} w_i"),
            (r"{\partial b_i} = \sum_j f_{ij} r_{ij}", r"{\partial b_i} = 2 \sum_j f_{ij} r_{ij}"),
        ),
    ),
    Document(
        "inline_answer.md",
        4,
        (("= A^{\\mathsf T} u =", "= A u ="), (r"= u\, x^{\mathsf T}", r"= x\, u^{\mathsf T}")),
    ),
    Document(
        "japanese_text.txt",
        5,
        (("= (z_j − d_j) f'(u_j)", "= (z_j − d_j)"), ("∂E/∂x_i = Σ_j δ_j w_ji", "∂E/∂x_i = δ_j w_ji")),
    ),
    Document(
        "linear_regression_course.md",
        1,
        (
            (
                r"\frac{\partial J}{\partial \theta_j} = \frac{1}{m}",
                r"\frac{\partial J}{\partial \theta_j} = \frac{1}{2m}",
            ),
        ),
        (r"\theta_j :=",),
    ),
    Document(
        "logistic_computation_graph.md",
        8,
        ((r"\frac{da}{dz} = a - y", r"\frac{da}{dz} = y - a"), (r"dw_2 = x_2 \cdot dz", r"dw_2 = x_1 \cdot dz")),
    ),
    Document(
        "logits_homework.tex",
        3,
        (
            (r"&= \sigma(z) - t %", r"&= t - \sigma(z) %"),
            (r"(\sigma(z) - t)\, \mathbf{x} \qed", r"(\sigma(z) + t)\, \mathbf{x} \qed"),
        ),
    ),
    Document(
        "matrix_calculus.md",
        5,
        (("0 & z \\leq 0 \\\\ 1 &", "1 & z \\leq 0 \\\\ 0 &"), (r"\\ (a - y)\mathbf{x} &", r"\\ (y - a)\mathbf{x} &")),
    ),
    Document(
        "micrograd.txt",
        8,
        (("dL/dc = f", "dL/dc = e"), ("dL/db = a*f", "dL/db = b*f")),
    ),
    Document(
        "ninja.md",
        4,
        (
            (r"\frac{1}{N} (P_{nk} - Y_{nk})", r"P_{nk} - Y_{nk}"),
            (r"{\partial b^{(2)}_{k}} &= \sum_n", r"{\partial b^{(2)}_{k}} &= \sum_k"),
        ),
        assumed=1,
    ),
    Document(
        "normal_equations.tex",
        3,
        (("X^T r + \\lambda \\theta \\\\", "X^T r + 2 \\lambda \\theta \\\\"),),
    ),
    Document(
        "notion_export.md",
        3,
        (
            (r"\log \frac{a_i}{q_i} + 1 $$", r"\log \frac{a_i}{q_i} $$"),
            (r"\frac{\partial \mathcal{L}}{\partial z_i} x_j", r"\frac{\partial \mathcal{L}}{\partial z_i} x_i"),
        ),
    ),
    Document(
        "numbered_steps.txt",
        7,
        (("(6) dL/dp = -1/p", "(6) dL/dp = 1/p"), ("(11) dL/dw2 = x2 (p - 1)", "(11) dL/dw2 = x1 (p - 1)")),
    ),
    Document(
        "obsidian_korean.md",
        3,
        ((r"= -\frac{t_k}{y_k}", r"= \frac{t_k}{y_k}"), ("([k = i] - y_i)", "([k = i] + y_i)")),
        assumed=1,
    ),
    Document(
        "pattern_recognition.tex",
        6,
        ((r"= (1 - z_j^2) \sum", r"= (1 - a_j^2) \sum"), (r"= \delta_k z_j .", r"= \delta_k a_j .")),
    ),
    Document(
        "recurrent_slides.md",
        5,
        (
            (r"+ V^\top \nabla_{o_t} L", ""),
            (r"(\nabla_{o_t} L) h_t^\top", r"(\nabla_{o_t} L) h_{t-1}^\top"),
        ),
    ),
    Document(
        "row_vector_jacobians.md",
        9,
        ((r"\delta_1 U \circ \text{sgn}(h)^T", r"\delta_1 U"), (r"= \delta_1^T h^T", r"= 2 \delta_1^T h^T")),
        assumed=1,
    ),
    Document(
        "russian_notes.md",
        4,
        (
            (r"{\partial Y} = Y - T$$", r"{\partial Y} = T - Y$$"),
            (r"\sum_i \frac{\partial L}{\partial Y_{ij}}", r"2 \sum_i \frac{\partial L}{\partial Y_{ij}}"),
        ),
    ),
    Document(
        "shallow_network_vectorised.md",
        6,
        (
            (r"db^{[2]} = \frac{1}{m} np", r"db^{[2]} = np"),
            (r"* (1 - (A^{[1]})^2)", r"* (1 - A^{[1]})"),
            (r"dW^{[1]} = \frac{1}{m} dZ^{[1]} X^T", r"dW^{[1]} = \frac{1}{m} X dZ^{[1]T}"),
        ),
    ),
    Document(
        "slides.txt",
        4,
        (("∂L/∂a · ⟦z > 0⟧", "∂L/∂a · ⟦z < 0⟧"), ("∂L/∂w = ∂L/∂z · x", "∂L/∂w = ∂L/∂a · x")),
    ),
    Document(
        "softmax_regression.md",
        4,
        ((r"X^\top (P - Y) + \lambda W", r"X^\top (P - Y) + W"), (r"(P - Y) W^\top", r"(P - Y) W")),
        assumed=1,
    ),
    Document(
        "spanish_slides.txt",
        7,
        (("dE/da = dE/dh (1 - h^2)", "dE/da = dE/dh (1 - a^2)"), ("dE/dw = dE/da x", "dE/dw = dE/dh x")),
    ),
    Document(
        "staged_computation.md",
        9,
        (
            ("dden = (-1.0 / (den**2))", "dden = (1.0 / (den**2))"),
            ("dy += ((1 - sigy) * sigy)", "dy += ((1 - sigy) * sigx)"),
        ),
    ),
    Document(
        "statistical_learning.md",
        3,
        (
            (r"&= -2 (y_{ki} - f_{ki}) \\", r"&= -(y_{ki} - f_{ki}) \\"),
            (r"\beta_{km} z_{mi} (1 - z_{mi})", r"\beta_{km} (1 - z_{mi})"),
        ),
    ),
    Document(
        "svm_hinge.md",
        4,
        (
            (r"= -y_i \mathbb{1}[1 - y_i f_i > 0]", r"= -y_i \mathbb{1}[1 - y_i f_i < 0]"),
            (r"y_i x_{id} + \lambda w_d", r"y_i x_{id} + 2 \lambda w_d"),
        ),
    ),
    Document(
        "tied_autoencoder.md",
        5,
        (
            (r"+ \mathbf{h} (\hat{\mathbf{x}} - \mathbf{x})^\top", ""),
            (r"L &= \mathbf{W} (\hat", r"L &= \mathbf{W}^\top (\hat"),
        ),
    ),
    Document(
        "understanding_deep_learning.md",
        11,
        ((r"= \cos[f_0]", r"= \sin[f_0]"), (r"= h_1 \frac", r"= h_2 \frac")),
    ),
    Document(
        "unrolled_rnn.txt",
        6,
        (
            ("dL/du = dL/dh2 (1 − h2²) h1 + dL/dh1 (1 − h1²) h0", "dL/du = dL/dh2 (1 − h2²) h1"),
            ("(1 − h1²) x1", "(1 − h1²) x2"),
        ),
    ),
    Document(
        "word_vectors.md",
        4,
        (
            (r"= U^\top (\hat{y} - y)", r"= U (\hat{y} - y)"),
            (r"{\partial u_o} = (\sigma(u_o^\top v_c) - 1)", r"{\partial u_o} = (\sigma(u_o^\top v_c) + 1)"),
        ),
        assumed=1,
    ),
)
