"""Relatives of the error function and of the normal distribution, and the exponential integrals.

Source: Abramowitz and Stegun, 5.1 and 7.1 (NIST DLMF 6.2, 6.7, 7.2 and 7.10).
"""

from __future__ import annotations

import math

from wengert.core.ir.graph import Node, apply
from wengert.core.ir.notation import unwritten
from wengert.core.ops.exponential import ONE_OVER_ROOT_TWO, ONE_OVER_ROOT_TWO_PI, TWO_OVER_ROOT_PI
from wengert.core.ops.kinds import elementwise, real, within
from wengert.core.ops.scipy_functions import scipy

FAR = 25.0
"""From here on erfcx has seven figures fewer in 2x y − 2/√π than in its asymptotic series, which has ten terms."""


def _erfcx_partials(y: Node, x: Node) -> tuple[Node]:
    """2x y − 2/√π; far right −(1/(√π x²)) Σ_k (−1)^k (2k+1)!! / (2x²)^k (DLMF 7.12.1, derived)."""
    far = apply("where", x > FAR, x, x * 0 + FAR)
    u = 1 / (2 * (far * far))
    series = u * 0 + 1.0
    for k in range(10, 0, -1):
        series = 1 - (2 * k + 1) * (u * series)
    return (apply("where", x > FAR, series * u * -TWO_OVER_ROOT_PI, 2 * (x * y) - TWO_OVER_ROOT_PI),)


erfcx = elementwise(
    "erfcx",
    "e^(x²) erfc x.",
    value=lambda xp, x: scipy("erfcx", x),
    partials=_erfcx_partials,
    domain=within(-2, 30),
    notation=unwritten("erfcx"),
    exact="exp(x*x)*erfc(x)",
)
erfcinv = elementwise(
    "erfcinv",
    "The x in (0, 2) ↦ y with erfc y = x.",
    value=lambda xp, x: scipy("erfcinv", x),
    partials=lambda y, x: (apply("exp", y * y) * (-1 / TWO_OVER_ROOT_PI),),
    domain=within(0.05, 1.95),
    notation=unwritten("erfcinv"),
    growth="singular",
    undoes_flat=True,
)
erfi = elementwise(
    "erfi",
    "erfi x = 2/√π ∫₀ˣ e^(s²) ds.",
    value=lambda xp, x: scipy("erfi", x),
    partials=lambda y, x: (TWO_OVER_ROOT_PI * apply("exp", x * x),),
    domain=within(-2, 2),
    notation=unwritten("erfi"),
    exact="erfi(x)",
)
dawsn = elementwise(
    "dawsn",
    "Dawson's function e^(−x²) ∫₀ˣ e^(s²) ds.",
    value=lambda xp, x: scipy("dawsn", x),
    partials=lambda y, x: (1 - 2 * (x * y),),
    domain=within(-3, 3),
    notation=unwritten("dawsn"),
    exact="sqrt(pi)/2*exp(-x*x)*erfi(x)",
)
ndtri = elementwise(
    "ndtri",
    "The x in (0, 1) ↦ y with Φ(y) = x, Φ the distribution function of the standard normal.",
    value=lambda xp, x: scipy("ndtri", x),
    partials=lambda y, x: (apply("exp", 0.5 * (y * y)) * math.sqrt(2 * math.pi),),
    domain=within(0.03, 0.97),
    notation=unwritten("ndtri"),
    growth="singular",
    undoes_flat=True,
)
log_ndtr = elementwise(
    "log_ndtr",
    "log Φ(x), Φ the distribution function of the standard normal.",
    value=lambda xp, x: scipy("log_ndtr", x),
    partials=lambda y, x: (apply("hazard", x),),
    domain=real,
    notation=unwritten("log_ndtr"),
    exact="log(erfc(-x/sqrt(2))/2)",
)
hazard = elementwise(
    "hazard",
    "φ(x)/Φ(x), the derivative of log Φ; φ the density of the standard normal.",
    value=lambda xp, x: 2 * ONE_OVER_ROOT_TWO_PI / scipy("erfcx", x * -ONE_OVER_ROOT_TWO),
    partials=lambda y, x: (-(y * (x + y)),),
    domain=within(-8, 5),
    notation=unwritten("hazard"),
    exact="sqrt(2/pi)*exp(-x*x/2)/erfc(-x/sqrt(2))",
)
exp1 = elementwise(
    "exp1",
    "E₁(x) = ∫_x^∞ e^(−t)/t dt.",
    value=lambda xp, x: scipy("exp1", x),
    partials=lambda y, x: (-apply("exp", -x) / x,),
    domain=within(0.2, 6),
    notation=unwritten("exp1"),
    growth="singular",
    exact="e1(x)",
)
expi = elementwise(
    "expi",
    "Ei(x) = −∫_(−x)^∞ e^(−t)/t dt.",
    value=lambda xp, x: scipy("expi", x),
    partials=lambda y, x: (apply("exp", x) / x,),
    domain=within(0.2, 6),
    notation=unwritten("expi"),
    growth="singular",
    exact="ei(x)",
)
