"""Norms of vectors and matrices on traced values, and the condition of a matrix, as numpy.linalg has them."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.core.ir.graph import Node, apply, constant
from wengert.core.ops import functions as composed
from wengert.core.ops.complex_numbers import magnitude
from wengert.core.ops.control import results
from wengert.functions.tracing.answers import answers
from wengert.functions.tracing.operands import as_node, axes_of, ndim_of, shape_of
from wengert.functions.tracing.tracer import FUNCTIONS, Traced, traced

Axis = Any


def _number(x: Any) -> Node:
    """A value as real numbers; whole numbers are float64."""
    node = as_node(x)
    return node if node.type.is_float else apply("cast", node, dtype="float64")


def _sizes(node: Node) -> Node:
    """|x| of each entry."""
    return magnitude(node)


def _kept(node: Node, shape: tuple[Any, ...], axes: tuple[int, ...], keepdims: bool) -> Traced:
    """A reduced value, with axes of 1 in place of those that are gone where `keepdims` says so."""
    if keepdims:
        node = apply("reshape", node, shape=tuple(1 if k in axes else n for k, n in enumerate(shape)))
    return traced(node)


@answers(np.linalg.norm)
def _norm(x: Any, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Traced:
    """√Σ|x|² of all entries, or the norm of order `ord` of vectors along an axis, of matrices along two.

    The derivative at the zero vector is 0.
    Raises ValueError, with NumPy's words, where there is no such norm.
    """
    node = _number(x)
    rank = node.type.rank
    if axis is None:
        if ord is None or (ord in ("f", "fro") and rank == 2) or (ord == 2 and rank == 1):
            axes = tuple(range(rank))
            return _kept(_euclidean(node, axes), node.shape, axes, keepdims)
        axis = tuple(range(rank))
    given = axis if isinstance(axis, tuple | list) else (axis,)
    places = tuple(axes_of(each, rank)[0] for each in given)
    if len(places) == 1:
        return _kept(_of_vectors(node, ord, places), node.shape, places, keepdims)
    if len(places) != 2:
        raise ValueError("Improper number of dimensions to norm.")
    if places[0] == places[1]:
        raise ValueError("Duplicate axes given.")
    return _kept(_of_matrices(node, ord, places), node.shape, places, keepdims)


def _euclidean(node: Node, axes: tuple[int, ...]) -> Node:
    return composed.norm(_sizes(node) if node.type.is_complex else node, axes)


def _of_vectors(node: Node, order: Any, axes: tuple[int, ...]) -> Node:
    """(Σ|x|^p)^(1/p), the largest or smallest |x| for ±∞, the number of entries that are not 0 for 0."""
    if order in (None, 2):
        return _euclidean(node, axes)
    if isinstance(order, str):
        raise ValueError(f"Invalid norm order '{order}' for vectors")
    sizes = _sizes(node)
    if order in (np.inf, -np.inf):
        return apply("max" if order > 0 else "min", sizes, axes=axes)
    if order == 0:
        counted = apply("cast", apply("not_equal", sizes, constant(0, sizes.type)), dtype=sizes.type.dtype)
        return apply("sum", counted, axes=axes)
    if order == 1:
        return apply("sum", sizes, axes=axes)
    return apply("sum", sizes ** float(order), axes=axes) ** float(np.reciprocal(order, dtype=sizes.type.dtype))


def _of_matrices(node: Node, order: Any, axes: tuple[int, ...]) -> Node:
    """Of singular values for ±2 and 'nuc', of sums of columns and rows for ±1 and ±∞, else √Σ|x|²."""
    row, column = axes
    if order in (None, "fro", "f"):
        return _euclidean(node, tuple(sorted(axes)))
    if order in (2, -2, "nuc"):
        last = FUNCTIONS[np.moveaxis](traced(node), (row, column), (-2, -1)).node
        s = results(apply("svd", last, full=False, library="numpy"))[1]
        name = "sum" if order == "nuc" else "max" if order > 0 else "min"
        # The size of a singular value has the derivative 0 at 0, as the size of any number.
        return apply(name, apply("abs", s), axes=(s.type.rank - 1,))
    if order not in (1, -1, np.inf, -np.inf):
        raise ValueError("Invalid norm order for matrices.")
    summed, left = (row, column) if order in (1, -1) else (column, row)
    totals = apply("sum", _sizes(node), axes=(summed,))
    return apply("max" if order > 0 else "min", totals, axes=(left - (summed < left),))


@answers(np.linalg.matrix_norm)
def _matrix_norm(x: Any, *, keepdims: bool = False, ord: Any = "fro") -> Traced:
    return _norm(x, ord, (-2, -1), keepdims)


@answers(np.linalg.vector_norm)
def _vector_norm(x: Any, *, axis: Axis = None, keepdims: bool = False, ord: Any = 2) -> Traced:
    """The norm of the entries along one or several axes as of one vector."""
    shape = shape_of(x)
    if axis is not None and not isinstance(axis, tuple):
        return _norm(x, ord, axis, keepdims)
    axes = axes_of(axis, len(shape))
    others = [k for k in range(len(shape)) if k not in axes]
    flat = np.reshape(np.transpose(x, (*axes, *others)), (-1, *(shape[k] for k in others)))
    return _kept(_norm(flat, ord, 0).node, shape, axes, keepdims)


@answers(np.linalg.cond)
def _cond(x: Any, p: Any = None) -> Traced:
    """‖A‖ ‖A⁻¹‖; of order 2 the largest singular value over the smallest.

    Raises numpy.linalg.LinAlgError, with NumPy's words, where x is no stack of matrices.
    """
    if ndim_of(x) < 2:
        raise np.linalg.LinAlgError(f"{ndim_of(x)}-dimensional array given. Array must be at least two-dimensional")
    if p in (None, 2, -2):
        s = FUNCTIONS[np.linalg.svdvals](x)
        return s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
    return _norm(x, p, (-2, -1)) * _norm(FUNCTIONS[np.linalg.inv](x), p, (-2, -1))
