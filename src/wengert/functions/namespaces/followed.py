"""Functions of NumPy and SciPy that have no rule, but are written in Python: on traced values they are followed as the user's own are."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from importlib import import_module
from types import FunctionType
from typing import Any

import numpy as np

from wengert.errors import TraceError
from wengert.functions.namespaces.numbers import has_traced, settled
from wengert.functions.namespaces.objects import ORIGINAL
from wengert.functions.tracing import in_place
from wengert.functions.tracing.callbacks import CALLBACKS
from wengert.functions.tracing.calls import META, SHAPED
from wengert.functions.tracing.repairs import called, repair_of
from wengert.functions.tracing.standin import FUNCTIONS, MADE_LIKE, UFUNCS, refuse
from wengert.functions.tracing.views import VIEWS


def has_rule(function: Any) -> bool:
    """Whether it is known what a function of NumPy or SciPy means on traced values."""
    tables: tuple[Any, ...] = (FUNCTIONS, UFUNCS, VIEWS, META, SHAPED, CALLBACKS, in_place.WRITES)
    return any(function in table for table in tables) or getattr(function, "__name__", "") in MADE_LIKE


def written(function: Any) -> FunctionType | None:
    """The Python function behind a function of a library; None where it is written in another language."""
    own = getattr(function, "_implementation", function)
    while hasattr(own, "__wrapped__"):
        own = own.__wrapped__
    return own if type(own) is FunctionType else None


def followed(original: Any, name: str = "") -> Callable[..., Any] | None:
    """A function of a library which on traced values runs as a copy, whose globals are seen as the user's are; None where it cannot.

    What goes wrong within it is reported as an error about the function.
    """
    own = written(original)
    if own is None:
        return None
    of_scipy = (original.__module__ or "").startswith("scipy")

    @wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        if of_scipy:  # arrays that were made of numbers are numbers to it
            args, kwargs = settled(args), settled(kwargs)
        if not has_traced((args, kwargs)) and not any(hasattr(type(x), ORIGINAL) for x in args):
            return original(*args, **kwargs)
        try:
            if of_scipy and own.__name__ in LAZY:
                return LAZY[own.__name__](*args, **kwargs)
            return import_module("wengert.functions.namespaces.functions").copied(own)(*args, **kwargs)
        except (TraceError, TypeError, AttributeError, ValueError) as error:
            if isinstance(error, ValueError) and not isinstance(error, TraceError):
                raise
            if hasattr(
                original, "_implementation"
            ):  # NumPy asks the values themselves, and they know best whether they can answer
                return original(*args, **kwargs)
            refuse(f"'{name or called(original)}' has no form in a graph.", repair_of(original))

    return call


def _apply_where(cond: Any, args: Any, f1: Any, f2: Any = None, /, *, fill_value: Any = None, xp: Any = None) -> Any:
    """f1 where the condition holds, else f2 or a value: what is not taken has no derivative, so both may be computed everywhere."""
    args = args if isinstance(args, tuple) else (args,)  # pyright: ignore[reportUnknownVariableType]
    return np.where(cond, f1(*args), fill_value if f2 is None else f2(*args))


def _lazyselect(condlist: Any, choicelist: Any, arrays: Any, default: Any = 0) -> Any:
    """The first function whose condition holds, else a value."""
    found = default
    for cond, choice in reversed(list(zip(condlist, choicelist, strict=True))):
        found = np.where(cond, choice(*arrays), found)
    return found


LAZY: dict[str, Callable[..., Any]] = {"apply_where": _apply_where, "_lazyselect": _lazyselect}
"""SciPy's functions that compute entries only where a condition holds, which traced conditions do not tell."""


def followed_method(cls: type, name: str) -> Callable[..., Any]:
    """A method of a library's class as one that is followed."""
    return import_module("wengert.functions.namespaces.functions").copied(getattr(cls, name))


class FromPython:
    """np.frompyfunc: on traced values the function runs on each entry."""

    def __init__(self, func: Callable[..., Any], nin: int, nout: int, **rest: Any) -> None:
        self._ufunc = np.frompyfunc(func, nin, nout, **rest)
        self._each = import_module("wengert.functions.namespaces.sequences").Vectorized(func)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The values of the function, of numbers in an array of objects."""
        return self._each(*args) if has_traced(args) else self._ufunc(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ufunc, name)
