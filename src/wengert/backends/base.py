"""What a back end is: a name and a function from a graph to a callable. It knows no machine."""

from __future__ import annotations

from typing import Any, Protocol

from wengert.ir.graph import Graph


class Compiled(Protocol):
    """A graph that runs: arrays by the names of its inputs, to its outputs in order."""

    graph: Graph

    def __call__(self, **arrays: Any) -> tuple[Any, ...]:
        """The outputs; without axes, NumPy scalars. Raises ShapeError where an array does not fit its input."""
        ...


class Backend(Protocol):
    """A target for graphs."""

    name: str

    def compile(self, graph: Graph) -> Compiled:
        """The graph as a callable; named sizes are bound at each call, from the arrays."""
        ...
