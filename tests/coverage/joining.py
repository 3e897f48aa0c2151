"""Samples of functions that join arrays."""

from __future__ import annotations

import numpy as np

from tests.coverage.samples import cases

RNG = np.random.default_rng(2)
X, Y, V, N, E = RNG.normal(size=(3, 4)), RNG.normal(size=(2, 4)), RNG.normal(size=4), np.float64(0.7), np.zeros((0, 4))
B = RNG.normal(size=(3, 4, 2))

SAMPLES = (
    *cases(
        np.concatenate, ([X, Y],), ([X, X[:, :1]], 1), ([X, V], {"axis": None}), ([X, E],), ((X, np.ones((1, 4))), -2)
    ),
    *cases(np.concatenate, ([X],), ([X, [[1, 2, 3, 4]]],)),
    *cases(
        np.concatenate,
        ([X, Y], {"dtype": np.float32}),
        single=False,
        complex_step=False,
        value=1e-7,
        first=1e-4,
        dot=1e11,
        orders=1,
    ),
    *cases(np.stack, ([X, 2 * X],), ([X, X, X], -1), ([V, V], {"axis": 1}), ([N, N],), ([V, [1, 2, 3, 4]],)),
    *cases(np.vstack, ([X, Y],), ([V, V],), ([X, V],), ([X],)),
    *cases(np.hstack, ([X, X[:, :2]],), ([V, V[:1]],), ([N, N],), ([B, B],)),
    *cases(np.dstack, ([X, X],), ([V, V],), ([N, N],), ([B, X],)),
    *cases(np.column_stack, ([V, V, V],), ([X, V[:3]],), ([N, N],)),
    *cases(np.append, (X, V), (X, Y, 0), (V, 2.0), (X, [[1.0, 2.0, 3.0, 4.0]], {"axis": 0})),
    *cases(np.block, ([[X, V[:3, None]], [Y, np.ones((2, 1))]],), ([V, 1.0],), (X,), ([[N, 2.0], [3.0, N]],)),
    *cases(np.block, ([[[B]], [[B]]],), ([X, X],), ([[V], [V]],)),
)
