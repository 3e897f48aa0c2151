"""Runs: one run of a user's function, its structure known, so that programs derived from it can be run on its inputs.

What a run has in common stands in `FunctionRun`; where its calls go is told by its class: into a graph (`InnerRun`, inside of what is followed),
on a tape (`on_tape.TapeRun`), on a tape whose values are looked at (`watching.WatchedRun`).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from wengert.core.ir.graph import Node, input_node
from wengert.core.ir.types import ArrayType
from wengert.functions.run.arguments import Argnums, Arguments
from wengert.functions.run.formulas import opened
from wengert.functions.run.programs import NodesProgram
from wengert.functions.run.running import before, finish, joined, placed, result_in_trace, stable
from wengert.functions.tracing.narrow import Width, restored
from wengert.functions.tracing.record import Leaf, leaf_of
from wengert.functions.tracing.standin import StandIn
from wengert.functions.tracing.tracer import current
from wengert.functions.tracing.trees import Spec, unflatten
from wengert.functions.tracing.watch import ON

MOST_STRUCTURES = 4
Derive = Callable[..., Sequence[Node]]
Pull = Callable[[Sequence[Any]], list[Any]]
Back = Callable[[Sequence[Any], Pull, Sequence[Any]], Sequence[Any]]
Facts = Mapping[Node, Any]
"""Of inputs of a graph beside the arguments: whole numbers and truth values themselves, of real numbers whether each is not 0."""
Find = Callable[[Sequence[Node], Sequence[Node], Facts], Any]
"""find(inputs, outputs, facts): what holds of a graph for all real numbers that may be its inputs."""
Residual = Callable[[Sequence[Any]], list[Any]]
"""From the further values of a transform to what it gives."""


@dataclass(frozen=True)
class Transform:
    """What is made of a function that is written down: derive(inputs, outputs, extra, *static) -> nodes.

    `derive` is a function of a module, pure; programs are kept by (derive, static), so equal transforms give equal nodes.
    """

    derive: Derive
    static: tuple[Hashable, ...] = ()
    back: Back | None = None
    """The same on the values of one run, where it is reverse mode: from the outputs, the map from their cotangents to those of the
    inputs (None stands for zero) and the further values."""


def values(inputs: Sequence[Node], outputs: Sequence[Node], extra: Sequence[Node]) -> Sequence[Node]:
    """The function itself."""
    return outputs


VALUES = Transform(values)


@dataclass(frozen=True)
class RecordedRun:
    """What a run did, as a graph: first the inputs by which is derived, `count` of them, then what it read from outside."""

    inputs: Sequence[Node]
    outputs: Sequence[Node]
    values: Sequence[Any]
    """Of the inputs."""
    count: int
    facts: Callable[[], Facts] = dict
    holds: bool = True
    """Whether it holds for other inputs of the same types."""

    def derived(self, transform: Transform, further: Sequence[Node]) -> list[Node]:
        """The nodes of a transform."""
        return joined(transform.derive(self.inputs[: self.count], self.outputs, further, *transform.static))


def further_inputs(types: Sequence[ArrayType]) -> list[Node]:
    """Inputs for the further values of a transform."""
    return [input_node(f"extra {k}", type) for k, type in enumerate(types)]


class FunctionRun:
    """A function that has run once on arguments: what it returned, by types, and the programs that can be made of it."""

    arguments: Arguments
    """What it was called with, where that is in containers."""
    leaves: list[Leaf]
    """What the leaves of the result are to a graph."""
    spec: Spec
    """The container of the result."""

    @property
    def types(self) -> list[ArrayType]:
        """The types of the leaves of the result."""
        return [leaf.type for leaf in self.leaves]

    @property
    def widths(self) -> list[Width]:
        """The dtypes that leaves of whole numbers have in NumPy."""
        return [leaf.width for leaf in self.leaves]

    @property
    def weak(self) -> list[bool]:
        """Which leaves of the result are Python numbers."""
        return [leaf.weak for leaf in self.leaves]

    def recorded(self) -> RecordedRun:
        """The run as a graph, in stable form."""
        raise NotImplementedError

    def run(self, transform: Transform, extra: Sequence[Any] = ()) -> list[Any]:
        """The program of a transform, on the inputs of this run and further values: arrays, or traced where an input is."""
        graph = self.recorded()
        further = further_inputs([leaf_of(x).type for x in extra])
        return finish([*graph.inputs, *further], graph.derived(transform, further), [*graph.values, *extra])

    def split(self, transform: Transform, types: Sequence[ArrayType]) -> tuple[list[Any], Residual]:
        """The values of the run, and the transform as a function of further values of these types alone.

        What depends on no further value is computed here, once, and kept: the function itself is not run again.
        """
        graph = self.recorded()
        further = further_inputs(types)
        nodes = opened(graph.derived(transform, further))
        kept = before(nodes, further)
        found = finish(graph.inputs, [*graph.outputs, *kept], graph.values)
        n = len(graph.outputs)
        second = NodesProgram([*kept, *further], nodes)
        return found[:n], lambda extra: result_in_trace(second, [*found[n:], *extra])

    def structure(self, find: Find) -> Any:
        """What `find` finds in the graph of this run; kept with its path, where it has one, for as long as the facts are the same."""
        graph = self.recorded()
        return find(graph.inputs[: graph.count], graph.outputs, graph.facts())


class InnerRun(FunctionRun):
    """The run of a function inside of another that is followed: its graph is written down at every call."""

    def __init__(self, arguments: Arguments, leaves: Sequence[Leaf]) -> None:
        self.arguments = arguments
        self._graph = graph = arguments.record(leaves)
        self.spec = graph.spec
        kinds = zip(graph.outputs, graph.weak, graph.widths, strict=True)
        self.leaves = [Leaf(node.type, weak, width) for node, weak, width in kinds]

    @cached_property
    def _recorded(self) -> RecordedRun:
        graph = self._graph
        return RecordedRun(
            [*graph.inputs, *(node for _, node in graph.captured)],
            stable(joined(graph.outputs)),
            [*self.arguments.values, *(value for value, _ in graph.captured)],
            len(graph.inputs),
        )

    def recorded(self) -> RecordedRun:
        """See `FunctionRun`. What is captured has no facts: it may be traced."""
        return self._recorded

    def run(self, transform: Transform, extra: Sequence[Any] = ()) -> list[Any]:
        """See `FunctionRun`. Inside of a tape the derived graph is one call there."""
        graph, values = self._graph, [*self.arguments.values, *(value for value, _ in self._graph.captured), *extra]
        if not any(isinstance(value, StandIn) for value in values):
            return super().run(transform, extra)
        further = further_inputs([leaf_of(x).type for x in extra])
        inputs = [*graph.inputs, *(node for _, node in graph.captured), *further]
        n, last = len(graph.inputs), len(inputs) - len(further)

        def derive(xs: Sequence[Node], ys: Sequence[Node]) -> Sequence[Node]:
            return joined(transform.derive(xs[:n], stable(joined(ys)), xs[last:], *transform.static))

        return placed(inputs, graph.outputs, values, derive, (transform, n, last))


def fact_of(x: Any) -> Any:
    """What a structure may read of an array: the array of whole numbers, of real ones where they are not 0."""
    array = np.asarray(x)
    return array.copy() if array.dtype.kind in "biu" else array != 0


def found_again(kept: list[tuple[list[Any], Any]], facts: list[Any], find: Callable[[], Any]) -> Any:
    """What was found for the same facts, else what is found now; the last few are kept."""
    for known, found in kept:
        if all(map(np.array_equal, known, facts)):
            return found
    found = find()
    kept.insert(0, (facts, found))
    del kept[MOST_STRUCTURES:]
    return found


def result_of(run: FunctionRun, values: Sequence[Any]) -> Any:
    """The result in its container, whole numbers in the dtypes that they have in NumPy."""
    return unflatten(run.spec, [restored(x, width) for x, width in zip(values, run.widths, strict=True)])


def seen(f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], argnums: Argnums) -> FunctionRun:
    """f run once on arguments, to be derived by the real arguments `argnums`.

    Raises TraceError where one of them is not real, or f does with a traced value what a graph cannot hold.
    """
    arguments = Arguments(f, args, kwargs, argnums)
    leaves = arguments.real_leaves
    if current() is not None or any(isinstance(value, StandIn) for value in arguments.values):
        return InnerRun(arguments, leaves)
    if ON[0]:
        from wengert.functions.run.watching import WatchedRun

        return WatchedRun(arguments, leaves)
    from wengert.functions.run.on_tape import run_on_tape

    return run_on_tape(arguments, leaves)
