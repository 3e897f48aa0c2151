"""How each quantity of a derivation lies on a mesh, and which collectives each line costs: what `wengert stages --stop shards` prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from wengert.api import Derivation
from wengert.core.ir.graph import Graph, Node
from wengert.core.ir.names import bar, is_bar, unbar
from wengert.core.ir.types import bind_shape
from wengert.core.ir.walk import topological
from wengert.core.passes import pipeline
from wengert.notes.elaboration.system import SystemData
from wengert.targets.base import mesh_target
from wengert.targets.collectives import SCOPE, Collective, collectives
from wengert.targets.mesh import MeshLayout, Sharding, Spec, letters_along
from wengert.targets.ready import with_sizes


@dataclass(frozen=True)
class Shards:
    """The quantities, how each lies, and the collectives of one step: the loss and all of its derivatives."""

    system: SystemData
    specs: Mapping[str, Spec]
    shown: Sequence[str]
    found: Sequence[Collective]

    def __str__(self) -> str:
        return "\n".join([*self._quantities(), "", *self._costs()])

    def _quantities(self) -> Iterator[str]:
        for name in (name for name in self.shown if not is_bar(name)):
            letters = letters_along(self.system, name, self.system.quantities[name].type.shape)
            over = [f"{l} over {axis}" for l, axis in zip(letters, self.specs[name], strict=True) if axis]
            written = [_written(self.system, each) for each in (name, bar(name)) if each in self.shown]
            yield f"{', '.join(written)}: {', '.join(over) or 'whole on every device'}"

    def _costs(self) -> Iterator[str]:
        if not self.found:
            yield "no collectives"
        names = {_scope(self.system, name): name for name in (*self.specs,)}
        for each in self.found:
            lines = [_written(self.system, names[line]) for line in each.lines if line in names]
            what = ", ".join(lines) or "no line of its own"
            yield f"{what}: {each.kind} over {' and '.join(each.over) or 'one device'}, {each.bytes} bytes"


def _written(system: SystemData, name: str) -> str:
    """The quantity with its letters: w̄_kj."""
    letters = letters_along(system, name, system.quantities[unbar(name) if is_bar(name) else name].type.shape)
    plain = unbar(name) if is_bar(name) else name
    shown = f"{plain[0]}\u0304{plain[1:]}" if is_bar(name) else plain
    return f"{shown}_{''.join(letters)}" if letters else shown


def _scope(system: SystemData, name: str) -> str:
    if is_bar(name):
        return f"{system.quantities[unbar(name)].identifier}_bar"
    return system.quantities[name].identifier


def shards(derivation: Derivation, sharding: Sharding, sizes: Mapping[str, int]) -> Shards:
    """The collectives of the loss and its derivatives, from the program that XLA makes for one device.

    Raises EquationError where a letter is that of no axis, ShapeError where a size does not divide, GraphError where the mesh has
    more devices than there are.
    """
    system, data = derivation.system.data, derivation.data
    specs = sharding.specs(system)
    numbers = derivation.system.sizes(sizes)
    for name in system.inputs:
        shape = system.quantities[name].type.shape
        bound = [int(str(n)) for n in bind_shape(shape, numbers)]
        sharding.check(name, specs[name], bound, letters_along(system, name, shape))
    wanted = (data.loss, *(bar(name) for name in data.wrt))
    graph, named = _named(derivation, wanted)
    sized = with_sizes(graph, numbers)
    scopes = _scopes(system, dict(zip(topological(graph.outputs), topological(sized.outputs), strict=True)), named)
    sized = Graph(sized.inputs, sized.outputs[: len(wanted)], wanted)
    layout = MeshLayout(
        sharding.mesh,
        [specs[name][: x.type.rank] for name, x in zip(sized.input_names, sized.inputs, strict=True)],
        [specs[name] for name in wanted],
        scopes,
    )
    text = mesh_target().spread(sized, layout, {}).text()
    names = (*system.inputs, *(line.name for line in system.lines), *(bar(line.name) for line in data.lines))
    shown = [name for name in names if name in specs]
    return Shards(system, specs, shown, collectives(text, sharding.mesh))


def _named(derivation: Derivation, wanted: Sequence[str]) -> tuple[Graph, dict[Node, str]]:
    """The graph after the passes, of which every line and every error signal is an output, and the name of each one's node."""
    data = derivation.data
    lines = [line.name for line in derivation.system.data.lines]
    signals = [bar(line.name) for line in data.lines if line.name in lines]
    names = list(dict.fromkeys([*wanted, *lines, *signals]))
    whole = pipeline.run(data.graph(tuple(names), seed_one=True))
    named: dict[Node, str] = {}
    for name, node in zip(names, whole.outputs, strict=True):
        named.setdefault(node, name)
    return whole, named


def _scopes(system: SystemData, sized: Mapping[Node, Node], named: Mapping[Node, str]) -> dict[Node, str]:
    """Each node with a number for every size to the first line that it is for."""
    found: dict[Node, str] = {}
    for node in sized:
        if node in named:
            for part in topological([node]):
                found.setdefault(sized[part], SCOPE + _scope(system, named[node]))
    return found
