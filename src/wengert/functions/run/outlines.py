"""Outlines: which calls of a run may be the outermost of a formula that has a stable form. It looks at calls and at no value.

Every formula of `passes.stability` has an exponential (or σ, softmax) a few calls beneath its outermost, or is a pair such as √ over a
square. What is named here too often costs time; what is not named is stable in machine code only.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

import numpy as np

from wengert.functions.tracing import references
from wengert.functions.tracing.calls import NumberOperator

EXPONENTIALS = frozenset({"exp", "expm1", "sinh", "cosh", "expit", "softmax"})
"""Functions with an exponential beneath them that they are themselves."""
QUOTIENTS = frozenset({"divide", "reciprocal", "power", "float_power", "expit"})
MOVES = frozenset({"getitem", "reshape", "ravel", "flatten", "transpose", "swapaxes", "moveaxis", "expand_dims", "squeeze", "flip", "broadcast_to", "take", "take_along_axis", "astype", "copy"})  # fmt: skip
THROUGH = EXPONENTIALS | QUOTIENTS | MOVES | {"add", "subtract", "multiply", "negative", "positive", "square", "sqrt", "log", "log1p", "sum", "mean", "matmul", "dot", "vdot", "inner", "einsum", "tensordot", "graph"}  # fmt: skip
"""The calls of which formulas consist; what is beneath another is not looked at."""
DEEP = {"log": 7, "log1p": 5, "divide": 5, "reciprocal": 4, "power": 4, "float_power": 4}
"""By outermost call: at most so far beneath it is the first exponential."""
FACTORS = frozenset({"multiply", "negative", "positive", "power", "square"}) | MOVES
PRODUCT = 4
"""At most so far beneath a product is an exponential as a factor, and a quotient that has another beneath it."""
_POWERS = frozenset({"power", "float_power", "square"})
_SQUARES = frozenset({"sum", "mean", "matmul", "dot", "vdot", "inner", "einsum", "tensordot"})
NORMS = frozenset({"norm", "vector_norm", "matrix_norm", "std"})
"""Calls that are formulas by themselves."""
_SUMMANDS = _POWERS | _SQUARES | {"exp", "sum of squares"}
_QUOTIENTS = frozenset({"divide", "reciprocal"})
PAIRS = {
    "sqrt": frozenset({"exp", "multiply", "sum of squares"}) | _POWERS | _SQUARES | _QUOTIENTS | MOVES,
    "power": frozenset({"exp", "cbrt", "hypot", "multiply", "sum of squares"})
    | _POWERS
    | _SQUARES
    | NORMS
    | _QUOTIENTS,
    "float_power": frozenset({"exp", "cbrt", "hypot", "multiply", "sum of squares"})
    | _POWERS
    | _SQUARES
    | NORMS
    | _QUOTIENTS,
    "square": frozenset({"cbrt", "hypot"}) | NORMS,
    "arctan": frozenset({"divide", "reciprocal", "power", "multiply"}),
    "divide": _QUOTIENTS | {"root of a quotient"},
    "reciprocal": _QUOTIENTS | {"root of a quotient"},
    "cbrt": _POWERS,
    "log": _POWERS,
    "log2": _POWERS,
    "log10": _POWERS,
    "exp": frozenset({"log"}),
    "exp2": frozenset({"log2"}),
    "expm1": frozenset({"log", "log1p"}),
    "log1p": frozenset({"expm1"}),
    "tanh": frozenset({"arctanh"}),
    "sin": frozenset({"arcsin"}),
    "cos": frozenset({"arccos"}),
    "tan": frozenset({"arctan"}),
    "erf": frozenset({"erfinv"}),
    "sinh": frozenset({"arcsinh"}),
    "cosh": frozenset({"arccosh"}),
    "arcsinh": frozenset({"sinh"}),
    "arctanh": frozenset({"tanh"}),
    "arccosh": frozenset({"cosh"}),
}
"""By outermost call: what may be right beneath it."""
SUBJECTS = EXPONENTIALS | PAIRS.keys() | NORMS
"""Every outline has one of these calls."""
NAMED = THROUGH.union(SUBJECTS, *PAIRS.values())
SUMS = frozenset({"add", "subtract"})
FAR = 99

_NAMES: dict[Any, str] = {}


def name_of(function: Any) -> str:
    """The name of what a call does, the same for a function, a method and an operator; "" where it is part of no formula."""
    known = _NAMES.get(function)
    if known is None:
        if isinstance(function, NumberOperator):
            name = function.ufunc.__name__
        elif isinstance(function, tuple):
            name = function[0].__name__ if function[1] == "__call__" else "sum" if function[1] == "reduce" else ""
        elif isinstance(function, str):
            name = function.removeprefix("method ")
        else:
            name = "graph" if hasattr(function, "graph") else getattr(function, "__name__", "")
        if name not in NAMED:
            name = ""
        if name == "graph":
            return name  # there is one for each derivative inside
        known = _NAMES[function] = name
    return known


def outermost(log: Sequence[Any], count: int) -> tuple[list[int], list[int]]:
    """The places, among the first `count` calls, of those that may be the outermost of a formula, and the originals of all."""
    if SUBJECTS.isdisjoint(map(name_of, {key[0] for key in islice(log, count)})):
        return [], []
    first = originals(log, count)
    found: list[int] = []
    names: list[str] = []
    exponential: list[int] = []
    """How far beneath a call the first exponential is."""
    quotient: list[int] = []
    """How far beneath a call the first quotient is that has one beneath it."""
    factor: list[int] = []
    """How far beneath a call the first exponential is of which it is a multiple."""
    for place in range(count):
        key = log[place]
        name = name_of(key[0])
        names.append(_kind(name, key, names, log, first))
        if not name:
            exponential.append(FAR)
            quotient.append(FAR)
            factor.append(FAR)
            continue
        near, over, multiple, beneath = FAR, FAR, FAR, _read(key)
        for k in beneath:
            near = min(near, exponential[k])
            over = min(over, quotient[k])
            multiple = min(multiple, factor[k])
        near, over, multiple = near + 1, over + 1, multiple + 1
        if (
            near <= DEEP.get(name, 0)
            or (name == "multiply" and over <= PRODUCT and multiple <= PRODUCT)
            or name in NORMS
            or (name in PAIRS and any(names[k] in PAIRS[name] for k in beneath))
            or (name == "log" and any(names[k] in SUMS and _has_number(log[k]) for k in beneath))
            or (name in SUMS and near == 1 and _is_less_one(name, key))
        ):
            found.append(place)
        if name not in THROUGH:
            near = over = multiple = FAR
        exponential.append(0 if name in EXPONENTIALS else near)
        quotient.append(0 if name in QUOTIENTS and near < FAR else FAR if name in SUMS else over)
        factor.append(0 if name == "exp" else multiple if name in FACTORS else FAR)
    return found, first


def _kind(name: str, key: Any, names: Sequence[str], log: Sequence[Any], first: Sequence[int]) -> str:
    """The name of a call as what may be right beneath another: x x is a square, and a root may be one of a quotient."""
    if name == "multiply":
        read = references.read_by(key)
        return "square" if len(read) == 2 and _original(read[0], first) == _original(read[1], first) else name
    if name == "add" and all(_is_square(k, names, log) for k in references.read_by(key)):
        return "sum of squares"
    if name in ("sqrt", "cbrt") and any(names[k] in _QUOTIENTS for k in _read(key)):
        return "root of a quotient"
    return name


def _original(place: int, first: Sequence[int]) -> int:
    return first[place] if place >= 0 else place


def _is_square(place: int, names: Sequence[str], log: Sequence[Any]) -> bool:
    """Whether a term of a sum is a square, an exponential, such a sum, or a multiple of one."""
    if place < 0:
        return False
    return names[place] in _SUMMANDS or (
        names[place] == "multiply" and any(names[k] in _SUMMANDS for k in _read(log[place]))
    )


def _has_number(key: Any) -> bool:
    """Whether ±1, as a number that is taken for granted, is an argument of a call."""
    return any(each in ((int, 1), (float, 1.0), (int, -1), (float, -1.0)) for each in references.arguments(key)[0])


def _is_less_one(name: str, key: Any) -> bool:
    """Whether a sum may be eˣ − 1 or 1 − eˣ: 1 + eˣ is no formula by itself."""
    given = references.arguments(key)[0]
    minus = any(each in ((int, -1), (float, -1.0)) for each in given)
    return minus if name == "add" else minus or _has_number(key)


def followed(parent: str, child: str) -> bool:
    """Whether a call beneath another may belong to the formula of which the other is a part.

    Of what an exponential is given only the sign counts. A sum is a part where it is a divisor or what a logarithm is of, not as a factor.
    """
    if (
        child in PAIRS.get(parent, ())
        or (parent in _QUOTIENTS and child == "cbrt")
        or (parent == "cbrt" and child in _QUOTIENTS)
    ):
        return True
    if parent not in THROUGH or child not in THROUGH:
        return False
    if parent in EXPONENTIALS:
        return child in ("negative", "positive")
    if child in SUMS:
        return parent not in ("multiply", "matmul", "dot", "einsum", "tensordot")
    return True


def originals(log: Sequence[Any], count: int) -> list[int]:
    """For each of the first `count` calls: the first one that computes the same from the same."""
    first: dict[Any, int] = {}
    number = list(range(count))
    for place in range(count):
        key = log[place]
        if type(key[0]) is np.ufunc:
            key = (key[0], *[number[each] if type(each) is int and each >= 0 else each for each in key[1:]])
        else:
            given, named = references.arguments(key)
            args = tuple([references.moved(each, number) for each in given])
            key = key[0], args, tuple([(name, references.moved(each, number)) for name, each in named])
        try:
            number[place] = first.setdefault(key, place)
        except TypeError:  # something in it can change
            number[place] = place
    return number


def _read(key: Any) -> list[int]:
    """The calls whose results a call reads."""
    if type(key[0]) is np.ufunc:
        return [each for each in key[1:] if type(each) is int and each >= 0]
    read: list[int] = []
    given, named = references.arguments(key)
    for each in (*given, *(each for _, each in named)):
        references.places(each, read)
    return [k for k in read if k >= 0]
