"""What an array says of itself, for what stands in for one: sizes, dtype, views of it without arguments, and the array API's names."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import numpy as np

from wengert.functions.tracing.flat import Flat


class Properties:
    """The attributes of an array, all of which follow from its shape and its dtype, and from calls on it."""

    __slots__ = ()
    __array_priority__ = 1000.0

    def linked(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The result of a call that may share the memory of an argument."""
        raise NotImplementedError

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes of the axes."""
        raise NotImplementedError

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the entries."""
        raise NotImplementedError

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of entries."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def itemsize(self) -> int:
        """The bytes of an entry."""
        return self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        """The bytes of all entries."""
        return self.size * self.itemsize

    @property
    def T(self) -> Any:
        """The axes in reverse order."""
        return self.linked(np.transpose, (self,), {})

    @property
    def mT(self) -> Any:
        """The last two axes exchanged."""
        if len(self.shape) < 2:
            raise ValueError("matrix transpose with ndim < 2 is undefined")
        return self.linked(np.swapaxes, (self, -1, -2), {})

    @property
    def real(self) -> Any:
        """The real parts; of real numbers the array itself."""
        return self.linked(np.real, (self,), {}) if self.dtype.kind == "c" else self

    @real.setter
    def real(self, value: Any) -> None:
        self.real[...] = value

    @property
    def imag(self) -> Any:
        """The imaginary parts."""
        return self.linked(np.imag, (self,), {})

    @imag.setter
    def imag(self, value: Any) -> None:
        self.imag[...] = value

    @property
    def flat(self) -> Flat:
        """The entries one after another, to be read and written."""
        return Flat(self)

    @flat.setter
    def flat(self, value: Any) -> None:
        self.flat[:] = value

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of unsized object")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        if not self.shape:
            raise TypeError("iteration over a 0-d array")
        return (self[k] for k in range(len(self)))  # pyright: ignore[reportIndexIssue, reportUnknownVariableType]

    def __contains__(self, value: Any) -> bool:
        return bool(np.any(self == value))  # pyright: ignore[reportArgumentType, reportCallIssue]

    __hash__ = None  # pyright: ignore[reportAssignmentType]

    # the array API standard

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        return import_module("wengert.numpy")

    @property
    def device(self) -> str:
        """Where an array lies."""
        return "cpu"

    def to_device(self, device: Any, /, *, stream: Any = None) -> Any:
        """The array itself.

        Raises ValueError, with NumPy's words, for another device.
        """
        if device != "cpu":
            raise ValueError(f'Unsupported device: {device}. Only "cpu" is allowed.')
        return self
