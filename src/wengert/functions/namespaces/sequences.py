"""Lists and tuples of traced values mean arrays in calls of NumPy, as lists of numbers do."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import Any

import numpy as np

from wengert.functions.namespaces.codes import MADE
from wengert.functions.namespaces.objects import ORIGINAL
from wengert.functions.tracing.standin import StandIn

OF_ARRAYS = frozenset(
    {
        *("concatenate", "stack", "vstack", "hstack", "dstack", "column_stack", "row_stack", "select", "choose"),
        *("block", "broadcast_arrays", "multi_dot", "meshgrid", "ix_", "lexsort", "concat", "piecewise"),
    }
)
"""Functions that take sequences of arrays: their entries may be lists."""
SIZES = frozenset({"shape", "axis", "axes", "newshape", "reps", "pad_width", "source", "destination"})
_METHODS = ("reduce", "accumulate", "reduceat", "outer", "at", "nin", "nout", "nargs", "identity", "types", "signature")


def asarray(x: Any) -> Any:
    """np.asarray, of lists of traced values too."""
    return import_module("wengert.numpy.creation").asarray(x)


def copied(x: Any, *args: Any, **kwargs: Any) -> Any:
    """x.copy() of an array from outside, into which traced values may be written."""
    return import_module("wengert.numpy.creation").copy(x, *args, **kwargs)


MADE["copy"] = copied


def holds(x: Any) -> bool:
    """Whether a list or tuple holds traced values, at any depth."""
    return any(isinstance(each, StandIn) or (type(each) in (list, tuple) and holds(each)) for each in x)


def as_array(x: Any) -> Any:
    """A list with traced entries as an array; all else as it is."""
    return asarray(x) if type(x) in (list, tuple) and holds(x) and _shape(x) is not None else x


def _shape(x: Any) -> tuple[int, ...] | None:
    """The shape of the array that nested lists are; None where they are none."""
    if type(x) not in (list, tuple):
        return tuple(np.shape(x)) if isinstance(x, StandIn | np.ndarray | np.generic | int | float | complex) else None
    shapes = {_shape(each) for each in x}
    only = shapes.pop() if len(shapes) == 1 else None
    return None if only is None else (len(x), *only)


def _each(x: Any) -> Any:
    """The same of the entries of a list of arrays."""
    return type(x)([as_array(each) for each in x]) if type(x) in (list, tuple) else x


def of_function(original: Any) -> Callable[..., Any]:
    """A function of NumPy that takes lists of traced values for arrays."""
    name = getattr(original, "__name__", "")
    if name == "block":
        return wraps(original)(lambda arrays: original(_blocks(arrays)))
    change = _each if name in OF_ARRAYS else as_array

    @wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        for x in args:
            if hasattr(type(x), ORIGINAL) and hasattr(type(x), "__array__"):  # as np.poly1d
                args = tuple([x.__array__() if hasattr(type(x), ORIGINAL) else x for x in args])
                break
        for x in args:
            if type(x) is list or type(x) is tuple:
                args = tuple([change(x) if k == 0 or _is_real(x) else x for k, x in enumerate(args)])
                break
        if kwargs:
            kwargs = {key: x if key in SIZES else change(x) for key, x in kwargs.items()}
        return original(*args, **kwargs)

    return call


def _is_real(x: Any) -> bool:
    """Whether a list holds other than whole numbers: those that are given behind the first argument may be sizes and axes."""
    if type(x) in (list, tuple):
        return any(map(_is_real, x))
    return not isinstance(x, StandIn) or x.dtype.kind not in "biu"


def _blocks(arrays: Any) -> Any:
    """Nested lists, the innermost entries as arrays."""
    return [_blocks(each) for each in arrays] if isinstance(arrays, list) else as_array(arrays)


def of_ufunc(ufunc: np.ufunc) -> Callable[..., Any]:
    """A ufunc that takes lists of traced values for arrays, also in its methods."""

    @wraps(ufunc)
    def call(*args: Any, **kwargs: Any) -> Any:
        for x in args:
            if type(x) is list or type(x) is tuple:
                args = tuple(map(as_array, args))
                break
        return ufunc(*args, **kwargs)

    for name in _METHODS:
        value = getattr(ufunc, name, None)
        setattr(call, name, of_function(value) if callable(value) else value)
    return call


def entries_with_places(arr: Any) -> Any:
    """np.ndenumerate: the pairs of the indices and the entry there."""
    found = asarray(arr)
    return ((index, found[index]) for index in np.ndindex(*found.shape))


class Joined:
    """np.r_ or np.c_, which take traced values among what they join."""

    def __init__(self, original: Any) -> None:
        self._original = original

    def __getitem__(self, key: Any) -> Any:
        parts = key if isinstance(key, tuple) else (key,)
        if not any(isinstance(x, StandIn) or (type(x) in (list, tuple) and holds(x)) for x in parts):
            return import_module("wengert.numpy.creation").writable(self._original[key])
        if isinstance(parts[0], str):
            directive, parts = parts[0], parts[1:]
            axis, ndmin = [int(x) for x in (*directive.split(","), "0")[:2]]
            trans1d = int(directive.split(",")[2]) if directive.count(",") > 1 else -1
        else:
            axis, ndmin, trans1d = self._original.axis, self._original.ndmin, self._original.trans1d
        arrays = [self._part(x, ndmin, trans1d) for x in parts]
        return np.concatenate(arrays, axis)

    def _part(self, x: Any, ndmin: int, trans1d: int) -> Any:
        if isinstance(x, slice):
            return np.r_[x] if ndmin < 2 else self._placed(np.r_[x], ndmin, trans1d)
        found = asarray(x)
        rank = len(found.shape)
        if not rank:
            found = np.reshape(found, (1,) * max(ndmin, 1))
        elif rank < ndmin:
            found = self._placed(found, ndmin, trans1d)
        return found

    def _placed(self, x: Any, ndmin: int, trans1d: int) -> Any:
        """An array with new axes, its own from `trans1d` on."""
        rank = len(x.shape)
        start = trans1d if trans1d >= 0 else ndmin - rank + 1 + trans1d
        return np.reshape(x, (1,) * start + tuple(x.shape) + (1,) * (ndmin - rank - start))

    def __len__(self) -> int:
        return 0


def vectorized(made: np.vectorize) -> Any:
    """A vectorized function that was made before, for traced values."""
    found = Vectorized(made.pyfunc, excluded=made.excluded, signature=made.signature)
    found.__dict__.update(made.__dict__)
    return found


class Vectorized(np.vectorize):  # pyright: ignore[reportIncompatibleVariableOverride]
    """np.vectorize, which on traced values calls the function on each entry and joins the results."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        args = tuple(map(as_array, args))
        kwargs = {name: as_array(x) for name, x in kwargs.items()}
        if not any(isinstance(x, StandIn) for x in (*args, *kwargs.values())):
            return super().__call__(*args, **kwargs)
        if self.signature is not None:
            followed: Any = import_module("wengert.functions.namespaces.followed")
            function = import_module("wengert.functions.namespaces.functions").translate(self.pyfunc)
            method = followed.followed_method(np.vectorize, "_vectorize_call_with_signature")
            return method(self, lambda *xs: function(*xs, **kwargs), args)
        names = [name for name in kwargs if name not in (self.excluded or ())]
        places = [k for k in range(len(args)) if k not in (self.excluded or ())]
        spread = np.broadcast_arrays(*[args[k] for k in places], *[kwargs[name] for name in names])
        shape = tuple(spread[0].shape) if spread else ()
        function = import_module("wengert.functions.namespaces.functions").translate(self.pyfunc)
        results: list[Any] = []
        for index in np.ndindex(*shape):
            given, named = list(args), dict(kwargs)
            for k, x in zip(places, spread, strict=False):
                given[k] = x[index]
            for name, x in zip(names, spread[len(places) :], strict=True):
                named[name] = x[index]
            results.append(function(*given, **named))
        if results and isinstance(results[0], tuple):
            return tuple(np.reshape(asarray(list(each)), shape) for each in zip(*results, strict=True))
        return np.reshape(asarray(results), shape)
