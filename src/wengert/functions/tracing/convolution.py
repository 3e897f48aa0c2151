"""Convolutions of traced values over several axes; `composed.convolution` and `wengert.scipy.signal` have the functions made of it."""

from __future__ import annotations

from collections.abc import Sequence

from wengert.core.ir.graph import apply
from wengert.functions.tracing.indexing import getitem
from wengert.functions.tracing.tracer import Traced, traced


def convolved(x: Traced, y: Traced, count: int) -> Traced:
    """The full convolution over the last axes of two values of one dtype."""
    return traced(apply("convolve", x.node, y.node, count=count))


def centred(full: Traced, sizes: Sequence[int]) -> Traced:
    """The middle of these sizes along every axis."""
    starts = [(n - size) // 2 for n, size in zip(full.shape, sizes, strict=True)]
    return getitem(full, tuple(slice(a, a + size) for a, size in zip(starts, sizes, strict=True)))
