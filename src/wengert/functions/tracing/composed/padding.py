"""numpy.pad, in all of NumPy's modes but those that leave entries undefined or call a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from wengert.functions.tracing.answers import answers
from wengert.functions.tracing.joining import concatenate
from wengert.functions.tracing.moving import along, between_zeros, fixed, flip
from wengert.functions.tracing.operands import ndim_of, shape_of, value_of
from wengert.functions.tracing.tracer import Traced, refuse

Pair = tuple[Any, Any]
MOVED = ("edge", "reflect", "symmetric", "wrap")
STATISTICS: dict[str, Callable[..., Any]] = {"maximum": np.max, "minimum": np.min, "mean": np.mean, "median": np.median}
OPTIONS = {
    "constant": "constant_values",
    "linear_ramp": "end_values",
    "reflect": "reflect_type",
    "symmetric": "reflect_type",
    **dict.fromkeys(STATISTICS, "stat_length"),
}
"""The keyword of each mode that has one."""


@answers(np.pad)
def _pad(array: Any, pad_width: Any, mode: Any = "constant", **kwargs: Any) -> Traced:
    """The array with entries before and after it along every axis, one axis after the other.

    Raises ValueError, with NumPy's words, for wrong arguments; TraceError for a mode that is a function, and for 'empty'.
    """
    if callable(mode) or mode == "empty":
        refuse(
            "'np.pad' of a traced value takes the modes that NumPy has names and values for.",
            "Join the parts:  np.concatenate([before, x, after])",
        )
    option = OPTIONS.get(mode)
    rank = ndim_of(array)
    # NumPy's own check of the widths and of the mode, on an array that takes no room.
    shape = np.pad(
        np.broadcast_to(False, shape_of(array)), fixed(pad_width, "'np.pad' would pad by"), _checked(mode)
    ).shape
    if unknown := set(kwargs) - {option}:
        raise ValueError(f"unsupported keyword arguments for mode '{mode}': {unknown}")
    widths = _widths(pad_width, rank)
    pairs = _pairs(kwargs.get(option or "", _DEFAULTS.get(option or "")), rank)
    x = value_of(array)
    for axis, (width, given) in enumerate(zip(widths, pairs, strict=True)):
        if width != (0, 0):
            x = _padded(x, axis, width, mode, given)
    assert x.shape == shape
    return x


_DEFAULTS = {"constant_values": 0, "end_values": 0, "reflect_type": "even", "stat_length": None}


def _checked(mode: Any) -> Any:
    """A mode whose check is that of the widths; one that NumPy has not is left to it."""
    return "constant" if mode in OPTIONS or mode in MOVED else mode


def _widths(pad_width: Any, rank: int) -> list[tuple[int, int]]:
    if isinstance(pad_width, dict):
        full: list[Any] = [(0, 0)] * rank
        for axis, width in pad_width.items():  # pyright: ignore[reportUnknownVariableType]
            full[axis] = (width, width) if isinstance(width, int) else width  # pyright: ignore[reportUnknownArgumentType]
        pad_width = full
    return [(int(a), int(b)) for a, b in np.broadcast_to(np.asarray(pad_width), (rank, 2))]


def _pairs(value: Any, rank: int) -> list[Pair]:
    """The values before and after along every axis, from one, a pair, or a pair an axis."""
    if not _is_pair(value):
        return [(value, value)] * rank
    rows: list[Any] = list(value)  # pyright: ignore[reportUnknownArgumentType]
    if not any(_is_pair(row) for row in rows):
        return [(rows[0], rows[-1])] * rank
    filled = rows * rank if len(rows) == 1 else rows
    return [(row[0], row[-1]) if _is_pair(row) else (row, row) for row in filled]


def _is_pair(value: Any) -> bool:
    """Whether a value has entries of its own, as a pair or a row for each axis has."""
    return isinstance(value, list | tuple) or (isinstance(value, Traced | np.ndarray) and value.ndim > 0)


def _padded(x: Traced, axis: int, width: tuple[int, int], mode: str, given: Pair) -> Traced:
    if mode in MOVED and given[0] != "odd":
        places = np.pad(np.arange(x.shape[axis]), width, mode)  # pyright: ignore[reportCallIssue, reportArgumentType]
        return along(x, axis, places)
    if mode in MOVED:
        return _reflected(x, axis, width, mode)
    if mode == "constant" and all(not isinstance(v, Traced) and v == 0 and not np.signbit(np.real(v)) for v in given):
        low = tuple(width[0] if k == axis else 0 for k in range(x.ndim))
        high = tuple(width[1] if k == axis else 0 for k in range(x.ndim))
        return between_zeros(x, low, high)
    if mode == "constant":
        sides = [_spread(x, axis, n, v) for n, v in zip(width, given, strict=True)]
    elif mode == "linear_ramp":
        sides = [_ramp(x, axis, n, v, side) for side, (n, v) in enumerate(zip(width, given, strict=True))]
    else:
        sides = [_statistic(x, axis, n, v, side, mode) for side, (n, v) in enumerate(zip(width, given, strict=True))]
    return concatenate([sides[0], x, sides[1]], axis)


def _spread(x: Traced, axis: int, count: int, value: Any) -> Traced:
    """A value, or an array with one entry along the axis, so many times along it."""
    shape = tuple(count if k == axis else n for k, n in enumerate(x.shape))
    return np.broadcast_to(value_of(value, x.dtype), shape)  # pyright: ignore[reportArgumentType, reportReturnType, reportCallIssue]


def _edge(x: Traced, axis: int, side: int) -> Traced:
    return along(x, axis, slice(0, 1) if side == 0 else slice(x.shape[axis] - 1, None))


def _ramp(x: Traced, axis: int, count: int, end: Any, side: int) -> Traced:
    """From the end value, which is the outermost entry, in equal steps to the edge, which is not among them."""
    part = np.arange(count) / max(1, count)
    part = (part if side == 0 else part[::-1]).reshape([count if k == axis else 1 for k in range(x.ndim)])
    ramp = end + (_edge(x, axis, side) - end) * part
    return value_of(ramp, x.dtype)


def _statistic(x: Traced, axis: int, count: int, length: Any, side: int, mode: str) -> Traced:
    """The mean, median, least or largest of the entries next to an edge."""
    size = x.shape[axis]
    many = size if length is None else min(int(length), size)
    if many == 0 and mode in ("maximum", "minimum"):
        raise ValueError("stat_length of 0 yields no value for padding")
    part = along(x, axis, slice(0, many) if side == 0 else slice(size - many, None))
    value = STATISTICS[mode](part, axis=axis, keepdims=True)
    return _spread(x, axis, count, np.rint(value) if x.dtype.kind == "i" else value)


def _reflected(x: Traced, axis: int, width: tuple[int, int], mode: str) -> Traced:
    """2 · edge − what is reflected at it, with the edge once ('reflect') or twice ('symmetric'), again and again for wide pads."""
    twice = mode == "symmetric"
    period = x.shape[axis] - (not twice)
    if period == 0:  # NumPy repeats the only entry
        return along(x, axis, np.zeros(x.shape[axis] + sum(width), dtype=int))
    left, right = width
    while left or right:
        # What is added on the left must not be read on the right in this round: NumPy cuts both from the same part.
        whole = x.shape[axis] - (not twice)
        whole = whole // period * period
        before, after = min(whole, left), min(whole, right)
        x = _one_reflection(x, axis, before, 0, twice)
        x = _one_reflection(x, axis, after, 1, twice)
        left, right = left - before, right - after
    return x


def _one_reflection(x: Traced, axis: int, count: int, side: int, twice: bool) -> Traced:
    if count == 0:
        return x
    size, skipped = x.shape[axis], int(not twice)
    part = slice(skipped, skipped + count) if side == 0 else slice(size - skipped - count, size - skipped)
    chunk = 2 * _edge(x, axis, side) - flip(along(x, axis, part), axis)
    return concatenate([chunk, x] if side == 0 else [x, chunk], axis)
