"""Determinants: det A with its cofactors, which are right for singular matrices too, and log |det A| with the sign.

Source: M. B. Giles (2008), Collected matrix derivative results, 2.2.4; the cofactors of a product are the product of the
cofactors (Cauchy and Binet), and those of a diagonal matrix are products of its other entries.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from wengert.core.ir.graph import Node, apply
from wengert.core.ir.notation import unwritten
from wengert.core.ir.op import Op, Params, register
from wengert.core.ir.types import ArrayType, TupleType
from wengert.core.ir.vocabulary import Vocabulary
from wengert.core.ops.control import Cotangents, results
from wengert.core.ops.kinds import ErrorCases, general
from wengert.core.ops.matrices import (
    STACKS,
    Array,
    batch_of,
    batch_stacks,
    check_pair,
    check_square,
    imaginary,
    inner,
    is_perturbed,
    matmul,
    plus,
    real_type,
    scaled,
    trace,
    transposed,
    well_conditioned,
)

np: Any = numpy
REFUSED: ErrorCases = (((ArrayType((3, 2)),), {}, "not square"), ((ArrayType((3,)),), {}, "no two axes"))


def _singular(rng: Any, *shape: int) -> Array:
    """Matrices without their last row's worth of rank."""
    a = well_conditioned(rng, *shape)
    return a - a[..., :1, :] if shape[-1] == 1 else a * (np.arange(shape[-1]) > 0)[:, None]


def _square_samples(rng: Any) -> list[tuple[list[Any], dict[str, Any]]]:
    return [
        ([draw(rng, *many, n, n)], {})
        for many in STACKS
        for n in (3, 1, 0, 2)
        for draw in (well_conditioned, _singular)
    ]


# ---------------------------------------------------------------- det


def _infer_det(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    check_square("det", types[0], "analytic")
    return types[0].with_shape(types[0].shape[:-2])


det = general(
    "det",
    "det A of each matrix in the last two axes.",
    infer=_infer_det,
    value=lambda xp, a: xp.asarray(xp.linalg.det(a)),
    # The derivative by a_ij is the cofactor of a_ij.
    jvp=lambda node, tangents: None if tangents[0] is None else inner(apply("cofactors", node.inputs[0]), tangents[0]),
    vjp=lambda node, cotangent: (scaled(apply("cofactors", node.inputs[0]), cotangent),),
    batch=batch_stacks,
    notation=unwritten("det"),
    samples=_square_samples,
    errors=(*REFUSED, ((ArrayType((2, 2), "int64"),), {}, "not int64")),
    regular=True,
    law="derivative of the determinant",
)


# ---------------------------------------------------------------- cofactors


def _decomposed(a: Array) -> tuple[Array, Array, Array, Array]:
    """det U det V, U, the singular values, Vᵀ, conjugated so that A⁻ᵀ = U S⁻¹ Vᵀ."""
    u, s, v = np.linalg.svd(a)
    return (np.linalg.det(u) * np.linalg.det(v))[..., None, None], u.conj(), s, v.conj()


def _others(s: Array) -> Array:
    """Π s_k over k other than i, at place i; no division."""
    kept = ~np.eye(s.shape[-1], dtype=bool)
    return np.prod(np.where(kept, s[..., None, :], 1), axis=-1)


def _other_pairs(s: Array) -> Array:
    """P_ij = Π s_k over k other than i and j, and P_ii = 0; no division where a value is small."""
    n = s.shape[-1]
    if np.all(s > s.max(axis=-1, keepdims=True, initial=0) * 1e-6):
        pairs = np.prod(s, axis=-1)[..., None, None] / (s[..., :, None] * s[..., None, :])
    else:
        i, j, k = np.ogrid[:n, :n, :n]
        pairs = np.prod(np.where((k == i) | (k == j), 1, s[..., None, None, :]), axis=-1)
    return np.where(np.eye(n) > 0, 0, pairs)


def _value_cofactors(xp: Vocabulary, a: Array) -> Array:
    """det U det V · U diag(Π_(k≠i) s_k) Vᵀ; of complex matrices det A · A⁻ᵀ, whose parts small and large stay apart."""
    if np.iscomplexobj(a) and _is_regular(a):
        return np.linalg.det(a)[..., None, None] * np.linalg.inv(a).swapaxes(-1, -2)
    sign, u, s, v = _decomposed(a)
    return (sign * ((u * _others(s)[..., None, :]) @ v)).astype(a.dtype, copy=False)


def _is_regular(a: Array) -> bool:
    """Whether the complex matrices can be inverted.

    Raises TypeError for a singular real matrix with a perturbation, which no decomposition keeps apart.
    """
    regular = bool(np.all(np.abs(np.linalg.det(a)) > np.finfo(a.dtype).eps))
    if not regular and is_perturbed(a):
        raise TypeError("no analytic continuation at a singular matrix")
    return regular


def _infer_cofactors(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    check_square("cofactors", types[0], "analytic")
    return types[0]


def _slope(node: Node, signal: Node | None) -> Node | None:
    """The second derivative of det is symmetric, so one map serves both modes."""
    return None if signal is None else apply("cofactor_slopes", node.inputs[0], signal)


cofactors = general(
    "cofactors",
    "C = ∂ det A/∂A of each matrix: det A · A⁻ᵀ, and its limit where A is singular.",
    infer=_infer_cofactors,
    value=_value_cofactors,
    jvp=lambda node, tangents: _slope(node, tangents[0]),
    vjp=lambda node, cotangent: (_slope(node, cotangent),),
    batch=batch_stacks,
    notation=unwritten("cofactors"),
    samples=lambda rng: [
        ([well_conditioned(rng, *many, n, n)], {}) for many in STACKS for n in (3, 1, 0, 2) for _ in range(2)
    ],
    errors=REFUSED,
)


def _value_slopes(xp: Vocabulary, a: Array, e: Array) -> Array:
    """With A = U S Vᵀ, D = Uᵀ E V and P_ij = Π_(k≠i,j) s_k: the diagonal Σ_j P_ij D_jj, beside it −P_ij D_ji, turned back."""
    if np.iscomplexobj(a) and _is_regular(a):
        y = np.linalg.inv(a)
        total = np.trace(y @ e, axis1=-2, axis2=-1)[..., None, None]
        return np.linalg.det(a)[..., None, None] * (total * y - y @ e @ y).swapaxes(-1, -2)
    sign, u, s, v = _decomposed(a)
    pairs = _other_pairs(s)
    d = u.swapaxes(-1, -2) @ e @ v.swapaxes(-1, -2)
    n = s.shape[-1]
    inside = -pairs * d.swapaxes(-1, -2)
    inside[..., range(n), range(n)] = (pairs @ np.diagonal(d, axis1=-2, axis2=-1)[..., None])[..., 0]
    return (sign * (u @ inside @ v)).astype(np.result_type(a, e), copy=False)


def _infer_slopes(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    check_square("cofactor_slopes", types[0], "analytic")
    check_pair("cofactor_slopes", types[0].shape == types[1].shape, types)
    return types[0]


def _third(a: Node, e: Node, f: Node) -> Node | None:
    """The third derivative of det along E and F as a matrix, for regular A; zero up to 2×2.

    With Y = A⁻¹ and e = YE, f = YF it is det A times the transpose of
    (tr e tr f − tr ef) Y − tr f · eY − tr e · fY + efY + feY.
    """
    if a.shape[-1] in (0, 1, 2):
        return None
    y = apply("inv", a)
    left, right = matmul(y, e), matmul(y, f)
    t, u = trace(left), trace(right)
    turned = (
        scaled(y, t * u - inner(left, transposed(right)))
        - scaled(matmul(left, y), u)
        - scaled(matmul(right, y), t)
        + matmul(left, right, y)
        + matmul(right, left, y)
    )
    return scaled(transposed(turned), apply("det", a))


def _jvp_slopes(node: Node, tangents: Sequence[Node | None]) -> Node | None:
    (a, e), (da, de) = node.inputs, tangents
    return plus(None if da is None else _third(a, e, da), _slope(node, de))


cofactor_slopes = general(
    "cofactor_slopes",
    "The derivative of the cofactors of A along E, of each pair of matrices; its own derivative by A is that of regular A.",
    arity=2,
    infer=_infer_slopes,
    value=_value_slopes,
    jvp=_jvp_slopes,
    vjp=lambda node, cotangent: (_third(node.inputs[0], node.inputs[1], cotangent), _slope(node, cotangent)),
    batch=batch_stacks,
    notation=unwritten("cofactor_slopes"),
    samples=lambda rng: [
        ([well_conditioned(rng, *many, n, n), rng.normal(size=(*many, n, n))], {})
        for many in STACKS
        for n in (4, 1, 0, 2)
        for _ in range(2)
    ],
    errors=(
        ((ArrayType((3, 2)), ArrayType((3, 2))), {}, "not square"),
        ((ArrayType((3, 3)), ArrayType((2, 2))), {}, "that fit"),
    ),
)


# ---------------------------------------------------------------- log |det A|


def _infer_slogdet(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    check_square("slogdet", types[0], "analytic")
    number = types[0].with_shape(types[0].shape[:-2])
    return TupleType(items=(number, real_type(number)))


def _value_slogdet(xp: Vocabulary, a: Array) -> tuple[Array, Array]:
    if is_perturbed(a):  # a perturbed real matrix: the angle of the determinant is that of the perturbation
        sign, size = np.linalg.slogdet(a)
        real = np.sign(sign.real)
        return real, size + 1j * (sign / np.where(real == 0, 1, real)).imag
    sign, size = np.linalg.slogdet(a)
    return np.asarray(sign), np.asarray(size)


def _jvp_slogdet(node: Node, tangents: Sequence[Node | None]) -> list[Node | None]:
    """d log det A = tr A⁻¹ Ȧ: its real part is that of log |det A|, its imaginary part turns the sign, which else stays."""
    if tangents[0] is None:
        return [None, None]
    moved = inner(transposed(apply("inv", node.inputs[0])), tangents[0])
    if not moved.type.is_complex:
        return [None, moved]
    sign, _ = results(node)
    return [sign * imaginary(apply("imag", moved)), apply("real", moved)]


def _vjp_slogdet(node: Node, cotangents: Cotangents) -> tuple[Node | None]:
    of_sign, bar = cotangents.bars
    if node.inputs[0].type.is_complex:
        turn = None if of_sign is None else imaginary(apply("imag", of_sign * results(node)[0]))
        bar = plus(None if bar is None else apply("cast", bar, dtype=node.inputs[0].type.dtype), turn)
    return (None if bar is None else scaled(transposed(apply("inv", node.inputs[0])), bar),)


slogdet = register(
    Op(
        "slogdet",
        "The sign of det A and log |det A|, of each matrix in the last two axes.",
        "general",
        1,
        _infer_slogdet,
        _value_slogdet,
        _jvp_slogdet,
        _vjp_slogdet,
        batch_of(results),
        unwritten("slogdet"),
        lambda rng: [
            ([well_conditioned(rng, *many, n, n)], {}) for many in STACKS for n in (3, 1, 0, 2) for _ in range(2)
        ],
        REFUSED,
    )
)
