"""NumPy's functions of numbers that are no ufuncs, on traced values: sinc, i0, what replaces or asks for NaN and infinities."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wengert.core.ir.graph import Node, apply, constant, constant_like
from wengert.functions.tracing.answers import answers
from wengert.functions.tracing.operands import as_node
from wengert.functions.tracing.tracer import UFUNCS, Traced, traced


def as_real(x: Any) -> Node:
    """A value as real numbers."""
    node = as_node(x)
    return node if node.type.is_float else apply("cast", node, dtype="float64")


@answers(np.sinc)
def _sinc(x: Any) -> Traced:
    return traced(apply("sinc", as_real(x), order=0))


@answers(np.i0)
def _i0(x: Any) -> Traced:
    return traced(apply("i0", as_real(x)))


@answers(np.nan_to_num)
def _nan_to_num(
    x: Any, copy: bool = True, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Traced:
    """x with numbers for NaN and the infinities, where its derivative is 0."""
    node = as_node(x)
    if not node.type.is_float:
        return traced(node)
    bounds = np.finfo(node.type.dtype)
    high, low = (float(b) if v is None else v for v, b in ((posinf, bounds.max), (neginf, bounds.min)))
    for place, value in ((math.inf, high), (-math.inf, low)):
        node = apply("where", apply("equal", node, constant_like(place, node)), _filled(value, node), node)
    return traced(apply("where", apply("not_equal", node, node), _filled(nan, node), node))


def _filled(value: Any, like: Node) -> Node:
    return constant(np.dtype(like.type.dtype).type(value).item(), like.type)


@answers(np.fix)
def _fix(x: Any) -> Any:
    return UFUNCS[np.trunc](x)


@answers(np.isposinf)
def _isposinf(x: Any) -> Traced:
    return _equal_to(math.inf, x)


@answers(np.isneginf)
def _isneginf(x: Any) -> Traced:
    return _equal_to(-math.inf, x)


def _equal_to(number: float, x: Any) -> Traced:
    node = as_real(x)
    return traced(apply("equal", node, constant_like(number, node)))
