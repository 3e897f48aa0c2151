"""Samples of linear algebra on complex matrices; of factors whose phases are free, what does not depend on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from scipy import linalg as scipy_linalg

from tests.coverage.samples import Sample, cases
from wengert.core.ops.matrices import near_diagonal, positive_definite, triangular, well_conditioned
from wengert.scipy import linalg

RNG = np.random.default_rng(14)


def _turned(a: Any) -> Any:
    """Complex matrices of the same singular values: rotated by random phases."""
    left, right = (np.exp(2j * np.pi * RNG.uniform(size=n)) for n in a.shape[-2:])
    return left[:, None] * a * right


A, B = _turned(well_conditioned(RNG, 3, 3)), RNG.normal(size=(3, 2)) + 1j * RNG.normal(size=(3, 2))
TALL, WIDE = _turned(well_conditioned(RNG, 4, 2)), _turned(well_conditioned(RNG, 2, 4))
MANY = np.stack([A, A.T + np.eye(3)])
SPD = positive_definite(RNG, 3, 3) + 0.1j * (np.triu(np.ones((3, 3)), 1) - np.tril(np.ones((3, 3)), -1))
HERMITIAN = near_diagonal(RNG, 3, 3) + 0.2j * (np.triu(np.ones((3, 3)), 1) - np.tril(np.ones((3, 3)), -1))
L = triangular(RNG, 3, 3) + 0.2j * np.tril(np.ones((3, 3)))
REAL = well_conditioned(RNG, 3, 3)


def hermitian(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of Hermitian matrices as one of any, so that differences may go in every direction."""
    return lambda a, *args, **kwargs: function((a + np.conj(np.swapaxes(a, -1, -2))) / 2, *args, **kwargs)


def sizes(function: Callable[..., Any]) -> Callable[..., Any]:
    """|x|² of the matrices among the results, and products with their phases."""

    def squared(*args: Any, **kwargs: Any) -> Any:
        return [x if np.ndim(x) == 1 else np.abs(x) ** 2 for x in function(*args, **kwargs)]

    return squared


def truncated(a: Any) -> Any:
    """A without its smallest singular value: the phases of U and V cancel."""
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    return np.matmul(u[:, :-1] * s[:-1], vh[:-1]), u[:, :1] * vh[:1]


def _of(name: str, *arguments: Any, change: Callable[..., Any] = lambda f: f) -> tuple[Sample, ...]:
    original = getattr(scipy_linalg, name)
    return tuple(
        replace(s, call=change(getattr(linalg, name)), reference=change(original)) for s in cases(original, *arguments)
    )


SAMPLES = (
    *cases(np.linalg.solve, (A, B), (A, B[:, 0]), (REAL, B), (A, B.real), (MANY, B)),
    *cases(np.linalg.inv, A, MANY),
    *cases(np.linalg.det, A, MANY, np.diag([1.0, 0.0, 2.0j])),
    *cases(np.linalg.slogdet, A, MANY),
    *cases(np.linalg.pinv, TALL, WIDE),
    *cases(np.linalg.matrix_power, (A, 3), (A, -2)),
    *cases(np.linalg.norm, A, (A, 2), (A, "nuc"), (A, 1), (B[:, 0], 3)),
    *cases(np.linalg.cond, A),
    *cases(np.linalg.cholesky, SPD, np.stack([SPD, SPD.T]), call=hermitian(np.linalg.cholesky)),
    *cases(np.linalg.cholesky, (SPD, {"upper": True}), call=hermitian(np.linalg.cholesky)),
    *cases(np.linalg.eigvalsh, HERMITIAN, (HERMITIAN, "U"), call=hermitian(np.linalg.eigvalsh)),
    *cases(np.linalg.eigh, HERMITIAN, call=hermitian(sizes(np.linalg.eigh))),
    *cases(np.linalg.eigvals, np.diag([1.0, 2.0, 4.0]) + 0.2 * A, single=False),
    *cases(np.linalg.eig, np.diag([1.0, 2.0, 4.0]) + 0.2 * A, single=False),
    *cases(np.linalg.svd, (TALL, False), (WIDE, False), (A, False), call=sizes(np.linalg.svd)),
    *cases(np.linalg.svd, TALL, A, call=truncated),
    *cases(np.linalg.lstsq, (TALL, RNG.normal(size=(4, 2))), call=lambda a, b: np.linalg.lstsq(a, b)[:2]),
    *cases(np.cov, B, call=np.cov),
    *cases(np.corrcoef, A),
    *_of("solve_triangular", (L, B, 0, True), (L, B, 1, True), (L, B, "C", True), (A, B)),
    *_of("cho_solve", ((L, True), B), ((L.T, False), B[:, 0])),
    *_of("cho_factor", SPD, (SPD, True), change=lambda f: hermitian(lambda *args: f(*args)[0])),
    *_of("expm", A),
    *_of("solve_sylvester", (SPD, SPD[:2, :2], B)),
    *_of("solve_discrete_lyapunov", (A / 4, A)),
    *_of("solve_continuous_lyapunov", (SPD, A)),
)
