"""NumPy's functions that say where a value is: the bin between edges, whether it is among others, the extreme beside NaN."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.functions.tracing.answers import answers
from wengert.functions.tracing.choosing import where
from wengert.functions.tracing.operands import value_of
from wengert.functions.tracing.tracer import Traced


@answers(np.nanargmax)
def _nanargmax(a: Any, axis: int | None = None, keepdims: Any = False) -> Traced:
    return np.argmax(_filled(a, -np.inf), axis, keepdims=keepdims)


@answers(np.nanargmin)
def _nanargmin(a: Any, axis: int | None = None, keepdims: Any = False) -> Traced:
    return np.argmin(_filled(a, np.inf), axis, keepdims=keepdims)


def _filled(a: Any, number: float) -> Any:
    x: Any = value_of(a)
    return np.where(np.isnan(x), number, x) if x.dtype.kind == "f" else x


@answers(np.digitize)
def _digitize(x: Any, bins: Any, right: bool = False) -> Traced:
    """The bin of each value between edges that increase or decrease."""
    edges = bins if isinstance(bins, Traced) else np.asarray(bins)
    side = "left" if right else "right"
    up = np.searchsorted(edges, x, side)
    if len(edges) < 2:
        return up
    down = len(edges) - np.searchsorted(edges[::-1], x, side)
    return where(edges[0] <= edges[-1], up, down)


@answers(np.isin)
def _isin(
    element: Any, test_elements: Any, assume_unique: bool = False, invert: bool = False, kind: Any = None
) -> Traced:
    """Whether each entry is among others."""
    wide = value_of(element)[..., None]
    row = value_of(test_elements).ravel()
    found = np.any(wide == row, -1)
    return ~found if invert else found
