"""Sparse matrices of SciPy: products, traced entries and solutions have SciPy's values and the derivatives of differences."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from scipy.sparse.linalg import cg, eigsh, factorized, splu, spsolve

import wengert as wg
from tests.scripts.test_scripts import differences
from wengert.errors import TraceError

RNG = np.random.default_rng(2)
FULL = np.where(RNG.random((5, 5)) < 0.4, RNG.normal(size=(5, 5)), 0.0) + 3 * np.eye(5)
WIDE = sparse.csr_matrix(np.where(RNG.random((3, 5)) < 0.6, RNG.normal(size=(3, 5)), 0.0))
FORMATS = {name: getattr(sparse, name)(FULL) for name in ("csr_matrix", "csc_array", "coo_matrix", "bsr_matrix", "dia_array", "lil_matrix", "dok_array")}  # fmt: skip
A = FORMATS["csr_matrix"]
X, ROWS, COLS = RNG.normal(size=5), np.array([0, 1, 2, 3, 4, 0, 2]), np.array([0, 1, 2, 3, 4, 3, 2])


def laplacian(n, k):
    return sparse.diags([-k * np.ones(n - 1), 2 * k * np.ones(n) + 0.1, -k * np.ones(n - 1)], [-1, 0, 1])


def filled(x):
    K = sparse.lil_matrix((5, 5))
    K[0, 0] = 2.0
    for k in range(4):
        K[k, k] += x[k]
        K[k, k + 1] = x[k] * x[k + 1]
    K[np.ix_([1, 3], [1, 3])] += np.outer(x[:2], x[:2])
    return K.tocsr()


FUNCTIONS = {
    **{name: lambda x, m=m: np.sum((m @ x) ** 2 + x @ m) for name, m in FORMATS.items()},
    "matrices": lambda x: np.sum((WIDE @ np.outer(x, x)) ** 2),
    "from the left": lambda x: np.sum(np.sin(np.outer(x, x) @ WIDE.T)),
    "*": lambda x: np.sum((A * x) ** 3),
    "dot and T": lambda x: np.sum(A.T.dot(x) ** 2),
    "a number times": lambda x: np.sum(((2 * A) @ x) ** 2 + (A * x[0]) @ x),
    "a product of matrices": lambda x: np.sum(((A.T @ A) @ x) ** 2),
    "made inside": lambda x: np.sum((sparse.eye(5, format="csr") - 0.1 * A) @ x * np.cos(x)),
    "traced data": lambda x: np.sum((sparse.csr_matrix((x[ROWS - 1] * 2, (ROWS, COLS)), shape=(5, 5)) @ np.arange(5.0)) ** 2),
    "traced data, rows": lambda x: np.sum(sparse.csr_array((x, A.indices[:5], [0, 2, 2, 4, 5, 5]), shape=(5, 5)).toarray() ** 3),
    "traced diagonals": lambda x: np.sum((laplacian(5, x[0] ** 2) @ x) ** 2),
    "a sum of matrices": lambda x: np.sum(((A + sparse.diags(x)) @ x) ** 2),
    "a block of rows and columns": lambda x: np.sum((laplacian(5, x[0]).tocsr()[1:][:, np.array([3, 0, 1])] @ x[1:4]) ** 2),
    "an open mesh": lambda x: np.sum(spsolve(laplacian(5, x[1] ** 2 + 1).tocsc()[np.ix_([0, 2, 3], [0, 2, 3])], x[:3]) ** 2),
    "one entry": lambda x: laplacian(5, x[0]).tocsr()[1, 2] ** 2 + laplacian(5, x[1]).tocsr()[0, 4],
    "rows by a mask": lambda x: np.sum(sparse.diags(x).tocsr()[np.array([True, False, True, True, False])].toarray() ** 3),
    "pairs": lambda x: np.sum(np.asarray(laplacian(5, x[0]).tocsr()[[0, 1, 1], [1, 1, 2]]) ** 2),
    "filled in place": lambda x: filled(x) @ x @ x,
    "blocks": lambda x: np.sum((sparse.bmat([[laplacian(5, x[0]), None], [A, sparse.diags(x)]]) @ np.arange(10.0)) ** 2),
    "beside and below": lambda x: np.sum(sparse.hstack([A, sparse.diags(x)]).toarray() ** 2 * sparse.vstack([sparse.diags(x), A]).toarray().T),
    "kron": lambda x: np.sum((sparse.kron(sparse.diags(x[:2]), WIDE) @ np.arange(10.0)) ** 2),
    "block_diag": lambda x: np.sum((sparse.block_diag([sparse.diags(x), A]) @ np.arange(10.0)) ** 2),
    "triangles": lambda x: np.sum((sparse.tril(laplacian(5, x[0])) @ x) ** 2 + sparse.triu(laplacian(5, x[0]), 1) @ x),
    "diagonal": lambda x: np.sum(laplacian(5, x[0]).diagonal() ** 2) + laplacian(5, x[1]).tocsr().trace(),
    "factors": lambda x: np.sum(splu(laplacian(5, x[0] ** 2 + 1).tocsc()).solve(x) ** 2) + factorized(A.tocsc())(x)[0],
    "eigenvalues": lambda x: np.sum(eigsh(laplacian(5, x[0] ** 2 + 1).tocsc(), k=2, return_eigenvectors=False) ** 2),
    "smallest eigenvalue": lambda x: eigsh(sparse.diags(x**2) + laplacian(5, 1.0), k=1, which="SA")[0][0],
    "spsolve": lambda x: np.sum(spsolve(A, x) ** 3),
    "spsolve with traced data": lambda x: np.sum(spsolve(laplacian(5, x[0] ** 2 + 1).tocsc(), x) ** 2),
}  # fmt: skip


@pytest.mark.parametrize("f", FUNCTIONS.values(), ids=FUNCTIONS.keys())
def test_a_sparse_matrix_has_its_value_and_derivatives(f):
    value, gradient = wg.value_and_grad(f)(X)
    np.testing.assert_allclose(value, f(X), rtol=1e-12)
    expected = differences(f, X)
    np.testing.assert_allclose(gradient, expected, atol=1e-7 * max(1, np.abs(expected).max()))
    compiled = wg.compile(wg.value_and_grad(f), backend="interpreter")(X)
    np.testing.assert_allclose(compiled[1], gradient, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(wg.jvp(f, (X,), (np.ones(5),))[1], np.sum(expected), rtol=1e-6)


def test_native_code_multiplies_by_a_sparse_matrix():
    f = wg.compile(wg.grad(lambda x: np.sum(np.sin(A @ x))))
    np.testing.assert_allclose(f(X), FULL.T @ np.cos(FULL @ X), rtol=1e-12)


def test_what_is_not_there_is_refused_by_name():
    with pytest.raises(
        TraceError,
        match=r"'scipy.sparse.linalg.cg' takes numbers and arrays|'scipy.sparse.cg' takes numbers and arrays",
    ):
        wg.grad(lambda x: np.sum(cg(sparse.diags(x), x)[0]))(X)
    with pytest.raises(ValueError, match="dimension mismatch"):
        wg.grad(lambda x: np.sum(A @ x[:3]))(X)


def test_a_product_of_sparse_matrices_with_traced_entries_is_sparse():
    B = sparse.csr_matrix(np.array([[1.0, 0, 2], [0, 3, 0], [4, 0, 5]]))

    def f(w):
        A = (B.T @ sparse.diags(w) @ B + 0.1 * sparse.identity(3)).tocsc()
        return np.sum(spsolve(A, np.ones(3)) ** 2) + A.nnz

    w = np.array([0.3, 0.5, 0.7])
    expected = [(f(w + h) - f(w - h)) / 2e-4 for h in 1e-4 * np.eye(3)]
    np.testing.assert_allclose(wg.grad(f)(w), expected, rtol=1e-6)
