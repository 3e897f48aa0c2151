"""ArrayType, the type of every value in a graph: a shape of sizes and a dtype; tuples and tapes of arrays. It knows no arrays."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from wengert.errors import ShapeError

FLOATS = ("float32", "float64")
COMPLEXES = ("complex64", "complex128")
ORDERED = ("bool", "int64", *FLOATS)
"""The dtypes whose numbers lie on a line; the others are those of the plane."""
DTYPES = (*ORDERED, *COMPLEXES)


@dataclass(frozen=True, slots=True, order=True)
class Dim:
    """A size that has a name instead of a number: the m of an m × n matrix. Equal names are equal sizes."""

    name: str
    rule: tuple[Fit, ...] = ()
    """The windows that fit so often: how its number follows from other sizes, where it does."""

    def follows(self, sizes: Mapping[str, int]) -> int | None:
        """Its number by its rule; None where it has none, or a size in it is not known."""
        numbers = [fit.number(sizes) for fit in self.rule]
        return None if not numbers or None in numbers else min(n for n in numbers if n is not None)

    def __repr__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True, order=True)
class Fit:
    """How often a window fits: the largest n with stride (n − 1) + Σ_k c_k (n_k − 1) + offset ≤ size − 1."""

    size: Size
    stride: int
    others: tuple[tuple[int, Size], ...] = ()
    """Pairs (c_k, n_k): the letters that run inside the window."""
    offset: int = 0

    @property
    def sizes(self) -> tuple[Size, ...]:
        """The sizes from which it follows."""
        return (self.size, *(n for _, n in self.others))

    def number(self, sizes: Mapping[str, int]) -> int | None:
        """The number of places; None where a size is not known, negative where not even one window fits."""
        length, inside = bind_size(self.size, sizes), 0
        for coefficient, other in self.others:
            n = bind_size(other, sizes)
            if not isinstance(n, int):
                return None
            inside += coefficient * (n - 1)
        return (length - 1 - inside - self.offset) // self.stride + 1 if isinstance(length, int) else None

    def needed(self, count: int, sizes: Mapping[str, int]) -> int:
        """The smallest size in which the window fits `count` times; every other size is known."""
        inside = sum(c * (int(bind_size(n, sizes)) - 1) for c, n in self.others)  # type: ignore[arg-type]
        return self.stride * (count - 1) + inside + self.offset + 1


Size = int | Dim
Shape = tuple[Size, ...]


@dataclass(frozen=True, slots=True)
class ArrayType:
    """The type of an array: its shape, a size an axis, and its dtype (one of `DTYPES`)."""

    shape: Shape = ()
    dtype: str = "float64"

    @property
    def rank(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def is_float(self) -> bool:
        """Whether a derivative with respect to a value of this type means anything: it is real or complex."""
        return self.dtype in FLOATS or self.dtype in COMPLEXES

    @property
    def is_complex(self) -> bool:
        """Whether its numbers are complex."""
        return self.dtype in COMPLEXES

    def with_shape(self, shape: Iterable[Size]) -> ArrayType:
        """The same dtype with another shape."""
        return ArrayType(tuple(shape), self.dtype)

    def with_dtype(self, dtype: str) -> ArrayType:
        """The same shape with another dtype."""
        return ArrayType(self.shape, dtype)

    def __str__(self) -> str:
        sizes = "×".join(str(size) for size in self.shape)
        return f"{self.dtype}[{sizes}]"


@dataclass(frozen=True, slots=True)
class TupleType(ArrayType):
    """The type of a node with several results: as in a record of NumPy, one entry without axes, whose parts `item` takes out."""

    shape: Shape = ()
    dtype: str = "tuple"
    items: tuple[ArrayType, ...] = ()
    """The types of the results."""

    @property
    def is_float(self) -> bool:
        """Whether a result is real or complex."""
        return any(item.is_float for item in self.items)

    @property
    def is_complex(self) -> bool:
        """Whether a result is complex."""
        return any(item.is_complex for item in self.items)

    def __str__(self) -> str:
        return f"({', '.join(map(str, self.items))})"


@dataclass(frozen=True, slots=True)
class TapeType(ArrayType):
    """The type of what a loop records, one array a step, where the number of steps is known at run time only: a scan reads it."""

    shape: Shape = ()
    dtype: str = "tape"
    item: ArrayType = ArrayType()
    """The type of the record of one step."""

    @property
    def is_float(self) -> bool:
        """Whether its records are real or complex."""
        return self.item.is_float

    @property
    def is_complex(self) -> bool:
        """Whether its records are complex."""
        return self.item.is_complex

    def __str__(self) -> str:
        return f"tape[{self.item}]"


def bind_size(size: Size, sizes: Mapping[str, int]) -> Size:
    """The number of a named size where `sizes` has it or it follows from those, else the size itself.

    Raises ShapeError where a window is longer than the array.
    """
    if not isinstance(size, Dim):
        return size
    if size.name in sizes or not size.rule:
        return sizes.get(size.name, size)
    number = size.follows(sizes)
    if number is not None and number < 0:
        read = ", ".join(f"{n} = {bind_size(n, sizes)}" for fit in size.rule for n in fit.sizes)
        raise ShapeError(
            f"Not one window fits along '{size}': what is read is longer than the array.",
            f"  it follows from {read}",
            "Give a longer array, or a shorter window.",
        )
    return size if number is None else number


def bind_shape(shape: Iterable[Size], sizes: Mapping[str, int]) -> Shape:
    """A shape with every named size that `sizes` has replaced by its number."""
    return tuple(bind_size(size, sizes) for size in shape)


BYTES = {"bool": 1, "float32": 4, "complex128": 16}
"""The bytes of an entry; 8 for other dtypes."""


def bytes_of(types: Iterable[ArrayType]) -> int:
    """The bytes of arrays of these types; a size that is a name counts as one entry, a tape as nothing."""
    arrays = [type for type in types if not isinstance(type, TupleType | TapeType)]
    return sum(BYTES.get(type.dtype, 8) * math.prod(sizes_of(type)) for type in arrays)


def sizes_of(type: ArrayType) -> list[int]:
    """The sizes of the axes; a size that is a name counts as one entry."""
    return [size if isinstance(size, int) else 1 for size in type.shape]
