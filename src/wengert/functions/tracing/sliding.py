"""sliding_window_view on traced values: windows of an array, one for each place where they fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from wengert.core.ir.graph import apply
from wengert.functions.tracing.answers import answers
from wengert.functions.tracing.operands import as_node
from wengert.functions.tracing.tracer import Traced, traced


@answers(sliding_window_view)
def _sliding_window_view(
    x: Any, window_shape: Any, axis: Any = None, subok: bool = False, writeable: bool = False
) -> Traced:
    """y[…, i, …, k] = x[…, i + k, …]: the places along the axes, then the entries of the window at each.

    Raises ValueError, with NumPy's words, where sizes and axes do not fit.
    """
    node = as_node(x)
    shape: tuple[Any, ...] = node.shape
    seen = sliding_window_view(np.broadcast_to(np.empty((), np.bool_), shape), window_shape, axis)
    given = range(len(shape)) if axis is None else axis if isinstance(axis, Sequence) else (axis,)
    axes = [a % len(shape) for a in given]
    steps = tuple((*(int(i == k) for i in range(len(shape))), *(int(a == k) for a in axes)) for k in range(len(shape)))
    return traced(apply("window", node, shape=seen.shape, steps=steps, offset=(0,) * len(shape)))
