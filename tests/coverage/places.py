"""Samples of functions that find places, whose number depends on values."""

from __future__ import annotations

import numpy as np

from tests.coverage.samples import cases

RNG = np.random.default_rng(13)
X, V = RNG.normal(size=(3, 4)), np.array([2.0, 1.0, 2.0, 3.0])
FOUND = {"at_values": True, "note": "found while the function runs; a compiled one names the line"}

SAMPLES = (
    *cases(np.nonzero, X, call=lambda x: x[np.nonzero(x > 0)], **FOUND),
    *cases(np.flatnonzero, X, call=lambda x: np.ravel(x)[np.flatnonzero(x > 0)], **FOUND),
    *cases(np.argwhere, X, call=lambda x: (np.argwhere(x > 0), x * x), **FOUND),
    *cases(np.unique, V, call=lambda x: np.unique(np.round(x)) * np.sum(x), **FOUND),
    *cases(np.real_if_close, X, at_values=True),
    *cases(np.real_if_close, X, call=lambda x: np.real_if_close(x * x + 1e-20j * x), at_values=True),
)
