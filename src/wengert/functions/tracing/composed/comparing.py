"""NumPy's functions that compare whole arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.functions.tracing.answers import answers
from wengert.functions.tracing.operands import shape_of
from wengert.functions.tracing.tracer import Traced


@answers(np.isclose)
def _isclose(a: Any, b: Any, rtol: Any = 1e-05, atol: Any = 1e-08, equal_nan: bool = False) -> Any:
    """|a − b| ≤ atol + rtol |b| where b is finite, equal where it is not."""
    x, y = (z if isinstance(z, Traced) else np.asanyarray(z) for z in (a, b))
    near: Any = (abs(x - y) <= atol + rtol * abs(y)) & np.isfinite(y) | (x == y)
    return near | (np.isnan(x) & np.isnan(y)) if equal_nan else near


@answers(np.allclose)
def _allclose(a: Any, b: Any, rtol: Any = 1e-05, atol: Any = 1e-08, equal_nan: bool = False) -> Any:
    return np.all(_isclose(a, b, rtol, atol, equal_nan))


@answers(np.array_equal)
def _array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> Any:
    """Whether two arrays have one shape and equal entries."""
    x, y = (z if isinstance(z, Traced) else np.asarray(z) for z in (a1, a2))
    if shape_of(x) != shape_of(y):
        return False
    same: Any = x == y
    return np.all(same | (np.isnan(x) & np.isnan(y)) if equal_nan else same)


@answers(np.array_equiv)
def _array_equiv(a1: Any, a2: Any) -> Any:
    """Whether two arrays, broadcast to one shape, have equal entries."""
    x, y = (z if isinstance(z, Traced) else np.asarray(z) for z in (a1, a2))
    try:
        np.broadcast_shapes(shape_of(x), shape_of(y))
    except ValueError:  # shapes that do not meet are not equal
        return False
    return np.all(x == y)
