"""What a write makes of an array, as functions without effects, for arrays of NumPy; `assignment` says what they are in a graph."""

from __future__ import annotations

from typing import Any

import numpy as np


def updated(x: Any, index: Any, value: Any) -> Any:
    """x, but x[index] is value."""
    new = np.array(x, order="K")
    new[index] = value
    return new


def of_parts(x: Any, y: Any) -> Any:
    """The complex numbers with the real parts x and the imaginary parts y."""
    new = np.empty(np.shape(x), np.result_type(x, np.complex64))
    new.real, new.imag = x, y
    return new


def added_at(x: Any, index: Any, value: Any) -> Any:
    """x, but value is added to x[index], as often as an entry is named."""
    new = np.array(x, order="K")
    np.add.at(new, index, value)
    return new
