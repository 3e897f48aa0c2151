"""NumPy's functions that call a function of the user on parts of an array: what they do, on whatever stands in for the array.

The user's function sees parts that stand in too, so that all it may do on them is followed. This file knows neither graphs nor
tapes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

CALLBACKS: dict[Any, Callable[..., Any]] = {}
"""The functions of NumPy that take a function."""


def _apply_along_axis(func1d: Callable[..., Any], axis: int, arr: Any, *args: Any, **kwargs: Any) -> Any:
    """f of every line of an array along an axis; the axes of f's result take the place of that axis.

    Raises ValueError, with NumPy's words, where there are no lines.
    """
    lines = np.moveaxis(arr, axis, -1)
    place = range(arr.ndim)[axis]
    outer = lines.shape[:-1]
    results = [func1d(lines[index], *args, **kwargs) for index in np.ndindex(*outer)]
    if not results:
        raise ValueError("Cannot apply_along_axis when any iteration dimensions are 0")
    rows = np.stack(results)
    inner = rows.ndim - 1
    whole = np.reshape(rows, (*outer, *rows.shape[1:]))
    order = range(whole.ndim)
    return np.transpose(whole, [*order[:place], *order[len(outer) : len(outer) + inner], *order[place : len(outer)]])


def _apply_over_axes(func: Callable[..., Any], a: Any, axes: Any) -> Any:
    """f(f(a, first axis), second axis) and so on; an axis that f takes away is put back with one entry.

    Raises ValueError, with NumPy's words, where f does something else to the axes.
    """
    rank = a.ndim
    for axis in (axes,) if np.ndim(axes) == 0 else axes:
        place = axis + rank if axis < 0 else axis
        found = func(a, place)
        if found.ndim != a.ndim:
            found = np.expand_dims(found, place)
        if found.ndim != a.ndim:
            raise ValueError("function is not returning an array of the correct shape")
        a = found
    return a


def _piecewise(x: Any, condlist: Any, funclist: Sequence[Any], *args: Any, **kwargs: Any) -> Any:
    """f_k of the entries at which condition k holds, the last condition that does; the function left over elsewhere.

    Raises ValueError, with NumPy's words, where the numbers of conditions and functions do not fit.
    """
    if x.ndim == 0:  # a number cannot be written to
        one = condlist if isinstance(condlist, list | tuple) else [condlist]
        return _piecewise(np.reshape(x, 1), [np.reshape(c, 1) for c in one], funclist, *args, **kwargs)[0]
    single = not isinstance(condlist, list | tuple) or np.ndim(condlist[0]) == 0
    conditions = [condlist] if single else list(condlist)
    if len(conditions) == len(funclist) - 1:
        some = conditions[0]
        for condition in conditions[1:]:
            some = np.logical_or(some, condition)
        conditions.append(np.logical_not(some))
    elif len(conditions) != len(funclist):
        raise ValueError(
            f"with {len(conditions)} condition(s), either {len(conditions)} or {len(conditions) + 1} functions are expected"
        )
    y = np.zeros_like(x)
    for condition, function in zip(conditions, funclist, strict=True):
        if not callable(function):
            y[condition] = function
            continue
        part = x[condition]
        if part.size:
            y[condition] = function(part, *args, **kwargs)
    return y


CALLBACKS[np.apply_along_axis] = _apply_along_axis
CALLBACKS[np.apply_over_axes] = _apply_over_axes
CALLBACKS[np.piecewise] = _piecewise
