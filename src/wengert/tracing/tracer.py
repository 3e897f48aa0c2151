"""Traced, an array that is a node of a graph in the making, and Trace, the function it belongs to. It knows no derivative.

What runs while a trace is open adds nodes. A value of an outer trace that is used in an inner one (in the body of a loop, in
a function that is differentiated) becomes an input of the inner graph, so that graphs read nothing from outside.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from wengert.errors import TraceError
from wengert.ir.graph import Node, input_node
from wengert.tracing.source import user_line
from wengert.tracing.standin import FUNCTIONS, UFUNCS, Array, StandIn, refuse

_OPEN: ContextVar[Trace | None] = ContextVar("open trace", default=None)


class Trace:
    """One graph in the making: the values of outer traces that it reads, each with the input that stands for it."""

    def __init__(self) -> None:
        self.outer = _OPEN.get()
        self.captured: dict[Node, Node] = {}
        self.arrays: dict[tuple[int, str], tuple[Array, Node]] = {}
        """The arrays of NumPy that were read, by identity and dtype, with their constants."""

    @contextmanager
    def open(self) -> Iterator[Trace]:
        """While this is open, what runs belongs to the trace."""
        token = _OPEN.set(self)
        try:
            yield self
        finally:
            _OPEN.reset(token)

    def own(self, value: Traced) -> Node:
        """The node of a value in this trace: its own, or the input that stands for a value from outside.

        Raises TraceError where the value belongs to a trace that has ended.
        """
        if value.owner is self:
            return value.node
        if self.outer is None:
            raise TraceError(
                "A traced value is used after the function that it belongs to has ended.",
                user_line(),
                "Return it from the function instead of keeping it in a variable outside.",
            )
        outer = self.outer.own(value)
        if outer not in self.captured:
            self.captured[outer] = input_node(f"captured {len(self.captured)}", outer.type)
        return self.captured[outer]


def current() -> Trace | None:
    """The trace that is open; None outside of any."""
    return _OPEN.get()


def own(value: Traced) -> Node:
    """The node of a value in the open trace.

    Raises TraceError where none is open, or the value belongs to one that has ended.
    """
    trace = _OPEN.get()
    return (Trace() if trace is None else trace).own(value)


def traced(node: Node, weak: bool = False) -> Traced:
    """A node as a value of the open trace."""
    trace = _OPEN.get()
    assert trace is not None
    return Traced(node, trace, weak)


class Traced(StandIn):
    """An array whose numbers are not known yet. It has the shape and the dtype of an array and answers to NumPy's functions.

    `weak` marks a Python number: it takes the dtype of what it meets, as in NumPy.
    """

    __slots__ = ("node", "owner", "weak")

    def __init__(self, node: Node, trace: Trace, weak: bool = False) -> None:
        self.node = node
        self.owner = trace
        self.weak = weak

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes of the axes."""
        return self.node.type.shape  # pyright: ignore[reportReturnType]

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the entries."""
        return np.dtype(self.node.type.dtype)

    def __repr__(self) -> str:
        return f"<traced {self.node.type}>"

    def call(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The nodes of a call, by its rule.

        Raises TraceError where it has none.
        """
        rule = UFUNCS.get(function) or FUNCTIONS.get(function)
        if rule is None:
            refuse(
                f"'{called(function)}' has no form in a graph.",
                "Write it with NumPy functions that have one; see the table of ops.",
            )
        if kwargs and function in UFUNCS:
            refuse(
                f"'{called(function)}' takes no argument '{next(iter(kwargs))}' on traced values.",
                "Call it without, and use 'np.where' or 'astype' on the result.",
            )
        return rule(*args, **kwargs)

    def operate(self, ufunc: Any, *operands: Any) -> Any:
        """An operator of Python: of Python numbers the result is one."""
        for operand in operands:
            if not isinstance(operand, StandIn | np.ndarray | np.generic | int | float | complex | list | tuple):
                return NotImplemented
        result = UFUNCS[ufunc](*operands)
        if all(operand.weak if isinstance(operand, Traced) else type(operand) in (int, float, complex) for operand in operands):
            result.weak = result.dtype != bool
        return result


def called(function: Any) -> str:
    """The name of what was called, for messages."""
    if isinstance(function, tuple):
        ufunc, method = function
        return f"{ufunc.__name__}.{method}"
    return str(getattr(function, "__name__", function))
