"""The logarithm of the gamma function and its derivatives, the polygamma functions ψ⁽ⁿ⁾.

Source: Abramowitz and Stegun, 6.3 and 6.4 (NIST DLMF 5.2 and 5.15).
"""

from __future__ import annotations

from wengert.ir.graph import apply
from wengert.ir.notation import function, unwritten
from wengert.ops.kinds import elementwise, within

lgamma = elementwise(
    "lgamma",
    "log |Γ(x)|.",
    value=lambda xp, x: xp.lgamma(x),
    partials=lambda y, x: (apply("digamma", x),),
    domain=within(0.8, 8),
    notation=function(r"\operatorname{lgamma}", "lgamma"),
    growth="singular",
)
digamma = elementwise(
    "digamma",
    "ψ(x) = d/dx log Γ(x).",
    value=lambda xp, x: xp.digamma(x),
    partials=lambda y, x: (apply("polygamma", x, order=1),),
    domain=within(1, 6),
    notation=function(r"\operatorname{digamma}", "digamma"),
    growth="singular",
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
