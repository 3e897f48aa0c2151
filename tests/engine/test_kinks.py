"""The table of kinks, ties and singular points through `grad`: the same at the first call and at the sixth, when code runs."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

import wengert as wg

inf, nan = np.inf, np.nan
CALLS = 6

TABLE = {
    "a masked log": (lambda x: np.where(x > 0, np.log(x), 0.0), 0.0, 0.0),
    "a masked root": (lambda x: np.where(x > 0, np.sqrt(x), 0.0), 0.0, 0.0),
    "a masked quotient": (lambda x: np.where(x > 0, 1 / x, 0.0), 0.0, 0.0),
    "a masked overflow": (lambda x: np.where(x < 100, np.exp(x), 0.0), 1000.0, 0.0),
    "the root at 0": (np.sqrt, 0.0, inf),
    "arccos at 1": (np.arccos, 1.0, -inf),
    "the root of a square at 0": (lambda x: np.sqrt(x * x), 0.0, 0.0),
    "the norm at 0": (np.linalg.norm, [0.0, 0.0], [0.0, 0.0]),
    "a norm written out at 0": (lambda x: np.sqrt(np.sum(x**2)), [0.0, 0.0], [0.0, 0.0]),
    "a quotient with the norm at 0": (lambda x: 1 / (1 + np.linalg.norm(x)), [0.0, 0.0], [0.0, 0.0]),
    "a power of the norm at 0": (lambda x: 2.0 ** np.linalg.norm(x), [0.0, 0.0], [0.0, 0.0]),
    "a direction with the norm at 0": (lambda x: np.sum(x / (0.5 + np.linalg.norm(x))), [0.0, 0.0], [2.0, 2.0]),
    "the logarithm of 1 and std": (lambda x: np.log1p(np.std(x)), [2.0, 2.0], [0.0, 0.0]),
    "the root of 1 and std": (lambda x: np.sqrt(1 + np.std(x)), [2.0, 2.0], [0.0, 0.0]),
    "the logarithm of the norm at 0": (lambda x: np.log(np.linalg.norm(x)), [0.0, 0.0], [nan, nan]),
    "the root of the norm at 0": (lambda x: np.sqrt(np.linalg.norm(x)), [0.0, 0.0], [nan, nan]),
    "the norm at 0 times what is no number": (lambda x: np.linalg.norm(x) * nan, [0.0, 0.0], [nan, nan]),
    "the norm at 0 times ∞": (lambda x: np.linalg.norm(x) * inf, [0.0, 0.0], [nan, nan]),
    "x to the x at 0": (lambda x: x**x, 0.0, -inf),
    "the root of 1 and a squared root": (lambda x: np.sqrt(1 + np.sqrt(x) ** 2), 0.0, 0.5),
    "log10 of what is large": (lambda x: np.log10(np.cosh(x)), 710.0, 1 / np.log(10)),
    "exp log of what is 0": (lambda x: np.exp(np.log(np.sinh(x))), 0.0, 1.0),
    "tanh arctanh of what is 1": (lambda x: np.tanh(np.arctanh(x**3)), 1.0, 3.0),
    "cosh arccosh at 1": (lambda x: np.cosh(np.arccosh(x)), 1.0, 1.0),
    "abs at 0": (np.abs, 0.0, 0.0),
    "max of equal entries": (np.max, [1.0, 1.0, 0.0], [0.5, 0.5, 0.0]),
    "min of equal entries": (np.min, [1.0, 0.0, 0.0], [0.0, 0.5, 0.5]),
    "maximum at a tie": (lambda x: np.maximum(x, 1.0), 1.0, 0.5),
    "the root of a maximum": (lambda x: np.sqrt(np.maximum(x, 0.0)), -1.0, 0.0),
    "clip at its end": (lambda x: np.clip(x, 0.0, 1.0), 1.0, 1.0),
    "clip beyond": (lambda x: np.clip(x, 0.0, 1.0), 1.5, 0.0),
    "a log-sum-exp that overflows": (lambda x: np.log(np.sum(np.exp(x))), [1e4, 0.0], [1.0, 0.0]),
    "logaddexp of nothing": (lambda x: np.logaddexp(x, -inf), -inf, 0.0),
    "x to the 0": (lambda x: x**0.0, 0.0, 0.0),
    "0 to the y": (lambda y: 0.0**y, 2.0, 0.0),
    "a negative number to the y": (lambda y: np.power(-2.0, y), 3.0, nan),
    "the angle at the origin": (lambda y: np.arctan2(y, 0.0), 0.0, 0.0),
    "a product with one 0": (np.prod, [0.0, 2.0, 3.0], [6.0, 0.0, 0.0]),
    "a product with two": (np.prod, [0.0, 0.0, 3.0], [0.0, 0.0, 0.0]),
    "std of a constant": (np.std, [2.0, 2.0, 2.0], [0.0, 0.0, 0.0]),
    "var of one": (np.var, [2.0], [0.0]),
    "a logistic that overflows": (lambda x: 1 / (1 + np.exp(-x)), -800.0, 0.0),
    "a softplus that overflows": (lambda x: np.log(1 + np.exp(x)), 800.0, 1.0),
    "sinc at 0": (np.sinc, 0.0, 0.0),
    "x log x at 0": (lambda x: special.xlogy(x, x), 0.0, -inf),
    "hypot": (lambda x: np.hypot(x, 2.0), 2.0, np.sqrt(0.5)),
    "a determinant": (np.linalg.det, np.diag([1.0, 0.0, 2.0]), np.diag([0.0, 2.0, 0.0])),
    "NaN stays": (lambda x: np.sin(x) + np.sum(x), nan, nan),
    "a softmax of large numbers": (lambda x: (np.exp(x) / np.sum(np.exp(x)))[0], [1000.0, 1000.0], [0.25, -0.25]),
    "a sum of nothing": (lambda x: np.sum(x) * 2.0, np.zeros(0), np.zeros(0)),
}

SECOND = {
    "the square at 0": (lambda x: x**2, 0.0, 2.0),
    "the square as a power at 0": (lambda x: x**2.0, 0.0, 2.0),
    "hypot": (lambda x: np.hypot(x, 2.0), 2.0, 4 / 8**1.5),
    "a masked log": (lambda x: np.where(x > 0, np.log(x), 0.0), 0.0, 0.0),
    "a softplus that overflows": (lambda x: np.log(1 + np.exp(x)), 800.0, 0.0),
    "the root of 1 and a square at 0": (lambda x: np.sqrt(1 + x**2), 0.0, 1.0),
    "cosh of the root of 1 and a square at 0": (lambda x: np.cosh(np.sqrt(1 + x**2)), 0.0, np.sinh(1.0)),
    "the root of a square away from 0": (lambda x: np.sqrt(x * x), 2.0, 0.0),
    "the squared norm at 0": (lambda x: np.linalg.norm(np.stack([x, 2 * x])) ** 2, 0.0, 10.0),
    "the norm times itself at 0": (lambda x: (lambda r: r * r)(np.linalg.norm(np.stack([x, x]))), 0.0, 4.0),
    "the norm cubed at 0": (lambda x: np.linalg.norm(np.stack([x, x])) ** 3, 0.0, 0.0),
    "a bell of the norm at 0": (lambda x: np.exp(-(np.linalg.norm(np.stack([x, x])) ** 2)), 0.0, -4.0),
    "the squared hypotenuse at 0": (lambda x: np.hypot(x, x) ** 2, 0.0, 4.0),
    "the norm at 0": (lambda x: np.linalg.norm(np.stack([x, x])), 0.0, nan),
    "cos of the norm at 0": (lambda x: np.cos(np.linalg.norm(np.stack([x, x]))), 0.0, nan),
    "cos of a root of squares at 0": (lambda x: np.cos(np.sqrt(x**2 + x**4)), 0.0, nan),
    "a masked norm at 0": (lambda x: np.where(x > 0, np.linalg.norm(np.stack([x, x])), 0.0), 0.0, 0.0),
    "a masked hypotenuse at 0": (lambda x: np.where(x > 0, np.hypot(x, x), 0.0), 0.0, 0.0),
}


@pytest.mark.parametrize(("f", "at", "expected"), TABLE.values(), ids=TABLE.keys())
def test_a_slope_is_the_same_at_every_call(f, at, expected):
    g = wg.grad(f)
    x = np.asarray(at) if np.ndim(at) else at
    for call in range(CALLS):
        np.testing.assert_allclose(g(x), expected, rtol=1e-13, atol=1e-300, err_msg=f"call {call}")


@pytest.mark.parametrize(("f", "at", "expected"), SECOND.values(), ids=SECOND.keys())
def test_a_second_slope_is_the_same_at_every_call(f, at, expected):
    g = wg.grad(wg.grad(f))
    for call in range(CALLS):
        np.testing.assert_allclose(g(at), expected, rtol=1e-13, atol=1e-300, err_msg=f"call {call}")


def test_a_point_between_kinks_does_not_change_what_follows():
    g = wg.value_and_grad(lambda x: np.sum(np.log(1 + np.exp(x))))
    for x in (1.0, 800.0, 2.0, 800.0, 3.0, 900.0, 1.0):
        value, slope = g(np.array([x]))
        assert value == pytest.approx(np.logaddexp(0, x), rel=1e-14)
        np.testing.assert_allclose(slope, [1 / (1 + np.exp(-x))], rtol=1e-14)


def test_the_maximum_of_nothing_is_numpys_error():
    for _ in range(CALLS):
        with pytest.raises(ValueError, match="zero-size array to reduction operation maximum which has no identity"):
            wg.grad(np.max)(np.zeros(0))


@pytest.mark.parametrize(
    "name", ["the root of 1 and a squared root", "the norm at 0", "x to the x at 0", "exp log of what is 0"]
)
def test_a_slope_is_the_same_in_a_batch(name):
    f, at, expected = TABLE[name]
    found = wg.vmap(wg.grad(f))(np.array([at, at]))
    np.testing.assert_allclose(found, [expected, expected], rtol=1e-13)
