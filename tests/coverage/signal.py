"""Samples of scipy.signal."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from scipy import signal as scipy_signal

from tests.coverage.samples import Sample, cases
from wengert.scipy import signal

RNG = np.random.default_rng(9)
U, V, N = RNG.normal(size=6), RNG.normal(size=4), np.float64(0.7)
X, K, B = RNG.normal(size=(4, 5)), RNG.normal(size=(2, 3)), RNG.normal(size=(2, 3, 4))


def _of(name: str, *arguments: Any, **options: Any) -> tuple[Sample, ...]:
    """Samples of a function of SciPy, called by the function that stands in for it."""
    original = getattr(scipy_signal, name)
    made = cases(original, *arguments, **{"complex_step": False, **options})
    return tuple(replace(sample, call=getattr(signal, name), reference=original) for sample in made)


Z = RNG.normal(size=2)
SECTIONS = np.array([[0.2, 0.3, 0.1, 1.0, -0.4, 0.2], [1.0, 0.5, 0.0, 1.0, 0.3, 0.0]]).tolist()
MODES = ("full", "same", "valid")

SAMPLES = (
    *_of("convolve", (U, V), *((U, V, mode) for mode in MODES), *((X, K, mode) for mode in MODES), (V, U, "same")),
    *_of("convolve", (K, X, "valid"), (N, N), (U, V, "full", "fft"), (B, B[:1, :2, :2], "same", "direct")),
    *_of(
        "correlate",
        *((U, V, mode) for mode in MODES),
        *((X, K, mode) for mode in MODES),
        (V, U, "valid"),
        (V, U, "same"),
    ),
    *_of("fftconvolve", *((U, V, mode) for mode in MODES), (B, B[:, :1, :2], "full", -1), (X, K, "same", 0)[:3]),
    *_of("fftconvolve", (B, B[:1], "same", (1, 2)), (B, B[:, :2], "valid", {"axes": 1})),
    *_of("oaconvolve", (U, V), (X, K, "same")),
    *_of(
        "convolve2d",
        (X, K),
        (X, K, "same", "wrap"),
        (X, K, "full", "symm"),
        (X, K, "valid"),
        (X, K, "same", "fill", 1.5),
    ),
    *_of("correlate2d", (X, K), (X, K, "same", "symm"), (X, K, "full", "wrap"), (X, K, "same"), (K, X, "valid")),
    *_of("correlate2d", *((X, X[:n, :m], "same") for n in (1, 2, 3, 4) for m in (1, 4))),
    *_of("convolve2d", *((X, X[:n, :m], "same") for n in (1, 2, 3, 4) for m in (1, 4)), (K, X, "valid")),
    *_of(
        "lfilter",
        ([0.5, 0.3], [1.0, -0.6, 0.2], U),
        (V, np.array([2.0, -0.6, 0.2]), X),
        (V[:2], np.array([1.5, 0.4]), X, 0),
        (np.array([0.4, 0.2, 0.1]), np.array([1.0]), U),
        (V[:3], np.array([1.0, 0.4, -0.2]), U, {"zi": Z}),
        single=False,
    ),
    *_of("sosfilt", (SECTIONS, U), (SECTIONS, X, 0), (SECTIONS, U, {"zi": RNG.normal(size=(2, 2))}), single=False),
    *_of("upfirdn", (V, U), (V, U, 2, 3), (V, X, 3, 2, 0), single=False),
    *_of("medfilt", (U,), (X, 3), (U, 5), single=False),
    *_of(
        "filtfilt",
        ([0.5, 0.3], [1.0, -0.4], np.tile(U, 2)),
        ([0.5, 0.3], [1.0, -0.4], np.tile(X, (1, 2))),
        single=False,
    ),
)
