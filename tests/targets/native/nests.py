"""Programs of loop nests run as native code on plain arrays, and random programs."""

from __future__ import annotations

import ctypes
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from wengert.targets.native.emit import CONSTANT, emit
from wengert.targets.native.jit import load
from wengert.targets.native.loops.buffers import plan
from wengert.targets.native.loops.nest import (
    Accumulate,
    Accumulator,
    Affine,
    Axis,
    Buffer,
    Compute,
    Constant,
    Contract,
    For,
    Gather,
    Inside,
    Load,
    Lookup,
    MatrixProduct,
    NestProgram,
    Position,
    Range,
    Statement,
    Store,
    Total,
    along,
)
from wengert.targets.native.processor import AVX2, AVX512, X86_64_V2, Processor, host
from wengert.targets.native.runtime import imports_of

RUNNABLE = (
    [target for target in (AVX512, AVX2, X86_64_V2) if target.vector_bytes <= host().vector_bytes]
    if "x86_64" in host().triple and "linux" in host().triple
    else [host()]
)
"""The targets whose code this machine runs."""

POINTER = ctypes.c_void_p
MARGIN = 128
SENTINEL = 0xA5


def native(
    program: NestProgram,
    inputs: Sequence[Any],
    symbols: Mapping[str, int] | None = None,
    target: Processor | None = None,
) -> tuple[int, list[np.ndarray]]:
    """The status and the outputs of a program; the bytes around every array are checked to be as before.

    `symbols` are the addresses of functions that take the place of those that the program would call. Code for another
    target than the host runs too if the host has its instructions.
    """
    target = target or host()
    emitted = emit(program, plan(program), target)
    constants = [np.ascontiguousarray(b.value, dtype=b.dtype) for b in emitted.constants]
    addresses = {f"{CONSTANT}{k}": array.ctypes.data for k, array in enumerate(constants)}
    code = load(
        emitted.text, ["program"], {**imports_of(emitted.text), **addresses, **(symbols or {})}, host(), cache=False
    )
    given = [Fenced(b, value) for b, value in zip(program.inputs, inputs, strict=True)]
    results = [given[program.inputs.index(b)] if b in program.inputs else Fenced(b) for b in program.outputs]
    arena = Fenced(Buffer("arena", "bool", (emitted.arena_bytes,)), align=64)
    tables = [(POINTER * (len(arrays) + 1))(*[a.address for a in arrays]) for arrays in (given, results)]
    call = ctypes.CFUNCTYPE(ctypes.c_int32, POINTER, POINTER, POINTER)(code.address("program"))
    status = call(*[ctypes.addressof(table) for table in tables], arena.address)
    for array in (*given, *results, arena):
        array.check()
    return status, [array.array.copy() for array in results]


class Fenced:
    """An array that begins at an address just aligned enough for its entries, with known bytes on both sides."""

    def __init__(self, buffer: Buffer, value: Any = None, align: int = 0) -> None:
        dtype = np.dtype(buffer.dtype)
        size = dtype.itemsize * buffer.entries
        self.memory = np.full(size + 2 * MARGIN + 128, SENTINEL, np.uint8)
        base = self.memory.ctypes.data + MARGIN
        self.start = MARGIN + (-base % 64) + (0 if align else dtype.itemsize)
        self.end = self.start + size
        self.array = self.memory[self.start : self.end].view(dtype).reshape(buffer.shape)
        self.array[...] = 0 if value is None else value
        self.address = self.memory.ctypes.data + self.start

    def check(self) -> None:
        """Nothing outside was written."""
        assert (self.memory[: self.start] == SENTINEL).all()
        assert (self.memory[self.end :] == SENTINEL).all()


# random programs


@dataclass(frozen=True)
class Level:
    """One axis of a random nest as an index of so many values, and the loops that run over it, their bodies empty yet."""

    place: Affine
    extent: int
    loops: tuple[For, ...]


@dataclass
class Drawn:
    """A random program in the making. Floats are small whole numbers, so that sums are exact in any order."""

    rng: random.Random
    dtype: str
    inputs: list[Buffer] = field(default_factory=list)
    arrays: list[np.ndarray] = field(default_factory=list)
    outputs: list[Buffer] = field(default_factory=list)

    def input(self, dtype: str, entries: int, low: int = -4, high: int = 4) -> Buffer:
        """A new input with values in low … high."""
        buffer = Buffer(f"x{len(self.inputs)}", dtype, (entries,), "input")
        numbers = [self.rng.randint(low, high) for _ in range(entries)]
        self.inputs.append(buffer)
        self.arrays.append(np.array(numbers).astype(dtype))
        return buffer

    def index(self, levels: Sequence[Level]) -> tuple[Affine, int]:
        """An index with random steps that is never negative, and one more than the largest it reaches."""
        index = Affine()
        for level in levels:
            if self.rng.random() < 0.8:
                index = index + level.place * self.rng.choice([1, 1, 1, -1, 2, 3, 4, 5, -2, level.extent + 1])
        low, _ = index.bounds()
        index = index + (self.rng.randint(0, 2) - low)
        return index, index.bounds()[1] + 1

    def load(self, levels: Sequence[Level], made: list[Any]) -> None:
        """A load: plain, guarded where it would fall outside, or at a place that was looked up."""
        index, entries = self.index(levels)
        kind = self.rng.choice(["plain", "plain", "guarded", "gathered"])
        if kind == "guarded":
            cut = self.rng.randint(0, min(entries - 1, 3))
            shift = self.rng.randint(0, 2)
            buffer = self.input(self.dtype, max(entries - cut, 1))
            index = index + -shift
            made.append(Load(buffer, index, (Range(index, 0, buffer.entries), *self.more_guards(levels))))
        elif kind == "gathered":
            size, coefficient = self.rng.randint(1, 6), self.rng.randint(1, 3)
            places = self.input("int64", entries, 0, size - 1)
            place = Load(places, index)
            buffer = self.input(self.dtype, (size - 1) * coefficient + 2)
            start = Affine((), self.rng.randint(0, 1))
            made += [place, Gather(buffer, start, (Lookup(place, coefficient, size),), tuple(self.more_guards(levels)))]
        else:
            made.append(Load(self.input(self.dtype, entries), index, tuple(self.more_guards(levels))))

    def more_guards(self, levels: Sequence[Level]) -> list[Range]:
        """Sometimes a guard on another index, such as one that is the same in every lane."""
        if self.rng.random() < 0.8 or not levels:
            return []
        index, entries = self.index(self.rng.sample(list(levels), 1))
        return [Range(index, self.rng.randint(0, 2), self.rng.randint(0, entries))]

    def instructions(self, levels: Sequence[Level], known: list[Any], count: int) -> list[Any]:
        """Some instructions of the dtype (and of bool and int64 on the way); the last is of the dtype."""
        made: list[Any] = []
        self.load(levels, made)
        for _ in range(count):
            numbers = [x for x in known + made if x.dtype == self.dtype]
            x, y = self.rng.choice(numbers), self.rng.choice(numbers)
            kind = self.rng.choice(
                ["load", "add", "subtract", "maximum", "minimum", "where", "position", "constant", "inside"]
            )
            if kind == "load":
                self.load(levels, made)
            elif kind == "where":
                test = Compute(self.rng.choice(["less", "equal", "greater_equal"]), (x, y), "bool")
                made += [test, Compute("where", (test, y, x), self.dtype)]
            elif kind == "position":
                made.append(Position(self.index(levels)[0], self.dtype))
            elif kind == "constant":
                made.append(Constant(self.rng.randint(-3, 3), self.dtype))
            elif kind == "inside":
                index, entries = self.index(levels)
                held = Inside((Range(index, self.rng.randint(0, 2), self.rng.randint(0, entries)),))
                made += [held, Compute("cast", (held,), self.dtype)]
            else:
                made.append(Compute(kind, (x, y), self.dtype))
        return made

    def store(self, levels: Sequence[Level], value: Any) -> Statement:
        """A store to an output with an entry for every place, laid out in a random order and direction."""
        index, entries = Affine(), 1
        for level in self.rng.sample(list(levels), len(levels)):
            if self.rng.random() < 0.25:
                index = index + level.place * -entries + entries * (level.extent - 1)
            else:
                index = index + level.place * entries
            entries *= level.extent
        buffer = Buffer(f"y{len(self.outputs)}", self.dtype, (entries,), "output")
        self.outputs.append(buffer)
        return Store(buffer, index, value, self.rng.choice([None, None, "add"]))

    def update(self, levels: Sequence[Level], value: Any) -> list[Any]:
        """An input with an entry for every place that takes a value into its entry: read and written at once."""
        index, entries = Affine(), 1
        for level in levels:
            index, entries = index + level.place * entries, entries * level.extent
        buffer = self.input(self.dtype, entries)
        self.outputs.append(buffer)
        before = Load(buffer, index)
        after = Compute("subtract", (value, before), self.dtype)
        return [before, after, Store(buffer, index, after)]


def random_program(rng: random.Random) -> tuple[NestProgram, list[np.ndarray]]:
    """A program of one or two nests of up to three loops, with accumulators at random levels."""
    drawn = Drawn(rng, rng.choice(["float32", "float64", "int64"]))
    body: list[Statement] = []
    for _ in range(rng.randint(1, 2)):
        body += _nest(drawn)
    return NestProgram(tuple(drawn.inputs), tuple(drawn.outputs), tuple(body)), drawn.arrays


def _product(drawn: Drawn) -> list[Statement]:
    """A matrix product of random sizes and layouts, with a random epilogue."""
    rng = drawn.rng
    sizes = [rng.choice([1, 2, 3, 4, 7, 8, 16, 17, 33, 40]) for _ in range(3)]
    rows, columns, inner = (Axis(size, name) for size, name in zip(sizes, "rck", strict=True))
    operands = []
    for outer in (rows, columns):
        first, second = rng.sample([outer, inner], 2)
        step = second.extent + rng.choice([0, 0, 1])
        buffer = drawn.input(drawn.dtype, first.extent * step, -2, 2)
        operands.append((buffer, along(first) * step + along(second)))
    levels = [Level(along(axis), axis.extent, ()) for axis in (rows, columns)]
    product = MatrixProduct(drawn.dtype)
    made = drawn.instructions(levels, [product], rng.randint(0, 4))
    numbers = [x for x in [product, *made] if x.dtype == drawn.dtype]
    body = [*made, drawn.store(levels, rng.choice(numbers)), drawn.store(levels, product)]
    if rng.random() < 0.5:
        body += drawn.update(levels, rng.choice(numbers))
    return [Contract(rows, columns, inner, operands[0], operands[1], product, tuple(body), rng.random() < 0.5)]


def _nest(drawn: Drawn) -> list[Statement]:
    rng = drawn.rng
    if rng.random() < 0.2:
        return _product(drawn)
    depth = rng.randint(1, 3)
    lanes = rng.randrange(depth)
    threads = depth > 1 and lanes > 0 and rng.random() < 0.4
    levels: list[Level] = []
    for k in range(depth):
        extents = [1, 2, 3, 5, 8, 13, 16, 17, 31, 32, 33, 40, 70, 130] if k == lanes else [1, 2, 3, 4, 5, 7, 8]
        kind = "vector" if k == lanes else "parallel" if threads and k == 0 else "serial"
        levels.append(_level(rng, f"i{k}", rng.choice(extents), kind))
    gathered: dict[int, Accumulator] = {}
    for k, level in enumerate(levels):
        if rng.random() < 0.5 and level.loops[0].kind != "parallel":
            gathered[k] = Accumulator(rng.choice(["add", "maximum", "minimum"]), drawn.dtype)
    return _statements(drawn, levels, 0, gathered, [])


def _level(rng: random.Random, name: str, extent: int, kind: Any) -> Level:
    """A loop, or two: a block, whose last one may be shorter, and what is inside it."""
    if rng.random() < 0.25 and kind != "parallel":
        block = rng.randint(1, extent)
        outer = Axis(-(-extent // block), name + "o")
        inner = Axis(block, name, (outer, extent))
        loops = (For(outer, ()), For(inner, (), kind, reverse=kind == "serial" and rng.random() < 0.3))
        return Level(along(outer) * block + along(inner), extent, loops)
    axis = Axis(extent, name)
    start = rng.choice([0, 0, 0, min(1, extent - 1)])
    return Level(along(axis), extent, (For(axis, (), kind, start, kind == "serial" and rng.random() < 0.3),))


def _statements(
    drawn: Drawn, levels: list[Level], k: int, gathered: dict[int, Accumulator], known: list[Any]
) -> list[Statement]:
    """The statements of a level: before its loop, the loop, and after it. An accumulator of a level is opened before its loop."""
    rng, outer = drawn.rng, levels[:k]
    before: list[Any] = drawn.instructions(outer, known, rng.randint(0, 2)) if k and rng.random() < 0.5 else []
    inside = known + before
    body: list[Statement]
    if k == len(levels) - 1:
        made = drawn.instructions(levels, inside, rng.randint(0, 5))
        numbers = [x for x in made if x.dtype == drawn.dtype]
        body = [*made]
        if rng.random() < 0.7 or not gathered:
            body.append(drawn.store(levels, rng.choice(numbers)))
        if rng.random() < 0.3:
            body += drawn.update(levels, rng.choice(numbers))
        body += [Accumulate(a, rng.choice(numbers)) for a in gathered.values()]
    else:
        body = _statements(drawn, levels, k + 1, gathered, inside)
    for loop in reversed(levels[k].loops):
        body = [replace(loop, body=tuple(body))]
    result: list[Statement] = [*before, *body]
    if k in gathered:
        total = Total(gathered[k])
        result = [*before, gathered[k], *body, total, drawn.store(outer, total)]
    return result
