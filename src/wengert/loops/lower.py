"""Lowering: a graph whose sizes are numbers becomes a program of loop nests over buffers. It knows no target."""

from __future__ import annotations

from collections.abc import Mapping

from wengert.ir.graph import Graph, Node
from wengert.loops.body import lower_graph
from wengert.loops.fuse import numbers
from wengert.loops.memory import Memory
from wengert.loops.nest import Buffer, Program
from wengert.loops.pull import Given, Place


def lower(graph: Graph, donated: Mapping[int, int] | None = None) -> Program:
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
    body = lower_graph(Memory(), graph, given, [Place(b) for b in outputs], threads=True)
    return Program(inputs, outputs, tuple(body))
