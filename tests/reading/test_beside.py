"""What stands beside a chain of equations: its reasons, the words that lead on to it, the indices for which it is meant; and names of several letters."""

from __future__ import annotations

import pytest

from wengert.notes.claims.review import with_evidence
from wengert.notes.reading.documents import judge_story
from wengert.notes.reading.story import read_story
from wengert.notes.reading.verdicts import Verdict
from wengert.notes.reading.whole_names import whole_names

REASONS = r"""$$
\begin{align*}
g(v) &= \log(2 + v) \\
\frac{d g}{d v} &= \frac{1}{2 + v} \frac{d}{d v} (2 + v) \\
\because \frac{d}{d v} v &= 1 \\
&= \frac{1}{2 + v} \\
\text{By (1)} => \frac{d}{d v} e^v &= e^v \\
&= \frac{e^v e^v}{e^v}
\end{align*}
$$
"""
SOFTMAX = r"""$$q_j = \frac{e^{u_j}}{\sum_k e^{u_k}}$$

$$\frac{\partial q_j}{\partial u_i} = q_i (1 - q_i), \quad i = j$$
$$\frac{\partial q_j}{\partial u_i} = -q_i q_j, \quad i \neq j.$$
"""
CALLED = r"""The map $\sigma(\mathbf{u})_i = \frac{e^{u_i}}{\sum_j e^{u_j}}$ has

$$\frac{\partial \sigma_i}{\partial u_j} = \sigma_i (1_{i=j} - \sigma_j)$$

$$E = -\sum_i t_i \log \sigma(\mathbf{u})_i$$

$$\frac{\partial E}{\partial u_i} = \sigma(\mathbf{u})_i \sum_j t_j - t_i$$
"""
NET = r"""$$net_j = \sum_i v_{ji} x_i$$
$$o_j = \sigma(net_j)$$
$$E = \frac12 \sum_j (t_j - o_j)^2$$

$$\frac{\partial E}{\partial net_j} = -(t_j - o_j) o_j (1 - o_j)$$
"""


def said(page: str) -> list[Verdict]:
    return judge_story(read_story(page, "page.md"))


def statuses(page: str) -> list[str]:
    return [verdict.status for verdict in said(page) if verdict.derived]


def test_a_reason_between_two_rows_does_not_part_the_chain():
    assert statuses(REASONS) == ["holds"] * 5
    wrong = REASONS.replace(r"&= \frac{1}{2 + v} \\", r"&= -\frac{1}{2 + v} \\")
    assert statuses(wrong).count("holds") == 4


def test_a_row_behind_words_that_are_not_read_goes_on_with_nothing_before_them():
    page = (
        "$$\\begin{align} y &= x^2 \\\\ \\frac{d y}{d x} &= 2 x \\\\ \\text{as said } y = 3 \\\\ &= 3 x \\end{align}$$"
    )
    assert "wrong" not in statuses(page)


@pytest.mark.parametrize(("old", "new"), [("q_i (1 - q_i)", "q_i (1 + q_i)"), ("-q_i q_j", "q_i q_j")])
def test_the_indices_behind_a_comma_say_for_which_an_equation_is_meant(old: str, new: str):
    assert statuses(SOFTMAX) == ["holds", "holds"]
    assert statuses(SOFTMAX.replace(old, new)).count("holds") == 1


def test_an_equation_behind_a_comma_is_no_index():
    assert [verdict.status for verdict in said(r"$$z = w x, \quad v = z$$")] == ["defined", "defined"]


def test_the_entry_of_what_a_function_gives_defines_the_function():
    assert statuses(CALLED) == ["holds", "holds"]
    assert statuses(CALLED.replace(r"(1_{i=j} - \sigma_j)", r"(1_{i=j} + \sigma_j)"))[0] != "holds"


def test_a_constant_has_no_slope():
    assert statuses("$$\\frac{d}{d v} (1 + v^2) = \\frac{d}{d v} (1) + \\frac{d}{d v} v^2$$") == ["holds"]
    assert statuses("$$\\frac{d}{d v} (1 + v^2) = \\frac{d}{d v} (1) - \\frac{d}{d v} v^2$$") != ["holds"]


def test_letters_that_stand_alone_on_the_left_are_one_name():
    assert statuses(NET) == ["holds"]
    assert statuses(NET.replace("= -(t_j", "= (t_j")) != ["holds"]


@pytest.mark.parametrize("formula", ["Ax = b", r"\tanh = f", "log = f", r"\frac{\partial E}{\partial w x}", "dW = x"])
def test_products_and_functions_are_no_names_of_several_letters(formula: str):
    assert whole_names([formula]) == frozenset()


def test_what_a_known_function_is_equal_to_says_nothing_new_of_it():
    page = "$$\\ln(x) = \\log_e x$$\n$$\\ln(8) = 3 \\ln(2)$$\n$$\\log_2 8 = 3$$"
    assert [verdict.status for verdict in said(page)][1:] == ["holds", "holds"]


def test_a_factor_before_a_bracket_is_no_call_where_nothing_says_what_it_is():
    page = "$$\\frac{\\partial \\log r_k}{\\partial u_i} = \\frac{1}{r_k} \\frac{\\partial r_k}{\\partial u_i}$$\n"
    identity = "$$r_i \\left(\\sum_k t_k\\right) = \\sum_k t_k r_i$$"
    assert [verdict.status for verdict in said(page + identity)] == ["holds", "holds"]


def test_a_sum_of_negative_terms_is_read():
    assert [v.status for v in said("$$- \\sum_k u_k = \\sum_k -u_k$$")] == ["holds"]


@pytest.mark.parametrize("kind", ["math/tex; mode=display", "math/tex"])
def test_formulas_in_scripts_of_a_page_are_read(kind: str):
    page = f'Let $y = x^2$. Then <script type="{kind}">\\frac{{d y}}{{d x}} = 2 x</script>\n'
    assert statuses(page) == ["holds"]


def test_what_lies_the_other_way_is_not_wrong():
    page = SOFTMAX + "\n$$\\frac{\\partial L}{\\partial u} = unread(\\cdot)$$\n"
    assert [row.status for row in with_evidence(page, "page.md", lambda name: None).rows].count("wrong") == 0


FALSE_ALARMS = {
    "a function of its own": "$$\\sigma(u) = \\frac{1}{1+e^{-u}}$$\n$$\\frac{\\partial \\sigma(u)}{\\partial u} = \\sigma(u) \\sigma(-u)$$",
    "a loss that is summed": "$$Y = X W$$\n$$E = \\frac12 (Y - T)^2$$\n$$\\frac{\\partial E}{\\partial Y} = Y - T$$",
}


@pytest.mark.parametrize("page", FALSE_ALARMS.values(), ids=FALSE_ALARMS.keys())
def test_a_page_that_is_read_line_by_line_is_asked_as_a_whole_before_a_line_is_wrong(page: str):
    assert [row.status for row in with_evidence(page, "page.md", lambda name: None).rows if row.status == "wrong"] == []


def test_a_way_that_is_left_out_is_wrong_also_where_a_total_derivative_would_hold_it():
    page = "h = tanh(W x)\ny = W h\nL = ½ ‖y − t‖²\n\n∂L/∂W = ∂L/∂y ∂y/∂W"
    (row,) = with_evidence(page, "", lambda name: None).rows
    assert (row.status, row.kind) == ("wrong", "missing path")
