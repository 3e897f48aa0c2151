"""NumPy's functions that make arrays like others, on traced values."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.core.ir.graph import constant
from wengert.core.ir.types import ArrayType
from wengert.functions.tracing.answers import answers
from wengert.functions.tracing.operands import (
    as_node,
    broadcast_to,
    sizes_of,
    supported,
)
from wengert.functions.tracing.tracer import Traced, traced


def _filled(a: Any, value: Any, dtype: Any, shape: Any) -> Traced:
    node = as_node(a)
    name = supported(np.dtype(dtype)) if dtype is not None else node.type.dtype
    size = node.shape if shape is None else sizes_of(shape)
    if isinstance(value, Traced) or np.ndim(value):
        return traced(broadcast_to(as_node(value, name), size))
    return traced(constant(np.asarray(value, dtype=name).item(), ArrayType(size, name)))


@answers(np.zeros_like)
def _zeros_like(a: Any, dtype: Any = None, shape: Any = None) -> Traced:
    return _filled(a, 0, dtype, shape)


@answers(np.ones_like)
def _ones_like(a: Any, dtype: Any = None, shape: Any = None) -> Traced:
    return _filled(a, 1, dtype, shape)


@answers(np.empty_like)
def _empty_like(prototype: Any, dtype: Any = None, shape: Any = None) -> Traced:
    """Zeros: what NumPy leaves undefined is defined here."""
    return _filled(prototype, 0, dtype, shape)


@answers(np.full_like)
def _full_like(a: Any, fill_value: Any, dtype: Any = None, shape: Any = None) -> Traced:
    return _filled(a, fill_value, dtype, shape)


@answers(np.copy, method="copy")
def _copy(a: Any) -> Traced:
    return traced(as_node(a))


@answers(method="copy")
def _method_copy(self: Any, order: str = "C") -> Traced:
    return traced(as_node(self))


@answers(np.astype)
def _astype(x: Any, dtype: Any, /) -> Traced:
    return traced(as_node(x, supported(np.dtype(dtype))))


@answers(method="astype")
def _method_astype(
    self: Any, dtype: Any, order: str = "K", casting: str = "unsafe", subok: bool = True, copy: bool = True
) -> Traced:
    """The entries as another dtype.

    Raises TypeError, with NumPy's words, where they cannot be cast so.
    """
    wanted = np.dtype(dtype)
    if not np.can_cast(self.dtype, wanted, casting):  # pyright: ignore[reportArgumentType]
        raise TypeError(f"Cannot cast array data from {self.dtype!r} to {wanted!r} according to the rule '{casting}'")
    return _astype(self, wanted)


@answers(np.common_type)
def _common_type(*arrays: Any) -> Any:
    return np.common_type(*(np.empty(0, a.dtype) if isinstance(a, Traced) else a for a in arrays))


@answers(np.result_type)
def _result_type(*arrays_and_dtypes: Any) -> np.dtype[Any]:
    return np.result_type(*(a.dtype if isinstance(a, Traced) else a for a in arrays_and_dtypes))
