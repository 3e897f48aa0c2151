"""Kind: what is known of a value on a tape without its entries. It knows no graph."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from wengert.core.ir.types import DTYPES, ArrayType
from wengert.errors import TraceError
from wengert.functions.tracing.source import user_line


class Kind:
    """Shape and dtype; whether it is a Python number, which takes the dtype of what it meets; how its entries lie in memory."""

    def __init__(
        self, shape: tuple[int, ...], dtype: np.dtype[Any], weak: bool, strides: tuple[int, ...] | None
    ) -> None:
        self.shape = shape
        self.dtype = dtype
        self.weak = weak
        self.strides = strides
        """None where the entries lie row by row."""
        self.is_real = dtype.kind in "fc"
        self.wraps = dtype.kind in "iu" and dtype != np.int64
        """Whether it holds whole numbers that go round elsewhere than those of a graph, which are int64."""

    @cached_property
    def type(self) -> ArrayType:
        """The type in a graph: whole numbers of any width are int64.

        Raises TraceError where graphs do not have the dtype.
        """
        name = "int64" if self.dtype.kind in "iu" else self.dtype.name
        if name not in DTYPES:
            raise TraceError(
                f"There are no values of dtype {name} in a graph.",
                user_line(),
                f"Convert first, to one of:  {', '.join(DTYPES)}",
            )
        return ArrayType(self.shape, name)


class Several:
    """Of a call that gives several arrays: their container. They stand at the places that follow."""

    weak = False
    is_real = False

    def __init__(self, container: type, count: int) -> None:
        self.container = container
        self.count = count

    def filled(self, parts: list[Any]) -> Any:
        """The container of these arrays."""
        made: Any = self.container
        return made(*parts) if hasattr(made, "_fields") else made(parts)


def form(kind: Kind | Several | None) -> tuple[Any, ...] | None:
    """What makes a kind the kind that it is."""
    if isinstance(kind, Kind):
        return kind.shape, kind.dtype, kind.weak, kind.strides
    return None if kind is None else (kind.container, kind.count)


@lru_cache(maxsize=65536)
def _kind(shape: tuple[int, ...], dtype: np.dtype[Any], weak: bool, strides: tuple[int, ...] | None) -> Kind:
    return Kind(shape, dtype, weak, strides)


_FLOAT = _kind((), np.dtype(np.float64), False, None)
_NUMBER = _kind((), np.dtype(np.float64), True, None)


def kind_of(value: Any) -> Kind:
    """The kind of an array, a NumPy scalar or a Python number."""
    if type(value) is np.float64:
        return _FLOAT
    if type(value) is float:
        return _NUMBER
    if isinstance(value, np.ndarray):
        plain = value.ndim < 2 or value.flags.c_contiguous
        return _kind(value.shape, value.dtype, False, None if plain else value.strides)
    if isinstance(value, np.generic):
        return _kind((), value.dtype, False, None)
    return _kind((), np.asarray(value).dtype, type(value) is not bool, None)
