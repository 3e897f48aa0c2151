"""The memory plan: where in one arena each temporary lies, so that two lie on the same bytes only if they are never needed at once.

It knows no kernel and no machine; the order of statements is all it looks at.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush

from wengert.targets.native.loops.inside import bodies, buffers_of
from wengert.targets.native.loops.nest import Buffer, Contract, For, NestProgram, Replay, Statement, While

ALIGNMENT = 64
"""A cache line, and the widest vector."""
BYTES = {"bool": 1, "int64": 8, "float32": 4, "float64": 8}


@dataclass(frozen=True)
class ArenaPlan:
    """The byte at which each temporary starts, and the size of the arena."""

    offsets: dict[Buffer, int]
    bytes: int

    def offset(self, buffer: Buffer) -> int:
        """The byte at which a temporary starts."""
        return self.offsets[buffer]


@dataclass
class Life:
    """The statements, by number, from the first to the last that touches a buffer."""

    first: int
    last: int


def size_in_bytes(buffer: Buffer) -> int:
    """The bytes of a buffer, rounded up so that a whole vector may be read at its end."""
    size = max(buffer.entries, 1) * BYTES[buffer.dtype]
    return -(-size // ALIGNMENT) * ALIGNMENT


def plan(program: NestProgram) -> ArenaPlan:
    """A place for every temporary: first fit, in the order in which they are first needed."""
    lives = lifetimes(program.body)
    offsets: dict[Buffer, int] = {}
    ends: list[tuple[int, int, int]] = []
    arena = Arena()
    for buffer, life in sorted(lives.items(), key=lambda item: item[1].first):
        while ends and ends[0][0] < life.first:
            _, start, size = heappop(ends)
            arena.give_back(start, size)
        size = size_in_bytes(buffer)
        offsets[buffer] = arena.take(size)
        heappush(ends, (life.last, offsets[buffer], size))
    return ArenaPlan(offsets, arena.bytes)


class Arena:
    """Bytes from 0 on: gaps that were given back, in order and never side by side, and what lies behind all that was taken."""

    def __init__(self) -> None:
        self.bytes = 0
        self.gaps: list[tuple[int, int]] = []
        """(start, end) of each."""

    def take(self, size: int) -> int:
        """The start of so many bytes: in the first gap that holds them, else at the end."""
        for k, (start, end) in enumerate(self.gaps):
            if end - start >= size:
                self.gaps[k : k + 1] = [(start + size, end)] if end - start > size else []
                return start
        start = self.bytes
        if self.gaps and self.gaps[-1][1] == self.bytes:
            start = self.gaps.pop()[0]
        self.bytes = start + size
        return start

    def give_back(self, start: int, size: int) -> None:
        """Bytes that were taken are free again."""
        k = bisect_left(self.gaps, (start, start))
        end = start + size
        if k < len(self.gaps) and self.gaps[k][0] == end:
            end = self.gaps.pop(k)[1]
        if k and self.gaps[k - 1][1] == start:
            k -= 1
            start = self.gaps.pop(k)[0]
        self.gaps.insert(k, (start, end))


def lifetimes(body: tuple[Statement, ...]) -> dict[Buffer, Life]:
    """The life of every temporary. One that is touched outside a loop and inside it lives as long as the loop: it carries, or
    is read by later steps, as the factors of a product are. So does one inside a parallel loop: other steps have it at other
    stages.
    """
    lives: dict[Buffer, Life] = {}
    loops: list[LoopSpan] = []
    number = 0
    stack: list[tuple[Iterator[Statement], LoopSpan | None]] = [(iter(body), None)]
    while stack:
        statements, loop = stack[-1]
        statement = next(statements, None)
        if statement is None:
            stack.pop()
            if loop is not None:
                number += 1
                loop.end = number
                loops.append(loop)
                _touch(stack, loop.touched)
            continue
        number += 1
        touched = [buffer for buffer in buffers_of(statement) if buffer.kind == "temporary"]
        for buffer in touched:
            lives.setdefault(buffer, Life(number, number)).last = number
        inside = bodies(statement)
        if inside:
            repeated = isinstance(statement, For | While | Replay | Contract)
            at_once = isinstance(statement, For) and statement.kind == "parallel"
            parts = iter(tuple(part for each in inside for part in each))
            stack.append((parts, LoopSpan(number, number, at_once) if repeated else None))
        _touch(stack, touched)
    return _through_loops(lives, loops)


@dataclass
class LoopSpan:
    """The numbers of the statements of a loop; `at_once` if its steps may run at the same time."""

    start: int
    end: int
    at_once: bool
    touched: dict[Buffer, None] = field(default_factory=dict[Buffer, None])
    """The temporaries that the loop itself touches, or a statement inside it."""


def _touch(stack: Sequence[tuple[Iterator[Statement], LoopSpan | None]], buffers: Iterable[Buffer]) -> None:
    """Note buffers with the innermost open loop, which hands them on to the one around it when it ends."""
    loop = next((loop for _, loop in reversed(stack) if loop is not None), None)
    if loop is not None:
        loop.touched.update(dict.fromkeys(buffers))


def _through_loops(lives: dict[Buffer, Life], loops: list[LoopSpan]) -> dict[Buffer, Life]:
    """Inner loops come before outer ones, so one walk is enough; a loop changes only lives of what it touches."""
    for loop in loops:
        for buffer in loop.touched:
            life = lives[buffer]
            enters = life.first <= loop.start <= life.last <= loop.end
            leaves = loop.start <= life.first <= loop.end < life.last
            inside = loop.at_once and loop.start <= life.first <= life.last <= loop.end
            if enters or leaves or inside:
                life.first, life.last = min(life.first, loop.start), max(life.last, loop.end)
    return lives
