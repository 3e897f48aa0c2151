"""Split and standardisation."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from wengert.errors import DataError
from wengert.train.data import load
from wengert.train.preparation import Standardisation, split


@pytest.mark.parametrize("name", ["digits", "wine", "diabetes"])
def test_standardisation_is_that_of_scikit_learn(name):
    x = load(name)["data"]
    made = Standardisation.of({"x": x}, ["x"]).apply({"x": x, "t": x})
    np.testing.assert_allclose(made["x"], StandardScaler().fit_transform(x), rtol=1e-12, atol=1e-12)
    assert made["t"] is x


def test_feature_that_does_not_vary_gets_scale_one():
    x = np.column_stack([np.full(7, 0.1), np.arange(7.0), np.full(7, 1e9)])
    made = Standardisation.of({"x": x}, ["x"])
    assert made.scale["x"].tolist() == [1.0, 2.0, 1.0]
    np.testing.assert_allclose(made.apply({"x": x})["x"][:, [0, 2]], 0.0, atol=1e-6)


def test_standardisation_keeps_float32_and_ranks():
    x = np.arange(4, dtype=np.float32)
    made = Standardisation.of({"x": x}, ["x"])
    assert made.mean["x"].shape == ()
    assert made.apply({"x": x})["x"].dtype == np.float32


def test_standardisation_refuses_unknown_names_indices_and_other_features():
    arrays = {"x": np.ones((3, 2)), "i": np.arange(3)}
    with pytest.raises(DataError, match="'X' is to be standardised, but no data is bound to it"):
        Standardisation.of(arrays, ["X"])
    with pytest.raises(DataError, match="it holds indices"):
        Standardisation.of(arrays, ["i"])
    with pytest.raises(DataError, match="'x' has 3 features, and had 2 features in the training"):
        Standardisation.of(arrays, ["x"]).apply({"x": np.ones((5, 3))})


def test_split_is_a_partition_decided_by_the_seed():
    training, validation = split(101, 0.2, 7)
    assert len(validation) == 20
    np.testing.assert_array_equal(np.sort(np.concatenate([training, validation])), np.arange(101))
    np.testing.assert_array_equal(validation, split(101, 0.2, 7)[1])
    assert not np.array_equal(validation, split(101, 0.2, 8)[1])


def test_split_leaves_a_row_to_each_part():
    assert [len(part) for part in split(2, 0.99, 0)] == [1, 1]
    assert [len(part) for part in split(50, 0.001, 0)] == [49, 1]
    assert [len(part) for part in split(50, 0.0, 0)] == [50, 0]


@pytest.mark.parametrize(("n", "fraction"), [(10, 1.0), (10, -0.1), (10, float("nan")), (1, 0.5)])
def test_split_refuses(n, fraction):
    with pytest.raises(DataError):
        split(n, fraction, 0)
