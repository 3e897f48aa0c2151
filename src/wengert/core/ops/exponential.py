"""Elementwise exponentials, logarithms and the functions built of them, three facts each."""

from __future__ import annotations

import math
from fractions import Fraction

from wengert.core.ir.graph import Node, apply, constant_like
from wengert.core.ir.notation import function, unwritten
from wengert.core.ops.complex_numbers import is_zero
from wengert.core.ops.kinds import above_minus_one, away_from_zero, elementwise, open_interval, positive, within

LOG_2 = math.log(2)
LOG_10 = math.log(10)
LOG2_E, LOG10_E = 1 / LOG_2, 1 / LOG_10
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
    flat="left",
    exact="exp(x)",
)
exp2 = elementwise(
    "exp2",
    "2ˣ.",
    value=lambda xp, x: xp.exp2(x),
    partials=lambda y, x: (y * LOG_2,),
    textbook=lambda y, x: (y * apply("log", constant_like(2, x)),),
    takes="analytic",
    notation=function(r"\operatorname{exp2}", "exp2"),
    flat="left",
    exact="mpf(2)**x",
)
expm1 = elementwise(
    "expm1",
    "eˣ − 1, exact near 0.",
    value=lambda xp, x: xp.expm1(x),
    partials=lambda y, x: (apply("exp", x),),
    takes="analytic",
    notation=function(r"\operatorname{expm1}", "expm1"),
    flat="left",
    exact="expm1(x)",
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
    undoes_flat=True,
    fades=True,
    slope_power=(1.0, -1.0),
    exact="log(x)",
    logarithmic=True,
)
log2 = elementwise(
    "log2",
    "The logarithm to base 2.",
    value=lambda xp, x: xp.log2(x),
    partials=lambda y, x: (LOG2_E / x,),
    textbook=lambda y, x: (1 / (x * apply("log", constant_like(2, x))),),
    domain=positive,
    takes="analytic",
    notation=function(r"\log_2", "log₂", "log2"),
    growth="singular",
    undoes_flat=True,
    fades=True,
    exact="log(x)/ln2",
    logarithmic=True,
)
log10 = elementwise(
    "log10",
    "The logarithm to base 10.",
    value=lambda xp, x: xp.log10(x),
    partials=lambda y, x: (LOG10_E / x,),
    textbook=lambda y, x: (1 / (x * apply("log", constant_like(10, x))),),
    domain=positive,
    takes="analytic",
    notation=function(r"\log_{10}", "log₁₀", "log10"),
    growth="singular",
    undoes_flat=True,
    fades=True,
    exact="log10(x)",
    logarithmic=True,
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
    undoes_flat=True,
    fades=True,
    exact="log1p(x)",
    logarithmic=True,
)
logistic_slope = elementwise(
    "logistic_slope",
    "σ'(x) = σ(x) σ(−x), exact to rounding in both tails.",
    value=lambda xp, x: xp.logistic_slope(x),
    partials=lambda y, x: (-(y * apply("tanh", Fraction(1, 2) * x)),),
    notation=unwritten("logistic_slope"),
    growth="bounded",
    flat="both",
    limited=True,
    exact="1/((1 + exp(-x))*(1 + exp(x)))",
)
gauss = elementwise(
    "gauss",
    "e^(−x²), without the rounding of x².",
    value=lambda xp, x: xp.gauss(x),
    partials=lambda y, x: (-2 * (x * y),),
    notation=unwritten("gauss"),
    growth="bounded",
    flat="both",
    limited=True,
    exact="exp(-x*x)",
)
logistic = elementwise(
    "logistic",
    "σ(x) = 1/(1 + e^(−x)).",
    value=lambda xp, x: xp.logistic(x),
    partials=lambda y, x: (apply("logistic_slope", x),),
    textbook=lambda y, x: (y * (1 - y),),
    notation=function(r"\sigma", "σ", "sigmoid", "logistic", letter=True),
    growth="bounded",
    flat="both",
    limited=True,
    exact="1/(1 + exp(-x))",
    continued=False,
)
softplus = elementwise(
    "softplus",
    "log(1 + eˣ) without overflow.",
    value=lambda xp, x: xp.softplus(x),
    partials=lambda y, x: (apply("logistic", x),),
    notation=function(r"\operatorname{softplus}", "softplus"),
    growth="bounded",
    flat="left",
    exact="log1p(exp(x))",
    logarithmic=True,
    continued=False,
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
    flat="both",
    limited=True,
    exact="erf(x)",
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
    flat="both",
    limited=True,
    exact="erfc(x)",
    continued=False,
)
erfinv = elementwise(
    "erfinv",
    "The x in (−1, 1) ↦ y with erf y = x.",
    value=lambda xp, x: xp.erfinv(x),
    partials=lambda y, x: (apply("exp", y * y) / TWO_OVER_ROOT_PI,),
    domain=open_interval,
    notation=function(r"\operatorname{erfinv}", "erfinv"),
    growth="singular",
    undoes_flat=True,
    exact="erfinv(x)",
    continued=False,
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
    flat="left",
    exact="x/(1 + exp(-x))",
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
    flat="left",
    exact="x*erfc(-x/sqrt(2))/2",
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
    flat="left",
    exact="x if x > 0 else expm1(x)",
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
    exact="log(exp(x) + exp(y))",
    commutes="to rounding",
)


def slope_beside(x: Node, y: Node) -> Node:
    """x/y, and 0 where both are 0; its slope by x is 1/y there too."""
    nowhere = apply("logical_and", is_zero(x), is_zero(y))
    return x / y if x.type.is_complex else apply("where", nowhere, apply("ratio", x, y), x / y)


xlogy = elementwise(
    "xlogy",
    "x log y, and 0 where x = 0.",
    value=lambda xp, x, y: xp.xlogy(x, y),
    partials=lambda z, x, y: (apply("log", y), slope_beside(x, y)),
    arity=2,
    domain=(within(-3, 3), positive),
    takes="analytic",
    notation=unwritten("xlogy"),
    growth="singular",
    exact="x*log(y)",
)
