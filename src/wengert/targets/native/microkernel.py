"""Micro-kernels of the matrix product: a small tile of sums kept in registers over the whole inner axis, written to memory at its end.

A kernel takes pointers and strides (in bytes) as arguments, so that products of one module share it. It knows no loop around the tile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wengert.targets.native.counted import Count, counted, least, minus, number, times
from wengert.targets.native.instructions import ELEMENTS, SUFFIXES, CodeBody, Value, constant_of, literal
from wengert.targets.native.memory import BYTES, Memory
from wengert.targets.native.module import Module

SUM_BLOCK = 1024
"""Terms that one chain of a sum takes. A longer sum is cut into blocks of that many terms, whose sums are added in order:
the rounding error grows with SUM_BLOCK + k / SUM_BLOCK, and the order depends on k alone."""

PARAMETERS = (
    "ptr noalias readonly %a, ptr noalias readonly %b, ptr noalias %out, i64 %k, "
    "i64 %a_row, i64 %a_inner, i64 %b_inner, i64 %out_row, i64 %more"
)
_LONG_PARAMETERS = f"{PARAMETERS}, ptr %kernel, i64 %rows, i64 %columns"
MOST_TILE_ENTRIES = 1024
"""No tile has more sums."""

_ROW_GROUP = 3  # rows p, p + s and p + 2 s are addressed from one pointer without further instructions on x86


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile of `rows` × (`vectors` · `lanes`) sums.

    tail   the valid lanes of the last vector; the columns behind them are neither read nor meaningful (0: all are valid)
    """

    dtype: str
    rows: int
    vectors: int
    lanes: int
    tail: int = 0

    @property
    def columns(self) -> int:
        """The columns that the tile writes."""
        return self.vectors * self.lanes

    @property
    def name(self) -> str:
        """The kernel's name in its module."""
        tail = f"_tail{self.tail}" if self.tail else ""
        return f"wg_tile_{SUFFIXES[self.dtype]}_{self.rows}x{self.vectors}x{self.lanes}{tail}"


def mask_of(lanes: int, valid: int) -> Value:
    """The constant mask of the first `valid` lanes."""
    if lanes == 1:
        return Value("true" if valid else "false", "bool", 1)
    return Value("<" + ", ".join(f"i1 {literal(lane < valid, 'bool')}" for lane in range(lanes)) + ">", "bool", lanes)


def multiply_add(b: Memory, x: Value, y: Value, z: Value) -> Value:
    """x y + z; floats fused where the target can, integers wrapping around."""
    return b.fma(x, y, z) if x.is_float else b.add(b.multiply(x, y), z)


def broadcast_load(b: Memory, pointer: str, dtype: str) -> Value:
    """One entry in every lane."""
    scalar = Memory(b.module, 1, b.body).load(pointer, dtype)
    return b.splat(scalar)


def load_lanes(b: Memory, pointer: str, dtype: str, valid: int) -> Value:
    """A vector of which the first `valid` lanes are read (0: all)."""
    if not valid or valid == b.width:
        return b.load(pointer, dtype)
    return b.masked_load(pointer, dtype, mask_of(b.width, valid))


def tile_kernel(module: Module, tile: Tile) -> str:
    """The name of the kernel out[i, j] = Σ_k a[i, k] b[k, j] of a tile; its arguments are a, b, out, k ≥ 1, the strides
    of a's rows, a's inner axis, b's inner axis and out's rows, and `more`: where that is not 0, the sums are added to what
    stands in out. Columns of b and out are contiguous.
    """
    return module.kernel(tile.name, PARAMETERS, lambda module: _TileWriter(module, tile).text())


class _TileWriter:
    """The text of one tile kernel."""

    def __init__(self, module: Module, tile: Tile) -> None:
        self.tile = tile
        self.b = Memory(module, tile.lanes, CodeBody("entry"))
        self.entries = [(i, j) for i in range(tile.rows) for j in range(tile.vectors)]
        self.groups = list(range(0, tile.rows, _ROW_GROUP))
        self.size = BYTES[tile.dtype]

    def text(self) -> str:
        """The whole function."""
        b = self.b
        self.steps = ("0", "%a_row", self._opaque("i64", b.multiply(number("%a_row"), number(2)).name))
        starts = [self._row_start(g) for g in self.groups]
        sums = self._sums(starts)
        storing, adding = b.label("storing"), b.label("adding")
        b.branch(b.compare("eq", number("%more"), number(0)), storing, adding)
        for label, add in ((storing, False), (adding, True)):
            b.start_block(label)
            with b.scope():
                self._write(sums, add)
                b.emit("ret void")
        lines = "\n".join(b.lines)
        return f"define internal void @{self.tile.name}({PARAMETERS}) noinline #0 {{\nentry:\n{lines}\n}}"

    def _move(self, pointer: str, by: str | int) -> str:
        if by in (0, "0"):
            return pointer
        return self.b.pointer(f"getelementptr i8, ptr {pointer}, i64 {by}")

    def _row_start(self, row: int) -> str:
        if row == 0:
            return "%a"
        return self._opaque("ptr", self._move("%a", self.b.multiply(number("%a_row"), number(row)).name))

    def _opaque(self, kind: str, value: str) -> str:
        """The value, with its origin hidden: else the code generator reaches one row from the one before by a chain of additions."""
        hidden = self.b.fresh("o")
        self.b.emit(f'{hidden} = call {kind} asm "", "=r,0"({kind} {value})')
        return hidden

    def _row(self, pointers: Sequence[str], row: int) -> str:
        return self._move(pointers[row // _ROW_GROUP], self.steps[row % _ROW_GROUP])

    def _sums(self, a: Sequence[str]) -> dict[tuple[int, int], Value]:
        """The loop over k."""
        b, tile = self.b, self.tile
        loop, after, before = b.label("loop"), b.label("done"), b.block
        step, advanced = b.fresh("k"), b.fresh("k")
        starts = [*a, "%b"]
        pointers = [b.fresh("p") for _ in starts]
        totals = {e: b.fresh("t") for e in self.entries}
        b.jump(loop)
        b.start_block(loop)
        at = len(b.lines)
        with b.scope():
            current = {e: Value(name, tile.dtype, tile.lanes) for e, name in totals.items()}
            sums = self._term(pointers[:-1], pointers[-1], current)
            strides = ["%a_inner"] * len(self.groups) + ["%b_inner"]
            moved = [self._move(p, s) for p, s in zip(pointers, strides, strict=True)]
            b.emit(f"{advanced} = add nsw i64 {step}, 1")
            b.branch(b.compare("slt", number(advanced), number("%k")), loop, after)
        zero = constant_of(0, tile.dtype, tile.lanes)
        phis = [f"  {step} = phi i64 [ 0, %{before} ], [ {advanced}, %{loop} ]"]
        phis += [
            f"  {p} = phi ptr [ {start}, %{before} ], [ {end}, %{loop} ]"
            for p, start, end in zip(pointers, starts, moved, strict=True)
        ]
        phis += [
            f"  {totals[e]} = phi {zero.type} [ {zero.name}, %{before} ], [ {sums[e].name}, %{loop} ]"
            for e in self.entries
        ]
        b.lines[at:at] = phis
        b.start_block(after)
        return sums

    def _term(
        self, a: Sequence[str], b_pointer: str, totals: dict[tuple[int, int], Value]
    ) -> dict[tuple[int, int], Value]:
        """The totals with the products of one inner index added."""
        b, tile = self.b, self.tile
        last = tile.vectors - 1
        vectors = [
            load_lanes(b, self._move(b_pointer, j * tile.lanes * self.size), tile.dtype, tile.tail if j == last else 0)
            for j in range(tile.vectors)
        ]
        sums: dict[tuple[int, int], Value] = {}
        for i in range(tile.rows):
            factor = broadcast_load(b, self._row(a, i), tile.dtype)
            for j in range(tile.vectors):
                sums[i, j] = multiply_add(b, factor, vectors[j], totals[i, j])
        return sums

    def _write(self, sums: dict[tuple[int, int], Value], add: bool) -> None:
        b, tile = self.b, self.tile
        row = "%out"
        for i in range(tile.rows):
            for j in range(tile.vectors):
                place = self._move(row, j * tile.lanes * self.size)
                b.store(b.add(b.load(place, tile.dtype), sums[i, j]) if add else sums[i, j], place)
            if i + 1 < tile.rows:
                row = self._move(row, "%out_row")


def long_sums(module: Module, dtype: str, lanes: int) -> str:
    """The name of the function that calls a tile kernel for every SUM_BLOCK terms and adds the tiles in order.

    Its arguments are those of the kernel, then the kernel, the rows of its tile, and the columns, a multiple of `lanes`.
    """
    name = f"wg_long_sums_{SUFFIXES[dtype]}x{lanes}"
    return module.kernel(name, _LONG_PARAMETERS, lambda module: _long_sums(module, name, dtype, lanes))


def _long_sums(module: Module, name: str, dtype: str, lanes: int) -> str:
    b = Memory(module, lanes, CodeBody("entry"))
    b.emit(f"%tile = alloca [{MOST_TILE_ENTRIES} x {ELEMENTS[dtype]}], align 64")
    tile_row = times(b, "%columns", BYTES[dtype])
    with counted(b, "%k", SUM_BLOCK) as term:
        first = b.compare("eq", number(term), number(0))
        out, row = (b.fresh(prefix) for prefix in ("out", "row"))
        b.emit(f"{out} = select i1 {first.name}, ptr %out, ptr %tile")
        b.emit(f"{row} = select i1 {first.name}, i64 %out_row, i64 {tile_row}")
        a = moved(b, "%a", times(b, term, "%a_inner"))
        terms = least(b, minus(b, "%k", term), SUM_BLOCK)
        source = moved(b, "%b", times(b, term, "%b_inner"))
        strides = f"i64 %a_row, i64 %a_inner, i64 %b_inner, i64 {row}, i64 0"
        b.emit(f"call void %kernel(ptr {a}, ptr {source}, ptr {out}, i64 {terms}, {strides})")
        rows = b.where(first, number(0), number("%rows")).name
        with counted(b, rows) as i:
            total, part = moved(b, "%out", times(b, i, "%out_row")), moved(b, "%tile", times(b, i, tile_row))
            with counted(b, "%columns", lanes) as j:
                place = b.element(total, dtype, str(j))
                b.store(b.add(b.load(place, dtype), b.load(b.element(part, dtype, str(j)), dtype)), place)
    b.emit("ret void")
    lines = "\n".join(b.lines)
    return f"define internal void @{name}({_LONG_PARAMETERS}) noinline #0 {{\nentry:\n{lines}\n}}"


def moved(b: Memory, pointer: str, by: Count) -> str:
    """A pointer so many bytes further."""
    return b.pointer(f"getelementptr i8, ptr {pointer}, i64 {by}")
