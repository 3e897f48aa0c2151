"""What makes a graph well formed, and the sentence for each way in which it is not."""

from __future__ import annotations

from wengert.core.ir.graph import Graph, Node
from wengert.core.ir.op import OPS
from wengert.core.ir.types import TapeType, TupleType
from wengert.errors import GraphError


def verify(graph: Graph) -> Graph:
    """The graph itself, if it is well formed: no cycle, known ops, types as the ops infer them, every input declared once.

    Sub-graphs of branches and loops are held to the same.

    Raises GraphError.
    """
    _verify_inputs(graph)
    if graph.names and len(graph.names) != len(graph.outputs):
        raise GraphError(
            f"The graph has {len(graph.outputs)} outputs but {len(graph.names)} names for them.",
            f"  the names are {', '.join(graph.names)}",
            "Name every output, or none.",
        )
    declared = set(graph.inputs)
    for node in _without_cycle(graph):
        _verify_node(node)
        if node.op.leaf == "input" and node not in declared:
            raise GraphError(
                f"The graph reads the input '{node.params['name']}', which it does not declare.",
                f"  its inputs are {', '.join(graph.input_names) or 'none'}",
                "Add the node to the inputs of the graph.",
            )
    return graph


def _verify_inputs(graph: Graph) -> None:
    for node in graph.inputs:
        if node.op.leaf != "input":
            raise GraphError(
                f"A graph's inputs are input nodes, not '{node.op.name}'.",
                f"  the node {node!r} is among them",
                "Make one:  input_node(name, type)",
            )
    names = list(graph.input_names)
    for name in names:
        if not name or names.count(name) > 1:
            raise GraphError(
                f"The input name '{name}' is empty or taken twice.",
                f"  the inputs are {', '.join(names)}",
                "Give every input its own name.",
            )


def _without_cycle(graph: Graph) -> list[Node]:
    """The nodes in topological order.

    Raises GraphError where a node is its own ancestor, which the walks elsewhere take for granted that it is not.
    """
    order: list[Node] = []
    done: set[Node] = set()
    open_nodes: set[Node] = set()
    stack: list[tuple[Node, bool]] = [(node, False) for node in reversed(graph.outputs)]
    while stack:
        node, ready = stack.pop()
        if ready:
            open_nodes.discard(node)
            done.add(node)
            order.append(node)
        elif node in open_nodes:
            raise GraphError(
                f"The graph has a cycle through a node '{node.op.name}'.",
                f"  the node {node!r} is its own ancestor",
                "Let a node read earlier nodes only.",
            )
        elif node not in done:
            open_nodes.add(node)
            stack.append((node, True))
            stack.extend((parent, False) for parent in reversed(node.inputs) if parent not in done)
    return order


def _verify_node(node: Node) -> None:
    op = node.op
    if OPS.get(op.name) is not op:
        raise GraphError(
            f"The op '{op.name}' is not in the table.",
            f"  the node {node!r} has it",
            "Register it with 'wengert.extend'.",
        )
    if op.arity is not None and len(node.inputs) != op.arity:
        raise GraphError(
            f"'{op.name}' takes {op.arity} inputs, not {len(node.inputs)}.",
            f"  its inputs are {', '.join(str(parent.type) for parent in node.inputs) or 'none'}",
            "Build nodes with 'apply'.",
        )
    if op.kind != "control" and any(isinstance(parent.type, TupleType | TapeType) for parent in node.inputs):
        raise GraphError(
            f"'{op.name}' takes arrays, not tuples or tapes of them.",
            f"  its inputs are {', '.join(str(parent.type) for parent in node.inputs)}",
            "Take the results of a node out with 'item'; let a 'scan' read a tape.",
        )
    for value in node.params.values():
        if isinstance(value, Graph):
            verify(value)
    inferred = op.infer(tuple(parent.type for parent in node.inputs), node.params)
    if inferred != node.type:
        raise GraphError(
            f"A node '{op.name}' has the type {node.type} where its inputs give {inferred}.",
            f"  its inputs are {', '.join(str(parent.type) for parent in node.inputs) or 'none'}",
            "Build nodes with 'apply', which infers the type.",
        )
