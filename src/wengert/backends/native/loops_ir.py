"""The loops of a nest in LLVM: serial, vector with a ragged end, parallel as a function of its own; accumulators over lanes.

It knows no branch on data.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from wengert.backends.native.facts import Facts
from wengert.backends.native.flow import Flow
from wengert.backends.native.frame import Lanes
from wengert.backends.native.instructions import ELEMENTS, Value, literal
from wengert.backends.native.vectors import identity_of
from wengert.backends.native.widths import Shape, power_above
from wengert.ir.types import FLOATS
from wengert.loops.nest import (
    Accumulate,
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
    Statement,
    bodies,
)

POLLED_WORK = 20_000_000
"""A loop of more instructions than this asks for interrupts …"""
POLL_EVERY = 1_000_000
"""… about once in so many."""


class Loops(Flow):
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
        hoisted = self.hoist(loop)
        if stop.is_constant and int(stop.name) == loop.start + 1:
            self.step_of(loop, self.number(loop.start))
        else:
            first, last, step = self.number(loop.start), stop, 1
            if loop.reverse:
                first, last, step = self.shifted(stop, -1), self.number(loop.start - 1), -1
            certain = stop.is_constant or loop.start == 0
            cells = self.changed(self.unit.facts(loop))
            body = partial(self.step_of, loop)
            self.counted(first, last, step, cells, body, certain=certain, poll=self.period(loop))
        self.unhoist(hoisted)

    def step_of(self, loop: For, index: Value) -> None:
        """The body at one value of the axis."""
        self.bind(loop.axis, index)
        self.body(loop.body)

    def shifted(self, x: Value, number: int) -> Value:
        """An int64 plus a number."""
        return self.number(int(x.name) + number) if x.is_constant else self.one.add(x, self.number(number))

    def extent(self, axis: Axis) -> Value:
        """Where an axis ends: a clipped one where its whole axis ends, if that comes first."""
        if axis.clip is None or axis.clip[1] % axis.extent == 0:
            return self.number(axis.extent)
        outer, total = axis.clip
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

    def hoist(self, loop: For) -> list[Any]:
        """Write the instructions that are the same in every step; the ones written are given back."""
        facts, written = self.unit.facts(loop), []
        for instruction in certain_instructions(loop.body, self.outlined):
            if instruction not in self.hoisted and self._is_same(instruction, facts):
                self.instruction(instruction)
                self.hoisted[instruction] = None
                written.append(instruction)
        return written

    def unhoist(self, hoisted: list[Any]) -> None:
        """The loop is over: its instructions are written where they stand again."""
        for instruction in hoisted:
            del self.hoisted[instruction]

    def _is_same(self, instruction: Any, facts: Facts) -> bool:
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
        hoisted = self.hoist(loop)
        shape = self.unit.shape(loop)
        if shape.masked:
            self._masked(loop, shape, stop)
        elif stop.is_constant:
            self._fixed(loop, shape, int(stop.name))
        else:
            self._ragged(loop, shape, stop)
        self.unhoist(hoisted)

    def _block(
        self, loop: For, shape: Shape, first: Value, chain: int = 0, mask: Value | None = None, width: int = 0
    ) -> None:
        """The body in lanes from `first` on."""
        self.lanes = Lanes(loop.axis, width or shape.width, loop.start, mask)
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
        step = repeats * shape.width
        self.counted(start, stop, step, cells, iteration, certain=certain, poll=self.period(loop, step))

    def _fixed(self, loop: For, shape: Shape, stop: int) -> None:
        """An extent that is known: whole iterations, the blocks left over, the entries left over in as few lanes as hold them."""
        at, iteration = loop.start, shape.width * shape.repeats
        whole = (stop - at) // iteration
        if whole == 1:
            for k in range(shape.repeats):
                self._block(loop, shape, self.number(at + k * shape.width), k)
        elif whole > 1:
            end = self.number(at + whole * iteration)
            self._blocks(loop, shape, self.number(at), end, shape.repeats, certain=True)
        at += whole * iteration
        chain = 0
        while stop - at >= shape.width:
            self._block(loop, shape, self.number(at), chain)
            at, chain = at + shape.width, chain + 1
        if at < stop:
            width = power_above(stop - at)
            mask = None if width == stop - at else first_lanes(width, stop - at)
            self._block(loop, shape, self.number(at), 0, mask, width)

    def _ragged(self, loop: For, shape: Shape, stop: Value) -> None:
        """An extent that is known when the loop begins: whole iterations, whole blocks, then one block under a mask."""
        b, at = self.one, self.number(loop.start)
        for repeats in dict.fromkeys((shape.repeats, 1)):
            count = b.subtract(stop, at)
            end = b.subtract(stop, b.integer("and", count, shape.width * repeats - 1))
            self._blocks(loop, shape, at, end, repeats, certain=False)
            at = end
        left = b.subtract(stop, at)
        self.choose(
            b.compare("sgt", left, self.number(0)),
            self.changed(self.unit.facts(loop)),
            lambda: self._block(loop, shape, at, 0, self.builder(shape.width).first_lanes(left.name)),
        )

    def _masked(self, loop: For, shape: Shape, stop: Value) -> None:
        """Every block under a mask."""
        start, width = loop.start, shape.width
        if stop.is_constant and int(stop.name) - start <= width:
            count = int(stop.name) - start
            self._block(loop, shape, self.number(start), 0, None if count == width else first_lanes(width, count))
            return

        def iteration(index: Value) -> None:
            left = self.one.subtract(stop, index)
            self._block(loop, shape, index, 0, self.builder(width).first_lanes(left.name))

        cells = self.changed(self.unit.facts(loop))
        certain = stop.is_constant or start == 0
        poll = self.period(loop, width)
        self.counted(self.number(start), stop, width, cells, iteration, certain=certain, poll=poll)

    # accumulators

    def open_accumulator(self, accumulator: Accumulator) -> None:
        """The identity in every register that the accumulator will be spread over."""
        if self.lanes is not None:
            ways: Sequence[tuple[int, int]] = [(self.lanes.width, 1)]
        else:
            ways = list(self.sites.get(accumulator, {}))
        for cell in [cell for cell in self.state if cell[0] is accumulator]:
            del self.state[cell]
        for width, chains in ways:
            for chain in range(chains):
                start = identity_of(accumulator.combine, accumulator.dtype, width)
                self.state[accumulator, width, chain] = start

    def accumulate(self, statement: Accumulate) -> None:
        """Combine a value into the accumulator's register for these lanes; fewer lanes than it has are filled up.

        The order of a sum is free, so its rounding is no one else's: a product is added without being rounded first.
        """
        accumulator = statement.accumulator
        width = 1 if self.lanes is None else self.lanes.width
        cell = (accumulator, width, self.chain)
        if cell not in self.state:  # opened in these lanes
            cell = (accumulator, width, 0)
        factors = self._factors(statement)
        if factors is not None and cell in self.state:
            before = self.state[cell]
            x, y = (self.value(factor, width) for factor in factors)
            after = self.builder(width).fma(x, y, before)
            mask = None if self.lanes is None or width == 1 else self.lanes.mask
            self.state[cell] = after if mask is None else self.wide.where(mask, after, before)
            return
        value = self.masked(accumulator.combine, self.value(statement.value, width))
        if cell not in self.state:  # the ragged end of a loop: its lanes are the first of the loop's
            wide = min(key[1] for key in self.state if key[0] is accumulator and key[1] > width)
            value, cell = self._widened(accumulator, value, wide), (accumulator, wide, 0)
        before = self.state[cell]
        start = identity_of(accumulator.combine, value.dtype, value.width)
        self.state[cell] = value if before == start else self.combine(accumulator.combine, before, value)

    def _factors(self, statement: Accumulate) -> tuple[Instruction, Instruction] | None:
        """x and y of a float x y that is added, where the target multiplies and adds in one instruction."""
        value = statement.value
        if not isinstance(value, Compute) or statement.accumulator.combine != "add" or value.dtype not in FLOATS:
            return None
        if not self.unit.module.target.fma:
            return None
        if value.function == "multiply":
            return (value.inputs[0], value.inputs[1])
        return (value.inputs[0], value.inputs[0]) if value.exponent == 2 else None

    def _widened(self, accumulator: Accumulator, value: Value, width: int) -> Value:
        rest = identity_of(accumulator.combine, value.dtype, value.width)
        b = self.builder(width)
        if value.width == 1:
            return b.insert(identity_of(accumulator.combine, value.dtype, width), value, 0)
        lanes = ", ".join(f"i32 {min(k, value.width)}" for k in range(width))
        return b.pure(f"shufflevector {value.text}, {rest.text}, <{width} x i32> <{lanes}>", value.dtype, width)

    def total(self, accumulator: Accumulator) -> Value:
        """What has been gathered: chains pairwise, then lanes, halves with halves; lanes of float32 are added in float64."""
        found: dict[int, list[Value]] = {}
        for cell, value in self.state.items():
            if cell[0] is accumulator:
                found.setdefault(cell[1], []).append(value)
        if self.lanes is not None and list(found) == [self.lanes.width]:
            return self._pairwise(accumulator, found[self.lanes.width])
        parts = [self._pairwise(accumulator, chains) for _, chains in sorted(found.items())]
        wide = accumulator.combine == "add" and accumulator.dtype == "float32" and any(x.width > 1 for x in parts)
        if wide:
            parts = [self.builder(x.width).cast(x, "float64") for x in parts]
        parts = [self.over_lanes(accumulator.combine, x) for x in parts]
        if not parts:
            return identity_of(accumulator.combine, accumulator.dtype, 1)
        return self.one.cast(self._pairwise(accumulator, parts), accumulator.dtype)

    def _pairwise(self, accumulator: Accumulator, parts: list[Value]) -> Value:
        while len(parts) > 1:
            pairs = zip(parts[::2], parts[1::2], strict=False)
            rest = parts[-1:] if len(parts) % 2 else []
            parts = [self.combine(accumulator.combine, x, y) for x, y in pairs] + rest
        return parts[0]


def first_lanes(width: int, count: int) -> Value:
    """The mask of the first lanes, as a constant."""
    bits = ", ".join(f"{ELEMENTS['bool']} {literal(k < count, 'bool')}" for k in range(width))
    return Value(f"<{bits}>", "bool", width)


def certain_instructions(body: Sequence[Statement], without: Any) -> Iterator[Instruction]:
    """The instructions that run in every step of a loop: those of its body and of loops inside, but not of branches."""
    for statement in body:
        if isinstance(statement, For):
            if statement not in without and statement.kind != "parallel":
                yield from certain_instructions(statement.body, without)
        elif not bodies(statement) and isinstance(statement, Position | Inside | Load | Compute):
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
        total += 1 + inside
    return total
