"""scipy.linalg for traced values: linear equations, those of Sylvester and Lyapunov, inverses and determinants."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg  # pyright: ignore[reportMissingTypeStubs]

from wengert.core.ir.graph import Node, apply
from wengert.core.ops.complex_numbers import conjugate
from wengert.core.ops.matrices import adjoint, identities
from wengert.core.ops.matrices import transposed as transposed_matrix
from wengert.functions.tracing.answers import stands_in
from wengert.functions.tracing.linalg import float_dtype, same_stacks, square, stack
from wengert.functions.tracing.operands import as_node, shape_of
from wengert.functions.tracing.tracer import Traced, refuse, traced

_scipy: Any = scipy.linalg


def plain(name: str, **options: Any) -> None:
    """Refuse what changes a result and has no form in a graph.

    Raises TraceError.
    """
    for option, value in options.items():
        if value not in (None, False):
            refuse(
                f"'scipy.linalg.{name}' takes no argument '{option}' on traced values.",
                "Leave it out, and do what it does in a line of its own.",
            )


# ---------------------------------------------------------------- equations


def equations(a: Any, b: Any) -> tuple[Node, Node, bool]:
    """A square matrix and right sides in stacks of one shape, and whether b is a vector.

    Raises ValueError where they do not fit.
    """
    dtype = float_dtype(a, b)
    left, right = square(a, dtype), as_node(b, dtype)
    vector = right.type.rank == 1
    if not right.type.rank or right.shape[0 if vector else -2] != left.shape[-1]:
        raise ValueError(f"shapes of a {left.shape} and b {shape_of(b)} are incompatible")
    columns = apply("reshape", right, shape=(*right.shape, 1)) if vector else right
    return *same_stacks(left, columns), vector  # pyright: ignore[reportReturnType]


def solution(found: Node, vector: bool) -> Traced:
    return traced(apply("reshape", found, shape=found.shape[:-1]) if vector else found)


def solved_triangular(a: Node, b: Node, lower: Any, *, turned: bool, unit: Any = False) -> Node:
    """A⁻¹ B, or A⁻ᴴ B."""
    factor = conjugate(a) if turned else a
    return apply("solve_triangular", factor, b, lower=bool(lower), transpose=turned, unit=bool(unit))


@stands_in(_scipy.solve_triangular)
def solve_triangular(
    a: Any,
    b: Any,
    trans: Any = 0,
    lower: bool = False,
    unit_diagonal: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
) -> Any:
    """A⁻¹ b, or A⁻ᵀ b or A⁻ᴴ b, of a triangular A."""
    left, right, vector = equations(a, b)
    kind = {"N": 0, "T": 1, "C": 2}.get(trans, trans)
    left = conjugate(left) if kind == 1 else left
    return solution(solved_triangular(left, right, lower, turned=kind != 0, unit=unit_diagonal), vector)


@stands_in(_scipy.solve)
def solve(
    a: Any,
    b: Any,
    lower: bool = False,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
    assume_a: str | None = None,
    transposed: bool = False,
) -> Any:
    """A⁻¹ b; of a matrix that is assumed symmetric one triangle is read, and of a triangular one that."""
    left, right, vector = equations(a, b)
    kind = "general" if assume_a is None else _KINDS.get(assume_a, assume_a)
    if kind in ("upper triangular", "lower triangular"):
        left = conjugate(left) if transposed else left
        found = solved_triangular(left, right, kind[0] == "l", turned=bool(transposed))
    elif kind in ("general", "symmetric"):
        if kind == "symmetric":
            plain("solve", assume_a=left.type.is_complex and assume_a in ("sym", "symmetric") and assume_a)
            left = apply("mirror", left, lower=bool(lower))
        elif transposed:
            left = transposed_matrix(left)
        found = apply("solve", left, right)
    else:
        refuse(
            f"'scipy.linalg.solve' assumes nothing of the kind '{assume_a}' on traced values.", "Leave 'assume_a' out."
        )
    return solution(found, vector)


_KINDS = {
    **dict.fromkeys(("gen", "general", "banded", "tridiagonal"), "general"),
    **dict.fromkeys(("sym", "symmetric", "her", "hermitian", "pos", "positive definite"), "symmetric"),
}
"""What SciPy calls them, and what is read of them."""


@stands_in(_scipy.inv)
def inv(
    a: Any, overwrite_a: bool = False, check_finite: bool = True, *, assume_a: str | None = None, lower: bool = False
) -> Any:
    """A⁻¹."""
    plain("inv", assume_a=None if assume_a in ("gen", "general") else assume_a)
    return traced(apply("inv", square(a)))


@stands_in(_scipy.det)
def det(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """det A, in double precision."""
    return traced(apply("det", square(a, np.result_type(float_dtype(a), np.float64).name)))


@stands_in(_scipy.pinv)
def pinv(a: Any, *, atol: Any = None, rtol: Any = None, return_rank: bool = False, check_finite: bool = True) -> Any:
    """A⁺; singular values up to `rtol` times the largest count as 0."""
    plain("pinv", atol=atol, return_rank=return_rank)
    node = stack(a)
    cut = max(shape_of(a)[-2:], default=0) * np.finfo(node.type.dtype).eps if rtol is None else rtol
    return traced(apply("pinv", node, rcond=float(cut), hermitian=False))


@stands_in(_scipy.solve_sylvester)
def solve_sylvester(a: Any, b: Any, q: Any) -> Any:
    """X with A X + X B = Q."""
    dtype = float_dtype(a, b, q)
    return traced(apply("solve_sylvester", square(a, dtype), square(b, dtype), stack(q, dtype)))


@stands_in(_scipy.solve_continuous_lyapunov)
def solve_continuous_lyapunov(a: Any, q: Any) -> Any:
    """X with A X + X Aᴴ = Q."""
    dtype = float_dtype(a, q)
    left = square(a, dtype)
    return traced(apply("solve_sylvester", left, adjoint(left), square(q, dtype)))


@stands_in(_scipy.solve_discrete_lyapunov)
def solve_discrete_lyapunov(a: Any, q: Any, method: str | None = None) -> Any:
    """X with A X Aᴴ − X + Q = 0, as one equation for the n² entries of X."""
    dtype = np.result_type(float_dtype(a, q), np.float64).name
    left, right = square(a, dtype), square(q, dtype)
    n = left.shape[-1]
    pairs = apply("einsum", left, conjugate(left), inputs=((0, 2), (1, 3)), output=(0, 1, 2, 3))
    wide = apply("reshape", pairs, shape=(n * n, n * n))
    found = apply("solve", identities(wide.type) - wide, apply("reshape", right, shape=(n * n, 1)))
    return traced(apply("reshape", found, shape=(n, n)))
