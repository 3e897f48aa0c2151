"""The backward pass at its edges: what is asked for, what does not depend, constants, integers, values that are not finite."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import wengert as wg
from wengert.errors import EquationError


def backward(text: str, wrt: str | list[str] = (), loss: str | None = None) -> list[str]:
    """The printed backward pass of a derivation that passed its check."""
    derivation = wg.equations(text).backward(loss, wrt)
    derivation.check()
    return [line.strip() for line in str(derivation).split("backward\n")[1].splitlines()]


CHAIN = "y = a x\nz = y²\nL = z + x"


def test_by_an_intermediate_the_pass_ends_there() -> None:
    assert backward(CHAIN, "y") == ["L̄ = 1", "z̄ = L̄", "ȳ = 2 z̄ y"]


def test_a_loss_in_the_middle_leaves_the_lines_after_it_out() -> None:
    assert backward(CHAIN, loss="z") == ["z̄ = 1", "ȳ = 2 z̄ y", "ā = ȳ x", "x̄ = ȳ a"]


def test_by_the_loss_itself_there_is_its_bar_alone() -> None:
    assert backward(CHAIN, "L") == ["L̄ = 1"]


@pytest.mark.parametrize(
    ("text", "wrt", "loss", "words"),
    [
        (CHAIN, "", "a", "is an input, so there is nothing to derive"),
        ("y = a x\nL = x²", "a", None, "does not depend on 'a'"),
        ("params a\ny = a x\nL = x²", [], None, "does not depend on 'a'"),
        ("L = 3", "L2", None, "no quantity"),
        ("E_t = C_{s_t}\nL = Σ_t E_t", "s", None, "integers"),
    ],
)
def test_what_cannot_be_derived_is_an_error_in_three_lines(
    text: str, wrt: str | list[str], loss: str | None, words: str
) -> None:
    with pytest.raises(EquationError, match=words) as caught:
        wg.equations(text).backward(loss, wrt or ())
    assert len(str(caught.value).splitlines()) == 3


def test_what_cancels_has_the_derivative_0() -> None:
    assert backward("d = b − b\nL = d + a", "b")[-1] == "b̄ = 0"
    assert backward("y_i = x_i + 0 a_i\nL = Σ_i y_i²", "a")[-1] == "ā_i = 0"


def test_a_system_of_constants_has_nothing_to_derive() -> None:
    assert backward("L = 2 + 3") == ["L̄ = 1"]


def test_a_quantity_used_twice_in_a_line_gets_both_contributions() -> None:
    assert backward("y_ij = x_i x_j\nL = Σ_ij y_ij²", "x")[-1] == "x̄_i = Σ_j x_j (ȳ_ij + ȳ_ji)"
    assert backward("y = x² + x\nL = y", "x")[-1] == "x̄ = ȳ (2 x + 1)"


def test_a_line_that_ignores_an_index_sums_over_it() -> None:
    assert backward("y_ij = x_i\nL = Σ_ij y_ij²", "x")[-1] == "x̄_i = Σ_j ȳ_ij"
    assert backward("y_i = a\nz_i = y_i x_i\nL = Σ_i z_i²", "a")[-1] == "ā = Σ_i ȳ_i"


def test_whole_and_by_index_are_one_quantity() -> None:
    lines = backward("z = W x\nL = Σ_ij W_ij² + ‖z‖²", ["W", "x"])
    assert lines[2:] == ["W̄_ij = z̄_i x_j + 2 L̄ W_ij", "x̄_j = Σ_i z̄_i W_ij"]


def test_integers_take_part_in_arithmetic_but_have_no_bar() -> None:
    text = "p_i = C_{s_i}\nL = Σ_i s_i p_i²"
    assert backward(text) == ["L̄ = 1", "p̄_i = 2 L̄ s_i p_i", "C̄_j = Σ_i p̄_i ⟦j = s_i⟧"]
    loss, found = wg.equations(text).backward().function()(C=[1.0, 2.0, 3.0], s=[2, 0, 2])
    assert loss == 2 * 9 + 2 * 9
    assert found["C"].tolist() == [0.0, 0.0, 24.0]


POINTS: list[tuple[str, dict[str, Any]]] = [
    ("L = { 0 if x < 0; x otherwise }", {"x": np.nan}),
    ("L = max(0, x)²", {"x": np.nan}),
    ("y = x / x\nL = y + x", {"x": 0.0}),
    ("y = 0 x\nL = y + x", {"x": np.inf}),
    ("L = Σ_i x_i log x_i", {"x": np.array([0.0, 1.0])}),
    ("L = log(1 + e^x)", {"x": 800.0}),
    ("L = 1 / (1 + e^(−x))", {"x": -800.0}),
]


@pytest.mark.parametrize(("text", "values"), POINTS)
def test_the_loss_of_the_function_is_the_loss_of_the_forward_pass(text: str, values: dict[str, Any]) -> None:
    """Simplification hides no value that is not a number: 0/0 is not 1, and a comparison with it is not passed over."""
    system = wg.equations(text)
    loss, _ = system.backward().function()(**values)
    np.testing.assert_array_equal(loss, system.forward(**values)["L"])


def test_a_branch_that_was_not_taken_adds_nothing_be_it_infinite() -> None:
    text = "y_i = { log x_i if x_i > 0; 0 otherwise }\nL = Σ_i w_i y_i + Σ_i { x_i / u_i if u_i > 0; x_i otherwise }"
    values = {"x": np.array([0.0, 2.0, -1.0]), "w": np.ones(3), "u": np.array([0.0, 1.0, -1.0])}
    loss, found = wg.equations(text).backward().function()(**values)
    assert loss == pytest.approx(np.log(2) + 0 + 2 - 1)
    assert found["w"].tolist() == [0.0, np.log(2), 0.0]
    assert found["x"].tolist() == [1.0, 1.5, 1.0]
    assert found["u"].tolist() == [0.0, -2.0, 0.0]


@pytest.mark.parametrize(
    ("text", "x", "slope"),
    [
        ("L = Σ_i max(0, x_i)", [0.0, 1.0, -1.0], [0.0, 1.0, 0.0]),
        ("L = Σ_i |x_i|", [0.0, 1.0, -1.0], [0.0, 1.0, -1.0]),
        ("L = Σ_i max(x_i, 1)", [1.0, 2.0, 0.0], [0.5, 1.0, 0.0]),
        ("L = max_i x_i", [1.0, 1.0, 0.0], [0.5, 0.5, 0.0]),
        ("L = Π_i x_i", [0.0, 2.0, 3.0], [6.0, 0.0, 0.0]),
        ("L = Π_i x_i", [0.0, 0.0, 3.0], [0.0, 0.0, 0.0]),
        ("L = Σ_i √(x_i²)", [0.0, 1.0, -1.0], [0.0, 1.0, -1.0]),
        ("L = Σ_i x_i^0", [0.0, 1.0, -1.0], [0.0, 0.0, 0.0]),
        ("L = Σ_i { log x_i if x_i > 0; 0 otherwise }", [0.0, 2.0, -1.0], [0.0, 0.5, 0.0]),
    ],
)
def test_kinks_and_ties_follow_the_table(text: str, x: list[float], slope: list[float]) -> None:
    _, found = wg.equations(text).backward().function()(x=x)
    assert found["x"].tolist() == slope
