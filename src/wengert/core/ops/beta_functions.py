"""The beta function and its logarithm, the incomplete gamma and beta functions and their inverses, by all arguments.

Source: NIST DLMF 5.12, 8.2 and 8.17: ∂P(a, x)/∂x = x^(a−1) e^(−x)/Γ(a), ∂I_x(a, b)/∂x = x^(a−1) (1−x)^(b−1)/B(a, b).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wengert.core.ir.graph import Node, apply
from wengert.core.ir.notation import unwritten
from wengert.core.ops import shape_slopes
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


def _by_shape(slope: str, *inputs: Node) -> Node | None:
    """A slope by a parameter of shape; whole numbers have no derivative."""
    place = 1 if slope.endswith("_b") else 0
    return apply(slope, *(_as(x, inputs[-1]) for x in inputs)) if inputs[place].type.is_float else None


def _negative(x: Node | None) -> Node | None:
    return None if x is None else -x


def _over(x: Node | None, y: Node) -> Node | None:
    return None if x is None else x / y


gammainc = ordered(
    "gammainc",
    "P(a, x) = 1/Γ(a) ∫₀ˣ t^(a−1) e^(−t) dt.",
    partials=lambda y, a, x: (_by_shape("gammainc_slope", a, x), _gamma_density(a, x)),
    orders=((1, 5),),
    domain=within(0.2, 8),
    growth="singular",
)
gammaincc = ordered(
    "gammaincc",
    "Q(a, x) = 1 − P(a, x), exact where it is small.",
    partials=lambda y, a, x: (_negative(_by_shape("gammainc_slope", a, x)), -_gamma_density(a, x)),
    orders=((1, 5),),
    domain=within(0.2, 8),
    growth="singular",
)
gammainc_slope = ordered(
    "gammainc_slope",
    "∂P(a, x)/∂a; differentiable by x.",
    partials=lambda y, a, x: (
        without_partial("gammainc_slope", 0, a, x),
        _gamma_density(a, x) * (apply("log", x) - apply("digamma", _as(a, x))),
    ),
    orders=((1, 5),),
    domain=within(0.2, 8),
    growth="singular",
    function=shape_slopes.gammainc_slope,
)


def _inverse_partials(sign: int) -> Any:
    """Of the x for which P(a, x) = p, or Q(a, x) = q, which falls: by a it is the same x that moves, by p and q the other way."""

    def partials(x: Node, a: Node, p: Node) -> tuple[Any, ...]:
        density = _gamma_density(a, x)
        return _negative(_over(_by_shape("gammainc_slope", a, x), density)), sign / density

    return partials


gammaincinv = ordered(
    "gammaincinv",
    "The x for which P(a, x) is p.",
    partials=_inverse_partials(1),
    orders=((1, 5),),
    domain=within(0.05, 0.95),
    growth="singular",
)
gammainccinv = ordered(
    "gammainccinv",
    "The x for which Q(a, x) is q.",
    partials=_inverse_partials(-1),
    orders=((1, 5),),
    domain=within(0.05, 0.95),
    growth="singular",
)


def _beta_shapes(a: Node, b: Node, x: Node) -> tuple[Node | None, Node | None]:
    return _by_shape("betainc_slope_a", a, b, x), _by_shape("betainc_slope_b", a, b, x)


def _betaincinv_partials(x: Node, a: Node, b: Node, p: Node) -> tuple[Any, ...]:
    density = _beta_density(a, b, x)
    return *(_negative(_over(slope, density)) for slope in _beta_shapes(a, b, x)), 1 / density


betainc = ordered(
    "betainc",
    "I_x(a, b) = 1/B(a, b) ∫₀ˣ t^(a−1) (1−t)^(b−1) dt.",
    partials=lambda y, a, b, x: (*_beta_shapes(a, b, x), _beta_density(a, b, x)),
    orders=((1, 4), (1, 4)),
    domain=within(0.05, 0.95),
    growth="singular",
)
betaincinv = ordered(
    "betaincinv",
    "The x for which I_x(a, b) is p.",
    partials=_betaincinv_partials,
    orders=((1, 4), (1, 4)),
    domain=within(0.05, 0.95),
    growth="singular",
)


def _slope_partials(name: str, log: Callable[[Node], Node], shape: int) -> Any:
    """Of ∂I/∂a or ∂I/∂b: by x it is the density times log x − ψ(a) + ψ(a + b), or the same with 1 − x and b."""

    def partials(y: Node, a: Node, b: Node, x: Node) -> tuple[Any, ...]:
        left, right = _as(a, x), _as(b, x)
        by_x = _beta_density(a, b, x) * (log(x) - _excess(*((left, right) if shape == 0 else (right, left))))
        return without_partial(name, 0, a, b, x), without_partial(name, 1, a, b, x), by_x

    return partials


betainc_slope_a = ordered(
    "betainc_slope_a",
    "∂I_x(a, b)/∂a; differentiable by x.",
    partials=_slope_partials("betainc_slope_a", lambda x: apply("log", x), 0),
    orders=((1, 4), (1, 4)),
    domain=within(0.05, 0.95),
    growth="singular",
    function=shape_slopes.betainc_slope_a,
)
betainc_slope_b = ordered(
    "betainc_slope_b",
    "∂I_x(a, b)/∂b; differentiable by x.",
    partials=_slope_partials("betainc_slope_b", lambda x: apply("log1p", -x), 1),
    orders=((1, 4), (1, 4)),
    domain=within(0.05, 0.95),
    growth="singular",
    function=shape_slopes.betainc_slope_b,
)
