"""δ without a line that says what it is: read as the error signal with which the claims agree, else a name like any other."""

from __future__ import annotations

import re

import pytest

from wengert.notes.claims.review import Review, review

LAYERS = """
z⁽¹⁾ = W⁽¹⁾ x + b⁽¹⁾
a⁽¹⁾ = σ(z⁽¹⁾)
z⁽²⁾ = W⁽²⁾ a⁽¹⁾ + b⁽²⁾
a⁽²⁾ = σ(z⁽²⁾)
L = ½ ‖a⁽²⁾ − t‖²
"""
LAYER_CLAIMS = """
δ⁽²⁾ = (a⁽²⁾ − t) ⊙ σ'(z⁽²⁾)
δ⁽¹⁾ = W⁽²⁾ᵀ δ⁽²⁾ ⊙ σ'(z⁽¹⁾)
∂L/∂W⁽²⁾ = δ⁽²⁾ a⁽¹⁾ᵀ
∂L/∂b⁽²⁾ = δ⁽²⁾
∂L/∂W⁽¹⁾ = δ⁽¹⁾ xᵀ
∂L/∂b⁽¹⁾ = δ⁽¹⁾
"""
SQUARE_LABELS = (LAYERS + LAYER_CLAIMS).translate(
    str.maketrans({"⁽": "^{[", "⁾": "]}", "¹": "1", "²": "2"})
).replace("‖2", "‖²")  # fmt: skip
ENTRIES = r"""
$$a_j = \sum_i w_{ji} x_i \qquad z_j = \tanh(a_j) \qquad y_k = \sum_j v_{kj} z_j$$
$$E = \frac12 \sum_k (y_k - t_k)^2$$
$$\delta_k = y_k - t_k$$
$$\delta_j = (1 - z_j^2) \sum_k v_{kj} \delta_k$$
$$\frac{\partial E}{\partial w_{ji}} = \delta_j x_i$$
$$\frac{\partial E}{\partial v_{kj}} = \delta_k z_j$$
"""
SOFTMAX = """
z_j = Σ_i w_ji x_i
h_j = σ(z_j)
o_k = Σ_j v_kj h_j
y_k = e^{o_k} / Σ_l e^{o_l}
L = −Σ_k t_k log y_k

δ_k = y_k − t_k
v̄_kj = δ_k h_j
δ_j = h_j (1 − h_j) Σ_k v_kj δ_k
w̄_ji = δ_j x_i
"""
IN_TIME = """
a_t = W h_{t−1} + U x_t + b
h_t = tanh(a_t)
L = ½ Σ_t ‖h_t − d_t‖²

δ_t = (h_t − d_t + Wᵀ δ_{t+1}) ⊙ (1 − h_t²)
∂L/∂W = Σ_t δ_t h_{t−1}ᵀ
∂L/∂b = Σ_t δ_t
"""
ONE_LAYER = """
z = W x + b
y = σ(z)
L = ½ ‖y − t‖²
"""


def notes(found: Review) -> list[str]:
    return [row.note for row in found.rows if row.note]


@pytest.mark.parametrize(
    ("document", "claims", "said"),
    [
        (LAYERS + LAYER_CLAIMS, 6, ["δ⁽²⁾ read as z̄⁽²⁾", "δ⁽¹⁾ read as z̄⁽¹⁾"]),
        (SQUARE_LABELS, 6, ["δ⁽²⁾ read as z̄⁽²⁾", "δ⁽¹⁾ read as z̄⁽¹⁾"]),
        (ENTRIES, 4, ["δ_k read as ȳ_k", "δ_j read as ā_j"]),
        (SOFTMAX, 4, ["with Σ_k t_k = 1; δ_k read as ō_k", "δ_j read as z̄_j"]),
        (IN_TIME, 3, ["δ_t read as ā_t"]),
        (ONE_LAYER + "δ = (y − t) ⊙ σ'(z)\n∂L/∂W = δ xᵀ", 2, ["δ read as z̄"]),
        (ONE_LAYER + "∂L/∂W = δ xᵀ\n∂L/∂b = δ\nδ = (y − t) ⊙ σ'(z)", 3, ["δ read as z̄"]),
        (ONE_LAYER + "∂L/∂W = δ xᵀ\n∂L/∂b = δ", 2, ["δ read as z̄"]),
        (ONE_LAYER + "δ_out = y − t\nδ_in = δ_out ⊙ σ'(z)\nW̄ = δ_in xᵀ", 3, ["δ_out read as ȳ", "δ_in read as z̄"]),
    ],
)  # fmt: skip
def test_a_delta_is_the_signal_with_which_its_lines_agree(document: str, claims: int, said: list[str]) -> None:
    found = review(document)
    assert [row.status for row in found.rows] == ["holds"] * claims, str(found)
    assert notes(found) == said


@pytest.mark.parametrize(
    ("document", "right", "wrong", "kind"),
    [
        (LAYERS + LAYER_CLAIMS, "δ⁽¹⁾ = W⁽²⁾ᵀ δ⁽²⁾ ⊙ σ'(z⁽¹⁾)", "δ⁽¹⁾ = W⁽²⁾ᵀ δ⁽²⁾", "activation derivative"),
        (LAYERS + LAYER_CLAIMS, "δ⁽²⁾ = (a⁽²⁾ − t) ⊙ σ'(z⁽²⁾)", "δ⁽²⁾ = (t − a⁽²⁾) ⊙ σ'(z⁽²⁾)", "sign"),
        (LAYERS + LAYER_CLAIMS, "δ⁽²⁾ = (a⁽²⁾ − t) ⊙ σ'(z⁽²⁾)", "δ⁽²⁾ = 2 (a⁽²⁾ − t) ⊙ σ'(z⁽²⁾)", "factor"),
        (LAYERS + LAYER_CLAIMS, "∂L/∂W⁽¹⁾ = δ⁽¹⁾ xᵀ", "∂L/∂W⁽¹⁾ = x δ⁽¹⁾ᵀ", "transpose"),
        (LAYERS + LAYER_CLAIMS, "∂L/∂W⁽¹⁾ = δ⁽¹⁾ xᵀ", "∂L/∂W⁽¹⁾ = −δ⁽¹⁾ xᵀ", "sign"),
        (ENTRIES, r"\delta_k = y_k - t_k", r"\delta_k = t_k - y_k", "sign"),
        (ENTRIES, r"= \delta_j x_i", r"= -\delta_j x_i", "sign"),
        (SOFTMAX, "δ_j = h_j (1 − h_j) Σ_k", "δ_j = (1 − h_j) Σ_k", None),
        (IN_TIME, " + Wᵀ δ_{t+1}", "", None),
        (IN_TIME, "∂L/∂b = Σ_t δ_t", "∂L/∂b = −Σ_t δ_t", "sign"),
    ],
)  # fmt: skip
def test_a_mistake_does_not_spoil_the_reading_and_is_found_in_its_line(
    document: str, right: str, wrong: str, kind: str | None
) -> None:
    assert document.count(right) == 1
    changed = document.replace(right, wrong)
    line = (
        changed[: changed.index(wrong)].count("\n") + 1 if wrong else document[: document.index(right)].count("\n") + 1
    )
    found = review(changed)
    rows = [row for row in found.rows if row.status != "holds"]
    assert [(row.status, row.line) for row in rows] == [("wrong", line)], str(found)
    assert kind is None or rows[0].kind == kind


def test_a_delta_whose_line_states_one_signal_and_whose_only_use_another_is_the_one_that_it_states() -> None:
    found = review(ENTRIES.replace("(1 - z_j^2) ", ""))
    assert [row.status for row in found.rows] == ["holds", "holds", "wrong", "holds"]
    assert notes(found) == ["δ_k read as ȳ_k", "δ_j read as z̄_j"]
    assert (found.rows[2].kind, found.rows[2].corrected) == ("signal", "∂E/∂w_ji = ∂E/∂a_j x_i")


@pytest.mark.parametrize(
    ("claims", "statuses"),
    [
        ("δ = (t − y) ⊙ σ'(z)\n∂L/∂W = −δ xᵀ", ["defined", "holds"]),  # δ = −∂L/∂z, as some write
        ("δ = y − t\nz̄ = δ ⊙ y", ["holds", "wrong"]),
        ("δ = t − y\nȳ = δ", ["defined", "wrong"]),  # a line about the signal itself is no evidence
        ("δ = 2 y\nȳ = ½ δ − t", ["defined", "holds"]),
    ],
)
def test_a_delta_that_agrees_with_no_signal_is_a_name_that_the_author_gives(claims: str, statuses: list[str]) -> None:
    assert [row.status for row in review(ONE_LAYER + claims).rows] == statuses


def test_a_delta_without_a_line_on_which_its_uses_do_not_agree_is_not_read() -> None:
    found = review(ONE_LAYER + "∂L/∂W = δ xᵀ\n∂L/∂b = −δ")
    assert [row.status for row in found.rows] == ["unread", "unread"]
    assert {row.note for row in found.rows} == {"not read: 'δ' is not defined."}


def test_a_defined_delta_is_what_it_is_defined_to_be() -> None:
    found = review(ONE_LAYER + "δ = ∂L/∂y\n∂L/∂W = (δ ⊙ σ'(z)) xᵀ")
    assert [row.status for row in found.rows] == ["holds", "holds"]
    assert not notes(found)


def test_the_kronecker_delta_beside_an_error_signal_keeps_its_meaning() -> None:
    found = review(SOFTMAX.replace("v̄_kj", "∂y_k/∂o_l = y_k (δ_kl − y_l)\nv̄_kj"))
    assert [row.status for row in found.rows] == ["holds"] * 5, str(found)


def test_a_system_may_begin_with_a_quantity_called_delta() -> None:
    found = review("δ = x − m\nv = δ²\nL = v t\n\nv̄ = t\nδ̄ = 2 v̄ δ\nx̄ = −δ̄")
    assert [row.status for row in found.rows] == ["holds", "holds", "wrong"]


# ---------------------------------------------------------------- a layer in general

IN_GENERAL = r"""
$$z^{(l)} = W^{(l)} a^{(l-1)} + b^{(l)}$$
$$a^{(l)} = \sigma(z^{(l)})$$
$$L = \frac12 \|a^{(L)} - t\|^2$$

$$\delta^{(L)} = (a^{(L)} - t) \odot \sigma'(z^{(L)})$$
$$\delta^{(l)} = (W^{(l+1)})^\top \delta^{(l+1)} \odot \sigma'(z^{(l)})$$
$$\frac{\partial L}{\partial W^{(l)}} = \delta^{(l)} (a^{(l-1)})^\top$$
$$\frac{\partial L}{\partial b^{(l)}} = \delta^{(l)}$$
"""
BARE_EXPONENTS = r"""
$$z^l_j = \sum_k w^l_{jk} a^{l-1}_k + b^l_j$$
$$a^l_j = \sigma(z^l_j)$$
$$C = \frac12 \sum_j (y_j - a^L_j)^2$$

$$\delta^L_j = \frac{\partial C}{\partial a^L_j} \sigma'(z^L_j)$$
$$\delta^l_j = \sum_k w^{l+1}_{kj} \delta^{l+1}_k \sigma'(z^l_j)$$
$$\frac{\partial C}{\partial b^l_j} = \delta^l_j$$
$$\frac{\partial C}{\partial w^l_{jk}} = a^{l-1}_k \delta^l_j$$
"""
SQUARE = re.sub(r"\^\{\((.*?)\)\}", r"^{[\1]}", IN_GENERAL)
SUBSCRIPTS_FIRST = (
    BARE_EXPONENTS.replace("^l_j", "_j^{l}").replace("^l_{jk}", "_{jk}^{l}").replace("^{l-1}_k", "_k^{l-1}")
)


@pytest.mark.parametrize("text", [IN_GENERAL, BARE_EXPONENTS, SQUARE, SUBSCRIPTS_FIRST])
def test_books_write_a_layer_in_general_in_several_ways(text):
    found = review(text)
    assert [row.status for row in found.rows] == ["holds"] * 4


def test_the_last_layer_is_shown_as_its_author_counts_it():
    rows = review(IN_GENERAL).rows
    assert rows[0].text == "δ⁽ᴸ⁾ = (a⁽ᴸ⁾ − t) ∘ σ'(z⁽ᴸ⁾)"
    assert rows[0].note == "δ⁽ᴸ⁾ read as z̄⁽ᴸ⁾"
    assert rows[1].text == "δ⁽ˡ⁾ = W⁽ˡ⁺¹⁾ᵀ δ⁽ˡ⁺¹⁾ ∘ σ'(z⁽ˡ⁾)"


@pytest.mark.parametrize(
    ("right", "wrong", "kind", "corrected"),
    [
        ("(a^{(L)} - t)", "(t - a^{(L)})", "sign", "δ⁽ᴸ⁾ = (a⁽ᴸ⁾ − t) ∘ σ'(z⁽ᴸ⁾)"),
        (r"t) \odot", "t)", "product", "δ⁽ᴸ⁾ = (a⁽ᴸ⁾ − t) ∘ σ'(z⁽ᴸ⁾)"),
        (
            r"\delta^{(l+1)} \odot \sigma'(z^{(l)})",
            r"\delta^{(l+1)}",
            "activation derivative",
            "δ⁽ˡ⁾ = W⁽ˡ⁺¹⁾ᵀ δ⁽ˡ⁺¹⁾ ∘ σ'(z⁽ˡ⁾)",
        ),
        ("(W^{(l+1)})", "(W^{(l)})", "layer", "δ⁽ˡ⁾ = W⁽ˡ⁺¹⁾ᵀ δ⁽ˡ⁺¹⁾ ∘ σ'(z⁽ˡ⁾)"),
        ("(a^{(l-1)})", "(a^{(l)})", "layer", "∂L/∂W⁽ˡ⁾ = δ⁽ˡ⁾ a⁽ˡ⁻¹⁾ᵀ"),
    ],
)
def test_a_mistake_in_a_layer_in_general_is_corrected_in_its_letters(right, wrong, kind, corrected):
    assert IN_GENERAL.count(right) == 1
    (row,) = [row for row in review(IN_GENERAL.replace(right, wrong)).rows if row.status != "holds"]
    assert (row.status, row.kind, row.corrected) == ("wrong", kind, corrected)


def test_a_labelled_delta_with_a_mistake_is_the_signal_that_its_label_says():
    wrong = LAYERS + LAYER_CLAIMS.replace("(a⁽²⁾ − t)", "(t − a⁽²⁾)")
    assert [(row.line, row.kind) for row in review(wrong).rows if row.status != "holds"] == [(8, "sign")]


def test_a_labelled_delta_with_which_all_lines_hold_stays_a_name():
    text = LAYERS + LAYER_CLAIMS.replace("δ⁽²⁾ = (a⁽²⁾ − t)", "δ⁽²⁾ = (t − a⁽²⁾)")
    text = text.replace("δ⁽¹⁾ = W", "δ⁽¹⁾ = −W").replace("⁽²⁾ = δ⁽²⁾", "⁽²⁾ = −δ⁽²⁾")
    assert [row.status for row in review(text).rows] == ["defined", *["holds"] * 5]


def test_sizes_of_one_letter_in_two_layers_are_said_to_be_two():
    wrong = BARE_EXPONENTS.replace("w^{l+1}_{kj}", "w^{l+1}_{jk}")
    (row,) = [row for row in review(wrong).rows if row.status != "holds"]
    assert row.details[0] == "Two axes with the index 'j' meet that have different sizes."
    assert row.corrected == "δ⁽ˡ⁾_j = Σ_k w⁽ˡ⁺¹⁾_kj δ⁽ˡ⁺¹⁾_k σ'(z⁽ˡ⁾_j)"


SUM_WITHOUT_A_NAME = "h_t = tanh(W h_{t−1} + U x_t + b)\nL = ½ Σ_{t=1}^T ‖h_t − y_t‖²\n\n"
DELTA_OVER_TIME = """δ_t = (h_t − y_t + W^T δ_{t+1}) ⊙ (1 − h_t²)
∂L/∂W = Σ_t δ_t h_{t−1}^T
∂L/∂U = Σ_t δ_t x_t^T
∂L/∂b = Σ_t δ_t
"""


def test_a_delta_that_goes_back_in_time_is_the_signal_of_a_sum_without_a_name() -> None:
    rows = review(SUM_WITHOUT_A_NAME + DELTA_OVER_TIME).rows
    assert [row.status for row in rows] == ["holds"] * 4
    assert rows[0].note == "a_t read as W h_{t−1} + U x_t + b; δ_t read as ā_t"
    named = "a_t = W h_{t−1} + U x_t + b\nh_t = tanh(a_t)\nL = ½ Σ_{t=1}^T ‖h_t − y_t‖²\n\n"
    assert [row.status for row in review(named + DELTA_OVER_TIME).rows] == ["holds"] * 4
    of_h = "δ_t = h_t − y_t + W^T (δ_{t+1} ⊙ (1 − h_{t+1}²))\n∂L/∂W = Σ_t (δ_t ⊙ (1 − h_t²)) h_{t−1}^T\n"
    rows = review(SUM_WITHOUT_A_NAME + of_h).rows
    assert [(row.status, row.note) for row in rows] == [("holds", "δ_t read as h̄_t"), ("holds", "")]


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("h_{t−1}^T", "h_t^T"), ("⊙ (1 − h_t²)", "⊙ h_t"), ("W^T δ", "W δ"), ("δ_{t+1}", "δ_{t−1}")],
)
def test_a_mistake_in_a_delta_that_goes_back_in_time_is_said_in_its_line(right: str, wrong: str) -> None:
    assert DELTA_OVER_TIME.count(right) == 1
    changed = DELTA_OVER_TIME.replace(right, wrong)
    lines = zip(changed.splitlines(), DELTA_OVER_TIME.splitlines(), strict=True)
    places = [k for k, (after, before) in enumerate(lines) if after != before]
    rows = review(SUM_WITHOUT_A_NAME + changed).rows
    assert [k for k, row in enumerate(rows) if row.status == "wrong"] == places


def test_a_sum_without_a_name_is_found_over_time() -> None:
    claims = """∂L/∂a_t = ∂L/∂h_t ⊙ (1 − h_t²)
∂L/∂h_t = h_t − y_t + W^T ∂L/∂a_{t+1}
∂L/∂W = Σ_t ∂L/∂a_t h_{t−1}^T
"""
    assert [row.status for row in review(SUM_WITHOUT_A_NAME + claims).rows] == ["holds"] * 3
