"""The interpreter: NumPy, node by node. The order and the parameters are made once, so a call only runs values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wengert.ir.graph import Graph
from wengert.ops.evaluate import bind, parameters, run, schedule

name = "interpreter"


class Interpreted:
    """A graph with its schedule; parameters are kept for each binding of the named sizes seen."""

    def __init__(self, graph: Graph, sizes: Mapping[str, int] | None = None) -> None:
        self.graph = graph
        self.sizes = dict(sizes or {})
        self._program = schedule(graph)
        self._params: dict[tuple[tuple[str, int], ...], list[Mapping[str, Any]]] = {}

    def __call__(self, **arrays: Any) -> tuple[Any, ...]:
        """The outputs for arrays given by the names of the inputs; without axes, NumPy scalars.

        Raises ShapeError where an array does not fit its input.
        """
        values, sizes = bind(self.graph, arrays, self.sizes)
        key = tuple(sorted(sizes.items()))
        if key not in self._params:
            self._params[key] = parameters(self._program, sizes)
        return run(self._program, values, sizes, self._params[key])


def compile(graph: Graph, sizes: Mapping[str, int] | None = None) -> Interpreted:
    """The graph as a callable over arrays; `sizes` gives the named sizes that no input has."""
    return Interpreted(graph, sizes)
