"""The state of one function in the making: its builders, the values of instructions and axes, registers, failures. It knows no loop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from wengert.core.ir.types import FLOATS
from wengert.targets.native import subnormals
from wengert.targets.native.builder import Builder
from wengert.targets.native.contraction import ContractSpec
from wengert.targets.native.facts import FactBook, StatementFacts
from wengert.targets.native.instructions import CodeBody, Value, constant_of, literal
from wengert.targets.native.loops.inside import bodies
from wengert.targets.native.loops.nest import (
    Accumulate,
    Accumulator,
    Affine,
    Axis,
    Buffer,
    Constant,
    Contract,
    For,
    Instruction,
    MatrixProduct,
    Range,
    RecordTape,
    Statement,
    Total,
)
from wengert.targets.native.matmul import workspace_bytes
from wengert.targets.native.module import Module
from wengert.targets.native.outlining import Outlined
from wengert.targets.native.widths import Shape, shape_of

EMBEDDED_BYTES = 64 * 1024
"""Constant arrays up to this size are written into the module; larger ones are given to the program like inputs."""
OUT_OF_RANGE, OUT_OF_MEMORY, INTERRUPTED = 1, 2, 3
"""What a program returns where it cannot go on; 0 is success."""


Cell = tuple[Any, ...]


class Placement(Protocol):
    """Where temporaries lie in the arena."""

    def offset(self, buffer: Buffer) -> int:
        """The byte at which a temporary begins; buffers whose lives do not meet may share memory."""
        ...

    @property
    def bytes(self) -> int:
        """The size of the arena."""
        ...


def product_of(contract: Contract) -> ContractSpec | None:
    """The sizes and strides of a product that has a kernel: one of floats whose axes are whole."""
    axes = (contract.rows, contract.columns, contract.inner)
    if contract.product.dtype not in FLOATS or any(axis.clip is not None for axis in axes):
        return None
    (_, a), (_, b) = contract.a, contract.b
    rows, columns, inner = axes
    strides = (a.coefficient(rows), a.coefficient(inner), b.coefficient(inner), b.coefficient(columns))
    return ContractSpec(rows.extent, columns.extent, inner.extent, contract.product.dtype, *strides)


@dataclass
class Unit:
    """What the functions of one program share."""

    module: Module
    placement: Placement
    book: FactBook = field(default_factory=FactBook)
    touched: dict[Buffer, int] = field(default_factory=dict)
    """How many statements touch a buffer."""
    outputs: frozenset[Buffer] = frozenset()
    inputs: frozenset[Buffer] = frozenset()
    tapes: dict[RecordTape, int] = field(default_factory=dict)
    """The number of every tape."""
    imports: dict[str, None] = field(default_factory=dict)
    """The symbols of this library that the program calls."""
    shapes: dict[For, Shape] = field(default_factory=dict)
    flushes: bool = False
    """Whether subnormal numbers are flushed while the program runs, on every thread."""

    def switch(self) -> str:
        """The switch of flushing, with what reads the thread's state declared."""
        for line in subnormals.declarations(self.module.target):
            self.module.declare(line)
        return self.module.external(subnormals.SWITCH)

    def shape(self, loop: For) -> Shape:
        """The lanes of a vector loop."""
        if loop not in self.shapes:
            self.shapes[loop] = shape_of(loop, self.book, self.module.target)
        return self.shapes[loop]

    def facts(self, loop: Any) -> StatementFacts:
        """What a statement touches."""
        return self.book.of(loop)

    def workspace_bytes(self, facts: StatementFacts) -> int:
        """The workspace that the largest of the products needs."""
        specs = [product_of(contract) for contract in facts.contracts]
        return max((workspace_bytes(spec, self.module.target) for spec in specs if spec), default=0)

    def sites(self, body: Sequence[Statement]) -> dict[Accumulator, dict[tuple[int, int], None]]:
        """The (lanes, chains) in which accumulators are added to: those of the vector loops around."""
        found: dict[Accumulator, dict[tuple[int, int], None]] = {}
        stack: list[tuple[Statement, tuple[int, int]]] = [(statement, (1, 1)) for statement in reversed(body)]
        while stack:
            statement, lanes = stack.pop()
            if isinstance(statement, Accumulate):
                found.setdefault(statement.accumulator, {})[lanes] = None
            if isinstance(statement, For) and statement.kind == "vector":
                lanes = (self.shape(statement).width, self.shape(statement).repeats)
            for part in reversed(bodies(statement)):
                stack.extend(
                    [(inner, lanes) for inner in reversed(part) if isinstance(inner, Accumulate) or bodies(inner)]
                )
        return found

    def embedded(self, buffer: Buffer) -> str:
        """The array of a constant, in the module."""
        array = np.ascontiguousarray(buffer.value, dtype=buffer.dtype).reshape(-1)
        element = {"float32": "float", "float64": "double", "int64": "i64", "bool": "i8"}[buffer.dtype]
        dtype = "int64" if buffer.dtype == "bool" else buffer.dtype
        return self.module.array(element, [literal(x, dtype) for x in array.tolist()] or ["zeroinitializer"])


def is_embedded(buffer: Buffer) -> bool:
    """Whether a constant array is written into the module."""
    return np.dtype(buffer.dtype).itemsize * buffer.entries <= EMBEDDED_BYTES


@dataclass(frozen=True, slots=True)
class Lanes:
    """The vector loop that is open: its axis, whose value is that of lane 0; and the lanes that take part, if not all do."""

    axis: Axis
    width: int
    start: int = 0
    """A number that the value of lane 0 is of, but for multiples of the width."""
    mask: Value | None = None
    full: Value | None = None
    """Whether all lanes take part after all, where that is known when the block begins."""


class Frame:
    """One function in the making, with what stands where in it."""

    def __init__(self, unit: Unit, outline: bool) -> None:
        self.unit = unit
        self.one = Builder(unit.module, 1, CodeBody(), outline=outline)
        self.builders: dict[int, Builder] = {1: self.one}
        self.lanes: Lanes | None = None
        self.values: dict[Any, Value] = {}
        self.axes: dict[Axis, Value] = {}
        self.depth: dict[Axis, int] = {}
        self.pointers: dict[Buffer, str] = {}
        self.registers: dict[Buffer, None] = {}
        self.state: dict[Cell, Value] = {}
        """What changes from block to block: the cells (buffer, entry) of registers and (accumulator, width, chain)."""
        self.slots: dict[Cell, str] = {}
        """Where the parts of the state lie that are in memory while a loop runs."""
        self.sites: dict[Accumulator, dict[tuple[int, int], None]] = {}
        """The (lanes, chains) in which accumulators are added to."""
        self.chain = 0
        """Which of the repeated bodies of a vector loop is written."""
        self.hoisted: dict[Any, None] = {}
        """The instructions of open loops that were written before them."""
        self.still: dict[Buffer, None] = {}
        """The buffers that the open loops do not write."""
        self.outlined: Outlined = {}
        """The statements that are functions of their own."""
        self.products: dict[MatrixProduct, Total] = {}
        """Where the products that plain loops sum have their values."""
        self.polls = True
        """Whether the thread that runs the function may ask for interrupts."""
        self.reserved: list[str] = []
        self.failed: dict[int, str] = {}
        self.tapes = "%tapes"

    # values

    def builder(self, width: int) -> Builder:
        """The builder of a width."""
        if width not in self.builders:
            self.builders[width] = self.one.with_width(width, outline=not self.unit.book.in_place)
        return self.builders[width]

    @property
    def wide(self) -> Builder:
        """The builder of the vector loop that is open; of width 1 outside."""
        return self.one if self.lanes is None else self.builder(self.lanes.width)

    def width(self, instruction: Instruction) -> int:
        """1 where a value is the same in every lane."""
        return 1 if isinstance(instruction, Constant) else self.values[instruction].width

    def value(self, instruction: Instruction, width: int = 1) -> Value:
        """The value of an instruction in `width` lanes."""
        if isinstance(instruction, Constant):
            return constant_of(instruction.number, instruction.dtype, width)
        return self.builder(width).splat(self.values[instruction])

    def bind(self, axis: Axis, value: Value) -> None:
        """Give an axis its value; axes bound earlier are further outside."""
        self.depth.setdefault(axis, len(self.depth))
        self.axes[axis] = value

    def reserve(self, text: str) -> str:
        """A name for memory of this function, taken once at its entry."""
        name = self.one.fresh("m")
        self.reserved.append(f"  {name} = {text}")
        return name

    def fail(self, bad: Value, status: int) -> None:
        """Leave the function with a status where a flag holds."""
        if bad.name == "false":
            return
        label = self.failed.setdefault(status, f"failed{status}")
        following = self.one.label("on")
        self.one.branch(bad, label, following)
        self.one.start_block(following)

    # indices

    def number(self, number: int) -> Value:
        """An int64."""
        return constant_of(number, "int64", 1)

    def index(self, index: Affine) -> Value:
        """An affine index; in a vector loop, that of lane 0. Outer axes come first, so that their sum is shared."""
        b, offset, total = self.one, index.offset, None
        for axis, coefficient in sorted(index.terms, key=lambda term: self.depth[term[0]]):
            at = self.axes[axis]
            if at.is_constant:
                offset += coefficient * int(at.name)
                continue
            term = at if coefficient == 1 else b.multiply(at, self.number(coefficient))
            total = term if total is None else b.add(total, term)
        if total is None:
            return self.number(offset)
        return b.add(total, self.number(offset)) if offset else total

    def step(self, index: Affine) -> int:
        """The step of an index from lane to lane."""
        return 0 if self.lanes is None or self.lanes.width == 1 else index.coefficient(self.lanes.axis)

    def lane_numbers(self, step: int, dtype: str) -> Value:
        """0, step, 2·step, … as a constant."""
        width = self.wide.width
        element = "i32" if dtype == "int32" else "i64"
        return Value(f"<{', '.join(f'{element} {k * step}' for k in range(width))}>", dtype, width)

    def spread(self, index: Affine, shift: int = 0) -> Value:
        """An affine index plus a shift in every lane, as int32 where that holds it, else int64."""
        low, high = index.bounds()
        small = max(abs(low), abs(high)) + abs(shift) + abs(self.step(index)) * self.wide.width < 2**31
        dtype = "int32" if small else "int64"
        first = (
            self.one.cast(self.index(index + shift), dtype) if not small else self._narrow(self.index(index + shift))
        )
        return self.wide.add(self.wide.splat(first), self.lane_numbers(self.step(index), dtype))

    def _narrow(self, x: Value) -> Value:
        return Value(x.name, "int32", 1) if x.is_constant else self.one.cast(x, "int32")

    # conditions

    def condition(self, ranges: tuple[Range, ...]) -> Value | None:
        """Whether the ranges that are the same in every lane hold; None where they are known to."""
        total = None
        for r in ranges:
            if self.step(r.index) == 0 and not _certain(r):
                held = self._within(self.index(r.index + -r.low), r)
                total = held if total is None else self.one.logical_and(total, held)
        return total

    def lane_mask(self, ranges: tuple[Range, ...]) -> Value | None:
        """The lanes where the other ranges hold; None where they are known to hold in every lane."""
        total = None
        for r in ranges:
            if self.step(r.index) != 0 and not _certain(r):
                held = self._within(self.spread(r.index, -r.low), r)
                total = held if total is None else self.wide.logical_and(total, held)
        return total

    def _within(self, above: Value, r: Range) -> Value:
        """0 ≤ index − low < high − low, as one comparison without sign."""
        if r.high <= r.low:
            return constant_of(False, "bool", above.width)
        if above.is_constant and above.width == 1:
            return constant_of(0 <= int(above.name) < r.high - r.low, "bool", 1)
        reach = r.high - r.low if above.dtype == "int64" else min(r.high - r.low, 2**31 - 1)
        return self.builder(above.width).compare("ult", above, constant_of(reach, above.dtype, above.width))

    def both(self, x: Value | None, y: Value | None) -> Value | None:
        """The conjunction of two masks, in the lanes of the open loop; None is a mask that holds everywhere."""
        if x is None or y is None:
            return x if y is None else y
        b = self.wide if max(x.width, y.width) > 1 else self.one
        return b.logical_and(b.splat(x), b.splat(y))


def _certain(r: Range) -> bool:
    low, high = r.index.bounds()
    return r.low <= low and high < r.high
