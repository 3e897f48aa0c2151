"""Storage: which values share memory, and what writing into one of them means to the others.

A value is a handle. What it means at a moment, a node of a graph or a call on a tape, never changes: to write is to give the handle
another meaning, to do the same backward along the views to the array that owns the memory, and to take the meaning from all
other views of it, which is found again when it is asked for. So reading costs nothing where nothing is written.

It knows neither graphs nor tapes; what a view is stands in `views`.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from wengert.errors import TraceError
from wengert.functions.tracing.array_writes import updated
from wengert.functions.tracing.source import user_line
from wengert.functions.tracing.views import RESHAPES, Layout, back, is_basic, rows_first, seen

if TYPE_CHECKING:
    from wengert.functions.tracing.standin import StandIn


class Alias:
    """Where a handle stands among those that may share its memory."""

    __slots__ = ("args", "first", "function", "kwargs", "layout", "lost", "owns", "parent", "part", "sure", "views")

    def __init__(self) -> None:
        self.parent: StandIn | None = None
        """The handle that this one was made of by `function`; None for an array that owns its memory."""
        self.function: Any = None
        self.args: tuple[Any, ...] = ()
        self.kwargs: dict[str, Any] = {}
        self.part: int | None = None
        """The number of the result, where the function gives several."""
        self.views: list[weakref.ref[StandIn]] = []
        """Those that may be views of this one."""
        self.layout: Layout | None = None
        """An array of the same strides, once it was asked for."""
        self.sure = True
        """Whether the array that owns the memory lies there in a known order."""
        self.first: tuple[Any, ...] | None = None
        """What the handle meant before it was written."""
        self.owns = False
        """Whether an array without axes is one, not a number."""
        self.lost = False
        """Whether the handle has no meaning now: what it is a view of was written."""


def held(x: StandIn) -> Alias:
    """What is known of a handle's memory."""
    known = x.held
    if known is None:
        known = x.held = Alias()
    return known


def link(result: Any, parent: StandIn, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Note that the result of a call, or each of its results, may share the memory of one of its arguments."""
    parts = enumerate(result) if isinstance(result, list | tuple) else [(None, result)]  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    for part, x in parts:  # pyright: ignore[reportUnknownVariableType]
        if x is parent or not hasattr(x, "held"):  # pyright: ignore[reportUnknownArgumentType]
            continue
        own = x.held = Alias()
        own.parent, own.function, own.args, own.kwargs, own.part = parent, function, args, kwargs, part
        held(parent).views.append(weakref.ref(x))


def own_memory(x: StandIn) -> None:
    """Note that a value without axes is an array, and no number."""
    held(x).owns = True


# ---------------------------------------------------------------- writing


def write(x: StandIn, index: Any, value: Any) -> None:
    """x[index] = value.

    Raises TypeError for a number, which has no entries; ValueError for what cannot be written; TraceError where x belongs to
    another function.
    """
    check(x)
    commit(x, x.call(updated, (x, index, value), {}))


def replace(x: StandIn, new: Any) -> None:
    """x[...] = new, of its shape."""
    check(x)
    if new.dtype != x.dtype:
        new = x.call("method astype", (new, x.dtype), {})
    commit(x, new)


def check(x: StandIn) -> None:
    """Refuse what cannot be written.

    Raises TypeError for a number; ValueError, with NumPy's words, for a view that is read only; TraceError where x belongs to
    a function around the one that runs.
    """
    if not is_array(x):
        raise TypeError(f"'numpy.{x.dtype}' object does not support item assignment")
    if not x.is_open():
        raise TraceError(
            "An array of the function around is written inside of a loop, a branch or a function that is differentiated.",
            user_line(),
            "Take a copy there, write into it, and return it:  y = x.copy()",
        )
    if x.held is not None and x.held.parent is not None and not layout_of(x).flags.writeable:
        raise ValueError("assignment destination is read-only")


def is_array(x: StandIn) -> bool:
    """Whether a value is an array, which can be written, and not a number."""
    if x.shape:
        return True
    return x.is_zero_dimensional() if x.held is None else x.held.owns or x.held.parent is not None


def commit(x: StandIn, new: Any) -> None:
    """Let x mean what is new, and all that shares its memory what follows from that."""
    _become(x, new)
    written = {id(x)}
    top = x
    while _is_view(top):
        own = held(top)
        parent: Any = own.parent
        _become(parent, back(parent, own.function, own.args, own.kwargs, own.part, top))
        written.add(id(parent))
        top = parent
    _forget(top, written)


def _become(x: StandIn, new: Any) -> None:
    own = held(x)
    if own.first is None:
        own.first = x.meaning()
    x.become(new)


def _forget(top: StandIn, written: set[int]) -> None:
    """Take the meaning from every view that was not written itself."""
    stack = [top]
    while stack:
        own = held(stack.pop())
        own.views = [ref for ref, _ in _views(own)]
        for _, view in _views(own):
            known = held(view)
            if known.lost:  # and so are all views of it
                continue
            if id(view) not in written:
                view.lose()
                known.lost = True
            stack.append(view)


def _views(own: Alias) -> Iterator[tuple[weakref.ref[StandIn], StandIn]]:
    for ref in own.views:
        view = ref()
        if view is not None and _is_view(view):
            yield ref, view


def refresh(x: StandIn) -> None:
    """Give a view that lost its meaning the one that follows from what it is a view of."""
    chain = [x]
    while (above := held(chain[-1]).parent) is not None and held(above).lost:
        chain.append(above)
    for view in reversed(chain):
        own = held(view)
        with view.entered():
            found = view.call(own.function, own.args, own.kwargs)
        own.lost = False
        view.become(found if own.part is None else found[own.part])


# ---------------------------------------------------------------- what is a view


def settle(x: StandIn, layout: Layout) -> None:
    """Note how an array that owns its memory lies there."""
    own = held(x)
    own.layout, own.sure = layout, True


def _is_view(x: StandIn) -> bool:
    """Whether x shares the memory of what it was made of; what is found to be a copy is no view any more.

    Raises TraceError where that depends on an order in memory that is not known.
    """
    own = x.held
    if own is None or own.parent is None:
        return False
    if own.layout is None:
        if own.function != "getitem" or is_basic(own.args[1]):
            own.layout, own.sure = layout_of(own.parent), held(own.parent).sure
            if own.function in RESHAPES and not own.sure:
                raise TraceError(
                    "In which order the entries of an array lie in memory is not known, so neither whether this is a view of it.",
                    user_line(),
                    "Take a copy before it is reshaped and written:  y = y.copy()",
                )
            own.layout = seen(own.layout, own.function, own.args, own.kwargs, own.part)
        if own.layout is None:
            own.parent, own.args = None, ()
    return own.parent is not None


def layout_of(x: StandIn) -> Layout:
    """An array of the strides that x has in memory, as far as they are known."""
    chain = [x]
    while held(chain[-1]).layout is None and (above := held(chain[-1]).parent) is not None:
        chain.append(above)
    for each in reversed(chain):
        own = held(each)
        if own.layout is None and not _is_view(each):
            shape = each.shape
            known = sum(size > 1 for size in shape) < 2
            found = None if known else each.layout(*(own.first or each.meaning()))
            own.sure = known or found is not None
            own.layout = rows_first(shape) if found is None else found
    found = held(x).layout
    assert found is not None
    return found
