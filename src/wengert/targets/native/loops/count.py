"""What a program costs, counted before it runs: operations, and bytes between memory and the processor. It knows no machine."""

from __future__ import annotations

import math
from dataclasses import dataclass

from wengert.targets.native.loops.buffers import BYTES
from wengert.targets.native.loops.fuse import COST, TRANSCENDENTAL
from wengert.targets.native.loops.inside import bodies, buffers_of, statements
from wengert.targets.native.loops.nest import (
    Accumulate,
    Buffer,
    Compute,
    Contract,
    For,
    Load,
    NestProgram,
    Replay,
    Routine,
    Statement,
    Store,
    While,
)


@dataclass(frozen=True)
class Count:
    """Operations in units of an addition (a division is 4, a transcendental function 10), and bytes read and written, where
    each kernel takes every entry that it touches once. Loops without a known end count as one step.
    """

    operations: int
    bytes: int


def count(program: NestProgram) -> Count:
    """The cost of a whole program."""
    return Count(operations(program.body), sum(_bytes(statement) for statement in program.body))


def operations(body: tuple[Statement, ...]) -> int:
    """The operations of statements, loops included."""
    total = 0
    stack: list[tuple[tuple[Statement, ...], int]] = [(body, 1)]
    while stack:
        part, times = stack.pop()
        for statement in part:
            inside = times
            if isinstance(statement, Compute):
                total += times * (2 if statement.function == "fma" else COST.get(statement.function, TRANSCENDENTAL))
            elif isinstance(statement, Accumulate):
                total += times
            elif isinstance(statement, For):
                inside = times * statement.axis.extent
            elif isinstance(statement, Contract):
                inside = times * statement.rows.extent * statement.columns.extent
                total += 2 * inside * statement.inner.extent
            elif isinstance(statement, Routine):
                total += times * statement.work
            stack.extend((inner, inside) for inner in bodies(statement))
    return total


def has_open_end(program: NestProgram) -> bool:
    """Whether a loop runs as long as its values say."""
    return any(isinstance(statement, While | Replay) for statement in statements(program.body))


def _bytes(statement: Statement) -> int:
    """Those of one kernel; the kernels inside a serial loop count at every step."""
    inside = [s for part in bodies(statement) for s in part]
    if isinstance(statement, For) and statement.kind == "serial" and any(bodies(s) for s in inside):
        return statement.axis.extent * sum(_bytes(s) for s in inside)
    touched: dict[Buffer, int] = {}
    for each in statements((statement,)):
        if isinstance(each, Load | Store) and not getattr(each, "lookups", ()):
            touched[each.buffer] = touched.get(each.buffer, 0) + math.prod(axis.extent for axis in each.index.axes)
        else:
            touched.update({buffer: buffer.entries for buffer in buffers_of(each)})
    sizes = {b: min(entries, b.entries) * BYTES[b.dtype] for b, entries in touched.items() if b.kind != "private"}
    return sum(sizes.values())
