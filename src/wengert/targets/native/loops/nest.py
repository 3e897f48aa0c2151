"""Loop nests: what fused kernels do to buffers, as loops over axes around straight-line code. They know no graph and no machine.

A program is a tuple of statements. Every value is computed by an instruction, which stands in the body of a loop and may
be read by what comes after it there, and in the loops inside; `interpret.py` says by execution what each form means.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

# axes and indices


@dataclass(frozen=True, eq=False, slots=True)
class Axis:
    """An index that runs over 0 … extent − 1.

    With `clip` = (outer, total) it is the inner axis of a blocked one: entry `extent`·outer + inner of `total` entries, so
    the last block is shorter: its extent there is min(extent, total − extent·outer).
    """

    extent: int
    name: str = "i"
    clip: tuple[Axis, int] | None = None

    def __repr__(self) -> str:
        return f"{self.name}<{self.extent}"


@dataclass(frozen=True, slots=True)
class Affine:
    """offset + Σ coefficient · axis: where an entry lies in a buffer, counted in entries from its start."""

    terms: tuple[tuple[Axis, int], ...] = ()
    offset: int = 0

    def __add__(self, other: Affine | int) -> Affine:
        if isinstance(other, int):
            return Affine(self.terms, self.offset + other)
        coefficients = dict(self.terms)
        for axis, coefficient in other.terms:
            coefficients[axis] = coefficients.get(axis, 0) + coefficient
        return Affine(tuple((a, c) for a, c in coefficients.items() if c), self.offset + other.offset)

    def __mul__(self, factor: int) -> Affine:
        if not factor:
            return Affine()
        return Affine(tuple((a, c * factor) for a, c in self.terms), self.offset * factor)

    def coefficient(self, axis: Axis) -> int:
        """The step in the buffer when the axis goes on by one."""
        return next((c for a, c in self.terms if a is axis), 0)

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The axes with a coefficient."""
        return tuple(axis for axis, _ in self.terms)

    def substitute(self, replacements: Mapping[Axis, Affine]) -> Affine:
        """The same index with some axes written by others."""
        total = Affine((), self.offset)
        for axis, coefficient in self.terms:
            total = total + replacements.get(axis, along(axis)) * coefficient
        return total

    def bounds(self, spans: Mapping[Axis, tuple[int, int]] | None = None) -> tuple[int, int]:
        """The least and the largest value over the whole extents of the axes, or over `spans` (first, last) where these are given."""
        low = high = self.offset
        for axis, coefficient in self.terms:
            first, last = spans.get(axis, (0, axis.extent - 1)) if spans else (0, axis.extent - 1)
            ends = coefficient * first, coefficient * last
            low, high = low + min(ends), high + max(ends)
        return low, high

    def __str__(self) -> str:
        parts = [axis.name if c == 1 else f"{c}·{axis.name}" for axis, c in self.terms]
        if self.offset or not parts:
            parts.append(str(self.offset))
        return " + ".join(parts)


def along(axis: Axis) -> Affine:
    """The index that is the axis itself."""
    return Affine(((axis, 1),))


@dataclass(frozen=True, slots=True)
class Range:
    """low ≤ index < high: the guard of a load that may fall outside, as that of a padded array."""

    index: Affine
    low: int
    high: int

    def __str__(self) -> str:
        return f"{self.low} ≤ {self.index} < {self.high}"


# buffers

BufferKind = Literal["input", "output", "temporary", "private", "constant"]


@dataclass(frozen=True, eq=False, slots=True)
class Buffer:
    """Memory for an array, entries in row-major order without gaps. `value` is the array of a constant. Of a private buffer
    each step of the one parallel loop that touches it has its own.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    kind: BufferKind = "temporary"
    value: Any = None

    @property
    def entries(self) -> int:
        """The number of entries."""
        total = 1
        for size in self.shape:
            total *= size
        return total

    def __repr__(self) -> str:
        return f"{self.name}: {self.dtype}[{'×'.join(map(str, self.shape))}]"


# instructions: each is the value that it computes


@dataclass(frozen=True, eq=False, slots=True)
class Constant:
    """A number."""

    number: float | int | bool
    dtype: str


@dataclass(frozen=True, eq=False, slots=True)
class Position:
    """An affine index, as a number of a dtype."""

    index: Affine
    dtype: str


@dataclass(frozen=True, eq=False, slots=True)
class Inside:
    """Whether every range holds; dtype bool."""

    ranges: tuple[Range, ...]
    dtype: str = "bool"


@dataclass(frozen=True, eq=False, slots=True)
class Load:
    """An entry of a buffer; 0 (false) where a guard does not hold, and then no memory is touched."""

    buffer: Buffer
    index: Affine
    guards: tuple[Range, ...] = ()

    @property
    def dtype(self) -> str:
        """The buffer's dtype."""
        return self.buffer.dtype


@dataclass(frozen=True, slots=True)
class Lookup:
    """One data-dependent part of an index: `place` · coefficient, where 0 ≤ place < size must hold (else the status is 1)."""

    place: Instruction
    coefficient: int
    size: int


@dataclass(frozen=True, eq=False, slots=True)
class Gather:
    """An entry at index + Σ place · coefficient, the places computed (int64)."""

    buffer: Buffer
    index: Affine
    lookups: tuple[Lookup, ...]
    guards: tuple[Range, ...] = ()

    @property
    def dtype(self) -> str:
        """The buffer's dtype."""
        return self.buffer.dtype


@dataclass(frozen=True, eq=False, slots=True)
class Compute:
    """A function of the ops' vocabulary of earlier values: add, exp, where, less, cast (to `dtype`), integer_power (with
    `exponent`) …; or fma(a, b, c), a·b + c rounded once.
    """

    function: str
    inputs: tuple[Instruction, ...]
    dtype: str
    exponent: int | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Total:
    """What an accumulator has gathered; it stands after the loops that accumulate."""

    accumulator: Accumulator

    @property
    def dtype(self) -> str:
        """The accumulator's dtype."""
        return self.accumulator.dtype


@dataclass(frozen=True, eq=False, slots=True)
class MatrixProduct:
    """Σ_k a_ik b_kj inside the body of a `Contract`."""

    dtype: str


Instruction = Constant | Position | Inside | Load | Gather | Compute | Total | MatrixProduct

# statements

Combine = Literal["add", "multiply", "maximum", "minimum"]
IDENTITY: Mapping[Combine, float] = {
    "add": 0.0,
    "multiply": 1.0,
    "maximum": float("-inf"),
    "minimum": float("inf"),
}
"""The start of an accumulator; for int64 the infinities are the ends of its range, for bool they are false and true."""


@dataclass(frozen=True, eq=False, slots=True)
class Accumulator:
    """A running total in a register. The statement opens it at the identity of its monoid, in the body where it stands;
    opened outside the vector loop that accumulates, its lanes are combined when its total is read.
    """

    combine: Combine
    dtype: str


@dataclass(frozen=True, eq=False, slots=True)
class Accumulate:
    """total = combine(total, value)."""

    accumulator: Accumulator
    value: Instruction


@dataclass(frozen=True, eq=False, slots=True)
class Store:
    """Write a value to an entry of a buffer; with `combine`, combine it with what stands there.

    `lookups` as in Gather: with them and combine="add" it is a scatter.
    """

    buffer: Buffer
    index: Affine
    value: Instruction
    combine: Combine | None = None
    lookups: tuple[Lookup, ...] = ()


LoopKind = Literal["serial", "vector", "parallel"]


@dataclass(frozen=True, eq=False, slots=True)
class For:
    """The body for every value of the axis, from `start` on.

    serial: in order. vector: iterations are independent but for accumulators, whose order is free between lanes but fixed.
    parallel: iterations are independent and write disjoint entries; any thread may run any of them, in any order. At most
    one vector loop is open at a time, and no parallel loop inside another loop. Blocks of a parallel loop open no accumulators outside.
    """

    axis: Axis
    body: tuple[Statement, ...]
    kind: LoopKind = "serial"
    start: int = 0
    reverse: bool = False
    """From extent − 1 down to start; for serial loops only."""


@dataclass(frozen=True, eq=False, slots=True)
class Contract:
    """For every row i and column j: product = Σ_k a[i, k] · b[k, j], then the body with it, columns as the vector axis.

    `a` and `b` are (buffer, index): the index of a has no term in `columns`, that of b none in `rows`; both may have terms
    in axes of loops outside, and any strides. The body is straight-line: instructions and stores; it may write
    a buffer that it reads at the same entry. A body's stores do not touch a or b.
    """

    rows: Axis
    columns: Axis
    inner: Axis
    a: tuple[Buffer, Affine]
    b: tuple[Buffer, Affine]
    product: MatrixProduct
    body: tuple[Statement, ...]
    parallel: bool = False
    """Whether blocks of rows and columns may run on several threads."""


@dataclass(frozen=True, eq=False, slots=True)
class Copy:
    """The entries of `source` from an index on, to `target` from an index on; the two do not overlap."""

    source: Buffer
    source_index: Affine
    target: Buffer
    target_index: Affine
    entries: int


@dataclass(frozen=True, eq=False, slots=True)
class Fill:
    """A number in every entry of a buffer, or in `entries` of them from an index on."""

    buffer: Buffer
    index: Affine
    entries: int
    number: float | int | bool = 0


@dataclass(frozen=True, eq=False, slots=True)
class Branch:
    """`then` if the flag, a bool buffer of one entry, holds; else `other`."""

    flag: Buffer
    then: tuple[Statement, ...]
    other: tuple[Statement, ...]


@dataclass(frozen=True, eq=False, slots=True)
class RecordTape:
    """Records of `entries` entries each, as many as a loop made steps, in memory that grows at run time. A tape is empty
    when the program starts; its memory is kept for use again until the program ends.
    """

    name: str
    dtype: str
    entries: int


@dataclass(frozen=True, eq=False, slots=True)
class While:
    """Run `test`; as long as it leaves the flag, a bool buffer of one entry, true, run `body` and `test` again.

    `tapes` are recordings: they are emptied at the start, and after each body the entries of a buffer are appended to its tape.
    """

    test: tuple[Statement, ...]
    flag: Buffer
    body: tuple[Statement, ...]
    tapes: tuple[tuple[Buffer, RecordTape], ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class Replay:
    """The body once for every record of the tapes that are read (all have equally many), from the first to the last, or with
    `reverse` from the last to the first.

    Before each body its records are copied from `reads` into buffers; after it the buffers of `writes` are copied into the
    record of the same number of their tapes, which are made as long as those that are read.
    """

    reads: tuple[tuple[RecordTape, Buffer], ...]
    writes: tuple[tuple[Buffer, RecordTape], ...]
    body: tuple[Statement, ...]
    reverse: bool = False
    counter: Buffer | None = None
    """An int64 buffer of one entry that holds the number of the record, from 0."""


@dataclass(frozen=True, eq=False, slots=True)
class Routine:
    """A function of whole matrices: `many` matrices, the first of as many columns as `rows` says (most are square), one after
    another, from an index of each source on, to the target, whose matrices have `columns` columns. The name and the parameters are those of an op.

    The status is 1 where a matrix has no result. Sources and target do not overlap. `work` is its operations.
    """

    name: str
    params: tuple[tuple[str, Any], ...]
    sources: tuple[tuple[Buffer, Affine, tuple[int, ...]], ...]
    """Each buffer with its index and the shape of the array that lies there."""
    target: tuple[Buffer, Affine]
    many: int
    rows: int
    columns: int
    work: int


Statement = (
    Instruction | Accumulator | Accumulate | Store | For | Contract | Routine | Copy | Fill | Branch | While | Replay
)


@dataclass(frozen=True, eq=False, slots=True)
class NestProgram:
    """Statements over the buffers of inputs and outputs; the rest of the buffers are constants and temporaries."""

    inputs: tuple[Buffer, ...]
    outputs: tuple[Buffer, ...]
    """An output may be the buffer of a donated input."""
    body: tuple[Statement, ...]
    kernels: tuple[str, ...] = ()
    """For people: what each top-level statement computes."""
