"""Table K of the corpus where the reading shows in values, warnings, refusals and judged lines. The test's name carries the row's id.

What trees the rows are read as stands in tests/notation/test_reading_cases.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import wengert as wg
from wengert.errors import EquationError
from wengert.notes.claims.review import Review, review

RNG = np.random.default_rng(11)
A = RNG.normal(size=(3, 3)) + 3 * np.eye(3)
X, Y, Z = (RNG.normal(size=3) for _ in range(3))


def value(text: str, **data: Any) -> Any:
    """The value of the last line."""
    system = wg.equations(text)
    return system.forward(**data)[system.data.loss]


def refusal(text: str) -> str:
    with pytest.raises(EquationError) as caught:
        wg.equations(text)
    return caught.value.what


def statuses(found: Review) -> list[str]:
    return [row.status for row in found.rows]


def display(line: str) -> str:
    return f"$$\n{line}\n$$\n"


@pytest.mark.parametrize("text", ["y = a(b + c)", r"y = a\left(b+c\right)"])
def test_K01_is_a_product(text: str) -> None:
    assert value(text, a=2.0, b=3.0, c=4.0) == 14


@pytest.mark.parametrize("declared", ["f: function\n", ""])
def test_K02_is_a_call_and_differentiates_the_function(declared: str) -> None:
    assert "  x̄ = ȳ f'(x + 1)" in str(wg.equations(f"{declared}y = f(x+1)").backward()).splitlines()


def test_K04_sigma_is_a_quantity_with_an_error_signal() -> None:
    assert "  σ̄ = x̄ z" in str(wg.equations(r"x = \mu + \sigma z").backward()).splitlines()


def test_K05_is_the_derivative_of_the_function() -> None:
    assert value(r"y = \sigma'(z)", z=0.0) == 0.25


def test_K07_is_a_transpose_in_the_matlab_dialect() -> None:
    np.testing.assert_allclose(value("dialect: matlab\nA ∈ ℝ^(3×3)\ny = A' x", A=A, x=X), A.T @ X)


@pytest.mark.parametrize("name", [r"w^{(1)}_{ij}", r"w_{ij}^{(1)}"])
def test_K08_is_one_element_either_way(name: str) -> None:
    system = wg.equations(rf"z_i = \sum_j {name} x_j")
    assert list(system.data.quantities) == ["z", "w⁽¹⁾", "x"]


def test_K10_is_an_index_of_time() -> None:
    assert value(r"L = \sum_t (x^{(t)})^2", x=X) == pytest.approx(X @ X)
    assert wg.equations(r"h^{(t)} = a h^{(t-1)} + x^{(t)}").data.time == {"h": 0, "x": 0}


@pytest.mark.parametrize("written", ["W^T x", r"W^\top x", r"W^{\mathsf T}x", r"W^{\intercal}x", "Wᵀx"])
def test_K11_is_a_transpose(written: str) -> None:
    np.testing.assert_allclose(value(f"y = {written}", W=A, x=X), A.T @ X)


def test_K11_is_a_power_with_a_warning_where_T_is_an_input() -> None:
    system = wg.equations("W ∈ ℝ\ny = W^T x + T")
    assert system.forward(W=2.0, T=3.0, x=1.0)["y"] == 11
    assert system.warnings[0].startswith("'^T' is read as a power")


def test_K13_is_the_inverse_of_a_matrix() -> None:
    np.testing.assert_allclose(value("A ∈ ℝ^(3×3)\ny = A^{-1} x", A=A, x=X), np.linalg.inv(A) @ X)


def test_K14_is_the_reciprocal_of_a_vector_with_a_warning() -> None:
    system = wg.equations("x ∈ ℝ^3\ny = x^{-1}")
    np.testing.assert_allclose(system.forward(x=X)["y"], 1 / X)
    assert any("is read entry by entry" in warning for warning in system.warnings)


def test_K16_is_summed_where_sums_are_implicit() -> None:
    np.testing.assert_allclose(value("implicit sums\ny_k = w_{ki} h_i", w=A, h=X), A @ X)


def test_K17_is_an_error_otherwise() -> None:
    assert refusal("y_k = w_{ki} h_i") == "The index 'i' is free on the right side but not on the left."


def test_K19_and_K20_the_sum_goes_over_products_and_ends_before_a_plus() -> None:
    assert value(r"y = \sum_i a_i b", a=X, b=2.0) == pytest.approx(2 * X.sum())
    assert value(r"y = \sum_i a_i + b", a=X, b=2.0) == pytest.approx(X.sum() + 2)


def test_K22_is_the_logarithm_of_the_sum() -> None:
    assert value(r"y = \log \sum_j e^{z_j}", z=Z) == pytest.approx(np.log(np.exp(Z).sum()))


@pytest.mark.parametrize("text", [r"L = -\sum_k \log y_k t_k", r"z = \sin x y"])
def test_K23_and_K25_more_than_one_factor_after_a_function_is_refused(text: str) -> None:
    assert "could belong to" in refusal(text)


def test_K26_is_the_square_of_the_value() -> None:
    assert value(r"y = \sum_i \exp(z_i)^2", z=Z) == pytest.approx((np.exp(Z) ** 2).sum())


@pytest.mark.parametrize("entry", ["x_{ij}", "x_{i,j}", "x_{i j}"])
def test_K28_is_an_element_of_a_matrix(entry: str) -> None:
    np.testing.assert_allclose(value(rf"y_i = \sum_j {entry} b_j", x=A, b=X), A @ X)


def test_K29_two_indices_on_a_vector_are_refused_unless_they_are_a_name() -> None:
    assert refusal("x ∈ ℝ^n\ny = Σ_i Σ_j x_ij") == "'x' is declared with one axis but has 2 indices here."
    assert "x_ij" in wg.equations("data x_ij\ny = 2 x_ij").data.quantities


def test_K31_is_index_arithmetic() -> None:
    np.testing.assert_allclose(value("y_i = Σ_k w_k x_{2i+k}", w=np.ones(2), x=np.arange(6.0)), [1, 5, 9])
    np.testing.assert_allclose(value("y_t = x_{t-1}", x=X), [0, *X[:-1]])


@pytest.mark.parametrize("name", [r"\theta_{\text{old}}", r"L_{\mathrm{reg}}", "b_h"])
def test_K32_is_a_name(name: str) -> None:
    (only,) = wg.equations(f"y = {name} x").data.inputs[:1]
    assert only in ("θ_old", "L_reg", "b_h")


def test_K34_is_a_gather() -> None:
    found = value(r"E_{tj} = C_{s_t,j}", C=A, s=np.array([2, 0, 2, 1]))
    np.testing.assert_array_equal(found, A[[2, 0, 2, 1]])


SCORES = "z_i = Σ_j w_ij x_j\nL = ½ Σ_i (z_i − t_i)²\n\n"
SCORES_LATEX = display(r"z_i = \sum_j w_{ij} x_j \\ L = \frac12 \sum_i (z_i - t_i)^2")


@pytest.mark.parametrize("left", [r"\bar z_i", r"\bar{z}_i", r"\bar{z_i}", r"\overline{z_i}"])
def test_K35_is_the_error_signal_of_an_element(left: str) -> None:
    assert statuses(review(SCORES_LATEX + display(f"{left} = z_i - t_i"))) == ["holds"]
    assert statuses(review(SCORES_LATEX + display(f"{left} = t_i - z_i"))) == ["wrong"]


def test_K37_the_error_signal_of_the_loss_is_one() -> None:
    assert statuses(review(SCORES_LATEX + display(r"\overline{L} = 1"))) == ["holds"]
    assert statuses(review(SCORES_LATEX + display(r"\overline{L} = 2"))) == ["wrong"]
    assert statuses(review(SCORES_LATEX + display(r"\frac{\partial L}{\partial L} = 1"))) == ["holds"]


@pytest.mark.parametrize(
    ("left", "right", "wrong"),
    [
        (r"\frac{\partial L}{\partial w_{ij}}", r"(z_i - t_i)\, x_j", r"(t_i - z_i)\, x_j"),
        (r"\nabla_W L", r"(z - t)\, x^\top", r"x\, (z - t)^\top"),
        ("dW", r"(z - t)\, x^\top", r"2 (z - t)\, x^\top"),
        ("dL/dz", "z - t", "t - z"),
        (r"\frac{dL}{dz_i}", "z_i - t_i", "t_i - z_i"),
    ],
)
def test_K38_is_an_error_signal(left: str, right: str, wrong: str) -> None:
    assert statuses(review(SCORES_LATEX + display(f"{left} = {right}"))) == ["holds"]
    assert statuses(review(SCORES_LATEX + display(f"{left} = {wrong}"))) == ["wrong"]


def test_K38_delta_with_the_index_of_a_quantity_is_its_error_signal() -> None:
    uses = r"\frac{\partial L}{\partial w_{ij}} = \delta_i x_j"
    found = review(SCORES_LATEX + display(rf"\delta_i = z_i - t_i \\ {uses}"))
    assert [(row.status, row.note) for row in found.rows] == [("holds", "δ_i read as z̄_i"), ("holds", "")]
    assert statuses(review(SCORES_LATEX + display(rf"\delta_i = t_i - z_i \\ {uses}"))) == ["wrong", "holds"]


@pytest.mark.parametrize(
    ("defined", "used"),
    [
        (r"\delta_i = \frac{\partial L}{\partial z_i} = z_i - t_i", r"\frac{\partial L}{\partial w_{ij}} = \delta_i x_j"),
        (r"\delta^{(l)}_i = \frac{\partial L}{\partial z_i} = z_i - t_i", r"\bar w_{ij} = \delta^{(l)}_i x_j"),
    ],
)  # fmt: skip
def test_K40_is_what_it_is_defined_to_be(defined: str, used: str) -> None:
    found = review(SCORES_LATEX + display(rf"{defined} \\ {used}"))
    assert set(statuses(found)) == {"holds"}, str(found)
    wrong = review(SCORES_LATEX + display(rf"{defined.replace('z_i - t_i', 't_i - z_i')} \\ {used}"))
    assert statuses(wrong).count("wrong") == 1


def test_K41_is_the_inner_product() -> None:
    assert value(r"x \in \mathbb{R}^3 \\ y \in \mathbb{R}^3 \\ L = x \cdot y", x=X, y=Y) == pytest.approx(X @ Y)


def test_K43_a_star_between_matrices_is_refused() -> None:
    assert refusal("A ∈ ℝ^(n×n)\nB ∈ ℝ^(n×n)\nC = A * B") == "'*' between arrays could mean two products."


def test_K44_is_the_outer_product() -> None:
    np.testing.assert_allclose(value(r"C = \mathbf{x}\mathbf{y}^\top", x=X, y=Y), np.outer(X, Y))


@pytest.mark.parametrize("norm", [r"\|x\|", r"\lVert x\rVert_2"])
def test_K46_is_the_norm_of_a_vector_and_the_absolute_value_of_a_number(norm: str) -> None:
    assert value(f"L = {norm}", x=X) == pytest.approx(np.linalg.norm(X))
    assert value("L = |x|", x=-3.0) == 3


SQUARE = "A ∈ ℝ^(3×3)\n"


@pytest.mark.parametrize("written", ["|A|", r"\det A", r"\det(A)", "det A", "det(A)"])
def test_K47_is_the_determinant_of_a_matrix(written: str) -> None:
    assert value(f"{SQUARE}L = {written}", A=A) == pytest.approx(np.linalg.det(A))
    log = r"\log" if "\\" in written else "log"
    assert value(f"{SQUARE}L = {log} {written}", A=A) == pytest.approx(np.log(np.linalg.det(A)))


@pytest.mark.parametrize("forward", ["L = log|A|", "L = log det A", r"L = \log|A|", r"L = \log \det A"])
@pytest.mark.parametrize(
    ("claim", "status"),
    [("Ā = A⁻ᵀ", "holds"), ("∂L/∂A = (A⁻¹)ᵀ", "holds"), ("Ā = −A⁻ᵀ", "wrong"), ("Ā = A⁻ᵀ / |A|", "wrong")],
)
def test_K47_in_claims(forward: str, claim: str, status: str) -> None:
    text = forward if "\\" not in forward else None
    document = f"{SQUARE}{text}\n\n{claim}" if text else f"{SQUARE}\n{display(forward)}\n{claim}"
    if text is None:
        document = f"```text\n{SQUARE}```\n{display(forward)}```text\n{claim}\n```\n"
    assert statuses(review(document)) == [status]


@pytest.mark.parametrize("determinant", ["|A|", "det(A)", "(det A)"])
def test_K47_the_determinant_in_a_claim(determinant: str) -> None:
    assert statuses(review(f"{SQUARE}L = det A\n\nĀ = {determinant} A⁻ᵀ")) == ["holds"]
    assert statuses(review(f"{SQUARE}L = det A\n\nĀ = log({determinant}) A⁻ᵀ")) == ["wrong"]


def test_K47_the_inverse_is_the_derivative_of_the_logarithm_where_the_matrix_is_symmetric() -> None:
    (row,) = review(f"{SQUARE}L = log|A|\n\nĀ = A⁻¹").rows
    assert (row.status, row.note) == ("holds", "with A = Aᵀ")


def test_K49_is_the_square_of_each_entry() -> None:
    np.testing.assert_allclose(value("h ∈ ℝ^3\ny = h^2", h=X), X**2)


def test_K50_is_a_power_of_the_quantity_e() -> None:
    assert value("e = 2 x\ny = e^{z}", x=1.5, z=2.0) == 9


def test_K52_a_slash_before_two_letters_is_refused() -> None:
    assert refusal("y = a/bc\nw = b + c") == "'/bc' can mean two things."


def test_K53_is_a_product_with_a_warning_and_in_a_derivative_an_operator() -> None:
    system = wg.equations("d = 2 x\ny = dx")
    assert system.forward(x=3.0)["y"] == 18
    assert system.warnings[0].startswith("'dx' is read as the product 'd x'")
    for operator in ("d/dw", "∂/∂w"):
        claims = f"{operator} (½ (w x − t)²) = (y − t) x\n{operator} (½ (w x − t)²) = (y − t) w"
        assert statuses(review(f"y = w x\nL = ½ (y − t)²\n\n{claims}")) == ["holds", "wrong"]


def test_K55_is_a_product_or_the_name_that_is_declared() -> None:
    np.testing.assert_allclose(value("params W\ndata x\ny = Wx", W=A, x=X), A @ X)
    assert "Wx" in wg.equations("params Wx\ny = 2 Wx").data.quantities


def test_K56_powers_on_the_names_of_functions_are_of_their_values() -> None:
    assert value(r"y = \tanh^2(c)", c=0.7) == pytest.approx(np.tanh(0.7) ** 2)
    assert value(r"y = \sigma^2(z)", z=0.7) == pytest.approx((1 / (1 + np.exp(-0.7))) ** 2)
    assert value(r"y = \sigma^2 + \mu", σ=3.0, μ=1.0) == 10


def test_K58_is_a_reduction_and_an_operation_on_entries() -> None:
    np.testing.assert_allclose(value(r"m_i = \max_j X_{ij}", X=A), A.max(axis=1))
    np.testing.assert_allclose(value(r"z \in \mathbb{R}^3 \\ y = \max(0, z)", z=Z), np.maximum(Z, 0))


def test_K58_the_place_of_the_greatest_entry_has_no_derivative() -> None:
    assert "has no derivative" in refusal(r"k = \operatorname*{arg\,max}_k z_k")


def test_K59_is_one_quantity_by_element_and_whole() -> None:
    assert value("L = Σ_k y_k + ‖y‖", y=Y) == pytest.approx(Y.sum() + np.linalg.norm(Y))
