"""How many lanes a vector loop has and how often its body is repeated, from its body and the target. It emits nothing."""

from __future__ import annotations

from dataclasses import dataclass

from wengert.backends.native.facts import FactBook
from wengert.backends.native.target import Target
from wengert.errors import GraphError
from wengert.loops.nest import Compute, For, Gather, Load, Position, Store, bodies, statements

LIGHT, LIGHTER = 12, 6
"""Costs up to which a body that adds to accumulators is repeated 2 and 4 times, each with accumulators of its own: a sum waits
for the sum before it, and independent ones hide that."""
HEAVY = 150
"""The cost from which a loop with a ragged end has one body under a mask, instead of one without and one with."""


@dataclass(frozen=True, slots=True)
class Shape:
    """`width` lanes, `repeats` bodies an iteration; `masked`: every iteration under a mask."""

    width: int
    repeats: int
    masked: bool


def power_above(number: int) -> int:
    """The smallest power of two that is not below a number ≥ 1."""
    return 1 << (number - 1).bit_length()


def shape_of(loop: For, book: FactBook, target: Target) -> Shape:
    """The shape of a vector loop: twice the width of a register, in the widest dtype that its body computes with.

    Raises GraphError where a vector loop stands inside.
    """
    facts = book.of(loop)
    entries = max(loop.axis.extent - loop.start, 1)
    width = min(2 * target.lanes(_widest(loop)), power_above(entries))
    straight = not any(bodies(statement) for statement in loop.body)
    repeats = 1
    if straight and facts.cost <= LIGHT + 3:
        repeats = 4 if facts.cost <= LIGHTER + 3 else 2
        repeats = repeats if facts.accumulates else min(repeats, 2)
    while repeats > 1 and entries < 2 * width * repeats:
        repeats //= 2
    ragged = entries % width != 0 or loop.axis.clip is not None
    return Shape(width, repeats, ragged and (facts.cost > HEAVY or entries < width))


def _widest(loop: For) -> str:
    """The widest dtype of floats in the body; of integers, where there are no floats."""
    found: set[str] = set()
    for statement in statements(loop.body):
        if isinstance(statement, For) and statement.kind != "serial":
            raise GraphError(
                "A vector loop stands inside a vector loop.",
                f"  the axes are {loop.axis!r} and {statement.axis!r}",
                "Make one of them serial.",
            )
        if isinstance(statement, Load | Gather | Compute | Position):
            found.add(statement.dtype)
        if isinstance(statement, Store):
            found.add(statement.buffer.dtype)
    for dtype in ("float64", "float32", "int64"):
        if dtype in found:
            return dtype
    return "float32"
