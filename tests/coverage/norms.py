"""Samples of norms of vectors and matrices, and of covariances."""

from __future__ import annotations

import numpy as np

from tests.coverage.samples import cases
from wengert.core.ops.matrices import well_conditioned

RNG = np.random.default_rng(12)
X, V, N, B = RNG.normal(size=(3, 4)), RNG.normal(size=5), np.float64(-0.7), RNG.normal(size=(2, 3, 4))
A, MANY = well_conditioned(RNG, 3, 3), well_conditioned(RNG, 2, 3, 3)
W, COUNTS = np.array([0.5, 1.0, 0.3, 2.0]), np.array([1, 2, 1, 3])
INF = np.inf

SAMPLES = (
    *cases(np.linalg.norm, X, V, N, B, (V, 1), (V, 2), (V, 3), (V, 2.5), (V, 0.5), (V, -1), (V, 0), complex_step=False),
    *cases(
        np.linalg.norm,
        (V, INF),
        (V, -INF),
        (X, {"axis": 0}),
        (X, 1, -1, True),
        (B, {"keepdims": True}),
        complex_step=False,
    ),
    *cases(
        np.linalg.norm, (X, "fro"), (X, "f", (0, 1), True), (X, 1), (X, -1), (X, INF), (X, -INF), complex_step=False
    ),
    *cases(np.linalg.norm, (X, 2), (X, -2), (X, "nuc"), (B, "nuc", (2, 0)), (B, 2, (0, 1), True), complex_step=False),
    *cases(
        np.linalg.norm, (B, 1, (0, 2)), (B, INF, (2, 0)), (B, None, (1, 2)), (B, -1, (2, 1), True), complex_step=False
    ),
    *cases(
        np.linalg.matrix_norm,
        X,
        (B, {"ord": 1}),
        (B, {"ord": "nuc", "keepdims": True}),
        (B, {"ord": 2}),
        complex_step=False,
    ),
    *cases(np.linalg.vector_norm, X, (X, {"axis": 1}), (B, {"axis": (0, 2), "keepdims": True}), complex_step=False),
    *cases(
        np.linalg.vector_norm,
        (X, {"ord": 3}),
        (X, {"ord": INF, "axis": -1}),
        (B, {"axis": (-1, 0), "ord": 1}),
        complex_step=False,
    ),
    *cases(
        np.linalg.cond, A, MANY, X, (A, 1), (A, -2), (A, "fro"), (MANY, INF), (A, 2), (A, "nuc"), complex_step=False
    ),
    *cases(np.cov, X, V, (X, X[:2]), (X, {"rowvar": False}), (X, {"bias": True}), (X, {"ddof": 2}), complex_step=False),
    *cases(
        np.cov,
        (X, {"fweights": COUNTS}),
        (X, {"aweights": W}),
        (X, {"fweights": COUNTS, "aweights": W}),
        complex_step=False,
    ),
    *cases(
        np.cov, (V, V**2), (X, X[0], True), (X, X[:, 1], False), (X, {"aweights": W, "ddof": 0}), complex_step=False
    ),
    *cases(np.corrcoef, X, (X, X[:2]), (X, {"rowvar": False}), (V, V**2), complex_step=False),
)
