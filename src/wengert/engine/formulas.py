"""What is done to a function that is written down before it is derived."""

from __future__ import annotations

from collections.abc import Sequence

from wengert.ir.graph import Graph, Node
from wengert.ir.walk import map_graph, with_inputs
from wengert.passes.bodies import everywhere
from wengert.passes.cse import NodeTable, share
from wengert.passes.fold import fold, folded
from wengert.passes.joining import join
from wengert.passes.open_primes import open_primes
from wengert.passes.stability import outcome, stabilise


def joined(outputs: Sequence[Node]) -> list[Node]:
    """The outputs with every loop and its derivative as one loop: before they are derived again, and each for itself."""
    return list(everywhere(join, Graph((), tuple(outputs))).outputs)


def stable(outputs: Sequence[Node]) -> list[Node]:
    """The same values in formulas that do not overflow, so that their derivatives do not: log(1 + eˣ) is softplus(x)."""
    graph = Graph((), tuple(outputs))
    for each in (share, fold, stabilise):
        graph = everywhere(each, graph)
    return list(graph.outputs)


def stated(outputs: Sequence[Node]) -> tuple[list[Node], list[Node], bool]:
    """The outputs as they are written and as `stable` has them; whether a rule of stability applied."""
    table = NodeTable()
    plain = map_graph(Graph((), tuple(outputs)), lambda node, xs: table.share(folded(with_inputs(node, xs))))
    found = outcome(plain)
    return list(plain.outputs), list(found.graph.outputs), bool(found.applied)


def opened(outputs: Sequence[Node]) -> list[Node]:
    """The outputs without primes: before they are cut in two, since a slope meets the factors of its signal where it is opened."""
    return list(open_primes(Graph((), tuple(outputs))).outputs)
