"""Calls: how NumPy computes what stands on a tape, and what of their arguments a record takes for granted. It knows no graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from wengert.functions.tracing.array_writes import added_at, updated
from wengert.functions.tracing.references import MARKS, SUMS
from wengert.functions.tracing.standin import UFUNCS, Array, StandIn, known_rule

META = frozenset(
    {np.shape, np.ndim, np.size, np.result_type, np.can_cast, np.iscomplexobj, np.isrealobj, np.common_type}
)
"""Functions of shapes and dtypes alone."""
RAISES = frozenset(
    {
        "cholesky",
        "inv",
        "solve",
        "eig",
        "eigh",
        "eigvals",
        "eigvalsh",
        "svd",
        "lstsq",
        "pinv",
        "cho_factor",
        "cho_solve",
        "solve_triangular",
        "tensorsolve",
        "tensorinv",
        "matrix_power",
        "matrix_rank",
        "cond",
        "sqrtm",
    }
)
"""Functions of linear algebra, NumPy's and SciPy's, that raise for some values."""
BY_ENTRIES: set[Any] = {np.repeat, np.delete, np.insert, np.split, np.array_split, np.quantile, np.percentile}
"""Functions whose meaning in a graph depends on the entries of arrays that they are given; more are found out when a rule asks."""
MOVING = frozenset({np.where, np.clip, "method clip", np.full_like, updated, added_at, "item", "getitem"})
"""Functions whose meaning does not depend on the Python numbers that they are given."""


class NumberOperator:
    """An operator between Python numbers, whose result is one."""

    def __init__(self, ufunc: np.ufunc) -> None:
        self.ufunc = ufunc

    def __call__(self, *args: Any) -> Any:
        """The Python number."""
        return self.ufunc(*args).item()

    def rule(self, *args: Any) -> Any:
        """The same in a graph."""
        return next(x for x in args if isinstance(x, StandIn)).operate(self.ufunc, *args)


@lru_cache(maxsize=256)
def number_operator(ufunc: np.ufunc) -> NumberOperator:
    """The operator between Python numbers that is a ufunc between arrays."""
    return NumberOperator(ufunc)


def rule_of(function: Any) -> Callable[..., Any]:
    """What a call means in a graph.

    Raises TraceError where it has no meaning there.
    """
    if isinstance(function, tuple) and function[1] == "__call__":
        function = function[0]
    return getattr(function, "rule", None) or known_rule(function)


def computed(function: Any, args: Sequence[Any], kwargs: dict[str, Any], *, known: bool = True) -> Any:
    """The result of a call by NumPy; `known` asks whether a graph knows the call.

    Raises TraceError where it does not.
    """
    if isinstance(function, np.ufunc):
        if known and function not in UFUNCS:
            rule_of(function)
        return function(*args, **kwargs)
    if function == "getitem":
        return np.asarray(args[0])[args[1]]
    if function == "item":
        return args[0][args[1]]
    if known:
        rule_of(function)
    if isinstance(function, tuple):
        ufunc, method = function
        return getattr(ufunc, method)(*args, **kwargs)
    if isinstance(function, str):
        return getattr(np.asarray(args[0]), function.removeprefix("method "))(*args[1:], **kwargs)
    return function(*args, **kwargs)


@lru_cache(maxsize=4096)
def runs_with(function: Any) -> Callable[[int | str, Any], bool]:
    """Whether an argument, by its place or name, may be another the next time, though the call is the same."""
    if isinstance(function, np.ufunc):
        if function in (np.power, np.float_power):
            return lambda place, x: place == 0 or (isinstance(x, np.ndarray) and x.ndim > 0)
        if getattr(np, function.__name__, None) is not function:  # SciPy's: some have an order that is a number
            return lambda place, x: isinstance(x, np.ndarray)
        if function in SUMS:
            return lambda place, x: type(x) is not float or x not in MARKS
        return lambda place, x: True
    if isinstance(function, NumberOperator):
        return runs_with(function.ufunc)
    if function in MOVING or hasattr(function, "graph"):
        return lambda place, x: True
    return lambda place, x: not isinstance(x, float | np.generic) and function not in BY_ENTRIES


def asks(key: Any) -> bool:
    """Whether a call may raise for some values, so that it has to be done when the function runs."""
    function = key[0]
    if function == "getitem":
        return any(each >= 0 for each in _reads(key[1][1]))
    return getattr(function, "__module__", "").endswith("linalg") and function.__name__ in RAISES


def _reads(index: Any) -> list[int]:
    if type(index) is int:
        return [index]
    return [each for each in index[1] if type(each) is int] if index[0] is tuple else []


def indexed(index: Any, number: Callable[[Any], Array], one: bool = False) -> Any:
    """An index in which masks are the arrays of the places where they hold, and lists are arrays.

    `one` says that one value goes to all entries: then a mask that is traced can stay one.
    """
    if type(index) in (int, slice):
        return index
    if one and isinstance(index, StandIn) and index.dtype == bool:
        return index
    found: list[Any] = []
    for each in index if isinstance(index, tuple) else (index,):  # pyright: ignore[reportUnknownVariableType]
        if isinstance(each, list):
            each = (
                np.stack([number(x) if isinstance(x, StandIn) else x for x in each]) if each else np.zeros(0, np.int64)
            )
        if isinstance(each, np.integer):
            each = int(each)
        if isinstance(each, StandIn) and each.dtype == bool:
            each = number(each)
        if isinstance(each, np.ndarray) and each.dtype == bool and each.ndim:
            found.extend(each.nonzero())
        else:
            found.append(each)
    return tuple(found) if isinstance(index, tuple) or len(found) != 1 else found[0]


# ---------------------------------------------------------------- results whose shapes depend on values


def needs_values(function: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> bool:
    """Whether what a call means depends on values: the shape of its result, or places and counts."""
    if function not in SHAPED:
        return False
    if function in COUNTED:
        return isinstance(
            dict(zip(COUNTED[function], args, strict=False), **kwargs).get(COUNTED[function][-1]), StandIn
        )
    return function is not np.where or len(args) + len(kwargs) == 1


def _unique(
    call: Any,
    number: Any,
    ar: Any,
    return_index: Any = False,
    return_inverse: Any = False,
    return_counts: Any = False,
    axis: Any = None,
    **rest: Any,
) -> Any:
    found = np.unique(number(ar), True, return_inverse, return_counts, axis, **rest)
    entries = call(np.take, (ar, found[1]), {} if axis is None else {"axis": axis})
    kept = (entries, *(found[1:] if return_index else found[2:]))
    return kept if len(kept) > 1 else entries


def _compress(call: Any, number: Any, condition: Any, a: Any, axis: Any = None) -> Any:
    mask = number(condition)
    if np.ndim(mask) != 1:
        raise ValueError("condition must be a 1-d array")
    return call(np.take, (a, np.flatnonzero(mask)), {} if axis is None else {"axis": axis})


def _extract(call: Any, number: Any, condition: Any, arr: Any) -> Any:
    return call(np.take, (arr, np.flatnonzero(number(condition))), {})


COUNTED: dict[Any, tuple[str, ...]] = {
    np.roll: ("a", "shift"),
    np.repeat: ("a", "repeats"),
    "method repeat": ("a", "repeats"),
    np.bincount: ("x",),
}
"""By function: the names of its first arguments, up to the one whose values say where entries go."""


def _counted(call: Any, number: Any, function: Any, *args: Any, **kwargs: Any) -> Any:
    names = COUNTED[function]
    if function is np.bincount and len(args) < 2 and kwargs.get("weights") is None:
        return np.bincount(number(*args), **kwargs)
    given = dict(zip(names, args, strict=False), **kwargs)
    given[names[-1]] = number(given[names[-1]])
    return call(function, (*[given.pop(name) for name in names], *args[len(names) :]), given)


SHAPED: dict[Any, Callable[..., Any]] = {
    np.unique: _unique,
    np.compress: _compress,
    np.extract: _extract,
    "method compress": lambda call, number, a, condition, axis=None: _compress(call, number, condition, a, axis),
}
"""By function: its result by other calls, with arrays of places known now."""
for _function in (np.nonzero, np.flatnonzero, np.argwhere, np.where):
    SHAPED[_function] = lambda call, number, *args, function=_function: function(*[number(x) for x in args])
for _function in COUNTED:
    SHAPED[_function] = lambda call, number, *args, function=_function, **kwargs: _counted(
        call, number, function, *args, **kwargs
    )


def shaped(
    function: Any, call: Callable[..., Any], number: Callable[[Any], Array], args: Sequence[Any], kwargs: dict[str, Any]
) -> Any:
    """The result of a call whose shape depends on values: `call` puts calls on the tape, `number` gives values."""
    return SHAPED[function](call, lambda x: number(x) if isinstance(x, StandIn) else x, *args, **kwargs)


def dummies(args: Sequence[Any]) -> list[Any]:
    """Arrays of the same shapes and dtypes that hold nothing."""
    return [np.broadcast_to(np.zeros((), x.dtype), x.shape) if isinstance(x, StandIn) else x for x in args]
