"""Ways through a graph: order, users, rebuilding, substitution. Nothing here recurses over the depth of a graph."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from wengert.core.ir.graph import Graph, Node


def topological(outputs: Iterable[Node], stop: Collection[Node] = ()) -> list[Node]:
    """Every node that the outputs need, each after its inputs: the order v₁ … v_N of a Wengert list.

    The order is that of a depth-first walk, inputs from left to right, so it is the same for equal graphs. The walk does
    not go above the nodes in `stop`; they are listed.
    """
    order: list[Node] = []
    done: set[Node] = set()
    stack: list[Node | None] = [*reversed(list(outputs))]
    while stack:
        node = stack.pop()
        if node is None:  # the inputs of the node below are done
            node = stack.pop()
        elif node not in done and node.inputs and node not in stop:
            waiting = [parent for parent in node.inputs if parent not in done]
            if waiting:
                stack += (node, None, *waiting[::-1])
                continue
        if node is not None and node not in done:
            done.add(node)
            order.append(node)
    return order


def order_of(graph: Graph) -> tuple[Node, ...]:
    """`topological` of the outputs of a graph, found once."""
    if not graph.known_order:
        graph.known_order.append(tuple(topological(graph.outputs)))
    return graph.known_order[0]


def users(outputs: Iterable[Node]) -> dict[Node, list[Node]]:
    """Ch(v) for every node v: the nodes that read it, in topological order, one entry a use."""
    order = topological(outputs)
    reads: dict[Node, list[Node]] = {node: [] for node in order}
    for node in order:
        for parent in node.inputs:
            reads[parent].append(node)
    return reads


def depends_on(outputs: Iterable[Node], leaves: Iterable[Node]) -> set[Node]:
    """The nodes below `outputs` whose value depends on one of the leaves (the leaves among them)."""
    reached = set(leaves)
    for node in topological(outputs):
        if any(parent in reached for parent in node.inputs):
            reached.add(node)
    return reached


def with_inputs(node: Node, inputs: Sequence[Node]) -> Node:
    """The same op on other inputs, its type inferred anew; the node itself where nothing changed."""
    given = tuple(inputs)
    if given == node.inputs:  # nodes are equal only to themselves
        return node
    types = [parent.type for parent in given]
    same = types == [parent.type for parent in node.inputs]
    return Node(
        node.op, given, node.params, node.type if same else node.op.infer(tuple(types), node.params), node.source
    )


def rebuild(
    outputs: Iterable[Node], rule: Callable[[Node, tuple[Node, ...]], Node], known: Mapping[Node, Node] | None = None
) -> list[Node]:
    """The outputs with every node replaced by rule(node, new inputs), from the leaves up; `known` nodes are taken as they are given."""
    new: dict[Node, Node] = dict(known or {})
    targets = list(outputs)
    for node in topological(targets, new):
        if node not in new:
            new[node] = rule(node, tuple([new[parent] for parent in node.inputs]))
    return [new[node] for node in targets]


def substitute(outputs: Iterable[Node], replacements: Mapping[Node, Node]) -> list[Node]:
    """The outputs with some nodes replaced; what does not depend on them is shared with the old graph."""
    return rebuild(outputs, lambda node, inputs: with_inputs(node, inputs), replacements)


def map_graph(graph: Graph, rule: Callable[[Node, tuple[Node, ...]], Node]) -> Graph:
    """A graph with the same inputs whose other nodes went through rule(node, new inputs); itself where no output changes."""
    new = {node: node for node in graph.inputs}
    for node in order_of(graph):
        if node not in new:
            new[node] = rule(node, tuple([new[parent] for parent in node.inputs]))
    outputs = tuple([new[node] for node in graph.outputs])
    return graph if outputs == graph.outputs else Graph(graph.inputs, outputs, graph.names)
