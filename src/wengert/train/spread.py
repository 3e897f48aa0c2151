"""The updates of a training over a mesh of devices: the minibatches of a call are laid out, then one program makes all of its updates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from wengert.core.ir.graph import Graph
from wengert.core.ir.types import bind_shape
from wengert.notes.elaboration.system import SystemData
from wengert.targets.base import SpreadGraph, mesh_target
from wengert.targets.mesh import Mesh, MeshLayout, Sharding, Spec, letters_along
from wengert.targets.ready import pair_donated, with_sizes
from wengert.train import epoch_graph
from wengert.train.epoch_graph import COUNT, DONE, FIRST, LOSSES, WANTED, StepGraph, updates_graph
from wengert.train.optimizers import NamedOptimizer, State
from wengert.train.table import Array


@dataclass
class SpreadUpdates:
    """(parameters, state) after several updates, and the loss before each: see `model.Updates`, of which it is one.

    `step`, `sizes`, `batch`, `parameters`, `data`, `arrays` are those of `updates.Updates`; `system` is that of a batch, whose letters
    say over which axis of the mesh an axis lies. Each minibatch is spread, so that of n over data each device has its rows alone.
    """

    step: Graph
    sizes: Mapping[str, int]
    batch: frozenset[str]
    parameters: Mapping[str, str]
    data: tuple[str, ...]
    arrays: Mapping[str, Array]
    optimizer: NamedOptimizer
    system: SystemData
    sharding: Sharding
    planned: int
    """The examples of a minibatch. A last smaller one is whole on every device where it does not divide."""
    at_once: int
    parts: int = 1
    """In how many parts the processes share the examples: each has its own rows in `arrays`, where they are more than one."""
    _programs: dict[tuple[int, int], SpreadGraph] = field(default_factory=dict[Any, Any])

    @property
    def at_first(self) -> int:
        """The updates of the first call."""
        return self.at_once

    def over(self, arrays: Mapping[str, Array]) -> SpreadUpdates:
        """The same over other training data, by the names of the equations: of several processes, each gives its own rows."""
        return replace(self, arrays={**self.arrays, **arrays}, parts=self.part()[1])

    def part(self) -> tuple[int, int]:
        """(which, of how many): the part of the examples that this process reads."""
        return mesh_target().part_of(self.sharding.mesh, self.sharding.shard.get(self._letter()))

    def _letter(self) -> str:
        """The letter of the examples."""
        return letters_along(self.system, self.data[0], self.system.quantities[self.data[0]].type.shape)[0]

    @property
    def spreads(self) -> bool:
        """They do."""
        return True

    def mesh(self) -> Mesh:
        """The devices over which it is spread."""
        return self.sharding.mesh

    def __call__(
        self, params: Mapping[str, Array], state: State, order: Array | None, first: int, batch: int, count: int
    ) -> tuple[dict[str, Array], State, list[float]]:
        """After `count` updates.

        Raises ShapeError where a size does not divide over the mesh, GraphError where the mesh has more devices than there are.
        """
        program = self.program(batch, count)
        values = self._values(params, state, count)
        values |= {name: self._stacked(name, order, first, batch, count) for name in self.data}
        arrays = [
            (program.place_own if name in self.data and self.parts > 1 else program.place)(k, values[name])
            for k, name in enumerate(program.graph.input_names)
        ]
        losses, made, *after = (program.fetch(y) for y in program(arrays))
        groups = [after[k : k + len(params)] for k in range(0, len(after), len(params))]
        new, *later = [dict(zip(self.parameters, map(np.asarray, group), strict=True)) for group in groups]
        moments = zip(self.optimizer.rule.moments, later, strict=True)
        return new, {"count": int(made), **dict(moments)}, losses[:count].tolist()

    def _values(self, params: Mapping[str, Array], state: State, count: int) -> dict[str, Any]:
        values: dict[str, Any] = {**self.arrays, COUNT: state["count"], LOSSES: np.zeros(count)}
        values |= {FIRST: 0, DONE: 0, WANTED: count}
        values |= {name: params[spelled] for spelled, name in self.parameters.items()}
        for moment in self.optimizer.rule.moments:
            kept: Any = state[moment]
            values |= {epoch_graph.moment(moment, name): kept[spelled] for spelled, name in self.parameters.items()}
        return values | {epoch_graph.setting(key): value for key, value in self.optimizer.settings.items()}

    def _stacked(self, name: str, order: Array | None, first: int, batch: int, count: int) -> Array:
        """The minibatches of the call, one behind the other."""
        whole = self.arrays[name]
        batch //= self.parts
        rows = np.tile(np.arange(batch), count) if order is None else order[first : first + batch * count]
        return whole[rows].reshape(count, batch, *whole.shape[1:])

    def program(self, batch: int, count: int) -> SpreadGraph:
        """The program of `count` updates over `batch` examples each."""
        if (batch, count) not in self._programs:
            sharding = self._sharding(batch)
            step = self._sized(batch, sharding)
            settings = tuple(self.optimizer.settings)
            parts = StepGraph(step, tuple(self.parameters.values()), self.data, batch)
            graph = updates_graph(parts, self.optimizer.rule, settings, 0, False, room=count, stacked=True)
            kept = [name for name, y in zip(graph.names, graph.outputs, strict=True) if y.shape]
            layout = self._layout(graph, sharding)
            self._programs[batch, count] = mesh_target().spread(graph, layout, pair_donated(graph, kept))
        return self._programs[batch, count]

    def _sharding(self, batch: int) -> Sharding:
        letter = self._letter()
        count = self.sharding.mesh.axes.get(self.sharding.shard.get(letter, ""), 1)
        if batch == self.planned or batch % count == 0:
            return self.sharding
        rest = {l: axis for l, axis in self.sharding.shard.items() if l != letter}
        return Sharding(self.sharding.mesh, rest)

    def _sized(self, batch: int, sharding: Sharding) -> Graph:
        """The step for a number of examples, whose sizes divide over the mesh."""
        sizes = {**self.sizes, **dict.fromkeys(self.batch, batch)}
        specs = sharding.specs(self.system)
        for name in (*self.data, *self.parameters.values()):
            shape = bind_shape(self.system.quantities[name].type.shape, sizes)
            letters = letters_along(self.system, name, self.system.quantities[name].type.shape)
            sharding.check(name, specs[name], [int(n) for n in shape], letters)  # pyright: ignore[reportArgumentType]
        return with_sizes(self.step, sizes)

    def _layout(self, graph: Graph, sharding: Sharding) -> MeshLayout:
        specs = sharding.specs(self.system)
        of_moments = {
            epoch_graph.moment(m, name): name for m in self.optimizer.rule.moments for name in self.parameters.values()
        }

        def spec(name: str, rank: int) -> Spec:
            base = specs.get(of_moments.get(name, name))
            if base is None or not rank:
                return (None,) * rank
            return (None, *base) if name in self.data else base

        inputs, outputs = _specs(spec, graph.input_names, graph.inputs), _specs(spec, graph.names, graph.outputs)
        return MeshLayout(sharding.mesh, inputs, outputs)


def _specs(spec: Any, names: Sequence[str], nodes: Sequence[Any]) -> list[Spec]:
    return [spec(name, node.type.rank) for name, node in zip(names, nodes, strict=True)]
