"""A kernel's sweep: loops over its space, with registers for what it reduces, blocks for accuracy and chunks for threads.

It turns roots and their instructions over symbolic axes into a loop nest; it knows no graph.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeGuard

from wengert.targets.native.loops.coalesce import AxisRewriter, Subspace, indices, merged, pieces, whole
from wengert.targets.native.loops.inside import operands
from wengert.targets.native.loops.nest import (
    Accumulate,
    Accumulator,
    Affine,
    Axis,
    Buffer,
    Compute,
    Contract,
    Fill,
    For,
    Gather,
    Instruction,
    Load,
    LoopKind,
    MatrixProduct,
    Statement,
    Store,
    Total,
    along,
)
from wengert.targets.native.loops.roots import Reduced, Stored, finish, identity, wide_dtype

BLOCK = 4096
"""So many float32 are added in float32; the blocks' totals in float64."""
CHUNK_WORK = 400_000
"""The least work of a chunk of a parallel loop, in entries times cost: some 10 µs."""
MOST_CHUNKS = 64
LONGEST_CHUNK = 1 << 16
"""So many float32 are at most added in the lanes of one chunk."""
LONG_ROW = 128
"""A row of at least so many entries times a vector is faster beside its neighbours than alone."""
LANES = 16


@dataclass
class Level:
    """The body of a loop: before and after the loop inside it."""

    axis: Axis | None
    kind: LoopKind = "serial"
    before: list[Statement] = field(default_factory=list[Statement])
    after: list[Statement] = field(default_factory=list[Statement])


@dataclass
class Sweep:
    """A kernel to be swept: its axes, instructions, and what comes of them."""

    axes: Sequence[Axis]
    instructions: Sequence[Instruction]
    stored: list[Stored]
    reduced: list[Reduced]
    cost: int
    threads: bool = True
    """Whether it may be cut into chunks: not inside a loop."""

    def nest(self) -> list[Statement]:
        """The statements of the kernel."""
        self._merge()
        if any(axis.extent == 0 for axis in self.axes):
            return [_fill(root) for root in self.reduced]
        product = self._as_product()
        if product is not None:
            return [product]
        self.order = self._loop_order()
        # The totals of pieces would have slots, which blocks that run at the same time cannot share.
        is_part = any(root.own is not None for root in self.reduced)
        parts = [whole(self.order)] if is_part else pieces(self.order, self.instructions)
        plans = [_plan(self, part) for part in parts]
        slots = sum(plan.chunks for plan in plans)
        self.cut = len(plans) > 1
        self.partial = self._partials(slots) if slots > 1 else {}
        body: list[Statement] = [_fill(root) for root in self.reduced if root not in self.partial and self.left(root)]
        first = 0
        for plan in plans:
            body.extend(_Tree(self, plan, first).build())
            first += plan.chunks
        for root, partial in self.partial.items():
            body.extend(finish(root, partial, slots))
        return body

    def _as_product(self) -> Statement | None:
        """Σ_i v_i A_ij or Σ_j A_ij v_j as a product with one row or one column; None where the kernel is anything else."""
        if self.stored or len(self.reduced) != 1 or len(self.axes) != 2 or any(axis.clip for axis in self.axes):
            return None
        (root,) = self.reduced
        value, kept = root.value, [axis for axis in self.axes if axis not in root.over]
        if root.combine != "add" or len(kept) != 1 or not isinstance(value, Compute) or value.function != "multiply":
            return None
        factors = [x for x in value.inputs if _is_read(x)]
        if len(factors) != 2 or value.dtype == "int64":
            return None
        (free,), (summed,) = kept, [axis for axis in self.axes if axis in root.over]
        vector, matrix = sorted(factors, key=lambda x: abs(x.index.coefficient(free)))
        if vector.index.coefficient(free) or not matrix.index.coefficient(free):
            return None
        product, one = MatrixProduct(value.dtype), Axis(1, "r")
        total = product if root.buffer.dtype == value.dtype else Compute("cast", (product,), root.buffer.dtype)
        store = Store(root.buffer, root.start + root.index, total)
        body = (store,) if total is product else (total, store)
        parallel = summed.extent * free.extent >= CHUNK_WORK and self.threads
        v, a = (vector.buffer, vector.index), (matrix.buffer, matrix.index)
        if matrix.index.coefficient(free) == 1:
            return Contract(one, free, summed, v, a, product, body, parallel)
        return Contract(free, one, summed, a, v, product, body, parallel) if summed.extent >= LONG_ROW else None

    def _merge(self) -> None:
        used = [*indices(self.instructions), *(s.index for s in self.stored), *(r.index for r in self.reduced)]
        groups = [root.over for root in self.reduced]
        axes, new = merged(self.axes, used, groups)
        if not new:
            self.axes = [axis for axis in self.axes if axis.extent != 1]
            return
        rewriter = AxisRewriter(new)
        self.instructions = rewriter.rewrite_all(self.instructions)
        self.stored = [
            Stored(rewriter.new[s.value], s.buffer, rewriter.index(s.index), rewriter.lookups(s.lookups), s.combine)
            for s in self.stored
        ]
        self.reduced = [
            Reduced(
                rewriter.new[r.value],
                _over(r.over, new),
                r.combine,
                r.buffer,
                r.start,
                rewriter.index(r.index),
                r.size,
                r.own,
            )
            for r in self.reduced
        ]
        self.axes = [axis for axis in axes if axis.extent != 1]

    def _loop_order(self) -> list[Axis]:
        """Outermost first: as in memory; where there are only reductions, and all over the same axes, those innermost."""
        sets = {root.over & set(self.axes) for root in self.reduced}
        if self.stored and len(self.axes) > 1 and sets == {frozenset(self.axes[:-1])}:
            return self._lanes_first()
        if self.stored or len(sets) != 1:
            return list(self.axes)
        (over,) = sets
        return [a for a in self.axes if a not in over] + [a for a in self.axes if a in over]

    def _lanes_first(self) -> list[Axis]:
        """As in memory; but a last axis of one block of lanes is outermost, so that sums over the others are in registers."""
        *others, last = self.axes
        entries = math.prod(axis.extent for axis in self.axes)
        if last.extent > LANES or entries * self.cost >= CHUNK_WORK or any(axis.clip for axis in self.axes):
            return [*others, last]
        return [last, *others]

    def left(self, root: Reduced) -> frozenset[Axis]:
        """The reduced axes outside of a kept one: over these a total is combined in memory."""
        return root.over & set(self.order) - set(self.order[len(self.order) - self.run(root) :])

    def run(self, root: Reduced) -> int:
        """How many of the innermost loops reduce the root: over these its total is in a register."""
        count = 0
        for axis in reversed(self.order):
            if axis not in root.over:
                break
            count += 1
        return count

    def _partials(self, slots: int) -> dict[Reduced, Buffer]:
        """A slot a chunk for every reduction that crosses chunks."""
        partial: dict[Reduced, Buffer] = {}
        for root in self.reduced:
            if root.over & set(self.order) and (self.order[0] in root.over or self.cut):
                buffer = Buffer(f"{root.buffer.name}_parts", wide_dtype(root), (slots, root.size))
                partial[root] = buffer
        return partial

    def vector_axis(self, extents: dict[Axis, int]) -> Axis | None:
        """The axis that most accesses walk in steps of 1 or 0, and that fills the lanes."""
        if not self.order:
            return None
        used = [*indices(i for i in self.instructions if isinstance(i, Load | Gather)), *(s.index for s in self.stored)]
        places = [lookup.place for s in self.stored for lookup in s.lookups]
        depends = dependences(self.instructions) if places else {}
        scattered = {axis for place in places for axis in depends[place]}
        scattered |= {
            a for s in self.stored if s.combine or s.lookups for a in self.order if not s.index.coefficient(a)
        }
        scattered = scattered.union(*(self.left(root) for root in self.reduced))
        best, score = None, 0.0
        for axis in reversed(self.order):
            if axis in scattered:
                continue
            steps = [index.coefficient(axis) for index in used]
            points = 1 + sum(2.0 if step == 1 else 1.0 if step == 0 else -1.5 for step in steps)
            full = -(-extents[axis] // LANES) * LANES
            points *= extents[axis] / full if points > 0 else 1
            if best is None or points > score + 1e-9:
                best, score = axis, points
        return best


def _is_read(x: Instruction) -> TypeGuard[Load]:
    return isinstance(x, Load) and not x.guards


def _over(axes: frozenset[Axis], new: dict[Axis, Affine]) -> frozenset[Axis]:
    found: set[Axis] = set()
    for axis in axes:
        found.update(new[axis].axes if axis in new else (axis,))
    return frozenset(found)


def dependences(instructions: Iterable[Instruction]) -> dict[Instruction, frozenset[Axis]]:
    """The axes that each value depends on; what an instruction reads stands before it."""
    known: dict[Instruction, frozenset[Axis]] = {}
    for each in instructions:
        known[each] = frozenset(axis for index in indices([each]) for axis in index.axes).union(
            *(known[x] for x in operands(each))
        )
    return known


def _fill(root: Reduced) -> Statement:
    return root.own or Fill(root.buffer, root.start, root.size, identity(root.combine, root.value.dtype))


# ---------------------------------------------------------------- plans


@dataclass(frozen=True)
class SweepPlan:
    """How a piece of the space is walked: chunks of the outermost axis, and the vector axis."""

    piece: Subspace
    chunks: int
    extent: int
    """The entries of the outermost axis in a chunk."""
    vector: Axis | None


def _plan(sweep: Sweep, piece: Subspace) -> SweepPlan:
    extents = dict(zip(sweep.order, piece.extents, strict=True))
    vector = sweep.vector_axis(extents)
    entries = 1
    for extent in piece.extents:
        entries *= extent
    if not piece.extents:
        return SweepPlan(piece, 1, 1, vector)
    outer = piece.extents[0]
    scattered = any(s.combine is not None for s in sweep.stored)
    chunks = min(MOST_CHUNKS, outer, entries * sweep.cost // CHUNK_WORK) if sweep.threads and not scattered else 1
    if chunks > 1 and any(wide_dtype(root) != root.value.dtype for root in sweep.reduced):
        chunks = min(outer, max(chunks, entries // LONGEST_CHUNK))
    if chunks < 2:
        return SweepPlan(piece, 1, outer, vector)
    size = -(-outer // chunks)
    if sweep.order[0] is vector:
        grain = BLOCK if size >= BLOCK else 64
        size = -(-size // grain) * grain
    return SweepPlan(piece, -(-outer // size), size, vector)


# ---------------------------------------------------------------- trees


class _Tree:
    """The loops of one piece, from the chunk to the lanes."""

    def __init__(self, sweep: Sweep, plan: SweepPlan, first: int) -> None:
        self.sweep = sweep
        self.plan = plan
        self.first = first
        self.levels: list[Level] = [Level(None)]
        self.depth: dict[Axis, int] = {}
        self.places: dict[Axis, Affine] = {}
        self.chunk: Axis | None = None
        self.inner: dict[Axis, int] = {}
        """For each axis of the space, the level of its innermost loop."""
        self.outer: dict[Axis, int] = {}
        self._loops()

    def _loops(self) -> None:
        plan, order = self.plan, self.sweep.order
        for k, axis in enumerate(order):
            start, extent = plan.piece.starts[k], plan.piece.extents[k]
            kind: LoopKind = "vector" if axis is plan.vector else "serial"
            base = Affine((), start)
            clip = axis.clip
            if k == 0 and plan.chunks > 1:
                self.chunk = Axis(plan.chunks, "c")
                self._open(self.chunk, "parallel")
                base = base + along(self.chunk) * plan.extent
                clip, extent = (self.chunk, extent), plan.extent
            self.outer[axis] = len(self.levels)
            if self._blocked(axis, extent):
                block = Axis(-(-extent // BLOCK), "b")
                self._open(block, "serial")
                base = base + along(block) * BLOCK
                clip, extent = (block, extent) if extent % BLOCK else None, BLOCK
            loop = Axis(extent, axis.name, clip)
            self._open(loop, kind)
            self.inner[axis] = len(self.levels) - 1
            self.places[axis] = base + along(loop)

    def _blocked(self, axis: Axis, extent: int) -> bool:
        """Whether float32 totals over the innermost axis are too long for float32; chunks of it are short."""
        if axis is not self.sweep.order[-1] or extent <= BLOCK or (self.chunk is not None and len(self.inner) == 0):
            return False
        if axis.clip is not None:  # rows of a block, which is short itself
            return False
        return any(axis in r.over and wide_dtype(r) != r.value.dtype for r in self.sweep.reduced)

    def _open(self, axis: Axis, kind: LoopKind) -> None:
        self.depth[axis] = len(self.levels)
        self.levels.append(Level(axis, kind))

    def build(self) -> list[Statement]:
        """The statements of the piece."""
        piece = self.plan.piece
        ends = zip(self.sweep.order, piece.starts, piece.extents, strict=True)
        rewriter = AxisRewriter(self.places, {axis: (start, start + extent - 1) for axis, start, extent in ends})
        lowest = 1 if self.chunk is not None else 0
        for new, axes in dependences(rewriter.rewrite_all(self.sweep.instructions)).items():
            level = max([lowest, *(self.depth[axis] for axis in axes if axis in self.depth)])
            self.levels[level].before.append(new)
        for s in self.sweep.stored:
            store = Store(
                s.buffer, rewriter.index(s.index), rewriter.new[s.value], s.combine, rewriter.lookups(s.lookups)
            )
            self.levels[-1].before.append(store)
        for root in self.sweep.reduced:
            self._reduce(root, rewriter)
        return self._assembled()

    def _assembled(self) -> list[Statement]:
        inside: list[Statement] = []
        for level in reversed(self.levels):
            body = [*level.before, *inside, *level.after]
            inside = body if level.axis is None else [For(level.axis, tuple(body), level.kind)]
        return inside

    def _reduce(self, root: Reduced, rewriter: AxisRewriter) -> None:
        value = rewriter.new[root.value]
        run = self.sweep.run(root)
        top, middle = self._accumulator_levels(run)
        buffer, index = self._target(root, rewriter)
        total: Instruction = value
        last = len(self.levels) - 1
        if run:
            lanes = Accumulator(root.combine, value.dtype)
            self.levels[middle].before.append(lanes)
            self.levels[last].before.append(Accumulate(lanes, value))
            total = Total(lanes)
            self.levels[middle].after.append(total)
            if top != middle:
                wide = Accumulator(root.combine, wide_dtype(root))
                self.levels[top].before.append(wide)
                self.levels[middle].after.append(Accumulate(wide, self._cast(total, wide.dtype, middle)))
                total = Total(wide)
                self.levels[top].after.append(total)
            total = self._cast(total, buffer.dtype, top)
        elif buffer.dtype != value.dtype:
            total = Compute("cast", (value,), buffer.dtype)
            self.levels[last].before.append(total)
        self._combine_in_memory(root, buffer, index, total, top if run else last, bool(run))

    def _combine_in_memory(
        self, root: Reduced, buffer: Buffer, index: Affine, total: Instruction, level: int, after: bool
    ) -> None:
        left = self.sweep.left(root)
        where = self.levels[level].after if after else self.levels[level].before
        where.append(Store(buffer, index, total, root.combine if left else None))
        if root in self.sweep.partial and (left or self.sweep.cut):
            start = Fill(buffer, self._slot() * root.size, root.size, identity(root.combine, buffer.dtype))
            self.levels[1 if self.chunk is not None else 0].before.insert(0, start)

    def _cast(self, total: Instruction, dtype: str, level: int) -> Instruction:
        if total.dtype == dtype:
            return total
        cast = Compute("cast", (total,), dtype)
        self.levels[level].after.append(cast)
        return cast

    def _slot(self) -> Affine:
        return Affine((), self.first) + (along(self.chunk) if self.chunk is not None else 0)

    def _target(self, root: Reduced, rewriter: AxisRewriter) -> tuple[Buffer, Affine]:
        """The result's place, or its slot among the partial results."""
        index = rewriter.index(root.index)
        if root not in self.sweep.partial:
            return root.buffer, root.start + index
        return self.sweep.partial[root], self._slot() * root.size + index

    def _accumulator_levels(self, run: int) -> tuple[int, int]:
        """(the level whose loops inside are reduced, the level inside of which totals stay short enough for their dtype)."""
        order = self.sweep.order
        if not run:
            last = len(self.levels) - 1
            return last, last
        first = order[len(order) - run]
        top = self.outer[first] - 1
        entries, middle = 1, len(self.levels) - 1
        while middle > top:
            axis = self.levels[middle].axis
            assert axis is not None
            if entries > 1 and entries * axis.extent > BLOCK:
                break
            entries *= axis.extent
            middle -= 1
        return top, middle
