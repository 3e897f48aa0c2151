"""Samples of numpy.linalg: equations, determinants and factors of matrices, batched, of sizes 0 and 1, and at singular matrices."""

from __future__ import annotations

import numpy as np

from tests.coverage.samples import Sample, cases
from wengert.core.ops.matrices import near_diagonal, positive_definite, well_conditioned

RNG = np.random.default_rng(11)
A, B, V = well_conditioned(RNG, 3, 3), RNG.normal(size=(3, 2)), RNG.normal(size=3)
MANY, ONE, NONE = well_conditioned(RNG, 2, 1, 3, 3), well_conditioned(RNG, 1, 1), np.zeros((0, 0))
TALL, WIDE, FLAT = well_conditioned(RNG, 4, 2), well_conditioned(RNG, 2, 4), np.zeros((0, 3))
STRIDED = well_conditioned(RNG, 6, 6)[::2, ::-2] + 2 * np.eye(3)
FORTRAN = np.asfortranarray(A)
SPD, SPDS = positive_definite(RNG, 3, 3), positive_definite(RNG, 2, 3, 3)
SYMMETRIC, SYMMETRICS = near_diagonal(RNG, 3, 3), near_diagonal(RNG, 2, 3, 3)
SINGULAR = np.diag([1.0, 0.0, 2.0])


def symmetric(function):
    """A function of symmetric matrices as one of any, so that differences may go in every direction."""
    return lambda a, *args, **kwargs: function((a + np.swapaxes(a, -1, -2)) / 2, *args, **kwargs)


def of_symmetric(entry, *arguments, **options) -> tuple[Sample, ...]:
    """Samples on symmetric matrices; NumPy's function of complex ones is that of Hermitian ones."""
    return cases(entry, *arguments, call=symmetric(entry), reference=symmetric(entry), complex_step=False, **options)


def least_squares(a, b, **kwargs):
    """NumPy's results, with the rank as the whole numbers of graphs are."""
    x, distances, rank, s = np.linalg.lstsq(a, b, **kwargs)
    return x, distances, rank.astype(np.int64), s


def in_the_plane(function):
    """Eigenvalues as complex numbers, which NumPy gives as real ones where all of them are."""

    def complex_eigenvalues(a):
        found = function(a)
        return type(found)(*(x.astype(complex) for x in found)) if isinstance(found, tuple) else found.astype(complex)

    return complex_eigenvalues


PAIR = np.array([[0.2, 3.1, 0.3], [-3.0, 1.4, 0.2], [0.1, 0.4, 3.0]])
UNSYMMETRIC = SYMMETRIC + np.triu(0.2 * A, 1)
PLANE = {"complex_step": False, "single": False}
LEAST_SQUARES = {"reference": least_squares, "complex_step": False}

SAMPLES = (
    *cases(
        np.linalg.solve,
        (A, V),
        (A, B),
        (MANY, B),
        (A, MANY),
        (ONE, [[2.0]]),
        (FORTRAN, B),
        (STRIDED, V),
        (NONE, np.zeros((0, 2))),
        exact=1e-11,
    ),
    *cases(np.linalg.inv, A, MANY, ONE, NONE, STRIDED, exact=1e-11),
    *cases(np.linalg.pinv, A, TALL, WIDE, well_conditioned(RNG, 2, 4, 2), (TALL, {"rcond": 1e-6}), complex_step=False),
    *of_symmetric(np.linalg.pinv, (SPD, {"hermitian": True})),
    *cases(np.linalg.lstsq, (TALL, RNG.normal(size=4)), (TALL, RNG.normal(size=(4, 3))), (A, V), **LEAST_SQUARES),
    *cases(np.linalg.lstsq, (WIDE, RNG.normal(size=2)), (TALL, RNG.normal(size=4), {"rcond": -1}), **LEAST_SQUARES),
    *cases(np.linalg.matrix_rank, A, SINGULAR, V, (MANY, 0.7), (TALL, {"rtol": 0.9}), orders=0),
    *cases(np.linalg.tensorsolve, (RNG.normal(size=(2, 3, 6)), RNG.normal(size=(2, 3))), exact=1e-10),
    *cases(np.linalg.tensorsolve, (RNG.normal(size=(2, 6, 3)), RNG.normal(size=(2, 3)), (1,)), exact=1e-10),
    *cases(
        np.linalg.tensorinv,
        (RNG.normal(size=(6, 2, 3)), 1),
        RNG.normal(size=(2, 3, 6)).reshape(2, 3, 1, 6),
        exact=1e-10,
    ),
    *cases(np.linalg.det, A, MANY, ONE, NONE, STRIDED, exact=1e-11),
    *cases(np.linalg.det, SINGULAR, np.zeros((2, 2)), np.diag([0.0, 0.0, 2.0]), complex_step=False),
    *cases(np.linalg.slogdet, A, -A, MANY, ONE, NONE, complex_step=False),
    *of_symmetric(np.linalg.cholesky, SPD, SPDS, np.abs(ONE), NONE, (SPD, {"upper": True})),
    *of_symmetric(np.linalg.eigh, SYMMETRIC, SYMMETRICS, ONE, NONE, (SYMMETRIC, "U"), single=False),
    *of_symmetric(np.linalg.eigvalsh, SYMMETRIC, SYMMETRICS, ONE, (SYMMETRIC, {"UPLO": "U"})),
    *cases(np.linalg.eig, PAIR, np.stack([PAIR, PAIR.T + np.eye(3)]), **PLANE),
    *cases(np.linalg.eig, UNSYMMETRIC, ONE, NONE, call=in_the_plane(np.linalg.eig), **PLANE),
    *cases(np.linalg.eigvals, PAIR, **PLANE),
    *cases(np.linalg.eigvals, UNSYMMETRIC, call=in_the_plane(np.linalg.eigvals), **PLANE),
    *cases(
        np.linalg.svd,
        (A, False),
        (TALL, False),
        (WIDE, {"full_matrices": False}),
        (A,),
        single=False,
        complex_step=False,
    ),
    *cases(np.linalg.svd, (MANY, {"compute_uv": False}), (TALL, True, False), (FLAT, False), complex_step=False),
    *of_symmetric(np.linalg.svd, (SPD, {"compute_uv": False, "hermitian": True})),
    *cases(np.linalg.svdvals, A, TALL, WIDE, MANY, complex_step=False),
    *cases(
        np.linalg.qr, A, TALL, WIDE, MANY, (A, "complete"), (WIDE, "complete"), (TALL, "r"), FLAT, complex_step=False
    ),
    *cases(np.linalg.matrix_power, (A, 3), (A, 0), (A, 1), (A, -2), (MANY, 2), (A, 7), exact=1e-11),
    *cases(np.linalg.multi_dot, ([A, B],), ([V, A, B],), ([V, A, A, V],), ([A, A, B, B.T],)),
    *cases(np.linalg.matmul, (A, B), (A, V), (MANY, B)),
    *cases(np.linalg.vecdot, (A, A + 1), (A, V), (A, V, {"axis": 0}), complex_step=False),
    *cases(np.linalg.cross, (A, A + 1), (A, V), (A, A[::-1], {"axis": 0})),
    *cases(np.linalg.outer, (V, V), (V, B[0])),
    *cases(np.linalg.tensordot, (A, B, {"axes": 1}), (A, MANY, {"axes": ([0, 1], [2, 3])})),
    *cases(np.linalg.diagonal, A, MANY, (MANY, {"offset": 1}), (WIDE, {"offset": -1})),
    *cases(np.linalg.trace, A, MANY, (MANY, {"offset": -1}), WIDE),
    *cases(np.linalg.matrix_transpose, A, MANY, TALL),
)
