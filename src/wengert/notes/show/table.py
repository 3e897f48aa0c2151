"""A trace as text: columns aligned by terminal cells, arrays whole where they are small, values that are not finite marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wengert.cells import cells, pad, wrap
from wengert.notes.show.numbers import array, is_finite, number
from wengert.notes.show.trace import TraceRow, ValueTrace


@dataclass(frozen=True)
class _Entry:
    """A line of the table before layout: what stands on the left, the value's lines, whether the value is finite."""

    left: str
    value: tuple[str, ...]
    finite: bool = True
    indent: int = 0


def render_text(trace: ValueTrace, width: int = 80, precision: int = 4) -> str:
    """The table in at most `width` cells (at least 40), numbers with `precision` significant digits.

    Primitives stand side by side, forward on the left and backward on the right, where all are scalars and both fit.
    """
    writer = _TableWriter(trace, max(width, 40), precision)
    beside = writer.beside() if trace.primitive and writer.scalar() else None
    lines = writer.stacked() if beside is None else beside
    return "\n".join([*lines, *writer.notes()]) + "\n"


class _TableWriter:
    def __init__(self, trace: ValueTrace, width: int, precision: int) -> None:
        self.trace, self.width, self.precision = trace, width, precision
        self.ascii = trace.ascii
        self.labels = max((cells(row.label) for row in (*trace.forward, *trace.backward)), default=0)
        self.heads = max((cells(self.head(row, True)) for row in (*trace.forward, *trace.backward)), default=0)

    def scalar(self) -> bool:
        return all(_scalar(row.value) for row in self.trace.forward)

    # rows

    def head(self, row: TraceRow, barred: bool) -> str:
        """v₇ or v̄₇."""
        if self.trace.primitive:
            return row.name
        if self.ascii:
            return f"{'vbar' if barred else 'v'}{row.number}"
        return ("v̄" if barred else "v") + str(row.number).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))

    def left(self, row: TraceRow, barred: bool, formula: str) -> str:
        """Number, name, = formula; in a list of primitives the names have a column of their own."""
        head = pad(self.head(row, barred), self.heads)
        if not self.trace.primitive:
            return f"{head}  {' = '.join(part for part in (row.name, formula) if part)}"
        return f"{head}  {pad(row.label, self.labels)} {'= ' + formula if formula else ''}".rstrip()

    def entry(self, left: str, value: object, indent: int = 0) -> _Entry:
        return _Entry(left, tuple(array(value, self.precision, self.ascii)), is_finite(value), indent)

    def forward(self, row: TraceRow) -> _Entry:
        return self.entry(self.left(row, False, row.formula), row.value)

    def backward(self, row: TraceRow) -> list[_Entry]:
        """The line of a bar, and below it each contribution where there are several."""
        formula = row.formula
        if len(row.uses) < 2:
            return [self.entry(self.left(row, True, formula), row.value)]
        if all(_scalar(use.value) for use in row.uses):
            formula += " = " + _added([number(use.value, self.precision, self.ascii) for use in row.uses])
        widest = max(cells(use.child) for use in row.uses)
        return [
            self.entry(self.left(row, True, formula), row.value),
            *(
                self.entry(f"from {pad(use.child, widest)}  {use.formula}", use.value, self.heads + 4)
                for use in row.uses
            ),
        ]

    def summands(self, row: TraceRow) -> list[_Entry]:
        """The same with a line for each summand and the sum in the last, as the textbook has it."""
        if len(row.uses) < 2:
            return self.backward(row)
        indent = self.heads + self.labels + 3
        first, *rest = row.uses
        lines = [self.entry(self.left(row, True, first.formula), first.value)]
        lines += [self.entry(f"+ {use.formula}", use.value, indent) for use in rest]
        return [*lines, self.entry("=", row.value, indent)]

    # tables

    def stacked(self) -> list[str]:
        fore = [self.forward(row) for row in self.trace.forward]
        back = [entry for row in self.trace.backward for entry in self.backward(row)]
        column = _column([*fore, *back], self.width, self.ascii)
        lines: list[str] = []
        for title, entries in (("forward", fore), ("backward", back)):
            lines += ["", title, *(line for e in entries for line in _lines(e, column, self.width, self.ascii))]
        return lines[1:]

    def beside(self) -> list[str] | None:
        """v_i and v̄_i in one row, to be read down on the left and up on the right; None where that is too wide."""
        fore = [self.forward(row) for row in self.trace.forward]
        back = {row.number: self.summands(row) for row in self.trace.backward}
        flat = [entry for entries in back.values() for entry in entries]
        columns = _natural(fore), _natural(flat)
        left, right = columns[0] + _room(fore, self.ascii), columns[1] + _room(flat, self.ascii)
        if left + 3 + right > self.width:
            return None
        rule, down, up = ("|", "v", "^") if self.ascii else ("│", "↓", "↑")
        lines = [f"{pad(f'forward {down}', left)} {rule} backward {up}"]
        for row, entry in zip(self.trace.forward, fore, strict=True):
            a = _lines(entry, columns[0], left, self.ascii)
            b = [line for e in back.get(row.number, ()) for line in _lines(e, columns[1], right, self.ascii)]
            rows = max(len(a), len(b))
            a += [""] * (rows - len(a))
            b += [""] * (rows - len(b))
            lines += [f"{pad(x, left)} {rule} {y}".rstrip() for x, y in zip(a, b, strict=True)]
        return lines

    def notes(self) -> list[str]:
        """Which value is the first that is not finite."""
        bad = self.trace.not_finite()
        if not bad:
            return []
        what = "1 value is not finite:" if len(bad) == 1 else f"{len(bad)} values are not finite; the first is"
        return ["", *wrap(f"{what} {bad[0]}", self.width)]


def _scalar(value: object) -> bool:
    return getattr(value, "ndim", 0) == 0


def _added(numbers: Sequence[str]) -> str:
    """a + b − c."""
    text = numbers[0]
    for item in numbers[1:]:
        text += f" {item[0]} {item[1:]}" if item[0] in "−-" else f" + {item}"
    return text


def _mark(entry: _Entry, ascii: bool) -> str:
    return "" if entry.finite else "  <- not finite" if ascii else "  ← not finite"


def _room(entries: Sequence[_Entry], ascii: bool) -> int:
    """The cells that the widest value takes, its sign and mark included."""
    return max((1 + cells(v) + cells(_mark(e, ascii)) for e in entries for v in e.value), default=1)


def _column(entries: Sequence[_Entry], width: int, ascii: bool) -> int:
    """Where the values begin: behind the formulas, or so that the values fit, which may take up to 3/5 of the line."""
    return min(_natural(entries), width - min(_room(entries, ascii), width * 3 // 5))


def _natural(entries: Sequence[_Entry]) -> int:
    """The column behind all formulas."""
    return max((e.indent + cells(e.left) for e in entries), default=0) + 2


def _lines(entry: _Entry, column: int, width: int, ascii: bool) -> list[str]:
    mark = _mark(entry, ascii)
    left = wrap(entry.left, column - entry.indent - 2, 6)
    value = [*entry.value]
    if max(map(cells, value)) + cells(mark) > width - column:
        # The value has lines of its own below the formula.
        full = wrap(entry.left, width - entry.indent, 6)
        below = [" " * 6 + part for v in value for part in wrap(v, width - entry.indent - 6)]
        below[0] += mark if cells(below[0]) + cells(mark) + entry.indent <= width else ""
        return [" " * entry.indent + part for part in (*full, *below)]
    value[0] = _sign(value[0]) + mark
    rows = max(len(left), len(value))
    left += [""] * (rows - len(left))
    value = [_sign(v) if k else v for k, v in enumerate(value)] + [""] * (rows - len(value))
    return [
        (pad(" " * entry.indent + part, column) + number).rstrip() for part, number in zip(left, value, strict=True)
    ]


def _sign(text: str) -> str:
    """A blank in the place of the sign, so that digits stand under digits."""
    return text if text[:1] in ("−", "-", "[") or not text else f" {text}"
