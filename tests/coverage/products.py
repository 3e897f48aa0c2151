"""Samples of products."""

from __future__ import annotations

import numpy as np

from tests.coverage.samples import cases

RNG = np.random.default_rng(4)
X, Y, W, V, N = (
    RNG.normal(size=(3, 4)),
    RNG.normal(size=(3, 4)),
    RNG.normal(size=(4, 2)),
    RNG.normal(size=4),
    np.float64(0.7),
)
B, C, E = RNG.normal(size=(5, 1, 3, 4)), RNG.normal(size=(2, 4, 3)), np.zeros((0, 4))

SAMPLES = (
    *cases(np.matmul, (X, W), (X, V), (V, W), (V, V), (B, C), (C, X), (X, C), (E, W), (V, C.transpose(0, 1, 2))),
    *cases(np.dot, (X, W), (X, V), (V, V), (2.0, X), (N, N), (B, C), (V, C)),
    *cases("method dot", (X, W), (V, V)),
    *cases(np.inner, (X, Y), (V, V), (N, X), (B, V)),
    *cases(np.vdot, (X, Y), (V, V), (N, N), complex_step=False),
    *cases(np.outer, (V, W), (N, V)),
    *cases(
        np.tensordot, (X, W, 1), (X, Y), (X, Y, ([0, 1], [0, 1])), (X, W, (1, 0)), (V, V, 0), (B, X, ([-1, 2], [1, 0]))
    ),
    *cases(np.einsum, ("ij,kj->ik", X, Y), ("ij,jk", X, W), ("ij->j", X), ("ii", X[:, :3]), ("i,i,i->i", V, V, V)),
    *cases(np.trace, X, W),
)
