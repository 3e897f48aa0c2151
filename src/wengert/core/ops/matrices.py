"""Matrices in the last two axes: what the rules of linear algebra are written in, and what their records share.

Every op of linear algebra takes stacks of matrices, (…, m, n), and works on each; values come from NumPy and SciPy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy

from wengert.core.ir.graph import Node, apply, constant_like
from wengert.core.ir.notation import unwritten
from wengert.core.ir.op import Batch, Infer, Jvp, Op, Samples, Value, Vjp, register
from wengert.core.ir.types import ArrayType, Shape, Size
from wengert.core.ops.complex_numbers import PART, conjugate, is_zero
from wengert.core.ops.control import results
from wengert.core.ops.kinds import ErrorCases, as_batched, batch_size, check_dtype
from wengert.core.ops.products import identity
from wengert.core.ops.scipy_functions import needed
from wengert.errors import GraphError

np: Any = numpy
Array = Any


# ---------------------------------------------------------------- products and layouts of nodes


def matmul(*factors: Node) -> Node:
    """X Y … of each stack of matrices, from the left."""
    product = factors[0]
    for factor in factors[1:]:
        many = product.type.rank - 2
        left, right = (*range(many), many, many + 1), (*range(many), many + 1, many + 2)
        product = apply("einsum", product, factor, inputs=(left, right), output=(*range(many), many, many + 2))
    return product


def transposed(x: Node) -> Node:
    """Xᵀ of each matrix."""
    many = x.type.rank - 2
    return apply("transpose", x, axes=(*range(many), many + 1, many))


def adjoint(x: Node) -> Node:
    """Xᴴ of each matrix: transposed and conjugated."""
    return conjugate(transposed(x))


def hermitian(x: Node) -> Node:
    """(X + Xᴴ)/2 of each matrix."""
    return (x + adjoint(x)) * 0.5


def imaginary(x: Node) -> Node:
    """i x of real x."""
    return apply("complex", constant_like(0, x), x)


def skew(x: Node) -> Node:
    """(X − Xᴴ)/2 of each matrix."""
    return (x - adjoint(x)) * 0.5


def alike(factors: Node, x: Node) -> Node:
    """Real factors in the dtype of what they multiply."""
    return factors if factors.type.dtype == x.type.dtype else apply("cast", factors, dtype=x.type.dtype)


def weighted(x: Node, factors: Node) -> Node:
    """X ∘ F of matrices and real factors."""
    return x * alike(factors, x)


def scaled_rows(x: Node, factors: Node) -> Node:
    """diag(s) X: row i times s_i."""
    axes = tuple(range(x.type.rank - 1))
    return weighted(x, apply("broadcast", factors, shape=x.shape, axes=axes))


def scaled_columns(x: Node, factors: Node) -> Node:
    """X diag(s): column j times s_j."""
    many = x.type.rank - 2
    return weighted(x, apply("broadcast", factors, shape=x.shape, axes=(*range(many), many + 1)))


def scaled(x: Node, factors: Node) -> Node:
    """Each matrix times a number of its own."""
    return x * apply("broadcast", factors, shape=x.shape, axes=tuple(range(x.type.rank - 2)))


def diagonal(x: Node) -> Node:
    """The diagonal of each square matrix."""
    labels = tuple(range(x.type.rank - 1))
    return apply("einsum", x, inputs=((*labels, labels[-1]),), output=labels)


def as_diagonal(x: Node) -> Node:
    """diag(x): each vector on the diagonal of a square matrix."""
    shape, rank = (*x.shape, x.shape[-1]), x.type.rank
    return identities(x.type.with_shape(shape)) * apply("broadcast", x, shape=shape, axes=tuple(range(rank)))


def trace(x: Node) -> Node:
    """Σ_i x_ii of each square matrix."""
    labels = tuple(range(x.type.rank - 1))
    return apply("einsum", x, inputs=((*labels, labels[-1]),), output=labels[:-1])


def inner(x: Node, y: Node) -> Node:
    """Σ_ij x_ij y_ij of each pair of matrices."""
    labels = tuple(range(x.type.rank))
    return apply("einsum", x, y, inputs=(labels, labels), output=labels[:-2])


def identities(type: ArrayType) -> Node:
    """The identity matrix, for each matrix of a type."""
    return apply(
        "broadcast", identity(type.shape[-1], type.dtype), shape=type.shape, axes=(type.rank - 2, type.rank - 1)
    )


def triangle(x: Node, lower: bool = True, strict: bool = False) -> Node:
    """The entries on one side of the diagonal, 0 elsewhere; with the diagonal unless `strict`."""
    *_, m, n = x.shape
    rows = apply("broadcast", apply("position", size=m, dtype="int64"), shape=x.shape, axes=(x.type.rank - 2,))
    columns = apply("broadcast", apply("position", size=n, dtype="int64"), shape=x.shape, axes=(x.type.rank - 1,))
    big, small = (rows, columns) if lower else (columns, rows)
    return apply("where", big > small if strict else big >= small, x, constant_like(0, x))


def part(x: Node, rows: Size | None = None, columns: Size | None = None) -> Node:
    """The first rows and columns of each matrix."""
    *many, m, n = x.shape
    stop = (*many, m if rows is None else rows, n if columns is None else columns)
    if stop == x.shape:
        return x
    return apply("slice", x, start=(0,) * len(stop), stop=stop, step=(1,) * len(stop))


def rest(x: Node, columns: Size) -> Node:
    """The columns of each matrix behind the first ones."""
    start = (*(0,) * (x.type.rank - 1), columns)
    return apply("slice", x, start=start, stop=x.shape, step=(1,) * x.type.rank)


def safe_reciprocal(x: Node) -> Node:
    """1/x, and 0 where x is 0."""
    none = is_zero(x)
    return apply("where", none, constant_like(0, x), 1 / apply("where", none, constant_like(1, x), x))


def differences(x: Node) -> Node:
    """x_j − x_i at row i and column j, for each vector."""
    return _columns(x) - _rows(x)


def sums(x: Node) -> Node:
    """x_j + x_i at row i and column j, for each vector."""
    return _columns(x) + _rows(x)


def _rows(x: Node) -> Node:
    return apply("broadcast", x, shape=(*x.shape, x.shape[-1]), axes=tuple(range(x.type.rank)))


def _columns(x: Node) -> Node:
    rank = x.type.rank
    return apply("broadcast", x, shape=(*x.shape, x.shape[-1]), axes=(*range(rank - 1), rank))


def plus(*terms: Node | None) -> Node | None:
    """The sum of the terms that are there; None, zero, where none is."""
    total: Node | None = None
    for term in terms:
        if term is not None:
            total = term if total is None else total + term
    return total


# ---------------------------------------------------------------- orthogonal columns


def outside(basis: Node, x: Node) -> Node:
    """(I − U Uᴴ) X: what of the columns of X does not lie in the space of U."""
    return x - matmul(basis, matmul(adjoint(basis), x))


def completed(full: Node, thin: Node, moved: Node) -> Node:
    """The motion of all columns of an orthogonal matrix of which the first ones move: −U U̇ᴴ of the others."""
    if full.shape == thin.shape:
        return moved
    others = rest(full, thin.shape[-1])
    other = -matmul(thin, matmul(adjoint(moved), others))
    return apply("concatenate", moved, other, axis=full.type.rank - 1)


def folded(full: Node, thin: Node, bar: Node) -> Node:
    """The adjoint of `completed`: what the further columns add to the bars of the first ones."""
    if full.shape == thin.shape:
        return bar
    k = thin.shape[-1]
    others = matmul(rest(full, k), matmul(adjoint(rest(bar, k)), thin))
    return part(bar, columns=k) - others


# ---------------------------------------------------------------- types


def real_type(a: ArrayType) -> ArrayType:
    """The type of the real part."""
    return a.with_dtype(PART.get(a.dtype, a.dtype))


def check_matrix(name: str, type: ArrayType, takes: str = "float") -> None:
    """Refuse what is no stack of matrices of the dtypes that an op takes.

    Raises GraphError.
    """
    check_dtype(name, type, takes)
    if type.rank < 2:
        raise GraphError(
            f"'{name}' takes matrices, and {type} has no two axes.",
            f"  its input has the shape {type.shape}",
            "Give an array whose last two axes are the rows and columns.",
        )


def check_square(name: str, type: ArrayType, takes: str = "float") -> None:
    """Refuse what is no stack of square matrices.

    Raises GraphError.
    """
    check_matrix(name, type, takes)
    if type.shape[-1] != type.shape[-2]:
        raise GraphError(
            f"'{name}' takes square matrices, and {type} is not square.",
            f"  it has {type.shape[-2]} rows and {type.shape[-1]} columns",
            "Give matrices with as many rows as columns.",
        )


def check_pair(name: str, fits: bool, types: Sequence[ArrayType]) -> None:
    """Refuse two stacks of matrices that do not fit.

    Raises GraphError.
    """
    if not fits or types[0].dtype != types[1].dtype:
        raise GraphError(
            f"'{name}' takes matrices that fit.",
            f"  its inputs are {' and '.join(map(str, types))}",
            "Give stacks of one shape and dtype whose matrices have as many rows as their shapes ask for.",
        )


def smaller(m: Size, n: Size) -> Size:
    """The smaller of the two sizes of a matrix.

    Raises GraphError where a size is a name.
    """
    if not isinstance(m, int) or not isinstance(n, int):
        raise GraphError(
            "The factors of a matrix have the smaller of its sizes, which must be known.",
            f"  the matrix is {m}×{n}",
            "Give numbers as sizes.",
        )
    return min(m, n)


# ---------------------------------------------------------------- values and batches


def is_perturbed(x: Array) -> bool:
    """Whether a complex array is a real one with a step in a direction, as a complex step takes it (see `autodiff.check`)."""
    if not np.iscomplexobj(x):
        return False
    return 0 < np.max(np.abs(x.imag), initial=0) < 1e-20 * np.max(np.abs(x.real), initial=0)


def unperturbed(x: Array) -> Array:
    """The array itself.

    Raises TypeError for a complex step: the op conjugates, and so has no analytic continuation.
    """
    if is_perturbed(x):
        raise TypeError("no analytic continuation to complex matrices")
    return x


def lapack() -> Any:
    """SciPy's linear algebra; it is imported on first use, since it takes a third of the time of importing NumPy.

    Raises MissingPackageError where SciPy is not installed.
    """
    return needed("scipy.linalg", "This function of matrices")


def each(function: Callable[..., Array], *stacks: Array, shape: Shape) -> Array:
    """A function of matrices for each matrix of stacks of one shape; `shape` is that of a result."""
    many = stacks[0].shape[:-2]
    result = np.empty((*many, *shape), dtype=np.result_type(*stacks))
    for place in np.ndindex(many):
        result[place] = function(*(stack[place] for stack in stacks))
    return result


def each_of(function: Callable[[Array], Any], stack: Array, *, shapes: Sequence[tuple[int, ...]]) -> tuple[Array, ...]:
    """A function with several results for each matrix of a stack; `shapes` are those of the results."""
    many = stack.shape[:-2]
    # Results without two axes are eigenvalues and singular values, which are real.
    found = tuple(np.empty((*many, *s), stack.dtype if len(s) == 2 else stack.real.dtype) for s in shapes)
    if stack.size:
        for place in np.ndindex(many):
            for result, value in zip(found, function(stack[place]), strict=True):
                result[place] = value
    return found


def batch_stacks(node: Node, inputs: Sequence[Node], batched: Sequence[bool]) -> Node:
    """The op over a further leading axis: stacks of matrices take any."""
    size = batch_size(inputs, batched)
    full = [as_batched(x, has, size) for x, has in zip(inputs, batched, strict=True)]
    return apply(node.op, *full, **node.params)


def batch_sharing(node: Node, inputs: Sequence[Node], batched: Sequence[bool]) -> Node:
    """The same for A⁻¹ B, where A alone can be shared: the matrices B stand side by side as one."""
    if batched[0] or node.inputs[0].type.rank > 2:
        return batch_stacks(node, inputs, batched)
    size, n, k = inputs[1].shape
    if not isinstance(size, int) or not isinstance(k, int):
        return batch_stacks(node, inputs, batched)
    wide = apply("reshape", apply("transpose", inputs[1], axes=(1, 0, 2)), shape=(n, size * k))
    solved = apply(node.op, inputs[0], wide, **node.params)
    return apply("transpose", apply("reshape", solved, shape=(n, size, k)), axes=(1, 0, 2))


def batch_of(results: Callable[[Node], Sequence[Node]]) -> Batch:
    """The batch rule of an op with several results."""

    def batch(node: Node, inputs: Sequence[Node], batched: Sequence[bool]) -> tuple[Sequence[Node], Sequence[bool]]:
        several = results(batch_stacks(node, inputs, batched))
        return several, [True] * len(several)

    return batch


def several(
    name: str, summary: str, infer: Infer, value: Value, jvp: Jvp, vjp: Vjp, samples: Samples, errors: ErrorCases
) -> Op:
    """An op with several results over stacks of matrices."""
    rules = (infer, value, jvp, vjp, batch_of(results), unwritten(name), samples, errors)
    return register(Op(name, summary, "general", 1, *rules))


# ---------------------------------------------------------------- samples

LIBRARIES = ("numpy", "scipy")
"""Whose LAPACK computes factors: two may give columns with other signs, and derivatives belong to the signs that are given."""
STACKS: tuple[tuple[int, ...], ...] = ((), (), (2,), (2, 3), (0,))


def well_conditioned(rng: Any, *shape: int) -> Array:
    """Random matrices whose singular values lie between 1/2 and 2, well apart."""
    *many, m, n = shape
    k = min(m, n)
    u, v = (np.linalg.qr(rng.normal(size=(*many, size, size)))[0] for size in (m, n))
    s = np.linspace(0.6, 2, k) + rng.uniform(-0.1, 0.1, size=(*many, k)) / max(k, 1)
    return (u[..., :k] * s[..., None, :]) @ v[..., :k].swapaxes(-1, -2)


def positive_definite(rng: Any, *shape: int) -> Array:
    """Random symmetric matrices with eigenvalues between 1/2 and 2, well apart."""
    *many, n, _ = shape
    q = np.linalg.qr(rng.normal(size=(*many, n, n)))[0]
    w = np.linspace(0.6, 2, n) + rng.uniform(-0.1, 0.1, size=(*many, n)) / max(n, 1)
    a = (q * w[..., None, :]) @ q.swapaxes(-1, -2)
    return (a + a.swapaxes(-1, -2)) / 2


def near_diagonal(rng: Any, *shape: int) -> Array:
    """Symmetric matrices with eigenvalues well apart, whose eigenvectors keep their signs when the matrices move."""
    a = np.tril(rng.uniform(0.2, 0.4, size=shape), -1)
    return a + a.swapaxes(-1, -2) + np.diag(np.arange(1.0, shape[-1] + 1))


def triangular(rng: Any, *shape: int, lower: bool = True) -> Array:
    """Random triangular matrices with a diagonal away from 0."""
    a = rng.uniform(-0.5, 0.5, size=shape)
    a = np.tril(a, -1) if lower else np.triu(a, 1)
    n = shape[-1]
    a[..., range(n), range(n)] = rng.uniform(0.7, 1.5, size=(*shape[:-2], n)) * rng.choice([-1, 1], size=n)
    return a
