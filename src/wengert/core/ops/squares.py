"""Roots of sums of squares: facts by form, for the derivative where all that is squared is 0.

There the root is least, so that its slope, if it has one, is 0; the chain rule says 0 · ∞. Of complex numbers no sum of squares is least. A root x^c makes the signal infinite, and NaN
where its own bar is not finite; sums and positive multiples pass it on, and at a power x^p with p c ≥ 1 it is 0 where x is.
"""

from __future__ import annotations

from wengert.core.ir.graph import Node, apply
from wengert.core.ops.kinds import constant_value, zeros_like

PASSING = frozenset({"add", "sum", "broadcast", "reshape", "transpose", "flip", "cast"})
"""Sums, and what only moves their summands."""


def root(node: Node) -> float | None:
    """c of a real node x^c with 0 < c < 1 that is no cusp of its own; None where it is no such root."""
    if node.type.is_complex:
        return None
    name = node.params["function"] if node.op.name == "prime" else node.op.name
    if name == "sqrt" and node.op.name != "prime":
        return 0.5
    c = constant_value(node.inputs[1]) if name == "power" else None
    return float(c) if c is not None and 0 < c < 1 else None


def raised(node: Node) -> tuple[Node, float] | None:
    """(x, p) of a real node that is x to a power p > 1, entry by entry or summed; None where it is none."""
    if node.type.is_complex:
        return None
    name, inputs = node.op.name, node.inputs
    if name == "integer_power" and node.params["exponent"] > 1:
        return inputs[0], float(node.params["exponent"])
    if name == "multiply" and inputs[0] is inputs[1]:
        return inputs[0], 2.0
    if name == "einsum" and len(inputs) == 2 and inputs[0] is inputs[1]:
        first, second = node.params["inputs"]
        return (inputs[0], 2.0) if first == second else None
    if name == "power":
        p = constant_value(inputs[1])
        return (inputs[0], float(p)) if p is not None and p > 1 else None
    return None


def passes(node: Node, k: int) -> bool:
    """Whether a node is a sum or a positive multiple of its input k."""
    name, inputs = node.op.name, node.inputs
    if name in ("multiply", "divide"):
        return (name == "multiply" or k == 0) and is_positive(inputs[1 - k])
    return name in PASSING


def is_over_powers(node: Node) -> bool:
    """Whether a node is a root, and a summand under it a power that is high enough to be 0 there with its slope."""
    exponent = root(node)
    if exponent is None:
        return False
    stack, seen = [node.inputs[0]], set[Node]()
    while stack:
        each = stack.pop()
        power = raised(each)
        if power is not None and power[1] * exponent >= 1:
            return True
        seen.add(each)
        stack.extend(x for k, x in enumerate(each.inputs) if x not in seen and passes(each, k))
    return False


def at_least(x: Node, degree: float) -> Node | None:
    """The slope of a root by x = 0 where it is least, as 0/x: a 0 whose own slope is not known; above the second degree that is 0 (None)."""
    return None if degree > 2 else apply("ratio", zeros_like(x), x)


def is_at_least(node: Node) -> bool:
    """Whether a node is the slope of a root where that is least."""
    return node.op.name == "ratio" and constant_value(node.inputs[0]) == 0


def is_positive(node: Node) -> bool:
    """Whether a node is a positive number, a size, or a number that is cut off below 0."""
    while node.op.name in ("broadcast", "cast"):
        node = node.inputs[0]
    number = constant_value(node)
    return node.op.name in ("size_of", "relu") or (number is not None and number > 0)
