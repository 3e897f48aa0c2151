"""Samples of functions that change the shape: reshape, transposes, axes."""

from __future__ import annotations

import numpy as np

from tests.coverage.samples import cases

RNG = np.random.default_rng(1)
X, V, N, E = RNG.normal(size=(3, 4)), RNG.normal(size=5), np.float64(0.7), np.zeros((0, 3))
B, F = RNG.normal(size=(2, 1, 3)), np.asfortranarray(RNG.normal(size=(3, 2)))

SAMPLES = (
    *cases("getitem", (X, 1), (X, np.s_[::-1, 1:]), (X, np.s_[..., None, 0]), (X, np.array([2, 0, 2])), (V, -1)),
    *cases(np.reshape, (X, (2, -1)), (X, 12), (N, (1, 1)), (E, (3, 0)), (F, (-1,))),
    *cases("method reshape", (X, 6, 2), (X, (2, 6)), (X, -1), (N, ())),
    *cases(np.ravel, X, N, E, F),
    *cases("method ravel", X, F),
    *cases("method flatten", X, N),
    *cases(np.transpose, X, (B, (1, 2, 0)), (B, (-1, 0, 1)), N),
    *cases("method transpose", X, (B, 1, 2, 0), (B, (2, 0, 1)), (X, None)),
    *cases(np.swapaxes, (B, 0, 2), (B, -1, 1)),
    *cases("method swapaxes", (B, 0, -1)),
    *cases(np.moveaxis, (B, 0, -1), (B, (0, 1), (2, 0))),
    *cases(np.expand_dims, (X, 0), (X, (0, -1)), (N, 0)),
    *cases(np.squeeze, (B,), (B, 1), (B, (-2,)), (B[:, :, :1], {"axis": (1, 2)})),
    *cases("method squeeze", (B,), (B, 1)),
    *cases(np.broadcast_to, (X[:1], (2, 5, 4)), (N, (2, 2)), (V, 5), (N, ())),
    *cases(np.flip, X, (X, 1), (X, (0, -1)), E),
    *cases(np.atleast_1d, N, X),
    *cases(np.shape, X, orders=0),
    *cases(np.ndim, X, N, orders=0),
)
