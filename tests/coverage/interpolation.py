"""Samples of interpolation and of jumps of a period."""

from __future__ import annotations

import numpy as np

from tests.coverage.samples import cases

RNG = np.random.default_rng(10)
KNOTS, VALUES, N = np.array([0.0, 1.0, 2.5, 3.0]), RNG.normal(size=4), np.float64(1.3)
X = RNG.uniform(-1, 4, size=(2, 3))
PHASE = np.array([0.1, 2.3, 4.0, 6.5, 1.0, -3.0, 9.0])
STEP = {"complex_step": False}

SAMPLES = (
    *cases(np.interp, (X, KNOTS, VALUES), (N, KNOTS, VALUES), (X, KNOTS, VALUES, -1.0, {"right": N}), **STEP),
    *cases(np.interp, (X, KNOTS, VALUES, {"period": 2.7}), (X, [1.0], VALUES[:1]), (X, [0, 1, 2, 3], VALUES), **STEP),
    *cases(np.interp, ([], KNOTS, VALUES), (X, KNOTS, VALUES + 1j * KNOTS), (X, KNOTS, [1, 2, 0, 1]), **STEP),
    *cases(np.interp, (KNOTS, KNOTS, VALUES), fixed=(0, 1), **STEP),
    *cases(np.unwrap, PHASE, (PHASE, 1.0), (PHASE, {"period": 4.0}), (PHASE[:0],), (PHASE[:1],), **STEP),
    *cases(np.unwrap, (np.outer([1, 1.1], PHASE), {"axis": 1}), (PHASE[:, None], {"axis": 0}), **STEP),
)
