"""SciPy's special functions on traced values: ufuncs, and functions that are none, made for `wengert.scipy.special`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from scipy import special  # pyright: ignore[reportMissingTypeStubs]

from wengert.core.ir.graph import Node, apply, constant_like
from wengert.core.ops import functions as composed
from wengert.functions.tracing import special_called as special_called
from wengert.functions.tracing.answers import stands_in
from wengert.functions.tracing.operands import as_node, axes_of, broadcast_to, common_shape, promoted, together
from wengert.functions.tracing.replacing import as_real
from wengert.functions.tracing.source import user_line
from wengert.functions.tracing.tracer import UFUNCS, Traced, refuse, traced
from wengert.functions.tracing.ufunc_methods import enter_outer
from wengert.functions.tracing.ufuncs import Rule, dtype_asked, enter, operands

of: Any = special

OPS = {
    "expit": "logistic",
    "gammaln": "lgamma",
    "exp2": "exp2",
    "expm1": "expm1",
    "log1p": "log1p",
    "cbrt": "cbrt",
    **{
        name: name
        for name in (
            *("erf", "erfc", "erfinv", "erfcinv", "erfcx", "erfi", "dawsn", "ndtri", "log_ndtr", "exp1", "expi"),
            *("gamma", "rgamma", "gammasgn", "digamma", "beta", "betaln", "xlogy", "xlog1py", "rel_entr", "kl_div"),
            *("gammainc", "gammaincc", "gammaincinv", "gammainccinv", "betainc", "betaincinv"),
            *("j0", "j1", "y0", "y1", "i0", "i1", "k0", "k1", "i0e", "i1e", "k0e", "k1e"),
        )
    },
}
"""ufuncs of SciPy that are an op of the table."""
ORDERED = {
    "jv": ("jv", "v"),
    "yv": ("yv", "v"),
    "yn": ("yv", "n"),
    "iv": ("iv", "v"),
    "kv": ("kv", "v"),
    "ive": ("ive", "v"),
    "kve": ("kve", "v"),
}
"""ufuncs that have no derivative by their first arguments, and how these are called in messages."""


def _held(value: Any, node: Node, function: str, argument: str) -> Node:
    """The node of an argument that a function has no derivative by: of a traced one, what says so when it is asked for."""
    if isinstance(value, Traced) and value.dtype.kind == "f":
        return apply("order", node, function=function, argument=argument, source=user_line())
    return node


def _enter_ordered(name: str, op: str, *arguments: str) -> None:
    ufunc = getattr(of, name)

    def call(*values: Any, **options: Any) -> Traced:
        *nodes, x = operands(ufunc, *values, dtype=dtype_asked(ufunc, options))
        given = zip(values[:-1], nodes, arguments, strict=True)
        return traced(apply(op, *(_held(value, node, name, argument) for value, node, argument in given), x))

    call.__module__, call.__name__ = __name__, name
    UFUNCS[ufunc] = call


def _logit(x: Node) -> Node:
    """log(x / (1 − x)), exact near ½ too."""
    centred = apply("abs", x - Fraction(1, 2)) < 0.25
    middle = apply("where", centred, x, constant_like(Fraction(1, 2), x))
    near = apply("log1p", (2 * middle - 1) / (1 - middle))
    return apply("where", centred, near, apply("log", x) - apply("log1p", -x))


def _entr(x: Node) -> Node:
    """−x log x, and −∞ left of 0."""
    return apply("where", x < 0, constant_like(-math.inf, x), -apply("xlogy", x, x))


def _loggamma(x: Node) -> Node:
    return apply("where", x < 0, constant_like(math.nan, x), apply("lgamma", x))


def _huber(delta: Node, r: Node) -> Node:
    """r²/2 for |r| ≤ δ, else δ (|r| − δ/2); ∞ for δ < 0."""
    size = apply("abs", r)
    inside = apply("less_equal", size, delta)
    found = apply("where", inside, Fraction(1, 2) * r**2, delta * (size - Fraction(1, 2) * delta))
    return apply("where", delta < 0, constant_like(math.inf, r), found)


def _pseudo_huber(delta: Node, r: Node) -> Node:
    """δ² (√(1 + (r/δ)²) − 1), without cancellation; 0 for δ = 0."""
    zero = apply("equal", delta, constant_like(0, delta))
    ratio = r / apply("where", zero, constant_like(1, delta), delta)
    found = r**2 / (1 + apply("sqrt", 1 + ratio**2))
    found = apply("where", zero, constant_like(0, r), found)
    return apply("where", delta < 0, constant_like(math.inf, r), found)


def _fdtr(n: Node, m: Node, x: Node, upper: bool = False) -> Node:
    """I_(nx/(nx + m))(n/2, m/2); above it the other part of 1."""
    a, b, total = n * Fraction(1, 2), m * Fraction(1, 2), n * x + m
    return apply("betainc", b, a, m / total) if upper else apply("betainc", a, b, n * x / total)


def _f_of(n: Node, m: Node, part: Node) -> Node:
    """The x for which n x/(n x + m) is a part."""
    return m / n * part / (1 - part)


def _stdtr(df: Node, t: Node) -> Node:
    """½ I_(ν/(ν + t²))(ν/2, ½) for t < 0, and 1 less that of −t."""
    half = constant_like(Fraction(1, 2), t)
    at_zero = apply("equal", t, constant_like(0, t))
    safe = apply("where", at_zero, constant_like(1, t), t)
    tail = half * apply("betainc", df * half, half, df / (df + safe * safe))
    found = apply("where", t < 0, tail, 1 - tail)
    return apply("where", at_zero, half + t * _student_density(df, half), found)


def _student_density(df: Node, half: Node) -> Node:
    """The density of Student's t at 0, Γ((ν + 1)/2)/(√(νπ) Γ(ν/2))."""
    return apply("exp", apply("lgamma", (df + 1) * half) - apply("lgamma", df * half)) / apply("sqrt", df * math.pi)


def _stdtrit(df: Node, p: Node) -> Node:
    """The t for which `_stdtr` is p, by the inverse of its half."""
    half = constant_like(Fraction(1, 2), p)
    below = p < half
    tail = apply("where", below, p, 1 - p)
    middle = apply("equal", p, half)
    x = apply("betaincinv", df * half, half, 2 * apply("where", middle, constant_like(Fraction(1, 4), p), tail))
    size = apply("sqrt", df * (1 - x) / x)
    found = apply("where", below, -size, size)
    return apply("where", middle, (p - half) / _student_density(df, half), found)


def _boxcox(x: Node, power: Node) -> Node:
    """(x^λ − 1)/λ, and log x for λ = 0."""
    none = apply("equal", power, constant_like(0, power))
    return _power_quotient(apply("log", x), power, none)


def _power_quotient(log: Node, power: Node, none: Node) -> Node:
    safe = apply("where", none, constant_like(1, power), power)
    return apply("where", none, log + power * log**2 * Fraction(1, 2), apply("expm1", safe * log) / safe)


def _boxcox1p(x: Node, power: Node) -> Node:
    """((1 + x)^λ − 1)/λ, and log(1 + x) for λ = 0."""
    return _power_quotient(apply("log1p", x), power, apply("equal", power, constant_like(0, power)))


def _inv_boxcox1p(y: Node, power: Node) -> Node:
    """(1 + λ y)^(1/λ) − 1, and e^y − 1 for λ = 0."""
    none = apply("equal", power, constant_like(0, power))
    safe = apply("where", none, constant_like(1, power), power)
    return apply("expm1", apply("where", none, y - power * y**2 * Fraction(1, 2), apply("log1p", safe * y) / safe))


COMPOSED: dict[str, Rule] = {
    "betaincc": lambda a, b, x: apply("betainc", b, a, 1 - x),
    "fdtr": _fdtr,
    "fdtrc": lambda n, m, x: _fdtr(n, m, x, upper=True),
    "fdtri": lambda n, m, p: _f_of(n, m, apply("betaincinv", n * Fraction(1, 2), m * Fraction(1, 2), p)),
    "stdtr": _stdtr,
    "stdtrit": _stdtrit,
    "gdtr": lambda a, b, x: apply("gammainc", b, a * x),
    "gdtrc": lambda a, b, x: apply("gammaincc", b, a * x),
    "chdtr": lambda v, x: apply("gammainc", v * Fraction(1, 2), x * Fraction(1, 2)),
    "chdtrc": lambda v, x: apply("gammaincc", v * Fraction(1, 2), x * Fraction(1, 2)),
    "pdtr": lambda k, m: apply("gammaincc", apply("floor", k) + 1, m),
    "pdtrc": lambda k, m: apply("gammainc", apply("floor", k) + 1, m),
    "powm1": lambda x, y: apply("expm1", y * apply("log", x)),
    "cosm1": lambda x: -2 * apply("sin", x * Fraction(1, 2)) ** 2,
    "boxcox": _boxcox,
    "boxcox1p": _boxcox1p,
    "inv_boxcox": lambda y, power: _inv_boxcox1p(y, power) + 1,
    "inv_boxcox1p": _inv_boxcox1p,
    "logit": _logit,
    "log_expit": lambda x: -apply("softplus", -x),
    "entr": _entr,
    "ndtr": lambda x: apply("erfc", x * -math.sqrt(0.5)) * Fraction(1, 2),
    "exp10": lambda x: apply("power", constant_like(10, x), x),
    "loggamma": _loggamma,
    "huber": _huber,
    "pseudo_huber": _pseudo_huber,
}


def _op(name: str) -> Rule:
    return lambda *nodes: apply(name, *nodes)


for _name, _function in OPS.items():
    enter(getattr(of, _name), _op(_function))
for _name, _given in ORDERED.items():
    _enter_ordered(_name, *_given)
for _name, _rule in COMPOSED.items():
    enter(getattr(of, _name), _rule)
enter_outer(getattr(of, _name) for _name in (*OPS, *ORDERED, *COMPOSED))


# ---------------------------------------------------------------- functions that are no ufuncs


@stands_in(of.polygamma)
def polygamma(n: Any, x: Any) -> Traced:
    """ψ⁽ⁿ⁾(x) as a float64, entry by entry for whole numbers n that are known."""
    if isinstance(n, Traced):
        refuse("The order of 'polygamma' is a whole number that is known.", "Write it as a number:  polygamma(1, x)")
    orders = np.asarray(n)
    node = as_node(x, "float64")
    shape = common_shape([orders.shape, node.shape])
    wide, found = broadcast_to(node, shape), None
    for order in np.unique(orders):
        op = {"order": int(order)} if order else {}
        value = apply("polygamma" if order else "digamma", wide, **op)
        here = as_node(np.broadcast_to(orders == order, shape))
        found = value if found is None else apply("where", here, value, found)
    assert found is not None
    return traced(found)


@stands_in(of.multigammaln)
def multigammaln(a: Any, d: int) -> Traced:
    """log Γ_d(a) = d(d−1)/4 log π + Σ_(j<d) log Γ(a − j/2), as a float64."""
    x = as_node(a, "float64")
    total = constant_like(d * (d - 1) * 0.25 * math.log(math.pi), x)
    for j in range(int(d)):
        total = total + apply("lgamma", x - Fraction(j, 2))
    return traced(total)


@stands_in(of.zeta)
def zeta(x: Any, q: Any = None) -> Traced:
    """ζ(x, q) = Σ_(k≥0) (k + q)^(−x); it has a derivative by q."""
    s, shift = together(promoted(x, 1.0 if q is None else q))
    return traced(apply("zeta", _held(x, s, "zeta", "x"), shift))


@stands_in(of.softmax)
def softmax(x: Any, axis: Any = None) -> Traced:
    """eˣ / Σ eˣ over the axes."""
    node = as_real(x)
    return traced(composed.softmax(node, axes_of(axis, node.type.rank)))


@stands_in(of.log_softmax)
def log_softmax(x: Any, axis: Any = None) -> Traced:
    """x − log Σ eˣ over the axes."""
    node = as_real(x)
    return traced(composed.log_softmax(node, axes_of(axis, node.type.rank)))


@stands_in(of.logsumexp)
def logsumexp(
    a: Any, axis: Any = None, b: Any = None, keepdims: bool = False, return_sign: bool = False
) -> Traced | tuple[Traced, Traced]:
    """log Σ b eᵃ over the axes, without overflow; with `return_sign` the logarithm of the size of the sum, and its sign."""
    x = as_real(a)
    if b is None:
        axes = axes_of(axis, x.type.rank)
        value = traced(_kept(apply("logsumexp", x, axes=axes), x.shape, axes, keepdims))
        return (value, traced(constant_like(1, value.node))) if return_sign else value
    x, factor = together(promoted(traced(x), b))
    axes = axes_of(axis, x.type.rank)
    size = apply("where", apply("equal", factor, constant_like(0, factor)), constant_like(-math.inf, x), x)
    high = apply("stop_gradient", apply("max", size, axes=axes))
    finite = apply("abs", high) < math.inf
    high = apply("where", finite, high, constant_like(0, high))
    kept = tuple(k for k in range(x.type.rank) if k not in axes)
    shift = composed.broadcast(high, x.shape, kept)
    # Where b is 0, its product with e^(a − shift) is 0 though that may be ∞, and the slope by b is e^(a − shift): √b has value 0, slope ∞.
    power = apply("exp", x - shift)
    none = apply("equal", factor, constant_like(0, factor))
    overflowed = apply("logical_and", none, apply("equal", power, constant_like(math.inf, power)))
    product = apply("where", overflowed, apply("sqrt", factor), factor * power)
    total = apply("sum", product, axes=axes)
    sign = apply("sign", total)
    inside = apply("abs", total) if return_sign else total
    value = high + apply("log", inside)
    results = [traced(_kept(each, x.shape, axes, keepdims)) for each in (value, sign)]
    return (results[0], results[1]) if return_sign else results[0]


def _kept(node: Node, shape: Sequence[Any], axes: tuple[int, ...], keepdims: bool) -> Node:
    if not keepdims:
        return node
    return apply("reshape", node, shape=tuple(1 if k in axes else n for k, n in enumerate(shape)))
