"""The adjoints of a few calls that occur everywhere, on arrays: what the derivative of their rule would do, without a graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from wengert.functions.tracing import references
from wengert.functions.tracing.array_writes import updated
from wengert.functions.tracing.kinds import kind_of
from wengert.functions.tracing.tape import Tape

Parts = list[tuple[int, Any]] | None
Array = Any
FEW = 256
"""Arrays of so many entries are sooner filled than broadcast."""


def _summed(tape: Tape, key: Any, y: Array, bar: Array) -> Parts:
    """Σ over all entries: every entry has the bar of the sum."""
    if len(key[1]) != 1 or key[2] or type(key[1][0]) is not int:
        return None
    x = references.read(key[1][0], tape.values, tape.inputs)  # pyright: ignore[reportArgumentType]
    if type(x) is float or y.dtype.kind != "f" or x.dtype != y.dtype:
        return None
    if x.size > FEW:
        return [(key[1][0], np.broadcast_to(bar, x.shape))]
    back = np.empty(x.shape, x.dtype)
    back[...] = bar
    return [(key[1][0], back)]


def _entry(tape: Tape, key: Any, y: Array, bar: Array) -> Parts:
    """x[i] for numbers, slices and None: the bar at the same places of an array of zeros."""
    place, index = key[1]
    if type(place) is not int or not _is_basic(index):
        return None
    x = references.read(place, tape.values, tape.inputs)  # pyright: ignore[reportArgumentType]
    back = np.zeros(x.shape, x.dtype)
    back[references.read(index, (), ())] = bar
    return [(place, back)]


def _written(tape: Tape, key: Any, y: Array, bar: Array) -> Parts:
    """x with x[i] replaced by a value, for numbers, slices and None: the bar without the entries at i, and those."""
    place, index, value = key[1]
    if not _is_basic(index) or y.dtype.kind != "f":
        return None
    parts: list[tuple[int, Any]] = []
    at = references.read(index, (), ())
    if type(value) is int:
        own = references.read(value, tape.values, tape.inputs)  # pyright: ignore[reportArgumentType]
        if np.ndim(own) > np.ndim(bar[at]) or kind_of(own).dtype != y.dtype:
            return None
        parts.append((value, summed_to(bar[at], np.shape(own))))
    if type(place) is int:
        if kind_of(references.read(place, tape.values, tape.inputs)).dtype != y.dtype:  # pyright: ignore[reportArgumentType]
            return None
        kept = np.array(bar)
        kept[at] = 0
        parts.append((place, kept))
    return parts


def summed_to(part: Array, shape: tuple[int, ...]) -> Array:
    """The adjoint of a broadcast from a shape."""
    if part.shape == shape:
        return part
    if len(part.shape) > len(shape):
        part = part.sum(axis=tuple(range(len(part.shape) - len(shape))))
    axes = tuple([k for k, size in enumerate(shape) if size == 1 and part.shape[k] != 1])
    if axes:
        part = part.sum(axis=axes, keepdims=True)
    return part if part.shape == shape else np.broadcast_to(part, shape)


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
    updated: _written,
}
"""By function; None where the general way has to be taken."""
