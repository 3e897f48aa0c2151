"""Programs: what is made of a run and a transform, kept with the path, first by the interpreter, then as machine code.

A program reads some of the inputs of the run and further values. It knows no Python function.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from wengert.core.ir.graph import Graph, Node, input_node
from wengert.core.ir.walk import substitute, topological
from wengert.core.passes import pipeline
from wengert.targets import interpreter
from wengert.targets.base import default

SECONDS_A_CALL = 1e-4
"""The time that a call takes to be written down, derived and compiled, about, where it becomes straight-line code."""
AT_ONCE = 1.0
"""A program that takes no longer to compile is compiled at the third call."""
THIRD = 3

Array = Any


class RunProgram:
    """Outputs over inputs of a run and further values."""

    def __init__(self, inputs: Sequence[Node], outputs: Sequence[Node]) -> None:
        self.inputs, self.outputs = list(inputs), list(outputs)
        needed = set(topological(outputs))
        self.reads = [k for k, node in enumerate(inputs) if node in needed]
        """The inputs that it takes, by number."""
        read = [inputs[k] for k in self.reads]
        renamed = {node: input_node(f"x{k}", node.type) for k, node in enumerate(read)}
        graph = Graph(tuple(renamed.values()), tuple(substitute(outputs, renamed)))
        self.graph = pipeline.run(graph)
        self.native: Callable[..., Any] | None = None
        self._plain = interpreter.compile(self.graph)

    def __call__(self, values: Sequence[Array]) -> Sequence[Array]:
        """The outputs for the values of all inputs."""
        given = [values[k] for k in self.reads]
        return self.interpreted(*given) if self.native is None else self.native(*given)

    def interpreted(self, *values: Array) -> Sequence[Array]:
        """The outputs by NumPy, node by node."""
        return self._plain.in_order(*values)


def compiled(graph: Graph) -> Callable[..., Any]:
    """A graph as machine code: a function of arrays and numbers in the order of the inputs, to the tuple of outputs."""
    from wengert.targets.parameters import Parameter
    from wengert.targets.partition import lower

    made = lower(graph, default(), {}, quick=True)
    interpreted = interpreter.compile(graph).in_order

    def slow(*values: Array) -> Sequence[Array]:
        whole = [np.require(x, node.type.dtype, ["C", "A"]) for x, node in zip(values, graph.inputs, strict=True)]
        return made.run(whole, interpreted)

    parameters = [Parameter(f"p{k}", k, "positional") for k in range(len(graph.inputs))]
    weak = [not node.type.rank for node in graph.inputs]
    return made.entry(parameters, tuple(range(len(graph.outputs))), slow, interpreted, weak=weak) or slow


class Seat:
    """What is kept of a transform of a path: how often it was asked for, the time that was spent without code, the program."""

    def __init__(self, calls: int | None) -> None:
        self.calls = 0
        self.spent = 0.0
        self.estimate = math.inf if calls is None else SECONDS_A_CALL * calls
        """The time that it takes to compile: at least, from the number of calls of the path; about, once there is a program;
        never, where the path is not kept."""
        self.program: RunProgram | None = None
        self.halves: tuple[RunProgram, RunProgram] | None = None
        """What is computed once, and what is computed for each further value."""

    @property
    def is_due(self) -> bool:
        """Whether machine code pays: it is soon made and this is the third call, or as much time was spent without it."""
        return self.calls >= THIRD and (self.estimate <= AT_ONCE or self.spent >= self.estimate)

    @property
    def native(self) -> RunProgram | None:
        """The program, where it is machine code."""
        return self.program if self.program is not None and self.program.native is not None else None

    def hold(self, program: RunProgram) -> None:
        """Keep a program, from whose graph the time to compile it can be told better."""
        self.program = program
        if self.estimate < math.inf:
            self.estimate = default().estimate(program.graph).to_make

    def run(self, values: Sequence[Array]) -> Sequence[Array]:
        """The outputs of the program, as machine code from when it pays."""
        program = self.program
        assert program is not None
        if self.is_due:
            program.native = compiled(program.graph)
            return program(values)
        start = time.perf_counter()
        found = program(values)
        self.spent += time.perf_counter() - start
        return found
