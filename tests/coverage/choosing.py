"""Samples of functions that choose entries, and of diagonals and triangles."""

from __future__ import annotations

import numpy as np

from tests.coverage.samples import cases

RNG = np.random.default_rng(3)
X, Y, V, N, E = RNG.normal(size=(3, 4)), RNG.normal(size=(3, 4)), RNG.normal(size=4), np.float64(0.7), np.zeros((0, 4))
B, S = RNG.normal(size=(2, 3, 4)), RNG.normal(size=(3, 3))
K = np.array([[0, 2, 1, 0]])
STEP = {"complex_step": False}

SAMPLES = (
    *cases(np.where, (X > 0, X, Y), (V > 0, X, 1), (True, N, V), (np.arange(4), X, Y), (X > 0, V, X), (E > 0, E, E)),
    *cases(np.clip, (X, -0.5, 0.5), (X, None, 0.1), (X, {"min": -0.3, "max": V}), (X, 0.8, 0.4), (X, -V, N), **STEP),
    *cases(
        np.clip,
        (X, np.nan, 0.5),
        (X, -1.0, [0.0, np.nan, 0.1, 1.0]),
        (X, np.array([0, np.nan, 0, 0]), 1.0),
        fixed=(1, 2),
        orders=0,
        **STEP,
    ),
    *cases("method clip", (X, -0.5, 0.5), (X, 0.0), (X, {"max": 0.2}), **STEP),
    *cases(np.amax, X, (X, 0), (X, {"axis": -1, "keepdims": True}), **STEP),
    *cases(np.amin, X, (X, 1), **STEP),
    *cases(np.take, (X, [2, -1, 0]), (X, [[0, 1], [2, 2]], 1), (X, 3), (V, np.array([], dtype=int)), (X, -1, 0)),
    *cases(np.take, (X, [7, -9, 12], {"mode": "wrap"}), (X, [7, -9, 1], 1, None, "clip"), (N, 0), (V, [1.7])),
    *cases("method take", (X, [0, 5, 11]), (X, [1], {"axis": -1})),
    *cases(np.take_along_axis, (X, K, 0), (X, np.array([[1], [-1], [3]]), 1), (X, np.array([0, 11, 3]), None)),
    *cases(np.take_along_axis, (B, np.argsort(B, -1), -1), (B, np.argsort(B, 1), 1), (B, np.array([[[1, 2]]]), -1)),
    *cases(np.select, ([X > 0.5, X > 0], [X, Y]), ([X > 0, V > 0], [X * 2, N], 1.5), ([True], [X], 0)),
    *cases(np.choose, (K, [V, 2 * V, X]), ([1, 0, 2, 1], X), (K + 5, [V, V, X], {"mode": "wrap"}), (0, [X, Y])),
    *cases("method choose", (V,), call=lambda v: (v > 0).astype(int).choose([v, 2 * v])),
    *cases(np.compress, ([True, False, True], X, 0), ([0, 1], X), ([False], X, 1)),
    *cases("method compress", (X, [True, False, True]), (X, [1, 0, 1], {"axis": 1})),
    *cases(np.extract, (X > 0, X), ([1, 0, 0, 1], X), fixed=(0,)),
    *cases(
        np.bincount,
        ([0, 2, 2, 1], V),
        (np.array([3, 3, 0, 0]), V, 7),
        ([0, 0, 0, 0], {"weights": V}),
        single=False,
        complex_step=False,
    ),
    *cases(np.diagonal, X, (X, 1), (X, -2), (B, 0, 1, 2), (B, 1, 2, 0), (X, 9), (B, 1, -1, -2)),
    *cases("method diagonal", X, (X, {"offset": -1})),
    *cases(np.trace, X, (X, 1), (X, -2), (B, 0, 1, 2), (B, 1, 2, 0), (X, 9), X.T),
    *cases("method trace", X, (B, 1)),
    *cases(np.diag, V, (V, 1), (V, -2), X, (X, -1), (V[:0], 2), (V[:0],)),
    *cases(np.diagflat, V, (X, 1), (N, -2)),
    *cases(np.tril, X, (X, 1), (B, -1), (V, 1), (E,)),
    *cases(np.triu, X, (X, 1), (B, -1), (V, -1), (X.T, 2)),
)
