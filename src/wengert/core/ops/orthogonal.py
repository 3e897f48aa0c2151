"""A = Q R, with orthonormal columns of Q and an upper triangular R; and a mark for full factors, which have no derivative.

Source: S. F. Walter and L. Lehmann (2010), Algorithmic differentiation of linear algebra functions with application in optimum
experimental design; for wide matrices D. Roberts and L. Roberts (2020), QR and LQ decomposition matrix backpropagation algorithms,
arXiv:2009.10071.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import numpy

from wengert.core.ir.graph import Node, apply
from wengert.core.ir.notation import unwritten
from wengert.core.ir.op import Params
from wengert.core.ir.types import ArrayType, TupleType
from wengert.core.ir.vocabulary import Vocabulary
from wengert.core.ops.control import Cotangents, results
from wengert.core.ops.kinds import general
from wengert.core.ops.matrices import (
    LIBRARIES,
    STACKS,
    Array,
    batch_stacks,
    check_matrix,
    completed,
    each_of,
    folded,
    lapack,
    matmul,
    outside,
    part,
    plus,
    rest,
    several,
    smaller,
    transposed,
    triangle,
    unperturbed,
    well_conditioned,
)
from wengert.errors import GraphError

np: Any = numpy
VECTOR = ArrayType((3,))


def _infer_qr(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    (a,) = types
    check_matrix("qr", a)
    *many, m, n = a.shape
    k = m if params["full"] else smaller(m, n)
    return TupleType(items=(a.with_shape((*many, m, k)), a.with_shape((*many, k, n))))


def _value_qr(xp: Vocabulary, a: Array, full: bool, library: str) -> tuple[Array, ...]:
    if library == "numpy" or not a.size:
        return tuple(np.linalg.qr(unperturbed(a), "complete" if full else "reduced"))
    m, n = a.shape[-2:]
    k = m if full else min(m, n)
    return each_of(
        lambda m: lapack().qr(m, mode="full" if full else "economic"), unperturbed(a), shapes=((m, k), (k, n))
    )


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
        dq = dq + outside(thin, over)
    dr = triangle(matmul(transposed(thin), da) - matmul(turn, upper), lower=False)
    missing = (*(0,) * (r.type.rank - 2), r.shape[-2] - k, 0)
    if any(missing):
        dr = apply("pad", dr, low=(0,) * dr.type.rank, high=missing)
    return [completed(q, thin, dq), dr]


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
        of_q = folded(q, part(q, columns=k), of_q)
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


qr = several(
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


def _refuse_columns(node: Node) -> NoReturn:
    fact = "  only the space that they span is a function of the matrix"
    raise GraphError(
        f"The further columns of the full factor of '{node.params['name']}' are not determined by the matrix, and have no derivative.",
        f"{node.source}\n{fact}" if isinstance(node.source, str) else fact,
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
    jvp=lambda node, tangents: _refuse_columns(node),
    vjp=lambda node, cotangent: _refuse_columns(node),
    batch=batch_stacks,
    notation=unwritten("undetermined"),
    samples=lambda rng: [],
    errors=(((VECTOR, ArrayType((3, 2))), {"name": "qr"}, "no two axes"),),
)
