"""Long straight code that repeats nothing: its first calls take work in proportion to its length, and no pause for the collector."""

from __future__ import annotations

import gc
import random

import numpy as np
import pytest

import wengert as wg
from tests.counting import LINEAR, growth

X = np.linspace(0.1, 1, 40)
STEPS = (
    lambda a, b, number: np.tanh(a),
    lambda a, b, number: np.sin(a) + number,
    lambda a, b, number: a * b,
    lambda a, b, number: a + b,
    lambda a, b, number: number * a - np.mean(a),
    lambda a, b, number: np.exp(-a * a),
)


def program(operations):
    """A function of so many operations, whose order has no pattern."""
    picked = random.Random(1)
    steps = [
        (picked.randrange(len(STEPS)), picked.randrange(6), 0.3 + 0.4 * picked.random()) for _ in range(operations)
    ]

    def f(x):
        values = [x, 0.5 * x]
        for kind, back, number in steps:
            a, b = values[-1], values[max(0, len(values) - 1 - back)]
            values.append(STEPS[kind](a, b, number))
        return np.sum(values[-1])

    return f


def compiled(operations):
    f = wg.compile(wg.value_and_grad(program(operations)), cache=False)
    return lambda: f(X)


def third_call(operations):
    """The call at which a program is written down and derived."""
    f = wg.grad(program(operations))
    f(X), f(X)
    return lambda: f(X)


@pytest.mark.parametrize("first", [compiled, third_call])
def test_work_is_linear_in_the_number_of_operations(first):
    assert growth(first, 120) < LINEAR


@pytest.mark.parametrize("first", [compiled, third_call])
def test_the_collector_waits_while_a_program_is_made(first):
    action = first(150)
    before = _older()
    action()
    assert gc.isenabled()
    assert _older() - before <= 2


def _older():
    """How often the collector has looked at more than the newest objects."""
    return sum(each["collections"] for each in gc.get_stats()[1:])
