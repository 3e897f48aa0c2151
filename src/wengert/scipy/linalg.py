"""scipy.linalg for traced values: factors and functions of matrices, beside `equations` and `structured_matrices`. All other names are SciPy's own.

On arrays, and where nothing is traced, SciPy's functions run as they are. Arguments that say how to compute (`overwrite_a`,
`check_finite`, …) say nothing of the result and are taken as given.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg  # pyright: ignore[reportMissingTypeStubs]

from wengert.core.ir.graph import Node, apply
from wengert.core.ops.control import results
from wengert.core.ops.matrices import adjoint
from wengert.errors import TraceError
from wengert.functions.namespaces.sequences import asarray
from wengert.functions.tracing.answers import stands_in
from wengert.functions.tracing.linalg import float_dtype, mirrored, square, stack
from wengert.functions.tracing.operands import as_node, ndim_of, shape_of
from wengert.functions.tracing.source import user_line
from wengert.functions.tracing.tracer import FUNCTIONS, refuse, traced
from wengert.scipy.equations import (
    det,
    equations,
    inv,
    pinv,
    plain,
    solution,
    solve,
    solve_continuous_lyapunov,
    solve_discrete_lyapunov,
    solve_sylvester,
    solve_triangular,
    solved_triangular,
)
from wengert.scipy.numerical import has_traced
from wengert.scipy.structured_matrices import (
    block_diag,
    circulant,
    companion,
    hankel,
    khatri_rao,
    matmul_toeplitz,
    solve_banded,
    solve_circulant,
    solve_toeplitz,
    solveh_banded,
    toeplitz,
)

__all__ = [
    "block_diag",
    "circulant",
    "companion",
    "det",
    "hankel",
    "inv",
    "khatri_rao",
    "matmul_toeplitz",
    "pinv",
    "solve",
    "solve_banded",
    "solve_circulant",
    "solve_continuous_lyapunov",
    "solve_discrete_lyapunov",
    "solve_sylvester",
    "solve_toeplitz",
    "solve_triangular",
    "solveh_banded",
    "toeplitz",
]

_scipy: Any = scipy.linalg


def __getattr__(name: str) -> Any:
    """SciPy's own function of a name that has none here."""
    return getattr(_scipy, name)


# ---------------------------------------------------------------- factors


def _cholesky(a: Any, lower: bool) -> Node:
    """L, or Lᵀ, from the triangle of that side."""
    found = apply("cholesky", mirrored(a, bool(lower)))
    return found if lower else adjoint(found)


@stands_in(_scipy.cholesky)
def cholesky(a: Any, lower: bool = False, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """U with Uᵀ U = A, or L with L Lᵀ = A."""
    return traced(_cholesky(a, lower))


@stands_in(_scipy.cho_factor)
def cho_factor(a: Any, lower: bool = False, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """The factor of Cholesky in one triangle, what A has in the other, and which triangle it is, for `cho_solve`."""
    factor = _cholesky(a, lower)
    side, other = (np.tril, np.triu) if lower else (np.triu, np.tril)
    given = traced(as_node(a, factor.type.dtype))
    return side(traced(factor)) + other(given, 1 if lower else -1), bool(lower)


@stands_in(_scipy.cho_solve)
def cho_solve(c_and_lower: Any, b: Any, overwrite_b: bool = False, check_finite: bool = True) -> Any:
    """A⁻¹ b by the factor of Cholesky."""
    factor, lower = c_and_lower
    left, right, vector = equations(factor, b)
    half = solved_triangular(left, right, lower, turned=not lower)
    return solution(solved_triangular(left, half, lower, turned=bool(lower)), vector)


@stands_in(_scipy.eigh)
def _symmetric(
    a: Any,
    b: Any = None,
    *,
    lower: bool = True,
    eigvals_only: bool = False,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    type: int = 1,
    check_finite: bool = True,
    subset_by_index: Any = None,
    subset_by_value: Any = None,
    driver: str | None = None,
) -> Any:
    """The eigenvalues of a symmetric matrix, with its eigenvectors where b is not given."""
    plain("eigh", subset_by_index=subset_by_index, subset_by_value=subset_by_value, driver=driver, type=type != 1)
    node = mirrored(a, bool(lower))
    if b is not None:
        factor = apply("cholesky", mirrored(b, bool(lower)))
        half = solved_triangular(factor, node, True, turned=False)
        node = solved_triangular(factor, adjoint(half), True, turned=False)
    w, v = results(apply("eigh", node, lower=bool(lower), library="scipy"))
    return traced(w) if eigvals_only else (traced(w), traced(v))


def eigh(a: Any, b: Any = None, *, lower: bool = True, eigvals_only: bool = False, **options: Any) -> Any:
    """The eigenvalues and eigenvectors of a symmetric matrix; with a positive definite b those of A v = w B v."""
    if b is None or eigvals_only or not has_traced((a, b)):
        return _symmetric(a, b, lower=lower, eigvals_only=eigvals_only, **options)
    given = {key: value for key, value in options.items() if key not in ("overwrite_a", "overwrite_b", "check_finite")}
    plain("eigh", **{**given, "type": options.get("type", 1) != 1})
    # with B = L Lᵀ the values of L⁻¹ A L⁻ᵀ, whose vectors are Lᵀ v; a call of its own each, so that signs are those of one computation
    left, right = (_whole(x, lower) for x in (a, b))
    factor = np.linalg.cholesky(right)
    half = solve_triangular(factor, left, lower=True)
    w, turned = np.linalg.eigh(solve_triangular(factor, np.swapaxes(half, -1, -2), lower=True), "L" if lower else "U")
    return w, solve_triangular(factor, turned, trans="T", lower=True)


def _whole(x: Any, lower: bool) -> Any:
    """The symmetric matrix of which a triangle is read."""
    part = np.tril(asarray(x)) if lower else np.triu(asarray(x))
    other = np.tril(asarray(x), -1) if lower else np.triu(asarray(x), 1)
    return part + np.swapaxes(other, -1, -2)


@stands_in(_scipy.eigvalsh)
def eigvalsh(
    a: Any,
    b: Any = None,
    *,
    lower: bool = True,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    type: int = 1,
    check_finite: bool = True,
    subset_by_index: Any = None,
    subset_by_value: Any = None,
    driver: str | None = None,
) -> Any:
    """The eigenvalues alone."""
    chosen = {"subset_by_index": subset_by_index, "subset_by_value": subset_by_value, "driver": driver}
    return _symmetric(a, b, lower=lower, eigvals_only=True, type=type, **chosen)


@stands_in(_scipy.eigvals)
def eigvals(
    a: Any, b: Any = None, overwrite_a: bool = False, check_finite: bool = True, homogeneous_eigvals: bool = False
) -> Any:
    """The eigenvalues of a square matrix, as complex numbers."""
    return eig(a, b, right=False)


@stands_in(_scipy.eig)
def eig(
    a: Any,
    b: Any = None,
    left: bool = False,
    right: bool = True,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
    homogeneous_eigvals: bool = False,
) -> Any:
    """The eigenvalues of a square matrix as complex numbers, and its vectors of norm 1 from the right; real ones are real."""
    plain("eig", b=None if b is None else "b", left=left, homogeneous_eigvals=homogeneous_eigvals)
    w, v, _ = results(apply("eig", square(a)))
    return (traced(w), traced(v)) if right else traced(w)


@stands_in(_scipy.lu)
def lu(
    a: Any, permute_l: bool = False, overwrite_a: bool = False, check_finite: bool = True, p_indices: bool = False
) -> Any:
    """P, L and U with A = P L U, rows exchanged so that no entry of L is larger than 1."""
    m, n = shape_of(a)
    k = min(m, n)
    work, rows, _ = _eliminated(a)
    lower = np.tril(work[:, :k], -1) + np.eye(m, k)
    upper = np.triu(work[:k])
    if p_indices:
        return np.argsort(rows), lower, upper
    turned = np.take(traced(as_node(np.eye(m))), rows, axis=1)
    return (turned @ lower, upper) if permute_l else (turned, lower, upper)


def _eliminated(a: Any) -> tuple[Any, Any, list[Any]]:
    """L below the diagonal and U on and above it, the rows of A in their order, and which row each was exchanged with."""
    work: Any = traced(as_node(a, float_dtype(a)))
    m, n = shape_of(work)
    rows: Any = traced(as_node(np.arange(m)))
    exchanged = list[Any]()
    for k in range(min(m, n)):
        best = k + np.argmax(np.abs(work[k:, k]))
        exchanged.append(best)
        order = _exchange(k, best, m)
        work, rows = np.take(work, order, axis=0), np.take(rows, order)
        if k + 1 == m:
            break
        factor = work[k + 1 :, k] / work[k, k]
        rest = work[k + 1 :, k + 1 :] - factor[:, None] * work[k, k + 1 :]
        work = np.concatenate([work[: k + 1], np.concatenate([work[k + 1 :, :k], factor[:, None], rest], axis=1)])
    return work, rows, exchanged


def _exchange(k: int, other: Any, m: int) -> Any:
    """The order of m rows in which two have changed places."""
    places = np.arange(m)
    return np.where(places == k, other, np.where(places == other, k, places))


@stands_in(_scipy.lu_factor)
def lu_factor(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """L and U in one matrix, and which row each row was exchanged with."""
    work, _, exchanged = _eliminated(a)
    return work, np.stack(exchanged)


@stands_in(_scipy.lu_solve)
def lu_solve(lu_and_piv: Any, b: Any, trans: int = 0, overwrite_b: bool = False, check_finite: bool = True) -> Any:
    """A⁻¹ b by the factors of A, or A⁻ᵀ b."""
    work, exchanged = lu_and_piv
    n, found = shape_of(work)[0], b
    orders = [_exchange(k, exchanged[k], n) for k in range(n)]
    if trans:
        found = solve_triangular(work, found, trans=trans)
        found = solve_triangular(work, found, trans=trans, lower=True, unit_diagonal=True)
        for order in reversed(orders):
            found = np.take(found, order, axis=0)
        return found
    for order in orders:
        found = np.take(traced(as_node(found)), order, axis=0)
    return solve_triangular(work, solve_triangular(work, found, lower=True, unit_diagonal=True))


def null_space(A: Any, rcond: Any = None, **options: Any) -> Any:
    """An orthonormal basis of the vectors that A takes to 0, of numbers: there are many, and SciPy gives one."""
    if has_traced(A):
        refuse(
            "'scipy.linalg.null_space' has no derivative: of many bases it gives one.",
            "Use the projection, which is unique:  np.eye(n) - np.linalg.pinv(A) @ A",
        )
    return _scipy.null_space(A, rcond, **options)


@stands_in(_scipy.svd)
def svd(
    a: Any,
    full_matrices: bool = True,
    compute_uv: bool = True,
    overwrite_a: bool = False,
    check_finite: bool = True,
    lapack_driver: str = "gesdd",
) -> Any:
    """U, s and Vᵀ; the columns of a full factor that do not belong to the matrix have no derivative."""
    node = stack(a)
    if not compute_uv:
        return traced(results(apply("svd", node, full=False, library="scipy"))[1])
    plain("svd", lapack_driver=None if lapack_driver == "gesdd" else lapack_driver)
    u, s, vt = results(apply("svd", node, full=bool(full_matrices), library="scipy"))
    k = s.shape[-1]
    u = u if u.shape[-1] == k else apply("undetermined", u, node, name="svd", source=user_line())
    vt = vt if vt.shape[-2] == k else apply("undetermined", vt, node, name="svd", source=user_line())
    return traced(u), traced(s), traced(vt)


@stands_in(_scipy.svdvals)
def svdvals(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """The singular values, in descending order."""
    return traced(results(apply("svd", stack(a), full=False, library="scipy"))[1])


@stands_in(_scipy.qr)
def qr(
    a: Any,
    overwrite_a: bool = False,
    lwork: Any = None,
    mode: str = "full",
    pivoting: bool = False,
    check_finite: bool = True,
) -> Any:
    """Q and R, or R alone; the further columns of a full Q have no derivative."""
    plain("qr", pivoting=pivoting, mode=None if mode in ("full", "economic", "r") else mode)
    node = stack(a)
    m, n = shape_of(a)[-2:]
    full = mode != "economic" and m > n
    q, r = results(apply("qr", node, full=full, library="scipy"))
    if mode == "r":
        return (traced(r),)
    return traced(apply("undetermined", q, node, name="qr", source=user_line()) if full else q), traced(r)


# ---------------------------------------------------------------- functions of matrices, norms, layouts


@stands_in(_scipy.expm)
def expm(A: Any) -> Any:
    """exp A."""
    return traced(apply("expm", square(A)))


@stands_in(_scipy.sqrtm)
def _root(A: Any) -> Any:
    return traced(apply("sqrtm", square(A)))


def sqrtm(A: Any, **options: Any) -> Any:
    """The principal square root; of a real matrix with a negative eigenvalue it is complex."""
    if not has_traced(A):
        return _scipy.sqrtm(A, **options)
    plain("sqrtm", **options)
    return _root(_principal(asarray(A)))


def _principal(a: Any) -> Any:
    """The matrix, as a complex one where it is real and has negative eigenvalues; where no value is known yet it stays real."""
    if np.dtype(a.dtype).kind == "c":
        return a
    try:
        if not np.all(np.isfinite(a)):
            return a
        values = np.linalg.eigvals(a)
        negative = bool(np.any((np.imag(values) == 0) & (np.real(values) < 0)))
    except TraceError:
        return a
    return a + 0j if negative else a


NEAR, ROOTS, NODES = 0.25, 8, 8
"""So near to 1 a matrix is for as many nodes; so many roots are taken where no value is known yet."""


def logm(A: Any, **options: Any) -> Any:
    """log A = 2ᵏ log A^(1/2ᵏ), and log(1 + X) = ∫₀¹ X (1 + t X)⁻¹ dt by Gauss' rule, which is a Padé approximant.

    Source: N. J. Higham, Functions of Matrices (2008), (11.18) and table 11.1.
    """
    if not has_traced(A):
        return _scipy.logm(A, **options)
    plain("logm", **options)
    root = _principal(asarray(A))
    one = np.eye(shape_of(root)[-1])
    count = 0
    while count < 64 and _is_far(root - one, count):
        root, count = _root(root), count + 1
    x = root - one
    places, weights = np.polynomial.legendre.leggauss(NODES)
    parts = [w / 2 * np.linalg.solve(one + (t + 1) / 2 * x, x) for t, w in zip(places, weights, strict=True)]
    return 2.0**count * sum(parts[1:], parts[0])


def _is_far(x: Any, count: int) -> bool:
    """Whether the norm of a matrix is too large for the rule."""
    try:
        return bool(np.max(np.sum(np.abs(x), axis=-2)) > NEAR)
    except TraceError:
        return count < ROOTS


@stands_in(_scipy.norm)
def norm(a: Any, ord: Any = None, axis: Any = None, keepdims: bool = False, check_finite: bool = True) -> Any:
    """The norm of a vector or matrix, as that of NumPy; SciPy computes some of float32 as float64."""
    found = FUNCTIONS[np.linalg.norm](a, ord, axis, keepdims)
    wide = axis is None and not keepdims and (ndim_of(a), ord) in ((1, None), (1, 2), (2, 1), (2, np.inf))
    return traced(as_node(found, "float64")) if wide else found


@stands_in(_scipy.lstsq)
def lstsq(
    a: Any,
    b: Any,
    cond: Any = None,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
    lapack_driver: str | None = None,
) -> Any:
    """A⁺ b, the squared distances of A x from b where A is tall, the rank, which is taken to stay, and the singular values."""
    plain("lstsq", lapack_driver=None if lapack_driver == "gelsd" else lapack_driver)
    cut = float(np.finfo(float_dtype(a, b)).eps) if cond is None else float(cond)
    x, distances, rank, s = FUNCTIONS[np.linalg.lstsq](a, b, cut)
    m, n = shape_of(a)
    return x, distances[0] if ndim_of(b) == 1 and m > n else distances, rank, s
