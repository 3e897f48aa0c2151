"""Lines about derivatives of functions, σ'(z) = … and f'(x) = …, of second order, and in other forms that are no error signals."""

from __future__ import annotations

import pytest

from wengert.notes.claims.review import review

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


def test_the_derivative_of_what_only_the_text_defines_is_not_wrong():
    """Its value here is 0, but the author says on what it depends in words: the mean of a batch."""
    text = "n_i = (x_i − μ) / s\nL = Σ_i n_i t_i\n\n∂n_i/∂μ = −1/s\n∂μ/∂x_i = 1/2\n∂s/∂μ = 0\n∂n_i/∂s = n_i / s"
    found = review(text).rows
    assert [row.status for row in found] == ["holds", "unread", "holds", "wrong"]
    assert found[1].note == "not read: No line here says on what 'μ' depends."


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
def test_derivatives_of_second_order_that_do_not_hold_are_open_or_not_read(claim):
    before = DISPLAYED if claim.startswith("$") else UNIT + "z̄ = (y − t) (1 − y²)\n\n"
    row = review(before + claim + "\n").rows[-1]
    said = "not read: This is a derivative of second order, and first ones are judged only."
    assert (row.status, row.note) in (("unread", said), ("open", "does not hold as read"))


def test_derivatives_of_second_order_hold():
    rows = review("$$f = x^3 y$$\n$$\\frac{\\partial^2 f}{\\partial x \\partial y} = 3 x^2$$\n").rows
    assert [row.status for row in rows] == ["holds"]


def test_several_derivatives_in_one_bracket_are_to_be_lines_of_their_own():
    row = review(UNIT + "z̄ = (y − t) (1 − y²)\n∂L/∂θ = (z̄ x, z̄)\n").rows[-1]
    assert (row.note, row.repair) == (
        "not read: Several expressions stand in one bracket.",
        "Write a line for each of them.",
    )


# ---------------------------------------------------------------- z stands for any number

LAYER = "z = W x\nh = σ(z)\nL = ½ ‖h − t‖²\n\n"


@pytest.mark.parametrize("claim", ["σ'(z) = σ(z) (1 − σ(z))", "σ'(z) = h (1 − h)", "σ'(u) = σ(u) (1 − σ(u))"])
def test_the_slope_of_a_function_of_arrays_may_be_that_of_one_number(claim):
    assert rows(LAYER + claim) == [("holds", claim)]


def test_a_derivative_that_is_a_diagonal_matrix_may_be_given_by_its_diagonal():
    (row,) = review(LAYER + "∂h/∂z = σ'(z)").rows
    assert (row.status, row.note) == ("holds", "as the diagonal; the other entries are 0")
    assert rows(LAYER + "∂z/∂x = x")[0][0] == "wrong"


@pytest.mark.parametrize(
    ("claim", "kind", "corrected"),
    [
        ("∂y/∂z = 1 + y²", "sign", "∂y/∂z = 1 − y²"),
        ("∂y/∂z = tanh(z)", "activation derivative", "∂y/∂z = 1 − tanh(z)²"),
        ("∂z/∂w = w", "quantity", "∂z/∂w = x"),
        ("∂z/∂b = b", "", "∂z/∂b = 1"),
        ("dy/dw = 1 − y²", "missing factor", "dy/dw = (1 − y²) x"),
    ],
)
def test_a_wrong_derivative_inside_the_system_is_corrected(claim, kind, corrected):
    (row,) = review(UNIT + claim).rows
    assert (row.status, row.kind, row.corrected) == ("wrong", kind, corrected)


@pytest.mark.parametrize(
    ("function", "slope"),
    [
        ("sin(z)", "ȳ cos(z)"),
        ("cos(z)", "ȳ (−sin(z))"),
        ("tanh(z)", "ȳ (1 − tanh(z)²)"),
        ("sqrt(z)", "ȳ / (2 √z)"),
        ("log z", "ȳ / z"),
        ("sigmoid(z)", "ȳ sigmoid(z) (1 − sigmoid(z))"),
        ("σ(z)", "ȳ σ'(z)"),
    ],
)
def test_a_lost_slope_is_written_out_where_the_function_has_a_name(function, slope):
    text = f"z = w x + b\ny = {function}\nL = ½ (y − t)²\n\nȳ = y − t\nz̄ = ȳ {function}"
    row = review(text).rows[-1]
    assert (row.kind, row.corrected) == ("activation derivative", f"z̄ = {slope}")


def test_derived_lines_call_functions_as_the_author_does():
    (row,) = review("z = w x + b\ny = sigmoid(z) + z\nL = ½ (y − t)²\n\nz̄ = w").rows
    assert row.corrected == "z̄ = (y − t) (sigmoid(z) (1 − sigmoid(z)) + 1)"


# ---------------------------------------------------------------- differentials


def test_differentials_are_judged_as_sums_of_derivatives():
    claims = "dL = (y − t) dy\ndy = (1 − y²) dz\ndz = x dw + w dx + db\ndL = w̄ dw + b̄ db\nb̄ = (y − t) (1 − y²)"
    found = review(UNIT + claims).rows
    assert [row.status for row in found] == ["holds"] * 5
    assert [row.note for row in found[:2]] == ["dL read as a differential", "dy read as a differential"]
    assert rows(UNIT + "dz = w dw + w dx + db")[0][0] == "wrong"


def test_differentials_may_be_of_arrays():
    claims = "dL = (h − t)ᵀ dh\ndh = h ∘ (1 − h) ∘ dz\ndz = dW x + W dx"
    assert [status for status, _ in rows(LAYER + claims)] == ["holds"] * 3


def test_error_signals_written_with_d_stay_signals():
    claims = "dL = 1\ndh = h − t\ndz = dh ∘ h ∘ (1 − h)\ndW = dz xᵀ\ndx = Wᵀ dz"
    found = review(LAYER + claims).rows
    assert [(row.status, row.note) for row in found] == [("holds", "")] * 5


# ---------------------------------------------------------------- a signal by itself


@pytest.mark.parametrize("claim", ["z̄ = z̄", "w̄ = w̄ + 0", "b̄ = 2 b̄ − b̄", "∂L/∂z = ∂L/∂z", "dz = dz"])
def test_a_signal_by_itself_says_nothing(claim):
    (row,) = review(UNIT + claim).rows
    name = next(letter for letter in claim if letter in "zwb")
    if claim.startswith("∂"):
        name = "z"
    assert (row.status, row.note) == ("unread", f"not read: This gives the error signal of '{name}' by itself.")


def test_one_signal_in_two_notations_is_a_definition():
    assert [status for status, _ in rows(UNIT + "δ = ∂L/∂z = z̄\nz̄ = δ")] == ["holds"] * 3


REGULAR = "z = w x + b\nL = ½ (z − t)² + λ w²\n\n"


@pytest.mark.parametrize("start", ["w̄ = z̄ x", "w̄ = 0\nw̄ = w̄ + z̄ x", "w̄ = 0\nw̄ += z̄ x"])
def test_a_signal_that_grows_is_judged_as_a_whole(start):
    assert rows(REGULAR + "z̄ = z − t\n" + start + "\nw̄ = w̄ + 2 λ w")[1:] == [("holds", "w̄ = z̄ x + 2 λ w")]
    row = review(REGULAR + "z̄ = z − t\n" + start + "\nw̄ = w̄ + λ w").rows[-1]
    assert (row.status, row.corrected) == ("wrong", "w̄ = z̄ x + 2 λ w")
