"""Stability: formulas that overflow or lose their digits, written as the functions that do not.

Each is an equality of mathematics; what changes is that numbers which are finite on paper are finite in the machine, and
so are their derivatives. `applied` lists what was rewritten, for the user to see; a pipeline without `stabilise` has none.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from wengert.ir.graph import Graph, Node, apply, constant, input_node
from wengert.ir.types import ArrayType, Shape
from wengert.ir.walk import order_of
from wengert.passes.algebra import IDENTITIES, LONG
from wengert.passes.patterns import (
    Env,
    Pattern,
    abs,
    broadcast,
    call,
    computed,
    exp,
    expm1,
    log,
    log1p,
    logaddexp,
    logistic,
    logsumexp,
    softmax,
    softplus,
    sqrt,
    sum,
    tanh,
)
from wengert.passes.rewrite import Applied, Maker, Outcome, Procedure, Rewrite, Rule, Side, rewrite

SUBJECTS = frozenset({"exp", "expm1", "log", "log1p", "logistic", "softmax", "sinh", "cosh", "sqrt", "power"})
"""Every formula that a rule knows has one of these ops, or one from which an identity makes it."""


def stabilise(graph: Graph) -> Graph:
    """The graph with every rule of `STABILITY` applied: 1/(1 + e^(−x)) is σ(x), log Σ eˣ is logsumexp, and so on."""
    return outcome(graph).graph


def applied(graph: Graph) -> tuple[Applied, ...]:
    """What `stabilise` rewrites in the graph: which rule, and where."""
    return outcome(graph).applied


def outcome(graph: Graph) -> Outcome:
    """The stabilised graph with the list of what was applied.

    The identities of algebra are applied along with the rules, as one may bring out the form that another knows; they are
    not listed. Of long graphs they are left out.
    """
    order = order_of(graph)
    if SUBJECTS.isdisjoint({node.op.name for node in order}):
        return Outcome(graph, (), True)
    result = rewrite(graph, STABILITY if len(order) > LONG else STABILITY + IDENTITIES)
    return replace(result, applied=tuple(entry for entry in result.applied if entry.rule in STABILITY))


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

HYPERBOLIC: tuple[Rewrite, ...] = (
    _stable("tanh", lambda x: (exp(x) - exp(-x)) / (exp(x) + exp(-x)), lambda x: tanh(x)),
    _stable("tanh", lambda x: _sinh(x) / _cosh(x), lambda x: tanh(x)),
    _stable("tanh", lambda x: expm1(x) / (1 + exp(x)), lambda x: tanh(HALF * x)),
    _stable("tanh", lambda x: (-expm1(x)) / (1 + exp(x)), lambda x: -tanh(HALF * x)),
)
LOGISTIC: tuple[Rewrite, ...] = (
    _stable("logistic", lambda x: 1 / (1 + exp(-x)), lambda x: logistic(x)),
    _stable("logistic", lambda x: exp(x) / (1 + exp(x)), lambda x: logistic(x)),
    _stable("logistic", lambda x: 1 / (1 + exp(x)), lambda x: logistic(-x)),
    _stable("logistic", lambda x, a: a / (1 + exp(-x)), lambda x, a: a * logistic(x), valid="abs(x) < 700"),
    _stable("logistic", lambda x, a: (a * exp(x)) / (1 + exp(x)), lambda x, a: a * logistic(x), valid="abs(x) < 700"),
    _stable("logistic", lambda x, a: exp(x) * (a / (1 + exp(x))), lambda x, a: a * logistic(x), valid="abs(x) < 700"),
    _stable("logistic", lambda x, a: a / (1 + exp(x)), lambda x, a: a * logistic(-x), valid="abs(x) < 700"),
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
    _stable("root-of-square", lambda x: sqrt(x**2), lambda x: abs(x)),
    _stable("root-of-square", lambda x: sqrt(x * x), lambda x: abs(x)),
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


PRODUCTS: tuple[Rewrite, ...] = (
    Procedure("log-of-moved", ["log"], _log_of_moved, "log(move(y)) → move(log(y)) for y = softmax, logistic, sum of exp", exact=False, units="inputs", samples=_moved_samples),
    Procedure("softmax-in-product", ["einsum"], _softmax_in_product, "Σ … exp(x) · 1/sum(exp(x)) … → Σ … softmax(x) …", exact=False, ulps=64, units="inputs", valid="abs(x) < 300", samples=lambda: _weighted_samples(True)),
    Procedure("softmax-in-product", ["divide"], _product_over_total, "(Σ exp(x) · v) / sum(exp(x)) → Σ softmax(x) · v", exact=False, ulps=64, units="inputs", valid="abs(x) < 300", samples=lambda: _weighted_samples(False)),
)  # fmt: skip


# ---------------------------------------------------------------- roots of powers


def _root_of_power(node: Node, make: Maker) -> Node | None:
    """√x²ⁿ is |x|ⁿ, which has all of its derivatives at 0 where n is even."""
    (power,) = node.inputs
    if power.op.name != "integer_power" or node.type.is_complex:
        return None
    n, rest = divmod(power.params["exponent"], 2)
    if rest or n < 2:
        return None
    x = power.inputs[0] if n % 2 == 0 else make("abs", power.inputs, {})
    return make("integer_power", (x,), {"exponent": n})


def _power_samples() -> list[Node]:
    x = input_node("x", ArrayType((3,)))
    return [apply("sqrt", x**n) for n in (4, 6, 8)]


ROOTS: tuple[Rewrite, ...] = (
    Procedure("root-of-power", ["sqrt"], _root_of_power, "sqrt(x**(2n)) → abs(x)**n", exact=False, valid="abs(x) < 1e30", samples=_power_samples),
)  # fmt: skip

STABILITY: tuple[Rewrite, ...] = (*HYPERBOLIC, *LOGISTIC, *LOGARITHMS, *SOFTMAX, *PRODUCTS, *ROOTS)
"""In the order in which they are tried."""
