"""Index maps of structural ops: which entry of its input an entry of the result is, for loops that read it where it lies.

`index` has a place for each axis of the result, `origin` is the place 0; places are added and multiplied by numbers. A map gives a place
for each axis of the input, and the ranges (place, low, high) outside of which the entry is 0.
"""

from __future__ import annotations

from wengert.core.ir.graph import Node
from wengert.core.ir.op import AxisPlace, EntryPlace


def broadcast_map(node: Node, index: tuple[AxisPlace, ...], origin: AxisPlace) -> EntryPlace:
    """The axes that the input has."""
    return tuple(index[axis] for axis in node.params["axes"]), ()


def transpose_map(node: Node, index: tuple[AxisPlace, ...], origin: AxisPlace) -> EntryPlace:
    """The axes in their order before."""
    axes = node.params["axes"]
    return tuple(index[axes.index(k)] for k in range(len(axes))), ()


def slice_map(node: Node, index: tuple[AxisPlace, ...], origin: AxisPlace) -> EntryPlace:
    """start + step i."""
    steps = zip(index, node.params["start"], node.params["step"], strict=True)
    return tuple(i * step + start for i, start, step in steps), ()


def pad_map(node: Node, index: tuple[AxisPlace, ...], origin: AxisPlace) -> EntryPlace | None:
    """i − low, inside of the input; none where entries stand apart."""
    params = node.params
    if any(step != 1 for step in params.get("step", ())):
        return None
    inner: list[AxisPlace] = []
    guards: list[tuple[AxisPlace, int, int]] = []
    for i, low, high, size in zip(index, params["low"], params["high"], node.inputs[0].shape, strict=True):
        inner.append(i + -low)
        if low or high:
            guards.append((inner[-1], 0, int(size)))  # pyright: ignore[reportArgumentType]
    return tuple(inner), tuple(guards)


def flip_map(node: Node, index: tuple[AxisPlace, ...], origin: AxisPlace) -> EntryPlace:
    """n − 1 − i."""
    axes = node.params["axes"]
    sizes = enumerate(zip(index, node.shape, strict=True))
    return tuple(i * -1 + (int(n) - 1) if k in axes else i for k, (i, n) in sizes), ()  # pyright: ignore[reportArgumentType]


def reshape_map(node: Node, index: tuple[AxisPlace, ...], origin: AxisPlace) -> EntryPlace | None:
    """Affine where axes are split, or axes of 1 come or go; none where axes are merged."""
    before, after = [int(n) for n in node.inputs[0].shape], [int(n) for n in node.shape]  # pyright: ignore[reportArgumentType]
    inner: list[AxisPlace] = []
    place = 0
    for size in before:
        if size == 1:
            inner.append(origin)
            continue
        total, parts = 1, list[tuple[AxisPlace, int]]()
        while total < size and place < len(after):
            total *= after[place]
            parts.append((index[place], after[place]))
            place += 1
        if total != size:
            return None
        flat, stride = origin, 1
        for i, extent in reversed(parts):
            if extent != 1:
                flat, stride = flat + i * stride, stride * extent
        inner.append(flat)
    return tuple(inner), ()


def window_map(node: Node, index: tuple[AxisPlace, ...], origin: AxisPlace) -> EntryPlace:
    """A j + c on each axis, guarded where it can leave the array."""
    inner: list[AxisPlace] = []
    guards: list[tuple[AxisPlace, int, int]] = []
    params = node.params
    for row, start, size in zip(params["steps"], params["offset"], node.inputs[0].shape, strict=True):
        place = origin + start
        low = high = start
        for i, step, extent in zip(index, row, node.shape, strict=True):
            place = place + i * step
            last = step * (int(extent) - 1)  # pyright: ignore[reportArgumentType]
            low, high = low + min(0, last), high + max(0, last)
        inner.append(place)
        if low < 0 or high >= int(size):  # pyright: ignore[reportArgumentType]
            guards.append((place, 0, int(size)))  # pyright: ignore[reportArgumentType]
    return tuple(inner), tuple(guards)
