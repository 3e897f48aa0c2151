"""A graph as an executable of XLA, for one device: arrays of NumPy in, arrays of NumPy out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Any

import numpy as np

from wengert.core.ir.graph import Graph
from wengert.core.ir.walk import order_of
from wengert.targets.base import CalledFromPython
from wengert.targets.xla.findings import Findings
from wengert.targets.xla.library import jax, wide
from wengert.targets.xla.support import CALLS, supports
from wengert.targets.xla.trace import traced

Array = Any


class XlaExecutable(CalledFromPython):
    """The executable and what its findings say. It has no entry of C: `run` is called from Python."""

    def __init__(self, graph: Graph, donated: Mapping[int, int], program: Any, kinds: list[str]) -> None:
        self.graph, self.donated, self.kinds = graph, donated, kinds
        self._program = program
        self._calls = any(supports(node) is CALLS for node in order_of(graph))

    @property
    def bytes(self) -> int:
        """The bytes of its code, where XLA says it."""
        return int(self._program.memory_analysis().generated_code_size_in_bytes)

    def run(self, arrays: Sequence[Array], fallback: Callable[..., Any]) -> tuple[Any, ...]:
        """The outputs as arrays of NumPy; where NumPy would raise, or a function of the host does, what `fallback` gives."""
        with wide():
            try:
                *outputs, found = self._program(*arrays)
                wrong = int(found)
            except jax.errors.JaxRuntimeError:
                if not self._calls:
                    raise
                return fallback(*arrays)
            if wrong:
                return fallback(*arrays)
            return tuple(_fetched(y) for y in outputs)


def _fetched(value: Array) -> Any:
    """An array of the caller's own; without axes, a NumPy scalar."""
    return np.array(value) if value.ndim else np.asarray(value)[()]


def function(graph: Graph, kinds: list[str]) -> Callable[..., tuple[Array, ...]]:
    """(arrays) -> (the outputs, the number of a finding); the trace adds to `kinds` what numbers mean."""

    def run(*arrays: Array) -> tuple[Array, ...]:
        findings = Findings(kinds)
        return (*traced(graph, arrays, findings), findings.number)

    return run


def compile(graph: Graph, donated: Mapping[int, int]) -> XlaExecutable:
    """A graph whose nodes are all XLA's; the memory of donated inputs is that of outputs."""
    kinds: list[str] = []
    with wide():
        program = _lowered(graph, donated, kinds).compile()
    return XlaExecutable(graph, donated, program, kinds)


def _lowered(graph: Graph, donated: Mapping[int, int], kinds: list[str]) -> Any:
    given = [jax.ShapeDtypeStruct(x.type.shape, x.type.dtype) for x in graph.inputs]
    numbers = tuple(sorted(donated.values()))
    return jax.jit(function(graph, kinds), donate_argnums=numbers, keep_unused=True).lower(*given)


def text(graph: Graph, stage: str, seconds: MutableMapping[str, float]) -> str:
    """The program that XLA is given ("hlo"), or what it makes of it ("optimised")."""
    with wide():
        began = time.perf_counter()
        lowered = _lowered(graph, {}, [])
        seconds["trace"] = seconds.get("trace", 0.0) + time.perf_counter() - began
        if stage == "hlo":
            return lowered.as_text()
        began = time.perf_counter()
        made = lowered.compile()
        seconds["compile"] = seconds.get("compile", 0.0) + time.perf_counter() - began
        return made.as_text()
