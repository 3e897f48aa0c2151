"""Instructions made once each, and not at all where their value is known: what is left of straight code over entries.

Nothing is reordered, and x·0 stays a product, as 0 times infinity is no number. It knows no graph.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from wengert.targets.native.loops.nest import Compute, Constant, Instruction, Load
from wengert.targets.native.loops.values import Entry, EntryVocabulary


class TooMuch(Exception):
    """The code would be longer than it may be; it never leaves `rows`."""


class Folder:
    """Instructions in an order in which they can run."""

    def __init__(self, most: int) -> None:
        self.instructions: list[Instruction] = []
        self.most = most
        self.known: dict[tuple[Any, ...], Instruction] = {}

    def add(self, instruction: Instruction, key: tuple[Any, ...]) -> Instruction:
        """The instruction, or an equal one from before."""
        if key not in self.known:
            if len(self.instructions) >= self.most:
                raise TooMuch
            self.known[key] = instruction
            self.instructions.append(instruction)
        return self.known[key]

    def number(self, number: float | int | bool, dtype: str) -> Instruction:
        """A constant."""
        return self.add(Constant(number, dtype), ("constant", repr(number), dtype))

    def load(self, load: Load) -> Instruction:
        """An entry of memory."""
        return self.add(load, (load.buffer, load.index.terms, load.index.offset))

    def value_of(self, op: Any, inputs: Sequence[Instruction], params: Mapping[str, Any]) -> Instruction:
        """The value of an op of entries."""
        made: list[Instruction] = []
        result = op.value(EntryVocabulary(made), *(Entry(x, made) for x in inputs), **params).instruction
        new: dict[Instruction, Instruction] = {x: x for x in inputs}
        for each in made:
            if isinstance(each, Constant):
                new[each] = self.number(each.number, each.dtype)
            else:
                assert isinstance(each, Compute), "values of entries are computed"
                new[each] = self.compute(each.function, [new[x] for x in each.inputs], each.dtype, each.exponent)
        return new[result]

    def compute(
        self, function: str, inputs: Sequence[Instruction], dtype: str, exponent: int | None = None
    ) -> Instruction:
        """A function of values, or what it is equal to."""
        given = tuple(inputs)
        found = self._simpler(function, given, dtype)
        if found is not None:
            return found
        return self.add(Compute(function, given, dtype, exponent), (function, *given, dtype, exponent))

    def _simpler(self, function: str, given: tuple[Instruction, ...], dtype: str) -> Instruction | None:
        numbers = [x.number for x in given if isinstance(x, Constant)]
        if len(numbers) == len(given) and function in KNOWN:
            with np.errstate(all="ignore"):
                found = KNOWN[function](*(np.asarray(x.number, x.dtype) for x in given if isinstance(x, Constant)))  # pyright: ignore[reportAttributeAccessIssue]
                return self.number(np.asarray(found).astype(dtype).item(), dtype)
        if function == "where" and (isinstance(given[0], Constant) or given[1] is given[2]):
            return given[1] if given[1] is given[2] or given[0].number else given[2]  # pyright: ignore[reportAttributeAccessIssue]
        if function in ("logical_and", "logical_or") and len(numbers) == 1:
            other = next(x for x in given if not isinstance(x, Constant))
            decides = bool(numbers[0]) == (function == "logical_or")
            return self.number(bool(numbers[0]), "bool") if decides else other if other.dtype == "bool" else None
        return self._neutral(function, given)

    @staticmethod
    def _neutral(function: str, given: tuple[Instruction, ...]) -> Instruction | None:
        """x·1, 1·x, x/1, x − 0."""
        if function in ("multiply", "divide") and isinstance(given[1], Constant) and given[1].number == 1:
            return given[0]
        if function == "multiply" and isinstance(given[0], Constant) and given[0].number == 1:
            return given[1]
        last = given[-1]
        if function == "subtract" and isinstance(last, Constant) and repr(last.number) in ("0", "0.0"):
            return given[0]
        return None


KNOWN: Mapping[str, Callable[..., Any]] = {
    "cast": lambda x: x,
    "where": np.where,
    **{name: getattr(np, name) for name in ("add", "subtract", "multiply", "negative", "divide", "sqrt", "abs")},
    **{name: getattr(np, name) for name in ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal")},
    **{name: getattr(np, name) for name in ("logical_and", "logical_or", "logical_not", "maximum", "minimum")},
}
"""Functions of numbers that are the same to the last bit here and there."""
