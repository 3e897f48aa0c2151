"""Indexing of traced values as NumPy does it: whole numbers, slices, None, an ellipsis, and arrays of whole numbers."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from wengert.ir.graph import Node, apply, constant
from wengert.ir.types import ArrayType
from wengert.tracing.operands import as_node, broadcast_to, together
from wengert.tracing.tracer import FUNCTIONS, Traced, refuse, traced


def getitem(x: Any, index: Any) -> Traced:
    """x[index].

    Raises IndexError, with NumPy's words, where an index is outside; TraceError where the shape of the result is not known.
    """
    node = as_node(x)
    entries = _expanded(index if isinstance(index, tuple) else (index,), node.type.rank)
    if any(_is_array(each) for each in entries):  # beside an array, NumPy takes a number for one
        entries = [np.asarray(operator.index(each)) if _is_number(each) else each for each in entries]
    node, picks = _basic(node, entries)
    return traced(_picked(node, picks) if picks else node)


FUNCTIONS["getitem"] = getitem


def _expanded(index: tuple[Any, ...], rank: int) -> list[Any]:
    """The index with the ellipsis written out and one entry for every axis, None aside."""
    used = sum(each is not None and each is not Ellipsis for each in index)
    if used > rank:
        raise IndexError(f"too many indices for array: array is {rank}-dimensional, but {used} were indexed")
    if sum(each is Ellipsis for each in index) > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    whole = [slice(None)] * (rank - used)
    entries: list[Any] = []
    for each in index:
        entries += whole if each is Ellipsis else [each]
    return entries if any(each is Ellipsis for each in index) else entries + whole


def _basic(node: Node, entries: list[Any]) -> tuple[Node, dict[int, Any]]:
    """Slices, whole numbers and None done; and for the axes of the result that are indexed by arrays, those."""
    start, stop, step = list[int](), list[int](), list[int]()
    flipped, shape = list[int](), list[int]()
    picks: dict[int, Any] = {}
    axis = 0
    for each in entries:
        if each is None:
            shape.append(1)
            continue
        size: Any = node.shape[axis]
        low, high, stride = _span(each, size, axis)
        if stride < 0:
            flipped.append(axis)
            low, high, stride = size - 1 - low, size - 1 - high, -stride
        start.append(low)
        stop.append(max(low, high))
        step.append(stride)
        if not _is_number(each):
            if not isinstance(each, slice):
                picks[len(shape)] = each
            shape.append(len(range(low, high, stride)))
        axis += 1
    if flipped:
        node = apply("flip", node, axes=tuple(flipped))
    if any(start) or tuple(stop) != node.shape or any(c != 1 for c in step):
        node = apply("slice", node, start=tuple(start), stop=tuple(stop), step=tuple(step))
    return (node if node.shape == tuple(shape) else apply("reshape", node, shape=tuple(shape))), picks


def _is_array(each: Any) -> bool:
    return isinstance(each, Traced | list | np.ndarray)


def _is_number(each: Any) -> bool:
    return not _is_array(each) and not isinstance(each, slice | bool | np.bool_) and hasattr(each, "__index__")


def _span(each: Any, size: int, axis: int) -> tuple[int, int, int]:
    """The start, stop and step of an entry along an axis; all of it for an array."""
    if isinstance(each, slice):
        return each.indices(size)
    if not _is_number(each):
        return 0, size, 1
    number = operator.index(each)
    if not -size <= number < size:
        raise IndexError(f"index {number} is out of bounds for axis {axis} with size {size}")
    return number % size, number % size + 1, 1


# ---------------------------------------------------------------- arrays of whole numbers


def _picked(node: Node, picks: dict[int, Any]) -> Node:
    """The entries at arrays of indices, which run together; their axes stand where the first of neighbouring axes stood, else in front."""
    axes = list(picks)
    indices = together([_indices(each, int(node.shape[axis]), axis) for axis, each in picks.items()])  # pyright: ignore[reportArgumentType]
    if axes != list(range(axes[0], axes[0] + len(axes))):
        others = [k for k in range(node.type.rank) if k not in axes]
        node = apply("transpose", node, axes=(*axes, *others))
        axes = list(range(len(axes)))
    sizes = [int(node.shape[axis]) for axis in axes]  # pyright: ignore[reportArgumentType]
    flat = indices[0]
    for index, size in zip(indices[1:], sizes[1:], strict=True):
        flat = flat * size + index
    first, last = axes[0], axes[-1]
    if len(axes) > 1:
        node = apply("reshape", node, shape=(*node.shape[:first], int(np.prod(sizes)), *node.shape[last + 1 :]))
    return apply("gather", node, flat, axis=first, batch=0)


def _indices(each: Any, size: int, axis: int) -> Node:
    """An array of indices counted from 0; those known now are checked now.

    Raises IndexError; TraceError for a mask, which picks a number of entries that is not known.
    """
    if not isinstance(each, Traced):
        array = np.asarray(each) if np.size(each) else np.asarray(each, dtype=np.int64)
        if array.dtype.kind == "b":
            return _indices(_places(array, size), size, axis)
        if array.dtype.kind not in "iu":
            raise IndexError("arrays used as indices must be of integer (or boolean) type")
        if array.size and (array.min() < -size or array.max() >= size):
            wrong = array[(array < -size) | (array >= size)].flat[0]
            raise IndexError(f"index {wrong} is out of bounds for axis {axis} with size {size}")
        return as_node(np.where(array < 0, array + size, array).astype(np.int64))
    if each.dtype.kind == "b":
        refuse("How many entries a traced mask picks is not known.", "Keep the shape:  np.where(mask, x, 0)")
    if each.dtype.kind != "i":
        raise IndexError("arrays used as indices must be of integer (or boolean) type")
    node = as_node(each)
    return apply("where", node < 0, node + broadcast_to(constant(size, ArrayType((), "int64")), node.shape), node)


def _places(mask: np.ndarray[Any, Any], size: int) -> np.ndarray[Any, Any]:
    """The places where a mask along one axis, known now, holds."""
    if mask.shape != (size,):
        raise IndexError(
            f"boolean index did not match indexed array: its shape is {mask.shape}, the axis has {size} entries"
        )
    return np.flatnonzero(mask)
