"""Recurrences: lines that read earlier steps, h_t = f(h_{t−1}, x_t), and what their letter of time means in all lines.

A quantity with an index of time is a sequence. Before lines are read, v_{t−1} becomes a name of its own at the index t, v_0 the start
value and v_1 the first entry; so nothing after it knows of time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from fractions import Fraction
from typing import Any

from wengert.ir.graph import Node
from wengert.ir.system import FIRST, Moment, Recurrence, System, bar, first_entry, is_first_entry, moment, unmoment
from wengert.ir.types import ArrayType
from wengert.notation import names
from wengert.notation.context import KIND_OF_RANK, Context
from wengert.notation.expr import BigOp, Expr, Index, Line, Num, Ref, Sum, walk
from wengert.notation.homes import Homes
from wengert.notation.ordering import cycle, error_at
from wengert.ops.gather import gather
from wengert.ops.stepping import Loop, first_array, moved_array, own, sequence_axes


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


def warn_of_time(context: Context, clock: Clock, lines: Sequence[Line]) -> None:
    """Say what was guessed of time: that the lines are one step, that a start value is an input."""
    t = clock.letter
    if clock.once:
        line = next(line for line in lines if isinstance(line.left, Ref) and line.left.name in clock.axes)
        name = line.left.name if isinstance(line.left, Ref) else ""
        what = f"The equations are read as one step: '{name}_{{{t}−1}}' is a value from outside."
        context.warn(line.left, what, f"For a recurrence over time write:  … for {t} = 1…T")
        return
    named = {tree.name for line in lines for tree in refs_of(timeless(line, clock, context.reading.source))}
    for base, start in clock.starts.items():
        if start and start not in named:
            tree = next(t for line in lines for t in refs_of(line) if t.name == base and time_offset(t, clock) == -1)
            context.warn(
                tree, f"'{start}', the value before the first step, is an input.", f"Write '({start} = 0)' if it is 0."
            )


# ---------------------------------------------------------------- trees without time


def mapped(tree: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """The tree with a change at every part, the innermost first."""
    new = {spot.name: _mapped(getattr(tree, spot.name), change) for spot in fields(tree) if spot.name != "span"}
    return change(replace(tree, **new) if new else tree)


def _mapped(value: Any, change: Callable[[Expr], Expr]) -> Any:
    if isinstance(value, Expr):
        return mapped(value, change)
    return tuple(_mapped(part, change) for part in value) if type(value) is tuple else value


def timeless(line: Line, clock: Clock | None, source: str) -> Line:
    """The line with v_{t−1}, v_0 and v_1 as names of their own.

    Raises EquationError where another single step is read.
    """
    if clock is None:
        return line

    def change(tree: Expr) -> Expr:
        return named_step(tree, clock, source) if isinstance(tree, Ref) else tree

    return replace(line, left=mapped(line.left, change), rights=tuple(mapped(right, change) for right in line.rights))


def timeless_tree(tree: Expr, clock: Clock | None, source: str) -> Expr:
    """An expression with v_{t−1}, v_0 and v_1 as names of their own.

    Raises EquationError where another single step is read.
    """
    return timeless(Line(tree, ()), clock, source).left


def claim_at_step(line: Line, clock: Clock | None, source: str) -> Line:
    """A claim about v̄_{t−1} as one about v̄_t, a claim about v̄_0 as one about the start value; in one step v_t and v_{t−1} are names.

    Raises EquationError where another single step is read.
    """
    left = line.left
    if clock is None or not isinstance(left, Ref):
        return line
    if clock.once:
        return timeless(line, clock, source)
    offset = time_offset(left, clock)
    if offset:
        assert left.indices is not None
        index = offset_of(left.indices[clock.axes[left.name]])
        assert index is not None
        letter, by = index[0], -offset

        def change(tree: Expr) -> Expr:
            return counted_on(tree, letter, by)

        return replace(line, left=mapped(left, change), rights=tuple(mapped(right, change) for right in line.rights))
    named = timeless(line, clock, source).left
    return replace(line, left=named) if isinstance(named, Ref) and named.name in clock.starts.values() else line


def counted_on(tree: Expr, letter: str, by: int) -> Expr:
    """A quantity with its indices of one letter moved by some steps."""
    if not isinstance(tree, Ref) or not tree.indices:
        return tree
    found: list[Expr] = []
    for index in tree.indices:
        offset = offset_of(index)
        if offset is None or offset[0] != letter:
            found.append(index)
            continue
        k = offset[1] + by
        step = Sum(((1, Index(letter)), (1 if k > 0 else -1, Num(Fraction(abs(k))))), span=index.span)
        found.append(step if k else Index(letter, span=index.span))
    return replace(tree, indices=tuple(found))


def named_step(tree: Ref, clock: Clock, source: str) -> Ref:
    """A quantity at a step under a name that says which one; the index stays where it runs over all steps."""
    axis = clock.axes.get(tree.name)
    if tree.indices is None or axis is None or axis >= len(tree.indices):
        return tree
    index, rest = tree.indices[axis], (*tree.indices[:axis], *tree.indices[axis + 1 :]) or None
    offset = offset_of(index)
    if clock.once and offset is not None:
        parts = names.split(tree.name)
        step = f"{offset[0]}{offset[1]:+d}" if offset[1] else offset[0]
        return replace(
            tree, name=names.join(parts.base, parts.label, parts.subscript + step, parts.primes), indices=rest
        )
    if offset is not None and offset[1]:
        indices = (*tree.indices[:axis], Index(offset[0], span=index.span), *tree.indices[axis + 1 :])
        return replace(tree, name=moment(tree.name, offset[1]), indices=indices)
    if isinstance(index, Num):
        return replace(tree, name=single_step(tree, index, clock, source), indices=rest)
    return tree


def single_step(tree: Ref, index: Num, clock: Clock, source: str) -> str:
    """The name of v_0 or v_1.

    Raises EquationError for other steps.
    """
    if index.value == clock.first:
        return first_entry(tree.name)
    if index.value == clock.first - 1:
        return start_name(tree.name, clock)
    raise error_at(
        source,
        tree,
        f"A single step of '{tree.name}' is read, which is neither the first nor the one before it.",
        f"Write '{tree.name}_{clock.letter}', with the steps numbered from {clock.first}.",
    )


def clock_with(clock: Clock | None, system: System, more: Mapping[str, ArrayType]) -> Clock | None:
    """The time of a system, with quantities beside its own that have an entry a step."""
    if clock is None or clock.once:
        return clock
    sizes = {system.quantities[name].type.shape[axis] for name, axis in clock.axes.items()}
    own_axes = {name: 0 for name, type in more.items() if type.rank and type.shape[0] in sizes}
    return replace(clock, axes={**own_axes, **clock.axes})


def sequence_of(name: str, clock: Clock) -> str:
    """The sequence of which a name is another step, the first entry or the start value; "" for any other name."""
    base = name.removesuffix(f" @{FIRST}") if is_first_entry(name) else unmoment(name)[0]
    if base != name or base in clock.axes:
        return base
    return next((sequence for sequence, start in clock.starts.items() if start == name), "")


def within_step(line: Line, clock: Clock) -> Line:
    """The line as it is within a step: sequences whose only index is that of time stand whole, all steps under one name."""

    def change(tree: Expr) -> Expr:
        if not isinstance(tree, Ref):
            return tree
        base = sequence_of(tree.name, clock)
        if not base:
            return tree
        runs = base == unmoment(tree.name)[0] and base in clock.axes and not is_first_entry(tree.name)
        runs = runs and tree.name not in clock.starts.values()
        if (tree.indices is None and not runs) or (runs and tree.indices is not None and len(tree.indices) == 1):
            return replace(tree, name=own(base), indices=None)
        return tree

    left = mapped(line.left, change)
    if isinstance(left, Ref) and left.indices == (Index(clock.letter),) and left.name not in clock.axes:
        left = replace(left, name=own(left.name), indices=None)  # a new sequence
    return replace(line, left=left, rights=tuple(mapped(right, change) for right in line.rights))


def as_sequences(line: Line) -> Line:
    """The line with sequences under their own names at every step."""

    def change(tree: Expr) -> Expr:
        if isinstance(tree, Ref) and is_first_entry(tree.name):
            return replace(tree, name=tree.name.removesuffix(f" @{FIRST}"), indices=None)
        return replace(tree, name=unmoment(tree.name)[0]) if isinstance(tree, Ref) else tree

    return replace(line, left=mapped(line.left, change), rights=tuple(mapped(right, change) for right in line.rights))


# ---------------------------------------------------------------- ranks, axes and loops


RANKS = {"s": 0, "c": 1, "m": 2}


def kinds_within_step(context: Context, clock: Clock) -> None:
    """What is declared of sequences, as kinds within a step."""
    for base in clock.axes:
        known = context.axes.get(base)
        if known is not None:
            context.kinds[own(base)] = KIND_OF_RANK.get(len(known) - 1, "any")


def settle_sequences(context: Context, clock: Clock, lines: Sequence[Line]) -> None:
    """Kinds and axes of sequences, their other steps and their start values, once the kinds within a step are found."""
    for base in clock.axes:
        step = context.kinds.pop(own(base), None)
        counts = [
            len(t.indices) for line in lines for t in refs_of(line) if t.indices and sequence_of(t.name, clock) == base
        ]
        rank = RANKS[step] + 1 if step is not None else max(counts, default=1)
        context.kinds[base] = KIND_OF_RANK.get(rank, "any")
        context.axes_of(base, rank)
    for line in lines:
        for tree in refs_of(line):
            know_step(context, clock, tree)
    for start in clock.starts.values():
        if start:
            know_step(context, clock, Ref(start))
    if clock.last.isdigit():
        for base, axis in clock.axes.items():
            size = context.classes.fresh(int(clock.last) - clock.first + 1)
            context.classes.unite(context.axes[base][axis], size, Ref(base))


def refs_of(line: Line) -> Iterator[Ref]:
    """Every quantity of a line, the left side first."""
    return (tree for side in (line.left, *line.rights) for tree in walk(side) if isinstance(tree, Ref))


def know_step(context: Context, clock: Clock, tree: Ref) -> None:
    """Axes and kind of a sequence at another step, of its first entry or its start value, from those of the sequence."""
    base, name = sequence_of(tree.name, clock), tree.name
    if not base or base == name or base not in context.axes:
        return
    axes, axis = context.axes[base], clock.axes[base]
    if unmoment(name)[0] == name:
        axes = (*axes[:axis], *axes[axis + 1 :])
    for known in (name, bar(name)):
        context.axes[known] = axes
        context.kinds[known] = KIND_OF_RANK.get(len(axes), "any")


def with_starts(homes: Homes, clock: Clock) -> Homes:
    """The start values of sequences behind these, where no line names them."""
    order, letters, by_index = list(homes.order), dict(homes.letters), set(homes.by_index)
    for base, start in clock.starts.items():
        if not start:
            continue
        if start in order:
            order.remove(start)
        order.insert(order.index(base) + 1, start)
        axis = clock.axes[base]
        letters[start] = (*letters[base][:axis], *letters[base][axis + 1 :])
        by_index |= {start} & {start if base in by_index else ""}
    return Homes(letters, frozenset(by_index), tuple(order))


def find_moments(context: Context, clock: Clock, lines: Sequence[Line]) -> dict[str, Moment]:
    """The leaves of sequences at other steps that the lines read."""
    found: dict[str, Moment] = {}
    for tree in (t for line in lines for t in refs_of(line)):
        base, offset = unmoment(tree.name)
        if offset and tree.name not in found:
            start = clock.starts.get(base, "")
            beyond = context.leaf(start) if start and offset == -1 else None
            value = moved_array(context.leaf(base), clock.axes[base], offset, beyond)
            found[tree.name] = Moment(context.leaf(tree.name), (base, start) if start else (base,), value)
        elif is_first_entry(tree.name) and tree.name not in found:
            base = sequence_of(tree.name, clock)
            value = first_array(context.leaf(base), clock.axes[base])
            found[tree.name] = Moment(context.leaf(tree.name), (base,), value)
    return found


def loops_of(clock: Clock, nodes: Mapping[str, Node], leaves: Mapping[str, Node]) -> tuple[Recurrence, ...]:
    """Each group of lines that read each other's earlier steps, as one loop."""
    found: list[Recurrence] = []
    for group in clock.groups:
        terms = {name: gather(nodes[name]) for name in group}
        starts = {name: leaves[start] for name, start in clock.starts.items() if start}
        loop = Loop(terms, sequence_axes(clock.axes), leaves, starts)
        found.append(Recurrence(group, loop.run()))
    return tuple(found)
