"""NumPy's products on traced values: dot, tensordot, einsum and their kin."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from wengert.core.ir.graph import apply
from wengert.functions.tracing import products
from wengert.functions.tracing.answers import answers
from wengert.functions.tracing.operands import as_arrays, as_node, axes_of, ndim_of, promoted, shape_of, supported
from wengert.functions.tracing.shapes import moveaxis, ravel, reshape
from wengert.functions.tracing.tracer import UFUNCS, Traced, traced


@answers(np.dot, method="dot")
def _dot(a: Any, b: Any) -> Traced:
    return traced(products.dot(*as_arrays(a, b)))


@answers(np.inner)
def _inner(a: Any, b: Any) -> Traced:
    x, y = as_arrays(a, b)
    if not x.type.rank or not y.type.rank:
        return traced(products.dot(x, y))
    return traced(products.tensordot(x, y, [x.type.rank - 1], [y.type.rank - 1]))


@answers(np.vdot)
def _vdot(a: Any, b: Any) -> Traced:
    """Σ_i conj(x_i) y_i over all entries."""
    return _dot(_conjugate(ravel(a)), ravel(b))


def _conjugate(x: Any) -> Any:
    dtype = x.dtype if isinstance(x, Traced) else np.asarray(x).dtype
    return np.conjugate(x) if dtype.kind == "c" else x


@answers(np.outer)
def _outer(a: Any, b: Any) -> Traced:
    x, y = as_arrays(ravel(a), ravel(b))
    return traced(products.tensordot(x, y, [], []))


@answers(np.tensordot)
def _tensordot(a: Any, b: Any, axes: Any = 2) -> Traced:
    """Σ over the last axes of a and the first of b, or over pairs of axes that are named.

    Raises ValueError and IndexError, with NumPy's words, where the sizes do not fit or there are too few axes.
    """
    x, y = as_arrays(a, b)
    if np.ndim(axes) == 0:
        many = operator.index(axes)
        left, right = list(range(x.type.rank - many, x.type.rank)), list(range(many))
        if min(left, default=0) < 0 or many > y.type.rank:
            raise IndexError("tuple index out of range")
    else:
        first, second = ([each] if np.ndim(each) == 0 else list(each) for each in axes)
        if len(first) != len(second):
            raise ValueError("shape-mismatch for sum")
        left = [axes_of(k, x.type.rank)[0] for k in first]
        right = [axes_of(k, y.type.rank)[0] for k in second]
    return traced(products.tensordot(x, y, left, right))


@answers(np.einsum)
def _einsum(*operands: Any, optimize: Any = None, dtype: Any = None, casting: str = "safe", order: str = "K") -> Traced:
    """Σ over the letters that the result has not, by letters or by lists of numbers, with an ellipsis for axes in between.

    Raises ValueError, with NumPy's words, where the letters do not fit the operands.
    """
    subscripts, arrays = products.letters(operands)
    nodes = as_arrays(*arrays) if dtype is None else [as_node(a, supported(np.dtype(dtype))) for a in arrays]
    return traced(products.einsum(subscripts, nodes))


@answers(np.einsum_path)
def _einsum_path(*operands: Any, optimize: Any = "greedy", einsum_call: bool = False) -> Any:
    dummies = [np.broadcast_to(0.0, x.shape) if isinstance(x, Traced) else x for x in operands]
    return np.einsum_path(*dummies, optimize=optimize, einsum_call=einsum_call)  # pyright: ignore[reportCallIssue, reportArgumentType]


@answers(np.kron)
def _kron(a: Any, b: Any) -> Traced:
    """Every entry of a times all of b, axis by axis."""
    x, y = as_arrays(a, b)
    rank = max(x.type.rank, y.type.rank)
    left, right = ((1,) * (rank - z.type.rank) + z.shape for z in (x, y))
    x, y = apply("reshape", x, shape=left), apply("reshape", y, shape=right)
    first, second = tuple(range(0, 2 * rank, 2)), tuple(range(1, 2 * rank, 2))
    wide = apply("einsum", x, y, inputs=(first, second), output=tuple(range(2 * rank)))
    return reshape(traced(wide), tuple(int(m) * int(n) for m, n in zip(left, right, strict=True)))  # pyright: ignore[reportArgumentType]


@answers(np.cross)
def _cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Traced:
    """x × y of vectors of three entries along an axis; of two, those of the plane, whose product has one entry.

    Raises ValueError, with NumPy's words, for vectors of other sizes.
    """
    if axis is not None:
        axisa, axisb, axisc = (axis,) * 3
    if ndim_of(a) < 1 or ndim_of(b) < 1:
        raise ValueError("At least one array has zero dimension")
    x, y = (traced(node) for node in promoted(moveaxis(a, axisa, -1), moveaxis(b, axisb, -1)))
    if x.shape[-1] not in (2, 3) or y.shape[-1] not in (2, 3):
        raise ValueError("incompatible dimensions for cross product\n(dimension must be 2 or 3)")
    if 2 in (x.shape[-1], y.shape[-1]):
        np.cross(np.ones(x.shape[-1]), np.ones(y.shape[-1]))  # NumPy's warning for vectors of the plane
    p, q = ([z[..., 0], z[..., 1], z[..., 2] if z.shape[-1] == 3 else np.zeros_like(z[..., 0])] for z in (x, y))
    third = p[0] * q[1] - p[1] * q[0]
    if x.shape[-1] == 2 and y.shape[-1] == 2:
        return third
    found = np.stack([p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2], third], axis=-1)
    return moveaxis(found, -1, axisc)


# ---------------------------------------------------------------- products of stacks of vectors and matrices


def _row(x: Any) -> Any:
    return reshape(x, (*shape_of(x)[:-1], 1, shape_of(x)[-1]))


def _column(x: Any) -> Any:
    return reshape(x, (*shape_of(x), 1))


def _stacked(name: str, ranks: tuple[int, int], x: Any, y: Any) -> None:
    """Refuse numbers, with NumPy's words.

    Raises ValueError.
    """
    for k, (each, rank) in enumerate(zip((x, y), ranks, strict=True)):
        if ndim_of(each) < rank:
            raise ValueError(f"{name}: Input operand {k} does not have enough dimensions")


def _vecdot(x1: Any, x2: Any, *, axis: int = -1) -> Traced:
    """Σ_i conj(x_i) y_i over an axis."""
    _stacked("vecdot", (1, 1), x1, x2)
    x, y = moveaxis(x1, axis, -1), moveaxis(x2, axis, -1)
    if x.shape[-1] != y.shape[-1]:
        raise ValueError(
            f"vecdot: Input operand 1 has a mismatch in its core dimension: {y.shape[-1]} and {x.shape[-1]}"
        )
    return UFUNCS[np.matmul](_row(_conjugate(x)), _column(y))[..., 0, 0]


def _matvec(x1: Any, x2: Any) -> Traced:
    """Σ_j a_ij x_j."""
    _stacked("matvec", (2, 1), x1, x2)
    return UFUNCS[np.matmul](x1, _column(x2))[..., 0]


def _vecmat(x1: Any, x2: Any) -> Traced:
    """Σ_i conj(x_i) a_ij."""
    _stacked("vecmat", (1, 2), x1, x2)
    return UFUNCS[np.matmul](_row(_conjugate(x1)), x2)[..., 0, :]


UFUNCS[np.vecdot] = _vecdot
for _name, _rule in {"matvec": _matvec, "vecmat": _vecmat}.items():
    if hasattr(np, _name):  # they came with NumPy 2.2
        UFUNCS[getattr(np, _name)] = _rule
