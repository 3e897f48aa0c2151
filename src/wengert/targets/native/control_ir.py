"""Branches on data, loops of unknown length, tapes, copies and fills in LLVM. It knows no loop over an axis."""

from __future__ import annotations

from wengert.errors import GraphError
from wengert.targets.native.frame import OUT_OF_MEMORY
from wengert.targets.native.instructions import Value, constant_of
from wengert.targets.native.loops.nest import (
    Affine,
    Axis,
    Branch,
    Buffer,
    Constant,
    Copy,
    Fill,
    For,
    RecordTape,
    Replay,
    Store,
    While,
    along,
)
from wengert.targets.native.loops_ir import Loops
from wengert.targets.native.memory import BYTES

TAPE = "{ ptr, i64, i64 }"
"""A tape: its memory, how many records it holds, and for how many there is room."""
FIRST_RECORDS = 16
POLL_STEPS = 1024
"""A loop of unknown length asks for interrupts once in so many steps."""


class Control(Loops):
    """A function in the making that branches on data."""

    def flag(self, buffer: Buffer) -> Value:
        """A truth value in a buffer of one entry."""
        return self.load(buffer, Affine())

    def branch_on(self, branch: Branch) -> None:
        """One of two bodies."""
        self._outside_lanes(branch)
        cells = self.changed(self.unit.facts(branch))
        other = (lambda: self.body(branch.other)) if branch.other else None
        self.choose(self.flag(branch.flag), cells, lambda: self.body(branch.then), other)

    def loop_while(self, loop: While) -> None:
        """Test, and body, in turn; records go to tapes after each body."""
        self._outside_lanes(loop)
        b, cells = self.one, self.changed(self.unit.facts(loop))
        for _, tape in loop.tapes:
            self._set_count(tape, self.number(0))
        head, onward, after, before = b.label("test"), b.label("while"), b.label("after"), b.block
        initial = self.current(cells)
        b.jump(head)
        b.start_block(head)
        index = self.counter()
        phis = [index, *self.open(cells)]
        with b.scope():
            self.body(loop.test)
            b.branch(self.flag(loop.flag), onward, after)
            at_exit = self.current(cells)
            b.start_block(onward)
            with b.scope():
                self.body(loop.body)
                for buffer, tape in loop.tapes:
                    self._append(buffer, tape)
                if self.polls:
                    self.poll(index[1], POLL_STEPS)
                following = b.add(index[1], self.number(1))
                b.jump(head)
        self.close(phis, ([self.number(0), *initial], before), ([following, *self.current(cells)], b.block))
        b.start_block(after)
        self.restore(cells, at_exit)

    def replay(self, replay: Replay) -> None:
        """The body for every record of the tapes that are read."""
        self._outside_lanes(replay)
        if not replay.reads:
            return
        count = self._count(replay.reads[0][0])
        for _, tape in replay.writes:
            self._ensure(tape, count, count)
            self._set_count(tape, count)
        cells = self.changed(self.unit.facts(replay))

        def record(index: Value) -> None:
            for tape, buffer in replay.reads:
                self._transfer(buffer, self._record(tape, index), tape.entries, load=True)
            if replay.counter is not None:
                self._put(replay.counter, 0, index)
            self.body(replay.body)
            for buffer, tape in replay.writes:
                self._transfer(buffer, self._record(tape, index), tape.entries, load=False)

        start, stop, step = self.number(0), count, 1
        if replay.reverse:
            start, stop, step = self.one.add(count, self.number(-1)), self.number(-1), -1
        self.counted(start, stop, step, cells, record, certain=False, poll=POLL_STEPS if self.polls else 0)

    def _outside_lanes(self, statement: object) -> None:
        if self.lanes is not None and self.lanes.width > 1:
            raise GraphError(
                f"A vector loop cannot hold a {type(statement).__name__}.",
                f"  it stands in the loop over {self.lanes.axis!r}",
                "Make the loop serial.",
            )

    # tapes

    def _part(self, tape: RecordTape, field: int) -> str:
        """The pointer to a part of a tape: its memory, count or room."""
        number = self.unit.tapes.setdefault(tape, len(self.unit.tapes))
        return self.one.pointer(f"getelementptr {TAPE}, ptr {self.tapes}, i64 {number}, i32 {field}")

    def _count(self, tape: RecordTape) -> Value:
        return self.one.load(self._part(tape, 1), "int64")

    def _set_count(self, tape: RecordTape, count: Value) -> None:
        self.one.store(count, self._part(tape, 1))

    def _record(self, tape: RecordTape, number: Value) -> str:
        """The pointer to a record."""
        memory = self.one.fresh("t")
        self.one.emit(f"{memory} = load ptr, ptr {self._part(tape, 0)}, align 8")
        offset = self.one.multiply(number, self.number(tape.entries))
        return self.one.element(memory, tape.dtype, offset.name)

    def _append(self, buffer: Buffer, tape: RecordTape) -> None:
        """One more record, with the entries of a buffer."""
        count = self._count(tape)
        following = self.one.add(count, self.number(1))
        twice = self.one.maximum(self.one.add(following, following), self.number(FIRST_RECORDS))
        self._ensure(tape, following, twice)
        self._transfer(buffer, self._record(tape, count), tape.entries, load=False)
        self._set_count(tape, following)

    def _ensure(self, tape: RecordTape, count: Value, wanted: Value) -> None:
        """Room for so many records; where there is none, for the number wanted."""
        b = self.one
        room = b.load(self._part(tape, 2), "int64")

        def grow() -> None:
            size = b.multiply(wanted, self.number(max(BYTES[tape.dtype] * tape.entries, 1)))
            called = self.unit.module.declare("declare ptr @realloc(ptr, i64)")
            memory, moved = b.fresh("t"), b.fresh("t")
            b.emit(f"{memory} = load ptr, ptr {self._part(tape, 0)}, align 8")
            b.emit(f"{moved} = call ptr {called}(ptr {memory}, i64 {size.name})")
            self.fail(b.pure(f"icmp eq ptr {moved}, null", "bool", 1), OUT_OF_MEMORY)
            b.emit(f"store ptr {moved}, ptr {self._part(tape, 0)}, align 8")
            b.store(wanted, self._part(tape, 2))

        self.choose(b.greater(count, room), [], grow)

    def _transfer(self, buffer: Buffer, pointer: str, entries: int, *, load: bool) -> None:
        """The entries of a buffer from a record (`load`), or to it."""
        b = self.one
        if buffer not in self.registers:
            here, there = self.address(buffer, self.number(0)), pointer
            self._move(*((there, here) if load else (here, there)), BYTES[buffer.dtype] * entries)
            return
        for k in range(entries):
            at = b.element(pointer, buffer.dtype, str(k))
            if load:
                self.state[buffer, k] = b.load(at, buffer.dtype)
            else:
                b.store(self.state[buffer, k], at)

    def _move(self, source: str, target: str, size: int) -> None:
        called = self.unit.module.declare("declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)")
        self.one.emit(f"call void {called}(ptr {target}, ptr {source}, i64 {size}, i1 false)")

    # copies and fills

    def copy(self, copy: Copy) -> None:
        """Entries that lie side by side, from one buffer to another."""
        self._outside_lanes(copy)
        if copy.entries == 0:
            return
        if self.registers.keys() & {copy.source, copy.target}:
            for k in range(copy.entries):
                self._put(copy.target, k, self.load(copy.source, copy.source_index + k), copy.target_index)
            return
        source = self.address(copy.source, self.index(copy.source_index))
        target = self.address(copy.target, self.index(copy.target_index))
        self._move(source, target, BYTES[copy.source.dtype] * copy.entries)

    def _put(self, buffer: Buffer, place: int, value: Value, index: Affine | None = None) -> None:
        """Write one entry."""
        at = (index or Affine()) + place
        if buffer in self.registers:
            self.state[buffer, int(self.index(at).name)] = value
        else:
            self.one.store(value, self.address(buffer, self.index(at)))

    def fill(self, fill: Fill) -> None:
        """One number in entries that lie side by side."""
        self._outside_lanes(fill)
        if fill.entries == 0:
            return
        dtype = fill.buffer.dtype
        number = constant_of(fill.number, dtype, 1)
        if fill.buffer in self.registers or fill.entries == 1:
            for k in range(fill.entries):
                self._put(fill.buffer, k, number, fill.index)
        elif number == constant_of(0, dtype, 1):
            called = self.unit.module.declare("declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)")
            size = BYTES[dtype] * fill.entries
            pointer = self.address(fill.buffer, self.index(fill.index))
            self.one.emit(f"call void {called}(ptr {pointer}, i8 0, i64 {size}, i1 false)")
        else:
            axis, constant = Axis(fill.entries), Constant(fill.number, dtype)
            store = Store(fill.buffer, fill.index + along(axis), constant)
            self.body((For(axis, (constant, store), "vector"),))
