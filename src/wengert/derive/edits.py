"""Small changes of a written expression, each the inverse of a mistake that people make: sign, transpose, index, prime, factor."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from typing import Any

from wengert.notation.expr import BigOp, Call, Expr, Index, Neg, Num, Product, Quotient, Ref, Sum, Transpose, walk

Edit = tuple[str, Expr]
"""The kind of the mistake that an edit takes back, and the edited expression."""


@dataclass(frozen=True)
class Surroundings:
    """What edits may put in: index letters of the line, all signals, those that come in, and the ranks of whole names."""

    letters: tuple[str, ...]
    signals: tuple[Ref, ...]
    incoming: tuple[Ref, ...]
    rank: Callable[[Ref], int]


def edits(tree: Expr, around: Surroundings) -> Iterator[Edit]:
    """Every edit of the tree at one place, the likelier kinds first."""
    yield "sign", _negated(tree)
    for here in (_signs, _primes, _transposes, _indices, _sums, _factors, _signals, _incoming):
        yield from _everywhere(tree, lambda part, here=here: here(part, around))


def _everywhere(tree: Expr, here: Callable[[Expr], Iterator[Edit]]) -> Iterator[Edit]:
    """The edits of every part of a tree, each as an edit of the whole."""
    yield from here(tree)
    for spot in fields(tree):
        value: Any = getattr(tree, spot.name)
        if isinstance(value, Expr):
            for kind, part in _everywhere(value, here):
                yield kind, replace(tree, **{spot.name: part})
        elif isinstance(value, tuple):
            for kind, parts in _in_tuple(value, here):
                yield kind, replace(tree, **{spot.name: parts})


def _in_tuple(values: tuple[Any, ...], here: Callable[[Expr], Iterator[Edit]]) -> Iterator[tuple[str, tuple[Any, ...]]]:
    for k, value in enumerate(values):
        if isinstance(value, Expr):
            found: Iterator[tuple[str, Any]] = _everywhere(value, here)
        elif type(value) is tuple:
            found = _in_tuple(value, here)
        else:
            continue
        for kind, part in found:
            yield kind, (*values[:k], part, *values[k + 1 :])


def _negated(tree: Expr) -> Expr:
    """−tree; of a sum every sign, a positive term first."""
    match tree:
        case Neg(operand=inner):
            return inner
        case Sum(terms=terms):
            return Sum(tuple(sorted(((-sign, term) for sign, term in terms), key=lambda pair: -pair[0])))
        case _:
            return Neg(tree)


def _signs(tree: Expr, around: Surroundings) -> Iterator[Edit]:
    match tree:
        case Sum(terms=terms):
            for k, (sign, term) in enumerate(terms):
                yield "sign", Sum((*terms[:k], (-sign, term), *terms[k + 1 :]))
        case Neg(operand=inner):
            yield "sign", inner


def _primes(tree: Expr, around: Surroundings) -> Iterator[Edit]:
    if isinstance(tree, Call) and len(tree.args) == 1 and tree.power is None:
        yield "activation derivative", replace(tree, primes=tree.primes + 1)
        if tree.primes:
            yield "activation derivative", replace(tree, primes=tree.primes - 1)


def _transposes(tree: Expr, around: Surroundings) -> Iterator[Edit]:
    match tree:
        case Transpose(operand=inner):
            yield "transpose", inner
        case Ref(indices=None) if around.rank(tree) > 0:
            yield "transpose", Transpose(tree)
        case Product(factors=factors, sign="") if 1 < len(factors) < 5:
            for k in range(len(factors) - 1):
                a, b = factors[k], factors[k + 1]
                yield "transpose", Product((*factors[:k], b, a, *factors[k + 2 :]))
                yield "transpose", Product((*factors[:k], _flipped(b), _flipped(a), *factors[k + 2 :]))
        case _:
            return


def _flipped(tree: Expr) -> Expr:
    return tree.operand if isinstance(tree, Transpose) else Transpose(tree)


def _indices(tree: Expr, around: Surroundings) -> Iterator[Edit]:
    if not isinstance(tree, Ref) or not tree.indices:
        return
    given = tree.indices
    if len(given) == 2:
        yield "transpose", replace(tree, indices=(given[1], given[0]))
    for k, index in enumerate(given):
        if isinstance(index, Index):
            for letter in around.letters:
                if letter != index.letter:
                    yield "index", replace(tree, indices=(*given[:k], Index(letter), *given[k + 1 :]))


def _sums(tree: Expr, around: Surroundings) -> Iterator[Edit]:
    if isinstance(tree, BigOp) and tree.op == "sum" and tree.condition is None:
        yield "sum too much", tree.body
    letters = {part.letter for part in walk(tree) if isinstance(part, Index)}
    bound = {q for part in walk(tree) if isinstance(part, BigOp) for q in part.letters}
    free = sorted(letters - bound)
    if isinstance(tree, Product | Ref | Quotient | Call) and 0 < len(free) <= 3:
        for letter in free:
            yield "missing sum", BigOp("sum", (letter,), tree)
        if len(free) > 1:
            yield "missing sum", BigOp("sum", tuple(free), tree)


def _factors(tree: Expr, around: Surroundings) -> Iterator[Edit]:
    match tree:
        case Num(value=value) if value:
            for factor in (Fraction(2), Fraction(1, 2)):
                yield "factor", Num(value * factor)
        case Product(factors=factors):
            for k in range(len(factors)):
                rest = (*factors[:k], *factors[k + 1 :])
                yield "factor", rest[0] if len(rest) == 1 else replace(tree, factors=rest)
        case Quotient(numerator=above):
            yield "factor", above
        case _:
            return


def _signals(tree: Expr, around: Surroundings) -> Iterator[Edit]:
    if not isinstance(tree, Ref):
        return
    yield "signal", replace(tree, barred=not tree.barred)
    if tree.barred:
        for other in around.signals:
            if other.name != tree.name:
                yield "signal", replace(tree, name=other.name, spelling=None, span=other.span)


def _incoming(tree: Expr, around: Surroundings) -> Iterator[Edit]:
    if not isinstance(tree, Product | Ref | Quotient | Call | Transpose | Sum | BigOp | Num):
        return
    factors = tree.factors if isinstance(tree, Product) and tree.sign == "" else (tree,)
    for signal in around.incoming:
        for k in range(len(factors) + 1):
            yield "no incoming signal", Product((*factors[:k], signal, *factors[k:]))


def letters_of(trees: Sequence[Expr]) -> tuple[str, ...]:
    """The index letters of expressions, in order."""
    found = (part for tree in trees for part in walk(tree))
    letters: list[str] = []
    for part in found:
        letters += [part.letter] if isinstance(part, Index) else part.letters if isinstance(part, BigOp) else []
    return tuple(dict.fromkeys(letters))
