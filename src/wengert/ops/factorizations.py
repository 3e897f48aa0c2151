"""Factors of a matrix: L Lᵀ (Cholesky), V diag(w) Vᵀ (symmetric eigenvalues), U diag(s) Vᵀ (singular values), Q R.

NumPy reads one triangle of a symmetric matrix; `mirror` makes the matrix that is meant, and its derivative is the symmetric one.
Eigenvectors and singular vectors of equal values are not unique: there the rules leave out the rotation among them, which is
right for all that depends on the space and on the values alike, such as Σ w², and for nothing else.

Source: I. Murray (2016), Differentiation of the Cholesky decomposition, arXiv:1602.07527; M. B. Giles (2008), Collected matrix
derivative results, 3.1 and 3.2; J. Townsend (2016), Differentiating the singular value decomposition; S. F. Walter and
L. Lehmann (2010), Algorithmic differentiation of linear algebra functions with application in optimum experimental design;
for wide matrices D. Roberts and L. Roberts (2020), QR and LQ decomposition matrix backpropagation algorithms, arXiv:2009.10071.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import numpy

from wengert.errors import GraphError
from wengert.ir.graph import Node, apply
from wengert.ir.notation import unwritten
from wengert.ir.op import Infer, Jvp, Op, Params, Samples, Value, Vjp, register
from wengert.ir.types import ArrayType, TupleType
from wengert.ops.control import Cotangents, results
from wengert.ops.kinds import ErrorCases, general
from wengert.ops.matrices import (
    STACKS,
    Array,
    as_diagonal,
    batch_of,
    batch_stacks,
    check_matrix,
    check_square,
    diagonal,
    differences,
    each_of,
    lapack,
    matmul,
    near_diagonal,
    part,
    plus,
    positive_definite,
    real,
    rest,
    safe_reciprocal,
    scaled_columns,
    scaled_rows,
    skew,
    smaller,
    sums,
    symmetric,
    transposed,
    triangle,
    well_conditioned,
)

np: Any = numpy
NOT_SQUARE = ArrayType((3, 2))
VECTOR = ArrayType((3,))
LIBRARIES = ("numpy", "scipy")
"""Whose LAPACK computes the factors: two may give columns with other signs, and derivatives belong to the signs that are given."""


def _several(
    name: str, summary: str, infer: Infer, value: Value, jvp: Jvp, vjp: Vjp, samples: Samples, errors: ErrorCases
) -> Op:
    """An op with several results over stacks of matrices."""
    rules = (infer, value, jvp, vjp, batch_of(results), unwritten(name), samples, errors)
    return register(Op(name, summary, "general", 1, *rules))


# ---------------------------------------------------------------- symmetric matrices


def _infer_square(name: str) -> Infer:
    def infer(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
        check_square(name, types[0])
        return types[0]

    return infer


def _value_mirror(xp: Any, a: Array, lower: bool) -> Array:
    """Of a complex array the imaginary part is a direction, and moves as the derivative says."""
    if np.iscomplexobj(a):
        return _value_mirror(xp, a.real, lower) + 0.5j * (a.imag + a.imag.swapaxes(-1, -2))
    kept, other = (np.tril(a), np.tril(a, -1)) if lower else (np.triu(a), np.triu(a, 1))
    return kept + other.swapaxes(-1, -2)


mirror = general(
    "mirror",
    "The symmetric matrix of which A holds the lower (or upper) triangle; Ȧ ↦ (Ȧ + Ȧᵀ)/2, as for a symmetric argument.",
    infer=_infer_square("mirror"),
    value=_value_mirror,
    jvp=lambda node, tangents: None if tangents[0] is None else symmetric(tangents[0]),
    vjp=lambda node, cotangent: (symmetric(cotangent),),
    batch=batch_stacks,
    notation=unwritten("mirror"),
    samples=lambda rng: [
        ([rng.normal(size=(*many, n, n))], {"lower": lower})
        for many in STACKS
        for n in (3, 1, 0, 2)
        for lower in (True, False)
    ],
    errors=(((NOT_SQUARE,), {"lower": True}, "not square"), ((VECTOR,), {"lower": True}, "no two axes")),
)


# ---------------------------------------------------------------- Cholesky


def _value_cholesky(xp: Any, a: Array) -> Array:
    a = real(a)
    return np.linalg.cholesky((a + a.swapaxes(-1, -2)) / 2)


def _halved(x: Node) -> Node:
    """Φ(X): the lower triangle with half the diagonal."""
    return triangle(x) - as_diagonal(diagonal(x)) * 0.5


def _against(factor: Node, x: Node, *, transpose: bool) -> Node:
    """L⁻¹ X, or L⁻ᵀ X."""
    return apply("solve_triangular", factor, x, lower=True, transpose=transpose, unit=False)


def _jvp_cholesky(node: Node, tangents: Sequence[Node | None]) -> Node | None:
    """L̇ = L Φ(L⁻¹ Ȧ L⁻ᵀ)."""
    if tangents[0] is None:
        return None
    left = _against(node, symmetric(tangents[0]), transpose=False)
    return matmul(node, _halved(_against(node, transposed(left), transpose=False)))


def _vjp_cholesky(node: Node, cotangent: Node) -> tuple[Node]:
    """Ā = L⁻ᵀ Φ(Lᵀ L̄) L⁻¹, made symmetric."""
    inside = _halved(matmul(transposed(node), triangle(cotangent)))
    left = _against(node, inside, transpose=True)
    return (symmetric(transposed(_against(node, transposed(left), transpose=True))),)


cholesky = general(
    "cholesky",
    "L, lower triangular, with L Lᵀ = (A + Aᵀ)/2, of each positive definite matrix in the last two axes.",
    infer=_infer_square("cholesky"),
    value=_value_cholesky,
    jvp=_jvp_cholesky,
    vjp=_vjp_cholesky,
    batch=batch_stacks,
    notation=unwritten("cholesky"),
    samples=lambda rng: [
        ([positive_definite(rng, *many, n, n)], {}) for many in STACKS for n in (3, 1, 0, 4) for _ in range(2)
    ],
    errors=(((NOT_SQUARE,), {}, "not square"), ((VECTOR,), {}, "no two axes")),
)


# ---------------------------------------------------------------- eigenvalues of symmetric matrices


def _infer_eigh(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    (a,) = types
    check_square("eigh", a)
    return TupleType(items=(a.with_shape(a.shape[:-1]), a))


def _value_eigh(xp: Any, a: Array, lower: bool, library: str) -> tuple[Array, ...]:
    a = real(a)
    a = (a + a.swapaxes(-1, -2)) / 2
    if library == "scipy":
        return each_of(lambda m: lapack().eigh(m, lower=lower), a, shapes=(a.shape[-1:], a.shape[-2:]))
    return tuple(np.linalg.eigh(a, "L" if lower else "U"))


def _gaps(w: Node) -> Node:
    """F_ij = 1/(w_j − w_i), and 0 where they are equal."""
    return safe_reciprocal(differences(w))


def _jvp_eigh(node: Node, tangents: Sequence[Node | None]) -> list[Node | None]:
    """ẇ = diag(D), V̇ = V (F ∘ D) with D = Vᵀ Ȧ V."""
    if tangents[0] is None:
        return [None, None]
    w, v = results(node)
    d = matmul(transposed(v), symmetric(tangents[0]), v)
    return [diagonal(d), matmul(v, _gaps(w) * d)]


def _vjp_eigh(node: Node, cotangents: Cotangents) -> tuple[Node | None]:
    """Ā = V (diag(w̄) + F ∘ (Vᵀ V̄)) Vᵀ, made symmetric."""
    w, v = results(node)
    of_w, of_v = cotangents.bars
    turned = None if of_v is None else _gaps(w) * skew(matmul(transposed(v), of_v))
    inside = plus(None if of_w is None else as_diagonal(of_w), turned)
    return (None if inside is None else symmetric(matmul(v, inside, transposed(v))),)


eigh = _several(
    "eigh",
    "The eigenvalues w in ascending order and the matrix V of eigenvectors of each symmetric matrix (A + Aᵀ)/2.",
    _infer_eigh,
    _value_eigh,
    _jvp_eigh,
    _vjp_eigh,
    lambda rng: [
        ([near_diagonal(rng, *many, n, n)], {"lower": lower, "library": "numpy"})
        for many in STACKS
        for n in (3, 1, 0, 2)
        for lower in (True, False)
    ],
    (((NOT_SQUARE,), {}, "not square"), ((VECTOR,), {}, "no two axes")),
)


# ---------------------------------------------------------------- singular values


def _infer_svd(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    (a,) = types
    check_matrix("svd", a)
    *many, m, n = a.shape
    k = smaller(m, n)
    rows, columns = (m, n) if params["full"] else (k, k)
    return TupleType(
        items=(a.with_shape((*many, m, rows)), a.with_shape((*many, k)), a.with_shape((*many, columns, n)))
    )


def _value_svd(xp: Any, a: Array, full: bool, library: str) -> tuple[Array, ...]:
    if library == "numpy" or not a.size:
        return tuple(np.linalg.svd(real(a), full_matrices=full))
    m, n = a.shape[-2:]
    k = min(m, n)
    shapes = ((m, m if full else k), (k,), (n if full else k, n))
    return each_of(lambda m: lapack().svd(m, full_matrices=full), real(a), shapes=shapes)


def _thin(node: Node) -> tuple[Node, Node, Node]:
    """U, s and V with as many columns as there are singular values."""
    u, s, vt = results(node)
    k = s.shape[-1]
    return part(u, columns=k), s, transposed(part(vt, rows=k))


def _square_gaps(s: Node) -> Node:
    """F_ij = 1/(s_j² − s_i²), and 0 where they are equal."""
    return safe_reciprocal(differences(s) * sums(s))


def _outside(basis: Node, x: Node) -> Node:
    """(I − U Uᵀ) X: what of the columns of X does not lie in the space of U."""
    return x - matmul(basis, matmul(transposed(basis), x))


def _jvp_svd(node: Node, tangents: Sequence[Node | None]) -> list[Node | None]:
    """With D = Uᵀ Ȧ V: ṡ = diag(D), U̇ = U (F ∘ (D S + S Dᵀ)) + (I − U Uᵀ) Ȧ V S⁻¹, and so V̇ of Aᵀ.

    The further columns of a full factor, which are not determined, turn as little as they can.
    """
    (da,) = tangents
    if da is None:
        return [None, None, None]
    u, s, v = _thin(node)
    d, f, r = matmul(transposed(u), da, v), _square_gaps(s), safe_reciprocal(s)
    du = matmul(u, f * (scaled_columns(d, s) + scaled_rows(transposed(d), s)))
    dv = matmul(v, f * (scaled_rows(d, s) + scaled_columns(transposed(d), s)))
    m, n = node.inputs[0].shape[-2:]
    if s.shape[-1] != m:
        du = du + scaled_columns(_outside(u, matmul(da, v)), r)
    if s.shape[-1] != n:
        dv = dv + scaled_columns(_outside(v, matmul(transposed(da), u)), r)
    left, _, right = results(node)
    return [_completed(left, u, du), diagonal(d), transposed(_completed(transposed(right), v, dv))]


def _completed(full: Node, thin: Node, moved: Node) -> Node:
    """The motion of all columns of an orthogonal matrix of which the first ones move: −U U̇ᵀ of the others."""
    if full.shape == thin.shape:
        return moved
    others = rest(full, thin.shape[-1])
    other = -matmul(thin, matmul(transposed(moved), others))
    return apply("concatenate", moved, other, axis=full.type.rank - 1)


def _folded(full: Node, thin: Node, bar: Node) -> Node:
    """The adjoint of `_completed`: what the further columns add to the bars of the first ones."""
    if full.shape == thin.shape:
        return bar
    k = thin.shape[-1]
    others = matmul(rest(full, k), matmul(transposed(rest(bar, k)), thin))
    return part(bar, columns=k) - others


def _vjp_svd(node: Node, cotangents: Cotangents) -> tuple[Node | None]:
    """Ā = U (diag(s̄) + 2 sym(F ∘ Uᵀ Ū) S + 2 S sym(F ∘ Vᵀ V̄)) Vᵀ + (I − U Uᵀ) Ū S⁻¹ Vᵀ + U S⁻¹ V̄ᵀ (I − V Vᵀ)."""
    u, s, v = _thin(node)
    of_u, of_s, of_vt = cotangents.bars
    f, r = _square_gaps(s), safe_reciprocal(s)
    inside = None if of_s is None else as_diagonal(of_s)
    beside: Node | None = None
    m, n = node.inputs[0].shape[-2:]
    if of_u is not None:
        of_u = _folded(results(node)[0], u, of_u)
        inside = plus(inside, scaled_columns(symmetric(f * matmul(transposed(u), of_u)), s) * 2.0)
        if s.shape[-1] != m:
            beside = matmul(scaled_columns(_outside(u, of_u), r), transposed(v))
    if of_vt is not None:
        of_v = _folded(transposed(results(node)[2]), v, transposed(of_vt))
        inside = plus(inside, scaled_rows(symmetric(f * matmul(transposed(v), of_v)), s) * 2.0)
        if s.shape[-1] != n:
            beside = plus(beside, matmul(u, transposed(scaled_columns(_outside(v, of_v), r))))
    return (plus(None if inside is None else matmul(u, inside, transposed(v)), beside),)


svd = _several(
    "svd",
    "U, the singular values s in descending order, and Vᵀ, of each matrix A = U diag(s) Vᵀ; square U and V if `full`.",
    _infer_svd,
    _value_svd,
    _jvp_svd,
    _vjp_svd,
    lambda rng: [
        ([well_conditioned(rng, *many, m, n)], {"full": False, "library": library})
        for many in STACKS
        for m, n in ((3, 3), (4, 2), (2, 3), (1, 1), (0, 2), (3, 0))
        for library in LIBRARIES
    ],
    (((VECTOR,), {"full": False}, "no two axes"), ((ArrayType((2, 2), "int64"),), {"full": True}, "not int64")),
)


# ---------------------------------------------------------------- Q R


def _infer_qr(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    (a,) = types
    check_matrix("qr", a)
    *many, m, n = a.shape
    k = m if params["full"] else smaller(m, n)
    return TupleType(items=(a.with_shape((*many, m, k)), a.with_shape((*many, k, n))))


def _value_qr(xp: Any, a: Array, full: bool, library: str) -> tuple[Array, ...]:
    if library == "numpy" or not a.size:
        return tuple(np.linalg.qr(real(a), "complete" if full else "reduced"))
    m, n = a.shape[-2:]
    k = m if full else min(m, n)
    return each_of(lambda m: lapack().qr(m, mode="full" if full else "economic"), real(a), shapes=((m, k), (k, n)))


def _over(factor: Node, x: Node) -> Node:
    """X R⁻¹ of an upper triangular R."""
    solved = apply("solve_triangular", factor, transposed(x), lower=False, transpose=True, unit=False)
    return transposed(solved)


def _jvp_qr(node: Node, tangents: Sequence[Node | None]) -> list[Node | None]:
    """With C = Qᵀ Ȧ R⁻¹ and Ω = lower(C) − lower(C)ᵀ: Q̇ = Q Ω + (I − Q Qᵀ) Ȧ R⁻¹, Ṙ = Qᵀ Ȧ − Ω R.

    The inverse is that of the square part of R, for as many columns.
    """
    (da,) = tangents
    if da is None:
        return [None, None]
    q, r = results(node)
    k = smaller(*node.inputs[0].shape[-2:])
    thin, upper = part(q, columns=k), part(r, rows=k)
    over = _over(part(upper, columns=k), part(da, columns=k))
    below = triangle(matmul(transposed(thin), over), strict=True)
    turn = below - transposed(below)
    dq = matmul(thin, turn)
    if k != da.shape[-2]:
        dq = dq + _outside(thin, over)
    dr = triangle(matmul(transposed(thin), da) - matmul(turn, upper), lower=False)
    missing = (*(0,) * (r.type.rank - 2), r.shape[-2] - k, 0)
    if any(missing):
        dr = apply("pad", dr, low=(0,) * dr.type.rank, high=missing)
    return [_completed(q, thin, dq), dr]


def _vjp_qr(node: Node, cotangents: Cotangents) -> tuple[Node | None]:
    """Of a tall matrix Ā = (Q̄ + Q sym₂(M)) R⁻ᵀ with M = R R̄ᵀ − Q̄ᵀ Q, whose lower triangle is mirrored.

    Of a wide one, A = (X Y) and R = (S QᵀY): the further columns give Ȳ = Q R̄₂ and add Y R̄₂ᵀ to Q̄.
    """
    a = node.inputs[0]
    q, r = results(node)
    of_q, of_r = cotangents.bars
    n = a.shape[-1]
    k = smaller(*a.shape[-2:])
    if of_q is not None:
        of_q = _folded(q, part(q, columns=k), of_q)
    q, r = part(q, columns=k), part(r, rows=k)
    others: Node | None = None
    if of_r is not None:
        of_r = triangle(part(of_r, rows=k), lower=False)
        if n != k:
            others = matmul(q, rest(of_r, k))
            of_q = plus(of_q, matmul(rest(a, k), transposed(rest(of_r, k))))
    square = part(r, columns=k)
    m = plus(
        None if of_r is None else matmul(square, transposed(part(of_r, columns=k))),
        None if of_q is None else -matmul(transposed(of_q), q),
    )
    if m is None:
        return (None,)
    mirrored = triangle(m) + transposed(triangle(m, strict=True))
    bar = plus(of_q, matmul(q, mirrored))
    assert bar is not None
    first = transposed(apply("solve_triangular", square, transposed(bar), lower=False, transpose=False, unit=False))
    if n == k:
        return (first,)
    if others is None:
        return (apply("pad", first, low=(0,) * a.type.rank, high=(*(0,) * (a.type.rank - 1), n - k)),)
    return (apply("concatenate", first, others, axis=a.type.rank - 1),)


qr = _several(
    "qr",
    "Q with orthonormal columns and R, upper triangular, of each matrix A = Q R; a square Q if `full`.",
    _infer_qr,
    _value_qr,
    _jvp_qr,
    _vjp_qr,
    lambda rng: [
        ([well_conditioned(rng, *many, m, n)], {"full": False, "library": library})
        for many in STACKS
        for m, n in ((3, 3), (4, 2), (2, 4), (2, 1), (0, 2), (3, 0))
        for library in LIBRARIES
    ],
    (((VECTOR,), {"full": False}, "no two axes"), ((ArrayType((2, 2), "bool"),), {"full": True}, "not bool")),
)


# ---------------------------------------------------------------- what has no derivative


def _refuse_columns(name: str) -> NoReturn:
    raise GraphError(
        f"The further columns of the full factor of '{name}' are not determined by the matrix, and have no derivative.",
        "  only the space that they span is a function of the matrix",
        "Ask for the columns that belong to the matrix:  np.linalg.svd(a, full_matrices=False), np.linalg.qr(a)",
    )


def _infer_undetermined(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    check_matrix("undetermined", types[0])
    return types[0]


undetermined = general(
    "undetermined",
    "Q, a full orthogonal factor of A, as it is; whoever asks for its derivative is told that there is none.",
    arity=2,
    infer=_infer_undetermined,
    value=lambda xp, q, a, name: q,
    jvp=lambda node, tangents: _refuse_columns(node.params["name"]),
    vjp=lambda node, cotangent: _refuse_columns(node.params["name"]),
    batch=batch_stacks,
    notation=unwritten("undetermined"),
    samples=lambda rng: [],
    errors=(((VECTOR, NOT_SQUARE), {"name": "qr"}, "no two axes"),),
)
