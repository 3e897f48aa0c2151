"""numpy.linalg on traced values: linear equations, determinants, factors of matrices, and the functions made of them.

Of a symmetric matrix NumPy reads one triangle (cholesky, eigh, eigvalsh); the derivative by it is symmetric, each entry beside the
diagonal sharing with its mirror image.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.core.ir.graph import Node, apply
from wengert.core.ir.types import COMPLEXES, FLOATS
from wengert.core.ops.complex_numbers import squared_magnitude
from wengert.core.ops.control import results
from wengert.core.ops.matrices import adjoint, identities
from wengert.functions.tracing import products
from wengert.functions.tracing.answers import answers
from wengert.functions.tracing.operands import as_node, broadcast_to, common_shape, ndim_of, shape_of
from wengert.functions.tracing.source import user_line
from wengert.functions.tracing.tracer import FUNCTIONS, UFUNCS, Traced, refuse, traced

NO_VALUE: Any = np._NoValue  # pyright: ignore[reportPrivateUsage, reportAttributeAccessIssue]
Eigenvalues: Any = type(np.linalg.eigh(np.eye(1)))
Eigenvectors: Any = type(np.linalg.eig(np.eye(1)))
Singular: Any = type(np.linalg.svd(np.eye(1)))
Orthogonal: Any = type(np.linalg.qr(np.eye(1)))
Determinant: Any = type(np.linalg.slogdet(np.eye(1)))
"""The tuples with names that NumPy gives."""


# ---------------------------------------------------------------- operands


def float_dtype(*values: Any) -> str:
    """The dtype in which NumPy does linear algebra: whole numbers and truth values are float64."""
    dtypes = [value.dtype if isinstance(value, Traced) else np.asarray(value).dtype for value in values]
    found = np.result_type(*(np.float64 if dtype.kind in "biu" else dtype for dtype in dtypes))
    if found.name not in (*FLOATS, *COMPLEXES):
        raise TypeError(f"array type {found} is unsupported in linalg")
    return found.name


def stack(value: Any, dtype: str | None = None) -> Node:
    """A value as a node of matrices.

    Raises numpy.linalg.LinAlgError, with NumPy's words, where it has no two axes.
    """
    node = as_node(value, dtype or float_dtype(value))
    if node.type.rank < 2:
        raise np.linalg.LinAlgError(f"{node.type.rank}-dimensional array given. Array must be at least two-dimensional")
    return node


def square(value: Any, dtype: str | None = None) -> Node:
    """A value as a node of square matrices.

    Raises numpy.linalg.LinAlgError, with NumPy's words, where it is none.
    """
    node = stack(value, dtype)
    if node.shape[-1] != node.shape[-2]:
        raise np.linalg.LinAlgError("Last 2 dimensions of the array must be square")
    return node


def mirrored(value: Any, lower: bool) -> Node:
    """The Hermitian matrix of which a triangle is read."""
    return apply("mirror", square(value), lower=lower)


def read_lower(uplo: Any) -> bool:
    """NumPy's argument UPLO.

    Raises ValueError, with NumPy's words, where it is neither L nor U.
    """
    letter = str(uplo).upper()
    if letter not in ("L", "U"):
        raise ValueError("UPLO argument must be 'L' or 'U'")
    return letter == "L"


# ---------------------------------------------------------------- equations and inverses


@answers(np.linalg.solve)
def _solve(a: Any, b: Any) -> Traced:
    """A⁻¹ b; b of one axis is a vector, else a stack of matrices."""
    dtype = float_dtype(a, b)
    left, right = square(a, dtype), as_node(b, dtype)
    vector = right.type.rank == 1
    if vector:
        right = apply("reshape", right, shape=(*right.shape, 1))
    if right.type.rank < 2 or left.shape[-1] != right.shape[-2]:
        raise ValueError(
            f"solve: Input operand 1 has a mismatch in its core dimension 0: {left.shape} and {shape_of(b)}"
        )
    found = apply("solve", *same_stacks(left, right))
    return traced(apply("reshape", found, shape=found.shape[:-1]) if vector else found)


def same_stacks(*nodes: Node) -> list[Node]:
    """Matrices with their stacks broadcast to one shape."""
    many = common_shape([node.shape[:-2] for node in nodes])
    return [broadcast_to(node, (*many, *node.shape[-2:])) for node in nodes]  # pyright: ignore[reportArgumentType]


@answers(np.linalg.inv)
def _inv(a: Any) -> Traced:
    return traced(apply("inv", square(a)))


@answers(np.linalg.pinv)
def _pinv(a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = NO_VALUE) -> Traced:
    """A⁺; singular values up to `rcond` times the largest count as 0."""
    node = stack(a)
    if rcond is None and rtol is None:
        rcond = max(shape_of(a)[-2:]) * np.finfo(node.type.dtype).eps
    cut: Any = rtol if rcond is None else rcond
    if isinstance(cut, Traced) or np.ndim(cut):
        refuse(
            "'np.linalg.pinv' on traced values takes one number as its cut.", "Write:  np.linalg.pinv(a, rcond=1e-12)"
        )
    number = None if cut is NO_VALUE else float(cut)
    if hermitian:
        node = apply("mirror", square(a), lower=True)
    return traced(apply("pinv", node, rcond=number, hermitian=bool(hermitian)))


@answers(np.linalg.lstsq)
def _lstsq(a: Any, b: Any, rcond: Any = None) -> tuple[Traced, Traced, Traced, Traced]:
    """A⁺ b, the squared distances of A x from b where A is tall, the rank and the singular values.

    The rank is taken to stay; NumPy leaves the distances out where it is not full, which is not known here.
    """
    dtype = float_dtype(a, b)
    left, right = stack(a, dtype), as_node(b, dtype)
    if left.type.rank != 2 or right.type.rank not in (1, 2) or left.shape[0] != right.shape[0]:
        raise np.linalg.LinAlgError("Incompatible dimensions")
    m, n = shape_of(traced(left))
    eps = float(np.finfo(dtype).eps)
    cut = eps * max(m, n) if rcond is None else eps if rcond == -1 else float(rcond)
    vector = right.type.rank == 1
    columns = apply("reshape", right, shape=(m, 1)) if vector else right
    found = products.matmul(apply("pinv", left, rcond=cut, hermitian=False), columns)
    s = results(apply("svd", left, full=False, library="numpy"))[1]
    distances = apply("sum", squared_magnitude(columns - products.matmul(left, found)), axes=(0,))
    if m <= n:
        distances = apply("slice", distances, start=(0,), stop=(0,), step=(1,))
    solution = apply("reshape", found, shape=(n,)) if vector else found
    return traced(solution), traced(distances), _rank(traced(s), cut), traced(s)


def _rank(s: Traced, relative: Any) -> Traced:
    """How many singular values are above a part of the largest."""
    if not s.shape[-1]:
        return np.sum(s > 0, axis=-1)
    return np.sum(s > np.max(s, axis=-1, keepdims=True) * relative, axis=-1)


@answers(np.linalg.matrix_rank)
def _matrix_rank(A: Any, tol: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Traced:
    if ndim_of(A) < 2:
        return np.any(np.not_equal(A, 0)).astype(int)
    s = _svd(A, compute_uv=False, hermitian=hermitian)
    if tol is not None:
        return np.sum(s > (np.asarray(tol)[..., None] if np.ndim(tol) else tol), axis=-1)
    cut = max(shape_of(A)[-2:]) * np.finfo(s.dtype).eps if rtol is None else rtol
    return _rank(s, np.asarray(cut)[..., None] if np.ndim(cut) else float(cut))


@answers(np.linalg.tensorsolve)
def _tensorsolve(a: Any, b: Any, axes: Any = None) -> Traced:
    """x with tensordot(a, x, x.ndim) = b."""
    node = a
    if axes is not None:
        order = [k for k in range(ndim_of(a)) if k not in axes] + list(axes)
        node = np.transpose(a, order)
    old = shape_of(node)[ndim_of(b) :]
    size = int(np.prod(old))
    if int(np.prod(shape_of(node))) != size**2:
        raise np.linalg.LinAlgError(
            "Input arrays must satisfy the requirement             prod(a.shape[b.ndim:]) == prod(a.shape[:b.ndim])"
        )
    return FUNCTIONS[np.reshape](_solve(np.reshape(node, (size, size)), np.ravel(b)), old)


@answers(np.linalg.tensorinv)
def _tensorinv(a: Any, ind: int = 2) -> Traced:
    """The inverse of tensordot with the last axes of a."""
    if ind <= 0:
        raise ValueError("Invalid ind argument.")
    old = shape_of(a)
    size = int(np.prod(old[ind:]))
    return FUNCTIONS[np.reshape](_inv(np.reshape(a, (size, -1))), old[ind:] + old[:ind])


# ---------------------------------------------------------------- determinants


@answers(np.linalg.det)
def _det(a: Any) -> Traced:
    return traced(apply("det", square(a)))


@answers(np.linalg.slogdet)
def _slogdet(a: Any) -> Any:
    return Determinant(*map(traced, results(apply("slogdet", square(a)))))


# ---------------------------------------------------------------- factors


@answers(np.linalg.cholesky)
def _cholesky(a: Any, *, upper: bool = False) -> Traced:
    """L with L Lᴴ = A from the lower triangle of A, or Lᴴ from the upper one."""
    lower = apply("cholesky", mirrored(a, not upper))
    return traced(adjoint(lower) if upper else lower)


@answers(np.linalg.eigh)
def _eigh(a: Any, UPLO: str = "L") -> Any:
    lower = read_lower(UPLO)
    return Eigenvalues(*map(traced, results(apply("eigh", mirrored(a, lower), lower=lower, library="numpy"))))


@answers(np.linalg.eigvalsh)
def _eigvalsh(a: Any, UPLO: str = "L") -> Traced:
    return _eigh(a, UPLO)[0]


@answers(np.linalg.eig)
def _eig(a: Any) -> Any:
    """w and V with A V = V diag(w), complex; NumPy's columns are of norm 1, their largest entries real."""
    w, v, _ = results(apply("eig", square(a)))
    return Eigenvectors(traced(w), traced(v))


@answers(np.linalg.eigvals)
def _eigvals(a: Any) -> Traced:
    return _eig(a)[0]


@answers(np.linalg.svd)
def _svd(a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    """U, s and Vᵀ; the columns of a full factor that do not belong to the matrix have no derivative."""
    node = mirrored(a, True) if hermitian else stack(a)
    if not compute_uv:
        return traced(results(apply("svd", node, full=False, library="numpy"))[1])
    u, s, vt = results(apply("svd", node, full=bool(full_matrices), library="numpy"))
    k = s.shape[-1]
    if u.shape[-1] != k:
        u = apply("undetermined", u, node, name="svd", source=user_line())
    if vt.shape[-2] != k:
        vt = apply("undetermined", vt, node, name="svd", source=user_line())
    return Singular(traced(u), traced(s), traced(vt))


@answers(np.linalg.svdvals)
def _svdvals(x: Any) -> Traced:
    return _svd(x, compute_uv=False)


@answers(np.linalg.qr)
def _qr(a: Any, mode: str = "reduced") -> Any:
    """Q and R, or R alone; the further columns of a complete Q have no derivative."""
    if mode not in ("reduced", "complete", "r"):
        refuse(f"'np.linalg.qr' has no mode '{mode}' on traced values.", "Write:  np.linalg.qr(a)")
    node = stack(a)
    full = mode == "complete" and node.shape[-2] > node.shape[-1]  # pyright: ignore[reportOperatorIssue]
    q, r = results(apply("qr", node, full=full, library="numpy"))
    if mode == "r":
        return traced(r)
    return Orthogonal(traced(apply("undetermined", q, node, name="qr", source=user_line()) if full else q), traced(r))


# ---------------------------------------------------------------- powers and products


@answers(np.linalg.matrix_power)
def _matrix_power(a: Any, n: Any) -> Traced:
    """Aⁿ by squaring; of negative n that of the inverse."""
    exponent = operator.index(n)
    node = as_node(a)
    if node.type.rank < 2 or node.shape[-1] != node.shape[-2]:
        square(a)
    if exponent == 0:
        return traced(identities(node.type))
    if exponent < 0:
        node, exponent = as_node(_inv(a)), -exponent
    power: Node | None = None
    while exponent:
        exponent, odd = divmod(exponent, 2)
        if odd:
            power = node if power is None else products.matmul(power, node)
        if exponent:
            node = products.matmul(node, node)
    assert power is not None
    return traced(power)


@answers(np.linalg.multi_dot)
def _multi_dot(arrays: Sequence[Any]) -> Traced:
    """The product of matrices, the first and the last of which may be vectors, in the cheapest order."""
    if len(arrays) < 2:
        raise ValueError("Expecting at least two arrays.")
    ranks = [ndim_of(each) for each in arrays]
    if any(rank != 2 for rank in ranks[1:-1]) or not {ranks[0], ranks[-1]} <= {1, 2}:
        raise np.linalg.LinAlgError("Array must be two-dimensional")
    labels = [(k, k + 1) for k in range(len(arrays))]
    labels[0] = labels[0][-ranks[0] :]  # pyright: ignore[reportArgumentType, reportCallIssue]
    labels[-1] = labels[-1][: ranks[-1]]  # pyright: ignore[reportArgumentType, reportCallIssue]
    output = (*([0] if ranks[0] == 2 else []), *([len(arrays)] if ranks[-1] == 2 else []))
    dtype = np.result_type(*(each.dtype if isinstance(each, Traced) else np.asarray(each) for each in arrays)).name
    nodes = [as_node(each, dtype) for each in arrays]
    return traced(apply("einsum", *nodes, inputs=tuple(labels), output=output))


@answers(np.linalg.matmul)
def _matmul(x1: Any, x2: Any) -> Traced:
    return UFUNCS[np.matmul](x1, x2)


@answers(np.linalg.vecdot)
def _vecdot(x1: Any, x2: Any, *, axis: int = -1) -> Traced:
    return UFUNCS[np.vecdot](x1, x2, axis=axis)


@answers(np.linalg.cross)
def _cross(x1: Any, x2: Any, *, axis: int = -1) -> Traced:
    if shape_of(x1)[axis] != 3 or shape_of(x2)[axis] != 3:
        raise ValueError(
            f"Both input arrays must be (arrays of) 3-dimensional vectors, but they are {shape_of(x1)[axis]} "
            f"and {shape_of(x2)[axis]} dimensional instead."
        )
    return FUNCTIONS[np.cross](x1, x2, axis=axis)


@answers(np.linalg.outer)
def _outer(x1: Any, x2: Any) -> Traced:
    if ndim_of(x1) != 1 or ndim_of(x2) != 1:
        raise ValueError(
            f"Input arrays must be one-dimensional, but they are x1.ndim={ndim_of(x1)} and x2.ndim={ndim_of(x2)}."
        )
    return FUNCTIONS[np.outer](x1, x2)


@answers(np.linalg.tensordot)
def _tensordot(x1: Any, x2: Any, *, axes: Any = 2) -> Traced:
    return FUNCTIONS[np.tensordot](x1, x2, axes=axes)


@answers(np.linalg.diagonal)
def _diagonal(x: Any, *, offset: int = 0) -> Traced:
    return FUNCTIONS[np.diagonal](x, offset, -2, -1)


@answers(np.linalg.trace)
def _trace(x: Any, *, offset: int = 0, dtype: Any = None) -> Traced:
    return FUNCTIONS[np.trace](x, offset, -2, -1, dtype=dtype)


@answers(np.linalg.matrix_transpose)
def _matrix_transpose(x: Any) -> Traced:
    if ndim_of(x) < 2:
        raise ValueError(f"Input array must be at least 2-dimensional, but it is {ndim_of(x)}")
    return np.swapaxes(x, -1, -2)
