"""Running sums and products of traced values, and differences of neighbours: slopes and integrals of samples."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.core.ir.graph import Node, apply, constant
from wengert.core.ops.cumulative import part
from wengert.functions.tracing.answers import answers
from wengert.functions.tracing.operands import as_node, axes_of, broadcast_to, ndim_of, shape_of
from wengert.functions.tracing.reductions import countable, real
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


@answers(np.ediff1d)
def _ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Traced:
    row = FUNCTIONS[np.ravel](ary)
    found = _diff(row)
    dtype = found.dtype.name
    parts = [None if e is None else FUNCTIONS[np.ravel](traced(as_node(e, dtype))) for e in (to_begin, to_end)]
    joined = [each for each in (parts[0], found, parts[1]) if each is not None]
    return FUNCTIONS[np.concatenate](joined) if len(joined) > 1 else found


@answers(np.trapezoid)
def _trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Traced:
    """Σ ½ (y_(j+1) + y_j) (x_(j+1) − x_j) along an axis."""
    (place,) = axes_of(axis, ndim_of(y))
    node = as_node(y)
    size: Any = node.shape[place]
    pairs = traced(part(node, place, min(1, size), size)) + traced(part(node, place, 0, max(size - 1, 0)))
    if x is None:
        widths = dx
    elif ndim_of(x) == 1:
        row = _diff(x) if isinstance(x, Traced) else np.diff(x)
        shape = [1] * ndim_of(y)
        shape[place] = shape_of(row)[0]
        widths = row.reshape(shape)
    else:
        widths = _diff(x, axis=place) if isinstance(x, Traced) else np.diff(x, axis=place)
    return FUNCTIONS[np.sum](widths * pairs / 2.0, place)


# ---------------------------------------------------------------- slopes of samples


@answers(np.gradient)
def _gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """Central differences inside and one-sided ones at the edges, of second order for any distances.

    Raises ValueError, with NumPy's words, where there are too few samples. Source: Fornberg 1988, Math. Comp. 51, 699.
    """
    node = real(f)
    axes = axes_of(axis, node.type.rank) if not isinstance(axis, tuple | list) else [k % node.type.rank for k in axis]
    if edge_order > 2:
        raise ValueError("'edge_order' greater than 2 not supported")
    spaces = list(varargs) if len(varargs) == len(axes) and len(varargs) != 1 else list(varargs or (1.0,)) * len(axes)
    if len(spaces) != len(axes):
        raise TypeError("invalid number of arguments")
    slopes = [_slope(node, k, space, edge_order) for k, space in zip(axes, spaces, strict=True)]
    return slopes[0] if len(slopes) == 1 else tuple(slopes)


def _slope(node: Node, axis: int, space: Any, edge_order: int) -> Traced:
    size: Any = node.shape[axis]
    if size < edge_order + 1:
        raise ValueError(
            "Shape of array too small to calculate a numerical gradient, at least (edge_order + 1) elements are required."
        )

    def at(start: int, stop: int) -> Traced:
        return traced(part(node, axis, start % (size + 1), stop % (size + 1)))

    def wide(h: Any) -> Any:
        return h.reshape([-1 if k == axis else 1 for k in range(node.type.rank)])

    if not ndim_of(space):
        inner = (at(2, size) - at(0, size - 2)) / (2.0 * space)
        steps = [space] * 4
    else:
        if ndim_of(space) != 1:
            raise ValueError("distances must be either scalars or 1d")
        if shape_of(space)[0] != size:
            raise ValueError("when 1d, distances must match the length of the corresponding dimension")
        h = _diff(space) if isinstance(space, Traced) else np.diff(np.asarray(space, dtype=np.float64))
        left, right = wide(h[:-1]), wide(h[1:])
        inner = (
            -right / (left * (left + right)) * at(0, size - 2)
            + (right - left) / (left * right) * at(1, size - 1)
            + left / (right * (left + right)) * at(2, size)
        )
        steps = [h[0], h[1], h[-2], h[-1]] if size > 2 else [h[0], h[0], h[-1], h[-1]]
    if edge_order == 1:
        ends = (at(1, 2) - at(0, 1)) / steps[0], (at(size - 1, size) - at(size - 2, size - 1)) / steps[3]
    else:
        first = [at(k, k + 1) for k in range(3)]
        last = [at(size - 1 - k, size - k) for k in range(3)]
        ends = _edge_slope(first, steps[0], steps[1]), -_edge_slope(last, steps[3], steps[2])
    return FUNCTIONS[np.concatenate]([ends[0], inner, ends[1]], axis)


def _edge_slope(f: list[Traced], a: Any, b: Any) -> Traced:
    """The slope at the first of three samples, a and b apart."""
    return -(2.0 * a + b) / (a * (a + b)) * f[0] + (a + b) / (a * b) * f[1] - a / (b * (a + b)) * f[2]
