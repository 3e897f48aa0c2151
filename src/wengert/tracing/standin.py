"""StandIn, what the code of a user sees in place of an array, and the tables of what NumPy's functions mean on one.

It has the operators, protocols and methods of an array, and hands every call on: what a call does is decided by what it belongs
to, the graph in the making or the tape of calls. It knows neither.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import numpy as np

from wengert.errors import TraceError
from wengert.tracing.source import user_line

Array = Any

UFUNCS: dict[Any, Callable[..., Any]] = {}
"""What a NumPy or SciPy ufunc means on traced values; entered by `ufuncs`."""
FUNCTIONS: dict[Any, Callable[..., Any]] = {}
"""What another NumPy function means, or "method name", or "getitem"; entered by `functions` and those beside it."""


class StandIn:
    """An array whose calls are followed. It has the shape and the dtype of an array and answers to NumPy's functions.

    What stands in says what a call does (`call`), what an operator does (`operate`), and its shape and dtype.
    """

    __slots__ = ()

    def call(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The result of a ufunc, a function of NumPy, (ufunc, name of its method), "method name" or "getitem"."""
        raise NotImplementedError

    def operate(self, ufunc: Any, *operands: Any) -> Any:
        """The result of an operator of Python; NotImplemented where an operand is no number and no array."""
        raise NotImplementedError

    # what an array says of itself

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes of the axes."""
        raise NotImplementedError

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of entries."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the entries."""
        raise NotImplementedError

    @property
    def T(self) -> Any:
        """The axes in reverse order."""
        return self.call(np.transpose, (self,), {})

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of unsized object")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        return (self[k] for k in range(len(self)))

    __hash__ = None  # pyright: ignore[reportAssignmentType]

    # NumPy's protocols

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if "out" in kwargs:
            refuse(
                f"'{ufunc.__name__}' would write a traced value into a NumPy array.",
                "Make a new array instead:  a = a + x",
            )
        return self.call(ufunc if method == "__call__" else (ufunc, method), inputs, kwargs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return self.call(func, args, kwargs)

    # operators: those of NumPy

    def __add__(self, other: Any) -> Any:
        return self.operate(np.add, self, other)

    def __radd__(self, other: Any) -> Any:
        return self.operate(np.add, other, self)

    def __sub__(self, other: Any) -> Any:
        return self.operate(np.subtract, self, other)

    def __rsub__(self, other: Any) -> Any:
        return self.operate(np.subtract, other, self)

    def __mul__(self, other: Any) -> Any:
        return self.operate(np.multiply, self, other)

    def __rmul__(self, other: Any) -> Any:
        return self.operate(np.multiply, other, self)

    def __truediv__(self, other: Any) -> Any:
        return self.operate(np.true_divide, self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return self.operate(np.true_divide, other, self)

    def __floordiv__(self, other: Any) -> Any:
        return self.operate(np.floor_divide, self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return self.operate(np.floor_divide, other, self)

    def __mod__(self, other: Any) -> Any:
        return self.operate(np.remainder, self, other)

    def __rmod__(self, other: Any) -> Any:
        return self.operate(np.remainder, other, self)

    def __pow__(self, other: Any) -> Any:
        return self.operate(np.power, self, other)

    def __rpow__(self, other: Any) -> Any:
        return self.operate(np.power, other, self)

    def __matmul__(self, other: Any) -> Any:
        return self.operate(np.matmul, self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return self.operate(np.matmul, other, self)

    def __and__(self, other: Any) -> Any:
        return self.operate(np.bitwise_and, self, other)

    def __rand__(self, other: Any) -> Any:
        return self.operate(np.bitwise_and, other, self)

    def __or__(self, other: Any) -> Any:
        return self.operate(np.bitwise_or, self, other)

    def __ror__(self, other: Any) -> Any:
        return self.operate(np.bitwise_or, other, self)

    def __xor__(self, other: Any) -> Any:
        return self.operate(np.bitwise_xor, self, other)

    def __rxor__(self, other: Any) -> Any:
        return self.operate(np.bitwise_xor, other, self)

    def __invert__(self) -> Any:
        return self.operate(np.invert, self)

    def __neg__(self) -> Any:
        return self.operate(np.negative, self)

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        return self.operate(np.absolute, self)

    def __lt__(self, other: Any) -> Any:
        return self.operate(np.less, self, other)

    def __le__(self, other: Any) -> Any:
        return self.operate(np.less_equal, self, other)

    def __gt__(self, other: Any) -> Any:
        return self.operate(np.greater, self, other)

    def __ge__(self, other: Any) -> Any:
        return self.operate(np.greater_equal, self, other)

    def __eq__(self, other: object) -> Any:
        return self.operate(np.equal, self, other)

    def __ne__(self, other: object) -> Any:
        return self.operate(np.not_equal, self, other)

    def __getitem__(self, index: Any) -> Any:
        return self.call("getitem", (self, index), {})

    def __setitem__(self, index: Any, value: Any) -> NoReturn:
        refuse("A traced value cannot be changed in place.", "Build a new array:  np.where(mask, new, x)")

    # methods of arrays: the functions of the same name

    def __getattr__(self, name: str) -> Any:
        key = f"method {name}"
        if key not in FUNCTIONS:
            raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")
        return lambda *args, **kwargs: self.call(key, (self, *args), kwargs)

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
