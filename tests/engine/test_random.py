"""Random functions made of NumPy's calls, with branches: every call gives one gradient, that of central differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import wengert as wg
from tests.thorough import rounds

SEEDS = rounds(20, 60)
CALLS = 5
Array = Any

UNARY: list[Callable[[Array], Array]] = [
    np.sin,
    np.tanh,
    lambda v: np.exp(-v * v),
    lambda v: np.log1p(v * v),
    lambda v: -v,
    lambda v: v**2,
    lambda v: np.sqrt(v * v + 1.0),
    lambda v: 1.0 / (2.0 + v * v),
    lambda v: np.where(v > 0.1, v, 0.3 * v),
    lambda v: np.maximum(v, -0.2),
    lambda v: v[..., ::-1],
    lambda v: np.cumsum(v, axis=-1),
    lambda v: v - np.mean(v, axis=-1, keepdims=True),
    lambda v: np.sort(v, axis=-1),
    lambda v: v / np.linalg.norm(v + 2.0),
    lambda v: np.concatenate([v[..., 1:], v[..., :1]], axis=-1),
    lambda v: v.T.T * v.sum(),
    lambda v: np.transpose(np.reshape(v, v.shape)),
]
BINARY: list[Callable[[Array, Array], Array]] = [
    np.add,
    np.multiply,
    lambda a, b: a - 0.5 * b,
    lambda a, b: a / (1.5 + b * b),
    np.hypot,
    lambda a, b: np.arctan2(a, b + 3.0),
    lambda a, b: np.outer(a, b) @ b if np.ndim(a) == 1 else a @ b.T @ a,
    lambda a, b: np.logaddexp(a, b),
    lambda a, b: np.stack([a, b])[0] * 2.0 + b,
    lambda a, b: np.einsum("...i,...i->...i", a, b),
]


def random_function(seed: int, held: Array) -> Callable[[Array], Array]:
    """A number from an array, by calls and branches that the seed chooses."""

    def f(x: Array) -> Array:
        rng = np.random.default_rng(seed)
        made = [x, x * held]
        for _ in range(rng.integers(3, 12)):
            kind = rng.integers(0, 10)
            v = made[rng.integers(len(made))]
            if kind < 5:
                new = UNARY[rng.integers(len(UNARY))](v)
            elif kind < 8:
                new = BINARY[rng.integers(len(BINARY))](v, made[rng.integers(len(made))])
            elif kind == 8:
                new = np.sin(v) if np.sum(v) > rng.normal() else v * rng.normal()
            else:
                new = v
                for _ in range(int(abs(np.sum(v[..., 0])) * 3) % 3):
                    new = new * 0.5 + v
            made.append(new)
        return sum(np.sum(v) for v in made[1:]) * 0.1

    return f


def differences(f: Callable[[Array], Array], x: Array) -> Array:
    h = 1e-6
    found = np.zeros(x.size)
    for k in range(x.size):
        step = np.zeros(x.size)
        step[k] = h
        step = step.reshape(x.shape)
        found[k] = (f(x + step) - f(x - step)) / (2 * h)
    return found.reshape(x.shape)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_every_call_gives_the_gradient(seed):
    rng = np.random.default_rng(1000 + seed)
    shape = (4,) if seed % 2 else (3, 3)
    held = rng.normal(size=shape)
    f = random_function(seed, held)
    g = wg.value_and_grad(f)
    points = [rng.normal(size=shape) for _ in range(2)]
    first = [g(x) for x in points]
    for x, (value, slope) in zip(points, first, strict=True):
        np.testing.assert_allclose(value, f(x), rtol=1e-13)
        scale = max(1.0, float(np.max(np.abs(slope))))
        np.testing.assert_allclose(slope, differences(f, x), rtol=0, atol=1e-6 * scale)
    for call in range(CALLS):
        for x, (value, slope) in zip(points, first, strict=True):
            again, same = g(x)
            np.testing.assert_allclose(again, value, rtol=1e-12, atol=1e-13, err_msg=f"call {call}")
            scale = max(1.0, float(np.max(np.abs(slope))))
            np.testing.assert_allclose(same, slope, rtol=0, atol=1e-11 * scale, err_msg=f"call {call}")
    held += 0.25  # what was read from outside is read again
    for x in points:
        value, slope = g(x)
        np.testing.assert_allclose(value, f(x), rtol=1e-12, atol=1e-13)
        scale = max(1.0, float(np.max(np.abs(slope))))
        np.testing.assert_allclose(slope, differences(f, x), rtol=0, atol=1e-6 * scale)
