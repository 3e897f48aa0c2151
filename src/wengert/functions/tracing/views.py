"""Views: the calls of NumPy whose result may share the memory of an argument, and how a new view gives a new whole.

Whether a reshape is a view or a copy is asked of NumPy itself, by arrays of the same strides over one byte, which nobody reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view

from wengert.functions.tracing.array_writes import of_parts, updated

Layout = np.ndarray[Any, np.dtype[np.bool_]]
_BYTE = np.empty(1, np.bool_)

RESHAPES = frozenset({np.reshape, "method reshape", np.ravel, "method ravel"})
"""Views where the strides allow it."""
SAME_ENTRIES = frozenset({np.expand_dims, np.squeeze, "method squeeze", np.atleast_1d, np.atleast_2d, np.atleast_3d})
"""Views with the same entries in the same order, always."""
ORDERS = frozenset(
    {np.transpose, "method transpose", np.swapaxes, "method swapaxes", np.moveaxis, np.rollaxis, np.matrix_transpose}
)
"""Views with the axes in another order."""
FLIPS = frozenset({np.flip, np.flipud, np.fliplr})
"""Views that are their own inverse."""
PARTS = frozenset({np.real, np.imag})
"""Views of complex numbers; those of real ones are the array itself, and zeros that cannot be written."""
OTHERS = frozenset(
    {
        *(np.rot90, np.diagonal, "method diagonal", np.diag, np.einsum, np.broadcast_to, sliding_window_view),
        *(np.split, np.array_split, np.hsplit, np.vsplit, np.dsplit),
    }
)
"""Views whose entries are found among the numbers 0, 1, 2 … in place of the array."""
VIEWS = RESHAPES | SAME_ENTRIES | ORDERS | FLIPS | PARTS | OTHERS | {"getitem"}
"""The calls whose result may share memory."""
MAKERS = frozenset({np.zeros_like, np.ones_like, np.full_like, np.empty_like, np.copy})
"""The functions whose result is an array also where it has no axes."""
COPIES = frozenset({"method copy", "method astype"})
"""The methods whose result is one where theirs is."""


def rows_first(shape: Sequence[int]) -> Layout:
    """The strides of an array that lies in memory row by row."""
    strides = [1] * len(shape)
    for k in range(len(shape) - 2, -1, -1):
        strides[k] = strides[k + 1] * max(1, shape[k + 1])
    return as_strided(_BYTE, tuple(shape), strides)


def place_of_parent(function: Any) -> int:
    """The number of the argument whose memory a call may share."""
    return 1 if function is np.einsum else 0


def seen(
    layout: Layout, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], part: int | None
) -> Layout | None:
    """The strides of what a call gives for an array of these; None where it is a copy."""
    if function == "getitem":
        view: Any = layout[_fixed(args[1])] if is_basic(args[1]) else None
        return view if isinstance(view, np.ndarray) else None
    rest = args[1:]
    if function in RESHAPES:
        return _reshaped(layout, function, rest, kwargs)
    if function in PARTS and args[0].dtype.kind == "c":
        return layout
    if function is np.diag:
        return np.diagonal(layout, *rest, **kwargs) if layout.ndim == 2 else None
    if function is np.einsum:
        return np.einsum(args[0], layout) if len(args) == 2 and _sums_nothing(args[0]) else None
    found = _called(function, layout, rest, kwargs)
    return found if part is None else found[part]


def _called(function: Any, x: Any, rest: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    if isinstance(function, str):
        return getattr(x, function.removeprefix("method "))(*rest, **kwargs)
    return function(x, *rest, **kwargs)


def _fixed(index: Any) -> tuple[Any, ...]:
    """An index in which whole numbers that are not known yet are 0, which gives the same strides."""
    return tuple(0 if _is_number(each) else each for each in (index if isinstance(index, tuple) else (index,)))  # pyright: ignore[reportUnknownVariableType]


def _is_number(each: Any) -> bool:
    known = isinstance(each, np.ndarray | np.generic) or getattr(each, "shape", None) != ()
    return not known and each.dtype.kind in "iu"


def is_basic(index: Any) -> bool:
    """Whether an index gives a view: whole numbers, slices, None and an ellipsis."""
    return all(
        each is None
        or each is Ellipsis
        or (isinstance(each, slice | int | np.integer) and not isinstance(each, bool))
        or _is_number(each)
        for each in (index if isinstance(index, tuple) else (index,))  # pyright: ignore[reportUnknownVariableType]
    )


def _reshaped(layout: Layout, function: Any, rest: tuple[Any, ...], kwargs: dict[str, Any]) -> Layout | None:
    if function in (np.ravel, "method ravel"):
        order = kwargs.get("order", rest[0] if rest else "C")
        if order == "F":
            return layout.T.reshape(-1, copy=False) if layout.flags.f_contiguous else None
        return layout.reshape(-1, copy=False) if layout.flags.c_contiguous else None
    given = {key: value for key, value in kwargs.items() if key != "copy"}
    try:
        return _called(function, layout, rest, {**given, "copy": False})
    except ValueError:  # NumPy would have to copy
        return None


def _sums_nothing(subscripts: Any) -> bool:
    """Whether one array is only read, as its diagonal or transpose."""
    if not isinstance(subscripts, str) or "->" not in subscripts or "." in subscripts:
        return False
    before, after = subscripts.replace(" ", "").split("->")
    return set(before) == set(after)


# ---------------------------------------------------------------- backward


def back(parent: Any, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], part: int | None, view: Any) -> Any:
    """The array whose view this is now, as a value without memory in common."""
    if function == "getitem":
        return parent.call(updated, (parent, args[1], view), {})
    rest = args[1:]
    if function in SAME_ENTRIES or (function in RESHAPES and _order(function, rest, kwargs) == "C"):
        return parent.call(np.reshape, (view, parent.shape), {})
    if function in ORDERS:
        order = _called(function, rows_first(range(2, 2 + len(parent.shape))), rest, kwargs).shape
        inverse = [order.index(k + 2) for k in range(len(order))]
        return parent.call(np.transpose, (view, inverse), {})
    if function in FLIPS:
        return parent.call(function, (view, *rest), kwargs)
    if function in PARTS:
        return _with_part(parent, function, view)
    numbers = np.arange(parent.size).reshape(parent.shape)
    places = np.einsum(args[0], numbers) if function is np.einsum else _called(function, numbers, rest, kwargs)
    places = places if part is None else places[part]
    flat = parent.call(np.reshape, (parent, (-1,)), {})
    entries = parent.call(np.reshape, (view, (-1,)), {})
    whole = parent.call(updated, (flat, places.ravel(), entries), {})
    return parent.call(np.reshape, (whole, parent.shape), {})


def _with_part(parent: Any, function: Any, part: Any) -> Any:
    """Complex numbers with another real or imaginary part; of real ones the real part is all."""
    if parent.dtype.kind != "c":
        return part
    x, y = (part if each is function else parent.call(each, (parent,), {}) for each in (np.real, np.imag))
    return parent.call(of_parts, (x, y), {})


def _order(function: Any, rest: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """The order of a reshape, by name; that of `ravel` may stand at a place."""
    if function in (np.ravel, "method ravel") and rest:
        return rest[0]
    if function is np.reshape and len(rest) > 1:
        return rest[1]
    return kwargs.get("order") or "C"
