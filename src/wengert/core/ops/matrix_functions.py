"""Functions of a matrix: exp A and √A, whose derivatives are the same function of a block matrix, and a linear equation.

Source: N. J. Higham (2008), Functions of Matrices, (3.16): f of ((A E) (0 A)) has the derivative of f at A along E in its
upper right block; section 6.1 for the square root.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from wengert.core.ir.graph import Node, apply, constant_like
from wengert.core.ir.notation import unwritten
from wengert.core.ir.op import Infer, Params
from wengert.core.ir.types import ArrayType
from wengert.core.ir.vocabulary import Vocabulary
from wengert.core.ops.kinds import ErrorCases, general
from wengert.core.ops.matrices import (
    STACKS,
    Array,
    batch_stacks,
    check_square,
    each,
    lapack,
    positive_definite,
    transposed,
    unperturbed,
    well_conditioned,
)
from wengert.errors import GraphError

np: Any = numpy
REFUSED: ErrorCases = (((ArrayType((3, 2)),), {}, "not square"), ((ArrayType((3,)),), {}, "no two axes"))


def _infer(name: str, takes: str) -> Infer:
    def infer(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
        check_square(name, types[0], takes)
        return types[0]

    return infer


def _along(a: Node, direction: Node) -> Node:
    """The derivative of exp at A along E: the upper right block of exp ((A E) (0 A))."""
    side = a.type.rank - 1
    above = apply("concatenate", a, direction, axis=side)
    below = apply("concatenate", constant_like(0, a), a, axis=side)
    found = apply("expm", apply("concatenate", above, below, axis=side - 1))
    *many, n, _ = a.shape
    start, stop = (*(0,) * len(many), 0, n), (*many, n, found.shape[-1])
    return apply("slice", found, start=start, stop=stop, step=(1,) * len(start))


def _value_expm(xp: Vocabulary, a: Array) -> Array:
    return lapack().expm(a) if a.size else np.zeros_like(a)


expm = general(
    "expm",
    "exp A = Σ Aᵏ/k! of each matrix in the last two axes.",
    infer=_infer("expm", "analytic"),
    value=_value_expm,
    jvp=lambda node, tangents: None if tangents[0] is None else _along(node.inputs[0], tangents[0]),
    # The adjoint of the derivative at A is the derivative at Aᵀ.
    vjp=lambda node, cotangent: (_along(transposed(node.inputs[0]), cotangent),),
    batch=batch_stacks,
    notation=unwritten("expm"),
    samples=lambda rng: [
        ([well_conditioned(rng, *many, n, n)], {}) for many in STACKS for n in (3, 1, 0, 2) for _ in range(2)
    ],
    errors=REFUSED,
)


def _root(a: Array) -> Array:
    """The principal square root.

    Raises GraphError where it is complex and the matrix is real.
    """
    if not np.isfinite(a).all():
        return np.full_like(a, np.nan)
    root = lapack().sqrtm(a)
    if np.iscomplexobj(root) and not np.iscomplexobj(a):
        values = lapack().eigvals(a)
        least = values[values.imag == 0].real.min(initial=0.0)
        raise GraphError(
            "The square root of a real matrix with a negative eigenvalue is complex.",
            f"  'sqrtm' of a matrix of {a.shape[0]} rows with the eigenvalue {least:.6g}",
            "Ask for complex results:  sqrtm(A.astype(complex))",
        )
    return root


def _value_sqrtm(xp: Vocabulary, a: Array) -> Array:
    return each(_root, unperturbed(a), shape=a.shape[-2:]) if a.size else np.zeros_like(a)


def _jvp_sqrtm(node: Node, tangents: Sequence[Node | None]) -> Node | None:
    """Y Ẏ + Ẏ Y = Ȧ."""
    return None if tangents[0] is None else apply("solve_sylvester", node, node, tangents[0])


def _vjp_sqrtm(node: Node, cotangent: Node) -> tuple[Node]:
    back = transposed(node)
    return (apply("solve_sylvester", back, back, cotangent),)


sqrtm = general(
    "sqrtm",
    "Y with Y Y = A, the square root whose eigenvalues have positive real parts, of each matrix in the last two axes.",
    infer=_infer("sqrtm", "analytic"),
    value=_value_sqrtm,
    jvp=_jvp_sqrtm,
    vjp=_vjp_sqrtm,
    batch=batch_stacks,
    notation=unwritten("sqrtm"),
    samples=lambda rng: [
        ([positive_definite(rng, *many, n, n)], {}) for many in STACKS for n in (3, 1, 0, 2) for _ in range(2)
    ],
    errors=REFUSED,
)
