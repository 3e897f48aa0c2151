"""A matrix product by register tiles: which tile, and whether b is copied into panels first.

A last tile that would reach over the edge is moved back over its neighbour, so that no other kernel is needed there.
It knows no nest and no thread.
"""

from __future__ import annotations

from dataclasses import dataclass

from wengert.targets.native.blocks import BlockedProduct, at, block_columns
from wengert.targets.native.contraction import (
    ContractionStage,
    ContractSpec,
    Epilogue,
    Operands,
    aligned,
    lanes_for,
    pieces,
)
from wengert.targets.native.counted import Count, counted, divided, least, minus, times, when_equal
from wengert.targets.native.memory import BYTES, Memory
from wengert.targets.native.microkernel import MOST_TILE_ENTRIES, SUM_BLOCK, Tile, long_sums, tile_kernel
from wengert.targets.native.packing import Unit, pack_kernel
from wengert.targets.native.processor import Processor
from wengert.targets.native.streaming import stream_kernel

BLOCK_BYTES = 1 << 18
"""What a block of columns of b may take, so that it stays in the second cache while the rows of a pass by."""
BLOCK_COLUMNS = 512
LARGE_BYTES = 1 << 20
"""From this size of b on, how b is read decides (measured on Zen 5)."""


@dataclass(frozen=True, slots=True)
class Tiling:
    """The choice for one product.

    tile   the kernel of most of it
    rest   the kernel of the last columns, where moving the last tile back would repeat too much work
    block  columns that are worked on together, a multiple of the tile's
    copy   whether b is copied into panels
    streamed  whether the tile, of one row, is too long for registers
    """

    tile: Tile
    rest: Tile | None
    block: int
    copy: bool
    streamed: bool = False


def registers(target: Processor) -> int:
    """The vector registers of the target."""
    return 32 if target.vector_bytes == 64 or target.triple.startswith(("aarch64", "arm64")) else 16


def tiling(spec: ContractSpec, target: Processor) -> Tiling:
    """The tiles for a product with at least one row, column and term."""
    native = target.lanes(spec.dtype)
    size = spec.k * spec.n * BYTES[spec.dtype]
    if spec.m == 1 and spec.b_column == 1 and size >= LARGE_BYTES and spec.n >= native:
        return _streaming(spec, native)
    tile = _tile(spec, target)
    most = min(BLOCK_BYTES // (spec.k * BYTES[spec.dtype]), BLOCK_COLUMNS)
    block = block_columns(spec.n, tile.columns, most, native)
    return Tiling(tile, _rest(spec, tile), block, copy=spec.b_column != 1)


def _tile(spec: ContractSpec, target: Processor) -> Tile:
    lanes = lanes_for(spec.n, target.lanes(spec.dtype))
    masked = target.vector_bytes >= 32  # narrower registers have no masks: lanes would be loaded one by one
    available = pieces(spec.n, lanes) if masked else max(spec.n // lanes, 1)
    vectors = _vectors(spec.m, available, target)
    if vectors == available:  # one tile has all columns
        return Tile(
            spec.dtype,
            _rows(spec.m, vectors, target),
            vectors,
            lanes,
            spec.n % lanes if masked or spec.n < lanes else 0,
        )
    return Tile(spec.dtype, _rows(spec.m, vectors, target), vectors, lanes)


def _streaming(spec: ContractSpec, native: int) -> Tiling:
    """One row times a large matrix: tiles as long as may be, cut evenly."""
    available = spec.n // native
    vectors = pieces(available, pieces(available * native, MOST_TILE_ENTRIES))
    tile = Tile(spec.dtype, 1, vectors - vectors % 2 if vectors > 1 else 1, native)
    block = block_columns(spec.n, tile.columns, MOST_TILE_ENTRIES, native)
    return Tiling(tile, _rest(spec, tile), block, copy=False, streamed=True)


_FEW_ROWS = {1: 16, 2: 8, 3: 8, 4: 6, 5: 5, 6: 4, 7: 3}
"""Vectors of a tile that has all rows there are: many, so that b is read in long pieces."""


def _vectors(m: int, available: int, target: Processor) -> int:
    """The vectors of a tile's row."""
    if registers(target) < 32:
        wanted = {1: 8, 2: 4, 3: 3, 4: 3}.get(m, 2)
    elif m in _FEW_ROWS:
        wanted = _FEW_ROWS[m]
    else:
        wanted = 2 if target.vector_bytes == 64 and available % 2 == 0 and available <= 16 else 3
    return min(wanted, available)


def _rows(m: int, vectors: int, target: Processor) -> int:
    """The rows of a tile: the usual number where its last tile repeats little work, else what repeats least."""
    count = registers(target)
    if m in _FEW_ROWS and m * vectors <= count - 4:
        return m
    most = min((count - 2 - vectors) // vectors, 12 if count == 32 else 6)
    if m <= most:
        return m
    usual = most if vectors == 1 else min(8, most)

    def covered(rows: int) -> int:
        return pieces(m, rows) * rows

    best = min(range(most // 2 + 1, most + 1), key=lambda rows: (covered(rows), -rows))
    return usual if covered(usual) <= 1.05 * covered(best) else best


def _rest(spec: ContractSpec, tile: Tile) -> Tile | None:
    """A narrower tile for the last columns, where that saves more than a sixteenth of the work."""
    beyond = spec.n % tile.columns
    vectors = pieces(beyond, tile.lanes)
    if not beyond or vectors == tile.vectors or (tile.vectors - vectors) * tile.lanes * 16 <= spec.n:
        return None
    return Tile(tile.dtype, tile.rows, vectors, tile.lanes)


class TiledProduct(BlockedProduct):
    """The code of one product by tiles."""

    def __init__(self, spec: ContractSpec, target: Processor, parallel: bool, swapped: bool = False) -> None:
        self.plan = tiling(spec, target)
        tile = self.plan.tile
        super().__init__(spec, swapped, tile.rows, self.plan.block, tile.columns, parallel)
        self.panels = pieces(spec.n, tile.columns)
        self.panel_bytes = aligned(spec.k * tile.columns * self.size)

    @property
    def workspace_bytes(self) -> int:
        """The memory for panels of b."""
        return self.panels * self.panel_bytes if self.plan.copy else 0

    @property
    def stages(self) -> tuple[ContractionStage, ...]:
        """Copying, then multiplying."""
        copying = (ContractionStage(self.panels, self._copy),) if self.plan.copy else ()
        return (*copying, *super().stages)

    @property
    def unit(self) -> Unit:
        """The axis of b along which entries lie side by side."""
        return "column" if self.spec.b_column == 1 else "inner" if self.spec.b_inner == 1 else "none"

    def _copy(self, b: Memory, panel: Count, operands: Operands, epilogue: Epilogue) -> None:
        """One panel: the columns of one tile, those of the last moved back."""
        spec, width = self.spec, self.plan.tile.columns
        source = operands.swapped.b if self.swapped else operands.b
        first = self._column_start(b, times(b, panel, width), self.plan.tile)
        source = at(b, source, spec.dtype, times(b, first, spec.b_column))
        kernel = pack_kernel(b.module, spec.dtype, self.unit)
        strides = (spec.b_inner * self.size, spec.b_column * self.size)
        numbers = ", ".join(f"i64 {value}" for value in (spec.k, *strides, width, min(width, spec.n)))
        b.emit(f"call void {kernel}(ptr {source}, ptr {self._panel(b, panel, operands)}, {numbers})")

    def _panel(self, b: Memory, panel: Count, operands: Operands) -> str:
        return b.pointer(f"getelementptr i8, ptr {operands.workspace}, i64 {times(b, panel, self.panel_bytes)}")

    def _column_start(self, b: Memory, column: Count, tile: Tile) -> Count:
        """The first column of a tile: the last is moved back to end at column n."""
        return least(b, column, max(self.spec.n - tile.columns, 0)) if self.spec.n % tile.columns else column

    def fill(self, b: Memory, row_tile: Count, block: tuple[Count, Count], operands: Operands, scratch: str) -> None:
        """Call the kernel for every tile of the row."""
        spec, width = self.spec, self.plan.tile.columns
        first, end = block
        a = at(b, operands.a, spec.dtype, times(b, self.row_start(b, row_tile), spec.a_row))
        if self.plan.rest is None:
            with counted(b, end, width, first) as column:
                self._call(b, self.plan.tile, a, (column, first), operands, scratch)
            return
        whole = spec.n // width * width
        with counted(b, least(b, end, whole), width, first) as column:
            self._call(b, self.plan.tile, a, (column, first), operands, scratch)
        with when_equal(b, end, spec.n):
            self._call(b, self.plan.rest, a, (whole, first), operands, scratch)

    def _call(
        self, b: Memory, tile: Tile, a: str, columns: tuple[Count, Count], operands: Operands, scratch: str
    ) -> None:
        """The kernel for the tile at a column, moved back from the edge; the scratch begins at the second of `columns`."""
        spec, plan, width = self.spec, self.plan, self.plan.tile.columns
        column, first = columns
        start = self._column_start(b, column, tile)
        if self.plan.copy:
            source = self._panel(b, divided(b, column, width)[0], operands)
            source = at(b, source, spec.dtype, width - tile.columns)  # the last panel ends at column n
            b_inner = width
        else:
            source, b_inner = at(b, operands.b, spec.dtype, start), spec.b_inner
        out = at(b, scratch, spec.dtype, minus(b, start, first))
        strides = (spec.a_row, spec.a_inner, b_inner, self.scratch_row)
        numbers = ", ".join(f"i64 {stride * self.size}" for stride in strides)
        kernel = (stream_kernel if plan.streamed else tile_kernel)(b.module, tile)
        arguments = f"ptr {a}, ptr {source}, ptr {out}, i64 {spec.k}, {numbers}, i64 0"
        if spec.k > SUM_BLOCK:
            arguments += f", ptr {kernel}, i64 {tile.rows}, i64 {tile.columns}"
            kernel = long_sums(b.module, spec.dtype, tile.lanes)
        b.emit(f"call void {kernel}({arguments})")
