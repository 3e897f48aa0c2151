"""scipy.sparse on traced values: matrices of every format times traced vectors and matrices, also with traced entries.

A matrix is its entries with their rows and columns (`sparse_entries`). `spsolve` and the other solvers take the full matrix.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import Any

import numpy as np
from scipy import sparse  # pyright: ignore[reportMissingTypeStubs]

from wengert.functions.namespaces.sequences import asarray
from wengert.functions.tracing.operands import shape_of
from wengert.functions.tracing.standin import refuse
from wengert.scipy.numerical import has_traced, is_followed
from wengert.scipy.sparse_entries import SparseEntries, made, result
from wengert.scipy.sparse_entries import issparse as issparse
from wengert.scipy.sparse_entries import row_sums as row_sums

_scipy: Any = sparse
FORMATS = ("csr", "csc", "coo", "bsr", "dia", "lil", "dok")


def __getattr__(name: str) -> Any:
    """Everything else is SciPy's."""
    return getattr(_scipy, name)


def answering(original: Any) -> Any:
    """What stands for a matrix of SciPy; None for other objects."""
    return made(original) if sparse.issparse(original) else None


def _plain(x: Any) -> Any:
    """Matrices as SciPy's."""
    if isinstance(x, SparseEntries):
        return x if x._original is None else x._original
    return type(x)(map(_plain, x)) if type(x) in (list, tuple) else x


def _numbers_only(*given: Any) -> bool:
    """Whether nothing is traced, in no sparse matrix either."""
    return not has_traced(given) and not any(isinstance(x, SparseEntries) and x._original is None for x in given)


def _maker(name: str, kind: str) -> Callable[..., Any]:
    original = getattr(_scipy, f"{name}_{kind}")

    def make(arg1: Any, shape: Any = None, dtype: Any = None, copy: bool = False, **rest: Any) -> Any:
        """A sparse matrix of entries, (data, (rows, columns)), or of an array."""
        if isinstance(arg1, SparseEntries):
            return arg1
        if not has_traced((arg1, shape)):
            return made(original(_plain(arg1), shape=shape, dtype=dtype, copy=copy, **rest))
        if isinstance(arg1, tuple) and len(arg1) == 2 and isinstance(arg1[1], tuple):  # pyright: ignore[reportUnknownArgumentType]
            data, (rows, cols) = arg1  # pyright: ignore[reportUnknownVariableType]
            size = shape or (int(np.max(rows)) + 1, int(np.max(cols)) + 1)
            return SparseEntries(asarray(data), rows, cols, size)
        if isinstance(arg1, tuple) and len(arg1) == 3 and name in ("csr", "csc"):  # pyright: ignore[reportUnknownArgumentType]
            data, indices, starts = arg1  # pyright: ignore[reportUnknownVariableType]
            lines = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
            rows, cols = (lines, indices) if name == "csr" else (indices, lines)
            return SparseEntries(asarray(data), rows, cols, shape or (int(np.max(rows)) + 1, int(np.max(cols)) + 1))
        full = asarray(arg1)
        rows, cols = np.indices(shape_of(full)).reshape(2, -1)
        return SparseEntries(np.ravel(full), rows, cols, shape_of(full))

    make.__name__ = f"{name}_{kind}"
    return make


for _format in FORMATS:
    for _kind in ("matrix", "array"):
        globals()[f"{_format}_{_kind}"] = _maker(_format, _kind)


def _diagonals(original: Any, diagonals: Any, offsets: Any, shape: Any, **rest: Any) -> Any:
    if not has_traced(diagonals):
        return made(original(diagonals, offsets=offsets, shape=shape, **rest))
    places = np.atleast_1d(offsets)
    rows = (
        [asarray(diagonals)] if np.ndim(offsets) == 0 and np.ndim(diagonals[0]) == 0 else list(map(asarray, diagonals))
    )
    size = shape or (shape_of(rows[0])[0] + abs(int(places[0])),) * 2
    parts = list[tuple[Any, Any, Any]]()
    for row, k in zip(rows, places.tolist(), strict=True):
        count = min(size[0] + min(k, 0), size[1] - max(k, 0))
        i = np.arange(count) + max(-k, 0)
        spread = np.broadcast_to(row, (count,)) if shape_of(row) in ((), (1,)) else row
        parts.append((spread, i, i + k))
    data, i, j = (np.concatenate(each) for each in zip(*parts, strict=True))
    return SparseEntries(data, i, j, size)


def diags(diagonals: Any, offsets: Any = 0, shape: Any = None, **rest: Any) -> Any:
    """The matrix with these diagonals."""
    return _diagonals(_scipy.diags, diagonals, offsets, shape, **rest)


def diags_array(diagonals: Any, /, *, offsets: Any = 0, shape: Any = None, **rest: Any) -> Any:
    """The matrix with these diagonals."""
    return _diagonals(_scipy.diags_array, diagonals, offsets, shape, **rest)


def calling(original: Any) -> Callable[..., Any]:
    """A function of SciPy that knows no traced values, with matrices by their entries."""

    @wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        if not _numbers_only(*args, *kwargs.values()):
            refuse(
                f"'scipy.sparse.{original.__name__}' takes numbers and arrays, and knows no traced values.",
                "Build the matrix by  csr_matrix((data, (i, j)))  or 'diags'; solve with 'spsolve'.",
            )
        return result(original(*map(_plain, args), **{key: _plain(x) for key, x in kwargs.items()}))

    return call


def spsolve(A: Any, b: Any, *args: Any, **kwargs: Any) -> Any:
    """A⁻¹ b, on traced values by the full matrix."""
    if isinstance(A, SparseEntries) and A._original is not None and not has_traced(b):
        return import_module("scipy.sparse.linalg").spsolve(A._original, _plain(b), *args, **kwargs)
    return np.linalg.solve(_full(A), _full(b))


class Factored:
    """What `splu` gives of a matrix with traced entries: it solves."""

    def __init__(self, matrix: Any) -> None:
        self._matrix, self.shape = matrix, matrix.shape

    def solve(self, rhs: Any, trans: str = "N") -> Any:
        """A⁻¹ b, or A⁻ᵀ b."""
        return spsolve(self._matrix if trans == "N" else self._matrix.T, rhs)

    __call__ = solve


def _direct(name: str) -> Callable[..., Any]:
    def factor(A: Any, *args: Any, **kwargs: Any) -> Any:
        """A matrix that is solved with again and again."""
        A = made(A)
        if A._original is not None and not is_followed():
            return getattr(import_module("scipy.sparse.linalg"), name)(A._original, *args, **kwargs)
        return Factored(A)

    factor.__name__ = name
    return factor


splu, spilu, factorized = _direct("splu"), _direct("spilu"), _direct("factorized")


def _full(x: Any) -> Any:
    return made(x).toarray() if issparse(x) else asarray(x)


def eigsh(A: Any, k: int = 6, M: Any = None, sigma: Any = None, which: str = "LM", *args: Any, **kwargs: Any) -> Any:
    """k eigenvalues and eigenvectors of a symmetric matrix, by the full matrix where something is traced."""
    if _numbers_only(A):
        return import_module("scipy.sparse.linalg").eigsh(_plain(A), k, M, sigma, which, *args, **kwargs)
    if M is not None or which not in ("LM", "SM", "LA", "SA"):
        refuse(
            "'scipy.sparse.linalg.eigsh' of traced values has no matrix M, and no order but 'LM', 'SM', 'LA' and 'SA'.",
            "Write:  np.linalg.eigh(A.toarray())",
        )
    values, vectors = np.linalg.eigh(_full(A))
    n = shape_of(values)[0]
    size = np.arange(n) if which in ("LA", "SA") else np.abs(values - (0.0 if sigma is None else sigma))
    order = np.argsort(size if (which in ("LM", "LA")) is (sigma is None) else -size)
    order = np.sort(order[n - k :])
    found = values[order], vectors[:, order]
    return found if kwargs.get("return_eigenvectors", True) else found[0]


# ---------------------------------------------------------------- blocks


def _shifted(blocks: Any, places: Any, shape: Any) -> SparseEntries:
    """Matrices at places of a larger one."""
    parts = [(data, i + row, j + col) for (data, i, j), (row, col) in zip(blocks, places, strict=True)]
    data, i, j = (np.concatenate(each) for each in zip(*parts, strict=True))
    return SparseEntries(data, i, j, shape)


def _blocked(name: str) -> Callable[..., Any]:
    def make(blocks: Any, *args: Any, **kwargs: Any) -> Any:
        """A matrix of blocks; None stands for zeros."""
        rows = [[None if x is None else made_of(x) for x in row] for row in blocks]
        if _numbers_only(*(x for row in rows for x in row)):
            return made(getattr(_scipy, name)([[_plain(x) for x in row] for row in rows], *args, **kwargs))
        heights = [next(x.shape[0] for x in row if x is not None) for row in rows]
        widths = [next(x.shape[1] for row in rows if (x := row[k]) is not None) for k in range(len(rows[0]))]
        top, left = np.cumsum([0, *heights]), np.cumsum([0, *widths])
        there = [(x, (top[i], left[j])) for i, row in enumerate(rows) for j, x in enumerate(row) if x is not None]
        return _shifted([x.entries for x, _ in there], [at for _, at in there], (top[-1], left[-1]))

    make.__name__ = name
    return make


def made_of(x: Any) -> SparseEntries:
    """A sparse or full matrix by its entries."""
    return made(x) if issparse(x) else _maker("csr", "matrix")(np.atleast_2d(x))


bmat, block_array = _blocked("bmat"), _blocked("block_array")


def hstack(blocks: Any, *args: Any, **kwargs: Any) -> Any:
    """Matrices beside each other."""
    return bmat([list(blocks)], *args, **kwargs)


def vstack(blocks: Any, *args: Any, **kwargs: Any) -> Any:
    """Matrices below each other."""
    return bmat([[each] for each in blocks], *args, **kwargs)


def block_diag(mats: Any, *args: Any, **kwargs: Any) -> Any:
    """Matrices along the diagonal."""
    rows = list(mats)
    return bmat([[m if i == j else None for j in range(len(rows))] for i, m in enumerate(rows)], *args, **kwargs)


def kron(A: Any, B: Any, *args: Any, **kwargs: Any) -> Any:
    """A_ij B_kl in row i K + k and column j L + l."""
    A, B = made_of(A), made_of(B)
    if _numbers_only(A, B):
        return made(_scipy.kron(_plain(A), _plain(B), *args, **kwargs))
    (a, i, j), (b, k, m) = A.entries, B.entries
    rows, cols = (np.add.outer(x * n, y).ravel() for x, y, n in ((i, k, B.shape[0]), (j, m, B.shape[1])))
    size = (A.shape[0] * B.shape[0], A.shape[1] * B.shape[1])
    return SparseEntries(np.ravel(np.outer(a, b)), rows, cols, size)


def tril(A: Any, k: int = 0, *args: Any, **kwargs: Any) -> Any:
    """The entries on and below a diagonal."""
    A = made_of(A)
    return made(_scipy.tril(_plain(A), k, *args, **kwargs)) if _numbers_only(A) else A.kept(lambda i, j: j - i <= k)


def triu(A: Any, k: int = 0, *args: Any, **kwargs: Any) -> Any:
    """The entries on and above a diagonal."""
    A = made_of(A)
    return made(_scipy.triu(_plain(A), k, *args, **kwargs)) if _numbers_only(A) else A.kept(lambda i, j: j - i >= k)
