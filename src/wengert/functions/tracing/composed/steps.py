"""Numbers in equal steps, and the coordinates of a grid."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from wengert.functions.tracing.answers import answers
from wengert.functions.tracing.choosing import where
from wengert.functions.tracing.joining import concatenate
from wengert.functions.tracing.operands import common_dtype, ndim_of, shape_of, value_of
from wengert.functions.tracing.shapes import expand_dims, moveaxis, reshape
from wengert.functions.tracing.tracer import refuse


@answers(np.meshgrid)
def _meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> tuple[Any, ...]:
    """The coordinates of a grid: array k changes along axis k (the first two exchanged for indexing 'xy')."""
    if indexing not in ("xy", "ij"):
        raise ValueError("Valid values for `indexing` are 'xy' and 'ij'.")
    rank = len(xi)
    places = list(range(rank))
    if indexing == "xy" and rank > 1:
        places[:2] = [1, 0]
    sizes = [int(np.prod(shape_of(x), dtype=np.int64)) for x in xi]
    open_grid: list[Any] = [
        reshape(value_of(x), tuple(n if k == place else 1 for k in range(rank)))
        for x, n, place in zip(xi, sizes, places, strict=True)
    ]
    if sparse:
        return tuple(open_grid)
    shape = tuple(sizes[places.index(k)] for k in range(rank))
    return tuple(np.broadcast_to(x, shape) for x in open_grid)


@answers(np.linspace)
def _linspace(
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
    first, last = (value_of(x, name) for x in (start, stop))
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
    return value_of(np.floor(y) if wanted.kind in "iu" else y, wanted)


@answers(np.logspace)
def _logspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10.0, dtype: Any = None, axis: int = 0
) -> Any:
    """y_k = base^(a + k (b − a) / n)."""
    if ndim_of(base):  # it takes part in what the axis means
        rank = max(ndim_of(x) for x in (start, stop, base))
        start, stop, base = (reshape(x, (1,) * (rank - ndim_of(x)) + shape_of(x)) for x in (start, stop, base))
        base = expand_dims(base, axis)
    exponents = _linspace(start, stop, num=num, endpoint=endpoint, axis=axis)
    found = np.power(base, exponents)
    return found if dtype is None else value_of(found, dtype)


@answers(np.geomspace)
def _geomspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> Any:
    """y_k = a (b / a)^(k / n), the first one a and the last one b themselves.

    Raises TraceError for complex numbers.
    """
    name = _inexact(value_of(start), value_of(stop), np.zeros((), dtype))
    first, last = (value_of(x, name) for x in (start, stop))
    if first.dtype.kind == "c":
        refuse(
            "'np.geomspace' of complex numbers has no form in a graph.",
            "Write:  np.exp(np.linspace(np.log(a), np.log(b), n))",
        )
    sign = np.sign(first)
    logs = [np.log10(first * sign), np.log10(last * sign)]
    y = 10.0 ** _linspace(*logs, num=num, endpoint=endpoint)
    place = np.arange(y.shape[0]).reshape((-1,) + (1,) * (y.ndim - 1))
    y = where(place == 0, first * sign, y)
    if endpoint and y.shape[0] > 1:
        y = where(place == y.shape[0] - 1, last * sign, y)
    y = y * sign
    y = moveaxis(y, 0, axis) if axis != 0 else y
    return y if dtype is None else value_of(y, dtype)
