"""The front end for NumPy: Python functions run once on traced values, which leave a graph behind. It knows no derivative."""

from wengert.tracing import (
    choosing,
    comparing,
    convolution,
    counting,
    covariance,
    filling,
    fitting,
    indexing,
    joining,
    linalg,
    moving,
    multiplying,
    norms,
    padding,
    polynomials,
    reductions,
    shapes,
    ufuncs,
)

__all__ = [
    "choosing",
    "comparing",
    "convolution",
    "counting",
    "covariance",
    "filling",
    "fitting",
    "indexing",
    "joining",
    "linalg",
    "moving",
    "multiplying",
    "norms",
    "padding",
    "polynomials",
    "reductions",
    "shapes",
    "ufuncs",
]
"""Imported with the package: they enter the NumPy functions that a traced value answers to."""
