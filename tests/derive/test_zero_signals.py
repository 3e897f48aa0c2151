"""A signal that is exactly 0 annihilates a slope that is not finite, so gradients stay finite where the derivative is."""

import numpy as np
import pytest

import wengert as wg


def gradients(text: str, **inputs: object) -> dict[str, object]:
    return wg.equations(text).backward().function()(**inputs)[1]


def test_the_norm_at_the_zero_vector_has_the_gradient_0() -> None:
    assert gradients("x ∈ ℝ^n\nL = ‖x‖", x=np.zeros(3))["x"].tolist() == [0.0, 0.0, 0.0]


def test_a_masked_logarithm_has_the_gradient_0() -> None:
    found = gradients("L = Σ_i { log x_i if x_i > 0; 0 otherwise }", x=[0.0, 2.0, -1.0])["x"]
    assert found.tolist() == [0.0, 0.5, 0.0]


def test_relu_at_0_has_the_gradient_0() -> None:
    assert gradients("L = Σ_i (max(0, z_i) + min(0, z_i))", z=[0.0, 1.0, -1.0])["z"].tolist() == [0.0, 1.0, 1.0]


@pytest.mark.filterwarnings("ignore")
def test_nan_still_gives_nan() -> None:
    assert np.isnan(gradients("L = log x", x=np.nan)["x"])


@pytest.mark.parametrize("scale", [1.0, 1000.0])
def test_softmax_cross_entropy_is_finite_at_large_scores(scale: float) -> None:
    system = wg.equations("y_k = e^(z_k) / Σ_l e^(z_l)\nL = −Σ_k t_k log y_k\nassume Σ_k t_k = 1")
    z, t = scale * np.array([1.0, 0.0, -1.0]), np.array([0.0, 0.0, 1.0])
    loss, found = system.backward(wrt="z").function()(z=z, t=t)
    shifted = z - z.max()
    expected = np.exp(shifted) / np.exp(shifted).sum()
    assert loss == pytest.approx(np.log(np.exp(shifted).sum()) - shifted[2], rel=1e-12)
    np.testing.assert_allclose(found["z"], expected - t, rtol=1e-12, atol=1e-300)


def test_the_sigmoid_and_softplus_formulas_are_finite_at_both_ends() -> None:
    found = gradients("L = Σ_i log(1 + e^(z_i))", z=[-800.0, 0.0, 800.0])["z"]
    np.testing.assert_allclose(found, [0.0, 0.5, 1.0], atol=1e-300)
    found = gradients("L = Σ_i 1 / (1 + e^(−z_i))", z=[-800.0, 0.0, 800.0])["z"]
    np.testing.assert_allclose(found, [0.0, 0.25, 0.0], atol=1e-300)


@pytest.mark.parametrize(
    ("text", "z", "slope"),
    [
        ("L = log σ(z)", -740.0, 1.0),
        ("L = log σ(z)", -800.0, 1.0),
        ("L = −log σ(z)", -746.0, -1.0),
        ("L = log(1 − σ(z))", 40.0, -1.0),
        ("L = log(1 − σ(z))", 800.0, -1.0),
    ],
)
def test_the_logarithm_of_a_logistic_has_its_slope_at_both_ends(text: str, z: float, slope: float) -> None:
    assert gradients(text, z=z)["z"] == pytest.approx(slope, rel=1e-12)


def test_rounding_of_a_saturated_softmax_is_no_mistake() -> None:
    system = wg.equations("Q = X W_Q\nK = X W_K\nA = softmax(Q Kᵀ / √d)\nL = ½ ‖A − T‖_F²")
    derivation = system.backward()
    for seed in range(10):
        assert derivation.check(seed=seed).difference < 1e-9


def test_an_assumption_holds_for_every_example_of_a_batch() -> None:
    system = wg.equations("z_l = Σ_j w_lj x_j\ny_k = e^(z_k) / Σ_l e^(z_l)\nL = −Σ_k t_k log y_k\nassume Σ_k t_k = 1")
    derivation = system.batch(["x", "t"]).backward(wrt="w")
    line = next(line for line in str(derivation).splitlines() if line.startswith("  z̄"))
    assert line == "  z̄_nl = y_nl (ȳ_nl − Σ_k ȳ_nk y_nk) = L̄ (y_nl − t_nl) / N    (with Σ_k t_nk = 1)"
    assert derivation.check().difference < 1e-12
