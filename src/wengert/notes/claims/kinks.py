"""Points on both sides of kinks: where max(0, m − d) is 0 at all points, a claim may be wrong in it and hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.core.ir.graph import Node, apply, constant
from wengert.core.ir.walk import topological
from wengert.errors import CheckError, EquationError
from wengert.notes.claims.points import ClaimPoint, SignalChain, draw
from wengert.notes.elaboration.system import SystemData

Array = Any
AROUND_ZERO = frozenset({"relu", "abs", "sign", "step", "elu"})
BETWEEN_TWO = frozenset({"maximum", "minimum"})
CONDITIONS = frozenset({"less", "less_equal", "greater", "greater_equal"})
MAX_MORE = 4
"""So many points are added."""
ATTEMPTS = 12
SCALES = (0.1, 0.5, 2.0, 6.0)
"""What inputs are multiplied by to come to another side."""


def with_both_sides(chain: SignalChain, rng: Any, points: Sequence[ClaimPoint]) -> list[ClaimPoint]:
    """The points, and more of them for conditions of the system that are true at none of them, or false at none, as far as some are found."""
    found = list(points)
    conditions = conditions_of(chain.system)
    if not conditions:
        return found
    seen = [outcomes(node, points) for node in conditions]
    for _ in range(ATTEMPTS):
        if len(found) == len(points) + MAX_MORE or all(len(each) == 2 for each in seen):
            break
        point = elsewhere(chain, rng)
        if point is None:
            continue
        new = [outcomes(node, [point]) for node in conditions]
        if any(now - before for now, before in zip(new, seen, strict=True)):
            found.append(point)
            seen = [before | now for now, before in zip(new, seen, strict=True)]
    return found


def conditions_of(system: SystemData) -> list[Node]:
    """What decides in the lines of a system: z > 0 for relu z, a > b for max(a, b), and comparisons of real numbers."""
    found: list[Node] = []
    if system.recurrences:
        return found
    for node in topological([line.node for line in system.lines]):
        name = node.op.name
        if name in AROUND_ZERO:
            found.append(apply("greater", node.inputs[0], constant(0, node.inputs[0].type)))
        elif name in BETWEEN_TWO:
            found.append(apply("greater", *node.inputs))
        elif name in CONDITIONS and node.inputs[0].type.is_float:
            found.append(node)
    return found


def outcomes(node: Node, points: Sequence[ClaimPoint]) -> set[bool]:
    """Whether a condition is true of some entry, and whether it is false of some."""
    values = np.concatenate([np.ravel(np.asarray(point.value(node, point.truth))) for point in points])
    return {bool(value) for value in (values.all(), values.any())} if values.size else set()


def elsewhere(chain: SignalChain, rng: Any) -> ClaimPoint | None:
    """A point whose inputs are larger or smaller, each for itself; None where a line is not finite there."""
    held = topological([side for pair in chain.system.assumptions for side in pair])
    names = [
        n
        for n in chain.system.inputs
        if chain.system.quantities[n].type.is_float and chain.system.leaves[n] not in held
    ]

    def scale(inputs: dict[str, Array]) -> None:
        for name in names:
            inputs[name] = inputs[name] * rng.choice(SCALES)

    try:
        point = draw(chain, rng, scale)
    except (CheckError, EquationError):
        return None
    return point if all(np.all(np.isfinite(value)) for value in point.truth.values()) else None
