"""A matrix product of few rows where the terms of every sum lie side by side: dot products, whose lanes are added at the end.

Each sum is kept in vector lanes that take every W-th term, and the lanes are added by halves: an order that depends on k and
the width of a register only. It knows no nest and no thread.
"""

from __future__ import annotations

from dataclasses import dataclass

from wengert.targets.native.blocks import BlockedProduct, at, block_columns
from wengert.targets.native.contraction import ContractionStage, ContractSpec, Epilogue, Operands, aligned
from wengert.targets.native.counted import Count, counted, least, minus, number, times
from wengert.targets.native.instructions import SUFFIXES, CodeBody, Value
from wengert.targets.native.memory import BYTES, Memory
from wengert.targets.native.microkernel import multiply_add
from wengert.targets.native.module import Module
from wengert.targets.native.packing import pack_kernel
from wengert.targets.native.processor import Processor

PARAMETERS = "ptr noalias readonly %a, ptr noalias readonly %b, ptr noalias %out, i64 %k, i64 %a_row, i64 %b_column, i64 %out_row"
MOST_ROWS = 4
BLOCK_COLUMNS = 512


@dataclass(frozen=True, slots=True)
class Dots:
    """Dot products of `rows` rows with `columns` columns at a time, `unroll` vectors of terms in a step."""

    dtype: str
    rows: int
    columns: int
    unroll: int
    lanes: int

    @property
    def name(self) -> str:
        """The kernel's name in its module."""
        return f"wg_dots_{SUFFIXES[self.dtype]}_{self.rows}x{self.columns}x{self.unroll}x{self.lanes}"


def dots_kernel(module: Module, dots: Dots) -> str:
    """The name of the kernel out[i, j] = Σ_k a[i, k] b[j, k]; its arguments are a, b, out, k ≥ lanes and the strides in bytes
    of the rows of a, of b and of out.
    """
    return module.kernel(dots.name, PARAMETERS, lambda module: _DotWriter(module, dots).text())


Totals = dict[tuple[int, int, int], Value]


class _DotWriter:
    """The text of one kernel."""

    def __init__(self, module: Module, dots: Dots) -> None:
        self.dots = dots
        self.b = Memory(module, dots.lanes, CodeBody("entry"))
        self.keys = [(i, j, u) for u in range(dots.unroll) for i in range(dots.rows) for j in range(dots.columns)]
        self.size = BYTES[dots.dtype]

    def text(self) -> str:
        """The whole function."""
        b, dots = self.b, self.dots
        a = [self._row("%a", "%a_row", i) for i in range(dots.rows)]
        columns = [self._row("%b", "%b_column", j) for j in range(dots.columns)]
        zero = b.constant(0, dots.dtype)
        totals: Totals = dict.fromkeys(self.keys, zero)
        step = dots.lanes * dots.unroll
        unrolled = b.integer("and", number("%k"), -step).name
        totals = self._loop(a, columns, "0", unrolled, dots.unroll, totals)
        if dots.unroll > 1:
            whole = b.integer("and", number("%k"), -dots.lanes).name
            totals = self._loop(a, columns, unrolled, whole, 1, totals)
        totals = self._last(a, columns, totals)
        self._write(totals)
        b.emit("ret void")
        lines = "\n".join(b.lines)
        return f"define internal void @{dots.name}({PARAMETERS}) noinline #0 {{\nentry:\n{lines}\n}}"

    def _row(self, base: str, stride: str, index: int) -> str:
        if index == 0:
            return base
        offset = self.b.multiply(number(stride), number(index))
        return self.b.pointer(f"getelementptr i8, ptr {base}, i64 {offset.name}")

    def _vectors(self, rows: list[str], term: str) -> list[Value]:
        return [self.b.load(self.b.element(row, self.dots.dtype, term), self.dots.dtype) for row in rows]

    def _loop(self, a: list[str], columns: list[str], start: str, stop: str, unroll: int, totals: Totals) -> Totals:
        """The terms start … stop − 1, `unroll` vectors in a step."""
        b, lanes = self.b, self.dots.lanes
        head, body, after, before = b.label("head"), b.label("body"), b.label("after"), b.block
        term, advanced = b.fresh("k"), b.fresh("k")
        names = {key: b.fresh("t") for key in self.keys}
        b.jump(head)
        b.start_block(head)
        place = len(b.lines)
        with b.scope():
            b.branch(b.compare("slt", number(term), number(stop)), body, after)
            b.start_block(body)
            sums = {key: Value(names[key], self.dots.dtype, lanes) for key in self.keys}
            for u in range(unroll):
                at_term = b.add(number(term), number(u * lanes)).name if u else term
                left, right = self._vectors(a, at_term), self._vectors(columns, at_term)
                for i, x in enumerate(left):
                    for j, y in enumerate(right):
                        sums[i, j, u] = multiply_add(b, x, y, sums[i, j, u])
            b.emit(f"{advanced} = add nsw i64 {term}, {unroll * lanes}")
            b.jump(head)
        b.lines[place:place] = [f"  {term} = phi i64 [ {start}, %{before} ], [ {advanced}, %{body} ]"] + [
            f"  {names[key]} = phi {totals[key].type} [ {totals[key].name}, %{before} ], [ {sums[key].name}, %{body} ]"
            for key in self.keys
        ]
        b.start_block(after)
        return {key: Value(name, self.dots.dtype, lanes) for key, name in names.items()}

    def _last(self, a: list[str], columns: list[str], totals: Totals) -> Totals:
        """The last terms, fewer than a vector: the vector that ends at the last term, of which the new lanes are added."""
        b, lanes = self.b, self.dots.lanes
        beyond = b.integer("and", number("%k"), lanes - 1)
        old = b.subtract(number(lanes), beyond)
        new = b.compare("sge", b.iota("int64"), b.splat(old))
        start = b.subtract(number("%k"), number(lanes)).name
        left, right = self._vectors(a, start), self._vectors(columns, start)
        added = dict(totals)
        for i, x in enumerate(left):
            for j, y in enumerate(right):
                added[i, j, 0] = b.where(new, multiply_add(b, x, y, totals[i, j, 0]), totals[i, j, 0])
        return added

    def _write(self, totals: Totals) -> None:
        b, dots = self.b, self.dots
        scalar = Memory(b.module, 1, b.body)
        for i in range(dots.rows):
            row = self._row("%out", "%out_row", i)
            for j in range(dots.columns):
                total = totals[i, j, 0]
                for u in range(1, dots.unroll):
                    total = b.add(total, totals[i, j, u])
                place = b.element(row, dots.dtype, str(j)) if j else row
                scalar.store(b.reduce_add(total), place)


class DotProduct(BlockedProduct):
    """The code of a product of few rows by dot products; b's inner axis is contiguous, a's is copied where it is not."""

    def __init__(self, spec: ContractSpec, target: Processor, parallel: bool, swapped: bool = False) -> None:
        at_once = min({1: 8, 2: 4}.get(spec.m, 3), spec.n)
        if spec.m == 4:
            at_once = min(2, spec.n)
        unroll = 4 if spec.m * at_once <= 2 else 2 if spec.m * at_once <= 4 else 1
        self.dots = Dots(spec.dtype, spec.m, at_once, unroll, target.lanes(spec.dtype))
        block = block_columns(spec.n, at_once, BLOCK_COLUMNS, target.lanes(spec.dtype))
        super().__init__(spec, swapped, spec.m, block, at_once, parallel)

    @staticmethod
    def suits(spec: ContractSpec, target: Processor) -> bool:
        """Whether the sums are few rows of dot products that are long enough."""
        contiguous = spec.b_inner == 1 and spec.b_column != 1
        return contiguous and spec.m <= MOST_ROWS and spec.k >= target.lanes(spec.dtype)

    @property
    def _copies(self) -> bool:
        return self.spec.a_inner != 1

    @property
    def _copied_row(self) -> int:
        """Entries from one row of the copy of a to the next."""
        return aligned(self.spec.k * self.size) // self.size

    @property
    def workspace_bytes(self) -> int:
        """The memory for the copy of a."""
        return self.spec.m * self._copied_row * self.size if self._copies else 0

    @property
    def stages(self) -> tuple[ContractionStage, ...]:
        """Copying, then the dot products."""
        copying = (ContractionStage(1, self._copy),) if self._copies else ()
        return (*copying, *super().stages)

    def _copy(self, b: Memory, piece: Count, operands: Operands, epilogue: Epilogue) -> None:
        """The rows of a, each with its terms side by side."""
        spec = self.spec
        source = operands.swapped.a if self.swapped else operands.a
        kernel = pack_kernel(b.module, spec.dtype, "none")
        values = (spec.m, spec.a_row * self.size, spec.a_inner * self.size, self._copied_row, spec.k)
        numbers = ", ".join(f"i64 {value}" for value in values)
        b.emit(f"call void {kernel}(ptr {source}, ptr {operands.workspace}, {numbers})")

    def fill(self, b: Memory, row_tile: Count, block: tuple[Count, Count], operands: Operands, scratch: str) -> None:
        """Call the kernel for all columns, the last ones moved back."""
        spec, at_once = self.spec, self.dots.columns
        first, end = block
        kernel = dots_kernel(b.module, self.dots)
        a, a_row = (operands.workspace, self._copied_row) if self._copies else (operands.a, spec.a_row)
        with counted(b, end, at_once, first) as column:
            start = least(b, column, spec.n - at_once)
            source = at(b, operands.b, spec.dtype, times(b, start, spec.b_column))
            out = at(b, scratch, spec.dtype, minus(b, start, first))
            strides = (a_row, spec.b_column, self.scratch_row)
            numbers = ", ".join(f"i64 {stride * self.size}" for stride in strides)
            b.emit(f"call void {kernel}(ptr {a}, ptr {source}, ptr {out}, i64 {spec.k}, {numbers})")
