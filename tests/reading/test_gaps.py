"""What pages leave out or say another way: a quantity known by its derivative alone, the next loss, a mistaken letter below a sum."""

from __future__ import annotations

import pytest

from wengert.notes.reading.declared import rank_of
from wengert.notes.reading.documents import judge_story
from wengert.notes.reading.parser import NotNeutral, parse
from wengert.notes.reading.story import read_story
from wengert.notes.reading.trees import Cases, Frac, Row, Sum
from wengert.notes.reading.verdicts import Verdict

SOFTMAX = r"""$$\frac{\partial q_i}{\partial s_i} = \frac{\partial}{\partial s_i} \left[\frac{e^{s_i}}{\sum_m e^{s_m}}\right] = q_i (1 - q_i)$$
"""
TWO_LOSSES = r"""$$y_k = \frac{e^{z_k}}{\sum_m e^{z_m}}$$
$$E = -\sum_k t_k \log y_k$$
or for numbers
$$E = \frac12 \sum_k (y_k - t_k)^2$$
$$\frac{\partial E}{\partial y_k} = -\frac{t_k}{y_k}$$
"""
EXERCISES = r"""\documentclass{article}\begin{document}
\begin{exercise} Let $f(x) = b^T x$. Then
\[ \nabla_x f = b \]
\end{exercise}
\begin{exercise} Let $f(x) = x^T M x$. Then
\[ \nabla_x f = (M + M^T) x \]
\end{exercise}
\end{document}
"""
DECLARED = r"""Let $u \in \mathbb{R}^n, M \in \mathbb{R}^{n \times n}$ and $f = u^T M u$.
$$\nabla_u f = (M + M^T) u$$
"""


def said(page: str, name: str = "page.md") -> list[Verdict]:
    return judge_story(read_story(page, name))


def statuses(page: str, name: str = "page.md") -> list[str]:
    return [verdict.status for verdict in said(page, name) if verdict.derived]


def test_a_derivative_of_a_formula_says_what_a_name_without_a_line_is():
    found = said(SOFTMAX)
    assert [verdict.status for verdict in found] == ["defined", "holds"]
    assert found[0].note == "says what q is"
    assert "holds" not in [verdict.status for verdict in said(SOFTMAX.replace("1 - q_i", "1 + q_i"))]


def test_a_page_with_two_losses_is_read_by_the_one_that_is_meant():
    assert statuses(TWO_LOSSES) == ["holds"]
    assert statuses(TWO_LOSSES.replace(r"-\frac{t_k}{y_k}", r"-\frac{y_k}{t_k}")) != ["holds"]


def test_exercises_use_their_letters_again():
    assert statuses(EXERCISES, "sheet.tex") == ["holds", "holds"]


def test_a_set_says_how_many_axes_a_name_has():
    assert statuses(DECLARED) == ["holds"]
    assert statuses(DECLARED.replace("(M + M^T) u", "(M + M) u")) != ["holds"]


def test_the_slope_of_a_quantity_with_its_argument_is_its_derivative():
    page = "$$C(a) = (a - y)^2$$\n$$a = g(z)$$\n$$\\frac{\\partial C}{\\partial z} = C'(a) g'(z)$$\n"
    assert statuses(page) == ["holds"]
    assert statuses(page.replace("C'(a) g'", "C(a) g'")) != ["holds"]


def test_of_a_chain_that_defines_the_side_that_reads_a_name_is_derived_by_it():
    assert statuses("$$y = g(x)$$\n$$z = f(g(x)) = f(y)$$\n$$\\frac{dz}{dx} = \\frac{dz}{dy} \\frac{dy}{dx}$$\n") == [
        "holds"
    ]


def test_what_stands_behind_a_mistaken_side_is_compared_with_what_stands_before_it():
    page = "$$f = x^3$$\n$$g = x^2$$\n$$\\frac{dg}{dx} = 2 x$$\n$$\\frac{df}{dx} = 3 x^2 = 3 x = 3 g$$\n"
    assert [verdict.status for verdict in said(page)][-3:] == ["holds", "wrong", "holds"]


def test_a_formula_with_the_tags_of_html_is_found_in_a_sentence():
    found = said("Mit u=exp(s<sub>0</sub>)+exp(s<sub>1</sub>) gilt $\\frac{\\partial u}{\\partial s_0} = \\exp(s_0)$.")
    assert [verdict.status for verdict in found] == ["defined", "holds"]


def test_a_sign_that_ends_a_row_and_begins_the_next_is_one():
    page = "$$\\begin{aligned}\\frac{d}{dx} x^2 x &= \\\\ &= 3 x^2\\end{aligned}$$"
    assert [verdict.status for verdict in said(page)] == ["holds"]


def test_what_says_no_value_is_schematic():
    page = "$$y = x^2$$\n$$\\frac{dy}{dx} = \\text{prod}(\\frac{dy}{du}, \\frac{du}{dx}) = 2 x$$\n"
    assert [verdict.status for verdict in said(page)] == ["defined", "schematic", "holds"]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (r"{a - b}(c)", Sum),
        (r"{\partial y}/{\partial x}", Frac),
        (r"{x + 1}", Sum),
        (r"W a_n, n = 1, \ldots, N", Row),
        (r"\begin{cases} x & (x \geq 0) \\ 0 & (x < 0) \end{cases}", Cases),
        (r"\begin{cases} x & \text{falls } x > 0 \\ 0 & \text{sonst} \end{cases}", Cases),
    ],
)
def test_braces_ranges_and_cases_are_read_as_they_are_set(text: str, kind: type):
    assert isinstance(parse(text), kind)


def test_a_second_equation_behind_a_comma_is_no_range():
    with pytest.raises(NotNeutral):
        parse("a, b = 1")


SIGNALS = r"""$$v^{(1)} = M^{(1)} x, \quad h = \tanh(v^{(1)}), \quad v^{(2)} = M^{(2)} h$$
$$E = \frac12 \lVert v^{(2)} - y \rVert^2$$
with $\delta^{(l)} = \frac{\partial E}{\partial v^{(l)}}$, so that
$$\delta^{(2)} = v^{(2)} - y$$
$$\delta^{(1)} = (M^{(2)})^T \delta^{(2)} \odot (1 - h \odot h)$$
"""
RESIDUAL = r"""With $h \in \mathbb{R}^n$
$$o = M h$$
$$E = \frac12 \lVert o - y \rVert^2$$
$$\frac{\partial E}{\partial o} = o - y =: r$$
$$\frac{\partial E}{\partial M} = r h^T$$
"""
LIKELIHOOD = """p = σ(z), z = θ^T x, NLL = -y log p - (1 - y) log(1 - p)

$$\\frac{dNLL}{dz} = p - y$$
"""


def test_what_a_signal_is_that_is_defined_as_a_derivative_is_a_claim():
    assert statuses(SIGNALS) == ["defined", "holds", "holds"]
    assert statuses(SIGNALS.replace("v^{(2)} - y$$", "v^{(2)} + y$$")) == ["defined", "open", "holds"]


def test_a_name_may_stand_behind_what_it_is():
    assert statuses(RESIDUAL) == ["holds", "defined", "holds"]
    assert statuses(RESIDUAL.replace("r h^T", "2 r h^T")) == ["holds", "defined", "open"]


def test_long_names_of_plain_lines_are_names_in_formulas_too():
    assert statuses(LIKELIHOOD) == ["holds"]


def test_a_transposed_name_with_an_index_is_a_vector():
    page = "$$s_k = w_k^T x + b_k$$\n$$L = \\sum_k g(s_k)$$\n$$\\frac{\\partial L}{\\partial w_k} = g'(s_k) x$$\n"
    assert statuses(page) == ["holds"]


def test_a_formula_ends_before_the_next_sentence():
    found = said("Problem 1. Let f(x) = x^T M x. Then\n\n∇f = (M + M^T) x\n")
    assert [verdict.status for verdict in found] == ["defined", "holds"]


def test_an_inverse_may_be_transposed():
    assert statuses("$$k = \\log \\det X$$\n$$\\frac{\\partial k}{\\partial X} = X^{-T}$$\n") == ["holds"]


@pytest.mark.parametrize(
    ("text", "rank"),
    [
        ("ℝ", 0),
        ("ℝⁿ", 1),
        ("ℝⁿˣᵐ", 2),
        ("ℝ^(3×4)", 2),
        (r"\mathbb{R}^{n^{[l]} \times n^{[l-1]}}", 2),
        (r"\{0, 1\}", 0),
        ("ℝ^[", None),
        ("A", None),
    ],
)
def test_sets_of_numbers_vectors_and_matrices_are_told_apart(text: str, rank: int | None):
    assert rank_of(text)[0] == rank


def test_a_sign_before_an_operator_that_reaches_over_a_sum_is_named():
    page = "$$z = w x + b$$\n$$a = g(z)$$\n$$\\frac{\\partial a}{\\partial w} = g'(z) x$$\n$$\\frac{\\partial a}{\\partial b} = g'(z)$$\n"
    chain = "$$\\frac{\\partial z}{\\partial b} = - \\frac{\\partial}{\\partial b} w x - b = 1$$"
    found = said(page + chain)[-2:]
    assert [(verdict.status, verdict.kind) for verdict in found] == [("wrong", "sign"), ("holds", "")]


def test_a_verdict_knows_the_readings_that_are_its_conditions():
    (verdict,) = said("$f = \\mathbf{x}^T A \\mathbf{x}$\n$$\\nabla_{\\mathbf{x}} f = 2 A \\mathbf{x}$$")[-1:]
    assert (verdict.status, verdict.under) == ("conditional", {"symmetric"})
