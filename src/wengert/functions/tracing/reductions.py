"""Sums, means, extremes and products over axes of traced values; what `where` leaves out takes no part."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.core.ir.graph import Node, apply, constant, constant_like
from wengert.core.ops import functions as composed
from wengert.core.ops.complex_numbers import squared_magnitude
from wengert.core.ops.reductions import spread
from wengert.functions.tracing.answers import answers
from wengert.functions.tracing.operands import as_node, axes_of, broadcast_to, promoted, supported, together
from wengert.functions.tracing.tracer import UFUNCS, Traced, traced

Axis = Any
NO_VALUE: Any = np._NoValue  # pyright: ignore[reportPrivateUsage, reportAttributeAccessIssue]


def kept(node: Node, shape: tuple[Any, ...], axes: tuple[int, ...], keepdims: Any) -> Traced:
    """A reduced value, with axes of 1 in place of those that are gone where `keepdims` says so."""
    if keepdims is not NO_VALUE and keepdims:
        node = apply("reshape", node, shape=tuple(1 if k in axes else n for k, n in enumerate(shape)))
    return traced(node)


def real(x: Any, dtype: Any = None) -> Node:
    """A value as real numbers."""
    node = as_node(x, None if dtype is None else supported(np.dtype(dtype)))
    return apply("cast", node, dtype="float64") if node.type.dtype in ("bool", "int64") else node


def countable(x: Any, dtype: Any = None) -> Node:
    """A value as numbers that can be added: truth values are whole numbers."""
    node = as_node(x, None if dtype is None else supported(np.dtype(dtype)))
    return apply("cast", node, dtype="int64") if node.type.dtype == "bool" else node


def _chosen(where: Any, x: Node) -> Node | None:
    """Which entries take part, in the shape of x; None where all of them do."""
    if where is NO_VALUE or where is True or where is None:
        return None
    return broadcast_to(as_node(where, "bool"), x.shape)  # pyright: ignore[reportArgumentType]


def _but(x: Node, where: Any, number: Any) -> Node:
    """x, and a number instead of what takes no part."""
    mask = _chosen(where, x)
    return x if mask is None else apply("where", mask, x, constant_like(number, x))


def _from(op: str, value: Node, initial: Any) -> Node:
    """The value joined with what a reduction begins with, where that is given."""
    if initial is NO_VALUE or initial is None:
        return value
    start = as_node(initial, value.type.dtype)
    return apply(op, *together([value, start]))


@answers(np.sum, method="sum")
def _sum(
    a: Any, axis: Axis = None, dtype: Any = None, keepdims: Any = False, initial: Any = None, where: Any = None
) -> Traced:
    x = countable(a, dtype)
    axes = axes_of(axis, x.type.rank)
    return kept(_from("add", apply("sum", _but(x, where, 0), axes=axes), initial), x.shape, axes, keepdims)


@answers(np.prod, method="prod")
def _prod(
    a: Any, axis: Axis = None, dtype: Any = None, keepdims: Any = False, initial: Any = None, where: Any = None
) -> Traced:
    x = countable(a, dtype)
    axes = axes_of(axis, x.type.rank)
    return kept(_from("multiply", apply("prod", _but(x, where, 1), axes=axes), initial), x.shape, axes, keepdims)


def number_of(mask: Node, axes: tuple[int, ...], dtype: str) -> Node:
    """How many entries a mask holds over axes, as a real number."""
    return apply("sum", apply("cast", mask, dtype=dtype), axes=axes)


def _mean_of(x: Node, axes: tuple[int, ...], mask: Node | None) -> Node:
    if mask is None:
        return composed.mean(x, axes)
    total = apply("sum", apply("where", mask, x, constant_like(0, x)), axes=axes)
    return total / number_of(mask, axes, x.type.dtype)


@answers(np.mean, method="mean")
def _mean(a: Any, axis: Axis = None, dtype: Any = None, keepdims: Any = False, where: Any = None) -> Traced:
    x = real(a, dtype)
    axes = axes_of(axis, x.type.rank)
    return kept(_mean_of(x, axes, _chosen(where, x)), x.shape, axes, keepdims)


def variance(x: Node, axes: tuple[int, ...], ddof: Any, mask: Node | None, mean: Any = None) -> Node:
    """1/(N − ddof) Σ |x − mean|² over what takes part, N of them; a divisor below 0 is 0, as in NumPy."""
    if mask is None and mean is None and composed_divides(x, axes, ddof):
        return composed.variance(x, axes, ddof)
    if mean is None:
        middle = spread(_mean_of(x, axes, mask), x, axes)
    else:
        middle = broadcast_to(as_node(mean, x.type.dtype), x.shape)  # pyright: ignore[reportArgumentType]
    deviation = x - middle
    if mask is not None:
        deviation = apply("where", mask, deviation, constant_like(0, x))
    distances = squared_magnitude(deviation)
    squares = apply("sum", distances, axes=axes)
    whole = broadcast_to(composed.count(distances, axes), squares.shape)  # pyright: ignore[reportArgumentType]
    number = (whole if mask is None else number_of(mask, axes, squares.type.dtype)) - ddof
    return squares / apply("relu", number)


def composed_divides(x: Node, axes: tuple[int, ...], ddof: Any) -> bool:
    """Whether N − ddof is positive, or N is 0."""
    size = int(np.prod([x.shape[k] for k in axes], dtype=np.int64))
    return size > ddof or size == 0


def _spread_about_mean(
    a: Any, axis: Axis, dtype: Any, ddof: Any, keepdims: Any, where: Any, mean: Any, correction: Any, root: bool
) -> Traced:
    x = real(a, dtype)
    axes = axes_of(axis, x.type.rank)
    freedom = ddof if correction is NO_VALUE or correction is None else correction
    found = variance(x, axes, freedom, _chosen(where, x), None if mean is NO_VALUE else mean)
    return kept(apply("sqrt", found) if root else found, x.shape, axes, keepdims)


@answers(np.var, method="var")
def _var(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    ddof: Any = 0,
    keepdims: Any = False,
    where: Any = None,
    mean: Any = None,
    correction: Any = None,
) -> Traced:
    return _spread_about_mean(a, axis, dtype, ddof, keepdims, where, mean, correction, root=False)


@answers(np.std, method="std")
def _std(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    ddof: Any = 0,
    keepdims: Any = False,
    where: Any = None,
    mean: Any = None,
    correction: Any = None,
) -> Traced:
    return _spread_about_mean(a, axis, dtype, ddof, keepdims, where, mean, correction, root=True)


# ---------------------------------------------------------------- extremes


def extreme(op: str, a: Any, axis: Axis, keepdims: Any, initial: Any = None, where: Any = None) -> Traced:
    """The largest or smallest entry over axes.

    Raises ValueError, with NumPy's words, where there is none.
    """
    x = countable(a)
    truths = as_node(a).type.dtype == "bool"
    axes = axes_of(axis, x.type.rank)
    started = initial is not NO_VALUE and initial is not None
    if not started and _chosen(where, x) is not None:
        raise ValueError(
            f"reduction operation '{op}imum' does not have an identity, "
            "so to use a where mask one has to specify 'initial'"
        )
    empty = any(x.shape[k] == 0 for k in axes)
    if empty and not started:
        raise ValueError(f"zero-size array to reduction operation {op}imum which has no identity")
    if empty:
        shape = tuple(n for k, n in enumerate(x.shape) if k not in axes)
        found = broadcast_to(as_node(initial, x.type.dtype), shape)  # pyright: ignore[reportArgumentType]
    else:
        found = _from(f"{op}imum", apply(op, _but(x, where, initial), axes=axes), initial)
    return kept(apply("cast", found, dtype="bool") if truths else found, x.shape, axes, keepdims)


@answers(np.max, np.amax, method="max")
def _max(a: Any, axis: Axis = None, keepdims: Any = False, initial: Any = None, where: Any = None) -> Traced:
    return extreme("max", a, axis, keepdims, initial, where)


@answers(np.min, np.amin, method="min")
def _min(a: Any, axis: Axis = None, keepdims: Any = False, initial: Any = None, where: Any = None) -> Traced:
    return extreme("min", a, axis, keepdims, initial, where)


@answers(np.ptp)
def _ptp(a: Any, axis: Axis = None, keepdims: Any = False) -> Traced:
    """The largest less the smallest."""
    return extreme("max", a, axis, keepdims) - extreme("min", a, axis, keepdims)


# ---------------------------------------------------------------- truths


@answers(np.any, method="any")
def _any(a: Any, axis: Axis = None, keepdims: Any = False, where: Any = None) -> Traced:
    """Whether some entry holds: their number is not 0."""
    held = truth(a)
    x = apply("cast", _but(held, where, False), dtype="int64")
    axes = axes_of(axis, x.type.rank)
    return kept(apply("sum", x, axes=axes) > 0, x.shape, axes, keepdims)


@answers(np.all, method="all")
def _all(a: Any, axis: Axis = None, keepdims: Any = False, where: Any = None) -> Traced:
    """Whether every entry holds: the number of those that do not is 0."""
    held = truth(a)
    x = apply("cast", apply("logical_not", _but(held, where, True)), dtype="int64")
    axes = axes_of(axis, x.type.rank)
    none = apply("sum", x, axes=axes)
    return kept(apply("equal", none, constant(0, none.type)), x.shape, axes, keepdims)


@answers(np.count_nonzero)
def _count_nonzero(a: Any, axis: Axis = None, keepdims: Any = False) -> Traced:
    x = apply("cast", truth(a), dtype="int64")
    axes = axes_of(axis, x.type.rank)
    return kept(apply("sum", x, axes=axes), x.shape, axes, keepdims)


def truth(a: Any) -> Node:
    """Which entries are not 0."""
    x = as_node(a)
    if x.type.is_complex:
        return as_node(UFUNCS[np.not_equal](traced(x), 0))
    return x if x.type.dtype == "bool" else apply("not_equal", x, constant(0, x.type))


# ---------------------------------------------------------------- weighted means


@answers(np.average)
def _average(
    a: Any, axis: Axis = None, weights: Any = None, returned: bool = False, keepdims: Any = False
) -> Traced | tuple[Traced, Traced]:
    """Σ w a / Σ w over the axes; with `returned` the sum of the weights too.

    Raises TypeError, with NumPy's words, where the weights do not fit.
    """
    if weights is None:
        mean = _mean(a, axis, keepdims=keepdims)
        x = real(a)
        number = composed.count(x, axes_of(axis, x.type.rank))
        total = traced(broadcast_to(number, mean.shape))
        return (mean, total) if returned else mean
    x, w = promoted(a, weights)
    x, w = (real(traced(each)) for each in (x, w))
    axes = axes_of(axis, x.type.rank)
    if w.shape != x.shape:
        w = _laid_along(w, x, axis, axes)
    mass = apply("sum", w, axes=axes)
    mean = kept(apply("sum", x * w, axes=axes) / mass, x.shape, axes, keepdims)
    return (mean, kept(mass, x.shape, axes, keepdims)) if returned else mean


def _laid_along(w: Node, x: Node, axis: Axis, axes: tuple[int, ...]) -> Node:
    """Weights of the chosen axes alone, over all of them."""
    if axis is None:
        raise TypeError("Axis must be specified when shapes of a and weights differ.")
    given = [int(k) % x.type.rank for k in (axis if isinstance(axis, tuple | list) else (axis,))]
    if w.shape != tuple(x.shape[k] for k in given):
        raise ValueError("Shape of weights must be consistent with shape of a along specified axis.")
    order = sorted(range(len(given)), key=lambda k: given[k])
    turned = w if order == list(range(len(given))) else apply("transpose", w, axes=tuple(order))
    return composed.broadcast(turned, x.shape, axes)


@answers(np.size)
def _size(a: Any, axis: int | None = None) -> int:
    return a.size if axis is None else a.shape[axis]
