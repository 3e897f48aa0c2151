"""Terms, a product or sum read as monomials: what printers, algebra and derivations share. `normal_form` builds them.

A Term is a structural view of a node: equal mathematics compares equal up to the order of factors and terms, which is kept as written.
Inside a Product axes carry labels (local integers): a label that is not in `out` is summed, a label of `out` in no factor is a
broadcast. Terms are for equation systems; code with rounding of its own is never put through them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, NamedTuple

from wengert.core.ir.types import Shape, Size
from wengert.core.ops.canonical import canonical_order
from wengert.core.ops.interning import Interned

ONE = Fraction(1)


@dataclass(frozen=True, eq=False)
class Term(metaclass=Interned):
    """A piece of mathematics with a shape; two terms are equal when their keys are. What is written alike is one object, as a rule."""

    shape: Shape

    @property
    def rank(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @cached_property
    def key(self) -> str:
        """A text that is the same for terms equal up to the order of factors and terms; long ones are digested."""
        text = self._text()
        return text if len(text) < 160 else "#" + hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()

    @cached_property
    def scaled(self) -> dict[Fraction, Term]:
        """Multiples of the term that were made already."""
        return {}

    @cached_property
    def kept(self) -> dict[str, Any]:
        """What was found of the term as it is written, by what it is."""
        return {}

    def written(self) -> tuple[Any, ...]:
        """What the term is made of, as it is written: parts by identity."""
        raise NotImplementedError

    def _text(self) -> str:
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Term) and self.key == other.key)

    def __hash__(self) -> int:
        return hash(self.key)


@dataclass(frozen=True, eq=False)
class NamedLeaf(Term):
    """A named quantity, whole."""

    name: str
    dtype: str = "float64"

    def written(self) -> tuple[Any, ...]:
        """Its name and type."""
        return NamedLeaf, self.name, self.shape, self.dtype

    def _text(self) -> str:
        return f"{self.name!r}"


class Factor(NamedTuple):
    """term ^ exponent inside a product, its axes at `labels`."""

    term: Term
    labels: tuple[int, ...]
    exponent: Fraction = ONE


@dataclass(frozen=True, eq=False)
class ProductTerm(Term):
    """coef · Π factor, summed over the labels that are not in `out`; label k has size sizes[k]."""

    coef: Fraction
    factors: tuple[Factor, ...]
    out: tuple[int, ...]
    sizes: tuple[Size, ...]

    @property
    def summed(self) -> tuple[int, ...]:
        """The labels that are summed over, in order of appearance."""
        seen = dict.fromkeys(label for factor in self.factors for label in factor.labels)
        return tuple(label for label in seen if label not in self.out)

    def written(self) -> tuple[Any, ...]:
        """The coefficient, and the factors in their order at their labels."""
        return ProductTerm, self.shape, plain(self.coef), self.out, self.sizes, *written_factors(self.factors)

    def _text(self) -> str:
        order, number = canonical_order(self)
        inner = " ".join(f"{f.term.key}@{','.join(str(number[q]) for q in f.labels)}^{f.exponent}" for f in order)
        return f"P({self.coef};{inner};{','.join(str(number[q]) for q in self.out)};{self.shape})"


@dataclass(frozen=True, eq=False)
class Add(Term):
    """The sum of terms of one shape."""

    terms: tuple[Term, ...]

    def written(self) -> tuple[Any, ...]:
        """The terms in their order."""
        return Add, self.shape, tuple(map(id, self.terms))

    def _text(self) -> str:
        return f"A({' '.join(sorted(term.key for term in self.terms))};{self.shape})"


@dataclass(frozen=True, eq=False)
class Apply(Term):
    """Any other op on terms; `params` as sorted pairs."""

    op: str
    args: tuple[Term, ...]
    params: tuple[tuple[str, object], ...] = ()
    dtype: str = "float64"

    def param(self, name: str) -> Any:
        """The value of a parameter."""
        return dict(self.params)[name]

    def written(self) -> tuple[Any, ...]:
        """The op with its parameters, where 1 is not 1.0, and the arguments in their order."""
        return Apply, self.op, self.shape, tuple(map(id, self.args)), self.params, str(self.params), self.dtype

    def _text(self) -> str:
        return f"F({self.op};{' '.join(arg.key for arg in self.args)};{self.params};{self.shape})"


def plain(number: Fraction) -> Fraction | int:
    """A number with the same hash; 1, which is most frequent, as one that is hashed at once."""
    return 1 if number is ONE else number


def written_factors(factors: Iterable[Factor]) -> tuple[Any, ...]:
    """Factors by the identity of their terms, at their labels."""
    return tuple([each for term, labels, exponent in factors for each in (id(term), labels, plain(exponent))])


def whole(term: Term) -> Factor:
    """The term as a factor with labels 0, 1, …."""
    return Factor(term, tuple(range(term.rank)))


def number(value: Fraction | int, shape: Shape = ()) -> Term:
    """A number that fills a shape."""
    return ProductTerm(tuple(shape), Fraction(value), (), tuple(range(len(shape))), tuple(shape))


def size_term(size: Size) -> Term:
    """The number of entries of an axis: a number where it is known, else a quantity of its own."""
    return number(size) if isinstance(size, int) else Apply((), "size_of", (), (("dtype", "float64"), ("size", size)))


def is_number(term: Term) -> bool:
    """Whether a term is a number, filled over its shape."""
    return isinstance(term, ProductTerm) and not term.factors


def is_zero(term: Term) -> bool:
    """Whether a term is the number 0."""
    return isinstance(term, ProductTerm) and term.coef == 0


def delta_labels(factor: Factor) -> tuple[int, int] | None:
    """The two labels that a factor ⟦i = j⟧ identifies, where it is one."""
    term = factor.term
    if not (isinstance(term, Apply) and term.op == "cast" and factor.exponent >= 1):
        return None
    (inner,) = term.args
    if not (isinstance(inner, Apply) and inner.op == "equal"):
        return None
    sides = [position_axis(arg) for arg in inner.args]
    if sides[0] is None or sides[1] is None or sides[0] == sides[1]:
        return None
    return factor.labels[sides[0]], factor.labels[sides[1]]


def position_axis(term: Term) -> int | None:
    """The axis whose position a term is: k where term[i…] = i_k."""
    if isinstance(term, Apply) and term.op == "position":
        return 0
    if isinstance(term, ProductTerm) and term.coef == 1 and len(term.factors) == 1:
        (inner,) = term.factors
        if (
            isinstance(inner.term, Apply)
            and inner.term.op == "position"
            and inner.exponent == 1
            and inner.labels[0] in term.out
        ):
            return term.out.index(inner.labels[0])
    return None


def components(factors: Sequence[Factor], cut: Sequence[int]) -> list[list[Factor]]:
    """Factors in groups that share labels other than those in `cut`."""
    left, groups = list(factors), list[list[Factor]]()
    while left:
        group, grew = [left.pop(0)], True
        while grew:
            held = {q for f in group for q in f.labels} - set(cut)
            more = [f for f in left if held & set(f.labels)]
            grew = bool(more)
            group += more
            left = [f for f in left if f not in more]
        order = {id(f): k for k, f in enumerate(factors)}
        groups.append(sorted(group, key=lambda f: order[id(f)]))
    return groups


def is_indicator(term: Term) -> bool:
    """Whether a term is ⟦condition⟧, so that its powers are itself."""
    return isinstance(term, Apply) and term.op == "cast" and getattr(term.args[0], "dtype", "") == "bool"


def monomial(term: Term) -> ProductTerm:
    """The term as a Product: itself, or one factor."""
    if isinstance(term, ProductTerm):
        return term
    labels = tuple(range(term.rank))
    return ProductTerm(term.shape, ONE, (Factor(term, labels),), labels, term.shape)


def addends(term: Term) -> tuple[Term, ...]:
    """The terms of a sum; the term itself where it is none."""
    return term.terms if isinstance(term, Add) else () if is_zero(term) else (term,)


def subterms(term: Term) -> Iterable[Term]:
    """Every term inside a term, itself first."""
    stack = [term]
    while stack:
        item = stack.pop()
        yield item
        if isinstance(item, Add):
            stack.extend(reversed(item.terms))
        elif isinstance(item, ProductTerm):
            stack.extend(f.term for f in reversed(item.factors))
        elif isinstance(item, Apply):
            stack.extend(reversed(item.args))
