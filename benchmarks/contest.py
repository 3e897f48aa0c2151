"""What competes and what is to be reached, as data. It must not know how anything is timed or printed."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Call = Callable[[], Any]
ANSWER = "value and gradient"


class Into(functools.partial[None]):
    """A call that leaves its results in `buffers`, as C functions do; `keeps` holds what only its pointers mean."""

    buffers: tuple[Any, ...] = ()
    keeps: tuple[Any, ...] = ()

    def leaving(self, *buffers: Any, keeps: tuple[Any, ...] = ()) -> Into:
        self.buffers, self.keeps = buffers, keeps
        return self


def results(call: Call) -> Any:
    """What one call computes."""
    found = call()
    return call.buffers if isinstance(call, Into) else found


@dataclass(frozen=True)
class Contestant:
    """One way to compute a workload's answer.

    make     prepares everything and returns the call that is timed, without arguments. A `functools.partial` over positional
             arguments is timed as the plain call that it stands for.
    answers  which of the workload's references the results are compared with
    needs    what must be installed: names of modules, "gcc", or "a GPU"
    units    steps (or other units) of the row in one call; times are printed for one unit
    prepare  runs before every sample, outside the time
    measured the call returns (seconds, results) itself, as the time of a first call can be taken only once in a process
    rounds   at most so many samples, for what takes many seconds
    """

    name: str
    make: Callable[[], Call]
    answers: str = ANSWER
    needs: tuple[str, ...] = ()
    units: float = 1.0
    prepare: Callable[[], None] | None = None
    measured: bool = False
    rounds: int | None = None

    @property
    def ours(self) -> bool:
        return self.name.startswith("wengert")


@dataclass(frozen=True)
class Reach:
    """ours / theirs ≤ at_most, the best of each side counting; or ours ≤ seconds.

    theirs   names of contestants; () stands for every peer in the workload
    """

    text: str
    ours: tuple[str, ...]
    theirs: tuple[str, ...] = ()
    at_most: float = 1.0
    seconds: float | None = None


@dataclass(frozen=True)
class Workload:
    """A computation, its contestants, and the answers that they must give.

    references   by kind of answer, the results in order, computed by hand with NumPy in float64
    tolerance    largest difference of two arrays relative to the largest entry of the reference, by kind of answer
    unit         what the printed times are for: "call", "step"
    """

    title: str
    contestants: tuple[Contestant, ...]
    reaches: tuple[Reach, ...]
    references: Mapping[str, Call]
    tolerance: Mapping[str, float]
    unit: str = "call"
