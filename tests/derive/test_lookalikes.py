"""Names in claims that look like quantities and are none: never silently one of them."""

from __future__ import annotations

import pytest

from wengert.notes.claims.review import review

TWO_WEIGHTS = "h = σ(w⁽¹⁾ x)\ny = w⁽²⁾ h\nL = ½ (y − t)²\n\nȳ = y − t\n"
TWO_BIASES = "h = tanh(W x + b_h)\ny = V h + b_y\nL = ½ ‖y − t‖²\n\nȳ = y − t\n"
TWO_LAYERS = (
    "h⁽¹⁾_t = tanh(U h⁽¹⁾_{t−1} + x_t)\nh⁽²⁾_t = tanh(W h⁽²⁾_{t−1} + V h⁽¹⁾_t)\nL = ½ Σ_t ‖h⁽²⁾_t − q_t‖²\n\n"
    "∂L/∂V = Σ_t (h̄⁽²⁾_t ⊙ (1 − (h⁽²⁾_t)²)) (h⁽¹⁾_t)ᵀ\n"
)
D_AND_X = "d = 2 x\ny = d x\nL = ½ (y − t)²\n\nȳ = y − t\n"
D_AND_X_LATEX = "$$d = 2 x, \\quad y = d x, \\quad L = \\frac12 (y - t)^2$$\n$$\\bar y = y - t$$\n"
MATRIX_AND_VECTOR = "z = W x + w\nL = ½ ‖z − t‖²\n\nz̄ = z − t\n"
ONE_LINE = "z = W x + b\nL = ½ ‖z − t‖²\n\nz̄ = z − t\n"


@pytest.mark.parametrize(
    ("document", "claim", "reason", "repair"),
    [
        (
            TWO_WEIGHTS,
            "w̄ = ȳ h",
            "There is no quantity 'w' in the system; there are 'w⁽¹⁾' and 'w⁽²⁾'.",
            "Write 'w̄⁽¹⁾' or 'w̄⁽²⁾' for the signal that is meant.",
        ),
        (
            TWO_WEIGHTS,
            "h̄ = ȳ w",
            "There is no quantity 'w' in the system; there are 'w⁽¹⁾' and 'w⁽²⁾'.",
            "Write 'w̄⁽¹⁾' or 'w̄⁽²⁾' for the signal that is meant.",
        ),
        (
            TWO_WEIGHTS,
            "W̄⁽³⁾ = ȳ h",
            "There is no quantity 'W⁽³⁾' in the system; there are 'w⁽¹⁾' and 'w⁽²⁾'.",
            "Write 'w̄⁽¹⁾' or 'w̄⁽²⁾' for the signal that is meant.",
        ),
        (
            TWO_BIASES,
            "b̄ = ȳ",
            "There is no quantity 'b' in the system; there are 'b_h' and 'b_y'.",
            "Write 'b̄_h' or 'b̄_y' for the signal that is meant.",
        ),
        (
            TWO_BIASES,
            "b̄_o = ȳ",
            "There is no quantity 'b_o' in the system; there are 'b_h' and 'b_y'.",
            "Write 'b̄_h' or 'b̄_y' for the signal that is meant.",
        ),
        (
            ONE_LINE,
            "T̄ = t − z",
            "There is no quantity 'T' in the system; there is 't'.",
            "Write 't̄' for the signal that is meant.",
        ),
        (
            D_AND_X,
            "dy = y − t",
            "'dy' can be the error signal of 'y', or 'd' times 'y', because 'd' is a quantity here.",
            "Write the signal with a bar:  ȳ = …",
        ),
        (D_AND_X_LATEX, r"$$dx = 4 x (y - t)$$", "The left side must be one quantity.", None),
    ],
)
def test_what_could_be_several_quantities_is_not_read(
    document: str, claim: str, reason: str, repair: str | None
) -> None:
    found = review(document + claim)
    assert [row.status for row in found.rows] == ["holds", "unread"], str(found)
    assert found.rows[-1].note == f"not read: {reason}"
    assert repair is None or found.rows[-1].repair == repair


def test_a_nabla_without_a_name_is_read_as_the_quantity_with_which_it_holds() -> None:
    assert [row.status for row in review(ONE_LINE + "∇L = z − t").rows] == ["holds", "holds"]


def test_a_layer_of_states_is_named_with_its_label() -> None:
    found = review(TWO_LAYERS + "h̄_t = h_t − q_t")
    assert [row.status for row in found.rows] == ["holds", "unread"], str(found)


@pytest.mark.parametrize("claim", ["W̄ = z̄ xᵀ", "dW = z̄ xᵀ", "∇_W L = z̄ xᵀ", "w̄ = z̄", "dw = z̄", "∂L/∂w = z̄"])
def test_a_matrix_and_a_vector_of_one_letter_are_told_apart_by_its_case(claim: str) -> None:
    assert [row.status for row in review(MATRIX_AND_VECTOR + claim).rows] == ["holds", "holds"]
    swapped = claim.replace("z̄ xᵀ", "ȳ").replace("z̄", "z̄ xᵀ").replace("ȳ", "z̄")
    assert [row.status for row in review(MATRIX_AND_VECTOR + swapped).rows] == ["holds", "wrong"]


def test_a_plain_letter_that_is_short_for_one_quantity_is_read_so_and_says_so() -> None:
    found = review("h = tanh(W x + b_h)\nL = ½ ‖h − t‖²\n\nh̄ = h − t\nb̄ = h̄ ⊙ (1 − h²)\nb̄ = h̄")
    assert [row.status for row in found.rows] == ["holds", "holds", "wrong"]
    assert found.rows[1].note == "b read as b_h"


def test_the_size_and_the_identity_beside_index_letters_are_no_lookalikes() -> None:
    found = review("z_n = w x_n\nL = 1/N Σ_n (z_n − t_n)²\n\nz̄_n = 2/N (z_n − t_n)\nw̄ = Σ_n z̄_n x_n")
    assert [row.status for row in found.rows] == ["holds", "holds"], str(found)
