"""scipy.sparse on traced values: matrices of every format times traced vectors and matrices, also with traced entries.

A matrix is its entries with their rows and columns; a product is a sum over the entries of each row. `spsolve` solves with the full matrix.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import Any

import numpy as np
from scipy import sparse  # pyright: ignore[reportMissingTypeStubs]

from wengert.core.ir.graph import apply
from wengert.functions.namespaces.numbers import InPlaceOf
from wengert.functions.namespaces.sequences import asarray
from wengert.functions.tracing.answers import stands_in
from wengert.functions.tracing.operands import as_node, broadcast_to, shape_of
from wengert.functions.tracing.standin import refuse
from wengert.functions.tracing.tracer import traced
from wengert.scipy.numerical import has_traced

_scipy: Any = sparse
FORMATS = ("csr", "csc", "coo", "bsr", "dia", "lil", "dok")


def __getattr__(name: str) -> Any:
    """Everything else is SciPy's."""
    return getattr(_scipy, name)


def row_sums(data: Any, x: Any, rows: Any, cols: Any, size: int) -> Any:
    """y_i = Σ_e data_e x_(cols_e) over the entries e with rows_e = i; x may have further axes."""
    picked = np.asarray(x)[np.asarray(cols)]
    found = np.zeros((size, *picked.shape[1:]), np.result_type(data, picked))
    np.add.at(found, np.asarray(rows), np.reshape(data, (-1,) + (1,) * (picked.ndim - 1)) * picked)
    return found


@stands_in(row_sums)
def _row_sums(data: Any, x: Any, rows: Any, cols: Any, size: int) -> Any:
    """The same in a graph."""
    dtype = np.result_type(*(v.dtype if hasattr(v, "dtype") else np.asarray(v).dtype for v in (data, x)))
    dtype = str(dtype) if dtype.kind in "fc" else "float64"
    picked = apply("gather", as_node(x, dtype), as_node(rows_of(cols), "int64"), axis=0, batch=0)
    weights = as_node(data, dtype)
    weights = apply("reshape", weights, shape=(*weights.shape, *(1 for _ in picked.shape[1:])))
    terms = broadcast_to(weights, picked.shape) * picked
    return traced(apply("scatter_add", terms, as_node(rows, "int64"), axis=0, batch=0, size=size))


def rows_of(places: Any) -> Any:
    """Places as whole numbers of 64 bits."""
    return places if has_traced(places) else np.asarray(places, np.int64)


class SparseEntries(InPlaceOf):
    """A sparse matrix by its entries; where nothing is traced SciPy's own answers."""

    __array_ufunc__ = None  # so that  x @ A  comes here
    __array_priority__ = 1000.0

    def __init__(self, data: Any, rows: Any, cols: Any, shape: Any, original: Any = None) -> None:
        self.data, self._rows, self._cols = data, np.asarray(rows, np.int64), np.asarray(cols, np.int64)
        self.shape, self._original = (int(shape[0]), int(shape[1])), original
        self.ndim, self.nnz = 2, len(self._rows)

    @property
    def dtype(self) -> Any:
        """The dtype of the entries."""
        return np.dtype(getattr(self.data, "dtype", float))

    def __getattr__(self, name: str) -> Any:
        if self._original is None or name.startswith("__"):
            raise AttributeError(
                f"A sparse matrix with traced entries has no '{name}': it has products with '@', T, toarray, diagonal, sum and multiply."
            )
        return _result(getattr(self._original, name))

    def _with(self, data: Any) -> SparseEntries:
        return SparseEntries(data, self._rows, self._cols, self.shape)

    # products

    def __matmul__(self, other: Any) -> Any:
        if isinstance(other, SparseEntries) or sparse.issparse(other):
            other = made(other)
            if self._original is not None and other._original is not None:
                return made(self._original @ other._original)
            return self._times(other)
        if self._original is not None and not has_traced(other):
            return self._original @ other
        other = asarray(other)
        if shape_of(other)[:1] != (self.shape[1],):
            raise ValueError(
                f"matmul: dimension mismatch with signature (n,k={self.shape[1]}),(k={shape_of(other)[0]},m?)->(n,m?)"
            )
        return _row_sums(self.data, other, self._rows, self._cols, self.shape[0])

    def _times(self, other: SparseEntries) -> SparseEntries:
        """A B: the entries of each column of A with those of the same row of B, added up where they meet."""
        if self.shape[1] != other.shape[0]:
            raise ValueError(f"matmul: dimension mismatch of {self.shape} and {other.shape}")
        order = np.argsort(other._rows, kind="stable")
        starts = np.searchsorted(other._rows[order], np.arange(self.shape[1] + 1))
        counts = np.diff(starts)[self._cols]
        left = np.repeat(np.arange(self.nnz), counts)
        within = np.arange(len(left)) - np.repeat(np.cumsum(counts) - counts, counts)
        right = order[np.repeat(starts[self._cols], counts) + within]
        terms = asarray(self.data)[left] * asarray(other.data)[right]
        size = (self.shape[0], other.shape[1])
        places, which = np.unique(self._rows[left] * size[1] + other._cols[right], return_inverse=True)
        data = _row_sums(terms, np.ones(1), which, np.zeros_like(which), len(places))
        return SparseEntries(data, places // size[1], places % size[1], size)

    def __rmatmul__(self, other: Any) -> Any:
        if self._original is not None and not has_traced(other):
            return other @ self._original
        return np.transpose(self.T @ np.transpose(asarray(other)))

    def dot(self, other: Any) -> Any:
        """A x."""
        return self * other if np.ndim(other) == 0 else self @ other

    def __mul__(self, other: Any) -> Any:
        if np.ndim(other) == 0 and not isinstance(other, SparseEntries):
            return self._with(self.data * other)
        if isinstance(self._original, _scipy.sparray) or (
            self._original is None and not isinstance(other, SparseEntries)
        ):
            return self.multiply(other)
        return self @ other

    def __rmul__(self, other: Any) -> Any:
        return self * other if np.ndim(other) == 0 else other @ self

    def __neg__(self) -> SparseEntries:
        return self._with(-self.data)

    def __truediv__(self, other: Any) -> SparseEntries:
        return self._with(self.data / other)

    def multiply(self, other: Any) -> SparseEntries:
        """The entries times those of an array, or of a row or column."""
        if isinstance(other, SparseEntries) or sparse.issparse(other):
            other = made(other).toarray()
        wide = np.broadcast_to(asarray(other), self.shape)
        return self._with(self.data * wide[self._rows, self._cols])

    # sums with other matrices

    def __add__(self, other: Any) -> Any:
        if isinstance(other, SparseEntries) or sparse.issparse(other):
            other = made(other)
            data = np.concatenate([asarray(self.data) * 1.0, asarray(other.data) * 1.0])
            rows = np.concatenate([self._rows, other._rows])
            return SparseEntries(data, rows, np.concatenate([self._cols, other._cols]), self.shape)
        return self.toarray() + other

    def __radd__(self, other: Any) -> Any:
        return self + other

    def __sub__(self, other: Any) -> Any:
        return self + (-made(other) if sparse.issparse(other) else -other)

    def __rsub__(self, other: Any) -> Any:
        return -self + other

    # other forms

    @property
    def T(self) -> SparseEntries:
        """The transpose."""
        turned = None if self._original is None else self._original.T
        return SparseEntries(self.data, self._cols, self._rows, self.shape[::-1], turned)

    def transpose(self) -> SparseEntries:
        """The transpose."""
        return self.T

    def toarray(self) -> Any:
        """The full matrix."""
        if self._original is not None:
            return self._original.toarray()
        m, n = self.shape
        ones = np.ones(1)
        flat = _row_sums(self.data, ones, self._rows * n + self._cols, np.zeros_like(self._rows), m * n)
        return np.reshape(flat, (m, n))

    todense = toarray

    def diagonal(self) -> Any:
        """The entries on the diagonal."""
        return np.diagonal(self.toarray())

    def sum(self, axis: Any = None) -> Any:
        """The sum of all entries, or along an axis."""
        if self._original is not None:
            return self._original.sum(axis)
        return np.sum(self.data) if axis is None else np.sum(self.toarray(), axis=axis)

    def _same(self, *args: Any, **kwargs: Any) -> SparseEntries:
        if self._original is not None:
            return made(self._original)
        return self

    tocsr = tocsc = tocoo = tolil = tobsr = todia = todok = asformat = copy = _same


def made(matrix: Any) -> SparseEntries:
    """A matrix of SciPy by its entries."""
    if isinstance(matrix, SparseEntries):
        return matrix
    coo = matrix.tocoo()
    return SparseEntries(coo.data, coo.row, coo.col, coo.shape, matrix)


def answering(original: Any) -> Any:
    """What stands for a matrix of SciPy; None for other objects."""
    return made(original) if sparse.issparse(original) else None


def _result(value: Any) -> Any:
    """What SciPy gives, with matrices by their entries."""
    if sparse.issparse(value):
        return made(value)
    if callable(value):
        return lambda *args, **kwargs: _result(value(*args, **kwargs))
    return value


def _plain(x: Any) -> Any:
    """Matrices as SciPy's."""
    if isinstance(x, SparseEntries):
        return x if x._original is None else x._original
    return type(x)(map(_plain, x)) if type(x) in (list, tuple) else x


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
        given = (*args, *kwargs.values())
        if has_traced(given) or any(isinstance(x, SparseEntries) and x._original is None for x in given):
            refuse(
                f"'scipy.sparse.{original.__name__}' takes numbers and arrays, and knows no traced values.",
                "Build the matrix by  csr_matrix((data, (i, j)))  or 'diags'; solve with 'spsolve'.",
            )
        return _result(original(*map(_plain, args), **{key: _plain(x) for key, x in kwargs.items()}))

    return call


def issparse(x: Any) -> bool:
    """Whether x is a sparse matrix."""
    return isinstance(x, SparseEntries) or sparse.issparse(x)


def spsolve(A: Any, b: Any, *args: Any, **kwargs: Any) -> Any:
    """A⁻¹ b, on traced values by the full matrix."""
    if isinstance(A, SparseEntries) and A._original is not None and not has_traced(b):
        return import_module("scipy.sparse.linalg").spsolve(A._original, _plain(b), *args, **kwargs)
    full = made(A).toarray() if isinstance(A, SparseEntries) or sparse.issparse(A) else A
    return np.linalg.solve(
        full, made(b).toarray() if isinstance(b, SparseEntries) or sparse.issparse(b) else asarray(b)
    )
