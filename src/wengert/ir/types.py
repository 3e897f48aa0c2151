"""ArrayType, the type of every value in a graph: a shape of sizes and a dtype; tuples and tapes of arrays. It knows no arrays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

FLOATS = ("float32", "float64")
COMPLEXES = ("complex64", "complex128")
ORDERED = ("bool", "int64", *FLOATS)
"""The dtypes whose numbers lie on a line; the others are those of the plane."""
DTYPES = (*ORDERED, *COMPLEXES)


@dataclass(frozen=True, slots=True, order=True)
class Dim:
    """A size that has a name instead of a number: the m of an m × n matrix. Equal names are equal sizes."""

    name: str

    def __repr__(self) -> str:
        return self.name


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
    """The number of a named size where `sizes` has it, else the size itself."""
    return sizes.get(size.name, size) if isinstance(size, Dim) else size


def bind_shape(shape: Iterable[Size], sizes: Mapping[str, int]) -> Shape:
    """A shape with every named size that `sizes` has replaced by its number."""
    return tuple(bind_size(size, sizes) for size in shape)
