"""Functions of a program that are called by others: what they are handed, and bodies for the threads of the pool. It knows no statement."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Self

from wengert.errors import GraphError
from wengert.targets.native import subnormals
from wengert.targets.native.control_ir import Control
from wengert.targets.native.facts import StatementFacts
from wengert.targets.native.frame import OUT_OF_MEMORY, Unit
from wengert.targets.native.instructions import Value, constant_of
from wengert.targets.native.loops.buffers import ALIGNMENT, size_in_bytes
from wengert.targets.native.loops.nest import Buffer, Constant, For, Statement
from wengert.targets.native.loops_ir import work_of
from wengert.targets.native.outlining import Group, Outlined, chosen, chosen_inside
from wengert.targets.native.registers import overlapping, registers_of

OUTLINED_FUNCTIONS = 16
"""The number of mathematical functions in one function of the program from which they are called instead of written in place."""
PARALLEL_FOR = "wg_parallel_for"
BATCH_WORK = 100_000_000
"""Instructions of a parallel loop after which the caller asks for interrupts: some 10 ms."""


@dataclass(frozen=True, slots=True)
class LoopChunk:
    """One piece of a parallel loop: its instructions, and the bytes of workspace of its own."""

    work: int
    workspace: int = 0


Arguments = list[tuple[str, str]]
"""What a function is handed: the kinds of its parameters a0, a1 … and what the caller gives."""


class Calling(Control):
    """A function of a program, with the functions that it calls."""

    def __init__(self, unit: Unit, body: Sequence[Statement], outlined: Outlined) -> None:
        self.facts = unit.book.all(body)
        super().__init__(unit, self.facts.functions > OUTLINED_FUNCTIONS)
        self.statements = body
        self.outlined = outlined
        self.sites = unit.sites(body)
        outside = (unit.inputs, unit.outputs)
        self.small = registers_of(body, outlined, unit.book, unit.touched, outside, unit.placement.offset)
        self.registers = self.small.buffers
        self.may_fail = False
        """Whether a function that this one calls may give a status."""
        self.workspace = "null"
        """Memory for the copies that matrix products make."""

    # the whole

    def write(self, contents: Callable[[], None] | None = None) -> None:
        """Write the body (or other contents), between reading the registers' memory and writing it back."""
        small = self.small
        for buffer in small.buffers:
            for k in range(buffer.entries):
                zero = constant_of(0, buffer.dtype, 1)
                given = buffer in small.given
                self.state[buffer, k] = self.one.load(self._cell(buffer, k), buffer.dtype) if given else zero
        if contents is None:
            self.body(self.statements)
        else:
            contents()
        for buffer in small.kept:
            for k in range(buffer.entries):
                self.one.store(self.state[buffer, k], self._cell(buffer, k))

    def _cell(self, buffer: Buffer, k: int) -> str:
        return self.one.element(self.pointers[buffer], buffer.dtype, str(k))

    def leave(self, status: str) -> list[str]:
        """The lines that end the function with a status."""
        return [f"  ret i32 {status}"]

    def text(self, head: str, opening: Sequence[str] = ()) -> str:
        """The function as text."""
        lines = [head + " {", "entry:", *opening, *self.reserved, *self.one.lines, *self.leave("0")]
        for status, label in self.failed.items():
            lines += [f"{label}:", *self.leave(str(status))]
        return "\n".join([*lines, "}"])

    @property
    def fails(self) -> bool:
        """Whether the function may end with a status other than 0."""
        return bool(self.failed) or self.may_fail

    # calls

    def call(self, group: Group) -> None:
        """Statements as a function, and its call."""
        unit = self.unit
        name = unit.module.unique("kernel")
        inner = type(self)(unit, group, chosen_inside(group, unit.book))
        inner.polls = self.polls
        arguments = self._hand_over(inner, inner.facts)
        inner.write()
        parameters = ", ".join(f"{kind} %a{k}" for k, (kind, _) in enumerate(arguments))
        unit.module.define(name, inner.text(f"define internal i32 @{name}({parameters}) #0"))
        operands = ", ".join(f"{_type(kind)} {what}" for kind, what in arguments)
        status = self.one.effect(f"call i32 @{name}({operands})", "int32", 1)
        if inner.fails:
            self._pass_on(status)

    def _pass_on(self, status: Value) -> None:
        """Leave with the status of a function that failed."""
        b, self.may_fail = self.one, True
        bad, following = b.label("bad"), b.label("on")
        b.branch(b.not_equal(status, constant_of(0, "int32", 1)), bad, following)
        b.start_block(bad)
        b.lines.extend(self.leave(status.name))
        b.start_block(following)

    def _hand_over(self, inner: Self, facts: StatementFacts, *, chunk: bool = False) -> Arguments:
        """What a function needs of this one: pointers, axes, values, tapes, workspace; constants are written into it.

        Private buffers of a parallel loop are memory of its chunks: no function around them has these.
        """
        arguments: Arguments = []

        def argument(kind: str, what: str) -> str:
            arguments.append((kind, what))
            return f"%a{len(arguments) - 1}"

        shared = overlapping(facts.buffers, self.unit.placement.offset)
        for buffer in facts.buffers:
            if buffer not in self.pointers:
                if chunk:
                    inner.pointers[buffer] = inner.reserve(f"alloca [{size_in_bytes(buffer)} x i8], align {ALIGNMENT}")
                continue
            pointer = self.pointers[buffer]
            if pointer.startswith("%"):
                pointer = argument("ptr" if buffer in shared else "ptr noalias", pointer)
            inner.pointers[buffer] = pointer
        for axis in facts.axes:
            at = self.axes[axis]
            inner.bind(axis, at if at.is_constant else Value(argument("i64", at.name), "int64", 1))
        for instruction in facts.used:
            if not isinstance(instruction, Constant):
                value = self.values[instruction]
                name = value.name if value.is_constant else argument(value.type, value.name)
                inner.values[instruction] = Value(name, value.dtype, 1)
        if facts.tapes:
            inner.tapes = argument("ptr", self.tapes)
        if self.unit.workspace_bytes(facts):
            inner.workspace = argument("ptr", self.workspace)
        return arguments

    # threads

    def parallel(self, loop: For) -> None:
        """The body for every value of the axis, on any thread.

        Raises GraphError where it records on tapes or adds to accumulators opened outside.
        """
        unit, facts = self.unit, self.unit.book.of(loop)
        if facts.tapes or facts.added:
            raise GraphError(
                "A parallel loop cannot record on tapes or add to accumulators opened outside.",
                f"  it runs over {loop.axis!r}",
                "Make the loop serial.",
            )
        count = self.shifted(self.extent(loop.axis), -loop.start)
        inner = type(self)(unit, loop.body, chosen(loop.body, unit.book))

        def contents(inner: Self, chunk: Value) -> None:
            only = loop.axis.extent == loop.start + 1
            inner.bind(loop.axis, inner.number(loop.start) if only else inner.shifted(chunk, loop.start))
            inner.body(loop.body)

        chunk = LoopChunk(work_of(loop.body), unit.workspace_bytes(facts))
        self.chunks(inner, facts, count, contents, chunk)

    def chunks(
        self,
        inner: Self,
        facts: StatementFacts,
        count: Value,
        contents: Callable[[Self, Value], None],
        chunk: LoopChunk,
    ) -> None:
        """contents(inner, k) for k = 0 … count − 1 on any thread; of a long loop, so many at a time."""
        unit = self.unit
        name = unit.module.unique("chunk")
        inner.polls = False
        arguments = self._hand_over(inner, facts, chunk=True)
        kinds = [_type(kind) for kind, _ in arguments]
        context = f"{{ {', '.join(['i32', 'i64', *kinds])} }}"
        inner.leave = partial(_leave_chunk, unit, bool(chunk.workspace))
        opening = _unpacked(context, kinds)
        if unit.flushes:
            opening += subnormals.begin(unit.module.target, unit.switch())

        def whole() -> None:
            if chunk.workspace:
                inner.take_workspace(chunk.workspace)
            contents(inner, inner.one.add(Value("%chunk", "int64", 1), Value("%first", "int64", 1)))

        inner.write(whole)
        head = f"define internal void @{name}(ptr %context, i64 %chunk) #0"
        unit.module.define(name, inner.text(head, opening))
        memory = self._packed(context, arguments)
        batch = max(BATCH_WORK // max(chunk.work, 1), 1)
        if not self.polls or (count.is_constant and int(count.name) <= batch):
            self._dispatch(name, memory, count, inner.fails)
            return

        def some(first: Value) -> None:
            place = self.one.pointer(f"getelementptr {context}, ptr {memory}, i64 0, i32 1")
            self.one.emit(f"store i64 {first.name}, ptr {place}")
            left = self.one.minimum(self.one.subtract(count, first), self.number(batch))
            self._dispatch(name, memory, left, inner.fails)

        self.counted(self.number(0), count, batch, [], some, certain=False, poll=1)

    def _dispatch(self, name: str, memory: str, count: Value, fails: bool) -> None:
        """Hand chunks to the pool."""
        called = self.unit.module.declare(f"declare void @{PARALLEL_FOR}(ptr, ptr, i64)")
        self.unit.imports[PARALLEL_FOR] = None
        self.one.emit(f"call void {called}(ptr @{name}, ptr {memory}, i64 {count.name})")
        if fails:
            self._pass_on(self.one.load(memory, "int32"))

    def take_workspace(self, size: int) -> None:
        """Workspace from the heap; `_leave_chunk` gives it back."""
        slot = "%workspace"
        self.reserved += [f"  {slot} = alloca ptr, align 8", f"  store ptr null, ptr {slot}, align 8"]
        taken, b = self.one.fresh("w"), self.one
        called = self.unit.module.declare("declare ptr @malloc(i64)")
        b.emit(f"{taken} = call ptr {called}(i64 {size + 64})")
        b.emit(f"store ptr {taken}, ptr {slot}, align 8")
        self.fail(b.pure(f"icmp eq ptr {taken}, null", "bool", 1), OUT_OF_MEMORY)
        number = b.pure(f"ptrtoint ptr {taken} to i64", "int64", 1)
        skipped = b.subtract(self.number(64), b.integer("and", number, 63))
        self.workspace = b.element(taken, "bool", skipped.name)

    def _packed(self, context: str, arguments: Arguments) -> str:
        """The context of a parallel body in memory: status 0, number 0 first, then what it is handed."""
        memory = self.reserve(f"alloca {context}, align 8")
        for k, (kind, what) in enumerate([("i32", "0"), ("i64", "0"), *arguments]):
            field = self.one.pointer(f"getelementptr {context}, ptr {memory}, i64 0, i32 {k}")
            self.one.emit(f"store {_type(kind)} {what}, ptr {field}")
        return memory


def _type(kind: str) -> str:
    return kind.removesuffix(" noalias")


def _unpacked(context: str, kinds: Sequence[str]) -> list[str]:
    """The lines that read the number of the first chunk and the arguments of a parallel body from its context."""
    lines: list[str] = []
    for k, (name, kind) in enumerate([("first", "i64"), *((f"a{k}", kind) for k, kind in enumerate(kinds))]):
        lines.append(f"  %{name}.at = getelementptr {context}, ptr %context, i64 0, i32 {k + 1}")
        lines.append(f"  %{name} = load {kind}, ptr %{name}.at")
    return lines


def _leave_chunk(unit: Unit, private: bool, status: str) -> list[str]:
    """The end of a parallel body: a status other than 0 goes to the context, workspace to the heap."""
    lines = [] if status == "0" else [f"  store i32 {status}, ptr %context, align 4"]
    if private:
        free, name = unit.module.declare("declare void @free(ptr)"), f"%left.{status.strip('%')}"
        lines += [f"  {name} = load ptr, ptr %workspace, align 8", f"  call void {free}(ptr {name})"]
    restored = subnormals.end(unit.module.target) if unit.flushes else []
    return [*lines, *restored, "  ret void"]
