"""Elementwise ops: y_i = f(x_i, …), three facts each."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.ir.graph import apply
from wengert.ir.notation import function, infix, prefix, unwritten
from wengert.ops.kinds import elementwise


def positive(rng: Any, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """x > 0, over three decades."""
    return 10.0 ** rng.uniform(-1.5, 1.5, size=shape)


add = elementwise(
    "add",
    "x + y.",
    value=lambda xp, x, y: xp.add(x, y),
    partials=lambda z, x, y: (1, 1),
    arity=2,
    notation=infix("+", "+"),
)
subtract = elementwise(
    "subtract",
    "x − y.",
    value=lambda xp, x, y: xp.subtract(x, y),
    partials=lambda z, x, y: (1, -1),
    arity=2,
    notation=infix("-", "−"),
)
multiply = elementwise(
    "multiply",
    "x y.",
    value=lambda xp, x, y: xp.multiply(x, y),
    partials=lambda z, x, y: (y, x),
    arity=2,
    notation=infix(r"\circ", "∘"),
)
negative = elementwise(
    "negative", "−x.", value=lambda xp, x: xp.negative(x), partials=lambda z, x: (-1,), notation=prefix("-", "−")
)
exp = elementwise(
    "exp", "eˣ.", value=lambda xp, x: xp.exp(x), partials=lambda y, x: (y,), notation=function(r"\exp", "exp")
)
log = elementwise(
    "log",
    "The natural logarithm of each entry.",
    value=lambda xp, x: xp.log(x),
    partials=lambda y, x: (1 / x,),
    domain=positive,
    notation=function(r"\log", "log", "ln"),
)
tanh = elementwise(
    "tanh",
    "Hyperbolic tangent of each entry.",
    value=lambda xp, x: xp.tanh(x),
    partials=lambda y, x: (1 - y * y,),
    notation=function(r"\tanh", "tanh"),
)
logistic = elementwise(
    "logistic",
    "σ(x) = 1/(1 + e^(−x)).",
    value=lambda xp, x: xp.logistic(x),
    partials=lambda y, x: (y * (1 - y),),
    notation=function(r"\sigma", "σ", "sigmoid", "logistic", letter=True),
)
