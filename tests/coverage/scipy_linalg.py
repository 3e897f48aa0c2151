"""Samples of scipy.linalg by the module that stands in for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from scipy import linalg as scipy_linalg

from tests.coverage.linalg import symmetric
from tests.coverage.samples import Sample, cases
from wengert.core.ops.matrices import near_diagonal, positive_definite, triangular, well_conditioned
from wengert.scipy import linalg

RNG = np.random.default_rng(13)
A, B, V = well_conditioned(RNG, 3, 3), RNG.normal(size=(3, 2)), RNG.normal(size=3)
TALL, WIDE, MANY = well_conditioned(RNG, 4, 2), well_conditioned(RNG, 2, 4), well_conditioned(RNG, 2, 3, 3)
L, U = triangular(RNG, 3, 3), triangular(RNG, 3, 3, lower=False)
SPD, SYMMETRIC = positive_definite(RNG, 3, 3), near_diagonal(RNG, 3, 3)
BANDS, W = np.array([[0, 1, 0.5, 0.3], [4, 5, 3, 4.0], [1, -1, 0.7, 0]]), RNG.normal(size=4)
HALF, C = np.array([[0, 1, 0.5, 0.3], [4, 5, 3, 4.0]]), np.array([3.0, 0.5, -0.4])
FACTOR = scipy_linalg.cho_factor(SPD)


def _of(name: str, *arguments: Any, change: Callable[..., Any] = lambda f: f, **options: Any) -> tuple[Sample, ...]:
    """Samples of a function of SciPy, called by the function that stands in for it."""
    original = getattr(scipy_linalg, name)
    made = cases(original, *arguments, **{"complex_step": False, **options})
    return tuple(replace(s, call=change(getattr(linalg, name)), reference=change(original)) for s in made)


def of_symmetric(name: str, *arguments: Any, **options: Any) -> tuple[Sample, ...]:
    return _of(name, *arguments, change=symmetric, **options)


def symmetric_functions(function):
    """Of factors whose signs are free, what does not depend on them."""
    return symmetric(lambda *args, **kwargs: _squares(function(*args, **kwargs)))


def _squares(found):
    w, v = found
    return w, v * v


def squares_of_factors(function):
    return lambda *args, **kwargs: tuple(x if np.ndim(x) == 1 else x * x for x in function(*args, **kwargs))


def whole_rank(function):
    """The rank as the whole numbers of graphs are."""
    return lambda *args, **kwargs: tuple(
        np.asarray(x, np.int64) if isinstance(x, int | np.integer) else x for x in function(*args, **kwargs)
    )


SAMPLES = (
    *_of("solve_triangular", (U, V), (U, B), (U, B, 1), (U, V, "T"), (A, B), (MANY, B), complex_step=True),
    *_of(
        "solve_triangular",
        (L, B, {"lower": True}),
        (L, V, {"lower": True, "trans": 1}),
        (L, B, {"lower": True, "unit_diagonal": True}),
        (U, MANY, {"check_finite": False}),
        complex_step=True,
    ),
    *_of("solve", (A, V), (A, B), (MANY, B), (L, V, {"assume_a": "lower triangular"}), (A, B, {"transposed": True})),
    *of_symmetric("solve", (SPD, B, {"assume_a": "pos"}), (SPD, V, {"assume_a": "sym", "lower": True})),
    *_of("inv", A, MANY, complex_step=True),
    *_of("det", A, MANY, np.diag([1.0, 0.0, 2.0])),
    *_of("pinv", TALL, WIDE, (TALL, {"rtol": 1e-9})),
    *_of("lstsq", (TALL, RNG.normal(size=4)), (TALL, RNG.normal(size=(4, 2))), (A, V), change=whole_rank),
    *_of("solve_sylvester", (A @ A.T, SPD[:2, :2], B)),
    *_of("solve_continuous_lyapunov", (SPD, A)),
    *_of("solve_discrete_lyapunov", (A / 4, A)),
    *of_symmetric("cholesky", SPD, (SPD, True), (SPD, {"lower": True, "check_finite": False})),
    *_of("cho_factor", SPD, (SPD, True), change=lambda f: symmetric(lambda *args: f(*args)[0])),
    *_of("cho_solve", (FACTOR, V), (FACTOR, B), ((np.linalg.cholesky(SPD), True), B)),
    *_of("eigh", SYMMETRIC, (SYMMETRIC, {"lower": False}), change=symmetric_functions),
    *of_symmetric("eigh", (SYMMETRIC, {"eigvals_only": True})),
    *of_symmetric("eigvalsh", SYMMETRIC, (SYMMETRIC, {"lower": False})),
    *_of("eigvalsh", (SYMMETRIC, SPD), change=lambda f: lambda a, b: f((a + a.T) / 2, (b + b.T) / 2), first=1e-8),
    *_of("svd", (A, False), (TALL, False), (WIDE, {"full_matrices": False}), change=squares_of_factors),
    *_of("svd", (TALL, True, False), (A, {"compute_uv": False})),
    *_of("svdvals", A, TALL),
    *_of("eig", A, change=lambda f: lambda a: f(a)[0], single=False),
    *_of("eigvals", A, single=False),
    *_of("lu", A, TALL, WIDE, (A, {"permute_l": True}), single=False),
    *_of("lu_factor", A, change=lambda f: lambda a: f(a)[0], single=False),
    *_of("lu_solve", (scipy_linalg.lu_factor(A), V), (scipy_linalg.lu_factor(A), B), single=False),
    *_of("lu_solve", (scipy_linalg.lu_factor(A), B, {"trans": 1}), single=False),
    *_of("qr", (A,), (TALL, {"mode": "economic"}), (WIDE, {"mode": "full"}), (TALL, {"mode": "r"}), (A, {"mode": "r"})),
    *_of("expm", A, MANY, complex_step=True),
    *_of("sqrtm", SPD, SPD + 0.1 * A),
    *_of("logm", SPD, SPD + 0.1 * A, 100 * SPD, single=False),
    *_of("norm", A, V, (A, 1), (A, "nuc"), (V, np.inf), (A, None, 0)),
    *_of("block_diag", (A, B), (V, A), (TALL,)),
    *_of("toeplitz", V, (V, B[:, 0]), (V, RNG.normal(size=5)), (RNG.normal(size=2), V)),
    *_of(
        "solve_banded",
        ((1, 1), BANDS, W),
        ((1, 1), BANDS, RNG.normal(size=(4, 2))),
        ((2, 0), BANDS + 2, W),
        single=False,
    ),
    *_of("solveh_banded", (HALF, W), (HALF[::-1], W, {"lower": True}), single=False),
    *_of("circulant", V, B[:, 0]),
    *_of("solve_toeplitz", ((C, V), V), (C, B), single=False),
    *_of("matmul_toeplitz", ((V, B[:, 0]), V), (V, B), single=False),
    *_of("solve_circulant", (C, V), single=False),
    *_of("hankel", V, (V, RNG.normal(size=4)), single=False),
    *_of("companion", np.array([2.0, 0.3, -1.0, 0.4]), single=False),
    *_of("khatri_rao", (B, TALL)),
)
