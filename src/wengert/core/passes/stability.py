"""Stability: formulas that overflow or lose their digits, written as the functions that do not.

Each is an equality of mathematics; what changes is that numbers which are finite on paper are finite in the machine, and
so are their derivatives. `applied` lists what was rewritten, for the user to see; a pipeline without `stabilise` has none.
"""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from wengert.core.ir.graph import Graph, Node, apply, constant, input_node
from wengert.core.ir.types import ArrayType, Dim, Shape
from wengert.core.ir.walk import order_of
from wengert.core.ops.kinds import constant_value
from wengert.core.passes.algebra import IDENTITIES, LONG
from wengert.core.passes.inverses import BENEATH, CHAINS
from wengert.core.passes.norms import NORMS
from wengert.core.passes.patterns import (
    Env,
    Pattern,
    abs,
    arctan,
    broadcast,
    call,
    computed,
    exp,
    expm1,
    fill,
    log,
    log1p,
    logaddexp,
    logistic,
    logsumexp,
    reciprocal,
    softmax,
    softplus,
    sum,
    tanh,
    where,
)
from wengert.core.passes.rewrite import Applied, Maker, Procedure, Rewrite, Rewritten, Rule, Side, admission, rewrite
from wengert.core.passes.roots import ROOTS

SUBJECTS = frozenset(
    {"exp", "expm1", "log", "log1p", "logistic", "softmax", "sinh", "cosh", "sqrt", "power", "arctan", "norm"}
)
"""Every formula that a rule knows has one of these ops, one from which an identity makes it, or a pair of `BENEATH`."""


def stabilise(graph: Graph) -> Graph:
    """The graph with every rule of `STABILITY` applied: 1/(1 + e^(−x)) is σ(x), log Σ eˣ is logsumexp, and so on."""
    return outcome(graph).graph


def applied(graph: Graph) -> tuple[Applied, ...]:
    """What `stabilise` rewrites in the graph: which rule, and where."""
    return outcome(graph).applied


def outcome(graph: Graph) -> Rewritten:
    """The stabilised graph with the list of what was applied.

    The identities of algebra are applied along with the rules, as one may bring out the form that another knows; they are
    not listed. Of long graphs they are left out.
    """
    order = order_of(graph)
    if not any(map(may_be_outermost, order)):
        return Rewritten(graph, (), True)
    result = rewrite(graph, STABILITY if len(order) > LONG else STABILITY + IDENTITIES)
    return replace(result, applied=tuple(entry for entry in result.applied if entry.rule in STABILITY))


def may_be_outermost(node: Node) -> bool:
    """Whether a node may be part of a formula that a rule knows."""
    name = node.op.name
    return name in SUBJECTS or (name in BENEATH and any(x.op.name in BENEATH[name] for x in node.inputs))


def _spread_back(env: Env) -> bool:
    """Whether a reduced value is laid back over the axes that it was reduced over."""
    rank = len(env["shape"])
    return tuple(env["kept"]) == tuple(k for k in range(rank) if k not in env["axes"])


def _shape(x: Node) -> Shape:
    return x.shape


def _others(x: Node, axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(k for k in range(x.type.rank) if k not in axes)


def _log_softmax(x: Pattern, axes: Pattern) -> Pattern:
    """x − log Σ eˣ, the reduced value laid back over its axes."""
    return x - broadcast(logsumexp(x, axes), computed(_shape, x), computed(_others, x, axes))


def _over_total(x: Pattern, axes: Pattern, shape: Pattern, kept: Pattern) -> Pattern:
    """Σ eˣ over some axes, laid back over them."""
    return broadcast(sum(exp(x), axes), shape, kept)


_M = ArrayType((3, 4))
_AXES = tuple(
    {"x": _M, "a": _M, "axes": axes, "shape": (3, 4), "kept": kept} for axes, kept in (((1,), (0,)), ((0,), (1,)), ((0, 1), ()))
)  # fmt: skip
_REDUCED = tuple({"x": _M, "axes": axes} for axes in ((1,), (0,), (0, 1)))


def _stable(name: str, left: Side, right: Side, **more: Any) -> Rule:
    """A rule to rounding that knows every way to write a quotient."""
    return Rule(name, left, right, exact=False, any_quotient=True, **more)


def _sinh(x: Pattern) -> Pattern:
    return call("sinh", x)


def _cosh(x: Pattern) -> Pattern:
    return call("cosh", x)


HALF = Fraction(1, 2)
_FINITE_A: dict[str, Any] = {
    "valid": "abs(x) < 300 and finite(a)",
    "ulps": 1024,
    "when": _spread_back,
    "examples": _AXES,
}


def _turned(y: Pattern, x: Pattern) -> Pattern:
    """The angle of (|x|, ±y), ± the sign of x: arctan(y/x) where y/x overflows, too, and with the sign of −0."""
    return call("arctan2", where(call("signbit", x), -y, y), abs(x))


def _where_defined(q: Pattern, angle: Pattern) -> Pattern:
    """An angle where the quotient is a number: 0/0 and ∞/∞ stay NaN."""
    return where(call("equal", q, q), angle, q)


def _moves(env: Env) -> bool:
    return constant_value(env["x"]) is None


def _is_finite_number(env: Env) -> bool:
    c = env["c"]
    return math.isfinite(c) and c != 0


def _divides(env: Env) -> bool:
    return 1 <= env["c"] <= 2.0**32


HYPERBOLIC: tuple[Rewrite, ...] = (
    _stable("tanh", lambda x: (exp(x) - exp(-x)) / (exp(x) + exp(-x)), lambda x: tanh(x)),
    _stable("tanh", lambda x: _sinh(x) / _cosh(x), lambda x: tanh(x)),
    _stable("tanh", lambda x: expm1(x) / (1 + exp(x)), lambda x: tanh(HALF * x)),
    _stable("tanh", lambda x: (-expm1(x)) / (1 + exp(x)), lambda x: -tanh(HALF * x)),
    _stable("tanh", lambda x: 2 * logistic(x) - 1, lambda x: tanh(HALF * x)),
    _stable("tanh", lambda x: 1 - 2 * logistic(x), lambda x: -tanh(HALF * x)),
)
LOGISTIC: tuple[Rewrite, ...] = (
    _stable("inverse-of-exp", lambda x: reciprocal(exp(x)), lambda x: exp(-x)),
    _stable("logistic", lambda x: 1 / (1 + exp(-x)), lambda x: logistic(x)),
    _stable("logistic", lambda x: exp(x) / (1 + exp(x)), lambda x: logistic(x)),
    _stable("logistic", lambda x: 1 / (1 + exp(x)), lambda x: logistic(-x)),
    _stable("logistic", lambda x, a: a / (1 + exp(-x)), lambda x, a: a * logistic(x), valid="abs(x) < 700"),
    _stable("logistic", lambda x, a: (a * exp(x)) / (1 + exp(x)), lambda x, a: a * logistic(x), valid="abs(x) < 700"),
    _stable("logistic", lambda x, a: exp(x) * (a / (1 + exp(x))), lambda x, a: a * logistic(x), valid="abs(x) < 700"),
    _stable("logistic", lambda x, a: a / (1 + exp(x)), lambda x, a: a * logistic(-x), valid="abs(x) < 700"),
    _stable(
        "logistic",
        lambda x, a, c: a / (fill(c) * (1 + exp(x))),
        lambda x, a, c: (a * logistic(-x)) / fill(c),
        valid="abs(x) < 700",
        when=_divides,
        examples=({"c": 3}, {"c": 2.5}),
    ),
    _stable("logistic", lambda x: exp(x) * logistic(-x), lambda x: logistic(x)),
    _stable("logistic", lambda x: exp(-x) * logistic(x), lambda x: logistic(-x)),
    _stable("logistic", lambda x, a: exp(x) * (a * logistic(-x)), lambda x, a: a * logistic(x), valid="abs(x) < 700"),
    _stable("logistic", lambda x, a: exp(-x) * (a * logistic(x)), lambda x, a: a * logistic(-x), valid="abs(x) < 700"),
    _stable("logistic-slope", lambda x: exp(-x) * logistic(x) ** 2, lambda x: logistic(x) * logistic(-x)),
    _stable(
        "logistic-slope",
        lambda x, a: exp(-x) * (a * logistic(x) ** 2),
        lambda x, a: a * (logistic(x) * logistic(-x)),
        valid="abs(x) < 300 and abs(a) < 1e150",
    ),
    _stable("log-logistic", lambda x: log(logistic(x)), lambda x: -softplus(-x)),
    _stable("log-logistic", lambda x: log(1 - logistic(x)), lambda x: -softplus(x)),
    _stable("log-logistic", lambda x: log1p(-logistic(x)), lambda x: -softplus(x)),
)
LOGARITHMS: tuple[Rewrite, ...] = (
    _stable("log-exp", lambda x: log(exp(x)), lambda x: x),
    _stable("softplus", lambda x: log(1 + exp(x)), lambda x: softplus(x)),
    _stable("softplus", lambda x: log1p(exp(x)), lambda x: softplus(x)),
    _stable("logaddexp", lambda x, y: log(exp(x) + exp(y)), lambda x, y: logaddexp(x, y)),
    _stable("log1p", lambda x: log(1 + x), lambda x: log1p(x)),
    _stable("log1p", lambda x: log(1 - x), lambda x: log1p(-x)),
    _stable("expm1", lambda x: exp(x) - 1, lambda x: expm1(x)),
    _stable("expm1", lambda x: 1 - exp(x), lambda x: -expm1(x)),
)
ANGLES: tuple[Rewrite, ...] = (
    Rule(
        "angle-of-reciprocal",
        lambda x: arctan(reciprocal(x)),
        lambda x: call("arctan2", where(call("signbit", x), -1, 1), abs(x)),
        exact=False,
        valid="x != 0",
    ),
    _stable(
        "angle-of-quotient",
        lambda x, c: arctan(fill(c) / x),
        lambda x, c: call("arctan2", where(call("signbit", x), fill(-c), fill(c)), abs(x)),
        valid="x != 0",
        when=_is_finite_number,
        examples=({"c": 3}, {"c": -0.5}),
    ),
    _stable(
        "angle-of-quotient",
        lambda x, y: arctan(y / x),
        lambda x, y: _where_defined(y / x, _turned(y, x)),
        valid="x != 0",
        when=_moves,
    ),
)
SOFTMAX: tuple[Rewrite, ...] = (
    _stable("logsumexp", lambda x, axes: log(sum(exp(x), axes)), lambda x, axes: logsumexp(x, axes), units="inputs", examples=_REDUCED),
    _stable("log-softmax", lambda x, axes: log(softmax(x, axes)), _log_softmax, units="inputs", examples=_REDUCED),
    _stable("softmax", lambda x, axes, shape, kept: exp(x) / _over_total(x, axes, shape, kept), lambda x, axes, shape, kept: softmax(x, axes), ulps=1024, when=_spread_back, examples=_AXES),
    _stable("softmax", lambda x, axes, shape, kept, a: (a * exp(x)) / _over_total(x, axes, shape, kept), lambda x, axes, shape, kept, a: a * softmax(x, axes), **_FINITE_A),
    _stable("softmax", lambda x, axes, shape, kept, a: exp(x) * (a / _over_total(x, axes, shape, kept)), lambda x, axes, shape, kept, a: a * softmax(x, axes), **_FINITE_A),
    _stable("softmax", lambda x, axes, shape, kept: exp(x) * broadcast(1 / sum(exp(x), axes), shape, kept), lambda x, axes, shape, kept: softmax(x, axes), ulps=1024, when=_spread_back, examples=_AXES),
)  # fmt: skip


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

STABILITY: tuple[Rewrite, ...] = (
    *HYPERBOLIC,
    *LOGISTIC,
    *LOGARITHMS,
    *CHAINS,
    *NORMS,
    *ROOTS,
    *ANGLES,
    *SOFTMAX,
    *PRODUCTS,
)
"""In the order in which they are tried."""
admission(STABILITY + IDENTITIES)  # made here, so that no first call of a function pays for it
