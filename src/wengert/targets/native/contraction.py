"""What a matrix product with an epilogue is for those who emit it: sizes, strides, pointers, pieces of work. It knows no kernel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from wengert.targets.native.counted import Count
from wengert.targets.native.instructions import Value
from wengert.targets.native.memory import Memory

ALIGNMENT = 64
"""The alignment of the workspace, of each panel in it and of the scratch, in bytes."""

Epilogue = Callable[[Count, Count, Value | None, Value], None]
"""epilogue(row, column, mask, product): the row and the column of the first lane are numbers or texts of i64; the product has
as many lanes as there are columns meant, and where a mask is given only its lanes may be read or written."""


@dataclass(frozen=True, slots=True)
class ContractSpec:
    """Σ_k a[i, k] b[k, j] for m rows, n columns and k terms; the strides are in entries and may be any numbers."""

    m: int
    n: int
    k: int
    dtype: str
    a_row: int
    a_inner: int
    b_inner: int
    b_column: int

    @property
    def swapped(self) -> ContractSpec:
        """The transposed product, Σ_k b[k, j] a[i, k]: its rows are the columns of this one."""
        return ContractSpec(self.n, self.m, self.k, self.dtype, self.b_column, self.b_inner, self.a_inner, self.a_row)


@dataclass(frozen=True, slots=True)
class Operands:
    """Pointers to a[0, 0], to b[0, 0] and to the workspace, as LLVM text."""

    a: str
    b: str
    workspace: str = "null"

    @property
    def swapped(self) -> Operands:
        """Those of the transposed product."""
        return Operands(self.b, self.a, self.workspace)


@dataclass(frozen=True, slots=True)
class ContractionStage:
    """A part of the work: `chunks` pieces that any thread may run in any order, after the stage before is done.

    emit(builder, chunk, operands, epilogue) writes the code of one piece; `chunk` is its number.
    """

    chunks: int
    emit: Callable[[Memory, Count, Operands, Epilogue], None]


def pieces(n: int, of: int) -> int:
    """n / of, rounded up."""
    return -(-n // of)


def aligned(size: int) -> int:
    """A number of bytes, rounded up to the alignment."""
    return pieces(size, ALIGNMENT) * ALIGNMENT


def lanes_for(n: int, native: int) -> int:
    """The lanes of a vector for n columns: those of a register, or the power of two that holds n."""
    return native if n >= native else 1 << (n - 1).bit_length()
