"""From a graph whose sizes are numbers to code in memory, stage by stage: loop nests, LLVM, machine code. It knows no call.

A long graph of small arrays has no loops: its code is made of the graph itself, and cheaply.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

import numpy as np

from wengert.core.ir.graph import Graph
from wengert.targets.native import jit, unrolled
from wengert.targets.native.emit import CONSTANT, Emitted, emit
from wengert.targets.native.loops.buffers import ArenaPlan, plan
from wengert.targets.native.loops.count import has_open_end, operations
from wengert.targets.native.loops.inside import statements
from wengert.targets.native.loops.lower import lower
from wengert.targets.native.loops.nest import Compute, NestProgram
from wengert.targets.native.processor import Processor, host
from wengert.targets.native.runtime import imports_of
from wengert.targets.native.signature import PROGRAM
from wengert.targets.native.subnormals import are_flushed

T = TypeVar("T")

FEW = 4
"""Pieces of straight-line code that are made in a few milliseconds."""
CROWDED = 5000
"""The operations written in a program from which its code is made at the lowest level."""
LONG = 100_000
"""The operations, in additions, from which other Python threads run meanwhile: some 10 µs."""


@dataclass
class Build:
    """One graph on its way to code; every stage can be looked at."""

    graph: Graph
    donated: Mapping[int, int] = field(default_factory=dict[int, int])
    target: Processor = field(default_factory=host)
    quick: bool = False
    """Whether code is to be there soon rather than to be as good as can be: graphs of any length are unrolled where they can be."""
    seconds: dict[str, float] = field(default_factory=dict[str, float])
    """How long each stage took."""

    @cached_property
    def cut(self) -> unrolled.Cut | None:
        """The graph in pieces of straight-line code, where it becomes such."""
        return unrolled.cut(self.graph, 0 if self.quick else unrolled.LONG)

    @cached_property
    def flushes(self) -> bool:
        """Whether subnormal numbers are flushed while it runs."""
        return are_flushed(self.graph)

    @property
    def opt(self) -> int:
        """The level of code generation. Straight-line code is made in an eighth of the time at the lowest, and is as fast;
        very many operations in loop nests in a third of the time, some 40 % slower.
        """
        if self.cut is not None:
            return 0
        return 2 if sum(isinstance(each, Compute) for each in statements(self.program.body)) < CROWDED else 0

    @cached_property
    def program(self) -> NestProgram:
        """The loop nests."""
        return self._timed("loops", lambda: lower(self.graph, self.donated))

    @cached_property
    def plan(self) -> ArenaPlan:
        """The places of the temporaries."""
        return self._timed("memory", lambda: plan(self.program))

    @cached_property
    def emitted(self) -> Emitted:
        """The module in LLVM's language."""
        cut = self.cut
        if cut is not None:
            return self._timed("llvm", lambda: unrolled.emit(cut, self.target, self.flushes))
        program, places = self.program, self.plan
        return self._timed("llvm", lambda: emit(program, places, self.target, flushes=self.flushes))

    @cached_property
    def assembly(self) -> str:
        """The machine's instructions as text."""
        text = self.emitted.text
        return self._timed("code", lambda: jit.emit_assembly(text, self.target, self.opt))

    def load(self, cache: bool = True) -> jit.MachineCode:
        """The code in memory. Straight-line code of few pieces is made sooner than it is found on disk."""
        emitted = self.emitted
        cache = cache and (self.cut is None or self.cut.pieces > FEW)
        arrays = [np.ascontiguousarray(b.value, dtype=b.dtype) for b in emitted.constants]
        addresses = {f"{CONSTANT}{k}": array.ctypes.data for k, array in enumerate(arrays)}
        imports = {**imports_of(emitted.text), **addresses}
        code = self._timed(
            "code", lambda: jit.load(emitted.text, [PROGRAM], imports, self.target, opt=self.opt, cache=cache)
        )
        code.holds = arrays
        return code

    @cached_property
    def is_long(self) -> bool:
        """Whether a call takes long enough for others to run meanwhile."""
        if self.cut is not None:
            return self.cut.operations > LONG
        return has_open_end(self.program) or operations(self.program.body) > LONG

    def _timed(self, stage: str, make: Callable[[], T]) -> T:
        start = time.perf_counter()
        result = make()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - start
        return result


def text(graph: Graph, stage: str, seconds: MutableMapping[str, float]) -> str:
    """One stage of a graph as text; `seconds` gets how long each step on the way took."""
    from wengert.targets.native.loops.show import show  # who runs a graph does not print it
    from wengert.targets.native.loops.show_kernels import show_kernels

    build = Build(graph)
    makers: Mapping[str, Callable[[], str]] = {
        "fused": lambda: show_kernels(graph),
        "loops": lambda: show(build.program),
        "llvm": lambda: build.emitted.text,
        "asm": lambda: build.assembly,
    }
    start = time.perf_counter()
    text = makers[stage]()
    taken = build.seconds or {"fuse": time.perf_counter() - start}
    for name, value in taken.items():
        seconds[name] = seconds.get(name, 0.0) + value
    return text
