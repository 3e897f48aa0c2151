"""What a back end is: a name and a function from a graph to a callable. It knows no machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from wengert.errors import GraphError
from wengert.ir.graph import Graph

NAMES = ("native", "interpreter")
"""The back ends that run a graph here, the default first."""


class Compiled(Protocol):
    """A graph that runs: arrays by the names of its inputs, to its outputs in order."""

    graph: Graph

    def __call__(self, /, **arrays: Any) -> tuple[Any, ...]:
        """The outputs; without axes, NumPy scalars. Raises ShapeError where an array does not fit its input."""
        ...


class Backend(Protocol):
    """A target for graphs."""

    name: str

    def compile(self, graph: Graph, sizes: Mapping[str, int] | None = None) -> Compiled:
        """The graph as a callable; named sizes are bound at each call, from the arrays, or once by `sizes`."""
        ...


def backend(name: str) -> Backend:
    """The back end of that name.

    Raises GraphError where there is none.
    """
    if name == "interpreter":
        from wengert.targets import interpreter

        return interpreter
    if name == "native":
        from wengert.targets import native

        return native
    raise GraphError(
        f"There is no back end '{name}'.", f"  known: {', '.join(NAMES)}", "Write backend='native' or leave it out."
    )
