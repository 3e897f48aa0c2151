"""Who computes a node: XLA itself, XLA by a call of NumPy in the middle of the program, NumPy between programs, or nobody.

It knows no JAX, so that the table can be printed without.
"""

from __future__ import annotations

from wengert.core.ir.graph import Graph, Node
from wengert.core.ir.walk import order_of, topological
from wengert.errors import GraphError
from wengert.targets.base import HOST, OWN, Support, by_host

BESSEL = ("jv", "yv", "iv", "kv", "ive", "kve", "j0", "j1", "y0", "y1", "k0", "k1", "k0e", "k1e")
INCOMPLETE = ("gammaincinv", "gammainccinv", "betaincinv", "gammainc_slope", "betainc_slope_a", "betainc_slope_b")
CALLED = frozenset({*BESSEL, *INCOMPLETE, "host_call"})
"""The ops that a program of XLA calls NumPy for."""
CALLS = Support("target", "by a call of NumPy")
EXTREMES = frozenset({"max", "min", "logsumexp", "softmax", "argmax", "argmin"})


def supports(node: Node) -> Support:
    """Who computes a node, whose sizes are numbers. A branch or a loop is XLA's where all of its graphs are."""
    if by_host(node) is not HOST:
        return by_host(node)
    if _raises(node):
        return HOST
    if node.op.name == "while_loop" and is_taped(node) and node.params.get("max_steps") is None:
        return Support("nobody", "a while loop whose steps are recorded needs max_steps")
    inner = [supports(each) for graph in graphs_of(node) for each in topological(graph.outputs)]
    for found in inner:
        if found.by == "nobody":
            return found
    if HOST in inner:
        return HOST
    return CALLS if node.op.name in CALLED or CALLS in inner else OWN


def first_by(graph: Graph, found: Support) -> Node | None:
    """The first node of a graph, or of its branches and loops, that is computed so; None where there is none."""
    for node in order_of(graph):
        if supports(node) == found:
            inner = (first_by(each, found) for each in graphs_of(node))
            return next((each for each in inner if each is not None), node)
    return None


def graphs_of(node: Node) -> list[Graph]:
    """The graphs of branches and bodies that a node has."""
    return [value for value in node.params.values() if isinstance(value, Graph)]


def is_taped(node: Node) -> bool:
    """Whether a while loop records its steps, as that of a derivative does."""
    return len(node.params["body"].outputs) > node.params["carries"]


def _raises(node: Node) -> bool:
    """Whether NumPy raises for every value of the type, so that its sentence is wanted: extremes of nothing, 1/n of whole numbers."""
    if node.op.name in EXTREMES:
        axes = node.params["axes"] if "axes" in node.params else (node.params["axis"],)
        return any(node.inputs[0].shape[axis] == 0 for axis in axes)
    return node.op.name == "integer_power" and node.type.dtype == "int64" and node.params["exponent"] < 0


def is_whole(graph: Graph) -> bool:
    """Whether all of a graph is XLA's.

    Raises GraphError where a node is nobody's.
    """
    whole = True
    for node in order_of(graph):
        found = supports(node)
        if found.by == "nobody":
            raise _refused(node, found)
        whole &= found.by == "target"
    return whole


def _refused(node: Node, found: Support) -> GraphError:
    if "max_steps" in found.reason:
        return GraphError(
            "The derivative of a while loop records every step, and XLA needs a bound for their number.",
            "  the loop has no max_steps",
            "Give it:  wg.while_loop(test, body, init, max_steps=1000)",
        )
    return GraphError(
        f"'{node.op.name}' cannot be run: {found.reason}.",
        f"  its result is {node.type}",
        "Write its derivative as equations, or leave it out.",
    )
