"""Samples of polynomials and of interpolation."""

from __future__ import annotations

import numpy as np

from tests.coverage.samples import cases

RNG = np.random.default_rng(8)
P, Q, X, N = RNG.normal(size=4), RNG.normal(size=2), RNG.normal(size=(2, 3)), np.float64(0.7)
T = np.array([0.3, 1.1, 1.9, 3.2])

SAMPLES = (
    *cases(np.polyval, (P, X), (P, N), ([1, 2, 3], X), (P, 2.0), (P, 2), (P[:0], X)),
    *cases(np.poly, P, Q, P[:1], P[:0]),
    *cases(np.polyder, P, (P, 2), (P, 0), (P, 6)),
    *cases(np.polyint, P, (P, 2), (P, 2, [1.0, 2.0]), (P, 1, N), (P, 2, Q)),
    *cases(np.polyadd, (P, Q), (Q, P), (P, 1.0)),
    *cases(np.polysub, (P, Q), (Q, P)),
    *cases(
        np.polyfit,
        (T, P, 2),
        (T, P, 1, {"w": np.abs(P) + 1}),
        (T, RNG.normal(size=(4, 2)), 3),
        (T, P, 0, 1e-12),
        value=1e-11,
        exact=1e-10,
        dot=1000,
        complex_step=False,
        single=False,
    ),
    *cases(np.vander, P, (P, 3), (P, 5, True), (P, 0), (P, 1)),
)
