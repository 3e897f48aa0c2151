"""Functions composed of ops, as rules and front ends call them: means, variances, log-softmax, clip and the like, stable as they stand."""

from __future__ import annotations

from collections.abc import Sequence

from wengert.core.ir.graph import Node, Number, apply, constant, constant_like
from wengert.core.ir.types import Shape, Size
from wengert.core.ops.complex_numbers import squared_magnitude
from wengert.core.ops.products import identity as identity
from wengert.core.ops.reductions import spread

Axes = Sequence[int] | None


def _axes(x: Node, axes: Axes) -> tuple[int, ...]:
    return tuple(range(x.type.rank)) if axes is None else tuple(axes)


def broadcast(x: Node, shape: Shape, axes: Sequence[int]) -> Node:
    """x laid on the named axes of the shape, the same along the others; x itself where nothing is added."""
    if tuple(shape) == x.shape and tuple(axes) == tuple(range(x.type.rank)):
        return x
    return apply("broadcast", x, shape=tuple(shape), axes=tuple(axes))


def total(x: Node, axes: Axes = None) -> Node:
    """Σ of the entries over the axes (all of them by default)."""
    return apply("sum", x, axes=_axes(x, axes))


def dot(x: Node, y: Node) -> Node:
    """Σ_i x_i y_i over every axis: the inner product of arrays of one type."""
    labels = tuple(range(x.type.rank))
    return apply("einsum", x, y, inputs=(labels, labels), output=())


def matmul(x: Node, y: Node) -> Node:
    """X Y over the last axis of x and the first of y: matrix by matrix, matrix by vector, vector by vector."""
    left = tuple(range(x.type.rank))
    right = (x.type.rank - 1, *range(x.type.rank, x.type.rank + y.type.rank - 1))
    return apply("einsum", x, y, inputs=(left, right), output=(*left[:-1], *right[1:]))


def count(x: Node, axes: Axes = None) -> Node:
    """The number of entries over the axes, as a real number; named sizes stay names."""
    number = 1
    named: list[Size] = []
    for axis in _axes(x, axes):
        size = x.shape[axis]
        if isinstance(size, int):
            number *= size
        else:
            named.append(size)
    scalar = x.type.with_shape(())
    if not named:
        return constant(number, scalar)
    result = constant(number, scalar) if number != 1 else None
    for size in named:
        n = apply("size_of", size=size, dtype=x.type.dtype)
        result = n if result is None else result * n
    assert result is not None
    return result


def mean(x: Node, axes: Axes = None) -> Node:
    """(1/N) Σ of the entries over the axes; NaN where there are none."""
    summed = total(x, axes)
    return summed / broadcast(count(x, axes), summed.shape, ())


def variance(x: Node, axes: Axes = None, ddof: int = 0) -> Node:
    """1/(N − ddof) Σ |x − mean|²: by the deviations, so that a large mean costs no digits."""
    chosen = _axes(x, axes)
    deviation = x - spread(mean(x, chosen), x, chosen)
    distances = squared_magnitude(deviation)
    squares = total(distances, chosen)
    number = count(distances, chosen)
    return squares / broadcast(number - ddof if ddof else number, squares.shape, ())


def logsumexp(x: Node, axes: Axes = None) -> Node:
    """log Σ eˣ over the axes."""
    return apply("logsumexp", x, axes=_axes(x, axes))


def softmax(x: Node, axes: Axes = None) -> Node:
    """eˣ / Σ eˣ over the axes."""
    return apply("softmax", x, axes=_axes(x, axes))


def log_softmax(x: Node, axes: Axes = None) -> Node:
    """x − log Σ eˣ over the axes."""
    chosen = _axes(x, axes)
    return x - spread(logsumexp(x, chosen), x, chosen)


def clip(x: Node, low: Number | None, high: Number | None) -> Node:
    """x, but low below it and high above it; on the closed interval its derivative is 1."""
    if high is not None:
        x = apply("where", x > high, constant_like(high, x), x)
    if low is not None:
        x = apply("where", x < low, constant_like(low, x), x)
    return x


def norm(x: Node, axes: Axes = None) -> Node:
    """√(Σ |x|²) over the axes."""
    return apply("sqrt", total(squared_magnitude(x), axes))


def one_hot(indices: Node, size: Size, dtype: str = "float64") -> Node:
    """1 at the index, else 0, along a new last axis of `size`."""
    shape = (*indices.shape, size)
    place = apply("position", size=size, dtype="int64")
    columns = broadcast(place, shape, (indices.type.rank,))
    rows = broadcast(indices, shape, range(indices.type.rank))
    return apply("cast", apply("equal", rows, columns), dtype=dtype)
