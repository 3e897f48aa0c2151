"""NumPy's ufuncs on traced values: entry by entry, promoted and broadcast as NumPy does it."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from wengert.core.ir.graph import Node, apply, constant_like
from wengert.core.ops.exponential import LOG_2
from wengert.functions.tracing.operands import (
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
from wengert.functions.tracing.products import matmul
from wengert.functions.tracing.tracer import UFUNCS, Traced, refuse, traced

Rule = Callable[..., Node | tuple[Node, ...]]

PRIMITIVES = {
    "add": "add",
    "subtract": "subtract",
    "multiply": "multiply",
    "divide": "divide",
    "negative": "negative",
    "sqrt": "sqrt",
    "cbrt": "cbrt",
    "spacing": "spacing",
    "nextafter": "nextafter",
    "signbit": "signbit",
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
def _dtypes(ufunc: Any, kinds: tuple[Kind, ...], dtype: str | None = None) -> tuple[str, ...]:
    """The dtypes to which a ufunc converts its inputs, for a dtype of the results where one is asked for.

    Raises TypeError, with NumPy's words, where it does not take them.
    """
    if set(kinds) == {int}:  # NumPy compares whole numbers of Python as Python does
        kinds = (np.dtype(np.int64),) * len(kinds)
    asked = {} if dtype is None else {"signature": (*(None,) * ufunc.nin, *(np.dtype(dtype),) * ufunc.nout)}
    resolved = ufunc.resolve_dtypes((*kinds, *(None,) * ufunc.nout), **asked)
    return tuple(supported(each) for each in resolved[: ufunc.nin])


def operands(ufunc: Any, *values: Any, dtype: str | None = None) -> list[Node]:
    """The inputs of a ufunc as nodes of the dtypes that it takes and of one shape."""
    dtypes = _dtypes(ufunc, tuple([kind_of(value) for value in values]), dtype)
    shape = common_shape([shape_of(value) for value in values])
    return [laid_out(value, dtype, shape) for value, dtype in zip(values, dtypes, strict=True)]


HARMLESS = {"casting": "same_kind", "order": "K", "subok": True, "where": True}
"""Keywords of ufuncs, with the values that change nothing."""


def dtype_asked(ufunc: Any, options: dict[str, Any]) -> str | None:
    """The dtype that the keywords of a call ask for.

    Raises TraceError for a keyword that has no meaning on traced values.
    """
    for name, value in options.items():
        harmless = HARMLESS.get(name)
        if name != "dtype" and value is not None and value is not harmless and str(value) != str(harmless):
            refuse(
                f"'{ufunc.__name__}' takes no argument '{name}' on traced values.",
                "Call it without, and use 'np.where' or 'astype' on the result.",
            )
    dtype = options.get("dtype")
    return None if dtype is None else np.dtype(dtype).name


def enter(ufunc: Any, rule: Rule) -> None:
    """Enter what a ufunc means: a rule from nodes of one shape and of the dtypes that it takes to its result or results."""

    def call(*values: Any, **options: Any) -> Any:
        dtype = dtype_asked(ufunc, options) if options else None
        result = rule(*operands(ufunc, *values, dtype=dtype))
        return tuple(map(traced, result)) if isinstance(result, tuple) else traced(result)

    call.__module__, call.__name__ = __name__, ufunc.__name__
    UFUNCS[ufunc] = call


def _primitive(name: str, op: str) -> Rule:
    def rule(*nodes: Node) -> Node:
        chosen = OF_TRUTHS.get(name, op) if nodes[0].type.dtype == "bool" else op
        if chosen == "abs" and nodes[0].type.dtype == "bool":
            return nodes[0]
        return apply(chosen, *nodes)

    return rule


for _name, _op in PRIMITIVES.items():
    enter(getattr(np, _name), _primitive(_name, _op))


# ---------------------------------------------------------------- signs and steps


def _trunc(x: Node) -> Node:
    return apply("where", x < 0, _ceil(x), _floor(x))


def _floor(x: Node) -> Node:
    return apply("floor", x) if x.type.is_float else x


def _ceil(x: Node) -> Node:
    return -apply("floor", -x) if x.type.is_float else x


def with_sign(x: Node, y: Node) -> Node:
    """|x| with the sign of y, also that of −0."""
    size = apply("abs", x)
    return apply("where", apply("signbit", y), -size, size)


def _heaviside(x: Node, middle: Node) -> Node:
    """0 left of 0, 1 right of it, `middle` there."""
    zero = constant_like(0, x)
    right = apply("where", x > 0, constant_like(1, x), constant_like(math.nan, x))
    return apply("where", x < 0, zero, apply("where", apply("equal", x, zero), middle, right))


def is_nan(x: Node) -> Node:
    """Whether x is not a number."""
    return apply("not_equal", x, x)


def _finite(x: Node) -> Node:
    """|x| < ∞, which NaN is not."""
    return apply("abs", x) < math.inf if x.type.is_float else apply("equal", x, x)


def _infinite(x: Node) -> Node:
    return apply("equal", apply("abs", x), constant_like(math.inf, x)) if x.type.is_float else apply("not_equal", x, x)


def _known(op: str) -> Rule:
    """The larger or smaller of two numbers; beside NaN, the other."""

    def rule(x: Node, y: Node) -> Node:
        both = apply(OF_TRUTHS[op] if x.type.dtype == "bool" else op, x, y)
        return apply("where", is_nan(x), y, apply("where", is_nan(y), x, both)) if x.type.is_float else both

    return rule


# ---------------------------------------------------------------- quotients and remainders


def _floor_divide(x: Node, y: Node) -> Node:
    return apply("floor_divide", x, y) if x.type.is_float else _whole_division(x, y)[0]


def _remainder(x: Node, y: Node) -> Node:
    return apply("remainder", x, y) if x.type.is_float else _whole_division(x, y)[1]


def _fmod(x: Node, y: Node) -> Node:
    """What is left of x / y, with the sign of x."""
    if x.type.is_float:
        return apply("fmod", x, y)
    rest = _whole_division(x, y)[1]
    zero = constant_like(0, rest)
    kept = apply("logical_or", apply("equal", rest, zero), apply("equal", rest < 0, x < 0))
    return apply("where", kept, rest, rest - y)


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


# ---------------------------------------------------------------- the parts of a number


def _modf(x: Node) -> tuple[Node, Node]:
    """What stands behind the point and before it, each with the sign of x."""
    whole = _trunc(x)
    rest = apply("where", _infinite(x), constant_like(0, x), x - whole)
    return apply("where", apply("signbit", x), -apply("abs", rest), rest), whole


def _frexp(x: Node) -> tuple[Node, Node]:
    """The m and e in x = m 2^e, ½ ≤ |m| < 1; e has no derivative, and that of m is 2^(−e)."""
    exponent = apply("binary_exponent", x)
    return _ldexp(x, -exponent), exponent


def _ldexp(x: Node, exponent: Node) -> Node:
    """x 2^e in three factors, none of which overflows where the product does not."""
    third = _floor_divide(exponent, constant_like(3, exponent))
    for part in (third, third, exponent - third - third):
        x = x * apply("exp2", apply("cast", part, dtype=x.type.dtype))
    return x


# ---------------------------------------------------------------- whole numbers and bits


def _whole(name: str, truths: str = "") -> Rule:
    """A function of whole numbers; of truth values the logical one."""

    def rule(x: Node, y: Node) -> Node:
        return apply(truths, x, y) if x.type.dtype == "bool" else apply("whole_numbers", x, y, function=name)

    return rule


def _logaddexp2(x: Node, y: Node) -> Node:
    """log₂(2ˣ + 2ʸ)."""
    return apply("logaddexp", x * LOG_2, y * LOG_2) / LOG_2


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
    np.fmod: _fmod,
    np.divmod: lambda x, y: (_floor_divide(x, y), _remainder(x, y)),
    np.modf: _modf,
    np.frexp: _frexp,
    np.ldexp: _ldexp,
    np.copysign: with_sign,
    np.heaviside: _heaviside,
    np.fmax: _known("maximum"),
    np.fmin: _known("minimum"),
    np.logaddexp2: _logaddexp2,
    np.logical_xor: lambda x, y: apply("not_equal", x, y),
    np.isnan: is_nan,
    np.isfinite: _finite,
    np.isinf: _infinite,
    np.deg2rad: lambda x: x * (math.pi / 180),
    np.rad2deg: lambda x: x * (180 / math.pi),
    np.bitwise_and: _whole("bitwise_and", "logical_and"),
    np.bitwise_or: _whole("bitwise_or", "logical_or"),
    np.bitwise_xor: _whole("bitwise_xor", "not_equal"),
    np.invert: lambda x: apply("logical_not", x) if x.type.dtype == "bool" else -x - 1,
    np.left_shift: _whole("left_shift"),
    np.right_shift: _whole("right_shift"),
    np.gcd: _whole("gcd"),
    np.lcm: _whole("lcm"),
}
COMPOSED |= {np.radians: COMPOSED[np.deg2rad], np.degrees: COMPOSED[np.rad2deg]}
for _ufunc, _rule in COMPOSED.items():
    enter(_ufunc, _rule)


# ---------------------------------------------------------------- powers and products


def _power(ufunc: Any) -> Callable[..., Traced]:
    def call(base: Any, exponent: Any, **options: Any) -> Traced:
        """xⁿ as a product for a whole number n, √x for ½, else the power of real numbers.

        Raises ValueError, as NumPy does, for a whole number to a negative one.
        """
        x, y = operands(ufunc, base, exponent, dtype=dtype_asked(ufunc, options))
        number = _fixed(exponent)
        if number is None:
            return traced(apply("power", x, y) if x.type.is_float else apply("whole_numbers", x, y, function="power"))
        if number == 0.5:
            return traced(apply("sqrt", x))
        if number == int(number):
            if not x.type.is_float and number < 0:
                raise ValueError("Integers to negative integer powers are not allowed.")
            return traced(apply("integer_power", x, exponent=int(number)))
        return traced(apply("power", x, y))

    call.__module__, call.__name__ = __name__, ufunc.__name__
    return call


def _fixed(exponent: Any) -> float | None:
    """An exponent that is one finite number, known now."""
    if isinstance(exponent, Traced) or ndim_of(exponent) or not np.isfinite(exponent):
        return None
    return float(exponent)


def _matmul(x: Any, y: Any) -> Traced:
    return traced(matmul(*(as_node(each, common_dtype(x, y)) for each in (x, y))))


UFUNCS[np.power] = _power(np.power)
UFUNCS[np.float_power] = _power(np.float_power)
UFUNCS[np.matmul] = _matmul
