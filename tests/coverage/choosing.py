"""Samples of functions that choose entries and fill arrays."""

from __future__ import annotations

import numpy as np

from tests.coverage.samples import cases

RNG = np.random.default_rng(3)
X, Y, V, N, E = RNG.normal(size=(3, 4)), RNG.normal(size=(3, 4)), RNG.normal(size=4), np.float64(0.7), np.zeros((0, 4))

SAMPLES = (
    *cases(np.where, (X > 0, X, Y), (V > 0, X, 1), (True, N, V), (np.arange(4), X, Y), (X > 0, V, X), (E > 0, E, E)),
    *cases(np.clip, (X, -0.5, 0.5), (X, None, 0.1), (X, {"min": -0.3, "max": V}), (X, 0.8, 0.4), complex_step=False),
    *cases("method clip", (X, -0.5, 0.5), (X, 0.0), complex_step=False),
    *cases(np.take, (X, [2, -1, 0]), (X, [[0, 1], [2, 2]], 1), (X, 3), (V, np.array([], dtype=int))),
    *cases("method take", (X, [0, 5, 11]), (X, [1], {"axis": -1})),
    *cases(np.zeros_like, X, (X, {"dtype": np.float32}), (X, {"shape": (2,)}), N, orders=1),
    *cases(np.ones_like, X, (X, {"dtype": int}), E, orders=1),
    *cases(np.full_like, (X, 3), (X, 0.5, {"shape": (2, 2)})),
    *cases(np.copy, X, N),
    *cases("method copy", X),
    *cases("method astype", (X, np.float64), (X, "float64"), (X, int), orders=1, complex_step=False),
)
