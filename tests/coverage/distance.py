"""Samples of scipy.spatial.distance."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from scipy.spatial import distance as scipy_distance

from tests.coverage.samples import Sample, cases
from wengert.scipy import distance

RNG = np.random.default_rng(11)
X, Y = RNG.normal(size=(4, 3)), RNG.normal(size=(3, 3))
U, V, W = RNG.normal(size=3), RNG.normal(size=3), np.array([0.5, 1.5, 1.0])
P = RNG.uniform(0.2, 1.0, size=(3, 4))
MANY = np.random.default_rng(9).normal(size=(7, 3))
INVERSE = np.array([[2.0, 0.3, 0.0], [0.3, 1.0, 0.2], [0.0, 0.2, 1.5]])


def _of(name: str, *arguments: Any, **options: Any) -> tuple[Sample, ...]:
    original = getattr(scipy_distance, name)
    made = cases(original, *arguments, complex_step=False, single=False, **options)
    return tuple(replace(sample, call=getattr(distance, name), reference=original) for sample in made)


PLAIN = ("euclidean", "sqeuclidean", "cityblock", "chebyshev", "cosine", "correlation", "canberra", "braycurtis")
SAMPLES = (
    *(sample for name in PLAIN for sample in _of(name, (U, V), (U, V, W))),
    *_of("minkowski", (U, V, {"p": 3}), (U, V, {"p": 1.5, "w": W}), (U, V, {"p": 1}), (U, V)),
    *_of("mahalanobis", (U, V, INVERSE)),
    *_of("seuclidean", (U, V, W)),
    *_of("cdist", *((X, Y, {"metric": name}) for name in PLAIN), (X, Y)),
    *_of("cdist", (X, Y, {"metric": "mahalanobis"}), (X, Y, {"metric": "seuclidean"}), first=1e-9),
    *_of("pdist", (MANY, {"metric": "mahalanobis"}), (MANY, {"metric": "seuclidean"}), first=1e-9),
    *_of("cdist", (X, Y, {"metric": "mahalanobis", "VI": INVERSE}), (X, Y, {"metric": "minkowski", "p": 3})),
    *_of("cdist", (P, P[:2] ** 2, {"metric": "jensenshannon"}), (X, Y, {"metric": "seuclidean", "V": W})),
    *_of("pdist", *((X, {"metric": name}) for name in PLAIN), (X,)),
    *_of("squareform", (RNG.uniform(size=6),), (np.array([[0, 1.0, 2], [1, 0, 3], [2, 3, 0]]), {"checks": False})),
)
