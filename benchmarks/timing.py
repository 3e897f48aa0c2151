"""Interleaved timing: in every round one sample of each contestant. It must not know what the contestants compute."""

from __future__ import annotations

import functools
import gc
import math
import statistics
import time
import timeit
from collections.abc import Callable, Mapping, Sequence

from benchmarks.contest import Contestant

Clock = Callable[[], float]


def statement(call: Callable[[], object], clock: Clock) -> timeit.Timer:
    """A timer of the call; a partial over positional arguments is written out, so that only the call itself is timed."""
    if isinstance(call, functools.partial) and not call.keywords:
        names = {f"a{k}": argument for k, argument in enumerate(call.args)}
        return timeit.Timer(f"call({', '.join(names)})", timer=clock, globals={"call": call.func} | names)
    return timeit.Timer("call()", timer=clock, globals={"call": call})


def repeats(timer: timeit.Timer, target: float) -> int:
    """How many calls fill a sample of `target` seconds, by doubling; at least one."""
    number = 1
    while True:
        seconds = timer.timeit(number)
        if seconds >= target / 4:
            return max(1, math.ceil(number * target / seconds))
        number *= 2


class Sampler:
    """Samples of one contestant: seconds a unit."""

    def __init__(
        self, contestant: Contestant, call: Callable[[], object], target: float, clock: Clock = time.perf_counter
    ) -> None:
        self.contestant = contestant
        self.samples: list[float] = []
        self._timer = statement(call, clock)
        self._call = call
        if contestant.prepare:
            contestant.prepare()
        self._number = 1 if contestant.measured else repeats(self._timer, target)

    def sample(self, round_number: int) -> None:
        if self.contestant.rounds is not None and round_number >= self.contestant.rounds:
            return
        if self.contestant.prepare:
            self.contestant.prepare()
        self.samples.append(self._seconds() / self.contestant.units)

    def _seconds(self) -> float:
        if self.contestant.measured:
            return self._call()[0]  # type: ignore[index]
        return self._timer.timeit(self._number) / self._number


def interleave(samplers: Sequence[Sampler], rounds: int, limit: float, pause: float = 0.0) -> None:
    """`rounds` rounds of one sample each, in an order that shifts by one each round; no new round begins after `limit` seconds.

    Three rounds are always run, so that a median means something. Before each sample nothing is done for `pause` seconds:
    threads of a contestant that wait for more work keep a processor busy for a while, which the next one would pay for.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        begin = time.perf_counter()
        for k in range(rounds):
            if k >= 3 and time.perf_counter() - begin > limit:
                break
            first = k % len(samplers)
            for sampler in (*samplers[first:], *samplers[:first]):
                time.sleep(pause)
                sampler.sample(k)
            gc.collect()
    finally:
        if collecting:
            gc.enable()


def median_ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median over rounds of ours / theirs: each ratio is of two samples of the same round, so that load cancels."""
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=False))


def best(names: Sequence[str], samples: Mapping[str, Sequence[float]]) -> str | None:
    """The name with the smallest median among those with samples."""
    present = [name for name in names if samples.get(name)]
    return min(present, key=lambda name: statistics.median(samples[name]), default=None)
