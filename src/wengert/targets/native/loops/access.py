"""Index maps: which entry of its input an entry of a structural op is. It knows no kernel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from wengert.core.ir.graph import Node
from wengert.targets.native.loops.nest import Affine, Range

Index = tuple[Affine, ...]
"""One affine index an axis."""


@dataclass(frozen=True, slots=True)
class Access:
    """Where an op reads its input: an index an axis, and the ranges outside of which the entry is 0."""

    index: Index
    guards: tuple[Range, ...] = ()


def _broadcast(node: Node, index: Index) -> Access:
    return Access(tuple(index[axis] for axis in node.params["axes"]))


def _transpose(node: Node, index: Index) -> Access:
    axes = node.params["axes"]
    return Access(tuple(index[axes.index(k)] for k in range(len(axes))))


def _slice(node: Node, index: Index) -> Access:
    steps = zip(index, node.params["start"], node.params["step"], strict=True)
    return Access(tuple(i * step + start for i, start, step in steps))


def _pad(node: Node, index: Index) -> Access | None:
    params = node.params
    if any(step != 1 for step in params.get("step", ())):
        return None
    inner: list[Affine] = []
    guards: list[Range] = []
    for i, low, high, size in zip(index, params["low"], params["high"], node.inputs[0].shape, strict=True):
        inner.append(i + -low)
        if low or high:
            guards.append(Range(inner[-1], 0, int(size)))
    return Access(tuple(inner), tuple(guards))


def _flip(node: Node, index: Index) -> Access:
    axes = node.params["axes"]
    sizes = zip(index, node.shape, strict=True)
    return Access(tuple(i * -1 + (int(n) - 1) if k in axes else i for k, (i, n) in enumerate(sizes)))


def _reshape(node: Node, index: Index) -> Access | None:
    """Affine where axes are split, or axes of 1 come or go; None where axes are merged."""
    before, after = [int(n) for n in node.inputs[0].shape], [int(n) for n in node.shape]
    inner: list[Affine] = []
    place = 0
    for size in before:
        if size == 1:
            inner.append(Affine())
            continue
        total, parts = 1, list[tuple[Affine, int]]()
        while total < size and place < len(after):
            total *= after[place]
            parts.append((index[place], after[place]))
            place += 1
        if total != size:
            return None
        flat, stride = Affine(), 1
        for i, extent in reversed(parts):
            if extent != 1:
                flat, stride = flat + i * stride, stride * extent
        inner.append(flat)
    return Access(tuple(inner))


def _window(node: Node, index: Index) -> Access:
    """A j + c on each axis, guarded where it can leave the array."""
    inner: list[Affine] = []
    guards: list[Range] = []
    params = node.params
    for row, start, size in zip(params["steps"], params["offset"], node.inputs[0].shape, strict=True):
        place = Affine((), start)
        low = high = start
        for i, step, extent in zip(index, row, node.shape, strict=True):
            place = place + i * step
            low, high = low + min(0, step * (int(extent) - 1)), high + max(0, step * (int(extent) - 1))
        inner.append(place)
        if low < 0 or high >= int(size):
            guards.append(Range(place, 0, int(size)))
    return Access(tuple(inner), tuple(guards))


MAPS: dict[str, Callable[[Node, Index], Access | None]] = {
    "broadcast": _broadcast,
    "transpose": _transpose,
    "slice": _slice,
    "pad": _pad,
    "flip": _flip,
    "reshape": _reshape,
    "window": _window,
}
"""The ops that move entries by an affine index; None where this one does not."""


def access(node: Node, index: Index) -> Access | None:
    """Where the node reads its only input for its own entry at `index`; None where that is not affine."""
    rule = MAPS.get(node.op.name)
    return None if rule is None else rule(node, index)


def strides(shape: Sequence[Any]) -> tuple[int, ...]:
    """Entries between neighbours along each axis, in row-major order."""
    steps: list[int] = []
    step = 1
    for size in reversed(shape):
        steps.append(step)
        step *= int(size)
    return tuple(reversed(steps))


def flat(index: Index, shape: Sequence[Any]) -> Affine:
    """The place of an entry in row-major order."""
    total = Affine()
    for i, step in zip(index, strides(shape), strict=True):
        total = total + i * step
    return total
