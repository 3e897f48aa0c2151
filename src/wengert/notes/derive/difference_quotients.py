"""The slope of a loss along a line without any rule of differentiation: by the complex step, or by central differences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from wengert.core.ir.walk import topological
from wengert.core.ops.evaluate import Prepared

Array = Any


EXACT = 1e-9
"""Largest relative difference that forward mode and complex step may show."""
DIFFERENCES = 1e-5
"""The same for central differences, where the complex step cannot go (abs, max, comparisons on complex numbers), beside rounding."""
STEPS = (1e-4, 1e-5, 1e-6)
"""Steps of central differences, relative to the size of the quantity: a smaller one where a kink lies within a step."""


@dataclass(frozen=True)
class DirectionalSlope:
    """The derivative of the loss along a direction, by some route; `noise` is the rounding of a difference quotient."""

    value: float
    route: str
    noise: float = 0.0

    def agrees(self, claimed: float, scale: float) -> bool:
        """Whether a claim is this slope as far as the route can tell."""
        limit = DIFFERENCES if self.route == "central differences" else EXACT
        if not (np.isfinite(claimed) and np.isfinite(self.value)):
            return str(claimed) == str(self.value)
        return abs(claimed - self.value) <= limit * max(scale, abs(self.value)) + self.noise


@dataclass(frozen=True)
class LossAlongLine:
    """The loss along a line through one quantity: its slope without any rule of differentiation."""

    loss: Prepared
    name: str
    values: Mapping[str, Array]
    direction: Array
    signal: Array
    sizes: Mapping[str, int]

    def slope(self, expected: float) -> DirectionalSlope | None:
        """The slope by the complex step, or by central differences; None where these do not settle, as on a kink or beside a jump."""
        if all(node.op.continued for node in topological(self.loss.graph.outputs)):
            step = 1e-100
            value = self.at(1j * step)
            return DirectionalSlope(float(np.sum(self.signal * np.imag(value)) / step), "complex step")
        size = float(np.sum(np.abs(self.signal * self.at(0.0))))
        slopes = list[DirectionalSlope]()
        for step in STEPS:
            slopes.append(self.central(step, size))
            if slopes[-1].agrees(expected, 0.0):
                return slopes[-1]
        last, before = slopes[-1], slopes[-2]
        # Where only the second derivative jumps, the error falls with the step itself: it is taken out.
        limit = (STEPS[-2] * last.value - STEPS[-1] * before.value) / (STEPS[-2] - STEPS[-1])
        slopes.append(DirectionalSlope(limit, last.route, 2 * last.noise))
        if slopes[-1].agrees(expected, 0.0):
            return slopes[-1]
        settled = all(s.agrees(last.value, 100 * abs(last.value)) for s in slopes)
        return slopes[0] if settled and not self.on_kink() else None

    def at(self, t: complex) -> Array:
        """The loss with the quantity moved by t along the direction."""
        moved = self.values[self.name] + t * self.direction
        (value,) = self.loss.values({**self.values, self.name: moved}, self.sizes)
        return value

    def scaled(self, step: float) -> float:
        """The step for the size of the quantity."""
        return step * max(1.0, float(np.max(np.abs(self.values[self.name]), initial=0.0)))

    def central(self, step: float, size: float) -> DirectionalSlope:
        """Central differences at h and 2h, combined so that the error is of fourth order; `size` is that of the loss."""
        h = self.scaled(step)
        one, two = (float(np.sum(self.signal * (self.at(k * h) - self.at(-k * h)))) / (2 * k * h) for k in (1, 2))
        return DirectionalSlope((4 * one - two) / 3, "central differences", 64 * float(np.finfo(float).eps) * size / h)

    def on_kink(self) -> bool:
        """Whether the slopes to the left and to the right stay apart as the step shrinks."""
        gaps: list[float] = []
        for step in (STEPS[0], STEPS[-1]):
            h = self.scaled(step)
            bend = np.sum(self.signal * (self.at(h) - 2 * self.at(0.0) + self.at(-h)))
            gaps.append(abs(float(bend)) / h)
        return gaps[1] > gaps[0] / 10
