"""The beta function and its logarithm, and the incomplete gamma and beta functions.

Source: NIST DLMF 5.12, 8.2 and 8.17: ∂P(a, x)/∂x = x^(a−1) e^(−x)/Γ(a), ∂I_x(a, b)/∂x = x^(a−1) (1−x)^(b−1)/B(a, b).
"""

from __future__ import annotations

from typing import Any

from wengert.core.ir.graph import Node, apply
from wengert.core.ir.notation import unwritten
from wengert.core.ops.kinds import elementwise, within
from wengert.core.ops.orders import ordered, without_partial
from wengert.core.ops.scipy_functions import scipy


def _excess(a: Node, b: Node) -> Node:
    """ψ(a) − ψ(a + b)."""
    return apply("digamma", a) - apply("digamma", a + b)


beta = elementwise(
    "beta",
    "B(a, b) = Γ(a) Γ(b) / Γ(a + b).",
    value=lambda xp, a, b: scipy("beta", a, b),
    partials=lambda y, a, b: (y * _excess(a, b), y * _excess(b, a)),
    arity=2,
    domain=within(0.4, 5),
    notation=unwritten("beta"),
    growth="singular",
)
betaln = elementwise(
    "betaln",
    "log |B(a, b)|.",
    value=lambda xp, a, b: scipy("betaln", a, b),
    partials=lambda y, a, b: (_excess(a, b), _excess(b, a)),
    arity=2,
    domain=within(0.4, 5),
    notation=unwritten("betaln"),
    growth="singular",
)


def _as(x: Node, like: Node) -> Node:
    return x if x.type.dtype == like.type.dtype else apply("cast", x, dtype=like.type.dtype)


def _gamma_density(a: Node, x: Node) -> Node:
    """x^(a−1) e^(−x) / Γ(a), by its logarithm."""
    shape = _as(a, x)
    return apply("exp", apply("xlogy", shape - 1, x) - x - apply("lgamma", shape))


def _beta_density(a: Node, b: Node, x: Node) -> Node:
    """x^(a−1) (1−x)^(b−1) / B(a, b), by its logarithm."""
    left, right = _as(a, x), _as(b, x)
    return apply("exp", apply("xlogy", left - 1, x) + apply("xlog1py", right - 1, -x) - apply("betaln", left, right))


gammainc = ordered(
    "gammainc",
    "P(a, x) = 1/Γ(a) ∫₀ˣ t^(a−1) e^(−t) dt; differentiable by x.",
    partials=lambda y, a, x: (without_partial("gammainc", 0, a, x), _gamma_density(a, x)),
    orders=((1, 5),),
    domain=within(0.2, 8),
    growth="singular",
)
gammaincc = ordered(
    "gammaincc",
    "Q(a, x) = 1 − P(a, x), exact where it is small; differentiable by x.",
    partials=lambda y, a, x: (without_partial("gammaincc", 0, a, x), -_gamma_density(a, x)),
    orders=((1, 5),),
    domain=within(0.2, 8),
    growth="singular",
)


def _betainc_partials(y: Node, a: Node, b: Node, x: Node) -> tuple[Any, ...]:
    by_a, by_b = (without_partial("betainc", k, a, b, x) for k in (0, 1))
    return by_a, by_b, _beta_density(a, b, x)


betainc = ordered(
    "betainc",
    "I_x(a, b) = 1/B(a, b) ∫₀ˣ t^(a−1) (1−t)^(b−1) dt; differentiable by x.",
    partials=_betainc_partials,
    orders=((1, 4), (1, 4)),
    domain=within(0.05, 0.95),
    growth="singular",
)
