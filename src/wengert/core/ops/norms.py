"""The Euclidean norm over axes without overflow. It knows no graph pass."""

from __future__ import annotations

import math
from typing import Any

from wengert.core.ir.graph import Node, apply
from wengert.core.ir.notation import unwritten
from wengert.core.ir.vocabulary import Vocabulary
from wengert.core.ops.reductions import EMPTY, REDUCED, spread, weighted

SCALES = {"float32": (2.0**-100, 2.0**100), "float64": (2.0**-960, 2.0**600)}
"""By dtype: the least sum of squares that has all its digits, and the factor that brings smaller entries into range; its inverse, larger."""


def _norm_value(xp: Vocabulary, x: Any, axes: tuple[int, ...]) -> Any:
    """√Σx²; where that leaves the range, the largest entry times the norm of what it divides."""
    with_squares = xp.sum(x * x, axis=axes)
    real = xp.real(with_squares)
    small, _ = SCALES[str(real.dtype)]
    inside = xp.logical_and(real >= small, real < math.inf)
    if inside.all():
        return xp.sqrt(with_squares)
    largest = xp.max(xp.abs(xp.real(x)), axis=axes) if x.size else xp.zeros_like(real)
    divisor = xp.where(xp.logical_and(largest > 0, largest < math.inf), largest, xp.ones_like(largest))
    kept = [1 if k in axes else n for k, n in enumerate(x.shape)]
    part = x / xp.reshape(divisor, kept)
    return xp.where(inside, xp.sqrt(with_squares), divisor * xp.sqrt(xp.sum(part * part, axis=axes)))


def _direction(node: Node) -> Node:
    """x/‖x‖, and 0 where ‖x‖ = 0."""
    (x,) = node.inputs
    return apply("ratio", x, spread(node, x, node.params["axes"]))


norm = weighted(
    "norm",
    "√Σx² over `axes` without overflow and underflow; its derivative at the zero vector is 0.",
    value=_norm_value,
    weights=_direction,
    notation=unwritten("norm"),
    cases=REDUCED + EMPTY,
    growth="unbounded",  # its slope is bounded, but jumps at 0
)
