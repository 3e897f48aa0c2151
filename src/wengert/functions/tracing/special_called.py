"""SciPy's special functions that are no ops: SciPy computes their values, and their derivatives are other functions of SciPy.

Elliptic integrals and functions, orthogonal polynomials, hypergeometric functions, those of Airy, Fresnel, Struve and Lambert, spherical Bessel
functions, integrals of sines and exponentials. By an order or a parameter that no formula here has, a derivative is refused by name.

Source: NIST Digital Library of Mathematical Functions, chapters 5, 6, 7, 9, 10, 11, 13, 15, 18, 19 and 22.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
from scipy import special  # pyright: ignore[reportMissingTypeStubs]

from wengert.core.ir.graph import Node, apply, constant_like
from wengert.core.ir.types import ArrayType
from wengert.core.ops.control import Cotangents, add_signals, results
from wengert.functions.tracing.answers import stands_in
from wengert.functions.tracing.operands import as_node, broadcast_to, common_shape, laid_out
from wengert.functions.tracing.source import user_line
from wengert.functions.tracing.standin import StandIn, refuse
from wengert.functions.tracing.tracer import UFUNCS, Traced, traced
from wengert.functions.tracing.ufunc_methods import enter_outer
from wengert.functions.tracing.ufuncs import dtype_asked, operands

of: Any = special
HALF = Fraction(1, 2)
Slope = Callable[..., "Node | tuple[Node | None, ...]"]
"""The derivative of each result by one argument, of the arguments."""


@dataclass(frozen=True)
class SpecialFunction:
    """A function of SciPy, entry by entry, on arguments of one shape."""

    name: str
    inputs: tuple[ArrayType, ...]
    results: tuple[ArrayType, ...]

    def __repr__(self) -> str:
        return self.name

    def value(self, *arrays: Any) -> Sequence[Any]:
        """What SciPy finds."""
        found: Any = getattr(of, self.name)(*arrays)
        return found if len(self.results) > 1 else (found,)

    def over(self, size: Any) -> SpecialFunction:
        """The same function with one more axis before the others."""

        def wide(types: tuple[ArrayType, ...]) -> tuple[ArrayType, ...]:
            return tuple(type.with_shape((size, *type.shape)) for type in types)

        return replace(self, inputs=wide(self.inputs), results=wide(self.results))

    def _slopes(self, node: Node, k: int) -> tuple[Node | None, ...]:
        slope = list(SLOPES[self.name].values())[k]
        if slope is None:  # a whole number, or behind an `order`, which refuses whatever signal it gets
            return (constant_like(1, results(node)[0]) if node.inputs[k].type.is_float else None,) * len(self.results)
        found = slope(*node.inputs)
        return found if isinstance(found, tuple) else (found,)

    def jvp(self, node: Node, tangents: Sequence[Node | None]) -> list[Node | None]:
        """ẏ_i = Σ_k ∂y_i/∂x_k ẋ_k, entry by entry."""
        found: list[list[Node | None]] = [[] for _ in self.results]
        for k, tangent in enumerate(tangents):
            if tangent is not None:
                for column, slope in zip(found, self._slopes(node, k), strict=True):
                    column.append(None if slope is None else slope * tangent)
        return [add_signals(column) for column in found]

    def vjp(self, node: Node, cotangents: Cotangents) -> list[Node | None]:
        """x̄_k = Σ_i ∂y_i/∂x_k ȳ_i, entry by entry."""
        found: list[Node | None] = []
        for k, wanted in enumerate(cotangents.wanted):
            slopes = self._slopes(node, k) if wanted else ()
            pairs = zip(slopes, cotangents.bars, strict=False)
            found.append(add_signals([None if s is None or bar is None else s * bar for s, bar in pairs]))
        return found


def called(name: str, *nodes: Node) -> list[Node]:
    """The results of a special function of nodes of one shape."""
    slopes = SLOPES[name].items()
    nodes = tuple([x if slope else _held(x, name, key) for x, (key, slope) in zip(nodes, slopes, strict=True)])
    kind = next(x.type for x in reversed(nodes) if x.type.is_float or x.type.is_complex)
    function = SpecialFunction(name, tuple(x.type for x in nodes), (kind,) * RESULTS.get(name, 1))
    return results(apply("host_call", *nodes, function=function))


def _f(name: str, *nodes: Node) -> Node:
    return called(name, *nodes)[0]


def _real(n: Node, like: Node) -> Node:
    return n if n.type.dtype == like.type.dtype else apply("cast", n, dtype=like.type.dtype)


def _held(x: Node, function: str, argument: str) -> Node:
    """An argument without a derivative: one that moves says so when it is asked for."""
    if not x.type.is_float or x.op.leaf == "constant":
        return x
    return apply("order", x, function=function, argument=argument, source=user_line())


# ---------------------------------------------------------------- elliptic integrals and functions


def _rest(m: Node, phi: Node) -> Node:
    return apply("sqrt", 1 - m * apply("sin", phi) ** 2)


def _quarter_periods(phi: Node) -> tuple[Node, Node]:
    """(k, φ − kπ) with the second within ±π/2."""
    k = apply("stop_gradient", apply("round", phi * (1 / math.pi)))
    return k, phi - k * math.pi


def _third_kind(phi: Node, m: Node) -> Node:
    """D(φ, m) = ∫ sin²θ/√(1 − m sin²θ) dθ = (F − E)/m, by Carlson's R_D, without cancellation (DLMF 19.25.13)."""
    k, inner = _quarter_periods(phi)
    sine, cosine = apply("sin", inner), apply("cos", inner)
    one = constant_like(1, m)
    part = sine**3 * _f("elliprd", cosine * cosine, 1 - m * sine * sine, one)
    whole = _f("elliprd", constant_like(0, m), 1 - m, one)
    return (part + 2 * k * whole) * Fraction(1, 3)


def _first_kind_by_parameter(phi: Node, m: Node) -> Node:
    rest = apply("sin", phi) * apply("cos", phi) / _rest(m, phi)
    return (_f("ellipkinc", phi, m) - _third_kind(phi, m) - rest) / (2 * (1 - m))


def _first_kind_near_one(p: Node) -> Node:
    """d/dp K(1 − p) = −(E − p K)/(2 p (1 − p))."""
    return -(_f("ellipe", 1 - p) - p * _f("ellipkm1", p)) / (2 * p * (1 - p))


def _hypergeometric(a: float, b: float, c: float, m: Node) -> Node:
    return _f("hyp2f1", *(constant_like(x, m) for x in (a, b, c)), m)


def _jacobi_functions(u: Node, m: Node) -> tuple[Node | None, ...]:
    """sn′ = cn dn, cn′ = −sn dn, dn′ = −m sn cn, am′ = dn."""
    sn, cn, dn, _ = called("ellipj", u, m)
    return cn * dn, -sn * dn, -m * sn * cn, dn


# ---------------------------------------------------------------- polynomials


def _lowered(name: str, factor: Callable[..., Node], *raised: float) -> Slope:
    """d/dx P_n^(α, …) = c P_(n−1)^(α + s, …); 0 for n = 0."""

    def slope(n: Node, *rest: Node) -> Node:
        *parameters, x = rest
        none = n < 1
        below = n - 1
        one_less = apply("where", none, constant_like(0, n), below)
        wide = [p + step for p, step in zip(parameters, raised, strict=False)]
        wide += [constant_like(step, x) for step in raised[len(parameters) :]]
        found = factor(_real(n, x), *(_real(p, x) for p in parameters)) * _f(name, one_less, *wide, x)
        return apply("where", none, constant_like(0, x), found)

    return slope


# ---------------------------------------------------------------- others


def _between_neighbours(name: str, sign: int) -> Slope:
    """f_n′ = (n f_(n−1) ± (n + 1) f_(n+1))/(2n + 1), regular at 0 (DLMF 10.51)."""

    def slope(n: Node, z: Node) -> Node:
        whole = _real(n, z)
        below = whole * _f(name, apply("where", n < 1, constant_like(0, n), n - 1), z)
        return (below + sign * (whole + 1) * _f(name, n + 1, z)) / (2 * whole + 1)

    return slope


def _to_the_next(name: str) -> Slope:
    """f_n′ = n f_n/z − f_(n+1)."""

    def slope(n: Node, z: Node) -> Node:
        return _real(n, z) / z * _f(name, n, z) - _f(name, n + 1, z)

    return slope


def _airy(x: Node) -> tuple[Node, ...]:
    """Ai″ = x Ai, Bi″ = x Bi."""
    a, da, b, db = called("airy", x)
    return da, x * a, db, x * b


def _airye(x: Node) -> tuple[Node, ...]:
    """Scaled by e^(±2/3 x√x), whose logarithm has the derivative ±√x; real numbers right of 0."""
    a, da, b, db = called("airye", x)
    root = apply("sqrt", x)
    return da + root * a, x * a + root * da, db - root * b, x * b - root * db


def _fresnel(x: Node) -> tuple[Node, ...]:
    angle = x * x * (math.pi / 2)
    return apply("sin", angle), apply("cos", angle)


def _sine_integrals(x: Node) -> tuple[Node, ...]:
    return _f("spherical_jn", *_with_order(0, x)), apply("cos", x) / x


def _hyperbolic_integrals(x: Node) -> tuple[Node, ...]:
    return _f("spherical_in", *_with_order(0, x)), apply("cosh", x) / x


def _with_order(n: int, x: Node) -> tuple[Node, Node]:
    return laid_out(np.int64(n), "int64", x.shape), x


def _spence(z: Node) -> Node:
    """log z/(1 − z) = −Σ_k (1 − z)^k/(k + 1), the series near 1."""
    d = 1 - z
    near = apply("abs", d) < 1e-3
    series = constant_like(Fraction(-1, 8), d)
    for k in range(6, -1, -1):
        series = series * d - Fraction(1, k + 1)
    away = apply("where", near, constant_like(2, z), z)
    return apply("where", near, series, apply("log", away) / (1 - away))


def _exponential_integral(n: Node, x: Node) -> Node:
    """E_n′ = −E_(n−1), and E_0 = e^(−x)/x."""
    first = n < 1
    of_first = -apply("exp", -x) * (1 + x) / (x * x)
    return apply("where", first, of_first, -_f("expn", apply("where", first, n, n - 1), x))


def _struve(name: str) -> Slope:
    """f_v′ = f_(v−1) − v f_v/x (DLMF 11.4.27)."""

    def slope(v: Node, x: Node) -> Node:
        return _f(name, v - 1, x) - _real(v, x) / x * _f(name, v, x)

    return slope


def _digamma(x: Node) -> Node:
    return apply("digamma", x)


def _filled(value: complex, like: Node) -> Node:
    return laid_out(np.asarray(value, like.type.dtype), like.type.dtype, like.shape)


SLOPES: dict[str, dict[str, Slope | None]] = {
    "ellipk": {"m": lambda m: _hypergeometric(1.5, 1.5, 2, m) * (math.pi / 8)},
    "ellipe": {"m": lambda m: _hypergeometric(0.5, 1.5, 2, m) * (-math.pi / 8)},
    "ellipkm1": {"p": _first_kind_near_one},
    "ellipkinc": {"phi": lambda phi, m: 1 / _rest(m, phi), "m": _first_kind_by_parameter},
    "ellipeinc": {"phi": lambda phi, m: _rest(m, phi), "m": lambda phi, m: _third_kind(phi, m) * -HALF},
    "ellipj": {"u": _jacobi_functions, "m": None},
    "elliprd": {"x": None, "y": None, "z": None},
    "hyp2f1": {
        "a": None,
        "b": None,
        "c": None,
        "z": lambda a, b, c, z: a * b / c * _f("hyp2f1", a + 1, b + 1, c + 1, z),
    },
    "hyp1f1": {"a": None, "b": None, "x": lambda a, b, x: a / b * _f("hyp1f1", a + 1, b + 1, x)},
    "hyp0f1": {"v": None, "z": lambda v, z: _f("hyp0f1", v + 1, z) / v},
    "hyperu": {"a": None, "b": None, "x": lambda a, b, x: -a * _f("hyperu", a + 1, b + 1, x)},
    "eval_jacobi": {
        **dict.fromkeys(("n", "alpha", "beta")),
        "x": _lowered("eval_jacobi", lambda n, a, b: (n + a + b + 1) * HALF, 1, 1),
    },
    "eval_legendre": {"n": None, "x": _lowered("eval_jacobi", lambda n: (n + 1) * HALF, 1, 1)},
    "eval_chebyt": {"n": None, "x": _lowered("eval_chebyu", lambda n: n)},
    "eval_chebyu": {"n": None, "x": _lowered("eval_gegenbauer", lambda n: constant_like(2, n), 2)},
    "eval_gegenbauer": {"n": None, "alpha": None, "x": _lowered("eval_gegenbauer", lambda n, a: 2 * a, 1)},
    "eval_hermite": {"n": None, "x": _lowered("eval_hermite", lambda n: 2 * n)},
    "eval_hermitenorm": {"n": None, "x": _lowered("eval_hermitenorm", lambda n: n)},
    "eval_laguerre": {"n": None, "x": _lowered("eval_genlaguerre", lambda n: constant_like(-1, n), 1)},
    "eval_genlaguerre": {
        **dict.fromkeys(("n", "alpha")),
        "x": _lowered("eval_genlaguerre", lambda n, a: constant_like(-1, n), 1),
    },
    "spherical_jn": {"n": None, "z": _between_neighbours("spherical_jn", -1)},
    "spherical_in": {"n": None, "z": _between_neighbours("spherical_in", 1)},
    "spherical_yn": {"n": None, "z": _to_the_next("spherical_yn")},
    "spherical_kn": {"n": None, "z": _to_the_next("spherical_kn")},
    "airy": {"z": _airy},
    "airye": {"z": _airye},
    "fresnel": {"z": _fresnel},
    "sici": {"x": _sine_integrals},
    "shichi": {"x": _hyperbolic_integrals},
    "spence": {"z": _spence},
    "expn": {"n": None, "x": _exponential_integral},
    "struve": {"v": None, "x": _struve("struve")},
    "modstruve": {"v": None, "x": _struve("modstruve")},
    "binom": {
        "x": lambda n, k: _f("binom", n, k) * (_digamma(n + 1) - _digamma(n - k + 1)),
        "y": lambda n, k: _f("binom", n, k) * (_digamma(n - k + 1) - _digamma(k + 1)),
    },
    "poch": {
        "z": lambda z, m: _f("poch", z, m) * (_digamma(z + m) - _digamma(z)),
        "m": lambda z, m: _f("poch", z, m) * _digamma(z + m),
    },
    "wofz": {"z": lambda z: -2 * z * _f("wofz", z) + _filled(2j / math.sqrt(math.pi), z)},
    "lambertw": {"z": lambda z, k: 1 / (z + apply("exp", _f("lambertw", z, k))), "k": None},
}
"""The derivatives of the results by each argument; None where there is none: by whole numbers, and by what no formula here has."""
RESULTS = {"ellipj": 4, "airy": 4, "airye": 4, "fresnel": 2, "sici": 2, "shichi": 2}
"""How many results functions have that have several."""
SPHERICAL = ("spherical_jn", "spherical_yn", "spherical_in", "spherical_kn")
NOT_ENTERED = (*SPHERICAL, "lambertw", "elliprd")


def _enter(name: str) -> None:
    ufunc = getattr(of, name)

    def call(*values: Any, **options: Any) -> Any:
        found = [traced(y) for y in called(name, *operands(ufunc, *values, dtype=dtype_asked(ufunc, options)))]
        return tuple(found) if len(found) > 1 else found[0]

    call.__module__, call.__name__ = __name__, name
    UFUNCS[ufunc] = call


WITH_OUTER = ("binom", "poch", "ellipkinc", "ellipeinc", "eval_legendre", "eval_chebyt", "eval_chebyu", "eval_hermite")
for _name in SLOPES:
    if _name not in NOT_ENTERED:
        _enter(_name)
enter_outer([getattr(of, _name) for _name in WITH_OUTER])


# ---------------------------------------------------------------- functions that are no ufuncs


def _whole(value: Any, name: str, argument: str) -> Any:
    if isinstance(value, StandIn) and value.dtype.kind == "f":
        refuse(f"'{argument}' of '{name}' is a whole number that is known.", f"Write it as a number:  {name}(1, x)")
    return value


def _spherical(name: str) -> Callable[..., Traced]:
    def call(n: Any, z: Any, derivative: bool = False) -> Traced:
        z = as_node(z, "float64")
        order = as_node(_whole(n, name, "n"), "int64")
        shape = common_shape([order.shape, z.shape])
        nodes = broadcast_to(order, shape), broadcast_to(z, shape)
        slope = SLOPES[name]["z"]
        assert slope is not None
        found = slope(*nodes) if derivative else _f(name, *nodes)
        assert isinstance(found, Node)
        return traced(found)

    call.__module__, call.__name__ = __name__, name
    return call


spherical_jn, spherical_yn, spherical_in, spherical_kn = (
    stands_in(getattr(of, _name))(_spherical(_name)) for _name in SPHERICAL
)


@stands_in(of.lambertw)
def lambertw(z: Any, k: Any = 0, tol: float = 1e-8) -> Traced:
    """W_k(z), the k-th solution of W e^W = z, as a complex number."""
    z, branch = as_node(z, "complex128"), as_node(_whole(k, "lambertw", "k"), "int64")
    shape = common_shape([z.shape, branch.shape])
    return traced(_f("lambertw", broadcast_to(z, shape), broadcast_to(branch, shape)))
