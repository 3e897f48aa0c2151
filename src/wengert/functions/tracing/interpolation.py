"""numpy.interp and numpy.unwrap on traced values."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wengert.core.ir.graph import apply
from wengert.functions.tracing.answers import answers
from wengert.functions.tracing.choosing import take, where
from wengert.functions.tracing.joining import concatenate
from wengert.functions.tracing.moving import along
from wengert.functions.tracing.operands import as_node, axes_of, ndim_of, shape_of, supported
from wengert.functions.tracing.tracer import Traced, traced


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
    return traced(as_node(a, supported(np.dtype(np.complex128 if dtype.kind == "c" else np.float64))))


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
    x = p if isinstance(p, Traced) else traced(as_node(p))
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
    tail = here + traced(apply("stop_gradient", as_node(added)))
    return concatenate([along(x, place, slice(0, 1)), tail], place)
