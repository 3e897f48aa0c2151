"""A program of loop nests as text, a line a statement, bodies indented. It computes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from wengert.targets.native.loops.nest import (
    Accumulate,
    Accumulator,
    Affine,
    Axis,
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
    Lookup,
    NestProgram,
    Position,
    Range,
    Replay,
    Routine,
    Statement,
    Store,
    Total,
    While,
)

SIGNS = {
    "add": "+",
    "subtract": "−",
    "multiply": "·",
    "divide": "/",
    "less": "<",
    "less_equal": "≤",
    "greater": ">",
    "greater_equal": "≥",
    "equal": "=",
    "not_equal": "≠",
    "logical_and": "and",
    "logical_or": "or",
}
UPDATES = {"add": "+=", "multiply": "*=", "maximum": "max=", "minimum": "min="}


def show(program: NestProgram) -> str:
    """The buffers that the program is given and gives, then its statements; each kernel under a comment that says what it computes."""
    names = Names()
    lines = [f"in   {_shown(names, buffer)}" for buffer in program.inputs]
    lines += [f"out  {_shown(names, buffer)}" for buffer in program.outputs]
    for k, statement in enumerate(program.body):
        if k < len(program.kernels) and program.kernels[k]:
            lines += ["", f"# {program.kernels[k]}"]
        lines += _lines(names, [statement], 0)
    return "\n".join(lines) + "\n"


class Names:
    """A name for every axis, buffer, value, accumulator and tape: its own, or its own with a number where that is taken."""

    def __init__(self) -> None:
        self.given: dict[Any, str] = {}
        self.taken: set[str] = set()
        self.numbers: dict[str, int] = {}

    def __call__(self, thing: Any) -> str:
        if thing not in self.given:
            stem = getattr(thing, "name", "") or ("total" if isinstance(thing, Accumulator) else "")
            name = self._numbered(stem) if not stem or stem in self.taken else stem
            self.taken.add(name)
            self.given[thing] = name
        return self.given[thing]

    def _numbered(self, stem: str) -> str:
        while True:
            self.numbers[stem] = number = self.numbers.get(stem, 0) + 1
            name = f"{stem}.{number}" if stem else f"v{number}"
            if name not in self.taken:
                return name

    def index(self, index: Affine) -> str:
        """An affine index in the names of the axes."""
        text = ""
        for axis, coefficient in index.terms:
            factor = self(axis) if abs(coefficient) == 1 else f"{abs(coefficient)}·{self(axis)}"
            text += _signed(text, coefficient, factor)
        if index.offset or not text:
            text += _signed(text, index.offset, str(abs(index.offset)))
        return text

    def place(self, index: Affine, lookups: Sequence[Lookup] = ()) -> str:
        """An index with its data-dependent parts."""
        parts = [self.index(index)] if index.terms or index.offset or not lookups else []
        for lookup in lookups:
            factor = "" if lookup.coefficient == 1 else f"{lookup.coefficient}·"
            parts.append(f"{factor}{self(lookup.place)}<{lookup.size}")
        return " + ".join(parts)

    def ranges(self, ranges: Iterable[Range]) -> str:
        """Ranges, each as low ≤ index < high."""
        return " and ".join(f"{r.low} ≤ {self.index(r.index)} < {r.high}" for r in ranges)


def _signed(before: str, number: int, text: str) -> str:
    if not before:
        return f"−{text}" if number < 0 else text
    return f" {'−' if number < 0 else '+'} {text}"


def _shown(names: Names, buffer: Buffer) -> str:
    sizes = "×".join(map(str, buffer.shape))
    return f"{names(buffer)}: {buffer.dtype}[{sizes}]"


def _lines(names: Names, body: Iterable[Statement], depth: int) -> list[str]:
    """The lines of statements; nesting is as deep as loops are, so this recurses over them."""
    lines: list[str] = []
    for statement in body:
        for text, inside in _parts(names, statement):
            lines.append("    " * depth + text)
            lines += _lines(names, inside, depth + 1)
    return lines


def _parts(names: Names, statement: Statement) -> Iterator[tuple[str, tuple[Statement, ...]]]:
    """The headings of a statement, each with the body below it."""
    match statement:
        case For():
            yield _heading(names, statement), statement.body
        case Contract():
            yield _contraction(names, statement), statement.body
        case Branch(flag, then, other):
            yield f"if {names(flag)}:", then
            if other:
                yield "else:", other
        case While():
            records = "".join(f", {names(source)} to {names(tape)}" for source, tape in statement.tapes)
            yield "test:", statement.test
            yield f"while {names(statement.flag)}{records}:", statement.body
        case Replay():
            yield _replay(names, statement), statement.body
        case _:
            yield _leaf(names, statement), ()


def _heading(names: Names, loop: For) -> str:
    name, extent = names(loop.axis), str(loop.axis.extent)
    if loop.axis.clip is not None:
        outer, total = loop.axis.clip
        extent = f"min({extent}, {total} − {extent}·{names(outer)})"
    start = f"{loop.start} ≤ " if loop.start else ""
    kind = "" if loop.kind == "serial" else f" {loop.kind}"
    return f"for{kind} {start}{name} < {extent}{' reversed' if loop.reverse else ''}:"


def _replay(names: Names, replay: Replay) -> str:
    parts = ["replay backwards" if replay.reverse else "replay"]
    parts += [f"{names(buffer)} from {names(tape)}" for tape, buffer in replay.reads]
    parts += [f"{names(buffer)} to {names(tape)}" for buffer, tape in replay.writes]
    if replay.counter is not None:
        parts.append(f"number in {names(replay.counter)}")
    return f"{parts[0]} {', '.join(parts[1:])}:"


def _contraction(names: Names, contract: Contract) -> str:
    (a, a_index), (b, b_index) = contract.a, contract.b
    rows, columns, inner = (_bounded(names, axis) for axis in (contract.rows, contract.columns, contract.inner))
    product = names(contract.product)
    sum = f"{product} = Σ {inner} {names(a)}[{names.index(a_index)}] · {names(b)}[{names.index(b_index)}]"
    return f"for{' parallel' if contract.parallel else ''} {rows}, {columns}: {sum}"


def _bounded(names: Names, axis: Axis) -> str:
    return f"{names(axis)} < {axis.extent}"


def _leaf(names: Names, statement: Statement) -> str:
    """The line of a statement without a body."""
    match statement:
        case Accumulator(combine, dtype):
            return f"{names(statement)}: {dtype} by {combine}"
        case Accumulate(accumulator, value):
            return f"{names(accumulator)} {UPDATES[accumulator.combine]} {names(value)}"
        case Store(buffer, index, value, combine, lookups):
            sign = "=" if combine is None else UPDATES[combine]
            return f"{names(buffer)}[{names.place(index, lookups)}] {sign} {names(value)}"
        case Routine():
            given = [f"{names(buffer)}[{names.index(index)}, …]" for buffer, index, _ in statement.sources]
            given += [f"{key}={value}" for key, value in statement.params]
            buffer, index = statement.target
            return f"{names(buffer)}[{names.index(index)}, …] = {statement.name}({', '.join(given)})"
        case Copy(source, source_index, target, target_index, entries):
            to, start = names.index(target_index), names.index(source_index)
            return f"{names(target)}[{to}, …] = {names(source)}[{start}, …], {entries} entries"
        case Fill(buffer, index, entries, number):
            return f"{names(buffer)}[{names.index(index)}, …] = {number}, {entries} entries"
        case _:
            return f"{names(statement)} = {_instruction(names, statement)}"


def _instruction(names: Names, instruction: Statement) -> str:
    match instruction:
        case Constant(number, dtype):
            return f"{number} {dtype}"
        case Position(index, dtype):
            return f"{dtype}({names.index(index)})"
        case Inside(ranges):
            return names.ranges(ranges)
        case Load(buffer, index, guards):
            return f"{names(buffer)}[{names.index(index)}]{_guarded(names, guards)}"
        case Gather(buffer, index, lookups, guards):
            return f"{names(buffer)}[{names.place(index, lookups)}]{_guarded(names, guards)}"
        case Total(accumulator):
            return names(accumulator)
        case Compute():
            return _compute(names, instruction)
        case _:
            return type(instruction).__name__.lower()


def _guarded(names: Names, guards: Sequence[Range]) -> str:
    return f" where {names.ranges(guards)}" if guards else ""


def _compute(names: Names, compute: Compute) -> str:
    inputs = [names(x) for x in compute.inputs]
    if compute.function in SIGNS and len(inputs) == 2:
        return f"{inputs[0]} {SIGNS[compute.function]} {inputs[1]}"
    if compute.function == "cast":
        return f"{compute.dtype}({inputs[0]})"
    if compute.exponent is not None:
        inputs.append(str(compute.exponent))
    return f"{compute.function}({', '.join(inputs)})"
