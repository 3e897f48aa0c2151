"""Writes one LLVM function as text: numbered values, blocks, loops, fields of C structures. For code that calls C, not for vectors.

It knows no Python objects and no arrays.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

NULL = "null"
QUICK = "nounwind noinline optnone"
"""The attributes of a function that is to be made quickly: its code is found in half of the time, and is a little slower."""


class Function:
    """A function in the making. Instructions go to the end of the current block; `value` gives the name of what they yield."""

    def __init__(
        self, name: str, result: str, parameters: Mapping[str, str], linkage: str = "", attributes: str = "nounwind"
    ) -> None:
        listed = ", ".join(f"{kind} %{parameter}" for parameter, kind in parameters.items())
        words = ("define", linkage, result, f"@{name}({listed})", attributes, "{")
        self._head = " ".join(word for word in words if word)
        self._lines: list[str] = []
        self._count = 0
        self.label("entry")

    def value(self, instruction: str) -> str:
        """A new name for the result of the instruction."""
        self._count += 1
        self._lines.append(f"  %v{self._count} = {instruction}")
        return f"%v{self._count}"

    def do(self, instruction: str) -> None:
        """An instruction without a result."""
        self._lines.append(f"  {instruction}")

    def new_label(self, hint: str) -> str:
        """A label that no block has yet."""
        self._count += 1
        return f"{hint}{self._count}"

    def label(self, name: str) -> None:
        """Begins a block."""
        self._lines.append(f"{name}:")
        self.block = name

    def at(self, pointer: str, offset: int | str, step: str = "i8") -> str:
        """The pointer `offset` entries of type `step` further on."""
        return self.value(f"getelementptr {step}, ptr {pointer}, i64 {offset}") if offset != 0 else pointer

    def load(self, kind: str, pointer: str, offset: int = 0) -> str:
        """What lies `offset` bytes behind the pointer."""
        return self.value(f"load {kind}, ptr {self.at(pointer, offset)}")

    def store(self, kind: str, what: str, pointer: str, offset: int = 0) -> None:
        """Puts a value `offset` bytes behind the pointer."""
        self.do(f"store {kind} {what}, ptr {self.at(pointer, offset)}")

    def entry(self, kind: str, array: str, index: str) -> str:
        """The entry of an array in memory."""
        return self.value(f"load {kind}, ptr {self.at(array, index, kind)}")

    def compare(self, how: str, kind: str, left: str, right: str | int) -> str:
        """Whether two integers or pointers stand in the relation eq, ne, slt, ule …"""
        return self.value(f"icmp {how} {kind} {left}, {right}")

    def jump(self, label: str) -> None:
        """Ends the block."""
        self.do(f"br label %{label}")

    def branch(self, condition: str, then: str, other: str) -> None:
        """Ends the block with a choice."""
        self.do(f"br i1 {condition}, label %{then}, label %{other}")

    def require(self, condition: str, otherwise: str) -> None:
        """Goes on only where the condition holds; else to the block `otherwise`."""
        on = self.new_label("on")
        self.branch(condition, on, otherwise)
        self.label(on)

    @contextmanager
    def when(self, condition: str) -> Iterator[None]:
        """Instructions that run only where the condition holds; the values they make are not to be used after."""
        then, after = self.new_label("then"), self.new_label("after")
        self.branch(condition, then, after)
        self.label(then)
        yield
        self.jump(after)
        self.label(after)

    @contextmanager
    def count(self, limit: str, start: str = "0") -> Iterator[str]:
        """A loop; yields the index, which runs from `start` to `limit` − 1."""
        head, body, latch, after = (self.new_label(hint) for hint in ("head", "body", "latch", "after"))
        before = self.block
        self.jump(head)
        self.label(head)
        index, following = f"%{head}.i", f"%{head}.next"
        self.do(f"{index} = phi i64 [ {start}, %{before} ], [ {following}, %{latch} ]")
        self.branch(self.compare("slt", "i64", index, limit), body, after)
        self.label(body)
        yield index
        self.jump(latch)
        self.label(latch)
        self.do(f"{following} = add i64 {index}, 1")
        self.jump(head)
        self.label(after)

    def text(self) -> str:
        """The whole function."""
        return "\n".join([self._head, *self._lines, "}"])


class Fields:
    """Reads the fields of a C structure in memory."""

    def __init__(self, function: Function, structure: type[ctypes.Structure], pointer: str) -> None:
        self._function, self._structure, self._pointer = function, structure, pointer
        self._kinds = {name: kind for name, kind, *_ in structure._fields_}

    def __call__(self, field: str) -> str:
        """The value of a field: a pointer or an i64."""
        kind = "ptr" if self._kinds[field] is ctypes.c_void_p else "i64"
        return self._function.load(kind, self._pointer, getattr(self._structure, field).offset)


def item(f: Function, structure: type[ctypes.Structure], array: str, index: str) -> tuple[str, Fields]:
    """An entry of an array of structures: its address and its fields."""
    pointer = f.at(array, f.value(f"mul i64 {index}, {ctypes.sizeof(structure)}"))
    return pointer, Fields(f, structure, pointer)
