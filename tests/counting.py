"""How much work an action is, without a clock: a machine that is slow, or busy, counts the same calls.

A test asserts no time. It says how calls grow when the input doubles, how many there are beside those of something like it, or that
a limit was hit. Where machine code is measured, which makes no calls, two runs take turns, and the ratio has a wide margin.
"""

from __future__ import annotations

import cProfile
import time
from collections.abc import Callable
from typing import Any

import pytest

from wengert.core.ops.interning import forget

LINEAR = 2.3
"""So many times as many calls when the input doubles are linear growth; n log n is below this too from about a hundred on."""
QUADRATIC = 4.6


def calls(action: Callable[[], Any]) -> int:
    """How many functions are called, those in C included, while an action runs; nothing is remembered of terms before it."""
    forget()
    profile = cProfile.Profile()
    profile.enable()
    try:
        action()
    finally:
        profile.disable()
    return sum(entry.callcount for entry in profile.getstats())


def uses(
    owner: Any, name: str, action: Callable[[], Any], weight: Callable[..., int] = lambda *given, **more: 1
) -> int:
    """How often owner.name is called while an action runs, which costs less to count than all calls; or what its arguments weigh."""
    used, found = 0, getattr(owner, name)

    def counted(*given: Any, **more: Any) -> Any:
        nonlocal used
        used += weight(*given, **more)
        return found(*given, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, counted)
        action()
    return used


def growth(
    of: Callable[[int], Callable[[], Any]], size: int, work: Callable[[Callable[[], Any]], int] = calls
) -> float:
    """How many times as much work of(2n) is as of(n); of(n) prepares an input of that size and returns the action on it.

    What the first run makes once for the process is made before; what is remembered of terms is forgotten.
    """
    of(1)()
    return _afresh(of, 2 * size, work) / _afresh(of, size, work)


def _afresh(of: Callable[[int], Callable[[], Any]], size: int, work: Callable[[Callable[[], Any]], int]) -> int:
    forget()
    return work(of(size))


def slowdown(action: Callable[[], Any], other: Callable[[], Any], turns: int = 3) -> float:
    """How many times as long one action takes as the other: the least time of this thread for each, of runs that take turns."""
    best = [float("inf"), float("inf")]
    for _ in range(turns):
        for k, each in enumerate((action, other)):
            start = time.thread_time()
            each()
            best[k] = min(best[k], time.thread_time() - start)
    return best[0] / best[1]
