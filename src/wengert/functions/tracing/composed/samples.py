"""Samples: lines between them, their slopes and integrals, phases without jumps."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wengert.functions.tracing.answers import answers
from wengert.functions.tracing.choosing import take, where
from wengert.functions.tracing.joining import concatenate
from wengert.functions.tracing.moving import along
from wengert.functions.tracing.operands import axes_of, ndim_of, real_value, shape_of, stopped, value_of
from wengert.functions.tracing.tracer import Traced


@answers(np.interp)
def _interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: float | None = None) -> Traced:
    """The straight line between neighbouring points (x_k, f_k) at x, `left` before the first and `right` behind the last.

    At a point the derivative by x is that of the line on its right, at the last point of the line on its left.

    Raises ValueError, with NumPy's words, where the points do not fit.
    """
    x, xp = _real(x), _real(xp)
    fp = _real(fp)
    if xp.ndim != 1 or fp.ndim != 1:
        raise ValueError(
            "Data points must be 1-D sequences" if period is not None else "object too deep for desired array"
        )
    if xp.shape[0] != fp.shape[0]:
        raise ValueError("fp and xp are not of the same length.")
    if xp.shape[0] == 0:
        raise ValueError("array of sample points is empty")
    if period is not None:
        x, xp, fp = _periodic(x, xp, fp, period)
        left = right = None
    first, last = xp[0], xp[-1]
    low, high = (fp[0] if left is None else left), (fp[-1] if right is None else right)
    if xp.shape[0] == 1:
        found = fp[0] + 0 * x
    else:
        k = np.searchsorted(xp, x, side="right") - 1  # pyright: ignore[reportArgumentType, reportCallIssue]
        k = np.clip(k, 0, xp.shape[0] - 2)  # pyright: ignore[reportArgumentType, reportCallIssue]
        x0, x1, f0, f1 = take(xp, k), take(xp, k + 1), take(fp, k), take(fp, k + 1)
        found = (f1 - f0) / (x1 - x0) * (x - x0) + f0
    return where(np.less(x, first), low, where(np.greater(x, last), high, found))  # pyright: ignore[reportArgumentType, reportCallIssue]


def _real(a: Any) -> Traced:
    """An array as NumPy converts it here: float64, or complex128."""
    dtype = a.dtype if isinstance(a, Traced) else np.asarray(a).dtype
    return value_of(a, "complex128" if dtype.kind == "c" else "float64")


def _periodic(x: Traced, xp: Traced, fp: Traced, period: float) -> tuple[Any, Any, Any]:
    """x and the points in one period, sorted, with a point more on either side."""
    if period == 0:
        raise ValueError("period must be a non-zero value")
    period = abs(period)
    x, xp = x % period, xp % period
    order = np.argsort(xp)  # pyright: ignore[reportArgumentType, reportCallIssue]
    xp, fp = take(xp, order), take(fp, order)
    around = concatenate([xp[-1:] - period, xp, xp[0:1] + period])
    return x, around, concatenate([fp[-1:], fp, fp[0:1]])


@answers(np.unwrap)
def _unwrap(p: Any, discont: float | None = None, axis: int = -1, *, period: float = 2 * math.pi) -> Traced:
    """p with multiples of the period added from where it jumps by more than half of it; its derivative is the identity."""
    x = value_of(p)
    (place,) = axes_of(axis, ndim_of(x))
    size = shape_of(x)[place]
    here, before = along(x, place, slice(1, None)), along(x, place, slice(0, max(0, size - 1)))
    jump = here - before
    whole = np.result_type(x.dtype, period).kind in "iu"
    high, rest = divmod(period, 2) if whole else (period / 2, 0)
    moved = (jump + high) % period - high
    if rest == 0:
        moved = where((moved == -high) & (jump > 0), high, moved)
    turns = where(abs(jump) < (period / 2 if discont is None else discont), 0, moved - jump)
    added = np.cumsum(turns, axis=place)  # pyright: ignore[reportArgumentType, reportCallIssue]
    tail = here + stopped(added)
    return concatenate([along(x, place, slice(0, 1)), tail], place)


# ---------------------------------------------------------------- integrals and differences


@answers(np.ediff1d)
def _ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    found = np.diff(value_of(ary).ravel())
    first, last = ([] if each is None else [value_of(each, found.dtype).ravel()] for each in (to_begin, to_end))
    return concatenate([*first, found, *last]) if first or last else found


@answers(np.trapezoid)
def _trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Traced:
    """Σ ½ (y_(j+1) + y_j) (x_(j+1) − x_j) along an axis."""
    y = value_of(y)
    (place,) = axes_of(axis, y.ndim)
    pairs = along(y, place, slice(1, None)) + along(y, place, slice(0, max(0, y.shape[place] - 1)))
    if x is None:
        widths = dx
    elif ndim_of(x) == 1:
        widths = np.diff(x).reshape([-1 if k == place else 1 for k in range(y.ndim)])
    else:
        widths = np.diff(x, axis=place)
    return (widths * pairs / 2.0).sum(axis=place)


# ---------------------------------------------------------------- slopes of samples


@answers(np.gradient)
def _gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """Central differences inside and one-sided ones at the edges, of second order for any distances.

    Raises ValueError, with NumPy's words, where there are too few samples. Source: Fornberg 1988, Math. Comp. 51, 699.
    """
    samples = real_value(f)
    axes = axes_of(axis, samples.ndim) if not isinstance(axis, tuple | list) else [k % samples.ndim for k in axis]
    if edge_order > 2:
        raise ValueError("'edge_order' greater than 2 not supported")
    spaces = list(varargs) if len(varargs) == len(axes) and len(varargs) != 1 else list(varargs or (1.0,)) * len(axes)
    if len(spaces) != len(axes):
        raise TypeError("invalid number of arguments")
    slopes = [_slope(samples, k, space, edge_order) for k, space in zip(axes, spaces, strict=True)]
    return slopes[0] if len(slopes) == 1 else tuple(slopes)


def _slope(samples: Traced, axis: int, space: Any, edge_order: int) -> Traced:
    size = samples.shape[axis]
    if size < edge_order + 1:
        raise ValueError(
            "Shape of array too small to calculate a numerical gradient, at least (edge_order + 1) elements are required."
        )

    def at(start: int, stop: int) -> Traced:
        return along(samples, axis, slice(start % (size + 1), stop % (size + 1)))

    def wide(h: Any) -> Any:
        return h.reshape([-1 if k == axis else 1 for k in range(samples.ndim)])

    if not ndim_of(space):
        inner = (at(2, size) - at(0, size - 2)) / (2.0 * space)
        steps = [space] * 4
    else:
        if ndim_of(space) != 1:
            raise ValueError("distances must be either scalars or 1d")
        if shape_of(space)[0] != size:
            raise ValueError("when 1d, distances must match the length of the corresponding dimension")
        h = np.diff(space if isinstance(space, Traced) else np.asarray(space, dtype=np.float64))
        left, right = wide(h[:-1]), wide(h[1:])
        inner = (
            -right / (left * (left + right)) * at(0, size - 2)
            + (right - left) / (left * right) * at(1, size - 1)
            + left / (right * (left + right)) * at(2, size)
        )
        steps = [h[0], h[1], h[-2], h[-1]] if size > 2 else [h[0], h[0], h[-1], h[-1]]
    if edge_order == 1:
        ends = (at(1, 2) - at(0, 1)) / steps[0], (at(size - 1, size) - at(size - 2, size - 1)) / steps[3]
    else:
        first = [at(k, k + 1) for k in range(3)]
        last = [at(size - 1 - k, size - k) for k in range(3)]
        ends = _edge_slope(first, steps[0], steps[1]), -_edge_slope(last, steps[3], steps[2])
    return concatenate([ends[0], inner, ends[1]], axis)


def _edge_slope(f: list[Traced], a: Any, b: Any) -> Traced:
    """The slope at the first of three samples, a and b apart."""
    return -(2.0 * a + b) / (a * (a + b)) * f[0] + (a + b) / (a * b) * f[1] - a / (b * (a + b)) * f[2]
