"""A⁻¹ B is solved for, not multiplied: one factorisation, and less rounding. An inverse that anything else reads stays one."""

from __future__ import annotations

from wengert.core.ir.graph import Graph, Node, apply
from wengert.core.ir.walk import map_graph, users, with_inputs
from wengert.core.ops.products import einsum
from wengert.core.ops.solving import inv


def solve_systems(graph: Graph) -> Graph:
    """The graph in which products of A⁻¹ or A⁻ᵀ with a vector or a matrix are solutions of linear equations."""
    readers = users(graph.outputs)
    solved = {
        node
        for node, found in readers.items()
        if node.op is inv and node.type.rank == 2 and node not in graph.outputs
        if all(_partner(user, node) is not None for user in found)
    }
    if not solved:
        return graph

    def define(node: Node, inputs: tuple[Node, ...]) -> Node:
        inverse = next((x for x in node.inputs if x in solved), None)
        return with_inputs(node, inputs) if inverse is None else _solution(node, inputs, inverse)

    return map_graph(graph, define)


def _partner(node: Node, inverse: Node) -> int | None:
    """The factor, of one or two axes, that an inverse meets in a product over one axis which is in nothing else."""
    if node.op is not einsum or sum(x.op is inv for x in node.inputs) != 1:
        return None
    labels, output = node.params["inputs"], node.params["output"]
    place = node.inputs.index(inverse)
    for other, theirs in enumerate(labels):
        if other == place or not 1 <= len(theirs) <= 2 or len(set(theirs)) < len(theirs):
            continue
        shared = set(labels[place]) & set(theirs)
        alone = all(shared.isdisjoint(rest) for k, rest in enumerate(labels) if k not in (place, other))
        if len(shared) == 1 and len(set(labels[place])) == 2 and alone and shared.isdisjoint(output):
            return other
    return None


def _solution(node: Node, inputs: tuple[Node, ...], inverse: Node) -> Node:
    """The product with the solution of A X = B in place of A⁻¹ and B."""
    place, other = node.inputs.index(inverse), _partner(node, inverse)
    assert other is not None
    labels: tuple[tuple[int, ...], ...] = node.params["inputs"]
    mine, theirs = labels[place], labels[other]
    (shared,) = set(mine) & set(theirs)
    matrix, right = inputs[place].inputs[0], inputs[other]
    if mine[0] == shared:
        matrix = apply("transpose", matrix, axes=(1, 0))
    if len(theirs) == 1:
        right = apply("reshape", right, shape=(*right.shape, 1))
    elif theirs[1] == shared:
        right = apply("transpose", right, axes=(1, 0))
    found = apply("solve", matrix, right)
    if len(theirs) == 1:
        found = apply("reshape", found, shape=found.shape[:1])
    own = tuple(q for q in (*mine, *theirs) if q != shared)
    kept = [k for k in range(len(inputs)) if k not in (place, other)]
    if not kept and own == node.params["output"]:
        return found
    return apply(
        "einsum",
        *(inputs[k] for k in kept),
        found,
        inputs=(*(labels[k] for k in kept), own),
        output=node.params["output"],
    )
