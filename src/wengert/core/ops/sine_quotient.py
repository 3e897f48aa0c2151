"""sin(πx)/(πx) and its derivatives of every order, exact at 0 and near it."""

from __future__ import annotations

import math
from typing import Any

from wengert.core.ir.graph import apply
from wengert.core.ir.notation import unwritten
from wengert.core.ir.vocabulary import Vocabulary
from wengert.core.ops.kinds import elementwise, within


def _series(z: Any, order: int) -> Any:
    """Σ_m (−1)^m z^(2m−n) / ((2m−n)! (2m+1)), the n-th derivative of sin(z)/z by the series of sin."""
    first = (order + 1) // 2
    last = first + 14 + 2 * order
    square = z * z
    total: Any = None
    for m in range(last, first - 1, -1):
        coefficient = (-1) ** m / (math.factorial(2 * m - order) * (2 * m + 1))
        total = coefficient + square * (0.0 if total is None else total)
    return total * z if 2 * first > order else total


def _recurrence(xp: Vocabulary, z: Any, order: int) -> Any:
    """g⁽ᵏ⁾ = (sin⁽ᵏ⁾(z) − k g⁽ᵏ⁻¹⁾)/z for g = sin(z)/z, stable where |z| > k."""
    s, c = xp.sin(z), xp.cos(z)
    g = s / z
    for k in range(1, order + 1):
        g = ((s, c, -s, -c)[k % 4] - k * g) / z
    return g


def _value(xp: Vocabulary, x: Any, order: int) -> Any:
    z = x * math.pi
    if order == 0:
        zero = xp.equal(z, 0)
        safe = xp.where(zero, xp.ones_like(z), z)
        return xp.where(zero, xp.ones_like(z), xp.sin(safe) / safe)
    near = xp.less(xp.abs(z), max(2.0, float(order)))
    small = xp.where(near, z, xp.zeros_like(z))
    large = xp.where(near, xp.ones_like(z), z)
    return math.pi**order * xp.where(near, _series(small, order), _recurrence(xp, large, order))


sinc = elementwise(
    "sinc",
    "sin(πx)/(πx), 1 at 0, or its derivative of an order n.",
    value=_value,
    partials=lambda y, x, order: (apply("sinc", x, order=order + 1),),
    domain=within(-2.5, 2.5),
    params=[{"order": n} for n in (0, 1)],
    notation=unwritten("sinc"),
    growth="bounded",
)
