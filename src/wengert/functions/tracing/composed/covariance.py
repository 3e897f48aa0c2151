"""Covariances and correlations of traced values, as numpy.cov and numpy.corrcoef have them."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from wengert.functions.tracing.answers import answers
from wengert.functions.tracing.operands import ndim_of, shape_of, stopped, value_of
from wengert.functions.tracing.tracer import Traced

FEW = "Degrees of freedom <= 0 for slice"
"""NumPy's words."""


@answers(np.cov)
def _cov(
    m: Any,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: int | None = None,
    fweights: Any = None,
    aweights: Any = None,
    *,
    dtype: Any = None,
) -> Traced:
    """1/N Σ_n w_n (x_n − mean)(x_n − mean)ᵀ, with the variables in the rows.

    Raises ValueError and warns, with NumPy's words, where there is no such matrix.
    """
    if ndim_of(m) > 2 or (y is not None and ndim_of(y) > 2):
        raise ValueError("m has more than 2 dimensions" if ndim_of(m) > 2 else "y has more than 2 dimensions")
    if ddof is None:
        ddof = 0 if bias else 1
    rows = _rows(m, rowvar, dtype)
    if not rows.shape[0]:
        return value_of(np.empty((0, 0), dtype=rows.dtype))
    if y is not None:
        rows = np.concatenate((rows, _rows(y, rowvar or shape_of(np.atleast_2d(y))[0] == 1, dtype)), axis=0)
    if fweights is not None:
        fweights = _counts(fweights, rows.shape[1])
    if aweights is not None:
        aweights = _weights(aweights, rows.shape[1])
    weights = fweights if aweights is None else aweights if fweights is None else fweights * aweights
    total = rows.shape[1] if weights is None else np.sum(weights)
    mean = np.mean(rows, axis=1) if weights is None else np.sum(rows * weights, axis=1) / total
    if ddof and aweights is not None:
        total = total - ddof * np.sum(weights * aweights) / total
    else:
        total = total - ddof
    if not isinstance(total, Traced) and total <= 0:
        warnings.warn(FEW, RuntimeWarning, stacklevel=3)
        total = 0.0
    centred = rows - mean[:, None]
    other = (centred if weights is None else centred * weights).T
    product = np.matmul(centred, np.conjugate(other) if rows.dtype.kind == "c" else other)
    return np.squeeze(product * np.true_divide(1, total))


def _counts(weights: Any, number: int) -> Any:
    """How often each observation counts.

    Raises TypeError, RuntimeError and ValueError, with NumPy's words.
    """
    counts = np.asarray(weights, dtype=float)
    if not np.all(counts == np.around(counts)):
        raise TypeError("fweights must be integer")
    if counts.ndim > 1:
        raise RuntimeError("cannot handle multidimensional fweights")
    if counts.shape[0] != number:
        raise RuntimeError("incompatible numbers of samples and fweights")
    if np.any(counts < 0):
        raise ValueError("fweights cannot be negative")
    return counts


def _weights(weights: Any, number: int) -> Any:
    """How much each observation counts.

    Raises RuntimeError and ValueError, with NumPy's words.
    """
    given = value_of(weights, "float64") if isinstance(weights, Traced) else np.asarray(weights, dtype=float)
    if given.ndim > 1:
        raise RuntimeError("cannot handle multidimensional aweights")
    if given.shape[0] != number:
        raise RuntimeError("incompatible numbers of samples and aweights")
    if not isinstance(given, Traced) and np.any(given < 0):
        raise ValueError("aweights cannot be negative")
    return given


def _rows(x: Any, rowvar: bool, dtype: Any) -> Any:
    """The observations of a variable in a row, as numbers with a point."""
    matrix = np.atleast_2d(x)
    if not rowvar and ndim_of(x) != 1:
        matrix = matrix.T
    kind = matrix.dtype if dtype is None else np.dtype(dtype)
    return matrix.astype(np.result_type(kind, np.float64) if dtype is None else kind)


@answers(np.corrcoef)
def _corrcoef(x: Any, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Traced:
    """c_ij / √(c_ii c_jj) of the covariances c."""
    c = _cov(x, y, rowvar, dtype=dtype)
    if not c.ndim:
        return c / c
    sizes = np.sqrt(np.real(np.diagonal(c)))
    ratio = c / sizes[:, None] / sizes[None, :]
    if c.dtype.kind == "c":
        return ratio
    # Only rounding leaves the interval, so cutting it off has no derivative.
    return ratio + stopped(np.clip(ratio, -1, 1) - ratio)
