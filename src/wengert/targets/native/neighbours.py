"""Entries that lie side by side in a row and are read or written by vectors over the rows: whole pieces of rows are moved, and
turned in registers, in place of one entry a lane.

Of p entries a row, W rows are p vectors of W entries as they lie; log₂ p steps that take even and odd entries of pairs of vectors
make the entries of a kind neighbours, and the same steps backward undo it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wengert.targets.native.instructions import Value
from wengert.targets.native.loops.nest import Load, Statement, Store
from wengert.targets.native.memory import BYTES
from wengert.targets.native.vectors import SHUFFLED, EntryCode

PIECE = 8
"""The most entries of a row that are moved at once."""


def runs(statements: Sequence[Statement]) -> Iterator[Sequence[Statement]]:
    """Statements one by one, but together those that read, or write, entries side by side."""
    run: list[Statement] = []
    for statement in statements:
        if run and not _follows(run[-1], statement):
            yield run
            run = []
        run.append(statement)
    if run:
        yield run


def _follows(one: Statement, other: Statement) -> bool:
    if isinstance(one, Load) and isinstance(other, Load):
        plain = not (one.guards or other.guards)
    elif isinstance(one, Store) and isinstance(other, Store):
        plain = not (one.combine or other.combine or one.lookups or other.lookups)
    else:
        return False
    places = one.index, other.index
    same = one.buffer is other.buffer and set(places[0].terms) == set(places[1].terms)
    return plain and same and places[1].offset == places[0].offset + 1 and one.buffer.dtype != "bool"


def cut(count: int) -> list[tuple[int, int]]:
    """(start, entries) of pieces of powers of two; the last may take entries of the one before again."""
    found: list[tuple[int, int]] = []
    at = 0
    while at < count:
        left = count - at
        size = next(p for p in (PIECE, 4, 2, 1) if p <= left)
        if 2 * size <= count and (size < left < PIECE or size == 1):
            size = 2 * size  # one piece that ends with the run in place of two
        found.append((min(at, count - size), size))
        at += size
    return found


class Neighbours(EntryCode):
    """A function in the making that moves pieces of rows."""

    def are_neighbours(self, run: Sequence[Statement]) -> bool:
        """Whether a run is moved in pieces: in lanes whose steps are at least as long as it."""
        if len(run) < 2 or self.lanes is None or self.lanes.width < PIECE:
            return False
        first = run[0]
        assert isinstance(first, Load | Store), "runs are of loads or of stores"
        step = self.step(first.index)
        whole = self.lanes.mask is None or self.lanes.full is not None
        return whole and step >= len(run) and first.buffer not in self.registers

    def load_run(self, run: Sequence[Load]) -> None:
        """Reads a run."""
        assert self.lanes is not None
        mask = self.lanes.mask
        if mask is None:
            self.values.update(zip(run, self._loaded(run), strict=True))
            return
        arms: list[tuple[list[Value], str]] = []
        for way in self._whole_or_not(mask):
            found = self._loaded(run) if way is None else [self.load(each.buffer, each.index) for each in run]
            arms.append((found, self.wide.block))
        for k, each in enumerate(run):
            self.values[each] = self.wide.phi([(found[k], block) for found, block in arms])

    def store_run(self, run: Sequence[Store]) -> None:
        """Writes a run."""
        assert self.lanes is not None
        mask, width = self.lanes.mask, self.lanes.width
        values = [self.value(each.value, width) for each in run]
        if mask is None:
            self._store_pieces(run, values)
            return
        for way in self._whole_or_not(mask):
            if way is None:
                self._store_pieces(run, values)
            else:
                for each in run:
                    self.store(each)

    def _loaded(self, run: Sequence[Load]) -> list[Value]:
        """The entries of every lane, all of which take part."""
        buffer, step = run[0].buffer, self.step(run[0].index)
        if step <= SHUFFLED:
            align = BYTES[buffer.dtype]
            return [self._load_lanes(buffer, self.index(each.index), step, None, align) for each in run]
        found: dict[int, Value] = {}
        for start, size in cut(len(run)):
            for k, value in enumerate(self._load_piece(run[start], step, size)):
                found.setdefault(start + k, value)
        return [found[k] for k in range(len(run))]

    def _load_piece(self, load: Load, step: int, size: int) -> list[Value]:
        b, width, buffer = self.wide, self.wide.width, load.buffer
        first = self.index(load.index)
        if size == 1:
            return [self._load_lanes(buffer, first, step, None, BYTES[buffer.dtype])]
        narrow = self.builder(size)
        rows = [
            narrow.load(self.address(buffer, self.one.add(first, self.number(k * step))), buffer.dtype)
            for k in range(width)
        ]
        while rows[0].width < width:
            rows = [
                self._picked(one, other, range(2 * one.width)) for one, other in zip(rows[::2], rows[1::2], strict=True)
            ]
        steps = size.bit_length() - 1
        for _ in range(steps):
            pairs = list(zip(rows[::2], rows[1::2], strict=True))
            rows = [self._picked(x, y, range(odd, 2 * b.width, 2)) for odd in (0, 1) for x, y in pairs]
        return rows

    def _store_pieces(self, run: Sequence[Store], values: Sequence[Value]) -> None:
        """Rows of neighbours from vectors of a kind each."""
        buffer, step, width = run[0].buffer, self.step(run[0].index), self.wide.width
        for start, size in cut(len(run)):
            if size == 1:
                self.store_whole(run[start])
                continue
            rows = list(values[start : start + size])
            for _ in range(size.bit_length() - 1):
                half = len(rows) // 2
                rows = [
                    self._picked(x, y, [k // 2 + width * (k % 2) for k in range(first, first + width)])
                    for x, y in zip(rows[:half], rows[half:], strict=True)
                    for first in (0, width)
                ]
            at = self.index(run[start].index)
            b, in_one = self.wide, width // size
            for k, row in enumerate(rows):
                if step == size:
                    b.store(row, self.address(buffer, self.one.add(at, self.number(k * width))))
                    continue
                for j in range(in_one):
                    place = self.one.add(at, self.number((k * in_one + j) * step))
                    self.builder(size).store(b.part(row, j * size, size), self.address(buffer, place))

    def store_whole(self, store: Store) -> None:
        """One entry of a row, in all lanes."""
        offsets = self.places(store.index, (), None)
        self.wide.scatter(self.value(store.value, self.wide.width), self.pointers[store.buffer], offsets, None)

    def _picked(self, x: Value, y: Value, lanes: Sequence[int]) -> Value:
        """Lanes of two vectors, those of the second behind those of the first."""
        places = ", ".join(f"i32 {lane}" for lane in lanes)
        text = f"shufflevector {x.text}, {y.text}, <{len(lanes)} x i32> <{places}>"
        return self.builder(len(lanes)).pure(text, x.dtype, len(lanes))
