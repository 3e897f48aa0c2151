"""Optimizers against recurrences written out by hand, one number at a time."""

from __future__ import annotations

import math

import numpy as np
import pytest

from wengert.errors import ModelError
from wengert.optim.rules import RULES
from wengert.train.optimizers import apply_updates, optimizer

GRADIENTS = [0.5, -1.0, 0.25, 2.0, 0.0, 1e-3]


def run(made, start, dtype=np.float64):
    """The parameter after each of GRADIENTS, as a scalar and as the entries of a matrix that carries it twice."""
    params = {"w": np.full((2, 1), start, dtype), "b": np.array(start, dtype)}
    state = made.init(params)
    path = []
    for g in GRADIENTS:
        grads = {name: np.full(p.shape, g, dtype) for name, p in params.items()}
        updates, state = made.update(grads, state, params)
        params = apply_updates(params, updates)
        np.testing.assert_array_equal(params["w"], np.full((2, 1), params["b"]))
        assert {p.dtype for p in params.values()} == {np.dtype(dtype)}
        path.append(float(params["b"]))
    assert state["count"] == len(GRADIENTS)
    return path


def test_sgd():
    p, path = 1.0, []
    for g in GRADIENTS:
        p = p - 0.3 * g
        path.append(p)
    np.testing.assert_allclose(run(optimizer("sgd", learning_rate=0.3), 1.0), path, rtol=1e-15)


def test_momentum_is_a_weighted_sum_of_past_gradients():
    path = [
        1.0 - sum(0.1 * sum(0.8 ** (t - s) * GRADIENTS[s] for s in range(t + 1)) for t in range(end + 1))
        for end in range(len(GRADIENTS))
    ]
    np.testing.assert_allclose(run(optimizer("momentum", learning_rate=0.1, momentum=0.8), 1.0), path, rtol=1e-14)


@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_adam_and_adamw(decay):
    a, b1, b2, eps = 0.05, 0.8, 0.95, 1e-6
    p, path = -2.0, []
    for t in range(1, len(GRADIENTS) + 1):
        # the moments as explicit sums, not as recurrences
        m = sum((1 - b1) * b1 ** (t - s) * GRADIENTS[s - 1] for s in range(1, t + 1)) / (1 - b1**t)
        v = sum((1 - b2) * b2 ** (t - s) * GRADIENTS[s - 1] ** 2 for s in range(1, t + 1)) / (1 - b2**t)
        p = p - a * m / (math.sqrt(v) + eps) - a * decay * p
        path.append(p)
    name, more = ("adamw", {"weight_decay": decay}) if decay else ("adam", {})
    np.testing.assert_allclose(
        run(optimizer(name, learning_rate=a, b1=b1, b2=b2, eps=eps, **more), -2.0), path, rtol=1e-13
    )


def test_first_step_of_adam_is_the_learning_rate():
    assert run(optimizer("adam"), 0.0)[0] == pytest.approx(-0.001, rel=1e-6)


@pytest.mark.parametrize("name", RULES)
def test_float32_stays_float32_and_nothing_given_is_changed(name):
    run(optimizer(name), 1.0, np.float32)
    made = optimizer(name)
    params = {"w": np.ones(3, np.float32)}
    grads = {"w": np.full(3, 0.5, np.float32)}
    before = made.init(params)
    for array in (params["w"], grads["w"]):
        array.flags.writeable = False
    updates, after = made.update(grads, before, params)
    assert updates["w"].dtype == np.float32
    assert before["count"] == 0
    for key, moment in before.items():
        if key != "count":
            assert not moment["w"].any()
            assert after[key]["w"].dtype == np.float32


@pytest.mark.parametrize(
    ("name", "settings", "what"),
    [
        ("adma", {}, "There is no optimizer 'adma'."),
        ("sgd", {"momentum": 0.9}, "The optimizer 'sgd' has no setting 'momentum'."),
        ("sgd", {"learning_rate": 0.0}, "The setting 'learning_rate' of the optimizer 'sgd' is 0."),
        ("sgd", {"learning_rate": float("nan")}, "The setting 'learning_rate' of the optimizer 'sgd' is nan."),
        ("adam", {"b1": 1.0}, "The setting 'b1' of the optimizer 'adam' is 1."),
    ],
)
def test_settings_that_make_no_sense(name, settings, what):
    with pytest.raises(ModelError) as caught:
        optimizer(name, **settings)
    assert caught.value.what == what
