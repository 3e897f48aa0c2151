"""What recurrences start from: h_0 by a line or a remark, and remarks that say that it is 0."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

from wengert.notes.elaboration.clock import Clock, entry_of, references, start_name, time_offset, whole_number
from wengert.notes.elaboration.ordering import error_at
from wengert.notes.notation import names
from wengert.notes.notation.expr import Line, Num, Ref
from wengert.regex import regex

VALUE_AT = r"(?<![^\W\d_])([^\W\d_]+)[_^]?\(?(-?\d+)\)?"
ZERO_CHAIN = regex(rf"(?:{VALUE_AT}\s*=\s*)+(?:0|𝟎)(?![\d.])")


def zero_starts(lines: Sequence[Line]) -> set[str]:
    """What remarks such as (h_0 = c_0 = 0) say is 0, as 'h_0'."""
    found: set[str] = set()
    for line in lines:
        for note in line.notes:
            plain = re.sub(r"\\(?:mathbf|boldsymbol|bm|mathrm)|[{}\\⁽⁾]", "", note)
            plain = "".join(names.RAISED.get(c, names.LOWERED.get(c, c)) for c in plain).replace("−", "-")
            for chain in ZERO_CHAIN.finditer(plain):
                found.update(f"{base}_{number}" for base, number in re.findall(VALUE_AT + r"\s*=", chain[0]))
    return found


def start_numbers(lines: Sequence[Line], clock: Clock, members: Sequence[str]) -> list[tuple[str, int, Line]]:
    """(h, 0, line) for every line or remark that gives a value h_0 to a sequence of a recurrence."""
    found: list[tuple[str, int, Line]] = []
    for line in lines:
        stated = [Ref(name) for name in zero_starts([line])]
        for tree in (*([line.left] if isinstance(line.left, Ref) else []), *stated):
            entry = entry_of(tree, clock.axes, clock.last)
            number = None if entry is None else whole_number(entry[1])
            if entry is not None and entry[0] in members and number is not None:
                found.append((entry[0], number, line))
    return found


def start_values(lines: Sequence[Line], steps: Sequence[Line], clock: Clock, source: str) -> dict[str, str]:
    """For each sequence that is read before its first step the name of the value there, or "" where a remark says that it is 0.

    Raises EquationError where more than one value is missing.
    """
    zero = zero_starts(lines)
    zero |= {zero_start(line, clock) for line in lines}
    starts: dict[str, str] = {}
    for line in steps:
        for tree in references(line):
            offset = time_offset(tree, clock)
            if offset is None or offset >= 0:
                continue
            needed = [start_name(tree.name, clock, k) for k in range(1, 1 - offset)]
            if all(name in zero for name in needed):
                starts.setdefault(tree.name, "")
            elif len(needed) == 1:
                starts[tree.name] = needed[0]
            else:
                missing = ", ".join(name for name in needed if name not in zero)
                raise error_at(
                    source,
                    tree,
                    f"The start values {missing} are not given.",
                    f"Write '({' = '.join(needed)} = 0)', or give the step before a name:  g_{clock.letter} = {tree.name}_{{{clock.letter}−1}}",
                )
    return starts


def without_zero_starts(lines: Sequence[Line], clock: Clock | None) -> list[Line]:
    """The lines without those that say that a start value is 0."""
    if clock is None:
        return list(lines)
    return [line for line in lines if zero_start(line, clock) not in {start_name(name, clock) for name in clock.starts}]


def zero_start(line: Line, clock: Clock) -> str:
    """'h_0' of a line h_0 = 0; "" for any other line."""
    left = line.left
    if not isinstance(left, Ref) or line.rights != (Num(Fraction(0)),):
        return ""
    entry = entry_of(left, clock.axes, clock.last)
    number = None if entry is None else whole_number(entry[1])
    if entry is None or number is None:
        return left.name if left.indices is None else ""
    parts = names.split(entry[0])
    return names.join(parts.base, parts.label, f"{parts.subscript}{number}", parts.primes)
