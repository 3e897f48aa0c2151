"""Where a structural op reads its input, by the index map of its record. It knows no kernel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from wengert.core.ir.graph import Node
from wengert.targets.native.loops.nest import Affine, Range

Index = tuple[Affine, ...]
"""One affine index an axis."""


@dataclass(frozen=True, slots=True)
class Access:
    """Where an op reads its input: an index an axis, and the ranges outside of which the entry is 0."""

    index: Index
    guards: tuple[Range, ...] = ()


def access(node: Node, index: Index) -> Access | None:
    """Where the node reads its only input for its own entry at `index`; None where that is not affine."""
    places = None if node.op.index_map is None else node.op.index_map(node, index, Affine())
    if places is None:
        return None
    inner, guards = places
    # The map has made sums of the places that it was given, which are affine.
    return Access(cast(Index, inner), tuple(Range(cast(Affine, place), low, high) for place, low, high in guards))


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
