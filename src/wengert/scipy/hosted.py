"""Solvers in functions that are written down: between parts in code the host calls SciPy, which asks the user's functions as graphs.

What a solver finds has no derivative of its own; the caller writes down beside it what gives it one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from wengert.core.ir.graph import Node, apply
from wengert.core.ir.types import ArrayType, sizes_of
from wengert.core.ops.control import Cotangents, results
from wengert.functions.run.programs import NodesProgram, compiled
from wengert.functions.tracing.operands import as_node
from wengert.functions.tracing.record import Leaf, Recorded, new_inputs, record
from wengert.functions.tracing.standin import refuse
from wengert.functions.tracing.tracer import traced

Search = Callable[..., Sequence[Any]]
"""search(*functions of numbers, *given numbers) -> the arrays that were found."""


@dataclass(frozen=True)
class Asked:
    """A function that a solver asks, and the shapes of its arguments, which are real numbers."""

    function: Callable[..., Any]
    shapes: tuple[tuple[int, ...], ...]


class _Body:
    """A function that was written down, to be called with numbers and with what it reads from outside."""

    def __init__(self, found: Recorded, outside: Sequence[Node]) -> None:
        own = [inner for _, inner in found.captured]
        self._program = NodesProgram([*found.inputs, *own], found.outputs)
        nodes = [as_node(value) for value, _ in found.captured]
        self._places = [outside.index(node) for node in nodes]

    @cached_property
    def _code(self) -> Callable[..., Any]:
        return compiled(self._program)

    def reading(self, outside: Sequence[Any]) -> Callable[..., Any]:
        """The function, where these are the numbers outside."""
        own = [outside[k] for k in self._places]

        def call(*args: Any) -> Any:
            values = [*(np.asarray(x, float) for x in args), *own]
            return self._code(*(values[k] for k in self._program.reads))[0]

        return call


@dataclass(frozen=True, eq=False)
class HostSearch:
    """The call of a solver on numbers. It has no derivative."""

    name: str
    search: Search
    bodies: Sequence[_Body]
    given: int
    """So many of the inputs are given to the solver; the functions read the others."""
    inputs: tuple[ArrayType, ...]
    results: tuple[ArrayType, ...]

    def __repr__(self) -> str:
        return self.name

    def value(self, *arrays: Any) -> list[Any]:
        """What the solver finds."""
        functions = [body.reading(arrays[self.given :]) for body in self.bodies]
        found = self.search(*functions, *(array[()] for array in arrays[: self.given]))
        return [np.reshape(np.asarray(y, float), sizes_of(type)) for y, type in zip(found, self.results, strict=True)]

    def jvp(self, node: Node, tangents: Sequence[Node | None]) -> list[Node | None]:
        """None stands for zero."""
        return [None] * len(self.results)

    def vjp(self, node: Node, cotangents: Cotangents) -> list[Node | None]:
        """None stands for zero."""
        return [None] * len(self.inputs)


def searched(
    name: str, search: Search, asked: Sequence[Asked], given: Sequence[Any], found: Sequence[ArrayType]
) -> list[Any]:
    """What a solver finds, as values of the function that is written down: arrays of the types `found`.

    Raises TraceError where one of the functions gives no single array.
    """
    written = [_written(name, each) for each in asked]
    outside = list(dict.fromkeys(as_node(value) for each in written for value, _ in each.captured))
    bodies = [_Body(each, outside) for each in written]
    nodes = [*(as_node(x, "float64") for x in given), *outside]
    types = tuple(node.type for node in nodes)
    call = HostSearch(name, search, bodies, len(given), types, tuple(found))
    return [traced(node) for node in results(apply("host_call", *nodes, function=call))]


def _written(name: str, asked: Asked) -> Recorded:
    leaves = [Leaf(ArrayType(shape), not shape) for shape in asked.shapes]
    inputs = new_inputs([f"x{k}" for k in range(len(leaves))], leaves)
    found = record(inputs, leaves, lambda values: asked.function(*values))
    if len(found.outputs) != 1:
        refuse(
            f"'{name}' asks a function that gives {len(found.outputs)} arrays.",
            "Return one array:  np.array([a, b])",
        )
    return found
