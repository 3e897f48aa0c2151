"""The batch's system: loss and gradients are the means over the examples, and the backward pass prints Hᵀ Ȳ and Ȳᵀ 𝟏."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from random_systems import INPUTS, systems

import wengert as wg
from tests.thorough import rounds
from wengert.errors import EquationError
from wengert.notes.derive.backward import influence

SIZES = {"n": 3, "m": 2, "i": 3, "j": 2, "k": 4, "l": 4, "t": 3, "v": 5}
EXAMPLES = 5


def shape_of(system: wg.System, name: str) -> tuple[int, ...]:
    return tuple(s if isinstance(s, int) else SIZES[s.name] for s in system.data.quantities[name].type.shape)


def assert_batch_is_mean(system: wg.System, data: list[str], wrt: list[str], integers: int = 2) -> None:
    """Loss and gradients of the batch's system against the mean over examples computed one by one."""
    rng = np.random.default_rng(0)
    dtype = {name: q.type.dtype for name, q in system.data.quantities.items()}

    def draw(name: str) -> Any:
        shape = shape_of(system, name)
        return rng.integers(0, integers, shape) if dtype[name] == "int64" else rng.uniform(0.2, 1.4, shape)

    shared = {name: draw(name) for name in system.data.inputs if name not in data}
    rows = [{name: draw(name) for name in data} for _ in range(EXAMPLES)]
    identifier = {name: q.identifier for name, q in system.data.quantities.items()}

    def run(derivation: wg.Derivation, values: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        return derivation.function()(**{identifier[n]: v for n, v in values.items()})

    one = system.backward(wrt=wrt)
    results = [run(one, shared | row) for row in rows]
    batch = system.batch(data).backward(wrt=wrt)
    loss, gradients = run(batch, shared | {name: np.stack([row[name] for row in rows]) for name in data})
    assert loss == pytest.approx(np.mean([value for value, _ in results]), rel=1e-12)
    for name in gradients:
        mean = np.mean([g[name] for _, g in results], axis=0)
        np.testing.assert_allclose(gradients[name], mean, rtol=1e-10, atol=1e-12, err_msg=name)
    batch.check()


SYSTEMS = {
    "softmax": ("z_l = Σ_j w_lj x_j\ny_k = e^(z_k) / Σ_l e^(z_l)\nL = −Σ_k t_k log y_k", ["x", "t"], ["w"]),
    "matrix softmax": ("z = W x\ny = softmax(z)\nL = ‖y − t‖²", ["x", "t"], ["W"]),
    "log-sum-exp": ("z = W x\nL = logsumexp(z) − tᵀ z", ["x", "t"], ["W"]),
    "max": ("m = max_j w_j x_j\nL = m² + λ Σ_j w_j²", ["x"], ["w", "λ"]),
    "product": ("p = Π_j (w_j + x_j)\nL = log(1 + p²)", ["x"], ["w"]),
    "cases": ("z = Σ_j w_j x_j\nL = { ½ z² if z < 1; z − ½ otherwise } + λ |b|", ["x"], ["w", "λ", "b"]),
    "matrix of an example": ("y_i = Σ_j X_ij w_j\nL = ½ Σ_i (y_i − t_i)² + Σ_j w_j²", ["X", "t"], ["w"]),
    "attention": ("S = Q Kᵀ\nP = softmax(S)\nO = P V w\nL = ½ ‖O‖²", ["Q", "K"], ["V", "w"]),
    "look-up": ("E_tj = C_{s_t,j}\nL = ½ Σ_tj (E_tj − a_j)² + Σ_vj C_vj²", ["s"], ["C", "a"]),
    "regularizer alone": ("y = w x\nL = ½ (y − t)² + λ w²", ["x", "t"], ["w", "λ"]),
    "a factor on all": ("y = w x\nL = a ((y − t)² + w²)", ["x", "t"], ["w", "a"]),
    "norm of all": ("z_i = Σ_j w_ij x_j\nL = √(1 + Σ_i z_i²) + Σ_ij w_ij²", ["x"], ["w"]),
    "trace": ("L = tr(X W) + tr(W)", ["X"], ["W"]),
    "diagonal": ("y_i = X_ii w_i\nL = Σ_i y_i²", ["X"], ["w"]),
    "data that cancels": ("h_i = (x_i − x_i) + w_i\nL = Σ_i h_i² + a c", ["x", "c"], ["w", "a"]),
}


@pytest.mark.parametrize("key", SYSTEMS)
def test_loss_and_gradients_of_the_batch_are_the_means_over_examples(key: str) -> None:
    text, data, wrt = SYSTEMS[key]
    assert_batch_is_mean(wg.equations(text), data, wrt)


@settings(
    max_examples=rounds(8, 30),
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(systems(lines=3), st.sets(st.sampled_from(sorted(INPUTS)), min_size=1, max_size=3))
def test_random_batches_are_means_over_examples(text: str, chosen: set[str]) -> None:
    system = wg.equations(text)
    data = [name for name in system.data.inputs if name in chosen]
    assume(data)
    reached = influence(system.batch(data).data, "L")
    wrt = [name for name in system.data.inputs if name in reached and name not in chosen]
    assume(wrt)
    assert_batch_is_mean(system, data, wrt)


NET = "z_i = Σ_j w⁽¹⁾_ij x_j + b⁽¹⁾_i\nh_i = σ(z_i)\ny_k = Σ_i w⁽²⁾_ki h_i + b⁽²⁾_k\nL = ½ Σ_k (y_k − t_k)²"
UNIT = "z = Σ_j w_j x_j + b\ny = σ(z)\nL = −t log y − (1 − t) log(1 − y)\nR = ½ Σ_j w_j²\nL_reg = L + λ R"


def printed(text: str, data: list[str], wrt: list[str], form: str) -> list[str]:
    return str(wg.equations(text).batch(data).backward(wrt=wrt).in_form(form)).splitlines()


def test_the_hidden_layer_over_a_batch_by_index() -> None:
    assert printed(NET, ["x", "t"], ["w^(1)", "b^(1)", "w^(2)", "b^(2)"], "index") == [
        "forward",
        "  z_ni = Σ_j w⁽¹⁾_ij x_nj + b⁽¹⁾_i",
        "  h_ni = σ(z_ni)",
        "  y_nk = Σ_i w⁽²⁾_ki h_ni + b⁽²⁾_k",
        "  L = (Σ_nk (y_nk − t_nk)²) / (2 N)",
        "backward",
        "  L̄ = 1",
        "  ȳ_nk = L̄ (y_nk − t_nk) / N",
        "  w̄⁽²⁾_ki = Σ_n ȳ_nk h_ni",
        "  b̄⁽²⁾_k = Σ_n ȳ_nk",
        "  h̄_ni = Σ_k ȳ_nk w⁽²⁾_ki",
        "  z̄_ni = h̄_ni σ'(z_ni)",
        "  w̄⁽¹⁾_ij = Σ_n z̄_ni x_nj",
        "  b̄⁽¹⁾_i = Σ_n z̄_ni",
    ]


def test_the_hidden_layer_over_a_batch_in_matrices() -> None:
    assert printed(NET, ["x", "t"], ["w^(1)", "b^(1)", "w^(2)", "b^(2)"], "matrix") == [
        "forward",
        "  Z = X W⁽¹⁾ᵀ + 𝟏 b⁽¹⁾ᵀ",
        "  H = σ(Z)",
        "  Y = H W⁽²⁾ᵀ + 𝟏 b⁽²⁾ᵀ",
        "  L = ‖Y − T‖² / (2 N)",
        "backward",
        "  L̄ = 1",
        "  Ȳ = L̄ (Y − T) / N",
        "  W̄⁽²⁾ = Ȳᵀ H",
        "  b̄⁽²⁾ = Ȳᵀ 𝟏",
        "  H̄ = Ȳ W⁽²⁾",
        "  Z̄ = H̄ ∘ σ'(Z)",
        "  W̄⁽¹⁾ = Z̄ᵀ X",
        "  b̄⁽¹⁾ = Z̄ᵀ 𝟏",
    ]


def test_rows_of_weights_the_other_way_round_give_the_other_products() -> None:
    text = "z_i = Σ_j x_j w⁽¹⁾_ji + b⁽¹⁾_i\nh_i = σ(z_i)\ny_k = Σ_i h_i w⁽²⁾_ik + b⁽²⁾_k\nL = ½ Σ_k (y_k − t_k)²"
    lines = printed(text, ["x", "t"], ["w^(1)", "b^(1)", "w^(2)", "b^(2)"], "matrix")
    assert lines[8:] == [
        "  W̄⁽²⁾ = Hᵀ Ȳ",
        "  b̄⁽²⁾ = Ȳᵀ 𝟏",
        "  H̄ = Ȳ W⁽²⁾ᵀ",
        "  Z̄ = H̄ ∘ σ'(Z)",
        "  W̄⁽¹⁾ = Xᵀ Z̄",
        "  b̄⁽¹⁾ = Z̄ᵀ 𝟏",
    ]


def test_the_regularizer_of_the_vector_unit_comes_out_once() -> None:
    assert printed(UNIT, ["x", "t"], ["w", "b"], "index") == [
        "forward",
        "  z_n = Σ_j w_j x_nj + b",
        "  y_n = σ(z_n)",
        "  L_n = −t_n log y_n − (1 − t_n) log(1 − y_n)",
        "  R = ½ Σ_j w_j²",
        "  L_reg = (Σ_n L_n) / N + λ R",
        "backward",
        "  L̄_reg = 1",
        "  R̄ = L̄_reg λ",
        "  L̄_n = L̄_reg / N",
        "  ȳ_n = L̄_n (y_n − t_n) / (y_n (1 − y_n))",
        "  z̄_n = ȳ_n σ'(z_n) = L̄_n (y_n − t_n)",
        "  w̄_j = Σ_n z̄_n x_nj + R̄ w_j",
        "  b̄ = Σ_n z̄_n",
    ]
    assert printed(UNIT, ["x", "t"], ["w", "b"], "matrix")[-2:] == ["  w̄ = Xᵀ z̄ + R̄ w", "  b̄ = z̄ᵀ 𝟏"]


def test_a_system_of_numbers_has_a_batch_by_index() -> None:
    system = wg.equations("L = (w x − t)²").batch(["x", "t"])
    assert str(system.backward(wrt="w")).splitlines()[-1] == "  w̄ = 2 L̄ (Σ_n x_n (w x_n − t_n)) / N"


def test_the_letter_of_the_batch_is_one_that_the_system_does_not_use() -> None:
    system = wg.equations("y = Σ_n w_n x_n\nN = y²\nL = N").batch(["x"])
    assert str(system.backward(wrt="w")).splitlines()[1] == "  y_b = Σ_n w_n x_bn"
    assert "B" in str(system)


def test_what_is_no_input_and_what_is_no_number_are_errors() -> None:
    system = wg.equations("y_i = w_i x_i\nL = Σ_i y_i")
    with pytest.raises(EquationError) as caught:
        system.batch(["y"])
    assert str(caught.value).count("\n") <= 2
    with pytest.raises(EquationError, match="not a scalar"):
        wg.equations("y_i = w_i x_i").batch(["x"])
