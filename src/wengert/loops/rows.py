"""Blocks of rows: kernels in a row that go over the same leading axis are run block by block, so that what one of them read or
wrote is still near when the next one wants it. X w, σ and Xᵀ r of a regression are then one pass over X.

It knows no graph and no target.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from wengert.loops.coalesce import Rewriter
from wengert.loops.nest import Affine, Axis, Buffer, Fill, For, Gather, Load, Statement, along
from wengert.loops.sweep import Reduced, Stored, Sweep, finish, identity, wide_dtype

NEAR = 128 * 1024
"""The bytes that a block of rows may take: what the second cache holds several times over."""
FAR = 512 * 1024
"""An array smaller than this is near anyway."""
BYTES = {"bool": 1, "int64": 8, "float32": 4, "float64": 8}


@dataclass
class Rows:
    """Sweeps over one leading axis, of `extent` rows."""

    extent: int
    sweeps: list[Sweep]

    def takes(self, sweep: Sweep) -> bool:
        """Whether a further sweep reads of the others' results, row by row, only the row that it is at."""
        if _extent(sweep) != self.extent:
            return False
        rows = sweep.axes[0]
        made = {s.buffer for each in self.sweeps for s in each.stored}
        totals = {r.buffer for each in self.sweeps for r in each.reduced if each.axes[0] in r.over}
        made |= {r.buffer for each in self.sweeps for r in each.reduced if each.axes[0] not in r.over}
        for load in _loads(sweep):
            if load.buffer in totals or (load.buffer in made and not _is_row_by_row(load, rows, self.extent)):
                return False
        written = [(s.buffer, s.index) for s in sweep.stored]
        written += [(r.buffer, r.start + r.index) for r in sweep.reduced if rows not in r.over]
        return all(self._may_be_written(buffer, index, rows) for buffer, index in written)

    def _may_be_written(self, buffer: Buffer, index: Affine, rows: Axis) -> bool:
        """What is written in place may have been read by an earlier sweep, but only in the row that is written."""
        reads = [(load, each.axes[0]) for each in self.sweeps for load in _loads(each) if load.buffer is buffer]
        if not reads:
            return True
        own = all(_is_row_by_row(load, axis, self.extent) for load, axis in reads)
        return own and _own_row(index, buffer, rows, self.extent)

    def is_worth_it(self) -> bool:
        """Whether an array that does not stay near by itself is touched by more than one of the sweeps."""
        if len(self.sweeps) < 2:
            return False
        seen: set[Buffer] = set()
        for sweep in self.sweeps:
            touched = {load.buffer for load in _loads(sweep)} | {s.buffer for s in sweep.stored}
            if any(_bytes(buffer) >= FAR and buffer.entries % self.extent == 0 for buffer in touched & seen):
                return True
            seen |= touched
        return False

    def nest(self) -> list[Statement]:
        """One loop over blocks of rows; what is summed over rows has a slot a block, and the slots are added in order."""
        touched = {load.buffer for sweep in self.sweeps for load in _loads(sweep)}
        touched |= {s.buffer for sweep in self.sweeps for s in sweep.stored}
        row = sum(_bytes(buffer) // self.extent for buffer in touched if buffer.entries % self.extent == 0)
        size = max(16, min(self.extent, NEAR // max(row, 1)) // 16 * 16)
        block = Axis(-(-self.extent // size), "block")
        body: list[Statement] = []
        after: list[Statement] = []
        threads = all(sweep.threads for sweep in self.sweeps)
        for sweep in self.sweeps:
            part, totals = _in_block(sweep, block, size)
            body.extend(part.nest())
            after.extend(s for root, slots in totals for s in finish(root, slots, block.extent))
        return [For(block, tuple(body), "parallel" if threads else "serial"), *after]


def in_blocks(parts: Iterable[Sweep | list[Statement]]) -> list[Statement]:
    """The statements of kernels in order, runs of them over the same rows in blocks."""
    statements: list[Statement] = []
    run: Rows | None = None

    def close() -> None:
        nonlocal run
        if run is not None:
            ready = [run.nest()] if run.is_worth_it() else [sweep.nest() for sweep in run.sweeps]
            statements.extend(s for each in ready for s in each)
            run = None

    for part in parts:
        if isinstance(part, Sweep) and run is not None and run.takes(part):
            run.sweeps.append(part)
            continue
        close()
        if isinstance(part, Sweep) and _extent(part) > 1:
            run = Rows(_extent(part), [part])
        else:
            statements.extend(part.nest() if isinstance(part, Sweep) else part)
    close()
    return statements


def _extent(sweep: Sweep) -> int:
    scattered = any(s.combine is not None for s in sweep.stored)
    return sweep.axes[0].extent if sweep.axes and not scattered else 0


def _loads(sweep: Sweep) -> list[Load | Gather]:
    return [each for each in sweep.instructions if isinstance(each, Load | Gather)]


def _bytes(buffer: Buffer) -> int:
    return buffer.entries * BYTES[buffer.dtype]


def _is_row_by_row(load: Load | Gather, rows: Axis, extent: int) -> bool:
    return isinstance(load, Load) and not load.guards and _own_row(load.index, load.buffer, rows, extent)


def _own_row(index: Affine, buffer: Buffer, rows: Axis, extent: int) -> bool:
    """Whether the entry lies in the row of a buffer of `extent` rows that the axis is at."""
    step, rest = divmod(buffer.entries, extent)
    if rest or index.coefficient(rows) != step:
        return False
    low, high = (index + along(rows) * -step).bounds()
    return low >= 0 and high < step


def _in_block(sweep: Sweep, block: Axis, size: int) -> tuple[Sweep, list[tuple[Reduced, Buffer]]]:
    """The sweep over one block, and the slots of what it sums over rows."""
    old = sweep.axes[0]
    clip = (block, old.extent) if old.extent % size else None
    rows = Axis(size, old.name, clip)
    rewriter = Rewriter({old: along(block) * size + along(rows)})
    instructions = rewriter.rewrite_all(sweep.instructions)
    stored = [Stored(rewriter.new[s.value], s.buffer, rewriter.index(s.index), (), s.combine) for s in sweep.stored]
    reduced: list[Reduced] = []
    totals: list[tuple[Reduced, Buffer]] = []
    for root in sweep.reduced:
        value, over = rewriter.new[root.value], root.over - {old}
        buffer, start, index = root.buffer, root.start, rewriter.index(root.index)
        number = identity(root.combine, root.value.dtype)
        if old in root.over:
            over = over | {rows}
            buffer = Buffer(f"{root.buffer.name}_rows", wide_dtype(root), (block.extent, root.size))
            start = along(block) * root.size
            totals.append((root, buffer))
            own: Statement = Fill(buffer, start, root.size, number)
        else:
            step, row = root.index.coefficient(old), Axis(size, old.name, clip)
            first = start + along(block) * (size * step) + along(row) * step
            own = For(row, (Fill(buffer, first, step, number),))
        reduced.append(Reduced(value, over, root.combine, buffer, start, index, root.size, own))
    axes: Sequence[Axis] = [rows, *sweep.axes[1:]]
    return Sweep(axes, instructions, stored, reduced, sweep.cost, threads=False), totals
