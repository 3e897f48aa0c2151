"""Where a derivative's product is `weigh` instead of multiply: a zero cotangent or tangent annihilates an infinite partial.

where(x > 0, log x, 0) at 0 has the slope 0, though log has the slope ∞ there: 0 · ∞ is NaN, weigh(0, ∞) is 0. The product
is weighed where the partial can be singular, or where the signal may hold exact zeros (it passed a mask or a singular
partial) and the partial is unbounded. Both modes follow the same rule. Backward, the signal may be the infinite factor: one that
passed a singular partial is weighed by a mask, √max(x, 0) has the slope 0 at −1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wengert.ir.graph import Graph, Node, apply
from wengert.ir.op import OPS, Growth
from wengert.ir.walk import topological
from wengert.ops.functions import broadcast
from wengert.ops.kinds import add_all, constant_value, local_partials, times


def may_be_zero(signal: Node) -> bool:
    """Whether a given cotangent or tangent may hold zeros beside other numbers: all but a constant that is not 0."""
    return constant_value(signal) in (None, 0)


def growth(node: Node) -> Growth:
    """How the partials of this node behave: its op's fact, sharpened by a constant divisor or exponent."""
    name = node.op.name
    if name == "prime":
        return OPS[node.params["function"]].growth
    if name == "divide" and _is_fixed(node.inputs[1]):
        return "bounded"
    if name == "power":
        exponent = constant_value(node.inputs[1])
        return "unbounded" if exponent is not None and exponent >= 1 else "singular"
    if name == "integer_power":
        return "unbounded" if node.params["exponent"] >= 0 else "singular"
    if name in ("scan", "while_loop"):
        return "mask" if _masks_inside(node.params["body"]) else "bounded"
    return node.op.growth


def _masks_inside(body: Graph) -> bool:
    return any(may_mask(node) for node in topological(body.outputs))


def _is_fixed(node: Node) -> bool:
    """Whether a divisor is a number other than 0, or a size."""
    while node.op.name in ("broadcast", "cast"):
        node = node.inputs[0]
    return node.op.name == "size_of" or constant_value(node) not in (None, 0)


def may_mask(node: Node) -> bool:
    """Whether a signal that went through this node may be exactly zero in places, or infinite."""
    return growth(node) in ("mask", "singular")


def is_singular(node: Node) -> bool:
    """Whether a signal that went through this node may be infinite."""
    return growth(node) == "singular"


def _is_weighed(node: Node, doubtful: bool, steep: bool = False) -> bool:
    kind = growth(node)
    return kind == "singular" or (doubtful and kind == "unbounded") or (steep and kind == "mask")


def vjp(node: Node, bar: Node, doubtful: bool, steep: bool) -> Sequence[Node | None]:
    """The op's vjp, its products weighed where they have to be: `doubtful`, the bar may hold zeros; `steep`, infinities."""
    if node.op.partials is not None and _is_weighed(node, doubtful, steep):
        return [times(bar, p, "weigh") for p in local_partials(node)]
    if node.op.name == "prime" and _is_weighed(node, doubtful):
        return [times(bar, _next_prime(node), "weigh")]
    if node.op.name == "einsum" and doubtful:
        return [_einsum_adjoint(node, bar, k) for k in range(len(node.inputs))]
    return node.op.vjp(node, bar)


def jvp(node: Node, tangents: Sequence[Any], doubtful: bool) -> Any:
    """The op's jvp, its products weighed where they have to be; the tangents of each result where it has several."""
    if node.op.partials is not None and _is_weighed(node, doubtful):
        pairs = zip(tangents, local_partials(node), strict=True)
        return add_all([None if t is None else times(t, p, "weigh") for t, p in pairs])
    if node.op.name == "prime" and _is_weighed(node, doubtful):
        return None if tangents[0] is None else times(tangents[0], _next_prime(node), "weigh")
    return node.op.jvp(node, tangents)


def _next_prime(node: Node) -> Node:
    function, order = node.params["function"], node.params["order"]
    return apply("prime", node.inputs[0], function=function, order=order + 1)


def _einsum_adjoint(node: Node, bar: Node, k: int) -> Node | None:
    """ȳ times the other factor without a sum, as in the adjoint of Σ x², is weighed; a sum of products stays an einsum."""
    inputs, output = node.params["inputs"], node.params["output"]
    target = inputs[k]
    if len(inputs) != 2 or len(set(target)) != len(target):
        return node.op.vjp(node, bar)[k]
    other, labels = node.inputs[1 - k], inputs[1 - k]
    if len(set(labels)) != len(labels) or not {*output, *labels} <= set(target):
        return node.op.vjp(node, bar)[k]
    shape = node.inputs[k].shape
    signal = broadcast(bar, shape, [target.index(label) for label in output])
    return apply("weigh", signal, broadcast(other, shape, [target.index(label) for label in labels]))
