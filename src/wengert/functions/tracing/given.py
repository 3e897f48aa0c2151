"""Given: the arguments of a function that no derivative is asked by, as values of the tape.

They are there so that log(eᵃ + eᵇ) is one formula for the rules of stability, whichever of a and b is derived by. What depends on them
alone has no derivative to lose: whoever asks for its value gets it, functions that a graph need not know are NumPy's, and an array
that is written is written for the caller too. They are not copied: an array means what it holds when it is read by the program.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from wengert.functions.tracing import references
from wengert.functions.tracing.calls import META, computed
from wengert.functions.tracing.kinds import kind_of
from wengert.functions.tracing.standin import UFUNCS, StandIn
from wengert.functions.tracing.views import VIEWS

if TYPE_CHECKING:
    from wengert.functions.tracing.live import Live
    from wengert.functions.tracing.tape import Tape

ON_TAPE = frozenset({np.sum, np.max, np.min, np.where, np.stack, np.concatenate, np.copy, "method sum", "method max", "method min", "method copy", "method astype"})  # fmt: skip
"""Functions of given values that are put on the tape, beside ufuncs and views: those of which stable formulas consist."""


@lru_cache(maxsize=1024)
def is_left_to_numpy(function: Any) -> bool:
    """Whether a call of given values alone is done at once, and its result is an array from outside."""
    if function in ON_TAPE or function in VIEWS or function in UFUNCS or function in META:
        return False
    if isinstance(function, str):
        return function.startswith("method ")
    if isinstance(function, tuple | np.ufunc):
        return True
    return (getattr(function, "__module__", None) or "").split(".")[0] in ("numpy", "scipy")


class Given:
    """The arguments of one run by which nothing is derived: inputs of the run behind the others."""

    def __init__(self, tape: Tape, values: Sequence[Any]) -> None:
        self.tape = tape
        self.lives: list[Live] = []
        self._arrays = values
        self._known: dict[int, Any] = {}
        """Results that were asked for before the run computed its values."""
        for x in values:
            tape.inputs.append(x)
            self.lives.append(tape.entered_as(~(len(tape.inputs) - 1), kind_of(x)))

    def is_given(self, place: int) -> bool:
        """Whether a result depends on no argument by which is derived."""
        tape = self.tape
        known, stack = set[int](), [place]
        while stack:
            each = stack.pop()
            if each < 0:
                if ~each < tape.arguments:
                    return False
            elif each not in known:
                known.add(each)
                stack.extend(references.read_by(tape.log[each]))
        return True

    def is_all(self, x: Any) -> bool:
        """Whether all values of the tape among arguments, in lists too, are given."""
        if isinstance(x, StandIn):
            return getattr(x, "tape", None) is self.tape and self.is_given(x.place)  # pyright: ignore[reportAttributeAccessIssue]
        if isinstance(x, list | tuple):
            return all(map(self.is_all, x))  # pyright: ignore[reportUnknownArgumentType]
        return not isinstance(x, dict) or all(map(self.is_all, x.values()))  # pyright: ignore[reportUnknownArgumentType]

    def value(self, place: int) -> Any:
        """The value of a given result; no call that it does not depend on is done for it."""
        tape = self.tape
        if place < 0:
            return tape.inputs[~place]
        if tape.values is not None and place < len(tape.values):
            return tape.values[place]
        if place not in self._known:
            stack, found = [place], set[int]()
            while stack:
                each = stack.pop()
                if each >= 0 and each not in found:
                    found.add(each)
                    stack.extend(references.read_by(tape.log[each]))
            for each in sorted(found):
                if each not in self._known:
                    self._known[each] = self.of_call(tape.log[each])
        return self._known[place]

    def of_call(self, key: Any) -> Any:
        """The value of a call that reads given results alone."""
        known = {each: self.value(each) for each in references.read_by(key) if each >= 0}
        with np.errstate(all="ignore"):
            return self.tape.computed(key, known)

    def plain(self, x: Any) -> Any:
        """Arguments of a call with the values of what is given."""
        if isinstance(x, StandIn):
            return self.value(x.place)  # pyright: ignore[reportAttributeAccessIssue]
        if type(x) in (list, tuple):
            return type(x)([self.plain(each) for each in x])
        return {name: self.plain(each) for name, each in x.items()} if type(x) is dict else x

    def by_numpy(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The result of a function of given values that is not put on the tape."""
        return computed(function, self.plain(args), self.plain(kwargs), known=False)

    def written_back(self) -> None:
        """Write into the arrays of the caller what was written into those that stand for them."""
        for k, (live, x) in enumerate(zip(self.lives, self._arrays, strict=True)):
            if live.place != ~(self.tape.arguments + k):
                x[...] = self.value(live.place) if self.is_given(live.place) else self.tape.number(live)
