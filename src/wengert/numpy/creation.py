"""NumPy's functions that make arrays. In a function that is traced they make arrays that traced values can be written into;
outside they are NumPy's. It knows no graph.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from wengert.functions.namespaces.numbers import refuse_text
from wengert.functions.tracing import storage
from wengert.functions.tracing.creating import inside
from wengert.functions.tracing.narrow import width_of
from wengert.functions.tracing.standin import StandIn
from wengert.functions.tracing.tracer import Traced
from wengert.functions.tracing.views import rows_first

NUMBERS = "biufc"
"""Kinds of dtypes; arrays of others are NumPy's own, also in a function that is traced."""


def writable(array: Any) -> Any:
    """The same array, but in a function that is traced one that traced values can be written into."""
    if array.dtype.kind not in NUMBERS:
        return array
    found = inside(np.copy, (array,), {})
    return array if found is None else _owner(_kept(found, array.dtype))


def _kept(found: Any, dtype: Any) -> Any:
    """A new array with the dtype that it was asked for, where a graph keeps whole numbers wider."""
    if isinstance(found, Traced) and found.dtype.kind in "iu":
        found.width = width_of(np.dtype(dtype))
    return found


def _own(x: Any) -> Any:
    """A new traced array as one that owns its memory, also without axes."""
    storage.held(x).owns = True
    return x


def _owner(x: Any) -> Any:
    """A new traced array as one that owns its memory, also without axes, and lies there row by row."""
    own = storage.held(x)
    own.owns, own.layout = True, rows_first(x.shape)
    return x


def _made_by(original: Callable[..., Any]) -> Callable[..., Any]:
    """The function of NumPy, whose array can be written into."""

    @wraps(original)
    def make(*args: Any, **kwargs: Any) -> Any:
        return writable(original(*args, **kwargs))

    return make


eye, identity, tri = (_made_by(f) for f in (np.eye, np.identity, np.tri))
fromfunction, indices, frombuffer = (_made_by(f) for f in (np.fromfunction, np.indices, np.frombuffer))


def _sizes(shape: Any) -> Any:
    """A shape whose sizes are known: what a traced size is now is taken for granted from then on."""
    if type(shape) in (list, tuple):
        return tuple([operator.index(n) if isinstance(n, StandIn) else n for n in shape])
    return operator.index(shape) if isinstance(shape, StandIn) and not shape.shape else shape


def _filled_by(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def make(shape: Any, dtype: Any = float, order: Any = "C", **rest: Any) -> Any:
        shape = _sizes(shape)
        found = inside(original, (shape,), {"dtype": dtype}) if np.dtype(dtype).kind in NUMBERS else None
        return original(shape, dtype, order, **rest) if found is None else _owner(_kept(found, dtype))

    return make


zeros, ones = _filled_by(np.zeros), _filled_by(np.ones)


@wraps(np.empty)
def empty(shape: Any, dtype: Any = float, order: Any = "C", **rest: Any) -> Any:
    """An array for others to fill; in a function that is traced its entries are 0."""
    shape = _sizes(shape)
    found = inside(np.zeros, (shape,), {"dtype": dtype}) if np.dtype(dtype).kind in NUMBERS else None
    return np.empty(shape, dtype, order, **rest) if found is None else _owner(_kept(found, dtype))


@wraps(np.full)
def full(shape: Any, fill_value: Any, dtype: Any = None, order: Any = "C", **rest: Any) -> Any:
    """An array of equal entries, or of equal rows."""
    if not _has_traced(fill_value):
        return writable(np.full(shape, fill_value, dtype, order, **rest))
    value = asarray(fill_value, dtype)
    return _owner(value.call(np.broadcast_to, (value, shape), {}))


def _like(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def make(a: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(a, list | tuple) and _has_traced(a):
            a = asarray(a)
        found = original(a, *args, **kwargs)
        if isinstance(found, tuple):  # linspace with its step
            return (found[0] if isinstance(found[0], StandIn) else writable(found[0]), *found[1:])
        return found if isinstance(found, StandIn) else writable(found)

    return make


zeros_like, ones_like, full_like, empty_like = (
    _like(f) for f in (np.zeros_like, np.ones_like, np.full_like, np.empty_like)
)


# ---------------------------------------------------------------- from other values


@wraps(np.array)
def array(
    object: Any, dtype: Any = None, *, copy: bool | None = True, order: Any = "K", ndmin: int = 0, **rest: Any
) -> Any:
    """An array of numbers, lists of numbers and traced values, as new memory."""
    if not _has_traced(object):
        refuse_text(object)
        made = np.array(object, dtype, copy=copy, order=order, ndmin=ndmin, **rest)
        return made if copy is not True and made is object else writable(made)
    if dtype is not None and np.dtype(dtype) == np.object_:
        return _of_objects(object)
    if copy is not True and isinstance(object, StandIn):
        return asarray(object, dtype)
    made = _joined(object)
    rows = order == "C" or not isinstance(object, StandIn)
    if dtype is not None:
        made = made.call("method astype", (made, dtype), {})
    made = made.call("method copy" if rows else np.copy, (made,), {})
    if made.ndim < ndmin:
        made = made.call(np.reshape, (made, (1,) * (ndmin - made.ndim) + made.shape), {})
    return _owner(made) if rows else _own(made)


def _of_objects(value: Any) -> Any:
    """An array of NumPy whose entries are the traced numbers themselves."""
    joined = asarray(value)
    found = np.empty(joined.shape, object)
    for index in np.ndindex(*joined.shape):
        found[index] = joined[index]
    return found


@wraps(np.asarray)
def asarray(a: Any, dtype: Any = None, order: Any = None, **rest: Any) -> Any:
    """The array itself where it is one, else a new one."""
    if isinstance(a, StandIn):
        return a if dtype is None or np.dtype(dtype) == a.dtype else a.astype(dtype)
    if _has_traced(a):
        return array(a, dtype)
    refuse_text(a)
    made = np.asarray(a, dtype, order, **rest)
    return made if isinstance(a, np.ndarray) else writable(made)


asanyarray = asarray


@wraps(np.ascontiguousarray)
def ascontiguousarray(a: Any, dtype: Any = None) -> Any:
    """The array where it lies row by row in memory, else a copy that does."""
    if not _has_traced(a):
        return np.ascontiguousarray(a, dtype)
    made = asarray(a, dtype)
    known = storage.layout_of(made).flags.c_contiguous and storage.held(made).sure
    return made if known else array(made, order="C")


@wraps(np.arange)
def arange(*args: Any, dtype: Any = None, **rest: Any) -> Any:
    """start, start + step, …; how many there are is settled by the values."""
    if not _has_traced(args):
        return writable(np.arange(*args, dtype=dtype, **rest))
    start, stop, step = (0, args[0], 1) if len(args) == 1 else (*args, 1)[:3]
    count = int(np.ceil((stop - start) / step))
    made = start + np.arange(count) * step
    return array(made, np.result_type(start, stop, step) if dtype is None else dtype)


copy = _like(np.copy)
asarray_chkfinite = asarray


@wraps(np.fromiter)
def fromiter(iter: Any, dtype: Any, count: int = -1, **rest: Any) -> Any:
    """The values of an iterator as an array of one axis."""
    values = list(iter)[: None if count < 0 else count]
    return array(values, dtype) if _has_traced(values) else writable(np.fromiter(values, dtype, **rest))


linspace, logspace, geomspace = (_like(f) for f in (np.linspace, np.logspace, np.geomspace))


def _has_traced(value: Any) -> bool:
    """Whether a value is traced, or a list or tuple with one that is."""
    if isinstance(value, list | tuple):
        return any(_has_traced(each) for each in value)  # pyright: ignore[reportUnknownVariableType]
    return isinstance(value, StandIn)


def _joined(value: Any) -> Any:
    """A list of lists … of values as one array.

    Raises ValueError, with NumPy's words, where the shapes inside differ.
    """
    if isinstance(value, StandIn):
        return value
    if not _has_traced(value):
        return np.asarray(value)
    parts = [_joined(each) for each in value]
    if any(part.shape != parts[0].shape for part in parts):
        raise ValueError(
            "setting an array element with a sequence. The requested array has an inhomogeneous shape after 1 dimensions."
        )
    return np.stack(parts)
