"""What stands inside of statements: operands, bodies, buffers. It runs nothing and changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from wengert.targets.native.loops.nest import (
    Branch,
    Buffer,
    Compute,
    Contract,
    Copy,
    Fill,
    For,
    Gather,
    Instruction,
    Load,
    Replay,
    Routine,
    Statement,
    Store,
    While,
)


def operands(instruction: Instruction) -> tuple[Instruction, ...]:
    """The values that an instruction is computed of; none for a leaf."""
    if isinstance(instruction, Compute):
        return instruction.inputs
    return tuple(lookup.place for lookup in instruction.lookups) if isinstance(instruction, Gather) else ()


def bodies(statement: Statement) -> tuple[tuple[Statement, ...], ...]:
    """The bodies inside a statement; none for a leaf."""
    find = _BODIES.get(type(statement))
    return () if find is None else find(statement)


_BODIES: dict[type, Callable[[Any], tuple[tuple[Statement, ...], ...]]] = {
    For: lambda loop: (loop.body,),
    Contract: lambda contract: (contract.body,),
    Replay: lambda replay: (replay.body,),
    Branch: lambda branch: (branch.then, branch.other),
    While: lambda loop: (loop.test, loop.body),
}


def statements(body: Iterable[Statement]) -> Iterator[Statement]:
    """Every statement in order, each before those inside it; nothing recurses."""
    stack = [iter(tuple(body))]
    while stack:
        for statement in stack[-1]:
            yield statement
            inside = bodies(statement)
            if inside:
                stack.extend(iter(part) for part in inside[::-1])
                break
        else:
            stack.pop()


def buffers_of(statement: Statement) -> Iterator[Buffer]:
    """The buffers that a statement itself reads or writes, those of its body aside."""
    if isinstance(statement, Load | Gather | Store | Fill):
        yield statement.buffer
    elif isinstance(statement, Copy):
        yield from (statement.source, statement.target)
    elif isinstance(statement, Contract):
        yield from (statement.a[0], statement.b[0])
    elif isinstance(statement, Routine):
        yield from (buffer for buffer, _, _ in statement.sources)
        yield statement.target[0]
    elif isinstance(statement, Branch):
        yield statement.flag
    elif isinstance(statement, While):
        yield statement.flag
        yield from (buffer for buffer, _ in statement.tapes)
    elif isinstance(statement, Replay):
        yield from (buffer for _, buffer in statement.reads)
        yield from (buffer for buffer, _ in statement.writes)
        if statement.counter is not None:
            yield statement.counter
