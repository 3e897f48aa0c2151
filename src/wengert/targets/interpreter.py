"""The interpreter: NumPy, node by node. The order, the sizes and what depends on no input are made once for all calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from wengert.core.ir.graph import Graph, Node
from wengert.core.ops.evaluate import GraphProgram, bind, run, schedule, with_sizes
from wengert.core.ops.vocabulary import NUMPY
from wengert.memory import refused
from wengert.targets.base import HOST, OWN, Array, CalledFromPython, Support, Vocabulary, by_host
from wengert.targets.ready import check_graph, largest_between

if TYPE_CHECKING:
    from wengert.targets.parameters import Tree

name = "interpreter"
makes_code = False
vocabulary: Vocabulary = NUMPY
"""In which it runs the values of ops."""


class Interpreted(CalledFromPython):
    """A graph with its schedule, and a program for each binding of the named sizes seen."""

    donated: Mapping[int, int] = {}
    """It writes over nothing."""
    bytes = 0

    def __init__(self, graph: Graph, sizes: Mapping[str, int] | None = None) -> None:
        self.graph = graph
        self.sizes = dict(sizes or {})
        self._schedule = schedule(graph)
        self._programs: dict[tuple[tuple[str, int], ...], GraphProgram] = {}

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

    interpret = __call__

    def in_order(self, *arrays: Array) -> tuple[Any, ...]:
        """The outputs for arrays in the order of the inputs."""
        return self(**dict(zip(self.graph.input_names, arrays, strict=True)))

    def run(self, arrays: Sequence[Array], fallback: Callable[..., Any]) -> tuple[Any, ...]:
        """The same; it never falls back."""
        return self.in_order(*arrays)

    def named(
        self, names: Sequence[str], result: Tree, slow: Callable[..., Any], fail: Callable[..., Any], doc: str
    ) -> Callable[..., Any]:
        """The way of all calls, `slow`: see `compiled.Compiled`."""
        return slow


def compile(graph: Graph, sizes: Mapping[str, int] | None = None) -> Interpreted:
    """The graph as a callable over arrays; `sizes` gives the named sizes that no input has."""
    return Interpreted(graph, sizes)


# as a target


class _Free:
    """Nothing is made; how long a call takes is not known."""

    to_make = 0.0
    a_call: float | None = None


def supports(node: Node) -> Support:
    """Every node that has a value."""
    found = by_host(node)
    return OWN if found is HOST else found


def prepared(graph: Graph) -> Graph:
    """The graph."""
    return graph


def lower(graph: Graph, donated: Mapping[int, int], *, cache: bool = True, quick: bool = False) -> Interpreted:
    """The graph as it is; no input is written over, and there is no code to keep."""
    return Interpreted(graph)


def estimate(graph: Graph) -> _Free:
    """Nothing, and what is not known."""
    return _Free()
