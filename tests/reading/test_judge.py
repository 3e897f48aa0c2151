"""Documents judged by evidence: small pages in many notations, what is said of their lines, and mistakes planted in them."""

from __future__ import annotations

from collections import Counter

import pytest

from wengert.notes.reading.documents import JudgedDocument, judge_story
from wengert.notes.reading.printing import plain_text
from wengert.notes.reading.story import read_story

UNIT = r"""$$z = w x + b$$
$$y = \sigma(z)$$
$$L = \frac12 (y - t)^2$$
$$\frac{\partial L}{\partial z} = (y - t) y (1 - y)$$
$$\frac{\partial L}{\partial w} = \frac{\partial L}{\partial z} x$$
"""
PAGES = {
    "forward equations in a sentence": (1, r"Let $a = u v$ and $E = a^2$. Then $$\frac{\partial E}{\partial u} = 2 a v$$"),
    "generic layers": (
        3,
        r"""$$z^{l} = W^{l} a^{l-1} + b^{l}$$
$$a^{l} = \sigma(z^{l})$$
$$\delta^{L} = \nabla_a C \odot \sigma'(z^{L})$$
$$\delta^{l} = ((W^{l+1})^T \delta^{l+1}) \odot \sigma'(z^{l})$$
$$\frac{\partial C}{\partial W^{l}} = \delta^{l} (a^{l-1})^T$$""",
    ),
    "a loss that has no line": (2, "$$Y = X W$$\n$$\\frac{\\partial L}{\\partial W} = X^T \\frac{\\partial L}{\\partial Y}$$\n$$\\frac{\\partial L}{\\partial X} = \\frac{\\partial L}{\\partial Y} W^T$$"),
    "a loss with an index and their sum": (
        2,
        r"""$$E_n = (y_n - t_n)^2$$
$$y_n = w x_n$$
$$E = \sum_n E_n$$
$$\frac{\partial E_n}{\partial w} = 2 (y_n - t_n) x_n$$
$$\frac{\partial E}{\partial w} = \sum_n 2 (y_n - t_n) x_n$$""",
    ),
    "a vector written with dots": (1, "$$s = w_1 x_1 + w_2 x_2 + \\dots + w_n x_n$$\n$$\\frac{\\partial s}{\\partial w_i} = x_i$$"),
    "a matrix written with dots": (
        1,
        r"""$$y_i = \sum_j A_{ij} x_j$$
$$\begin{bmatrix} \frac{\partial y_1}{\partial x_1} & \cdots & \frac{\partial y_1}{\partial x_n} \\ \vdots & \ddots & \vdots \\ \frac{\partial y_m}{\partial x_1} & \cdots & \frac{\partial y_m}{\partial x_n} \end{bmatrix}
= \begin{bmatrix} A_{11} & \cdots & A_{1n} \\ \vdots & \ddots & \vdots \\ A_{m1} & \cdots & A_{mn} \end{bmatrix}$$""",
    ),
    "entries in brackets": (1, "$$Z[i,j] = \\sum_k X[i,k] W[k,j]$$\n$$\\frac{\\partial Z[i,j]}{\\partial W[k,j]} = X[i,k]$$"),
    "differentials": (2, "$$C = A B$$\n$$d(AB) = dA B + A dB$$\n$$d(A^T) = (dA)^T$$"),
    "second derivatives": (2, "$$f = x^3 y$$\n$$\\frac{\\partial^2 f}{\\partial x^2} = 6 x y$$\n$$\\frac{\\partial^2 f}{\\partial x \\partial y} = 3 x^2$$"),
    "a look-up": (1, "$$L = -\\sum_i s_{i y_i}$$\n$$\\frac{\\partial L}{\\partial s_{ij}} = -\\mathbb{1}[j = y_i]$$"),
    "an index that is shifted": (1, "$$y_i = \\sum_k w_k x_{i+k}$$\n$$\\frac{\\partial L}{\\partial w_k} = \\sum_i \\frac{\\partial L}{\\partial y_i} x_{i+k}$$"),
    "time": (
        2,
        r"""$$h_t = \tanh(U x_t + V h_{t-1})$$
$$\frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(1 - h_t^2) V$$
$$\frac{\partial h_2}{\partial h_1} = \mathrm{diag}(1 - h_2^2) V$$""",
    ),
    "numbers that the text states": (3, "$$w = 0.5$$\n$$x = 2$$\n$$y = w x = 1.0$$\n$$L = y^2$$\n$$\\frac{\\partial L}{\\partial w} = 2 y x = 4.0$$"),
    "a function with its line": (1, "$$\\sigma(u) = \\frac{1}{1 + e^{-u}}$$\n$$\\frac{d \\sigma(u)}{d u} = \\sigma(u)(1 - \\sigma(u))$$"),
    "a left side that is an expression": (2, "$$\\nabla_x (b^T x) = b$$\n$$\\nabla_x (x^T A x) = (A + A^T) x$$"),
    "chain rules of functions without lines": (1, "$$y = f(x)$$\n$$\\frac{dz}{dx} = \\frac{dz}{dy} \\frac{dy}{dx}$$"),
    "cases": (1, "$$y = \\max(0, x)$$\n$$\\frac{\\partial y}{\\partial x} = \\begin{cases} 1 & \\text{if } x > 0 \\\\ 0 & \\text{otherwise} \\end{cases}$$"),
    "copies of a weight at a step": (
        3,
        r"""$$z^{(t)} = W_h h^{(t-1)} + b$$
$$h^{(t)} = \sigma(z^{(t)})$$
$$J^{(t)} = \sum_i c_i h^{(t)}_{[i]}$$
$$\frac{\partial z_{[m]}^{(k)}}{\partial W_{h[i,j]}^{(k)}} = \begin{cases} 0, & \text{m $\ne$ i} \\ h_{[j]}^{(k-1)}, & \text{m = i} \end{cases}$$
$$\frac{\partial J^{(t)}}{\partial W_h} = \sum_{k=1}^{T} \frac{\partial J^{(t)}}{\partial W_h^{(k)}}$$
$$\frac{\partial h_{[i]}^{(k)}}{\partial z_{[p]}^{(k)}} = \begin{cases} 0, & \text{i $\ne$ p} \\ \sigma'(z_{[p]}^{(k)}), & \text{i = p} \end{cases}$$""",
    ),
    "a name below a brace": (1, "$$y = \\sigma \\underbrace{(w x + b)}_{z}$$\n$$\\frac{\\partial y}{\\partial w} = \\sigma'(z) x$$"),
    "syllables and a letter as one name": (
        2,
        r"""$$\frac{d오차e_{1}}{dw} = \frac{d오차e_{1}}{dy} \frac{dy}{dw}$$
$$\frac{d오차e_{1}}{du} = \frac{d오차e_{1}}{dy} \frac{dy}{du}$$""",
    ),
    "macros of a style file that is not there": (1, "$$\\vs = \\mW \\vx$$\n$$\\nabla_{\\vx} (\\vc^\\top \\vs) = \\mW^\\top \\vc$$"),
    "a gradient that does not say by what": (
        3,
        "$$f(x) = x^T A x$$\n$$\\nabla f(x) = (A + A^T) x$$\n$$\\nabla f = (A + A^T) x$$\n$$\\nabla^2 f(x) = A + A^T$$",
    ),
    "differentials of some of the names": (1, "$$f = a^T x$$\n$$df = a^T dx$$"),
    "the gradient of a function that a later line defines": (
        1,
        "$$\\frac{d f(g(x))}{d x} = f'(g(x)) g'(x)$$\n$$f(x) = a^T x$$",
    ),
    "plain text": (1, "z = w x + b\nL = (z − t)²\n∂L/∂w = 2 (z − t) x\n"),
}  # fmt: skip


def statuses(text: str) -> list[str]:
    return [verdict.status for verdict in judge_story(read_story(text, "page.md"))]


@pytest.mark.parametrize(("right", "page"), PAGES.values(), ids=PAGES)
def test_lines_of_a_page_hold(right: int, page: str) -> None:
    found = Counter(statuses(page))
    assert found["holds"] + found["conditional"] >= right, found
    assert not found["wrong"]


@pytest.mark.parametrize(
    ("claim", "kind", "sentence"),
    [
        (r"\frac{\partial L}{\partial b} = -(y - t) y (1 - y)", "sign", "the sign is wrong"),
        (r"\frac{\partial L}{\partial b} = 2 (y - t) y (1 - y)", "factor", "it is 2 times too large"),
        (r"\frac{\partial L}{\partial b} = (y + t) y (1 - y)", "sign", "the sign of t is wrong"),
        (r"\frac{\partial L}{\partial b} = (y - t) \sigma(z)", "activation derivative", "the derivative of σ is lost"),
    ],
)
def test_a_mistake_is_shown_by_the_change_that_undoes_it(claim: str, kind: str, sentence: str) -> None:
    verdict = judge_story(read_story(UNIT + f"$${claim}$$\n", "page.md"))[-1]
    assert (verdict.status, verdict.kind, verdict.note) == ("wrong", kind, f"likely: {sentence}")


LAYER = r"""$$z = W x + b$$
$$a = \sigma(z)$$
$$L = \frac12 \sum_i (a_i - y_i)^2$$
$$\frac{\partial L}{\partial a} = a - y$$
$$\frac{\partial L}{\partial b} = \frac{\partial L}{\partial z}$$
$$\frac{\partial L}{\partial z} = \frac{\partial L}{\partial a} \odot \sigma'(z)$$
$$R = \frac{\lambda}{2} w^2$$
"""


@pytest.mark.parametrize(
    ("claim", "kind", "corrected"),
    [
        (r"\frac{\partial L}{\partial x} = W \frac{\partial L}{\partial z}", "transpose", "Wᵀ ∂L/∂z"),
        (r"\frac{\partial L}{\partial W} = \frac{\partial L}{\partial z} x", "transpose", "∂L/∂z xᵀ"),
        (r"\frac{\partial L}{\partial W} = x^T", "missing factor", "∂L/∂z xᵀ"),
        (r"\frac{\partial L}{\partial W} = \frac{\partial L}{\partial z}", "missing factor", "∂L/∂z xᵀ"),
        (r"\frac{\partial L}{\partial z} = \frac{\partial L}{\partial a}", "activation derivative", "∂L/∂a ∘ σ′ (z)"),
        (r"\frac{\partial L}{\partial a} = -y", "missing term", "a − y"),
        (r"\frac{\partial L}{\partial a} = y - a", "sign", "a − y"),
        (r"\frac{\partial L}{\partial a} = 2 (a - y)", "factor", "a − y"),
        (r"\frac{\partial R}{\partial w} = \frac{\lambda}{2} w", "factor", "λ w"),
    ],
)
def test_what_a_line_lacks_is_found_near_it_and_written_as_people_write_it(
    claim: str, kind: str, corrected: str
) -> None:
    verdict = judge_story(read_story(LAYER + f"$${claim}$$\n", "page.md"))[-1]
    assert (verdict.status, verdict.kind) == ("wrong", kind)
    assert verdict.corrected is not None
    assert plain_text(verdict.corrected) == corrected


def test_a_matrix_whose_relation_to_the_vectors_of_its_letter_is_not_said_is_no_mistake() -> None:
    page = LAYER + "$$s = \\sum_n u_n q_n$$\n$$\\frac{\\partial s}{\\partial q_n} = u_n$$\n"
    assert "wrong" not in statuses(page + r"$$\frac{\partial s}{\partial u_n} = Q_n$$")


def test_sides_that_cannot_fit_are_open_where_nothing_mends_them() -> None:
    verdict = judge_story(read_story(LAYER + r"$$\frac{\partial L}{\partial x} = \cos(W) \cos(W) x x^T$$", "page.md"))[
        -1
    ]
    assert verdict.status == "open"
    assert verdict.note.startswith("does not hold as read")


def test_an_index_that_only_the_right_side_has_is_no_condition() -> None:
    page = "$$p_i = v_i x_i$$\n$$s = \\sum_i p_i$$\n$$\\frac{\\partial s}{\\partial p_i} = 1$$\n$$\\frac{\\partial s}{\\partial x_i} = v_i$$\n"
    verdict = judge_story(read_story(page + r"$$\frac{\partial s}{\partial v_i} = x_j$$", "page.md"))[-1]
    assert (verdict.status, verdict.kind) == ("wrong", "index")


def test_a_line_that_no_small_change_mends_is_open() -> None:
    assert statuses(UNIT + r"$$\frac{\partial L}{\partial b} = \cos(y) + t^5 - z w$$")[-1] == "open"


def test_a_line_about_a_name_that_stands_nowhere_else_is_not_read() -> None:
    verdict = judge_story(read_story(UNIT + r"$$\frac{\partial L}{\partial b} = (y - t) q$$", "page.md"))[-1]
    assert (verdict.status, verdict.note) == ("unread", "it does not hold as read, and no other line says what q is")


def test_no_reading_excuses_a_missing_transpose() -> None:
    page = "$$y = W x + V^T u$$\n$$L = c^T y$$\n"
    right = [r"$$\frac{\partial L}{\partial x} = W^T c$$", r"$$\frac{\partial L}{\partial u} = V c$$"]
    wrong = [r"$$\frac{\partial L}{\partial x} = W c$$", r"$$\frac{\partial L}{\partial u} = V^T c$$"]
    assert statuses(page + "\n".join(right))[-2:] == ["holds", "holds"]
    assert "holds" not in statuses(page + "\n".join(wrong))[-2:]


def test_sides_that_are_equal_only_where_all_axes_have_one_size_do_not_hold() -> None:
    page = "$$p_i = \\sum_j A_{ij} x_j$$\n$$L = \\sum_i p_i$$\n"
    assert statuses(page + r"$$\frac{\partial L}{\partial x_j} = \sum_i A_{ij}$$")[-1] == "holds"
    assert (
        statuses("$$s = \\sum_{i=1}^n x_i$$\n$$m = \\sum_{j=1}^k y_j$$\n$$q = \\frac{n}{k} \\sum_i x_i = s$$")[-1]
        != "holds"
    )


def test_both_sides_zero_say_nothing() -> None:
    assert statuses("$$y = x^2$$\n$$\\frac{\\partial y}{\\partial x} \\cdot 0 = 2 x \\cdot 0$$")[-1] == "unread"


def test_a_condition_behind_a_line_is_kept() -> None:
    page = (
        r"$$p_i = \frac{e^{z_i}}{\sum_k e^{z_k}}$$"
        "\n"
        r"$$\frac{\partial p_i}{\partial z_j} = -p_i p_j \quad (i \neq j)$$"
    )
    assert statuses(page)[-1] in ("holds", "conditional")


def test_a_line_that_holds_for_some_indices_says_for_which() -> None:
    page = r"$$p_i = \frac{e^{z_i}}{\sum_k e^{z_k}}$$" + "\n" + r"$$\frac{\partial p_i}{\partial z_j} = -p_i p_j$$"
    verdict = judge_story(read_story(page, "page.md"))[-1]
    assert (verdict.status, verdict.note) == ("conditional", "holds if i ≠ j")


def test_a_loss_that_is_the_cross_entropy_is_said_to_be_that() -> None:
    page = "$$z = w x$$\n$$a = \\sigma(z)$$\n$$dz = a - y$$\n$$dw = dz\\, x$$"
    verdict = judge_story(read_story(page, "page.md"))[-1]
    assert verdict.status == "conditional"
    assert verdict.note.startswith("holds if ")


def test_the_same_text_is_judged_the_same_twice() -> None:
    assert statuses(UNIT) == statuses(UNIT)


CHAIN = r"""$$p = \frac{1}{1 + e^{-z}}$$
$$\frac{d p}{d z} = \frac{e^{-z}}{(1 + e^{-z})^2} = %s = p (1 - p)$$
"""


@pytest.mark.parametrize(
    ("side", "kind", "corrected"),
    [
        (r"\frac{1}{1 + e^{-z}} \cdot \frac{e^{z}}{1 + e^{-z}}", "", ""),
        (r"\frac{1}{1 + e^{-z}} \cdot (1 + p)", "sign", "1/(1 + e^− z) · (1 − p)"),
        (r"e^{-z} p", "power", "e^− z p^2"),
    ],
)
def test_a_side_between_two_equal_ones_is_the_one_that_differs(side: str, kind: str, corrected: str) -> None:
    verdicts = {
        verdict.link: verdict for verdict in judge_story(read_story(CHAIN % side, "page.md")) if verdict.derived
    }
    found = verdicts[2]
    if not kind:
        assert (found.status, found.note) == (
            "open",
            "does not hold as read, while the sides before and behind it are equal",
        )
        return
    assert (found.status, found.kind) == ("wrong", kind)
    assert found.corrected is not None
    assert plain_text(found.corrected) == corrected


def test_a_step_that_forgets_a_division_lacks_it() -> None:
    chain = r"$$\frac{d v}{d x} = \frac{(1 + x) - x}{(1 + x)^2} = 1 = \frac{1}{(1 + x)^2}$$"
    verdict = next(v for v in judge_story(read_story("$$v = \\frac{x}{1 + x}$$\n" + chain, "page.md")) if v.link == 2)
    assert (verdict.status, verdict.note) == ("wrong", "likely: the division by (1 + x)^2 is missing")


def test_a_chain_rule_in_derivatives_alone_is_judged_whatever_is_derived() -> None:
    right = r"$$\frac{\partial E}{\partial w} = \frac{\partial E}{\partial o} \frac{\partial o}{\partial s} \frac{\partial s}{\partial w}$$"
    short = right.replace(r" \frac{\partial s}{\partial w}", "")
    page = "$$o = g(s)$$\n$$s = w x$$\n"
    assert statuses(page + right)[-1] == "holds"
    assert statuses(page + short)[-1] in ("open", "wrong")


def test_a_document_is_judged_in_the_same_steps_each_time() -> None:
    documents = [JudgedDocument(read_story(PAGES["generic layers"][1], "page.md"), 4000) for _ in range(2)]
    said = [[(verdict.status, verdict.note) for verdict in document.judged()] for document in documents]
    assert said[0] == said[1]
    assert documents[0].work.done == documents[1].work.done > 0


def test_what_a_name_without_a_line_makes_of_a_derivative_is_no_missing_factor() -> None:
    page = LAYER.replace("$$a = \\sigma(z)$$\n", "").replace("L = \\frac12 \\sum_i (a_i - y_i)^2", "p = c^T a")
    claim = r"$$\frac{\partial p}{\partial z} = \frac{\partial p}{\partial a} \odot \mathrm{ReLU}'(z)$$"
    chain = r"$$\frac{\partial p}{\partial x} = \frac{\partial p}{\partial a} \frac{\partial a}{\partial z} \frac{\partial z}{\partial x}$$"
    assert "wrong" not in statuses(page + chain + "\n" + claim)


def test_a_rule_about_differentials_is_no_mistake_where_another_line_says_what_a_letter_is() -> None:
    page = "$$Y = A B$$\n$$d(A + C) = dA + dC$$\n$$d(3 C) = 3\\, dC$$\n$$d(C^T) = (dC)^T$$\n"
    assert "wrong" not in statuses(page + "$$d(C Y) = (dC) Y + C (dY)$$")


def test_cases_of_which_two_hold_at_once_say_nothing_right() -> None:
    page = r"$$u_k = \tanh(s_k)$$" + "\n"
    right = r"$$\frac{\partial u_k}{\partial s_j} = \begin{cases} 0 & k \neq j \\ 1 - u_k^2 & k = j \end{cases}$$"
    assert statuses(page + right)[-1] == "holds"
    assert statuses(page + right.replace(r"k \neq j", r"s \neq j"))[-1] != "holds"


def test_entries_that_a_line_says_to_sum_to_one_do_so_without_a_condition() -> None:
    page = r"$$r_k = \frac{e^{s_k}}{\sum_j e^{s_j}}$$ where $\sum_k c_k = 1$ and $$E = -\sum_k c_k \log r_k$$"
    claim = "\n" + r"$$\frac{\partial E}{\partial s_i} = r_i - c_i$$"
    assert statuses(page + claim)[-1] == "holds"
    assert statuses(page.replace(r"where $\sum_k c_k = 1$ and", "") + claim)[-1] == "conditional"


def test_an_index_pair_with_a_transpose_is_an_entry_of_the_transpose() -> None:
    page = "$$G_{ij} = \\sum_k R_{ki} S_{kj}$$\n$$\\frac{\\partial G_{ij}}{\\partial S_{kj}} = R_{ki} = R_{ik}^T$$\n"
    assert statuses(page)[-2:] == ["holds", "holds"]
    assert statuses(page.replace("R_{ik}^T", "R_{ki}^T"))[-1] != "holds"
