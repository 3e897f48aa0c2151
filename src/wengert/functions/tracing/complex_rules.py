"""Complex numbers: parts, angles and what ufuncs mean on them that have another meaning on the real line."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from wengert.core.ir.graph import Node, apply, constant, constant_like
from wengert.core.ops.arithmetic import over_radius
from wengert.core.ops.complex_numbers import conjugate, is_zero, magnitude, real_part
from wengert.functions.tracing import ufuncs
from wengert.functions.tracing.answers import answers
from wengert.functions.tracing.array_writes import of_parts
from wengert.functions.tracing.callbacks import CALLBACKS
from wengert.functions.tracing.operands import as_node, kind_of, together
from wengert.functions.tracing.tracer import UFUNCS, Traced, refuse, traced
from wengert.functions.tracing.ufuncs import dtype_asked, operands

PlaneRule = Callable[..., Node]


def _parts(z: Node) -> tuple[Node, Node]:
    return apply("real", z), apply("imag", z)


def imaginary_part(x: Node) -> Node:
    """Im x; 0 of a real number."""
    return apply("imag", x) if x.type.is_complex else constant(0, x.type)


# ---------------------------------------------------------------- ufuncs


def _is_plane(kind: Any) -> bool:
    return kind is complex or (isinstance(kind, np.dtype) and kind.kind == "c")


def _on_nodes(ufunc: Any, rule: Callable[..., Node]) -> Callable[..., Traced]:
    """A rule on nodes of one shape and one complex dtype, on what is given to a ufunc."""

    def call(*values: Any, **options: Any) -> Traced:
        dtype = dtype_asked(ufunc, options) if options else None
        return traced(rule(*operands(ufunc, *values, dtype=dtype)))

    return call


def _on_the_plane(ufunc: Any, rule: Callable[..., Traced]) -> None:
    """Enter what a ufunc means on complex numbers beside what it means on others."""
    on_the_line = UFUNCS[ufunc]

    def call(*values: Any, **options: Any) -> Any:
        kinds = [*map(kind_of, values), np.dtype(options.get("dtype") or bool)]
        return (rule if any(map(_is_plane, kinds)) else on_the_line)(*values, **options)

    call.__module__, call.__name__ = __name__, ufunc.__name__
    UFUNCS[ufunc] = call


def _sign(z: Node) -> Node:
    """z / |z|, and 0 where z = 0."""
    x, y = _parts(z)
    radius = magnitude(z)
    return apply("complex", over_radius(x, radius), over_radius(y, radius))


def _same(a: Node, b: Node) -> Node:
    """Whether both parts are equal."""
    pairs = zip(_parts(a), _parts(b), strict=True)
    return apply("logical_and", *(apply("equal", x, y) for x, y in pairs))


def _before(a: Node, b: Node) -> Node:
    """a < b by the real parts, and by the imaginary parts where those are equal."""
    (x, y), (u, v) = _parts(a), _parts(b)
    whole = apply("logical_and", apply("equal", y, y), apply("equal", v, v))
    first = apply("logical_and", x < u, whole)
    return apply("logical_or", first, apply("logical_and", apply("equal", x, u), y < v))


def _not(x: Node) -> Node:
    return apply("logical_not", x)


def _or(x: Node, y: Node) -> Node:
    return apply("logical_or", x, y)


def _of_each_part(rule: Callable[[Node], Node], join: str) -> PlaneRule:
    return lambda z: apply(join, *map(rule, _parts(z)))


def _finite(x: Node) -> Node:
    return apply("abs", x) < math.inf


def _infinite(x: Node) -> Node:
    return apply("equal", apply("abs", x), constant_like(math.inf, x))


def _of_truths(op: str) -> Callable[..., Traced]:
    """A function of whether its operands, of any dtypes, are not 0."""

    def call(*values: Any, **options: Any) -> Traced:
        truths = [_not(is_zero(x)) if x.type.dtype != "bool" else x for x in map(as_node, values)]
        return traced(apply(op, *together(truths)))

    return call


def _no_order(ufunc: Any) -> PlaneRule:
    def rule(*nodes: Node) -> Node:
        return refuse(
            f"'{ufunc.__name__}' of complex numbers goes by their real parts first, and has no derivative.",
            "Choose by a real quantity:  np.where(np.abs(a) > np.abs(b), a, b)",
        )

    return rule


def _power(x: Node, y: Node) -> Node:
    """zⁿ as a product for a whole number n, √z for ½, else e^(w log z)."""
    known = y.params["value"] if y.op.leaf == "constant" else None
    number = complex(known) if isinstance(known, int | float | complex) else None
    if number == 0.5:
        return apply("sqrt", x)
    if number is not None and number.imag == 0 and number.real.is_integer():
        return apply("integer_power", x, exponent=int(number.real))
    return apply("power", x, y)


PLANE: dict[Any, PlaneRule] = {
    np.absolute: magnitude,
    np.sign: _sign,
    np.equal: _same,
    np.not_equal: lambda a, b: _not(_same(a, b)),
    np.less: _before,
    np.less_equal: lambda a, b: _or(_before(a, b), _same(a, b)),
    np.greater: lambda a, b: _before(b, a),
    np.greater_equal: lambda a, b: _or(_before(b, a), _same(a, b)),
    np.logical_not: is_zero,
    np.isnan: _of_each_part(lambda x: apply("not_equal", x, x), "logical_or"),
    np.isinf: _of_each_part(_infinite, "logical_or"),
    np.isfinite: _of_each_part(_finite, "logical_and"),
    np.power: _power,
    np.float_power: _power,
    **{ufunc: _no_order(ufunc) for ufunc in (np.maximum, np.minimum, np.fmax, np.fmin)},
    np.rint: _of_each_part(lambda x: apply("round", x), "complex"),
}
"""What ufuncs mean on complex numbers where that is not an op of the same name."""
TRUTHS = {np.logical_and: "logical_and", np.logical_or: "logical_or", np.logical_xor: "not_equal"}
for _ufunc, _rule in PLANE.items():
    _on_the_plane(_ufunc, _on_nodes(_ufunc, _rule))
for _ufunc, _op in TRUTHS.items():
    _on_the_plane(_ufunc, _of_truths(_op))
ufuncs.enter(np.conjugate, conjugate)


# ---------------------------------------------------------------- parts


@answers(np.real)
def _real(val: Any) -> Traced:
    return traced(real_part(as_node(val)))


@answers(np.imag)
def _imag(val: Any) -> Traced:
    return traced(imaginary_part(as_node(val)))


@answers(method="conjugate")
def _conjugate_method(self: Any) -> Any:
    return np.conjugate(self)


@answers(method="conj")
def _conj_method(self: Any) -> Any:
    return np.conjugate(self)


@answers(of_parts)
def _of_parts(x: Any, y: Any) -> Traced:
    return traced(apply("complex", as_node(x), as_node(y)))


@answers(np.angle)
def _angle(z: Any, deg: bool = False) -> Traced:
    """The angle of z in (−π, π], in degrees where `deg` says so."""
    x = as_node(z)
    if not x.type.is_float:
        x = apply("cast", x, dtype="float64")
    found = apply("arctan2", imaginary_part(x), real_part(x))
    return traced(found * (180 / math.pi) if deg else found)


# ---------------------------------------------------------------- what is asked of a value


@answers(np.iscomplexobj)
def _iscomplexobj(x: Any) -> bool:
    return x.dtype.kind == "c"


@answers(np.isrealobj)
def _isrealobj(x: Any) -> bool:
    return x.dtype.kind != "c"


@answers(np.iscomplex)
def _iscomplex(x: Any) -> Traced:
    """Whether the imaginary part is not 0."""
    part = imaginary_part(as_node(x))
    return traced(apply("not_equal", part, constant(0, part.type)))


@answers(np.isreal)
def _isreal(x: Any) -> Traced:
    """Whether the imaginary part is 0."""
    return traced(_not(as_node(_iscomplex(x))))


def _real_if_close(a: Any, tol: float = 100) -> Any:
    """Re a where every imaginary part is below `tol` units in the last place of 1 (below `tol` itself, where that is at most 1)."""
    if a.dtype.kind != "c":
        return a
    limit = tol * float(np.finfo(a.dtype).eps) if tol > 1 else tol
    return np.real(a) if np.all(np.abs(np.imag(a)) < limit) else a


CALLBACKS[np.real_if_close] = _real_if_close
