"""Elementwise ops with kinks or steps: comparisons, choice, absolute value, minimum and maximum, rounding, casts.

What the derivative is at a kink is policy; the summary of each op states it, and `tests/ops/test_kinks.py` holds it.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Unpack

import numpy as np

from wengert.core.ir.graph import Node, apply, constant_like
from wengert.core.ir.notation import function, infix, prefix, unwritten
from wengert.core.ir.op import Op, OpFacts, Params, register
from wengert.core.ir.types import COMPLEXES, DTYPES, ArrayType
from wengert.core.ir.vocabulary import Vocabulary
from wengert.core.ops.complex_numbers import complex_samples, real_part
from wengert.core.ops.kinds import SHAPES, away_from_zero, batch_elementwise, elementwise, real, zeros_like
from wengert.errors import GraphError


def _truth(rng: Any, shape: tuple[int, ...]) -> Any:
    return rng.integers(0, 2, size=shape).astype(bool)


def _near_integers(rng: Any, shape: tuple[int, ...]) -> Any:
    return rng.integers(-3, 4, size=shape) + rng.uniform(0.1, 0.9, size=shape)


def _comparison(name: str, summary: str, latex: str, unicode: str, **facts: Unpack[OpFacts]) -> Op:
    facts.setdefault("smooth", False)
    facts.setdefault("growth", "bounded")
    return elementwise(
        name,
        summary,
        value=lambda xp, x, y: getattr(xp, name)(x, y),
        partials=None,
        arity=2,
        domain=lambda rng, shape: rng.integers(-2, 3, size=shape).astype(float),
        takes="ordered",
        result="bool",
        notation=infix(latex, unicode),
        **facts,
    )


less = _comparison("less", "Whether x < y.", "<", "<", continued=False)
less_equal = _comparison("less_equal", "Whether x ≤ y.", r"\le", "≤", continued=False)
greater = _comparison("greater", "Whether x > y.", ">", ">", continued=False)
greater_equal = _comparison("greater_equal", "Whether x ≥ y.", r"\ge", "≥", continued=False)
equal = _comparison("equal", "Whether x = y.", "=", "=", commutes="exactly")
not_equal = _comparison("not_equal", "Whether x ≠ y.", r"\ne", "≠", commutes="exactly")


def _logical(name: str, summary: str, latex: str, unicode: str) -> Op:
    return elementwise(
        name,
        summary,
        value=lambda xp, x, y: getattr(xp, name)(x, y),
        partials=None,
        arity=2,
        domain=_truth,
        takes="bool",
        notation=infix(latex, unicode),
        smooth=False,
        growth="bounded",
        commutes="exactly",
    )


logical_and = _logical("logical_and", "Whether both hold.", r"\land", "∧")
logical_or = _logical("logical_or", "Whether one or both hold.", r"\lor", "∨")
logical_not = elementwise(
    "logical_not",
    "Whether x does not hold.",
    value=lambda xp, x: xp.logical_not(x),
    partials=None,
    domain=_truth,
    takes="bool",
    notation=prefix(r"\lnot", "¬"),
    smooth=False,
    growth="bounded",
)

abs = elementwise(
    "abs",
    "|x|; its derivative at 0 is 0.",
    value=lambda xp, x: xp.abs(x),
    partials=lambda y, x: (apply("sign", x),),
    domain=away_from_zero,
    takes="number",
    notation=function("abs", "abs"),
    smooth=False,
    growth="mask",
    exact="abs(x)",
    continued=False,
)
sign = elementwise(
    "sign",
    "−1, 0 or 1, as x is negative, zero or positive.",
    value=lambda xp, x: xp.sign(x),
    partials=None,
    domain=away_from_zero,
    takes="number",
    notation=function(r"\operatorname{sign}", "sign", "sgn"),
    smooth=False,
    growth="bounded",
    continued=False,
)
floor = elementwise(
    "floor",
    "The largest whole number that is not above x.",
    value=lambda xp, x: xp.floor(x),
    partials=None,
    domain=_near_integers,
    notation=function(r"\operatorname{floor}", "floor"),
    smooth=False,
    growth="bounded",
    continued=False,
)
round = elementwise(
    "round",
    "The nearest whole number; a half goes to the even one.",
    value=lambda xp, x: xp.round(x),
    partials=None,
    domain=lambda rng, shape: rng.integers(-3, 4, size=shape) + rng.uniform(-0.4, 0.4, size=shape),
    notation=function(r"\operatorname{round}", "round"),
    smooth=False,
    growth="bounded",
)
step = elementwise(
    "step",
    "1 where x > 0, else 0: the derivative of relu.",
    value=lambda xp, x: xp.cast(xp.greater(x, 0), str(xp.real(x).dtype)),
    partials=None,
    domain=away_from_zero,
    notation=function(r"\operatorname{step}", "step"),
    smooth=False,
    growth="bounded",
)
relu = elementwise(
    "relu",
    "max(x, 0); its derivative at 0 is 0.",
    value=lambda xp, x: xp.maximum(x, xp.zeros_like(x)),
    partials=lambda y, x: (apply("cast", x > 0, dtype=x.type.dtype),),
    chosen=lambda x: (x >= 0,),
    domain=away_from_zero,
    notation=function(r"\operatorname{relu}", "relu", "ReLU"),
    smooth=False,
    growth="mask",
    exact="max(x, 0)",
    continued=False,
    law="derivative of max(0, ·)",
)
stop_gradient = elementwise(
    "stop_gradient",
    "x itself, taken as a constant by derivatives.",
    value=lambda xp, x: xp.stop_gradient(x),
    partials=None,
    takes="number",
    notation=function(r"\operatorname{stop\_gradient}", "stop_gradient"),
    smooth=False,
    growth="bounded",
)


def _shares(first: Node, equal: Node, like: Node) -> Node:
    """1 where `first` holds, ½ where `equal` holds, else 0."""
    tie = apply("where", equal, constant_like(Fraction(1, 2), like), zeros_like(like))
    return apply("where", first, constant_like(1, like), tie)


def _maximum_partials(z: Node, x: Node, y: Node) -> tuple[Node, Node]:
    tie = apply("equal", x, y)
    return _shares(x > y, tie, x), _shares(x < y, tie, x)


def _minimum_partials(z: Node, x: Node, y: Node) -> tuple[Node, Node]:
    tie = apply("equal", x, y)
    return _shares(x < y, tie, x), _shares(x > y, tie, x)


maximum = elementwise(
    "maximum",
    "The larger of x and y; at a tie each has derivative ½.",
    value=lambda xp, x, y: xp.maximum(x, y),
    partials=_maximum_partials,
    chosen=lambda x, y: (apply("logical_not", x < y), apply("logical_not", y < x)),
    arity=2,
    takes="number",
    notation=function(r"\max", "max", "maximum"),
    smooth=False,
    growth="mask",
    continued=False,
    law="the larger one",
)
minimum = elementwise(
    "minimum",
    "The smaller of x and y; at a tie each has derivative ½.",
    value=lambda xp, x, y: xp.minimum(x, y),
    partials=_minimum_partials,
    chosen=lambda x, y: (apply("logical_not", x > y), apply("logical_not", y > x)),
    arity=2,
    takes="number",
    notation=function(r"\min", "min", "minimum"),
    smooth=False,
    growth="mask",
    continued=False,
    law="the smaller one",
)


def _infer_where(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    condition, x, y = types
    if condition.dtype != "bool":
        raise GraphError(
            f"'where' takes a condition of dtype bool, not {condition.dtype}.",
            f"  its inputs are {condition}, {x} and {y}",
            "Compare first:  where(c > 0, x, y)",
        )
    if x != y or condition.shape != x.shape:
        raise GraphError(
            "'where' takes a condition and two values of one shape and dtype.",
            f"  its inputs are {condition}, {x} and {y}",
            "Broadcast or cast the inputs first; primitives do neither.",
        )
    return x


def _value_where(xp: Vocabulary, condition: Any, x: Any, y: Any) -> Any:
    return xp.where(condition, x, y)


def _jvp_where(node: Node, tangents: Sequence[Node | None]) -> Node | None:
    _, x, y = tangents
    if x is None and y is None:
        return None
    zero = zeros_like(node)
    return apply("where", node.inputs[0], zero if x is None else x, zero if y is None else y)


def _vjp_where(node: Node, cotangent: Node) -> tuple[Node | None, ...]:
    condition, zero = node.inputs[0], zeros_like(node)
    return None, apply("where", condition, cotangent, zero), apply("where", condition, zero, cotangent)


def _samples_where(rng: Any) -> list[tuple[list[Any], dict[str, Any]]]:
    return [([_truth(rng, s), real(rng, s), real(rng, s)], {}) for s in SHAPES for _ in range(5)]


where = register(
    Op(
        "where",
        "x_i where the condition c_i holds, else y_i.",
        "elementwise",
        3,
        _infer_where,
        _value_where,
        _jvp_where,
        _vjp_where,
        batch_elementwise,
        unwritten("where"),
        _samples_where,
        (
            ((ArrayType(), ArrayType(), ArrayType()), {}, "condition of dtype bool"),
            ((ArrayType((2,), "bool"), ArrayType(), ArrayType()), {}, "one shape and dtype"),
        ),
        growth="mask",
        law="the branch that was taken",
        chosen=lambda condition, x, y: (None, condition, apply("logical_not", condition)),
    )
)


def _infer_cast(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    dtype = params["dtype"]
    if dtype not in DTYPES:
        raise GraphError(
            f"There is no dtype '{dtype}'.", f"  the dtypes are {', '.join(DTYPES)}", "Write one of these."
        )
    if types[0].is_complex and dtype not in COMPLEXES:
        raise GraphError(
            f"'cast' makes no {dtype} of complex numbers.",
            f"  its input is {types[0]}",
            f"Choose a part first:  cast(real(x), dtype='{dtype}')",
        )
    return types[0].with_dtype(dtype)


def _cast_rule(node: Node, value: Node, dtype: str) -> Node | None:
    if not (node.type.is_float and node.inputs[0].type.is_float):
        return None
    return apply("cast", value if dtype in COMPLEXES else real_part(value), dtype=dtype)


def _value_cast(xp: Vocabulary, x: Any, dtype: str) -> Any:
    return xp.cast(x, dtype)


def _jvp_cast(node: Node, tangents: Sequence[Node | None]) -> Node | None:
    return None if tangents[0] is None else _cast_rule(node, tangents[0], node.type.dtype)


def _vjp_cast(node: Node, cotangent: Node) -> tuple[Node | None, ...]:
    return (_cast_rule(node, cotangent, node.inputs[0].type.dtype),)


def _samples_cast(rng: Any) -> list[tuple[list[Any], dict[str, Any]]]:
    wide = [([rng.normal(size=s)], {"dtype": d}) for s in SHAPES for d in ("float64", "float32", "int64")]
    truth = [([_truth(rng, s)], {"dtype": d}) for s in SHAPES for d in ("float64", "int64")]
    plane = [([rng.normal(size=s)], {"dtype": "complex128"}) for s in SHAPES]
    plane += [([complex_samples(rng, s)], {"dtype": "complex128"}) for s in SHAPES]
    return wide + truth + plane + [([np.arange(3)], {"dtype": "float64"})]


cast = register(
    Op(
        "cast",
        "The same numbers in another dtype; differentiable between real and complex dtypes only.",
        "elementwise",
        1,
        _infer_cast,
        _value_cast,
        _jvp_cast,
        _vjp_cast,
        batch_elementwise,
        unwritten("cast"),
        _samples_cast,
        (
            ((ArrayType(),), {"dtype": "float16"}, "no dtype 'float16'"),
            ((ArrayType((), "complex128"),), {"dtype": "float64"}, "no float64 of complex numbers"),
        ),
    )
)
