"""The function that runs on traced values in place of the user's: the same code, whose globals are a view of its module's.

Functions that name nothing that needs a stand-in run as they are. Names that are bound anew are noticed at the next call.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable
from functools import lru_cache, partial, wraps
from types import BuiltinFunctionType, CellType, FunctionType, MethodType, ModuleType
from typing import Any, cast
from weakref import WeakKeyDictionary

import numpy as np

from wengert.functions.namespaces import library, objects, owners
from wengert.functions.namespaces.codes import CALLED, NUMPY, CodeFacts, facts_of, with_calls
from wengert.functions.namespaces.numbers import has_traced
from wengert.functions.namespaces.views import View, view_of

PLAIN = frozenset(
    (int, float, complex, str, bytes, bool, type(None), np.ndarray, np.float64, np.float32, np.int64, slice, range)
)
"""Classes of values that stand for themselves."""
CACHED: Any = type(lru_cache(abs))
FEW = 1000
"""Containers of more entries are taken for data."""
OF_NUMPY = ("numpy", "wengert.numpy")
"""The modules that stand-ins of NumPy stand for."""
Relied = tuple[Any, str, Any]
"""Globals or a cell, a name, and what it meant."""
_NOTHING: Any = object()


class Standing:
    """A function, and what runs in its place; what was found out is kept as long as the names mean the same."""

    __slots__ = ("_relied", "_run", "f")

    def __init__(self, f: Callable[..., Any]) -> None:
        self.f = f
        self._run: Any = None
        self._relied: tuple[Relied, ...] = ()

    def run(self) -> Callable[..., Any]:
        """What is to be called now."""
        if self._run is None or not _holds(self._relied):
            f = self.f
            if type(f) is not FunctionType or library.stand_in(f) is not None:
                return translate(f)
            found = _Needs()
            self._run = copied(f) if found.of_function(f) else f
            self._relied = (*found.relied, *_cells(f))
        return self._run


def standing(f: Callable[..., Any]) -> Callable[..., Any]:
    """What runs on traced values in place of f."""
    if type(f) is not FunctionType:
        return translate(f)
    known = _STANDING.get(f)
    if known is None:
        if (found := library.stand_in(f)) is not None:
            return found
        known = _STANDING[f] = _Weak(f)
    return known.run(f)


class _Weak:
    """What was found out of a function, without holding it."""

    __slots__ = ("_needs", "_relied")

    def __init__(self, f: FunctionType) -> None:
        self._needs: bool | None = None
        self._relied: tuple[Relied, ...] = ()

    def run(self, f: FunctionType) -> Callable[..., Any]:
        if self._needs is None or not _holds(self._relied):
            found = _Needs()
            self._needs = found.of_function(f)
            self._relied = () if self._needs else tuple(found.relied)
        return copied(f) if self._needs else f


_STANDING: WeakKeyDictionary[FunctionType, _Weak] = WeakKeyDictionary()


def _holds(relied: tuple[Relied, ...]) -> bool:
    for holder, name, value in relied:
        now = _content(holder) if type(holder) is CellType else holder.get(name, _NOTHING)
        if now is not value:
            return False
    return True


def _content(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # it is not filled yet
        return _NOTHING


def _cells(f: FunctionType) -> list[Relied]:
    return [(cell, "", _content(cell)) for cell in f.__closure__ or ()]


# ---------------------------------------------------------------- whether a copy is needed


class _Needs:
    """Whether values need something that stands for them, and what that was told by."""

    def __init__(self) -> None:
        self.relied: list[Relied] = []
        self._seen: set[int] = set()

    def of_function(self, f: FunctionType) -> bool:
        """Whether what a function names needs a stand-in."""
        if id(f) in self._seen or type(f.__globals__) is View:
            return False
        self._seen.add(id(f))
        facts = facts_of(f.__code__)
        if owners.is_ours(f.__globals__):
            return any(self.of_wrapped(_content(cell)) for cell in f.__closure__ or ())
        if not owners.of_globals(f.__globals__):
            return False
        if facts.methods or any(name not in f.__globals__ for name in facts.names & CALLED):
            return True
        numpy = False
        for value in self._named(f, facts):
            if isinstance(value, ModuleType) and "numpy" in (value.__name__.partition(".")[0], value.__name__[8:]):
                numpy = True
            elif type(value) not in PLAIN and self.of(value, facts.names):
                return True
        return numpy and (facts.builds or not facts.names.isdisjoint(library.special()))

    def of_wrapped(self, value: Any) -> bool:
        """The same of what a function of this package has in a cell, which it calls on its own account if it is a library's."""
        return type(value) not in PLAIN and library.stand_in(value) is None and self.of(value)

    def _named(self, f: FunctionType, facts: CodeFacts) -> list[Any]:
        real = f.__globals__
        found: list[Any] = []
        for name in facts.names:
            value = real.get(name, _NOTHING)
            if value is _NOTHING:
                if name in library.MODULES:  # imported inside
                    found.append(library.MODULES[name])
                elif name in library.BUILTINS:
                    found.append(getattr(builtins, name))
            else:
                found.append(value)
                if type(value) not in PLAIN:
                    self.relied.append((real, name, value))
        found.extend(_content(cell) for cell in f.__closure__ or ())
        found.extend(f.__defaults__ or ())
        found.extend((f.__kwdefaults__ or {}).values())
        return found

    def of(self, value: Any, names: frozenset[str] = frozenset()) -> bool:
        """Whether a value needs something that stands for it; of a module, those that are named."""
        kind = type(value)
        if kind in PLAIN or id(value) in self._seen:
            return False
        if kind is FunctionType:
            return library.stand_in(value) is not None or self.of_function(value)
        if kind is ModuleType:
            if not owners.is_users(value.__name__, getattr(value, "__file__", None)):
                return library.stand_in(value) is not None
            self._seen.add(id(value))
            return any(self.of(vars(value)[name]) for name in names if name in vars(value))
        if library.stand_in(value) is not None:
            return True
        return self._of_object(value, kind)

    def _of_object(self, value: Any, kind: type) -> bool:
        if kind is MethodType:
            return self.of(value.__func__) or self.of(value.__self__)
        if kind is CACHED:
            return owners.of_globals(getattr(value.__wrapped__, "__globals__", {}))
        if kind is partial:
            return self.of(value.func) or any(map(self.of, (*value.args, *value.keywords.values())))
        self._seen.add(id(value))
        if kind in (list, tuple):
            return len(value) <= FEW and any(map(self.of, value))
        if kind is dict:
            return len(value) <= FEW and any(map(self.of, value.values()))
        if isinstance(value, type):
            return owners.of_class(value) and any(self.of(each) for each in objects.functions_of(value))
        if isinstance(value, BuiltinFunctionType) or hasattr(kind, "__array__") or not owners.of_class(kind):
            return False
        return self.of(kind) or any(map(self.of, getattr(value, "__dict__", {}).values()))


def needs(value: Any) -> bool:
    """Whether a value needs something that stands for it."""
    return _Needs().of(value)


# ---------------------------------------------------------------- what stands for a value


def translate(value: Any) -> Any:
    """What a function that runs on traced values sees in place of a value: a stand-in of a library's, a copy of the user's, or itself."""
    kind = type(value)
    if kind in PLAIN:
        return value
    found = library.stand_in(value)
    if found is not None:
        return found
    if kind is FunctionType:
        return copied(value) if needs(value) else value
    if kind is ModuleType:
        return objects.module_of(value) if owners.is_users(value.__name__, getattr(value, "__file__", None)) else value
    if kind is MethodType:
        return MethodType(translate(value.__func__), translate(value.__self__)) if needs(value) else value
    if not needs(value):
        return value
    if kind is CACHED:
        return _uncached(value)
    if kind is partial:
        keywords = {name: translate(each) for name, each in value.keywords.items()}
        return partial(translate(value.func), *map(translate, value.args), **keywords)
    if kind in (list, tuple):
        return kind(map(translate, value))
    if kind is dict:
        return {name: translate(each) for name, each in value.items()}
    return objects.class_of(value) if isinstance(value, type) else objects.shadow(value)


def _uncached(value: Any) -> Callable[..., Any]:
    """A function with a cache, which traced values pass by: each run has values of its own."""

    @wraps(value)
    def call(*args: Any, **kwargs: Any) -> Any:
        return standing(value.__wrapped__)(*args, **kwargs) if has_traced((args, kwargs)) else value(*args, **kwargs)

    return call


def seen(real: dict[str, Any]) -> View:
    """The view of the globals of a module."""
    return view_of(real, translate, _BUILTINS)


_OURS: WeakKeyDictionary[FunctionType, Any] = WeakKeyDictionary()
"""The copies of functions of this package, which differ in what is in their cells only."""


def copied(f: FunctionType) -> Callable[..., Any]:
    """A function of the same code, names, defaults and attributes, that sees what stands for its globals and for what is in its cells."""
    real = f.__globals__
    if type(real) is View:
        return f
    view: Any = real if owners.is_ours(real) else seen(real)
    copies = _OURS if view is real else view.copies
    known = copies.get(f)
    if known is not None and known[2] is f.__code__ and _holds(known[1]):
        return known[0]
    numpy = frozenset(
        name for name in NUMPY if isinstance(real.get(name), ModuleType) and real[name].__name__ in OF_NUMPY
    )
    code = f.__code__ if view is real else with_calls(f.__code__, numpy)
    cells = None if f.__closure__ is None else tuple(f.__closure__)
    copy = FunctionType(code, view, f.__name__, f.__defaults__, cells)
    made = _as_copy(copy, f, view)
    copies[f] = made, (), f.__code__  # a function may name itself
    free, names = f.__code__.co_freevars, facts_of(f.__code__).names
    # in the cell "__class__" super() finds the class whose function this is
    moved = [k != "__class__" and _translated(x, view is real, names) for k, x in zip(free, cells or (), strict=True)]
    if cells is not None and any(moved):
        relied = _cells(f)
        own_cells = tuple([CellType() if each else cell for cell, each in zip(cells, moved, strict=True)])
        copy = FunctionType(code, view, f.__name__, f.__defaults__, own_cells)
        made = _as_copy(copy, f, view)
        copies[f] = made, tuple(relied), f.__code__
        for cell, own in zip(cells, own_cells, strict=True):
            if own is not cell:
                content = cell.cell_contents
                own.cell_contents = made if content is f else translate(content)
    copy.__defaults__ = None if f.__defaults__ is None else tuple(map(translate, f.__defaults__))
    copy.__kwdefaults__ = cast(
        Any, None if f.__kwdefaults__ is None else {name: translate(x) for name, x in f.__kwdefaults__.items()}
    )
    return made


def _translated(cell: CellType, ours: bool, names: frozenset[str]) -> bool:
    """Whether something stands for what is in a cell, for code of such names; else the copy has the cell itself, which code may write."""
    content = _content(cell)
    if content is _NOTHING or type(content) in PLAIN:
        return False
    found = _Needs()
    return found.of_wrapped(content) if ours else found.of(content, names)


def _as_copy(copy: FunctionType, f: FunctionType, view: Any) -> Callable[..., Any]:
    copy.__dict__ = f.__dict__
    copy.__qualname__, copy.__module__, copy.__doc__ = f.__qualname__, f.__module__, f.__doc__
    copy.__annotations__ = f.__annotations__
    if type(view) is not View:
        return copy
    facts = facts_of(f.__code__)
    for name in facts.in_classes & view.real.keys():
        dict.__setitem__(view, name, view[name])
    if not facts.stored:
        return copy
    view.stored |= facts.stored

    @wraps(copy)
    def written_back(*args: Any, **kwargs: Any) -> Any:
        try:
            return copy(*args, **kwargs)
        finally:
            view.flush()

    return written_back


def _import(name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:
    """Python's import, inside of a function that runs on traced values."""
    found = builtins.__import__(name, globals, locals, fromlist, level)
    return translate(found)


_BUILTINS: dict[str, Any] = {**vars(builtins), "__import__": _import}
