"""Flat, the attribute `flat` of an array: its entries one after another, which write through to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np


class Flat:
    """The entries of an array, last axis fastest."""

    __slots__ = ("base",)

    def __init__(self, base: Any) -> None:
        self.base = base

    def _all(self) -> Any:
        return self.base.call(np.reshape, (self.base, (-1,)), {})

    def __len__(self) -> int:
        return self.base.size

    def __iter__(self) -> Iterator[Any]:
        return (self[k] for k in range(len(self)))

    def __getitem__(self, index: Any) -> Any:
        return self.base.call("getitem", (self._all(), index), {})

    def __setitem__(self, index: Any, value: Any) -> None:
        places = np.arange(self.base.size)[index]
        if not np.ndim(places):
            self.base[np.unravel_index(places, self.base.shape)] = value
            return
        values = value.reshape(-1) if hasattr(value, "call") else np.ravel(value)
        if values.size and places.size:
            self.base[np.unravel_index(places, self.base.shape)] = values[np.arange(places.size) % values.size]
