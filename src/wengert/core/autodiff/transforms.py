"""Derivatives of whole graphs: each transform takes a Graph and gives a Graph, so that any order comes by nesting.

`wrt` names the inputs to differentiate by; by default all real ones. Products are masked (see `masks`), so that untaken
branches do not turn gradients into NaN. Primes stay signs until `passes.open_primes`.
"""

from __future__ import annotations

from collections.abc import Sequence

from wengert.core.autodiff.forward import jvp
from wengert.core.autodiff.jacobians import Mode, blocks
from wengert.core.autodiff.reverse import vjp
from wengert.core.ir.graph import Graph, Node, constant, input_node
from wengert.errors import GraphError, ShapeError

Wrt = Sequence[str] | str | None


def real_inputs(graph: Graph, wrt: Wrt = None) -> list[Node]:
    """The input nodes that `wrt` names, in its order; all real inputs by default.

    Raises GraphError where a name is no input, or an input is not real.
    """
    names = [wrt] if isinstance(wrt, str) else wrt
    if names is None:
        return [node for node in graph.inputs if node.type.is_float]
    by_name = dict(zip(graph.input_names, graph.inputs, strict=True))
    for name in names:
        if name not in by_name:
            raise GraphError(
                f"'{name}' is no input of the graph.",
                f"  the inputs are {', '.join(graph.input_names)}",
                "Name an input to differentiate by.",
            )
        if not by_name[name].type.is_float:
            raise GraphError(
                f"There is no derivative by '{name}', which does not hold real numbers.",
                f"  {name} is {by_name[name].type}",
                f"Declare '{name}' as float64.",
            )
    return [by_name[name] for name in names]


def pull_back(graph: Graph, wrt: Wrt = None) -> Graph:
    """x̄ = Jᵀ ȳ: the inputs and a cotangent input for each real output, to a cotangent for each input of `wrt`.

    The cotangent of the only output is named `cotangent`, those of several `cotangent_0`, `cotangent_1`, …
    """
    inputs = real_inputs(graph, wrt)
    given = _signals(graph, "cotangent", graph.outputs, [str(k) for k in range(len(graph.outputs))])
    back = vjp(graph.outputs, inputs, given, masked=True)
    return _result(graph, given, _filled(back, inputs), inputs)


def push_forward(graph: Graph, wrt: Wrt = None) -> Graph:
    """ẏ = J ẋ: the inputs and a tangent input `tangent_x` for each x of `wrt`, to a tangent for each output."""
    inputs = real_inputs(graph, wrt)
    given = _signals(graph, "tangent", inputs, [str(node.params["name"]) for node in inputs], always=True)
    forward = jvp(graph.outputs, inputs, given, masked=True)
    outputs = [_zeros(y) if t is None else t for t, y in zip(forward, graph.outputs, strict=True)]
    return Graph((*graph.inputs, *(t for t in given if t is not None)), tuple(outputs), graph.names)


def grad(graph: Graph, wrt: Wrt = None) -> Graph:
    """∇L: the gradient of the only output, a scalar, by each input of `wrt`; outputs are named as the inputs.

    Raises ShapeError where the output is not one real scalar.
    """
    inputs = real_inputs(graph, wrt)
    return _result(graph, [], _gradient(graph, inputs), inputs)


def value_and_grad(graph: Graph, wrt: Wrt = None) -> Graph:
    """L and ∇L: the scalar output, then its gradient by each input of `wrt`."""
    inputs = real_inputs(graph, wrt)
    back = _gradient(graph, inputs)
    name = graph.names[0] if graph.names else "value"
    return Graph(graph.inputs, (graph.outputs[0], *back), (name, *(str(node.params["name"]) for node in inputs)))


def jacobian(graph: Graph, wrt: Wrt = None, mode: Mode = "reverse", memory: int | None = None) -> Graph:
    """∂y_i/∂x_j, of the shape of y followed by the shape of x: for each output in turn, by each input of `wrt`.

    Reverse mode runs once per entry of y, forward mode once per entry of x, as one batch over identity signals, or as
    batches that need at most `memory` bytes.
    """
    rows = blocks(graph.outputs, real_inputs(graph, wrt), mode, memory)
    return Graph(graph.inputs, tuple(block for row in rows for block in row))


def hessian(graph: Graph, wrt: Wrt = None) -> Graph:
    """∂²L/∂x_i∂x_j, forward over reverse: for each input of `wrt` in turn, by each input of `wrt`."""
    return jacobian(grad(graph, wrt), [str(node.params["name"]) for node in real_inputs(graph, wrt)], "forward")


def hvp(graph: Graph, wrt: Wrt = None) -> Graph:
    """H v: the Hessian of the scalar output times a direction `tangent_x` for each x of `wrt`, forward over reverse."""
    return push_forward(grad(graph, wrt), [str(node.params["name"]) for node in real_inputs(graph, wrt)])


# parts


def _gradient(graph: Graph, inputs: Sequence[Node]) -> list[Node]:
    if len(graph.outputs) != 1 or graph.outputs[0].type.rank or not graph.outputs[0].type.is_float:
        raise ShapeError(
            "A gradient needs one real scalar output.",
            f"  the outputs are {', '.join(str(y.type) for y in graph.outputs)}",
            "Sum the output, or ask for its 'jacobian'.",
        )
    (y,) = graph.outputs
    return _filled(vjp([y], inputs, [constant(1, y.type)], masked=True), inputs)


def _zeros(node: Node) -> Node:
    return constant(0, node.type)


def _filled(values: Sequence[Node | None], like: Sequence[Node]) -> list[Node]:
    return [_zeros(x) if value is None else value for value, x in zip(values, like, strict=True)]


def _result(graph: Graph, given: Sequence[Node | None], outputs: Sequence[Node], inputs: Sequence[Node]) -> Graph:
    names = tuple(str(node.params["name"]) for node in inputs)
    return Graph((*graph.inputs, *(g for g in given if g is not None)), tuple(outputs), names)


def _signals(
    graph: Graph, stem: str, nodes: Sequence[Node], endings: Sequence[str], *, always: bool = False
) -> list[Node | None]:
    """A new input of each node's type, named by the stem and an ending, and by more underscores where that is taken."""
    taken = set(graph.input_names)
    signals: list[Node | None] = []
    for node, ending in zip(nodes, endings, strict=True):
        name = f"{stem}_{ending}" if always or len(nodes) > 1 else stem
        while name in taken:
            name += "_"
        taken.add(name)
        signals.append(input_node(name, node.type) if node.type.is_float else None)
    return signals
