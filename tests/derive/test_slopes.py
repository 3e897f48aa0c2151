"""Lines about derivatives of functions, σ'(z) = … and f'(x) = …, of second order, and in other forms that are no error signals."""

from __future__ import annotations

import pytest

from wengert.claims.review import review

UNIT = "z = w x + b\ny = tanh(z)\nL = ½ (y − t)²\n\n"
DISPLAYED = "$$z = w x + b$$\n$$y = \\tanh(z)$$\n$$L = \\frac12 (y - t)^2$$\n\n$$\\bar z = (y - t) (1 - y^2)$$\n\n"


def rows(text: str) -> list[tuple[str, str]]:
    return [(row.status, row.text) for row in review(text).rows]


def test_the_slope_of_a_known_function_is_judged():
    claims = "σ'(z) = σ(z) (1 − σ(z))\nσ'(z) = σ(z) (1 + σ(z))\ntanh'(z) = 1 − y²"
    assert rows(UNIT + claims) == list(zip(("holds", "wrong", "holds"), claims.splitlines(), strict=True))


def test_a_slope_may_be_the_first_line_after_the_equations():
    assert rows("$$y = \\tanh(z)$$\n\n$$\\tanh'(z) = 1 - \\tanh^2(z)$$") == [("holds", "tanh'(z) = 1 − tanh²(z)")]


def test_the_slope_of_a_quantity_is_its_derivative_by_what_it_is_a_function_of():
    text = "f(x) = x³ + sin(x)\nL = f(x)²\n\nf'(x) = 3 x² + cos(x)\nf'(x) = 3 x²\nx̄ = 2 f f'(x)\nL'(x) = 2 f f'(x)"
    assert [status for status, _ in rows(text)] == ["holds", "wrong", "holds", "holds"]
    assert rows(text)[2] == ("holds", "x̄ = 2 f f'(x)")


def test_the_slope_of_a_function_that_no_equation_has_is_not_read():
    (row,) = review("y = x³\n\nf'(x) = 3 x²").rows
    assert (row.status, row.note) == ("unread", "not read: No equation says what the function 'f' is.")


SECOND_ORDER = [
    "∂²L/∂w² = x²",
    "∂^2 L/∂w^2 = x²",
    "∂²L/∂w∂b = x",
    "d²L/dw² = x²",
    "∇²L = x²",
    "∇_w² L = x²",
    "H = ∂²L/∂w²",
    "y''(z) = −2 y",
    r"$$\frac{\partial^2 L}{\partial w^2} = x^2$$",
    r"$$\frac{d^2 L}{d w\, d b} = x$$",
    r"$$\nabla^2_w L = x^2$$",
    r"$$H = \frac{\partial^2 L}{\partial w^2} = x^2$$",
]


@pytest.mark.parametrize("claim", SECOND_ORDER)
def test_derivatives_of_second_order_are_not_read_and_said_to_be_that(claim):
    before = DISPLAYED if claim.startswith("$") else UNIT + "z̄ = (y − t) (1 − y²)\n\n"
    row = review(before + claim + "\n").rows[-1]
    assert row.status == "unread"
    assert row.note == "not read: This is a derivative of second order, and first ones are judged only."


def test_several_derivatives_in_one_bracket_are_to_be_lines_of_their_own():
    row = review(UNIT + "z̄ = (y − t) (1 − y²)\n∂L/∂θ = (z̄ x, z̄)\n").rows[-1]
    assert (row.note, row.repair) == (
        "not read: Several expressions stand in one bracket.",
        "Write a line for each of them.",
    )
