"""NumPy's functions that move entries along axes, on traced values: reversed, rotated, repeated, cut and taken out."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from wengert.core.ir.graph import Node, apply
from wengert.functions.tracing.answers import answers
from wengert.functions.tracing.indexing import getitem
from wengert.functions.tracing.operands import as_node, axes_of, broadcast_to, ndim_of, shape_of
from wengert.functions.tracing.shapes import ravel, reshape, transpose
from wengert.functions.tracing.tracer import Traced, refuse, traced

Axis = Any


def along(x: Any, axis: int, index: Any) -> Traced:
    """x[:, …, index]: an index at one axis, all of the others."""
    return getitem(x, (*(slice(None),) * axis, index))


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


@answers(np.flipud)
def _flipud(m: Any) -> Traced:
    if ndim_of(m) < 1:
        raise ValueError("Input must be >= 1-d.")
    return flip(m, 0)


@answers(np.fliplr)
def _fliplr(m: Any) -> Traced:
    if ndim_of(m) < 2:
        raise ValueError("Input must be >= 2-d.")
    return flip(m, 1)


@answers(np.rot90)
def _rot90(m: Any, k: int = 1, axes: Any = (0, 1)) -> Traced:
    """A quarter turn k times, from the first of two axes to the second."""
    np.rot90(np.empty(shape_of(m), dtype=np.bool_), k, axes)  # its errors for axes
    first, second = (operator.index(axis) % ndim_of(m) for axis in axes)
    order = list(range(ndim_of(m)))
    order[first], order[second] = second, first
    turns = k % 4
    if turns == 0:
        return traced(as_node(m))
    if turns == 2:
        return flip(m, (first, second))
    return transpose(flip(m, second), order) if turns == 1 else flip(transpose(m, order), second)


@answers(np.roll)
def _roll(a: Any, shift: Any, axis: Axis = None) -> Traced:
    """The entries moved on along axes, what leaves at the end enters at the start."""
    if axis is None:
        return reshape(_roll(ravel(a), np.sum(shift), 0), shape_of(a))
    node = as_node(a)
    pairs = np.broadcast_arrays(np.asarray(fixed(shift, "'np.roll' would move by")), np.asarray(axis))
    if pairs[0].ndim > 1:
        raise ValueError("'shift' and 'axis' should be scalars or 1D sequences")
    shifts = dict.fromkeys((axes_of(int(k), node.type.rank)[0] for k in pairs[1].flat), 0)
    for by, k in zip(pairs[0].flat, pairs[1].flat, strict=True):
        shifts[int(k) % node.type.rank] += operator.index(by)
    x = traced(node)
    for k, by in shifts.items():
        place = by % max(1, x.shape[k])
        if place:
            cut = x.shape[k] - place
            parts = [as_node(along(x, k, slice(cut, None))), as_node(along(x, k, slice(cut)))]
            x = traced(apply("concatenate", *parts, axis=k))
    return x


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


@answers(np.resize)
def _resize(a: Any, new_shape: Any) -> Traced:
    """The entries, again from the first where there are too few, in another shape."""
    places = np.resize(np.arange(np.prod(shape_of(a), dtype=np.int64)), new_shape)
    if not np.size(places) or not np.prod(shape_of(a)):
        return traced(broadcast_to(as_node(0.0, as_node(a).type.dtype), places.shape))
    return getitem(ravel(a), places)


@answers(np.delete)
def _delete(arr: Any, obj: Any, axis: int | None = None) -> Traced:
    """What is left without some places along an axis."""
    x = ravel(arr) if axis is None else arr
    (place,) = axes_of(0 if axis is None else axis, ndim_of(x))
    left = np.delete(np.arange(shape_of(x)[place]), fixed(obj, "'np.delete' would leave out"))
    return along(x, place, left)


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


@answers(np.array_split)
def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Traced]:
    """The parts along an axis: so many, or cut at places."""
    return _parts(np.array_split, ary, indices_or_sections, axis)


@answers(np.split)
def _split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Traced]:
    return _parts(np.split, ary, indices_or_sections, axis)


def _parts(function: Any, ary: Any, sections: Any, axis: int) -> list[Traced]:
    (place,) = axes_of(axis, ndim_of(ary))
    numbers = np.arange(shape_of(ary)[place])
    parts = function(numbers, fixed(sections, "'np.split' would cut at"))
    return [along(ary, place, slice(part[0], part[-1] + 1) if part.size else slice(0)) for part in parts]


@answers(np.hsplit)
def _hsplit(ary: Any, indices_or_sections: Any) -> list[Traced]:
    if ndim_of(ary) == 0:
        raise ValueError("hsplit only works on arrays of 1 or more dimensions")
    return _split(ary, indices_or_sections, 1 if ndim_of(ary) > 1 else 0)


@answers(np.vsplit)
def _vsplit(ary: Any, indices_or_sections: Any) -> list[Traced]:
    if ndim_of(ary) < 2:
        raise ValueError("vsplit only works on arrays of 2 or more dimensions")
    return _split(ary, indices_or_sections, 0)


@answers(np.dsplit)
def _dsplit(ary: Any, indices_or_sections: Any) -> list[Traced]:
    if ndim_of(ary) < 3:
        raise ValueError("dsplit only works on arrays of 3 or more dimensions")
    return _split(ary, indices_or_sections, 2)


@answers(np.unstack)
def _unstack(x: Any, /, *, axis: int = 0) -> tuple[Traced, ...]:
    if ndim_of(x) == 0:
        raise ValueError("Input array must be at least 1-d.")
    (place,) = axes_of(axis, ndim_of(x))
    return tuple(along(x, place, k) for k in range(shape_of(x)[place]))
