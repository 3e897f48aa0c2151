"""Arrays with named index letters, and their algebra: what a sum, a product, ᵀ and a quotient of such arrays are.

An operation asks the lexicon only where ranks leave more than one meaning. Two axes that must have one size and do not raise `Clash`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.notes.reading.lexicon import Lexicon

Array = Any


class Misfit(Exception):
    """A reading under which a formula has no value."""


class Closed(Misfit):
    """A notation that no other reading of names would give a value."""


class Clash(Exception):
    """Two sizes that must be one."""

    def __init__(self, left: int, right: int) -> None:
        super().__init__(f"sizes {left} and {right}")
        self.sizes = (left, right)


class BatchedArray:
    """An array with axes (batch, letters…, others…).

    row   whether a vector lies as a row
    jac   (p, q) where it is the derivative of p axes by q axes
    """

    __slots__ = ("array", "jac", "letters", "row")

    def __init__(
        self, array: Array, letters: tuple[str, ...] = (), row: bool = False, jac: tuple[int, int] | None = None
    ) -> None:
        self.array, self.letters, self.row, self.jac = array, letters, row, jac

    @property
    def rank(self) -> int:
        return self.array.ndim - 1 - len(self.letters)

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes of the axes that have no letter."""
        return self.array.shape[1 + len(self.letters) :]


def number(x: complex | float | int) -> BatchedArray:
    return BatchedArray(np.array([complex(x)]))


def lifted(x: BatchedArray, letters: Sequence[str]) -> Array:
    """x with exactly these letters, in this order; absent ones have one entry."""
    if x.letters == tuple(letters):
        return x.array
    here = [c for c in letters if c in x.letters]
    array = np.transpose(
        x.array, [0, *(1 + x.letters.index(c) for c in here), *range(1 + len(x.letters), x.array.ndim)]
    )
    for k, letter in enumerate(letters):
        if letter not in x.letters:
            array = np.expand_dims(array, 1 + k)
    return array


def joint(x: BatchedArray, y: BatchedArray) -> tuple[tuple[str, ...], Array, Array]:
    """Both arrays over the letters of either."""
    letters = x.letters + tuple(c for c in y.letters if c not in x.letters)
    a, b = lifted(x, letters), lifted(y, letters)
    for p, q in zip(a.shape[1 : 1 + len(letters)], b.shape[1 : 1 + len(letters)], strict=True):
        if p != q and p != 1 and q != 1:
            raise Clash(p, q)
    return letters, a, b


def tail(array: Array, count: int) -> Array:
    return array.reshape(array.shape + (1,) * count)


def fit(p: Sequence[int], q: Sequence[int]) -> None:
    """Raise Clash where sizes side by side differ, Misfit where there are more axes on one side."""
    if len(p) != len(q):
        raise Misfit(f"an array with {len(p)} axes stands beside one with {len(q)}")
    for a, b in zip(p, q, strict=True):
        if a != b:
            raise Clash(a, b)


def plus(x: BatchedArray, y: BatchedArray, sign: int, lexicon: Lexicon) -> BatchedArray:
    letters, a, b = joint(x, y)
    if x.rank != y.rank:
        a, b = _spread(x, y, a, b, lexicon)
    elif x.row != y.row and x.rank == 1 and not lexicon.ask("turned vector"):
        raise Misfit("a row is added to a column")
    else:
        fit(x.shape, y.shape)
    big = x if x.rank >= y.rank else y
    return BatchedArray(a + sign * b, letters, big.row, x.jac if x.jac == y.jac else None)


def _spread(x: BatchedArray, y: BatchedArray, a: Array, b: Array, lexicon: Lexicon) -> tuple[Array, Array]:
    """A number beside an array, or a bias beside a matrix."""
    if x.rank == 0 or y.rank == 0:
        return (tail(a, y.rank), b) if x.rank == 0 else (a, tail(b, x.rank))
    if {x.rank, y.rank} != {1, 2}:
        raise Misfit(f"an array with {x.rank} axes is added to one with {y.rank}")
    vector, matrix = (x, y) if x.rank == 1 else (y, x)
    along_rows = vector.row or lexicon.ask("bias") == "rows"
    fit(vector.shape, matrix.shape[-1:] if along_rows else matrix.shape[:1])
    if x.rank == 1:
        return (a[..., None, :] if along_rows else a[..., None]), b
    return a, (b[..., None, :] if along_rows else b[..., None])


def times(x: BatchedArray, y: BatchedArray, sign: str, lexicon: Lexicon) -> BatchedArray:
    letters, a, b = joint(x, y)
    if x.jac and y.jac and (0, 0) not in (x.jac, y.jac) and sign != "∘":
        chained = _chained(x, y, letters, a, b)
        if chained is not None:
            return chained
    if x.rank == 0 or y.rank == 0:
        a, b = (tail(a, y.rank), b) if x.rank == 0 else (a, tail(b, x.rank))
        big = y if x.rank == 0 else x
        return BatchedArray(a * b, letters, big.row, big.jac)
    if sign == "∘":
        return _entrywise(x, y, letters, a, b, lexicon)
    if sign == "⊗" and x.rank == y.rank == 1:
        return BatchedArray(a[..., :, None] * b[..., None, :], letters)
    if x.rank > 2 or y.rank > 2:
        raise Misfit("a product of arrays with more than two axes")
    if x.rank == y.rank == 1:
        return _two_vectors(x, y, letters, a, b, sign, lexicon)
    if x.rank == y.rank == 2 and sign == "*" and lexicon.ask("product") == "entries":
        fit(x.shape, y.shape)
        return BatchedArray(a * b, letters)
    return _matrix(x, y, letters, a, b, sign, lexicon)


def _chained(x: BatchedArray, y: BatchedArray, letters: tuple[str, ...], a: Array, b: Array) -> BatchedArray | None:
    """Two Jacobians contracted over the axes that they share, in either order."""
    assert x.jac is not None
    assert y.jac is not None
    (p, q), (s, t) = x.jac, y.jac
    if q == s and q:
        first, second, shared, p, t = a, b, q, p, t
        fit(x.shape[p:], y.shape[:s])
    elif t == p and p:
        first, second, shared, p, t = b, a, p, s, q
        fit(y.shape[s:], x.shape[: x.jac[0]])
    else:
        return None
    axes = [chr(97 + k) for k in range(p + shared + t)]
    left, right = "".join(axes[: p + shared]), "".join(axes[p:])
    kept = "".join(axes[:p] + axes[p + shared :])
    return BatchedArray(np.einsum(f"...{left},...{right}->...{kept}", first, second), letters, jac=(p, t))


def _entrywise(
    x: BatchedArray, y: BatchedArray, letters: tuple[str, ...], a: Array, b: Array, lexicon: Lexicon
) -> BatchedArray:
    if x.rank == y.rank:
        fit(x.shape, y.shape)
        return BatchedArray(a * b, letters, x.row and y.row)
    if {x.rank, y.rank} != {1, 2}:
        raise Misfit("an entrywise product of arrays with other axes")
    along_rows = lexicon.ask("bias") == "rows"
    vector, matrix = (x, y) if x.rank == 1 else (y, x)
    fit(vector.shape, matrix.shape[-1:] if along_rows else matrix.shape[:1])
    if x.rank == 1:
        return BatchedArray((a[..., None, :] if along_rows else a[..., None]) * b, letters)
    return BatchedArray(a * (b[..., None, :] if along_rows else b[..., None]), letters)


def _matrix(
    x: BatchedArray, y: BatchedArray, letters: tuple[str, ...], a: Array, b: Array, sign: str, lexicon: Lexicon
) -> BatchedArray:
    """A matrix product in which at least one factor is a matrix."""
    if x.rank == 2 and y.rank == 2:
        fit(x.shape[-1:], y.shape[:1])
        return BatchedArray(a @ b, letters)
    if x.rank == 2:
        if y.row:
            raise Misfit("a matrix stands before a row")
        fit(x.shape[-1:], y.shape)
        return BatchedArray((a @ b[..., None])[..., 0], letters)
    if not x.row and not lexicon.ask("turned vector"):
        raise Misfit("a column stands before a matrix")
    fit(x.shape, y.shape[:1])
    return BatchedArray((a[..., None, :] @ b)[..., 0, :], letters, row=True)


def _two_vectors(
    x: BatchedArray, y: BatchedArray, letters: tuple[str, ...], a: Array, b: Array, sign: str, lexicon: Lexicon
) -> BatchedArray:
    if x.row and not y.row:
        fit(x.shape, y.shape)
        return BatchedArray(np.sum(a * b, -1), letters)
    if y.row and not x.row:
        return BatchedArray(a[..., :, None] * b[..., None, :], letters)
    meant = lexicon.ask("product")
    if sign == "·" and x.row == y.row and meant is None:
        meant = "inner"
    if meant == "inner" and sign in ("·", ""):
        fit(x.shape, y.shape)
        return BatchedArray(np.sum(a * b, -1), letters)
    if meant == "entries":
        fit(x.shape, y.shape)
        return BatchedArray(a * b, letters, x.row and y.row)
    if meant == "outer":
        return BatchedArray(a[..., :, None] * b[..., None, :], letters)
    raise Misfit("two columns stand beside each other")


def over(x: BatchedArray, y: BatchedArray) -> BatchedArray:
    """A quotient: by a number, or entry by entry."""
    letters, a, b = joint(x, y)
    if y.rank == 0:
        return BatchedArray(a / tail(b, x.rank), letters, x.row, x.jac)
    if x.rank == y.rank:
        fit(x.shape, y.shape)
        return BatchedArray(a / b, letters, x.row)
    if x.rank == 0:
        return BatchedArray(tail(a, y.rank) / b, letters, y.row)
    raise Misfit("a division by an array")


def turned(x: BatchedArray) -> BatchedArray:
    """The transposed array; a vector lies down or stands up."""
    if x.rank == 1:
        return BatchedArray(x.array, x.letters, not x.row)
    if x.rank == 2:
        return BatchedArray(np.swapaxes(x.array, -1, -2), x.letters)
    if x.rank:
        raise Misfit("an array with more than two axes is transposed")
    return x


def picked(x: BatchedArray, axes: Sequence[str | int], first: int) -> BatchedArray:
    """The entries of an array at index letters and numbers, counted from `first`; a letter that is there already takes the diagonal."""
    if len(axes) > x.rank:
        raise Misfit("more indices than axes")
    array, letters = x.array, list(x.letters)
    before = len(letters)
    position = 1 + before
    for axis in axes:
        if isinstance(axis, int):
            if not 0 <= axis - first < array.shape[position]:
                raise Misfit("an index is beyond the axis")
            array = np.take(array, axis - first, axis=position)
        elif axis in letters:
            at = 1 + letters.index(axis)
            fit([array.shape[at]] if array.shape[at] > 1 else [array.shape[position]], [array.shape[position]])
            if array.shape[at] == 1:
                array = np.repeat(array, array.shape[position], axis=at)
            array = np.moveaxis(np.diagonal(array, axis1=at, axis2=position), -1, at)
        else:
            letters.append(axis)
            position += 1
    return BatchedArray(array, tuple(letters), x.row and array.ndim - 1 - len(letters) > 0)


def gathered(x: BatchedArray, at: BatchedArray, axis: int, first: int) -> BatchedArray:
    """x with its axis (counted among those without letters) looked up at whole-numbered values; the indices go round."""
    position = 1 + len(x.letters) + axis
    size = x.array.shape[position]
    where = (np.rint(at.array.real).astype(int) - first) % size
    moved = np.moveaxis(x.array, position, -1)
    shape = moved.shape[1 + len(x.letters) :]
    letters = x.letters + tuple(c for c in at.letters if c not in x.letters)
    flat_x = BatchedArray(moved, x.letters)
    lifted_x, lifted_at = (
        lifted(flat_x, letters),
        lifted(BatchedArray(where), letters) if not at.letters else lifted(BatchedArray(where, at.letters), letters),
    )
    sizes = np.broadcast_shapes(lifted_x.shape[: 1 + len(letters)], lifted_at.shape[: 1 + len(letters)])
    full_x = np.broadcast_to(lifted_x, sizes + shape)
    index = np.broadcast_to(tail(lifted_at, len(shape) - 1)[..., None], sizes + shape[:-1] + (1,))
    taken = np.take_along_axis(full_x, index, axis=-1)[..., 0]
    return BatchedArray(taken, letters)


def summed(x: BatchedArray, letter: str, product: bool = False) -> BatchedArray:
    """x summed (or multiplied) over a letter that it has."""
    axis = 1 + x.letters.index(letter)
    array = x.array.prod(axis) if product else x.array.sum(axis)
    return BatchedArray(array, tuple(c for c in x.letters if c != letter), x.row, x.jac)


def total(x: BatchedArray) -> BatchedArray:
    """The sum of all entries without letters."""
    keep = x.array.shape[: 1 + len(x.letters)]
    return BatchedArray(x.array.reshape((*keep, -1)).sum(-1), x.letters)
