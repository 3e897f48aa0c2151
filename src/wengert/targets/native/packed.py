"""A large matrix product: blocks of terms one after another, each with its part of b, and of a, copied to where caches like it.

A piece of work is a group of rows and a block of columns. Its sums lie on the stack; for each block of terms, as many as keep
a panel of b in the first cache, every tile adds its part. It knows no nest and no thread.
"""

from __future__ import annotations

from wengert.targets.native.blocks import at, block_columns, scratch_memory
from wengert.targets.native.contraction import ContractionStage, ContractSpec, Epilogue, Operands, pieces
from wengert.targets.native.counted import Count, counted, divided, least, minus, plus, times, when_equal
from wengert.targets.native.memory import BYTES, Memory
from wengert.targets.native.microkernel import Tile, moved, tile_kernel
from wengert.targets.native.packing import pack_kernel
from wengert.targets.native.processor import Processor
from wengert.targets.native.tiles import LARGE_BYTES, TiledProduct

PACKED_ROWS, TURNED_ROWS = 18, 9
"""From so many rows on, a copy of blocks of a large b is paid back; so it is where its columns do not lie side by side."""
GROUP_ROWS = 192
"""About so many rows share a copy of a block of b; products of more rows copy b once, before all pieces."""
OWN_BYTES, ROW_BYTES = 256 << 10, 2048
"""The most that a copy of a block of b takes of the stack, and a row of sums."""
LEAST_TERMS, MOST_TERMS = 128, 512
"""Bounds of a block of terms."""


def block_terms(k: int, tile: Tile, target: Processor) -> int:
    """The terms of a block: what keeps a panel of b in most of the first cache, cut evenly."""
    most = target.l1_bytes // (tile.columns * BYTES[tile.dtype])
    most = max(LEAST_TERMS, min(most, MOST_TERMS))
    each = pieces(k, pieces(k, most))
    return pieces(each, 8) * 8


class PackedProduct(TiledProduct):
    """The code of a large product ."""

    def __init__(self, spec: ContractSpec, target: Processor, parallel: bool) -> None:
        super().__init__(spec, target, parallel)
        tile = self.plan.tile
        self.whole = spec.m > GROUP_ROWS
        self.terms = block_terms(spec.k, tile, target)
        share = target.l2_bytes // 2 if self.whole else min(target.l2_bytes // 4, OWN_BYTES)
        most = min(share // (self.terms * self.size), ROW_BYTES // self.size)
        self.block = block_columns(spec.n, tile.columns, max(most, tile.columns), target.lanes(spec.dtype))
        self.blocks = pieces(spec.n, self.block)
        self.group = pieces(self.row_tiles, pieces(spec.m, GROUP_ROWS))
        self.group_rows = self.group * self.rows
        self.copies_a = spec.a_inner != 1
        self.panel_entries = self.terms * tile.columns

    @staticmethod
    def suits(spec: ContractSpec) -> bool:
        """Whether b is too large for the second cache and there are enough rows to copy it for."""
        least = PACKED_ROWS if spec.b_column == 1 else TURNED_ROWS
        return spec.m >= least and spec.n > 1 and spec.k * spec.n * BYTES[spec.dtype] >= LARGE_BYTES

    @property
    def workspace_bytes(self) -> int:
        """The memory for panels of b, where they are copied before all."""
        return self.panels * self.panel_bytes if self.whole else 0

    @property
    def stages(self) -> tuple[ContractionStage, ...]:
        """Copying b, where the rows are many, then the pieces."""
        copying = (ContractionStage(self.panels, self._copy),) if self.whole else ()
        return (*copying, ContractionStage(self.blocks * pieces(self.row_tiles, self.group), self._piece))

    def _piece(self, b: Memory, piece: Count, operands: Operands, epilogue: Epilogue) -> None:
        """One block of columns and one group of rows of tiles."""
        group, block = divided(b, piece, self.blocks)
        first = times(b, block, self.block)
        end = least(b, plus(b, first, self.block), self.spec.n)
        start = times(b, group, self.group)
        stop = least(b, plus(b, start, self.group), self.row_tiles)
        sums = self.group_rows * self.scratch_row
        panels = 0 if self.whole else pieces(self.block, self.plan.tile.columns) * self.panel_entries
        rows = self.group_rows * self.terms if self.copies_a else 0
        with scratch_memory(b, self.spec.dtype, sums + panels + rows) as memory:
            own = at(b, memory, self.spec.dtype, sums)
            copied = at(b, memory, self.spec.dtype, sums + panels)
            with counted(b, self.spec.k, self.terms) as term:
                terms = least(b, minus(b, self.spec.k, term), self.terms)
                if not self.whole:
                    self._copy_block(b, (term, terms), (first, end), operands, own)
                with counted(b, stop, start=start) as row_tile:
                    line = self._line(b, memory, minus(b, row_tile, start))
                    a, a_strides = self._rows_of(
                        b, row_tile, minus(b, row_tile, start), (term, terms), operands, copied
                    )
                    source = operands.workspace if self.whole else own
                    self._tiles(b, (a, a_strides), (source, first, end), (term, terms), line)
            with counted(b, stop, start=start) as row_tile:
                line = self._line(b, memory, minus(b, row_tile, start))
                self._finish(b, row_tile, (first, end), line, epilogue)

    def _line(self, b: Memory, scratch: str, tile: Count) -> str:
        """Where the sums of a row of tiles lie."""
        return at(b, scratch, self.spec.dtype, times(b, tile, self.rows * self.scratch_row))

    def _copy(self, b: Memory, panel: Count, operands: Operands, epilogue: Epilogue) -> None:
        """One panel over all terms."""
        column = times(b, panel, self.plan.tile.columns)
        self._copy_panel(b, (0, self.spec.k), column, operands, self._panel(b, panel, operands))

    def _copy_block(
        self, b: Memory, span: tuple[Count, Count], block: tuple[Count, Count], operands: Operands, own: str
    ) -> None:
        """The panels of a block of columns and of terms."""
        width = self.plan.tile.columns
        with counted(b, block[1], width, block[0]) as column:
            panel = divided(b, minus(b, column, block[0]), width)[0]
            target = at(b, own, self.spec.dtype, times(b, panel, self.panel_entries))
            self._copy_panel(b, span, column, operands, target)

    def _copy_panel(self, b: Memory, span: tuple[Count, Count], column: Count, operands: Operands, panel: str) -> None:
        """The terms of a span; of a last panel the columns that there are, so that no tile is moved back and adds twice."""
        spec, width, (term, terms) = self.spec, self.plan.tile.columns, span
        source = at(b, operands.b, spec.dtype, plus(b, times(b, column, spec.b_column), times(b, term, spec.b_inner)))
        valid = least(b, minus(b, spec.n, column), width)
        values = (terms, spec.b_inner * self.size, spec.b_column * self.size, width, valid)
        kernel = pack_kernel(b.module, spec.dtype, self.unit)
        b.emit(f"call void {kernel}(ptr {source}, ptr {panel}, {', '.join(f'i64 {value}' for value in values)})")

    def _rows_of(
        self, b: Memory, row_tile: Count, place: Count, span: tuple[Count, Count], operands: Operands, copied: str
    ) -> tuple[str, tuple[int, int]]:
        """The rows of a tile from a term on, copied where their terms do not lie side by side; and the strides of rows and terms."""
        spec, (term, terms) = self.spec, span
        entry = plus(b, times(b, self.row_start(b, row_tile), spec.a_row), times(b, term, spec.a_inner))
        source = at(b, operands.a, spec.dtype, entry)
        if not self.copies_a:
            return source, (spec.a_row, spec.a_inner)
        target = at(b, copied, spec.dtype, times(b, place, self.rows * self.terms))
        kernel = pack_kernel(
            b.module, spec.dtype, "column" if spec.a_row == 1 else "inner" if spec.a_inner == 1 else "none"
        )
        strides = (spec.a_inner * self.size, spec.a_row * self.size, self.rows, self.rows)
        numbers = ", ".join(f"i64 {value}" for value in (terms, *strides))
        b.emit(f"call void {kernel}(ptr {source}, ptr {target}, {numbers})")
        return target, (1, self.rows)

    def _tiles(
        self,
        b: Memory,
        rows: tuple[str, tuple[int, int]],
        panels: tuple[str, Count, Count],
        span: tuple[Count, Count],
        line: str,
    ) -> None:
        """Add the products of some terms to a row of tiles."""
        plan, width, (_, first, end) = self.plan, self.plan.tile.columns, panels
        if plan.rest is None:
            with counted(b, end, width, first) as column:
                self._tile(b, plan.tile, rows, (panels[0], column, first), span, line)
            return
        whole = self.spec.n // width * width
        with counted(b, least(b, end, whole), width, first) as column:
            self._tile(b, plan.tile, rows, (panels[0], column, first), span, line)
        with when_equal(b, end, self.spec.n):
            self._tile(b, plan.rest, rows, (panels[0], whole, first), span, line)

    def _tile(
        self,
        b: Memory,
        tile: Tile,
        rows: tuple[str, tuple[int, int]],
        panel: tuple[str, Count, Count],
        span: tuple[Count, Count],
        line: str,
    ) -> None:
        """The kernel for one tile, at a column of the block that begins at `first`."""
        spec, width, (term, terms) = self.spec, self.plan.tile.columns, span
        memory, column, first = panel
        if self.whole:
            source = moved(b, memory, times(b, divided(b, column, width)[0], self.panel_bytes))
            source = at(b, source, spec.dtype, times(b, term, width))
        else:
            number = divided(b, minus(b, column, first), width)[0]
            source = at(b, memory, spec.dtype, times(b, number, self.panel_entries))
        out = at(b, line, spec.dtype, minus(b, column, first))
        a, (a_row, a_inner) = rows
        numbers = ", ".join(f"i64 {stride * self.size}" for stride in (a_row, a_inner, width, self.scratch_row))
        kernel = tile_kernel(b.module, tile)
        b.emit(f"call void {kernel}(ptr {a}, ptr {source}, ptr {out}, i64 {terms}, {numbers}, i64 {term})")
