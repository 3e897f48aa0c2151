"""A program of loop nests as one LLVM module: a function for the program, one for each larger statement, one for each parallel body."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wengert.backends.native.control_ir import TAPE, Control
from wengert.backends.native.facts import FactBook, Ordered, compound, own
from wengert.backends.native.frame import Placement, Unit, is_embedded
from wengert.backends.native.instructions import Value, constant_of
from wengert.backends.native.memory import BYTES
from wengert.backends.native.module import Module
from wengert.backends.native.registers import registers_of
from wengert.backends.native.target import Target
from wengert.errors import GraphError
from wengert.loops.nest import (
    Accumulate,
    Accumulator,
    Branch,
    Buffer,
    Compute,
    Constant,
    Contract,
    Copy,
    Fill,
    For,
    Gather,
    Inside,
    Load,
    Position,
    Product,
    Program,
    Replay,
    Statement,
    Store,
    Total,
    While,
    bodies,
    statements,
)

WHOLE = 300
"""The cost up to which statements are one function. Larger ones are split: code generation slows down faster than it grows."""
OUTLINED_FUNCTIONS = 16
"""The number of mathematical functions in one function of the program from which they are called instead of written in place."""
PARALLEL_FOR = "wg_parallel_for"


@dataclass(frozen=True, slots=True)
class Emitted:
    """A module as text; the symbols of this library that it calls; the constants that follow the inputs as inputs."""

    text: str
    imports: tuple[str, ...]
    constants: tuple[Buffer, ...]


class Offsets:
    """A placement from a table."""

    def __init__(self, table: Mapping[Buffer, int]) -> None:
        self.table = table

    def offset(self, buffer: Buffer) -> int:
        """The byte at which a temporary begins."""
        return self.table[buffer]


def emit(program: Program, plan: Placement | Mapping[Buffer, int], target: Target, name: str = "program") -> Emitted:
    """The module with `i32 @name(ptr inputs, ptr outputs, ptr arena)`.

    Constants of more than 64 KB are expected behind the inputs, in the order of `Emitted.constants`.

    Raises GraphError where a nest breaks a rule of `wengert.loops.nest`.
    """
    placement = Offsets(plan) if isinstance(plan, Mapping) else plan
    touched: dict[Buffer, int] = {}
    for statement in statements(program.body):
        for buffer in own(statement).buffers:
            touched[buffer] = touched.get(buffer, 0) + 1
    unit = Unit(Module(target), placement, FactBook(), touched, frozenset(program.outputs), frozenset(program.inputs))
    constants = tuple(b for b in touched if b.kind == "constant" and b.entries and not is_embedded(b))
    _define_program(unit, program, constants, name)
    return Emitted(unit.module.text(), tuple(unit.imports), constants)


def _define_program(unit: Unit, program: Program, constants: Sequence[Buffer], name: str) -> None:
    """The exported function; where there are tapes, their memory belongs to it and it frees them whatever happens."""
    unit.module.unique(name)
    function = Function(unit, program.body, chosen(program.body, unit.book))
    arguments = "ptr %inputs, ptr %outputs, ptr %arena"
    _find_buffers(function, program, constants)
    function.write()
    if not unit.tapes:
        unit.module.define(name, function.text(f"define i32 @{name}({arguments}) #0"))
        return
    inner = unit.module.unique(f"{name}.taped")
    unit.module.define(inner, function.text(f"define internal i32 @{inner}({arguments}, ptr %tapes) #0"))
    unit.module.define(name, _tape_keeper(unit, name, inner, arguments))


def _tape_keeper(unit: Unit, name: str, inner: str, arguments: str) -> str:
    count = len(unit.tapes)
    kind = f"[{count} x {TAPE}]"
    free = unit.module.declare("declare void @free(ptr)")
    lines = [
        f"define i32 @{name}({arguments}) #0 {{",
        "entry:",
        f"  %tapes = alloca {kind}, align 8",
        f"  store {kind} zeroinitializer, ptr %tapes, align 8",
        f"  %status = call i32 @{inner}({arguments}, ptr %tapes)",
    ]
    for k in range(count):
        lines.append(f"  %p{k} = getelementptr {TAPE}, ptr %tapes, i64 {k}")
        lines.append(f"  %m{k} = load ptr, ptr %p{k}, align 8")
        lines.append(f"  call void {free}(ptr %m{k})")
    return "\n".join([*lines, "  ret i32 %status", "}"])


def _find_buffers(function: Function, program: Program, constants: Sequence[Buffer]) -> None:
    """The pointers to the buffers that the program's function touches or hands on."""
    b, unit = function.one, function.unit
    places = {buffer: ("outputs", k) for k, buffer in enumerate(program.outputs)}
    places |= {buffer: ("inputs", k) for k, buffer in enumerate((*program.inputs, *constants))}
    for buffer in function.facts.buffers:
        if buffer in places:
            array, k = places[buffer]
            slot = b.pointer(f"getelementptr ptr, ptr %{array}, i64 {k}") if k else f"%{array}"
            function.pointers[buffer] = b.fresh("b")
            b.emit(f"{function.pointers[buffer]} = load ptr, ptr {slot}, align 8")
        elif buffer.kind == "constant":
            function.pointers[buffer] = unit.embedded(buffer)
        elif buffer.kind == "temporary" and buffer.entries:
            function.pointers[buffer] = b.pointer(f"getelementptr i8, ptr %arena, i64 {unit.placement.offset(buffer)}")
        elif buffer.entries:
            raise GraphError(
                f"The buffer '{buffer.name}' is no input or output of the program.",
                f"  its kind is {buffer.kind}",
                "List it, or make it a temporary.",
            )
        else:
            function.pointers[buffer] = "null"


class Function(Control):
    """A function in the making, with the dispatch over statements."""

    def __init__(self, unit: Unit, body: Sequence[Statement], outlined: Ordered[Statement]) -> None:
        self.facts = unit.book.all(body)
        super().__init__(unit, self.facts.functions > OUTLINED_FUNCTIONS)
        self.statements = body
        self.outlined = outlined
        self.sites = sites(body, unit)
        self.registers = registers_of(body, self.outlined, unit.book, unit.placement.offset)
        self.leave: Callable[[str], list[str]] = lambda status: [f"  ret i32 {status}"]
        self.products: dict[Product, Total] = {}

    # the whole

    def write(self) -> None:
        """Write the body, between reading the registers' memory and writing it back."""
        unit, shared = self.unit, self._shared()
        outside = [b for b in self.registers if b in unit.outputs or b in unit.inputs or b in shared]
        for buffer in self.registers:
            given = buffer in unit.inputs or buffer in shared
            for k in range(buffer.entries):
                zero = constant_of(0, buffer.dtype, 1)
                self.state[buffer, k] = self.one.load(self._cell(buffer, k), buffer.dtype) if given else zero
        self.body(self.statements)
        for buffer in outside:
            for k in range(buffer.entries):
                self.one.store(self.state[buffer, k], self._cell(buffer, k))

    def _cell(self, buffer: Buffer, k: int) -> str:
        return self.one.element(self.pointers[buffer], buffer.dtype, str(k))

    def _shared(self) -> set[Buffer]:
        """The registers that other functions touch too."""
        inside = dict.fromkeys(self.registers, 0)
        for statement in statements(self.statements) if inside else ():
            for buffer in own(statement).buffers:
                if buffer in inside:
                    inside[buffer] += 1
        return {buffer for buffer, count in inside.items() if self.unit.touched[buffer] > count}

    def text(self, head: str, result: str = "i32 0") -> str:
        """The function as text."""
        lines = [head + " {", "entry:", *self.reserved, *self.one.lines, f"  ret {result}"]
        for status, label in self.failed.items():
            lines += [f"{label}:", *self.leave(str(status))]
        return "\n".join([*lines, "}"])

    # statements

    def body(self, statements: Sequence[Statement]) -> None:
        """Write statements in order."""
        for statement in statements:
            self.statement(statement)

    def statement(self, statement: Statement) -> None:
        """Write one statement."""
        if statement in self.outlined:
            self.call(statement)
            return
        match statement:
            case Accumulator():
                self.open_accumulator(statement)
            case Accumulate():
                self.accumulate(statement)
            case Store():
                self.store(statement)
            case For():
                self.loop(statement)
            case Contract():
                self.contract(statement)
            case Copy():
                self.copy(statement)
            case Fill():
                self.fill(statement)
            case Branch():
                self.branch_on(statement)
            case While():
                self.loop_while(statement)
            case Replay():
                self.replay(statement)
            case _:
                if statement not in self.hoisted:
                    self.instruction(statement)

    def instruction(self, instruction: Any) -> None:
        """Write one instruction, and keep its value."""
        match instruction:
            case Constant():
                return
            case Position():
                value = self.position(instruction)
            case Inside(ranges):
                value = self.both(self.condition(ranges), self.lane_mask(ranges)) or constant_of(True, "bool", 1)
            case Load(buffer, index, guards):
                value = self.load(buffer, index, guards)
            case Gather(buffer, index, lookups, guards):
                value = self.load(buffer, index, guards, lookups)
            case Compute():
                value = self.compute(instruction)
            case Total(accumulator):
                value = self.total(accumulator)
            case Product():
                value = self.values[self.products[instruction]]
            case _:
                raise GraphError(
                    f"A loop nest cannot hold a {type(instruction).__name__}.",
                    f"  {instruction!r}",
                    "Use the statements of wengert.loops.nest.",
                )
        self.values[instruction] = value

    def loop(self, loop: For) -> None:
        """A loop over an axis."""
        if loop.kind == "parallel":
            self.parallel(loop)
        elif loop.kind == "vector":
            self.vector(loop)
        else:
            self.serial(loop)

    def contract(self, contract: Contract) -> None:
        """A matrix product by plain loops: rows, columns in lanes, and a sum over the inner axis."""
        (a, a_index), (b, b_index) = contract.a, contract.b
        total = Accumulator("add", contract.product.dtype)
        left, right = Load(a, a_index), Load(b, b_index)
        factor = Compute("multiply", (left, right), contract.product.dtype)
        inner = For(contract.inner, (left, right, factor, Accumulate(total, factor)))
        result = Total(total)
        self.products[contract.product] = result
        columns = For(contract.columns, (total, inner, result, contract.product, *contract.body), "vector")
        self.loop(For(contract.rows, (columns,)))

    # functions of their own

    def call(self, statement: Statement) -> None:
        """A statement as a function, and its call."""
        facts, unit = self.unit.book.of(statement), self.unit
        name = unit.module.unique("kernel")
        inner = Function(unit, (statement,), inner_choice(statement, unit.book))
        inner.polls = self.polls
        arguments: list[tuple[str, str]] = []
        self._hand_over(inner, facts, arguments)
        inner.write()
        parameters = ", ".join(f"{kind} %a{k}" for k, (kind, _) in enumerate(arguments))
        unit.module.define(name, inner.text(f"define internal i32 @{name}({parameters}) #0"))
        operands = ", ".join(f"{kind.removesuffix(' noalias')} {what}" for kind, what in arguments)
        status = self.one.effect(f"call i32 @{name}({operands})", "int32", 1)
        if inner.failed or inner.may_fail:
            self.pass_on(status)

    may_fail = False
    """Whether a function that this one calls may give a status."""

    def pass_on(self, status: Value) -> None:
        """Leave with the status of a function that failed."""
        b, self.may_fail = self.one, True
        bad, following = b.label("bad"), b.label("on")
        b.branch(b.not_equal(status, constant_of(0, "int32", 1)), bad, following)
        b.start_block(bad)
        b.lines.extend(self.leave(status.name))
        b.start_block(following)

    def _hand_over(self, inner: Function, facts: Any, arguments: list[tuple[str, str]]) -> None:
        """What a function needs of this one: pointers, axes, values, tapes; constants are written into it."""

        def argument(kind: str, what: str) -> str:
            arguments.append((kind, what))
            return f"%a{len(arguments) - 1}"

        alone = unshared(facts.buffers, self.unit)
        for buffer in facts.buffers:
            pointer = self.pointers[buffer]
            if pointer.startswith("@") or pointer == "null":
                inner.pointers[buffer] = pointer
            else:
                inner.pointers[buffer] = argument("ptr noalias" if buffer in alone else "ptr", pointer)
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

    def parallel(self, loop: For) -> None:
        """The body as a function of a context and a number, for the threads of the pool; the context holds what it needs."""
        unit, facts = self.unit, self.unit.book.of(loop)
        stop = self.extent(loop.axis)
        if facts.tapes or facts.added:
            raise GraphError(
                "A parallel loop cannot record on tapes or add to accumulators opened outside.",
                f"  it runs over {loop.axis!r}",
                "Make the loop serial.",
            )
        name = unit.module.unique("chunk")
        inner = Function(unit, loop.body, chosen(loop.body, unit.book))
        inner.polls = False
        arguments: list[tuple[str, str]] = []
        self._hand_over(inner, facts, arguments)
        kinds = [kind.removesuffix(" noalias") for kind, _ in arguments]
        context = f"{{ {', '.join(['i32', *kinds])} }}"
        inner.leave = lambda status: [f"  store i32 {status}, ptr %context, align 4", "  ret void"]
        index = (
            inner.one.add(Value("%chunk", "int64", 1), self.number(loop.start))
            if loop.start
            else Value("%chunk", "int64", 1)
        )
        inner.bind(loop.axis, index)
        inner.write()
        opening = _unpacked(context, kinds)
        text = inner.text(f"define internal void @{name}(ptr %context, i64 %chunk) #0", "void")
        unit.module.define(name, text.replace("entry:\n", "entry:\n" + "".join(opening), 1))
        memory = self._packed(context, arguments)
        self._dispatch(name, memory, self.shifted(stop, -loop.start), bool(inner.failed) or inner.may_fail)

    def _packed(self, context: str, arguments: Sequence[tuple[str, str]]) -> str:
        """The context in memory, with status 0."""
        memory = self.reserve(f"alloca {context}, align 8")
        self.one.emit(f"store i32 0, ptr {memory}, align 4")
        for k, (kind, what) in enumerate(arguments):
            field = self.one.pointer(f"getelementptr {context}, ptr {memory}, i64 0, i32 {k + 1}")
            self.one.emit(f"store {kind.removesuffix(' noalias')} {what}, ptr {field}")
        return memory

    def _dispatch(self, name: str, memory: str, count: Value, fails: bool) -> None:
        called = self.unit.module.declare(f"declare void @{PARALLEL_FOR}(ptr, ptr, i64)")
        self.unit.imports[PARALLEL_FOR] = None
        self.one.emit(f"call void {called}(ptr @{name}, ptr {memory}, i64 {count.name})")
        if fails:
            self.pass_on(self.one.load(memory, "int32"))


def _unpacked(context: str, kinds: Sequence[str]) -> list[str]:
    """The lines that read the arguments of a parallel body from its context."""
    lines: list[str] = []
    for k, kind in enumerate(kinds):
        lines.append(f"  %f{k}.at = getelementptr {context}, ptr %context, i64 0, i32 {k + 1}\n")
        lines.append(f"  %a{k} = load {kind}, ptr %f{k}.at\n")
    return lines


# what is a function of its own


def chosen(body: Sequence[Statement], book: FactBook) -> Ordered[Statement]:
    """The statements of a body that are functions of their own: none of a small body, else all that can be.

    Of a loop or branch around large statements, the statements inside are taken instead.
    """
    if sum(book.of(statement).cost for statement in body) <= WHOLE:
        return {}
    found: Ordered[Statement] = {}
    for statement in body:
        if not compound(statement) or _is_parallel(statement):
            continue
        if book.of(statement).cost > WHOLE and _is_control(statement):
            found.update(inner_choice(statement, book))
        elif not book.of(statement).crossing:
            found[statement] = None
    return found


def inner_choice(statement: Statement, book: FactBook) -> Ordered[Statement]:
    """The statements inside one that are functions of their own, where the one is the whole of a function."""
    found: Ordered[Statement] = {}
    if _is_control(statement):
        for part in bodies(statement):
            found.update(chosen(part, book))
    return found


def _is_control(statement: Statement) -> bool:
    if isinstance(statement, For):
        return statement.kind == "serial" and any(compound(inner) for inner in statement.body)
    return isinstance(statement, Branch | While | Replay)


def _is_parallel(statement: Statement) -> bool:
    return isinstance(statement, For) and statement.kind == "parallel"


def sites(body: Sequence[Statement], unit: Unit) -> dict[Accumulator, dict[tuple[int, int], None]]:
    """The (lanes, chains) in which accumulators are added to: those of the vector loops around."""
    found: dict[Accumulator, dict[tuple[int, int], None]] = {}
    stack: list[tuple[Statement, tuple[int, int]]] = [(statement, (1, 1)) for statement in reversed(body)]
    while stack:
        statement, lanes = stack.pop()
        if isinstance(statement, Accumulate):
            found.setdefault(statement.accumulator, {})[lanes] = None
        if isinstance(statement, For) and statement.kind == "vector":
            lanes = (unit.shape(statement).width, unit.shape(statement).repeats)
        stack.extend((inner, lanes) for part in reversed(bodies(statement)) for inner in reversed(part))
    return found


def unshared(buffers: Ordered[Buffer], unit: Unit) -> set[Buffer]:
    """The buffers whose memory no other of them shares."""
    spans = [(unit.placement.offset(b), b) for b in buffers if b.kind == "temporary" and b.entries]
    spans.sort(key=lambda span: span[0])
    shared: set[Buffer] = set()
    for k, (start, buffer) in enumerate(spans):
        for after, other in spans[k + 1 :]:
            if after >= start + BYTES[buffer.dtype] * buffer.entries:
                break
            shared.update((buffer, other))
    return {buffer for buffer in buffers if buffer not in shared}
