"""Which buffers of one function are registers: small ones that are read and written at places known beforehand. It emits nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from wengert.backends.native.facts import FactBook, Ordered, own
from wengert.backends.native.memory import BYTES
from wengert.loops.nest import (
    Affine,
    Branch,
    Buffer,
    Contract,
    Copy,
    Fill,
    For,
    Load,
    Replay,
    Statement,
    Store,
    While,
    bodies,
)

ENTRIES = 8
"""The most entries of a buffer that lives in registers."""


def registers_of(body: Sequence[Statement], outlined: Any, book: FactBook, offset: Any) -> Ordered[Buffer]:
    """The buffers that the function with this body keeps in registers, an entry each.

    All accesses are at constant places, none is in a statement that is a function of its own, no vector loop writes them, and
    no other buffer of the function shares their memory (`offset` of a temporary is where it lies in the arena).
    """
    written: Ordered[Buffer] = {}
    memory: Ordered[Buffer] = {}
    for statement, in_lanes in _inline(body, outlined, False):
        if statement in outlined or isinstance(statement, Contract) or _is_parallel(statement):
            memory.update(book.of(statement).buffers)
            continue
        facts = own(statement)
        written.update(facts.writes)
        kept = _kept(statement, in_lanes)
        memory.update({buffer: None for buffer in facts.buffers if buffer not in kept})
    found = {b: None for b in written if b not in memory and 0 < b.entries <= ENTRIES and b.kind != "constant"}
    return _alone(found, memory | book.all(body).buffers, offset)


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


def _alone(found: Ordered[Buffer], touched: Ordered[Buffer], offset: Any) -> Ordered[Buffer]:
    """Those whose memory no other touched buffer shares."""
    places = [(offset(b), offset(b) + BYTES[b.dtype] * b.entries, b) for b in touched if _placed(b)]
    places.sort(key=lambda place: place[0])
    shared: set[Buffer] = set()
    reach, holder = -1, None
    for start, stop, buffer in places:
        if start < reach and holder is not None:
            shared.update((buffer, holder))
        if stop > reach:
            reach, holder = stop, buffer
    return {buffer: None for buffer in found if buffer not in shared}


def _placed(buffer: Buffer) -> bool:
    return buffer.kind == "temporary" and buffer.entries > 0
