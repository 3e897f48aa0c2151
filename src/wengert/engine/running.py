"""Programs made of recorded functions, run: on numbers, or as nodes of the trace that is open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wengert.backends import interpreter
from wengert.ir.graph import Graph, Node, input_node
from wengert.ir.walk import substitute
from wengert.passes import pipeline
from wengert.passes.bodies import everywhere
from wengert.passes.cse import share
from wengert.passes.fold import fold
from wengert.passes.joining import join
from wengert.passes.stability import stabilise
from wengert.tracing.record import splice
from wengert.tracing.tracer import Traced


def joined(outputs: Sequence[Node]) -> list[Node]:
    """The outputs with every loop and its derivative as one loop: before they are derived again, and each for itself."""
    return list(everywhere(join, Graph((), tuple(outputs))).outputs)


def stable(outputs: Sequence[Node]) -> list[Node]:
    """The same values in formulas that do not overflow, so that their derivatives do not: log(1 + eˣ) is softplus(x)."""
    graph = Graph((), tuple(outputs))
    for each in (share, fold, stabilise):
        graph = everywhere(each, graph)
    return list(graph.outputs)


def finish(inputs: Sequence[Node], outputs: Sequence[Node], values: Sequence[Any]) -> list[Any]:
    """The outputs for values of the inputs: nodes of the open trace where one of them is traced, else numbers."""
    if any(isinstance(value, Traced) for value in values):
        return list(splice(inputs, outputs, values))
    renamed = [input_node(f"x{k}", node.type) for k, node in enumerate(inputs)]
    known = dict(zip(inputs, renamed, strict=True))
    graph = pipeline.run(Graph(tuple(renamed), tuple(substitute(outputs, known))))
    return list(interpreter.compile(graph)(**{f"x{k}": value for k, value in enumerate(values)}))
