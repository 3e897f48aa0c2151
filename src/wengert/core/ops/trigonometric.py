"""Elementwise trigonometric and hyperbolic functions and their inverses, three facts each.

The products (1 − x)(1 + x) stand for 1 − x², which loses digits near ±1. Three ops are there for derivatives only: disc, lorentz and
sech2, whose own derivatives stay in the family.
"""

from __future__ import annotations

from wengert.core.ir.graph import Node, apply, constant_like
from wengert.core.ir.notation import function, unwritten
from wengert.core.ops.kinds import above_one, away_from_zero, elementwise, open_interval, within

sin = elementwise(
    "sin",
    "The sine, x in radians.",
    value=lambda xp, x: xp.sin(x),
    partials=lambda y, x: (apply("cos", x),),
    takes="analytic",
    notation=function(r"\sin", "sin"),
    growth="bounded",
    limited=True,
    exact="sin(x)",
)
cos = elementwise(
    "cos",
    "The cosine, x in radians.",
    value=lambda xp, x: xp.cos(x),
    partials=lambda y, x: (-apply("sin", x),),
    takes="analytic",
    notation=function(r"\cos", "cos"),
    growth="bounded",
    limited=True,
    exact="cos(x)",
)
tan = elementwise(
    "tan",
    "The tangent, x in radians.",
    value=lambda xp, x: xp.tan(x),
    partials=lambda y, x: (1 + y * y,),
    domain=within(-1.4, 1.4),
    takes="analytic",
    notation=function(r"\tan", "tan"),
    exact="tan(x)",
)
cot = elementwise(
    "cot",
    "The cotangent, 1/tan x, x in radians.",
    value=lambda xp, x: xp.reciprocal(xp.tan(x)),
    partials=lambda y, x: (-(1 + y * y),),
    domain=within(0.1, 3),
    takes="analytic",
    notation=function(r"\cot", "cot"),
    growth="singular",
    exact="cot(x)",
)
sec = elementwise(
    "sec",
    "The secant, 1/cos x, x in radians.",
    value=lambda xp, x: xp.reciprocal(xp.cos(x)),
    partials=lambda y, x: (y * apply("tan", x),),
    domain=within(-1.4, 1.4),
    takes="analytic",
    notation=function(r"\sec", "sec"),
    exact="sec(x)",
)
csc = elementwise(
    "csc",
    "The cosecant, 1/sin x, x in radians.",
    value=lambda xp, x: xp.reciprocal(xp.sin(x)),
    partials=lambda y, x: (-(y * apply("cot", x)),),
    domain=within(0.1, 3),
    takes="analytic",
    notation=function(r"\csc", "csc"),
    growth="singular",
    exact="csc(x)",
)
arcsin = elementwise(
    "arcsin",
    "The angle in [−π/2, π/2] whose sine is x.",
    value=lambda xp, x: xp.arcsin(x),
    partials=lambda y, x: (1 / apply("sqrt", apply("disc", x)),),
    textbook=lambda y, x: (1 / apply("sqrt", (1 - x) * (1 + x)),),
    domain=open_interval,
    takes="analytic",
    notation=function(r"\arcsin", "arcsin", "asin"),
    growth="singular",
    exact="asin(x)",
)
arccos = elementwise(
    "arccos",
    "The angle in [0, π] whose cosine is x.",
    value=lambda xp, x: xp.arccos(x),
    partials=lambda y, x: (-1 / apply("sqrt", apply("disc", x)),),
    textbook=lambda y, x: (-1 / apply("sqrt", (1 - x) * (1 + x)),),
    domain=open_interval,
    takes="analytic",
    notation=function(r"\arccos", "arccos", "acos"),
    growth="singular",
    exact="acos(x)",
)
arctan = elementwise(
    "arctan",
    "The angle in (−π/2, π/2) whose tangent is x.",
    value=lambda xp, x: xp.arctan(x),
    partials=lambda y, x: (apply("lorentz", x),),
    textbook=lambda y, x: (1 / (1 + x * x),),
    takes="analytic",
    notation=function(r"\arctan", "arctan", "atan"),
    growth="bounded",
    limited=True,
    exact="atan(x)",
)
sinh = elementwise(
    "sinh",
    "Hyperbolic sine, (eˣ − e^(−x))/2.",
    value=lambda xp, x: xp.sinh(x),
    partials=lambda y, x: (apply("cosh", x),),
    takes="analytic",
    notation=function(r"\sinh", "sinh"),
    exact="sinh(x)",
)
cosh = elementwise(
    "cosh",
    "Hyperbolic cosine, (eˣ + e^(−x))/2.",
    value=lambda xp, x: xp.cosh(x),
    partials=lambda y, x: (apply("sinh", x),),
    takes="analytic",
    notation=function(r"\cosh", "cosh"),
    exact="cosh(x)",
)
disc = elementwise(
    "disc",
    "1 − x² as (1 − x)(1 + x), exact near ±1.",
    value=lambda xp, x: (1 - x) * (1 + x),
    partials=lambda y, x: (-2 * x,),
    takes="analytic",
    notation=unwritten("disc"),
    exact="1 - x*x",
)
lorentz = elementwise(
    "lorentz",
    "1/(1 + x²).",
    value=lambda xp, x: xp.reciprocal(1 + x * x),
    partials=lambda y, x: (-2 * ((x * y) * y),),
    takes="analytic",
    notation=unwritten("lorentz"),
    growth="bounded",
    limited=True,
    exact="1/(1 + x*x)",
)
sech2 = elementwise(
    "sech2",
    "1/cosh² x, exact to rounding in both tails.",
    value=lambda xp, x: xp.sech2(x),
    partials=lambda y, x: (-2 * (y * apply("tanh", x)),),
    notation=unwritten("sech2"),
    growth="bounded",
    flat="both",
    limited=True,
    exact="sech(x)**2",
)


def _one_minus_square(y: Node, x: Node) -> tuple[Node]:
    return (1 - y * y,)


def _tanh_partials(y: Node, x: Node) -> tuple[Node]:
    return _one_minus_square(y, x) if x.type.is_complex else (apply("sech2", x),)


def _coth_partials(y: Node, x: Node) -> tuple[Node]:
    """−1/sinh² x: 1 − y² has no digits where y is near ±1."""
    if x.type.is_complex:
        return _one_minus_square(y, x)
    inverse = 1 / apply("sinh", x)
    return (-(inverse * inverse),)


def _arcsinh_partials(y: Node, x: Node) -> tuple[Node]:
    """1/√(x² + 1) by a root that does not overflow."""
    if x.type.is_complex:
        return (1 / apply("sqrt", x * x + 1),)
    return (1 / apply("hypot", x, constant_like(1, x)),)


tanh = elementwise(
    "tanh",
    "Hyperbolic tangent of each entry.",
    value=lambda xp, x: xp.tanh(x),
    partials=_tanh_partials,
    textbook=_one_minus_square,
    takes="analytic",
    notation=function(r"\tanh", "tanh"),
    growth="bounded",
    flat="both",
    limited=True,
    exact="tanh(x)",
)
coth = elementwise(
    "coth",
    "Hyperbolic cotangent, 1/tanh x.",
    value=lambda xp, x: xp.reciprocal(xp.tanh(x)),
    partials=_coth_partials,
    textbook=_one_minus_square,
    domain=away_from_zero,
    takes="analytic",
    notation=function(r"\coth", "coth"),
    growth="singular",
    exact="coth(x)",
)
arcsinh = elementwise(
    "arcsinh",
    "The inverse of sinh, log(x + √(x² + 1)).",
    value=lambda xp, x: xp.arcsinh(x),
    partials=_arcsinh_partials,
    textbook=lambda y, x: (1 / apply("sqrt", x * x + 1),),
    takes="analytic",
    notation=function(r"\operatorname{arcsinh}", "arcsinh", "arsinh", "asinh"),
    growth="bounded",
    fades=True,
    exact="asinh(x)",
)
arccosh = elementwise(
    "arccosh",
    "The inverse of cosh for x ≥ 1, log(x + √(x² − 1)).",
    value=lambda xp, x: xp.arccosh(x),
    partials=lambda y, x: (1 / (apply("sqrt", x - 1) * apply("sqrt", x + 1)),),
    domain=above_one,
    takes="analytic",
    notation=function(r"\operatorname{arccosh}", "arccosh", "arcosh", "acosh"),
    growth="singular",
    fades=True,
    exact="acosh(x)",
)
arctanh = elementwise(
    "arctanh",
    "The inverse of tanh for |x| < 1, ½ log((1 + x)/(1 − x)).",
    value=lambda xp, x: xp.arctanh(x),
    partials=lambda y, x: (1 / apply("disc", x),),
    textbook=lambda y, x: (1 / ((1 - x) * (1 + x)),),
    domain=open_interval,
    takes="analytic",
    notation=function(r"\operatorname{arctanh}", "arctanh", "artanh", "atanh"),
    growth="singular",
    undoes_flat=True,
    exact="atanh(x)",
)


def _arctan2_partials(z: Node, y: Node, x: Node) -> tuple[Node, Node]:
    """x/(x² + y²) and −y/(x² + y²), divided twice by the radius so that squares do not overflow; 0 at the origin."""
    radius = apply("hypot", x, y)
    return apply("ratio", apply("ratio", x, radius), radius), -apply("ratio", apply("ratio", y, radius), radius)


arctan2 = elementwise(
    "arctan2",
    "arctan2(y, x): the angle of the point (x, y) in (−π, π]; its derivative at (0, 0) is 0.",
    value=lambda xp, y, x: xp.arctan2(y, x),
    partials=_arctan2_partials,
    arity=2,
    domain=away_from_zero,
    notation=function(r"\operatorname{arctan2}", "arctan2", "atan2"),
    growth="singular",
    exact="atan2(x, y)",
)
