"""The arrays that a function reads from outside while it runs: they mean what they held when they were read. It knows no call."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from wengert.tracing.operands import checked
from wengert.tracing.standin import Array

COPIED = 1 << 16
"""Arrays of at most so many bytes are copied; larger ones cannot be written until the run ends."""
_READERS: dict[int, int] = {}
"""How many runs read a large array that could be written before, by identity: of several threads, or one inside of another."""
_LOCK = threading.Lock()


class Held:
    """The arrays that a run has read, by identity."""

    def __init__(self) -> None:
        self._arrays: dict[int, tuple[Array, Array, Any]] = {}
        self._locked: list[Array] = []

    def known(self, x: Array) -> Any:
        """What stands for an array that was read before and has not changed since; None for another."""
        entry = self._arrays.get(id(x))
        if entry is None:
            return None
        _, kept, found = entry
        same = kept is x or (
            kept.shape == x.shape and kept.dtype == x.dtype and np.array_equal(kept, x, equal_nan=x.dtype.kind in "fc")
        )
        return found if same else None

    def keep(self, x: Array, found: Any) -> Array:
        """An array with the entries that x has now.

        Raises TraceError where it is no array of numbers.
        """
        if type(x) is not np.ndarray or x.dtype.kind not in "fib":
            checked(x)
        if x.nbytes <= COPIED:
            kept = np.array(x, order="C")
        else:
            kept = x
            self._lock(x)
        self._arrays[id(x)] = x, kept, found
        return kept

    def argument(self, x: Array) -> Array:
        """An argument of the function, which may be read from outside as well, with the entries that it has now."""
        if x.nbytes <= COPIED:
            return np.array(x, order="K")
        self._lock(x)
        return x

    def _lock(self, x: Array) -> None:
        """Let nobody write an array, nor what it is a view of."""
        below: Any = x
        with _LOCK:
            while isinstance(below, np.ndarray):
                runs = _READERS.get(id(below), 0)
                if runs or below.flags.writeable:
                    below.flags.writeable = False
                    _READERS[id(below)] = runs + 1
                    self._locked.append(below)
                below = below.base

    @property
    def any_locked(self) -> bool:
        """Whether an array cannot be written now."""
        return bool(self._locked)

    def release(self) -> None:
        """Let the arrays be written again that no other run reads, each after what it is a view of."""
        with _LOCK:
            while self._locked:
                array = self._locked.pop()
                _READERS[id(array)] -= 1
                if not _READERS[id(array)]:
                    del _READERS[id(array)]
                    array.flags.writeable = True
