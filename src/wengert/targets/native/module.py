"""A module of LLVM text in the making: what it declares, its constant arrays and its functions. It knows no instruction."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from wengert.targets.native.processor import Processor

_NAME = re.compile(r"@([\w.$]+)\(")


PLAIN, QUICK = "#0", "#1"
"""The attributes of functions: all have the first; one with the second is compiled in a fraction of the time, to slower code."""
SHARED: dict[str, Callable[[Module], str]] = {}
"""How each kernel that modules share is written, by its name; noted by the modules that ask for it."""


class Module:
    """The parts of one LLVM module; each declaration, array and function stands in it once.

    With `shares` it declares the functions that `library` has, instead of holding copies of them.
    """

    def __init__(self, target: Processor, *, shares: bool = False) -> None:
        self.target = target
        self.shares = shares
        self._declarations: dict[str, str] = {}
        self._signatures: dict[str, str] = {}
        self._arrays: dict[str, str] = {}
        self._functions: dict[str, str] = {}
        self._names: set[str] = set()
        self._withdrawn: set[str] = set()
        self._counts: dict[str, int] = {}
        """The last number that each prefix was given."""

    def declare(self, signature: str) -> str:
        """The name (with its @) of a function from elsewhere, after `declare …` is noted once; LLVM refuses a second one."""
        known = self._signatures.get(signature)
        if known is not None:
            return known
        found = _NAME.search(signature)
        assert found is not None, signature
        name = found.group(1)
        self._declarations.setdefault(name, signature)
        self._names.add(name)
        known = self._signatures[signature] = "@" + name
        return known

    def withdraw(self, name: str) -> None:
        """Note that a call of a function is gone: where no other is left, the function is neither declared nor defined."""
        self._withdrawn.add(name)

    def external(self, name: str) -> str:
        """The name (with its @) of memory that lies outside of the module."""
        self._declarations.setdefault(name, f"@{name} = external global i8, align 1")
        self._names.add(name)
        return "@" + name

    def define(self, name: str, text: str) -> None:
        """Put the text of a whole function, `define … { … }`, under its name."""
        assert name not in self._functions, name
        self._functions[name] = text
        self._names.add(name)

    def defined(self, name: str) -> bool:
        """Whether a function of this name has its text."""
        return name in self._functions

    def define_once(self, name: str, text: Callable[[], str]) -> str:
        """The name (with its @) of a function, its text made and put at the first call."""
        if name not in self._functions:
            self._functions[name] = ""  # its own text may call it again
            self._functions[name] = text()
            self._names.add(name)
        return "@" + name

    def kernel(self, name: str, parameters: str, write: Callable[[Module], str]) -> str:
        """The name (with its @) of a kernel without result that is the same in every module: of a copy, or of the shared one."""
        if not self.shares:
            return self.define_once(name, lambda: write(self))
        SHARED.setdefault(name, write)
        return self.declare(f"declare void @{name}({parameters})")

    def export(self, name: str) -> None:
        """Let a function be seen from outside."""
        self._functions[name] = self._functions[name].replace("define internal ", "define ", 1)

    def unique(self, prefix: str) -> str:
        """A name that nothing in the module has yet: the prefix, or the prefix and a number."""
        name = prefix
        while name in self._names:
            self._counts[prefix] = self._counts.get(prefix, 0) + 1
            name = f"{prefix}.{self._counts[prefix]}"
        self._names.add(name)
        return name

    def array(self, element: str, values: Sequence[str], align: int = 64) -> str:
        """The name (with its @) of a constant array of LLVM type [n x element]; equal arrays are one."""
        entries = ", ".join(f"{element} {value}" for value in values)
        body = f"constant [{len(values)} x {element}] [{entries}], align {align}"
        name = self._arrays.get(body)
        if name is None:
            name = self._arrays[body] = self.unique("wg_array")
        return "@" + name

    def text(self) -> str:
        """The whole module as LLVM text."""
        arrays = [f"@{name} = private unnamed_addr {body}" for body, name in self._arrays.items()]
        attributes = f"attributes #0 = {{ {self.target.attributes} }}"
        quick = f"attributes {QUICK} = {{ {self.target.attributes} noinline optnone }}"
        header = f'target triple = "{self.target.triple}"'
        declarations, functions = dict(self._declarations), dict(self._functions)
        for name in self._withdrawn:
            if not any(f"@{name}(" in text for other, text in functions.items() if other != name):
                declarations.pop(name, None)
                functions.pop(name, None)
        parts = [header, *arrays, *declarations.values(), *functions.values(), attributes, quick]
        return "\n".join(parts) + "\n"
