"""Step sizes that change: functions of the number of updates made so far, a number or a traced one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from wengert.errors import ModelError

Schedule = Callable[[Any], Any]
"""From the number of updates made so far to a number."""


def _steps(name: str, value: int) -> int:
    if value < 1:
        raise ModelError(f"A schedule has at least one step, not {value}.", f"  {name}={value}", "Give a whole number.")
    return value


def constant(value: float) -> Schedule:
    """η_t = η."""
    return lambda count: value


def linear(first: float, last: float, steps: int) -> Schedule:
    """From the first value to the last in equal parts, then the last."""
    _steps("steps", steps)
    return lambda count: first + (last - first) * np.minimum(count / steps, 1.0)


def exponential_decay(first: float, steps: int, rate: float) -> Schedule:
    """η_t = η r^(t / steps)."""
    _steps("steps", steps)
    return lambda count: first * rate ** (count / steps)


def cosine_decay(first: float, steps: int, floor: float = 0.0) -> Schedule:
    """η_t = η ((1 − a) (1 + cos(π t / steps)) / 2 + a) up to t = steps, then a η, with a = `floor`.

    Source: I. Loshchilov, F. Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts, 2017.
    """
    _steps("steps", steps)

    def value(count: Any) -> Any:
        return first * ((1 - floor) * (1 + np.cos(np.pi * np.minimum(count / steps, 1.0))) / 2 + floor)

    return value


def piecewise_constant(first: float, factors: dict[int, float]) -> Schedule:
    """The first value, multiplied by each factor from its step on."""

    def value(count: Any) -> Any:
        found: Any = first
        for step, factor in sorted(factors.items()):
            found = found * np.where(count >= step, factor, 1.0)
        return found

    return value


def joined(schedules: Sequence[Schedule], starts: Sequence[int]) -> Schedule:
    """The first schedule, and from each start on the next one, which counts from 0 there.

    Raises ModelError where there is not one start fewer than schedules.
    """
    if len(starts) != len(schedules) - 1:
        raise ModelError(
            f"{len(schedules)} schedules have {len(schedules) - 1} starts, not {len(starts)}.",
            f"  starts={list(starts)}",
            "Give the step at which each schedule but the first begins.",
        )

    def value(count: Any) -> Any:
        found = schedules[0](count)
        for start, schedule in zip(starts, schedules[1:], strict=True):
            found = np.where(count < start, found, schedule(np.maximum(count - start, 0)))
        return found

    return value


def warmup_cosine_decay(first: float, peak: float, warmup: int, steps: int, floor: float = 0.0) -> Schedule:
    """Linear from the first value to the peak in `warmup` updates, then by a cosine to `floor` times the peak at update `steps`."""
    _steps("steps - warmup", steps - warmup)
    return joined([linear(first, peak, max(warmup, 1)), cosine_decay(peak, steps - warmup, floor)], [warmup])
