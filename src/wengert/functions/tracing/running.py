"""Running sums and products of traced values, and differences of neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.core.ir.graph import Node, apply, constant
from wengert.core.ops.cumulative import part
from wengert.functions.tracing.answers import answers
from wengert.functions.tracing.operands import as_node, axes_of, broadcast_to, ndim_of, shape_of
from wengert.functions.tracing.reductions import countable
from wengert.functions.tracing.tracer import FUNCTIONS, Traced, traced


def _flat(x: Node, axis: int | None) -> tuple[Node, int]:
    """The value and the axis to go along; all entries in a row where none is named."""
    if axis is None:
        return apply("reshape", x, shape=(int(np.prod(x.shape, dtype=np.int64)),)), 0
    (place,) = axes_of(axis, x.type.rank)
    return x, place


@answers(np.cumsum, method="cumsum")
def _cumsum(a: Any, axis: int | None = None, dtype: Any = None) -> Traced:
    x, place = _flat(countable(a, dtype), axis)
    return traced(apply("cumsum", x, axis=place))


@answers(np.cumprod, method="cumprod")
def _cumprod(a: Any, axis: int | None = None, dtype: Any = None) -> Traced:
    x, place = _flat(countable(a, dtype), axis)
    return traced(apply("cumprod", x, axis=place))


def _cumulative(op: str, first: int, x: Any, axis: int | None, dtype: Any, include_initial: bool) -> Traced:
    node = countable(x, dtype)
    if axis is None and node.type.rank != 1:
        raise ValueError("For arrays which have more than one dimension ``axis`` argument is required.")
    (place,) = axes_of(0 if axis is None else axis, node.type.rank)
    found = apply(op, node, axis=place)
    if include_initial:
        shape = (*node.shape[:place], 1, *node.shape[place + 1 :])
        found = apply("concatenate", constant(first, node.type.with_shape(shape)), found, axis=place)
    return traced(found)


@answers(np.cumulative_sum)
def _cumulative_sum(x: Any, axis: int | None = None, dtype: Any = None, include_initial: bool = False) -> Traced:
    return _cumulative("cumsum", 0, x, axis, dtype, include_initial)


@answers(np.cumulative_prod)
def _cumulative_prod(x: Any, axis: int | None = None, dtype: Any = None, include_initial: bool = False) -> Traced:
    return _cumulative("cumprod", 1, x, axis, dtype, include_initial)


# ---------------------------------------------------------------- differences


@answers(np.diff)
def _diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Traced:
    """x_(j+1) − x_j along an axis, n times.

    Raises ValueError, with NumPy's words, for a negative n or a number without axes.
    """
    if n < 0:
        raise ValueError(f"order must be non-negative but got {n!r}")
    if not ndim_of(a):
        raise ValueError("diff requires input that is at least one dimensional")
    (place,) = axes_of(axis, ndim_of(a))
    x: Any = a
    if _given(prepend) or _given(append):
        edge = [_edge(each, shape_of(a), place) for each in (prepend, append)]
        parts = [each for each in (edge[0], a, edge[1]) if each is not None]
        x = FUNCTIONS[np.concatenate](parts, place)
    node = as_node(x)
    for _ in range(n):
        size: Any = node.shape[place]
        later, earlier = part(node, place, min(1, size), size), part(node, place, 0, max(size - 1, 0))
        node = apply("not_equal", later, earlier) if node.type.dtype == "bool" else later - earlier
    return traced(node)


def _given(value: Any) -> bool:
    return value is not None and value is not np._NoValue  # pyright: ignore[reportPrivateUsage, reportAttributeAccessIssue]


def _edge(value: Any, shape: tuple[int, ...], axis: int) -> Any:
    """What stands before or behind; a number fills one place."""
    if not _given(value) or ndim_of(value):
        return value if _given(value) else None
    return traced(broadcast_to(as_node(value), (*shape[:axis], 1, *shape[axis + 1 :])))
