"""NumPy's functions that join arrays, on traced values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.core.ir.graph import Node, apply
from wengert.functions.tracing.answers import answers
from wengert.functions.tracing.operands import as_arrays, as_node, axes_of, ndim_of, supported
from wengert.functions.tracing.shapes import atleast_1d, atleast_2d, atleast_3d, ravel, reshape, transpose
from wengert.functions.tracing.tracer import Traced, traced


def _nodes(arrays: Sequence[Any], dtype: Any, casting: str) -> list[Node]:
    """The arrays as nodes of one dtype.

    Raises TypeError, with NumPy's words, where one cannot be cast to it so.
    """
    nodes = as_arrays(*arrays)
    if dtype is None:
        return nodes
    wanted = np.dtype(dtype)
    for a in arrays:
        own = a.dtype if isinstance(a, Traced) else np.asarray(a).dtype
        if not np.can_cast(own, wanted, casting):  # pyright: ignore[reportArgumentType]
            raise TypeError(f"Cannot cast array data from {own!r} to {wanted!r} according to the rule '{casting}'")
    return [as_node(a, supported(wanted)) for a in arrays]


@answers(np.concatenate)
def concatenate(
    arrays: Sequence[Any], /, axis: int | None = 0, *, dtype: Any = None, casting: str = "same_kind"
) -> Traced:
    """The arrays one behind the other along an axis, or all their entries in a line.

    Raises ValueError, with NumPy's words, where other axes differ.
    """
    if len(arrays) == 0:
        raise ValueError("need at least one array to concatenate")
    if axis is None:
        arrays, axis = [ravel(a) for a in arrays], 0
    nodes = _nodes(arrays, dtype, casting)
    ranks = {node.type.rank for node in nodes}
    if ranks == {0}:
        raise ValueError("zero-dimensional arrays cannot be concatenated")
    if len(ranks) > 1:
        raise ValueError("all the input array dimensions must match: the arrays have different numbers of axes")
    (place,) = axes_of(axis, nodes[0].type.rank)
    others = {(*node.shape[:place], *node.shape[place + 1 :]) for node in nodes}
    if len(others) > 1:
        raise ValueError("all the input array dimensions except for the concatenation axis must match exactly")
    return traced(nodes[0] if len(nodes) == 1 else apply("concatenate", *nodes, axis=place))


@answers(np.stack)
def stack(arrays: Sequence[Any], axis: int = 0, *, dtype: Any = None, casting: str = "same_kind") -> Traced:
    """The arrays side by side along a new axis.

    Raises ValueError, with NumPy's words, where their shapes differ.
    """
    if len(arrays) == 0:
        raise ValueError("need at least one array to stack")
    nodes = _nodes(arrays, dtype, casting)
    if any(node.shape != nodes[0].shape for node in nodes):
        raise ValueError("all input arrays must have the same shape")
    (place,) = axes_of(axis, nodes[0].type.rank + 1)
    shape = (*nodes[0].shape[:place], 1, *nodes[0].shape[place:])
    return traced(apply("concatenate", *(apply("reshape", x, shape=shape) for x in nodes), axis=place))


def _list(found: Any) -> list[Any]:
    return list(found) if isinstance(found, tuple) else [found]  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


@answers(np.vstack)
def _vstack(tup: Sequence[Any], *, dtype: Any = None, casting: str = "same_kind") -> Traced:
    return concatenate(_list(atleast_2d(*tup)), 0, dtype=dtype, casting=casting)


@answers(np.hstack)
def _hstack(tup: Sequence[Any], *, dtype: Any = None, casting: str = "same_kind") -> Traced:
    rows = _list(atleast_1d(*tup))
    return concatenate(rows, 0 if rows[0].ndim == 1 else 1, dtype=dtype, casting=casting)


@answers(np.dstack)
def _dstack(tup: Sequence[Any]) -> Traced:
    return concatenate(_list(atleast_3d(*tup)), 2)


@answers(np.column_stack)
def _column_stack(tup: Sequence[Any]) -> Traced:
    return concatenate([transpose(atleast_2d(a)) if ndim_of(a) < 2 else a for a in tup], 1)


@answers(np.append)
def _append(arr: Any, values: Any, axis: int | None = None) -> Traced:
    return concatenate([arr, values], axis)


@answers(np.block)
def _block(arrays: Any) -> Traced:
    """Nested lists of blocks: the innermost along the last axis, those around them along the axis before, and so on.

    Raises ValueError where the lists are not nested to one depth.
    """
    depth = _depth(arrays)
    rank = max(depth, *(ndim_of(a) for a in _blocks(arrays)))
    return _laid(arrays, depth, rank)


def _depth(arrays: Any) -> int:
    if not isinstance(arrays, list):
        return 0
    depths: set[int] = {_depth(each) for each in arrays}  # pyright: ignore[reportUnknownVariableType]
    if len(depths) != 1:
        raise ValueError("List depths are mismatched: all elements of a list have to be lists, or none of them")
    return depths.pop() + 1


def _blocks(arrays: Any) -> list[Any]:
    if not isinstance(arrays, list):
        return [arrays]
    return [block for each in arrays for block in _blocks(each)]  # pyright: ignore[reportUnknownVariableType]


def _laid(arrays: Any, depth: int, rank: int) -> Traced:
    if depth == 0:
        shape = np.shape(arrays) if not isinstance(arrays, Traced) else arrays.shape
        return reshape(arrays, (1,) * (rank - len(shape)) + tuple(shape))
    return concatenate([_laid(each, depth - 1, rank) for each in arrays], rank - depth)
