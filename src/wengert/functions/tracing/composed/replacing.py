"""What replaces or asks for NaN and infinities."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wengert.functions.tracing.answers import answers
from wengert.functions.tracing.operands import real_value, value_of


@answers(np.nan_to_num)
def _nan_to_num(
    x: Any, copy: bool = True, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Any:
    """x with numbers for NaN and the infinities, where its derivative is 0."""
    found: Any = value_of(x)
    if found.dtype.kind not in "fc":
        return found
    bounds = np.finfo(found.dtype)
    high, low = (bounds.max if posinf is None else posinf), (bounds.min if neginf is None else neginf)
    for place, value in ((math.inf, high), (-math.inf, low)):
        found = np.where(found == place, value_of(value, found.dtype), found)
    return np.where(np.isnan(found), value_of(nan, found.dtype), found)


@answers(np.fix)
def _fix(x: Any) -> Any:
    return np.trunc(x)


@answers(np.isposinf)
def _isposinf(x: Any) -> Any:
    return real_value(x) == math.inf


@answers(np.isneginf)
def _isneginf(x: Any) -> Any:
    return real_value(x) == -math.inf
