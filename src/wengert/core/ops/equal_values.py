"""Equal eigenvalues or singular values: their vectors are not unique, and what the rules of the factors may still say of them.

First derivatives leave out the rotation among the vectors of equal values. That is right for all that depends on the space that
they span and on the values alike, such as Σ w² or a projection. What the rules are made of would lose the same part when they are
derived again, where it counts: Σ w² has the second derivative 2 in every direction. So the vectors in the rules are `rigid`, and
second derivatives at equal values are NaN, not wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import nan

from wengert.core.ir.graph import Node, apply, constant, constant_like
from wengert.core.ir.notation import unwritten
from wengert.core.ir.op import Params
from wengert.core.ir.types import ArrayType
from wengert.core.ops.complex_numbers import is_zero
from wengert.core.ops.kinds import general
from wengert.core.ops.matrices import (
    STACKS,
    batch_stacks,
    check_matrix,
    differences,
    safe_reciprocal,
    well_conditioned,
)
from wengert.errors import GraphError


def gaps(w: Node) -> Node:
    """F_ij = 1/(w_j − w_i), and 0 where they are equal."""
    return safe_reciprocal(differences(w))


def rigid_vectors(vectors: Node, values: Node) -> Node:
    """The vectors of some values as the rules of their factors use them."""
    return apply("rigid", vectors, values)


def _infer(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    v, w = types
    check_matrix("rigid", v, "analytic")
    if w.shape != (*v.shape[:-2], v.shape[-1]):
        raise GraphError(
            "'rigid' takes a value for each column of the matrices.",
            f"  its inputs are {v} and {w}",
            "Give the eigenvalues or singular values beside their vectors.",
        )
    return v


def _tied(node: Node) -> Node:
    """Whether the value of a column is that of another one, for each entry of the columns."""
    v, w = node.inputs
    equal = apply("cast", is_zero(differences(w)), dtype="int64")
    count = apply("sum", equal, axes=(equal.type.rank - 2,))
    more = count > constant(1, count.type)
    return apply("broadcast", more, shape=v.shape, axes=(*range(v.type.rank - 2), v.type.rank - 1))


def _jvp(node: Node, tangents: Sequence[Node | None]) -> Node | None:
    moved = tangents[0]
    return None if moved is None else apply("where", _tied(node), constant_like(nan, moved), moved)


def _vjp(node: Node, cotangent: Node) -> tuple[Node, None]:
    lost = apply("logical_and", _tied(node), apply("logical_not", is_zero(cotangent)))
    return apply("where", lost, constant_like(nan, cotangent), cotangent), None


rigid = general(
    "rigid",
    "V itself; its derivative is NaN in the columns whose values w are equal.",
    arity=2,
    infer=_infer,
    value=lambda xp, v, w: v,
    jvp=_jvp,
    vjp=_vjp,
    batch=batch_stacks,
    notation=unwritten("rigid"),
    samples=lambda rng: [
        ([well_conditioned(rng, *many, m, n), rng.normal(size=(*many, n))], {})
        for many in STACKS
        for m, n in ((3, 3), (4, 2), (1, 1), (2, 0))
        for _ in range(2)
    ],
    errors=(((ArrayType((3, 2)), ArrayType((3,))), {}, "a value for each column"),),
)
