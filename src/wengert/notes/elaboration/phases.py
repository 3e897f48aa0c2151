"""Lines counted to a common step: which entry of each sequence belongs to one step, and lines rewritten so that v_t is that entry everywhere.

In h_{t+1} = f(h_t, x_t) the entries h_{t+1} and x_t belong to one step, in L = Σ_t (h_t − y_t)² the entries h_t and y_t. Only the distances
between indices count in a line, so each line may count with a t of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from wengert.errors import EquationError
from wengert.notes.elaboration.clock import (
    Clock,
    as_index,
    entry_of,
    numeral,
    offset_of,
    references,
    stepped,
    whole_number,
)
from wengert.notes.elaboration.ordering import error_at
from wengert.notes.notation.expr import (
    BigOp,
    Compare,
    Expr,
    Index,
    Indicator,
    Line,
    Num,
    Product,
    Ref,
    Sum,
    mapped,
    mapped_line,
    walk,
    with_parts,
)

# ---------------------------------------------------------------- which entries belong together


def find_phases(
    lines: Sequence[Line], groups: Sequence[Sequence[str]], axes: Mapping[str, int], last: str
) -> dict[str, int]:
    """For each sequence how much its index is ahead of the step, the lines of recurrences first, then what they read, then the others."""
    known: dict[str, int] = {}
    lag = lag_of(lines, groups, axes)
    lines_of = {line.left.name: line for line in lines if isinstance(line.left, Ref)}
    for group in groups:
        known |= phases_of_group({name: lines_of[name] for name in group}, axes, last)
    waiting = list(lines)
    while waiting:
        ready = [line for line in waiting if left_phase(line, axes, known) is not None]
        if ready:
            demand(ready, axes, known, last)
        else:
            computed = [line for line in waiting if isinstance(line.left, Ref) and line.left.name in axes]
            open_names = {line.left.name for line in computed if isinstance(line.left, Ref)}
            free = [line for line in waiting if not {t.name for t in references(line)} & (open_names - known.keys())]
            ready = (free or waiting)[:1]
            supply(ready[0], axes, known, last, lag)
        waiting = [line for line in waiting if not any(line is each for each in ready)]
    return {name: phase for name, phase in known.items() if phase}


def lag_of(lines: Sequence[Line], groups: Sequence[Sequence[str]], axes: Mapping[str, int]) -> int:
    """How much later than t the step is that the lines of recurrences compute at most: 1 for h_{t+1} = f(h_t)."""
    members = {name for group in groups for name in group}
    lefts = [left_step(line, axes) for line in lines if isinstance(line.left, Ref) and line.left.name in members]
    return max((at[1] for at in lefts if at is not None), default=0)


def steps_read(line: Line, axes: Mapping[str, int], last: str) -> list[tuple[str, str, int]]:
    """(v, t, k) of every v_{t+k} on the right sides of a line."""
    found: list[tuple[str, str, int]] = []
    for tree in references(line):
        axis = axes.get(tree.name)
        if axis is not None and tree.indices is not None and axis < len(tree.indices):
            offset = offset_of(as_index(tree.indices[axis], last))
            if offset is not None and offset[0] != last:
                found.append((tree.name, *offset))
    return found


def left_step(line: Line, axes: Mapping[str, int]) -> tuple[str, int] | None:
    """(t, k) of a line v_{t+k} = …"""
    left = line.left
    axis = axes.get(left.name) if isinstance(left, Ref) else None
    if axis is None or not isinstance(left, Ref) or left.indices is None or axis >= len(left.indices):
        return None
    return offset_of(left.indices[axis])


def left_phase(line: Line, axes: Mapping[str, int], known: Mapping[str, int]) -> int | None:
    """The phase of the sequence that a line computes; None where it computes none, or none that is known."""
    assert isinstance(line.left, Ref)
    return known.get(line.left.name) if left_step(line, axes) is not None else None


def phases_of_group(lines: Mapping[str, Line], axes: Mapping[str, int], last: str) -> dict[str, int]:
    """Phases under which the lines of one recurrence read no later step: one t for all lines if that does, else the largest that do."""
    ahead = {name: (left_step(line, axes) or ("", 0))[1] for name, line in lines.items()}
    reads = [
        (v, u, ahead[v] - k) for v, line in lines.items() for u, _, k in steps_read(line, axes, last) if u in lines
    ]
    uniform = {name: k - max(ahead.values()) for name, k in ahead.items()}
    if all(uniform[v] <= uniform[u] + bound for v, u, bound in reads):
        return uniform
    found = dict.fromkeys(lines, 0)
    for _ in range(len(lines) + 1):
        before = dict(found)
        for v, u, bound in reads:
            found[v] = min(found[v], found[u] + bound)
        if found == before:
            return found
    return uniform  # forward and backward in time at once, which is an error of the lines


def demand(lines: Sequence[Line], axes: Mapping[str, int], known: dict[str, int], last: str) -> None:
    """Phases of what lines with a known left side read: as far ahead as any of them needs."""
    found: dict[str, int] = {}
    for line in lines:
        phase, at = left_phase(line, axes, known), left_step(line, axes)
        assert phase is not None
        assert at is not None
        for name, letter, k in steps_read(line, axes, last):
            if name not in known and letter == at[0]:
                found[name] = max(found.get(name, phase - at[1] + k), phase - at[1] + k)
    known |= found


def supply(line: Line, axes: Mapping[str, int], known: dict[str, int], last: str, lag: int) -> None:
    """Phases of what stands beside known sequences in a line, the left side first."""
    counts = counts_of(line, axes, known, last, lag)
    at = left_step(line, axes)
    assert isinstance(line.left, Ref)
    if at is not None:
        known[line.left.name] = counts.get(at[0], 0) + at[1]
    found: dict[str, int] = {}
    for name, letter, k in steps_read(line, axes, last):
        if name not in known:
            phase = counts.get(letter, 0) + k
            found[name] = max(found.get(name, phase), phase)
    known |= found


def counts_of(line: Line, axes: Mapping[str, int], known: Mapping[str, int], last: str, lag: int) -> dict[str, int]:
    """For each letter of time in a line how much it is ahead of the step: no quantity is read at a later step if that can be.

    A letter without a range of its own is no further behind than the letter of the recurrences is, which compute step t + lag.
    """
    counts: dict[str, int] = {}
    furthest: dict[str, int] = {}
    for name, letter, k in steps_read(line, axes, last):
        if name in known:
            counts[letter] = min(counts.get(letter, known[name] - k), known[name] - k)
            furthest[letter] = max(furthest.get(letter, known[name]), known[name])
    ranged = {q for right in line.rights for t in walk(right) if isinstance(t, BigOp) and t.lower for q in t.letters}
    counts = {q: min(count if q in ranged else max(count, -lag), furthest[q]) for q, count in counts.items()}
    at = left_step(line, axes)
    if at is not None and isinstance(line.left, Ref) and line.left.name in known:
        counts[at[0]] = known[line.left.name] - at[1]
    return counts


def new_phase(line: Line, clock: Clock) -> int:
    """The phase of a sequence that a line names for the first time: its t is that of what the line reads."""
    counts = counts_of(line, clock.axes, {name: clock.phase(name) for name in clock.axes}, clock.last, clock.lag)
    left = line.left.indices or () if isinstance(line.left, Ref) else ()
    return next((counts[q] + k for q, k in map(offset_of_letter, left) if q in counts), 0)


def offset_of_letter(index: Expr) -> tuple[str, int]:
    """(t, k) of an index t + k; ("", 0) for any other."""
    return offset_of(index) or ("", 0)


# ---------------------------------------------------------------- lines in steps


def aligned(line: Line, clock: Clock, source: str) -> Line:
    """The line with indices that are steps: entries that belong to one step have one index, t as a value is the number that was written.

    Raises EquationError for a range of a sum that has no meaning by steps.
    """
    line = with_entries(line, clock)
    phases = {name: clock.phase(name) for name in clock.axes}
    counts = counts_of(line, clock.axes, phases, clock.last, clock.lag)
    letters = {letter for _, letter, _ in steps_read(line, clock.axes, clock.last)} | {clock.letter}
    at = left_step(line, clock.axes)
    work = _Aligning(clock, counts, letters | ({at[0]} if at else set()), source)
    return replace(line, left=work.tree(line.left), rights=tuple(work.tree(right) for right in line.rights))


def with_entries(line: Line, clock: Clock) -> Line:
    """The line in which single entries have an index, also where they are written as a name: h_T."""

    def change(tree: Expr) -> Expr:
        found = entry_of(tree, clock.axes, clock.last) if isinstance(tree, Ref) else None
        if found is None or not isinstance(tree, Ref):
            return tree
        base, index = found
        axis = clock.axes[base]
        rest = list(tree.indices or ())
        if tree.name == base:
            del rest[axis]
        rest.insert(min(axis, len(rest)), index)
        return replace(tree, name=base, indices=tuple(rest))

    return mapped_line(line, change)


@dataclass(frozen=True)
class _Aligning:
    """One line on the way to steps: how far each of its letters of time is ahead."""

    clock: Clock
    counts: Mapping[str, int]
    letters: Iterable[str]
    source: str

    def tree(self, tree: Expr) -> Expr:
        if isinstance(tree, Ref):
            return self.quantity(tree)
        if isinstance(tree, Index):
            return self.value(tree)
        if isinstance(tree, Compare) and self.same_count(tree):
            return tree
        if isinstance(tree, BigOp):
            bare = with_parts(replace(tree, lower=None, upper=None), self.tree)
            assert isinstance(bare, BigOp)
            return self.summed(tree, replace(bare, lower=tree.lower, upper=tree.upper))
        return with_parts(tree, self.tree)

    def quantity(self, tree: Ref) -> Ref:
        axis = self.clock.axes.get(tree.name)
        if axis is None or tree.indices is None or axis >= len(tree.indices):
            return tree
        index, phase = tree.indices[axis], self.clock.phase(tree.name)
        offset = offset_of(index)
        number = whole_number(index)
        if number is not None:
            new = numeral(number - phase, index)
        elif offset is None:
            return tree
        else:
            new = stepped(
                offset[0], offset[1] + self.counts.get(offset[0], 0) * (offset[0] != self.clock.last) - phase, index
            )
        return replace(tree, indices=(*tree.indices[:axis], new, *tree.indices[axis + 1 :]))

    def value(self, tree: Index) -> Expr:
        """t as a number: it counts from the first step, not from 0."""
        if tree.letter not in self.letters:
            return tree
        return stepped(tree.letter, self.clock.first + self.counts.get(tree.letter, 0), tree)

    def same_count(self, tree: Compare) -> bool:
        """Whether two letters are compared that count alike, or that do not count time."""
        sides = [side.letter for side in (tree.left, tree.right) if isinstance(side, Index)]
        return len(sides) == 2 and len({self.counts.get(q, 0) for q in sides}) == 1

    # -- ranges of sums

    def summed(self, tree: BigOp, inner: BigOp) -> Expr:
        """A sum over time: its range is a condition where it is not over all steps, the value before the first step a term of its own."""
        if len(tree.letters) != 1 or tree.letters[0] not in self.letters or tree.lower is None or tree.upper is None:
            return inner
        (letter,) = tree.letters
        body = inner.body
        low, high = self.place(tree.lower, letter, tree), self.place(tree.upper, letter, tree)
        before: Expr | None = None
        if low == Num(Fraction(-1)) and tree.op == "sum":
            before, low = at_number(body, letter, self.clock.first - 1), Num(Fraction(0))
        conditions: list[Expr] = []
        if low != Num(Fraction(0)):
            conditions.append(Compare("≥", Index(letter), low, span=tree.span))
        if high != self.last:
            conditions.append(Compare("≤", Index(letter), high, span=tree.span))
        if conditions and tree.op != "sum":
            raise self.unread(tree)
        if conditions:
            body = Product((*(Indicator(each, span=tree.span) for each in conditions), body), span=tree.span)
        whole = replace(inner, body=body, lower=None, upper=None)
        return whole if before is None else Sum(((1, before), (1, whole)), span=tree.span)

    @property
    def last(self) -> Expr:
        """The place of the last step, counted from 0."""
        clock = self.clock
        if clock.last.isdigit():
            return Num(Fraction(int(clock.last) + clock.ends - clock.first))
        return Sum(((1, Ref(clock.last)), (-1, Num(Fraction(1)))))

    def place(self, bound: Expr, letter: str, tree: BigOp) -> Expr:
        """The place of the step that a bound of a sum names, counted from 0.

        Raises EquationError where it names none.
        """
        clock, count = self.clock, self.counts.get(letter, 0)
        bound = as_index(bound, clock.last)
        if isinstance(bound, Num) and bound.value.denominator == 1 and bound.value >= count + clock.first - 1:
            return Num(bound.value - count - clock.first)
        offset = offset_of(bound)
        if offset is None:
            raise self.unread(tree)
        q, k = offset
        if q == clock.last and clock.counts:
            beyond = k - count - clock.ends
            if beyond > 0:
                raise self.unread(tree)
            return Sum(((1, Ref(q)), (-1, Num(Fraction(1 - beyond)))))
        if q in self.letters and q != clock.last:
            return stepped(q, self.counts.get(q, 0) + k - count, bound)
        raise self.unread(tree)

    def unread(self, tree: BigOp) -> EquationError:
        clock = self.clock
        last = f"{clock.last}{clock.ends:+d}" if clock.ends else clock.last or "T"
        return error_at(
            self.source,
            tree,
            "This range of a sum over time is not read.",
            f"The steps are {clock.letter} = {clock.first}…{last}. Let the sum run over steps among these.",
        )


def at_number(tree: Expr, letter: str, number: int) -> Expr:
    """The tree with a number for a letter."""

    def change(part: Expr) -> Expr:
        return numeral(number, part) if part == Index(letter) else part

    return mapped(tree, change)
