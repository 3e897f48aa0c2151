"""StandIn, what the code of a user sees in place of an array, and the tables of what NumPy's functions mean on one.

It has the operators, protocols and methods of an array, and hands every call on: what a call does is decided by what it belongs
to, the graph in the making or the tape of calls. It knows neither.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from importlib import import_module
from typing import Any, NoReturn

import numpy as np

from wengert.core.ops.array_functions import ArrayFunction
from wengert.errors import TraceError
from wengert.functions.tracing import in_place, storage
from wengert.functions.tracing.callbacks import CALLBACKS
from wengert.functions.tracing.operators import Operators
from wengert.functions.tracing.properties import Properties
from wengert.functions.tracing.repairs import called, instead_of_attribute, repair_of
from wengert.functions.tracing.source import is_assignment, user_line
from wengert.functions.tracing.views import COPIES, MAKERS, VIEWS, Layout, place_of_parent

Array = Any

UFUNCS: dict[Any, Callable[..., Any]] = {}
"""What a NumPy or SciPy ufunc means on traced values; entered by `ufuncs`."""
FUNCTIONS: dict[Any, Callable[..., Any]] = {}
"""What another NumPy function means, or "method name", or "getitem"; entered by `functions` and those beside it."""

MADE_LIKE = frozenset(
    [
        "array",
        "asarray",
        "asanyarray",
        "ascontiguousarray",
        "empty",
        "full",
        "eye",
        "identity",
        "tri",
        "arange",
        "fromfunction",
        "frombuffer",
    ]
)
"""The functions that are asked here only where they are given `like=`: they make arrays that traced values can be written into."""
OF_ARRAYS = frozenset(name for name in dir(np.ndarray) if not name.startswith("_"))


class NoAttributeError(TraceError, AttributeError):
    """An array has what a traced value has not."""


def known_rule(function: Any) -> Callable[..., Any]:
    """The rule of a function of NumPy or SciPy. Those of scipy.special are entered when it is in use.

    Raises TraceError where there is none.
    """
    if isinstance(function, ArrayFunction):
        return import_module("wengert.functions.tracing.op_calls").op_rule(function)
    rule = UFUNCS.get(function) or FUNCTIONS.get(function)
    if rule is None and "scipy.special" in sys.modules and "wengert.functions.tracing.special" not in sys.modules:
        import_module("wengert.functions.tracing.special")
        rule = UFUNCS.get(function) or FUNCTIONS.get(function)
    if rule is None:
        refuse(f"'{called(function)}' has no form in a graph.", repair_of(function))
    return rule


class NumberText(str):
    """The number of a traced value in writing: to be read by people. As a number again it would have lost its derivative."""

    __slots__ = ()


class StandIn(Properties, Operators):
    """An array whose calls are followed. It has the shape and the dtype of an array and answers to NumPy's functions.

    What stands in says what a call does (`call`), what an operator does (`operate`), and its shape and dtype.
    """

    __slots__ = ("__weakref__", "held")

    weak: bool
    """Whether it is a Python number, which takes the dtype of what it meets."""
    type: Any
    """Its type in a graph."""
    node: Any
    """What stands for it in a graph."""
    held: storage.Alias | None
    """Whose memory this is, once something may share it."""
    __pandas_priority__ = 5000  # so that  column * x  comes here
    MEANING: tuple[str, ...] = ()
    """The attributes that say what the handle means at the moment."""

    def call(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The result of a ufunc, a function of NumPy, (ufunc, name of its method), "method name" or "getitem"."""
        raise NotImplementedError

    def constant(self) -> Any:
        """The value, where it depends on no argument of the function; else None."""
        raise NotImplementedError

    def number(self) -> Array | None:
        """The value, where it is known while the function runs."""
        raise NotImplementedError

    def outcome(self, of: Callable[[Any], Any]) -> Any:
        """What bool, int or operator.index gives of the value, which from then on is taken for granted; None where it is not known."""
        raise NotImplementedError

    # memory

    def become(self, other: Any) -> None:
        """Mean what another value means."""
        for name in self.MEANING:
            setattr(self, name, getattr(other, name))

    def lose(self) -> None:
        """Mean nothing until somebody asks: an attribute that is not there is looked up again by `storage`."""
        for name in self.MEANING:
            delattr(self, name)

    def meaning(self) -> tuple[Any, ...]:
        """What the handle means at the moment."""
        return tuple([getattr(self, name) for name in self.MEANING])

    def entered(self) -> AbstractContextManager[Any]:
        """While this is open, calls belong to what this value belongs to."""
        raise NotImplementedError

    def is_open(self) -> bool:
        """Whether what runs now is the function that this value belongs to."""
        raise NotImplementedError

    def layout(self, *meaning: Any) -> Layout | None:
        """The strides of an array that owns its memory and meant this when it was made, where they are known."""
        raise NotImplementedError

    def is_zero_dimensional(self) -> bool:
        """Whether a value without axes is an array."""
        raise NotImplementedError

    # NumPy's protocols

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method == "at":
            return in_place.at(ufunc, *inputs)
        function = ufunc if method == "__call__" else (ufunc, method)
        if "out" in kwargs:
            return in_place.into_out(function, inputs, kwargs)
        return self.call(function, inputs, kwargs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        made_of_calls = in_place.WRITES.get(func) or CALLBACKS.get(func)
        if made_of_calls is not None:
            return made_of_calls(*args, **kwargs)
        if func in VIEWS:
            return self.linked(func, args, kwargs)
        if getattr(func, "__name__", None) in MADE_LIKE:
            return getattr(import_module("wengert.numpy.creation"), func.__name__)(*args, **kwargs)
        if in_place.has_out(func, args, kwargs):
            return in_place.into_out(func, args, kwargs)
        result = self.call(func, args, kwargs)
        if func in MAKERS and not result.shape:
            storage.own_memory(result)
        return result

    def linked(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The result of a call that may share the memory of an argument."""
        result = self.call(function, args, kwargs)
        place = place_of_parent(function)
        parent = args[place] if len(args) > place else next(iter(kwargs.values()), None)
        if isinstance(parent, StandIn):
            storage.link(result, parent, function, args, kwargs)
        return result

    def __getitem__(self, index: Any) -> Any:
        if type(index) in (slice, tuple):
            index = _bounded(index)
        result = self.call("getitem", (self, index), {})
        if result.shape or index is Ellipsis or (type(index) is tuple and Ellipsis in index):  # else it is a number
            storage.link(result, self, "getitem", (self, index), {})
        return result

    def __setitem__(self, index: Any, value: Any) -> None:
        storage.write(self, _bounded(index) if type(index) in (slice, tuple) else index, value)

    # methods of arrays: the functions of the same name

    def __getattr__(self, name: str) -> Any:
        if name in self.MEANING:  # lost when what this is a view of was written
            storage.refresh(self)
            return object.__getattribute__(self, name)
        if name == "held":
            return None
        write = in_place.METHODS.get(name)
        if write is not None:
            return partial(write, self)
        key = f"method {name}"
        if key not in FUNCTIONS:
            if name in OF_ARRAYS:
                raise NoAttributeError(
                    f"'{name}' of arrays is not there on traced values.", user_line(), instead_of_attribute(name)
                )
            raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")
        return partial(self._method, key)

    def nonzero(self) -> Any:
        """The places of the entries that are not 0, an array for each axis."""
        return np.nonzero(self)  # pyright: ignore[reportArgumentType, reportCallIssue]

    def _method(self, key: str, *args: Any, **kwargs: Any) -> Any:
        if key in VIEWS:
            return self.linked(key, (self, *args), kwargs)
        if in_place.has_out(key, (self, *args), kwargs):
            return in_place.into_out(key, (self, *args), kwargs)
        result = self.call(key, (self, *args), kwargs)
        if key in COPIES and not self.shape and storage.is_array(self):
            storage.own_memory(result)
        return result

    # what would need the numbers

    def __bool__(self) -> bool:
        found = self.outcome(bool)
        if found is None:
            refuse(
                "The truth of a traced value is not known while the function is traced.",
                "Write:  wg.cond(c, then, other, x) for a branch, wg.while_loop for a loop, np.where(c, a, b) entry by entry",
            )
        return found

    def __int__(self) -> int:
        found = self.outcome(int)
        return _number("int") if found is None else found

    def __index__(self) -> int:
        found = self.outcome(operator.index)
        if found is None:
            refuse(
                "A traced value has no number yet, so it cannot become an index or a size.",
                "Give int(n) from outside, or name the argument in 'static'; to read a NumPy array at a traced index write:  wg.asarray(a)[i]",
            )
        return found

    def __float__(self) -> float:
        found = self.constant()
        return _number("float") if found is None else float(found)

    def __complex__(self) -> complex:
        found = self.constant()
        return _number("complex") if found is None else complex(found)

    def __hash__(self) -> int:
        found = None if self.shape else self.constant()
        if found is None:
            refuse(
                "A traced value is unhashable: it cannot be a key of a dict, an element of a set or an argument of a cache.",
                "Use what is known as the key, for example a name, or:  int(n)",
            )
        return hash(np.asarray(found)[()])

    def __round__(self, digits: int | None = None) -> Any:
        if self.shape:
            raise TypeError("type numpy.ndarray doesn't define __round__ method")
        if digits is None:
            return _number("a rounded number")
        return self.call(np.round, (self, digits), {})

    def __copy__(self) -> Any:
        return self.call("method copy", (self,), {})

    def __deepcopy__(self, memo: Any) -> Any:
        return self.call("method copy", (self,), {})

    def item(self, *args: Any) -> Any:
        """An entry as a traced number of Python; whole numbers and truth values are those of today."""
        x: Any = self[args[0] if len(args) == 1 and isinstance(args[0], tuple) else args] if args else self
        if x.size != 1:
            raise ValueError("can only convert an array of size 1 to a Python scalar")
        if x.dtype.kind in "biu":
            return bool(x) if x.dtype.kind == "b" else int(x)
        return import_module("wengert.functions.namespaces.numbers").as_float(x)

    def tolist(self) -> Any:
        """The entries in lists, each as `item` gives it."""
        return [self[k].tolist() for k in range(self.shape[0])] if self.shape else self.item()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        _refuse_storing()
        refuse(
            "A traced value cannot become a NumPy array: its derivative would be lost.",
            "Use functions of NumPy on it, not methods of other arrays; to read a NumPy array at a traced index write:  wg.asarray(a)[i]",
        )


def is_traced(x: Any) -> bool:
    """Whether x is a traced value."""
    return isinstance(x, StandIn)


def refuse(what: str, repair: str) -> NoReturn:
    """Raise TraceError at the user's line."""
    raise TraceError(what, user_line(), repair)


def _refuse_storing() -> None:
    """Refuse the assignment of a traced value to an entry of an array of NumPy, where that is what the user's line does.

    Raises TraceError.
    """
    if is_assignment():
        refuse(
            "A traced value cannot be written into a NumPy array: its derivative would be lost.",
            "Write into an array that the function makes itself:  np.zeros(3), or np.array(a) of an array a from outside",
        )


def _number(name: str) -> NoReturn:
    _refuse_storing()
    refuse(
        f"A traced value has no number yet, so it cannot become {name}.",
        "Return the value and convert it outside; what steers the function is given as a number:  int(n)",
    )


def _bounded(index: Any) -> Any:
    """An index whose slices have known numbers for bounds.

    Raises TraceError where they are not known.
    """
    if type(index) is tuple:
        return tuple([_bounded(each) if type(each) is slice else each for each in index])
    bounds = index.start, index.stop, index.step
    if not any(isinstance(each, StandIn) for each in bounds):
        return index
    return slice(*[operator.index(each) if isinstance(each, StandIn) else each for each in bounds])
