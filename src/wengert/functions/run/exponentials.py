"""Whether a function calls an exponential, as far as its code and that of the functions that it names tell: only then are the arguments
by which nothing is derived of interest to the rules of stability. It looks at names, and runs nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType, FunctionType, ModuleType
from typing import Any
from weakref import WeakKeyDictionary

NAMES = frozenset({"exp", "expm1", "sinh", "cosh", "expit", "softmax"})
DEEP = 4
"""So many functions in a row are gone through."""
NOT_OURS = ("numpy", "scipy", "wengert", "builtins", "math")


_KNOWN: WeakKeyDictionary[Any, bool] = WeakKeyDictionary()


def calls_exponential(f: Callable[..., Any]) -> bool:
    """Whether f, or a function that it names, names an exponential; told once for each function."""
    if not isinstance(f, FunctionType):
        return _calls_exponential(f)
    found = _KNOWN.get(f)
    if found is None:
        found = _KNOWN[f] = _calls_exponential(f)
    return found


def _calls_exponential(f: Callable[..., Any]) -> bool:
    seen: set[CodeType] = set()
    edge: list[Any] = [f]
    for _ in range(DEEP):
        found: list[Any] = []
        for each in edge:
            function = _function(each)
            if function is None or function.__code__ in seen:
                continue
            seen.add(function.__code__)
            names = _names(function.__code__)
            if not names.isdisjoint(NAMES):
                return True
            found.extend(_named(function, names, getattr(each, "__self__", None)))
        edge = found
    return False


def _function(f: Any) -> FunctionType | None:
    """The Python function that is run when f is called."""
    f = getattr(f, "__func__", getattr(f, "func", f))
    f = getattr(f, "__wrapped__", f)
    if not isinstance(f, FunctionType):
        f = vars(type(f)).get("__call__")
    if not isinstance(f, FunctionType) or (f.__module__ or "").split(".")[0] in NOT_OURS:
        return None
    return f


def _names(code: CodeType) -> set[str]:
    """The names that a code and those inside of it read."""
    found = {*code.co_names, *code.co_freevars}
    for each in code.co_consts:
        if isinstance(each, CodeType):
            found |= _names(each)
    return found


def _named(function: FunctionType, names: set[str], owner: Any) -> list[Any]:
    """The functions that a function may mean by these names: its globals, what is in its cells, of its object and of modules."""
    known = [function.__globals__[name] for name in names if name in function.__globals__]
    for cell in function.__closure__ or ():
        try:
            known.append(cell.cell_contents)
        except ValueError:  # it is not filled yet
            continue
    modules = [x for x in known if isinstance(x, ModuleType) and x.__name__.split(".")[0] not in NOT_OURS]
    for holder in (*modules, type(owner)):
        known.extend(x for name in names if isinstance(x := vars(holder).get(name), FunctionType))
    return [x for x in known if callable(x) and not isinstance(x, type)]
