"""Recurrences: lines that read earlier steps, h_t = f(h_{t−1}, x_t): their letter of time, their sequences, what they start from.

It must not know what lines mean; it looks at their names and indices only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from wengert.elaboration.clock import (
    Clock,
    as_index,
    entry_of,
    is_single,
    offset_of,
    quantities_of,
    references,
    running_letters,
    start_name,
    time_offset,
    whole_number,
)
from wengert.elaboration.ordering import cycle, error_at
from wengert.elaboration.phases import aligned, counts_of, find_phases, lag_of, left_step
from wengert.notation import names
from wengert.notation.expr import BigOp, Expr, Index, Line, Num, Ref, walk


def find_clock(lines: Sequence[Line], source: str) -> Clock | None:
    """The time of lines of which some read earlier steps of each other; None where none do.

    Raises EquationError where they read later steps, or a start value is missing.
    """
    if not any(offset[1] for line in lines for tree in quantities_of(line) for offset in offsets(tree)):
        return None
    defined = {line.left.name: line for line in lines if isinstance(line.left, Ref) and not is_single(line.left)}
    found = [(group, letter) for group in circles(defined) if (letter := shifted_letter(group, defined))]
    if not found:
        check_left_steps(lines, source)
        return None
    letter = one_letter(found, defined, source)
    members = [name for group, _ in found for name in group]
    last = last_name(lines, letter, members, source)
    axes = time_axes(lines, letter, members, last)
    groups = [group for group, _ in found]
    phases, lag = find_phases(lines, groups, axes, last), lag_of(lines, groups, axes)
    clock = Clock(letter, axes, last=last, phases=phases, lag=lag)
    if is_one_step(groups, lines, clock):
        return replace(clock, last="", phases={}, once=True)
    clock = with_bounds(clock, lines, members, source)
    steps = [aligned(line, clock, source) for line in lines]
    defined = {name: steps[k] for k, line in enumerate(lines) for name in defined if defined[name] is line}
    check_offsets(groups, steps, clock, source)
    ordered = tuple(order_within(group, defined, clock, source) for group in groups)
    return replace(clock, groups=ordered, starts=start_values(lines, steps, clock, source))


def offsets(tree: Ref) -> list[tuple[str, int]]:
    """What the indices of a quantity add to their letters."""
    return [offset for index in tree.indices or () if (offset := offset_of(index)) is not None]


def one_letter(found: Sequence[tuple[Sequence[str], str]], defined: Mapping[str, Line], source: str) -> str:
    """The letter of time, which all recurrences share.

    Raises EquationError where they do not.
    """
    letters = list(dict.fromkeys(letter for _, letter in found))
    if len(letters) > 1:
        other = next(group[0] for group, each in found if each != letters[0])
        raise error_at(
            source,
            defined[other],
            f"The steps of one recurrence are '{letters[0]}', those of this one '{letters[1]}'.",
            f"Write one letter for time:  {letters[0]}",
        )
    return letters[0]


def check_left_steps(lines: Sequence[Line], source: str) -> None:
    """No line computes another step than that of its letter, where no recurrence tells what its steps are.

    Raises EquationError.
    """
    for line in lines:
        left = line.left
        shifted = [t for t, k in offsets(left) if k] if isinstance(left, Ref) else []
        if shifted and isinstance(left, Ref):
            t = shifted[0]
            what = f"The left side is not at step '{t}', and no line reads an earlier step of '{left.name}'."
            raise error_at(source, left, what, f"Write:  {left.name}_{t} = …")


def circles(defined: Mapping[str, Line]) -> list[tuple[str, ...]]:
    """The names that read each other in a circle, by circle and in the order of the text."""
    reads = {name: {t.name for t in references(line)} & defined.keys() for name, line in defined.items()}
    below = {name: reachable(name, reads) for name in defined}
    found: list[tuple[str, ...]] = []
    for name in defined:
        if name in below[name] and not any(name in group for group in found):
            found.append(tuple(n for n in defined if n in below[name] and name in below[n]))
    return found


def reachable(name: str, reads: Mapping[str, Iterable[str]]) -> set[str]:
    """What a name reads, directly or through others."""
    seen: set[str] = set()
    stack = list(reads[name])
    while stack:
        each = stack.pop()
        if each not in seen:
            seen.add(each)
            stack.extend(reads[each])
    return seen


def shifted_letter(group: Sequence[str], defined: Mapping[str, Line]) -> str:
    """The letter of a left side that lines of a circle read at another step than they compute; "" where there is none."""
    for name in group:
        left = defined[name].left
        own_steps = offsets(left) if isinstance(left, Ref) else []
        for tree in references(defined[name]):
            for letter, k in offsets(tree) if tree.name in group else ():
                if any(letter == q and k != own for q, own in own_steps):
                    return letter
    return ""


def last_name(lines: Sequence[Line], letter: str, members: Sequence[str], source: str) -> str:
    """The name of the last step, T: in a remark, as the index of an entry h_T, or as the end of a sum; "" where none is given.

    Raises EquationError where there are two.
    """
    stated = [end for line in lines if (end := bounds(line, letter)[1])]
    if stated:
        return stated[0]
    bare = {tree.name for line in lines for tree in quantities_of(line) if tree.indices is not None}
    found: dict[str, Ref] = {}
    for line in lines:
        running = running_letters(line)
        for tree in references(line):
            parts = names.split(tree.name)
            text = parts.subscript if names.join(parts.base, parts.label) in members else ""
            text = text or (parts.label if names.join(parts.base, "", parts.subscript) in members else "")
            words = [text] if len(text) == 1 and text.isupper() else []
            if tree.name in members:
                words += [q for index in tree.indices or () for q in letters_of(index) if q not in running]
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


def time_axes(lines: Sequence[Line], letter: str, group: Iterable[str], last: str) -> dict[str, int]:
    """The place of the index of time of every sequence: that of the letter, or of another letter that runs over a sequence too."""
    axes: dict[str, int] = {}
    before = -1
    while len(axes) > before:
        before = len(axes)
        for line in lines:
            trees = list(quantities_of(line))
            places = [(t.name, k, offset_of(as_index(i, last))) for t in trees for k, i in enumerate(t.indices or ())]
            times = {letter} | {o[0] for name, k, o in places if o is not None and axes.get(name) == k}
            for name, k, offset in places:
                if offset is not None and offset[0] in times - {last}:
                    axes.setdefault(name, k)
    return axes


# ---------------------------------------------------------------- the first and the last step


DOTS = r"(?:,[\d, ]*)? ?(?:…|\.{3}|⋯|:|\\[lc]?dots[a-z]?) ?,? ?"
RANGE = re.compile(r"(\w) ?(?:=|∈|\\in) ?\\?(-?\d+) ?" + DOTS + r"(\w+)(?: ?([+\-−]) ?(\d+))?")
BETWEEN = re.compile(r"(-?\d+) ?(?:≤|\\leq?|<=) ?(\w) ?(?:≤|\\leq?|<=) ?(\w+)(?: ?([+\-−]) ?(\d+))?")


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
    taken = {
        word for line in lines for tree in quantities_of(line) for word in (tree.name, names.split(tree.name).base)
    }
    free = [name for name in "TNMK" if name not in taken]
    return clock if clock.last or not free else replace(clock, last=free[0], ends=clock.first - 1)


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


def circles_of(lines: Sequence[Line]) -> list[tuple[str, ...]]:
    """The names of lines that read each other in a circle."""
    return circles({line.left.name: line for line in lines if isinstance(line.left, Ref) and not is_single(line.left)})


VALUE_AT = r"(?<![^\W\d_])([^\W\d_]+)[_^]?\(?(-?\d+)\)?"
ZERO_CHAIN = re.compile(rf"(?:{VALUE_AT}\s*=\s*)+(?:0|𝟎)(?![\d.])")


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


def is_one_step(groups: Sequence[Sequence[str]], lines: Sequence[Line], clock: Clock) -> bool:
    """Whether the lines tell of one step: a computed quantity without an index of time is read, and nothing runs over time."""
    letter = clock.letter
    bound = any(isinstance(t, BigOp) and letter in t.letters for line in lines for r in line.rights for t in walk(r))
    starts = start_numbers(lines, clock, [name for group in groups for name in group])
    entries = any(entry_of(tree, clock.axes, clock.last) is not None for line in lines for tree in references(line))
    if bound or clock.last or starts or entries:
        return False
    members = {name for group in groups for name in group}
    computed = {line.left.name for line in lines if isinstance(line.left, Ref) and any(True for _ in references(line))}
    plain = computed - clock.axes.keys()
    return any(
        isinstance(line.left, Ref) and line.left.name in members and any(t.name in plain for t in references(line))
        for line in lines
    )


def check_offsets(groups: Sequence[Sequence[str]], lines: Sequence[Line], clock: Clock, source: str) -> None:
    """No line reads a later step.

    Raises EquationError.
    """
    members = {name for group in groups for name in group}
    ahead: list[Ref] = []
    behind = False
    for line in lines:
        for tree in references(line):
            offset = time_offset(tree, clock)
            if offset is not None and offset > 0:
                ahead.append(tree)
            if offset is not None and offset < 0 and tree.name in members:
                behind = True
    if not ahead:
        return
    name, letter = ahead[0].name, clock.letter
    if behind and name in members:
        what = f"This recurrence runs forward and backward in time at once: '{name}' is read at an earlier and at a later step."
        raise error_at(source, ahead[0], what, "Give each direction lines and names of its own.")
    if name in members:
        what = f"'{name}' is read at a later step than the one that is computed."
        repair = (
            f"Count the steps in the order in which they are computed:  {name}_{letter} = f({name}_{{{letter}−1}}, …)"
        )
        raise error_at(source, ahead[0], what, repair)
    what = f"'{name}' is read beyond the last step."
    raise error_at(
        source, ahead[0], what, f"Let the index of '{name}' be '{letter}', and number its entries so that it fits."
    )


def order_within(group: Sequence[str], defined: Mapping[str, Line], clock: Clock, source: str) -> tuple[str, ...]:
    """The names of a circle in an order in which each reads only earlier ones of the same step.

    Raises EquationError where there is none.
    """
    reads = {
        name: [t.name for t in references(defined[name]) if t.name in group and not time_offset(t, clock)]
        for name in group
    }
    ordered: list[str] = []
    while len(ordered) < len(group):
        ready = [n for n in group if n not in ordered and set(reads[n]) <= set(ordered)]
        if not ready:
            path = [next(n for n in group if n not in ordered)]
            while len(path) == len(set(path)):
                path.append(next(n for n in reads[path[-1]] if n not in ordered))
            raise cycle(defined, path[:-1], path[-1], source)
        ordered.append(ready[0])
    return tuple(ordered)


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
