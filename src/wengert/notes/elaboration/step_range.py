"""The first and the last step of recurrences: from remarks, from start values, and from single entries that are read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from wengert.notes.elaboration.circles import circles_of
from wengert.notes.elaboration.clock import (
    Clock,
    as_index,
    entry_of,
    offset_of,
    references,
    running_letters,
    whole_number,
)
from wengert.notes.elaboration.ordering import error_at
from wengert.notes.elaboration.phases import counts_of, left_step
from wengert.notes.elaboration.start_values import start_numbers
from wengert.notes.notation import names
from wengert.notes.notation.expr import BigOp, Expr, Index, Line, Ref, refs_of, walk
from wengert.regex import regex

DOTS = r"(?:,[\d, ]*)? ?(?:…|\.{3}|⋯|:|\\[lc]?dots[a-z]?) ?,? ?"
RANGE = regex(r"(\w) ?(?:=|∈|\\in) ?\\?(-?\d+) ?" + DOTS + r"(\w+)(?: ?([+\-−]) ?(\d+))?")
BETWEEN = regex(r"(-?\d+) ?(?:≤|\\leq?|<=) ?(\w) ?(?:≤|\\leq?|<=) ?(\w+)(?: ?([+\-−]) ?(\d+))?")


def bounds(line: Line, letter: str) -> tuple[int, str, int]:
    """(1, "T", k) of a remark such as 'for t = 1…T+k' about a line; (…, "", 0) without one."""
    for note in line.notes:
        plain = re.sub(r"\\(?:text|mathrm|quad|qquad|[,;! ])|[{}$]", " ", note)
        for pattern, order in ((RANGE, (1, 2)), (BETWEEN, (2, 1))):
            for match in pattern.finditer(" ".join(plain.split())):
                if match[order[0]] == letter:
                    by = int(match[5] or 0) * (-1 if match[4] in ("-", "−") else 1)
                    return int(match[order[1]]), match[3], by
    return 1, "", 0


def with_bounds(clock: Clock, lines: Sequence[Line], members: Sequence[str], source: str) -> Clock:
    """The numbers of the first and the last step: from remarks, from start values, and from single entries that are read.

    Raises EquationError where a value is both given and computed.
    """
    phases = {name: clock.phase(name) for name in clock.axes}
    first: int | None = None
    last, ends = clock.last, 0
    noted = [line for line in lines if bounds(line, clock.letter)[1]]
    noted.sort(key=lambda line: not (isinstance(line.left, Ref) and line.left.name in members))
    for line in noted[:1]:
        low, high, by = bounds(line, clock.letter)
        count = counts_of(line, clock.axes, phases, clock.last, clock.lag).get(clock.letter, 0)
        first = low - count
        last, ends = (str(int(high) + by - count), 0) if high.isdigit() else (high, by - count)
    given = [
        (number + 1 - clock.phase(name), name, line) for name, number, line in start_numbers(lines, clock, members)
    ]
    if given:
        start, name, line = max(given, key=lambda each: each[0])
        if first is not None and start > first:
            what = f"'{name}' at step {start - 1 + clock.phase(name)} is given here, and computed by the recurrence as well."
            raise error_at(
                source, line, what, f"Let the recurrence begin one step later:  … for {clock.letter} = {start}…"
            )
        first = start if first is None else first
    clock = replace(clock, first=1 if first is None else first, last=last, ends=ends)
    return with_name(clock if noted else with_last_entry(clock, lines), lines)


def with_name(clock: Clock, lines: Sequence[Line]) -> Clock:
    """A name for the last step where the lines give it none: T, or another capital, for the number of steps."""
    taken = {word for tree in refs_of(lines) for word in (tree.name, names.split(tree.name).base)}
    free = [name for name in "TNMK" if name not in taken]
    return clock if clock.last or not free else replace(clock, last=free[0], ends=clock.first - 1)


def with_last_entry(clock: Clock, lines: Sequence[Line]) -> Clock:
    """The last step as entries tell it that are read: h_T, or y = l_4 where sequences are read at single steps only."""
    named: list[int] = []
    numbers: list[int] = []
    inside = {
        line.left.name for line in lines if isinstance(line.left, Ref) and left_step(line, clock.axes) is not None
    }
    phases = {name: clock.phase(name) for name in clock.axes}
    open_ended = inside - {name for group in circles_of(lines) for name in group}
    whole = bool(open_ended)
    for line in lines:
        for tree in references(line):
            entry = entry_of(tree, clock.axes, clock.last)
            if entry is None:
                outside = isinstance(line.left, Ref) and line.left.name not in inside
                whole |= outside and tree.name in clock.axes
            elif (number := whole_number(entry[1])) is not None:
                numbers.append(number - clock.phase(entry[0]))
            else:
                offset = offset_of(entry[1])
                assert offset is not None
                named.append(offset[1] - clock.phase(entry[0]))
        for tree in (t for right in line.rights for t in walk(right) if isinstance(t, BigOp) and t.upper is not None):
            bound = offset_of(as_index(tree.upper, clock.last)) if tree.upper is not None else None
            if bound is not None and bound[0] == clock.last and len(tree.letters) == 1:
                count = counts_of(line, clock.axes, phases, clock.last, clock.lag)
                if tree.letters[0] in count:
                    named.append(bound[1] - count[tree.letters[0]])
    if clock.last:
        return replace(clock, ends=max(named, default=0))
    later = [n for n in numbers if n >= clock.first]
    return clock if whole or not later else replace(clock, last=str(max(later)))


def last_name(lines: Sequence[Line], letter: str, members: Sequence[str], source: str) -> str:
    """The name of the last step, T: in a remark, as the index of an entry h_T, or as the end of a sum; "" where none is given.

    Raises EquationError where there are two.
    """
    stated = [end for line in lines if (end := bounds(line, letter)[1])]
    if stated:
        return stated[0]
    bare = {tree.name for tree in refs_of(lines) if tree.indices is not None}
    found: dict[str, Ref] = {}
    for line in lines:
        running = running_letters(line)
        for tree in references(line):
            parts = names.split(tree.name)
            text = parts.subscript if names.join(parts.base, parts.label) in members else ""
            text = text or (parts.label if names.join(parts.base, "", parts.subscript) in members else "")
            words = [text] if len(text) == 1 and text.isupper() else []
            if tree.name in members:
                words += [q for index in tree.indices or () for q in letters_of(index) if q not in running | {letter}]
            for word in words:
                found.setdefault(word, tree)
        for tree in (t for right in line.rights for t in walk(right) if isinstance(t, BigOp) and letter in t.letters):
            if tree.upper is not None:
                for name in (t.name for t in walk(tree.upper) if isinstance(t, Ref) and t.indices is None):
                    found.setdefault(name, Ref(name, span=tree.span))
    usable = [name for name in found if name not in bare]
    if len(usable) > 1:
        what = f"Both '{usable[0]}' and '{usable[1]}' stand for the last step."
        raise error_at(source, found[usable[1]], what, f"Write one name for it:  … for {letter} = 1…{usable[0]}")
    return usable[0] if usable else ""


def letters_of(index: Expr) -> list[str]:
    """The letter of an index T or T − 1, also where it is written as a quantity."""
    letters = [part.letter for part in walk(index) if isinstance(part, Index)]
    return letters + [
        part.name for part in walk(index) if isinstance(part, Ref) and len(part.name) == 1 and part.name.isupper()
    ]
