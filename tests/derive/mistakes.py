"""Mistakes that people make in a backward line, planted: each kind at every place of an expression that admits it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from fractions import Fraction
from typing import Any

from wengert.notation.expr import BigOp, Call, Expr, Index, Neg, Num, Product, Ref, Sum, Transpose, walk

Mistake = tuple[str, Expr]


def mistakes(tree: Expr) -> Iterator[Mistake]:
    """(kind, the expression with that mistake), for every kind and place."""
    yield "sign", Neg(tree) if not isinstance(tree, Sum | Neg) else negated(tree)
    yield "factor", Product((Num(Fraction(2), "2"), bracketed(tree)))
    yield from dropped_term(tree)
    letters = tuple(dict.fromkeys(t.letter for t in walk(tree) if isinstance(t, Index)))
    for here in (
        flipped_term,
        lost_sum,
        lost_activation,
        lost_signal,
        transposed,
        lambda part: wrong_index(part, letters),
    ):
        yield from everywhere(tree, here)


def everywhere(tree: Expr, here: Callable[[Expr], Iterator[Mistake]]) -> Iterator[Mistake]:
    """A mistake at each part of a tree, as mistakes of the whole."""
    yield from here(tree)
    for spot in fields(tree):
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


def bracketed(tree: Expr) -> Expr:
    return tree


def negated(tree: Expr) -> Expr:
    if isinstance(tree, Neg):
        return tree.operand
    assert isinstance(tree, Sum)
    return Sum(tuple((-sign, term) for sign, term in tree.terms))


def dropped_term(tree: Expr) -> Iterator[Mistake]:
    if isinstance(tree, Sum) and len(tree.terms) > 1:
        for k in range(len(tree.terms)):
            rest = (*tree.terms[:k], *tree.terms[k + 1 :])
            yield "missing path", rest[0][1] if len(rest) == 1 and rest[0][0] > 0 else Sum(rest)


def flipped_term(tree: Expr) -> Iterator[Mistake]:
    if isinstance(tree, Sum) and len(tree.terms) > 1:
        for k, (sign, term) in enumerate(tree.terms):
            yield "sign", Sum((*tree.terms[:k], (-sign, term), *tree.terms[k + 1 :]))


def lost_sum(tree: Expr) -> Iterator[Mistake]:
    if isinstance(tree, BigOp) and tree.op == "sum" and tree.condition is None:
        yield "missing sum", tree.body


def lost_activation(tree: Expr) -> Iterator[Mistake]:
    if isinstance(tree, Call) and tree.primes:
        yield "activation derivative", replace(tree, primes=tree.primes - 1)
    if isinstance(tree, Product) and len(tree.factors) > 1:
        for k, factor in enumerate(tree.factors):
            if isinstance(factor, Call) and factor.primes:
                yield "activation derivative", without(tree, k)


def lost_signal(tree: Expr) -> Iterator[Mistake]:
    if isinstance(tree, Product) and len(tree.factors) > 1:
        for k, factor in enumerate(tree.factors):
            if isinstance(factor, Ref) and factor.barred:
                yield "no incoming signal", without(tree, k)


def without(tree: Product, k: int) -> Expr:
    rest = (*tree.factors[:k], *tree.factors[k + 1 :])
    return rest[0] if len(rest) == 1 else replace(tree, factors=rest)


def transposed(tree: Expr) -> Iterator[Mistake]:
    match tree:
        case Transpose(operand=inner):
            yield "transpose", inner
        case Product(factors=(a, Transpose(operand=b))):
            yield "transpose", Product((b, Transpose(a)))
        case _:
            return


def wrong_index(tree: Expr, letters: tuple[str, ...]) -> Iterator[Mistake]:
    if isinstance(tree, Ref) and tree.indices:
        for k, index in enumerate(tree.indices):
            for letter in letters:
                if isinstance(index, Index) and letter != index.letter:
                    yield "index", replace(tree, indices=(*tree.indices[:k], Index(letter), *tree.indices[k + 1 :]))
