"""Eigenvalues and eigenvectors of any square matrix, A V = V diag(w); they are complex.

The columns of V have the norm 1, and their largest entry is real: so LAPACK scales them, and the derivative keeps that. What the
rules do where eigenvalues are equal is said in `equal_values`.

Source: M. B. Giles (2008), Collected matrix derivative results, 3.1; C. Boeddeker, P. Hanebrink, L. Drude, J. Heymann,
R. Haeb-Umbach (2017), On the computation of complex-valued gradients, 4.13, for the scale of the columns.
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
from wengert.core.ops.complex_numbers import WHOLE, conjugate, real_part
from wengert.core.ops.control import Cotangents, results
from wengert.core.ops.equal_values import gaps, rigid_vectors
from wengert.core.ops.matrices import (
    STACKS,
    Array,
    as_diagonal,
    batch_of,
    check_square,
    diagonal,
    imaginary,
    matmul,
    plus,
    safe_reciprocal,
    scaled_columns,
    transposed,
)

np: Any = numpy


def _infer(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    (a,) = types
    check_square("eig", a, "analytic")
    whole = a.with_dtype(WHOLE.get(a.dtype, a.dtype))
    part = {"complex64": "float32", "complex128": "float64"}[whole.dtype]
    return TupleType(items=(whole.with_shape(a.shape[:-1]), whole, a.with_dtype(part)))


def _value(xp: Vocabulary, a: Array) -> tuple[Array, ...]:
    found = np.linalg.eig(a)
    v = found.eigenvectors
    whole = np.result_type(a.dtype, np.complex64)
    largest = np.zeros(v.shape, dtype=whole.type(0).real.dtype)
    if v.size:
        np.put_along_axis(largest, np.argmax(np.abs(v), axis=-2)[..., None, :], 1, axis=-2)
    return found.eigenvalues.astype(whole), v.astype(whole), largest


def _column_sums(x: Node) -> Node:
    return apply("sum", x, axes=(x.type.rank - 2,))


def _scale(v: Node, largest: Node) -> Node:
    """1 over the largest entry of each column, which is real."""
    return safe_reciprocal(_column_sums(apply("real", v) * largest))


def _jvp(node: Node, tangents: Sequence[Node | None]) -> list[Node | None]:
    """ẇ = diag(D), V̇ = X − V diag(c) with D = V⁻¹ Ȧ V and X = V (F ∘ D); c keeps the norm and the phase of each column."""
    (da,) = tangents
    if da is None:
        return [None, None, None]
    w, v, largest = results(node)
    v = rigid_vectors(v, w)
    da = da if da.type.is_complex else apply("cast", da, dtype=v.type.dtype)
    d = apply("solve", v, matmul(da, v))
    x = matmul(v, gaps(w) * d)
    length = _column_sums(apply("real", conjugate(v) * x))
    phase = _column_sums(apply("imag", x) * largest) * _scale(v, largest)
    return [diagonal(d), x - scaled_columns(v, apply("complex", length, phase)), None]


def _vjp(node: Node, cotangents: Cotangents) -> tuple[Node | None]:
    """Ā = V⁻ᵀ (diag(w̄) + F ∘ Vᵀ X̄) Vᵀ, its real part of a real matrix.

    With g_j = Σ_i V̄_ij v_ij it is X̄_ij = V̄_ij − Re(g_j) v*_ij − i Im(g_j)/v_kj at the largest entry k = i.
    """
    w, v, largest = results(node)
    v = rigid_vectors(v, w)
    of_w, of_v, _ = cotangents.bars
    turned: Node | None = None
    if of_v is not None:
        g = _column_sums(of_v * v)
        kept = scaled_columns(conjugate(v), apply("cast", apply("real", g), dtype=v.type.dtype))
        phase = scaled_columns(largest, apply("imag", g) * _scale(v, largest))
        turned = gaps(w) * matmul(transposed(v), of_v - kept - imaginary(phase))
    inside = plus(None if of_w is None else as_diagonal(of_w), turned)
    if inside is None:
        return (None,)
    bar = apply("solve", transposed(v), matmul(inside, transposed(v)))
    return (bar if node.inputs[0].type.is_complex else real_part(bar),)


def _draw(rng: Any, turned: bool, *shape: int) -> Array:
    """Matrices with eigenvalues well apart, real ones with a conjugate pair."""
    n = shape[-1]
    a = rng.uniform(0.1, 0.3, size=shape) + np.diag(np.arange(n) * 1.5)
    if turned:
        return a + 1j * rng.uniform(0.1, 0.3, size=shape)
    if n > 2:
        a[..., 0, 1] += 3
        a[..., 1, 0] -= 3
    return a


eig = register(
    Op(
        "eig",
        "The eigenvalues w, the matrix V of eigenvectors, and 1 at the largest entry of each of its columns.",
        "general",
        1,
        _infer,
        _value,
        _jvp,
        _vjp,
        batch_of(results),
        unwritten("eig"),
        lambda rng: [
            ([_draw(rng, turned, *many, n, n)], {}) for many in STACKS for n in (3, 1, 0, 2) for turned in (False, True)
        ],
        (((ArrayType((3, 2)),), {}, "not square"), ((ArrayType((3,)),), {}, "no two axes")),
    )
)
