"""Sorting of traced values, and the functions that give places: they have no derivative, what is moved there has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.core.ir.graph import Node, apply
from wengert.functions.tracing.answers import answers
from wengert.functions.tracing.operands import as_arrays, as_node, axes_of, ndim_of, together
from wengert.functions.tracing.reductions import kept
from wengert.functions.tracing.tracer import FUNCTIONS, Traced, refuse, traced


def in_a_row(a: Any, axis: int | None) -> tuple[Node, int]:
    """The value and the axis to go along; all entries in a row where none is named."""
    x = as_node(a)
    if axis is None:
        return apply("reshape", x, shape=(int(np.prod(x.shape, dtype=np.int64)),)), 0
    (place,) = axes_of(axis, x.type.rank)
    return x, place


def along(x: Node, places: Node, axis: int) -> Node:
    """y with the entries of x at `places` along an axis; the other axes run together."""
    rank = x.type.rank
    if rank == 1:
        return apply("gather", x, places, axis=0, batch=0)
    turned = (*(k for k in range(rank) if k != axis), axis)
    back = tuple(turned.index(k) for k in range(rank))
    shape = tuple(places.shape[k] for k in turned)
    rows = int(np.prod(shape[:-1], dtype=np.int64))
    wide, wanted = (
        apply("reshape", apply("transpose", each, axes=turned), shape=(rows, each.shape[axis])) for each in (x, places)
    )
    found = apply("gather", wide, wanted, axis=1, batch=1)
    return apply("transpose", apply("reshape", found, shape=shape), axes=back)


def _algorithm(kind: Any, stable: Any) -> str | None:
    return "stable" if stable else kind


def increasing(x: Node, axis: int, kind: str | None = None) -> Node:
    """x sorted along an axis, NaN at the end."""
    return along(x, apply("argsort", x, axis=axis, order=kind), axis)


@answers(np.sort)
def _sort(a: Any, axis: int | None = -1, kind: Any = None, order: Any = None, stable: Any = None) -> Traced:
    x, place = in_a_row(a, axis)
    return traced(increasing(x, place, _algorithm(kind, stable)))


@answers(np.argsort, method="argsort")
def _argsort(a: Any, axis: int | None = -1, kind: Any = None, order: Any = None, stable: Any = None) -> Traced:
    x, place = in_a_row(a, axis)
    return traced(apply("argsort", x, axis=place, order=_algorithm(kind, stable)))


def _places_of(kth: Any, size: Any) -> tuple[int, ...]:
    """The places to be filled as by sorting, counted from 0.

    Raises ValueError, with NumPy's words, where one is outside.
    """
    if isinstance(kth, Traced):
        refuse(
            "The places of a partition are whole numbers that are known.", "Write them as numbers:  np.partition(x, 2)"
        )
    given = [int(k) for k in np.atleast_1d(kth)]
    for k in given:
        if not -size <= k < size:
            raise ValueError(f"kth(={k}) out of bounds ({size})")
    return tuple(k % size for k in given)


@answers(np.partition)
def _partition(a: Any, kth: Any, axis: int | None = -1, kind: Any = None, order: Any = None) -> Traced:
    x, place = in_a_row(a, axis)
    order = apply("argpartition", x, axis=place, places=_places_of(kth, x.shape[place]))
    return traced(along(x, order, place))


@answers(np.argpartition, method="argpartition")
def _argpartition(a: Any, kth: Any, axis: int | None = -1, kind: Any = None, order: Any = None) -> Traced:
    x, place = in_a_row(a, axis)
    return traced(apply("argpartition", x, axis=place, places=_places_of(kth, x.shape[place])))


@answers(np.lexsort)
def _lexsort(keys: Any, axis: int = -1) -> Traced:
    if isinstance(keys, Sequence):
        rows = together(as_arrays(*keys))
        wide = [apply("reshape", x, shape=(1, *x.shape)) for x in rows]
        node = apply("concatenate", *wide, axis=0)
    else:
        node = as_node(keys)
    (place,) = axes_of(axis, node.type.rank - 1)
    return traced(apply("lexsort", node, keys=0, axis=place + 1))


# ---------------------------------------------------------------- the place of an extreme


def _place_of_extreme(op: str, a: Any, axis: int | None, keepdims: Any) -> Traced:
    x, place = in_a_row(a, axis)
    if x.shape[place] == 0:
        raise ValueError(f"attempt to get {op} of an empty sequence")
    found = apply(op, x, axis=place)
    if axis is None:
        return kept(found, as_node(a).shape, tuple(range(ndim_of(a))), keepdims)
    return kept(found, x.shape, (place,), keepdims)


@answers(np.argmax, method="argmax")
def _argmax(a: Any, axis: int | None = None, keepdims: Any = False) -> Traced:
    return _place_of_extreme("argmax", a, axis, keepdims)


@answers(np.argmin, method="argmin")
def _argmin(a: Any, axis: int | None = None, keepdims: Any = False) -> Traced:
    return _place_of_extreme("argmin", a, axis, keepdims)


# ---------------------------------------------------------------- places in a row that increases


@answers(np.searchsorted)
def _searchsorted(a: Any, v: Any, side: str = "left", sorter: Any = None) -> Traced:
    row, wanted = as_arrays(a, v)
    if sorter is not None:
        row = as_node(FUNCTIONS[np.take](traced(row), sorter))
    return traced(apply("searchsorted", row, wanted, batch=0, side=side))


@answers(method="searchsorted")
def _method_searchsorted(self: Any, v: Any, side: str = "left", sorter: Any = None) -> Traced:
    return _searchsorted(self, v, side, sorter)
