"""Calls of NumPy in the middle of a program: Bessel functions, and functions that the user keeps on the host."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.core.ir.graph import Node
from wengert.core.ir.types import ArrayType, TupleType
from wengert.core.ops.vocabulary import NUMPY
from wengert.targets.xla.library import jax

Array = Any


def called(node: Node, given: Sequence[Array]) -> Any:
    """The node's value by NumPy, on arrays that are fetched and brought back."""
    several = isinstance(node.type, TupleType)
    types = node.type.items if isinstance(node.type, TupleType) else (node.type,)

    def value(*arrays: Array) -> Any:
        with np.errstate(all="ignore"):
            found = node.op.value(NUMPY, *map(np.asarray, arrays), **node.params)
        each = found if several else (found,)
        return tuple(np.asarray(y, type.dtype) for y, type in zip(each, types, strict=True))

    made = jax.pure_callback(value, tuple(map(_shape, types)), *given, vmap_method="sequential")
    return made if several else made[0]


def _shape(type: ArrayType) -> Any:
    return jax.ShapeDtypeStruct(type.shape, type.dtype)
