"""NumPy's functions that choose among arrays, or keep what a mask or a diagonal says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.functions.tracing.answers import answers
from wengert.functions.tracing.choosing import diag, diagonal, take, where, within
from wengert.functions.tracing.operands import axes_of, common_dtype, ndim_of, shape_of, value_of
from wengert.functions.tracing.shapes import ravel
from wengert.functions.tracing.tracer import Traced, refuse


@answers(np.select)
def _select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Traced:
    """The first choice whose condition holds, else the default.

    Raises ValueError and TypeError, with NumPy's words, where the lists do not fit.
    """
    if len(condlist) != len(choicelist):
        raise ValueError("list of cases must be same length as list of conditions")
    if len(condlist) == 0:
        raise ValueError("select with an empty condition list is not possible")
    for k, condition in enumerate(condlist):
        dtype = condition.dtype if isinstance(condition, Traced) else np.asarray(condition).dtype
        if dtype.kind != "b":
            raise TypeError(f"invalid entry {k} in condlist: should be boolean ndarray")
    dtype = common_dtype(*choicelist, default)
    found = value_of(default, dtype)
    for condition, choice in zip(condlist[::-1], choicelist[::-1], strict=True):
        found = where(condition, value_of(choice, dtype), found)
    return found


@answers(np.choose)
def _choose(a: Any, choices: Any, mode: str = "raise") -> Traced:
    """y_i = the entry i of the choice with number a_i.

    Raises ValueError, with NumPy's words, where there is no such choice.
    """
    dtype = common_dtype(*choices)
    values = [value_of(x, dtype) for x in choices]
    if not isinstance(a, Traced) and mode == "raise" and np.size(a) and not 0 <= np.min(a) <= np.max(a) < len(values):
        raise ValueError("invalid entry in choice array")
    number: Any = value_of(within(a, len(values), mode))
    if number.dtype.kind not in "iub":
        raise TypeError(f"Cannot cast array data from {number.dtype!r} to dtype('int64')")
    number = value_of(number, "int64")
    found = where(number == len(values) - 1, values[-1], values[-1])
    for k, choice in reversed(list(enumerate(values[:-1]))):
        found = where(number == k, choice, found)
    return found


@answers(method="choose")
def _method_choose(self: Any, choices: Any, out: None = None, mode: str = "raise") -> Traced:
    return _choose(self, choices, mode)


@answers(np.compress)
def _compress(condition: Any, a: Any, axis: int | None = None) -> Traced:
    """The entries along an axis where the condition, which is known, holds."""
    x = ravel(a) if axis is None else a
    (place,) = axes_of(0 if axis is None else axis, ndim_of(x))
    mask = np.asarray(_known_mask(condition, "np.compress"))
    if mask.ndim != 1:
        raise ValueError("condition must be a 1-d array")
    return take(x, np.flatnonzero(mask), place)


@answers(method="compress")
def _method_compress(self: Any, condition: Any, axis: int | None = None) -> Traced:
    return _compress(condition, self, axis)


@answers(np.extract)
def _extract(condition: Any, arr: Any) -> Traced:
    places = np.flatnonzero(np.asarray(_known_mask(condition, "np.extract")))
    return take(ravel(arr), places, 0)


def _known_mask(mask: Any, name: str) -> Any:
    if isinstance(mask, Traced):
        refuse(
            f"How many entries '{name}' picks by a traced mask is not known.",
            "Keep the shape:  np.where(mask, x, 0)",
        )
    return mask


@answers(np.trace, method="trace")
def _trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None) -> Traced:
    """Σ_i x_(i, i + offset)."""
    if ndim_of(a) < 2:
        raise ValueError("diag requires an array of at least two dimensions")
    return np.sum(diagonal(a, offset, axis1, axis2), axis=-1, dtype=dtype)  # pyright: ignore[reportArgumentType, reportReturnType, reportCallIssue]


@answers(np.diagflat)
def _diagflat(v: Any, k: int = 0) -> Traced:
    return diag(ravel(v), k)


@answers(np.tril)
def _tril(m: Any, k: int = 0) -> Traced:
    """The entries on the diagonal k and below it, zeros above."""
    return where(np.tri(*shape_of(m)[-2:], k=k, dtype=bool), m, np.zeros((), value_of(m).dtype))


@answers(np.triu)
def _triu(m: Any, k: int = 0) -> Traced:
    """The entries on the diagonal k and above it, zeros below."""
    return where(np.tri(*shape_of(m)[-2:], k=k - 1, dtype=bool), np.zeros((), value_of(m).dtype), m)
