"""Samples of functions that join arrays."""

from __future__ import annotations

import numpy as np

from tests.coverage.samples import cases

RNG = np.random.default_rng(2)
X, Y, V, N, E = RNG.normal(size=(3, 4)), RNG.normal(size=(2, 4)), RNG.normal(size=4), np.float64(0.7), np.zeros((0, 4))

SAMPLES = (
    *cases(
        np.concatenate, ([X, Y],), ([X, X[:, :1]], 1), ([X, V], {"axis": None}), ([X, E],), ([X, np.ones((1, 4))], -2)
    ),
    *cases(np.stack, ([X, 2 * X],), ([X, X, X], -1), ([V, V], {"axis": 1}), ([N, N],)),
    *cases(np.vstack, ([X, Y],), ([V, V],), ([X, V],)),
    *cases(np.hstack, ([X, X[:, :2]],), ([V, V[:1]],), ([N, N],)),
    *cases(np.append, (X, V), (X, Y, 0), (V, 2.0), (X, [[1.0, 2.0, 3.0, 4.0]], {"axis": 0})),
)
