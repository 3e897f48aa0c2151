"""Reverse mode on values: rules and NumPy agree on what a call gives, or no derivative is made."""

from __future__ import annotations

import numpy as np
import pytest

import wengert as wg
from wengert.errors import GraphError
from wengert.functions.tracing.standin import StandIn

X = np.array([0.3, -0.4, 0.5])


class Doubled:
    """2x, whose rule may give something else than the function does."""

    __name__ = "doubled"

    def __init__(self, wrong):
        self.wrong = wrong

    def __call__(self, x):
        return 2 * x

    def rule(self, x):
        return self.wrong(2 * x)


def called(function):
    return lambda x: np.sum(x.call(function, (x,), {}) if isinstance(x, StandIn) else function(x))


def jvp(f, x):
    return wg.jvp(f, (x,), (np.ones_like(x),))[1]


@pytest.mark.parametrize("wrong", [lambda y: y[:2], lambda y: y[None], lambda y: np.sum(y)])
@pytest.mark.parametrize("derivative", [lambda f, x: wg.grad(f)(x), jvp], ids=["grad", "jvp"])
def test_a_rule_that_gives_another_shape_than_the_function_is_an_error_with_its_name(wrong, derivative):
    with pytest.raises(GraphError, match=r"rule of 'doubled' gives .* where the function gave float64"):
        derivative(called(Doubled(wrong)), X)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_rule_that_gives_another_dtype_is_converted(dtype):
    f = called(Doubled(lambda y: y.astype(np.float64)))
    for _ in range(4):
        found = wg.grad(f)(X.astype(dtype))
        assert found.dtype == dtype
        np.testing.assert_array_equal(found, np.full(3, 2.0, dtype))
