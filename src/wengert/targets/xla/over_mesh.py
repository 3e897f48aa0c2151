"""A graph as one program over a mesh of devices: where its inputs and results lie; XLA places the collectives between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from wengert.core.ir.graph import Graph
from wengert.errors import GraphError
from wengert.targets.base import HOST
from wengert.targets.mesh import Mesh, MeshLayout, Spec
from wengert.targets.xla import hosts
from wengert.targets.xla.findings import Findings, refused
from wengert.targets.xla.library import jax, sharding, wide
from wengert.targets.xla.support import CALLS, first_by, is_whole
from wengert.targets.xla.trace import traced

Array = Any


class Spread:
    """The program. Its arrays are JAX's, spread over the devices; donated ones are gone after a call."""

    def __init__(self, graph: Graph, layout: MeshLayout, donated: Mapping[int, int]) -> None:
        self.graph, self.layout = graph, layout
        self._grid = grid(layout.mesh)
        self.kinds: list[str] = []
        self._places = [self.place_of(spec) for spec in layout.inputs]
        _refuse_calls(graph, layout.mesh)
        with wide():
            self._program = self._lowered(donated).compile()

    def place_of(self, spec: Spec) -> Any:
        """The sharding of JAX that a spec is."""
        return sharding.NamedSharding(self._grid, sharding.PartitionSpec(*spec))

    def _lowered(self, donated: Mapping[int, int]) -> Any:
        def run(*arrays: Array) -> tuple[Array, ...]:
            findings = Findings(self.kinds)
            return (*traced(self.graph, arrays, findings, self.layout.scopes), findings.number)

        given = [
            jax.ShapeDtypeStruct(x.type.shape, x.type.dtype, sharding=place)
            for x, place in zip(self.graph.inputs, self._places, strict=True)
        ]
        after = (*map(self.place_of, self.layout.outputs), self.place_of(()))
        numbers = tuple(sorted(donated.values()))
        jitted = jax.jit(
            run, in_shardings=tuple(self._places), out_shardings=after, donate_argnums=numbers, keep_unused=True
        )
        return jitted.lower(*given)

    def text(self) -> str:
        """The program after XLA has split it for one device, with its collectives."""
        return self._program.as_text()

    def place(self, k: int, array: Array) -> Array:
        """The k-th input on the devices: of an array that every process has, each device gets its part alone."""
        array = np.asarray(array, self.graph.inputs[k].type.dtype)
        with wide():
            return jax.make_array_from_callback(array.shape, self._places[k], lambda index: array[index])

    def place_own(self, k: int, array: Array) -> Array:
        """The k-th input on the devices, of which each process gives its own part."""
        x = self.graph.inputs[k]
        with wide():
            given = np.asarray(array, x.type.dtype)
            return jax.make_array_from_process_local_data(self._places[k], given, x.type.shape)

    def __call__(self, arrays: Sequence[Array]) -> tuple[Array, ...]:
        """The outputs, on the devices. It waits for them, so that the collectives of two calls never meet.

        Raises GraphError where NumPy would raise on the way.
        """
        with wide():
            *outputs, found = self._program(*arrays)
            number = int(np.asarray(found.addressable_data(0)))
            jax.block_until_ready(outputs)
        if number:
            raise refused(self.kinds, number)
        return tuple(outputs)

    def fetch(self, array: Array) -> Any:
        """The whole array on this host."""
        with wide():
            if not array.is_fully_addressable and not array.is_fully_replicated:
                array = jax.jit(lambda x: x, out_shardings=self.place_of(()))(array)
            if array.is_fully_replicated:
                return np.array(array.addressable_data(0))
            return np.array(array)


def _refuse_calls(graph: Graph, mesh: Mesh) -> None:
    """Raises GraphError where NumPy would have to run a part of it: on a mesh a graph is one program."""
    whole = is_whole(graph)
    node = first_by(graph, HOST)
    if not whole and node is not None:
        raise GraphError(
            f"'{node.op.name}' is run by NumPy alone, and on a mesh a graph is one program of XLA.",
            f"  its result is {node.type}",
            "Leave the mesh out, or write it in other terms.",
        )
    called = first_by(graph, CALLS)
    if called is not None and mesh.count > 1:  # the devices that wait for the call can hang
        raise GraphError(
            f"'{called.op.name}' is a call of NumPy, which a program of several devices cannot make.",
            f"  its result is {called.type}; {mesh!r}",
            "Leave the mesh out, or write it in other terms.",
        )


def grid(mesh: Mesh) -> Any:
    """The devices of a mesh, as many of each process, in the order in which JAX counts them.

    Raises GraphError where there are fewer, or a process would have none.
    """
    found = jax.devices()
    mesh.require(len(found))
    each, over = divmod(mesh.count, hosts.processes())
    own = [[d for d in found if d.process_index == k][:each] for k in range(hosts.processes())]
    if over or any(len(devices) < each for devices in own):
        raise GraphError(
            f"The mesh has {mesh.count} devices, which {hosts.processes()} processes do not share evenly.",
            f"  {mesh!r}; they have {', '.join(str(sum(d.process_index == k for d in found)) for k in range(len(own)))}",
            f"Take a multiple of {hosts.processes()} devices, or start another number of processes.",
        )
    places = np.array([d for devices in own for d in devices]).reshape(tuple(mesh.axes.values()))
    return sharding.Mesh(places, tuple(mesh.axes))


def part_of(mesh: Mesh, axis: str | None) -> tuple[int, int]:
    """(which, of how many): the part of an array along a mesh axis that this process has; (0, 1) where each has all.

    Raises GraphError where the parts of two processes overlap.
    """
    if axis is None:
        return 0, 1
    along = np.moveaxis(grid(mesh).devices, list(mesh.axes).index(axis), 0).reshape(mesh.axes[axis], -1)
    owners = [{d.process_index for d in row} for row in along]
    held = {k: tuple(j for j, row in enumerate(owners) if k in row) for k in range(hosts.processes())}
    parts = sorted(set(held.values()))
    if [j for part in parts for j in part] != list(range(len(along))) or len({len(part) for part in parts}) > 1:
        raise GraphError(
            f"The processes have no parts along '{axis}' that lie apart.",
            f"  {mesh!r} over {hosts.processes()} processes",
            f"Name the axis of the examples first:  --mesh {axis}=…,…",
        )
    return parts.index(held[hosts.rank()]), len(parts)


def devices() -> tuple[tuple[str, str, int], ...]:
    """(platform, kind, number of its process) of each device that there is, over all processes."""
    return tuple((d.platform, d.device_kind, d.process_index) for d in jax.devices())
