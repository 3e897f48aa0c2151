"""NumPy's functions that choose among entries or arrays, on traced values."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.core.ir.graph import Node, apply, constant
from wengert.core.ir.types import ArrayType
from wengert.functions.tracing.answers import answers
from wengert.functions.tracing.indexing import getitem
from wengert.functions.tracing.moving import along
from wengert.functions.tracing.operands import (
    as_node,
    axes_of,
    broadcast_to,
    common_shape,
    ndim_of,
    promoted,
    shape_of,
    together,
)
from wengert.functions.tracing.shapes import moveaxis, ravel, reshape
from wengert.functions.tracing.tracer import Traced, refuse, traced


@answers(np.where)
def where(condition: Any, x: Any = None, y: Any = None) -> Traced:
    """x where the condition holds, else y.

    Raises TraceError for the form with a condition alone: how many places it gives is not known.
    """
    if x is None or y is None:
        refuse("How many places 'np.where' finds is not known while a function is traced.", "Write:  np.where(c, x, y)")
    return traced(apply("where", *together([truth(condition), *promoted(x, y)])))


def truth(a: Any) -> Node:
    """Whether each entry is other than 0."""
    node = as_node(a)
    return node if node.type.dtype == "bool" else apply("not_equal", node, constant(0, node.type))


@answers(np.clip, method="clip")
def _clip(a: Any, a_min: Any = None, a_max: Any = None, min: Any = None, max: Any = None) -> Traced:
    """a, but a_min below it and then a_max above it; its derivative is 1 on the closed interval."""
    low, high = (min if a_min is None else a_min), (max if a_max is None else a_max)
    x = a if isinstance(a, Traced) else traced(as_node(a))
    if low is not None:
        x = where(_beyond(np.less(x, low), low), low, x)
    if high is not None:
        x = where(_beyond(np.greater(x, high), high), high, x)
    return x


def _beyond(outside: Any, bound: Any) -> Any:
    """Where an entry is outside of a bound, or the bound is NaN, as the result is then."""
    if not isinstance(bound, Traced) and not np.any(np.isnan(bound)):
        return outside
    return outside | np.not_equal(bound, bound)


@answers(np.take, method="take")
def take(a: Any, indices: Any, axis: int | None = None, mode: str = "raise") -> Traced:
    """a read at indices along an axis, or along all its entries; outside, an error, the nearest entry, or round and round.

    Raises IndexError, with NumPy's words, where an index is outside.
    """
    x = a if axis is not None else ravel(a)
    (place,) = axes_of(0 if axis is None else axis, ndim_of(x))
    return along(x, place, within(indices, shape_of(x)[place], mode))


def within(indices: Any, size: int, mode: str) -> Any:
    """Indices that lie in an axis, by NumPy's ways to treat others."""
    if mode not in ("raise", "wrap", "clip"):
        raise ValueError(f"mode must be one of 'clip', 'raise', or 'wrap' (got '{mode}')")
    index = indices if isinstance(indices, Traced) else np.asarray(indices)
    if not isinstance(index, Traced) and (not index.size or index.dtype.kind == "f"):  # NumPy cuts off the fractions
        index = index.astype(np.int64)
    if mode == "raise":
        return index if ndim_of(index) or isinstance(index, Traced) else int(index)
    return index % size if mode == "wrap" else np.clip(index, 0, size - 1)


@answers(np.take_along_axis)
def _take_along_axis(arr: Any, indices: Any, axis: int | None = -1) -> Traced:
    """y_(…i…) = x_(…k_(…i…)…): an index of its own for each line along an axis.

    Raises ValueError and IndexError, with NumPy's words, where the indices do not fit.
    """
    if axis is None:
        if ndim_of(indices) != 1:
            raise ValueError("when axis=None, `indices` must have a single dimension.")
        return getitem(ravel(arr), indices)
    rank = ndim_of(arr)
    if rank != ndim_of(indices):
        raise ValueError("`indices` and `arr` must have the same number of dimensions")
    (place,) = axes_of(axis, rank)
    x, index = moveaxis(arr, place, -1), moveaxis(_counted(indices, shape_of(arr)[place], place), place, -1)
    lines = common_shape([x.shape[:-1], index.shape[:-1]])
    x_node = broadcast_to(as_node(x), (*lines, x.shape[-1]))
    i_node = broadcast_to(as_node(index), (*lines, index.shape[-1]))
    return moveaxis(traced(apply("gather", x_node, i_node, axis=rank - 1, batch=rank - 1)), -1, place)


def _counted(indices: Any, size: int, axis: int) -> Any:
    """Indices counted from 0; those that are known are checked."""
    if not isinstance(indices, Traced):
        index = np.asarray(indices)
        if index.dtype.kind not in "iu":
            raise IndexError("`indices` must be an integer array")
        if index.size and (index.min() < -size or index.max() >= size):
            wrong = index[(index < -size) | (index >= size)].flat[0]
            raise IndexError(f"index {wrong} is out of bounds for axis {axis} with size {size}")
        return np.where(index < 0, index + size, index)
    if indices.dtype.kind != "i":
        raise IndexError("`indices` must be an integer array")
    return where(indices < 0, indices + size, indices)


@answers(np.diagonal, method="diagonal")
def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Traced:
    """y_(…i) = x_(i, i + offset) over two axes, which the result has as one at the end."""
    rank = ndim_of(a)
    if rank < 2:
        raise ValueError("diag requires an array of at least two dimensions")
    (first,), (second,) = axes_of(axis1, rank), axes_of(axis2, rank)
    if first == second:
        raise ValueError("axis1 and axis2 cannot be the same")
    x = moveaxis(a, (first, second), (-2, -1))
    down, right = max(0, -offset), max(0, offset)
    size = max(0, min(x.shape[-2] - down, x.shape[-1] - right))
    square = getitem(x, np.s_[..., down : down + size, right : right + size])
    batch = tuple(range(rank - 2))
    return traced(apply("einsum", as_node(square), inputs=((*batch, rank, rank),), output=(*batch, rank)))


@answers(np.diag)
def diag(v: Any, k: int = 0) -> Traced:
    """The diagonal k of a matrix; of a vector, the matrix that has it there and zeros elsewhere."""
    if ndim_of(v) == 2:
        return diagonal(v, k)
    if ndim_of(v) != 1:
        raise ValueError("Input must be 1- or 2-d.")
    node = as_node(v)
    size = int(node.shape[0]) + abs(k)  # pyright: ignore[reportArgumentType]
    if not node.shape[0]:
        return traced(constant(0, ArrayType((size, size), node.type.dtype)))
    low = k if k >= 0 else -k * size  # in the rows one behind the other, entries of a diagonal are size + 1 apart
    high = size * size - low - (int(node.shape[0]) - 1) * (size + 1) - 1  # pyright: ignore[reportArgumentType]
    return reshape(traced(apply("pad", node, low=(low,), high=(high,), step=(size + 1,))), (size, size))
