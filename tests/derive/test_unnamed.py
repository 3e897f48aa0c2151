"""Parts of forward lines that only the claims name: they are judged as if the author had written a line for each."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.counting import uses
from tests.derive.corpus import beyond, entries
from tests.derive.mistakes import Planter
from tests.derive.shared import reviewed
from tests.thorough import part, rounds
from wengert.notes.claims.assignments import AssignmentSearch
from wengert.notes.claims.review import review
from wengert.notes.manuscripts.manuscript import manuscript_of
from wengert.notes.notation import latex, unicode
from wengert.notes.notation.expr import Line
from wengert.notes.reading.story import read_story

ENTRIES = {**entries(), **beyond()}


@dataclass(frozen=True)
class Written:
    """A system with parts that have no name, the same with a line for each, and claims that use the names."""

    unnamed: str
    named: str
    claims: str
    syntax: str = "text"
    every: int = 1
    """Of the mistakes that can be planted, each so many-th is."""

    def document(self, forward: str, claims: list[str]) -> str:
        if self.syntax == "latex":
            return "".join(f"$${each}$$\n" for each in (forward, *claims))
        return f"{forward}\n---\n" + "\n".join(claims) + "\n"


def corpus(key: str, named: str) -> Written:
    entry = ENTRIES[key]
    return Written(entry.text("latex"), named, entry.backward["latex"], "latex")


DOCUMENTS = {
    "E06": corpus("E06", r"s = w_0x_0 + w_1x_1 + w_2 \\ f = \frac{1}{1+e^{-s}}"),
    "E07": corpus("E07", r"n = x+\sigma(y) \\ q = \sigma(x) + (x+y)^2 \\ f = \frac{n}{q}"),
    "E63": corpus(
        "E63",
        r"\mathbf z = W^{(1)}\mathbf x \\ \mathbf h = \max(0, \mathbf z) \\ \mathbf y = \mathbf x + W^{(2)}\mathbf h",
    ),
    "by index": Written(
        "h_i = tanh(Σ_j w_ij x_j + b_i)\nL = ½ Σ_i (h_i − t_i)²",
        "z_i = Σ_j w_ij x_j + b_i\nh_i = tanh(z_i)\nL = ½ Σ_i (h_i − t_i)²",
        "h̄_i = h_i − t_i\nz̄_i = h̄_i (1 − h_i²)\nw̄_ij = z̄_i x_j\nb̄_i = z̄_i\nx̄_j = Σ_i w_ij z̄_i",
        every=4,
    ),
    "scores": Written(
        "P_ij = exp(Σ_d K_jd Q_id)\nO_ik = Σ_j P_ij V_jk",
        "S_ij = Σ_d K_jd Q_id\nP_ij = exp(S_ij)\nO_ik = Σ_j P_ij V_jk",
        "P̄_ij = Σ_k Ō_ik V_jk\nS̄_ij = P̄_ij exp(S_ij)\nQ̄_id = Σ_j S̄_ij K_jd\nK̄_jd = Σ_i S̄_ij Q_id",
        every=11,
    ),
    "matrices": Written(
        "H = tanh(W X + B)\nY = V H\nL = ½ ‖Y − T‖²",
        "Z = W X + B\nH = tanh(Z)\nY = V H\nL = ½ ‖Y − T‖²",
        "Ȳ = Y − T\nV̄ = Ȳ Hᵀ\nH̄ = VᵀȲ\nZ̄ = H̄ ⊙ (1 − tanh(Z)²)\nW̄ = Z̄ Xᵀ\nB̄ = Z̄",
        every=9,
    ),
    "one line": Written(
        r"L = \frac12\|W_2\tanh(W_1 \mathbf x + \mathbf b) - \mathbf t\|^2",
        r"\mathbf z = W_1\mathbf x+\mathbf b \\ \mathbf h = \tanh(\mathbf z) \\ \mathbf y = W_2\mathbf h \\"
        r"L = \frac12\|\mathbf y - \mathbf t\|^2",
        r"\bar{\mathbf y} = \mathbf y - \mathbf t \\ \bar W_2 = \bar{\mathbf y}\mathbf h^\top \\"
        r"\bar{\mathbf z} = (W_2^\top\bar{\mathbf y})\odot(1-\mathbf h^2) \\"
        r"\bar W_1 = \bar{\mathbf z}\mathbf x^\top \\ \bar{\mathbf b} = \bar{\mathbf z}",
        "latex",
        every=4,
    ),
    "over time": Written(
        "h_t = tanh(W x_t + U h_{t−1} + b)\nL = ½ Σ_t (h_t − y_t)ᵀ(h_t − y_t)",
        "a_t = W x_t + U h_{t−1} + b\nh_t = tanh(a_t)\nL = ½ Σ_t (h_t − y_t)ᵀ(h_t − y_t)",
        "h̄_t = h_t − y_t + Uᵀ ā_{t+1}\nā_t = h̄_t ⊙ (1 − h_t²)\nW̄ = Σ_t ā_t x_tᵀ\nŪ = Σ_t ā_t h_{t−1}ᵀ\nb̄ = Σ_t ā_t",
        every=24,
    ),
    "softmax": Written(
        r"L = -\sum_k t_k \log\frac{e^{z_k}}{\sum_l e^{z_l}}",
        r"p_k = \frac{e^{z_k}}{\sum_l e^{z_l}} \\ L = -\sum_k t_k \log p_k",
        r"\bar p_k = -\frac{t_k}{p_k} \\ \bar z_k = p_k(\bar p_k - \sum_j \bar p_j p_j)",
        "latex",
    ),
}

UNDECIDED = {
    # h stands in this line only: of what it would be the line might be right cannot be told from the others
    ("E63", r"\overline{W^{(2)}} = -\bar{\mathbf{y}}\,\mathbf{h}^\top"): "hhuh",
    ("E63", r"\overline{W^{(2)}} = 2 (\bar{\mathbf{y}}\,\mathbf{h}^\top)"): "hhuh",
    ("E63", r"\overline{W^{(2)}} = \mathbf{h}^\top"): "hhuh",
    ("E63", r"\overline{W^{(2)}} = \mathbf{h}^\top \bar{\mathbf{y}}"): "hhuh",
    ("E63", r"\overline{W^{(2)}} = \mathbf{h} \bar{\mathbf{y}}^\top"): "hhuh",
    ("E63", r"\overline{W^{(2)}} = \bar{\mathbf{y}}\,\mathbf{h}"): "hhuh",
    # with y for W₂ h − t all lines are right, and the note says that it is read so
    ("one line", r"\bar{\mathbf{y}} = \mathbf{y}"): "hhhhh",
    # with p_k for e^(z_k) this line is right, since Σ_j p̄_j p_j is 0 then, and the line of p̄ is wrong
    ("softmax", r"\overline{z_{k}} = p_{k}\,\left(\overline{p_{k}} + \sum_{j} \overline{p_{j}}\,p_{j}\right)"): "uu",
}
"""Mistakes with which another reading of a name is as good, and the statuses of the lines then."""


def in_one(forward: str, claims: str, syntax: str) -> str:
    return f"$${forward}$$\n\n$${claims}$$\n" if syntax == "latex" else f"{forward}\n---\n{claims}\n"


def statuses(document: str) -> str:
    return "".join(row.status[0] for row in reviewed(document).rows)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_verdicts_are_those_of_the_document_in_which_the_parts_have_lines(name):
    written = DOCUMENTS[name]
    show = (latex if written.syntax == "latex" else unicode).show
    (section,) = manuscript_of(read_story(in_one(written.unnamed, written.claims, written.syntax))).sections
    (named,) = manuscript_of(read_story(in_one(written.named, written.claims, written.syntax))).sections
    ranks = {o: q.type.rank for q in named.system.quantities.values() for o in (q.name, q.whole, q.indexed)}
    planter = Planter("", lambda tree: ranks.get(tree.name, 0))
    symbols = section.system.reading.symbols
    claims = [Line(claim.left, claim.rights) for claim in section.claims]
    lines = [show(claim, symbols=symbols) for claim in claims]
    assert statuses(written.document(written.unnamed, lines)) == "h" * len(lines)
    planted: list[tuple[int, str]] = []
    for place, claim in enumerate(claims):
        texts = dict.fromkeys(
            show(Line(claim.left, (wrong,)), symbols=symbols) for _, wrong in planter.mistakes(claim.rights[0])
        )
        planted += [(place, text) for text in [text for text in texts if text not in lines][:: written.every]]
    assert len(planted) >= 5
    differ, undecided = {}, {}
    for place, text in part(planted, 6):
        document = [*lines[:place], text, *lines[place + 1 :]]
        ours = statuses(written.document(written.unnamed, document))
        theirs = statuses(written.document(written.named, document))
        if ours != theirs:
            (undecided if (name, text) in UNDECIDED else differ)[name, text] = ours
    assert differ == {}
    assert undecided == {key: UNDECIDED[key] for key in undecided}


@pytest.mark.parametrize(
    ("key", "notes"),
    [
        ("E06", ["s read as w₀ x₀ + w₁ x₁ + w₂", "", "", "", "", ""]),
        ("E07", ["n read as x + σ(y); q read as σ(x) + (x + y)²", "", "", ""]),
        ("E63", ["z read as W⁽¹⁾ x", "", "h read as max(0, W⁽¹⁾ x)", ""]),
    ],
)
def test_first_line_that_uses_a_name_says_what_it_was_read_as(key, notes):
    written = DOCUMENTS[key]
    found = review(in_one(written.unnamed, written.claims, "latex"))
    assert [row.note for row in found.rows] == notes
    assert [claim.get("note", "") for claim in found.to_json()["claims"]] == notes


READINGS = {
    "e read as w x + b − t": "L = ½ (w x + b − t)²\n---\nē = e\nw̄ = ē x\nb̄ = ē",
    "q read as x + y": "f = (x + y) z\n---\nq̄ = f̄ z\nz̄ = f̄ q\nx̄ = q̄\nȳ = q̄",
    "r read as 1 / √(v + ε)": "v = 1/C Σ_i x_i²\ny_i = x_i / √(v + ε)\n---\nr̄ = Σ_i ȳ_i x_i\nv̄ = −½ r̄ r³",
    "n_i read as x_i / √(v + ε)": "v = 1/C Σ_i x_i²\ny_i = g_i x_i / √(v + ε)\n---\nn̄_i = ȳ_i g_i\nḡ_i = ȳ_i n_i",
    "S_ji read as Σ_d K_jd Q_id": "P_ij = exp(Σ_d K_jd Q_id)\nO_ik = Σ_j P_ij V_jk\n---\nS̄_ji = P̄_ij exp(S_ji)\nQ̄_id = Σ_j S̄_ji K_jd",
    "z_ni read as Σ_j w_ij x_nj": "h_ni = tanh(Σ_j w_ij x_nj)\nL = ½ Σ_n Σ_i (h_ni − t_ni)²\n---\nH̄ = H − T\n"
    "Z̄ = H̄ ⊙ (1 − H ⊙ H)\nw̄_ij = Σ_n z̄_ni x_nj",
    "u read as x + y": "f = (x + y) z\n---\ng = f̄ z\nx̄ = g\nz̄ = f̄ u",
    "L read as (y − t)²": "y = w x\nR = w²\nJ = (y − t)² + λ R\n---\nL̄ = 1\nȳ = 2 L̄ (y − t)\nR̄ = λ",
}


@pytest.mark.parametrize("note", READINGS)
def test_a_name_is_read_as(note):
    rows = review(READINGS[note]).rows
    assert {row.status for row in rows} <= {"holds", "defined"}
    assert note in [row.note for row in rows]


NOTES = {
    "h read as tanh(W x + b)": "L = ½ ‖V tanh(W x + b) − t‖²\n---\ndV = dy hᵀ\ndy = y − t\ndh = Vᵀ dy\ndz = dh ⊙ (1 − h²)\n"
    "dW = dz xᵀ\ndb = dz",
    "y read as σ(w x + b)": "L = ½ (σ(w x + b) − t)²\n---\ng = (y − t) y (1 − y)\nw̄ = g x\nb̄ = g\nȳ = y − t",
    "y_i read as σ(Σ_j w_ij x_j)": "L = ½ Σ_i (σ(Σ_j w_ij x_j) − t_i)²\n---\ng_i = (y_i − t_i) y_i (1 − y_i)\nw̄_ij = g_i x_j",
    "y read as w x + b": "L = (w x − t + b)²\n---\nȳ = 2 (y − t)\nw̄ = ȳ x",
    "z read as w x + b": "y = σ(w x + b)\nL = ½ (y − t)²\n---\n∂L/∂w = ∂L/∂y ∂y/∂z ∂z/∂w\n∂y/∂z = y (1 − y)\n∂z/∂w = x",
    "y read as σ(w x); z read as w x": "L = −log(σ(w x))\n---\n∂L/∂w = ∂L/∂y ∂y/∂z ∂z/∂w = −1/y y (1 − y) x",
}


@pytest.mark.parametrize("note", NOTES)
def test_notes_on_the_way_and_derivatives_of_one_part_by_another_tell_what_a_name_is(note):
    rows = review(NOTES[note]).rows
    assert {row.status for row in rows} <= {"holds", "defined"}
    assert note in [row.note for row in rows]


def test_a_wrong_derivative_of_one_part_by_another_is_wrong_alone():
    text = NOTES["z read as w x + b"].replace("∂y/∂z = y (1 − y)", "∂y/∂z = y (1 + y)")
    assert statuses(text) == "hwh"


def test_a_mistake_in_a_note_on_the_way_shows_where_it_is_used_first():
    text = NOTES["y read as σ(w x + b)"].replace("y (1 − y)", "y (1 + y)")
    rows = review(text).rows
    assert "".join(row.status[0] for row in rows) == "dwhh"
    assert (rows[1].kind, rows[2].note) == ("sign", "with the line of g mended")
    assert "likely: in the line of g, a sign is wrong" in rows[1].details


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ("g_i = h̄_i (1 + h_i²)", "hdwhh"),
        ("g_i = h̄_i", "hdwhh"),
        ("g_i = 1 − h_i²", "hdwhh"),
        ("b̄_i = 2 g_i", "hdhwh"),
        ("x̄_j = Σ_i w_ji g_i", "hdhhw"),
    ],
)
def test_a_mistake_in_the_line_of_a_name_of_the_authors_own_is_said_once(wrong, expected):
    lines = ["h̄_i = h_i − t_i", "g_i = h̄_i (1 − h_i²)", "w̄_ij = g_i x_j", "b̄_i = g_i", "x̄_j = Σ_i w_ij g_i"]
    lines = [wrong if line.split(" = ")[0] == wrong.split(" = ")[0] else line for line in lines]
    forward = "h_i = tanh(Σ_j w_ij x_j + b_i)\nL = ½ Σ_i (h_i − t_i)²\n\n"
    assert statuses(forward + "\n".join(lines)) == expected


def test_two_mistakes_one_of_them_in_the_line_of_a_name_of_the_authors_own_are_said_both():
    forward = "z = w x + b\ny = σ(z)\nL = ½ (y − t)²\n\nȳ = y − t\n"
    assert statuses(forward + "g = ȳ y (1 + y)\nw̄ = g x\nb̄ = −g\nz̄ = g") == "hdwwh"


UNREAD = {
    "the name of another thing": ("f = (x + y) z\n---\nq̄ = 2 f̄ z\nz̄ = f̄ q/2\nx̄ = q̄/2\nȳ = q̄", "uuuu"),
    "the other use of it alone": ("y = w x + b\nL = y²\n---\nw̄ = 2 y q\nȳ = 2 y", "uh"),
    "an entry without its sum": (
        "L = −Σ_k t_k log(e^(z_k) / Σ_l e^(z_l))\n---\np̄_k = −t_k / p_k\nz̄_k = p_k (p̄_k − p̄_j p_j)",
        "hw",
    ),
    "one that looks like two quantities": ("h = W x + b_h\ny = V h + b_y\nL = ½ ‖y − t‖²\n---\nȳ = y − t\nb̄ = ȳ", "hu"),
}


@pytest.mark.parametrize("case", UNREAD)
def test_a_name_that_nothing_tells_is_read_as_nothing(case):
    text, expected = UNREAD[case]
    rows = review(text).rows
    assert "".join(row.status[0] for row in rows) == expected
    assert all(row.repair.startswith("Write ") for row in rows if row.status == "unread")


def test_a_name_without_a_line_can_be_given_one():
    (row,) = review("f = (x + y) z\n---\nz̄ = f̄ 2 q/q").rows
    assert row.repair == "Write what it is,  q = …,  or one of the quantities:  f, x, y, z"


@pytest.mark.parametrize("n", ["x + σ(y)", "σ(y) + x"])
@pytest.mark.parametrize("late", [False, True])
def test_a_part_that_gets_a_line_afterwards_is_that_part_in_whatever_form_and_place(n, late):
    forward, parts = "f = (x + σ(y)) / (σ(x) + (x + y)²)\n", f"n = {n}\nq = (x + y)² + σ(x)\n"
    first, claims = "ȳ = n̄ σ'(y) + 2 q̄ (x + y)\n", "n̄ = f̄ / q\nq̄ = −f̄ n / q²\nx̄ = n̄ + q̄ (σ'(x) + 2(x + y))\n"
    text = forward + ("---\n" + first + parts if late else parts + "---\n" + first) + claims
    assert statuses(text) == ("hddhhh" if late else "hhhh")
    assert statuses(text.replace("q̄ = −f̄", "q̄ = f̄")) == ("hddhwh" if late else "hhwh")


def test_a_quantity_on_which_the_result_does_not_depend_has_no_signal_to_judge():
    rows = review("z = w x\nL = z²\nu = w + x\n---\nū = 3\nz̄ = 2z").rows
    assert [row.status for row in rows] == ["unread", "holds"]
    assert "'L' does not depend on 'u' in these equations." in rows[0].note


READINGS_TRIED = 15_000
"""Some 8,000 readings of names are asked for whether a line holds with them; without a limit on right sides 40,000, of one name."""


@pytest.mark.parametrize("names", [1, rounds(2, 6)])
def test_work_is_bounded_where_very_many_readings_hold(names: int):
    forward = "L = " + " + ".join(f"(a + {k} b)²" for k in range(1, 15))
    claims = [f"ā = 28 a + 210 b + {p} {q} − {p} {q}" for p in "pqrsuv"[:names] for q in "pqrsuv"]
    text = forward + "\n---\n" + "\n".join(claims)
    found: list[str] = []
    assert uses(AssignmentSearch, "holds", lambda: found.extend(statuses(text))) < READINGS_TRIED
    assert set(found) <= {"h", "u"}


def test_a_name_that_only_has_the_signal_of_another_is_no_part():
    found = review("z = w x + b\ny = σ(z)\nL = ½ (y − t)²\n\nȳ = y − t\nz̄ = ȳ σ'(z)\nē_3 = z̄").rows
    assert [row.status for row in found] == ["holds", "holds", "unread"]
    assert found[2].note == "not read: There is no quantity 'e_3' in the system."
