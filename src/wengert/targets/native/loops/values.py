"""The ops' values as instructions: the vocabulary that `Op.value` is written in, over one entry instead of arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wengert.targets.native.loops.nest import Compute, Constant, Instruction

COMPARISONS = frozenset({"less", "less_equal", "greater", "greater_equal", "equal", "not_equal"})


class Entry:
    """One entry of an array inside `Op.value`: an instruction with the operators of numbers."""

    __slots__ = ("dtype", "instruction", "made")

    def __init__(self, instruction: Instruction, made: list[Instruction]) -> None:
        self.instruction = instruction
        self.made = made
        self.dtype = instruction.dtype

    shape = ()
    ndim = 0

    def __add__(self, other: Any) -> Entry:
        return _compute(self.made, "add", self, other)

    def __radd__(self, other: Any) -> Entry:
        return _compute(self.made, "add", other, self)

    def __sub__(self, other: Any) -> Entry:
        return _compute(self.made, "subtract", self, other)

    def __rsub__(self, other: Any) -> Entry:
        return _compute(self.made, "subtract", other, self)

    def __mul__(self, other: Any) -> Entry:
        return _compute(self.made, "multiply", self, other)

    def __rmul__(self, other: Any) -> Entry:
        return _compute(self.made, "multiply", other, self)

    def __truediv__(self, other: Any) -> Entry:
        return _compute(self.made, "divide", self, other)

    def __rtruediv__(self, other: Any) -> Entry:
        return _compute(self.made, "divide", other, self)

    def __neg__(self) -> Entry:
        return _compute(self.made, "negative", self)


def _compute(
    made: list[Instruction], function: str, *inputs: Any, dtype: str = "", exponent: int | None = None
) -> Entry:
    """The function of entries and numbers; numbers take the dtype of the first entry that is not a condition."""
    given = [x.dtype for x in inputs if isinstance(x, Entry)]
    common = next((d for d in given if d != "bool"), given[0])
    parts: list[Instruction] = []
    for x in inputs:
        if isinstance(x, Entry):
            parts.append(x.instruction)
        else:
            made.append(Constant(x, common))
            parts.append(made[-1])
    result = Compute(function, tuple(parts), dtype or ("bool" if function in COMPARISONS else common), exponent)
    made.append(result)
    return Entry(result, made)


class EntryVocabulary:
    """The functions of the vocabulary, each one instruction of its own name."""

    def __init__(self, made: list[Instruction]) -> None:
        self._made = made

    def __getattr__(self, name: str) -> Callable[..., Entry]:
        return lambda *inputs: _compute(self._made, name, *inputs)

    def cast(self, x: Entry, dtype: str) -> Entry:
        """The same number in another dtype."""
        return x if x.dtype == dtype else _compute(self._made, "cast", x, dtype=dtype)

    def wrap(self, x: Entry, dtype: str) -> Entry:
        """The whole number that a narrower dtype has in its place."""
        return _compute(self._made, f"wrap_{dtype}", x)

    def integer_power(self, x: Entry, exponent: int) -> Entry:
        """xⁿ."""
        return _compute(self._made, "integer_power", x, exponent=exponent)

    def real(self, x: Entry) -> Entry:
        """x: entries are real."""
        return x

    def stop_gradient(self, x: Entry) -> Entry:
        """x."""
        return x

    def zeros_like(self, x: Entry) -> Entry:
        """0."""
        return self._number(0, x)

    def ones_like(self, x: Entry) -> Entry:
        """1."""
        return self._number(1, x)

    def _number(self, number: int, like: Entry) -> Entry:
        self._made.append(Constant(number, like.dtype))
        return Entry(self._made[-1], self._made)
