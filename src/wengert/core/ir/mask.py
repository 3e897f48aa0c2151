"""Where a signal may be something, as data; `autodiff.masks` says what masks are made of and how they meet."""

from __future__ import annotations

from collections.abc import Callable

from wengert.core.ir.graph import Node


class Mask:
    """Truths of the shape of a signal, built when they are first read; `strict` is the same mask without what is flat."""

    __slots__ = ("_apart", "_make", "_node", "_strict")

    def __init__(self, make: Callable[[], Node]) -> None:
        self._make: Callable[[], Node] | None = make
        self._node: Node | None = None
        self._apart = False
        self._strict: Mask | None = None

    @property
    def node(self) -> Node:
        """The truths."""
        if self._node is None:
            assert self._make is not None
            self._node, self._make = self._make(), None
        return self._node

    @property
    def strict(self) -> Mask | None:
        """The mask without what is flat: itself where nothing was."""
        return self._strict if self._apart else self

    def beside(self, strict: Mask | None) -> Mask:
        """This mask, with another as its strict one."""
        self._apart, self._strict = True, strict
        return self
