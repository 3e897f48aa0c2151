"""Medians, quantiles and percentiles of traced values: entries of the sorted array, or the line between two of them.

Source: Hyndman and Fan 1996, The American Statistician 50, 361, for the methods.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.functions.tracing.answers import answers
from wengert.functions.tracing.operands import axes_of, real_value, shape_of, value_of
from wengert.functions.tracing.tracer import Traced, refuse

Axis = Any

LINES = {
    "interpolated_inverted_cdf": (0.0, 1.0),
    "hazen": (0.5, 0.5),
    "weibull": (0.0, 0.0),
    "linear": (1.0, 1.0),
    "median_unbiased": (1 / 3, 1 / 3),
    "normal_unbiased": (3 / 8, 3 / 8),
}
"""The methods with a line between entries: α and β of the place n q + α + q (1 − α − β), counted from 1."""

ENTRIES = ("lower", "higher", "nearest", "inverted_cdf", "closest_observation")
"""The methods that give an entry."""
MIDDLES = ("midpoint", "averaged_inverted_cdf")
"""The methods that give an entry, or the middle between two."""


def _place(method: str, n: Any, q: Any) -> tuple[Any, Any]:
    """The place, counted from 0, of the entry below a quantile, and how far it is on the way to the next; for numbers and traced values.

    Raises ValueError, with NumPy's words, for another method.
    """
    if method in LINES:
        alpha, beta = LINES[method]
        place = (n - 1) * q if method == "linear" else n * q + (alpha + q * (1 - alpha - beta)) - 1
        below = np.floor(place)
        return below, place - below
    if method in ("lower", "higher", "midpoint", "nearest"):
        place = (n - 1) * q
        low, high = np.floor(place), np.ceil(place)
        found = {"lower": low, "higher": high, "midpoint": low, "nearest": np.rint(place)}[method]
        return found, (0.5 * (high - low) if method == "midpoint" else 0 * q)
    if method == "inverted_cdf":
        return np.ceil(n * q) - 1, 0 * q
    if method == "averaged_inverted_cdf":
        place = n * q - 1
        below = np.floor(place)
        return below, np.where(place == below, 0.5, 1.0)
    if method == "closest_observation":
        return np.rint(n * q) - 1, 0 * q
    raise ValueError(f"{method!r} is not a valid method. Use one of: {sorted([*LINES, *ENTRIES, *MIDDLES])}")


class _Rows:
    """The array with the axes of a quantile in one last axis, sorted, and how many entries of a row count."""

    def __init__(self, a: Any, axis: Axis, keepdims: Any, *, skip_nan: bool) -> None:
        x = real_value(a)
        axes = axes_of(axis, x.ndim)
        others = tuple(k for k in range(x.ndim) if k not in axes)
        self.kept = tuple(x.shape[k] for k in others)
        self.size = int(np.prod([x.shape[k] for k in axes], dtype=np.int64))
        self.result = self.kept
        """The shape of the result."""
        if keepdims is not np._NoValue and keepdims:  # pyright: ignore[reportPrivateUsage, reportAttributeAccessIssue]
            self.result = tuple(1 if k in axes else n for k, n in enumerate(x.shape))
        rows: Any = np.transpose(x, (*others, *axes)).reshape((*self.kept, self.size))
        self.rows: Any = np.sort(rows, axis=-1)
        self.nan: Any = np.isnan(self.rows)
        self.number: Any = np.sum(~self.nan, axis=-1, dtype=self.rows.dtype) if skip_nan else self.size

    def entry(self, place: Any) -> Any:
        """The entries at a place, a number or one a row, inside of the axis."""
        inside: Any = np.clip(place, 0, self.size - 1)
        if not isinstance(place, Traced):
            return self.rows[..., int(inside)]
        index: Any = np.broadcast_to(inside.astype(np.int64), self.kept)
        return np.take_along_axis(self.rows, index[..., None], axis=-1)[..., 0]

    def without_nan(self, found: Any) -> Any:
        """NaN for the rows that have one."""
        return np.where(np.any(self.nan, axis=-1), np.nan, found)

    def finished(self, found: Any, dtype: Any = None) -> Any:
        """The result over the kept axes, with axes of 1 for the others where they are wanted."""
        return value_of(found, dtype).reshape(self.result)


def _between(low: Any, high: Any, way: Any) -> Any:
    """The value on the way from one entry to the next, exact at both ends."""
    return np.where(way < 0.5, low + (high - low) * way, high - (high - low) * (1 - way))


# ---------------------------------------------------------------- medians


def _median_of(a: Any, axis: Axis, keepdims: Any, *, skip_nan: bool) -> Any:
    rows = _Rows(a, axis, keepdims, skip_nan=skip_nan)
    if not rows.size:
        return rows.finished(np.mean(rows.rows, axis=-1))
    n = rows.number
    found = (rows.entry((n - 1) // 2) + rows.entry(n // 2)) / 2
    return rows.finished(found if skip_nan else rows.without_nan(found))


@answers(np.median)
def _median(a: Any, axis: Axis = None, overwrite_input: bool = False, keepdims: Any = False) -> Any:
    """The middle entry, or the mean of the two in the middle."""
    return _median_of(a, axis, keepdims, skip_nan=False)


@answers(np.nanmedian)
def _nanmedian(a: Any, axis: Axis = None, overwrite_input: bool = False, keepdims: Any = False) -> Any:
    return _median_of(a, axis, keepdims, skip_nan=True)


# ---------------------------------------------------------------- quantiles


def _quantile_of(a: Any, q: Any, axis: Axis, method: str, keepdims: Any, *, skip_nan: bool) -> Any:
    """The quantiles q, whose axes stand in front."""
    rows = _Rows(a, axis, keepdims, skip_nan=skip_nan)
    if not rows.size:
        refuse("There are no entries to take a quantile of.", "Test the size first:  if x.size:")
    wanted, dtype = _levels(q, rows.rows.dtype)
    if method in ENTRIES:
        dtype = rows.rows.dtype
    levels = [wanted] if not shape_of(wanted) else list(wanted.reshape(-1))
    results: list[Any] = []
    for level in levels:
        below, way = _place(method, rows.number, level)
        low, high = rows.entry(below), rows.entry(below + 1)
        found = _between(low, high, way) if isinstance(way, Traced) or way else low
        found = found if skip_nan else rows.without_nan(found)
        results.append(rows.finished(found, dtype))
    if not shape_of(wanted):
        return results[0]
    shape = (*shape_of(wanted), *results[0].shape) if results else shape_of(wanted)
    return np.stack(results).reshape(shape)


def _levels(q: Any, dtype: np.dtype[Any]) -> tuple[Any, np.dtype[Any]]:
    """The quantiles as real numbers, and the dtype of the result: a number of Python takes that of the entries.

    Raises ValueError, with NumPy's words, where a number is outside of [0, 1].
    """
    if isinstance(q, Traced):
        return q, np.result_type(q.dtype, dtype)
    if isinstance(q, int | float):
        levels = np.asarray(q, dtype=dtype)
    else:
        levels = np.asarray(q)
        levels = levels if levels.dtype.kind == "f" else levels.astype(np.float64)
    if not (np.all(levels >= 0) and np.all(levels <= 1)):
        raise ValueError("Quantiles must be in the range [0, 1]")
    return levels, np.result_type(levels.dtype, dtype)


def _hundredths(q: Any, a: Any) -> Any:
    """Percentages as parts of 1, in the dtype that NumPy divides them in.

    Raises ValueError, with NumPy's words, where a number is outside of [0, 100].
    """
    if isinstance(q, Traced):
        return q / 100
    if not (np.all(np.asarray(q) >= 0) and np.all(np.asarray(q) <= 100)):
        raise ValueError("Percentiles must be in the range [0, 100]")
    dtype = real_value(a).dtype
    return np.true_divide(q, dtype.type(100) if isinstance(q, int | float) else 100)


@answers(np.quantile)
def _quantile(
    a: Any, q: Any, axis: Axis = None, overwrite_input: bool = False, method: str = "linear", keepdims: Any = False
) -> Any:
    return _quantile_of(a, q, axis, method, keepdims, skip_nan=False)


@answers(np.percentile)
def _percentile(
    a: Any, q: Any, axis: Axis = None, overwrite_input: bool = False, method: str = "linear", keepdims: Any = False
) -> Any:
    return _quantile_of(a, _hundredths(q, a), axis, method, keepdims, skip_nan=False)


@answers(np.nanquantile)
def _nanquantile(
    a: Any, q: Any, axis: Axis = None, overwrite_input: bool = False, method: str = "linear", keepdims: Any = False
) -> Any:
    return _quantile_of(a, q, axis, method, keepdims, skip_nan=True)


@answers(np.nanpercentile)
def _nanpercentile(
    a: Any, q: Any, axis: Axis = None, overwrite_input: bool = False, method: str = "linear", keepdims: Any = False
) -> Any:
    return _quantile_of(a, _hundredths(q, a), axis, method, keepdims, skip_nan=True)
