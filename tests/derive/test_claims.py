"""Claims of a document: each is judged with the author's own earlier lines, and a mistake is named where it stands."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import wengert as wg
from wengert.cli import main
from wengert.notes.claims.review import review

LECTURE = (Path(__file__).parents[1] / "data" / "lecture_notes.txt").read_text(encoding="utf-8")
NETWORK = r"""
$$z_i = \sum_j w_{ij} x_j + b_i$$
$$h_i = \sigma(z_i)$$
$$y_k = \sum_i v_{ki} h_i + c_k$$
$$L = \frac{1}{2} \sum_k (y_k - t_k)^2$$
and back:
"""
UNIT = "z = w x + b\ny = σ(z)\nL = ½ (y − t)²\n"


def statuses(text: str) -> list[str]:
    return [row.status for row in review(text).rows]


def only(text: str):
    """The one claim of a text."""
    (row,) = review(text).rows
    return row


# ---------------------------------------------------------------- the lecture's notes


def test_every_result_of_the_lecture_is_right():
    found = review(LECTURE)
    assert (found.count("holds"), found.count("wrong")) == (47, 0)
    assert [list(system.quantities) for system in found.systems] == [
        ["z", "w", "x", "b", "y", "L", "t", "R", "L_reg", "λ"],
        ["z", "w⁽¹⁾", "x", "b⁽¹⁾", "h", "y", "w⁽²⁾", "b⁽²⁾", "L", "t"],
    ]


def test_what_belongs_to_no_system_is_listed_with_a_reason():
    unread = [(row.text, row.note) for row in review(LECTURE).rows if row.status == "unread"]
    starts = [
        "(f(g(x), h(x)))' = ",
        r"\overline{v} \triangleq",
        "(f(g(x), h(x)))' = ",
        "v_N = 1",
        r"\bar{v}_i = \sum_{j",
        r"\overline{V_1} = ",
    ]
    assert len(unread) == len(starts)
    assert all(text.startswith(start) for (text, _), start in zip(unread, starts, strict=True))
    assert all(note.startswith("not read: ") for _, note in unread)


PLANTED = {
    r"&= (\sigma(wx + b) - t) \frac{\partial}{\partial w} (\sigma(wx + b) - t) + \lambda w": (
        r"&= (\sigma(wx + b) - t) \frac{\partial}{\partial w} (\sigma(wx + b) - t) - \lambda w",
        "sign",
    ),
    r"$$= \overline{\mathcal{L}_{\text{reg}}} \lambda$$": (
        r"$$= 2 \overline{\mathcal{L}_{\text{reg}}} \lambda$$",
        "factor",
    ),
    r"$$= \overline{\mathcal{L}} (y - t)$$": (r"$$= (y - t)^2$$", ""),
    r"$$= \overline{y} \sigma'(z)$$": (r"$$= \overline{y} \sigma(z)$$", "activation derivative"),
    r"$$\overline{w} = \overline{z} x + \overline{\mathcal{R}} w$$": (
        r"$$\overline{w} = \overline{z} x$$",
        "missing path",
    ),
    r"$$\overline{h_i} = \sum_k \overline{y_k} w_{ki}^{(2)} \quad": (
        r"$$\overline{h_i} = \overline{y_k} w_{ki}^{(2)} \quad",
        "missing sum",
    ),
    r"$$\overline{w_{ij}^{(1)}} = \overline{z_i} x_j$$": (r"$$\overline{w_{ij}^{(1)}} = \overline{z_i} x_i$$", "index"),
    r"$$\overline{b_k^{(2)}} = \overline{y_k}$$": (r"$$\overline{b_k^{(2)}} = 1$$", "no incoming signal"),
    r"$$\bar{W}^{(2)} = \bar{y} h^T$$": (r"$$\bar{W}^{(2)} = h \bar{y}^T$$", "transpose"),
    r"$$\bar{h} = W^{(2)T} \bar{y}$$": (r"$$\bar{h} = W^{(2)} \bar{y}$$", "transpose"),
}


def test_ten_planted_mistakes_are_found_and_nothing_else():
    text = LECTURE
    for right, (wrong, _) in PLANTED.items():
        assert text.count(right) == 1
        text = text.replace(right, wrong)
    rows = review(text).rows
    lines = text.split("\n")
    found = {row.line: row for row in rows if row.status in ("wrong", "open")}
    expected = {k + 1: kind for k, line in enumerate(lines) for wrong, kind in PLANTED.values() if wrong in line}
    assert sorted(found) == sorted(expected)
    assert sum(row.status in ("wrong", "open") for row in rows) == len(PLANTED)
    # Lines of the notes are not read, so that what no change explains is open; all others are shown to be mistakes.
    assert all((row.status == "wrong") == bool(row.kind) for row in found.values())
    assert {line: row.kind for line, row in found.items() if expected[line]} == {k: v for k, v in expected.items() if v}
    assert sum(row.status == "unread" for row in rows) == 6


# ---------------------------------------------------------------- kinds of mistakes

KINDS = {
    r"$$\bar y_k = t_k - y_k$$": ("sign", "ȳ_k = y_k − t_k"),
    r"$$\bar v_{ki} = 2 \bar y_k h_i$$": ("factor", "v̄_ki = ȳ_k h_i"),
    r"$$\bar h_i = \bar y_k v_{ki}$$": ("missing sum", "h̄_i = Σ_k ȳ_k v_ki"),
    r"$$\bar z_i = \bar h_i \sigma(z_i)$$": ("activation derivative", "z̄_i = h̄_i σ'(z_i)"),
    r"$$\bar z_i = \bar h_i$$": ("activation derivative", "z̄_i = h̄_i σ'(z_i)"),
    r"$$\bar z_i = \sigma'(z_i)$$": ("no incoming signal", "z̄_i = h̄_i σ'(z_i)"),
    r"$$\bar w_{ij} = \bar z_i x_i$$": ("index", "w̄_ij = z̄_i x_j"),
    r"$$\bar b_i = \bar h_i$$": ("signal", "b̄_i = z̄_i"),
    r"$$\bar V = h \bar y^\top$$": ("transpose", "V̄ = ȳ hᵀ"),
}


@pytest.mark.parametrize("claim", KINDS)
def test_kind_of_a_mistake_is_named_and_the_line_corrected(claim):
    row = only(NETWORK + claim)
    assert (row.status, row.kind, row.corrected) == ("wrong", *KINDS[claim])


def test_one_mistake_is_reported_once():
    text = (
        NETWORK
        + r"""
$$\bar y_k = t_k - y_k$$
$$\bar h_i = \sum_k \bar y_k v_{ki}$$
$$\bar z_i = \bar h_i \sigma'(z_i)$$
$$\bar w_{ij} = \bar z_i x_j$$
"""
    )
    assert statuses(text) == ["wrong", "holds", "holds", "holds"]


def test_a_true_line_after_a_wrong_one_says_that_it_does_not_follow():
    text = NETWORK + "$$\\bar y_k = t_k - y_k$$\n$$\\bar h_i = \\sum_k (y_k - t_k) v_{ki}$$"
    assert [row.note for row in review(text).rows] == ["", "it is true, but does not follow from the lines before it"]


def test_links_of_a_chain_are_judged_against_the_one_before():
    text = UNIT + "\nz̄ = ȳ σ'(z) = ȳ y (1 − y) = ȳ y (1 + y)"
    assert statuses(text) == ["holds", "holds", "wrong"]


def test_equal_forms_pass():
    text = UNIT + "\nz̄ = y (1 − y) (y − t)\nw̄ = x σ'(z) (y − t)"
    assert statuses(text) == ["holds", "holds"]


def test_what_holds_under_an_assumption_only_passes_with_its_name():
    text = "y_k = e^(z_k) / Σ_l e^(z_l)\nL = −Σ_k t_k log y_k\n\nz̄_k = y_k − t_k"
    row = only(text)
    assert (row.status, row.note) == ("holds", "with Σ_k t_k = 1")


def test_a_mistake_in_an_auxiliary_shows_where_it_is_used():
    text = "y_k = e^(z_k) / Σ_l e^(z_l)\nL = Σ_k c_k y_k\n\nȳ_k = c_k\ns = 2 Σ_k ȳ_k y_k\nz̄_k = y_k (ȳ_k − s)"
    assert statuses(text) == ["holds", "defined", "wrong"]


ADDED = "z = w x\ny = σ(z) + w\nL = ½ (y − t)²\n---\nȳ = y − t\nw̄ += ȳ\nz̄ = ȳ σ'(z)\nw̄ += z̄ x\n"


def test_what_is_added_up_is_judged_where_it_ends():
    assert [(row.line, row.status) for row in review(ADDED).rows] == [(5, "holds"), (7, "holds"), (8, "holds")]
    wrong = review(ADDED.replace("w̄ += z̄ x", "w̄ += z̄ z")).rows[-1]
    assert (wrong.line, wrong.status) == (8, "wrong")


def test_a_first_line_with_the_bar_of_a_mean_is_a_forward_equation():
    text = "x̄ = 1/N Σ_i x_i\nv = 1/N Σ_i (x_i − x̄)²\nL = v²\n\nv̄ = 2 v\n"
    assert statuses(text) == ["holds"]


def test_derivatives_of_a_loss_that_no_line_has_are_signals():
    text = "Y = X W + s X A B\n\n∇_A L = s Xᵀ (∇_Y L) Bᵀ\n∇_X L = s (∇_Y L) Bᵀ Aᵀ\n"
    assert statuses(text) == ["holds", "wrong"]


def test_a_derivative_of_an_unknown_name_is_not_read():
    assert "'q' is not defined." in only(UNIT + "\n∂q/∂w = 0").note


def test_columns_of_an_alignment_are_equations_of_their_own():
    text = r"""\begin{align*}
z &= W x & h &= \tanh(z) & L &= \tfrac12 \|h\|^2
\end{align*}
\begin{align*}
\bar h &= h & \bar z &= \bar h \odot (1 - h^2) & \bar W &= \bar z x^\top
\end{align*}"""
    assert statuses(text) == ["holds"] * 3


LATEX_FILE = r"""\documentclass{article}
\newcommand{\R}{\mathbb{R}}
\begin{document}
\begin{theorem}[Backprop]\label{thm:a} Let
\begin{equation}\label{eq:f} z_i = \sum_j w_{ij} x_j \end{equation}
\begin{equation} L = \frac{1}{2}\sum_i z_i^2 % the loss
\end{equation}
Then \begin{equation}\bar z_i = z_i\end{equation} holds, and by \eqref{eq:f}
\[ \bar w_{ij} = \bar z_i x_j \quad\text{for all } i, j. \]
\end{theorem}
\end{document}"""


def test_a_file_of_latex_is_read_as_a_whole():
    assert [(row.line, row.status) for row in review(LATEX_FILE).rows] == [(8, "holds"), (9, "holds")]


def test_inline_formulas_are_prose():
    text = NETWORK + "so that $\\bar y_k = 3$.\n"
    assert statuses(text) == []


def test_a_later_system_starts_afresh():
    text = UNIT + "\nz̄ = ȳ σ'(z)\n\nz_i = Σ_j w_ij x_j\nL = ½ Σ_i z_i²\n\nz̄_i = z_i\nw̄_ij = z̄_i x_j"
    found = review(text)
    assert statuses(text) == ["holds", "holds", "holds"]
    assert len(found.systems) == 2


# ---------------------------------------------------------------- what is not read

UNREAD = {
    "q̄ = z̄ x": "There is no quantity 'q' in the system.",
    "z̄ = ȳ q": "'q' is not defined.",
    "z̄ = ȳ (σ'(z)": "",
    "w̄ =": "Nothing stands after this equals sign.",
}


@pytest.mark.parametrize("claim", UNREAD)
def test_what_cannot_be_read_stands_with_its_reason(claim):
    rows = review(UNIT + "\nȳ = y − t\n" + claim + "\n").rows
    assert [row.status for row in rows] == ["holds", "unread"]
    assert UNREAD[claim] in rows[1].note
    assert rows[1].repair


def test_a_claim_of_another_shape_is_wrong_and_says_the_shapes():
    row = only("z_i = Σ_j w_ij x_j\nL = ½ Σ_i z_i²\n\nw̄_ij = z_i")
    assert row.status == "wrong"


# ---------------------------------------------------------------- the command


Run = Callable[..., subprocess.CompletedProcess[str]]


def in_a_process(*arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    """`wengert check` as a process of its own."""
    command = [sys.executable, "-c", "from wengert.cli import main; main()", "check", *arguments]
    return subprocess.run(command, input=text, capture_output=True, text=True, encoding="utf-8", check=False)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`wengert check` in this process."""

    def start(*arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
        monkeypatch.setattr(sys, "argv", ["wengert", "check", *arguments])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8"))
        status: Any = 0
        try:
            main()
        except SystemExit as left:
            status = left.code
        said = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, status, said.out, said.err)

    return start


def test_a_process_ends_with_the_status_of_its_document():
    assert in_a_process("-", text=UNIT + "\nz̄ = ȳ σ'(z)\n").returncode == 0
    found = in_a_process("-", text=UNIT + "\nz̄ = ȳ σ(z)\n")
    assert found.returncode == 1
    assert found.stdout.splitlines()[0] == "✗ line 5  z̄ = ȳ σ(z)"


def test_exit_status_says_whether_a_claim_is_wrong(run, tmp_path):
    right, wrong = tmp_path / "right.md", tmp_path / "wrong.md"
    right.write_text(UNIT + "\nz̄ = ȳ σ'(z)\n", encoding="utf-8")
    wrong.write_text(UNIT + "\nz̄ = ȳ σ(z)\n", encoding="utf-8")
    assert run(str(right)).returncode == 0
    assert run(str(wrong)).returncode == 1
    assert run(str(tmp_path / "none.md")).returncode == 2


def test_a_document_without_equations_is_no_success(run):
    found = run("-", text="A letter to a friend.\n")
    assert found.returncode == 2
    assert found.stderr.startswith("There are no forward equations in this document")


NOTHING_JUDGED = {
    "No line in this document says what a derivative is": UNIT,
    "None of the lines about derivatives in this document can be judged": UNIT + "\nq̄ = z̄ x\nw ← w − η w̄\n",
}


@pytest.mark.parametrize("reason", NOTHING_JUDGED)
def test_a_document_of_which_nothing_is_judged_is_no_success(run, reason):
    found = run("-", text=NOTHING_JUDGED[reason])
    assert found.returncode == 2
    assert found.stderr.startswith(reason)
    assert "1 system" in found.stdout


def test_forward_equations_in_prose_are_read_where_no_display_has_them(run):
    inline = run("-", text="# Notes\n\nThe unit is $z = w x + b$ as usual, $n = 3$.\n\n$$\\bar w = \\bar z x$$\n")
    assert inline.returncode == 0
    assert inline.stdout.splitlines()[0] == "✓ line 5  w̄ = z̄ x"


def test_forward_equations_in_a_block_of_code_are_pointed_at(run):
    code = run("-", text="# Notes\n\n```\nz = W @ x\n```\n")
    assert code.returncode == 2
    assert "line 4: z = W @ x" in code.stderr


def test_json_has_the_text_of_the_report(run):
    found = json.loads(run("-", "--json", text=UNIT + "\nz̄ = ȳ σ(z)\n").stdout)
    assert found["counts"] == {"holds": 0, "conditional": 0, "wrong": 1, "open": 0, "defined": 0, "unread": 0}
    (claim,) = found["claims"]
    assert claim["kind"] == "activation derivative"
    assert claim["corrected"] == "z̄ = ȳ σ'(z)"


def test_several_files_are_reported_each_under_its_name_and_the_status_is_the_worst(run, tmp_path):
    right, wrong, letter = (tmp_path / name for name in ("right.md", "wrong.md", "letter.md"))
    right.write_text(UNIT + "\nz̄ = ȳ σ'(z)\n", encoding="utf-8")
    wrong.write_text(UNIT + "\nz̄ = ȳ σ(z)\n", encoding="utf-8")
    letter.write_text("A letter to a friend.\n", encoding="utf-8")
    found = run(str(right), str(wrong))
    lines = found.stdout.splitlines()
    assert found.returncode == 1
    assert (lines[0], lines[3]) == (f"{right}:", f"{wrong}:")
    found = run(str(letter), str(tmp_path / "none.md"), str(right))
    assert found.returncode == 2
    assert found.stdout.splitlines()[-3:-1] == [f"{right}:", "✓ line 5  z̄ = ȳ σ'(z)"]
    assert str(letter) in found.stderr
    assert str(tmp_path / "none.md") in found.stderr


def test_json_of_several_files_is_a_list(run, tmp_path):
    right, none = tmp_path / "right.md", tmp_path / "none.md"
    right.write_text(UNIT + "\nz̄ = ȳ σ'(z)\n", encoding="utf-8")
    first, second = json.loads(run("--json", str(right), str(none)).stdout)
    assert (first["file"], first["counts"]["holds"]) == (str(right), 1)
    assert second == {
        "file": str(none),
        "error": f"The file cannot be read: No such file or directory.\n  {none}\nCheck the path.",
    }


@pytest.mark.parametrize(
    ("claims", "shown", "corrected"),
    [
        ("∂L/∂z = y − t\n∂L/∂w = ∂L/∂z w", "∂L/∂w = ∂L/∂z w", "∂L/∂w = ∂L/∂z x"),
        ("dL/dz = y − t\ndL/dw = dL/dz w", "dL/dw = dL/dz w", "dL/dw = dL/dz x"),
        ("∇_z L = y − t\n∇_w L = −(y − t) x", "∇_w L = −(y − t) x", "∇_w L = (y − t) x"),
        ("dz = y − t\ndw = dz w", "dw = dz w", "dw = dz x"),
        ("z̄ = y − t\nw̄ = z̄ w", "w̄ = z̄ w", "w̄ = z̄ x"),
        ("δ = ∂L/∂z = y − t\n∂L/∂w = δ w", "∂L/∂w = δ w", "∂L/∂w = δ x"),
    ],
    ids=["∂L/∂w", "dL/dw", "∇_w L", "dw", "bar", "δ"],
)
def test_a_row_and_its_correction_are_in_the_notation_of_the_author(claims, shown, corrected):
    forward = "z = w x + b\ny = 1 / (1 + e^(−z))\nL = −t log y − (1 − t) log(1 − y)\n\n"
    *others, row = review(forward + claims).rows
    assert all(other.status == "holds" for other in others)
    assert (row.status, row.text, row.corrected) == ("wrong", shown, corrected)


LETTERS = """
a_j = Σ_i w_ji x_i
z_j = tanh(a_j)
y_k = Σ_j v_kj z_j
E = ½ Σ_k (y_k − t_k)²

δ_k = ∂E/∂y_k = y_k − t_k
δ_j = ∂E/∂a_j = (1 − z_j²) Σ_k δ_k v_kj
∂E/∂v_kj = δ_k z_j
∂E/∂w_ji = δ_j x_i
"""


def test_delta_with_two_letters_is_two_signals():
    rows = review(LETTERS).rows
    assert [row.status for row in rows] == ["holds"] * 6
    assert [row.text for row in rows][2] == "δ_j = ∂E/∂a_j"


def test_a_bare_delta_that_may_be_two_signals_is_not_read():
    *_, row = review(LETTERS + "∂E/∂w = δ xᵀ\n").rows
    assert row.status == "unread"
    assert "'δ' stands for the error signals of 'y' and 'a' here." in row.note


def test_a_mistake_after_the_definition_of_a_delta_is_named():
    rows = review(LETTERS.replace("(1 − z_j²) Σ", "Σ")).rows
    assert [(row.text, row.kind) for row in rows if row.status == "wrong"] == [
        ("δ_j = Σ_k δ_k v_kj", "activation derivative")
    ]


# ---------------------------------------------------------------- a name with two sides, assumptions

ROW_SUM = """P_ij = e^(S_ij) / Σ_k e^(S_ik)
O_ic = Σ_j P_ij V_jc
---
P̄_ij = Σ_c Ō_ic V_jc
D_i = Σ_c Ō_ic O_ic = Σ_j P_ij P̄_ij
S̄_ij = P_ij (P̄_ij − D_i)
"""


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("D_i = Σ_c", "D_i = −Σ_c"), ("= Σ_j P_ij P̄_ij", "= −Σ_j P_ij P̄_ij"), ("P̄_ij = Σ_c", "P̄_ij = −Σ_c")],
)
def test_sides_of_an_own_name_that_differ_are_reported_once(right, wrong):
    assert set(statuses(ROW_SUM)) == {"holds", "defined"}
    assert ROW_SUM.count(right) == 1
    assert Counter(statuses(ROW_SUM.replace(right, wrong)))["wrong"] == 1


def test_an_own_name_is_what_that_side_says_which_has_its_indices():
    text = ROW_SUM.replace("D_i = Σ_c Ō_ic O_ic", "D_i = Ō_ic O_ic")
    assert statuses(text) == ["holds", "wrong", "defined", "holds"]


ONE_HOT = "W̄_kj = z̄_k x_j²"


@pytest.mark.parametrize(
    "text",
    [
        f"z_k = Σ_j W_kj x_j\nL = ½ Σ_k (z_k − t_k)²\n---\nz̄_k = z_k − t_k\n{ONE_HOT}",
        "W ∈ ℝ^(n×n)\nz = W x\nL = ½ ‖z − t‖²\n---\nz̄ = z − t\nx̄ = W z̄",
        "z = W x + b\nL = ½ ‖z − t‖²\n---\nz̄ = z − t\nW̄ = z̄ x",
    ],
)
def test_nothing_unusual_is_assumed_for_a_wrong_line(text):
    assert statuses(text) == ["holds", "wrong"]


def test_a_symmetric_matrix_may_be_stated():
    text = "W ∈ ℝ^(n×n)\nassume W = Wᵀ\nz = W x\nL = ½ ‖z − t‖²\n---\nz̄ = z − t\nx̄ = W z̄"
    assert statuses(text) == ["holds", "holds"]


def test_a_matrix_that_no_line_tells_from_its_transpose_may_be_symmetric():
    row = only("A ∈ ℝ^(n×n)\nL = xᵀ A x\n---\nx̄ = 2 A x")
    assert (row.status, row.note) == ("holds", "with A = Aᵀ")


SOFTMAX = "z_k = Σ_j W_kj x_j\ny_k = e^(z_k) / Σ_l e^(z_l)\nL = −Σ_k t_k log y_k\n---\n"


def test_a_mistake_in_a_line_that_needs_an_assumption_is_named():
    row = only(SOFTMAX + "z̄_k = t_k − y_k")
    assert (row.kind, row.corrected) == ("sign", "z̄_k = y_k − t_k")
    assert row.details[-1] == "likely: a sign is wrong (with Σ_k t_k = 1)"


def test_a_true_line_after_a_wrong_one_may_need_an_assumption():
    assert statuses(SOFTMAX + "ȳ_k = t_k / y_k\nz̄_k = y_k − t_k\nW̄_kj = (y_k − t_k) x_j") == ["wrong", "holds", "holds"]


@pytest.mark.parametrize(
    "claim",
    [
        "Ā_ij = (Σ_j w_j) (Σ_i u_i) u_i w_j",
        "Ā_ij = u_i w_j (Σ_j w_j) Σ_i u_i",
        "Ā_ij = u_i w_j (Σ_k w_k) Σ_k u_k",
        "Ā_ij = Σ_k w_k Σ_k u_k u_i w_j",
    ],
)
def test_a_letter_may_be_bound_by_several_sums(claim):
    assert statuses("c = Σ_ij u_i A_ij w_j\nL = c (Σ_j w_j) (Σ_i u_i)\n---\n" + claim) == ["holds"]


def test_transpose_of_what_is_read_as_a_number_is_a_condition_where_the_line_holds_else():
    text = "z = w*x + b\nh = σ(z)\nL = ½ (h − t)²\n---\nz̄ = (h − t) σ'(z)\nw̄ = z̄ * x^T\nx̄ = w^T * z̄\nb̄ = z̄ x^T\n"
    rows = review(text).rows
    assert [row.status for row in rows] == ["holds", "conditional", "conditional", "wrong"]
    assert rows[1].note == "holds if names are numbers, or do not have the index, so that a sign changes nothing"


def test_matrices_with_an_index_hold_by_their_values():
    text = (
        "E ∈ ℝ^(n×m×k)\ng = softmax(W x)\ny = Σ_e g_e E_e x\nL = ½ ‖y − t‖²\n---\n"
        "ȳ = y − t\nḡ_e = ȳᵀ E_e x\nĒ_e = g_e ȳ xᵀ\nx̄ = Σ_e g_e E_eᵀ ȳ + Wᵀ (g ∘ (ḡ − gᵀ ḡ))\nĒ_e = 2 g_e ȳ xᵀ\n"
    )
    assert [row.status for row in review(text).rows] == ["holds"] * 4 + ["wrong"]


def test_the_transpose_of_a_product_that_is_a_number_is_that_number():
    assert statuses("L = ½ (xᵀ A y)²\n---\nx̄ = A y (xᵀ A y)ᵀ\nĀ = x yᵀ (yᵀ Aᵀ x)ᵀ") == ["holds", "holds"]


SECOND_LOSSES = {
    "of the same data": (
        "r = X w − y\nJ = 1/2 ‖r‖²\n\n∇_w J = Xᵀ r\n\n"
        "p_i = 1/(1 + exp(−Σ_j X_ij w_j))\nL = −Σ_i (y_i log p_i + (1 − y_i) log(1 − p_i))\n∂L/∂w_j = Σ_i (p_i − y_i) X_ij"
    ),
    "of the same line": "z = w x + b\nL = ½ (z − t)²\n\nw̄ = (z − t) x\n\nJ = |z − t|\n∂J/∂w = sign(z − t) x",
    "of the first one": (
        "z = w x + b\nL = ½ (z − t)²\n\nw̄ = (z − t) x\n\nL_reg = L + λ/2 w²\n∂L_reg/∂w = ∂L/∂w + λ w = (z − t) x + λ w"
    ),
}


@pytest.mark.parametrize("text", SECOND_LOSSES.values(), ids=SECOND_LOSSES)
def test_another_loss_after_claims_begins_another_system(text):
    found = review(text)
    assert len(found.systems) == 2
    assert {row.status for row in found.rows} == {"holds"}
    start, last = text.rsplit("\n", 1)
    assert [row.line for row in review(start + "\n" + last + " + 1").rows if row.status == "wrong"] == [
        text.count("\n") + 1
    ]


def test_a_python_program_is_read_as_one_block(run, tmp_path):
    passes = "def forward(x, W):\n    z = x @ W\n    y = np.tanh(z)\n    return y\n\n\n"
    passes += "def backward(x, W, y, dy):\n    dz = dy * (1 - y**2)\n    dW = x.T @ dz\n    return dW\n"
    right, wrong, other = (tmp_path / f"{name}.py" for name in ("right", "wrong", "other"))
    right.write_text(passes, encoding="utf-8")
    wrong.write_text(passes.replace("x.T @ dz", "dz.T @ x"), encoding="utf-8")
    other.write_text("print('no passes')\n", encoding="utf-8")
    assert run(str(right)).returncode == 0
    assert run(str(wrong)).returncode == 1
    assert wg.review(wrong).rows[1].line == 9
    found = run(str(other))
    assert found.returncode == 2
    assert "no forward and backward pass in this program" in " ".join(found.stderr.split())
