"""How long a graph takes to become machine code, in seconds, guessed from its nodes: for those who choose between running and
compiling. It compiles nothing.

The numbers were measured on one core of a server of 2023; a slower one is slower in everything that they are compared with too.
"""

from __future__ import annotations

from wengert.core.ir.graph import Graph
from wengert.core.ir.walk import order_of
from wengert.targets.native import unrolled
from wengert.targets.native.loops.count import operations
from wengert.targets.native.loops.lower import lower

PASSES = 2.5e-5
"""A node in all passes."""
START, UNROLLED = 1.5e-3, 1.5e-5
"""Straight-line code: any, and each instruction."""
LOOPS, NODE, PRODUCT, CONTROL = 7e-3, 1e-4, 4e-3, 2e-3
"""Loop nests: any, and each node, matrix product, and loop or branch."""
CROWDED = 500
"""The number of nodes of which each takes twice as long: code generation is slower than linear in the length of a loop's body."""


A_SECOND = 1e11
"""The work of a second in a loop nest over arrays, in additions: vectors, and some cores."""


class Guess:
    """What the code of a graph costs, in seconds: see `base.Estimate`."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    @property
    def to_make(self) -> float:
        """All passes and code generation, of code that is made soon."""
        return seconds(self._graph)

    @property
    def a_call(self) -> float:
        """A call, by the work of its loop nests."""
        return operations(lower(self._graph).body) / A_SECOND


def seconds(graph: Graph, *, quick: bool = True) -> float:
    """The seconds of all passes and of code generation, within a factor of some 3. Found in about a microsecond a node.

    A graph that becomes straight-line code takes linear time; the others take more for every node.
    """
    count = len(order_of(graph))
    if unrolled.cut(graph, 0 if quick else unrolled.LONG) is not None:
        return START + (PASSES + UNROLLED) * count
    nodes, products, controls = _counted(graph)
    return LOOPS + (PASSES + NODE * (1 + nodes / CROWDED)) * nodes + PRODUCT * products + CONTROL * controls


def _counted(graph: Graph) -> tuple[int, int, int]:
    """The nodes, the products and the loops and branches, those inside bodies too."""
    nodes = products = controls = 0
    stack = [graph]
    while stack:
        for node in order_of(stack.pop()):
            nodes += 1
            products += node.op.name == "einsum"
            if node.op.kind == "control":
                controls += 1
                stack.extend(value for value in node.params.values() if isinstance(value, Graph))
    return nodes, products, controls
