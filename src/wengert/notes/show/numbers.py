"""Numbers and arrays as lines of text: all entries where they are few, else the shape, the norm and the range."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.cells import cells

Array = Any
ROW = 6
"""Arrays with at most this many numbers a row, and as many rows, are shown whole."""


def number(value: Any, precision: int = 4, ascii: bool = False) -> str:
    """A number with `precision` significant digits; integers and truth values as they are."""
    plain = np.asarray(value)[()]
    if isinstance(plain, bool | np.bool_ | int | np.integer):
        text = str(int(plain))
    else:
        text = f"{float(plain):.{precision}g}"
        text = "0" if text == "-0" else text
    return text if ascii else text.replace("-", "−")


def array(value: Array, precision: int = 4, ascii: bool = False) -> list[str]:
    """The lines of a value: a number, a row in brackets, rows under one another, or a summary."""
    values = np.asarray(value)
    if values.ndim == 0:
        return [number(values, precision, ascii)]
    if values.ndim > 2 or max(values.shape, default=0) > ROW or values.size == 0:
        return [summary(values, precision, ascii)]
    rows = np.atleast_2d(values)
    texts = [[number(v, precision, ascii) for v in row] for row in rows]
    widths = [max(cells(row[k]) for row in texts) for k in range(len(texts[0]))]
    lines = ["  ".join(" " * (w - cells(t)) + t for t, w in zip(row, widths, strict=True)) for row in texts]
    return [f"[{line}]" for line in lines]


def summary(values: Array, precision: int = 4, ascii: bool = False) -> str:
    """Shape, Euclidean norm and range of an array that is too large to show."""
    shape = ("x" if ascii else "×").join(map(str, values.shape)) + (" numbers" if values.ndim == 1 else "")
    if values.size == 0:
        return shape
    floats = values.astype(np.float64)
    norm, low, high = (number(v, precision, ascii) for v in (np.linalg.norm(floats), floats.min(), floats.max()))
    return f"{shape}, norm {norm}, {low} {'...' if ascii else '…'} {high}"


def is_finite(value: Array) -> bool:
    """Whether no entry is NaN or infinite."""
    return bool(np.all(np.isfinite(np.asarray(value, dtype=np.float64))))


def plain(value: Array) -> Any:
    """The value as JSON takes it: numbers and nested lists; NaN and infinities as the strings nan, inf, -inf."""
    values = np.asarray(value)
    if values.ndim:
        return [plain(part) for part in values]
    item = values[()].item()
    return item if isinstance(item, int) or np.isfinite(item) else str(item)
