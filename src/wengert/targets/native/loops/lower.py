"""Lowering: a graph whose sizes are numbers becomes a program of loop nests over buffers. It knows no target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wengert.core.ir.graph import Graph, Node
from wengert.core.ir.walk import topological
from wengert.targets.native.loops.body import lower_graph
from wengert.targets.native.loops.forms import numbers
from wengert.targets.native.loops.memory import NestMemory
from wengert.targets.native.loops.nest import Buffer, NestProgram
from wengert.targets.native.loops.pull import Given, Place

LOOKUPS = frozenset({"gather", "scatter_add", "put"})


def lower(graph: Graph, donated: Mapping[int, int] | None = None) -> NestProgram:
    """The program of a graph. `donated` maps outputs to the inputs whose memory they take."""
    donated = donated or {}
    inputs = tuple(Buffer(str(x.params["name"]), x.type.dtype, numbers(x.shape), "input") for x in graph.inputs)
    several = len(graph.outputs) > 1
    names = graph.names or tuple(f"result{k}" if several else "result" for k in range(len(graph.outputs)))
    outputs = tuple(
        inputs[donated[k]] if k in donated else Buffer(names[k], y.type.dtype, numbers(y.shape), "output")
        for k, y in enumerate(graph.outputs)
    )
    given: dict[Node, Given] = {x: Place(b) for x, b in zip(graph.inputs, inputs, strict=True)}
    safe = not _looks_up(graph.outputs, {graph.inputs[k] for k in donated.values()})
    body = lower_graph(NestMemory(), graph, given, [Place(b) for b in outputs], threads=True, in_place=safe)
    return NestProgram(inputs, outputs, tuple(body))


def _looks_up(outputs: Sequence[Node], changed: set[Node]) -> bool:
    """Whether a place that is looked up depends on one of these nodes: it may be outside, and the program is run again then by
    the interpreter, which must find the inputs as they were. Of loops and branches the places inside are taken to depend.
    """
    if not changed:
        return False
    depending = set(changed)
    for node in topological(outputs):
        if depending.isdisjoint(node.inputs):
            continue
        depending.add(node)
        if node.op.name in LOOKUPS and node.inputs[1] in depending:
            return True
        graphs = [value for value in node.params.values() if isinstance(value, Graph)]
        if any(_looks_up(inside.outputs, set(inside.inputs)) for inside in graphs):
            return True
    return False
