"""The interpreter: NumPy, node by node. The order, the sizes and what depends on no input are made once for all calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wengert.ir.graph import Graph
from wengert.memory import refused
from wengert.ops.evaluate import Program, bind, run, schedule, with_sizes
from wengert.targets.room import check_graph, largest_between

name = "interpreter"


class Interpreted:
    """A graph with its schedule, and a program for each binding of the named sizes seen."""

    def __init__(self, graph: Graph, sizes: Mapping[str, int] | None = None) -> None:
        self.graph = graph
        self.sizes = dict(sizes or {})
        self._schedule = schedule(graph)
        self._programs: dict[tuple[tuple[str, int], ...], Program] = {}

    def __call__(self, /, **arrays: Any) -> tuple[Any, ...]:
        """The outputs for arrays given by the names of the inputs; without axes, NumPy scalars.

        Raises ShapeError where an array does not fit its input, MemoryLimitError where a result does not fit in memory.
        """
        values, sizes = bind(self.graph, arrays, self.sizes)
        key = tuple(sorted(sizes.items()))
        try:
            if key not in self._programs:
                check_graph(self.graph, sizes, largest_between(self.graph, sizes))
                self._programs[key] = with_sizes(self._schedule, sizes)
            return run(self._programs[key], values)
        except MemoryError as error:
            raise refused(error, "it is run by NumPy") from None


def compile(graph: Graph, sizes: Mapping[str, int] | None = None) -> Interpreted:
    """The graph as a callable over arrays; `sizes` gives the named sizes that no input has."""
    return Interpreted(graph, sizes)
