"""What is settled of a graph before a target takes it: sizes are numbers, results fit in memory, donated inputs have their results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wengert.core.ir.graph import Graph, Node, input_node
from wengert.core.ir.types import ArrayType, bind_shape, bytes_of
from wengert.core.ir.walk import order_of, rebuild
from wengert.core.ops.evaluate import bind_params
from wengert.errors import GraphError
from wengert.memory import require


def with_sizes(graph: Graph, sizes: Mapping[str, int]) -> Graph:
    """The graph with every named size a number.

    Raises ShapeError where a size is not known.
    """
    inputs = {x: input_node(x.params["name"], bind_params(x.type, sizes), x.source) for x in graph.inputs}

    def bound(node: Node, inputs: tuple[Node, ...]) -> Node:
        params = {key: _bound(value, sizes) for key, value in node.params.items()}
        type = node.op.infer(tuple([x.type for x in inputs]), params)
        return Node(node.op, inputs, params, type, node.source)

    return Graph(tuple(inputs.values()), tuple(rebuild(graph.outputs, bound, inputs)), graph.names)


def _bound(value: Any, sizes: Mapping[str, int]) -> Any:
    return with_sizes(value, sizes) if isinstance(value, Graph) else bind_params(value, sizes)


# room

VIEWS = frozenset({"input", "constant", "broadcast", "transpose", "reshape", "slice", "flip"})
"""Ops whose values take no memory of their own, for NumPy."""


def largest_between(graph: Graph, sizes: Mapping[str, int]) -> int:
    """The bytes of the largest array between inputs and results, where NumPy runs node by node."""
    outputs = set(graph.outputs)
    between = (x for x in order_of(graph) if x not in outputs and x.op.name not in VIEWS)
    return max((bytes_of([x.type.with_shape(bind_shape(x.shape, sizes))]) for x in between if x.shape), default=0)


def check_graph(graph: Graph, sizes: Mapping[str, int], scratch: int = 0) -> None:
    """Refuse a graph whose results, with so many bytes beside them, do not fit.

    Raises MemoryLimitError.
    """
    nodes = dict.fromkeys(y for y in graph.outputs if y.shape)
    check([y.type.with_shape(bind_shape(y.shape, sizes)) for y in nodes], scratch)


def check(types: Sequence[ArrayType], scratch: int = 0) -> None:
    """Refuse arrays of these types that, with so many bytes beside them, do not fit.

    Raises MemoryLimitError.
    """
    largest = max(types, key=lambda type: bytes_of([type]), default=None)
    require(
        bytes_of(types) + scratch,
        "What is computed, with all that is needed on the way," if scratch else "What is computed",
        f"  the largest result is {largest}" if largest else "  it is needed between the results",
        "Work on fewer entries at a time, or sum them before they stand side by side.",
    )


# donated memory


def pair_donated(graph: Graph, donate: Sequence[str]) -> dict[int, int]:
    """For each donated input, in order, the first output of its type that no other has: output -> input.

    Raises GraphError where a name is no input, or no output has its type.
    """
    pairs: dict[int, int] = {}
    names = list(graph.input_names)
    for name in donate:
        if name not in names:
            raise GraphError(
                f"The donated '{name}' is no input.",
                f"  the inputs are {', '.join(names)}",
                "Donate an input by its name.",
            )
        k = names.index(name)
        type = graph.inputs[k].type
        free = [j for j, y in enumerate(graph.outputs) if y.type == type and j not in pairs]
        if not free:
            raise GraphError(
                f"No result has the type of the donated '{name}'.",
                f"  {name} is {type}; the results are {', '.join(str(y.type) for y in graph.outputs)}",
                "Donate what is given back with new values, such as the parameters of a step.",
            )
        pairs[free[0]] = k
    return pairs
