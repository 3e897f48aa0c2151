"""The forms of nodes: which are given, which move or combine entries, which are written part by part. It knows no kernel."""

from __future__ import annotations

import math
from collections.abc import Iterable

from wengert.core.ir.graph import Node

LEAVES = frozenset({"input", "constant", "position", "size_of"})
REDUCTIONS = frozenset({"sum", "max", "min", "prod"})
UPDATES = frozenset({"set_slice", "put"})
"""Ops that replace entries of an array, in place where that may be."""
DECOMPOSITIONS = frozenset({"qr_parts", "eigh_parts", "svd_parts"})
TRANSFORMS = frozenset({"fft_parts", "rfft_parts", "irfft_parts"})
ROUTINES = frozenset({"lu", "lu_solve", "lu_inverse", "cholesky", "solve_triangular"}) | DECOMPOSITIONS | TRANSFORMS
"""Functions of whole matrices, and of rows that are transformed."""
ASSEMBLIES = frozenset({"concatenate", "scatter_add", "pad"}) | UPDATES | ROUTINES
"""Ops written part by part; a pad is one only where it spreads entries."""
CONTROL = frozenset({"scan", "while_loop", "cond"})
NO_MAPS = LEAVES | CONTROL | REDUCTIONS | {"einsum"}


def is_leaf(node: Node) -> bool:
    """Whether the node is given, not computed."""
    return node.op.name in LEAVES


def is_assembly(node: Node) -> bool:
    """Whether the node is written part by part."""
    if node.op.name == "pad":
        return any(step != 1 for step in node.params.get("step", ()))
    return node.op.name in ASSEMBLIES


def is_special(node: Node) -> bool:
    """Whether the node is a kernel of its own."""
    return is_assembly(node) or node.op.name in CONTROL


def is_contraction(node: Node) -> bool:
    """Whether the node is a matrix product; `expand` left no other einsum."""
    return node.op.name == "einsum"


def is_map(node: Node) -> bool:
    """Whether an entry of the node is a function of single entries of its inputs."""
    return node.op.name not in NO_MAPS and not is_assembly(node)


def numbers(shape: Iterable[object]) -> tuple[int, ...]:
    """A shape without named sizes."""
    return tuple(int(size) for size in shape)  # pyright: ignore[reportArgumentType]


def entries_of(shape: Iterable[object]) -> int:
    """The number of entries of a shape."""
    return math.prod(numbers(shape))


def keeps_place(node: Node) -> bool:
    """Whether a map reads its inputs at its own entry."""
    return is_map(node) and node.op.index_map is None and node.op.name != "gather"
