"""The cost of programs, counted: operations and bytes of known ones, and a gradient is at most three times its function."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

import wengert as wg
from wengert.core.passes import pipeline
from wengert.targets.native.loops.count import Count, count
from wengert.targets.native.loops.lower import lower


def cost(f, *arguments) -> Count:
    return count(lower(pipeline.run(wg.trace(f)(*arguments))))


def test_a_product_of_matrices_is_two_operations_for_each_of_its_terms():
    a, b = np.ones((64, 32), np.float32), np.ones((32, 48), np.float32)
    assert cost(lambda a, b: a @ b, a, b) == Count(2 * 64 * 32 * 48, 4 * (64 * 32 + 32 * 48 + 64 * 48))


def test_a_sum_reads_every_entry_once_and_adds_it():
    assert cost(np.sum, np.ones(1000)) == Count(1000, 8 * 1001)


def test_a_loop_costs_as_many_times_as_it_has_steps():
    x = np.ones(100)
    once = cost(lambda x: wg.fori_loop(0, 1, lambda i, c: np.sin(c), x), x)
    often = cost(lambda x: wg.fori_loop(0, 7, lambda i, c: np.sin(c), x), x)
    assert often.operations == 7 * once.operations


def perceptron(p, x, t):
    h = np.tanh(x @ p["W1"] + p["b1"])
    z = h @ p["W2"] + p["b2"]
    top = np.max(z, axis=1, keepdims=True)
    return np.mean(top[:, 0] + np.log(np.sum(np.exp(z - top), axis=1)) - np.sum(t * z, axis=1))


WEIGHTS = {
    "W1": np.ones((784, 128), np.float32),
    "b1": np.ones(128, np.float32),
    "W2": np.ones((128, 10), np.float32),
    "b2": np.ones(10, np.float32),
}
FUNCTIONS = {
    "a unit": (lambda w, x: 0.5 * (expit(w * x) - 1) ** 2, (0.5, 1.5)),
    "a perceptron": (perceptron, (WEIGHTS, np.ones((64, 784), np.float32), np.ones((64, 10), np.float32))),
    "elementwise functions": (
        lambda x: np.sum(np.tanh(x) * np.exp(-x * x) + np.sin(3 * x) * np.log1p(x * x) + expit(x)),
        (np.ones(100_000),),
    ),
    "logistic regression": (
        lambda w, x, y: np.mean(np.logaddexp(0, x @ w) - y * (x @ w)),
        (np.ones(50), np.ones((2000, 50)), np.ones(2000)),
    ),
    "Rosenbrock": (
        lambda x: np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2),
        (np.ones(100_000),),
    ),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_value_with_its_gradient_costs_at_most_three_times_the_value(name):
    f, arguments = FUNCTIONS[name]
    value, both = cost(f, *arguments), cost(wg.value_and_grad(f), *arguments)
    assert both.operations <= 3 * value.operations
    assert both.bytes <= 3.01 * value.bytes, "the edges of arrays are read twice"
