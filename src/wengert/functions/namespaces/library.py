"""What stands for NumPy, SciPy, math and a few of Python's own functions, in a function that runs on traced values."""

from __future__ import annotations

import builtins
import cmath
import math
import sys
from functools import cache
from importlib import import_module
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from wengert.functions.namespaces import evaluated as evaluated
from wengert.functions.namespaces import followed, numbers, owners, sequences
from wengert.functions.namespaces.codes import CASTS

MAKERS = frozenset(
    (
        *("zeros", "ones", "empty", "full", "eye", "identity", "tri", "fromfunction", "indices", "frombuffer"),
        *("zeros_like", "ones_like", "empty_like", "full_like", "array", "asarray", "asanyarray", "ascontiguousarray"),
        *("arange", "linspace", "logspace", "geomspace", "copy", "fromiter", "asarray_chkfinite"),
    )
)
"""NumPy's functions that make arrays which traced values can be written into."""
SPECIAL = MAKERS | {
    "r_",
    "c_",
    "vectorize",
    "isscalar",
    "block",
    "frompyfunc",
    "diag",
    "meshgrid",
    "asfarray",
    "ndenumerate",
}
"""The names of NumPy that a function may need stand-ins for where it makes no lists."""


@cache
def special() -> frozenset[str]:
    """The names of NumPy that a function may need stand-ins for: SPECIAL, and those that are followed for want of a rule."""
    # What NumPy has not loaded yet are modules, which it would load if they were asked for.
    functions = {name: f for name, f in vars(np).items() if callable(f) and not isinstance(f, type)}
    without = {name for name, f in functions.items() if name.islower() and not followed.has_rule(f)}
    return SPECIAL | without | {"polynomial", "poly1d"}


BUILTINS: dict[str, Any] = {"isinstance": numbers.is_instance, "float": float, "complex": complex}
MODULES: dict[str, ModuleType] = {"numpy": np, "math": math, "cmath": cmath}
"""What may be imported inside of a function, beside SciPy."""
_SCIPY = {
    **{
        name: name
        for name in (
            "special",
            "fft",
            "linalg",
            "signal",
            "stats",
            "integrate",
            "optimize",
            "interpolate",
            "ndimage",
            "sparse",
        )
    },
    "spatial": "spatial.distance",
}
"""The parts of SciPy of which this package has some, and where SciPy has it; here it has the last name of that."""
_TAKE_ARRAYS = ("special", "linalg", "signal", "ndimage", "spatial")
"""Those whose functions take arrays alone; the others find them among arguments of other kinds."""
_TABLE: dict[int, tuple[Any, Any]] = {}
"""By identity: an object of a library, and what stands for it."""


class Facade(ModuleType):
    """A module of a library, whose functions take traced values."""

    def __init__(self, real: ModuleType) -> None:
        super().__init__(real.__name__, real.__doc__)
        self.__dict__["_real"] = real

    def __getattr__(self, name: str) -> Any:
        if name.endswith("()"):  # a class of numbers where it is called
            return CASTS[name[:-2]]
        value = getattr(self.__dict__["_real"], name)
        found = _named(self.__dict__["_real"], name, value)
        if not name.startswith("__"):
            self.__dict__[name] = found
        return found

    def __dir__(self) -> list[str]:
        return dir(self.__dict__["_real"])


def _named(module: ModuleType, name: str, value: Any) -> Any:
    """What stands for a name of a library's module."""
    found = stand_in(value)
    if found is None and type(value) is FunctionType and owners.of_globals(value.__globals__):
        return import_module("wengert.functions.namespaces.functions").translate(value)
    return value if found is None else found


def stand_in(value: Any) -> Any:
    """What stands for an object of a library, or of Python; None where it stands for itself."""
    known = _TABLE.get(id(value))
    if known is not None and known[0] is value:
        return known[1]
    if isinstance(value, np.vectorize):
        return sequences.vectorized(value)
    if type(value) is MethodType:
        return _of_method(value)
    found = _made(value)
    if found is not None:
        _TABLE[id(value)] = value, found
    return found


def _made(value: Any) -> Any:
    kind = type(value)
    if kind is ModuleType:
        root = value.__name__.partition(".")[0]
        if value.__name__ == "wengert.numpy" or value.__name__.endswith(
            "array_api_compat.numpy"
        ):  # its names are NumPy's
            return Facade(np)
        return Facade(value) if root in ("numpy", "scipy") or value in (math, cmath) else None
    if kind is FunctionType and (owners.is_ours(value.__globals__) or owners.of_globals(value.__globals__)):
        return None
    module = str(getattr(value, "__module__", None) or getattr(kind, "__module__", ""))
    root = module.partition(".")[0]
    if hasattr(kind, "_wengert_original"):  # it stands for something itself
        return None
    if kind is np.ufunc:
        return sequences.of_ufunc(value)
    if root == "numpy":
        return _of_numpy(value, module)
    if root == "scipy":
        return _of_scipy(value, module)
    if kind is BuiltinFunctionType:
        return _of_builtin(value, root)
    return None


def _of_method(value: MethodType) -> Any:
    """A method of what stands for an object of a library; None where nothing does."""
    kind = type(value.__self__)
    if kind.__module__.partition(".")[0] not in ("numpy", "scipy") or hasattr(kind, "_wengert_original"):
        return None
    own = stand_in(value.__self__)
    return None if own is None else getattr(own, value.__name__, None)


def _of_numpy(value: Any, module: str) -> Any:
    name = getattr(value, "__name__", "")
    if name in MAKERS and getattr(np, name, None) is value:
        return getattr(import_module("wengert.numpy.creation"), name)
    if value is np.vectorize:
        return sequences.Vectorized
    if value is np.r_ or value is np.c_:
        return sequences.Joined(value)
    if value is np.ndenumerate:
        return sequences.entries_with_places
    if value is np.isscalar:
        return numbers.is_scalar
    if value is np.frompyfunc:
        return followed.FromPython
    if isinstance(value, type) and owners.of_class(value):
        made = import_module("wengert.functions.namespaces.objects").class_of(value)
        return None if made is value else made
    if isinstance(value, type) or not callable(value) or "random" in module or owners.of_class(type(value)):
        return None
    return (None if followed.has_rule(value) else followed.followed(value)) or sequences.of_function(value)


def _of_scipy(value: Any, module: str) -> Any:
    parts = module.split(".")
    part = parts[1] if len(parts) > 1 else ""
    if part.startswith("_"):
        part = _part_with(value) or part
    where = f"scipy.{_SCIPY.get(part, part)}"
    own = _scipy_of(where.rpartition(".")[2]) if part in _SCIPY and where in sys.modules else None
    if own is not None:
        known = {**vars(sys.modules.get(f"{where}.linalg", own)), **vars(sys.modules[where])}
        found = next((x for name, x in vars(own).items() if known.get(name) is value and x is not value), None)
        if found is not None and isinstance(value, type):
            return numbers.in_place_of(value, found)
        if found is not None and part in _TAKE_ARRAYS and isinstance(found, FunctionType):
            return sequences.of_function(found)
        if found is not None:
            return numbers.settling(found) if isinstance(found, FunctionType) else found
        if hasattr(own, "answering") and not isinstance(value, type) and (made := own.answering(value)) is not None:
            return made
        if hasattr(own, "calling") and isinstance(value, FunctionType):
            return own.calling(value)
    if isinstance(value, FunctionType | BuiltinFunctionType):
        name = f"scipy.{part}.{value.__name__}"
        known = None if followed.has_rule(value) else followed.followed(value, name)
        return known or numbers.refusing(value, name)
    return None


def _part_with(value: Any) -> str | None:
    """The part of SciPy in which what it has in a private module is found by its name."""
    name = getattr(value, "__name__", "")
    parts = ((each, sys.modules.get(f"scipy.{each}")) for each in _SCIPY)
    return next((each for each, module in parts if module is not None and vars(module).get(name) is value), None)


def _scipy_of(part: str) -> ModuleType | None:
    try:
        return import_module(f"wengert.scipy.{part}")
    except ModuleNotFoundError as error:
        if error.name != f"wengert.scipy.{part}":
            raise
        return None


def _of_builtin(value: Any, root: str) -> Any:
    name = value.__name__
    if root in ("math", "cmath"):
        return numbers.of_math(value)
    if root == "builtins" or value is getattr(builtins, name, None):
        return numbers.is_instance if value is isinstance else None
    if root in sys.stdlib_module_names or not root or isinstance(value.__self__, ModuleType) is False:
        return None
    return numbers.refusing(value, f"{root}.{name}")
