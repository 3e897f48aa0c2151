"""Samples of functions that call a function on parts of an array."""

from __future__ import annotations

import numpy as np

from tests.coverage.samples import cases

RNG = np.random.default_rng(11)
X, V, B, N = RNG.normal(size=(3, 4)), RNG.normal(size=5), RNG.normal(size=(2, 3, 4)), np.float64(0.7)


def spread(x, scale=1.0):
    """Every entry with its square."""
    return np.stack([x, scale * x * x], axis=-1)


SAMPLES = (
    *cases(
        np.apply_along_axis,
        (np.sum, 0, X),
        (np.flip, 1, X),
        (spread, 1, B),
        (spread, 0, B, 2.0),
        (lambda x: x[1], -1, B),
    ),
    *cases(np.apply_along_axis, (spread, 0, V, {"scale": N}), (lambda x: np.outer(x, x), 1, B)),
    *cases(np.apply_over_axes, (np.sum, B, (0, 2)), (np.mean, B, -1), (np.flip, X, [0])),
    *cases(
        np.piecewise,
        (V, [V > 0.5, V < -0.5], [np.sin, np.exp, lambda x: x**2]),
        (V, V > 0, [2.0, -1.0]),
        complex_step=False,
    ),
    *cases(
        np.piecewise,
        (X, [X > 0], [np.exp]),
        (X, [X > 5, X <= 5], [np.exp, lambda x: x * np.sum(x)]),
        complex_step=False,
    ),
    *cases(np.piecewise, (N, N > 0, [np.exp, np.sin]), fixed=(1,), complex_step=False),
)
