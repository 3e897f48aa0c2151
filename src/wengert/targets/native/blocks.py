"""The blocks of a matrix product: pieces of work, each a group of tile rows and a block of columns, and the epilogue over them.

The sums of one row of tiles are put into a scratch on the stack, and the epilogue runs over it while it lies in the first cache.
It knows no kernel: a form of the product says how the scratch is filled.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager

from wengert.targets.native.contraction import (
    ALIGNMENT,
    ContractionStage,
    ContractSpec,
    Epilogue,
    Operands,
    lanes_for,
    pieces,
)
from wengert.targets.native.counted import Count, counted, divided, least, minus, plus, times, when_equal
from wengert.targets.native.instructions import ELEMENTS, Value
from wengert.targets.native.memory import BYTES, Memory
from wengert.targets.native.microkernel import mask_of

CHUNK_TERMS = 1 << 22
"""Multiply-adds in a piece of work that is worth a thread's while: 20 to 100 µs."""


def block_columns(n: int, tile: int, most: int, native: int) -> int:
    """Columns of a block: at most `most` where a block can be so small, cut evenly, whole tiles and whole vectors of the epilogue."""
    tiles = pieces(n, tile) * tile
    if tiles <= most:
        return tiles
    unit = math.lcm(tile, 2 * native)
    units = pieces(n, unit)
    return pieces(units, pieces(units, max(most // unit, 1))) * unit


class BlockedProduct(ABC):
    """A product worked on in blocks of `block` columns and rows of tiles of `rows` rows.

    spec      the product; where `swapped` it is the transpose of what the epilogue is told
    margin    columns of the scratch before those of a block, for a tile that was moved back
    """

    def __init__(self, spec: ContractSpec, swapped: bool, rows: int, block: int, margin: int, parallel: bool) -> None:
        self.spec = spec
        self.swapped = swapped
        self.rows = rows
        self.block = block
        self.margin = margin
        self.size = BYTES[spec.dtype]
        self.row_tiles = pieces(spec.m, rows)
        self.blocks = pieces(spec.n, block)
        self.group = self._group() if parallel else self.row_tiles

    def _group(self) -> int:
        """Rows of tiles in one piece of work."""
        work = self.rows * min(self.block, self.spec.n) * self.spec.k
        return min(pieces(CHUNK_TERMS, work), self.row_tiles)

    @property
    def workspace_bytes(self) -> int:
        """The memory for copies of operands."""
        return 0

    @property
    def stages(self) -> tuple[ContractionStage, ...]:
        """The pieces of the product."""
        return (ContractionStage(self.blocks * pieces(self.row_tiles, self.group), self._piece),)

    @abstractmethod
    def fill(self, b: Memory, row_tile: Count, block: tuple[Count, Count], operands: Operands, scratch: str) -> None:
        """Put the sums of a row of tiles and of columns first … end − 1 into the scratch; `scratch` is where column `first` lies."""

    def _piece(self, b: Memory, piece: Count, operands: Operands, epilogue: Epilogue) -> None:
        """One block of columns and one group of rows of tiles."""
        group, block = divided(b, piece, self.blocks)
        first = times(b, block, self.block)
        end = least(b, plus(b, first, self.block), self.spec.n)
        start = times(b, group, self.group)
        stop = least(b, plus(b, start, self.group), self.row_tiles)
        if self.swapped:
            operands = operands.swapped
        with scratch_memory(b, self.spec.dtype, self.rows * self.scratch_row) as memory:
            scratch = at(b, memory, self.spec.dtype, self.margin)
            with counted(b, stop, start=start) as row_tile:
                self.fill(b, row_tile, (first, end), operands, scratch)
                if self.swapped:
                    self._finish_swapped(b, (first, end), scratch, epilogue)
                else:
                    self._finish(b, row_tile, (first, end), scratch, epilogue)

    @property
    def scratch_row(self) -> int:
        """Entries of a row of the scratch."""
        return self.block + self.margin

    def row_start(self, b: Memory, row_tile: Count) -> Count:
        """The first row of a tile: the last tile is moved back to end at the last row."""
        start = times(b, row_tile, self.rows)
        return least(b, start, self.spec.m - self.rows) if self.spec.m % self.rows else start

    def _finish(self, b: Memory, row_tile: Count, block: tuple[Count, Count], scratch: str, epilogue: Epilogue) -> None:
        """The epilogue over the rows that no tile before had."""
        lowest = times(b, row_tile, self.rows)
        begin = self.row_start(b, row_tile)
        with counted(b, plus(b, begin, self.rows), start=lowest) as row:
            line = at(b, scratch, self.spec.dtype, times(b, minus(b, row, begin), self.scratch_row))
            self._finish_row(b, row, block, line, epilogue)

    def _finish_row(self, b: Memory, row: Count, block: tuple[Count, Count], line: str, epilogue: Epilogue) -> None:
        n, dtype = self.spec.n, self.spec.dtype
        native = b.target.lanes(dtype)
        lanes = lanes_for(n, 2 * native)  # two registers: independent halves hide each other's latency
        first, end = block
        wide = Memory(b.module, lanes, b.body)
        whole = times(b, divided(b, minus(b, end, first), lanes)[0], lanes)
        if n >= lanes:
            with counted(b, whole, lanes) as offset:
                epilogue(row, plus(b, first, offset), None, wide.load(at(b, line, dtype, offset), dtype))
        if n % lanes:
            with when_equal(b, end, n):
                mask = mask_of(lanes, n % lanes)
                product = wide.masked_load(at(b, line, dtype, whole), dtype, mask)
                epilogue(row, plus(b, first, whole), mask, product)

    def _finish_swapped(self, b: Memory, block: tuple[Count, Count], scratch: str, epilogue: Epilogue) -> None:
        """The epilogue where columns of the scratch are the rows meant: their few entries are gathered into one vector."""
        count, dtype = self.spec.m, self.spec.dtype
        lanes = 1 << (count - 1).bit_length()
        wide, scalar = Memory(b.module, lanes, b.body), Memory(b.module, 1, b.body)
        first, end = block
        with counted(b, end, start=first) as row:
            offset = minus(b, row, first)
            product: Value = wide.constant(0, dtype)
            for column in range(count):
                place = at(b, scratch, dtype, plus(b, offset, column * self.scratch_row))
                product = wide.insert(product, scalar.load(place, dtype), column)
            epilogue(row, 0, mask_of(lanes, count) if count < lanes else None, product)


def at(b: Memory, base: str, dtype: str, index: Count) -> str:
    """The pointer to an entry."""
    return base if index == 0 else b.element(base, dtype, str(index))


@contextmanager
def scratch_memory(b: Memory, dtype: str, entries: int) -> Iterator[str]:
    """Memory on the stack, given back at the end."""
    save = b.module.declare("declare ptr @llvm.stacksave.p0()")
    restore = b.module.declare("declare void @llvm.stackrestore.p0(ptr)")
    saved, place = b.fresh("stack"), b.fresh("scratch")
    b.emit(f"{saved} = call ptr {save}()")
    b.emit(f"{place} = alloca {ELEMENTS[dtype]}, i64 {entries}, align {ALIGNMENT}")
    yield place
    b.emit(f"call void {restore}(ptr {saved})")
