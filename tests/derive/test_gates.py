"""Gates and scores under the names that papers give them: i_t, f_t, o_t, g_t, n_t, c_t, e_ij. A letter that is assigned is a quantity."""

from __future__ import annotations

import pytest

import wengert as wg
from tests.derive.shared import derivation_of, system_of
from wengert.notes.claims.review import review

LSTM = """
i_t = σ(W_i x_t + U_i h_{t−1} + b_i)
f_t = σ(W_f x_t + U_f h_{t−1} + b_f)
o_t = σ(W_o x_t + U_o h_{t−1} + b_o)
g_t = tanh(W_g x_t + U_g h_{t−1} + b_g)
c_t = f_t ⊙ c_{t−1} + i_t ⊙ g_t
h_t = o_t ⊙ tanh(c_t)
L = ½ Σ_t ‖h_t − d_t‖²
"""
LSTM_CLAIMS = """
ō_t = h̄_t ⊙ tanh(c_t)
c̄_t = h̄_t ⊙ o_t ⊙ (1 − tanh²(c_t)) + c̄_{t+1} ⊙ f_{t+1}
ī_t = c̄_t ⊙ g_t
ḡ_t = c̄_t ⊙ i_t
f̄_t = c̄_t ⊙ c_{t−1}
W̄_i = Σ_t (ī_t ⊙ i_t ⊙ (1 − i_t)) x_tᵀ
Ū_i = Σ_t (ī_t ⊙ i_t ⊙ (1 − i_t)) h_{t−1}ᵀ
b̄_i = Σ_t ī_t ⊙ i_t ⊙ (1 − i_t)
b̄_g = Σ_t ḡ_t ⊙ (1 − g_t²)
"""
LSTM_LATEX = r"""
i_t = \sigma(W_{xi} x_t + W_{hi} h_{t-1} + b_i) \\
f_t = \sigma(W_{xf} x_t + W_{hf} h_{t-1} + b_f) \\
o_t = \sigma(W_{xo} x_t + W_{ho} h_{t-1} + b_o) \\
\tilde{c}_t = \tanh(W_{xc} x_t + W_{hc} h_{t-1} + b_c) \\
c_t = f_t \odot c_{t-1} + i_t \odot \tilde{c}_t \\
h_t = o_t \odot \tanh(c_t) \\
L = \frac12 \sum_t \|h_t - d_t\|^2
"""
LSTM_LATEX_CLAIMS = r"""
\bar o_t &= \bar h_t \odot \tanh(c_t) \\
\bar c_t &= \bar h_t \odot o_t \odot (1 - \tanh^2(c_t)) + \bar c_{t+1} \odot f_{t+1} \\
\bar i_t &= \bar c_t \odot \tilde{c}_t \\
\bar f_t &= \bar c_t \odot c_{t-1} \\
\bar W_{hi} &= \sum_t (\bar i_t \odot i_t \odot (1 - i_t)) h_{t-1}^\top \\
\bar b_f &= \sum_t \bar f_t \odot f_t \odot (1 - f_t)
"""
GRU = """
r_t = σ(W_r x_t + U_r h_{t−1} + b_r)
z_t = σ(W_z x_t + U_z h_{t−1} + b_z)
n_t = tanh(W_n x_t + b_n + r_t ⊙ (U_n h_{t−1} + c_n))
h_t = (1 − z_t) ⊙ n_t + z_t ⊙ h_{t−1}
L = ½ Σ_t ‖h_t − d_t‖²
"""
GRU_CLAIMS = """
n̄_t = h̄_t ⊙ (1 − z_t)
z̄_t = h̄_t ⊙ (h_{t−1} − n_t)
r̄_t = n̄_t ⊙ (1 − n_t²) ⊙ (U_n h_{t−1} + c_n)
W̄_n = Σ_t (n̄_t ⊙ (1 − n_t²)) x_tᵀ
c̄_n = Σ_t n̄_t ⊙ (1 − n_t²) ⊙ r_t
b̄_z = Σ_t z̄_t ⊙ z_t ⊙ (1 − z_t)
b̄_r = Σ_t r̄_t ⊙ r_t ⊙ (1 − r_t)
"""
GRU_LATEX = r"""
r_t = \sigma(W_r x_t + U_r h_{t-1} + b_r) \\
z_t = \sigma(W_z x_t + U_z h_{t-1} + b_z) \\
n_t = \tanh(W_n x_t + b_n + r_t \odot (U_n h_{t-1} + c_n)) \\
h_t = (1 - z_t) \odot n_t + z_t \odot h_{t-1} \\
L = \frac12 \sum_t \|h_t - d_t\|^2
"""
GRU_LATEX_CLAIMS = r"""
\bar n_t &= \bar h_t \odot (1 - z_t) \\
\bar z_t &= \bar h_t \odot (h_{t-1} - n_t) \\
\bar U_n &= \sum_t (\bar n_t \odot (1 - n_t^2) \odot r_t) h_{t-1}^\top \\
\bar b_r &= \sum_t \bar r_t \odot r_t \odot (1 - r_t)
"""
SUPERSCRIPTS = """
a⁽ⁱ⁾_t = W_i x_t + U_i h_{t−1} + b_i
i_t = σ(a⁽ⁱ⁾_t)
h_t = tanh(h_{t−1} + i_t ⊙ x_t)
L = ½ Σ_t ‖h_t − d_t‖²
"""
SUBSCRIPTS = SUPERSCRIPTS.replace("a⁽ⁱ⁾_t", "a_{i,t}")
BAHDANAU = r"""
e_{ij} = \sum_k v_k \tanh(a_{ik} + b_{jk}) \\
\alpha_{ij} = \frac{e^{e_{ij}}}{\sum_k e^{e_{ik}}} \\
c_{il} = \sum_j \alpha_{ij} h_{jl} \\
L = \sum_{i} \sum_l c_{il} t_{il}
"""
BAHDANAU_CLAIMS = r"""
\bar\alpha_{ij} &= \sum_l \bar c_{il} h_{jl} \\
\bar e_{ij} &= \alpha_{ij} (\bar\alpha_{ij} - \sum_k \alpha_{ik} \bar\alpha_{ik}) \\
\bar v_k &= \sum_i \sum_j \bar e_{ij} \tanh(a_{ik} + b_{jk}) \\
\bar h_{jl} &= \sum_i \bar c_{il} \alpha_{ij}
"""
SYSTEMS = {
    "lstm": (LSTM, "text"),
    "lstm in latex": (LSTM_LATEX, "latex"),
    "gru": (GRU, "text"),
    "gru in latex": (GRU_LATEX, "latex"),
    "superscripts": (SUPERSCRIPTS, "text"),
    "subscripts": (SUBSCRIPTS, "text"),
    "bahdanau": (BAHDANAU, "latex"),
}


def display(equations: str) -> str:
    return rf"$$\begin{{aligned}}{equations}\end{{aligned}}$$" + "\n"


@pytest.mark.parametrize("name", SYSTEMS)
def test_the_backward_pass_agrees_with_forward_mode_and_complex_step(name: str) -> None:
    text, syntax = SYSTEMS[name]
    report = derivation_of(text, syntax).check()
    assert report.difference < 1e-11
    assert report.routes == ("forward mode", "complex step")


def test_gates_are_quantities_and_their_letters_no_indices() -> None:
    for text, syntax in (SYSTEMS["lstm"], SYSTEMS["lstm in latex"]):
        system = system_of(text, syntax).data
        assert {system.quantities[name].type.rank for name in ("i", "f", "o", "c", "h")} == {2}
        assert {system.quantities[name].type.rank for name in ("b_i", "b_f", "b_o")} == {1}
    assert [system_of(GRU, "text").data.quantities[name].type.rank for name in ("n", "U_n", "c_n")] == [2, 2, 1]


@pytest.mark.parametrize(
    ("document", "claims"),
    [
        (LSTM + LSTM_CLAIMS, 9),
        (display(LSTM_LATEX) + display(LSTM_LATEX_CLAIMS), 6),
        (GRU + GRU_CLAIMS, 7),
        (display(GRU_LATEX) + display(GRU_LATEX_CLAIMS), 4),
        (SUPERSCRIPTS + "ā⁽ⁱ⁾_t = ī_t ⊙ i_t ⊙ (1 − i_t)", 1),
        (SUBSCRIPTS + "ā_{i,t} = ī_t ⊙ i_t ⊙ (1 − i_t)", 1),
        (display(BAHDANAU) + display(BAHDANAU_CLAIMS), 4),
    ],
)
def test_a_right_derivation_holds(document: str, claims: int) -> None:
    found = review(document)
    assert [(row.status, row.note) for row in found.rows] == [("holds", "")] * claims, str(found)


@pytest.mark.parametrize(
    ("document", "right", "wrong", "kind"),
    [
        (LSTM + LSTM_CLAIMS, "ī_t = c̄_t ⊙ g_t", "ī_t = c̄_t ⊙ i_t", "quantity"),
        (LSTM + LSTM_CLAIMS, "c̄_{t+1} ⊙ f_{t+1}", "c̄_{t+1} ⊙ f_t", None),
        (LSTM + LSTM_CLAIMS, "− tanh²(c_t)) + c̄_{t+1} ⊙ f_{t+1}", "− tanh²(c_t))", "missing path"),
        (LSTM + LSTM_CLAIMS, "b̄_i = Σ_t ī_t ⊙ i_t ⊙ (1 − i_t)", "b̄_i = Σ_t i_t ⊙ (1 − i_t)", "no incoming signal"),
        (display(LSTM_LATEX) + display(LSTM_LATEX_CLAIMS), "i_t \\odot (1 - i_t)", "i_t \\odot (1 + i_t)", "sign"),
        (GRU + GRU_CLAIMS, "(h_{t−1} − n_t)", "(n_t − h_{t−1})", "sign"),
        (GRU + GRU_CLAIMS, "W̄_n = Σ_t (n̄_t ⊙ (1 − n_t²)) x_tᵀ", "W̄_n = Σ_t n̄_t x_tᵀ", "activation derivative"),
        (display(GRU_LATEX) + display(GRU_LATEX_CLAIMS), "(1 - z_t) \\\\\n\\bar z", "z_t \\\\\n\\bar z", None),
        (display(BAHDANAU) + display(BAHDANAU_CLAIMS), "\\alpha_{ik} \\bar\\alpha_{ik}", "\\bar\\alpha_{ik}", None),
    ],
)  # fmt: skip
def test_one_wrong_line_is_found_there_and_only_there(document: str, right: str, wrong: str, kind: str | None) -> None:
    assert document.count(right) == 1
    changed = document.replace(right, wrong)
    line = changed[: changed.index(wrong)].count("\n") + 1
    rows = [row for row in review(changed).rows if row.status != "holds"]
    assert [(row.status, row.line) for row in rows] == [("wrong", line)]
    assert kind is None or rows[0].kind == kind


@pytest.mark.parametrize(
    "line", ["α_i = exp(e_i) / Σ_k exp(e_k)", "α_i = e^(e_i) / Σ_k e^(e_k)", "α_i = e^{e_i} / Σ_k e^{e_k}"]
)
def test_entries_of_e_leave_the_exponential_function_as_it_is(line: str) -> None:
    system = wg.equations(f"e_i = Σ_j w_ij x_j\n{line}\nL = Σ_i α_i t_i")
    assert not system.warnings
    assert "  α_i = exp(e_i) / Σ_k exp(e_k)" in str(system.backward()).splitlines()


def test_an_exponential_beside_an_array_e_says_so_where_a_power_could_be_meant() -> None:
    for errors in ("e_i = y_i − t_i\nL = Σ_i e_i² + e^{−s}", "e = y − t\nL = ½ ‖e‖² + e^{−s}"):
        system = wg.equations(errors)
        assert [warning.splitlines()[0][:45] for warning in system.warnings] == [
            "'e^…' is read as the exponential function, th"
            if "_i" in errors
            else "'e^…' is read as the exponential function, be"
        ]
        assert "  s̄ = −L̄ exp(−s)" in str(system.backward()).splitlines()


def test_the_transpose_and_the_square_of_an_array_e_are_its_own() -> None:
    system = wg.equations("e_i = y_i − t_i\nL = eᵀ e")
    assert "  ē_i = 2 L̄ e_i" in str(system.backward()).splitlines()
    system = wg.equations("e = y − t\ns = e^2\nL = 𝟏ᵀ s + ‖y‖")
    assert any(line.startswith("  ē = 2 (s̄ ∘ e)") for line in str(system.backward()).splitlines())


def test_a_computed_number_e_is_raised_to_powers() -> None:
    lines = str(wg.equations("e = Σ_k x_k\ny = e^z").backward()).splitlines()
    assert "  ē = ȳ z e^{z − 1} ⟦|e| + |z| ≠ 0⟧" in lines


def test_the_cell_of_an_lstm_is_one_of_vectors_where_its_loss_is_a_distance() -> None:
    cell = "i = σ(a_i)\nf = σ(a_f)\no = σ(a_o)\ng = tanh(a_g)\nc = f ⊙ c_prev + i ⊙ g\nh = o ⊙ tanh(c)\nL = ½ ‖h − t‖²"
    system = wg.equations(cell).data
    assert {quantity.type.rank for name, quantity in system.quantities.items() if name != "L"} == {1}


def test_a_loss_is_a_number_though_products_entry_by_entry_stand_before_it() -> None:
    for text in ("z = w ⊙ x\nL = (z − t)²", "z = w ⊙ x\ny = z ⊙ v\nL = (y − t)²"):
        assert not wg.equations(text).data.quantities["L"].type.rank


# ---------------------------------------------------------------- gates without an index of time

PLAIN_LSTM = """f = σ(W_f x_t + U_f h_{t−1} + b_f)
i = σ(W_i x_t + U_i h_{t−1} + b_i)
o = σ(W_o x_t + U_o h_{t−1} + b_o)
g = tanh(W_g x_t + U_g h_{t−1} + b_g)
c_t = f ⊙ c_{t−1} + i ⊙ g
h_t = o ⊙ tanh(c_t)
"""
OVER_TIME = "L = ½ Σ_t ‖h_t − y_t‖²\n"
PLAIN_CLAIMS = """
ō = h̄_t ⊙ tanh(c_t)
c̄_t = h̄_t ⊙ o ⊙ (1 − tanh²(c_t)) + c̄_{t+1} ⊙ f_{t+1}
f̄ = c̄_t ⊙ c_{t−1}
ī = c̄_t ⊙ g
W̄_f = Σ_t (f̄ ⊙ f ⊙ (1 − f)) x_tᵀ
Ū_o = Σ_t (ō ⊙ o ⊙ (1 − o)) h_{t−1}^T
b̄_i = Σ_t ī ⊙ i ⊙ (1 − i)
"""
PLAIN_GRU = r"""
$$z = \sigma(W_z x_t + U_z h_{t-1})$$
$$r = \sigma(W_r x_t + U_r h_{t-1})$$
$$\tilde h = \tanh(W x_t + U (r \odot h_{t-1}))$$
$$h_t = (1 - z) \odot h_{t-1} + z \odot \tilde h$$
$$L = \sum_{t=1}^T \frac12 \|h_t - y_t\|^2$$

$$\frac{\partial L}{\partial z} = \frac{\partial L}{\partial h_t} \odot (\tilde h - h_{t-1})$$
$$\frac{\partial L}{\partial \tilde h} = \frac{\partial L}{\partial h_t} \odot z$$
$$\frac{\partial L}{\partial U_z} = \sum_t (\frac{\partial L}{\partial z} \odot z \odot (1 - z)) h_{t-1}^T$$
"""


def test_gates_without_an_index_of_time_are_lines_for_each_step() -> None:
    system = wg.equations(PLAIN_LSTM + OVER_TIME)
    stepped = PLAIN_LSTM.replace("f =", "f_t =").replace("i =", "i_t =").replace("o =", "o_t =").replace("g =", "g_t =")
    stepped = stepped.replace("f ⊙", "f_t ⊙").replace("i ⊙ g", "i_t ⊙ g_t").replace("= o ⊙", "= o_t ⊙")
    assert str(system.backward()) == str(wg.equations(stepped + OVER_TIME).backward())
    assert system.warnings[0].splitlines() == [
        "'f' is read as 'f_t', because its line is one for each step.",
        "  line 1: f = σ(W_f x_t + U_f h_{t−1} + b_f)",
        "          ^",
        "Write:  f_t = …",
    ]


@pytest.mark.parametrize("loss", [OVER_TIME, ""])
def test_claims_about_gates_without_an_index_of_time_are_about_step_t(loss: str) -> None:
    found = review(PLAIN_LSTM + loss + PLAIN_CLAIMS).rows
    assert [row.status for row in found] == ["holds"] * 7
    assert found[0].note == "f read as f_t; i read as i_t; o read as o_t; g read as g_t"
    assert [row.status for row in review(PLAIN_GRU).rows] == ["holds"] * 3


@pytest.mark.parametrize(
    ("right", "wrong", "kind"),
    [
        ("ī = c̄_t ⊙ g", "ī = c̄_t ⊙ i", "quantity"),
        (" + c̄_{t+1} ⊙ f_{t+1}", "", "missing path"),
        ("c̄_t ⊙ c_{t−1}", "c̄_t ⊙ c_t", "step"),
        ("Σ_t ī ⊙ i", "ī ⊙ i", "missing sum"),
    ],
)
def test_a_mistake_about_such_a_gate_is_found_there_and_only_there(right: str, wrong: str, kind: str) -> None:
    assert PLAIN_CLAIMS.count(right) == 1
    found = review(PLAIN_LSTM + OVER_TIME + PLAIN_CLAIMS.replace(right, wrong)).rows
    assert [(row.status, row.kind) for row in found if row.status != "holds"] == [("wrong", kind)]


def test_a_single_step_without_an_index_at_its_gates_stays_one() -> None:
    claims = "\nō = h̄_t ⊙ tanh(c_t)\nc̄_t = h̄_t ⊙ o ⊙ (1 − tanh²(c_t))\nf̄ = c̄_t ⊙ c_{t−1}\nc̄_{t−1} = c̄_t ⊙ f\nW̄_f = f̄ x_{t−2}ᵀ"
    found = review(PLAIN_LSTM + claims).rows
    assert [row.status for row in found] == ["holds"] * 4 + ["unread"]
    assert found[-1].note == "not read: 'x_{t−2}' is not defined."
    assert "h_{t−1}" in found[-1].repair


def test_outputs_and_sums_before_the_activation_without_an_index_of_time_are_those_of_step_t() -> None:
    text = """a = W h_{t−1} + U x_t
h_t = tanh(a)        for t = 1…T
y = V h_t
L = Σ_{t=1}^T ‖y − d_t‖²

ȳ = 2 (y − d_t)
V̄ = Σ_t ȳ h_tᵀ
h̄_t = Vᵀ ȳ + Wᵀ ā_{t+1}
ā = h̄_t ⊙ (1 − h_t²)
W̄ = Σ_t ā h_{t−1}ᵀ
"""
    assert [row.status for row in review(text).rows] == ["holds"] * 5
    of_the_last = "h_t = tanh(W h_{t−1} + U x_t)\ny = V h_T\nL = ½ ‖y − d‖²\n\nȳ = y − d\nV̄ = ȳ h_Tᵀ"
    assert [(row.status, row.note) for row in review(of_the_last).rows] == [("holds", "")] * 2


def test_a_differential_in_a_recurrence_is_an_error_signal() -> None:
    text = "f_t = σ(W_f x_t + U_f h_{t−1})\nc_t = f_t ⊙ c_{t−1}\nh_t = tanh(c_t)\nL = Σ_t ½ ‖h_t − y_t‖²"
    claims = (
        "dc_t = dh_t ⊙ (1 − h_t²) + dc_{t+1} ⊙ f_{t+1}\ndf_t = dc_t ⊙ c_{t−1}\ndW_f = Σ_t (df_t ⊙ f_t ⊙ (1 − f_t)) x_tᵀ"
    )
    assert [row.status for row in review(f"{text}\n\n{claims}").rows] == ["holds"] * 3
