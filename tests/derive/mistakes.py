"""Mistakes that people make in a backward line, planted: each kind at every place of an expression that admits it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from typing import Any

from wengert.notes.notation.expr import (
    BigOp,
    Call,
    Cases,
    Compare,
    Expr,
    Index,
    Indicator,
    Neg,
    Num,
    Ones,
    Power,
    Product,
    Quotient,
    Ref,
    Sum,
    Transpose,
    walk,
)

Mistake = tuple[str, Expr]
ONE, TWO = Num(Fraction(1), "1"), Num(Fraction(2), "2")

KINDS = (
    "sign",
    "factor",
    "transpose",
    "missing sum",
    "missing path",
    "activation derivative",
    "mean for sum",
    "sum for mean",
    "no incoming signal",
    "index",
)
"""What is planted: the kinds of a mistake that have an inverse in the reports."""


@dataclass(frozen=True)
class Planter:
    """Plants mistakes in the right sides of one system; `axis_size` is a name for the size of an axis, "" for none, `rank` that of
    a whole name."""

    axis_size: str
    rank: Callable[[Ref], int]

    def mistakes(self, tree: Expr) -> Iterator[Mistake]:
        """(kind, the expression with that mistake), for every kind and place."""
        yield "sign", negated(tree)
        yield "factor", Product((TWO, tree))
        yield from dropped_term(tree)
        letters = tuple(dict.fromkeys(t.letter for t in walk(tree) if isinstance(t, Index)))
        places: Sequence[Callable[[Expr], Iterator[Mistake]]] = (
            flipped_term,
            lost_number,
            lost_sum,
            lost_activation,
            lost_signal,
            self.transposed,
            self.averaged,
            self.added_up,
            lambda part: wrong_index(part, letters),
        )
        for here in places:
            yield from everywhere(tree, here)

    def averaged(self, tree: Expr) -> Iterator[Mistake]:
        """1/N Σ for Σ, where N is the name of a size."""
        if self.axis_size and isinstance(tree, BigOp) and tree.op == "sum":
            yield "mean for sum", Product((Quotient(ONE, Ref(self.axis_size)), tree))

    def added_up(self, tree: Expr) -> Iterator[Mistake]:
        """A mean without its 1/N."""
        if isinstance(tree, Quotient) and tree.denominator == Ref(self.axis_size):
            yield "sum for mean", tree.numerator

    def transposed(self, tree: Expr) -> Iterator[Mistake]:
        """A transpose left out or put in, two factors exchanged, an outer product the other way round, two indices exchanged."""
        match tree:
            case Transpose(operand=inner):
                yield "transpose", inner
            case Ref(indices=(a, b)) if a != b:
                yield "transpose", replace(tree, indices=(b, a))
            case Product(factors=factors, sign=""):
                for k in range(len(factors) - 1):
                    yield from self.exchanged(factors, k)
                for k, factor in enumerate(factors):
                    if isinstance(factor, Ref) and factor.indices is None and self.rank(factor) == 2:
                        yield "transpose", Product((*factors[:k], Transpose(factor), *factors[k + 1 :]))
            case _:
                return

    def exchanged(self, factors: tuple[Expr, ...], k: int) -> Iterator[Mistake]:
        a, b = factors[k], factors[k + 1]
        if self.is_matrix(a) and self.is_matrix(b):
            yield "transpose", Product((*factors[:k], b, a, *factors[k + 2 :]))
            yield "transpose", Product((*factors[:k], flipped(b), flipped(a), *factors[k + 2 :]))

    def is_matrix(self, tree: Expr) -> bool:
        inner = tree.operand if isinstance(tree, Transpose) else tree
        return isinstance(inner, Ref) and inner.indices is None and self.rank(inner) > 0


def everywhere(tree: Expr, here: Callable[[Expr], Iterator[Mistake]]) -> Iterator[Mistake]:
    """A mistake at each part of a tree, as mistakes of the whole."""
    yield from here(tree)
    for spot in fields(tree):
        if isinstance(tree, Indicator) or spot.name in ("condition", "indices"):
            continue  # neither where something holds nor which entry it is are parts of the value
        value: Any = getattr(tree, spot.name)
        if isinstance(value, Expr):
            for kind, part in everywhere(value, here):
                yield kind, replace(tree, **{spot.name: part})
        elif isinstance(value, tuple):
            for kind, parts in in_tuple(value, here):
                yield kind, replace(tree, **{spot.name: parts})


def in_tuple(values: tuple[Any, ...], here: Callable[[Expr], Iterator[Mistake]]) -> Iterator[tuple[str, Any]]:
    for k, value in enumerate(values):
        found: Iterator[tuple[str, Any]] = iter(())
        if isinstance(value, Expr):
            found = everywhere(value, here)
        elif type(value) is tuple:
            found = in_tuple(value, here)
        for kind, part in found:
            yield kind, (*values[:k], part, *values[k + 1 :])


def negated(tree: Expr) -> Expr:
    match tree:
        case Neg(operand=inner):
            return inner
        case Sum(terms=terms):
            return Sum(tuple((-sign, term) for sign, term in terms))
        case _:
            return Neg(tree)


def flipped(tree: Expr) -> Expr:
    return tree.operand if isinstance(tree, Transpose) else Transpose(tree)


def without(tree: Product, k: int) -> Expr:
    rest = (*tree.factors[:k], *tree.factors[k + 1 :])
    return rest[0] if len(rest) == 1 else replace(tree, factors=rest)


def dropped_term(tree: Expr) -> Iterator[Mistake]:
    if isinstance(tree, Sum) and len(tree.terms) > 1:
        for k in range(len(tree.terms)):
            rest = (*tree.terms[:k], *tree.terms[k + 1 :])
            yield "missing path", rest[0][1] if len(rest) == 1 and rest[0][0] > 0 else Sum(rest)


def flipped_term(tree: Expr) -> Iterator[Mistake]:
    if isinstance(tree, Sum) and len(tree.terms) > 1:
        for k, (sign, term) in enumerate(tree.terms):
            yield "sign", Sum((*tree.terms[:k], (-sign, term), *tree.terms[k + 1 :]))


def lost_number(tree: Expr) -> Iterator[Mistake]:
    """A number that stands as a factor, left out."""
    if isinstance(tree, Product) and len(tree.factors) > 1:
        for k, factor in enumerate(tree.factors):
            if isinstance(factor, Num):
                yield "factor", without(tree, k)


def lost_sum(tree: Expr) -> Iterator[Mistake]:
    """A Σ left out, or the product with 𝟏 that sums the rows or columns of a matrix."""
    if isinstance(tree, BigOp) and tree.op == "sum" and tree.condition is None:
        yield "missing sum", tree.body
    if isinstance(tree, Product):
        for k, factor in enumerate(tree.factors):
            if isinstance(factor, Ones) and len(tree.factors) > 1:
                rest = without(tree, k)
                yield "missing sum", rest
                if isinstance(rest, Transpose):
                    yield "missing sum", rest.operand


def lost_activation(tree: Expr) -> Iterator[Mistake]:
    """σ for σ'; and the slope of an activation left out: σ'(z), 1 − h², 1 − tanh²(c), y (1 − y), ⟦z > 0⟧."""
    if isinstance(tree, Call) and tree.primes:
        yield "activation derivative", replace(tree, primes=tree.primes - 1)
    if isinstance(tree, Cases) and any(isinstance(t, Ref) and t.barred for t in walk(tree)):
        yield "activation derivative", tree.branches[0][0]
    if not isinstance(tree, Product):
        return
    for k, factor in enumerate(tree.factors):
        if is_slope(factor) and len(tree.factors) > 1:
            yield "activation derivative", without(tree, k)
        following = tree.factors[k + 1 : k + 2]
        if following == (complement(factor),) and len(tree.factors) > 2:
            rest = without(tree, k + 1)
            assert isinstance(rest, Product)
            yield "activation derivative", without(rest, k)


def complement(tree: Expr) -> Expr:
    return Sum(((1, Num(Fraction(1))), (-1, tree)))


def is_slope(tree: Expr) -> bool:
    match tree:
        case Call(primes=primes) if primes:
            return True
        case Sum(terms=((1, Num(value=Fraction(numerator=1, denominator=1))), (-1, squared))):
            return isinstance(squared, Power) or (isinstance(squared, Call) and squared.power is not None)
        case Indicator(condition=Compare(right=Num())):
            return True
        case _:
            return False


def lost_signal(tree: Expr) -> Iterator[Mistake]:
    """An error signal left out of a product."""
    if isinstance(tree, Product) and len(tree.factors) > 1:
        for k, factor in enumerate(tree.factors):
            inner = factor.operand if isinstance(factor, Transpose) else factor
            if isinstance(inner, Ref) and inner.barred:
                yield "no incoming signal", without(tree, k)
    if isinstance(tree, Quotient) and isinstance(tree.numerator, Ref) and tree.numerator.barred:
        yield "no incoming signal", replace(tree, numerator=ONE)


def wrong_index(tree: Expr, letters: tuple[str, ...]) -> Iterator[Mistake]:
    if isinstance(tree, Ref) and tree.indices:
        for k, index in enumerate(tree.indices):
            for letter in letters:
                if isinstance(index, Index) and letter != index.letter:
                    yield "index", replace(tree, indices=(*tree.indices[:k], Index(letter), *tree.indices[k + 1 :]))


def slightly_wrong(tree: Expr, size: float) -> Iterator[Expr]:
    """The expression, or one term of it, times 1 + size."""
    factor = Num(1 + Fraction(str(size)))
    yield Product((factor, tree))
    if isinstance(tree, Sum):
        for k, (sign, term) in enumerate(tree.terms):
            yield Sum((*tree.terms[:k], (sign, Product((factor, term))), *tree.terms[k + 1 :]))
