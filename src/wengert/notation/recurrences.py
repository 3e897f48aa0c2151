"""Recurrences: lines that read earlier steps, h_t = f(h_{t−1}, x_t): their letter of time, their sequences, what they start from.

It must not know what lines mean; it looks at their names and indices only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from wengert.notation import names
from wengert.notation.expr import BigOp, Expr, Index, Line, Num, Ref, Sum, walk
from wengert.notation.ordering import cycle, error_at


@dataclass(frozen=True)
class Clock:
    """What is known of time in a system.

    letter    the letter that runs over time
    axes      for each sequence the place of its index of time
    groups    lines that read each other's earlier steps, in their order within a step
    starts    for a sequence that is read before its first step, the name of the value there; "" where that is 0
    first     the number of the first step
    last      its last one, a number or a name, "" where it is open
    once      whether the lines are one step only, in which v_t and v_{t−1} are names
    """

    letter: str
    axes: Mapping[str, int] = field(default_factory=dict[str, int])
    groups: tuple[tuple[str, ...], ...] = ()
    starts: Mapping[str, str] = field(default_factory=dict[str, str])
    first: int = 1
    last: str = ""
    once: bool = False


def offset_of(index: Expr) -> tuple[str, int] | None:
    """(t, k) of an index t + k; None for any other."""
    if isinstance(index, Index):
        return index.letter, 0
    if isinstance(index, Sum) and len(index.terms) == 2:
        (one, a), (two, b) = index.terms
        if isinstance(b, Index):
            (one, a), (two, b) = (two, b), (one, a)
        if isinstance(a, Index) and isinstance(b, Num) and one > 0 and b.value.denominator == 1:
            return a.letter, two * int(b.value)
    return None


def references(line: Line) -> Iterator[Ref]:
    """The quantities that the right sides of a line read."""
    return (tree for right in line.rights for tree in walk(right) if isinstance(tree, Ref))


def find_clock(lines: Sequence[Line], source: str) -> Clock | None:
    """The time of lines of which some read earlier steps of each other; None where none do.

    Raises EquationError where they read later steps, or a start value is missing.
    """
    if not any(offset is not None and offset[1] for line in lines for offset in all_offsets(line)):
        return None
    check_left_steps(lines, source)
    defined = {line.left.name: line for line in lines if isinstance(line.left, Ref) and not is_single(line.left)}
    found = [(group, letter) for group in circles(defined) if (letter := shifted_letter(group, defined))]
    if not found:
        return None
    letters = dict.fromkeys(letter for _, letter in found)
    letter = next(iter(letters))
    if len(letters) > 1:
        other = next(group[0] for group, each in found if each != letter)
        raise error_at(
            source,
            defined[other],
            f"The steps of one recurrence are '{letter}', those of this one '{list(letters)[1]}'.",
            f"Write one letter for time:  {letter}",
        )
    axes = time_axes(lines, letter, [name for group, _ in found for name in group])
    first, last = bounds(lines, letter)
    clock = Clock(letter, axes, (), {}, first, last)
    if is_one_step([group for group, _ in found], lines, letter, clock):
        return replace(clock, once=True)
    check_offsets([group for group, _ in found], lines, clock, source)
    check_last_step(lines, clock, source)
    groups = tuple(order_within(group, defined, clock, source) for group, _ in found)
    return replace(clock, groups=groups, starts=start_values(lines, clock, source))


def all_offsets(line: Line) -> Iterator[tuple[str, int] | None]:
    """What the indices of a line add to their letters."""
    trees = (t for side in (line.left, *line.rights) for t in walk(side) if isinstance(t, Ref))
    return (offset_of(index) for tree in trees for index in tree.indices or ())


def check_left_steps(lines: Sequence[Line], source: str) -> None:
    """No line computes another step than that of its letter.

    Raises EquationError.
    """
    for line in lines:
        left = line.left
        for index in left.indices or () if isinstance(left, Ref) else ():
            offset = offset_of(index)
            if offset is not None and offset[1] and isinstance(left, Ref):
                t = offset[0]
                what = f"The left side is not at step '{t}'."
                raise error_at(
                    source,
                    left,
                    what,
                    f"Write what is computed at step '{t}', from the one before it:  {left.name}_{t} = f({left.name}_{{{t}−1}})",
                )


def is_single(left: Ref) -> bool:
    """Whether a left side is one entry, such as h_0."""
    return any(isinstance(index, Num) for index in left.indices or ())


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
    """The letter of a left side that lines of a circle read at another step; "" where there is none."""
    for name in group:
        left = defined[name].left
        own_letters = {i.letter for i in left.indices or () if isinstance(i, Index)} if isinstance(left, Ref) else set()
        for tree in references(defined[name]):
            for index in tree.indices or () if tree.name in group else ():
                offset = offset_of(index)
                if offset is not None and offset[1] and offset[0] in own_letters:
                    return offset[0]
    return ""


def time_axes(lines: Sequence[Line], letter: str, group: Iterable[str]) -> dict[str, int]:
    """The place of the index of time of every sequence: that of the letter, or of another letter that runs over a sequence too."""
    axes: dict[str, int] = {}
    before = -1
    while len(axes) > before:
        before = len(axes)
        for line in lines:
            trees = [t for side in (line.left, *line.rights) for t in walk(side) if isinstance(t, Ref)]
            places = [(t.name, k, offset_of(i)) for t in trees for k, i in enumerate(t.indices or ())]
            times = {letter} | {o[0] for name, k, o in places if o is not None and axes.get(name) == k}
            for name, k, offset in places:
                if offset is not None and offset[0] in times:
                    axes.setdefault(name, k)
    return axes


RANGE = re.compile(r"(\w) ?= ?(\d+) ?(?:…|\.\.\.|,.*,|\\dots|\\ldots|\\cdots) ?,? ?(\w+)")


def bounds(lines: Sequence[Line], letter: str) -> tuple[int, str]:
    """The first and the last step of a remark such as 'for t = 1…4'; (1, "") without one."""
    for line in lines:
        for note in line.notes:
            match = RANGE.search(note)
            if match and match[1] == letter:
                return int(match[2]), match[3]
    return 1, ""


def zero_starts(lines: Sequence[Line]) -> set[str]:
    """What remarks such as (h_0 = c_0 = 0) say is 0, as 'h_0'."""
    found: set[str] = set()
    for line in lines:
        for note in line.notes:
            plain = re.sub(r"\\(?:mathbf|boldsymbol|bm|mathrm)|[{}()\s\\⁽⁾]", "", note)
            plain = (
                "".join(names.RAISED.get(c, names.LOWERED.get(c, c)) for c in plain).replace("−", "-").replace("^", "_")
            )
            for part in plain.split(","):
                *zero, value = part.split("=")
                if value in ("0", "𝟎"):
                    found.update(re.sub(r"^([^\W\d_]+)(-?\d+)$", r"\1_\2", each) for each in zero)
    return found


def is_one_step(groups: Sequence[Sequence[str]], lines: Sequence[Line], letter: str, clock: Clock) -> bool:
    """Whether the lines tell of one step: a computed quantity without an index of time is read, and nothing runs over time."""
    bound = any(isinstance(t, BigOp) and letter in t.letters for line in lines for r in line.rights for t in walk(r))
    if (
        bound
        or clock.last
        or zero_starts(lines)
        or any(isinstance(line.left, Ref) and is_single(line.left) for line in lines)
    ):
        return False
    members = {name for group in groups for name in group}
    computed = {line.left.name for line in lines if isinstance(line.left, Ref)} - clock.axes.keys()
    return any(
        isinstance(line.left, Ref) and line.left.name in members and any(t.name in computed for t in references(line))
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


def check_last_step(lines: Sequence[Line], clock: Clock, source: str) -> None:
    """h_T beside h_t is an entry of the sequence h, not a name of its own.

    Raises EquationError.
    """
    for line in lines:
        for tree in references(line):
            parts = names.split(tree.name)
            last = parts.subscript == clock.last or (len(parts.subscript) == 1 and parts.subscript.isupper())
            if parts.subscript and last and names.join(parts.base, parts.label) in clock.axes:
                base, t = names.join(parts.base, parts.label), clock.letter
                what = f"'{tree.name}' is the last entry of '{base}', and single entries are not read."
                raise error_at(
                    source, tree, what, f"Write it as a sum with weights that are data:  Σ_{t} m_{t} {base}_{t}"
                )


def time_offset(tree: Ref, clock: Clock) -> int | None:
    """k of v_{t+k}; None for what is no sequence at a step."""
    axis = clock.axes.get(tree.name)
    if axis is None or tree.indices is None or axis >= len(tree.indices):
        return None
    offset = offset_of(tree.indices[axis])
    return None if offset is None else offset[1]


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


def start_values(lines: Sequence[Line], clock: Clock, source: str) -> dict[str, str]:
    """For each sequence that is read before its first step the name of the value there, or "" where a remark says that it is 0.

    Raises EquationError where more than one value is missing.
    """
    zero = zero_starts(lines)
    zero |= {zero_start(line, clock) for line in lines}
    starts: dict[str, str] = {}
    for line in lines:
        for tree in references(line):
            offset = time_offset(tree, clock)
            if offset is None or offset >= 0:
                continue
            needed = [f"{tree.name}_{clock.first - k}" for k in range(1, 1 - offset)]
            if all(name in zero for name in needed):
                starts.setdefault(tree.name, "")
            elif len(needed) == 1:
                starts[tree.name] = start_name(tree.name, clock)
            else:
                missing = ", ".join(name for name in needed if name not in zero)
                raise error_at(
                    source,
                    tree,
                    f"The start values {missing} are not given.",
                    f"Write '({' = '.join(needed)} = 0)', or give the step before a name:  g_{clock.letter} = {tree.name}_{{{clock.letter}−1}}",
                )
    return starts


def start_name(name: str, clock: Clock) -> str:
    """h_0, the name of the value of h before its first step."""
    parts = names.split(name)
    return names.join(parts.base, parts.label, f"{parts.subscript}{clock.first - 1}", parts.primes)


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
    if left.indices is None:
        return left.name
    return start_name(left.name, clock) if left.name in clock.axes and is_single(left) else ""
