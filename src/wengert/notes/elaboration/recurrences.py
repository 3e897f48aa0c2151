"""Recurrences: lines that read earlier steps, h_t = f(h_{t−1}, x_t): their letter of time, their sequences, what they start from.

It must not know what lines mean; it looks at their names and indices only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from wengert.notes.elaboration.circles import circles
from wengert.notes.elaboration.clock import (
    Clock,
    as_index,
    entry_of,
    is_single,
    offset_of,
    references,
    time_offset,
)
from wengert.notes.elaboration.ordering import cycle, error_at
from wengert.notes.elaboration.phases import aligned, find_phases, lag_of
from wengert.notes.elaboration.start_values import start_numbers, start_values
from wengert.notes.elaboration.step_range import last_name, with_bounds
from wengert.notes.notation.expr import BigOp, Line, Ref, refs_of, walk

MAX_LAG = 100
"""So many steps back are read at most: each needs a start value."""


def find_clock(lines: Sequence[Line], source: str) -> Clock | None:
    """The time of lines of which some read earlier steps of each other; None where none do.

    Raises EquationError where they read later steps, or a start value is missing.
    """
    if not any(offset[1] for tree in refs_of(lines) for offset in offsets(tree)):
        return None
    defined = {line.left.name: line for line in lines if isinstance(line.left, Ref) and not is_single(line.left)}
    found = [(group, letter) for group in circles(defined) if (letter := shifted_letter(group, defined))]
    if not found:
        check_left_steps(lines, source)
        return None
    letter = one_letter(found, defined, source)
    members = [name for group, _ in found for name in group]
    last = last_name(lines, letter, members, source)
    axes = time_axes(lines, letter, last)
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


def shifted_letter(group: Sequence[str], defined: Mapping[str, Line]) -> str:
    """The letter of a left side that lines of a circle read at another step than they compute; "" where there is none."""
    lefts = {name: defined[name].left for name in group}
    computed = {name: offsets(left) if isinstance(left, Ref) else [] for name, left in lefts.items()}
    for name in group:
        for tree in references(defined[name]):
            for letter, k in offsets(tree) if tree.name in group else ():
                own_steps = (
                    computed[name] or computed[tree.name]
                )  # a line without an index of time is one of a single step
                if any(letter == q and k != own for q, own in own_steps):
                    return letter
    return ""


def time_axes(lines: Sequence[Line], letter: str, last: str) -> dict[str, int]:
    """The place of the index of time of every sequence: that of the letter, or of another letter that runs over a sequence too."""
    axes: dict[str, int] = {}
    before = -1
    while len(axes) > before:
        before = len(axes)
        for line in lines:
            trees = refs_of([line])
            places = [(t.name, k, offset_of(as_index(i, last))) for t in trees for k, i in enumerate(t.indices or ())]
            times = {letter} | {o[0] for name, k, o in places if o is not None and axes.get(name) == k}
            for name, k, offset in places:
                if offset is not None and offset[0] in times - {last}:
                    axes.setdefault(name, k)
    return axes


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
            if offset is not None and abs(offset) > MAX_LAG:
                what = f"'{tree.name}' is read {abs(offset)} steps away from the one that is computed."
                raise error_at(source, tree, what, f"Read it at most {MAX_LAG} steps away.")
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
