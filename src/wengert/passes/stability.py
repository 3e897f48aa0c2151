"""Stability: formulas that overflow or lose their digits, written as the functions that do not.

Each is an equality of mathematics; what changes is that numbers which are finite on paper are finite in the machine, and
so are their derivatives. `applied` lists what was rewritten, for the user to see; a pipeline without `stabilise` has none.
"""

from __future__ import annotations

from wengert.ir.graph import Graph, Node
from wengert.ir.types import ArrayType, Shape
from wengert.passes.patterns import (
    Env,
    Pattern,
    broadcast,
    computed,
    exp,
    log,
    log1p,
    logaddexp,
    logistic,
    logsumexp,
    softmax,
    softplus,
    sum,
)
from wengert.passes.rewrite import Applied, Outcome, Rewrite, Rule, rewrite


def stabilise(graph: Graph) -> Graph:
    """The graph with every rule of `STABILITY` applied: 1/(1 + e^(−x)) is σ(x), log Σ eˣ is logsumexp, and so on."""
    return outcome(graph).graph


def applied(graph: Graph) -> tuple[Applied, ...]:
    """What `stabilise` rewrites in the graph: which rule, and where."""
    return outcome(graph).applied


def outcome(graph: Graph) -> Outcome:
    """The stabilised graph with the list of what was applied."""
    return rewrite(graph, STABILITY)


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

LOGISTIC: tuple[Rewrite, ...] = (
    Rule("logistic", lambda x: 1 / (1 + exp(-x)), lambda x: logistic(x), exact=False, any_quotient=True),
    Rule("logistic", lambda x: exp(x) / (1 + exp(x)), lambda x: logistic(x), exact=False, any_quotient=True),
    Rule("logistic", lambda x: 1 / (1 + exp(x)), lambda x: logistic(-x), exact=False, any_quotient=True),
    Rule(
        "logistic",
        lambda x, a: a / (1 + exp(-x)),
        lambda x, a: a * logistic(x),
        exact=False,
        any_quotient=True,
        valid="abs(x) < 700",
    ),
    Rule(
        "logistic",
        lambda x, a: (a * exp(x)) / (1 + exp(x)),
        lambda x, a: a * logistic(x),
        exact=False,
        any_quotient=True,
        valid="abs(x) < 700",
    ),
    Rule(
        "logistic",
        lambda x, a: exp(x) * (a / (1 + exp(x))),
        lambda x, a: a * logistic(x),
        exact=False,
        any_quotient=True,
        valid="abs(x) < 700",
    ),
    Rule(
        "logistic",
        lambda x, a: a / (1 + exp(x)),
        lambda x, a: a * logistic(-x),
        exact=False,
        any_quotient=True,
        valid="abs(x) < 700",
    ),
    Rule("log-logistic", lambda x: log(logistic(x)), lambda x: -softplus(-x), exact=False, any_quotient=True),
    Rule("log-logistic", lambda x: log(1 - logistic(x)), lambda x: -softplus(x), exact=False, any_quotient=True),
    Rule("log-logistic", lambda x: log1p(-logistic(x)), lambda x: -softplus(x), exact=False, any_quotient=True),
    Rule("softplus", lambda x: log(1 + exp(x)), lambda x: softplus(x), exact=False, any_quotient=True),
    Rule("softplus", lambda x: log1p(exp(x)), lambda x: softplus(x), exact=False, any_quotient=True),
    Rule("logaddexp", lambda x, y: log(exp(x) + exp(y)), lambda x, y: logaddexp(x, y), exact=False, any_quotient=True),
)
SOFTMAX: tuple[Rewrite, ...] = (
    Rule("logsumexp", lambda x, axes: log(sum(exp(x), axes)), lambda x, axes: logsumexp(x, axes), exact=False, any_quotient=True, units="inputs", examples=_REDUCED),
    Rule("log-softmax", lambda x, axes: log(softmax(x, axes)), _log_softmax, exact=False, any_quotient=True, units="inputs", examples=_REDUCED),
    Rule("softmax", lambda x, axes, shape, kept: exp(x) / _over_total(x, axes, shape, kept), lambda x, axes, shape, kept: softmax(x, axes), exact=False, any_quotient=True, ulps=1024, when=_spread_back, examples=_AXES),
    Rule("softmax", lambda x, axes, shape, kept, a: (a * exp(x)) / _over_total(x, axes, shape, kept), lambda x, axes, shape, kept, a: a * softmax(x, axes), exact=False, any_quotient=True, ulps=1024, valid="abs(x) < 300 and finite(a)", when=_spread_back, examples=_AXES),
    Rule("softmax", lambda x, axes, shape, kept, a: exp(x) * (a / _over_total(x, axes, shape, kept)), lambda x, axes, shape, kept, a: a * softmax(x, axes), exact=False, any_quotient=True, ulps=1024, valid="abs(x) < 300 and finite(a)", when=_spread_back, examples=_AXES),
)  # fmt: skip

STABILITY: tuple[Rewrite, ...] = (*LOGISTIC, *SOFTMAX)
"""In the order in which they are tried."""
