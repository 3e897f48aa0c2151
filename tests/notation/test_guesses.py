"""What could mean two things is an error or a warning, and what is printed is read back as it was meant."""

import pytest

import wengert as wg
from wengert.notation.reader import read
from wengert.notation.unicode import show


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
