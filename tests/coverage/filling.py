"""Samples of functions that make arrays like others or in equal steps, and that compare arrays."""

from __future__ import annotations

import numpy as np

from tests.coverage.samples import cases

RNG = np.random.default_rng(6)
X, V, N, E = RNG.normal(size=(3, 4)), RNG.normal(size=4), np.float64(0.7), np.zeros((0, 4))
P, Q = RNG.uniform(0.5, 2, size=3), RNG.uniform(2, 5, size=3)
I = np.array([1.0, np.inf, np.nan, 0.0, 1e-9])
FLAT = {"note": "the derivative is 0"}

SAMPLES = (
    *cases(np.zeros_like, X, (X, {"dtype": np.float32}), (X, {"shape": (2,)}), N, orders=1),
    *cases(np.ones_like, X, (X, {"dtype": int}), E, (X, None, "K", True, 3), orders=1),
    *cases(np.empty_like, E, (X, {"shape": (0,)}), orders=1),
    *cases(np.full_like, (X, 3), (X, 0.5, {"shape": (2, 2)}), (X, N), (X, V)),
    *cases(np.copy, X, N),
    *cases("method copy", X, (X, "F")),
    *cases(np.astype, (X, np.float64), (X, int), complex_step=False),
    *cases("method astype", (X, np.float64), (X, "float64"), (X, int), (X, bool), complex_step=False),
    *cases(np.common_type, X, (X, X), orders=0, call=lambda *a: np.common_type(*a)(0).itemsize),
    *cases(np.result_type, X, (X, np.float32), (X, 1.0), orders=0, call=lambda *a: np.result_type(*a).itemsize),
    *cases(np.meshgrid, (V, P), (V, P, {"indexing": "ij"}), (V, P, N, {"sparse": True}), (V,), (X, P)),
    *cases(np.linspace, (N, 2.0, 5), (P, Q, 4), (P, 3, 4, {"endpoint": False}), (N, N, 1), (P, Q, 3, {"axis": -1})),
    *cases(np.linspace, (P, Q, 4, True, True), (N, 1.0, 0), (N, 9.0, 4, {"dtype": int})),
    *cases(
        np.logspace, (N, 2.0, 5), (P, Q, 4), (P, 1.0, 4, {"endpoint": False, "base": 2.0}), (P, 1.0, 3, {"axis": 1})
    ),
    *cases(np.logspace, (N, 2.0, 5, {"base": P}), (P, Q, 4, {"base": np.float64(3.0), "axis": -1})),
    *cases(
        np.geomspace, (N, 2.0, 5), (P, Q, 4), (-P, -Q, 3, {"endpoint": False}), (P, 3.0, 3, {"axis": -1}), (N, 2.0, 1)
    ),
    *cases(
        np.isclose, (X, X + 1e-9), (I, I), (I, I, {"equal_nan": True}), (X, 0, 1e-3, 0.5), (I, 2 * I[::-1]), orders=0
    ),
    *cases(np.allclose, (X, X + 1e-9), (X, X[0]), (I, I), (I, I, {"equal_nan": True}), orders=0),
    *cases(np.array_equal, (X, X), (X, X[0]), (I, I), (I, I, True), (X, X + 1), orders=0),
    *cases(np.array_equiv, (X, X), (X, X[0]), (X, P), (X[:1], X[0]), orders=0),
    *cases(np.round, X, (X, 2), (100 * X, -1), N, (E, 1), **FLAT),
    *cases(np.around, X, (X, {"decimals": 1}), **FLAT),
    *cases("method round", X, (X, 3), **FLAT),
    *cases("method round", X, (10 * X, -1), call=lambda x, *d: (10 * x).astype(int).round(*d), orders=0),
)
