"""How many lanes a vector loop has and how often its body is repeated, from its body and the target. It emits nothing."""

from __future__ import annotations

from dataclasses import dataclass

from wengert.errors import GraphError
from wengert.targets.native.facts import FactBook
from wengert.targets.native.loops.inside import bodies, statements
from wengert.targets.native.loops.nest import Axis, Compute, For, Gather, Load, Position, Statement, Store
from wengert.targets.native.processor import Processor

LIGHT, LIGHTER = 15, 9
"""Costs up to which a body that adds to accumulators is repeated 2 and 4 times, each with accumulators of its own: a sum waits
for the sum before it, and independent ones hide that."""
FEW_BLOCKS = 4
"""The most blocks of lanes that a light body is written for one after another, without a loop."""
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


def shape_of(loop: For, book: FactBook, target: Processor) -> Shape:
    """The shape of a vector loop: twice the width of a register, in the widest dtype that its body computes with.

    Where a light loop inside adds to accumulators, four times the width: each step of it waits for the one before, and four
    independent sums hide that.

    Raises GraphError where a vector loop stands inside.
    """
    facts = book.of(loop)
    entries = max(loop.axis.extent - loop.start, 1)
    native = target.lanes(_widest(loop))
    width = min(2 * native, power_above(entries))
    if any(_is_light_sum(inner, book) for inner in loop.body) and entries > 2 * native:
        width = 4 * native
    masked = not is_even(loop, width) and (facts.cost > HEAVY or entries < width)
    return Shape(width, 1 if masked else _repeats(loop, book, entries // width), masked)


def is_clipped(axis: Axis) -> bool:
    """Whether the last block of an axis is shorter than the others."""
    return axis.clip is not None and axis.clip[1] % axis.extent != 0


def is_even(loop: For, width: int) -> bool:
    """Whether a loop is whole blocks of lanes, wherever its axis is clipped."""
    clip = loop.axis.clip
    total = loop.axis.extent if clip is None else clip[1]
    return all(number % width == 0 for number in (loop.start, loop.axis.extent, total))


def _is_light_sum(statement: Statement, book: FactBook) -> bool:
    if not isinstance(statement, For):
        return False
    facts = book.of(statement)
    return bool(facts.added) and not facts.functions and facts.cost <= LIGHT


def _repeats(loop: For, book: FactBook, blocks: int) -> int:
    """How many bodies an iteration has: all, of a light loop of few blocks; else so many that independent sums hide waiting."""
    facts = book.of(loop)
    if any(bodies(statement) for statement in loop.body) or facts.functions or facts.cost > LIGHT:
        return 1
    if not is_clipped(loop.axis) and blocks <= FEW_BLOCKS:
        return max(blocks, 1)
    repeats = 2 if facts.cost > LIGHTER or not facts.added else 4
    while blocks < 2 * repeats:
        repeats //= 2
    return max(repeats, 1)


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
