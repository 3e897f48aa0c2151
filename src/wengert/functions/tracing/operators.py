"""The operators of Python on what stands for an array: NumPy's ufuncs, and for those that write what writing means."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.functions.tracing import in_place


class Operators:
    """The operators of an array, each by `operate`."""

    __slots__ = ()

    def operate(self, ufunc: Any, *operands: Any) -> Any:
        """The result of an operator of Python; NotImplemented where an operand is no number and no array."""
        raise NotImplementedError

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

    def __lshift__(self, other: Any) -> Any:
        return self.operate(np.left_shift, self, other)

    def __rlshift__(self, other: Any) -> Any:
        return self.operate(np.left_shift, other, self)

    def __rshift__(self, other: Any) -> Any:
        return self.operate(np.right_shift, self, other)

    def __rrshift__(self, other: Any) -> Any:
        return self.operate(np.right_shift, other, self)

    def __pow__(self, other: Any) -> Any:
        return self.operate(np.power, self, other)

    def __rpow__(self, other: Any) -> Any:
        return self.operate(np.power, other, self)

    def __divmod__(self, other: Any) -> Any:
        return self.operate(np.floor_divide, self, other), self.operate(np.remainder, self, other)

    def __rdivmod__(self, other: Any) -> Any:
        return self.operate(np.floor_divide, other, self), self.operate(np.remainder, other, self)

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
        return self.operate(np.positive, self)

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

    # operators that write

    def __iadd__(self, other: Any) -> Any:
        return in_place.augmented(np.add, self, other)

    def __isub__(self, other: Any) -> Any:
        return in_place.augmented(np.subtract, self, other)

    def __imul__(self, other: Any) -> Any:
        return in_place.augmented(np.multiply, self, other)

    def __itruediv__(self, other: Any) -> Any:
        return in_place.augmented(np.true_divide, self, other)

    def __ifloordiv__(self, other: Any) -> Any:
        return in_place.augmented(np.floor_divide, self, other)

    def __imod__(self, other: Any) -> Any:
        return in_place.augmented(np.remainder, self, other)

    def __ipow__(self, other: Any) -> Any:
        return in_place.augmented(np.power, self, other)

    def __imatmul__(self, other: Any) -> Any:
        return in_place.augmented(np.matmul, self, other)

    def __iand__(self, other: Any) -> Any:
        return in_place.augmented(np.bitwise_and, self, other)

    def __ior__(self, other: Any) -> Any:
        return in_place.augmented(np.bitwise_or, self, other)

    def __ixor__(self, other: Any) -> Any:
        return in_place.augmented(np.bitwise_xor, self, other)
