"""Which number stands for each named size: from the data, from constants, from --size; and so the shapes of parameters.

It knows the system, not the loop.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from wengert.api import System
from wengert.core.ir.types import Dim
from wengert.errors import EquationError, ShapeError

Array = Any
SAVED = "size "
"""The beginning of the names under which a model file keeps its sizes; no quantity's name holds a blank."""


class SystemSizes:
    """The numbers of a system's sizes, each with where it comes from; `whole` is the system over the batch."""

    def __init__(self, whole: System) -> None:
        self.whole = whole
        self.found: dict[str, tuple[int, str]] = {}

    @property
    def numbers(self) -> dict[str, int]:
        """The number of each size known, by the size's name."""
        return {name: number for name, (number, _) in self.found.items()}

    def know(self, size: int | Dim | Any, number: int, origin: str, letter: str = "") -> None:
        """Notes that an axis has so many entries; `letter` is its index where the size itself has no name.

        Raises ShapeError where another number is known already.
        """
        if isinstance(size, Dim):
            have, before = self.found.setdefault(size.name, (int(number), origin))
        else:
            have, before = size, "the equations"
        if have != number:
            raise ShapeError(
                f"{index_of(self.whole, size, letter, start=True)} has two sizes, {have} and {number}.",
                f"  {have} in {before}, {number} in {origin}",
                "Give data whose shapes fit the equations, or correct --size.",
            )

    def arrays(self, arrays: Mapping[str, Array], what: str) -> None:
        """The sizes of arrays by quantity; `what` is "the data of" or "the value of".

        Raises ShapeError where an array has another number of axes than the equations say.
        """
        for name, array in arrays.items():
            quantity = self.whole.data.quantities[name]
            shape = quantity.type.shape
            if len(shape) != np.ndim(array):
                raise ShapeError(
                    f"'{name}' has {axes(len(shape))} in the equations, and {what} '{name}' has {axes(np.ndim(array))}.",
                    f"  {name}: {' × '.join(map(str, np.shape(array))) or 'a number'}",
                    f"Give {'an array with ' + axes(len(shape)) if shape else 'a number'}.",
                )
            letters = (*quantity.letters, *[""] * len(shape))
            for size, number, letter in zip(shape, np.shape(array), letters, strict=False):
                self.know(size, number, f"{what} {name}", letter)

    def stated(self, system: System, sizes: Mapping[str, int]) -> None:
        """The sizes that --size states by a vector or an index letter of the system for one example, and saved ones."""
        for spelled, number in sizes.items():
            if spelled.startswith(SAVED):
                self.know(Dim(spelled.removeprefix(SAVED)), number, "the saved model")
            else:
                self.know(_stated_size(system, spelled, number), number, f"--size {spelled}={number}")

    def shape(self, system: System, name: str) -> tuple[int, ...]:
        """The shape of a parameter in numbers.

        Raises ShapeError where the data and --size leave a size open.
        """
        return tuple(self._number(system, name, size) for size in self.whole.data.quantities[name].type.shape)

    def _number(self, system: System, name: str, size: int | Dim | Any) -> int:
        if not isinstance(size, Dim):
            return int(size)
        if size.name in self.found:
            return self.found[size.name][0]
        quantities = system.data.quantities
        vectors = [n for n, q in quantities.items() if q.type.shape == (size,)]
        computed = [quantities[n].identifier for n in vectors if system.data.defines(n)]
        letters = system.data.class_letters.get(size, ())
        example = (computed or [quantities[n].identifier for n in vectors] or list(letters) or ["h"])[-1]
        raise ShapeError(
            f"The size of {index_of(system, size)} in '{name}' is not known.",
            f"  no data has that axis; it is an axis of {', '.join(n for n, q in quantities.items() if size in q.type.shape)}",
            f"State it, for example:  --size {example}=32",
        )


def axes(number: int) -> str:
    """1 axis, 2 axes."""
    return f"{number or 'no'} {'axis' if number == 1 else 'axes'}"


def index_of(system: System, size: object, letter: str = "", *, start: bool = False) -> str:
    """How the user knows an axis: by its index letters."""
    letters = system.data.class_letters.get(size, ()) if isinstance(size, Dim) else ()
    known = ", ".join(f"'{one}'" for one in letters or (letter,) if one)
    if known:
        return f"{'The' if start else 'the'} index {known}"
    return f"{'An' if start else 'an'} axis"


def _stated_size(system: System, spelled: str, number: int) -> object:
    """The size that `--size spelled=number` states: that of a vector, or of an index letter."""
    where = f"  --size {spelled}={number}"
    try:
        name = system.name(spelled)
    except EquationError:
        having = [size for size, letters in system.data.class_letters.items() if spelled in letters]
        if len(having) == 1:
            return having[0]
        vectors = [q.identifier for q in system.data.quantities.values() if q.type.rank == 1]
        raise EquationError(
            f"There is no vector '{spelled}' whose size could be stated.",
            where,
            f"Name one of these vectors:  {', '.join(vectors)}" if vectors else "Leave it out: there are no vectors.",
        ) from None
    shape = system.data.quantities[name].type.shape
    if len(shape) != 1:
        raise EquationError(
            f"'{name}' has {axes(len(shape))}, so its size is no single number.", where, "Name a vector of that size."
        )
    return shape[0]


def batch_system(system: System, bound: Mapping[str, Array], absent: list[str]) -> System:
    """The system over the batch of the `bound` arrays and of `absent` data; itself where it is written over the batch.

    Raises ShapeError where an array has not one axis more than the equations say for one example.
    """
    data = system.data
    extra = {name: np.ndim(array) - data.quantities[name].type.rank for name, array in bound.items()}
    if set(extra.values()) == {0}:
        return system
    for name, more in extra.items():
        if more != 1:
            raise _wrong_axes(name, data.quantities[name].type.rank, np.shape(bound[name]))
    return system.batch([*bound, *absent])


def _wrong_axes(name: str, rank: int, shape: tuple[int, ...]) -> ShapeError:
    column = "one column, with a number for each example."
    rows = f"columns side by side, '{name}=[a, b]', or classes, '{name}=onehot(c)'."
    return ShapeError(
        f"'{name}' has {axes(rank)} for one example, so its data needs {axes(rank + 1)}, the examples first.",
        f"  the data bound to {name} has {axes(len(shape))}: {' × '.join(map(str, shape)) or 'a number'}",
        f"Bind {column if rank == 0 else rows if rank == 1 else 'an array of that shape.'}",
    )
