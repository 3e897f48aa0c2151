"""A kernel for one row times a large matrix: b is read row after row, in long pieces as memory likes it, and the sums lie in
the first cache. It has the arguments of a tile kernel, and knows no loop around it.
"""

from __future__ import annotations

from wengert.targets.native.counted import Count, counted, divided, plus, times
from wengert.targets.native.instructions import CodeBody
from wengert.targets.native.memory import Memory
from wengert.targets.native.microkernel import PARAMETERS, Tile, broadcast_load, moved, multiply_add
from wengert.targets.native.module import Module

ROWS_AT_ONCE = 8
"""Rows of b that are added while the sums pass through registers once."""


def stream_kernel(module: Module, tile: Tile) -> str:
    """The name of the kernel out[0, j] = Σ_k a[0, k] b[k, j] for the columns of a tile of one row."""
    name = tile.name.replace("tile", "stream")
    return module.kernel(name, PARAMETERS, lambda module: _Writer(module, tile).text(name))


class _Writer:
    """The text of one kernel."""

    def __init__(self, module: Module, tile: Tile) -> None:
        self.tile = tile
        self.b = Memory(module, tile.lanes, CodeBody("entry"))

    def text(self, name: str) -> str:
        """The whole function."""
        b, dtype = self.b, self.tile.dtype
        with counted(b, self.tile.columns, self.tile.lanes) as column:
            b.store(b.constant(0, dtype), b.element("%out", dtype, str(column)))
        together = times(b, divided(b, "%k", ROWS_AT_ONCE)[0], ROWS_AT_ONCE)
        with counted(b, together, ROWS_AT_ONCE) as k:
            self._add(k, ROWS_AT_ONCE)
        with counted(b, "%k", start=together) as k:
            self._add(k, 1)
        b.emit("ret void")
        lines = "\n".join(b.lines)
        return f"define internal void @{name}({PARAMETERS}) noinline #0 {{\nentry:\n{lines}\n}}"

    def _add(self, k: Count, rows: int) -> None:
        """Add the products of some terms to every sum, in order."""
        b, dtype = self.b, self.tile.dtype
        terms = [plus(b, k, row) for row in range(rows)]
        factors = [broadcast_load(b, moved(b, "%a", times(b, term, "%a_inner")), dtype) for term in terms]
        pointers = [moved(b, "%b", times(b, term, "%b_inner")) for term in terms]
        with counted(b, self.tile.columns, self.tile.lanes) as column:
            place = b.element("%out", dtype, str(column))
            total = b.load(place, dtype)
            for factor, pointer in zip(factors, pointers, strict=True):
                total = multiply_add(b, factor, b.load(b.element(pointer, dtype, str(column)), dtype), total)
            b.store(total, place)
