"""Which summed letter goes where a sum is over ⟦p = a i + k⟧: x̄_p = Σ_k w_k ȳ_{p−k}, without a sum over i.

The letter that goes must have coefficient 1, and stand on a quantity by itself or leave a sum over others, under which its range is said.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from wengert.core.ir.names import is_bar
from wengert.core.ir.types import Size
from wengert.core.ops.positions import PositionRelation, range_of, shift_of
from wengert.core.ops.terms import Factor, NamedLeaf
from wengert.notes.notation.expr import BigOp, Expr, Index, Num, Ref, Sum, walk
from wengert.notes.notation.index_arithmetic import as_letters, index_tree

Solved = dict[int, tuple[dict[int, int], int]]
"""By label that goes: (Σ_q c_q q over other labels, offset)."""


def solved_shifts(part: Sequence[Factor], named: Collection[int]) -> tuple[list[Factor], Solved]:
    """The factors of a sum without the indicators that are solved for a summed label, and what those labels are."""
    kept, solved = list(part), Solved()
    for factor in part:
        relation = shift_of(factor)
        if relation is None:
            continue
        relation = _substituted(relation, solved)
        rest = [f for f in kept if f is not factor]
        label = _goes(relation, rest, named)
        if label is None:
            continue
        answer = relation.solved(label)
        assert answer is not None
        solved = {old: _put(value, label, answer) for old, value in solved.items()}
        solved[label] = answer
        kept = rest
    return kept, solved


def _substituted(relation: PositionRelation, solved: Solved) -> PositionRelation:
    """The relation without labels that went before."""
    coefficients, offset = without_solved((dict(relation.coefficients), relation.offset), solved)
    return PositionRelation(coefficients, offset, relation.place)


def without_solved(value: tuple[dict[int, int], int], solved: Solved) -> tuple[dict[int, int], int]:
    """A sum of labels with what the solved ones are in place of them."""
    for label, answer in solved.items():
        value = _put(value, label, answer)
    return value


def _put(
    value: tuple[dict[int, int], int], label: int, answer: tuple[dict[int, int], int]
) -> tuple[dict[int, int], int]:
    """A sum of labels with an answer in place of one."""
    coefficients, offset = dict(value[0]), value[1]
    times = coefficients.pop(label, 0)
    for q, c in answer[0].items():
        coefficients[q] = coefficients.get(q, 0) + times * c
    return {q: c for q, c in coefficients.items() if c}, offset + times * answer[1]


def _goes(relation: PositionRelation, rest: Sequence[Factor], named: Collection[int]) -> int | None:
    """The label to be solved for: the shifted axis itself, else one of an error signal, else one of a quantity, else any."""
    plain = [
        f for f in rest if isinstance(f.term, NamedLeaf) and f.exponent > 0 and len(set(f.labels)) == len(f.labels)
    ]
    single = [q for q, c in relation.coefficients.items() if abs(c) == 1 and q not in named]
    candidates = [q for q in single if any(q in f.labels for f in plain)]
    summed = {q for f in rest for q in f.labels if q not in named}
    signals = [
        q
        for q in candidates
        if any(q in f.labels for f in plain if isinstance(f.term, NamedLeaf) and is_bar(f.term.name))
    ]
    if relation.place in candidates:
        return relation.place
    return next(iter([*signals, *candidates, *(q for q in single if summed - {q})]), None)


def place_of(answer: tuple[Mapping[int, int], int], at: Mapping[int, str | Expr]) -> Expr:
    """The index that a solved label is, in the letters of the others."""
    letters: dict[Expr, int] = {}
    offset = answer[1]
    for q, c in answer[0].items():
        inner = as_letters(at[q])
        for letter, each in inner[0].items() if inner is not None else [(_expr(at[q]), 1)]:
            letters[letter] = letters.get(letter, 0) + c * each
        offset += c * inner[1] if inner is not None else 0
    return index_tree({q: c for q, c in letters.items() if c}, offset)


def is_implied(factor: Factor, at: Mapping[int, str | Expr], trees: Sequence[Expr], sizes: Mapping[str, Size]) -> bool:
    """Whether ⟦0 ≤ index < size⟧ need not be written: an entry at that index stands beside, or the index is a letter over all of it."""
    found = range_of(factor)
    if found is None:
        return False
    coefficients, offset, size = found
    place = place_of((coefficients, offset), at)
    if isinstance(place, Index):
        return sizes.get(place.letter) == size
    beside = [index for tree in trees for part in walk(tree) if isinstance(part, Ref) for index in part.indices or ()]
    return place in beside


def ranged(
    tree: BigOp, sizes: Mapping[str, Size], known: Mapping[str, Size], size_tree: Callable[[Size], Expr]
) -> BigOp:
    """The sum with its range where nothing else says how far its letter runs: a letter that only shifts, and that no line has."""
    if len(tree.letters) != 1 or tree.letters[0] in known:
        return tree
    (letter,) = tree.letters
    refs = [part for part in walk(tree.body) if isinstance(part, Ref)]
    if any(index == Index(letter) for ref in refs for index in ref.indices or ()):
        return tree
    size = sizes[letter]
    upper = Num(Fraction(size - 1)) if isinstance(size, int) else Sum(((1, size_tree(size)), (-1, Num(Fraction(1)))))
    return replace(tree, lower=Num(Fraction(0)), upper=upper)


def _expr(place: str | Expr) -> Expr:
    return Index(place) if isinstance(place, str) else place
