"""Samples of functions that change the shape: reshape, transposes, axes."""

from __future__ import annotations

import numpy as np

from tests.coverage.samples import cases

RNG = np.random.default_rng(1)
X, V, N, E = RNG.normal(size=(3, 4)), RNG.normal(size=5), np.float64(0.7), np.zeros((0, 3))
B, F = RNG.normal(size=(2, 1, 3)), np.asfortranarray(RNG.normal(size=(3, 2)))

SAMPLES = (
    *cases("getitem", (X, 1), (X, np.s_[::-1, 1:]), (X, np.s_[..., None, 0]), (X, np.array([2, 0, 2])), (V, -1)),
    *cases(np.reshape, (X, (2, -1)), (X, 12), (N, (1, 1)), (E, (3, 0)), (F, (-1,)), (B, (3, 2), "F"), (X, -1, "F")),
    *cases("method reshape", (X, 6, 2), (X, (2, 6)), (X, -1), (N, ()), (B, 2, -1, {"order": "F"})),
    *cases(np.ravel, X, N, E, F, (X, "F"), (B, {"order": "F"})),
    *cases("method ravel", X, F, (X, "F")),
    *cases("method flatten", X, N, (B, "F")),
    *cases(np.transpose, X, (B, (1, 2, 0)), (B, (-1, 0, 1)), N),
    *cases("method transpose", X, (B, 1, 2, 0), (B, (2, 0, 1)), (X, None)),
    *cases(np.matrix_transpose, X, B, E),
    *cases(np.swapaxes, (B, 0, 2), (B, -1, 1)),
    *cases("method swapaxes", (B, 0, -1)),
    *cases(np.moveaxis, (B, 0, -1), (B, (0, 1), (2, 0))),
    *cases(np.rollaxis, (B, 2), (B, 0, 3), (B, -1, 1)),
    *cases(np.expand_dims, (X, 0), (X, (0, -1)), (N, 0)),
    *cases(np.squeeze, (B,), (B, 1), (B, (-2,)), (B[:, :, :1], {"axis": (1, 2)})),
    *cases("method squeeze", (B,), (B, 1)),
    *cases(np.broadcast_to, (X[:1], (2, 5, 4)), (N, (2, 2)), (V, 5), (N, ())),
    *cases(np.broadcast_arrays, (X, X[0]), (N, V), (X[:, :1], X[:1]), (E, V[:3])),
    *cases(np.atleast_1d, N, X, (N, V)),
    *cases(np.atleast_2d, N, V, B, (N, V, X)),
    *cases(np.atleast_3d, N, V, X, B),
    *cases(np.shape, X, orders=0),
    *cases(np.ndim, X, N, orders=0),
)
