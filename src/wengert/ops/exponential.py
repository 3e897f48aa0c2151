"""Elementwise exponentials, logarithms and the functions built of them, three facts each."""

from __future__ import annotations

import math
from fractions import Fraction

from wengert.ir.graph import Node, apply, constant_like
from wengert.ir.notation import function, unwritten
from wengert.ops.kinds import above_minus_one, away_from_zero, elementwise, open_interval, positive, within

LOG_2 = math.log(2)
LOG_10 = math.log(10)
TWO_OVER_ROOT_PI = 2 / math.sqrt(math.pi)
"""The slope of erf at 0."""
ONE_OVER_ROOT_TWO = 1 / math.sqrt(2)
ONE_OVER_ROOT_TWO_PI = 1 / math.sqrt(2 * math.pi)
"""The density of the standard normal at 0."""

exp = elementwise(
    "exp",
    "eˣ.",
    value=lambda xp, x: xp.exp(x),
    partials=lambda y, x: (y,),
    takes="analytic",
    notation=function(r"\exp", "exp"),
)
exp2 = elementwise(
    "exp2",
    "2ˣ.",
    value=lambda xp, x: xp.exp2(x),
    partials=lambda y, x: (y * LOG_2,),
    takes="analytic",
    notation=function(r"\operatorname{exp2}", "exp2"),
)
expm1 = elementwise(
    "expm1",
    "eˣ − 1, exact near 0.",
    value=lambda xp, x: xp.expm1(x),
    partials=lambda y, x: (apply("exp", x),),
    takes="analytic",
    notation=function(r"\operatorname{expm1}", "expm1"),
)
log = elementwise(
    "log",
    "The natural logarithm of each entry.",
    value=lambda xp, x: xp.log(x),
    partials=lambda y, x: (1 / x,),
    domain=positive,
    takes="analytic",
    notation=function(r"\log", "log", "ln"),
    growth="singular",
)
log2 = elementwise(
    "log2",
    "The logarithm to base 2.",
    value=lambda xp, x: xp.log2(x),
    partials=lambda y, x: (1 / (x * LOG_2),),
    domain=positive,
    takes="analytic",
    notation=function(r"\log_2", "log₂", "log2"),
    growth="singular",
)
log10 = elementwise(
    "log10",
    "The logarithm to base 10.",
    value=lambda xp, x: xp.log10(x),
    partials=lambda y, x: (1 / (x * LOG_10),),
    domain=positive,
    takes="analytic",
    notation=function(r"\log_{10}", "log₁₀", "log10"),
    growth="singular",
)
log1p = elementwise(
    "log1p",
    "log(1 + x), exact near 0.",
    value=lambda xp, x: xp.log1p(x),
    partials=lambda y, x: (1 / (1 + x),),
    domain=above_minus_one,
    takes="analytic",
    notation=function(r"\operatorname{log1p}", "log1p"),
    growth="singular",
)
logistic_slope = elementwise(
    "logistic_slope",
    "σ'(x) = σ(x) σ(−x), exact to rounding in both tails.",
    value=lambda xp, x: xp.logistic_slope(x),
    partials=lambda y, x: (-(y * apply("tanh", Fraction(1, 2) * x)),),
    notation=unwritten("logistic_slope"),
    growth="bounded",
)
gauss = elementwise(
    "gauss",
    "e^(−x²), without the rounding of x².",
    value=lambda xp, x: xp.gauss(x),
    partials=lambda y, x: (-2 * (x * y),),
    notation=unwritten("gauss"),
    growth="bounded",
)
logistic = elementwise(
    "logistic",
    "σ(x) = 1/(1 + e^(−x)).",
    value=lambda xp, x: xp.logistic(x),
    partials=lambda y, x: (apply("logistic_slope", x),),
    textbook=lambda y, x: (y * (1 - y),),
    notation=function(r"\sigma", "σ", "sigmoid", "logistic", letter=True),
    growth="bounded",
)
softplus = elementwise(
    "softplus",
    "log(1 + eˣ) without overflow.",
    value=lambda xp, x: xp.softplus(x),
    partials=lambda y, x: (apply("logistic", x),),
    notation=function(r"\operatorname{softplus}", "softplus"),
    growth="bounded",
)


def _bell_curve(x: Node) -> Node:
    return apply("exp", -(x * x)) if x.type.is_complex else apply("gauss", x)


erf = elementwise(
    "erf",
    "erf x = 2/√π ∫₀ˣ e^(−s²) ds.",
    value=lambda xp, x: xp.erf(x),
    partials=lambda y, x: (TWO_OVER_ROOT_PI * _bell_curve(x),),
    textbook=lambda y, x: (TWO_OVER_ROOT_PI * apply("exp", -(x * x)),),
    takes="analytic",
    notation=function(r"\operatorname{erf}", "erf"),
    growth="bounded",
)
erfc = elementwise(
    "erfc",
    "erfc x = 1 − erf x, exact in the right tail.",
    value=lambda xp, x: xp.erfc(x),
    partials=lambda y, x: (-TWO_OVER_ROOT_PI * _bell_curve(x),),
    textbook=lambda y, x: (-TWO_OVER_ROOT_PI * apply("exp", -(x * x)),),
    domain=within(-4, 5),
    takes="analytic",
    notation=function(r"\operatorname{erfc}", "erfc"),
    growth="bounded",
)
erfinv = elementwise(
    "erfinv",
    "The x in (−1, 1) ↦ y with erf y = x.",
    value=lambda xp, x: xp.erfinv(x),
    partials=lambda y, x: (apply("exp", y * y) / TWO_OVER_ROOT_PI,),
    domain=open_interval,
    notation=function(r"\operatorname{erfinv}", "erfinv"),
    growth="singular",
)


def _silu_partials(y: Node, x: Node) -> tuple[Node]:
    """(x σ)' = σ + x σ', of which far left both terms keep their digits."""
    return (apply("logistic", x) + x * apply("logistic_slope", x),)


def _silu_textbook(y: Node, x: Node) -> tuple[Node]:
    """(x σ)' = σ + x σ (1 − σ) = σ + y (1 − σ)."""
    s = apply("logistic", x)
    return (s + y * (1 - s),)


silu = elementwise(
    "silu",
    "x σ(x).",
    value=lambda xp, x: x * xp.logistic(x),
    partials=_silu_partials,
    textbook=_silu_textbook,
    notation=function(r"\operatorname{silu}", "silu", "swish"),
    growth="bounded",
)


def _gelu_partials(y: Node, x: Node) -> tuple[Node]:
    """(x Φ)' = Φ + x φ, where Φ(x) = ½ erfc(−x/√2) and φ(x) = e^(−x²/2)/√(2π)."""
    u = x * -ONE_OVER_ROOT_TWO
    return (Fraction(1, 2) * apply("erfc", u) + x * (apply("gauss", u) * ONE_OVER_ROOT_TWO_PI),)


def _gelu_textbook(y: Node, x: Node) -> tuple[Node]:
    normal = apply("exp", Fraction(-1, 2) * (x * x)) * ONE_OVER_ROOT_TWO_PI
    return (Fraction(1, 2) * apply("erfc", x * -ONE_OVER_ROOT_TWO) + x * normal,)


gelu = elementwise(
    "gelu",
    "x Φ(x), Φ the distribution function of the standard normal (Hendrycks and Gimpel 2016, not its tanh approximation).",
    value=lambda xp, x: 0.5 * x * xp.erfc(x * -ONE_OVER_ROOT_TWO),
    partials=_gelu_partials,
    textbook=_gelu_textbook,
    notation=function(r"\operatorname{gelu}", "gelu"),
    growth="bounded",
)
elu = elementwise(
    "elu",
    "x where x > 0, else eˣ − 1.",
    value=lambda xp, x: xp.where(xp.greater(x, 0), x, xp.expm1(xp.minimum(x, xp.zeros_like(x)))),
    partials=lambda y, x: (apply("where", x > 0, constant_like(1, x), apply("exp", x)),),
    domain=away_from_zero,
    notation=function(r"\operatorname{elu}", "elu"),
    smooth=False,
    growth="bounded",
)


def _share(x: Node, y: Node) -> Node:
    """eˣ/(eˣ + eʸ) = σ(x − y), and 0 where x = −∞."""
    nothing = apply("equal", x, constant_like(-math.inf, x))
    return apply("where", nothing, constant_like(0, x), apply("logistic", x - y))


logaddexp = elementwise(
    "logaddexp",
    "log(eˣ + eʸ) without overflow; its derivative is 0 by an input that is −∞.",
    value=lambda xp, x, y: xp.logaddexp(x, y),
    partials=lambda z, x, y: (_share(x, y), _share(y, x)),
    arity=2,
    notation=function(r"\operatorname{logaddexp}", "logaddexp"),
    growth="bounded",
)
xlogy = elementwise(
    "xlogy",
    "x log y, and 0 where x = 0.",
    value=lambda xp, x, y: xp.xlogy(x, y),
    partials=lambda z, x, y: (apply("log", y), apply("weigh", x, 1 / y)),
    arity=2,
    domain=(within(-3, 3), positive),
    takes="analytic",
    notation=unwritten("xlogy"),
    growth="singular",
)
