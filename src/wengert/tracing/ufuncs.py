"""NumPy's and SciPy's ufuncs on traced values: entry by entry, promoted and broadcast as NumPy does it."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from wengert.ir.graph import Node, apply, constant_like
from wengert.tracing.operands import (
    Kind,
    as_node,
    common_dtype,
    common_shape,
    kind_of,
    laid_out,
    ndim_of,
    shape_of,
    supported,
)
from wengert.tracing.products import matmul
from wengert.tracing.tracer import UFUNCS, Traced, refuse, traced

Rule = Callable[..., Node]

PRIMITIVES = {
    "add": "add",
    "subtract": "subtract",
    "multiply": "multiply",
    "divide": "divide",
    "negative": "negative",
    "sqrt": "sqrt",
    "cbrt": "cbrt",
    "exp": "exp",
    "exp2": "exp2",
    "expm1": "expm1",
    "log": "log",
    "log2": "log2",
    "log10": "log10",
    "log1p": "log1p",
    "sin": "sin",
    "cos": "cos",
    "tan": "tan",
    "arcsin": "arcsin",
    "arccos": "arccos",
    "arctan": "arctan",
    "sinh": "sinh",
    "cosh": "cosh",
    "tanh": "tanh",
    "arcsinh": "arcsinh",
    "arccosh": "arccosh",
    "arctanh": "arctanh",
    "hypot": "hypot",
    "arctan2": "arctan2",
    "logaddexp": "logaddexp",
    "maximum": "maximum",
    "minimum": "minimum",
    "absolute": "abs",
    "fabs": "abs",
    "sign": "sign",
    "less": "less",
    "less_equal": "less_equal",
    "greater": "greater",
    "greater_equal": "greater_equal",
    "equal": "equal",
    "not_equal": "not_equal",
    "logical_and": "logical_and",
    "logical_or": "logical_or",
    "logical_not": "logical_not",
}
"""ufuncs that are an op of the table, by their names."""
OF_TRUTHS = {"add": "logical_or", "multiply": "logical_and", "maximum": "logical_or", "minimum": "logical_and"}
"""What some ufuncs do to truth values."""


@lru_cache(maxsize=4096)
def _dtypes(ufunc: Any, kinds: tuple[Kind, ...]) -> tuple[str, ...]:
    """The dtypes to which a ufunc converts its inputs.

    Raises TypeError, with NumPy's words, where it does not take them.
    """
    if set(kinds) == {int}:  # NumPy compares whole numbers of Python as Python does
        kinds = (np.dtype(np.int64),) * len(kinds)
    resolved = ufunc.resolve_dtypes((*kinds, *(None,) * ufunc.nout))
    return tuple(supported(dtype) for dtype in resolved[: ufunc.nin])


def operands(ufunc: Any, *values: Any) -> list[Node]:
    """The inputs of a ufunc as nodes of the dtypes that it takes and of one shape."""
    dtypes = _dtypes(ufunc, tuple([kind_of(value) for value in values]))
    shape = common_shape([shape_of(value) for value in values])
    return [laid_out(value, dtype, shape) for value, dtype in zip(values, dtypes, strict=True)]


def _enter(ufunc: Any, rule: Rule) -> None:
    def call(*values: Any) -> Traced:
        return traced(rule(*operands(ufunc, *values)))

    UFUNCS[ufunc] = call


def _primitive(name: str, op: str) -> Rule:
    def rule(*nodes: Node) -> Node:
        chosen = OF_TRUTHS.get(name, op) if nodes[0].type.dtype == "bool" else op
        if chosen == "abs" and nodes[0].type.dtype == "bool":
            return nodes[0]
        return apply(chosen, *nodes)

    return rule


for _name, _op in PRIMITIVES.items():
    _enter(getattr(np, _name), _primitive(_name, _op))


# ---------------------------------------------------------------- composed of ops


def _floor(x: Node) -> Node:
    return apply("floor", x) if x.type.is_float else x


def _ceil(x: Node) -> Node:
    return -apply("floor", -x) if x.type.is_float else x


def _floor_divide(x: Node, y: Node) -> Node:
    return apply("floor", x / y) if x.type.is_float else _whole_division(x, y)[0]


def _remainder(x: Node, y: Node) -> Node:
    return x - y * apply("floor", x / y) if x.type.is_float else _whole_division(x, y)[1]


def _whole_division(x: Node, y: Node) -> tuple[Node, Node]:
    """(⌊x / y⌋, x − y ⌊x / y⌋) of whole numbers, both 0 where y is 0, as in NumPy.

    Real numbers give the quotient to 53 bits, the same for what is left gives the others, and the last may be wrong by one.
    """
    zero, divisor = constant_like(0, x), apply("cast", y, dtype="float64")
    quotient, rest = zero, x
    for _ in range(2):
        part = apply("cast", apply("floor", apply("cast", rest, dtype="float64") / divisor), dtype="int64")
        quotient, rest = quotient + part, rest - part * y
    positive = y > 0
    below = apply("where", positive, rest < 0, rest > 0)
    beyond = apply("where", positive, apply("greater_equal", rest, y), apply("less_equal", rest, y))
    change = apply("cast", beyond, dtype="int64") - apply("cast", below, dtype="int64")
    defined = apply("not_equal", y, zero)
    return (
        apply("where", defined, quotient + change, zero),
        apply("where", defined, rest - change * y, zero),
    )


def _reciprocal(x: Node) -> Node:
    if not x.type.is_float:
        refuse("The reciprocal of a whole number is no whole number.", "Convert first:  1 / x")
    return apply("reciprocal", x)


def _trunc(x: Node) -> Node:
    return apply("where", x < 0, _ceil(x), _floor(x))


def _finite(x: Node) -> Node:
    """|x| < ∞, which NaN is not."""
    return apply("abs", x) < math.inf if x.type.is_float else apply("equal", x, x)


def _infinite(x: Node) -> Node:
    return apply("equal", apply("abs", x), constant_like(math.inf, x)) if x.type.is_float else apply("not_equal", x, x)


COMPOSED: dict[Any, Rule] = {
    np.positive: lambda x: x,
    np.reciprocal: _reciprocal,
    np.square: lambda x: x**2,
    np.floor: _floor,
    np.ceil: _ceil,
    np.trunc: _trunc,
    np.rint: lambda x: apply("round", x) if x.type.is_float else x,
    np.floor_divide: _floor_divide,
    np.remainder: _remainder,
    np.logical_xor: lambda x, y: apply("not_equal", x, y),
    np.isnan: lambda x: apply("not_equal", x, x),
    np.isfinite: _finite,
    np.isinf: _infinite,
    np.deg2rad: lambda x: x * (math.pi / 180),
    np.rad2deg: lambda x: x * (180 / math.pi),
    np.bitwise_and: lambda x, y: apply("logical_and", x, y),
    np.bitwise_or: lambda x, y: apply("logical_or", x, y),
    np.bitwise_xor: lambda x, y: apply("not_equal", x, y),
    np.invert: lambda x: apply("logical_not", x),
}
COMPOSED |= {np.radians: COMPOSED[np.deg2rad], np.degrees: COMPOSED[np.rad2deg]}
for _ufunc, _rule in COMPOSED.items():
    _enter(_ufunc, _rule)


# ---------------------------------------------------------------- powers and products


def _power(base: Any, exponent: Any) -> Traced:
    """xⁿ as a product for a whole number n, √x for ½, else the power of real numbers.

    Raises ValueError, as NumPy does, for a whole number to a negative one.
    """
    x, y = operands(np.power, base, exponent)
    number = _fixed(exponent)
    if number is None and x.type.is_float:
        return traced(apply("power", x, y))
    if number is None:
        refuse("A whole number to a traced power has no form in a graph.", "Convert first:  x.astype(float) ** n")
    if number == 0.5:
        return traced(apply("sqrt", x))
    if number == int(number):
        if not x.type.is_float and number < 0:
            raise ValueError("Integers to negative integer powers are not allowed.")
        return traced(apply("integer_power", x, exponent=int(number)))
    return traced(apply("power", x, y))


def _fixed(exponent: Any) -> float | None:
    """An exponent that is one finite number, known now."""
    if isinstance(exponent, Traced) or ndim_of(exponent) or not np.isfinite(exponent):
        return None
    return float(exponent)


def _matmul(x: Any, y: Any) -> Traced:
    return traced(matmul(*(as_node(each, common_dtype(x, y)) for each in (x, y))))


UFUNCS[np.power] = _power
UFUNCS[np.matmul] = _matmul


# ---------------------------------------------------------------- scipy.special


def _enter_special() -> None:
    """SciPy's functions that are ops, or a line of them."""
    from scipy import special  # pyright: ignore[reportMissingTypeStubs]

    of: Any = special
    for name, op in {
        "expit": "logistic",
        "erf": "erf",
        "erfc": "erfc",
        "erfinv": "erfinv",
        "xlogy": "xlogy",
        "gammaln": "lgamma",
        "digamma": "digamma",
    }.items():
        _enter(getattr(of, name), lambda *nodes, op=op: apply(op, *nodes))
    _enter(of.exp2, lambda x: apply("exp2", x))
    _enter(of.expm1, lambda x: apply("expm1", x))
    _enter(of.log1p, lambda x: apply("log1p", x))
    _enter(of.cbrt, lambda x: apply("cbrt", x))
    _enter(of.logit, lambda x: apply("log", x) - apply("log1p", -x))
    _enter(of.log_expit, lambda x: -apply("softplus", -x))
    _enter(of.entr, lambda x: -apply("xlogy", x, x))
    _enter(of.ndtr, lambda x: apply("erfc", x * -math.sqrt(0.5)) * Fraction(1, 2))


_enter_special()
