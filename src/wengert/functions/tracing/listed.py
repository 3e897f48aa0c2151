"""Lists and tuples with traced entries as operands: NumPy makes arrays of its operands, and so they become arrays by the rule of `np.array`."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from wengert.functions.tracing.array_writes import added_at, updated
from wengert.functions.tracing.standin import StandIn

OF_OPERANDS = frozenset({np.where, np.dot, np.vdot, np.inner, np.outer, np.kron, np.cross, np.clip, "method dot"})
"""Functions beside the ufuncs that take operands, one argument each."""


def with_arrays(function: Any, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arguments of a call, those lists that hold traced values as arrays where the call takes operands."""
    for x in args:
        if (type(x) is list or type(x) is tuple) and _holds(x):
            break
    else:
        return args
    if isinstance(function, tuple):
        function = function[0]  # a method of a ufunc
    if function in (updated, added_at):  # the second says where
        return (*args[:2], _array(args[2]), *args[3:])
    if not isinstance(function, np.ufunc) and function not in OF_OPERANDS:
        return args
    return tuple(map(_array, args))


def _array(x: Any) -> Any:
    """A list with traced entries as an array; all else as it is."""
    return import_module("wengert.numpy.creation").asarray(x) if type(x) in (list, tuple) and _holds(x) else x


def _holds(x: Any) -> bool:
    """Whether a list holds traced values, at any depth."""
    return any(isinstance(each, StandIn) or (type(each) in (list, tuple) and _holds(each)) for each in x)
