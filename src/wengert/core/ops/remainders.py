"""Remainders exactly as NumPy rounds them, the bits of numbers, and functions of whole numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.core.ir.graph import apply
from wengert.core.ir.notation import unwritten
from wengert.core.ir.op import Params
from wengert.core.ir.types import ArrayType
from wengert.core.ir.vocabulary import Vocabulary
from wengert.core.ops.kinds import SHAPES, away_from_zero, batch_elementwise, elementwise, general, same_types
from wengert.errors import GraphError


def _near_multiples(rng: Any, shape: tuple[int, ...]) -> Any:
    """Numbers away from the multiples of 1.5."""
    return rng.integers(-4, 4, size=shape) * 1.5 + rng.uniform(0.3, 1.2, size=shape)


def _divisors(rng: Any, shape: tuple[int, ...]) -> Any:
    """±1.5: the quotients stay away from steps."""
    return rng.choice([-1.5, 1.5], size=shape)


floor_divide = elementwise(
    "floor_divide",
    "⌊x/y⌋, by the remainder of the division, so that no quotient is rounded up.",
    value=lambda xp, x, y: xp.floor_divide(xp.real(x), xp.real(y)),
    partials=None,
    arity=2,
    domain=(_near_multiples, _divisors),
    notation=unwritten("floor_divide"),
    smooth=False,
)
remainder = elementwise(
    "remainder",
    "x − y ⌊x/y⌋, which has the sign of y.",
    value=lambda xp, x, y: xp.remainder(x, y),
    partials=lambda z, x, y: (1, -apply("floor_divide", x, y)),
    arity=2,
    domain=(_near_multiples, _divisors),
    notation=unwritten("remainder"),
    smooth=False,
    growth="singular",
)
fmod = elementwise(
    "fmod",
    "The remainder of x/y that has the sign of x.",
    value=lambda xp, x, y: xp.fmod(x, y),
    partials=lambda z, x, y: (1, -apply("round", (x - z) / y)),
    arity=2,
    domain=(_near_multiples, _divisors),
    notation=unwritten("fmod"),
    smooth=False,
    growth="singular",
)


def _negative(xp: Vocabulary, x: Any) -> Any:
    """x < 0, or x = −0: then 1/x is −∞."""
    x = xp.real(x)
    return xp.logical_or(xp.less(x, 0), xp.logical_and(xp.equal(x, 0), xp.less(1 / x, 0)))


signbit = elementwise(
    "signbit",
    "Whether x is negative, −0 included.",
    value=_negative,
    partials=None,
    domain=away_from_zero,
    result="bool",
    notation=unwritten("signbit"),
    smooth=False,
)
spacing = elementwise(
    "spacing",
    "The distance from x to the next number away from 0.",
    value=lambda xp, x: np.spacing(xp.real(x)),
    partials=None,
    notation=unwritten("spacing"),
    smooth=False,
)


def _following(xp: Vocabulary, x: Any, y: Any) -> Any:
    """The next number; a perturbation in the imaginary part goes through."""
    found = np.nextafter(xp.real(x), xp.real(y))
    return found + (x - xp.real(x)) if np.iscomplexobj(x) else found


nextafter = elementwise(
    "nextafter",
    "The number that follows x in the direction of y: x, up to a unit of rounding, and so is its derivative that of x.",
    value=_following,
    partials=lambda z, x, y: (1, None),
    arity=2,
    notation=unwritten("nextafter"),
    smooth=False,
)


def _infer_exponent(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    if not types[0].is_float:
        raise GraphError(
            f"'binary_exponent' takes real numbers, not {types[0].dtype}.",
            f"  its input is {types[0]}",
            "Cast it first.",
        )
    return types[0].with_dtype("int64")


def _exponent(xp: Vocabulary, x: Any) -> Any:
    mantissa_and_exponent: tuple[Any, Any] = np.frexp(xp.real(x))
    return mantissa_and_exponent[1].astype(np.int64)


binary_exponent = general(
    "binary_exponent",
    "The e in x = m 2^e with ½ ≤ |m| < 1.",
    infer=_infer_exponent,
    value=_exponent,
    jvp=lambda node, tangents: None,
    vjp=lambda node, cotangent: (None,),
    batch=batch_elementwise,
    notation=unwritten("binary_exponent"),
    samples=lambda rng: [([away_from_zero(rng, shape)], {}) for shape in SHAPES for _ in range(5)],
    errors=(((ArrayType((), "bool"),), {}, "not bool"),),
    smooth=False,
)

OF_WHOLE_NUMBERS = ("gcd", "lcm", "left_shift", "right_shift", "bitwise_and", "bitwise_or", "bitwise_xor", "power")


def _infer_whole(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    common = same_types("whole_numbers", types)
    if common.dtype != "int64":
        raise GraphError(
            f"'{params['function']}' takes whole numbers, not {common.dtype}.",
            f"  an input is {common}",
            "Cast the inputs first:  cast(x, dtype='int64')",
        )
    return common


def _of_whole_numbers(xp: Vocabulary, x: Any, y: Any, function: str) -> Any:
    chosen: Any = getattr(np, function)
    return chosen(x, y)


whole_numbers = general(
    "whole_numbers",
    "A function of two whole numbers: divisors, multiples, shifts and bits.",
    infer=_infer_whole,
    value=_of_whole_numbers,
    jvp=lambda node, tangents: None,
    vjp=lambda node, cotangent: (None, None),
    batch=batch_elementwise,
    notation=unwritten("whole_numbers"),
    samples=lambda rng: [
        ([rng.integers(1, 40, size=shape), rng.integers(1, 9, size=shape)], {"function": name})
        for shape in SHAPES
        for name in OF_WHOLE_NUMBERS
    ],
    errors=(
        ((ArrayType((2,), "int64"), ArrayType((3,), "int64")), {"function": "gcd"}, "inputs of one type"),
        ((ArrayType(), ArrayType()), {"function": "gcd"}, "not float64"),
    ),
    arity=2,
    smooth=False,
)
