"""Samples of scipy.ndimage."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from scipy import ndimage as scipy_ndimage

from tests.coverage.samples import Sample, cases
from wengert.scipy import ndimage

RNG = np.random.default_rng(12)
U, X = RNG.normal(size=7), RNG.normal(size=(4, 5))
W, K, EVEN = RNG.normal(size=3), RNG.normal(size=(3, 2)), RNG.normal(size=4)
MODES = ("reflect", "mirror", "nearest", "wrap", "constant")
PLACES = RNG.uniform(0.1, 2.9, size=(2, 6))
TURN = np.array([[0.9, -0.2], [0.15, 0.95]])
WITH_OFFSET = np.array([[0.9, -0.2, 0.33], [0.15, 0.95, 0.1]])
CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], bool)


def _of(name: str, *arguments: Any) -> tuple[Sample, ...]:
    original = getattr(scipy_ndimage, name)
    made = cases(original, *arguments, complex_step=False, single=False, first=1e-9)
    return tuple(replace(sample, call=getattr(ndimage, name), reference=original) for sample in made)


SAMPLES = (
    *_of("correlate", *((X, K, {"mode": mode}) for mode in MODES), (X, K, {"origin": (1, 0)}), (U, EVEN)),
    *_of("convolve", *((X, K, {"mode": mode}) for mode in MODES), (X, K, {"origin": (-1, 0)}), (U, EVEN), (U, W)),
    *_of("correlate1d", (X, W), (X, EVEN, {"axis": 0, "mode": "wrap"}), (U, W, {"origin": 1})),
    *_of("convolve1d", (X, W), (X, EVEN, {"axis": 0, "mode": "wrap"}), (U, W, {"origin": 1}), (U, EVEN)),
    *_of("gaussian_filter1d", (X, 0.8), (X, 0.6, 0), (U, 0.7, {"order": 1}), (U, 0.7, {"order": 2, "mode": "nearest"})),
    *_of("gaussian_filter", (X, 0.7), (X, (0.5, 0.9), {"order": (0, 1)}), (X, 0.6, {"radius": 2, "axes": (1,)})),
    *_of("uniform_filter1d", (X, 3), (U, 4, {"mode": "constant", "cval": 0.5}), (U, 3, {"origin": 1})),
    *_of("uniform_filter", (X,), (X, (2, 3)), (X, 3, {"mode": "wrap"})),
    *_of("sobel", (X,), (X, 0, {"mode": "nearest"})),
    *_of("prewitt", (X,), (X, 0)),
    *_of("laplace", (X,), (X, {"mode": "wrap"})),
    *_of("map_coordinates", (X, PLACES, {"order": 1}), (X, PLACES * 1.7, {"order": 1, "mode": "nearest"})),
    *_of(
        "map_coordinates", (X, PLACES, {"order": 0, "mode": "nearest"}), (X, PLACES - 1.05, {"order": 1, "cval": 2.0})
    ),
    *_of(
        "map_coordinates",
        *((X, PLACES, {"order": order, "mode": "mirror"}) for order in (2, 3, 4, 5)),
        *((X, 3 * PLACES - 3.7, {"mode": mode}) for mode in (*MODES, "grid-wrap", "grid-mirror")),
        *((X, 3 * PLACES - 3.7, {"order": 1, "mode": mode}) for mode in MODES),
        (X, PLACES, {"prefilter": False}),
    ),
    *_of("spline_filter", (X,), (U, 2), (X, 5, {"mode": "reflect"})),
    *_of("spline_filter1d", (X,), (X, 2, 0)),
    *_of("affine_transform", (X, TURN, np.array([0.23, -0.12])), (X, TURN, 0.33, {"mode": "nearest", "order": 1})),
    *_of("affine_transform", (X, np.array([0.9, 0.8])), (X, WITH_OFFSET, {"output_shape": (2, 3)})),
    *_of("geometric_transform", (X, lambda place: (0.9 * place[0] + 0.1, 0.8 * place[1] + 0.2))),
    *_of("rotate", (X, 12.0, {"reshape": False}), (X, -8.0, (0, 1), {"mode": "mirror"})),
    *_of(
        "zoom", (X, 1.5), (X, (2, 1.5), {"order": 1, "mode": "nearest"}), (X, 2, {"grid_mode": True, "mode": "reflect"})
    ),
    *_of("gaussian_laplace", (X, 0.8), (X, (0.5, 0.9), {"mode": "nearest"})),
    *_of("gaussian_gradient_magnitude", (X, 0.8)),
    *_of("maximum_filter", (X, 3), (X, {"footprint": CROSS, "mode": "constant"})),
    *_of("minimum_filter", (X, (2, 3)), (U, 3, {"origin": 1})),
    *_of("median_filter", (X, 3), (X, (2, 2)), (U, 3, {"mode": "nearest"})),
    *_of("shift", (X, 0.4), (X, np.array([0.3, -1.2]), {"order": 5, "mode": "wrap"})),
    *_of("shift", (X, 0.4, {"order": 1}), (X, np.array([0.3, -1.2]), {"order": 1, "mode": "nearest"})),
)
