"""A graph of named quantities over a mesh, laid out by its letters: a function of arrays by name, with a program for each binding of sizes."""

from __future__ import annotations

from typing import Any

from wengert.core.ir.graph import Graph
from wengert.core.ops.evaluate import bind
from wengert.targets.base import SpreadGraph, mesh_target
from wengert.targets.mesh import Lettering, MeshLayout, Sharding, letters_along
from wengert.targets.ready import with_sizes


class Lettered:
    """f(**arrays) -> the outputs in order, as arrays of the host. Inputs and outputs have the names of quantities and error signals."""

    def __init__(self, graph: Graph, system: Lettering, sharding: Sharding) -> None:
        self.graph, self.system, self.sharding = graph, system, sharding
        self.specs = sharding.specs(system)
        self._programs: dict[tuple[tuple[str, int], ...], SpreadGraph] = {}

    def __call__(self, /, **values: Any) -> tuple[Any, ...]:
        """The outputs.

        Raises ShapeError where an array does not fit, or a size does not divide over the mesh; GraphError where there are fewer devices.
        """
        arrays, sizes = bind(self.graph, values)
        key = tuple(sorted(sizes.items()))
        if key not in self._programs:
            for name, array in zip(self.graph.input_names, arrays, strict=True):
                letters = letters_along(self.system, name, array.shape)
                self.sharding.check(name, self.specs[name], array.shape, letters)
            inputs = [self.specs[name] for name in self.graph.input_names]
            layout = MeshLayout(self.sharding.mesh, inputs, [self.specs[name] for name in self.graph.names])
            self._programs[key] = mesh_target().spread(with_sizes(self.graph, sizes), layout, {})
        program = self._programs[key]
        found = program([program.place(k, array) for k, array in enumerate(arrays)])
        return tuple(y if (y := program.fetch(x)).ndim else y[()] for x in found)
