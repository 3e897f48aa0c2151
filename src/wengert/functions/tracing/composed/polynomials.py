"""NumPy's functions of polynomials, highest power first: values, coefficients, the closest one to points."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from wengert.functions.tracing.answers import answers
from wengert.functions.tracing.joining import concatenate, stack
from wengert.functions.tracing.operands import common_dtype, ndim_of, shape_of, value_of
from wengert.functions.tracing.shapes import atleast_1d
from wengert.functions.tracing.tracer import Traced, refuse


@answers(np.polyval)
def _polyval(p: Any, x: Any) -> Any:
    """Σ_k p_k x^(n − k), by Horner's rule."""
    if isinstance(x, np.poly1d):
        refuse("'np.polyval' of a polynomial has no form in a graph.", "Give numbers or an array as the argument.")
    coefficients = p if isinstance(p, Traced) else np.asarray(p)
    point = x if isinstance(x, Traced) else np.asanyarray(x)
    y: Any = np.zeros_like(point)
    for k in range(len(coefficients)):
        y = y * point + coefficients[k]
    return y


@answers(np.poly)
def _poly(seq_of_zeros: Any) -> Any:
    """The coefficients of Π_k (x − z_k)."""
    zeros = atleast_1d(seq_of_zeros)
    if zeros.ndim == 2 and zeros.shape[0] == zeros.shape[1] and zeros.shape[0]:
        zeros = np.linalg.eigvals(zeros)  # pyright: ignore[reportArgumentType]
    if zeros.ndim != 1:
        raise ValueError("input must be 1d or non-empty square 2d array.")
    found: Any = np.ones(1, dtype=zeros.dtype)
    for k in range(len(zeros)):
        found = np.convolve(found, stack([np.ones_like(zeros[k]), -zeros[k]]))
    return found if len(zeros) else 1.0


@answers(np.polyder)
def _polyder(p: Any, m: int = 1) -> Any:
    """The coefficients of the derivative of order m."""
    order = operator.index(m)
    if order < 0:
        raise ValueError("Order of derivative must be positive (see polyint)")
    for _ in range(order):
        powers = len(p) - 1
        p = p[:-1] * np.arange(powers, 0, -1)
    return p


@answers(np.polyint)
def _polyint(p: Any, m: int = 1, k: Any = None) -> Any:
    """The coefficients of the integral of order m, with constants of integration."""
    order = operator.index(m)
    if order < 0:
        raise ValueError("Order of integral must be positive (see polyder)")
    constants = atleast_1d(np.zeros(order) if k is None else k)
    if len(constants) == 1 and order > 1:
        constants = concatenate([constants] * order)
    if len(constants) < order:
        raise ValueError("k must be a scalar or a rank-1 array of length 1 or >m.")
    for n in range(order):
        raised = p / np.arange(len(p), 0, -1)
        p = concatenate([raised, constants[n : n + 1]])
    return p


@answers(np.polyadd)
def _polyadd(a1: Any, a2: Any) -> Any:
    return _aligned(a1, a2, np.add)


@answers(np.polysub)
def _polysub(a1: Any, a2: Any) -> Any:
    return _aligned(a1, a2, np.subtract)


def _aligned(a1: Any, a2: Any, ufunc: Any) -> Any:
    """Two lists of coefficients, the shorter one filled with zeros in front, added or subtracted."""
    x, y = atleast_1d(a1), atleast_1d(a2)
    missing = len(y) - len(x)
    if missing > 0:
        x = concatenate([np.zeros(missing, dtype=x.dtype), x])
    elif missing < 0:
        y = concatenate([np.zeros(-missing, dtype=y.dtype), y])
    return ufunc(x, y)


@answers(np.vander)
def _vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """The powers of each entry in a row, highest first."""
    if ndim_of(x) != 1:
        raise ValueError("x must be a one-dimensional array or sequence.")
    count = shape_of(x)[0] if N is None else operator.index(N)
    x = value_of(x, common_dtype(x, np.int64(0)))
    powers = [x**k for k in range(count)]
    if not powers:
        return np.zeros((shape_of(x)[0], 0), dtype=x.dtype)
    return stack(powers if increasing else powers[::-1], axis=1)


@answers(np.polyfit)
def _polyfit(x: Any, y: Any, deg: int, rcond: float | None = None, w: Any = None) -> Any:
    """The coefficients whose polynomial is closest to y at x, by least squares with weights.

    Raises TypeError, with NumPy's words, where the arguments do not fit.
    """
    order = operator.index(deg) + 1
    if order < 1:
        raise ValueError("expected deg >= 0")
    x, y = ((z if isinstance(z, Traced) else np.asarray(z)) + 0.0 for z in (x, y))
    if x.ndim != 1 or x.size == 0:
        raise TypeError("expected 1D vector for x" if x.ndim != 1 else "expected non-empty vector for x")
    if y.ndim not in (1, 2) or y.shape[0] != x.shape[0]:
        raise TypeError("expected x and y to have same length")
    columns = _vander(x, order)
    if w is not None:
        weights = (w if isinstance(w, Traced) else np.asarray(w)) + 0.0
        columns, y = columns * weights[:, None], y * (weights[:, None] if y.ndim == 2 else weights)
    # NumPy scales the columns to length 1 for the condition number; the result does not depend on the scale.
    scale = np.sqrt(np.sum(columns * columns, axis=0))
    tolerance = len(x) * np.finfo(x.dtype).eps if rcond is None else rcond
    found = np.linalg.lstsq(columns / scale, y, tolerance)[0]
    return (found.T / scale).T
