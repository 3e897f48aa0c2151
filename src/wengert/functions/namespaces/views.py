"""View, the globals of a module as a function sees them that runs on traced values: live, with stand-ins for what cannot take such values.

CPython looks up a global of an exact `dict` by itself, and of a subclass by its `__getitem__`. So nothing of the module is changed, and
nobody else sees the stand-ins. It knows no library; what a value stands for is said by `translate`.
"""

from __future__ import annotations

import builtins
from collections import OrderedDict
from collections.abc import Iterator
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any
from weakref import WeakKeyDictionary, WeakValueDictionary

MOST = 64
"""So many views are kept though no function is in use that has them."""
READ_BY_C = ("__name__", "__package__", "__spec__", "__file__", "__loader__")
"""What Python reads of globals without asking a subclass."""
PERMANENT = (ModuleType, type, FunctionType, BuiltinFunctionType)
"""What is remembered of a name; other values are looked at each time."""
_MISSING: Any = object()
CALLS: dict[str, Any] = {"float()": float, "complex()": complex, "eval()": eval}
"""Python's classes and functions as they are where they are called; `numbers` says what they do to traced values."""


class View(dict[str, Any]):
    """The globals `real`, seen through `translate`; what is written goes to them."""

    __slots__ = ("__weakref__", "copies", "known", "real", "stored", "translate")

    def __init__(self, real: dict[str, Any], translate: Any, builtin: dict[str, Any]) -> None:
        super().__init__({name: real[name] for name in READ_BY_C if name in real}, __builtins__=builtin)
        self.real = real
        self.translate = translate
        self.known: dict[str, tuple[Any, Any]] = {}
        """By name: what it means, and what stands for it."""
        self.copies: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()
        self.stored: set[str] = set()
        """The names that code writes by `global`, which Python puts here without asking."""

    def __getitem__(self, name: str) -> Any:
        if self.stored:
            self.flush()
        value = self.real.get(name, _MISSING)
        if value is _MISSING:
            value = self.beside(name)
        known = self.known.get(name)
        if known is not None and known[0] is value:
            return known[1]
        found = self.translate(value)
        if found is not value or isinstance(value, PERMANENT):
            self.known[name] = value, found
        return found

    def beside(self, name: str) -> Any:
        """What a name means that the module has not: Python's own, or what is called "float()" in code.

        Raises KeyError.
        """
        value = getattr(builtins, name, _MISSING)
        if value is _MISSING and name.endswith("()"):
            value = self.real.get(name[:-2], CALLS[name])
        if value is _MISSING:
            raise KeyError(name)
        return value

    def flush(self) -> None:
        """Write back what `global` statements have stored."""
        for name in self.stored:
            value = dict.pop(self, name, _MISSING)
            if value is not _MISSING:
                self.real[name] = value

    # the rest of a mapping, for code that asks for globals()

    def __setitem__(self, name: str, value: Any) -> None:
        self.real[name] = value

    def __delitem__(self, name: str) -> None:
        del self.real[name]

    def __contains__(self, name: object) -> bool:
        return name in self.real

    def __iter__(self) -> Iterator[str]:
        return iter(self.real)

    def __len__(self) -> int:
        return len(self.real)

    def get(self, name: str, default: Any = None) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """What stands for the value of a name."""
        return self[name] if name in self.real else default

    def keys(self) -> Any:
        """The names."""
        return self.real.keys()

    def values(self) -> Any:
        """What stands for the values."""
        return [self[name] for name in self.real]

    def items(self) -> Any:
        """The names, with what stands for their values."""
        return [(name, self[name]) for name in self.real]

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Write to the module."""
        self.real.update(*args, **kwargs)

    def setdefault(self, name: str, default: Any = None) -> Any:
        """The value of a name, which is written where there is none."""
        return self.real.setdefault(name, default)

    def pop(self, name: str, *default: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Take a name from the module."""
        return self.real.pop(name, *default)


_VIEWS: WeakValueDictionary[int, View] = WeakValueDictionary()
"""By the identity of the globals, which a view keeps alive."""
_RECENT: OrderedDict[int, View] = OrderedDict()


def view_of(real: dict[str, Any], translate: Any, builtin: dict[str, Any]) -> View:
    """The view of the globals of a module."""
    found = _VIEWS.get(id(real))
    if found is None:
        found = _VIEWS.setdefault(id(real), View(real, translate, builtin))
        _RECENT[id(real)] = found
        while len(_RECENT) > MOST:
            _RECENT.popitem(last=False)
    return found
