"""scipy.linalg for traced values: linear equations, factors and functions of matrices. All other names are SciPy's own.

On arrays, and where nothing is traced, SciPy's functions run as they are. Arguments that say how to compute (`overwrite_a`,
`check_finite`, …) say nothing of the result and are taken as given.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg  # pyright: ignore[reportMissingTypeStubs]

from wengert.core.ir.graph import Node, apply
from wengert.core.ops.complex_numbers import conjugate
from wengert.core.ops.control import results
from wengert.core.ops.matrices import adjoint, identities
from wengert.core.ops.matrices import transposed as transposed_matrix
from wengert.errors import TraceError
from wengert.functions.namespaces.sequences import asarray
from wengert.functions.tracing.answers import stands_in
from wengert.functions.tracing.linalg import float_dtype, mirrored, same_stacks, square, stack
from wengert.functions.tracing.operands import as_node, ndim_of, shape_of
from wengert.functions.tracing.source import user_line
from wengert.functions.tracing.tracer import FUNCTIONS, Traced, refuse, traced
from wengert.scipy.numerical import has_traced

_scipy: Any = scipy.linalg


def __getattr__(name: str) -> Any:
    """SciPy's own function of a name that has none here."""
    return getattr(_scipy, name)


def _plain(name: str, **options: Any) -> None:
    """Refuse what changes a result and has no form in a graph.

    Raises TraceError.
    """
    for option, value in options.items():
        if value not in (None, False):
            refuse(
                f"'scipy.linalg.{name}' takes no argument '{option}' on traced values.",
                "Leave it out, and do what it does in a line of its own.",
            )


# ---------------------------------------------------------------- equations


def _equations(a: Any, b: Any) -> tuple[Node, Node, bool]:
    """A square matrix and right sides in stacks of one shape, and whether b is a vector.

    Raises ValueError where they do not fit.
    """
    dtype = float_dtype(a, b)
    left, right = square(a, dtype), as_node(b, dtype)
    vector = right.type.rank == 1
    if not right.type.rank or right.shape[0 if vector else -2] != left.shape[-1]:
        raise ValueError(f"shapes of a {left.shape} and b {shape_of(b)} are incompatible")
    columns = apply("reshape", right, shape=(*right.shape, 1)) if vector else right
    return *same_stacks(left, columns), vector  # pyright: ignore[reportReturnType]


def _solution(found: Node, vector: bool) -> Traced:
    return traced(apply("reshape", found, shape=found.shape[:-1]) if vector else found)


def _triangular(a: Node, b: Node, lower: Any, *, turned: bool, unit: Any = False) -> Node:
    """A⁻¹ B, or A⁻ᴴ B."""
    factor = conjugate(a) if turned else a
    return apply("solve_triangular", factor, b, lower=bool(lower), transpose=turned, unit=bool(unit))


@stands_in(_scipy.solve_triangular)
def solve_triangular(
    a: Any,
    b: Any,
    trans: Any = 0,
    lower: bool = False,
    unit_diagonal: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
) -> Any:
    """A⁻¹ b, or A⁻ᵀ b or A⁻ᴴ b, of a triangular A."""
    left, right, vector = _equations(a, b)
    kind = {"N": 0, "T": 1, "C": 2}.get(trans, trans)
    left = conjugate(left) if kind == 1 else left
    return _solution(_triangular(left, right, lower, turned=kind != 0, unit=unit_diagonal), vector)


@stands_in(_scipy.solve)
def solve(
    a: Any,
    b: Any,
    lower: bool = False,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
    assume_a: str | None = None,
    transposed: bool = False,
) -> Any:
    """A⁻¹ b; of a matrix that is assumed symmetric one triangle is read, and of a triangular one that."""
    left, right, vector = _equations(a, b)
    kind = "general" if assume_a is None else _KINDS.get(assume_a, assume_a)
    if kind in ("upper triangular", "lower triangular"):
        left = conjugate(left) if transposed else left
        found = _triangular(left, right, kind[0] == "l", turned=bool(transposed))
    elif kind in ("general", "symmetric"):
        if kind == "symmetric":
            _plain("solve", assume_a=left.type.is_complex and assume_a in ("sym", "symmetric") and assume_a)
            left = apply("mirror", left, lower=bool(lower))
        elif transposed:
            left = transposed_matrix(left)
        found = apply("solve", left, right)
    else:
        refuse(
            f"'scipy.linalg.solve' assumes nothing of the kind '{assume_a}' on traced values.", "Leave 'assume_a' out."
        )
    return _solution(found, vector)


_KINDS = {
    **dict.fromkeys(("gen", "general", "banded", "tridiagonal"), "general"),
    **dict.fromkeys(("sym", "symmetric", "her", "hermitian", "pos", "positive definite"), "symmetric"),
}
"""What SciPy calls them, and what is read of them."""


@stands_in(_scipy.inv)
def inv(
    a: Any, overwrite_a: bool = False, check_finite: bool = True, *, assume_a: str | None = None, lower: bool = False
) -> Any:
    """A⁻¹."""
    _plain("inv", assume_a=None if assume_a in ("gen", "general") else assume_a)
    return traced(apply("inv", square(a)))


@stands_in(_scipy.det)
def det(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """det A, in double precision."""
    return traced(apply("det", square(a, np.result_type(float_dtype(a), np.float64).name)))


@stands_in(_scipy.pinv)
def pinv(a: Any, *, atol: Any = None, rtol: Any = None, return_rank: bool = False, check_finite: bool = True) -> Any:
    """A⁺; singular values up to `rtol` times the largest count as 0."""
    _plain("pinv", atol=atol, return_rank=return_rank)
    node = stack(a)
    cut = max(shape_of(a)[-2:], default=0) * np.finfo(node.type.dtype).eps if rtol is None else rtol
    return traced(apply("pinv", node, rcond=float(cut), hermitian=False))


@stands_in(_scipy.solve_sylvester)
def solve_sylvester(a: Any, b: Any, q: Any) -> Any:
    """X with A X + X B = Q."""
    dtype = float_dtype(a, b, q)
    return traced(apply("solve_sylvester", square(a, dtype), square(b, dtype), stack(q, dtype)))


@stands_in(_scipy.solve_continuous_lyapunov)
def solve_continuous_lyapunov(a: Any, q: Any) -> Any:
    """X with A X + X Aᴴ = Q."""
    dtype = float_dtype(a, q)
    left = square(a, dtype)
    return traced(apply("solve_sylvester", left, adjoint(left), square(q, dtype)))


@stands_in(_scipy.solve_discrete_lyapunov)
def solve_discrete_lyapunov(a: Any, q: Any, method: str | None = None) -> Any:
    """X with A X Aᴴ − X + Q = 0, as one equation for the n² entries of X."""
    dtype = np.result_type(float_dtype(a, q), np.float64).name
    left, right = square(a, dtype), square(q, dtype)
    n = left.shape[-1]
    pairs = apply("einsum", left, conjugate(left), inputs=((0, 2), (1, 3)), output=(0, 1, 2, 3))
    wide = apply("reshape", pairs, shape=(n * n, n * n))
    found = apply("solve", identities(wide.type) - wide, apply("reshape", right, shape=(n * n, 1)))
    return traced(apply("reshape", found, shape=(n, n)))


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
    left, right, vector = _equations(factor, b)
    half = _triangular(left, right, lower, turned=not lower)
    return _solution(_triangular(left, half, lower, turned=bool(lower)), vector)


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
    _plain("eigh", subset_by_index=subset_by_index, subset_by_value=subset_by_value, driver=driver, type=type != 1)
    node = mirrored(a, bool(lower))
    if b is not None:
        factor = apply("cholesky", mirrored(b, bool(lower)))
        half = _triangular(factor, node, True, turned=False)
        node = _triangular(factor, adjoint(half), True, turned=False)
    w, v = results(apply("eigh", node, lower=bool(lower), library="scipy"))
    return traced(w) if eigvals_only else (traced(w), traced(v))


def eigh(a: Any, b: Any = None, *, lower: bool = True, eigvals_only: bool = False, **options: Any) -> Any:
    """The eigenvalues and eigenvectors of a symmetric matrix; with a positive definite b those of A v = w B v."""
    if b is None or eigvals_only or not has_traced((a, b)):
        return _symmetric(a, b, lower=lower, eigvals_only=eigvals_only, **options)
    given = {key: value for key, value in options.items() if key not in ("overwrite_a", "overwrite_b", "check_finite")}
    _plain("eigh", **{**given, "type": options.get("type", 1) != 1})
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
    _plain("svd", lapack_driver=None if lapack_driver == "gesdd" else lapack_driver)
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
    _plain("qr", pivoting=pivoting, mode=None if mode in ("full", "economic", "r") else mode)
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
    _plain("sqrtm", **options)
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
    _plain("logm", **options)
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
    _plain("lstsq", lapack_driver=None if lapack_driver == "gelsd" else lapack_driver)
    cut = float(np.finfo(float_dtype(a, b)).eps) if cond is None else float(cond)
    x, distances, rank, s = FUNCTIONS[np.linalg.lstsq](a, b, cut)
    m, n = shape_of(a)
    return x, distances[0] if ndim_of(b) == 1 and m > n else distances, rank, s


# ---------------------------------------------------------------- banded and structured matrices


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
    _plain("solve_circulant", singular=None if singular == "raise" else singular, tol=tol)
    _plain("solve_circulant", caxis=caxis not in (-1, 0), baxis=baxis, outaxis=outaxis)
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
