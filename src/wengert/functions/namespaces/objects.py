"""Modules, classes and objects of the user as a function sees them that runs on traced values: their functions are copies.

A class has a subclass with copies of its functions, an object stands before a shadow of that class which has the same attributes.
"""

from __future__ import annotations

from types import FunctionType, ModuleType
from typing import Any
from weakref import WeakKeyDictionary

from wengert.functions.namespaces import owners

_CLASSES: WeakKeyDictionary[type, type] = WeakKeyDictionary()
ORIGINAL = "_wengert_original"
"""Where a copy of a class has the class."""


def _functions() -> Any:
    from wengert.functions.namespaces import functions

    return functions


class SeenModule(ModuleType):
    """A module of the user, seen through what stands for its values."""

    def __init__(self, real: ModuleType) -> None:
        super().__init__(real.__name__, real.__doc__)
        object.__setattr__(self, "_real", real)
        object.__setattr__(self, "_view", _functions().seen(vars(real)))

    def __getattribute__(self, name: str) -> Any:
        if name in ("_real", "_view", "__class__"):
            return object.__getattribute__(self, name)
        real = object.__getattribute__(self, "_real")
        if name in vars(real):
            return object.__getattribute__(self, "_view")[name]
        return getattr(real, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(object.__getattribute__(self, "_real"), name, value)

    def __delattr__(self, name: str) -> None:
        delattr(object.__getattribute__(self, "_real"), name)


def module_of(real: ModuleType) -> ModuleType:
    """What stands for a module of the user."""
    return SeenModule(real)


def functions_of(cls: type) -> list[Any]:
    """The functions of a class and of its bases that are the user's."""
    found: list[Any] = []
    for each in cls.__mro__:
        if owners.of_class(each) and each is not object:
            found.extend(f for value in vars(each).values() for f in _parts(value))
    return found


def _parts(value: Any) -> list[Any]:
    if type(value) is FunctionType:
        return [value]
    if type(value) in (staticmethod, classmethod):
        return [value.__func__] if type(value.__func__) is FunctionType else []
    if type(value) is property:
        return [f for f in (value.fget, value.fset, value.fdel) if f is not None]
    return []


def class_of(cls: type) -> type:
    """A subclass whose functions are copies, which comes before the class in the order of look-up, and so with its bases."""
    known = _CLASSES.get(cls)
    if known is not None:
        return known
    if _is_special(cls):
        return cls
    bases = [class_of(base) for base in cls.__bases__ if base is not object and owners.of_class(base)]
    own = {name: _copy(value) for name, value in vars(cls).items() if _parts(value)}
    own.update({"__module__": cls.__module__, "__qualname__": cls.__qualname__, ORIGINAL: cls, "__slots__": ()})
    made = type(cls)(cls.__name__, (cls, *[base for base in bases if base not in cls.__mro__]), own)
    _CLASSES[cls] = made
    return made


def _is_special(cls: type) -> bool:
    """Whether a class would notice a subclass, or is one of Python's in disguise."""
    if issubclass(cls, BaseException | tuple | list | dict | str | int | float):
        return True
    if any("__init_subclass__" in vars(each) for each in cls.__mro__ if each is not object):
        return True
    return type(cls).__module__ not in ("builtins", "abc") or ORIGINAL in vars(cls)


def _copy(value: Any) -> Any:
    if type(value) is FunctionType:
        return _copy_of(value)
    if type(value) in (staticmethod, classmethod):
        return type(value)(_copy_of(value.__func__))
    get, put, delete = [f and _copy_of(f) for f in (value.fget, value.fset, value.fdel)]
    return property(get, put, delete, value.__doc__)


def _copy_of(f: FunctionType) -> Any:
    """What stands for a function in a class; where it is a library's, whether it needs a copy is not asked, since the answer needs the class."""
    functions = _functions()
    library = owners.is_followed(str(f.__globals__.get("__name__")))
    return functions.copied(f) if library else functions.translate(f)


def shadow(value: Any) -> Any:
    """An object with the same attributes, whose methods are copies; the object itself where there can be none."""
    cls = class_of(type(value))
    if cls is type(value) or not hasattr(value, "__dict__") or _has_slots(cls):
        return value
    made: Any = object.__new__(_shadow_class(cls))
    object.__setattr__(made, "__dict__", value.__dict__)
    return made


def _has_slots(cls: type) -> bool:
    return any(vars(each).get("__slots__") for each in cls.__mro__)


_SHADOWS: WeakKeyDictionary[type, type] = WeakKeyDictionary()


def _shadow_class(cls: type) -> type:
    """The class of shadows: what is read of one is seen through what stands for it."""
    known = _SHADOWS.get(cls)
    if known is None:
        own_read: Any = cls.__getattribute__

        def read(self: Any, name: str) -> Any:
            found = own_read(self, name)
            return found if name.startswith("__") else _functions().translate(found)

        own = {
            "__getattribute__": read,
            ORIGINAL: getattr(cls, ORIGINAL),
            "__module__": cls.__module__,
            "__slots__": (),
        }
        known = _SHADOWS[cls] = type(cls)(cls.__name__, (cls,), own)
    return known
