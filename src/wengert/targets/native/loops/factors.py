"""LU factors of matrices, and what is solved with them.

A matrix is cut into its LU factors once, for all that is solved with it or its transpose, for its inverse and its determinant: the
factors are a node of the graph, so that value and derivative share them. It knows no machine.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from wengert.core.ir.graph import Node, apply, constant_like
from wengert.core.ir.notation import unwritten
from wengert.core.ir.op import Op, Params
from wengert.core.ir.types import ArrayType
from wengert.core.ops.matrices import diagonal, part, transposed
from wengert.errors import GraphError
from wengert.targets.native.loops.forms import numbers

np: Any = numpy
Array = Any


# ---------------------------------------------------------------- the factors of one matrix


def _lu(a: Array) -> Array:
    """LU with the row exchanged for that of the largest entry; see `lu`."""
    n = a.shape[-1]
    found = np.empty((*a.shape[:-2], n + 1, n), a.dtype)
    for place in np.ndindex(a.shape[:-2]):
        factors, pivots = a[place].copy(), np.empty(n)
        for k in range(n):
            p = k + int(np.argmax(np.abs(factors[k:, k])))
            pivots[k] = p
            factors[[k, p]] = factors[[p, k]]
            if factors[k, k] != 0:
                factors[k + 1 :, k] /= factors[k, k]
                factors[k + 1 :, k + 1 :] -= np.outer(factors[k + 1 :, k], factors[k, k + 1 :])
        found[(*place, slice(n))], found[(*place, n)] = factors.T, pivots
    return found


def _lu_solve(f: Array, b: Array, transpose: bool) -> Array:
    """A⁻¹ B or A⁻ᵀ B by the factors."""
    found = np.array(b)
    for place in np.ndindex(f.shape[:-2]):
        factors, pivots, x = f[place][:-1].T, f[place][-1].astype(int), found[place]
        if (np.diagonal(factors) == 0).any():
            raise GraphError(
                "A matrix is singular.", "  a diagonal entry of its factors is 0", "Give matrices that have an inverse."
            )
        low, up = np.tril(factors, -1) + np.eye(len(factors)), np.triu(factors)
        swaps = list(enumerate(pivots))
        if not transpose:
            for k, p in swaps:
                x[[k, p]] = x[[p, k]]
            x[:] = np.linalg.solve(up, np.linalg.solve(low, x))
        else:
            x[:] = np.linalg.solve(low.T, np.linalg.solve(up.T, x))
            for k, p in reversed(swaps):
                x[[k, p]] = x[[p, k]]
    return found


def _lu_inverse(f: Array) -> Array:
    n = f.shape[-1]
    return _lu_solve(f, np.broadcast_to(np.eye(n, dtype=f.dtype), (*f.shape[:-2], n, n)), False)


def _never(*given: Any) -> Any:
    """Raises GraphError: what is lowered is derived already."""
    raise GraphError(
        "A routine of native code has no derivative.",
        "  it stands in a graph that is lowered",
        "Derive before lowering.",
    )


def routine(name: str, summary: str, arity: int, infer: Callable[..., ArrayType], value: Callable[..., Array]) -> Op:
    """An op that stands in graphs on their way to code only."""
    return Op(name, summary, "general", arity, infer, value, _never, _never, _never, unwritten(name), lambda rng: [])


def _infer_lu(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    *many, n, _ = numbers(types[0].shape)
    return types[0].with_shape((*many, n + 1, n))


def _infer_inverse(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    *many, _, n = numbers(types[0].shape)
    return types[0].with_shape((*many, n, n))


lu = routine(
    "lu",
    "P A = L U: as rows the columns of L and U in one matrix, and as last row for each k the row that row k was exchanged for.",
    1,
    _infer_lu,
    lambda xp, a: _lu(a),
)
lu_solve = routine(
    "lu_solve",
    "A⁻¹ B, or A⁻ᵀ B, by the factors of A.",
    2,
    lambda types, params: types[1],
    lambda xp, f, b, transpose: _lu_solve(f, b, transpose),
)
lu_inverse = routine("lu_inverse", "A⁻¹ by the factors of A.", 1, _infer_inverse, lambda xp, f: _lu_inverse(f))


# ---------------------------------------------------------------- what is made of them


def _factors(matrix: Node) -> tuple[Node, bool]:
    """The factors of a matrix or, with True, of its transpose."""
    many = matrix.type.rank - 2
    turned = matrix.op.name == "transpose" and matrix.params["axes"] == (*range(many), many + 1, many)
    return apply(lu, matrix.inputs[0] if turned else matrix), turned


def solve(node: Node) -> Node:
    factors, turned = _factors(node.inputs[0])
    return apply(lu_solve, factors, node.inputs[1], transpose=turned)


def inverse(node: Node) -> Node:
    factors, turned = _factors(node.inputs[0])
    found = apply(lu_inverse, factors)
    return transposed(found) if turned else found


def determinant(node: Node) -> Node:
    """The product of the diagonal of U, with the sign of the exchanges; NumPy's log |det| is the sum of the logarithms."""
    several = node.inputs[0]
    factors, _ = _factors(several.inputs[0])
    n, rank = factors.shape[-1], factors.type.rank
    middle = diagonal(part(factors, rows=n))
    axes = (rank - 2,)
    if node.params["index"] == 1:
        return apply("sum", apply("log", apply("abs", middle)), axes=axes)
    start, stop = (*(0,) * (rank - 2), n, 0), factors.shape
    last = apply("slice", factors, start=start, stop=stop, step=(1,) * rank)
    pivots = apply("reshape", last, shape=middle.shape)
    number = apply("position", size=n, dtype="int64")
    places = apply("cast", apply("broadcast", number, shape=middle.shape, axes=axes), dtype=middle.type.dtype)
    one = constant_like(1, middle)
    turns = apply("where", apply("equal", pivots, places), one, -one)
    return apply("prod", apply("sign", middle) * turns, axes=axes)


def mirror(node: Node) -> Node:
    """The entries of one triangle at both of their places."""
    (a,), rank = node.inputs, node.type.rank
    number = apply("position", size=node.shape[-1], dtype="int64")
    rows, columns = (apply("broadcast", number, shape=node.shape, axes=(rank - k,)) for k in (2, 1))
    kept = rows >= columns if node.params["lower"] else rows <= columns
    return apply("where", kept, a, transposed(a))
