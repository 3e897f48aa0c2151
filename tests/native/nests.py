"""Programs of loop nests run as native code on plain arrays, and random programs."""

from __future__ import annotations

import ctypes
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from wengert.backends.native.emit import CONSTANT, emit
from wengert.backends.native.jit import load
from wengert.backends.native.runtime import imports_of
from wengert.backends.native.target import AVX2, AVX512, X86_64_V2, Target, host
from wengert.loops.buffers import plan
from wengert.loops.nest import (
    Accumulate,
    Accumulator,
    Affine,
    Axis,
    Buffer,
    Compute,
    Constant,
    For,
    Gather,
    Inside,
    Load,
    Lookup,
    Position,
    Program,
    Range,
    Statement,
    Store,
    Total,
    along,
)

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
    program: Program, inputs: Sequence[Any], symbols: Mapping[str, int] | None = None, target: Target | None = None
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

    def index(self, axes: Sequence[Axis]) -> tuple[Affine, int]:
        """An index with random steps that is never negative, and one more than the largest it reaches."""
        index = Affine()
        for axis in axes:
            if self.rng.random() < 0.8:
                index = index + along(axis) * self.rng.choice([1, 1, 1, -1, 2, 3, 4, 5, -2, axis.extent + 1])
        low, _ = index.bounds()
        index = index + (self.rng.randint(0, 2) - low)
        return index, index.bounds()[1] + 1

    def load(self, axes: Sequence[Axis], made: list[Any]) -> None:
        """A load: plain, guarded where it would fall outside, or at a place that was looked up."""
        index, entries = self.index(axes)
        kind = self.rng.choice(["plain", "plain", "guarded", "gathered"])
        if kind == "guarded":
            cut = self.rng.randint(0, min(entries - 1, 3))
            shift = self.rng.randint(0, 2)
            buffer = self.input(self.dtype, max(entries - cut, 1))
            index = index + -shift
            made.append(Load(buffer, index, (Range(index, 0, buffer.entries),)))
        elif kind == "gathered":
            size, coefficient = self.rng.randint(1, 6), self.rng.randint(1, 3)
            places = self.input("int64", entries, 0, size - 1)
            place = Load(places, index)
            buffer = self.input(self.dtype, (size - 1) * coefficient + 2)
            made += [place, Gather(buffer, Affine((), self.rng.randint(0, 1)), (Lookup(place, coefficient, size),))]
        else:
            made.append(Load(self.input(self.dtype, entries), index))

    def instructions(self, axes: Sequence[Axis], known: list[Any], count: int) -> list[Any]:
        """Some instructions of the dtype (and of bool and int64 on the way); the last is of the dtype."""
        made: list[Any] = []
        self.load(axes, made)
        for _ in range(count):
            numbers = [x for x in known + made if x.dtype == self.dtype]
            x, y = self.rng.choice(numbers), self.rng.choice(numbers)
            kind = self.rng.choice(
                ["load", "add", "subtract", "maximum", "minimum", "where", "position", "constant", "inside"]
            )
            if kind == "load":
                self.load(axes, made)
            elif kind == "where":
                test = Compute(self.rng.choice(["less", "equal", "greater_equal"]), (x, y), "bool")
                made += [test, Compute("where", (test, y, x), self.dtype)]
            elif kind == "position":
                made.append(Position(self.index(axes)[0], self.dtype))
            elif kind == "constant":
                made.append(Constant(self.rng.randint(-3, 3), self.dtype))
            elif kind == "inside":
                index, entries = self.index(axes)
                held = Inside((Range(index, self.rng.randint(0, 2), self.rng.randint(0, entries)),))
                made += [held, Compute("cast", (held,), self.dtype)]
            else:
                made.append(Compute(kind, (x, y), self.dtype))
        return made

    def store(self, axes: Sequence[Axis], value: Any, shape: Sequence[Axis] | None = None) -> Statement:
        """A store to an output with an entry for every value of the axes, laid out in a random order and direction."""
        index, entries = Affine(), 1
        for axis in self.rng.sample(list(axes), len(axes)):
            extent = axis.clip[1] if axis.clip else axis.extent
            if self.rng.random() < 0.25:
                index = index + along(axis) * -entries + entries * (axis.extent - 1)
            else:
                index = index + along(axis) * entries
            entries *= extent if axis.clip else axis.extent
        buffer = Buffer(f"y{len(self.outputs)}", self.dtype, (max(entries, 1),), "output")
        self.outputs.append(buffer)
        return Store(buffer, index, value, self.rng.choice([None, None, "add"]))


def random_program(rng: random.Random) -> tuple[Program, list[np.ndarray]]:
    """A program of one or two nests of up to three loops, with accumulators at random levels."""
    drawn = Drawn(rng, rng.choice(["float32", "float64", "int64"]))
    body: list[Statement] = []
    for _ in range(rng.randint(1, 2)):
        body += _nest(drawn)
    return Program(tuple(drawn.inputs), tuple(drawn.outputs), tuple(body)), drawn.arrays


def _nest(drawn: Drawn) -> list[Statement]:
    rng = drawn.rng
    depth = rng.randint(1, 3)
    axes = [Axis(rng.choice([1, 2, 3, 4, 5, 7, 8]), f"i{k}") for k in range(depth)]
    lanes = rng.randrange(depth)
    axes[lanes] = Axis(rng.choice([1, 2, 3, 5, 8, 13, 16, 17, 31, 32, 33, 40, 70, 130]), "v")
    threads = depth > 1 and lanes > 0 and rng.random() < 0.4
    gathered: dict[int, Accumulator] = {}
    for level in range(depth):
        if rng.random() < 0.5 and not (threads and level == 0):
            gathered[level] = Accumulator(rng.choice(["add", "maximum", "minimum"]), drawn.dtype)
    return _level(drawn, axes, 0, lanes, threads, gathered, [])


def _level(
    drawn: Drawn,
    axes: list[Axis],
    level: int,
    lanes: int,
    threads: bool,
    gathered: dict[int, Accumulator],
    known: list[Any],
) -> list[Statement]:
    """The statements of one level: before the loop, the loop, and after it. An accumulator of a level is opened before its loop."""
    rng, outer = drawn.rng, axes[:level]
    before: list[Any] = drawn.instructions(outer, known, rng.randint(0, 2)) if level and rng.random() < 0.5 else []
    inside = known + before
    body: list[Statement]
    if level == len(axes) - 1:
        made = drawn.instructions(axes, inside, rng.randint(0, 5))
        numbers = [x for x in made if x.dtype == drawn.dtype]
        body = [*made]
        if rng.random() < 0.7 or not gathered:
            body.append(drawn.store(axes, rng.choice(numbers)))
        body += [Accumulate(a, rng.choice(numbers)) for a in gathered.values()]
    else:
        body = _level(drawn, axes, level + 1, lanes, threads, gathered, inside)
    kind = "vector" if level == lanes else "parallel" if threads and level == 0 else "serial"
    start = rng.choice([0, 0, 0, min(1, axes[level].extent - 1)])
    loop = For(axes[level], tuple(body), kind, start, reverse=kind == "serial" and rng.random() < 0.3)
    result: list[Statement] = [*before]
    if level in gathered:
        result.append(gathered[level])
    result.append(loop)
    if level in gathered:
        total = Total(gathered[level])
        result += [total, drawn.store(outer, total)]
    return result
