"""Derived graphs as calls on a tape: equal graphs are one object, so that the run of today is compared with that of before."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.backends import interpreter
from wengert.engine.formulas import stable
from wengert.ir.graph import Graph, Node, input_node
from wengert.ir.walk import substitute, topological
from wengert.passes import pipeline
from wengert.tracing.record import splice

MOST = 4096
"""So many graphs are remembered, the least recently used go."""


class GraphCall:
    """A graph as a function of arrays, on numbers and in graphs."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._compiled: Any = None

    def __call__(self, *values: Any) -> tuple[Any, ...]:
        """The outputs for arrays of the inputs."""
        if self._compiled is None:
            self._compiled = interpreter.compile(pipeline.run(self.graph))
        return self._compiled(**dict(zip(self.graph.input_names, values, strict=True)))

    def rule(self, *values: Any) -> tuple[Any, ...]:
        """The outputs in the open trace."""
        return tuple(splice(self.graph.inputs, self.graph.outputs, values))


_KNOWN: OrderedDict[Any, GraphCall] = OrderedDict()
_LOCK = threading.Lock()


def interned(inputs: Sequence[Node], outputs: Sequence[Node]) -> GraphCall:
    """The call of a graph: the same object for equal graphs."""
    key = structure(inputs, outputs)
    with _LOCK:
        found = _KNOWN.get(key)
        if found is not None:
            _KNOWN.move_to_end(key)
            return found
    renamed = {node: input_node(f"x{k}", node.type) for k, node in enumerate(inputs)}
    made = GraphCall(Graph(tuple(renamed.values()), tuple(stable(substitute(outputs, renamed)))))
    with _LOCK:
        if len(_KNOWN) >= MOST:
            _KNOWN.popitem(last=False)
        return _KNOWN.setdefault(key, made)


def structure(inputs: Sequence[Node], outputs: Sequence[Node]) -> Any:
    """What equal graphs have in common: ops, parameters, and which nodes are read."""
    number: dict[Node, int] = {}
    lines: list[Any] = []
    for node in inputs:
        number[node] = len(number)
        lines.append(("input", node.type))
    for node in topological(outputs):
        if node not in number:
            number[node] = len(number)
            params = tuple([(name, _frozen(value)) for name, value in node.params.items()])
            lines.append((node.op.name, params, tuple([number[x] for x in node.inputs]), node.type))
    return tuple(lines), tuple([number[y] for y in outputs])


def _frozen(value: Any) -> Any:
    if isinstance(value, Graph):
        return structure(value.inputs, value.outputs)
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, tuple | list):
        return type(value), tuple([_frozen(each) for each in value])  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, float | complex):  # 0 and -0 are equal, and a NaN is not equal to itself
        return type(value), value.real.hex(), value.imag.hex()
    return type(value), value
