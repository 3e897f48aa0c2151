"""The arrays that a function reads from outside while it runs: they mean what they held when they were read. It knows no call."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.functions.tracing.copying import copied, is_fixed
from wengert.functions.tracing.operands import checked
from wengert.functions.tracing.standin import Array

FEW_BYTES = 4096
"""Arrays of so many bytes are sooner compared as strings of bytes."""


class CapturedArrays:
    """The arrays that a run has read, by identity: each copied, unless nobody may write it."""

    def __init__(self) -> None:
        self._arrays: dict[int, tuple[Array, Array, Any]] = {}

    def known(self, x: Array) -> Any:
        """What stands for an array that was read before and has not changed since; None for another."""
        entry = self._arrays.get(id(x))
        if entry is None:
            return None
        _, kept, found = entry
        return found if kept is x or is_same(kept, x) else None

    def keep(self, x: Array, found: Any) -> Array:
        """An array with the entries that x has now.

        Raises TraceError where it is no array of numbers.
        """
        if type(x) is not np.ndarray or x.dtype.kind not in "fib":
            checked(x)
        kept = x if is_fixed(x) else copied(x, order="C")
        self._arrays[id(x)] = x, kept, found
        return kept

    def argument(self, x: Array) -> Array:
        """An argument of the function, which may be read from outside as well, with the entries that it has now."""
        return x if is_fixed(x) else copied(x)


def is_same(a: Array, b: Array) -> bool:
    """Whether two arrays hold the same bits: 0 and −0 are two numbers."""
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    if a.nbytes <= FEW_BYTES:
        return a.tobytes() == b.tobytes()
    if a.dtype.kind == "c":
        return is_same(a.real, b.real) and is_same(a.imag, b.imag)
    if a.dtype.kind == "f":
        bits = f"i{a.dtype.itemsize}"
        a, b = a.view(bits), b.view(bits)
    return np.array_equal(a, b)
