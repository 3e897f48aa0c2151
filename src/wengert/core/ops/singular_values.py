"""Singular values, A = U diag(s) Vᴴ, with the singular vectors in the columns of U and V.

Of equal singular values the vectors are not unique; `equal_values` says what the rules do there.

Source: J. Townsend (2016), Differentiating the singular value decomposition; for complex matrices Z.-Q. Wan and S.-X. Zhang (2019),
Automatic differentiation for complex valued SVD, arXiv:1909.02659.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from wengert.core.ir.graph import Node, apply
from wengert.core.ir.op import Params
from wengert.core.ir.types import ArrayType, TupleType
from wengert.core.ir.vocabulary import Vocabulary
from wengert.core.ops.complex_numbers import conjugate, real_part
from wengert.core.ops.control import Cotangents, results
from wengert.core.ops.equal_values import rigid_vectors
from wengert.core.ops.matrices import (
    LIBRARIES,
    STACKS,
    Array,
    adjoint,
    alike,
    as_diagonal,
    check_matrix,
    completed,
    diagonal,
    differences,
    each_of,
    folded,
    hermitian,
    imaginary,
    lapack,
    matmul,
    outside,
    part,
    plus,
    real_type,
    safe_reciprocal,
    scaled_columns,
    scaled_rows,
    several,
    smaller,
    sums,
    unperturbed,
    weighted,
    well_conditioned,
)

np: Any = numpy
VECTOR = ArrayType((3,))


def _infer_svd(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    (a,) = types
    check_matrix("svd", a, "analytic")
    *many, m, n = a.shape
    k = smaller(m, n)
    rows, columns = (m, n) if params["full"] else (k, k)
    s = real_type(a).with_shape((*many, k))
    return TupleType(items=(a.with_shape((*many, m, rows)), s, a.with_shape((*many, columns, n))))


def _value_svd(xp: Vocabulary, a: Array, full: bool, library: str) -> tuple[Array, ...]:
    a = unperturbed(a)
    if library == "numpy" or not a.size:
        return tuple(np.linalg.svd(a, full_matrices=full))
    m, n = a.shape[-2:]
    k = min(m, n)
    shapes = ((m, m if full else k), (k,), (n if full else k, n))
    return each_of(lambda m: lapack().svd(m, full_matrices=full), a, shapes=shapes)


def _thin(node: Node) -> tuple[Node, Node, Node]:
    """U, s and V with as many columns as there are singular values."""
    u, s, vh = results(node)
    k = s.shape[-1]
    return rigid_vectors(part(u, columns=k), s), s, rigid_vectors(adjoint(part(vh, rows=k)), s)


def _gaps(s: Node) -> Node:
    """F_ij = 1/(s_j² − s_i²), and 0 where they are equal."""
    return safe_reciprocal(differences(s) * sums(s))


def _jvp_svd(node: Node, tangents: Sequence[Node | None]) -> list[Node | None]:
    """With D = Uᴴ Ȧ V: ṡ = Re diag(D), U̇ = U (F ∘ (D S + S Dᴴ)) + (I − U Uᴴ) Ȧ V S⁻¹, and so V̇ of Aᴴ.

    A complex D turns the phases of U and V by ± Im diag(D)/2s. The further columns of a full factor, which are not determined,
    turn as little as they can.
    """
    (da,) = tangents
    if da is None:
        return [None, None, None]
    u, s, v = _thin(node)
    d, f, r = matmul(adjoint(u), da, v), _gaps(s), safe_reciprocal(s)
    du = matmul(u, weighted(scaled_columns(d, s) + scaled_rows(adjoint(d), s), f))
    dv = matmul(v, weighted(scaled_rows(d, s) + scaled_columns(adjoint(d), s), f))
    if d.type.is_complex:
        phase = imaginary(apply("imag", diagonal(d)) * r * 0.5)
        du, dv = du + scaled_columns(u, phase), dv - scaled_columns(v, phase)
    m, n = node.inputs[0].shape[-2:]
    if s.shape[-1] != m:
        du = du + scaled_columns(outside(u, matmul(da, v)), r)
    if s.shape[-1] != n:
        dv = dv + scaled_columns(outside(v, matmul(adjoint(da), u)), r)
    left, _, right = results(node)
    return [completed(left, u, du), real_part(diagonal(d)), adjoint(completed(adjoint(right), v, dv))]


def _vjp_svd(node: Node, cotangents: Cotangents) -> tuple[Node | None]:
    """Ā = U (diag(s̄) + 2 sym(F ∘ Uᴴ Ū) S + 2 S sym(F ∘ Vᴴ V̄)) Vᴴ + (I − U Uᴴ) Ū S⁻¹ Vᴴ + U S⁻¹ V̄ᴴ (I − V Vᴴ).

    Of complex matrices the middle has the phases, i Im diag(Uᴴ Ū − Vᴴ V̄)/2s, too; the bars are those of the conjugates.
    """
    u, s, v = _thin(node)
    of_u, of_s, of_vh = cotangents.bars
    f, r = _gaps(s), safe_reciprocal(s)
    inside = None if of_s is None else alike(as_diagonal(of_s), u)
    beside: Node | None = None
    turn: Node | None = None
    m, n = node.inputs[0].shape[-2:]
    if of_u is not None:
        of_u = folded(results(node)[0], u, conjugate(of_u))
        inner = matmul(adjoint(u), of_u)
        inside = plus(inside, scaled_columns(hermitian(weighted(inner, f)), s) * 2.0)
        turn = diagonal(inner)
        if s.shape[-1] != m:
            beside = matmul(scaled_columns(outside(u, of_u), r), adjoint(v))
    if of_vh is not None:
        of_v = folded(adjoint(results(node)[2]), v, adjoint(conjugate(of_vh)))
        inner = matmul(adjoint(v), of_v)
        inside = plus(inside, scaled_rows(hermitian(weighted(inner, f)), s) * 2.0)
        turn = plus(turn, -diagonal(inner))
        if s.shape[-1] != n:
            beside = plus(beside, matmul(u, adjoint(scaled_columns(outside(v, of_v), r))))
    if turn is not None and turn.type.is_complex:
        inside = plus(inside, as_diagonal(imaginary(apply("imag", turn) * r * 0.5)))
    whole = plus(None if inside is None else matmul(u, inside, adjoint(v)), beside)
    return (None if whole is None else conjugate(whole),)


svd = several(
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
