"""Where an index can leave its axis: the range under a sum, Σ_{k: 0 ≤ p−k < I}, of the entries that there are.

An index leaves where its least or greatest value does; a window that fits by construction does not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from wengert.core.ir.names import is_bar
from wengert.core.ir.types import Dim, Size
from wengert.core.ops.positions import range_of
from wengert.core.ops.terms import Factor, NamedLeaf
from wengert.notes.derive.solving_shifts import Solved, place_of, without_solved
from wengert.notes.elaboration.system import SystemData
from wengert.notes.notation.expr import And, Compare, Expr, Index, Num, Ref, Sum
from wengert.notes.notation.index_arithmetic import as_letters, index_tree


class Leaving(NamedTuple):
    """An index Σ_q c_q q + offset over labels of an axis of a size, and on which sides it can lie outside."""

    coefficients: tuple[tuple[int, int], ...]
    offset: int
    size: Size
    below: bool
    above: bool


def leaving(part: Sequence[Factor], solved: Solved, sizes: Sequence[Size]) -> list[Leaving]:
    """The indices of a sum that can leave: those of labels that are solved, and those with a range of their own."""
    places = [(answer, sizes[label]) for label, answer in solved.items()]
    stated = [found for f in part if (found := range_of(f)) is not None]
    places += [(without_solved((dict(letters), offset), solved), size) for letters, offset, size in stated]
    found = dict[object, Leaving]()
    for (coefficients, offset), size in places:
        below = _can_be_negative(coefficients, offset, sizes)
        above = _can_reach(coefficients, offset, size, sizes)
        if below or above:
            key = (frozenset(coefficients.items()), offset, size)
            found.setdefault(key, Leaving(tuple(coefficients.items()), offset, size, below, above))
    return list(found.values())


def _can_be_negative(coefficients: Mapping[int, int], offset: int, sizes: Sequence[Size]) -> bool:
    least = offset
    for label, c in coefficients.items():
        size = sizes[label]
        if c < 0 and not isinstance(size, int):
            return True
        least += min(0, c) * (size - 1) if isinstance(size, int) else 0
    return least < 0


def _can_reach(coefficients: Mapping[int, int], offset: int, size: Size, sizes: Sequence[Size]) -> bool:
    """Whether an index can be as large as a size, or larger."""
    positive = [(c, sizes[label]) for label, c in coefficients.items() if c > 0]
    if isinstance(size, int) and all(isinstance(n, int) for _, n in positive):
        return offset + sum(c * (n - 1) for c, n in positive if isinstance(n, int)) >= size
    if offset <= 0 and positive == [(1, size)]:
        return False
    return not any(_fits(positive, k, offset, size) for k in range(len(positive)))


def _fits(positive: Sequence[tuple[int, Size]], k: int, offset: int, size: Size) -> bool:
    """Whether the size of one letter is as large as the window that the others make fits."""
    stride, count = positive[k]
    others = sorted([*positive[:k], *positive[k + 1 :]], key=str)
    return isinstance(count, Dim) and any(
        (fit.size, fit.stride) == (size, stride) and sorted(fit.others, key=str) == others and offset <= fit.offset
        for fit in count.rule
    )


def condition(
    found: Sequence[Leaving],
    at: Mapping[int, str | Expr],
    size_tree: Callable[[Size], Expr],
    first: Mapping[str, int],
) -> Expr | None:
    """0 ≤ p − k < I for each index that can leave, only the side on which it can.

    `first` are letters that stand for their number, and where they begin: 1 ≤ t − k of steps that count from 1.
    """
    parts: list[Expr] = []
    for each in found:
        place = place_of((dict(each.coefficients), each.offset), at)
        letters, _ = as_letters(place) or ({}, 0)
        begins = sum(c * first.get(q.letter, 0) for q, c in letters.items() if isinstance(q, Index))
        parts += [Compare("≤", index_tree({}, begins), place)] if each.below else []
        parts += [_before(place, size_tree(each.size), begins)] if each.above else []
    return None if not parts else parts[0] if len(parts) == 1 else And(tuple(parts))


def _before(place: Expr, size: Expr, begins: int) -> Expr:
    """Whether a place lies before the end of an axis that begins at a number."""
    if begins == 1:
        return Compare("≤", place, size)
    return Compare("<", place, Sum(((1, size), (1, Num(Fraction(begins))))) if begins else size)


def zero_outside(part: Sequence[Factor], solved: Solved, outside: Sequence[Leaving]) -> dict[NamedLeaf, int]:
    """The quantities of a term without a sum that are taken for 0 outside of their axes, and which of their axes that is."""
    found: dict[NamedLeaf, int] = {}
    gone = [(dict(each.coefficients), each.offset) for each in outside]
    for label in (label for label, answer in solved.items() if answer in gone):
        leaves = [(f.term, f.labels.index(label)) for f in part if isinstance(f.term, NamedLeaf) and label in f.labels]
        signals = [each for each in leaves if is_bar(each[0].name)]
        found |= dict([*signals, *leaves][:1])
    return found


def named_size(size: Size, system: SystemData) -> Expr | None:
    """A number, the name that the user gave to the size, or the capital of a letter that runs over it; None where these are taken."""
    if isinstance(size, int):
        return Num(Fraction(size))
    declared = [name for name, known in system.size_names.items() if known == size]
    if declared:
        return Ref(size.name if size.name in declared else declared[0])
    taken = {name for q in system.quantities.values() for name in (q.name, q.indexed, q.whole)}
    taken |= system.size_names.keys() | system.letter_sizes.keys()
    letters = [q for q, known in system.letter_sizes.items() if known == size and len(q) == 1 and q.isascii()]
    capital = next((q.upper() for q in letters if q.upper() not in taken), None)
    return Ref(capital) if capital is not None else None
