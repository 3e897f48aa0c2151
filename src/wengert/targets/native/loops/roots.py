"""What comes of a kernel's entries: stores and totals; the start of a total, its width, and the sum of its slots.

It knows no order of loops.
"""

from __future__ import annotations

from dataclasses import dataclass

from wengert.targets.native.loops.nest import (
    IDENTITY,
    Accumulate,
    Accumulator,
    Affine,
    Axis,
    Buffer,
    Combine,
    Compute,
    For,
    Instruction,
    Load,
    Lookup,
    Statement,
    Store,
    Total,
    along,
)


@dataclass(frozen=True)
class Stored:
    """A value written at each entry of the space."""

    value: Instruction
    buffer: Buffer
    index: Affine
    lookups: tuple[Lookup, ...] = ()
    combine: Combine | None = None


@dataclass(frozen=True)
class Reduced:
    """A value combined over some axes of the space. The result has `size` entries from `start` on, which knows no axis of
    the space; `index` is an entry's place among them, in the axes that are left.

    `own` fills the part of the result that one block of a larger sweep makes, where that is not all of it.
    """

    value: Instruction
    over: frozenset[Axis]
    combine: Combine
    buffer: Buffer
    start: Affine
    index: Affine
    size: int
    own: Statement | None = None


def wide_dtype(root: Reduced) -> str:
    """The dtype of totals of totals."""
    return "float64" if root.value.dtype == "float32" and root.combine == "add" else root.value.dtype


def identity(combine: Combine, dtype: str) -> float | int | bool:
    """The number that combines with any other to that other."""
    number = IDENTITY[combine]
    if dtype == "bool":
        return number > 0
    if dtype == "int64":
        ends = {"maximum": -(2**63), "minimum": 2**63 - 1}
        return ends[combine] if combine in ends else int(number)
    return number


def finish(root: Reduced, partial: Buffer, slots: int) -> list[Statement]:
    """The slots combined in order."""
    size = root.size
    entry, slot = Axis(size, "j"), Axis(slots, "c")
    total = Accumulator(root.combine, partial.dtype)
    load = Load(partial, along(slot) * size + along(entry))
    inner = For(slot, (load, Accumulate(total, load)))
    result: Instruction = Total(total)
    body: list[Statement] = [total, inner, result]
    if partial.dtype != root.buffer.dtype:
        result = Compute("cast", (result,), root.buffer.dtype)
        body.append(result)
    body.append(Store(root.buffer, root.start + along(entry), result))
    return [For(entry, tuple(body), "vector" if size > 1 else "serial")]
