"""Stability: formulas that overflow or lose their digits, written as the functions that do not.

Each is an equality of mathematics; what changes is that numbers which are finite on paper are finite in the machine, and
so are their derivatives. `applied` lists what was rewritten, for the user to see; a pipeline without `stabilise` has none.
"""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from typing import Any

from wengert.core.ir.graph import Graph, Node
from wengert.core.ir.types import ArrayType, Shape
from wengert.core.ir.walk import order_of
from wengert.core.ops.kinds import constant_value
from wengert.core.passes.algebra import IDENTITIES, LONG
from wengert.core.passes.exponentials import PRODUCTS
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
from wengert.core.passes.rewrite import Applied, Rewrite, Rewritten, Rule, Side, admission, rewrite
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
