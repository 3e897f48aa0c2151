"""The primitives, a record each: importing this package fills `wengert.ir.op.OPS`."""

from wengert.ops import (
    arithmetic,
    control,
    exponential,
    gamma,
    indexing,
    leaves,
    piecewise,
    primes,
    products,
    reductions,
    structural,
    trigonometric,
    updates,
    windows,
)

__all__ = [
    "arithmetic",
    "control",
    "exponential",
    "gamma",
    "indexing",
    "leaves",
    "piecewise",
    "primes",
    "products",
    "reductions",
    "structural",
    "trigonometric",
    "updates",
    "windows",
]
