"""Accumulators over lanes: a register for every vector loop and repeated body that adds to one, combined when the total is read.

It knows no loop.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from wengert.core.ir.types import FLOATS
from wengert.targets.native.flow import Flow
from wengert.targets.native.frame import Cell
from wengert.targets.native.instructions import Value
from wengert.targets.native.loops.buffers import ALIGNMENT
from wengert.targets.native.loops.nest import Accumulate, Accumulator, Compute, Instruction
from wengert.targets.native.vectors import identity_of


class Accumulators(Flow):
    """A function in the making that has accumulators."""

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
            before = self._gathered(cell)
            if before.is_constant:  # nothing has been added yet
                self._gather(cell, self.masked("add", self.value(statement.value, width)))
                return
            x, y = (self.value(factor, width) for factor in factors)
            after = self.builder(width).fma(x, y, before)
            mask = None if self.lanes is None or width == 1 else self.lanes.mask
            self._gather(cell, after if mask is None else self.wide.where(mask, after, before))
            return
        value = self.masked(accumulator.combine, self.value(statement.value, width))
        if cell not in self.state:  # the ragged end of a loop: its lanes are the first of the loop's
            wide = min(key[1] for key in self.state if key[0] is accumulator and key[1] > width)
            value, cell = self._widened(accumulator, value, wide), (accumulator, wide, 0)
        before = self._gathered(cell)
        start = identity_of(accumulator.combine, value.dtype, value.width)
        self._gather(cell, value if before == start else self.combine(accumulator.combine, before, value))

    @contextmanager
    def in_memory(self, cells: Sequence[Cell]) -> Iterator[None]:
        """While a loop is written: the cells lie in memory and are read when something is added.

        A call takes all vector registers. LLVM saves a total around it by two ways through memory a step, one after the other.
        """
        for cell in cells:
            value = self.state[cell]
            self.slots[cell] = self.reserve(f"alloca {value.type}, align {ALIGNMENT}")
            self._gather(cell, value)
        yield
        for cell in cells:
            value = self._gathered(cell)
            del self.slots[cell]
            self.state[cell] = value

    def _gathered(self, cell: Cell) -> Value:
        """What an accumulator's register, or its place in memory, holds."""
        before = self.state[cell]
        slot = self.slots.get(cell)
        return before if slot is None else self.builder(before.width).load(slot, before.dtype, ALIGNMENT)

    def _gather(self, cell: Cell, value: Value) -> None:
        slot = self.slots.get(cell)
        if slot is None:
            self.state[cell] = value
        else:
            self.builder(value.width).store(value, slot, ALIGNMENT)

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
