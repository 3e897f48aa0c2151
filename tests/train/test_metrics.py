"""Which metric the data decides, and its value."""

from __future__ import annotations

import numpy as np
import pytest

from wengert.errors import DataError
from wengert.train.metrics import Metric, choose_metric, per_example

X = np.array([[1.0, 2.0], [3.0, -4.0], [5.0, 6.0]])
B = np.array([0.5, 0.25])  # as long as two examples: must not be taken for a quantity of examples


def forward(batch):
    """h and y depend on x; b, R are parameters' own; e and J need the target."""
    made = {"b": B, "R": np.asarray(1.0)}
    if "x" in batch:
        made["h"] = batch["x"].sum(axis=1)
        made["y"] = batch["x"] * 2.0
    if "x" in batch and "t" in batch and np.shape(batch["t"]) == np.shape(batch["x"]):
        made["e"] = made["y"] - batch["t"]
    return made


def chosen(t, statement="auto"):
    return choose_metric(forward, {"x": X, "t": np.asarray(t)}, statement)


def test_per_example_finds_the_batch_axis():
    assert per_example(forward, {"x": X}) == {"h": (), "y": (2,)}
    assert per_example(forward, {"x": X[:1]}) == {"h": (), "y": (2,)}


@pytest.mark.parametrize(
    ("target", "statement"),
    [
        ([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]], "accuracy(y, t)"),
        ([[1.0, 0.0], [1.0, 1.0], [1.0, 0.0]], "rmse(y, t)"),
        ([1, 0, 1], "accuracy(y, t)"),
        ([1.0, 0.0, 1.0], "accuracy(h > 0.5, t)"),
        ([1.0, -1.0, 1.0], "accuracy(h > 0, t)"),
        ([1.0, 2.0, 1.0], "rmse(h, t)"),
        ([1.0, 1.0, 1.0], "rmse(h, t)"),
    ],
)
def test_the_target_decides(target, statement):
    metric = chosen(target)
    assert metric is not None
    assert metric.statement == statement
    assert choose_metric(forward, {"x": X, "t": np.asarray(target)}, statement) == metric


def test_no_metric_where_nothing_has_the_shape_or_none_is_wanted():
    assert chosen(np.ones((3, 5))) is None
    assert chosen([1.0, 2.0, 3.0], "none") is None
    assert choose_metric(forward, {"x": X}) is None


def test_values():
    onehot = np.array([[0.0, 1.0], [1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    scores = np.array([[1.0, 2.0], [3.0, -1.0], [0.0, 1.0], [0.0, 0.1]])
    assert Metric("accuracy", "y", "t")(scores, onehot) == 0.75
    assert Metric("accuracy", "y", "t")(scores, np.array([1, 0, 0, 0])) == 0.5
    assert Metric("accuracy", "y", "t", 0.5)(np.array([0.2, 0.7]), np.array([0.0, 0.0])) == 0.5
    assert Metric("accuracy", "z", "t", 0.0)(np.array([-0.2, 0.7]), np.array([0.0, 1.0])) == 1.0
    assert Metric("accuracy", "z", "t", 2.0, low=-1)(np.array([1.0, 3.0]), np.array([-1.0, 1.0])) == 1.0
    assert Metric("rmse", "y", "t")(np.array([1.0, 2.0]), np.array([4.0, 6.0])) == pytest.approx(12.5**0.5)


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("f1(y, t)", "The metric 'f1(y, t)' cannot be read."),
        ("rmse(q, t)", "The metric 'rmse(q, t)' needs 'q', which is not there for each example."),
        ("rmse(b, t)", "The metric 'rmse(b, t)' needs 'b', which is not there for each example."),
        ("rmse(h, u)", "The metric 'rmse(h, u)' needs 'u', which is not there for each example."),
        ("rmse(y, t)", "The metric 'rmse(y, t)' compares shapes that do not fit."),
        ("accuracy(h, t)", "The metric 'accuracy(h, t)' compares shapes that do not fit."),
    ],
)
def test_stated_metric_that_does_not_fit(statement, what):
    with pytest.raises(DataError) as caught:
        chosen([1.0, 2.0, 3.0], statement)
    assert caught.value.what == what
