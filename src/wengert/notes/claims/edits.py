"""Small changes of a written expression, each the inverse of a mistake that people make: sign, transpose, index, prime, factor."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from fractions import Fraction
from typing import Any

from wengert.notes.elaboration.clock import numeral, offset_of, stepped, whole_number
from wengert.notes.notation.expr import (
    NOWHERE,
    BigOp,
    Call,
    Compare,
    Expr,
    Index,
    Neg,
    Num,
    Ones,
    Power,
    Product,
    Quotient,
    Ref,
    Sum,
    Transpose,
    mapped,
    walk,
)

Edit = tuple[str, Expr]
"""The kind of the mistake that an edit takes back, and the edited expression."""
ONE, TWO = Num(Fraction(1)), Num(Fraction(2))
FACTORS = tuple(Num(Fraction(*pair)) for pair in ((2, 1), (1, 2), (3, 1), (4, 1)))
"""Numbers that get lost."""
TURNED = {"<": ">", ">": "<", "≤": "≥", "≥": "≤"}
"""Comparisons the other way round."""


@dataclass(frozen=True)
class Surroundings:
    """What edits may put in.

    letters   index letters of the line
    kept      those of its left side, over which nothing is summed
    signals   the error signals that a line about this quantity may read
    incoming  those of them that come in, at the letters of the line
    parts     what the lines of its children read, as it stands there
    sizes     names for the number of entries of an axis
    times     the place of the index of time, by name
    rank      of a whole name
    """

    letters: tuple[str, ...]
    kept: tuple[str, ...]
    signals: tuple[Ref, ...]
    incoming: tuple[Ref, ...]
    parts: tuple[Ref, ...]
    sizes: tuple[str, ...]
    rank: Callable[[Ref], int]
    times: Mapping[str, int] = field(default_factory=dict[str, int])
    layers: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """By name, those of quantities of other layers: W⁽²⁾ for W⁽¹⁾."""
    slope: Callable[[Call], Expr | None] = lambda call: None
    """cos(x) for sin(x), the derivative of a function that has a name; None where it is written with a prime."""
    derived: Callable[[], Sequence[Ref]] = tuple
    """The signals that the derived line reads, which takes a while to find."""

    def axes(self, tree: Expr) -> int:
        """The number of axes that a name has left beside its indices, a guess for other expressions: 1 where some name has one."""
        if isinstance(tree, Transpose):
            return self.axes(tree.operand)
        if isinstance(tree, Ref):
            return self.rank(tree) - len(tree.indices or ())
        if isinstance(tree, BigOp | Num | Call):
            return 0
        return max((self.axes(part) for part in walk(tree) if isinstance(part, Ref)), default=0)

    def has_axes(self, tree: Expr) -> bool:
        """Whether some whole name in an expression has an axis."""
        return any(isinstance(part, Ref) and self.axes(part) > 0 for part in walk(tree))


def edits(tree: Expr, around: Surroundings) -> Iterator[Edit]:
    """Every edit of the tree at one place, the likelier kinds first."""
    yield "sign", negated(tree)
    for here in (
        _signs,
        _primes,
        _transposes,
        _products,
        _indices,
        _bound,
        _layers,
        _steps,
        _sums,
        _sizes,
        _factors,
        _terms,
        _signals,
        _incoming,
        _parts,
        _quantities,
        _parts_elsewhere,
    ):
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
                yield "index" if spot.name == "indices" else kind, replace(tree, **{spot.name: parts})


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


def negated(tree: Expr) -> Expr:
    """−tree; of a sum every sign, a positive term first; of a product with a difference the difference turned round."""
    match tree:
        case Neg(operand=inner):
            return inner
        case Sum(terms=terms):
            return Sum(tuple(sorted(((-sign, term) for sign, term in terms), key=lambda pair: -pair[0])))
        case Product(factors=factors):
            k = next((k for k, factor in enumerate(factors) if _is_difference(factor)), None)
            return (
                Neg(tree)
                if k is None
                else replace(tree, factors=(*factors[:k], negated(factors[k]), *factors[k + 1 :]))
            )
        case _:
            return Neg(tree)


def _is_difference(tree: Expr) -> bool:
    """Whether a sum has terms of both signs."""
    return isinstance(tree, Sum) and len({sign for sign, _ in tree.terms}) == 2


def _signs(tree: Expr, around: Surroundings) -> Iterator[Edit]:
    match tree:
        case Sum(terms=terms):
            yield "sign", negated(tree)
            for k, (sign, term) in enumerate(terms):
                yield "sign", Sum((*terms[:k], (-sign, term), *terms[k + 1 :]))
        case Neg(operand=inner):
            yield "sign", inner
        case Compare(op=op) if op in TURNED:
            yield "sign", replace(tree, op=TURNED[op])
        case _:
            return


def _primes(tree: Expr, around: Surroundings) -> Iterator[Edit]:
    if isinstance(tree, Call) and len(tree.args) == 1 and tree.power is None:
        opened = None if tree.primes else around.slope(tree)
        yield "activation derivative", replace(tree, primes=tree.primes + 1) if opened is None else opened
        if tree.primes:
            yield "activation derivative", replace(tree, primes=tree.primes - 1)


def _transposes(tree: Expr, around: Surroundings) -> Iterator[Edit]:
    match tree:
        case Transpose(operand=inner):
            yield "transpose", inner
        case Ref() if around.axes(tree) > 0:
            yield "transpose", Transpose(tree)
        case Product(factors=factors, sign="") if 1 < len(factors) < 6:
            for k in range(len(factors) - 1):
                a, b = factors[k], factors[k + 1]
                if around.axes(a) > 0 and around.axes(b) > 0:
                    yield "transpose", Product((*factors[:k], b, a, *factors[k + 2 :]))
                    yield "transpose", Product((*factors[:k], _flipped(b), _flipped(a), *factors[k + 2 :]))
            for k, factor in enumerate(factors):
                if isinstance(factor, Sum | Product) and around.axes(factor) > 0:
                    yield "transpose", Product((*factors[:k], _flipped(factor), *factors[k + 1 :]))
        case _:
            return


def _products(tree: Expr, around: Surroundings) -> Iterator[Edit]:
    """Entry by entry what stands as a matrix product, and the other way round."""
    if not isinstance(tree, Product) or sum(around.has_axes(factor) for factor in tree.factors) < 2:
        return
    if tree.sign == "∘":
        yield "product", replace(tree, sign="")
    elif not tree.sign:
        yield "product", replace(tree, sign="∘")
        for k in range(1, len(tree.factors)):
            if len(tree.factors) > 2:
                yield "product", Product((_together(tree.factors[:k]), _together(tree.factors[k:])), "∘")


def _together(factors: Sequence[Expr]) -> Expr:
    """The product of one factor or more."""
    return factors[0] if len(factors) == 1 else Product(tuple(factors))


def _layers(tree: Expr, around: Surroundings) -> Iterator[Edit]:
    """The same letter with the number of another layer."""
    if isinstance(tree, Ref):
        for name in around.layers.get(tree.name, ()):
            yield "layer", replace(tree, name=name, spelling=None)


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


def _bound(tree: Expr, around: Surroundings) -> Iterator[Edit]:
    """Another letter under a Σ."""
    if isinstance(tree, BigOp) and len(tree.letters) == 1 and tree.condition is None and tree.lower is None:
        yield from (("index", replace(tree, letters=(q,))) for q in around.letters if q != tree.letters[0])


def _steps(tree: Expr, around: Surroundings) -> Iterator[Edit]:
    """A sequence at the step before or after."""
    axis = around.times.get(tree.name) if isinstance(tree, Ref) else None
    if axis is None or not isinstance(tree, Ref) or not tree.indices:
        return
    axis = min(axis, len(tree.indices) - 1)
    index = tree.indices[axis]
    offset, number = offset_of(index), whole_number(index)
    for by in (1, -1):
        moved = numeral(number + by, index) if number is not None else None
        if offset is not None:
            moved = stepped(offset[0], offset[1] + by, index)
        if moved is not None:
            yield "step", replace(tree, indices=(*tree.indices[:axis], moved, *tree.indices[axis + 1 :]))


def _sums(tree: Expr, around: Surroundings) -> Iterator[Edit]:
    if isinstance(tree, BigOp) and tree.condition is None:
        if tree.op == "sum":
            yield "sum too much", tree.body
        else:
            yield "missing sum", replace(tree, op="sum")
    letters = {part.letter for part in walk(tree) if isinstance(part, Index)}
    bound = {q for part in walk(tree) if isinstance(part, BigOp) for q in part.letters}
    free = sorted(letters - bound - set(around.kept)) or sorted(letters - bound)
    if isinstance(tree, Product | Ref | Quotient | Call) and 0 < len(free) <= 3:
        for letter in free:
            yield "missing sum", BigOp("sum", (letter,), tree)
        if len(free) > 1:
            yield "missing sum", BigOp("sum", tuple(free), tree)
    if around.axes(tree) == 2 and isinstance(tree, Ref | Product | Transpose):
        yield "missing sum", Product((tree, Ones()))
        yield "missing sum", Product((_flipped(tree), Ones()))


def _sizes(tree: Expr, around: Surroundings) -> Iterator[Edit]:
    """1/N put in or left out, where N is the size of an axis."""
    for name in around.sizes:
        size = Ref(name)
        if isinstance(tree, Quotient) and tree.denominator == size:
            yield "mean for sum", tree.numerator
        if isinstance(tree, Product):
            for k, factor in enumerate(tree.factors):
                if factor in (size, Quotient(ONE, size)):
                    yield "sum for mean" if factor == size else "mean for sum", without(tree, k)
        if (isinstance(tree, BigOp) and tree.op == "sum") or isinstance(tree, Sum):
            yield "sum for mean", Product((Quotient(ONE, size), tree))
        if isinstance(tree, Sum):
            for k, (sign, term) in enumerate(tree.terms):
                for kind, factor in (("sum for mean", Quotient(ONE, size)), ("mean for sum", size)):
                    changed = (sign, Product((factor, *_factors_of(term))))
                    yield kind, Sum((*tree.terms[:k], changed, *tree.terms[k + 1 :]))


def without(tree: Product, k: int) -> Expr:
    """The product with one factor left out."""
    rest = (*tree.factors[:k], *tree.factors[k + 1 :])
    return rest[0] if len(rest) == 1 else replace(tree, factors=rest)


def _factors_of(tree: Expr) -> tuple[Expr, ...]:
    """The factors of a product of numbers or matrices, any other expression as the only one."""
    return tree.factors if isinstance(tree, Product) and tree.sign == "" else (tree,)


def _factors(tree: Expr, around: Surroundings) -> Iterator[Edit]:
    match tree:
        case Num(value=value) if value:
            for factor in (Fraction(2), Fraction(1, 2)):
                yield "factor", Num(value * factor)
        case Product():
            for k in range(len(tree.factors)):
                yield "factor", without(tree, k)
        case Quotient(numerator=above):
            yield "factor", above
        case Sum(terms=terms):
            for k, (sign, term) in enumerate(terms):
                for number in FACTORS:
                    changed = (sign, Product((number, *_factors_of(term))))
                    yield "factor", Sum((*terms[:k], changed, *terms[k + 1 :]))
        case Ref(barred=False):
            yield "power", Power(tree, Num(Fraction(2)))
        case Power(exponent=Num(value=value)):
            for new in (value + 1, value - 1):
                yield "power", tree.base if new == 1 else replace(tree, exponent=Num(new))
        case Power(exponent=Neg(operand=Num(value=value))):
            for new in (value - 1, value + 1):
                yield "power", replace(tree, exponent=Neg(Num(new)) if new > 0 else Num(-new))
        case Call(args=(Neg(operand=inner),)):
            yield "sign", replace(tree, args=(inner,))
        case _:
            return


def _terms(tree: Expr, around: Surroundings) -> Iterator[Edit]:
    """A term put in, of what the lines of the children read."""
    if isinstance(tree, Sum | Ref | Neg):
        terms = (
            tree.terms if isinstance(tree, Sum) else ((1, tree),) if isinstance(tree, Ref) else ((-1, tree.operand),)
        )
        for part in around.parts:
            if all(part != term for _, term in terms):
                yield "missing path", Sum((*terms, (-1, part)))
                yield "missing path", Sum(((1, part), *terms))


def _signals(tree: Expr, around: Surroundings) -> Iterator[Edit]:
    if not isinstance(tree, Ref):
        return
    names = {signal.name for signal in around.signals}
    if tree.barred or tree.name in names:
        yield "signal", replace(tree, barred=not tree.barred, spelling=None, span=NOWHERE)
    if tree.barred:
        for other in around.signals:
            if other.name != tree.name:
                yield "signal", replace(tree, name=other.name, spelling=None, span=other.span)


def _incoming(tree: Expr, around: Surroundings) -> Iterator[Edit]:
    if isinstance(tree, Num | Ones):
        yield from (("no incoming signal", signal) for signal in around.incoming)
    choices = tuple(dict.fromkeys((*around.incoming, *around.derived())))
    yield from (("no incoming signal", changed) for changed in _with_factor(tree, choices, around))


def _parts(tree: Expr, around: Surroundings) -> Iterator[Edit]:
    for part in around.parts:
        behind_first = reversed(list(_with_factor(tree, (part,), around)))
        yield from (("missing factor", changed) for changed in behind_first)
        if around.rank(part) == 0 and isinstance(tree, Product | Ref | Sum | BigOp | Call) and part not in walk(tree):
            yield "missing factor", Product((Quotient(ONE, part), *_factors_of(tree)))


def _parts_elsewhere(tree: Expr, around: Surroundings) -> Iterator[Edit]:
    """What the lines of the children read, at another letter of the line, as a factor in the body of a Σ."""
    if not isinstance(tree, BigOp) or len(tree.letters) != 1 or not isinstance(tree.body, Ref | Product):
        return
    for part in around.parts:
        for k, index in enumerate(part.indices or ()):
            moved = replace(part, indices=_with(part.indices or (), k, Index(tree.letters[0])), span=NOWHERE)
            if isinstance(index, Index) and moved not in around.parts:
                yield "missing factor", replace(tree, body=Product((*_factors_of(tree.body), moved)))


def _with(indices: tuple[Expr, ...], k: int, index: Expr) -> tuple[Expr, ...]:
    """The indices with another one at a place."""
    return (*indices[:k], index, *indices[k + 1 :])


def _quantities(tree: Expr, around: Surroundings) -> Iterator[Edit]:
    """Another quantity of as many axes, of those that the lines of the children read."""
    if isinstance(tree, Ref) and not tree.barred:
        for part in around.parts:
            if part.name != tree.name and around.axes(part) == around.axes(tree):
                yield "quantity", replace(part, span=NOWHERE)


def _with_factor(tree: Expr, choices: Sequence[Ref], around: Surroundings) -> Iterator[Expr]:
    """The tree times one of the choices, at every place among its factors."""
    if not isinstance(tree, Product | Ref | Quotient | Call | Transpose | Sum | BigOp | Num | Ones):
        return
    factors = tree.factors if isinstance(tree, Product) else (tree,)
    for choice in choices:
        turned = (choice, Transpose(choice)) if around.axes(choice) > 0 else (choice,)
        if around.axes(choice) == 1 and len(factors) == 1 and around.axes(tree) == 2:
            yield Product((_flipped(tree), choice))  # a column, not the row xᵀ W
        if not (isinstance(tree, Product) and tree.sign):
            for factor in turned:
                for k in range(len(factors) + 1):
                    yield Product((*factors[:k], factor, *factors[k:]))
        if around.axes(choice) > 0 or (isinstance(tree, Product) and tree.sign):
            sign = tree.sign if isinstance(tree, Product) and tree.sign else "∘"
            yield Product((choice, *(factors if isinstance(tree, Product) and tree.sign else (tree,))), sign)


def tidied(tree: Expr) -> Expr:
    """The tree with a b c for a (b c), and a / b for a (1/b), where all factors are numbers."""

    def change(part: Expr) -> Expr:
        if not isinstance(part, Product) or part.sign:
            return part
        plain = (Ref, Num, Call, Power, Quotient, Product, Sum)
        if not all(isinstance(factor, plain) for factor in part.factors):
            return part
        factors = tuple(inner for factor in part.factors for inner in _factors_of(factor))
        part = replace(part, factors=factors)
        k = next((k for k, factor in enumerate(factors) if k and _is_reciprocal(factor)), None)
        divisor = None if k is None else factors[k]
        return Quotient(without(part, k), divisor.denominator) if k and isinstance(divisor, Quotient) else part

    return mapped(tree, change)


def _is_reciprocal(tree: Expr) -> bool:
    """Whether an expression is 1 / b."""
    return isinstance(tree, Quotient) and tree.numerator == ONE


def letters_of(trees: Sequence[Expr]) -> tuple[str, ...]:
    """The index letters of expressions, in order."""
    found = (part for tree in trees for part in walk(tree))
    letters: list[str] = []
    for part in found:
        letters += [part.letter] if isinstance(part, Index) else part.letters if isinstance(part, BigOp) else []
    return tuple(dict.fromkeys(letters))
