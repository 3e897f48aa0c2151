"""The surface tree: mathematics as it stands on the page, what the parser yields and the printers take.

It knows signs and their arrangement. It must not know shapes, graphs or derivatives. Trees compare equal when they say the
same thing: source spans, spelling and the form of a bar take no part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from fractions import Fraction
from functools import cache, cached_property
from operator import is_
from typing import Any, NamedTuple


class Span(NamedTuple):
    """Characters start … end − 1 of the original text."""

    start: int
    end: int


NOWHERE = Span(-1, -1)


@dataclass(frozen=True)
class Expr:
    """A node of the surface tree; `span` is where it stands in the source."""

    span: Span = field(default=NOWHERE, compare=False, repr=False, kw_only=True)

    @cached_property
    def inner(self) -> tuple[Expr, ...]:
        """The direct sub-expressions, from left to right."""
        return tuple(children(self))


@dataclass(frozen=True)
class Num(Expr):
    """A number; `text` keeps how it was written (½, 0.30, 1e-5)."""

    value: Fraction
    text: str = field(default="", compare=False)


@dataclass(frozen=True)
class Spelling:
    """How an error signal is written that has no bar: ∂L/∂w, dL/dw and ∇_w L have a `sign` and the `name` of the loss; dW has the
    sign d and no name; δ⁽²⁾, defined to be a signal, has the sign δ and its own name."""

    sign: str
    name: str = ""


@dataclass(frozen=True)
class Ref(Expr):
    """A quantity or one entry of it: `w⁽¹⁾_ij` is Ref("w⁽¹⁾", (i, j)); a bare name is the whole array (`indices` is None).

    `name` is canonical: the base letter, then the label in ⁽ ⁾, then a name subscript after `_` (`L_reg`), then primes.
    `barred` makes it the error signal of that quantity.
    """

    name: str
    indices: tuple[Expr, ...] | None = None
    barred: bool = False
    bold: bool = field(default=False, compare=False)
    spelling: Spelling | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Index(Expr):
    """An index letter used inside a subscript, a Σ or an indicator: i, or the letter ℓ."""

    letter: str


@dataclass(frozen=True)
class Ones(Expr):
    """The ones vector 𝟏."""


@dataclass(frozen=True)
class Sum(Expr):
    """Terms added from left to right, each with a sign +1 or −1."""

    terms: tuple[tuple[int, Expr], ...]


@dataclass(frozen=True)
class Product(Expr):
    """Factors set side by side; `sign` is "" (juxtaposition), "·" (dot), "∘" (elementwise) or "*" (plain text times)."""

    factors: tuple[Expr, ...]
    sign: str = ""


@dataclass(frozen=True)
class Quotient(Expr):
    """numerator / denominator; `stacked` for a fraction written as one (\\frac)."""

    numerator: Expr
    denominator: Expr
    stacked: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class Neg(Expr):
    """−x where it is not the first term of a sum."""

    operand: Expr


@dataclass(frozen=True)
class Power(Expr):
    """base ^ exponent."""

    base: Expr
    exponent: Expr


@dataclass(frozen=True)
class Transpose(Expr):
    """xᵀ."""

    operand: Expr


@dataclass(frozen=True)
class Inverse(Expr):
    """A⁻¹ of a matrix."""

    operand: Expr


@dataclass(frozen=True)
class Call(Expr):
    """f(x, …); `primes` counts derivatives (σ'), `power` is the exponent written on the name (tanh²(c))."""

    function: str
    args: tuple[Expr, ...]
    primes: int = 0
    power: Expr | None = None


@dataclass(frozen=True)
class BigOp(Expr):
    """Σ, ∏, max, min, argmax or argmin over index letters: Σ_{jk} body. `condition` restricts the letters (j ≠ i), `lower` and `upper` are their range."""

    op: str
    letters: tuple[str, ...]
    body: Expr
    condition: Expr | None = None
    lower: Expr | None = None
    upper: Expr | None = None


@dataclass(frozen=True)
class Norm(Expr):
    """‖x‖ with `order` 1, 2 or "F"."""

    operand: Expr
    order: str = field(default="2", compare=False)


@dataclass(frozen=True)
class Bars(Expr):
    """|x|: absolute value of a scalar or entries, determinant of a matrix."""

    operand: Expr


@dataclass(frozen=True)
class Compare(Expr):
    """left op right, op one of < ≤ > ≥ = ≠; chains are nested by And."""

    op: str
    left: Expr
    right: Expr


@dataclass(frozen=True)
class And(Expr):
    """Both conditions."""

    parts: tuple[Expr, ...]


@dataclass(frozen=True)
class Cases(Expr):
    """{ value if condition; …; value otherwise }; a branch without a condition comes last."""

    branches: tuple[tuple[Expr, Expr | None], ...]


@dataclass(frozen=True)
class Indicator(Expr):
    """⟦condition⟧: 1 where it holds, else 0."""

    condition: Expr


@dataclass(frozen=True)
class MatrixEntries(Expr):
    """A matrix or column vector written out: rows of entries."""

    rows: tuple[tuple[Expr, ...], ...]


@dataclass(frozen=True)
class Partial(Expr):
    """∂u/∂v (du/dv, ∇_v u or u'(v), by `symbol`): a local derivative, of `numerator` with respect to `denominator`."""

    numerator: Expr
    denominator: Expr
    symbol: str = field(default="∂", compare=False)


@dataclass(frozen=True)
class Derive(Expr):
    """∂/∂v applied to an expression that follows it."""

    denominator: Expr
    body: Expr


@dataclass(frozen=True)
class Line:
    """One equation: left side, then one or more right sides (a = b = c), a remark, and where it stands.

    `left` is a Ref in a forward line. `notes` keeps remarks that were read (`for i = 0…4`).
    """

    left: Expr
    rights: tuple[Expr, ...]
    span: Span = field(default=NOWHERE, compare=False)
    notes: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class Declaration:
    """A line that is not an equation. `kind` is params, data, shape, size, function, assume or dialect.

    params, data, function: `names`. shape (`w ∈ ℝ^(m×n)`): `names` and `sizes` (one entry an axis: a number or a name; () is a scalar).
    size (`N = size of n`): `names` = (N,), `letter` = n. assume: `condition`, an equation (Compare).
    """

    kind: str
    names: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()
    letter: str = ""
    condition: Expr | None = None
    span: Span = field(default=NOWHERE, compare=False)


def children(tree: Expr) -> Iterator[Expr]:
    """The direct sub-expressions of a tree, from left to right."""
    match tree:
        case Num() | Index() | Ones():
            return
        case Ref(indices=indices):
            yield from indices or ()
        case Sum(terms=terms):
            yield from (term for _, term in terms)
        case Product(factors=factors):
            yield from factors
        case Quotient(numerator=a, denominator=b) | Partial(numerator=a, denominator=b):
            yield a
            yield b
        case Neg(operand=a) | Transpose(operand=a) | Inverse(operand=a) | Norm(operand=a) | Bars(operand=a):
            yield a
        case Power(base=a, exponent=b):
            yield a
            yield b
        case Call(args=args, power=power):
            yield from args
            if power is not None:
                yield power
        case BigOp(body=body, condition=condition, lower=lower, upper=upper):
            yield from (part for part in (lower, upper, condition) if part is not None)
            yield body
        case Compare(left=a, right=b):
            yield a
            yield b
        case And(parts=parts):
            yield from parts
        case Cases(branches=branches):
            for value, condition in branches:
                yield value
                if condition is not None:
                    yield condition
        case Indicator(condition=a):
            yield a
        case MatrixEntries(rows=rows):
            for row in rows:
                yield from row
        case Derive(denominator=a, body=b):
            yield a
            yield b
        case _:
            return


def walk(tree: Expr) -> Iterator[Expr]:
    """Every sub-expression, the tree itself first, without recursion."""
    stack = [tree]
    while stack:
        node = stack.pop()
        yield node
        stack += node.inner[::-1]


def trees_of(lines: Iterable[Line]) -> list[Expr]:
    """Every sub-expression of lines, the left side of each first."""
    return [tree for line in lines for side in (line.left, *line.rights) for tree in walk(side)]


def refs_of(lines: Iterable[Line]) -> list[Ref]:
    """Every quantity and error signal in lines, the left side of each first."""
    return [tree for tree in trees_of(lines) if isinstance(tree, Ref)]


def mapped(tree: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """The tree with a change at every part, the innermost first; the tree itself where nothing changes."""
    return change(with_parts(tree, lambda part: mapped(part, change)))


def mapped_line(line: Line, change: Callable[[Expr], Expr]) -> Line:
    """The line with `change` applied to each of its trees, the innermost first."""
    return replace(line, left=mapped(line.left, change), rights=tuple(mapped(right, change) for right in line.rights))


def with_parts(tree: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """The tree with a change at its direct sub-expressions; the tree itself where none of them changes."""
    parts = tree.inner
    new = [change(part) for part in parts]
    if all(map(is_, new, parts)):
        return tree
    by_identity = dict(zip(map(id, parts), new, strict=True))
    return replace(tree, **{name: _put(getattr(tree, name), by_identity) for name in _tree_fields(type(tree))})


def _put(value: Any, new: Mapping[int, Expr]) -> Any:
    if isinstance(value, Expr):
        return new[id(value)]
    return tuple([_put(item, new) for item in value]) if type(value) is tuple else value


@cache
def _tree_fields(kind: type[Expr]) -> tuple[str, ...]:
    """The fields of a kind of node that hold sub-expressions."""
    return tuple(spot.name for spot in fields(kind) if "Expr" in str(spot.type))
