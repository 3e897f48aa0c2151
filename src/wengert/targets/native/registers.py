"""Which buffers of one function are registers: small ones that are read and written at places known beforehand. It emits nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wengert.targets.native.facts import FactBook, Ordered, own
from wengert.targets.native.loops.inside import bodies
from wengert.targets.native.loops.nest import (
    Affine,
    Branch,
    Buffer,
    Compute,
    Contract,
    Copy,
    Fill,
    For,
    Load,
    Replay,
    Statement,
    Store,
    While,
)
from wengert.targets.native.memory import BYTES

ENTRIES = 8
"""The most entries of a buffer that lives in registers."""


@dataclass(frozen=True, slots=True)
class Registers:
    """Small buffers of one function; `given` have a value when it begins, and that of `kept` is wanted when it ends."""

    buffers: Ordered[Buffer]
    given: Ordered[Buffer]
    kept: Ordered[Buffer]


def registers_of(
    body: Sequence[Statement], outlined: Any, book: FactBook, touched: Mapping[Buffer, int], outside: Any, offset: Any
) -> Registers:
    """The buffers that the function with this body keeps in registers, an entry each.

    All accesses are at constant places, none is in a statement that is a function of its own, and no vector loop writes them.
    If others know a buffer (`touched` counts the statements of the whole program that touch it; `outside` are the inputs and
    the outputs), no other buffer of the function shares its memory: `offset` of a temporary is where it lies in the arena.
    """
    written: Ordered[Buffer] = {}
    memory: Ordered[Buffer] = {}
    count: dict[Buffer, int] = {}
    for statement, in_lanes in _inline(body, outlined, False):
        if statement in outlined or isinstance(statement, Contract) or _is_parallel(statement):
            memory.update(book.of(statement).buffers)
            continue
        if isinstance(statement, Compute):
            continue
        facts = own(statement)
        written.update(facts.writes)
        for buffer in facts.buffers:
            count[buffer] = count.get(buffer, 0) + 1
        kept = _kept(statement, in_lanes)
        memory.update({buffer: None for buffer in facts.buffers if buffer not in kept})
    small = [b for b in written if b not in memory and 0 < b.entries <= ENTRIES and b.kind != "constant"]
    shared = {b: None for b in small if touched[b] > count[b]}
    others = {b: None for b in small if b in shared or b in outside[0] or b in outside[1]}
    sharing = overlapping(memory | others, offset)
    buffers = {b: None for b in small if b not in others or b not in sharing}
    given = {b: None for b in buffers if b in shared or b in outside[0]}
    return Registers(buffers, given, {b: None for b in buffers if b in others})


def _inline(body: Sequence[Statement], outlined: Any, in_lanes: bool) -> Iterator[tuple[Statement, bool]]:
    """The statements of a function, and whether each stands in a vector loop."""
    for statement in body:
        yield statement, in_lanes
        if statement in outlined or isinstance(statement, Contract) or _is_parallel(statement):
            continue
        inner = in_lanes or (isinstance(statement, For) and statement.kind == "vector")
        for part in bodies(statement):
            yield from _inline(part, outlined, inner)


def _is_parallel(statement: Statement) -> bool:
    return isinstance(statement, For) and statement.kind == "parallel"


def _kept(statement: Statement, in_lanes: bool) -> set[Buffer]:
    """The buffers that a statement accesses in a way that a register allows."""
    match statement:
        case Load(buffer, index, guards):
            return {buffer} if _constant(index) and not guards else set()
        case Store(buffer, index, _, _, lookups):
            return {buffer} if _constant(index) and not lookups and not in_lanes else set()
        case Copy(source, source_index, target, target_index, entries):
            if entries > ENTRIES:
                return set()
            sides = ((source, source_index), (target, target_index))
            return {buffer for buffer, index in sides if _constant(index)}
        case Fill(buffer, index, entries):
            return {buffer} if _constant(index) and entries <= ENTRIES else set()
        case Branch(flag):
            return {flag}
        case While():
            return {statement.flag, *(b for b, tape in statement.tapes if b.entries == tape.entries)}
        case Replay():
            pairs = [*statement.writes, *((buffer, tape) for tape, buffer in statement.reads)]
            counter = {statement.counter} if statement.counter is not None else set[Buffer]()
            return {b for b, tape in pairs if b.entries == tape.entries} | counter
        case _:
            return set()


def _constant(index: Affine) -> bool:
    return all(axis.extent == 1 and axis.clip is None for axis in index.axes)


def overlapping(buffers: Ordered[Buffer], offset: Any) -> set[Buffer]:
    """The temporaries that share memory with another one."""
    places = [
        (offset(b), offset(b) + BYTES[b.dtype] * b.entries, b) for b in buffers if b.kind == "temporary" and b.entries
    ]
    places.sort(key=lambda place: place[0])
    shared: set[Buffer] = set()
    reach = -1
    for k, (start, end, buffer) in enumerate(places):
        follows = k + 1 < len(places) and places[k + 1][0] < end
        if start < reach or follows:
            shared.add(buffer)
        reach = max(reach, end)
    return shared
