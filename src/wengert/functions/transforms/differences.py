"""Slopes of functions of arrays by extrapolated central differences, with steps that are made smaller until two agree."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

AGREE = 1e-5
"""Slopes with two steps agree if they differ by no more than this, relatively."""
SHORTER = 30.0
"""How many times shorter each step is than the one before."""
STEPS = 5
EPS = 2.0**-52
ROUNDED = 16
"""So many units of rounding a result may have: 3 of them come of the extrapolation of one."""

Function = Callable[[Sequence[Any]], Sequence[Any]]


class Slopes(NamedTuple):
    """J v, and how far to trust it."""

    slopes: list[Any]
    certain: bool
    """Whether two steps agree."""
    doubt: float
    """By how much they differ, and the slopes to both sides: at a kink these do not come together."""
    rounding: list[float]
    """What rounding of each result makes of its slopes at the step that was taken."""


def differences(f: Function, point: Sequence[Any], moved: Mapping[int, Any]) -> Slopes:
    """J v of f at a point, along directions v of some of the arrays; single precision is taken as double."""
    wide = [_wide(x) for x in point]
    here = [_double(y) for y in f(wide)]
    best, before = Slopes(here, False, np.inf, [0.0] * len(here)), None
    for h in _steps(wide, moved):
        slopes, gap = _slopes(f, wide, moved, here, h)
        if not all(np.all(np.isfinite(s)) for s in slopes):
            return Slopes(slopes, False, np.inf, best.rounding)
        if before is not None:
            off = largest([s - b for s, b in zip(slopes, before, strict=True)])
            if off + gap < best.doubt:
                rounding = [ROUNDED * EPS * largest([y]) / h for y in here]
                best = Slopes(slopes, off <= AGREE * largest(slopes), off + gap, rounding)
            if off <= AGREE * largest(slopes):
                break
        before = slopes
    return best


def _wide(x: Any) -> Any:
    array = np.asarray(x)
    return _double(x)[()] if array.dtype.name in ("float32", "complex64") else x


def _double(y: Any) -> Any:
    return np.asarray(y, complex if np.iscomplexobj(y) else float)


def largest(arrays: Sequence[Any]) -> float:
    """max |x| over all entries of all arrays; 0 for none."""
    return max((float(np.max(np.abs(x), initial=0)) for x in arrays), default=0.0)


def _steps(point: Sequence[Any], moved: Mapping[int, Any]) -> list[float]:
    """Steps from one in proportion to the point down."""
    size = max(1.0, largest([point[k] for k in moved])) / max(1.0, largest(list(moved.values())))
    return [EPS ** (1 / 5) / 4 * size * SHORTER**-k for k in range(STEPS)]


def _slopes(
    f: Function, point: Sequence[Any], moved: Mapping[int, Any], here: Sequence[Any], h: float
) -> tuple[list[Any], float]:
    """(4 D(h/2) − D(h)) / 3 of the central differences D, whose error is O(h⁴) (Richardson 1911); how far the two sides differ."""

    def at(step: float) -> list[Any]:
        near = [_moved(x, step, moved[k]) if k in moved else x for k, x in enumerate(point)]
        return [_double(y) for y in f(near)]

    far, near = (at(h), at(-h)), (at(h / 2), at(-h / 2))
    one, two = ([(p - m) / (2 * step) for p, m in zip(*pair, strict=True)] for pair, step in ((far, h), (near, h / 2)))
    gap = largest([(p + m - 2 * y) / (h / 2) for p, m, y in zip(*near, here, strict=True)])
    return [(4 * b - a) / 3 for a, b in zip(one, two, strict=True)], gap


def _moved(x: Any, step: float, direction: Any) -> Any:
    return x + np.asarray(step * direction, np.asarray(x).dtype)[()]
