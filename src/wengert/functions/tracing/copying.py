"""Arrays that are kept: which can change, and a copy of one that can. It knows no trace."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = Any


def is_fixed(x: Array) -> bool:
    """Whether an array is read-only, and so is all that it is a view of: its owner has said that it does not change."""
    below: Any = x
    while isinstance(below, np.ndarray):
        if below.flags.writeable:
            return False
        below = below.base
    return True


def copied(x: Array, dtype: Any = None, order: Any = "K") -> Array:
    """A copy; of entries that are repeated along an axis, one."""
    if x.size and x.ndim and 0 in x.strides:
        repeated = [stride == 0 and size > 1 for stride, size in zip(x.strides, x.shape, strict=True)]
        if any(repeated):
            once = x[tuple([slice(0, 1) if each else slice(None) for each in repeated])]
            return np.broadcast_to(np.array(once, dtype, order=order), x.shape)
    return np.array(x, dtype, order=order)
