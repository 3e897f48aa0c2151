"""What could mean two things is an error or a warning, and what is printed is read back as it was meant."""

import pytest

import wengert as wg
from wengert.notes.notation.reader import read
from wengert.notes.notation.unicode import show


@pytest.mark.parametrize("text", ["y = 9^9^9", "y = x^a^b"])
def test_a_power_of_a_power_without_brackets_is_an_error(text: str) -> None:
    with pytest.raises(wg.EquationError, match="A power of a power can mean two things"):
        read(text)


@pytest.mark.parametrize("text", ["y = x^{a + b}", "y = (x²)³", "y = (Aᵀ)²"])
def test_a_written_exponent_is_printed_as_it_is_read(text: str) -> None:
    assert show(read(text).lines[0]) == text


def test_an_array_as_the_last_line_beside_indices_is_a_warning() -> None:
    system = wg.equations("z = w x + b\nL = ½ (z − t)² + λ Σ_j w_j²")
    assert len(system.warnings) == 1
    assert system.warnings[0].splitlines()[0] == (
        "'L' is read as a vector: 'w' has an index in one place and stands whole in others."
    )


def test_a_sum_that_is_added_to_every_entry_is_a_warning() -> None:
    system = wg.equations("w ∈ ℝ^n\nt ∈ ℝ^n\nL = (w − t)² + ‖w‖²")
    assert [warning.splitlines()[0] for warning in system.warnings] == [
        "This sum is a number, and it is added to every entry of an array."
    ]


def test_an_unknown_word_before_a_bracket_is_an_error() -> None:
    with pytest.raises(wg.EquationError) as caught:
        wg.equations("y = w x\nL = foo(y)")
    assert str(caught.value) == (
        "'foo' is not a function that is known.\n"
        "  line 2: L = foo(y)\n"
        "              ^^^\n"
        "Declare it, or set a sign if a product is meant:  foo: function"
    )


def test_a_letter_before_a_name_in_brackets_is_a_product_with_a_warning() -> None:
    assert [w.splitlines()[0] for w in wg.equations("L = H(x)").warnings] == ["'H(x)' is read as a product."]
    assert wg.equations("y = a(b + c)").warnings == ()


SOFTMAX = "p_k = e^(z_k) / Σ_l e^(z_l)\n"


def test_an_entry_at_an_integer_is_read_where_nothing_else_reads_the_array() -> None:
    system = wg.equations(SOFTMAX + "L = −log p_y")
    assert [w.splitlines() for w in system.warnings] == [
        [
            "'p_y' is read as the entry of 'p' at an integer 'y'.",
            "  line 2: L = −log p_y",
            "                    ^^",
            "Declare it if it is a name of its own:  data p_y",
        ]
    ]
    derivation = system.backward()
    assert derivation.check()
    assert str(derivation).splitlines()[-1] == "  z̄_k = p_k (p̄_k − Σ_l p̄_l p_l) = L̄ (p_k − ⟦k = y⟧)"
    assert system.forward(z=[0.0, 0.0], y=1)["L"] == pytest.approx(0.6931471805599453)
    assert wg.equations(SOFTMAX + "L = −log Σ_k ⟦k = y⟧ p_k").warnings == ()


def test_an_entry_at_an_integer_is_read_beside_a_sum_over_the_array() -> None:
    text = "ℓ = −log (e^{s_i} / Σ_j e^{s_j})"
    assert str(wg.equations(text).backward()).splitlines()[-1] == "  s̄_j = ℓ̄ (e^(s_j) / Σ_k e^(s_k) − ⟦j = i⟧)"
    found = wg.review(text + "\n\np_j = e^{s_j} / Σ_k e^{s_k}\n∂ℓ/∂s_j = p_j − ⟦i = j⟧\n∂ℓ/∂s_j = p_j")
    assert [row.status for row in found.rows][-2:] == ["holds", "wrong"]


def test_a_name_that_looks_like_an_entry_is_a_warning() -> None:
    system = wg.equations(SOFTMAX + "L = −log p_y + Σ_k p_k")
    assert [w.splitlines()[0] for w in system.warnings] == [
        "'p_y' is read as a name of its own, not as an entry of 'p'."
    ]
    assert not wg.equations("data p_y\n" + SOFTMAX + "L = −log p_y + Σ_k p_k").warnings


def test_the_derivative_of_a_product_over_an_index_is_read_back() -> None:
    system = wg.equations("p = Π_i x_i")
    assert str(system.backward()).splitlines()[-1] == "  x̄_i = p̄ Π_(j ≠ i) x_j"
