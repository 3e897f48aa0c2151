"""Initial parameters."""

from __future__ import annotations

import math

import numpy as np
import pytest

from wengert.errors import ModelError
from wengert.train.initial import break_symmetry, initial_parameters

SHAPES = {"W": (40, 60), "w": (60,), "b": ()}


def test_glorot_is_uniform_within_its_bound_and_zero_below_rank_two():
    made = initial_parameters(SHAPES, 0)
    bound = math.sqrt(6 / 100)
    assert np.abs(made["W"]).max() <= bound
    assert made["W"].std() == pytest.approx(bound / math.sqrt(3), rel=0.05)
    assert not made["w"].any()
    assert made["b"] == 0
    assert made["b"].shape == ()


def test_he_and_normal_have_their_standard_deviations():
    assert initial_parameters(SHAPES, 0, "he")["W"].std() == pytest.approx(math.sqrt(2 / 60), rel=0.05)
    made = initial_parameters(SHAPES, 0, "normal(0.25)")
    assert made["W"].std() == pytest.approx(0.25, rel=0.05)
    assert made["b"] != 0
    assert not initial_parameters(SHAPES, 0, "zeros")["W"].any()


def test_kernel_counts_its_positions_as_connections():
    made = initial_parameters({"K": (8, 4, 3, 3)}, 1)["K"]
    assert np.abs(made).max() <= math.sqrt(6 / (4 * 9 + 8 * 9))
    assert np.abs(made).max() > 0.95 * math.sqrt(6 / (4 * 9 + 8 * 9))


def test_each_parameter_has_a_stream_of_its_own():
    made = initial_parameters({"A": (3, 4), "B": (3, 4)}, 5)
    other = initial_parameters({"C": (2, 2), "B": (3, 4), "A": (3, 4)}, 5)
    np.testing.assert_array_equal(made["A"], other["A"])
    np.testing.assert_array_equal(made["B"], other["B"])
    assert not np.array_equal(made["A"], made["B"])
    assert not np.array_equal(made["A"], initial_parameters({"A": (3, 4)}, 6)["A"])


def test_type_and_unknown_rule():
    assert initial_parameters(SHAPES, 0, dtype=np.float32)["W"].dtype == np.float32
    for rule in ("xavier", "normal()", "normal(1.2.3)", "normal(-1)"):
        with pytest.raises(ModelError, match="There is no rule"):
            initial_parameters(SHAPES, 0, rule)


def test_symmetry_is_broken_where_the_first_gradient_keeps_it():
    """y = Σ_i v_i tanh(w_i x + b_i), all zero: every gradient is zero, and one unit would be all there is."""
    params = {name: np.zeros(4) for name in "vwb"} | {"c": np.zeros(())}
    stuck = {name: np.zeros(4) for name in "vwb"} | {"c": np.array(0.3)}
    drawn = break_symmetry(params, stuck, 0)
    assert sorted(drawn) == ["b", "v", "w"]
    assert all(np.ptp(value) > 0 and np.abs(value).max() <= math.sqrt(6 / 5) for value in drawn.values())
    assert break_symmetry(params | drawn, stuck, 0) == {}


def test_weights_on_data_stay_zero():
    gradients = {"w": np.array([0.1, -0.4]), "b": np.array(0.5)}
    assert break_symmetry({"w": np.zeros(2), "b": np.zeros(())}, gradients, 0) == {}
