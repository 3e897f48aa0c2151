"""Matrices: factors, roots and equations, by LAPACK's calls of XLA. A stack without entries has a branch of its own: XLA takes none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from wengert.targets.xla.library import jax, jnp, lax, linalg

Array = Any
ROOT_STEPS = 30
"""Steps of the iteration for a square root, which converges quadratically."""


def adjoint(a: Array) -> Array:
    """Aᴴ of each matrix."""
    return jnp.conj(jnp.swapaxes(a, -1, -2))


def _identity(a: Array, rows: int, columns: int) -> Array:
    return jnp.broadcast_to(jnp.eye(rows, columns, dtype=a.dtype), (*a.shape[:-2], rows, columns))


def _cholesky(xp: Any, a: Array) -> Array:
    if not a.size:
        return a
    found = jnp.linalg.cholesky((a + adjoint(a)) / 2, symmetrize_input=False)
    xp.findings.add("a matrix that is not positive definite", jnp.isnan(found) & jnp.all(jnp.isfinite(a)))
    return found


def _mirror(xp: Any, a: Array, lower: bool) -> Array:
    kept = jnp.tril(a, -1) if lower else jnp.triu(a, 1)
    return kept + adjoint(kept) + jnp.real(a) * jnp.eye(a.shape[-1], dtype=jnp.real(a).dtype)


def _eigh(xp: Any, a: Array, lower: bool, library: str) -> tuple[Array, Array]:
    if not a.size:
        return jnp.zeros(a.shape[:-1], jnp.real(a).dtype), a
    vectors, values = lax.linalg.eigh(a, lower=lower, symmetrize_input=False)
    return values, vectors


def _eig(xp: Any, a: Array) -> tuple[Array, Array, Array]:
    whole = jnp.result_type(a.dtype, jnp.complex64)
    if not a.size:
        return jnp.zeros(a.shape[:-1], whole), a.astype(whole), jnp.zeros(a.shape, jnp.finfo(whole).dtype)
    values, vectors = jnp.linalg.eig(a)
    sizes = jnp.abs(vectors)
    largest = jax.nn.one_hot(jnp.argmax(sizes, axis=-2), a.shape[-1], axis=-2, dtype=sizes.dtype)
    return values.astype(whole), vectors.astype(whole), largest


def _svd(xp: Any, a: Array, full: bool, library: str) -> tuple[Array, ...]:
    m, n = a.shape[-2:]
    k = min(m, n)
    if not a.size:
        values = jnp.zeros((*a.shape[:-2], k), jnp.real(a).dtype)
        return _identity(a, m, m if full else k), values, _identity(a, n if full else k, n)
    return tuple(jnp.linalg.svd(a, full_matrices=full))


def _qr(xp: Any, a: Array, full: bool, library: str) -> tuple[Array, ...]:
    m, n = a.shape[-2:]
    k = m if full else min(m, n)
    if not a.size:
        return _identity(a, m, k), jnp.zeros((*a.shape[:-2], k, n), a.dtype)
    return tuple(jnp.linalg.qr(a, "complete" if full else "reduced"))


def _slogdet(xp: Any, a: Array) -> tuple[Array, ...]:
    if not a.shape[-1]:
        return jnp.ones(a.shape[:-2], a.dtype), jnp.zeros(a.shape[:-2], jnp.real(a).dtype)
    return tuple(jnp.linalg.slogdet(a))


def _decomposed(a: Array) -> tuple[Array, Array, Array, Array]:
    """det U det V, U, the singular values, Vᵀ, conjugated so that A⁻ᵀ = U S⁻¹ Vᵀ."""
    u, s, v = jnp.linalg.svd(a)
    return (jnp.linalg.det(u) * jnp.linalg.det(v))[..., None, None], u.conj(), s, v.conj()


def _cofactors(xp: Any, a: Array) -> Array:
    if not a.size:
        return a
    sign, u, s, v = _decomposed(a)
    others = jnp.prod(jnp.where(~jnp.eye(s.shape[-1], dtype=bool), s[..., None, :], 1), axis=-1)
    return (sign * ((u * others[..., None, :]) @ v)).astype(a.dtype)


def _cofactor_slopes(xp: Any, a: Array, e: Array) -> Array:
    if not a.size:
        return a
    sign, u, s, v = _decomposed(a)
    n = s.shape[-1]
    i, j, k = np.ogrid[:n, :n, :n]
    pairs = jnp.prod(jnp.where((k == i) | (k == j), 1, s[..., None, None, :]), axis=-1)
    pairs = jnp.where(jnp.eye(n) > 0, 0, pairs)
    d = jnp.swapaxes(u, -1, -2) @ e @ jnp.swapaxes(v, -1, -2)
    diagonal = pairs @ jnp.diagonal(d, axis1=-2, axis2=-1)[..., None]
    inside = jnp.where(jnp.eye(n, dtype=bool), diagonal, -pairs * jnp.swapaxes(d, -1, -2))
    return (sign * (u @ inside @ v)).astype(jnp.result_type(a, e))


def _expm(xp: Any, a: Array) -> Array:
    return linalg.expm(a, max_squarings=48) if a.size else a


def _triangular(xp: Any, a: Array, b: Array, lower: bool, transpose: bool, unit: bool) -> Array:
    if not b.size:
        return jnp.zeros(b.shape, jnp.result_type(a, b))
    if not unit:
        xp.singular(jnp.diagonal(a, axis1=-2, axis2=-1))
    return lax.linalg.triangular_solve(a, b, left_side=True, lower=lower, transpose_a=transpose, unit_diagonal=unit)


def _pinv(xp: Any, a: Array, rcond: float | None, hermitian: bool) -> Array:
    if not a.size:
        return jnp.zeros((*a.shape[:-2], a.shape[-1], a.shape[-2]), a.dtype)
    return jnp.linalg.pinv(a, rtol=1e-15 if rcond is None else rcond, hermitian=hermitian)


def _sqrtm(xp: Any, a: Array) -> Array:
    """By the iteration of Denman and Beavers, Y ← (Y + Z⁻¹)/2, Z ← (Z + Y⁻¹)/2: it needs no Schur form, which XLA has on the CPU only.

    Source: Denman and Beavers, Appl. Math. Comput. 2 (1976) 63.
    """
    if not a.size:
        return a

    def step(_: Array, pair: tuple[Array, Array]) -> tuple[Array, Array]:
        y, z = pair
        return 0.5 * (y + jnp.linalg.inv(z)), 0.5 * (z + jnp.linalg.inv(y))

    one = _identity(a, *a.shape[-2:])
    root, inverse = lax.fori_loop(0, ROOT_STEPS, step, (a, one))
    # Y Z = 1 where it has come to its end, however small an eigenvalue is beside another.
    off = jnp.max(jnp.abs(root @ inverse - one), axis=(-2, -1)) > jnp.finfo(a.dtype).eps ** 0.4
    wrong = off | jnp.any(jnp.isnan(root), axis=(-2, -1))
    xp.findings.add("a matrix without a square root that the iteration finds", wrong & jnp.all(jnp.isfinite(a)))
    return root


def _sylvester(xp: Any, a: Array, b: Array, c: Array) -> Array:
    """(A ⊗ I + I ⊗ Bᵀ) vec X = vec C, rows one behind the other: n m unknowns at once."""
    if not c.size:
        return jnp.zeros_like(c)

    def one(a: Array, b: Array, c: Array) -> Array:
        m, n = c.shape
        whole = jnp.kron(a, jnp.eye(n, dtype=c.dtype)) + jnp.kron(jnp.eye(m, dtype=c.dtype), b.T)
        return jnp.linalg.solve(whole, c.reshape(-1)).reshape(m, n)

    for _ in range(c.ndim - 2):
        one = jax.vmap(one)
    return one(a, b, c)


LOWERINGS: dict[str, Callable[..., Any]] = {
    "cholesky": _cholesky,
    "mirror": _mirror,
    "eigh": _eigh,
    "eig": _eig,
    "svd": _svd,
    "qr": _qr,
    "slogdet": _slogdet,
    "cofactors": _cofactors,
    "cofactor_slopes": _cofactor_slopes,
    "expm": _expm,
    "solve_triangular": _triangular,
    "pinv": _pinv,
    "sqrtm": _sqrtm,
    "solve_sylvester": _sylvester,
}
