"""The factors of a signal gathered: ((c̄ f) g) h is c̄ (f g h), so that a chain of signals is one product a step. It knows no loop.

The products of a derivative have no counterpart in what the user wrote, so their order is ours. A factor moves only where it
or what it is multiplied by is bounded: f g is then not ∞ where (0 · f) · g is 0.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Sequence

from wengert.core.ir.graph import Node
from wengert.core.ir.walk import depends_on, topological, with_inputs
from wengert.core.ops.arithmetic import multiply
from wengert.core.ops.kinds import constant_value

LARGEST = 2.0**8
"""Numbers up to this size are bounded."""


def gathered(outputs: Sequence[Node], signals: Collection[Node]) -> list[Node]:
    """The outputs with each product of a signal by several factors as the signal times the product of the factors."""
    order = topological(outputs)
    moved = depends_on(outputs, signals)
    uses = Counter(x for node in order for x in node.inputs) + Counter(outputs)
    bounded = _bounded(order)
    new: dict[Node, Node] = {}
    parts: dict[Node, tuple[Node, Node]] = {}
    """For a product: the new signal and the factor."""
    for node in order:
        new[node] = with_inputs(node, tuple(new[x] for x in node.inputs))
        if node.op is not multiply or sum(x in moved for x in node.inputs) != 1:
            continue
        inner, factor = sorted(node.inputs, key=lambda x: x not in moved)
        parts[node] = new[inner], factor
        if inner in parts and uses[inner] == 1 and not bounded.isdisjoint((factor, parts[inner][1])):
            signal, before = parts[inner]
            together = before * factor
            if before in bounded and factor in bounded:
                bounded.add(together)
            parts[node], new[node] = (signal, together), signal * together
    return [new[node] for node in outputs]


def _bounded(order: Sequence[Node]) -> set[Node]:
    """The nodes whose entries are of moderate size whatever is read."""
    found: set[Node] = set()
    for node in order:
        number = constant_value(node)
        if number is not None:
            if math.fabs(number) <= LARGEST:
                found.add(node)
            continue
        own = node.op.limited and not node.type.is_complex
        if own or (_keeps_bounds(node) and all(x in found for x in node.inputs)):
            found.add(node)
    return found


def _keeps_bounds(node: Node) -> bool:
    """Whether a result is bounded where the inputs are: sums, products of two, and what is moved."""
    return node.op is multiply or node.op.signs is not None or node.op.rearranges
