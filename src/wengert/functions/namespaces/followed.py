"""Functions of NumPy and SciPy that have no rule, but are written in Python: on traced values they are followed as the user's own are."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from importlib import import_module
from types import FunctionType
from typing import Any

import numpy as np

from wengert.errors import TraceError
from wengert.functions.namespaces.numbers import has_traced
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

    @wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        if not has_traced((args, kwargs)) and not any(hasattr(type(x), ORIGINAL) for x in args):
            return original(*args, **kwargs)
        try:
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
