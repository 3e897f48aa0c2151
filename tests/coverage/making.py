"""Samples of arrays that are made inside of a function, and of what is written into them."""

from __future__ import annotations

import numpy as np

import wengert.numpy as wnp
from tests.coverage.samples import cases
from wengert.functions.tracing.array_writes import added_at, updated

RNG = np.random.default_rng(12)
X, V, N = RNG.normal(size=(3, 4)), RNG.normal(size=4), np.float64(0.7)
PLACES = np.array([0, 2, 0])


def written(x, index, value):
    """x with new entries."""
    x = x.copy()
    x[index] = value
    return x


def added(x, index, value):
    """x with what is added to entries."""
    x = x.copy()
    np.add.at(x, index, value)
    return x


SAMPLES = (
    *cases(np.zeros, 3, ((2, 2),), (2, np.float32), orders=0, call=lambda *a: wnp.zeros(*a), reference=np.zeros),
    *cases(np.ones, 3, ((2, 2),), (2, int), orders=0, call=lambda *a: wnp.ones(*a), reference=np.ones),
    *cases(wnp.full, (3, N), ((2, 4), V), (2, 1.5), reference=np.full),
    *cases(wnp.array, ([N, 2.0, N],), ([[N, V[0]], [1, N]],), (X,), ([V, 2 * V],), reference=np.array),
    *cases(wnp.asarray, ([N, 2.0],), (X,), reference=np.asarray),
    *cases(
        updated, (X, 1, V), (X, np.s_[:, ::2], N), (X, X > 0, 0.0), (V, PLACES, V[:3]), (X, (0, 1), N), call=written
    ),
    *cases(added_at, (V, PLACES, V[:3]), (X, PLACES, V), (X, 1, N), call=added),
)
