"""Parts of written lines: the expressions inside of them that have no name, and lines in which such a part gets one.

Two parts are the same if they are equal up to the letters of their indices: e^(z_k) and e^(z_l) are.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

from wengert.errors import EquationError, GraphError, ShapeError
from wengert.notes.elaboration.elaborate import elaborate
from wengert.notes.elaboration.system import SystemData
from wengert.notes.notation.expr import (
    BigOp,
    Call,
    Cases,
    Expr,
    Index,
    Line,
    Neg,
    Norm,
    Num,
    Power,
    Product,
    Quotient,
    Ref,
    Sum,
    Transpose,
    mapped,
    walk,
    with_parts,
)

ONE = Num(Fraction(1), "1")
MAX_ANY = 5
"""Of so many terms or factors, any that stand together or apart may have a name; of more, neighbours."""
MAX_RUN = 6
"""Of longer sums and products only single terms and factors."""


@dataclass(frozen=True)
class LinePart:
    """A part of a line as it stands at its first place, and those of its letters that nothing in it binds, in their order there.

    `order` says which of these letters the axes of the part have, one after the other.
    """

    tree: Expr
    letters: tuple[str, ...]
    order: tuple[int, ...]

    @cached_property
    def key(self) -> Expr:
        """What the part has in common with itself under other letters."""
        return _with_plain_letters(self.tree)[0]

    @cached_property
    def size(self) -> int:
        """How many signs and names it has."""
        return sum(1 for _ in walk(self.tree))

    @cached_property
    def reads(self) -> frozenset[str]:
        """The names in it."""
        return frozenset(tree.name for tree in walk(self.tree) if isinstance(tree, Ref))

    def called(self, name: str, letters: Sequence[str] = ()) -> Ref:
        """The part under a name, with its letters or others at its places."""
        own = letters or self.letters
        return Ref(name, tuple(Index(own[k]) for k in self.order) or None)

    def layouts(self) -> Iterator[LinePart]:
        """The part with its axes in each order."""
        for order in itertools.permutations(range(len(self.letters))):
            yield replace(self, order=order)


def part_of(tree: Expr, axes: Sequence[str] | None = None) -> LinePart:
    """A tree as a part; `axes` are the letters of its axes where they are known."""
    letters = _with_plain_letters(tree)[1]
    return LinePart(tree, letters, tuple(letters.index(q) for q in (letters if axes is None else axes)))


def unnamed_parts(lines: Sequence[Line]) -> list[LinePart]:
    """The parts of first right sides that are neither a name, a number nor a whole side, each once, smaller ones first."""
    found: dict[Expr, LinePart] = {}
    for line in lines:
        for tree in _inside(line.rights[0]):
            part = part_of(tree)
            if part.reads:
                found.setdefault(part.key, part)
    for line in lines:
        found.pop(part_of(line.rights[0]).key, None)
    return sorted(found.values(), key=lambda part: part.size)


def _inside(tree: Expr) -> Iterator[Expr]:
    """The expressions in a tree that a name could stand for, itself among them; conditions, ranges and indices hold none."""
    if isinstance(tree, Sum | Product | Quotient | Power | Call | BigOp | Norm | Cases):
        yield tree
    yield from (some for some, _, _ in _some(tree))
    yield from (quotient for quotient, _, _ in _quotients(tree))
    match tree:
        case Sum(terms=terms):
            below: Sequence[Expr] = [term for _, term in terms]
        case Product(factors=factors):
            below = factors
        case Quotient(numerator=a, denominator=b) | Power(base=a, exponent=b):
            below = (a, b)
        case Call(args=args):
            below = args
        case BigOp(body=a) | Neg(operand=a) | Transpose(operand=a) | Norm(operand=a):
            below = (a,)
        case Cases(branches=branches):
            below = [value for value, _ in branches]
        case _:
            below = ()
    for part in below:
        yield from _inside(part)


def _some(tree: Expr) -> Iterator[tuple[Expr, tuple[int, ...], int]]:
    """Some of the terms of a sum or the factors of a product, not all: (what they are, their places, the sign before them)."""
    items = tree.terms if isinstance(tree, Sum) else tree.factors if isinstance(tree, Product) else ()
    for places in _choices(len(items)):
        if isinstance(tree, Sum):
            sign = tree.terms[places[0]][0]
            yield Sum(tuple((sign * tree.terms[k][0], tree.terms[k][1]) for k in places)), places, sign
        elif isinstance(tree, Product):
            yield replace(tree, factors=tuple(tree.factors[k] for k in places)), places, 1


def _choices(count: int) -> Iterator[tuple[int, ...]]:
    """Two places or more of so many, not all: any of a few, neighbours of more."""
    for length in range(2, count if count <= MAX_RUN else 0):
        if count <= MAX_ANY:
            yield from itertools.combinations(range(count), length)
        else:
            yield from (tuple(range(start, start + length)) for start in range(count - length + 1))


def _quotients(tree: Expr) -> Iterator[tuple[Expr, tuple[Expr, ...], tuple[Expr, ...]]]:
    """Parts of a fraction that its denominator belongs to, with the factors before and after them: 1/d and a b/d of a b c/d."""
    if not isinstance(tree, Quotient) or tree.numerator == ONE:
        return
    above = tree.numerator
    factors = above.factors if isinstance(above, Product) and above.sign in ("", "·") else (above,)
    yield Quotient(ONE, tree.denominator), factors, ()
    if len(factors) > MAX_RUN:
        return
    for length in range(1, len(factors)):
        for start in range(len(factors) - length + 1):
            run = factors[start : start + length]
            numerator = run[0] if length == 1 else Product(run)
            yield Quotient(numerator, tree.denominator), factors[:start], factors[start + length :]


def with_named_part(line: Line, part: LinePart, name: str) -> Line:
    """The line with a name wherever the part stands; the line itself where it stands nowhere."""
    rights = tuple(_named(right, part, name) for right in line.rights)
    return line if rights == line.rights else replace(line, rights=rights)


def _named(tree: Expr, part: LinePart, name: str) -> Expr:
    key, letters = _with_plain_letters(tree)
    if key == part.key:
        return replace(part.called(name, letters), span=tree.span)
    for quotient, before, after in _quotients(tree) if isinstance(part.tree, Quotient) else ():
        key, letters = _with_plain_letters(quotient)
        if key == part.key:
            first, last = ([_named(factor, part, name) for factor in factors] for factors in (before, after))
            return Product((*first, part.called(name, letters), *last), span=tree.span)
    for some, places, sign in _some(tree):
        key, letters = _with_plain_letters(some)
        if key == part.key:
            return _named(_replaced(tree, places, sign, part.called(name, letters)), part, name)
    return with_parts(tree, lambda inner: _named(inner, part, name))


def _replaced(tree: Expr, places: tuple[int, ...], sign: int, new: Expr) -> Expr:
    """A sum or product with one term or factor in place of some."""
    if isinstance(tree, Sum):
        terms = [(sign, new) if k == places[0] else term for k, term in enumerate(tree.terms) if k not in places[1:]]
        return replace(tree, terms=tuple(terms))
    assert isinstance(tree, Product)
    factors = [new if k == places[0] else factor for k, factor in enumerate(tree.factors) if k not in places[1:]]
    return replace(tree, factors=tuple(factors))


def with_definitions(tree: Expr, lines: Mapping[str, Line]) -> Expr:
    """The tree with right sides in place of the names that lines define, where the letters of their indices allow it."""

    def change(part: Expr) -> Expr:
        if not isinstance(part, Ref) or part.barred or part.name not in lines:
            return part
        left, right = lines[part.name].left, lines[part.name].rights[0]
        assert isinstance(left, Ref)
        own, given = left.indices or (), part.indices or ()
        letters = [
            (a.letter, b.letter)
            for a, b in zip(own, given, strict=False)
            if isinstance(a, Index) and isinstance(b, Index)
        ]
        bound = {letter for each in walk(right) if isinstance(each, BigOp) for letter in each.letters}
        if len(letters) != len(own) or len(own) != len(given) or bound & {letter for _, letter in letters}:
            return part
        meant = dict(letters)
        return mapped(
            right,
            lambda each: replace(each, letter=meant.get(each.letter, each.letter)) if isinstance(each, Index) else each,
        )

    return mapped(tree, change)


def _with_plain_letters(tree: Expr) -> tuple[Expr, tuple[str, ...]]:
    """The tree with numbers for index letters in the order in which they come, and those letters that nothing in it binds."""
    free: dict[str, str] = {}

    def change(part: Expr, bound: Mapping[str, str]) -> Expr:
        if isinstance(part, Index):
            letter = part.letter
            return Index(bound[letter] if letter in bound else free.setdefault(letter, f"{len(free) + 1}"))
        if isinstance(part, BigOp):
            own = {letter: f"bound {len(bound) + k}" for k, letter in enumerate(part.letters)}
            inner = with_parts(replace(part, letters=()), lambda each: change(each, {**bound, **own}))
            return replace(inner, letters=tuple(own.values()))
        return with_parts(part, lambda each: change(each, bound))

    plain = change(tree, {})
    return plain, tuple(free)


def with_named_parts(
    system: SystemData, pairs: Sequence[tuple[str, LinePart]], stated: frozenset[str], loss: str
) -> SystemData | None:
    """The system in which what holds a part reads it under its name, and each name that is not `stated` has a line; None where that
    has no meaning."""
    lines: list[Line] = list(system.reading.lines)
    for name, part in sorted(pairs, key=lambda pair: -pair[1].size):
        named = [line if name_of(line) == name else with_named_part(line, part, name) for line in lines]
        places = [k for k, (new, old) in enumerate(zip(named, lines, strict=True)) if new is not old]
        if name not in stated:
            if not places:
                return None
            line = Line(part.called(name), (part.tree,), span=lines[places[0]].span)
            named.insert(places[0], line)
        lines = named
    try:
        found = replace(elaborate(replace(system.reading, lines=tuple(lines))), loss=loss)
    except (EquationError, GraphError, ShapeError):
        return None
    same = all(
        name in found.quantities and found.quantities[name].type.rank == quantity.type.rank
        for name, quantity in system.quantities.items()
    )
    return found if same else None


def name_of(line: Line) -> str:
    """The name on the left of a line, "" where there is none."""
    return line.left.name if isinstance(line.left, Ref) else ""
