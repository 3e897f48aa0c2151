"""Sums, means, extremes, products and norms over axes of traced values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from wengert.ir.graph import Node, apply, constant
from wengert.ops import functions as composed
from wengert.tracing.answers import answers
from wengert.tracing.operands import as_node, axes_of, supported
from wengert.tracing.tracer import Traced, traced

Axis = Any


def _kept(node: Node, shape: tuple[Any, ...], axes: tuple[int, ...], keepdims: bool) -> Traced:
    """A reduced value, with axes of 1 in place of those that are gone where `keepdims` says so."""
    if keepdims:
        node = apply("reshape", node, shape=tuple(1 if k in axes else n for k, n in enumerate(shape)))
    return traced(node)


def _real(x: Any, dtype: Any = None) -> Node:
    """A value as real numbers."""
    node = as_node(x, None if dtype is None else supported(np.dtype(dtype)))
    return node if node.type.is_float else apply("cast", node, dtype="float64")


def _countable(x: Any, dtype: Any) -> Node:
    """A value as numbers that can be added: truth values are whole numbers."""
    node = as_node(x, None if dtype is None else supported(np.dtype(dtype)))
    return apply("cast", node, dtype="int64") if node.type.dtype == "bool" else node


@answers(np.sum, method="sum")
def _sum(a: Any, axis: Axis = None, dtype: Any = None, keepdims: bool = False) -> Traced:
    x = _countable(a, dtype)
    axes = axes_of(axis, x.type.rank)
    return _kept(apply("sum", x, axes=axes), x.shape, axes, keepdims)


@answers(np.prod, method="prod")
def _prod(a: Any, axis: Axis = None, dtype: Any = None, keepdims: bool = False) -> Traced:
    x = _countable(a, dtype)
    axes = axes_of(axis, x.type.rank)
    return _kept(apply("prod", x, axes=axes), x.shape, axes, keepdims)


@answers(np.mean, method="mean")
def _mean(a: Any, axis: Axis = None, dtype: Any = None, keepdims: bool = False) -> Traced:
    x = _real(a, dtype)
    axes = axes_of(axis, x.type.rank)
    return _kept(composed.mean(x, axes), x.shape, axes, keepdims)


@answers(np.var, method="var")
def _var(a: Any, axis: Axis = None, dtype: Any = None, ddof: int = 0, keepdims: bool = False) -> Traced:
    x = _real(a, dtype)
    axes = axes_of(axis, x.type.rank)
    return _kept(composed.variance(x, axes, ddof), x.shape, axes, keepdims)


@answers(np.std, method="std")
def _std(a: Any, axis: Axis = None, dtype: Any = None, ddof: int = 0, keepdims: bool = False) -> Traced:
    x = _real(a, dtype)
    axes = axes_of(axis, x.type.rank)
    return _kept(apply("sqrt", composed.variance(x, axes, ddof)), x.shape, axes, keepdims)


def _extreme(op: str, a: Any, axis: Axis, keepdims: bool) -> Traced:
    x = _countable(a, None)
    truths = as_node(a).type.dtype == "bool"
    axes = axes_of(axis, x.type.rank)
    if any(x.shape[k] == 0 for k in axes):
        raise ValueError(f"zero-size array to reduction operation {op}imum which has no identity")
    found = apply(op, x, axes=axes)
    return _kept(apply("cast", found, dtype="bool") if truths else found, x.shape, axes, keepdims)


@answers(np.max, method="max")
def _max(a: Any, axis: Axis = None, keepdims: bool = False) -> Traced:
    return _extreme("max", a, axis, keepdims)


@answers(np.min, method="min")
def _min(a: Any, axis: Axis = None, keepdims: bool = False) -> Traced:
    return _extreme("min", a, axis, keepdims)


@answers(np.any, method="any")
def _any(a: Any, axis: Axis = None, keepdims: bool = False) -> Traced:
    """Whether some entry holds: their number is not 0."""
    x = apply("cast", _truth(a), dtype="int64")
    axes = axes_of(axis, x.type.rank)
    return _kept(apply("sum", x, axes=axes) > 0, x.shape, axes, keepdims)


@answers(np.all, method="all")
def _all(a: Any, axis: Axis = None, keepdims: bool = False) -> Traced:
    """Whether every entry holds: the number of those that do not is 0."""
    x = apply("cast", apply("logical_not", _truth(a)), dtype="int64")
    axes = axes_of(axis, x.type.rank)
    none = apply("sum", x, axes=axes)
    return _kept(apply("equal", none, constant(0, none.type)), x.shape, axes, keepdims)


def _truth(a: Any) -> Node:
    x = as_node(a)
    return x if x.type.dtype == "bool" else apply("not_equal", x, constant(0, x.type))


def _reduce(function: Callable[..., Traced]) -> Callable[..., Traced]:
    """The method `reduce` of a ufunc, which goes along the first axis where none is named."""

    def along(array: Any, axis: Axis = 0, **options: Any) -> Traced:
        return function(array, axis, **options)

    return along


for _ufunc, _function in {
    np.add: _sum,
    np.multiply: _prod,
    np.maximum: _max,
    np.minimum: _min,
    np.logical_or: _any,
    np.logical_and: _all,
}.items():
    answers((_ufunc, "reduce"))(_reduce(_function))


@answers(np.size)
def _size(a: Any, axis: int | None = None) -> int:
    return a.size if axis is None else a.shape[axis]
