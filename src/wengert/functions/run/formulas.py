"""What is done to a function that is written down before it is derived. The passes are imported when the first one is."""

from __future__ import annotations

from collections.abc import Sequence

from wengert.core.ir.graph import Graph, Node


def joined(outputs: Sequence[Node]) -> list[Node]:
    """The outputs with every loop and its derivative as one loop: before they are derived again, and each for itself."""
    from wengert.core.passes.bodies import everywhere
    from wengert.core.passes.joining import join

    return list(everywhere(join, Graph((), tuple(outputs))).outputs)


def stable(outputs: Sequence[Node]) -> list[Node]:
    """The same values in formulas that do not overflow, so that their derivatives do not: log(1 + eˣ) is softplus(x)."""
    from wengert.core.passes.bodies import everywhere
    from wengert.core.passes.cse import share
    from wengert.core.passes.fold import fold
    from wengert.core.passes.stability import stabilise

    graph = Graph((), tuple(outputs))
    for each in (share, fold, stabilise):
        graph = everywhere(each, graph)
    return list(graph.outputs)


def stated(outputs: Sequence[Node]) -> tuple[list[Node], list[Node], bool]:
    """The outputs as they are written and as `stable` has them; whether a rule of stability applied."""
    from wengert.core.ir.walk import map_graph, with_inputs
    from wengert.core.passes.cse import NodeTable
    from wengert.core.passes.fold import folded
    from wengert.core.passes.stability import outcome

    table = NodeTable()
    plain = map_graph(Graph((), tuple(outputs)), lambda node, xs: table.share(folded(with_inputs(node, xs))))
    found = outcome(plain)
    return list(plain.outputs), list(found.graph.outputs), bool(found.applied)


def opened(outputs: Sequence[Node]) -> list[Node]:
    """The outputs without primes: before they are cut in two, since a slope meets the factors of its signal where it is opened."""
    from wengert.core.passes.open_primes import open_primes

    return list(open_primes(Graph((), tuple(outputs))).outputs)
