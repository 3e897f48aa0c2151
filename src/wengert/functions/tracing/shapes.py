"""NumPy's functions of the shape, on traced values: the same entries with other axes."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from wengert.core.ir.graph import apply
from wengert.functions.tracing.answers import answers
from wengert.functions.tracing.operands import as_node, axes_of, broadcast_to, common_shape, ndim_of, shape_of, sizes_of
from wengert.functions.tracing.tracer import Traced, refuse, traced


@answers(np.reshape)
def reshape(a: Any, shape: Any, order: str = "C") -> Traced:
    """The entries, last axis fastest (first axis fastest for order 'F'), in another shape.

    Raises TraceError for the orders that depend on where the numbers lie in memory.
    """
    x = as_node(a)
    sizes = np.empty(x.shape, dtype=np.bool_).reshape(shape).shape  # pyright: ignore[reportArgumentType]
    if order == "C":
        return traced(apply("reshape", x, shape=sizes))
    if order != "F":
        refuse(
            f"Entries in the order '{order}' depend on how an array lies in memory, which a traced value does not know.",
            "Name the order:  order='C' for the last axis fastest, order='F' for the first",
        )
    backward = traced(apply("reshape", as_node(transpose(a)), shape=sizes[::-1]))
    return transpose(backward)


@answers(method="reshape")
def _method_reshape(self: Any, *shape: Any, order: str = "C", copy: bool | None = None) -> Traced:
    return reshape(self, shape[0] if len(shape) == 1 else shape, order)


@answers(np.ravel, method="ravel")
def ravel(a: Any, order: str = "C") -> Traced:
    """All entries in a line."""
    return reshape(a, -1, order)


@answers(method="flatten")
def _flatten(self: Any, order: str = "C") -> Traced:
    return reshape(self, -1, order)


@answers(np.transpose)
def transpose(a: Any, axes: Any = None) -> Traced:
    """The axes in another order, reversed by default."""
    x = as_node(a)
    rank = x.type.rank
    if axes is None:
        order = tuple(range(rank))[::-1]
    else:
        if len(axes) != rank:
            raise ValueError("axes don't match array")
        for axis in axes:
            axes_of(axis, rank)
        order = tuple(operator.index(k) % rank for k in axes)
        if len(set(order)) != rank:
            raise ValueError("repeated axis in transpose")
    return traced(x if order == tuple(range(rank)) else apply("transpose", x, axes=order))


@answers(method="transpose")
def _method_transpose(self: Any, *axes: Any) -> Traced:
    given = axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes or None
    return transpose(self, given)


@answers(np.matrix_transpose)
def _matrix_transpose(x: Any, /) -> Traced:
    if ndim_of(x) < 2:
        raise ValueError(f"Input array must be at least 2-dimensional, but it is {ndim_of(x)}")
    return swapaxes(x, -1, -2)


@answers(np.swapaxes, method="swapaxes")
def swapaxes(a: Any, axis1: int, axis2: int) -> Traced:
    """Two axes exchanged."""
    order = list(range(ndim_of(a)))
    (first,), (second,) = axes_of(axis1, len(order)), axes_of(axis2, len(order))
    order[first], order[second] = second, first
    return transpose(a, order)


@answers(np.moveaxis)
def moveaxis(a: Any, source: Any, destination: Any) -> Traced:
    """Axes at other places, the others in their order."""
    return transpose(a, _order(np.moveaxis, ndim_of(a), source, destination))


@answers(np.rollaxis)
def _rollaxis(a: Any, axis: int, start: int = 0) -> Traced:
    return transpose(a, _order(np.rollaxis, ndim_of(a), axis, start))


def _order(function: Any, rank: int, *arguments: Any) -> list[int]:
    """The order of axes that a function of NumPy gives an array of this rank."""
    numbered = np.empty(tuple(range(2, 2 + rank)), dtype=np.bool_)
    return [size - 2 for size in function(numbered, *arguments).shape]


@answers(np.expand_dims)
def expand_dims(a: Any, axis: Any) -> Traced:
    """New axes of one entry."""
    return reshape(a, np.expand_dims(np.empty(shape_of(a), dtype=np.bool_), axis).shape)


@answers(np.squeeze, method="squeeze")
def squeeze(a: Any, axis: Any = None) -> Traced:
    """Axes of one entry left out."""
    return reshape(a, np.squeeze(np.empty(shape_of(a), dtype=np.bool_), axis).shape)


@answers(np.broadcast_to)
def _broadcast_to(array: Any, shape: Any, subok: bool = False) -> Traced:
    return traced(broadcast_to(as_node(array), sizes_of(shape)))


@answers(np.broadcast_arrays)
def _broadcast_arrays(*args: Any) -> tuple[Traced, ...]:
    shape = common_shape([shape_of(a) for a in args])
    return tuple(traced(broadcast_to(as_node(a), shape)) for a in args)


@answers(np.atleast_1d)
def atleast_1d(*arys: Any) -> Any:
    """Each with one axis or more."""
    return _each(np.atleast_1d, arys)


@answers(np.atleast_2d)
def atleast_2d(*arys: Any) -> Any:
    """Each with two axes or more, new ones in front."""
    return _each(np.atleast_2d, arys)


@answers(np.atleast_3d)
def atleast_3d(*arys: Any) -> Any:
    """Each with three axes or more."""
    return _each(np.atleast_3d, arys)


def _each(function: Any, arrays: tuple[Any, ...]) -> Any:
    """Each array in the shape that a function of NumPy gives it; one array alone as itself."""
    found = [reshape(a, function(np.empty(shape_of(a), dtype=np.bool_)).shape) for a in arrays]
    return found[0] if len(found) == 1 else tuple(found)


@answers(np.shape)
def _shape(a: Any) -> tuple[int, ...]:
    return a.shape


@answers(np.ndim)
def _ndim(a: Any) -> int:
    return a.ndim
