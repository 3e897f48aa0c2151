"""What the calls of a tape are given, as keys: its values by their places, numbers and arrays from outside as inputs of the run."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.errors import TraceError
from wengert.functions.tracing import references
from wengert.functions.tracing.foreign import is_foreign, taken
from wengert.functions.tracing.given import Given
from wengert.functions.tracing.held import CapturedArrays
from wengert.functions.tracing.live import Live, LiveNumber
from wengert.functions.tracing.paths import Root
from wengert.functions.tracing.references import Reference
from wengert.functions.tracing.source import user_line
from wengert.functions.tracing.standin import Array, StandIn


class CallInputs:
    """The inputs of a run: first the arguments that are derived by, then what its calls read from outside."""

    root: Root
    held: CapturedArrays
    inputs: list[Any]
    is_open: bool
    """Whether the function runs still."""
    others: Given | None = None
    """The arguments by which nothing is derived, where they are values of the tape."""

    def is_given(self, x: Live) -> bool:
        """Whether a value depends on no argument by which is derived, so that no derivative is lost with it."""
        return self.others is not None and self.others.is_given(x.place)

    def reference(self, x: Any, moving: bool = True) -> Reference:
        """What stands for an argument of a call: `moving` says that a number may be another the next time.

        Raises TraceError where it is no value that a graph can hold.
        """
        kind = type(x)
        if kind is Live or kind is LiveNumber:
            if x.tape is not self or not self.is_open:
                if x.tape.is_given(x):
                    return self.reference(x.tape.others.value(x.place), moving)
                x.tape.own(x)
                self.refuse_leaked()
            if not moving and kind is LiveNumber and self.is_given(x):
                return self.reference(x.tape.others.value(x.place), False)
            return x.place
        if kind is float:
            if not moving or (x in references.MARKS and self.root.takes_marks):
                return (kind, x) if x else references.fixed(x)
            self.inputs.append(x)
            return ~(len(self.inputs) - 1)
        if kind is tuple or kind is list:
            return kind, tuple([self.reference(each, moving) for each in x])
        if kind is slice:
            return kind, tuple([self.reference(each, False) for each in (x.start, x.stop, x.step)])
        if kind is dict:
            return kind, tuple([(name, self.reference(each, moving)) for name, each in x.items()])
        if isinstance(x, np.ndarray):
            return self._array(x) if moving else references.fixed(x)
        if isinstance(x, np.inexact) and moving:
            self.inputs.append(x)
            return len(self.inputs) - 1, (), x.dtype
        if is_foreign(x):
            return self.reference(np.array(taken(x)), moving)
        return references.fixed(x) if isinstance(x, complex | np.inexact) else (kind, x)

    def _array(self, x: Array) -> Reference:
        known = self.held.known(x)
        if known is None:
            known = len(self.inputs), x.shape, x.dtype
            self.inputs.append(self.held.keep(x, known))
        return known

    def placed(self, x: Any) -> int:
        """The place of a result of the function; what is no value of the tape becomes an input."""
        if isinstance(x, StandIn):
            place = self.reference(x)
            assert type(place) is int
            return place
        self.inputs.append(np.array(x) if isinstance(x, np.ndarray) else x)
        return ~(len(self.inputs) - 1)

    def refuse_leaked(self) -> Any:
        raise TraceError(
            "A traced value is used after the function that it belongs to has ended.",
            user_line(),
            "Return it from the function instead of keeping it in a variable outside.",
        )
