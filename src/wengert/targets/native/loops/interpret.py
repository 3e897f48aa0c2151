"""What a nest means: a program run by plain Python loops over NumPy scalars, in the dtypes as they stand. It knows no graph and no machine.

It is the definition that native code is tested against, so it is simple before it is fast.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from wengert.core.ir.op import OPS
from wengert.core.ops.vocabulary import NUMPY
from wengert.errors import GraphError
from wengert.targets.native.loops.nest import (
    Accumulate,
    Accumulator,
    Affine,
    Axis,
    Branch,
    Buffer,
    Combine,
    Compute,
    Constant,
    Contract,
    Copy,
    Fill,
    For,
    Gather,
    Inside,
    Load,
    Lookup,
    MatrixProduct,
    NestProgram,
    Position,
    Range,
    RecordTape,
    Replay,
    Routine,
    Statement,
    Store,
    Total,
    While,
)
from wengert.targets.native.loops.roots import identity
from wengert.targets.native.loops.routines import OWN

Scalar = Any
COMBINE: dict[Combine, Any] = {
    "add": np.add,
    "multiply": np.multiply,
    "maximum": np.maximum,
    "minimum": np.minimum,
}


def run(program: NestProgram, inputs: Sequence[Any]) -> list[np.ndarray]:
    """The arrays of the outputs for arrays of the inputs, which are not changed.

    Entries that a program reads before it writes them are 0. An accumulator adds in the order of the loops, in its dtype.

    Raises GraphError where a looked-up place is outside its axis, or an input has the wrong dtype or size.
    """
    state = Interpreter()
    for buffer, value in zip(program.inputs, inputs, strict=True):
        array = np.array(value, order="C")
        if array.dtype != buffer.dtype or array.shape != buffer.shape:
            raise GraphError(
                f"The input '{buffer.name}' does not fit its buffer.",
                f"  it is {array.dtype}{list(array.shape)}, the buffer is {buffer}",
                "Give an array of that dtype and shape.",
            )
        state.memory[buffer] = array.reshape(-1)
    with np.errstate(all="ignore"):
        state.body(program.body)
    return [state.entries(buffer).reshape(buffer.shape).copy() for buffer in program.outputs]


def fused(a: Scalar, b: Scalar, c: Scalar) -> Scalar:
    """a·b + c rounded once."""
    plain = a * b + c
    if not (np.isfinite(a) and np.isfinite(b) and np.isfinite(c)):
        return plain
    exact = Fraction(float(a)) * Fraction(float(b)) + Fraction(float(c))
    if not exact:
        return plain
    try:
        return type(plain)(float(exact))
    except OverflowError:
        return type(plain)(np.inf if exact > 0 else -np.inf)


class Interpreter:
    """The state of a run: the memory of buffers, the axes' values, the instructions' values, the accumulators and the tapes."""

    def __init__(self) -> None:
        self.memory: dict[Buffer, np.ndarray] = {}
        self.axes: dict[Axis, int] = {}
        self.values: dict[Any, Scalar] = {}
        self.totals: dict[Accumulator, Scalar] = {}
        self.tapes: dict[RecordTape, list[np.ndarray]] = {}

    def entries(self, buffer: Buffer) -> np.ndarray:
        """The entries of a buffer in order; those of a temporary are 0 at first."""
        if buffer not in self.memory:
            if buffer.kind == "constant":
                self.memory[buffer] = np.array(buffer.value, dtype=buffer.dtype, order="C").reshape(-1)
            else:
                self.memory[buffer] = np.zeros(buffer.entries, buffer.dtype)
        return self.memory[buffer]

    def index(self, index: Affine) -> int:
        """The value of an affine index where the loops stand."""
        return index.offset + sum(coefficient * self.axes[axis] for axis, coefficient in index.terms)

    def inside(self, ranges: Sequence[Range]) -> bool:
        """Whether every range holds."""
        return all(r.low <= self.index(r.index) < r.high for r in ranges)

    # statements

    def body(self, statements: Sequence[Statement]) -> None:
        """Run statements in order."""
        for statement in statements:
            self.statement(statement)

    def statement(self, statement: Statement) -> None:
        """Run one statement; an instruction's value is kept for those behind it."""
        match statement:
            case Accumulator():
                self.totals[statement] = np.dtype(statement.dtype).type(identity(statement.combine, statement.dtype))
            case Accumulate(accumulator, value):
                total, given = self.totals[accumulator], self.values[value]
                self.totals[accumulator] = COMBINE[accumulator.combine](total, given)
            case Store():
                self.store(statement)
            case For():
                self.loop(statement)
            case Contract():
                self.contract(statement)
            case Routine():
                self.routine(statement)
            case Copy(source, source_index, target, target_index, count):
                i, j = self.index(source_index), self.index(target_index)
                self.entries(target)[j : j + count] = self.entries(source)[i : i + count]
            case Fill(buffer, index, count, number):
                i = self.index(index)
                self.entries(buffer)[i : i + count] = number
            case Branch(flag, then, other):
                self.body(then if self.entries(flag)[0] else other)
            case While():
                self.loop_while(statement)
            case Replay():
                self.replay(statement)
            case _:
                self.values[statement] = self.value(statement)

    def store(self, store: Store) -> None:
        """Write a value, combined with what stands there if the store says so."""
        entries, place = self.entries(store.buffer), self.index(store.index) + self.looked_up(store.lookups)
        value = self.values[store.value]
        entries[place] = value if store.combine is None else COMBINE[store.combine](entries[place], value)

    def loop(self, loop: For) -> None:
        """The body for every value of the axis; a clipped axis ends where its whole axis ends."""
        axis, extent = loop.axis, loop.axis.extent
        if axis.clip is not None:
            outer, total = axis.clip
            extent = min(extent, total - extent * self.axes[outer])
        steps = range(loop.start, extent)
        for step in reversed(steps) if loop.reverse else steps:
            self.axes[axis] = step
            self.body(loop.body)

    def contract(self, contract: Contract) -> None:
        """product_ij = Σ_k a_ik b_kj in the order of k, then the body with it."""
        (a, a_index), (b, b_index) = contract.a, contract.b
        left, right = self.entries(a), self.entries(b)
        for i in range(contract.rows.extent):
            for j in range(contract.columns.extent):
                self.axes[contract.rows], self.axes[contract.columns] = i, j
                total = np.dtype(contract.product.dtype).type(0)
                for k in range(contract.inner.extent):
                    self.axes[contract.inner] = k
                    total = total + left[self.index(a_index)] * right[self.index(b_index)]
                self.values[contract.product] = total
                self.body(contract.body)

    def routine(self, routine: Routine) -> None:
        """The op's value of the arrays at the sources."""
        arrays: list[np.ndarray] = []
        for buffer, place, shape in routine.sources:
            start = self.index(place)
            arrays.append(self.entries(buffer)[start : start + math.prod(shape)].reshape(shape))
        op = OWN[routine.name] if routine.name in OWN else OPS[routine.name]
        found = op.value(NUMPY, *arrays, **dict(routine.params))
        target, place = routine.target
        start = self.index(place)
        self.entries(target)[start : start + found.size] = found.reshape(-1)

    def loop_while(self, loop: While) -> None:
        """Test and body in turn, with a record on every tape after each body."""
        for _, tape in loop.tapes:
            self.tapes[tape] = []
        self.body(loop.test)
        while self.entries(loop.flag)[0]:
            self.body(loop.body)
            for buffer, tape in loop.tapes:
                self.tapes[tape].append(self.entries(buffer).copy())
            self.body(loop.test)

    def replay(self, replay: Replay) -> None:
        """The body for every record, from the last to the first if the replay is reversed."""
        steps = max((len(self.tapes.get(tape, [])) for tape, _ in replay.reads), default=0)
        for _, tape in replay.writes:
            self.tapes[tape] = [np.zeros(tape.entries, tape.dtype) for _ in range(steps)]
        for step in reversed(range(steps)) if replay.reverse else range(steps):
            for tape, buffer in replay.reads:
                self.entries(buffer)[:] = self.tapes[tape][step]
            if replay.counter is not None:
                self.entries(replay.counter)[0] = step
            self.body(replay.body)
            for buffer, tape in replay.writes:
                self.tapes[tape][step] = self.entries(buffer).copy()

    # instructions

    def value(self, instruction: Any) -> Scalar:
        """The value of an instruction, a NumPy scalar of its dtype.

        Raises GraphError where it is no instruction, or a place that it looks up is outside of its axis.
        """
        match instruction:
            case Constant(number, dtype):
                return np.dtype(dtype).type(number)
            case Position(index, dtype):
                return np.dtype(dtype).type(self.index(index))
            case Inside(ranges):
                return np.bool_(self.inside(ranges))
            case Load(buffer, index, guards):
                held = self.inside(guards)
                return self.entries(buffer)[self.index(index)] if held else np.dtype(buffer.dtype).type(0)
            case Gather(buffer, index, lookups, guards):
                if not self.inside(guards):
                    return np.dtype(buffer.dtype).type(0)
                return self.entries(buffer)[self.index(index) + self.looked_up(lookups)]
            case Compute():
                return self.compute(instruction)
            case Total(accumulator):
                return self.totals[accumulator]
            case MatrixProduct():
                return self.values[instruction]
            case _:
                raise GraphError(
                    f"A loop nest cannot hold a {type(instruction).__name__}.",
                    f"  {instruction!r}",
                    "Use the statements of wengert.targets.native.loops.nest.",
                )

    def looked_up(self, lookups: Sequence[Lookup]) -> int:
        """Σ place · coefficient; raises GraphError where a place is outside."""
        total = 0
        for lookup in lookups:
            place = int(self.values[lookup.place])
            if not 0 <= place < lookup.size:
                raise GraphError(
                    f"The index {place} is outside an axis of {lookup.size} entries.",
                    f"  the loops stand at {', '.join(f'{a.name} = {i}' for a, i in self.axes.items()) or 'no axis'}",
                    f"Indices count from 0 to {lookup.size - 1}; negative ones do not wrap.",
                )
            total += place * lookup.coefficient
        return total

    def compute(self, compute: Compute) -> Scalar:
        """A function of the ops' vocabulary.

        Raises GraphError where its dtype is another than the instruction states.
        """
        inputs = [self.values[x] for x in compute.inputs]
        if compute.function == "cast":
            result: Any = NUMPY.cast(inputs[0], compute.dtype)
        elif compute.exponent is not None:
            result = OPS[compute.function].value(NUMPY, *inputs, exponent=compute.exponent)
        elif compute.function.startswith("wrap_"):
            result = NUMPY.wrap(inputs[0], compute.function.removeprefix("wrap_"))
        elif compute.function == "fma":
            result = fused(*inputs)
        elif compute.function in OPS:
            result = OPS[compute.function].value(NUMPY, *inputs)
        else:
            result = getattr(NUMPY, compute.function)(*inputs)
        if result.dtype != compute.dtype:
            raise GraphError(
                f"The instruction '{compute.function}' gives {result.dtype}, not {compute.dtype} as it states.",
                f"  its inputs are {', '.join(str(x.dtype) for x in inputs)}",
                "Cast the inputs, or state the dtype of the result.",
            )
        return result[()]
