"""Convolutions and correlations as NumPy and SciPy define them, on traced values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.core.ir.graph import apply
from wengert.functions.tracing.answers import answers
from wengert.functions.tracing.indexing import getitem
from wengert.functions.tracing.moving import flip
from wengert.functions.tracing.operands import as_arrays
from wengert.functions.tracing.shapes import atleast_1d
from wengert.functions.tracing.tracer import Traced, traced

MODES = ("valid", "same", "full")


@answers(np.convolve)
def convolve(a: Any, v: Any, mode: str | int = "full") -> Traced:
    """z_k = Σ_i a_i v_(k − i): all of it, the middle of the length of the longer one, or the sums without gaps.

    Raises ValueError, with NumPy's words, where one has no entries or more axes than one.
    """
    x, y = _lines(a, v)
    return getitem(_full(x, y), _part(x.size, y.size, mode))


@answers(np.correlate)
def _correlate(a: Any, v: Any, mode: str | int = "valid") -> Traced:
    """z_k = Σ_i a_(k + i) conj(v_i), in the modes of `convolve`."""
    x, y = _lines(a, v)
    conjugate: Any = np.conjugate
    y = conjugate(y) if y.dtype.kind == "c" else y
    part = _part(x.size, y.size, mode)
    if x.size >= y.size:
        return getitem(_full(x, flip(y)), part)
    # NumPy takes the middle of the correlation of v with a, and reverses it.
    return flip(getitem(_full(flip(x), y), part))


def _lines(a: Any, v: Any) -> list[Traced]:
    x, y = (traced(node) for node in as_arrays(atleast_1d(a), atleast_1d(v)))
    if x.ndim > 1 or y.ndim > 1:
        raise ValueError("object too deep for desired array")
    if not x.size or not y.size:
        raise ValueError(f"{'a' if not x.size else 'v'} cannot be empty")
    return [x, y]


def _full(x: Traced, y: Traced) -> Traced:
    return convolved(x, y, x.ndim)


def convolved(x: Traced, y: Traced, count: int) -> Traced:
    """The full convolution over the last axes of two values of one dtype."""
    return traced(apply("convolve", x.node, y.node, count=count))


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


def centred(full: Traced, sizes: Sequence[int]) -> Traced:
    """The middle of these sizes along every axis."""
    starts = [(n - size) // 2 for n, size in zip(full.shape, sizes, strict=True)]
    return getitem(full, tuple(slice(a, a + size) for a, size in zip(starts, sizes, strict=True)))
