"""How many bytes a derivative keeps of each step of a loop; and the segments that keep within a budget."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from wengert.core.autodiff.control import step_back
from wengert.core.autodiff.residuals import residuals
from wengert.core.ir.graph import Node, input_node
from wengert.core.ir.types import bytes_of
from wengert.core.ops.control import Cotangents, results
from wengert.core.ops.loop import Loop

IN_WORK = 2
"""For each level of segments: the carries of a step and their cotangents, which are there beside the checkpoints."""


class StepBytes(NamedTuple):
    """What the way back of a loop costs for each step."""

    carries: int
    """The bytes of the carries: what a checkpoint keeps."""
    kept: int
    """The bytes of what a step leaves for its way back."""


def bytes_of_step(node: Node) -> StepBytes:
    """The bytes that the derivative of a loop, by all that it reads, keeps of each step."""
    loop = Loop.of(node)
    bars = [input_node(f"bar {k}", y.type) if y.type.is_float else None for k, y in enumerate(results(node))]
    step = step_back(loop, Cotangents(bars, [x.type.is_float for x in node.inputs], [None] * len(bars), []))
    kept = residuals(loop, list(step.back.values()), step.signals).kept
    return StepBytes(bytes_of(c.inner.type for c in loop.carries), bytes_of(x.type for x in kept))


def segments(steps: int, cost: StepBytes, memory: int) -> tuple[int, ...] | None:
    """The lengths of segments, of segments of these, and so on, with which a loop needs at most `memory` bytes.

    With d levels of k segments each, the last of L steps, checkpoints need d k c bytes and the steps of one segment L r, where
    k^d L ≥ steps; every level runs the loop once more, and has its own carries and cotangents in work. The fewest levels
    are taken, and of them the longest segments. () is no checkpoint; None, that no segments need so little.

    Source: the two-level form is T. Chen et al., Training deep nets with sublinear memory cost, 2016.
    """
    if steps * cost.kept <= memory:
        return ()
    for levels, k, needed in _choices(steps, cost):
        if needed <= memory:
            return tuple(-(-steps // k**level) for level in range(1, levels + 1))
    return None


def least_bytes(steps: int, cost: StepBytes) -> int:
    """The fewest bytes that some segments need."""
    return min([steps * cost.kept, *(needed for _, _, needed in _choices(steps, cost))])


def _choices(steps: int, cost: StepBytes) -> Iterator[tuple[int, int, int]]:
    """(levels, segments at each of them, the bytes that these need), the fewest levels and segments first."""
    for levels in range(1, max(2, steps.bit_length())):
        for k in range(2, math.ceil(steps ** (1 / levels)) + 1):
            yield levels, k, levels * (k + IN_WORK) * cost.carries + -(-steps // k**levels) * cost.kept
