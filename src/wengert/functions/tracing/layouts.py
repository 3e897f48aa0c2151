"""In which order the entries of a result lie in memory: NumPy is asked, by the same call on identity matrices that lie as the arguments do.

Copies, products and sums lie where NumPy puts them, an elementwise function's result as its arguments do. It is asked only where
a view of a result is written that was made of transposes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from wengert.functions.tracing import storage
from wengert.functions.tracing.calls import computed
from wengert.functions.tracing.standin import StandIn
from wengert.functions.tracing.views import ORDERS, OTHERS, Layout, rows_first

MOST_CALLS = 200
"""The longest way back to arrays of a known order that is gone."""
MOST_ENTRIES = 10**7
"""The most entries of an array that is made to ask."""


class Made(NamedTuple):
    """The call that gave a value, and which of its results that is."""

    function: Any
    args: Sequence[Any]
    kwargs: dict[str, Any]
    part: int | None


def note(result: Any, function: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> None:
    """Note on each result with an order in memory by which call it was made."""
    parts = enumerate(result) if isinstance(result, tuple | list) else [(None, result)]  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    for part, x in parts:  # pyright: ignore[reportUnknownVariableType]
        if isinstance(x, StandIn) and len(x.shape) > 1:
            x.made = Made(function, args, kwargs, part)  # pyright: ignore[reportAttributeAccessIssue]


def is_turned(x: StandIn) -> bool:
    """Whether axes in another order are among what a value was lately made of."""
    stack, known = [x], set[int]()
    while stack:
        top = stack.pop()
        if id(top) in known or len(top.shape) < 2:
            continue
        known.add(id(top))
        if len(known) > MOST_CALLS:
            return False
        if top.held is not None and top.held.parent is not None:
            if top.held.function in ORDERS | OTHERS:
                return True
            stack.append(top.held.parent)
        elif getattr(top, "made", None) is not None:
            stack.extend(_values(top.made))  # pyright: ignore[reportAttributeAccessIssue]
    return False


def asked(x: StandIn) -> Layout | None:
    """The strides of a value that owns its memory; None where they are not known."""
    found: dict[int, Layout | None] = {}
    stack, seen = [x], 0
    while stack:
        made: Made | None = getattr(stack[-1], "made", None)
        needed = [] if made is None else [y for y in map(_owner, _values(made)) if _is_open(y) and id(y) not in found]
        seen += len(needed)
        if seen > MOST_CALLS:
            return None
        if needed:
            stack.extend(needed)
            continue
        top = stack.pop()
        if id(top) not in found:
            found[id(top)] = layout = None if made is None else _given_by(made)
            if layout is not None:
                storage.settle(top, layout)
    return found[id(x)]


def _values(made: Made) -> Iterator[StandIn]:
    """The values among the arguments of a call."""
    stack: list[Any] = [*made.args, *made.kwargs.values()]
    while stack:
        each = stack.pop()
        if isinstance(each, StandIn):
            yield each
        elif isinstance(each, tuple | list):
            stack.extend(each)  # pyright: ignore[reportUnknownArgumentType]


def _owner(x: StandIn) -> StandIn:
    """The array that owns the memory."""
    while x.held is not None and x.held.parent is not None:
        x = x.held.parent
    return x


def _is_open(x: StandIn) -> bool:
    """Whether it has to be asked how a value lies."""
    return len(x.shape) > 1 and (x.held is None or x.held.layout is None) and getattr(x, "made", None) is not None


def _given_by(made: Made) -> Layout | None:
    """How the result of a call lies where the order of its arguments is known."""
    if any(not _is_known(x) or x.size > MOST_ENTRIES for x in _values(made)):
        return None
    try:
        with np.errstate(all="ignore"):
            args = [_lying(x) for x in made.args]
            result = computed(made.function, args, {name: _lying(x) for name, x in made.kwargs.items()})
    except Exception:  # of these the call makes no sense: then the order is not known, which is said where it counts
        return None
    result = result if made.part is None else result[made.part]
    return ordered(result.strides, result.shape)


def _is_known(x: StandIn) -> bool:
    if len(x.shape) < 2:
        return True
    storage.layout_of(x)
    return storage.held(_owner(x)).sure


def _lying(x: Any) -> Any:
    """Identity matrices that lie as a value does."""
    if isinstance(x, tuple | list):
        parts: list[Any] = [_lying(each) for each in x]  # pyright: ignore[reportUnknownVariableType]
        return type(x)(*parts) if hasattr(x, "_fields") else type(x)(parts)  # pyright: ignore[reportUnknownArgumentType]
    if not isinstance(x, StandIn):
        return x
    if x.weak:
        return x.dtype.type(0).item()
    if len(x.shape) < 2:
        return np.zeros(x.shape, x.dtype)
    strides = storage.layout_of(x).strides
    sizes = [1 if stride == 0 else size for size, stride in zip(x.shape, strides, strict=True)]
    order = sorted(range(len(sizes)), key=lambda axis: -abs(strides[axis]))
    laid = np.zeros([sizes[axis] for axis in order], x.dtype).transpose(np.argsort(order))
    laid[...] = np.eye(*laid.shape[-2:])
    return np.broadcast_to(laid, x.shape)


def ordered(strides: Sequence[int], shape: Sequence[int]) -> Layout:
    """An array without gaps whose axes lie in the order of these strides."""
    order = sorted(range(len(strides)), key=lambda axis: -abs(strides[axis]))
    return np.transpose(rows_first(tuple(shape[axis] for axis in order)), np.argsort(order))
