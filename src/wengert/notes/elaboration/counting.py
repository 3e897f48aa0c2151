"""How indices count: from 0, or from 1 where a range says so (k = 1…K); and names of whole numbers in them, the stride s of x_{s i + k}.

What is computed counts from 0. Lines are written and printed as their author counts: x_{i+k−1} from 1 is x_{i+k} from 0.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from wengert.notes.elaboration.clock import Clock
from wengert.notes.elaboration.exponents import exact_value
from wengert.notes.elaboration.kinds import Mismatch
from wengert.notes.elaboration.ordering import error_at
from wengert.notes.elaboration.shifts import ARITHMETIC, AffineIndex, affine
from wengert.notes.notation.expr import (
    BigOp,
    Compare,
    Expr,
    Index,
    Line,
    Neg,
    Num,
    Product,
    Ref,
    Sum,
    mapped,
    refs_of,
    walk,
    with_parts,
)
from wengert.notes.notation.index_arithmetic import index_tree
from wengert.regex import regex

RANGE = regex(r"(\w)\s*=\s*([-−]?\d+)\s*(?:,\s*)?(?:…|\.\.\.|⋯|\\l?c?dots[a-z]?|–)")
VALUE = regex(r"(?<![\w_])([^\W\d_]+)\s*=\s*(\d+)(?!\s*(?:,\s*)?(?:…|\.\.\.|⋯|\\l?c?dots|–|\d|\.))")


@dataclass(frozen=True)
class Counting:
    """The number of the first entry of every axis, 0 or 1, and names that are whole numbers in indices."""

    first: int = 0
    numbers: Mapping[str, int] = field(default_factory=dict[str, int])

    def read(self, line: Line) -> Line:
        """A line as it is written, counted from 0."""
        return self._changed(line, self.first)

    def check_claim(self, line: Line, clock: Clock | None, source: str) -> None:
        """Indices of a line about the equations count as those do, but for the letter of time.

        Raises EquationError.
        """
        stated = _stated(line)
        matter = _letters_that_matter(line) if stated else set[str]()
        for letter, low in stated:
            if letter in matter and low != self.first and (clock is None or letter != clock.letter):
                what = f"The index '{letter}' counts from {low} here, and indices count from {self.first} in the equations."
                raise error_at(source, line, what, f"Let '{letter}' begin at {self.first}.")

    def written(self, tree: Expr) -> Expr:
        """An expression that counts from 0, as its author counts."""
        return recounted(tree, -1) if self.first else tree

    def with_numbers(self, line: Line) -> Line:
        """A line with the numbers that names in indices are."""
        return self._changed(line, 0)

    def _changed(self, line: Line, by: int) -> Line:
        if not (by or self.numbers):
            return line
        left, *rights = (recounted(self._with_numbers(side), by) for side in (line.left, *line.rights))
        return replace(line, left=left, rights=tuple(rights))

    def _with_numbers(self, tree: Expr) -> Expr:
        if not self.numbers:
            return tree

        def inner(part: Expr) -> Expr:
            name = _number_name(part)
            if name in self.numbers:
                return Num(Fraction(self.numbers[name]), span=part.span)
            if isinstance(part, Product):
                return replace(part, factors=tuple(sorted(part.factors, key=lambda f: not isinstance(f, Num))))
            return part

        def change(part: Expr) -> Expr:
            if not isinstance(part, Ref) or not part.indices:
                return part
            new = tuple(_index(mapped(i, inner), 0) if isinstance(i, ARITHMETIC) else i for i in part.indices)
            return part if new == part.indices else replace(part, indices=new)

        return mapped(tree, change)


def find_counting(
    lines: Sequence[Line], clock: Clock | None, declared: Collection[str], source: str
) -> tuple[list[Line], Counting]:
    """The lines without those that only name a whole number for indices, and how the indices of a text count.

    Raises EquationError where they count from different numbers, or from another one than 0 and 1.
    """
    used = {_number_name(part) for line in lines for part in _index_parts(line)} - _letters_that_run(lines)
    numbers = {name: value for line in lines for name, value in _whole_numbers(line) if name in used}
    known = {_name(line) for line in lines} | set(declared)
    for line in lines:
        for part in _index_parts(line):
            if isinstance(part, Ref) and _number_name(part) in known - numbers.keys():
                what = f"Nothing says which whole number '{part.name}' is."
                raise error_at(source, part, what, f"Give it a line of its own:  {part.name} = 2")
    elsewhere = {part.name for line in lines for part in _values(line) if isinstance(part, Ref)}
    kept = [line for line in lines if not _only_names(line, numbers) or _name(line) in elsewhere]
    return kept, Counting(_first(lines, clock, source), numbers)


def _number_name(part: Expr) -> str:
    """The name or letter of a part of an index; "" for any other part."""
    if isinstance(part, Index):
        return part.letter
    return part.name if isinstance(part, Ref) and part.indices is None and not part.barred else ""


def _letters_that_run(lines: Sequence[Line]) -> set[str]:
    """The letters on left sides and those that a Σ binds."""
    left = {part.letter for line in lines for part in walk(line.left) if isinstance(part, Index)}
    return left.union(
        q for line in lines for r in line.rights for t in walk(r) if isinstance(t, BigOp) for q in t.letters
    )


def _name(line: Line) -> str:
    return line.left.name if isinstance(line.left, Ref) else ""


def _only_names(line: Line, numbers: Mapping[str, int]) -> bool:
    """Whether a line gives one of the numbers its value."""
    return _name(line) in numbers and isinstance(line.left, Ref) and line.left.indices is None


def _whole_numbers(line: Line) -> Iterator[tuple[str, int]]:
    """s of s = 2, as a line or in a remark."""
    if isinstance(line.left, Ref) and line.left.indices is None and len(line.rights) == 1:
        value = exact_value(line.rights[0])
        if value is not None and value.denominator == 1:
            yield line.left.name, int(value)
    for note in line.notes:
        for name, value in VALUE.findall(note):
            yield name, int(value)


def _index_parts(line: Line) -> Iterator[Expr]:
    """What stands in indices that are arithmetic."""
    for index in (index for tree in refs_of([line]) for index in tree.indices or ()):
        if isinstance(index, ARITHMETIC):
            yield from (part for term in _terms(index) for part in term)


def _terms(index: Expr) -> Iterator[list[Expr]]:
    """The factors of every term of an index, without what look-ups in it hold."""
    match index:
        case Sum(terms=terms):
            for _, term in terms:
                yield from _terms(term)
        case Neg(operand=inner):
            yield from _terms(inner)
        case Product(factors=factors):
            for factor in factors:
                yield from _terms(factor)
        case _:
            yield [index]


def _values(line: Line) -> Iterator[Expr]:
    """What stands on the right side of a line outside of indices."""

    def below(tree: Expr) -> Iterator[Expr]:
        yield tree
        if not isinstance(tree, Ref):
            found: list[Expr] = []
            with_parts(tree, lambda part: found.append(part) or part)
            for part in found:
                yield from below(part)

    return (part for right in line.rights for part in below(right))


# the first number


def _first(lines: Sequence[Line], clock: Clock | None, source: str) -> int:
    """Where the letters that shift, or that stand for their number, begin to count."""
    time = {clock.letter} if clock is not None else set[str]()
    found: dict[int, str] = {}
    for line in lines:
        matter = _letters_that_matter(line)
        for letter, low in _stated(line):
            if letter in matter - time:
                found.setdefault(low, letter)
            if letter in matter - time and low not in (0, 1):
                what = f"The index '{letter}' counts from {low} here."
                raise error_at(source, line, what, "Count indices from 0 or from 1, for example:  for k = 0…2")
    if len(found) > 1:
        line = next(line for line in lines if (found[1], 1) in _stated(line))
        what = f"The index '{found[1]}' counts from 1 here, and '{found[0]}' from 0."
        raise error_at(source, line, what, "Count all indices from the same number.")
    return next(iter(found), 0)


def _stated(line: Line) -> list[tuple[str, int]]:
    """The letters whose first number the line states, under a Σ or in a remark."""
    found = [
        (letter, int(low))
        for note in line.notes
        for letter, low in RANGE.findall(
            re.sub(r"\\(?:text|mathrm|quad|qquad|[,;! ])|[{}$]", " ", note).replace("−", "-")
        )
    ]
    for tree in (tree for side in line.rights for tree in walk(side)):
        if isinstance(tree, BigOp) and tree.lower is not None and tree.upper is not None and len(tree.letters) == 1:
            low = exact_value(tree.lower)
            if low is not None and low.denominator == 1:
                found.append((tree.letters[0], int(low)))
    return found


def _letters_that_matter(line: Line) -> set[str]:
    """The letters that shift, or that stand for their number."""
    return {part.letter for part in _index_parts(line) if isinstance(part, Index)} | set(_numbers_in(line))


def _numbers_in(line: Line) -> Iterator[str]:
    """The index letters that stand for their number: the k of Σ_k k x_k, not those that are compared with each other."""
    for right in line.rights:
        compared = [t for t in walk(right) if isinstance(t, Compare) and _between_letters(t)]
        sides = {id(side) for t in compared for side in (t.left, t.right)}
        indices = {id(i) for t in walk(right) if isinstance(t, Ref) for i in t.indices or ()}
        inner = {id(part) for t in walk(right) if isinstance(t, Ref) for i in t.indices or () for part in walk(i)}
        for tree in walk(right):
            if isinstance(tree, Index) and id(tree) not in sides | indices | inner:
                yield tree.letter


def _between_letters(tree: Compare) -> bool:
    """Whether an index letter is compared with another one, or with an integer that is data."""
    kinds = {type(tree.left), type(tree.right)}
    return Index in kinds and kinds <= {Index, Ref}


# counted from another number


def recounted(tree: Expr, by: int) -> Expr:
    """The tree with letters that begin by so much later; `by` 0 brings the indices into one form only."""
    match tree:
        case Ref(indices=indices) if indices:
            new = tuple(_index(index, by) for index in indices)
            return tree if new == indices else replace(tree, indices=new)
        case Compare(left=Index(), right=right) if (place := _affine(right)) is not None and by:
            return replace(tree, right=_tree(place, by * (_total(place) - 1)))
        case Compare(left=left, right=Index()) if (place := _affine(left)) is not None and by:
            return replace(tree, left=_tree(place, by * (_total(place) - 1)))
        case Compare(left=Index(), right=right):
            return replace(tree, right=recounted(right, by))
        case Compare(left=left, right=Index()):
            return replace(tree, left=recounted(left, by))
        case BigOp(lower=Num(value=low), upper=upper) if by < 0 and low == 0 and upper is not None:
            end = (
                _tree(AffineIndex((), int(exact_value(upper) or 0)), 1)
                if exact_value(upper) is not None
                else _without_one(upper)
            )
            return replace(tree, lower=Num(Fraction(1)), upper=end, body=recounted(tree.body, by))
        case BigOp():
            condition = None if tree.condition is None else recounted(tree.condition, by)
            condition = _from_one(condition) if condition is not None and by < 0 else condition
            return replace(tree, body=recounted(tree.body, by), condition=condition)
        case Index() | Sum() | Product() | Neg() if by and (place := _affine(tree)) is not None and place.coefficients:
            return _tree(place, by * _total(place), tree)
        case _:
            return with_parts(tree, lambda part: recounted(part, by))


def _from_one(condition: Expr) -> Expr:
    """1 ≤ p − k + 1 ≤ I of 0 ≤ p − k < I: a range as the indices that it is of, which count from 1."""

    def change(part: Expr) -> Expr:
        match part:
            case Compare(op="≤", left=Num(value=Fraction(numerator=0)), right=right) if place := _affine(right):
                return replace(part, left=Num(Fraction(1)), right=_tree(place, 1))
            case Compare(op="<", left=left, right=Num() | Ref()) if place := _affine(left):
                return replace(part, op="≤", left=_tree(place, 1))
            case _:
                return part

    return mapped(condition, change)


def _index(index: Expr, by: int) -> Expr:
    """An index of an entry: i + k − 1 from 1 is i + k from 0; a look-up stays, but for the indices in it."""
    place = _affine(index)
    if isinstance(index, Index):
        return index
    if place is None:
        return recounted(index, by) if isinstance(index, Ref) else index
    return _tree(place, by * (_total(place) - 1), index)


def _affine(tree: Expr) -> AffineIndex | None:
    """The index arithmetic that a tree is; None for any other."""
    try:
        return affine(tree)
    except Mismatch:
        return None


def _total(place: AffineIndex) -> int:
    return sum(c for _, c in place.coefficients)


def _tree(place: AffineIndex, more: int, old: Expr | None = None) -> Expr:
    letters: dict[Expr, int] = {Index(q): c for q, c in place.coefficients}
    tree = index_tree(letters, place.offset + more)
    return tree if old is None or old.span.start < 0 else replace(tree, span=old.span)


def _without_one(upper: Expr) -> Expr:
    """N of N − 1."""
    if isinstance(upper, Sum) and upper.terms[-1] == (-1, Num(Fraction(1))) and len(upper.terms) == 2:
        return upper.terms[0][1]
    return Sum(((1, upper), (1, Num(Fraction(1)))))
