"""Programs: graphs that are run, first by the interpreter, then as code of a target. All that is run is one.

Of a run and a transform a program is kept with the path, and becomes code when that pays (`Tiers`); of a compiled function it is code
at once (`path.CompiledPath`); a derived graph that is a call on a tape stays with NumPy (`interned.GraphCall`). It knows no Python function.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from wengert.core.ir import collector
from wengert.core.ir.graph import Graph, Node, input_node
from wengert.core.ir.walk import substitute, topological
from wengert.targets import interpreter
from wengert.targets.base import Executable, Target, default
from wengert.targets.parameters import Parameter
from wengert.targets.partition import lower

SECONDS_A_CALL = 1e-4
"""The time that a call takes to be written down, derived and compiled, about, where it becomes straight-line code."""
AT_ONCE = 1.0
"""A program that takes no longer to compile is compiled at the third call."""
THIRD = 3

Array = Any


class GraphRunner:
    """A graph that is run: by NumPy, node by node, and as code of a target once that is made."""

    def __init__(self, graph: Graph) -> None:
        from wengert.core.passes import pipeline  # the first calls of a function have no program, and do without

        with collector.waiting():
            self.graph = pipeline.run(graph)
        self.executable: Executable | None = None
        """The code, once it is made."""

    @cached_property
    def plain(self) -> interpreter.Interpreted:
        """The graph run by NumPy."""
        return interpreter.compile(self.graph)

    def interpreted(self, *values: Array) -> Sequence[Array]:
        """The outputs by NumPy, for values of the inputs in their order."""
        return self.plain.in_order(*values)

    def lower(
        self, target: Target, donated: Mapping[int, int] | None = None, *, cache: bool = True, quick: bool = False
    ) -> Executable:
        """Make the code; `quick` where that is to be done soon."""
        with collector.waiting():
            self.executable = lower(self.graph, target, donated or {}, cache=cache, quick=quick)
        return self.executable

    def by_code(self, values: Sequence[Array]) -> Sequence[Array]:
        """The outputs by the code; what it cannot do is done by NumPy. The arrays have the dtypes of the inputs, and no gaps."""
        assert self.executable is not None
        return self.executable.run(values, self.interpreted)


class NodesProgram(GraphRunner):
    """Outputs over inputs, of which it takes those that are read. It climbs by itself from NumPy to code, when it is told."""

    def __init__(self, inputs: Sequence[Node], outputs: Sequence[Node]) -> None:
        self.inputs, self.outputs = list(inputs), list(outputs)
        needed = set(topological(outputs))
        self.reads = [k for k, node in enumerate(inputs) if node in needed]
        """The inputs that it takes, by number."""
        read = [inputs[k] for k in self.reads]
        renamed = {node: input_node(f"x{k}", node.type) for k, node in enumerate(read)}
        super().__init__(Graph(tuple(renamed.values()), tuple(substitute(outputs, renamed))))
        self.native: Callable[..., Any] | None = None
        """The entry of the code."""

    def __call__(self, values: Sequence[Array]) -> Sequence[Array]:
        """The outputs for the values of all inputs."""
        given = [values[k] for k in self.reads]
        return self.interpreted(*given) if self.native is None else self.native(*given)


def compiled(program: GraphRunner) -> Callable[..., Any]:
    """A program as machine code: a function of arrays and numbers in the order of the inputs, to the tuple of outputs."""
    graph, made = program.graph, program.lower(default(), quick=True)

    def slow(*values: Array) -> Sequence[Array]:
        return program.by_code(
            [np.require(x, node.type.dtype, ["C", "A"]) for x, node in zip(values, graph.inputs, strict=True)]
        )

    parameters = [Parameter(f"p{k}", k, "positional") for k in range(len(graph.inputs))]
    weak = [not node.type.rank for node in graph.inputs]
    return made.entry(parameters, tuple(range(len(graph.outputs))), slow, program.interpreted, weak=weak) or slow


class Tiers:
    """What is kept of a transform of a path: how often it was asked for, the time that was spent without code, the program."""

    def __init__(self, calls: int | None) -> None:
        self.calls = 0
        self.spent = 0.0
        self.estimate = math.inf if calls is None else SECONDS_A_CALL * calls
        """The time that it takes to compile: at least, from the number of calls of the path; about, once there is a program;
        never, where the path is not kept."""
        self.program: NodesProgram | None = None
        self.halves: tuple[NodesProgram, NodesProgram] | None = None
        """What is computed once, and what is computed for each further value."""

    @property
    def is_due(self) -> bool:
        """Whether machine code pays: it is soon made and this is the third call, or as much time was spent without it."""
        return self.calls >= THIRD and (self.estimate <= AT_ONCE or self.spent >= self.estimate)

    @property
    def native(self) -> NodesProgram | None:
        """The program, where it is machine code."""
        return self.program if self.program is not None and self.program.native is not None else None

    def hold(self, program: NodesProgram) -> None:
        """Keep a program, from whose graph the time to compile it can be told better."""
        self.program = program
        if self.estimate < math.inf:
            self.estimate = default().estimate(program.graph).to_make

    def run(self, values: Sequence[Array]) -> Sequence[Array]:
        """The outputs of the program, as machine code from when it pays."""
        program = self.program
        assert program is not None
        if self.is_due:
            program.native = compiled(program)
            return program(values)
        start = time.perf_counter()
        found = program(values)
        self.spent += time.perf_counter() - start
        return found
