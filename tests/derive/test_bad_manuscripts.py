"""Documents that no one should write: each part that cannot be judged has a place and a repair, in bounded time and memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import NamedTuple

import pytest

from tests.counting import LINEAR, QUADRATIC, calls, growth, uses
from tests.thorough import everyday, rounds
from wengert.notes.claims import corrections, mistakes
from wengert.notes.claims.corrections import Corrections
from wengert.notes.claims.diagnosis import Diagnostician
from wengert.notes.claims.review import Review, ReviewRow, review
from wengert.notes.notation import names
from wengert.notes.reading import rows

UNIT = "z = w x + b\ny = σ(z)\nL = ½ (y − t)²\n---\n"
DISPLAYS = "$$z = w x + b$$\n$$y = \\sigma(z)$$\n$$L = \\frac12 (y - t)^2$$\n\n"
LAYER = "z_i = Σ_j w_ij x_j\nL = ½ Σ_i z_i²\n---\n"


def unread(text: str) -> list[ReviewRow]:
    rows = [row for row in review(text).rows if row.status == "unread"]
    assert all(row.repair and row.line >= 1 and row.column >= 1 for row in rows)
    return rows


def others(text: str) -> list[tuple[str, int]]:
    return [(row.status, row.line) for row in review(text).rows if row.status != "unread"]


# ---------------------------------------------------------------- one part is bad, the others are judged

BROKEN = {
    r"$$\bar y = (y - t$$": "This '(' is not closed.",
    r"$$\bar y = \frac{y - t}{2$$": "This '{' is not closed.",
    r"$$\bar y = y - t}$$": "This '}' closes nothing.",
    r"$$\bar y = \foo (y - t)$$": r"The LaTeX command '\foo' is not known.",
    r"$$\bar y = \square (y - t)$$": r"Nothing stands after this equals sign; '\square (y - t)' is taken for a remark.",
    r"$$\bar q = y + t$$": "There is no quantity 'q' in the system.",
    r"$$\bar y = y - s$$": "'s' is not defined.",
    r"$$\bar y = $$": "Nothing stands after this equals sign.",
    r"$$\frac{\partial q}{\partial y} = y - t$$": "'q' is not defined.",
    "$$\\bar y = y - t\n": "This display formula '$$' is not closed.",
    "\\[\\bar y = y - t\n": r"This display formula '\[' is not closed.",
    "\\begin{align}\\bar y = y - t\n": r"This display formula '\begin{align}' is not closed.",
}


@pytest.mark.parametrize("display", BROKEN)
def test_display_that_is_not_read_says_why_and_the_others_are_judged(display: str):
    text = DISPLAYS + display + "\n\n$$\\bar z = (y - t) \\sigma'(z)$$\n\n$$\\bar w = \\bar z t$$\n"
    (row,) = unread(text)
    assert (row.line, row.note) == (5, f"not read: {BROKEN[display]}")
    last = text.count("\n")
    assert others(text) == [("holds", last - 2), ("wrong", last)]


ROWS = {
    r"\bar y &= (y - t": "This '(' is not closed.",
    r"\bar y &= \frac{y - t}{1": "This '{' is not closed.",
    r"\bar y &= \foo{y} - t": r"The LaTeX command '\foo' is not known.",
    r"\bar y &= \foo{y} \\ &\quad - t": r"The LaTeX command '\foo' is not known.",
}


@everyday(1, "row", "name")
@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("name", ["align", "aligned", "gather*", "alignat}{2"])
def test_row_of_a_display_that_is_not_read_does_not_hide_the_others(row: str, name: str):
    behind = "\\bar z &= y \\sigma'(z) \\\\\n &- t \\sigma'(z) \\\\[2pt]\n\\bar w &= \\bar z t \\\\\n &= \\bar z x\n"
    opening, closing = ("$$\n", "$$\n") if name == "aligned" else ("", "")
    text = f"{DISPLAYS}{opening}\\begin{{{name}}}\n{row} \\\\\n{behind}\\end{{{name.split('}')[0]}}}\n{closing}"
    (left_out,) = unread(text)
    first = DISPLAYS.count("\n") + opening.count("\n") + 2
    assert (left_out.line, left_out.note) == (first, f"not read: {ROWS[row]}")
    assert others(text) == [("holds", first + 1), ("wrong", first + 3), ("holds", first + 4)]


def test_claims_are_not_wrong_where_a_forward_row_cannot_be_read():
    text = (
        "\\begin{align}\ny &= w x \\\\\nR &= \\foo w^2 \\\\\nL &= y^2 + R\n\\end{align}\n"
        "\\begin{align}\n\\bar y &= 2 y \\\\\n\\bar w &= \\bar y x + 2 w\n\\end{align}\n"
    )
    assert others(text) == [("holds", 7)]
    assert [row.line for row in unread(text)] == [3, 8]


SHAPES = {
    "W̄ = z": "its shape is I entries, and should be I×J, that of W",
    "x̄ = W": "its shape is I×J, and should be J entries, that of x",
    "x̄ = W z": "An axis of j entries meets an axis of i entries.",
    "x̄_j = w_ij z_i": "The index 'i' is free on the right side but not on the left.",
}


@pytest.mark.parametrize("claim", SHAPES)
def test_claim_of_another_shape_is_wrong_and_says_how(claim: str):
    (row,) = review(LAYER + claim).rows
    assert row.status == "wrong"
    assert SHAPES[claim] in row.details


def test_derivative_of_what_is_finite_nowhere_holds_by_its_form():
    (row,) = review("y = log(−1 − x²)\nL = y²\n---\nȳ = 2 y\n").rows
    assert row.status == "holds"


@pytest.mark.parametrize("declaration", ["W ∈ ℝ^(100000×100000)", "W ∈ ℝ^(9999999999×5)"])
def test_huge_arrays_are_not_drawn(declaration: str):
    tracemalloc.start()
    try:
        (row,) = review(f"{declaration}\nz = W x\nL = ½ ‖z‖²\n---\nx̄ = Wᵀ z\n").rows
        assert tracemalloc.get_traced_memory()[1] < 2**26
    finally:
        tracemalloc.stop()
    assert row.status == "holds", "small arrays are enough to judge this"


def test_size_with_an_index_is_no_quantity():
    (row,) = unread("N = size of n\nz_n = w x_n\nL = 1/N Σ_n z_n²\n---\nz̄_n = N_n z_n\n")
    assert row.note == "not read: 'N' is not defined."


def test_many_axes_are_short():
    text = "y_ijklmn = a_i b_j c_k d_l e_m f_n\nL = Σ_ijklmn y_ijklmn²\n---\nā_i = 2 Σ_jklmn y_ijklmn b_j c_k d_l e_m f_n\n"
    assert [row.status for row in review(text).rows] == ["holds"]


# ---------------------------------------------------------------- large and deep


class Large(NamedTuple):
    """Documents of a kind: the text for a size, what holds, is wrong and is unread then, and a size for every day and for a thorough run."""

    text: Callable[[int], str]
    counts: Callable[[int], tuple[int, int, int]]
    everyday: int
    thorough: int
    bound: float = LINEAR


def back(steps: int) -> str:
    forward = "".join(f"a_{k + 1} = σ(a_{k} w)\n" for k in range(steps))
    backward = "".join(f"ā_{k} = ā_{k + 1} σ'(a_{k} w) w\n" for k in range(steps - 1, -1, -1))
    return f"a_0 = x\n{forward}L = a_{steps}\n---\n{backward}"


def recurrence(steps: int) -> str:
    return "h_t = w h_{t−1} + x_t for t = 1…" + str(steps) + "\nL = Σ_t h_t²\n---\nw̄ = Σ_t h̄_t h_{t−1}\n"


LARGE = {
    "right claims": Large(lambda n: UNIT + "z̄ = (y − t) σ'(z)\nw̄ = z̄ x\n" * n, lambda n: (2 * n, 0, 0), 50, 500),
    "wrong claims": Large(
        lambda n: UNIT + "z̄ = (y − t) σ(z)\nw̄ = z̄ x b t\n" * n, lambda n: (0, 2 * n, 0), 2, 400, bound=4.0
    ),  # judged by evidence too
    "displays": Large(lambda n: DISPLAYS + "$$\\bar z = 1$$\n" * n, lambda n: (0, n, 0), 16, 2000),
    "brackets": Large(lambda n: UNIT + "z̄ = " + "(" * n + "y" + ")" * n, lambda n: (0, 0, 1), 10_000, 100_000),
    "brackets of LaTeX": Large(
        lambda n: DISPLAYS + "$$\\bar z = " + "{" * n + "y" + "}" * n + "$$", lambda n: (0, 0, 1), 10_000, 100_000
    ),
    "a chain of sides": Large(
        lambda n: UNIT + "z̄ = " + " = ".join(["(y − t) σ'(z)"] * n), lambda n: (n, 0, 0), 100, 500
    ),
    "lines back": Large(back, lambda n: (n, 0, 0), 20, 100),
    "a product of factors": Large(lambda n: UNIT + "z̄ = " + " ".join("y" * n), lambda n: (0, 0, 1), 1000, 3000),
    "derivatives inside of each other": Large(lambda n: UNIT + "z̄ = " + "∂/∂z " * n + "y", lambda n: (0, 0, 1), 6, 20),
    "rules of dashes": Large(lambda n: "---\n" * n, lambda n: (0, 0, 0), 1500, 15_000),
    "steps of a recurrence that is too long": Large(recurrence, lambda n: (0, 0, 1), 16_000, 200_000),
    "steps of a recurrence": Large(recurrence, lambda n: (1, 0, 0), 200, 2000),
    "names in a line": Large(
        lambda n: "L = " + " + ".join(f"a_{k}" for k in range(n)) + "\n---\nā_1 = 1\n",
        lambda n: (1, 0, 0),
        60,
        500,
        QUADRATIC,
    ),
}


@pytest.mark.parametrize("name", LARGE)
def test_work_on_a_large_document_grows_with_it(name: str):
    large = LARGE[name]
    size = rounds(large.everyday, large.thorough)
    found: list[Review] = []
    review(UNIT + "z̄ = (y − t) σ'(z)\n")  # what the process makes once is there
    half, full = (calls(lambda n=n: found.append(review(large.text(n)))) for n in (size // 2, size))
    assert full < large.bound * half
    assert tuple(found[1].count(status) for status in ("holds", "wrong", "unread")) == large.counts(size)
    assert len(found[1].text()) > 0


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize(("factor", "status"), [(1, "holds"), (2, "wrong")])
def test_derivatives_within_each_other_are_judged_while_numbers_have_the_digits(order: int, factor: int, status: str):
    right = ["5 x⁴", "20 x³", "60 x²"][order - 1]
    assert [row.status for row in review(f"y = x⁵\nL = y\n\n{'∂/∂x ' * order}y = {factor} · {right}\n").rows] == [
        status
    ]


def test_the_ends_of_lines_are_looked_at_in_linear_time(monkeypatch: pytest.MonkeyPatch):
    """A search by a regular expression is one call, however long its text is; so the signs of the texts are counted.

    Lines are told apart by their ends where one of them, here a quote that is left open, cannot be cut into signs.
    """
    ends = SimpleNamespace(search=rows.OPEN_END.search)
    monkeypatch.setattr(rows, "OPEN_END", ends)
    signs = partial(uses, ends, "search", weight=len)
    assert growth(lambda n: lambda: review("---\n" * n + '"\n'), 200, signs) < LINEAR


def test_labels_of_the_names_in_a_line_are_compared_in_linear_time():
    """Where a line is wrong, names that differ from one of its own in their label only are put in its place."""

    def wrong(count: int) -> Callable[[], Review]:
        text = "L = " + " + ".join(f"a_{k}" for k in range(count)) + "\n---\nā_0 = 2\n"
        return lambda: review(text)

    assert growth(wrong, 20, partial(uses, names, "split")) < LINEAR


@pytest.mark.parametrize(("owner", "name"), [(mistakes, "signals_in"), (Corrections, "from_signals_written")])
def test_what_all_wrong_lines_need_is_found_once(owner: object, name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Diagnostician, "explains", lambda self, changed: False)
    assert uses(owner, name, lambda: review(UNIT + "z̄ = (y − t) σ(z)\n" * 20)) < 6


def test_document_that_is_too_long_is_an_error_as_a_whole():
    from wengert.errors import EquationError

    with pytest.raises(EquationError, match="documents of more than"):
        review("x" * (2**20 + 1))


# ---------------------------------------------------------------- what random documents have found

FOUND = {
    "number that begins with a point": ("$$b = x .1.10$$\n$$L = b^2$$\n\n$$\\bar b = 2 b$$\n", [("holds", 4)]),
    "array of four axes beside a vector": (
        "Y_{f,i,j} = Σ_c Σ_m Σ_n W_{f,c,m,n} X_{c,i+m,j+n}\nL = ½ ‖X w − y‖² + λ/2 ‖w‖²\n---\nw̄ = Xᵀ (X w − y) + λ w\n",
        None,
    ),
    "membership inside an indicator": (
        "E_{tj} = C_{s_t,j}\nL = Σ_tj E_tj²\n---\nC̄_{vj} = Σ_t ⟦s∈t = v⟧ Ē_tj\nĒ_tj = 2 E_tj\n",
        [("holds", 5)],
    ),
    "unknown name in a product beside a sum": (
        "$$y_k = \\sum_i w_{ki} {(2)} {(2)}$\\overline{b} = {z}$z = w + y{{{e}}} {R}$$",
        [],
    ),
    "line with neither a form by index nor one as matrices": (
        "S = Q Kᵀ / √d\nP = Σ⁻¹ softmax(S)\nO = P V\n---\nV̄ = Pᵀ Ō\nS̄_ij = P_ij Ō_ij\n",
        [("holds", 5)],
    ),
    "array of more axes on the right of a new name": ("re = L\nL̄_reg = 1\n", None),
    "names that only claims have, of which no kind is likelier": (
        r"$$\mathcal{L}=\sum_k(y_k)$$$$y=(z)(2)$$$$\bar{\mathcal{L}}=\overline{z}$$$$\bar{W}=x^T$$",
        [],
    ),
    "signal of a loss that only another claim names": (
        (
            "$$\n$$\n\\frac{\\partial s}{\\partial \\mathbf{W}^{(2)}} = \\lambda \\mathbf{W}^{(2)}.$$\n\n"
            "$$s = \\frac{\\lambda}{2} \\left( \\|\\mathbf{W}^{(1)}\\|^2 + \\|\\mathbf{W}^{(2)}\\|^2 \\right),$$\n"
            "$$\\bar{W}^{(1)} = \\bar{z} x^T$$\n"
            "$$\n= \\textrm{prod}\\left(\\frac{\\partial J}{\\partial L}, \\frac{\\partial L}{\\partial \\mathbf{o}}\\right)\n"
            "$$\\overline{b_k^{(2)}} = \\overline{y_k}$$\n$$\n$$\\bar{y} = \\bar{\\mathcal{L}}(y - t)$$\n$$\n$$\n"
            "$$\\frac{\\partial s}{\\partial \\mathbf{W}^{(1)}} = \\lambda \\mathbf{W}^{(1)}\n$$"
        ),
        None,
    ),
    "name that begins with a minus sign": (
        r"$$u = w x$$$$L = \frac12 u^2$$" + "\n\n" + r"$$\text{du} = \text{-std} \left( u + w \right)$$",
        None,
    ),
    "size that is also the number of steps": (
        "h_t = a_t h_{t−1} + b_t x_t      (h_0 = 0)\nL = Σ_t g_t h_t\n\n\nx ∈ ℝ^T\nm_t = x_t\nx ∈ ℝ^C\n",
        None,
    ),
    "derivative in a product that would be a matrix without it": (
        (
            r"$$\begin{aligned}\mathcal{L}_{reg} &= \frac12 (\sigma(wx + b) - t)^2 + \frac{\lambda}{2} w^2 \\"
            r"\frac{\partial \mathcal{L}_{reg}}{\partial w} &= \frac{\partial}{\partial w} \left[\frac12 (\sigma(wx + b) - t)^2 \right] \\"
            r"&= (\sigma(wx + b) - t) \frac{\partial}{\partial w} (\sigma(wx + b) - t) + \lambda w \\"
            r"&= (\sigma(wx + b) - t) \sigma'(wx + b)\end{aligned}$$"
            "\n"
            r"$$\overline{w_{ij}^{(1)}} = \overline{z_i} x_j$$"
        ),
        None,
    ),
}


@pytest.mark.parametrize("name", FOUND)
def test_random_document_is_judged_again(name: str):
    text, rows = FOUND[name]
    found = others(text)
    if rows is not None:
        assert [row for row in found if row[0] == "holds"] == rows
    assert all(row.repair for row in unread(text))


def test_half_a_fraction_after_the_loss_is_not_read():
    found = review("$$L = \\frac C\n$$\nz = w x")
    assert [row.status for row in found.rows] == ["unread"]


def test_a_signal_of_all_steps_with_a_right_side_of_another_shape_is_wrong():
    found = review("g_t = tanh(W g_{t−1} + c)\nh_t = tanh(g_t)\nL = ½ Σ_t ‖h_t − d_t‖²\n\nh̄ = Σ_t ḡ_t ⊙ (1 − g_t²)")
    assert [row.status for row in found.rows] == ["wrong"]


def test_of_a_line_that_uses_a_quantity_thirty_times_nothing_is_derived(monkeypatch):
    def derived(*given: object) -> None:
        raise AssertionError("the backward pass of such a line takes half a minute")

    monkeypatch.setattr(corrections, "SingleLines", derived)
    (row,) = review(f"n ={' x' * 31} / ‖x‖\n\ndx = (dn − n (nᵀ dn)) / ‖x‖").rows
    assert row.status == "wrong"


def test_a_step_too_far_back_is_refused():
    (row,) = unread("h_t = a_t h_{t−1111111111} + b_t x_t\n")
    assert row.note == "not read: 'h' is read 1111111111 steps away from the one that is computed."
    assert row.repair == "Read it at most 100 steps away."


def test_a_bracket_that_is_the_argument_of_a_command_is_not_read():
    (row,) = unread("$$s = \\tfrac1[:, a] x$$")
    assert row.repair


def test_a_step_beyond_those_that_are_tried_is_no_failure():
    (row,) = review("l_1 = x\nl_{n+1} = 4 l_n (1 − l_n)\n\nx̄ = l_4").rows
    assert row.status == "wrong"


@pytest.mark.parametrize("number", ["1e308 · 1e308", "1e399", "−1e399"])
def test_a_coefficient_beyond_double_precision_is_infinite_and_no_failure(number: str):
    (row,) = review(f"z = w x\nL = ½ (z − t)²\n---\nw̄ = {number} (z − t) x").rows
    assert row.status in ("wrong", "unread")


def test_work_on_transposes_in_a_row_grows_with_their_number():
    def of(size: int) -> Callable[[], Review]:
        text = f"z = W x\nL = ½ ‖z‖²\n---\nx̄ = W{'ᵀ' * size} z\nW̄ = z x{'ᵀ' * size}\n"
        return lambda: review(text)

    assert growth(of, 10) < LINEAR


@pytest.mark.parametrize("left", ["f_{[x]}", "f_{x, y}"])
def test_name_of_a_function_with_something_below_it_is_no_call(left: str):
    assert not review(f"f(x) = x^2\nL = f(x)\n---\n{left} = 2\n").count("holds")
