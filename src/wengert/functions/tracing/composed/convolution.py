"""numpy.convolve and numpy.correlate."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.functions.tracing.answers import answers
from wengert.functions.tracing.convolution import convolved
from wengert.functions.tracing.operands import value_of
from wengert.functions.tracing.tracer import Traced

MODES = ("valid", "same", "full")


@answers(np.convolve)
def _convolve(a: Any, v: Any, mode: str | int = "full") -> Traced:
    """z_k = Σ_i a_i v_(k − i): all of it, the middle of the length of the longer one, or the sums without gaps.

    Raises ValueError, with NumPy's words, where one has no entries or more axes than one.
    """
    x, y = _lines(a, v)
    return convolved(x, y, 1)[_part(x.size, y.size, mode)]


@answers(np.correlate)
def _correlate(a: Any, v: Any, mode: str | int = "valid") -> Traced:
    """z_k = Σ_i a_(k + i) conj(v_i), in the modes of `np.convolve`."""
    x, y = _lines(a, v)
    conjugate: Any = np.conjugate
    y = conjugate(y) if y.dtype.kind == "c" else y
    part = _part(x.size, y.size, mode)
    if x.size >= y.size:
        return convolved(x, y[::-1], 1)[part]
    # NumPy takes the middle of the correlation of v with a, and reverses it.
    return convolved(x[::-1], y, 1)[part][::-1]


def _lines(a: Any, v: Any) -> list[Traced]:
    x, y = value_of(np.atleast_1d(a)), value_of(np.atleast_1d(v))
    dtype = np.result_type(x.dtype, y.dtype)
    x, y = value_of(x, dtype), value_of(y, dtype)
    if x.ndim > 1 or y.ndim > 1:
        raise ValueError("object too deep for desired array")
    if not x.size or not y.size:
        raise ValueError(f"{'a' if not x.size else 'v'} cannot be empty")
    return [x, y]


def _part(n: int, m: int, mode: str | int) -> slice:
    """Which entries of the full convolution NumPy's modes are."""
    name = MODES[mode] if isinstance(mode, int) else mode
    long, short = max(n, m), min(n, m)
    if name == "full":
        return slice(None)
    if name == "same":
        start = (short - 1) // 2
        return slice(start, start + long)
    if name == "valid":
        return slice(short - 1, long)
    raise ValueError(f"mode must be one of 'valid', 'same', or 'full' (got '{mode}')")
