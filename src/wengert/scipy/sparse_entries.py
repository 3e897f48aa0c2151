"""A sparse matrix by its entries, whose values may be traced while their rows and columns are numbers.

A product is a sum over the entries of each row; entries at one place are added up.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse  # pyright: ignore[reportMissingTypeStubs]

from wengert.core.ir.graph import apply
from wengert.functions.namespaces.numbers import InPlaceOf, settled
from wengert.functions.namespaces.sequences import asarray
from wengert.functions.tracing.answers import stands_in
from wengert.functions.tracing.operands import as_node, broadcast_to, shape_of
from wengert.functions.tracing.tracer import traced
from wengert.scipy.numerical import has_traced

_scipy: Any = sparse


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
        self.data = data
        self._rows, self._cols = np.asarray(settled(rows), np.int64), np.asarray(settled(cols), np.int64)
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
        return result(getattr(self._original, name))

    def _with(self, data: Any) -> SparseEntries:
        return SparseEntries(data, self._rows, self._cols, self.shape)

    # products

    def __matmul__(self, other: Any) -> Any:
        if issparse(other):
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
        left, right = _matches(self._cols, other._rows)
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
        if issparse(other):
            other = made(other).toarray()
        wide = np.broadcast_to(asarray(other), self.shape)
        return self._with(self.data * wide[self._rows, self._cols])

    # sums with other matrices

    def __add__(self, other: Any) -> Any:
        if issparse(other):
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

    def power(self, n: Any) -> SparseEntries:
        """The entries to a power."""
        once = self.added_up()
        return once._with(asarray(once.data) ** n)

    # parts

    def __getitem__(self, key: Any) -> Any:
        if self._original is not None:
            return result(self._original[key])
        rows, cols, kind = _places(key, self.shape)
        if kind == "pairs":  # one entry each
            found = self._block(rows, cols).toarray()
            return np.reshape(np.diagonal(found), (1, -1))
        found = self._block(rows, cols)
        return np.sum(asarray(found.data)) if kind == "entry" else found

    def _block(self, rows: Any, cols: Any) -> SparseEntries:
        """The entries in some rows and columns, in their order."""
        to_row, entry = _matches(rows, self._rows)
        of, to_col = _matches(self._cols[entry], cols)
        return SparseEntries(asarray(self.data)[entry[of]], to_row[of], to_col, (len(rows), len(cols)))

    def __setitem__(self, key: Any, value: Any) -> None:
        if self._original is not None and not has_traced(value) and getattr(value, "_original", True) is not None:
            self._original[key] = getattr(value, "_original", value)
            coo = self._original.tocoo()
            self.data, self._rows, self._cols = coo.data, coo.row.astype(np.int64), coo.col.astype(np.int64)
            return
        rows, cols, kind = _places(key, self.shape)
        i, j = (rows, cols) if kind == "pairs" else (np.repeat(rows, len(cols)), np.tile(cols, len(rows)))
        value = value.toarray() if isinstance(value, SparseEntries) else asarray(value)
        size = (len(rows),) if kind == "pairs" else (len(rows), len(cols))
        put = np.ravel(np.broadcast_to(value, size)) * 1.0
        stays = np.flatnonzero(~np.isin(self._rows * self.shape[1] + self._cols, i * self.shape[1] + j))
        self.data = np.concatenate([asarray(self.data)[stays] * 1.0, put])
        self._rows, self._cols = np.concatenate([self._rows[stays], i]), np.concatenate([self._cols[stays], j])
        self._original, self.nnz = None, len(self._rows)

    def getrow(self, i: int) -> Any:
        """A row."""
        return self[i, :]

    def getcol(self, j: int) -> Any:
        """A column."""
        return self[:, j]

    def kept(self, which: Any) -> SparseEntries:
        """The entries for which a mask is true."""
        places = np.flatnonzero(which(self._rows, self._cols))
        return SparseEntries(asarray(self.data)[places], self._rows[places], self._cols[places], self.shape)

    def added_up(self) -> SparseEntries:
        """The same matrix with one entry for each place."""
        places, which = np.unique(self._rows * self.shape[1] + self._cols, return_inverse=True)
        if len(places) == len(which):
            return self
        data = _row_sums(self.data, np.ones(1), which, np.zeros_like(which), len(places))
        return SparseEntries(data, places // self.shape[1], places % self.shape[1], self.shape)

    # other forms

    @property
    def entries(self) -> tuple[Any, Any, Any]:
        """The values, rows and columns."""
        return asarray(self.data), self._rows, self._cols

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
        inside = self.kept(lambda i, j: i == j)
        return _row_sums(inside.data, np.ones(1), inside._rows, np.zeros_like(inside._rows), min(self.shape))

    def trace(self) -> Any:
        """The sum of the diagonal."""
        return np.sum(self.diagonal())

    def sum(self, axis: Any = None) -> Any:
        """The sum of all entries, or along an axis."""
        if self._original is not None:
            return self._original.sum(axis)
        return np.sum(self.data) if axis is None else np.sum(self.toarray(), axis=axis)

    def _same(self, *args: Any, **kwargs: Any) -> SparseEntries:
        if self._original is not None:
            return made(self._original)
        return self

    tocsr = tocsc = tocoo = tolil = tobsr = todia = todok = asformat = _same

    def copy(self) -> SparseEntries:
        """The same matrix, to be written to."""
        return made(self._original.copy()) if self._original is not None else self._with(self.data)


def _line(key: Any, size: int) -> Any:
    """The numbers of the rows or columns that an index takes."""
    if isinstance(key, slice):
        return np.arange(size)[key]
    found = np.asarray(key)
    return np.atleast_1d(np.arange(size)[found if found.dtype == bool else found.astype(np.int64)]).ravel()


def _places(key: Any, shape: tuple[int, int]) -> tuple[Any, Any, str]:
    """The rows and columns of an index, and whether they make an "entry", "pairs" or a "block"."""
    pair: tuple[Any, Any] = settled(key) if isinstance(key, tuple) else (settled(key), slice(None))
    row, col = pair
    rows, cols = _line(row, shape[0]), _line(col, shape[1])
    if np.ndim(row) == 0 and np.ndim(col) == 0 and not isinstance(row, slice) and not isinstance(col, slice):
        return rows, cols, "entry"
    lists = [np.ndim(each) == 1 for each in (row, col) if not isinstance(each, slice)]
    return rows, cols, "pairs" if len(lists) == 2 and all(lists) else "block"


def _matches(values: Any, table: Any) -> tuple[Any, Any]:
    """All pairs (k, p) with values[k] = table[p]."""
    order = np.argsort(table, kind="stable")
    inside = table[order]
    starts, stops = np.searchsorted(inside, values, "left"), np.searchsorted(inside, values, "right")
    counts = stops - starts
    which = np.repeat(np.arange(len(values)), counts)
    within = np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)
    return which, order[np.repeat(starts, counts) + within]


def issparse(x: Any) -> bool:
    """Whether x is a sparse matrix."""
    return isinstance(x, SparseEntries) or sparse.issparse(x)


def made(matrix: Any) -> SparseEntries:
    """A matrix of SciPy by its entries."""
    if isinstance(matrix, SparseEntries):
        return matrix
    coo = matrix.tocoo()
    return SparseEntries(coo.data, coo.row, coo.col, coo.shape, matrix)


def result(value: Any) -> Any:
    """What SciPy gives, with matrices by their entries."""
    if sparse.issparse(value):
        return made(value)
    if callable(value):
        return lambda *args, **kwargs: result(value(*args, **kwargs))
    return value
