"""NumPy's functions that make arrays like others or in equal steps, on traced values."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from wengert.core.ir.graph import constant
from wengert.core.ir.types import ArrayType
from wengert.functions.tracing.answers import answers
from wengert.functions.tracing.choosing import where
from wengert.functions.tracing.joining import concatenate
from wengert.functions.tracing.operands import (
    as_arrays,
    as_node,
    broadcast_to,
    common_dtype,
    ndim_of,
    shape_of,
    sizes_of,
    supported,
)
from wengert.functions.tracing.shapes import expand_dims, moveaxis, reshape
from wengert.functions.tracing.tracer import Traced, refuse, traced


def _filled(a: Any, value: Any, dtype: Any, shape: Any) -> Traced:
    node = as_node(a)
    name = supported(np.dtype(dtype)) if dtype is not None else node.type.dtype
    size = node.shape if shape is None else sizes_of(shape)
    if isinstance(value, Traced) or np.ndim(value):
        return traced(broadcast_to(as_node(value, name), size))
    return traced(constant(np.asarray(value, dtype=name).item(), ArrayType(size, name)))


@answers(np.zeros_like)
def _zeros_like(a: Any, dtype: Any = None, shape: Any = None) -> Traced:
    return _filled(a, 0, dtype, shape)


@answers(np.ones_like)
def _ones_like(a: Any, dtype: Any = None, shape: Any = None) -> Traced:
    return _filled(a, 1, dtype, shape)


@answers(np.empty_like)
def _empty_like(prototype: Any, dtype: Any = None, shape: Any = None) -> Traced:
    """Zeros: what NumPy leaves undefined is defined here."""
    return _filled(prototype, 0, dtype, shape)


@answers(np.full_like)
def _full_like(a: Any, fill_value: Any, dtype: Any = None, shape: Any = None) -> Traced:
    return _filled(a, fill_value, dtype, shape)


@answers(np.copy, method="copy")
def _copy(a: Any) -> Traced:
    return traced(as_node(a))


@answers(method="copy")
def _method_copy(self: Any, order: str = "C") -> Traced:
    return traced(as_node(self))


@answers(np.astype)
def _astype(x: Any, dtype: Any, /) -> Traced:
    return traced(as_node(x, supported(np.dtype(dtype))))


@answers(method="astype")
def _method_astype(
    self: Any, dtype: Any, order: str = "K", casting: str = "unsafe", subok: bool = True, copy: bool = True
) -> Traced:
    """The entries as another dtype.

    Raises TypeError, with NumPy's words, where they cannot be cast so.
    """
    wanted = np.dtype(dtype)
    if not np.can_cast(self.dtype, wanted, casting):  # pyright: ignore[reportArgumentType]
        raise TypeError(f"Cannot cast array data from {self.dtype!r} to {wanted!r} according to the rule '{casting}'")
    return _astype(self, wanted)


@answers(np.common_type)
def _common_type(*arrays: Any) -> Any:
    return np.common_type(*(np.empty(0, a.dtype) if isinstance(a, Traced) else a for a in arrays))


@answers(np.result_type)
def _result_type(*arrays_and_dtypes: Any) -> np.dtype[Any]:
    return np.result_type(*(a.dtype if isinstance(a, Traced) else a for a in arrays_and_dtypes))


@answers(np.meshgrid)
def _meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> tuple[Traced, ...]:
    """The coordinates of a grid: array k changes along axis k (the first two exchanged for indexing 'xy')."""
    if indexing not in ("xy", "ij"):
        raise ValueError("Valid values for `indexing` are 'xy' and 'ij'.")
    rank = len(xi)
    places = list(range(rank))
    if indexing == "xy" and rank > 1:
        places[:2] = [1, 0]
    sizes = [int(np.prod(shape_of(x), dtype=np.int64)) for x in xi]
    open_grid = [
        reshape(x, tuple(n if k == place else 1 for k in range(rank)))
        for x, n, place in zip(xi, sizes, places, strict=True)
    ]
    if sparse:
        return tuple(open_grid)
    shape = tuple(sizes[places.index(k)] for k in range(rank))
    return tuple(traced(broadcast_to(as_node(x), shape)) for x in open_grid)


# ---------------------------------------------------------------- in equal steps


@answers(np.linspace)
def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    """y_k = a + k (b − a) / n for k = 0, 1, …, the last one b itself where the end belongs to it.

    Raises ValueError, with NumPy's words, for fewer than none.
    """
    count = operator.index(num)
    if count < 0:
        raise ValueError(f"Number of samples, {count}, must be non-negative.")
    name = _inexact(start, stop)
    first, last = (traced(as_node(x, name)) for x in (start, stop))
    delta = last - first
    steps = count - 1 if endpoint else count
    number = np.arange(count, dtype=name).reshape((-1,) + (1,) * delta.ndim)
    step = delta / steps if steps > 0 else delta * np.nan
    # NumPy divides first where a step is too small to be a number; here the division is left to be the last.
    y = number * (step if steps > 0 else delta) + first
    if endpoint and count > 1:
        y = concatenate([y[:-1], reshape(last + 0 * first, (1, *delta.shape))])
    y = moveaxis(y, 0, axis) if axis != 0 else y
    y = _as(y, dtype)
    return (y, step) if retstep else y


def _inexact(*values: Any) -> str:
    """The dtype of real or complex numbers that NumPy computes with; Python numbers take that of the others."""
    dtype = common_dtype(*values)
    return dtype if np.dtype(dtype).kind in "fc" else "float64"


def _as(y: Any, dtype: Any) -> Any:
    if dtype is None:
        return y
    wanted = np.dtype(dtype)
    return traced(as_node(np.floor(y) if wanted.kind in "iu" else y, supported(wanted)))


@answers(np.logspace)
def _logspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10.0, dtype: Any = None, axis: int = 0
) -> Any:
    """y_k = base^(a + k (b − a) / n)."""
    if ndim_of(base):  # it takes part in what the axis means
        rank = max(ndim_of(x) for x in (start, stop, base))
        start, stop, base = (reshape(x, (1,) * (rank - ndim_of(x)) + shape_of(x)) for x in (start, stop, base))
        base = expand_dims(base, axis)
    exponents = linspace(start, stop, num=num, endpoint=endpoint, axis=axis)
    found = np.power(base, exponents)
    return found if dtype is None else traced(as_node(found, supported(np.dtype(dtype))))


@answers(np.geomspace)
def _geomspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> Any:
    """y_k = a (b / a)^(k / n), the first one a and the last one b themselves.

    Raises TraceError for complex numbers.
    """
    name = _inexact(*(traced(x) for x in as_arrays(start, stop, np.zeros((), dtype))))
    first, last = (traced(as_node(x, name)) for x in (start, stop))
    if first.dtype.kind == "c":
        refuse(
            "'np.geomspace' of complex numbers has no form in a graph.",
            "Write:  np.exp(np.linspace(np.log(a), np.log(b), n))",
        )
    sign = np.sign(first)
    logs = [np.log10(first * sign), np.log10(last * sign)]
    y = 10.0 ** linspace(*logs, num=num, endpoint=endpoint)
    place = np.arange(y.shape[0]).reshape((-1,) + (1,) * (y.ndim - 1))
    y = where(place == 0, first * sign, y)
    if endpoint and y.shape[0] > 1:
        y = where(place == y.shape[0] - 1, last * sign, y)
    y = y * sign
    y = moveaxis(y, 0, axis) if axis != 0 else y
    return y if dtype is None else traced(as_node(y, supported(np.dtype(dtype))))
