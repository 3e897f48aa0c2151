"""A program of loop nests as one LLVM module: a function for the program, one for each larger statement, one for each parallel body."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wengert.errors import GraphError
from wengert.targets.native.contraction import aligned
from wengert.targets.native.control_ir import TAPE
from wengert.targets.native.facts import FactBook
from wengert.targets.native.frame import Placement, Unit, is_embedded
from wengert.targets.native.function import NestFunction
from wengert.targets.native.inlining import in_place
from wengert.targets.native.loops.inside import bodies, buffers_of, statements
from wengert.targets.native.loops.nest import Buffer, Contract, For, NestProgram, Replay, Statement, While
from wengert.targets.native.loops_ir import work_of
from wengert.targets.native.memory import BYTES
from wengert.targets.native.module import PLAIN, QUICK, Module
from wengert.targets.native.outlining import Outlined, chosen
from wengert.targets.native.processor import Processor
from wengert.targets.native.subnormals import around

MOSTLY_ELSEWHERE = 400
"""A program whose functions run so many times the instructions that it runs itself is itself made quickly, not well."""
CONSTANT = "wg_constant"
"""The symbols of the large constants are this word and their numbers."""


@dataclass(frozen=True, slots=True)
class Emitted:
    """A module as text; the symbols of this library that it calls; the constants that it expects at symbols `CONSTANT`0, 1 …"""

    text: str
    imports: tuple[str, ...]
    constants: tuple[Buffer, ...]
    arena_bytes: int
    """The bytes of the arena: the temporaries, and behind them the workspace of matrix products."""


class Offsets:
    """A placement from a table."""

    def __init__(self, table: Mapping[Buffer, int]) -> None:
        self.table = table
        self.bytes = max((at + BYTES[b.dtype] * b.entries for b, at in table.items()), default=0)

    def offset(self, buffer: Buffer) -> int:
        """The byte at which a temporary begins."""
        return self.table[buffer]


def emit(
    program: NestProgram,
    plan: Placement | Mapping[Buffer, int],
    target: Processor,
    name: str = "program",
    flushes: bool = False,
) -> Emitted:
    """The module with `i32 @name(ptr inputs, ptr outputs, ptr arena)`.

    With `flushes`, subnormal numbers are 0 while it runs, if the switch of `subnormals` says so.
    Constants of more than 64 KB stay outside: number k of `Emitted.constants` is expected at the symbol `CONSTANT`k.

    Raises GraphError where a nest breaks a rule of `wengert.targets.native.loops.nest`.
    """
    placement = Offsets(plan) if isinstance(plan, Mapping) else plan
    touched: dict[Buffer, int] = {}
    for statement in statements(program.body):
        for buffer in dict.fromkeys(buffers_of(statement)):
            touched[buffer] = touched.get(buffer, 0) + 1
    unit = Unit(
        Module(target, shares=True),
        placement,
        FactBook(in_place=in_place(program.body, target)),
        touched,
        frozenset(program.outputs),
        frozenset(program.inputs),
        flushes=flushes,
    )
    constants = tuple(b for b in touched if b.kind == "constant" and b.entries and not is_embedded(b))
    workspace = unit.workspace_bytes(unit.book.all(program.body))
    _define_program(unit, program, constants, name)
    arena = aligned(placement.bytes) + workspace
    return Emitted(unit.module.text(), tuple(unit.imports), constants, arena)


def _define_program(unit: Unit, program: NestProgram, constants: Sequence[Buffer], name: str) -> None:
    """The exported function; where there are tapes, their memory belongs to it and it frees them whatever happens."""
    unit.module.unique(name)
    if unit.flushes:
        outer, name = name, unit.module.unique(f"{name}.flushed")
        arguments = "ptr %inputs, ptr %outputs, ptr %arena"
        unit.module.define(outer, around(unit.module.target, unit.switch(), outer, name, arguments))
    function = NestFunction(unit, program.body, chosen(program.body, unit.book))
    arguments = "ptr %inputs, ptr %outputs, ptr %arena"
    _find_buffers(function, program, constants)
    if unit.workspace_bytes(function.facts):
        at = aligned(unit.placement.bytes)
        function.workspace = function.one.pointer(f"getelementptr i8, ptr %arena, i64 {at}")
    function.write()
    if not unit.tapes:
        attributes = QUICK if _only_calls(program.body, function.outlined) else PLAIN
        unit.module.define(name, function.text(f"define i32 @{name}({arguments}) {attributes}"))
        return
    inner = unit.module.unique(f"{name}.taped")
    unit.module.define(inner, function.text(f"define internal i32 @{inner}({arguments}, ptr %tapes) #0"))
    unit.module.define(name, _tape_keeper(unit, name, inner, arguments))


def _only_calls(body: Sequence[Statement], outlined: Outlined) -> bool:
    """Whether a function hardly does more than to call others."""
    return _own_work(body, outlined) * MOSTLY_ELSEWHERE < work_of(body)


def _own_work(body: Sequence[Statement], outlined: Outlined) -> float:
    """About the number of instructions that a function runs itself."""
    total = 0.0
    for statement in body:
        if statement in outlined or (isinstance(statement, For) and statement.kind == "parallel"):
            continue
        inside = sum(_own_work(part, outlined) for part in bodies(statement))
        if isinstance(statement, For):
            inside *= statement.axis.extent
        elif isinstance(statement, While | Replay | Contract):
            inside = math.inf
        total += 1 + inside
    return total


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


def _find_buffers(function: NestFunction, program: NestProgram, constants: Sequence[Buffer]) -> None:
    """The pointers to the buffers that the program's function touches or hands on."""
    b, unit = function.one, function.unit
    places = {buffer: ("outputs", k) for k, buffer in enumerate(program.outputs)}
    places |= {buffer: ("inputs", k) for k, buffer in enumerate(program.inputs)}
    outside = {buffer: unit.module.external(f"{CONSTANT}{k}") for k, buffer in enumerate(constants)}
    for buffer in function.facts.buffers:
        if buffer in places:
            array, k = places[buffer]
            slot = b.pointer(f"getelementptr ptr, ptr %{array}, i64 {k}") if k else f"%{array}"
            function.pointers[buffer] = b.fresh("b")
            b.emit(f"{function.pointers[buffer]} = load ptr, ptr {slot}, align 8")
        elif buffer.kind == "constant":
            function.pointers[buffer] = outside.get(buffer) or unit.embedded(buffer)
        elif buffer.kind == "private":
            continue
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
