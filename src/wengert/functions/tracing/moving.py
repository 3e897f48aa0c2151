"""NumPy's functions that move entries along axes, on traced values: reversed, repeated, put in."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from wengert.core.ir.graph import Node, apply
from wengert.functions.tracing.answers import answers
from wengert.functions.tracing.indexing import getitem
from wengert.functions.tracing.operands import as_node, axes_of, ndim_of, shape_of
from wengert.functions.tracing.shapes import ravel
from wengert.functions.tracing.tracer import Traced, refuse, traced

Axis = Any


def along(x: Any, axis: int, index: Any) -> Traced:
    """x[:, …, index]: an index at one axis, all of the others."""
    return getitem(x, (*(slice(None),) * axis, index))


def between_zeros(x: Any, low: tuple[int, ...], high: tuple[int, ...]) -> Traced:
    """x with so many zeros before and after it along each axis."""
    return traced(apply("pad", as_node(x), low=low, high=high))


def fixed(value: Any, what: str) -> Any:
    """A value that has to be known while a function is traced.

    Raises TraceError where it is traced.
    """
    if isinstance(value, Traced):
        refuse(
            f"{what} a traced value, which has no numbers yet.",
            "Give numbers or an array of NumPy there; it may be a constant or an argument that is not differentiated.",
        )
    return value


@answers(np.flip)
def flip(m: Any, axis: Axis = None) -> Traced:
    """The entries along axes in reverse order."""
    x = as_node(m)
    axes = axes_of(axis, x.type.rank)
    return traced(apply("flip", x, axes=axes) if axes else x)


@answers(np.repeat, method="repeat")
def _repeat(a: Any, repeats: Any, axis: int | None = None) -> Traced:
    """Each entry along an axis so many times."""
    x = ravel(a) if axis is None else a
    counts = np.asarray(fixed(repeats, "'np.repeat' would repeat by"))
    (place,) = axes_of(0 if axis is None else axis, ndim_of(x))
    size = shape_of(x)[place]
    index = np.repeat(np.arange(size), counts)
    if counts.size != 1:
        return along(x, place, index)
    many = int(counts.flat[0])
    node = as_node(x)
    shape = (*node.shape[: place + 1], many, *node.shape[place + 1 :])
    axes = tuple(k + (k > place) for k in range(node.type.rank))
    wide = apply("broadcast", node, shape=shape, axes=axes)
    return traced(apply("reshape", wide, shape=(*node.shape[:place], index.size, *node.shape[place + 1 :])))


@answers(np.tile)
def _tile(A: Any, reps: Any) -> Traced:
    """The whole array so many times along each axis."""
    counts = (reps,) if np.ndim(reps) == 0 else tuple(reps)
    counts = tuple(operator.index(fixed(n, "'np.tile' would repeat by")) for n in counts)
    node = as_node(A)
    rank = max(node.type.rank, len(counts))
    counts = (1,) * (rank - len(counts)) + counts
    sizes = (1,) * (rank - node.type.rank) + node.shape
    single = apply("reshape", node, shape=sizes)
    shape = tuple(n for pair in zip(counts, sizes, strict=True) for n in pair)
    if any(n != 1 for n in counts):
        single = apply("broadcast", single, shape=shape, axes=tuple(range(1, 2 * rank, 2)))
    return traced(apply("reshape", single, shape=tuple(n * size for n, size in zip(counts, sizes, strict=True))))


@answers(np.insert)
def _insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Traced:
    """Values put in before places along an axis: NumPy says where each entry goes, by doing it to their numbers."""
    node = as_node(arr)
    given = _joined(values, node.type.dtype)
    count, more = _count(node), _count(given)
    own = np.arange(count).reshape(node.shape)  # pyright: ignore[reportArgumentType, reportCallIssue]
    new = count + np.arange(more).reshape(given.shape)  # pyright: ignore[reportArgumentType, reportCallIssue]
    places = np.insert(own, fixed(obj, "'np.insert' would put in before"), new, axis)
    line = apply("concatenate", *(apply("reshape", x, shape=(_count(x),)) for x in (node, given)), axis=0)
    return getitem(traced(line), places)


def _joined(values: Any, dtype: str) -> Node:
    """An array, or a list of numbers and traced numbers, as a node."""
    if not isinstance(values, list | tuple):
        return as_node(values, dtype)
    parts = [_joined(each, dtype) for each in values]  # pyright: ignore[reportUnknownVariableType]
    if not parts:
        return as_node(np.empty(0), dtype)
    rows = [apply("reshape", x, shape=(1, *x.shape)) for x in parts]
    return rows[0] if len(rows) == 1 else apply("concatenate", *rows, axis=0)


def _count(x: Node) -> int:
    return int(np.prod(x.shape, dtype=np.int64))  # pyright: ignore[reportArgumentType]
