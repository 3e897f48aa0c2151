"""Shifted and strided indices: x_{i+k} is Σ_p x_p ⟦p = i + k⟧, and how long the axes are follows from where the windows lie.

Positions count from 0. Where an index can leave its axis, the term that it stands in is dropped there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wengert.core.ir.graph import Node, apply, constant
from wengert.core.ir.types import ArrayType
from wengert.notes.elaboration.kinds import Mismatch
from wengert.notes.elaboration.values import Val
from wengert.notes.notation.expr import BigOp, Expr, Index, Line, Neg, Num, Product, Quotient, Ref, Sum, walk
from wengert.regex import regex

if TYPE_CHECKING:
    from wengert.notes.elaboration.meaning import LineMeaning

ARITHMETIC = Sum | Product | Neg


@dataclass(frozen=True)
class AffineIndex:
    """Σ_q c_q q + offset over index letters q."""

    coefficients: tuple[tuple[str, int], ...]
    offset: int = 0

    @property
    def can_be_negative(self) -> bool:
        """Whether it is negative for some letters that are not."""
        return self.offset < 0 or any(c < 0 for _, c in self.coefficients)


@dataclass(frozen=True)
class Window:
    """One shifted index: the axis that it reads, the size of each letter, and where it stands; `left` are the letters of the line's left side."""

    axis: int
    index: AffineIndex
    sizes: Mapping[str, int]
    left: tuple[str, ...]
    may_leave: bool
    """Whether a term is dropped where an index of the line leaves its axis."""
    tree: Expr


@dataclass(frozen=True, eq=False)
class Loose:
    """An index that may leave its axis: its letters, the reference, and whether it lies inside, as a value."""

    letters: frozenset[str]
    tree: Ref
    inside: Val


# ---------------------------------------------------------------- reading


def affine(tree: Expr) -> AffineIndex:
    """The index as a sum of whole multiples of letters.

    Raises Mismatch where it is none.
    """
    found: dict[str, int] = {}
    offset = 0
    for factor, part in _terms(tree):
        if isinstance(part, Index):
            found[part.letter] = found.get(part.letter, 0) + factor
        elif isinstance(part, Num) and part.value.denominator == 1:
            offset += factor * int(part.value)
        else:
            multiplied = isinstance(part, Product) and any(isinstance(factor, Index) for factor in part.factors)
            raise Mismatch(
                part if part.span.start >= 0 else tree,
                "This index is no sum of letters, each with a whole number in front.",
                "Write, for example:  x_{i+k}, x_{2i+k} or x_{i+1}"
                + (", or give the factor a line of its own:  s = 2" if multiplied else ""),
            )
    return AffineIndex(tuple((q, c) for q, c in found.items() if c), offset)


def _terms(tree: Expr) -> list[tuple[int, Expr]]:
    """(c, part) for every term c · part of an index."""
    match tree:
        case Neg(operand=inner):
            return [(-c, part) for c, part in _terms(inner)]
        case Sum(terms=terms):
            return [(sign * c, part) for sign, term in terms for c, part in _terms(term)]
        case Product(factors=(Num(value=value), *rest), sign="" | "·" | "*") if value.denominator == 1 and rest:
            inner = rest[0] if len(rest) == 1 else Product(tuple(rest), "", span=tree.span)
            return [(int(value) * c, part) for c, part in _terms(inner)]
        case _:
            return [(1, tree)]


def shifted_axes(trees: Sequence[Expr], resolve: Callable[[Ref], str]) -> frozenset[tuple[str, int]]:
    """(quantity, axis) wherever an index is arithmetic: there a bare letter x_i is x_{i+0}, and need not reach the end."""
    return frozenset(
        (resolve(part), axis)
        for tree in trees
        for part in walk(tree)
        if isinstance(part, Ref)
        for axis, index in enumerate(part.indices or ())
        if isinstance(index, ARITHMETIC)
    )


def can_leave(trees: Sequence[Expr]) -> bool:
    """Whether a shifted index can be negative.

    Raises Mismatch for an index that is no arithmetic of letters.
    """
    refs = [part for tree in trees for part in walk(tree) if isinstance(part, Ref)]
    return any(
        affine(index).can_be_negative for ref in refs for index in ref.indices or () if isinstance(index, ARITHMETIC)
    )


def place(meaning: LineMeaning, index: AffineIndex, tree: Expr) -> Val:
    """The index as an integer for every value of its letters."""
    vals = [meaning.index(Index(letter)) for letter, _ in index.coefficients]

    def combined(*nodes: Node) -> Node:
        total: Node | None = None
        for node, (_, coefficient) in zip(nodes, index.coefficients, strict=True):
            term = node if coefficient == 1 else node * constant(coefficient, node.type)
            total = term if total is None else total + term
        assert total is not None
        return total + constant(index.offset, total.type) if index.offset else total

    if not vals:
        return Val((), "s", (), lambda: constant(index.offset, ArrayType((), "int64")), tree)
    return meaning.combine.entrywise(combined, vals, tree)


def inside(meaning: LineMeaning, at: Val, axis: int, tree: Expr) -> Val:
    """Whether a place lies on an axis: 0 ≤ place < size."""

    def condition(node: Node) -> Node:
        node = apply("cast", node, dtype="float64")
        length = apply("size_of", size=meaning.context.classes.size(axis), dtype="float64")
        filled = apply("broadcast", length, shape=node.shape, axes=()) if node.shape else length
        zero = constant(0, node.type)
        return apply("logical_and", apply("greater_equal", node, zero), apply("less", node, filled))

    return meaning.combine.map(condition, at, tree)


def is_factor(tree: Expr, ref: Ref) -> bool:
    """Whether a reference is a plain factor of a term, so that the term is 0 where the entry is."""
    match tree:
        case Product(factors=factors):
            return any(is_factor(factor, ref) for factor in factors)
        case Quotient(numerator=above):
            return is_factor(above, ref)
        case Neg(operand=inner):
            return is_factor(inner, ref)
        case BigOp(op="sum", body=body):
            return is_factor(body, ref)
        case _:
            return tree is ref


def kept_inside(meaning: LineMeaning, body: Val, found: Sequence[Loose], neutral: float, tree: Expr) -> Val:
    """The term where all its indices lie on their axes, and `neutral` elsewhere."""
    for loose in found:
        if neutral == 0 and is_factor(tree, loose.tree):
            continue
        body = meaning.combine.entrywise(
            lambda c, x: apply("where", c, x, constant(neutral, x.type)), [loose.inside, body], tree
        )
    return body


# ---------------------------------------------------------------- ranges

_RANGE = regex(r"(\w)\s*=\s*(-?\d+)\s*(?:,\s*)?(?:…|\.\.\.|⋯|\\l?c?dots[a-z]?|–)\s*(?:,\s*)?(-?\d+)")


def ranges(line: Line) -> dict[str, tuple[int, int]]:
    """The ranges of index letters that a line's remarks state: for i = 0…4, k = 0…2."""
    return {letter: (int(low), int(high)) for note in line.notes for letter, low, high in _RANGE.findall(_plain(note))}


def _plain(note: str) -> str:
    """A remark without the commands of LaTeX that only set it."""
    return re.sub(r"\\(?:text|mathrm|quad|qquad|[,;! ])|[{}$]", " ", note)


def apply_ranges(meaning: LineMeaning, line: Line) -> None:
    """Unite the sizes of index letters with the ranges that are stated, from 0 or from 1."""
    for letter, (low, high) in ranges(line).items():
        if low in (0, 1):
            classes = meaning.context.classes
            classes.unite(meaning.letter(letter, line.left), classes.fresh(high - low + 1), line.left)
