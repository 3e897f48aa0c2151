"""Linear equations: A⁻¹B for any and for triangular A, the inverse, the pseudoinverse, and A X + X B = C.

Source: M. B. Giles (2008), Collected matrix derivative results for forward and reverse mode algorithmic differentiation,
section 2.2; G. H. Golub and V. Pereyra (1973), The differentiation of pseudo-inverses and nonlinear least squares problems.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from wengert.core.ir.graph import Node, apply
from wengert.core.ir.notation import unwritten
from wengert.core.ir.op import Params
from wengert.core.ir.types import ArrayType
from wengert.core.ir.vocabulary import Vocabulary
from wengert.core.ops.complex_numbers import conjugate
from wengert.core.ops.kinds import ErrorCases, general
from wengert.core.ops.matrices import (
    STACKS,
    Array,
    adjoint,
    batch_sharing,
    batch_stacks,
    check_matrix,
    check_pair,
    check_square,
    each,
    identities,
    lapack,
    matmul,
    plus,
    transposed,
    triangle,
    triangular,
    unperturbed,
    well_conditioned,
)
from wengert.core.ops.scipy_functions import is_installed

np: Any = numpy
MATRIX, VECTOR = ArrayType((3, 3)), ArrayType((3,))
REFUSED: ErrorCases = (((ArrayType((3, 2)),), {}, "not square"), ((VECTOR,), {}, "no two axes"))


# ---------------------------------------------------------------- A⁻¹ B


def _infer_solve(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    a, b = types
    check_square("solve", a, "analytic")
    check_matrix("solve", b, "analytic")
    check_pair("solve", a.shape[:-1] == b.shape[:-1], types)
    return b


def _jvp_solve(node: Node, tangents: Sequence[Node | None]) -> Node | None:
    """Ẋ = A⁻¹ (Ḃ − Ȧ X)."""
    a, (da, db) = node.inputs[0], tangents
    right = plus(db, None if da is None else -matmul(da, node))
    return None if right is None else apply("solve", a, right)


def _vjp_solve(node: Node, cotangent: Node) -> tuple[Node, Node]:
    """B̄ = A⁻ᵀ X̄, Ā = −B̄ Xᵀ."""
    b = apply("solve", transposed(node.inputs[0]), cotangent)
    return -matmul(b, transposed(node)), b


solve = general(
    "solve",
    "X = A⁻¹ B, of each pair of matrices in the last two axes.",
    arity=2,
    infer=_infer_solve,
    value=lambda xp, a, b: xp.linalg.solve(a, b),
    jvp=_jvp_solve,
    vjp=_vjp_solve,
    batch=batch_sharing,
    notation=unwritten("solve"),
    samples=lambda rng: [
        ([well_conditioned(rng, *many, n, n), rng.normal(size=(*many, n, k))], {})
        for many in STACKS
        for n, k in ((3, 2), (1, 1), (0, 2), (2, 0), (4, 1))
        for _ in range(2)
    ],
    errors=(
        ((ArrayType((3, 2)), MATRIX), {}, "not square"),
        ((MATRIX, VECTOR), {}, "no two axes"),
        ((MATRIX, ArrayType((2, 3))), {}, "that fit"),
        ((MATRIX, ArrayType((3, 3), "int64")), {}, "not int64"),
    ),
    regular=True,
)


# ---------------------------------------------------------------- triangular A


def _infer_triangular(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    a, b = types
    check_square("solve_triangular", a, "analytic")
    check_matrix("solve_triangular", b, "analytic")
    check_pair("solve_triangular", a.shape[:-1] == b.shape[:-1], types)
    return b


def substituted(a: Array, b: Array, lower: bool, transpose: bool, unit: bool) -> Array:
    """A⁻¹ B of triangular A without SciPy: of an upper triangle NumPy's elimination is substitution, a lower one is turned round."""
    factor = np.tril(a) if lower else np.triu(a)
    if unit:
        n = a.shape[-1]
        factor[..., range(n), range(n)] = 1
    if transpose:
        factor = np.swapaxes(factor, -1, -2)
    if lower == transpose:
        return np.linalg.solve(factor, b)
    return np.linalg.solve(factor[..., ::-1, ::-1], b[..., ::-1, :])[..., ::-1, :]


def _value_triangular(xp: Vocabulary, a: Array, b: Array, lower: bool, transpose: bool, unit: bool) -> Array:
    def one(a: Array, b: Array) -> Array:
        return lapack().solve_triangular(
            a, b, trans=int(transpose), lower=lower, unit_diagonal=unit, check_finite=False
        )

    if not b.size:
        return np.zeros(b.shape, np.result_type(a, b))
    if not is_installed("scipy.linalg"):
        return substituted(a, b, lower, transpose, unit)
    return each(one, a, b, shape=b.shape[-2:])


def _jvp_triangular(node: Node, tangents: Sequence[Node | None]) -> Node | None:
    a, (da, db) = node.inputs[0], tangents
    if da is not None:
        da = triangle(da, node.params["lower"], strict=node.params["unit"])
        da = -matmul(transposed(da) if node.params["transpose"] else da, node)
    right = plus(db, da)
    return None if right is None else apply("solve_triangular", a, right, **node.params)


def _vjp_triangular(node: Node, cotangent: Node) -> tuple[Node, Node]:
    """B̄ by the transposed matrix; Ā = −B̄ Xᵀ, or −X B̄ᵀ where A is transposed, in the triangle that is read."""
    params = node.params
    b = apply("solve_triangular", node.inputs[0], cotangent, **{**params, "transpose": not params["transpose"]})
    outer = matmul(node, transposed(b)) if params["transpose"] else matmul(b, transposed(node))
    return -triangle(outer, params["lower"], strict=params["unit"]), b


solve_triangular = general(
    "solve_triangular",
    "X = A⁻¹ B, or A⁻ᵀ B, where of each matrix A one triangle is read; with `unit` the diagonal is taken to be 1.",
    arity=2,
    infer=_infer_triangular,
    value=_value_triangular,
    jvp=_jvp_triangular,
    vjp=_vjp_triangular,
    batch=batch_sharing,
    notation=unwritten("solve_triangular"),
    samples=lambda rng: [
        (
            [triangular(rng, *many, n, n, lower=lower), rng.normal(size=(*many, n, k))],
            {"lower": lower, "transpose": transpose, "unit": unit},
        )
        for many, n, k in (((), 3, 2), ((), 1, 1), ((2,), 3, 1), ((), 0, 2), ((2, 2), 2, 2))
        for lower in (True, False)
        for transpose in (True, False)
        for unit in (True, False)
    ],
    errors=(
        ((ArrayType((3, 2)), MATRIX), {"lower": True, "transpose": False, "unit": False}, "not square"),
        ((MATRIX, ArrayType((2, 3))), {"lower": True, "transpose": False, "unit": False}, "that fit"),
    ),
)


# ---------------------------------------------------------------- the inverse


def _infer_inv(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    check_square("inv", types[0], "analytic")
    return types[0]


def _jvp_inv(node: Node, tangents: Sequence[Node | None]) -> Node | None:
    """−A⁻¹ Ȧ A⁻¹."""
    return None if tangents[0] is None else -matmul(node, tangents[0], node)


def _vjp_inv(node: Node, cotangent: Node) -> tuple[Node]:
    """−A⁻ᵀ Ȳ A⁻ᵀ."""
    back = transposed(node)
    return (-matmul(back, cotangent, back),)


inv = general(
    "inv",
    "A⁻¹ of each matrix in the last two axes.",
    infer=_infer_inv,
    value=lambda xp, a: xp.linalg.inv(a),
    jvp=_jvp_inv,
    vjp=_vjp_inv,
    batch=batch_stacks,
    notation=unwritten("inv"),
    samples=lambda rng: [
        ([well_conditioned(rng, *many, n, n)], {}) for many in STACKS for n in (3, 1, 0, 4) for _ in range(2)
    ],
    errors=(*REFUSED, ((ArrayType((2, 2), "bool"),), {}, "not bool")),
    regular=True,
    law="derivative of the inverse",
)


# ---------------------------------------------------------------- the pseudoinverse


def _infer_pinv(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    (a,) = types
    check_matrix("pinv", a, "analytic")
    return a.with_shape((*a.shape[:-2], a.shape[-1], a.shape[-2]))


def _projections(node: Node) -> tuple[Node, Node]:
    """I − A A⁺ and I − A⁺ A."""
    left, right = matmul(node.inputs[0], node), matmul(node, node.inputs[0])
    return identities(left.type) - left, identities(right.type) - right


def _jvp_pinv(node: Node, tangents: Sequence[Node | None]) -> Node | None:
    """−Y Ȧ Y + Y Yᴴ Ȧᴴ (I − A Y) + (I − Y A) Ȧᴴ Yᴴ Y with Y = A⁺, where the rank stays."""
    (da,) = tangents
    if da is None:
        return None
    back, (left, right) = adjoint(node), _projections(node)
    turned = adjoint(da)
    first = matmul(node, matmul(back, matmul(turned, left)))
    return first + matmul(matmul(matmul(right, turned), back), node) - matmul(node, da, node)


def _vjp_pinv(node: Node, cotangent: Node) -> tuple[Node]:
    """−Yᴴ Ȳ Yᴴ + (I − A Y) Ȳᴴ Y Yᴴ + Yᴴ Y Ȳᴴ (I − Y A); bars of complex numbers are those of the conjugates here."""
    back, (left, right) = adjoint(node), _projections(node)
    bar = conjugate(cotangent)
    turned = adjoint(bar)
    first = matmul(matmul(matmul(left, turned), node), back)
    return (conjugate(first + matmul(back, matmul(node, matmul(turned, right))) - matmul(back, bar, back)),)


def _value_pinv(xp: Vocabulary, a: Array, rcond: float | None, hermitian: bool) -> Array:
    """Singular values up to `rcond` times the largest count as 0."""
    cut: Any = {} if rcond is None else {"rcond": rcond}
    return np.linalg.pinv(unperturbed(a), hermitian=hermitian, **cut)


pinv = general(
    "pinv",
    "A⁺, the pseudoinverse of each matrix in the last two axes; its derivative is that at constant rank.",
    infer=_infer_pinv,
    value=_value_pinv,
    jvp=_jvp_pinv,
    vjp=_vjp_pinv,
    batch=batch_stacks,
    notation=unwritten("pinv"),
    samples=lambda rng: [
        ([well_conditioned(rng, *many, m, n)], {"rcond": None, "hermitian": False})
        for many in STACKS
        for m, n in ((3, 3), (4, 2), (2, 4), (1, 1), (3, 0))
        for _ in range(2)
    ],
    errors=(((VECTOR,), {"rcond": None, "hermitian": False}, "no two axes"),),
)


# ---------------------------------------------------------------- A X + X B = C


def _infer_sylvester(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    a, b, c = types
    check_square("solve_sylvester", a, "analytic")
    check_square("solve_sylvester", b, "analytic")
    check_matrix("solve_sylvester", c, "analytic")
    many = c.shape[:-2]
    check_pair("solve_sylvester", a.shape == (*many, c.shape[-2], c.shape[-2]), (a, c))
    check_pair("solve_sylvester", b.shape == (*many, c.shape[-1], c.shape[-1]), (b, c))
    return c


def _value_sylvester(xp: Vocabulary, a: Array, b: Array, c: Array) -> Array:
    if not c.size:
        return np.zeros_like(c)
    return each(lapack().solve_sylvester, unperturbed(a), unperturbed(b), unperturbed(c), shape=c.shape[-2:])


def _jvp_sylvester(node: Node, tangents: Sequence[Node | None]) -> Node | None:
    """A Ẋ + Ẋ B = Ċ − Ȧ X − X Ḃ."""
    da, db, dc = tangents
    right = plus(dc, None if da is None else -matmul(da, node), None if db is None else -matmul(node, db))
    return None if right is None else apply("solve_sylvester", node.inputs[0], node.inputs[1], right)


def _vjp_sylvester(node: Node, cotangent: Node) -> tuple[Node, Node, Node]:
    """Aᵀ C̄ + C̄ Bᵀ = X̄, Ā = −C̄ Xᵀ, B̄ = −Xᵀ C̄."""
    c = apply("solve_sylvester", transposed(node.inputs[0]), transposed(node.inputs[1]), cotangent)
    back = transposed(node)
    return -matmul(c, back), -matmul(back, c), c


solve_sylvester = general(
    "solve_sylvester",
    "X with A X + X B = C, of each three matrices in the last two axes.",
    arity=3,
    infer=_infer_sylvester,
    value=_value_sylvester,
    jvp=_jvp_sylvester,
    vjp=_vjp_sylvester,
    batch=batch_stacks,
    notation=unwritten("solve_sylvester"),
    samples=lambda rng: [
        (
            [
                triangular(rng, *many, m, m) ** 2 + np.eye(m),
                triangular(rng, *many, n, n) ** 2 + np.eye(n),
                rng.normal(size=(*many, m, n)),
            ],
            {},
        )
        for many in STACKS
        for m, n in ((3, 2), (1, 1), (2, 2), (0, 2))
        for _ in range(2)
    ],
    errors=(
        ((MATRIX, MATRIX, ArrayType((2, 3))), {}, "that fit"),
        ((MATRIX, ArrayType((2, 3)), MATRIX), {}, "not square"),
        ((MATRIX, ArrayType((2, 2)), MATRIX), {}, "that fit"),
    ),
)
