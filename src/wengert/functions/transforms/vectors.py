"""A container of arrays as one vector and back, for those who minimise over vectors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from wengert.errors import ShapeError
from wengert.functions.tracing.record import leaf_of
from wengert.functions.tracing.trees import flatten as taken_apart
from wengert.functions.tracing.trees import unflatten as put_together


def flatten(tree: Any) -> tuple[Any, Callable[[Any], Any]]:
    """(v, unflatten): the entries of all arrays of a container as one real vector, and the function from such vectors to containers.

    Both work on traced values. Whole numbers become real ones.

    Raises ShapeError where a vector does not have as many entries as the container.
    """
    leaves, spec = taken_apart(tree)
    types = [leaf_of(leaf).type for leaf in leaves]
    kinds = {type.dtype for type in types if type.dtype not in ("bool", "int64")}
    dtype = np.result_type(*kinds) if kinds else np.dtype(float)
    shapes = [tuple(int(size) for size in type.shape) for type in types]  # pyright: ignore[reportArgumentType]
    ends = np.cumsum([0, *(int(np.prod(shape)) for shape in shapes)]).tolist()
    parts = [_as_dtype(np.ravel(leaf), type.dtype, dtype) for leaf, type in zip(leaves, types, strict=True)]

    def unflatten(vector: Any) -> Any:
        if np.shape(vector) != (ends[-1],):
            raise ShapeError(
                f"The container has {ends[-1]} entries, and the vector has other axes.",
                f"  the vector has the shape {np.shape(vector)}",
                f"Give a vector of {ends[-1]} entries.",
            )
        found: list[Any] = []
        for type, shape, a, b in zip(types, shapes, ends[:-1], ends[1:], strict=True):
            own = np.dtype(type.dtype) if type.is_float else dtype
            part = np.reshape(vector[a:b], shape) if shape else vector[a]
            found.append(_as_dtype(part, dtype.name, own))
        return put_together(spec, found)

    return (np.concatenate(parts) if parts else np.zeros(0)), unflatten


def _as_dtype(x: Any, given: str, wanted: np.dtype[Any]) -> Any:
    return x if given == wanted.name else x.astype(wanted)
