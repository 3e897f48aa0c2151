"""What is known of time in a system, and what the indices of its sequences say: v_{t−1} is one step back, v_3 and v_T are single entries.

Steps are counted once for all lines. A sequence of phase p has its entry v_n at step n − p, so that h_{t+1} = f(h_t, x_t) computes h and
reads x of one and the same step.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from wengert.notes.notation import names
from wengert.notes.notation.expr import BigOp, Expr, Index, Line, Neg, Num, Ref, Sum, trees_of, walk


@dataclass(frozen=True)
class Clock:
    """What is known of time in a system.

    letter    the letter that runs over time
    axes      for each sequence the place of its index of time
    groups    lines that read each other's earlier steps, in their order within a step
    starts    for a sequence that is read before its first step, the name of the value there; "" where that is 0
    first     the number of the first step
    last      its last one, a number or a name, "" where it is open
    ends      how many steps come after the one that `last` names, −1 where it is T − 1
    once      whether the lines are one step only, in which v_t and v_{t−1} are names
    phases    for each sequence how much its index is ahead of the step
    lag       how much later than t the step is that the lines of recurrences compute: 1 for h_{t+1} = f(h_t)
    """

    letter: str
    axes: Mapping[str, int] = field(default_factory=dict[str, int])
    groups: tuple[tuple[str, ...], ...] = ()
    starts: Mapping[str, str] = field(default_factory=dict[str, str])
    first: int = 1
    last: str = ""
    ends: int = 0
    once: bool = False
    phases: Mapping[str, int] = field(default_factory=dict[str, int])
    lag: int = 0

    def phase(self, name: str) -> int:
        """How much the index of a sequence is ahead of the step."""
        return self.phases.get(name, 0)

    @property
    def counts(self) -> bool:
        """Whether the name of the last step is also the number of steps."""
        return not self.last.isdigit() and bool(self.last) and self.ends - self.first + 1 == 0


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


def stepped(letter: str, by: int, like: Expr) -> Expr:
    """The index t + k."""
    if not by:
        return Index(letter, span=like.span)
    return Sum(((1, Index(letter)), (1 if by > 0 else -1, Num(Fraction(abs(by))))), span=like.span)


def references(line: Line) -> Iterator[Ref]:
    """The quantities that the right sides of a line read."""
    return (tree for right in line.rights for tree in walk(right) if isinstance(tree, Ref))


def running_letters(line: Line) -> set[str]:
    """The letters that run over something in a line: those of its left side, and those that a Σ binds."""
    left = line.left.indices or () if isinstance(line.left, Ref) else ()
    found = {offset[0] for index in left if (offset := offset_of(index)) is not None}
    return found | {q for tree in trees_of([line]) if isinstance(tree, BigOp) for q in tree.letters}


def time_index(tree: Ref, axes: Mapping[str, int]) -> Expr | None:
    """The index of time of a quantity; None where it has none."""
    axis = axes.get(tree.name)
    return tree.indices[axis] if axis is not None and tree.indices is not None and axis < len(tree.indices) else None


def is_single(left: Ref) -> bool:
    """Whether a left side is one entry, such as h_0."""
    return any(whole_number(index) is not None for index in left.indices or ())


def time_offset(tree: Ref, clock: Clock) -> int | None:
    """k of v_{t+k}; None for what is no sequence at a step."""
    axis = clock.axes.get(tree.name)
    if axis is None or tree.indices is None or axis >= len(tree.indices):
        return None
    offset = offset_of(tree.indices[axis])
    return None if offset is None or offset[0] == clock.last else offset[1]


def start_name(name: str, clock: Clock, before: int = 1) -> str:
    """h_0, the name of the value of h before its first step, or some steps before that."""
    parts = names.split(name)
    number = clock.first - before + clock.phase(name)
    return names.join(parts.base, parts.label, f"{parts.subscript}{number}", parts.primes)


def entry_of(tree: Ref, axes: Mapping[str, int], last: str) -> tuple[str, Expr] | None:
    """(v, index) of what is one entry of a sequence v, written with an index or as a name, v_3, v_T or v⁽³⁾; None for anything else."""
    axis = axes.get(tree.name)
    if axis is not None:
        index = tree.indices[axis] if tree.indices is not None and axis < len(tree.indices) else None
        index = None if index is None else as_index(index, last)
        offset = None if index is None else offset_of(index)
        single = index is not None and (whole_number(index) is not None or (offset is not None and offset[0] == last))
        return (tree.name, index) if single and index is not None else None
    parts = names.split(tree.name)
    base = names.join(parts.base, parts.label, "", parts.primes)
    text = parts.subscript
    if base not in axes and not text and tree.indices is None:
        base, text = names.join(parts.base, "", "", parts.primes), parts.label
    if base not in axes or not text:
        return None
    plain = text.replace("−", "-")
    if plain.lstrip("-").isdigit():
        return base, numeral(int(plain), tree)
    return (base, Index(last, span=tree.span)) if text == last else None


def whole_number(index: Expr) -> int | None:
    """The number that an index is, −1 too; None for any other index."""
    if isinstance(index, Neg):
        inner = whole_number(index.operand)
        return None if inner is None else -inner
    return int(index.value) if isinstance(index, Num) and index.value.denominator == 1 else None


def numeral(number: int, like: Expr) -> Expr:
    """A whole number as an index."""
    tree = Num(Fraction(abs(number)), span=like.span)
    return tree if number >= 0 else Neg(tree, span=like.span)


def as_index(index: Expr, last: str) -> Expr:
    """The index with the name of the last step as a letter, also where it is a quantity or a size."""
    if last and isinstance(index, Ref) and index.name == last and index.indices is None:
        return Index(last, span=index.span)
    if isinstance(index, Sum):
        return replace(index, terms=tuple((sign, as_index(term, last)) for sign, term in index.terms))
    return index
