"""NumPy's functions that move entries along axes or cut an array: turned, rolled, taken out, split."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from wengert.functions.tracing.answers import answers
from wengert.functions.tracing.joining import concatenate
from wengert.functions.tracing.moving import along, fixed, flip
from wengert.functions.tracing.operands import axes_of, ndim_of, shape_of, value_of
from wengert.functions.tracing.shapes import ravel, reshape, transpose
from wengert.functions.tracing.tracer import Traced

Axis = Any


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
        return value_of(m)
    if turns == 2:
        return flip(m, (first, second))
    return transpose(flip(m, second), order) if turns == 1 else flip(transpose(m, order), second)


@answers(np.roll)
def _roll(a: Any, shift: Any, axis: Axis = None) -> Traced:
    """The entries moved on along axes, what leaves at the end enters at the start."""
    if axis is None:
        return reshape(_roll(ravel(a), np.sum(shift), 0), shape_of(a))
    x = value_of(a)
    pairs = np.broadcast_arrays(np.asarray(fixed(shift, "'np.roll' would move by")), np.asarray(axis))
    if pairs[0].ndim > 1:
        raise ValueError("'shift' and 'axis' should be scalars or 1D sequences")
    shifts = dict.fromkeys((axes_of(int(k), x.ndim)[0] for k in pairs[1].flat), 0)
    for by, k in zip(pairs[0].flat, pairs[1].flat, strict=True):
        shifts[int(k) % x.ndim] += operator.index(by)
    for k, by in shifts.items():
        place = by % max(1, x.shape[k])
        if place:
            cut = x.shape[k] - place
            x = concatenate([along(x, k, slice(cut, None)), along(x, k, slice(cut))], k)
    return x


@answers(np.resize)
def _resize(a: Any, new_shape: Any) -> Traced:
    """The entries, again from the first where there are too few, in another shape."""
    places = np.resize(np.arange(np.prod(shape_of(a), dtype=np.int64)), new_shape)
    if not np.size(places) or not np.prod(shape_of(a)):
        return value_of(np.zeros(places.shape, value_of(a).dtype))
    return ravel(a)[places]


@answers(np.delete)
def _delete(arr: Any, obj: Any, axis: int | None = None) -> Traced:
    """What is left without some places along an axis."""
    x = ravel(arr) if axis is None else arr
    (place,) = axes_of(0 if axis is None else axis, ndim_of(x))
    left = np.delete(np.arange(shape_of(x)[place]), fixed(obj, "'np.delete' would leave out"))
    return along(x, place, left)


@answers(np.array_split)
def _array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Traced]:
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
