"""Exponentials whose partner stands elsewhere: rules that look through products, sums and moves of entries.

A pattern of `stability` names the ops between; here any number of factors, terms or moves may stand there.
"""

from __future__ import annotations

import math

import numpy as np

from wengert.core.ir.graph import Node, apply, constant, input_node
from wengert.core.ir.types import ArrayType, Dim
from wengert.core.ops.kinds import constant_value
from wengert.core.passes.rewrite import Maker, Procedure, Rewrite

# ---------------------------------------------------------------- a logarithm of entries that were moved

MOVED = frozenset({"broadcast", "transpose", "reshape", "slice", "flip", "gather"})
DEEP = 8
"""How many moves in a row are looked through."""
MANY = 32
"""How many factors of a product, or terms of a sum, are looked at."""


def _log_of_moved(node: Node, make: Maker) -> Node | None:
    """log of entries picked, cut or laid out is the same of the log, where that log has a stable form of its own."""
    moves: list[Node] = []
    inner = node.inputs[0]
    while inner.op.name in MOVED and len(moves) < DEEP:
        moves.append(inner)
        inner = inner.inputs[0]
    total = inner.op.name == "sum" and inner.inputs[0].op.name == "exp"
    if not moves or not (total or inner.op.name in ("softmax", "logistic")):
        return None
    result = make("log", (inner,), {})
    for move in reversed(moves):
        result = make(move.op.name, (result, *move.inputs[1:]), move.params)
    return result


def _moved_samples() -> list[Node]:
    x = input_node("x", ArrayType((3, 4)))
    index = constant(np.array([2, 0, 3]), ArrayType((3,), "int64"))
    y = apply("softmax", x, axes=(1,))
    picked = apply("gather", y, index, axis=1, batch=1)
    cut = apply("slice", apply("transpose", y, axes=(1, 0)), start=(1, 0), stop=(3, 3), step=(1, 1))
    wide = apply("broadcast", apply("sum", apply("exp", x), axes=(1,)), shape=(3, 2), axes=(0,))
    return [apply("log", each) for each in (picked, cut, wide)]


# ---------------------------------------------------------------- softmax inside a product


def _total_of(node: Node, powers: Node) -> tuple[int, ...] | None:
    """The axes over which the node is the sum of `powers`."""
    return node.params["axes"] if node.op.name == "sum" and node.inputs[0] is powers else None


def _softmax_in_product(node: Node, make: Maker) -> Node | None:
    """Σ … e^(x_l) / Σ e^(x_l) … is Σ … softmax(x)_l …, the reciprocal of the total being another factor."""
    labels: list[tuple[int, ...]] = list(node.params["inputs"])
    for i, powers in enumerate(node.inputs):
        for j, inverse in enumerate(node.inputs):
            if powers.op.name != "exp" or inverse.op.name != "reciprocal":
                continue
            axes = _total_of(inverse.inputs[0], powers)
            if axes is None or labels[j] != tuple(q for k, q in enumerate(labels[i]) if k not in axes):
                continue
            share = make("softmax", powers.inputs, {"axes": axes})
            kept = [(share if k == i else x, labels[k]) for k, x in enumerate(node.inputs) if k != j]
            params = {"inputs": tuple(q for _, q in kept), "output": node.params["output"]}
            return make("einsum", tuple(x for x, _ in kept), params)
    return None


def _product_over_total(node: Node, make: Maker) -> Node | None:
    """(Σ_l e^(x_l) v_l) / Σ_l e^(x_l) is Σ_l softmax(x)_l v_l: a mean with weights, as in attention."""
    top, below = node.inputs
    if top.op.name != "einsum":
        return None
    out = top.params["output"]
    if below.op.name == "broadcast":
        out, below = tuple(out[axis] for axis in below.params["axes"]), below.inputs[0]
    for i, (powers, labels) in enumerate(zip(top.inputs, top.params["inputs"], strict=True)):
        axes = _total_of(below, powers) if powers.op.name == "exp" else None
        if axes is not None and out == tuple(q for k, q in enumerate(labels) if k not in axes):
            share = make("softmax", powers.inputs, {"axes": axes})
            return make("einsum", (*top.inputs[:i], share, *top.inputs[i + 1 :]), top.params)
    return None


def _weighted_samples(reciprocal: bool) -> list[Node]:
    x, v = input_node("x", ArrayType((2, 3))), input_node("v", ArrayType((3, 4)))
    powers = apply("exp", x)
    total = apply("sum", powers, axes=(1,))
    if reciprocal:
        factors = (powers, v, apply("reciprocal", total))
        return [apply("einsum", *factors, inputs=((0, 1), (1, 2), (0,)), output=(0, 2))]
    top = apply("einsum", powers, v, inputs=((0, 1), (1, 2)), output=(0, 2))
    return [top / apply("broadcast", total, shape=(2, 4), axes=(0,))]


# ---------------------------------------------------------------- σ inside a product


def _factors(node: Node) -> list[Node]:
    """The factors of a product in any order and grouping, those above the line of quotients."""
    found: list[Node] = []
    stack = [node]
    while stack and len(found) < MANY:
        each = stack.pop()
        name = each.op.name
        if name == "multiply":
            stack.extend(each.inputs[::-1])
        elif name in ("negative", "divide"):
            stack.append(each.inputs[0])
        else:
            found.append(each)
    return found


def _is_minus(x: Node, y: Node) -> bool:
    return (x.op.name == "negative" and x.inputs[0] is y) or (y.op.name == "negative" and y.inputs[0] is x)


def _logistic_in_product(node: Node, make: Maker) -> Node | None:
    """… eˣ … σ(−x) … is … σ(x) …, whatever stands between the two."""
    factors = _factors(node)
    for powers in factors:
        for share in factors if powers.op.name == "exp" else ():
            if share.op.name == "logistic" and _is_minus(share.inputs[0], powers.inputs[0]):
                return _without(node, {powers: make("logistic", powers.inputs, {}), share: None}, make)
    return None


def _without(node: Node, new: dict[Node, Node | None], make: Maker) -> Node | None:
    """The product with some factors replaced, each once, or left out."""
    if node in new:
        return new.pop(node)
    name = node.op.name
    if name not in ("multiply", "negative", "divide"):
        return node
    first = _without(node.inputs[0], new, make)
    if name == "negative":
        return make("negative", (constant(1, node.type) if first is None else first,), {})
    if name == "divide":
        return make("divide", (constant(1, node.type) if first is None else first, node.inputs[1]), {})
    second = _without(node.inputs[1], new, make)
    return second if first is None else first if second is None else make("multiply", (first, second), {})


def _product_samples() -> list[Node]:
    x, a, b = (input_node(name, ArrayType((Dim("n"),))) for name in "xab")
    power, share = apply("exp", x), apply("logistic", -x)
    return [(a * power) * (b * share), (-power / a) * (share * b), share * (a * (power * b))]


# ---------------------------------------------------------------- the logarithm of a sum of exponentials


def _logarithm(node: Node, make: Maker) -> Node | None:
    """log of an exponential, of a sum of exponentials over axes, or of a positive number, without the exponential."""
    name = node.op.name
    if name == "exp":
        return node.inputs[0]
    if name == "sum" and node.inputs[0].op.name == "exp":
        return make("logsumexp", node.inputs[0].inputs, {"axes": node.params["axes"]})
    number = constant_value(node)
    if number is not None:
        return make("constant", (), {"value": math.log(number), "type": node.type}) if 0 < number < math.inf else None
    return None


def _log_of_exponentials(node: Node, make: Maker) -> Node | None:
    """log(eˣ + eʸ + … + c) for numbers c > 0: logaddexp of the exponents and log c, two at a time, in any order and grouping."""
    terms: list[Node] = [] if node.op.name == "log" else [make("constant", (), {"value": 1, "type": node.type})]
    stack = list(node.inputs)
    while stack:
        each = stack.pop()
        if each.op.name == "add":
            stack.extend(each.inputs[::-1])
        else:
            terms.append(each)
        if len(terms) + len(stack) > MANY:
            return None
    moving = [x for x in terms if constant_value(x) is None]
    numbers = [float(c) for x in terms if (c := constant_value(x)) is not None]
    if not moving or len(terms) < 2:
        return None
    whole = [make("constant", (), {"value": math.fsum(numbers), "type": node.type})] if numbers else []
    exponents = [x for x in (_logarithm(each, make) for each in (*moving, *whole)) if x is not None]
    if len(exponents) < len(moving) + len(whole) or len(exponents) < 2:
        return None
    found = exponents[0]
    for x in exponents[1:]:
        found = make("softplus", (found,), {}) if constant_value(x) == 0 else make("logaddexp", (found, x), {})
    return found


def _exponential_samples() -> list[Node]:
    x, y = (input_node(name, ArrayType((Dim("n"),))) for name in "xy")
    one, two = constant(1, x.type), constant(2, x.type)
    total = apply("sum", apply("exp", input_node("m", ArrayType((3, 4)))), axes=(1,))
    sums = [
        two + apply("exp", x),
        (apply("exp", x) + one) + apply("exp", y),
        apply("exp", x) + (apply("exp", y) + apply("exp", x)),
    ]
    further = [apply("log1p", total), apply("log1p", apply("exp", x) + apply("exp", y))]
    return [apply("log", each) for each in (*sums, constant(1, total.type) + total)] + further


PRODUCTS: tuple[Rewrite, ...] = (
    Procedure("logistic-in-product", ["multiply"], _logistic_in_product, "… exp(x) … logistic(−x) … → … logistic(x) …", exact=False, ulps=16, valid="abs(x) < 300 and 1e-150 < abs(a) < 1e150 and 1e-150 < abs(b) < 1e150", samples=_product_samples),
    Procedure("log-of-exponentials", ["log", "log1p"], _log_of_exponentials, "log(exp(x) + exp(y) + … + c) → logaddexp(logaddexp(x, y), …, log(c))", exact=False, units="inputs", samples=_exponential_samples),
    Procedure("log-of-moved", ["log"], _log_of_moved, "log(move(y)) → move(log(y)) for y = softmax, logistic, sum of exp", exact=False, units="inputs", samples=_moved_samples),
    Procedure("softmax-in-product", ["einsum"], _softmax_in_product, "Σ … exp(x) · 1/sum(exp(x)) … → Σ … softmax(x) …", exact=False, ulps=64, units="inputs", valid="abs(x) < 300", samples=lambda: _weighted_samples(True)),
    Procedure("softmax-in-product", ["divide"], _product_over_total, "(Σ exp(x) · v) / sum(exp(x)) → Σ softmax(x) · v", exact=False, ulps=64, units="inputs", valid="abs(x) < 300", samples=lambda: _weighted_samples(False)),
)  # fmt: skip
