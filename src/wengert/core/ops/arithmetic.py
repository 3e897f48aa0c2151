"""Elementwise arithmetic: sums, products, quotients and powers, three facts each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from wengert.core.ir.graph import Node, Number, apply
from wengert.core.ir.notation import function, infix, prefix, unwritten
from wengert.core.ir.op import Growth
from wengert.core.ir.vocabulary import Vocabulary
from wengert.core.ops.complex_numbers import is_zero, magnitude
from wengert.core.ops.kinds import (
    away_from_zero,
    constant_value,
    elementwise,
    positive,
    real,
    times,
    within,
    zeros_like,
)

add = elementwise(
    "add",
    "x + y.",
    value=lambda xp, x, y: xp.add(x, y),
    partials=lambda z, x, y: (1, 1),
    arity=2,
    takes="ring",
    notation=infix("+", "+"),
    growth="bounded",
    exact="x + y",
    commutes="exactly",
    signs=(1, 1),
    fraction=lambda x, y: x + y,
    law="sum rule",
)
subtract = elementwise(
    "subtract",
    "x − y.",
    value=lambda xp, x, y: xp.subtract(x, y),
    partials=lambda z, x, y: (1, -1),
    arity=2,
    takes="ring",
    notation=infix("-", "−"),
    growth="bounded",
    exact="x - y",
    signs=(1, -1),
    fraction=lambda x, y: x - y,
    law="sum rule",
)
multiply = elementwise(
    "multiply",
    "x y.",
    value=lambda xp, x, y: xp.multiply(x, y),
    partials=lambda z, x, y: (y, x),
    arity=2,
    takes="ring",
    notation=infix(r"\circ", "∘"),
    exact="x*y",
    commutes="exactly",
    exponents=(1, 1),
    fraction=lambda x, y: x * y,
    law="product rule",
)


def _through_quotient(signals: Sequence[Node | None], z: Node, x: Node, y: Node) -> tuple[Node | None, Node | None]:
    """q = s/y by x and −q z by y, so that neither y² nor z/y is formed."""
    by_x, by_y = (None if s is None else s / y for s in signals)
    return by_x, None if by_y is None else -(by_y * z)


def _through_reciprocal(signals: Sequence[Node | None], y: Node, x: Node) -> tuple[Node | None]:
    """−(s y) y."""
    (s,) = signals
    return (None if s is None else -((s * y) * y),)


divide = elementwise(
    "divide",
    "x / y.",
    value=lambda xp, x, y: xp.divide(x, y),
    partials=lambda z, x, y: (1 / y, -z / y),
    through=_through_quotient,
    arity=2,
    domain=(real, away_from_zero),
    takes="analytic",
    notation=infix("/", "/"),
    growth="singular",
    exact="x/y",
    exponents=(1, -1),
    fraction=lambda x, y: x / y if y else None,
    growth_at=lambda node: "bounded" if is_fixed(node.inputs[1]) else "singular",
    law="quotient rule",
)
negative = elementwise(
    "negative",
    "−x.",
    value=lambda xp, x: xp.negative(x),
    partials=lambda y, x: (-1,),
    takes="ring",
    notation=prefix("-", "−"),
    growth="bounded",
    exact="-x",
    signs=(-1,),
    fraction=lambda x: -x if x else None,
    law="sum rule",
)
reciprocal = elementwise(
    "reciprocal",
    "1 / x.",
    value=lambda xp, x: xp.reciprocal(x),
    partials=lambda y, x: (-(y * y),),
    through=_through_reciprocal,
    domain=away_from_zero,
    takes="analytic",
    notation=unwritten("reciprocal"),
    growth="singular",
    exact="1/x",
    exponents=(-1,),
    fraction=lambda x: 1 / x if x else None,
)


def _power_partials(z: Node, x: Node, y: Node) -> tuple[Node | Number | None, ...]:
    """y x^(y−1), 0 where x = y = 0; and xʸ log x, 0 at x = 0 (the limit from y > 0)."""
    exponent = constant_value(y)
    if exponent is not None:
        by_x = None if exponent == 0 else exponent * apply("power", x, y - 1)
    else:
        either = magnitude(x) + magnitude(y)  # one condition that is printed in one piece
        by_x = apply("where", apply("not_equal", either, zeros_like(either)), y * apply("power", x, y - 1), _fill(0, y))
    safe = apply("where", is_zero(x), _fill(1, x), x)
    return by_x, z * apply("log", safe)


LONGEST = 256
"""The longest numerator or denominator, in bits, of a power that is kept as a fraction."""


def is_fixed(node: Node) -> bool:
    """Whether a divisor is a number other than 0, or a size."""
    while node.op.name in ("broadcast", "cast"):
        node = node.inputs[0]
    return node.op.leaf == "size" or constant_value(node) not in (None, 0)


def _growth_of_power(node: Node) -> Growth:
    exponent = constant_value(node.inputs[1])
    return "unbounded" if exponent is not None and exponent >= 1 else "singular"


def _power_of_fraction(x: Fraction, exponent: int) -> Fraction | None:
    long = max(x.numerator.bit_length(), x.denominator.bit_length()) * abs(exponent) > LONGEST
    return None if long or (x == 0 and exponent < 0) else x**exponent


def _fill(number: Number, like: Node) -> Node:
    return apply("constant", value=number, type=like.type)


def _multiple(xp: Any, c: Any, x: Any) -> Any:
    nothing = xp.logical_and(xp.equal(c, 0), xp.equal(xp.abs(x), math.inf))
    return xp.where(nothing, xp.zeros_like(x), xp.multiply(c, x))


multiple = elementwise(
    "multiple",
    "c x, and 0 where c = 0 and x is infinite: the slope y xʸ⁻¹ at x = y = 0.",
    value=_multiple,
    partials=lambda y, c, x: (x, c),
    arity=2,
    notation=unwritten("multiple"),
    growth="unbounded",
)


def _log_power(xp: Any, x: Any, y: Any, n: int) -> Any:
    z = xp.power(x, y)
    none = xp.logical_and(xp.equal(z, 0), xp.greater_equal(x, 0))
    return xp.where(none, xp.zeros_like(z), xp.multiply(z, xp.integer_power(xp.log(x), n)))


def _log_power_partials(z: Node, x: Node, y: Node, n: int) -> tuple[Node, Node]:
    """y xʸ⁻¹ (log x)ⁿ + n xʸ⁻¹ (log x)ⁿ⁻¹ and xʸ (log x)ⁿ⁺¹."""
    less = apply("log_power", x, y - 1, n=n - 1) if n > 1 else apply("power", x, y - 1)
    by_x = y * apply("log_power", x, y - 1, n=n) + (less if n == 1 else n * less)
    return by_x, apply("log_power", x, y, n=n + 1)


log_power = elementwise(
    "log_power",
    "xʸ (log x)ⁿ, and 0 where xʸ = 0: derivatives of xʸ by y.",
    value=_log_power,
    partials=_log_power_partials,
    arity=2,
    domain=(positive, within(-3, 3)),
    params=[{"n": 1}, {"n": 2}],
    notation=unwritten("log_power"),
    growth="singular",
)


def _through_power(signals: Sequence[Node | None], z: Node, x: Node, y: Node) -> tuple[Node | None, Node | None]:
    """By x: y xʸ⁻¹, 0 where y = 0; (y/x) xʸ for a number y < 0. By y: xʸ log x, 0 where xʸ = 0; −∞ at (0, 0), where 0ʸ jumps."""
    by_x, by_y = signals
    if x.type.is_complex:
        slope_x, slope_y = _power_partials(z, x, y)
        return None if by_x is None else times(by_x, slope_x), None if by_y is None else times(by_y, slope_y)
    exponent = constant_value(y)
    if by_x is not None and exponent is not None and exponent < 0:
        by_x = _over_base(by_x, z, x, exponent)
    elif by_x is not None:
        less = apply("power", x, y - 1 if exponent is None else _fill(exponent - 1, y))
        by_x = times(by_x, apply("multiple", y, less) if exponent is None else exponent * less if exponent else None)
    return by_x, None if by_y is None else by_y * apply("log_power", x, y, n=1)


power = elementwise(
    "power",
    "xʸ for real x ≥ 0 and real y, or x < 0 and whole y; the principal value e^(y log x) of complex numbers.",
    value=lambda xp, x, y: xp.power(x, y),
    partials=_power_partials,
    through=_through_power,
    arity=2,
    domain=(positive, within(-3, 3)),
    takes="analytic",
    notation=unwritten("power"),
    growth="singular",
    exact="x**y",
    growth_at=_growth_of_power,
    fades=True,
    law="power rule",
)


def _over_base(signal: Node, z: Node, x: Node, exponent: Number) -> Node:
    """((n s) / x) z for z = xⁿ with n < 0: xⁿ⁻¹ may be no float where a slope with n/x in it is one."""
    return (signal * exponent / x) * z


def _through_integer_power(signals: Sequence[Node | None], y: Node, x: Node, exponent: int) -> tuple[Node | None]:
    (s,) = signals
    if s is None or exponent >= 0:
        (slope,) = _integer_power_partials(y, x, exponent)
        return (None if s is None else times(s, slope),)
    return (_over_base(s, y, x, exponent),)


def _integer_power_partials(y: Node, x: Node, exponent: int) -> tuple[Node | Number, ...]:
    if exponent in (0, 1):
        return (exponent,)
    return (exponent * (x if exponent == 2 else apply("integer_power", x, exponent=exponent - 1)),)


integer_power = elementwise(
    "integer_power",
    "xⁿ for a whole number n.",
    value=lambda xp, x, exponent: xp.integer_power(x, exponent),
    partials=_integer_power_partials,
    through=_through_integer_power,
    domain=away_from_zero,
    takes="ring",
    params=[{"exponent": n} for n in (2, 3, 0, 1, -1, -2)],
    notation=unwritten("integer_power"),
    fraction=_power_of_fraction,
    growth_at=lambda node: "unbounded" if node.params["exponent"] >= 0 else "singular",
    law="power rule",
)
sqrt = elementwise(
    "sqrt",
    "√x.",
    value=lambda xp, x: xp.sqrt(x),
    partials=lambda y, x: (1 / (2 * y),),
    domain=positive,
    takes="analytic",
    notation=function(r"\sqrt", "√", "sqrt"),
    growth="singular",
    fades=True,
    slope_power=(0.5, -0.5),
    exact="sqrt(x)",
    law="power rule",
)
cbrt = elementwise(
    "cbrt",
    "∛x, the real root.",
    value=lambda xp, x: xp.cbrt(x),
    partials=lambda y, x: (1 / (3 * (y * y)),),
    domain=away_from_zero,
    notation=function(r"\sqrt[3]", "∛", "cbrt"),
    growth="singular",
    fades=True,
    exact="sign(x)*cbrt(abs(x))",
)


def _ratio_value(xp: Vocabulary, a: Any, h: Any) -> Any:
    none = xp.equal(h, 0)
    return xp.where(none, xp.zeros_like(a), xp.divide(a, xp.where(none, xp.ones_like(h), h)))


ratio = elementwise(
    "ratio",
    "a / h, and 0 where h = 0: the slope of a radius, which has no derivative there.",
    value=_ratio_value,
    partials=lambda y, a, h: (1 / h, -y / h),
    through=_through_quotient,
    arity=2,
    domain=(real, away_from_zero),
    notation=unwritten("ratio"),
    growth="singular",
)


def over_radius(a: Node, h: Node) -> Node:
    """a / h, and 0 where h = 0, in ops that have a notation."""
    return a / apply("where", apply("equal", h, _fill(0, h)), _fill(1, h), h)


def _direction_value(xp: Any, x: Any, y: Any, along: int) -> Any:
    return _ratio_value(xp, y if along else x, xp.hypot(x, y))


def _direction_partials(u: Node, x: Node, y: Node, along: int) -> tuple[Node, Node]:
    """y²/r³ and −xy/r³ as (v/r) v and −(v/r) u with v = y/r: 1 − u² has no digits where |x| ≫ |y|."""
    r, v = apply("hypot", x, y), apply("direction", x, y, along=1 - along)
    own, other = v / r * v, -(v / r * u)
    return (other, own) if along else (own, other)


def _through_direction(
    signals: Sequence[Node | None], u: Node, x: Node, y: Node, along: int
) -> tuple[Node | None, Node | None]:
    """The partials with the signal as the first factor."""
    r, v = apply("hypot", x, y), apply("direction", x, y, along=1 - along)
    parts = [None if s is None else s * v / r for s in signals]
    own, other = parts[along], parts[1 - along]
    found = None if own is None else own * v, None if other is None else -(other * u)
    return (found[1], found[0]) if along else found


direction = elementwise(
    "direction",
    "x / √(x² + y²), or y over that `along` the second axis; 0 at (0, 0): coordinates of the unit vector, which has no derivative there.",
    value=_direction_value,
    partials=_direction_partials,
    through=_through_direction,
    arity=2,
    domain=away_from_zero,
    params=[{"along": 0}, {"along": 1}],
    notation=unwritten("direction"),
    growth="singular",
    limited=True,
)
hypot = elementwise(
    "hypot",
    "√(x² + y²) without overflow; its derivative at (0, 0) is 0.",
    value=lambda xp, x, y: xp.hypot(x, y),
    partials=lambda h, x, y: (apply("direction", x, y, along=0), apply("direction", x, y, along=1)),
    arity=2,
    domain=away_from_zero,
    notation=function(r"\operatorname{hypot}", "hypot"),
    growth="unbounded",  # its slope is bounded, but jumps at (0, 0): what is nothing must stay so beside the slope of that
    exact="hypot(x, y)",
)
