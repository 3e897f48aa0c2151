"""What lines mean: ranks of bare names, index sums, shapes; table K of the corpus as numbers; what does not fit, as sentences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import wengert as wg
from tests.counting import QUADRATIC, growth
from wengert.notes.elaboration.elaborate import elaborate
from wengert.notes.elaboration.ranks import infer_kinds
from wengert.notes.notation.reader import read

RNG = np.random.default_rng(7)
A, B = RNG.normal(size=(3, 3)), RNG.normal(size=(3, 3))
U, V = RNG.normal(size=3), RNG.normal(size=3)


def message(text: str) -> str:
    with pytest.raises(wg.EquationError) as caught:
        wg.equations(text)
    return str(caught.value)


MEANINGS = {
    "K01": ("y = a(b + c)", {"a": 2.0, "b": 3.0, "c": 4.0}, 14.0),
    "K04": ("y = μ + σ z", {"mu": 1.0, "sigma": 2.0, "z": 3.0}, 7.0),
    "K07": ("dialect: matlab\nA ∈ ℝ^(n×n)\nu ∈ ℝ^n\ny = A' u", {"A": A, "u": U}, A.T @ U),
    "K11 Wᵀx": ("y = Wᵀ x", {"W": A, "x": U}, A.T @ U),
    "K11 plain T": (r"y = W^T x", {"W": A, "x": U}, A.T @ U),
    "K11 LaTeX": (r"y = W^{\mathsf T} x", {"W": A, "x": U}, A.T @ U),
    "K14": ("x ∈ ℝ^n\ny = x⁻¹", {"x": U}, 1 / U),
    "K14 number": ("y = x⁻¹", {"x": 4.0}, 0.25),
    "K16": ("implicit sums\ny_k = w_ki h_i + b_k", {"w": A, "h": U, "b": V}, A @ U + V),
    "K19": ("y = Σ_i a_i b", {"a": U, "b": 2.0}, 2 * U.sum()),
    "K20": ("y = Σ_i a_i + b", {"a": U, "b": 2.0}, U.sum() + 2),
    "K22": ("y = log Σ_j e^(z_j)", {"z": U}, np.log(np.exp(U).sum())),
    "K26": (r"y_i = \exp(z_i)^2", {"z": U}, np.exp(U) ** 2),
    "K28": ("y_ij = x_{ij} + x_{j,i}", {"x": A}, A + A.T),
    "K34": ("y_tj = C_{s_t,j}", {"C": A, "s": [2, 0, 2, 1]}, A[[2, 0, 2, 1]]),
    "K41": ("x, y ∈ ℝ^n\ns = x · y", {"x": U, "y": V}, U @ V),
    "K44": (r"M = \mathbf{x}\mathbf{y}^\top", {"x": U, "y": V}, np.outer(U, V)),
    "K46 norm": ("x ∈ ℝ^n\ny = ‖x‖", {"x": U}, np.sqrt(U @ U)),
    "K46 one": (r"\mathbf{x} \in \mathbb{R}^n \\ y = \|\mathbf{x}\|_1", {"x": U}, np.abs(U).sum()),
    "K46 bars": ("y = |x|", {"x": -3.0}, 3.0),
    "K49": ("h ∈ ℝ^n\ny = h²", {"h": U}, U**2),
    "K50": ("e = z + 1\ny = e^2", {"z": 2.0}, 9.0),
    "K50 Euler": ("y = e^(z)", {"z": 2.0}, np.exp(2.0)),
    "K55": ("W ∈ ℝ^(m×n)\nx ∈ ℝ^n\ny = Wx", {"W": A, "x": U}, A @ U),
    "K56 tanh": (r"y = \tanh^2(c)", {"c": 0.4}, np.tanh(0.4) ** 2),
    "K56 sigma": (r"y = \sigma^2(z)", {"z": 0.4}, 1 / (1 + np.exp(-0.4)) ** 2),
    "K58 over": ("m_i = max_j X_ij", {"X": A}, A.max(axis=1)),
    "K58 entry": ("h_i = max(0, z_i)", {"z": U}, np.maximum(0, U)),
    "K59": ("L = Σ_k y_k + ‖y‖²", {"y": U}, U.sum() + U @ U),
    "cases": ("h_i = { z_i if z_i > 0; a z_i otherwise }", {"z": U, "a": 0.1}, np.where(U > 0, U, 0.1 * U)),
    "indicator": ("h_i = ⟦z_i ≥ 0⟧ z_i", {"z": U}, np.where(U >= 0, U, 0)),
    "softmax": ("z ∈ ℝ^n\ny = softmax(z)", {"z": U}, np.exp(U) / np.exp(U).sum()),
    "log-sum-exp": ("z ∈ ℝ^n\ny = logsumexp(z)", {"z": U}, np.log(np.exp(U).sum())),
    "one-hot": (
        "L = −Σ_i log P_{i,Y_i}",
        {"P": np.abs(A), "Y": [0, 2, 1]},
        -np.log(np.abs(A)[range(3), [0, 2, 1]]).sum(),
    ),
    "matrix chain": ("s = xᵀ A B x", {"x": U, "A": A, "B": B}, U @ A @ B @ U),
    "trace": ("s = tr(A B)", {"A": A, "B": B}, np.trace(A @ B)),
    "diagonal": ("s = Σ_i A_ii", {"A": A}, np.trace(A)),
    "product": ("p = Π_i x_i", {"x": U}, U.prod()),
    "other entries": ("y_i = Σ_(j ≠ i) x_j", {"x": U}, U.sum() - U),
    "range": (r"y = \frac{1}{N}\sum_{n=1}^{N} x_n", {"x": U}, U.mean()),
    "ones": ("Z = X W + 1 bᵀ", {"X": A, "W": B, "b": U}, A @ B + U),
    "pi": ("y = log(2 π) + r", {"r": 1.0}, np.log(2 * np.pi) + 1),
    "order": ("y = h + 1\nh = 2 x", {"x": 3.0}, 7.0),
}


@pytest.mark.parametrize("key", MEANINGS)
def test_a_line_means(key: str) -> None:
    text, inputs, expected = MEANINGS[key]
    system = wg.equations(text)
    quantity = "y" if key == "order" else system.data.loss
    found = system.forward(**inputs)[system.data.quantities[quantity].identifier]
    np.testing.assert_allclose(found, expected, rtol=1e-14)


@pytest.mark.parametrize(
    ("text", "ranks"),
    [
        ("z = W x + b", {"z": 1, "W": 2, "x": 1, "b": 1}),
        ("z = w x + b", {"z": 0, "w": 0, "x": 0, "b": 0}),
        ("z = wᵀ x + b", {"z": 0, "w": 1, "x": 1, "b": 0}),
        ("s = ½ xᵀ A x + bᵀ x", {"s": 0, "x": 1, "A": 2, "b": 1}),
        ("L = ½ ‖X w − y‖² + λ/2 ‖w‖²", {"L": 0, "X": 2, "w": 1, "y": 1, "λ": 0}),
        ("Y = X W + s X A B", {"Y": 2, "X": 2, "W": 2, "s": 0, "A": 2, "B": 2}),
        (r"\mathbf{h} = \log(1 + e^{\mathbf{z}})", {"h": 1, "z": 1}),
        ("W ∈ ℝ\nz = W x + b", {"z": 0, "W": 0, "x": 0, "b": 0}),
    ],
)
def test_bare_names_get_the_ranks_of_least_surprise(text: str, ranks: dict[str, int]) -> None:
    quantities = wg.equations(text).data.quantities
    assert {name: quantities[name].type.rank for name in ranks} == ranks


def test_a_capital_and_its_entries_are_one_quantity() -> None:
    system = wg.equations("z_i = Σ_j w_ij x_j\nL = Σ_i z_i² + ‖W‖²")
    assert set(system.names) == {"z", "w", "x", "L"}
    assert system.data.quantities["w"].whole == "W"


@pytest.mark.parametrize("last", ["L = Σ_n Σ_k z_nk²", "p_nk = exp(z_nk)\nL = Σ_n Σ_k p_nk"])
def test_entries_of_a_capital_that_a_line_defines_as_a_whole_are_its_entries(last: str) -> None:
    system = wg.equations("Z = X W\n" + last).data
    assert "z" not in system.quantities
    assert system.quantities["Z"].indexed == "z"
    assert "X" in system.inputs


def test_a_small_letter_that_is_used_as_a_vector_or_defined_is_not_the_entry_of_a_capital() -> None:
    assert "y" in wg.equations("Y = X W\nL = Σ_n Σ_k (Y_nk − y_nk)²").data.inputs
    assert "z" in wg.equations("Z = X W\nz_nk = x_nk²\nL = Σ_n Σ_k z_nk + Σ_n Σ_k Z_nk").data.quantities


def test_one_letter_may_stand_for_two_sizes_in_different_lines() -> None:
    system = wg.equations("a = Σ_i x_i\nb = Σ_i y_i\nL = a b")
    assert system.forward(x=[1.0, 2.0], y=[1.0, 2.0, 3.0])["L"] == 18.0


def test_an_unknown_N_before_a_sum_is_its_size_with_a_warning() -> None:
    system = wg.equations("m = 1/N Σ_n x_n")
    assert system.forward(x=[1.0, 2.0, 6.0])["m"] == 3.0
    assert system.warnings == (
        "'N' is read as the size of the index 'n'.\n  m = 1/N Σ_n x_n\n        ^\nDeclare it:  N = size of n",
    )


def test_a_declared_size_gives_no_warning() -> None:
    assert wg.equations("N = size of n\nm = 1/N Σ_n x_n").warnings == ()


ERRORS = {
    "K17": (
        "y_k = w_ki h_i",
        (
            "The index 'i' is free on the right side but not on the left.\n"
            "  y_k = w_ki h_i\n"
            "        ^^^^\n"
            "Write 'Σ_i' in front of the term, or put 'i' on the left side."
        ),
    ),
    "twice": (
        "z = w x\nz = z + 1",
        (
            "'z' is defined twice in one system, the first time by 'z = w x'.\n"
            "  line 2: z = z + 1\n"
            "          ^\n"
            "Give one of the two another name."
        ),
    ),
    "cycle": (
        "a = b + 1\nb = a x",
        (
            "These lines define each other in a circle: a → b → a.\n"
            "  line 1: a = b + 1\n"
            "          ^\n"
            "A quantity may only use earlier ones; give the new value a new name."
        ),
    ),
    "shapes": (
        "W ∈ ℝ^(3×4)\nx ∈ ℝ^5\nz = W x",
        (
            "An axis of 4 entries meets an axis of 5 entries.\n"
            "  line 3: z = W x\n"
            "              ^^^\n"
            "Make the sizes agree, or correct the indices."
        ),
    ),
    "named shapes": (
        "W ∈ ℝ^(m×n)\nx ∈ ℝ^p\nz = W x",
        (
            "An axis of n entries meets an axis of p entries.\n"
            "  line 3: z = W x\n"
            "              ^^^\n"
            "Make the sizes agree, or correct the indices."
        ),
    ),
    "columns": (
        "x, y ∈ ℝ^n\ns = x y",
        (
            "A column vector stands directly before a column vector: no product is meant by that.\n"
            "  line 2: s = x y\n"
            "              ^^^\n"
            "Write 'xᵀ y' for the inner product, 'x yᵀ' for the outer product, or 'x ∘ y' entry by entry."
        ),
    ),
    "K43": (
        "A, B ∈ ℝ^(n×n)\nC = A * B",
        (
            "'*' between arrays could mean two products.\n"
            "  line 2: C = A * B\n"
            "              ^^^^^\n"
            "Write '∘' (or '⊙') for entry by entry, or set the factors side by side for the matrix product."
        ),
    ),
    "K29": (
        "x ∈ ℝ^n\ny_ij = x_ij",
        (
            "'x' is declared with one axis but has 2 indices here.\n"
            "  line 2: y_ij = x_ij\n"
            "                 ^^^^\n"
            "Correct the declaration or the indices."
        ),
    ),
    "shift": (
        "y_i = Σ_k w_k x_{ik+1}",
        (
            "This index is no sum of letters, each with a whole number in front.\n"
            "  y_i = Σ_k w_k x_{ik+1}\n"
            "                   ^^\n"
            "Write, for example:  x_{i+k}, x_{2i+k} or x_{i+1}"
        ),
    ),
    "nothing summed": (
        "y = Σ_i a b",
        (
            "Nothing in this 'Σ' depends on the index 'i'.\n"
            "  y = Σ_i a b\n"
            "      ^^^^^^^\n"
            "Leave the sign out, or put the index on a factor."
        ),
    ),
    "unused": (
        "params q\nz = w x",
        (
            "'q' is declared as params but no line uses it.\n"
            "  line 1: params q\n"
            "          ^^^^^^^^\n"
            "Write one of the quantities:  z, w, x"
        ),
    ),
    "transpose": (
        "W ∈ ℝ^(m×n)\nc ∈ ℝ\ny = cᵀ W",
        (
            "A scalar has no transpose.\n"
            "  line 3: y = cᵀ W\n"
            "              ^^\n"
            "Declare the quantity a vector or a matrix:  x ∈ ℝ^n"
        ),
    ),
}


@pytest.mark.parametrize("key", ERRORS)
def test_what_does_not_fit_is_said_in_three_lines(key: str) -> None:
    text, expected = ERRORS[key]
    assert message(text) == expected


def test_a_backward_line_may_use_a_dot_entry_by_entry_with_a_warning() -> None:
    from tests.notation.helpers import read_backward

    system = wg.equations("z ∈ ℝ^n\nh = σ(z)\nL = ‖h‖²")
    (definition,) = read_backward(system, "z̄ = h̄ · σ'(z)")
    assert definition.written.rights[0].sign == "∘"


def layers_as_matrices(count: int) -> str:
    raised = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
    marks = [f"⁽{k}⁾".translate(raised) for k in range(1, count + 1)]
    rows: list[str] = []
    for before, mark in zip(["x", *(f"h{mark}" for mark in marks)], marks, strict=False):
        rows += [f"z{mark} = W{mark} {before} + b{mark}", f"h{mark} = σ(z{mark})"]
    return "\n".join([*rows, f"L = ½ ‖h{marks[-1]} − t‖²"])


def test_a_deep_network_as_matrices_is_read_layer_by_layer() -> None:
    system = elaborate(read(layers_as_matrices(20)))
    assert [system.quantities[name].type.rank for name in ("W⁽²⁰⁾", "b⁽²⁰⁾", "h⁽¹⁹⁾", "t", "L")] == [2, 1, 1, 1, 0]


def test_the_kinds_of_a_deep_network_are_found_in_linear_time() -> None:
    """Readings of the first layers that go on alike are not followed side by side."""

    def kinds(count: int) -> Callable[[], Any]:
        lines = read(layers_as_matrices(count)).lines
        return lambda: infer_kinds(lines, {}, lambda name: False, frozenset())

    assert growth(kinds, 8) < QUADRATIC
