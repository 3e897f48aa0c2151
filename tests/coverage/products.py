"""Samples of products and convolutions."""

from __future__ import annotations

import numpy as np

from tests.coverage.samples import cases

RNG = np.random.default_rng(4)
X, Y, W, V, N = (
    RNG.normal(size=(3, 4)),
    RNG.normal(size=(3, 4)),
    RNG.normal(size=(4, 2)),
    RNG.normal(size=4),
    np.float64(0.7),
)
B, C, E = RNG.normal(size=(5, 1, 3, 4)), RNG.normal(size=(2, 4, 3)), np.zeros((0, 4))
U, T = RNG.normal(size=6), RNG.normal(size=(2, 3))
CONJUGATE = {"complex_step": False}

SAMPLES = (
    *cases(np.matmul, (X, W), (X, V), (V, W), (V, V), (B, C), (C, X), (X, C), (E, W), (V, C), (C, V[:3])),
    *cases(np.vecdot, (X, Y), (V, X), (V, V), (B, X), **CONJUGATE),
    *cases(np.matvec, (X, V), (B, V), (C, X[:, :3][:2])),
    *cases(np.vecmat, (V, W), (X, W), (B[:, 0], C[0]), **CONJUGATE),
    *cases(np.dot, (X, W), (X, V), (V, V), (2.0, X), (N, N), (B, C), (V, C)),
    *cases("method dot", (X, W), (V, V)),
    *cases(np.inner, (X, Y), (V, V), (N, X), (B, V)),
    *cases(np.vdot, (X, Y), (V, V), (N, N), **CONJUGATE),
    *cases(np.outer, (V, W), (N, V), (X, V)),
    *cases(
        np.tensordot, (X, W, 1), (X, Y), (X, Y, ([0, 1], [0, 1])), (X, W, (1, 0)), (V, V, 0), (B, X, ([-1, 2], [1, 0]))
    ),
    *cases(np.einsum, ("ij,kj->ik", X, Y), ("ij,jk", X, W), ("ij->j", X), ("ii", X[:, :3]), ("i,i,i->i", V, V, V)),
    *cases(
        np.einsum,
        ("...j,jk->...k", B, W),
        ("...ij,...jk", B, C),
        ("i...->...", C),
        ("...ii->...i", X[:, :3]),
        ("ii->i", X[:, 1:]),
    ),
    *cases(
        np.einsum,
        ("ij,ij->ij", X, X[:1]),
        ("ij,ij", X[:, :1], X[:1]),
        ("...,...", B, V),
        (",ij", N, X),
        ("b i j, b j -> b i", C, X[:2, :3]),
    ),
    *cases(np.einsum, (X, [0, 1], W, [1, 2], [0, 2]), (X, [0, 1], Y, [0, 1]), (B, [Ellipsis, 7], V, [7], [Ellipsis])),
    *cases(
        np.einsum,
        ("ij,jk,kl->il", X, W, W.T, {"optimize": True}),
        ("ba,b", W, V),
        ("ij->ji", X),
        ("ii", X[:1, :1]),
        ("iij->j", C[:, :2]),
    ),
    *cases(np.einsum_path, ("ij,jk", X, W), orders=0, call=lambda *a: len(np.einsum_path(*a)[0])),
    *cases(np.kron, (X, W), (V, V), (N, X), (V, X), (B[0], W), (C, W[0])),
    *cases(
        np.cross,
        (C[0], C[0] + 1),
        (C, C[0, 0]),
        (C[:, :3], C[:, 1:], 1, 1, 1),
        (C, C, {"axis": -1}),
        (X, X + 1, {"axis": 0}),
    ),
    *cases(
        np.convolve,
        (V, U),
        (U, V),
        (U, V, "same"),
        (V, U, "same"),
        (U, V, "valid"),
        (V, U, "valid"),
        (N, V),
        (V, V, "same"),
    ),
    *cases(np.convolve, (U, V[:3], "same"), (U[:5], V, "same"), (U, V, 1)),
    *cases(
        np.correlate,
        (U, V),
        (V, U),
        (U, V, "same"),
        (V, U, "same"),
        (U, V, "full"),
        (V, U, "full"),
        (U[:5], V, "same"),
        (V[:3], U[:5], "same"),
        **CONJUGATE,
    ),
)
