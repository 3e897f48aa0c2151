"""The adjoints of a few calls that occur everywhere, on arrays: what the derivative of their rule would do, without a graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from wengert.tracing import references
from wengert.tracing.tape import Tape

Parts = list[tuple[int, Any]] | None
Array = Any


def _summed(tape: Tape, key: Any, y: Array, bar: Array) -> Parts:
    """Σ over all entries: every entry has the bar of the sum."""
    if len(key[1]) != 1 or key[2] or type(key[1][0]) is not int:
        return None
    x = references.read(key[1][0], tape.values, tape.inputs)  # pyright: ignore[reportArgumentType]
    if type(x) is float or y.dtype.kind != "f" or x.dtype != y.dtype:
        return None
    return [(key[1][0], np.broadcast_to(bar, x.shape))]


def _entry(tape: Tape, key: Any, y: Array, bar: Array) -> Parts:
    """x[i] for numbers, slices and None: the bar at the same places of an array of zeros."""
    place, index = key[1]
    if type(place) is not int or not _is_basic(index):
        return None
    x = references.read(place, tape.values, tape.inputs)  # pyright: ignore[reportArgumentType]
    back = np.zeros(x.shape, x.dtype)
    back[references.read(index, (), ())] = bar
    return [(place, back)]


def _is_basic(index: Any) -> bool:
    if type(index) is int or len(index) == 3:
        return False
    if index[0] is tuple:
        return all(_is_basic(each) for each in index[1])
    return index[0] in (int, slice, type(None), type(Ellipsis))


DIRECT: dict[Any, Callable[[Tape, Any, Array, Array], Parts]] = {
    np.sum: _summed,
    "method sum": _summed,
    "getitem": _entry,
}
"""By function; None where the general way has to be taken."""
