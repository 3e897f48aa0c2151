"""The loops of a nest in LLVM: serial, vector with a ragged end, parallel as a function of its own; accumulators over lanes.

It knows no branch on data.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from wengert.errors import GraphError
from wengert.targets.native.accumulators import Accumulators
from wengert.targets.native.facts import StatementFacts
from wengert.targets.native.frame import Cell, Lanes
from wengert.targets.native.instructions import ELEMENTS, Value, literal
from wengert.targets.native.loops.inside import bodies
from wengert.targets.native.loops.nest import (
    Accumulator,
    Affine,
    Axis,
    Compute,
    Contract,
    For,
    Inside,
    Instruction,
    Load,
    Position,
    Routine,
    Statement,
)
from wengert.targets.native.memory import BYTES
from wengert.targets.native.widths import Shape, is_clipped, is_even, power_above

POLLED_WORK = 20_000_000
"""A loop of more instructions than this asks for interrupts …"""
POLL_EVERY = 1_000_000
"""… about once in so many."""


READ_AHEAD = 12
"""The vector registers that reads before a loop may take."""


@dataclass(frozen=True, slots=True)
class LaneBlock:
    """One block of lanes of a loop whose extent is known: where it begins, which accumulators it has, how wide it is."""

    first: int
    chain: int
    width: int
    mask: Value | None = None


class Loops(Accumulators):
    """A function in the making that has the loops of a nest. What stands in them is written by the class below."""

    def body(self, statements: Sequence[Statement]) -> None:
        """Write statements in order."""
        raise NotImplementedError

    def instruction(self, instruction: Any) -> None:
        """Write one instruction."""
        raise NotImplementedError

    # serial loops

    def serial(self, loop: For) -> None:
        """The body in order; what is the same in every step stands before the loop."""
        stop = self.extent(loop.axis)
        if stop.is_constant and int(stop.name) <= loop.start:
            return
        with self.unchanged(loop):
            if stop.is_constant and int(stop.name) == loop.start + 1:
                self.step_of(loop, self.number(loop.start))
                return
            self._read_ahead(loop)
            first, last, step = self.number(loop.start), stop, 1
            if loop.reverse:
                first, last, step = self.shifted(stop, -1), self.number(loop.start - 1), -1
            certain = stop.is_constant or loop.start == 0
            cells = self.changed(self.unit.facts(loop))
            body = partial(self.step_of, loop)
            self.counted(first, last, step, cells, body, certain=certain, poll=self.period(loop))

    def step_of(self, loop: For, index: Value) -> None:
        """The body at one value of the axis."""
        self.bind(loop.axis, index)
        self.body(loop.body)

    def shifted(self, x: Value, number: int) -> Value:
        """An int64 plus a number."""
        return self.number(int(x.name) + number) if x.is_constant else self.one.add(x, self.number(number))

    def extent(self, axis: Axis) -> Value:
        """Where an axis ends: a clipped one where its whole axis ends, if that comes first.

        Raises GraphError where that differs from lane to lane.
        """
        if axis.clip is None or not is_clipped(axis):
            return self.number(axis.extent)
        outer, total = axis.clip
        if self.lanes is not None and outer is self.lanes.axis and self.lanes.width > 1:
            raise GraphError(
                "A loop inside a vector loop ends at different places in its lanes.",
                f"  {axis!r} is clipped by {outer!r}, the axis of the lanes",
                "Make the outer loop serial.",
            )
        at = self.axes[outer]
        if at.is_constant:
            return self.number(min(axis.extent, total - axis.extent * int(at.name)))
        left = self.one.subtract(self.number(total), self.one.multiply(at, self.number(axis.extent)))
        return self.one.minimum(left, self.number(axis.extent))

    def period(self, loop: For, step: int = 1) -> int:
        """The iterations between two questions for an interrupt, a power of two; 0 where the loop is short or its caller asks."""
        if self.lanes is not None or not self.polls:
            return 0
        inside = max(work_of(loop.body), 1)
        if inside * loop.axis.extent < POLLED_WORK:
            return 0
        return 1 << max((POLL_EVERY // (inside * step)).bit_length() - 1, 0)

    # what is the same in every step

    @contextmanager
    def unchanged(self, loop: For) -> Iterator[None]:
        """While a loop is written: what is the same in every step stands before it, and memory that it does not write is still."""
        facts, before = self.unit.facts(loop), self.still
        written: list[Any] = []
        with self.one.scope():
            self.still = before | {buffer: None for buffer in facts.reads if buffer not in facts.writes}
            for instruction in certain_instructions(loop.body, self.outlined):
                if instruction not in self.hoisted and self._is_same(instruction, facts):
                    self.instruction(instruction)
                    self.hoisted[instruction] = None
                    written.append(instruction)
            yield
        self.still = before
        for instruction in written:
            del self.hoisted[instruction]

    def _read_ahead(self, loop: For) -> None:
        """Read before a loop what its short vector loops read anew in every step; the reads inside find it in the table."""
        if self.lanes is not None:
            return
        facts = self.unit.facts(loop)
        moving = dict.fromkeys(facts.bound)
        room = READ_AHEAD
        for inner in loop.body:
            if (
                not isinstance(inner, For)
                or inner.kind != "vector"
                or inner in self.outlined
                or not self._is_short(inner)
            ):
                continue
            outer = {axis: None for axis in moving if axis is not inner.axis}
            for statement in inner.body:
                if not isinstance(statement, Load) or statement.guards or statement.buffer not in self.still:
                    continue
                step = statement.index.coefficient(inner.axis)
                if (
                    step == 1
                    and statement.buffer not in self.registers
                    and not outer.keys() & set(statement.index.axes)
                ):
                    room -= self._read_pieces(inner, statement, room)

    def _read_pieces(self, loop: For, load: Load, room: int) -> int:
        """Read an instruction's entries for all pieces of a short loop, if there are registers; how many it takes."""
        parts = pieces(self.unit.shape(loop), loop.start, loop.axis.extent)
        bytes = BYTES[load.dtype]
        needed = sum(max(part.width * bytes // self.unit.module.target.vector_bytes, 1) for part in parts)
        if needed > room:
            return 0
        for part in parts:
            self.lanes = Lanes(loop.axis, part.width, loop.start, part.mask)
            self.bind(loop.axis, self.number(part.first))
            self.load(load.buffer, load.index)
        self.lanes = None
        return needed

    def _is_short(self, loop: For) -> bool:
        """Whether a vector loop is straight code."""
        shape, entries = self.unit.shape(loop), loop.axis.extent - loop.start
        straight = not any(bodies(statement) for statement in loop.body)
        return straight and loop.axis.clip is None and entries > 0 and entries // shape.width <= shape.repeats

    def _is_same(self, instruction: Any, facts: StatementFacts) -> bool:
        """Whether an instruction of a loop has one value in all its steps, known before it."""
        match instruction:
            case Position(index):
                indices: list[Affine] = [index]
            case Inside(ranges):
                indices = [r.index for r in ranges]
            case Load(buffer, index, guards):
                if buffer in facts.writes:
                    return False
                indices = [index, *(r.index for r in guards)]
            case Compute(_, inputs):
                return all(x in self.hoisted or x not in facts.defined for x in inputs)
            case _:
                return False
        return all(axis not in facts.bound for index in indices for axis in index.axes)

    # vector loops

    def vector(self, loop: For) -> None:
        """The body for many values of the axis at once; the ragged end is done by fewer lanes, or under a mask."""
        stop = self.extent(loop.axis)
        if stop.is_constant and int(stop.name) <= loop.start:
            return
        shape = self.unit.shape(loop)
        with self.unchanged(loop):
            if stop.is_constant and (not shape.masked or int(stop.name) - loop.start <= shape.width):
                self._fixed(loop, shape, int(stop.name))
            elif shape.masked:
                self._masked(loop, shape, stop)
            else:
                self._ragged(loop, shape, stop)

    def _block(
        self,
        loop: For,
        shape: Shape,
        first: Value,
        chain: int = 0,
        mask: Value | None = None,
        width: int = 0,
        full: Value | None = None,
    ) -> None:
        """The body in lanes from `first` on."""
        self.lanes = Lanes(loop.axis, width or shape.width, loop.start, mask, full)
        self.chain = chain
        self.bind(loop.axis, first)
        with self.one.scope():
            self.body(loop.body)
        self.lanes, self.chain = None, 0

    def _blocks(self, loop: For, shape: Shape, start: Value, stop: Value, repeats: int, certain: bool) -> None:
        """Full blocks, `repeats` an iteration, from start to before stop."""

        def iteration(index: Value) -> None:
            for k in range(repeats):
                self._block(loop, shape, self.shifted(index, k * shape.width), k)

        cells = self.changed(self.unit.facts(loop))
        kept = [cell for cell in cells if self._is_crossed(loop, cell)]
        step = repeats * shape.width
        with self.in_memory(kept):
            cells = [cell for cell in cells if cell not in kept]
            self.counted(start, stop, step, cells, iteration, certain=certain, poll=self.period(loop, step))

    def _is_crossed(self, loop: For, cell: Cell) -> bool:
        """Whether a cell is a total over lanes that calls of functions stand between."""
        calls = not self.unit.book.in_place and self.unit.facts(loop).functions > 0
        return calls and isinstance(cell[0], Accumulator) and cell[1] > 1

    def _fixed(self, loop: For, shape: Shape, stop: int) -> None:
        """An extent that is known: whole iterations if there are several, then the pieces left over."""
        start, iteration = loop.start, shape.width * shape.repeats
        whole = (stop - start) // iteration
        if whole > 1:
            end = start + whole * iteration
            self._blocks(loop, shape, self.number(start), self.number(end), shape.repeats, certain=True)
            start = end
        for part in pieces(shape, start, stop):
            self._block(loop, shape, self.number(part.first), part.chain, part.mask, part.width)

    def _ragged(self, loop: For, shape: Shape, stop: Value) -> None:
        """An extent that is known when the loop begins: whole iterations, whole blocks, then one block under a mask."""
        b, at, even = self.one, self.number(loop.start), is_even(loop, shape.width)
        for repeats in dict.fromkeys((shape.repeats, 1)):
            end = stop
            if repeats > 1 or not even:
                end = b.subtract(stop, b.integer("and", b.subtract(stop, at), shape.width * repeats - 1))
            self._blocks(loop, shape, at, end, repeats, certain=False)
            at = end
        if even:
            return
        left = b.subtract(stop, at)
        self.choose(
            b.compare("sgt", left, self.number(0)),
            self.changed(self.unit.facts(loop)),
            lambda: self._block(loop, shape, at, 0, self._lanes_below(shape.width, left, loop.axis)),
        )

    def _lanes_below(self, width: int, count: Value, axis: Axis) -> Value:
        """The mask of the lanes below a count that is at most the extent of an axis."""
        b = self.builder(width)
        if width == 1 or axis.extent >= 2**31:
            return b.first_lanes(count.name)
        return b.compare("slt", b.iota("int32"), b.splat(self.one.cast(count, "int32")))

    def _masked(self, loop: For, shape: Shape, stop: Value) -> None:
        """Every block under a mask."""
        start, width = loop.start, shape.width

        def iteration(index: Value) -> None:
            left = self.one.subtract(stop, index)
            full = self.one.compare("sge", left, self.number(width))
            self._block(loop, shape, index, 0, self._lanes_below(width, left, loop.axis), full=full)

        cells = self.changed(self.unit.facts(loop))
        certain = stop.is_constant or start == 0
        poll = self.period(loop, width)
        self.counted(self.number(start), stop, width, cells, iteration, certain=certain, poll=poll)


def pieces(shape: Shape, start: int, stop: int) -> list[LaneBlock]:
    """Whole blocks from start on, then the entries left over in as few lanes as hold them."""
    found: list[LaneBlock] = []
    while stop - start >= shape.width:
        found.append(LaneBlock(start, len(found), shape.width))
        start += shape.width
    if start < stop:
        width = power_above(stop - start)
        found.append(LaneBlock(start, 0, width, None if width == stop - start else first_lanes(width, stop - start)))
    return found


def first_lanes(width: int, count: int) -> Value:
    """The mask of the first lanes, as a constant."""
    bits = ", ".join(f"{ELEMENTS['bool']} {literal(k < count, 'bool')}" for k in range(width))
    return Value(f"<{bits}>", "bool", width)


def certain_instructions(body: Sequence[Statement], without: Any) -> Iterator[Instruction]:
    """The instructions that run in every step of a loop: those of its body and of loops inside, but not of branches."""
    for statement in body:
        if isinstance(statement, For):
            runs = statement.start < statement.axis.extent
            if runs and statement not in without and statement.kind != "parallel":
                yield from certain_instructions(statement.body, without)
        elif statement not in without and isinstance(statement, Position | Inside | Load | Compute):
            yield statement


def work_of(body: Sequence[Statement]) -> int:
    """About the number of scalar instructions that statements run; sixteen multiply-adds of a matrix product count as one."""
    total = 0
    for statement in body:
        inside = sum(work_of(part) for part in bodies(statement))
        if isinstance(statement, For):
            inside *= statement.axis.extent
        elif isinstance(statement, Contract):
            inside = statement.rows.extent * statement.columns.extent * (inside + 1 + statement.inner.extent // 16)
        elif isinstance(statement, Routine):
            inside = statement.work // 16
        total += 1 + inside
    return total
