"""The methods of ufuncs on traced values: reduce, accumulate, outer and reduceat."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from wengert.core.ir.graph import Node, apply
from wengert.functions.tracing.answers import answers
from wengert.functions.tracing.indexing import getitem
from wengert.functions.tracing.operands import as_node, axes_of, ndim_of, shape_of
from wengert.functions.tracing.reductions import NO_VALUE, kept
from wengert.functions.tracing.tracer import FUNCTIONS, UFUNCS, Traced, traced

Axis = Any

REDUCED = {
    np.add: np.sum,
    np.multiply: np.prod,
    np.maximum: np.max,
    np.minimum: np.min,
    np.logical_or: np.any,
    np.logical_and: np.all,
}
"""ufuncs whose `reduce` is a function of the table."""
FOLDED = (
    *(np.subtract, np.divide, np.logaddexp, np.logaddexp2, np.hypot, np.fmax, np.fmin, np.logical_xor),
    *(np.bitwise_or, np.bitwise_and, np.bitwise_xor, np.gcd, np.lcm),
)
"""ufuncs whose `reduce` goes from entry to entry."""
RUNNING = {np.add: np.cumsum, np.multiply: np.cumprod}
"""ufuncs whose `accumulate` is a function of the table."""


def _entries(x: Node, axis: int) -> list[Traced]:
    """The slices of x along an axis."""
    index = (slice(None),) * axis
    return [getitem(traced(x), (*index, j)) for j in range(int(x.shape[axis]))]  # pyright: ignore[reportArgumentType]


def _reduce(function: Any) -> Callable[..., Traced]:
    """The method `reduce` of a ufunc, which goes along the first axis where none is named."""

    def reduce(array: Any, axis: Axis = 0, dtype: Any = None, keepdims: Any = False, **options: Any) -> Traced:
        return FUNCTIONS[function](array, axis, **{"dtype": dtype} if dtype else {}, keepdims=keepdims, **options)

    return reduce


def _fold(ufunc: Any) -> Callable[..., Traced]:
    """((x₀ ∘ x₁) ∘ x₂) ∘ …, entry by entry along the axes."""

    def reduce(array: Any, axis: Axis = 0, keepdims: Any = False, initial: Any = None) -> Traced:
        x = _taken(ufunc, array)
        axes = axes_of(axis, x.type.rank)
        value = None if initial is None or initial is NO_VALUE else initial
        for k in reversed(axes):
            parts = _entries(x, k)
            if not parts and ufunc.identity is None:
                raise ValueError(f"zero-size array to reduction operation {ufunc.__name__} which has no identity")
            total = parts[0] if parts else _of_nothing(ufunc, x, k)
            for part in parts[1:]:
                total = UFUNCS[ufunc](total, part)
            x = as_node(total)
        if value is not None:
            x = as_node(UFUNCS[ufunc](value, traced(x)))
        return kept(x, as_node(array).shape, axes, keepdims)

    return reduce


def _taken(ufunc: Any, array: Any) -> Node:
    """The array in the dtype that the ufunc takes."""
    x = as_node(array)
    dtype = ufunc.resolve_dtypes((np.dtype(x.type.dtype), np.dtype(x.type.dtype), None))[0].name
    return x if dtype == x.type.dtype else apply("cast", x, dtype=dtype)


def _of_nothing(ufunc: Any, x: Node, axis: int) -> Traced:
    shape = tuple(n for k, n in enumerate(x.shape) if k != axis)
    return traced(as_node(np.full(shape, ufunc.identity, dtype=x.type.dtype)))  # pyright: ignore[reportArgumentType]


def _accumulate(ufunc: Any) -> Callable[..., Traced]:
    """The results of `reduce` up to every entry along an axis."""

    def accumulate(array: Any, axis: int = 0, dtype: Any = None) -> Traced:
        if ufunc in RUNNING:
            return FUNCTIONS[RUNNING[ufunc]](array, axis, dtype=dtype)
        x = _taken(ufunc, array)
        (place,) = axes_of(axis, x.type.rank)
        if ufunc in (np.maximum, np.minimum) and x.type.dtype != "bool":
            return traced(apply("running_extreme", x, axis=place, largest=ufunc is np.maximum))
        found: list[Traced] = []
        for part in _entries(x, place):
            found.append(UFUNCS[ufunc](found[-1], part) if found else part)
        return FUNCTIONS[np.stack](found, place) if found else traced(x)

    return accumulate


def _outer(ufunc: Any) -> Callable[..., Any]:
    """x ∘ y for every pair of entries: the axes of x, then those of y."""

    def outer(x: Any, y: Any, **options: Any) -> Any:
        rank = ndim_of(y)
        wide = FUNCTIONS[np.reshape](x, (*shape_of(x), *(1,) * rank)) if ndim_of(x) and rank else x
        return UFUNCS[ufunc](wide, y, **options)

    return outer


def _reduceat(ufunc: Any) -> Callable[..., Traced]:
    """The reductions of the slices from each index to the next; of one entry where the next index is not larger."""

    def reduceat(array: Any, indices: Any, axis: int = 0) -> Traced:
        x = as_node(array)
        (place,) = axes_of(axis, x.type.rank)
        size: Any = x.shape[place]
        starts = [int(k) for k in np.asarray(indices)]
        if any(not 0 <= k < size for k in starts):
            raise IndexError(f"index out-of-bounds in {ufunc.__name__}.reduceat [0, {size})")
        before = (slice(None),) * place
        parts: list[Traced] = []
        for start, stop in zip(starts, [*starts[1:], size], strict=True):
            if start < stop:
                part = getitem(traced(x), (*before, slice(start, stop)))
                parts.append(FUNCTIONS[ufunc, "reduce"](part, place))
            else:
                parts.append(getitem(traced(x), (*before, start)))
        return FUNCTIONS[np.stack](parts, place)

    return reduceat


for _ufunc, _function in REDUCED.items():
    answers((_ufunc, "reduce"))(_reduce(_function))
for _ufunc in FOLDED:
    answers((_ufunc, "reduce"))(_fold(_ufunc))
for _ufunc in (*REDUCED, *FOLDED):
    answers((_ufunc, "accumulate"))(_accumulate(_ufunc))
    answers((_ufunc, "reduceat"))(_reduceat(_ufunc))


def enter_outer(ufuncs: Iterable[Any]) -> None:
    """The method `outer` of ufuncs of two numbers."""
    for ufunc in ufuncs:
        if ufunc.nin == 2 and ufunc.nout == 1 and ufunc.signature is None:
            answers((ufunc, "outer"))(_outer(ufunc))


enter_outer(list(UFUNCS))
