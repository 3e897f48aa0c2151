"""Factors of a Hermitian matrix: L Lᴴ (Cholesky) and V diag(w) Vᴴ (eigenvalues).

NumPy reads one triangle of a symmetric matrix, and so does the derivative: `mirror` makes the matrix that is meant.
Eigenvectors of equal values are not unique; `equal_values` says what the rules do there.

Source: I. Murray (2016), Differentiation of the Cholesky decomposition, arXiv:1602.07527; M. B. Giles (2008), Collected matrix
derivative results, 3.1 and 3.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from wengert.core.ir.graph import Node, apply
from wengert.core.ir.notation import unwritten
from wengert.core.ir.op import Infer, Params
from wengert.core.ir.types import ArrayType, TupleType
from wengert.core.ir.vocabulary import Vocabulary
from wengert.core.ops.complex_numbers import conjugate, real_part
from wengert.core.ops.control import Cotangents, results
from wengert.core.ops.equal_values import gaps, rigid_vectors
from wengert.core.ops.kinds import general
from wengert.core.ops.matrices import (
    STACKS,
    Array,
    adjoint,
    alike,
    as_diagonal,
    batch_stacks,
    check_square,
    diagonal,
    each_of,
    hermitian,
    is_perturbed,
    lapack,
    matmul,
    near_diagonal,
    plus,
    positive_definite,
    real_type,
    several,
    skew,
    triangle,
    unperturbed,
    weighted,
)

np: Any = numpy
NOT_SQUARE = ArrayType((3, 2))
VECTOR = ArrayType((3,))


# ---------------------------------------------------------------- symmetric matrices


def _infer_square(name: str) -> Infer:
    def infer(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
        check_square(name, types[0], "analytic")
        return types[0]

    return infer


def _value_mirror(xp: Vocabulary, a: Array, lower: bool) -> Array:
    """The step of a complex one is a direction, and moves as the derivative says."""
    if is_perturbed(a):
        return _value_mirror(xp, a.real, lower) + 1j * _value_mirror(xp, a.imag, lower)
    kept = np.tril(a, -1) if lower else np.triu(a, 1)
    return kept + kept.conj().swapaxes(-1, -2) + a.real * np.eye(a.shape[-1], dtype=a.real.dtype)


def _unfolded(bar: Node, lower: bool) -> Node:
    """Each entry that is read gets the signals of both places where it stands; of the diagonal the real part is read."""
    middle = triangle(triangle(bar, True), False)
    if bar.type.is_complex:
        middle = apply("cast", real_part(middle), dtype=bar.type.dtype)
    return triangle(bar + adjoint(bar), lower, strict=True) + middle


mirror = general(
    "mirror",
    "The Hermitian matrix of which A holds the lower (or upper) triangle; the other is not read.",
    infer=_infer_square("mirror"),
    value=_value_mirror,
    jvp=lambda node, tangents: None if tangents[0] is None else apply("mirror", tangents[0], **node.params),
    vjp=lambda node, cotangent: (_unfolded(cotangent, node.params["lower"]),),
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


def _value_cholesky(xp: Vocabulary, a: Array) -> Array:
    return np.linalg.cholesky(_hermitian(unperturbed(a)))


def _hermitian(a: Array) -> Array:
    """(A + Aᴴ)/2 of each matrix."""
    return (a + a.conj().swapaxes(-1, -2)) / 2


def _halved(x: Node) -> Node:
    """Φ(X): the lower triangle with half the diagonal."""
    return triangle(x) - as_diagonal(diagonal(x)) * 0.5


def _against(factor: Node, x: Node, *, transpose: bool) -> Node:
    """L⁻¹ X, or L⁻ᴴ X."""
    factor = conjugate(factor) if transpose else factor
    return apply("solve_triangular", factor, x, lower=True, transpose=transpose, unit=False)


def _jvp_cholesky(node: Node, tangents: Sequence[Node | None]) -> Node | None:
    """L̇ = L Φ(L⁻¹ Ȧ L⁻ᴴ)."""
    if tangents[0] is None:
        return None
    left = _against(node, hermitian(tangents[0]), transpose=False)
    return matmul(node, _halved(_against(node, adjoint(left), transpose=False)))


def _vjp_cholesky(node: Node, cotangent: Node) -> tuple[Node]:
    """Ā = L⁻ᴴ Φ(Lᴴ L̄) L⁻¹, made Hermitian; bars of complex numbers are those of the conjugates here."""
    inside = _halved(matmul(adjoint(node), triangle(conjugate(cotangent))))
    left = _against(node, inside, transpose=True)
    return (conjugate(hermitian(_against(node, adjoint(left), transpose=True))),)


cholesky = general(
    "cholesky",
    "L, lower triangular, with L Lᴴ = (A + Aᴴ)/2, of each positive definite matrix in the last two axes.",
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
    check_square("eigh", a, "analytic")
    return TupleType(items=(real_type(a).with_shape(a.shape[:-1]), a))


def _value_eigh(xp: Vocabulary, a: Array, lower: bool, library: str) -> tuple[Array, ...]:
    a = _hermitian(unperturbed(a))
    if library == "scipy":
        return each_of(lambda m: lapack().eigh(m, lower=lower), a, shapes=(a.shape[-1:], a.shape[-2:]))
    return tuple(np.linalg.eigh(a, "L" if lower else "U"))


def _jvp_eigh(node: Node, tangents: Sequence[Node | None]) -> list[Node | None]:
    """ẇ = diag(D), V̇ = V (F ∘ D) with D = Vᴴ Ȧ V."""
    if tangents[0] is None:
        return [None, None]
    w, v = results(node)
    v = rigid_vectors(v, w)
    d = matmul(adjoint(v), hermitian(tangents[0]), v)
    return [real_part(diagonal(d)), matmul(v, weighted(d, gaps(w)))]


def _vjp_eigh(node: Node, cotangents: Cotangents) -> tuple[Node | None]:
    """Ā = V (diag(w̄) + F ∘ (Vᴴ V̄)) Vᴴ, made Hermitian; bars of complex numbers are those of the conjugates here."""
    w, v = results(node)
    v = rigid_vectors(v, w)
    of_w, of_v = cotangents.bars
    turned = None if of_v is None else weighted(skew(matmul(adjoint(v), conjugate(of_v))), gaps(w))
    inside = plus(None if of_w is None else alike(as_diagonal(of_w), v), turned)
    return (None if inside is None else conjugate(hermitian(matmul(v, inside, adjoint(v)))),)


eigh = several(
    "eigh",
    "The eigenvalues w in ascending order and the matrix V of eigenvectors of each Hermitian matrix (A + Aᴴ)/2.",
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
