"""Reductions of traced values that pass over NaN: NaN is replaced by what changes nothing, and has no derivative."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.core.ir.graph import Node, apply, constant_like
from wengert.core.ops.complex_numbers import is_nan
from wengert.functions.tracing.answers import answers
from wengert.functions.tracing.operands import as_node, axes_of
from wengert.functions.tracing.reductions import kept, number_of, real, variance
from wengert.functions.tracing.tracer import FUNCTIONS, Traced, traced

Axis = Any


def _split(a: Any, number: float) -> tuple[Node, Node | None]:
    """The value with a number instead of NaN, and where there is none; None where there can be none."""
    x = as_node(a)
    if not x.type.is_float:
        return x, None
    held = apply("logical_not", is_nan(x))
    return apply("where", held, x, constant_like(number, x)), held


def _enter(function: Any, plain: Any, number: float) -> None:
    """A function that is `plain` of what is left."""

    @answers(function)
    def rule(a: Any, axis: Axis = None, dtype: Any = None, keepdims: Any = False, **options: Any) -> Traced:
        return FUNCTIONS[plain](traced(_split(a, number)[0]), axis, dtype=dtype, keepdims=keepdims, **options)

    rule.__name__ = function.__name__


_enter(np.nansum, np.sum, 0.0)
_enter(np.nanprod, np.prod, 1.0)


@answers(np.nancumsum)
def _nancumsum(a: Any, axis: int | None = None, dtype: Any = None) -> Traced:
    return FUNCTIONS[np.cumsum](traced(_split(a, 0.0)[0]), axis, dtype=dtype)


@answers(np.nancumprod)
def _nancumprod(a: Any, axis: int | None = None, dtype: Any = None) -> Traced:
    return FUNCTIONS[np.cumprod](traced(_split(a, 1.0)[0]), axis, dtype=dtype)


@answers(np.nanmean)
def _nanmean(a: Any, axis: Axis = None, dtype: Any = None, keepdims: Any = False) -> Traced:
    """The mean of what is left; NaN where nothing is."""
    x, held = _split(a, 0.0)
    if held is None:
        return FUNCTIONS[np.mean](traced(x), axis, dtype, keepdims=keepdims)
    axes = axes_of(axis, x.type.rank)
    x = real(traced(x), dtype)
    return kept(apply("sum", x, axes=axes) / number_of(held, axes, x.type.dtype), x.shape, axes, keepdims)


def _nan_variance(a: Any, axis: Axis, dtype: Any, ddof: Any, keepdims: Any, correction: Any, root: bool) -> Traced:
    """The variance of what is left; NaN where that is not more than `ddof`."""
    x, held = _split(a, 0.0)
    freedom = ddof if correction is None else correction
    if held is None:
        return FUNCTIONS[np.std if root else np.var](traced(x), axis, dtype, ddof=freedom, keepdims=keepdims)
    x = real(traced(x), dtype)
    axes = axes_of(axis, x.type.rank)
    found = variance(x, axes, freedom, held)
    found = apply("sqrt", found) if root else found
    enough = number_of(held, axes, found.type.dtype) - freedom > 0
    found = apply("where", enough, found, constant_like(np.nan, found))
    return kept(found, x.shape, axes, keepdims)


@answers(np.nanvar)
def _nanvar(
    a: Any, axis: Axis = None, dtype: Any = None, ddof: Any = 0, keepdims: Any = False, correction: Any = None
) -> Traced:
    return _nan_variance(a, axis, dtype, ddof, keepdims, correction, root=False)


@answers(np.nanstd)
def _nanstd(
    a: Any, axis: Axis = None, dtype: Any = None, ddof: Any = 0, keepdims: Any = False, correction: Any = None
) -> Traced:
    return _nan_variance(a, axis, dtype, ddof, keepdims, correction, root=True)


def _nan_extreme(plain: Any, number: float, a: Any, axis: Axis, options: dict[str, Any]) -> Traced:
    """The extreme of what is left; NaN where nothing is."""
    x, held = _split(a, number)
    found = FUNCTIONS[plain](traced(x), axis, **options)
    if held is None:
        return found
    some = FUNCTIONS[np.any](traced(held), axis, keepdims=options["keepdims"])
    return np.where(some, found, np.nan)  # pyright: ignore[reportArgumentType, reportReturnType, reportCallIssue]


@answers(np.nanmax)
def _nanmax(a: Any, axis: Axis = None, keepdims: Any = False) -> Traced:
    return _nan_extreme(np.max, -np.inf, a, axis, {"keepdims": keepdims})


@answers(np.nanmin)
def _nanmin(a: Any, axis: Axis = None, keepdims: Any = False) -> Traced:
    return _nan_extreme(np.min, np.inf, a, axis, {"keepdims": keepdims})
