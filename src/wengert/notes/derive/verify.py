"""Every derivation is checked on the spot: each bar against forward mode and against complex step or central differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from wengert.core.autodiff.forward import jvp
from wengert.core.ir.graph import Graph, input_node
from wengert.core.ir.names import bar
from wengert.core.ops.evaluate import Prepared
from wengert.core.passes.open_primes import open_primes
from wengert.errors import CheckError
from wengert.notes.derive.backward import Backward
from wengert.notes.derive.difference_quotients import EXACT, DirectionalSlope, LossAlongLine
from wengert.notes.derive.random_points import concrete, draw_point, sizes_for
from wengert.notes.derive.recurrences import moved_values
from wengert.notes.elaboration.system import SystemData

Array = Any
ZERO = 1e-12
"""Signals this far below the largest one are rounding."""


@dataclass(frozen=True)
class Verification:
    """What was compared: the number of quantities, the largest relative difference, and the routes taken."""

    quantities: int
    difference: float
    routes: tuple[str, ...]

    def __str__(self) -> str:
        plural = "quantity" if self.quantities == 1 else "quantities"
        return f"checked: {self.quantities} {plural}, largest relative difference {self.difference:.0e} (against {' and '.join(self.routes)})"


def check(backward: Backward, *, seed: int = 0, points: int = 3) -> Verification:
    """Compare every bar of the backward pass with independent routes at random points.

    Raises CheckError where one differs, naming the quantity, both values and their difference.
    """
    names = [line.name for line in backward.lines if line.name != backward.loss]
    if not names:
        return Verification(0, 0.0, ("forward mode",))
    worst, routes, programs = 0.0, set[str](), _Programs(backward)
    rng, sizes = np.random.default_rng(seed), sizes_for(backward.system)
    for _ in range(points):
        point = draw_point(backward.system, rng, sizes, lambda values: programs.forward.values(values, sizes))
        comparison = _Comparison(backward, programs, point, rng)
        comparison.run(names)
        worst = max(worst, comparison.worst)
        routes |= comparison.routes
    order = ("forward mode", "complex step", "central differences")
    return Verification(len(names), worst, tuple(r for r in order if r in routes))


class _Programs:
    """What is computed at every point, made ready once."""

    def __init__(self, backward: Backward) -> None:
        self.backward = backward
        self.forward = Prepared(concrete(backward.system.graph(tuple(line.name for line in backward.system.lines))))
        self.losses: dict[str, Prepared] = {}
        self.tangents: dict[str, Prepared | None] = {}
        self.printed: dict[tuple[tuple[str, ...], str], Prepared] = {}

    def signals(self, names: tuple[str, ...], form: str) -> Prepared:
        """Error signals or named sums in one of their forms."""
        if (names, form) not in self.printed:
            self.printed[names, form] = Prepared(concrete(self.backward.graph(names, form=form)))
        return self.printed[names, form]

    def loss(self, name: str) -> Prepared:
        """The loss as a function of one quantity."""
        if name not in self.losses:
            self.losses[name] = Prepared(from_quantity(self.backward.system, name, self.backward.loss))
        return self.losses[name]

    def tangent(self, name: str) -> Prepared | None:
        """Its derivative along a direction by forward mode; None where it does not depend on the quantity."""
        if name not in self.tangents:
            graph = self.loss(name).graph
            leaf = next(node for node in graph.inputs if node.params["name"] == name)
            direction = input_node("direction", leaf.type)
            (result,) = jvp(graph.outputs, [leaf], [direction])
            moved = None if result is None else open_primes(Graph((*graph.inputs, direction), (result,)))
            self.tangents[name] = None if moved is None else Prepared(moved)
        return self.tangents[name]


@dataclass
class _Comparison:
    """Every bar at one point, in all the forms that are printed, against the derivative of the loss as a function of that quantity alone."""

    backward: Backward
    programs: _Programs
    point: Mapping[str, Array]
    rng: Any
    worst: float = 0.0
    routes: set[str] = field(default_factory=set[str])

    def run(self, names: Sequence[str]) -> None:
        """Compare the bars of `names`.

        Raises CheckError.
        """
        system, loss = self.backward.system, self.backward.loss
        self.sizes = sizes_for(system)
        order = tuple(line.name for line in system.lines)
        forward = self.programs.forward.values(self.point, self.sizes)
        self.forward = dict(self.point) | dict(zip(order, forward, strict=True))
        self.signal = np.asarray(1.0) if self.backward.seeded else self.rng.normal(size=np.shape(self.forward[loss]))
        given = {**self.point, bar(loss): self.signal}
        bars = tuple(bar(name) for name in names)
        printed = [self.programs.signals(bars, form).values(given, self.sizes) for form in ("printed", "run")]
        self.largest = max(
            float(np.max(np.abs(value), initial=0.0, where=np.isfinite(value))) for value in (*printed[0], self.signal)
        )
        for name, *forms in zip(names, *printed, strict=True):
            self.quantity(name, forms)
        for line in self.backward.lines:
            for each in line.sums:
                first, last = (
                    self.programs.signals((each.name,), form).values(given, self.sizes)[0]
                    for form in ("printed", "run")
                )
                self.named_sum(each.name, first, last)

    def named_sum(self, name: str, value: Array, other: Array) -> None:
        """Compare both forms of a named sum, which is no derivative.

        Raises CheckError.
        """
        difference = float(np.max(np.abs(value - other), initial=0.0))
        if not difference <= EXACT * max(float(np.max(np.abs(value), initial=0.0)), ZERO * self.largest):
            raise CheckError(
                f"The two forms of '{name}' differ by {difference:.3g}.",
                f"  the first is {np.array2string(np.asarray(value), precision=6, threshold=6)}",
                "Please report it with the equations: this is a mistake in wengert's derivation.",
            )

    def quantity(self, name: str, forms: Sequence[Array]) -> None:
        direction = self.rng.normal(size=np.shape(self.forward[name]))
        loss = self.programs.loss(name)
        values = {n: self.forward[n] for n in loss.graph.input_names}
        exact = self.forward_mode(name, values, direction)
        path = LossAlongLine(loss, name, values, direction, self.signal, self.sizes)
        numeric = path.slope(exact)
        for value in forms:
            claimed, scale = float(np.sum(value * direction)), float(np.sum(np.abs(value * direction)))
            self.judge(name, claimed, DirectionalSlope(exact, "forward mode"), scale)
            if numeric is not None:
                self.judge(name, claimed, numeric, scale)

    def forward_mode(self, name: str, values: Mapping[str, Array], direction: Array) -> float:
        tangent = self.programs.tangent(name)
        if tangent is None:
            return 0.0
        (value,) = tangent.values({**values, "direction": direction}, self.sizes)
        return float(np.sum(self.signal * value))

    def judge(self, name: str, claimed: float, truth: DirectionalSlope, scale: float) -> None:
        """Add one comparison; both count as 0 where they are far below the largest signal."""
        self.routes.add(truth.route)
        if max(abs(claimed), abs(truth.value)) <= ZERO * self.largest:
            return
        difference = abs(claimed - truth.value) / max(scale, abs(truth.value))
        agrees = truth.agrees(claimed, scale)
        if not agrees and abs(claimed - truth.value) <= ZERO * self.largest:
            return  # large terms have cancelled (a saturated softmax), and what is left is their rounding
        if not agrees:
            raise CheckError(
                f"The error signal of '{name}' is {claimed:.12g} along a random direction, but {truth.route} gives {truth.value:.12g}.",
                f"  relative difference {difference:.1e}",
                "Please report it with the equations: this is a mistake in wengert's derivation.",
            )
        if truth.route != "central differences" and np.isfinite(difference):
            self.worst = max(self.worst, difference)


def from_quantity(system: SystemData, name: str, loss: str) -> Graph:
    """The loss as a function of one quantity, all inputs and earlier quantities held: what v̄ is the derivative of."""
    values = moved_values(system, name)
    free = system.leaves[name]
    inputs = tuple(dict.fromkeys((*(system.leaves[n] for n in system.inputs), free)))
    return concrete(Graph(inputs, (values[loss],), (loss,)))
