"""NumPy's functions that are no ufuncs, on traced values: shapes, joining, choosing, products."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.ir.graph import apply, constant
from wengert.ir.types import ArrayType
from wengert.tracing import products
from wengert.tracing.answers import answers
from wengert.tracing.indexing import getitem
from wengert.tracing.operands import (
    as_arrays,
    as_node,
    axes_of,
    broadcast_to,
    ndim_of,
    promoted,
    supported,
    together,
)
from wengert.tracing.tracer import FUNCTIONS, Traced, refuse, traced

FUNCTIONS["getitem"] = getitem


# ---------------------------------------------------------------- shapes


@answers(np.reshape)
def _reshape(a: Any, shape: Any, order: str = "C") -> Traced:
    if order != "C":
        refuse(f"Entries in the order '{order}' have no form in a graph.", "Write:  np.reshape(x.T, shape)")
    x = as_node(a)
    return traced(apply("reshape", x, shape=np.empty(x.shape, dtype=np.bool_).reshape(shape).shape))  # pyright: ignore[reportArgumentType]


def _method_reshape(self: Any, *shape: Any, order: str = "C") -> Traced:
    return _reshape(self, shape[0] if len(shape) == 1 else shape, order)


@answers(np.ravel, method="ravel")
def _ravel(a: Any) -> Traced:
    return _reshape(a, -1)


@answers(np.transpose)
def _transpose(a: Any, axes: Any = None) -> Traced:
    x = as_node(a)
    order = tuple(range(x.type.rank))[::-1] if axes is None else tuple(int(k) % max(1, x.type.rank) for k in axes)
    if sorted(order) != list(range(x.type.rank)):
        raise ValueError("axes don't match array")
    return traced(x if order == tuple(range(x.type.rank)) else apply("transpose", x, axes=order))


def _method_transpose(self: Any, *axes: Any) -> Traced:
    given = axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes or None
    return _transpose(self, given)


@answers(np.swapaxes, method="swapaxes")
def _swapaxes(a: Any, axis1: int, axis2: int) -> Traced:
    order = list(range(ndim_of(a)))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return _transpose(a, order)


@answers(np.moveaxis)
def _moveaxis(a: Any, source: Any, destination: Any) -> Traced:
    places = np.moveaxis(np.empty(tuple(range(2, 2 + ndim_of(a))), dtype=np.bool_), source, destination).shape
    return _transpose(a, [size - 2 for size in places])


@answers(np.expand_dims)
def _expand_dims(a: Any, axis: Any) -> Traced:
    x = as_node(a)
    given = axis if isinstance(axis, tuple | list) else (axis,)
    rank = x.type.rank + len(given)
    new, old = {operator.index(k) % rank for k in given}, iter(x.shape)
    return traced(apply("reshape", x, shape=tuple(1 if k in new else next(old) for k in range(rank))))


@answers(np.squeeze, method="squeeze")
def _squeeze(a: Any, axis: Any = None) -> Traced:
    x = as_node(a)
    gone = [k for k, n in enumerate(x.shape) if n == 1] if axis is None else axes_of(axis, x.type.rank)
    if any(x.shape[k] != 1 for k in gone):
        raise ValueError("cannot select an axis to squeeze out which has size not equal to one")
    return traced(apply("reshape", x, shape=tuple(n for k, n in enumerate(x.shape) if k not in gone)))


@answers(np.broadcast_to)
def _broadcast_to(array: Any, shape: Any) -> Traced:
    return traced(broadcast_to(as_node(array), (shape,) if isinstance(shape, int) else shape))


@answers(np.flip)
def _flip(m: Any, axis: Any = None) -> Traced:
    x = as_node(m)
    return traced(apply("flip", x, axes=axes_of(axis, x.type.rank)))


@answers(np.atleast_1d)
def _atleast_1d(ary: Any) -> Traced:
    return traced(as_node(ary)) if ndim_of(ary) else _reshape(ary, 1)


@answers(np.shape)
def _shape(a: Any) -> tuple[int, ...]:
    return a.shape


@answers(np.ndim)
def _ndim(a: Any) -> int:
    return a.ndim


@answers(np.take, method="take")
def _take(a: Any, indices: Any, axis: int | None = None) -> Traced:
    """a read at indices along an axis, or along all its entries."""
    x = a if axis is not None else _ravel(a)
    (place,) = axes_of(0 if axis is None else axis, x.ndim)
    return getitem(x, (*(slice(None),) * place, indices))


# ---------------------------------------------------------------- joining


@answers(np.concatenate)
def _concatenate(arrays: Sequence[Any], axis: int | None = 0) -> Traced:
    if axis is None:
        arrays, axis = [_ravel(a) for a in arrays], 0
    nodes = as_arrays(*arrays)
    (place,) = axes_of(axis, nodes[0].type.rank)
    return traced(apply("concatenate", *nodes, axis=place))


@answers(np.stack)
def _stack(arrays: Sequence[Any], axis: int = 0) -> Traced:
    nodes = as_arrays(*arrays)
    if any(node.shape != nodes[0].shape for node in nodes):
        raise ValueError("all input arrays must have the same shape")
    (place,) = axes_of(axis, nodes[0].type.rank + 1)
    shape = (*nodes[0].shape[:place], 1, *nodes[0].shape[place:])
    return traced(apply("concatenate", *(apply("reshape", x, shape=shape) for x in nodes), axis=place))


@answers(np.vstack)
def _vstack(tup: Sequence[Any]) -> Traced:
    return _concatenate([_reshape(a, (1, -1)) if ndim_of(a) < 2 else a for a in tup], 0)


@answers(np.hstack)
def _hstack(tup: Sequence[Any]) -> Traced:
    rows = [_atleast_1d(a) for a in tup]
    return _concatenate(rows, 0 if rows[0].ndim == 1 else 1)


@answers(np.append)
def _append(arr: Any, values: Any, axis: int | None = None) -> Traced:
    return _concatenate([arr, values], axis)


# ---------------------------------------------------------------- choosing and filling


@answers(np.where)
def _where(condition: Any, x: Any = None, y: Any = None) -> Traced:
    """x where the condition holds, else y.

    Raises TraceError for the form with a condition alone: how many places it gives is not known.
    """
    if x is None or y is None:
        refuse("How many places 'np.where' finds is not known while a function is traced.", "Write:  np.where(c, x, y)")
    truth = as_node(condition)
    if truth.type.dtype != "bool":
        truth = apply("not_equal", truth, constant(0, truth.type))
    return traced(apply("where", *together([truth, *promoted(x, y)])))


@answers(np.clip, method="clip")
def _clip(a: Any, a_min: Any = None, a_max: Any = None, min: Any = None, max: Any = None) -> Traced:
    """a, but a_min below it and then a_max above it; its derivative is 1 on the closed interval."""
    low, high = (min if a_min is None else a_min), (max if a_max is None else a_max)
    x = a if isinstance(a, Traced) else traced(as_node(a))
    if low is not None:
        x = _where(np.less(x, low), low, x)
    if high is not None:
        x = _where(np.greater(x, high), high, x)
    return x


def _filled(a: Any, value: Any, dtype: Any, shape: Any) -> Traced:
    name = supported(np.dtype(dtype)) if dtype is not None else a.dtype.name
    size = a.shape if shape is None else (shape,) if isinstance(shape, int) else tuple(shape)
    if isinstance(value, Traced):
        return traced(broadcast_to(as_node(value, name), size))
    return traced(constant(np.asarray(value, dtype=name).item(), ArrayType(size, name)))


@answers(np.zeros_like)
def _zeros_like(a: Any, dtype: Any = None, shape: Any = None) -> Traced:
    return _filled(a, 0, dtype, shape)


@answers(np.ones_like)
def _ones_like(a: Any, dtype: Any = None, shape: Any = None) -> Traced:
    return _filled(a, 1, dtype, shape)


@answers(np.full_like)
def _full_like(a: Any, fill_value: Any, dtype: Any = None, shape: Any = None) -> Traced:
    return _filled(a, fill_value, dtype, shape)


@answers(np.copy, method="copy")
def _copy(a: Any) -> Traced:
    return traced(as_node(a))


def _astype(self: Any, dtype: Any, copy: bool = True) -> Traced:
    return traced(as_node(self, supported(np.dtype(dtype))))


# ---------------------------------------------------------------- products


@answers(np.dot, method="dot")
def _dot(a: Any, b: Any) -> Traced:
    return traced(products.dot(*as_arrays(a, b)))


@answers(np.inner)
def _inner(a: Any, b: Any) -> Traced:
    x, y = as_arrays(a, b)
    if not x.type.rank or not y.type.rank:
        return traced(products.dot(x, y))
    return traced(products.tensordot(x, y, [x.type.rank - 1], [y.type.rank - 1]))


@answers(np.vdot)
def _vdot(a: Any, b: Any) -> Traced:
    return _dot(_ravel(a), _ravel(b))


@answers(np.outer)
def _outer(a: Any, b: Any) -> Traced:
    x, y = as_arrays(_ravel(a), _ravel(b))
    return traced(products.tensordot(x, y, [], []))


@answers(np.tensordot)
def _tensordot(a: Any, b: Any, axes: Any = 2) -> Traced:
    x, y = as_arrays(a, b)
    if isinstance(axes, int):
        left, right = list(range(x.type.rank - axes, x.type.rank)), list(range(axes))
    else:
        first, second = ([each] if isinstance(each, int) else list(each) for each in axes)
        left, right = [k % x.type.rank for k in first], [k % y.type.rank for k in second]
    return traced(products.tensordot(x, y, left, right))


@answers(np.einsum)
def _einsum(subscripts: Any, *arrays: Any, optimize: Any = None) -> Traced:
    if not isinstance(subscripts, str):
        refuse("'np.einsum' on traced values takes its subscripts as letters.", "Write:  np.einsum('ij,jk->ik', a, b)")
    return traced(products.einsum(subscripts, as_arrays(*arrays)))


@answers(np.trace)
def _trace(a: Any) -> Traced:
    x = as_node(a)
    if x.type.rank != 2:
        raise ValueError("the trace of a traced value is that of a matrix")
    size = min(x.shape)  # pyright: ignore[reportArgumentType]
    return traced(products.einsum("ii", [as_node(getitem(traced(x), np.s_[:size, :size]))]))


for _name, _rule in {
    "reshape": _method_reshape,
    "transpose": _method_transpose,
    "astype": _astype,
    "flatten": _ravel,
}.items():
    answers(method=_name)(_rule)
