"""Blocks of rows: kernels in a row that go over the same leading axis are run block by block, so that what one of them read or
wrote is still near when the next one wants it. X w, σ and Xᵀ r of a regression are then one pass over X.

It knows no graph and no target.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from wengert.targets.native.loops.buffers import BYTES
from wengert.targets.native.loops.coalesce import AxisRewriter
from wengert.targets.native.loops.inside import buffers_of, statements
from wengert.targets.native.loops.nest import (
    Affine,
    Axis,
    Buffer,
    BufferKind,
    Fill,
    For,
    Gather,
    Instruction,
    Load,
    Statement,
    along,
)
from wengert.targets.native.loops.roots import Reduced, Stored, finish, identity, wide_dtype
from wengert.targets.native.loops.sweep import BLOCK, Sweep

NEAR = 24 * 1024
"""The bytes that a block of rows may take: what the first cache holds with room to spare."""
FAR = 512 * 1024
"""An array smaller than this is near anyway."""
MOST_PRIVATE = 256 * 1024
"""The bytes that are private to a block: they lie on the stack of a thread, which may be short."""


@dataclass
class Rows:
    """Sweeps over one leading axis, of `extent` rows."""

    extent: int
    sweeps: list[Sweep] = field(default_factory=list[Sweep])
    made: dict[Buffer, bool] = field(default_factory=dict[Buffer, bool])
    """What the sweeps write, and whether it is summed over rows."""
    reads: dict[Buffer, bool] = field(default_factory=dict[Buffer, bool])
    """What they read, and whether always only in the row that they are at."""
    again: bool = False
    """Whether an array that does not stay near by itself is touched by more than one of them."""

    def add(self, sweep: Sweep) -> None:
        """One more sweep, which `takes` has looked at."""
        rows = sweep.axes[0]
        touched = {s.buffer for s in sweep.stored}
        for load in _loads(sweep):
            own = _is_row_by_row(load, rows, self.extent)
            touched.add(load.buffer)
            if load.buffer in self.reads or load.buffer in self.made:
                self.again = self.again or self._is_far(load.buffer)
            self.reads[load.buffer] = self.reads.get(load.buffer, True) and own
        self.again = self.again or any(s.buffer in self.reads and self._is_far(s.buffer) for s in sweep.stored)
        self.made.update({s.buffer: False for s in sweep.stored})
        self.made.update({r.buffer: rows in r.over for r in sweep.reduced})
        self.sweeps.append(sweep)

    def _is_far(self, buffer: Buffer) -> bool:
        return bool(self.sweeps) and _bytes(buffer) >= FAR and buffer.entries % self.extent == 0

    def takes(self, sweep: Sweep) -> bool:
        """Whether a further sweep reads of the others' results, row by row, only the row that it is at."""
        if _extent(sweep) != self.extent:
            return False
        rows = sweep.axes[0]
        for load in _loads(sweep):
            summed = self.made.get(load.buffer)
            if summed or (summed is False and not _is_row_by_row(load, rows, self.extent)):
                return False
        written = [(s.buffer, s.index) for s in sweep.stored]
        written += [(r.buffer, r.start + r.index) for r in sweep.reduced if rows not in r.over]
        # What is written in place may have been read by an earlier sweep, but only in the row that is written.
        return all(
            buffer not in self.reads or (self.reads[buffer] and _own_row(index, buffer, rows, self.extent))
            for buffer, index in written
        )

    def nest(self, shared: Container[Buffer]) -> list[Statement]:
        """One loop over blocks of rows; what is summed over rows has a slot a block, and the slots are added in order.

        A result of which nothing but these sweeps knows, no buffer in `shared`, has memory for one block only.
        """
        threads = all(sweep.threads for sweep in self.sweeps)
        local = [b for b, summed in self.made.items() if b.kind == "temporary" and not summed and b not in shared]
        local = [b for b in local if b.entries % self.extent == 0 and self._is_whole(b)]
        row = sum(_bytes(b) // self.extent for b in {*self.reads, *self.made} if b.entries % self.extent == 0)
        size = _block_size(self.extent, max(16, min(self.extent, BLOCK, NEAR // max(row, 1)) // 16 * 16))
        block = Axis(-(-self.extent // size), "block")
        if sum(size * (_bytes(b) // self.extent) for b in local) > MOST_PRIVATE:
            local = []
        kind: BufferKind = "private" if threads else "temporary"
        near = {b: Buffer(b.name, b.dtype, (size * (b.entries // self.extent),), kind) for b in local}
        body: list[Statement] = []
        after: list[Statement] = []
        for sweep in self.sweeps:
            part, totals = _in_block(sweep, _Block(block, size, self.extent, near))
            body.extend(part.nest())
            after.extend(s for root, slots in totals for s in finish(root, slots, block.extent))
        return [For(block, tuple(body), "parallel" if threads else "serial"), *after]

    def _is_whole(self, buffer: Buffer) -> bool:
        """Whether each row of the buffer is written by a store or reduction at its own row."""
        for sweep in self.sweeps:
            rows = sweep.axes[0]
            indices = [s.index for s in sweep.stored if s.buffer is buffer]
            indices += [r.start + r.index for r in sweep.reduced if r.buffer is buffer]
            if not all(_own_row(index, buffer, rows, self.extent) for index in indices):
                return False
        return self.reads.get(buffer, True)


def _block_size(extent: int, most: int) -> int:
    """At most so many rows a block: a number that divides the extent, if there is one that is not much smaller."""
    return next((size for size in range(most, most * 2 // 3, -1) if extent % size == 0), most)


def in_blocks(parts: Sequence[Sweep | list[Statement]], kept: Iterable[Buffer]) -> list[Statement]:
    """The statements of kernels in order, runs of them over the same rows in blocks. `kept` is read after them."""
    groups: list[Rows | Sweep | list[Statement]] = []
    for part in parts:
        last = groups[-1] if groups else None
        if isinstance(part, Sweep) and isinstance(last, Rows) and last.takes(part):
            last.add(part)
        elif isinstance(part, Sweep) and _extent(part) > 1:
            rows = Rows(_extent(part))
            rows.add(part)
            groups.append(rows)
        else:
            groups.append(part)
    users = _users(groups)
    found: list[Statement] = []
    for k, group in enumerate(groups):
        if isinstance(group, Rows) and group.again and len(group.sweeps) > 1:
            shared = {buffer for buffer in group.made if users[buffer] != {k}}
            found.extend(group.nest(shared.union(kept)))
        elif isinstance(group, Rows):
            found.extend(s for sweep in group.sweeps for s in sweep.nest())
        else:
            found.extend(group.nest() if isinstance(group, Sweep) else group)
    return found


def _users(groups: Sequence[Rows | Sweep | list[Statement]]) -> dict[Buffer, set[int]]:
    """The groups that touch each buffer."""
    users: dict[Buffer, set[int]] = {}
    for k, group in enumerate(groups):
        if isinstance(group, Rows):
            touched: Iterable[Buffer] = (*group.made, *group.reads)
        elif isinstance(group, Sweep):
            touched = [load.buffer for load in _loads(group)]
            touched += [s.buffer for s in group.stored] + [r.buffer for r in group.reduced]
        else:
            touched = (buffer for statement in statements(group) for buffer in buffers_of(statement))
        for buffer in touched:
            users.setdefault(buffer, set()).add(k)
    return users


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


@dataclass(frozen=True)
class _Block:
    """Blocks of `size` rows of `extent` in all; `near` holds the results that live for one block only."""

    axis: Axis
    size: int
    extent: int
    near: Mapping[Buffer, Buffer]

    @property
    def first(self) -> Affine:
        """The block's first row."""
        return along(self.axis) * self.size

    def place(self, buffer: Buffer, index: Affine) -> tuple[Buffer, Affine]:
        """Where an entry of a buffer is found."""
        if buffer not in self.near:
            return buffer, index
        return self.near[buffer], index + self.first * -(buffer.entries // self.extent)

    def moved(self, each: Instruction) -> Instruction:
        """A load from where the entry is found."""
        return Load(*self.place(each.buffer, each.index), each.guards) if isinstance(each, Load) else each


class _InBlock(AxisRewriter):
    """Rewrites for one block."""

    def __init__(self, replacements: Mapping[Axis, Affine], block: _Block) -> None:
        super().__init__(replacements)
        self.block = block

    def rewrite(self, old: Instruction) -> Instruction:
        """The new instruction, with loads of near results."""
        self.new[old] = result = self.block.moved(super().rewrite(old))
        return result


def _in_block(sweep: Sweep, block: _Block) -> tuple[Sweep, list[tuple[Reduced, Buffer]]]:
    """The sweep over one block, and the slots of what it sums over rows."""
    old = sweep.axes[0]
    clip = (block.axis, old.extent) if old.extent % block.size else None
    rows = Axis(block.size, old.name, clip)
    rewriter = _InBlock({old: block.first + along(rows)}, block)
    instructions = rewriter.rewrite_all(sweep.instructions)
    stored = [
        Stored(rewriter.new[s.value], *block.place(s.buffer, rewriter.index(s.index)), (), s.combine)
        for s in sweep.stored
    ]
    reduced: list[Reduced] = []
    totals: list[tuple[Reduced, Buffer]] = []
    for root in sweep.reduced:
        value, over = rewriter.new[root.value], root.over - {old}
        index = rewriter.index(root.index)
        number = identity(root.combine, root.value.dtype)
        if old in root.over:
            over = over | {rows}
            buffer = Buffer(f"{root.buffer.name}_rows", wide_dtype(root), (block.axis.extent, root.size))
            start = along(block.axis) * root.size
            totals.append((root, buffer))
            own: Statement = Fill(buffer, start, root.size, number)
        else:
            step, row = root.index.coefficient(old), Axis(block.size, old.name, clip)
            buffer, start = block.place(root.buffer, root.start)
            first = start + block.first * step + along(row) * step
            own = For(row, (Fill(buffer, first, step, number),))
        reduced.append(Reduced(value, over, root.combine, buffer, start, index, root.size, own))
    axes: Sequence[Axis] = [rows, *sweep.axes[1:]]
    return Sweep(axes, instructions, stored, reduced, sweep.cost, threads=False), totals
