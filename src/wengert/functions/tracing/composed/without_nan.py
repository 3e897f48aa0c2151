"""Reductions that pass over NaN: NaN is replaced by what changes nothing, and has no derivative."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.functions.tracing.answers import answers
from wengert.functions.tracing.operands import real_value, value_of

Axis = Any


def _split(a: Any, number: float) -> tuple[Any, Any]:
    """The value with a number instead of NaN, and where there is none; None where there can be none."""
    x: Any = value_of(a)
    if x.dtype.kind not in "fc":
        return x, None
    held = ~np.isnan(x)
    return np.where(held, x, number), held


def _enter(function: Any, plain: Any, number: float) -> None:
    """A function that is `plain` of what is left."""

    @answers(function)
    def rule(a: Any, axis: Axis = None, dtype: Any = None, keepdims: Any = False, **options: Any) -> Any:
        return plain(_split(a, number)[0], axis, dtype=dtype, keepdims=keepdims, **options)

    rule.__name__ = function.__name__


_enter(np.nansum, np.sum, 0.0)
_enter(np.nanprod, np.prod, 1.0)


@answers(np.nancumsum)
def _nancumsum(a: Any, axis: int | None = None, dtype: Any = None) -> Any:
    return np.cumsum(_split(a, 0.0)[0], axis, dtype=dtype)


@answers(np.nancumprod)
def _nancumprod(a: Any, axis: int | None = None, dtype: Any = None) -> Any:
    return np.cumprod(_split(a, 1.0)[0], axis, dtype=dtype)


@answers(np.nanmean)
def _nanmean(a: Any, axis: Axis = None, dtype: Any = None, keepdims: Any = False) -> Any:
    """The mean of what is left; NaN where nothing is."""
    x, held = _split(a, 0.0)
    if held is None:
        return np.mean(x, axis, dtype, keepdims=keepdims)
    total = np.sum(real_value(x, dtype), axis, keepdims=keepdims)
    return total / np.sum(held, axis, dtype=total.real.dtype, keepdims=keepdims)


def _nan_variance(a: Any, axis: Axis, dtype: Any, ddof: Any, keepdims: Any, correction: Any, root: bool) -> Any:
    """The variance of what is left; NaN where that is not more than `ddof`."""
    x, held = _split(a, 0.0)
    freedom = ddof if correction is None else correction
    if held is None:
        return (np.std if root else np.var)(x, axis, dtype, ddof=freedom, keepdims=keepdims)
    x = real_value(x, dtype)
    found: Any = (np.std if root else np.var)(x, axis, ddof=freedom, keepdims=keepdims, where=held)
    enough = np.sum(held, axis, dtype=found.dtype, keepdims=keepdims) - freedom > 0
    return np.where(enough, found, np.nan)


@answers(np.nanvar)
def _nanvar(
    a: Any, axis: Axis = None, dtype: Any = None, ddof: Any = 0, keepdims: Any = False, correction: Any = None
) -> Any:
    return _nan_variance(a, axis, dtype, ddof, keepdims, correction, root=False)


@answers(np.nanstd)
def _nanstd(
    a: Any, axis: Axis = None, dtype: Any = None, ddof: Any = 0, keepdims: Any = False, correction: Any = None
) -> Any:
    return _nan_variance(a, axis, dtype, ddof, keepdims, correction, root=True)


def _nan_extreme(plain: Any, number: float, a: Any, axis: Axis, keepdims: Any) -> Any:
    """The extreme of what is left; NaN where nothing is."""
    x, held = _split(a, number)
    found = plain(x, axis, keepdims=keepdims)
    return found if held is None else np.where(np.any(held, axis, keepdims=keepdims), found, np.nan)


@answers(np.nanmax)
def _nanmax(a: Any, axis: Axis = None, keepdims: Any = False) -> Any:
    return _nan_extreme(np.max, -np.inf, a, axis, keepdims)


@answers(np.nanmin)
def _nanmin(a: Any, axis: Axis = None, keepdims: Any = False) -> Any:
    return _nan_extreme(np.min, np.inf, a, axis, keepdims)
