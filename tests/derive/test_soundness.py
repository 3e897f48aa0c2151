"""Readings that are chosen because claims hold by them: one mistake does not turn them over, and no line holds for nothing."""

from __future__ import annotations

import pytest

from wengert.notes.claims.review import review

MEAN = "A ∈ ℝ^(k×m)\nZ = W X + b 𝟏ᵀ\nA = σ(Z)\nJ = 1/(2m) ‖A − T‖²\n\n"
UNNAMED_COUNT = "Z = W X + b 𝟏ᵀ\nA = σ(Z)\nJ = 1/(2m) ‖A − T‖²\n\n"
OF_SUM = ("dA = A − T", "dZ = dA ⊙ A ⊙ (1 − A)", "dW = 1/m dZ Xᵀ", "db = 1/m dZ 𝟏")
UNIT = "z = w x + b\ny = σ(z)\nL = ½ (y − t)²\n\nȳ = y − t\n"


def statuses(text: str) -> str:
    return "".join(row.status[0] for row in review(text).rows)


# ---------------------------------------------------------------- signals of the summed loss


@pytest.mark.parametrize("forward", [MEAN, UNNAMED_COUNT])
def test_signals_of_the_summed_loss_hold_where_the_lines_of_parameters_have_the_mean(forward: str) -> None:
    found = review(forward + "\n".join(OF_SUM))
    assert [row.status for row in found.rows] == ["holds"] * 4, str(found)
    assert found.rows[0].note == "m times the signal: the derivative of the sum, not of the mean"


@pytest.mark.parametrize("forward", [MEAN, UNNAMED_COUNT])
@pytest.mark.parametrize(
    "wrong",
    ["dA = A + T", "dA = 2 (A − T)", "dZ = dA ⊙ A", "dZ = A ⊙ (1 − A)", "dW = 1/m dZ X", "dW = dZ Xᵀ", "db = dZ 𝟏", "db = −1/m dZ 𝟏"],
)  # fmt: skip
def test_a_mistake_among_signals_of_the_summed_loss_is_said_once_and_in_its_line(forward: str, wrong: str) -> None:
    lines = [wrong if line[:2] == wrong[:2] else line for line in OF_SUM]
    place = next(k for k, line in enumerate(lines) if line == wrong)
    assert statuses(forward + "\n".join(lines)) == "".join("w" if k == place else "h" for k in range(4))


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("dA = 1/m (A − T)", *OF_SUM[1:]), "hhww"),  # signals of the mean, as they stand
        (("dA = A − T", OF_SUM[1], "dW = dZ Xᵀ", "db = dZ 𝟏"), "whhh"),  # no line has the mean
        (("dA = A − T", "dZ = 1/m dA ⊙ A ⊙ (1 − A)", "dW = dZ Xᵀ", "db = dZ 𝟏"), "whhh"),
    ],
)
def test_signals_are_not_those_of_the_summed_loss_for_the_sake_of_a_mistake(
    lines: tuple[str, ...], expected: str
) -> None:
    assert statuses(MEAN + "\n".join(lines)) == expected


def test_lines_that_read_no_signal_tell_nothing_of_its_scale() -> None:
    forward = "ŷ_n = w x_n + b\nL = 1/N Σ_n (ŷ_n − y_n)²\n\n"
    parameters = "∂L/∂w = 2/N Σ_n (ŷ_n − y_n) x_n\n∂L/∂b = 2/N Σ_n (ŷ_n − y_n)"
    assert statuses(f"{forward}∂L/∂ŷ_n = 2 (ŷ_n − y_n)\n{parameters}") == "whh"


# ---------------------------------------------------------------- names of the author's own


@pytest.mark.parametrize("lines", ["x̄ = g w ȳ\nw̄ = g x\nb̄ = g", "w̄ = g x\nx̄ = g w ȳ\nb̄ = g"])
def test_a_name_that_is_right_in_one_line_is_not_what_is_wrong_with_others(lines: str) -> None:
    found = review(UNIT + "g = y (1 − y)\n" + lines)
    assert sorted(row.text for row in found.rows if row.status == "wrong") == ["b̄ = g", "w̄ = g x"], str(found)
    assert all(row.kind == "no incoming signal" for row in found.rows if row.status == "wrong")


OWN_NAMES = {
    "a slope": (UNIT, "g = y (1 + y)", "w̄ = g ȳ x\nx̄ = g w ȳ\nb̄ = g ȳ"),
    "the signal of a part without a name": (
        "y = σ(w x + b)\nL = ½ (y − t)²\n\n",
        "δ = y − t",
        "∂L/∂w = δ x\n∂L/∂b = δ",
    ),
    "that of a part in matrices": (
        "o = σ(W_o x + U_o h)\ny = o ⊙ tanh(c)\n\ndo = dy ⊙ tanh(c)\n",
        "da_o = do ⊙ o ⊙ (1 + o)",
        "dW_o = da_o xᵀ\ndU_o = da_o hᵀ",
    ),
    "the value of a part": (
        "y_i = g_i x_i / √(v + ε)\n\n∂L/∂v = −½ Σ_i ∂L/∂y_i g_i x_i / √(v + ε)³\n",
        "r = 1 / (v + ε)",
        "∂L/∂g_i = ∂L/∂y_i x_i r\n∂L/∂x_i = ∂L/∂y_i g_i r",
    ),
    "a signal over time": (
        "h_t = σ(u x_t + v h_{t−1}), t = 1…T\nL = ½ Σ_t (h_t − y_t)²\n\n",
        "δ_t = h̄_t h_t",
        "h̄_t = h_t − y_t + v δ_{t+1}\nū = Σ_t δ_t x_t\nv̄ = Σ_t δ_t h_{t−1}",
    ),
    "a signal that is another's": (UNIT, "g = ȳ", "w̄ = g x\nx̄ = w g\nb̄ = g"),
}


@pytest.mark.parametrize("case", OWN_NAMES)
def test_a_mistake_in_the_line_of_an_own_name_is_said_where_it_is_used_first(case: str) -> None:
    forward, definition, uses = OWN_NAMES[case]
    found = review(f"{forward}{definition}\n{uses}")
    name = definition.split(" = ")[0].removesuffix("_t")
    place = next(k for k, row in enumerate(found.rows) if row.status == "defined") + 1
    after = [row.status for row in found.rows[place:]]
    assert after == ["wrong"] + ["holds"] * uses.count("\n"), str(found)
    assert found.rows[place + 1].note == f"with the line of {name} mended"


# ---------------------------------------------------------------- several results, signals that are 0, losses with several entries


@pytest.mark.parametrize(
    "wrong", ["dx_1 = −dy_1 cos θ + dy_2 sin θ", "dx_1 = 2 dy_1 cos θ + dy_2 sin θ", "dx_1 = dy_2 sin θ"]
)
def test_each_of_several_results_has_a_signal_from_outside(wrong: str) -> None:
    forward = "y_1 = x_1 cos θ − x_2 sin θ\ny_2 = x_1 sin θ + x_2 cos θ\n\n"
    lines = ["dx_1 = dy_1 cos θ + dy_2 sin θ", "dx_2 = −dy_1 sin θ + dy_2 cos θ"]
    assert statuses(forward + "\n".join(lines)) == "hh"
    assert statuses(forward + "\n".join([wrong, lines[1]])) == "wh"


@pytest.mark.parametrize("factor", ["2", "3"])
def test_a_statistic_beside_the_result_may_have_a_signal_from_outside(factor: str) -> None:
    forward = "m = 1/N Σ_n x_n\nv = 1/N Σ_n (x_n − m)²\ny_n = x_n m\n\n"
    claim = f"x̄_n = ȳ_n m + 1/N Σ_k ȳ_k x_k + {factor}/N v̄ (x_n − m)"
    assert statuses(forward + claim) == ("h" if factor == "2" else "w")


def test_no_line_holds_because_the_signals_that_it_reads_are_zero() -> None:
    found = review("z = w x\nu = v²\nL = u y\n\nw̄ = 3 z̄\nz̄ = 0\nw̄ = z̄ x\nū = y\n")
    assert [row.status for row in found.rows] == ["unread", "holds", "holds", "holds"], str(found)
    assert "'L' does not depend on 'z' in these equations." in found.rows[0].note


def test_a_loss_with_several_entries_stands_for_their_sum_and_the_note_says_so() -> None:
    forward = "z_n = Σ_j w_j x_nj\nL_n = ½ (z_n − t_n)²\n\n"
    found = review(forward + "z̄_n = z_n − t_n\nw̄_j = Σ_n z̄_n x_nj")
    assert [row.status for row in found.rows] == ["holds", "holds"], str(found)
    assert found.rows[0].note == "of the sum of the entries of L"
    assert statuses(forward + "z̄_n = z_n + t_n\nw̄_j = Σ_n z̄_n x_nj") == "wh"
    assert statuses(forward + "z̄_n = L̄_n (z_n − t_n)\nw̄_j = Σ_n (z_n − t_n) x_nj") == "hw"


def test_a_table_of_rows_is_no_loss_though_its_letter_is_one_of_a_loss() -> None:
    assert statuses("E_tj = C_{s_t,j}\n\nC̄_vj = Σ_t ⟦s_t = v⟧") == "w"
    assert statuses("E_tj = C_{s_t,j}\n\nC̄_vj = Σ_t ⟦s_t = v⟧ Ē_tj") == "h"


# ---------------------------------------------------------------- forms of lines


NETWORK = "z = W x + b\na = σ(z)\nL = ½ ‖a − y‖²\n\n"


@pytest.mark.parametrize(
    "claim",
    [
        "∂L/∂W = ∂L/∂a ∂a/∂z ∂z/∂W = ((a − y) ⊙ a ⊙ (1 − a)) xᵀ",
        "∂L/∂z = ∂L/∂a ⊙ ∂a/∂z",
        "∂L/∂b = ∂L/∂z · ∂z/∂b",
        "∂L/∂x = ∂z/∂x ∂a/∂z ∂L/∂a",
    ],
)
def test_the_chain_rule_in_whole_arrays_is_what_goes_back_on_that_way(claim: str) -> None:
    assert set(statuses(NETWORK + claim)) == {"h"}


@pytest.mark.parametrize("claim", ["∂L/∂W = ∂L/∂a ∂z/∂W", "∂L/∂z = −∂L/∂a ∂a/∂z", "∂L/∂x = ∂L/∂z ∂z/∂b"])
def test_a_mistake_in_a_product_by_the_chain_rule_is_wrong(claim: str) -> None:
    assert statuses(NETWORK + claim) == "w"


def test_a_product_by_the_chain_rule_is_one_of_the_ways_of_a_quantity_that_is_used_twice() -> None:
    forward = "h = tanh(W x)\ny = W h\nL = ½ ‖y − t‖²\n\n"
    ways = ("∂L/∂y ∂y/∂W", "∂L/∂h ∂h/∂W")
    assert statuses(f"{forward}∂L/∂W = {ways[0]} + {ways[1]}") == "h"
    for way in ways:
        (row,) = review(f"{forward}∂L/∂W = {way}").rows
        assert (row.status, row.kind) == ("wrong", "missing path")


@pytest.mark.parametrize("claim", ["w̄_k += −ȳ_i x_{2 i + k}", "x̄_{2 i + k} += −ȳ_i w_k"])
def test_the_sign_of_what_a_loop_adds_counts(claim: str) -> None:
    forward = "y_i = Σ_k w_k x_{2 i + k}\nL = ½ Σ_i (y_i − t_i)²\n\nȳ_i = y_i − t_i\n"
    assert statuses(forward + claim.replace("−", "")) == "hh"
    assert statuses(forward + claim) == "hw"


SCORES = "O_ik = Σ_j exp(Σ_d Q_id K_jd) V_jk\n\n"
SCORES_BACKWARD = (
    "dP_ij = Σ_k dO_ik V_jk",
    "dV_jk = Σ_i P_ij dO_ik",
    "dS_ij = dP_ij P_ij",
    "dQ_id = Σ_j dS_ij K_jd",
    "dK_jd = Σ_i dS_ij Q_id",
)


def test_a_name_is_told_by_lines_that_reach_it_through_own_names_too() -> None:
    lines = [line.replace("= Σ_i P", "= −Σ_i P") for line in SCORES_BACKWARD]
    assert statuses(SCORES + "\n".join(lines)) == "dwdhh"


TWO_LAYERS = r"""
$$ \hat y = W_2\, \sigma(W_1 x + b_1) + b_2, \qquad L = \tfrac12 \|\hat y - y\|^2 $$
$$ \delta_2 = \hat y - y $$
$$ \nabla_{W_2} L = \delta_2 h^\top $$
$$ \nabla_{b_2} L = \delta_2 $$
$$ \delta_1 = (W_2^\top \delta_2) \odot h \odot (1 - h) $$
$$ \nabla_{W_1} L = \delta_1 x^\top $$
$$ \nabla_{b_1} L = \delta_1 $$
"""


@pytest.mark.parametrize(
    ("right", "wrong", "expected"),
    [
        (r"= \hat y - y", r"= 2 (\hat y - y)", "whhdhh"),
        (r"= \delta_2 h", r"= -\delta_2 h", "hwhdhh"),
        (r"(1 - h)", "(1 + h)", "hhhdwh"),
        (r"b_1} L = ", "b_1} L = 2 ", "hhhdhw"),
    ],
)
def test_a_mistake_leaves_the_meaning_of_delta_and_of_a_name_beside_it(right: str, wrong: str, expected: str) -> None:
    assert TWO_LAYERS.count(right) == 1
    assert statuses(TWO_LAYERS.replace(right, wrong)) == expected


def test_a_delta_on_whose_meaning_its_lines_do_not_agree_is_told_by_those_of_others() -> None:
    forward = "z¹ = w¹ x + b¹\na¹ = σ(z¹)\nz² = w² a¹ + b²\na² = σ(z²)\nC = ½ ‖y − a²‖²\n\n"
    lines = "δ¹ = ((w²)ᵀ δ²) ⊙ σ'(z¹)\n∂C/∂b¹_j = δ¹_j\n∂C/∂w²_jk = a¹_k δ²_j\n∂C/∂w¹_jk = x_k δ¹_j"
    assert statuses(f"{forward}δ² = (a² − y) ⊙ σ'(z²)\n{lines}") == "hhhhh"
    assert statuses(f"{forward}δ² = a² − y\n{lines}") == "whhhh"


def test_an_own_name_whose_line_has_an_index_too_many_does_not_hold() -> None:
    found = review(SCORES + "\n".join(line.replace("= Σ_k", "=") for line in SCORES_BACKWARD))
    assert found.rows[0].status == "open", str(found)  # what reads it is not read
    assert found.rows[0].details == ("The index 'k' is free on the right side but not on the left.",)
    assert found.count("wrong") == 0


@pytest.mark.parametrize(("right", "expected"), [("λ W", "h"), ("λ Wᵀ", "w"), ("2 λ W", "w")])
def test_the_derivative_of_a_number_by_a_matrix_is_not_its_transpose(right: str, expected: str) -> None:
    forward = "y = W x\ns = ½ λ ‖W‖²\nL = ‖y‖² + s\n\n"
    assert statuses(f"{forward}∂s/∂W = {right}") == expected
