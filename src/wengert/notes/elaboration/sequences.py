"""Sequences: what an index of time means in lines, and the loops that recurrences are.

A quantity with an index of time is a sequence. Before lines are read, v_{t−1} becomes a name of its own at the index t, v_0 the start
value and v_1 the first entry; so what reads lines knows nothing of time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from wengert.core.ir.graph import Node
from wengert.core.ir.names import bar, entry, entry_place, is_entry, moment, sequence_name, unmoment
from wengert.core.ir.types import ArrayType, Dim
from wengert.core.ops.gathering import gather
from wengert.core.ops.stepping import SteppedLines, entry_array, moved_array, own, sequence_axes
from wengert.notes.elaboration.clock import Clock, offset_of, start_name, time_offset, whole_number
from wengert.notes.elaboration.context import KIND_OF_RANK, Context
from wengert.notes.elaboration.home_letters import Homes
from wengert.notes.elaboration.ordering import error_at
from wengert.notes.elaboration.phases import aligned
from wengert.notes.elaboration.system import Moment, Recurrence, SystemData
from wengert.notes.notation import names
from wengert.notes.notation.expr import Expr, Index, Line, Ref, mapped, mapped_line, refs_of


def timeless(line: Line, clock: Clock | None, source: str) -> Line:
    """The line with v_{t−1}, v_0, v_3 and v_T as names of their own.

    Raises EquationError where a single step is read that is none.
    """
    if clock is None:
        return line
    if not clock.once:
        line = aligned(line, clock, source)

    def change(tree: Expr) -> Expr:
        return named_step(tree, clock, source) if isinstance(tree, Ref) else tree

    return mapped_line(line, change)


def claim_at_step(line: Line, clock: Clock | None, source: str) -> Line:
    """A claim about v̄_0 or v̄_T as one about the start value or the entry; in one step v_t and v_{t−1} are names.

    Raises EquationError where a single step is read that is none.
    """
    if clock is None or not isinstance(line.left, Ref):
        return line
    named = timeless(line, clock, source)
    if clock.once:
        return named
    left = named.left
    single = isinstance(left, Ref) and (is_entry(left.name) or left.name in clock.starts.values())
    return replace(line, left=left) if single else line


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
    if offset is not None and clock.last and offset[0] == clock.last:
        return replace(tree, name=last_entry(tree, offset[1], clock, source), indices=rest)
    if offset is not None and offset[1]:
        indices = (*tree.indices[:axis], Index(offset[0], span=index.span), *tree.indices[axis + 1 :])
        return replace(tree, name=moment(tree.name, offset[1]), indices=indices)
    number = whole_number(index)
    if number is not None:
        return replace(tree, name=single_step(tree, number - clock.first, clock, source), indices=rest)
    return tree


def single_step(tree: Ref, place: int, clock: Clock, source: str) -> str:
    """The name of the entry of a sequence at a place, counted from 0; −1 is the value before the first step.

    Raises EquationError for what is before that, or beyond the last step.
    """
    if place == -1:
        return start_name(tree.name, clock)
    beyond = clock.last.isdigit() and place > int(clock.last) - clock.first
    if place >= 0 and not beyond:
        return entry(tree.name, place)
    number = place + clock.first + clock.phase(tree.name)
    first, last = clock.first + clock.phase(tree.name), clock.last
    raise error_at(
        source,
        tree,
        f"'{tree.name}' at step {number} is read, and its steps are {first}…{int(last) + clock.phase(tree.name) if last.isdigit() else last}.",
        f"Write '{tree.name}_{clock.letter}', or the step among these that is meant.",
    )


def last_entry(tree: Ref, by: int, clock: Clock, source: str) -> str:
    """The name of the entry of a sequence some steps after the last one, which is none beyond it.

    Raises EquationError there.
    """
    place = by - clock.ends - 1
    if place < 0:
        return entry(tree.name, place)
    raise error_at(
        source,
        tree,
        f"'{tree.name}' is read beyond its last step.",
        f"Its last entry is at the step {clock.last}{f'{clock.ends + clock.phase(tree.name):+d}' if clock.ends + clock.phase(tree.name) else ''}.",
    )


def clock_with(clock: Clock | None, system: SystemData, more: Mapping[str, ArrayType]) -> Clock | None:
    """The time of a system, with quantities beside its own that have an entry a step."""
    if clock is None or clock.once:
        return clock
    sizes = {system.quantities[name].type.shape[axis] for name, axis in clock.axes.items()}
    own_axes = {name: 0 for name, type in more.items() if type.rank and type.shape[0] in sizes}
    return replace(clock, axes={**own_axes, **clock.axes})


def sequence_of(name: str, clock: Clock) -> str:
    """The sequence of which a name is another step, the first entry or the start value; "" for any other name."""
    base = sequence_name(name)
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
        runs = base == unmoment(tree.name)[0] and base in clock.axes and not is_entry(tree.name)
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
        if isinstance(tree, Ref) and is_entry(tree.name):
            return replace(tree, name=sequence_name(tree.name), indices=None)
        return replace(tree, name=unmoment(tree.name)[0]) if isinstance(tree, Ref) else tree

    return mapped_line(line, change)


def warn_of_time(context: Context, clock: Clock, lines: Sequence[Line]) -> None:
    """Say what was guessed of time: that the lines are one step, that a start value is an input."""
    t = clock.letter
    if clock.once:
        line = next(line for line in lines if isinstance(line.left, Ref) and line.left.name in clock.axes)
        name = line.left.name if isinstance(line.left, Ref) else ""
        what = f"The equations are read as one step: '{name}_{{{t}−1}}' is a value from outside."
        context.warn(line.left, what, f"For a recurrence over time write:  … for {t} = 1…T")
        return
    source = context.reading.source
    named = {tree.name for tree in refs_of(timeless(line, clock, source) for line in lines)}
    steps = [aligned(line, clock, source) for line in lines]
    for base, start in clock.starts.items():
        if start and start not in named:
            tree = next(t for t in refs_of(steps) if t.name == base and time_offset(t, clock) == -1)
            context.warn(
                tree, f"'{start}', the value before the first step, is an input.", f"Write '({start} = 0)' if it is 0."
            )


# ---------------------------------------------------------------- ranks, axes and loops


RANKS = {"s": 0, "c": 1, "m": 2}


def name_last_step(context: Context, clock: Clock, lines: Sequence[Line]) -> None:
    """T is the number of steps where it is the number of the last one, unless it is a quantity."""
    quantities = {t.name for t in refs_of(lines) if t.indices} | {
        t.name for line in lines for t in [line.left] if isinstance(t, Ref)
    }
    declared = {name for d in context.reading.declarations for name in d.names}
    if clock.counts and clock.last not in quantities | declared | context.size_names.keys():
        context.size_names[clock.last] = context.classes.fresh(Dim(clock.last))


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
        counts = [len(t.indices) for t in refs_of(lines) if t.indices and sequence_of(t.name, clock) == base]
        rank = RANKS[step] + 1 if step in RANKS else max(counts, default=1)
        context.kinds[base] = KIND_OF_RANK.get(rank, "any")
        context.axes_of(base, rank)
    for tree in refs_of(lines):
        know_step(context, clock, tree)
    for start in clock.starts.values():
        if start:
            know_step(context, clock, Ref(start))
    for base, axis in clock.axes.items():
        if clock.last.isdigit():
            size = context.classes.fresh(int(clock.last) - clock.first + 1)
            context.classes.unite(context.axes[base][axis], size, Ref(base))
        elif clock.counts and clock.last in context.size_names:
            context.classes.unite(context.axes[base][axis], context.size_names[clock.last], Ref(base))


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
    for tree in refs_of(lines):
        base, offset = unmoment(tree.name)
        if offset and tree.name not in found:
            start = clock.starts.get(base, "")
            beyond = context.leaf(start) if start and offset == -1 else None
            value = moved_array(context.leaf(base), clock.axes[base], offset, beyond)
            found[tree.name] = Moment(context.leaf(tree.name), (base, start) if start else (base,), value)
        elif (place := entry_place(tree.name)) is not None and tree.name not in found:
            base = sequence_of(tree.name, clock)
            value = entry_array(context.leaf(base), clock.axes[base], place)
            found[tree.name] = Moment(context.leaf(tree.name), (base,), value)
    return found


def loops_of(clock: Clock, nodes: Mapping[str, Node], leaves: Mapping[str, Node]) -> tuple[Recurrence, ...]:
    """Each group of lines that read each other's earlier steps, as one loop."""
    found: list[Recurrence] = []
    for group in clock.groups:
        terms = {name: gather(nodes[name]) for name in group}
        starts = {name: leaves[start] for name, start in clock.starts.items() if start}
        loop = SteppedLines(terms, sequence_axes(clock.axes), leaves, starts)
        found.append(Recurrence(group, loop.run()))
    return tuple(found)
