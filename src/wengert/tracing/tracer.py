"""Traced, an array that is a node of a graph in the making, and Trace, the function it belongs to. It knows no derivative.

What runs while a trace is open adds nodes. A value of an outer trace that is used in an inner one (in the body of a loop, in
a function that is differentiated) becomes an input of the inner graph, so that graphs read nothing from outside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NoReturn

import numpy as np

from wengert.errors import TraceError
from wengert.ir.graph import Node, input_node
from wengert.tracing.source import user_line

Array = Any
_OPEN: ContextVar[Trace | None] = ContextVar("open trace", default=None)

UFUNCS: dict[Any, Callable[..., Any]] = {}
"""What a NumPy or SciPy ufunc means on traced values; entered by `ufuncs`."""
FUNCTIONS: dict[Any, Callable[..., Any]] = {}
"""What another NumPy function means; entered by `functions` and `reductions`."""


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
        if value.trace is self:
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


class Traced:
    """An array whose numbers are not known yet. It has the shape and the dtype of an array and answers to NumPy's functions.

    `weak` marks a Python number: it takes the dtype of what it meets, as in NumPy.
    """

    __slots__ = ("node", "trace", "weak")

    def __init__(self, node: Node, trace: Trace, weak: bool = False) -> None:
        self.node = node
        self.trace = trace
        self.weak = weak

    # what an array says of itself

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes of the axes."""
        return self.node.type.shape  # pyright: ignore[reportReturnType]

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.node.type.rank

    @property
    def size(self) -> int:
        """The number of entries."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the entries."""
        return np.dtype(self.node.type.dtype)

    @property
    def T(self) -> Traced:
        """The axes in reverse order."""
        return np.transpose(self)  # pyright: ignore[reportReturnType, reportArgumentType]

    def __repr__(self) -> str:
        return f"<traced {self.node.type}>"

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of unsized object")
        return self.shape[0]

    def __iter__(self) -> Iterator[Traced]:
        return (self[k] for k in range(len(self)))

    __hash__ = None  # pyright: ignore[reportAssignmentType]

    # NumPy's protocols

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if "out" in kwargs:
            refuse(
                f"'{ufunc.__name__}' would write a traced value into a NumPy array.",
                "Make a new array instead:  a = a + x",
            )
        rule = UFUNCS.get(ufunc) if method == "__call__" else FUNCTIONS.get((ufunc, method))
        if rule is None:
            name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
            refuse(
                f"'{name}' has no form in a graph.",
                "Write it with NumPy functions that have one; see the table of ops.",
            )
        if kwargs and method == "__call__":
            refuse(
                f"'{ufunc.__name__}' takes no argument '{next(iter(kwargs))}' on traced values.",
                "Call it without, and use 'np.where' or 'astype' on the result.",
            )
        return rule(*inputs, **kwargs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        rule = FUNCTIONS.get(func)
        if rule is None:
            refuse(
                f"'{func.__name__}' has no form in a graph.",
                "Write it with NumPy functions that have one; see the table of ops.",
            )
        return rule(*args, **kwargs)

    # operators: those of NumPy

    def __add__(self, other: Any) -> Any:
        return _operator(np.add, self, other)

    def __radd__(self, other: Any) -> Any:
        return _operator(np.add, other, self)

    def __sub__(self, other: Any) -> Any:
        return _operator(np.subtract, self, other)

    def __rsub__(self, other: Any) -> Any:
        return _operator(np.subtract, other, self)

    def __mul__(self, other: Any) -> Any:
        return _operator(np.multiply, self, other)

    def __rmul__(self, other: Any) -> Any:
        return _operator(np.multiply, other, self)

    def __truediv__(self, other: Any) -> Any:
        return _operator(np.true_divide, self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return _operator(np.true_divide, other, self)

    def __floordiv__(self, other: Any) -> Any:
        return _operator(np.floor_divide, self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return _operator(np.floor_divide, other, self)

    def __mod__(self, other: Any) -> Any:
        return _operator(np.remainder, self, other)

    def __rmod__(self, other: Any) -> Any:
        return _operator(np.remainder, other, self)

    def __pow__(self, other: Any) -> Any:
        return _operator(np.power, self, other)

    def __rpow__(self, other: Any) -> Any:
        return _operator(np.power, other, self)

    def __matmul__(self, other: Any) -> Any:
        return UFUNCS[np.matmul](self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return UFUNCS[np.matmul](other, self)

    def __and__(self, other: Any) -> Any:
        return _operator(np.bitwise_and, self, other)

    def __rand__(self, other: Any) -> Any:
        return _operator(np.bitwise_and, other, self)

    def __or__(self, other: Any) -> Any:
        return _operator(np.bitwise_or, self, other)

    def __ror__(self, other: Any) -> Any:
        return _operator(np.bitwise_or, other, self)

    def __xor__(self, other: Any) -> Any:
        return _operator(np.bitwise_xor, self, other)

    def __rxor__(self, other: Any) -> Any:
        return _operator(np.bitwise_xor, other, self)

    def __invert__(self) -> Any:
        return _operator(np.invert, self)

    def __neg__(self) -> Any:
        return _operator(np.negative, self)

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        return _operator(np.absolute, self)

    def __lt__(self, other: Any) -> Any:
        return _operator(np.less, self, other)

    def __le__(self, other: Any) -> Any:
        return _operator(np.less_equal, self, other)

    def __gt__(self, other: Any) -> Any:
        return _operator(np.greater, self, other)

    def __ge__(self, other: Any) -> Any:
        return _operator(np.greater_equal, self, other)

    def __eq__(self, other: object) -> Any:
        return _operator(np.equal, self, other)

    def __ne__(self, other: object) -> Any:
        return _operator(np.not_equal, self, other)

    def __getitem__(self, index: Any) -> Any:
        return FUNCTIONS["getitem"](self, index)

    def __setitem__(self, index: Any, value: Any) -> NoReturn:
        refuse("A traced value cannot be changed in place.", "Build a new array:  np.where(mask, new, x)")

    # methods of arrays: the functions of the same name

    def __getattr__(self, name: str) -> Any:
        method = FUNCTIONS.get(f"method {name}")
        if method is None:
            raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")
        return lambda *args, **kwargs: method(self, *args, **kwargs)

    # what would need the numbers

    def __bool__(self) -> bool:
        refuse(
            "The truth of a traced value is not known while the function is traced.",
            "Write:  wg.cond(c, then, other, x) for a branch, wg.while_loop for a loop, np.where(c, a, b) entry by entry",
        )

    def __float__(self) -> float:
        return _number("float")

    def __complex__(self) -> complex:
        return _number("complex")

    def __int__(self) -> int:
        return _number("int")

    def __index__(self) -> int:
        refuse(
            "A traced value has no number yet, so it cannot become an index or a size.",
            "Pass sizes as numbers from outside; to read a NumPy array at a traced index write:  wg.asarray(a)[i]",
        )

    def __round__(self, digits: int = 0) -> Any:
        return _number("a rounded number")

    def item(self, *args: Any) -> Any:
        """Refused: the number is not known."""
        return _number("a Python number")

    def tolist(self) -> Any:
        """Refused: the numbers are not known."""
        return _number("a list")

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        refuse(
            "A traced value cannot become a NumPy array: its derivative would be lost.",
            "Use functions of NumPy on it; to read a NumPy array at a traced index write:  wg.asarray(a)[i]",
        )


def refuse(what: str, repair: str) -> NoReturn:
    """Raise TraceError at the user's line."""
    raise TraceError(what, user_line(), repair)


def _number(name: str) -> NoReturn:
    refuse(
        f"A traced value has no number yet, so it cannot become {name}.",
        "Use NumPy's functions in place of Python's:  np.sin(x) for math.sin(x); return the value and convert it outside",
    )


def _operator(ufunc: Any, *operands: Any) -> Any:
    """An operator of Python: of Python numbers the result is one."""
    rule = UFUNCS[ufunc]
    for operand in operands:
        if not isinstance(operand, Traced | np.ndarray | np.generic | int | float | complex | list | tuple):
            return NotImplemented
    weak = all(operand.weak if isinstance(operand, Traced) else type(operand) in (int, float) for operand in operands)
    result = rule(*operands)
    result.weak = weak and result.dtype != bool
    return result
