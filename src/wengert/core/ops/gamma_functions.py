"""The gamma function, its logarithm, its reciprocal and their derivatives, the polygamma functions ψ⁽ⁿ⁾.

Source: Abramowitz and Stegun, 6.1, 6.3 and 6.4 (NIST DLMF 5.2, 5.5 and 5.15).
"""

from __future__ import annotations

import math
from fractions import Fraction

from wengert.core.ir.graph import Node, apply
from wengert.core.ir.notation import function, unwritten
from wengert.core.ops.kinds import elementwise, within
from wengert.core.ops.orders import ordered, without_partial
from wengert.core.ops.scipy_functions import scipy

lgamma = elementwise(
    "lgamma",
    "log |Γ(x)|.",
    value=lambda xp, x: xp.lgamma(x),
    partials=lambda y, x: (apply("digamma", x),),
    domain=within(0.8, 8),
    notation=function(r"\operatorname{lgamma}", "lgamma"),
    growth="singular",
    exact="loggamma(x)",
)
digamma = elementwise(
    "digamma",
    "ψ(x) = d/dx log Γ(x).",
    value=lambda xp, x: xp.digamma(x),
    partials=lambda y, x: (apply("polygamma", x, order=1),),
    domain=within(1, 6),
    notation=function(r"\operatorname{digamma}", "digamma"),
    growth="singular",
    exact="digamma(x)",
)
polygamma = elementwise(
    "polygamma",
    "ψ⁽ⁿ⁾(x), the n-th derivative of digamma, n ≥ 1.",
    value=lambda xp, x, order: xp.polygamma(x, order),
    partials=lambda y, x, order: (apply("polygamma", x, order=order + 1),),
    domain=within(1, 6),
    params=[{"order": n} for n in (1, 2, 3)],
    notation=unwritten("polygamma"),
    growth="singular",
)
gamma = elementwise(
    "gamma",
    "Γ(x).",
    value=lambda xp, x: scipy("gamma", x),
    partials=lambda y, x: (y * apply("digamma", x),),
    domain=within(0.4, 6),
    notation=unwritten("gamma"),
    growth="singular",
    exact="gamma(x)",
)


def _rgamma_partials(y: Node, x: Node) -> tuple[Node]:
    """−ψ(x)/Γ(x); left of ½ the derivative of sin(πx) Γ(1−x)/π (DLMF 5.5.3), which is finite at the poles of Γ too."""
    mirrored = 1 - x
    turn = math.pi * (x - 2 * apply("round", x * Fraction(1, 2)))
    slope = apply("cos", turn) - apply("sin", turn) * apply("digamma", mirrored) * (1 / math.pi)
    return (apply("where", x < 0.5, apply("gamma", mirrored) * slope, -y * apply("digamma", x)),)


rgamma = elementwise(
    "rgamma",
    "1/Γ(x), which is 0 at 0, −1, −2 and so on.",
    value=lambda xp, x: scipy("rgamma", x),
    partials=_rgamma_partials,
    domain=within(-2.5, 6),
    notation=unwritten("rgamma"),
    growth="singular",
    exact="rgamma(x)",
)
gammasgn = elementwise(
    "gammasgn",
    "The sign of Γ(x).",
    value=lambda xp, x: scipy("gammasgn", xp.real(x)),
    partials=None,
    domain=within(-0.9, 6),
    notation=unwritten("gammasgn"),
    smooth=False,
)


def _zeta_partials(y: Node, x: Node, q: Node) -> tuple[Node | None, Node]:
    """∂ζ(x, q)/∂q = −x ζ(x + 1, q) (DLMF 25.11.17); by x it has no closed form."""
    by_q = -(apply("cast", x, dtype=q.type.dtype) * apply("zeta", x + 1, q))
    return without_partial("zeta", 0, x, q), by_q


zeta = ordered(
    "zeta",
    "ζ(x, q) = Σ_(k≥0) (k + q)^(−x), for x > 1; differentiable by q.",
    partials=_zeta_partials,
    orders=((2, 5),),
    domain=within(0.5, 4),
    growth="singular",
)
