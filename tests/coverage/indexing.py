"""Samples of reading and writing entries, and of arrays that are made inside of a function."""

from __future__ import annotations

import numpy as np

import wengert.numpy as namespace
from tests.coverage.samples import Sample, cases
from wengert.functions.tracing.array_writes import added_at, updated

RNG = np.random.default_rng(3)
X = RNG.normal(size=(4, 3))
V = RNG.normal(size=5)
MASK = np.array([True, False, True, True])


def written(x, index, value):
    """x with new entries, as user code writes them."""
    y = x.copy()
    y[index] = value
    return y


def added(x, index, value):
    y = x.copy()
    np.add.at(y, index, value)
    return y


SAMPLES = (
    *cases("getitem", (X, 1), (X, np.s_[::2, ::-1]), (X, (Ellipsis, None, 0)), (X, np.array([3, 0, 3])), (X, MASK)),
    *cases(
        "getitem", (X, X > 0), (X, (np.array([0, 2]), slice(None), None)), (X[:0], slice(None)), (V, np.array([-1, 2]))
    ),
    *cases(
        updated,
        (X, 1, V[:3]),
        (X, np.s_[::2, ::-1], 2 * X[1:3]),
        (X, (Ellipsis, 0), V[:4]),
        (X, (0, 0), V[0]),
        call=written,
    ),
    *cases(
        updated,
        (X, np.array([3, 0, 3]), X[:3] + 1),
        (X, MASK, V[:3]),
        (X, X > 0, V[2]),
        (V, np.s_[:0], V[:0]),
        call=written,
    ),
    *cases(
        updated,
        (X, (np.array([[0], [2]]), np.array([0, 2])), X[:2, :2] - 1),
        (V, np.array([-1, 2, -1]), V[:3]),
        call=written,
    ),
    *cases(
        added_at,
        (X, np.array([3, 0, 3]), X[:3] + 1),
        (V, np.array([-1, 4, -1]), V[0]),
        (X, np.s_[1:, 0], V[:3]),
        call=added,
    ),
    *cases(added_at, (X, (np.array([0, 0]), np.array([2, 2])), V[:2]), (V, np.array([], int), V[:0]), call=added),
    Sample(np.zeros, ((2, 3),), orders=0, call=namespace.zeros),
    Sample(np.zeros, (4,), {"dtype": int}, orders=0, call=namespace.zeros),
    Sample(np.ones, ((),), orders=0, call=namespace.ones),
    Sample(np.ones, ((0, 2),), {"dtype": np.float32}, orders=0, call=namespace.ones),
)
