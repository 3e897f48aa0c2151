"""The updates of a training as code, many in a call, over arrays. It knows no loop of epochs and no file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np

from wengert.core.ir.graph import Graph
from wengert.core.ops.evaluate import bind
from wengert.targets.base import target
from wengert.targets.compiled import compile
from wengert.targets.ready import with_sizes
from wengert.train import epoch_graph
from wengert.train.epoch_graph import AT_ONCE, COUNT, DONE, FIRST, LOSSES, ORDER, WANTED, StepGraph, updates_graph
from wengert.train.optimizers import NamedOptimizer, State
from wengert.train.table import Array

HEAVY = 1e-4
"""The seconds of a step from which a call makes one update, so that its loops may use several threads."""

Program: TypeAlias = Callable[[dict[str, Any], int, int, int], tuple[Any, ...]]
"""(values by input, first place, examples of an update, updates) -> the results of `updates_graph`."""


def looped_program(graph: Graph, backend: str = "native") -> Program:
    """All updates in one call. Where code takes arrays to a device, it has copies there to write over."""
    kept = [name for name, y in zip(graph.names, graph.outputs, strict=True) if y.shape]
    run = compile(graph, backend, donate=kept if backend == "xla" else ())

    def program(values: dict[str, Any], first: int, batch: int, count: int) -> tuple[Any, ...]:
        return run(**values, **{FIRST: first, DONE: 0, WANTED: count})

    return program


def repeated_program(graph: Graph) -> Program:
    """A native call for each update, all of them in the same memory, which is a copy of what is given."""
    kept = [name for name, y in zip(graph.names, graph.outputs, strict=True) if y.shape]
    run = compile(graph, donate=kept)

    def program(values: dict[str, Any], first: int, batch: int, count: int) -> tuple[Any, ...]:
        values = {**values, **{name: np.array(values[name]) for name in kept}}
        results: tuple[Any, ...] = ()
        for k in range(count):
            results = run(**values, **{FIRST: first + k * batch, DONE: k})
            values.update(zip(graph.names, results, strict=True))
        return results

    return program


@dataclass
class ManyUpdates:
    """(parameters, state) after several updates by an optimizer, and the loss before each: see `model.Updates`.

    `step` is a batch's (loss, gradient by each parameter) for the names of the equations; `parameters` has the name of each
    identifier, `arrays` the training data and the constants by name, of the types of the step's inputs.
    """

    step: Graph
    sizes: Mapping[str, int]
    """The number of each named size but the batch's."""
    batch: frozenset[str]
    """The named sizes of the batch."""
    parameters: Mapping[str, str]
    data: tuple[str, ...]
    """The names of the training data."""
    examples: int
    arrays: Mapping[str, Array]
    optimizer: NamedOptimizer
    at_once: int = AT_ONCE
    backend: str = "native"
    _programs: dict[tuple[int, bool, int], Program] = field(default_factory=dict[Any, Any])

    @property
    def at_first(self) -> int:
        """The updates of the first call: one, from which it is seen how many fit into a while; all, where a call costs more."""
        return self.at_once if self.backend == "xla" else 1

    def over(self, arrays: Mapping[str, Array]) -> ManyUpdates:
        """The same over other training data, by the names of the equations."""
        return replace(self, arrays={**self.arrays, **arrays}, examples=len(arrays[self.data[0]]))

    def part(self) -> tuple[int, int]:
        """All of the examples."""
        return 0, 1

    @property
    def spreads(self) -> bool:
        """Whether XLA makes them."""
        return self.backend == "xla"

    def mesh(self) -> None:
        """All is on one device."""

    def __call__(
        self, params: Mapping[str, Array], state: State, order: Array | None, first: int, batch: int, count: int
    ) -> tuple[dict[str, Array], State, list[float]]:
        """After `count` updates over `batch` examples each, those from place `first` of the order on; without an order, all.

        Raises ShapeError where arrays do not fit the equations, KeyboardInterrupt where the user interrupts: nothing is changed.
        """
        key = batch, order is not None, self.examples
        if key not in self._programs:
            self._programs[key] = self._program(params, batch, order is not None)
        moments = self.optimizer.rule.moments
        values: dict[str, Any] = {**self.arrays, COUNT: state["count"], LOSSES: np.zeros(self.at_once)}
        if order is not None:
            values[ORDER] = order
        values |= {name: params[spelled] for spelled, name in self.parameters.items()}
        for moment in moments:
            arrays: Any = state[moment]
            values |= {epoch_graph.moment(moment, name): arrays[spelled] for spelled, name in self.parameters.items()}
        values |= {epoch_graph.setting(key): value for key, value in self.optimizer.settings.items()}
        losses, made, *after = self._programs[key](values, first, batch, count)
        groups = [after[k : k + len(params)] for k in range(0, len(after), len(params))]
        new, *later = [dict(zip(self.parameters, map(np.asarray, group), strict=True)) for group in groups]
        return new, {"count": int(made), **dict(zip(moments, later, strict=True))}, losses[:count].tolist()

    def _program(self, params: Mapping[str, Array], batch: int, gathered: bool) -> Program:
        self._refuse_misfit(params, batch)
        graph = with_sizes(self.step, {**self.sizes, **dict.fromkeys(self.batch, batch)})
        step = StepGraph(graph, tuple(self.parameters.values()), self.data, batch)
        settings = tuple(self.optimizer.settings)
        looped = self.backend == "xla" or self._is_light(graph)
        whole = updates_graph(step, self.optimizer.rule, settings, self.examples, gathered, looped, self.at_once)
        return looped_program(whole, self.backend) if looped else repeated_program(whole)

    def _is_light(self, graph: Graph) -> bool:
        seconds = target(self.backend).estimate(graph).a_call
        return seconds is not None and seconds < HEAVY

    def _refuse_misfit(self, params: Mapping[str, Array], batch: int) -> None:
        """A batch must fit the step: the same three lines as when it is run alone."""
        parts = {name: array[:batch] if name in self.data else array for name, array in self.arrays.items()}
        values = {name: params[spelled] for spelled, name in self.parameters.items()}
        bind(self.step, {**parts, **values}, self.sizes)
