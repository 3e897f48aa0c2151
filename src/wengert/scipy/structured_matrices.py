"""scipy.linalg for traced values: matrices with structure, banded, circulant, of Toeplitz and Hankel, and those put together of others."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg  # pyright: ignore[reportMissingTypeStubs]

from wengert.functions.tracing.answers import stands_in
from wengert.functions.tracing.operands import as_node, ndim_of, shape_of
from wengert.functions.tracing.tracer import traced
from wengert.scipy.equations import plain, solve

_scipy: Any = scipy.linalg


@stands_in(_scipy.block_diag)
def block_diag(*arrs: Any) -> Any:
    """Matrices along the diagonal, 0 elsewhere; a vector is a row."""
    blocks = [np.atleast_2d(each) for each in arrs]
    if any(ndim_of(block) > 2 for block in blocks):
        raise ValueError("arguments in the following positions have dimension greater than 2")
    width = sum(shape_of(block)[1] for block in blocks)
    rows, start = [], 0
    for block in blocks:
        stop = start + shape_of(block)[1]
        rows.append(np.pad(block, ((0, 0), (start, width - stop))))
        start = stop
    return np.concatenate(rows)


@stands_in(_scipy.toeplitz)
def toeplitz(c: Any, r: Any = None) -> Any:
    """t_ij = c_(i − j) on and below the diagonal, r_(j − i) above it."""
    column = np.ravel(c)
    row = np.ravel(r) if r is not None else np.conjugate(column) if column.dtype.kind == "c" else column
    m, n = shape_of(column)[0], shape_of(row)[0]
    entries = np.concatenate((np.flip(row[1:]), column))
    return entries[np.arange(m)[:, None] - np.arange(n)[None, :] + n - 1]


def _from_bands(ab: Any, low: int, high: int) -> Any:
    """The matrix whose diagonals are the rows of ab, the uppermost first."""
    rows, n = shape_of(ab)
    if rows != low + high + 1:
        raise ValueError(
            f"invalid values for the number of lower and upper diagonals: l+u+1 ({low + high + 1}) does not equal ab.shape[0] ({rows})"
        )
    i, j = np.indices((n, n))
    place = high + i - j
    inside = (place >= 0) & (place < rows)
    return np.where(inside, traced(as_node(ab))[np.clip(place, 0, rows - 1), j], 0)


@stands_in(_scipy.solve_banded)
def solve_banded(
    l_and_u: Any, ab: Any, b: Any, overwrite_ab: bool = False, overwrite_b: bool = False, check_finite: bool = True
) -> Any:
    """A⁻¹ b of a matrix with few diagonals. In a graph it is a full matrix."""
    low, high = l_and_u
    return solve(_from_bands(ab, int(low), int(high)), b)


@stands_in(_scipy.solveh_banded)
def solveh_banded(
    ab: Any,
    b: Any,
    overwrite_ab: bool = False,
    overwrite_b: bool = False,
    lower: bool = False,
    check_finite: bool = True,
) -> Any:
    """A⁻¹ b of a symmetric positive definite matrix, given by the diagonals of one side."""
    width = shape_of(ab)[0] - 1
    half = _from_bands(ab, width, 0) if lower else _from_bands(ab, 0, width)
    return solve(half, b, assume_a="pos", lower=bool(lower))


@stands_in(_scipy.circulant)
def circulant(c: Any) -> Any:
    """c_ij = c_((i − j) mod n)."""
    column = traced(as_node(c))
    n = shape_of(column)[-1]
    return column[..., (np.arange(n)[:, None] - np.arange(n)) % n]


@stands_in(_scipy.solve_toeplitz)
def solve_toeplitz(c_or_cr: Any, b: Any, check_finite: bool = True) -> Any:
    """T⁻¹ b of a matrix that is constant along its diagonals."""
    c, r = c_or_cr if isinstance(c_or_cr, tuple) else (c_or_cr, None)  # pyright: ignore[reportUnknownVariableType]
    return solve(toeplitz(c, r), b)


@stands_in(_scipy.matmul_toeplitz)
def matmul_toeplitz(c_or_cr: Any, x: Any, check_finite: bool = False, workers: Any = None) -> Any:
    """T x of a matrix that is constant along its diagonals."""
    c, r = c_or_cr if isinstance(c_or_cr, tuple) else (c_or_cr, None)  # pyright: ignore[reportUnknownVariableType]
    return toeplitz(c, r) @ x


@stands_in(_scipy.solve_circulant)
def solve_circulant(
    c: Any,
    b: Any,
    singular: str = "raise",
    tol: Any = None,
    caxis: int = -1,
    baxis: int = 0,
    outaxis: int = 0,
) -> Any:
    """C⁻¹ b of a circulant matrix."""
    plain("solve_circulant", singular=None if singular == "raise" else singular, tol=tol)
    plain("solve_circulant", caxis=caxis not in (-1, 0), baxis=baxis, outaxis=outaxis)
    return solve(circulant(c), b)


@stands_in(_scipy.hankel)
def hankel(c: Any, r: Any = None) -> Any:
    """h_ij = c_(i + j) on and above the other diagonal, and r below it."""
    column = np.ravel(c)
    m = shape_of(column)[0]
    row = np.zeros(m) if r is None else np.ravel(r)
    entries = np.concatenate((column, row[1:]))
    return entries[np.arange(m)[:, None] + np.arange(shape_of(row)[0])[None, :]]


@stands_in(_scipy.companion)
def companion(a: Any) -> Any:
    """The matrix whose eigenvalues are the roots of the polynomial with these coefficients."""
    w = traced(as_node(a))
    n = shape_of(w)[0]
    return np.concatenate([np.reshape(-w[1:] / w[0], (1, n - 1)), np.eye(n - 1)[:-1]])


@stands_in(_scipy.khatri_rao)
def khatri_rao(a: Any, b: Any) -> Any:
    """The products of the columns of two matrices with one another by Kronecker's rule."""
    (m, n), (p, _) = shape_of(a), shape_of(b)
    return np.reshape(np.einsum("ij,kj->ikj", a, b), (m * p, n))
