"""Steps of time on the page: the index of a sequence at another step or at one step, the number of a step as a value, the signals that are 0.

A letter of a line may count with some distance from the steps, so that the left side of a line stands at t.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from wengert.core.ir.names import entry_place, is_bar, is_entry, sequence_name, unbar, unmoment
from wengert.notes.elaboration.clock import Clock, numeral, offset_of, stepped
from wengert.notes.elaboration.system import SystemData
from wengert.notes.notation.expr import Compare, Expr, Index, Line, Num, Ref, Sum, walk
from wengert.notes.notation.index_arithmetic import as_letters, index_tree


def printed_sequence(system: SystemData, name: str) -> str:
    """The sequence under whose name a quantity is printed: h of h_{t−1}, of h_1, and of its start value h_0."""
    plain = unbar(name)
    start = next((base for base, value in system.starts.items() if value == plain), "")
    return (f"bar {start}" if is_bar(name) else start) if start else sequence_name(name)


def at_its_step(system: SystemData, name: str, indices: Sequence[Expr], counts: Mapping[str, int]) -> list[Expr]:
    """The indices of a sequence at a step, t + k, or of one of its entries, 3 or T; `counts` says how far letters are ahead of the step.

    A whole array at a step has the index of time alone.
    """
    base = unbar(printed_sequence(system, name))
    found, axis, clock = list(indices), system.time[base], system.steps
    phase = clock.phase(base)
    if unbar(name) in system.starts.values():
        found.insert(min(axis, len(found)), numeral(clock.first - 1 + phase, Ref(base)))
    elif is_entry(name):
        found.insert(min(axis, len(found)), number_of(clock, entry_place(name) or 0, phase))
    elif isinstance(letter := found[axis := min(axis, len(found) - 1)], Index):
        found[axis] = stepped(letter.letter, unmoment(name)[1] + phase - counts.get(letter.letter, 0), letter)
    return found


def furthest_ahead(system: SystemData, sequences: Sequence[str]) -> int:
    """How far a summed letter is ahead of the step, so that the entry that is furthest ahead stands at the letter itself."""
    return max(unmoment(name)[1] + system.steps.phase(unbar(sequence_name(name))) for name in sequences)


def number_of(clock: Clock, place: int, phase: int) -> Expr:
    """The number of an entry: 3, or T − 1 where it is counted from the end."""
    if place >= 0:
        return numeral(clock.first + phase + place, Ref(clock.letter))
    by = place + 1 + clock.ends + phase
    if clock.last.isdigit():
        return numeral(int(clock.last) + by, Ref(clock.letter))
    return stepped(clock.last, by, Index(clock.last))


def as_value(letter: str, clock: Clock, counts: Mapping[str, int]) -> Expr:
    """The place of a step, counted from 0, as a value."""
    return stepped(letter, -clock.first - counts.get(letter, 0), Index(letter))


def counted(tree: Expr) -> Expr:
    """A sum, or a comparison, of letters and numbers with its numbers added up: t − 1 = T − 1 is t = T."""
    if isinstance(tree, Compare):
        left, right = _linear(tree.left), _linear(tree.right)
        if left is None or right is None or not (left[0] or right[0]):
            return tree
        return replace(tree, left=index_tree(left[0], 0), right=index_tree(right[0], right[1] - left[1]))
    if isinstance(tree, Sum) and any(isinstance(part, Index) for _, part in flat_terms(tree)):
        numbers = [sign * part.value for sign, part in flat_terms(tree) if isinstance(part, Num)]
        terms = [(sign, part) for sign, part in flat_terms(tree) if not isinstance(part, Num)]
        total = sum(numbers, Fraction(0))
        if total:
            terms.append((1 if total > 0 else -1, Num(abs(total))))
        return terms[0][1] if len(terms) == 1 and terms[0][0] > 0 else Sum(tuple(terms))
    return tree


def flat_terms(tree: Expr, sign: int = 1) -> list[tuple[int, Expr]]:
    """The summands of nested sums."""
    if isinstance(tree, Sum):
        return [term for own, part in tree.terms for term in flat_terms(part, own * sign)]
    return [(sign, tree)]


def _linear(tree: Expr) -> tuple[dict[Expr, int], int] | None:
    """A side of a comparison as letters, sizes and a whole number; None where it is something else."""
    found: dict[Expr, int] = {}
    offset = 0
    for sign, part in flat_terms(tree):
        if isinstance(part, Ref) and part.indices is None:
            found[part] = found.get(part, 0) + sign
            continue
        inner = as_letters(part) if isinstance(part, Index | Num) and _whole(part) else None
        if inner is None:
            return None
        for q, c in inner[0].items():
            found[q] = found.get(q, 0) + sign * c
        offset += sign * inner[1]
    return {q: c for q, c in found.items() if c}, offset


def _whole(part: Index | Num) -> bool:
    return isinstance(part, Index) or part.value.denominator == 1


# ---------------------------------------------------------------- the end of the way back


def beyond_the_end(line: Line, system: SystemData) -> tuple[Ref, ...]:
    """The signals of steps after the last one that a printed line of a sequence reads, which are 0: ā_{T+1}."""
    clock, left = system.clock, line.left
    if clock is None or not system.time or not isinstance(left, Ref):
        return ()
    sequences = {n: name for name in system.time for n in (name, system.quantities[name].indexed)}
    last = clock.last or "T"
    taken = {q for quantity in system.quantities.values() for q in (quantity.name, quantity.indexed)}
    at = _step_of(left, sequences, system)
    if at is None or at[0] == clock.last or (not clock.last and last in taken):
        return ()
    found: dict[Ref, None] = {}
    for tree in (t for right in line.rights for t in walk(right) if isinstance(t, Ref) and t.barred):
        offset = _step_of(tree, sequences, system)
        if offset is None or offset[0] != at[0]:
            continue
        phase, indices = clock.phase(sequences[tree.name]), list(tree.indices or ())
        ahead = offset[1] - at[1] + clock.phase(sequences[left.name]) - phase
        for k in range(1, ahead + 1):
            indices[_place(tree, sequences, system)] = _after(clock, last, k + phase)
            found[replace(tree, indices=tuple(indices))] = None
    return tuple(found)


def _step_of(tree: Ref, sequences: Mapping[str, str], system: SystemData) -> tuple[str, int] | None:
    """(t, k) of a sequence at t + k, as it is printed."""
    if tree.name not in sequences or not tree.indices:
        return None
    return offset_of(tree.indices[_place(tree, sequences, system)])


def _place(tree: Ref, sequences: Mapping[str, str], system: SystemData) -> int:
    """At which place its index of time is printed."""
    return min(system.time[sequences[tree.name]], len(tree.indices or ()) - 1)


def _after(clock: Clock, last: str, by: int) -> Expr:
    """The number of a step after the last one."""
    if last.isdigit():
        return numeral(int(last) + clock.ends + by, Ref(clock.letter))
    return stepped(last, clock.ends + by, Index(last))


# ---------------------------------------------------------------- what is said of time beside a forward line


def steps_of(line: Line, system: SystemData) -> tuple[str, Expr, Expr] | None:
    """(t, first, last) beside the first line of a recurrence, as its letter counts; None beside any other line."""
    first = _first_of_recurrence(line, system)
    if first is None:
        return None
    clock, left = first
    name = system.recurrences[0].names[0]
    at = _step_of(left, dict.fromkeys(_first_line(system), name), system)
    if at is None or not clock.last:
        return None
    count = clock.phase(name) - at[1]
    return at[0], numeral(clock.first + count, left), _after(clock, clock.last, count)


def zero_starts_of(line: Line, system: SystemData) -> list[Ref]:
    """The values before the first step that are 0, beside the first line of a recurrence."""
    first = _first_of_recurrence(line, system)
    if first is None:
        return []
    clock, left = first
    back: dict[str, int] = {}
    for name in system.moments:
        base, offset = unmoment(name)
        if offset < 0 and base not in system.starts:
            back[base] = max(back.get(base, 0), -offset)
    return [
        Ref(base, (numeral(clock.first - k + clock.phase(base), left),))
        for base, most in back.items()
        for k in range(1, most + 1)
    ]


def _first_of_recurrence(line: Line, system: SystemData) -> tuple[Clock, Ref] | None:
    """The clock, and the left side of the first line of a recurrence; None of any other line."""
    clock, left = system.clock, line.left
    if clock is None or not system.recurrences or not isinstance(left, Ref) or left.barred:
        return None
    return (clock, left) if left.name in _first_line(system) else None


def _first_line(system: SystemData) -> tuple[str, ...]:
    """The names under which the left side of the first line of the first recurrence is printed."""
    name = system.recurrences[0].names[0]
    return name, system.quantities[name].indexed
