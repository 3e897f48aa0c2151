"""Random rewrites of an expression that do not change its value: terms, factors, signs, sums, letters, transposes, definitions put in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from fractions import Fraction
from typing import Any

from wengert.notes.notation.expr import (
    BigOp,
    Call,
    Expr,
    Index,
    Line,
    Neg,
    Num,
    Power,
    Product,
    Quotient,
    Ref,
    Sum,
    Transpose,
    mapped,
    walk,
)

ONE = Num(Fraction(1))
LETTERS = "ijklmnpqrsuvabc"
ACTIVATIONS = {"σ"}


@dataclass(frozen=True)
class Rewriter:
    """Rewrites right sides of one system; `rank` of a whole name, `names` in use, `meanings` of names that have a line: its
    letters and its right side."""

    rank: Callable[[Ref], int]
    names: frozenset[str]
    meanings: Mapping[tuple[str, bool], tuple[tuple[str, ...], Expr]] = field(
        default_factory=dict[tuple[str, bool], tuple[tuple[str, ...], Expr]]
    )

    def rewritten(self, tree: Expr, rng: Any, most: int = 3) -> Expr:
        """The tree with one to `most` rewrites at random places; the same tree where none applies."""
        for _ in range(int(rng.integers(1, most + 1))):
            places = list(self.everywhere(tree))
            if not places:
                return tree
            tree = places[int(rng.integers(len(places)))]
        return tree

    def everywhere(self, tree: Expr) -> Iterator[Expr]:
        """Every rewrite of the tree or of a part of it."""
        yield from self.here(tree)
        for spot in fields(tree):
            value: Any = getattr(tree, spot.name)
            if spot.name in ("span", "indices", "condition", "lower", "upper"):
                continue
            if isinstance(value, Expr):
                yield from (replace(tree, **{spot.name: part}) for part in self.everywhere(value))
            elif type(value) is tuple:
                yield from (replace(tree, **{spot.name: parts}) for parts in self.in_tuple(value))

    def in_tuple(self, values: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
        for k, value in enumerate(values):
            found: Iterator[Any] = iter(())
            if isinstance(value, Expr):
                found = self.everywhere(value)
            elif type(value) is tuple:
                found = self.in_tuple(value)
            yield from ((*values[:k], part, *values[k + 1 :]) for part in found)

    def here(self, tree: Expr) -> Iterator[Expr]:
        """Rewrites of the tree as a whole."""
        for rule in (
            self.of_sum,
            self.commuted,
            self.distributed,
            self.common_factor,
            self.of_power,
            self.of_quotient,
            self.of_big_sum,
            self.into_big_sum,
            self.of_transpose,
            self.opened_slope,
            self.put_in,
        ):
            yield from rule(tree)

    # what is a number

    def is_number(self, tree: Expr) -> bool:
        """Whether an expression is surely one number."""
        match tree:
            case Num():
                return True
            case Ref(indices=indices):
                known = tree.name in self.names or indices is not None
                return known and self.rank(tree) == len(indices or ())
            case Product(factors=parts):
                return all(map(self.is_number, parts))
            case Quotient(numerator=a, denominator=b) | Power(base=a, exponent=b):
                return self.is_number(a) and self.is_number(b)
            case Sum(terms=terms):
                return all(self.is_number(term) for _, term in terms)
            case Neg(operand=a) | BigOp(op="sum", body=a):
                return self.is_number(a)
            case Call(args=args):
                return all(map(self.is_number, args)) and tree.function not in ("tr", "det")
            case _:
                return False

    def has_axes(self, tree: Expr) -> bool:
        inner = tree.operand if isinstance(tree, Transpose) else tree
        return isinstance(inner, Ref) and inner.indices is None and inner.name in self.names and self.rank(inner) > 0

    def is_vector(self, tree: Expr) -> bool:
        return isinstance(tree, Ref) and tree.indices is None and self.rank(tree) == 1

    # rules

    def of_sum(self, tree: Expr) -> Iterator[Expr]:
        if isinstance(tree, Sum) and len(tree.terms) > 1:
            yield Sum((*tree.terms[1:], tree.terms[0]))
            yield Neg(Sum(tuple((-sign, term) for sign, term in tree.terms)))

    def commuted(self, tree: Expr) -> Iterator[Expr]:
        if not isinstance(tree, Product) or any(isinstance(f, BigOp | Neg | Sum) for f in tree.factors[:-1]):
            return
        if tree.sign == "∘" or all(map(self.is_number, tree.factors)):
            yield replace(tree, factors=(tree.factors[-1], *tree.factors[:-1]))

    def distributed(self, tree: Expr) -> Iterator[Expr]:
        """a (b − c) as a b − a c."""
        if not isinstance(tree, Product):
            return
        for k, factor in enumerate(tree.factors):
            if isinstance(factor, Sum) and len(factor.terms) > 1 and self.same_kind(factor):
                yield Sum(
                    tuple(
                        (sign, replace(tree, factors=(*tree.factors[:k], term, *tree.factors[k + 1 :])))
                        for sign, term in factor.terms
                    )
                )

    def same_kind(self, tree: Sum) -> bool:
        """Whether the terms are all numbers, or none is: 1 − h² is no sum of two vectors."""
        return len({self.is_number(term) or isinstance(term, Num) for _, term in tree.terms}) == 1

    def common_factor(self, tree: Expr) -> Iterator[Expr]:
        """a b − a c as a (b − c), where all are numbers."""
        if not (isinstance(tree, Sum) and len(tree.terms) > 1 and self.is_number(tree)):
            return
        parts = [term.factors if isinstance(term, Product) else (term,) for _, term in tree.terms]
        common = next((f for f in parts[0] if not isinstance(f, BigOp) and all(f in p for p in parts)), None)
        if common is not None:
            rest = [without(p, common) for p in parts]
            yield Product((common, Sum(tuple((s, r) for (s, _), r in zip(tree.terms, rest, strict=True)))))

    def of_power(self, tree: Expr) -> Iterator[Expr]:
        match tree:
            case Power(base=base, exponent=Num(value=Fraction(numerator=2, denominator=1))) if self.is_number(base):
                yield Product((base, base))
            case _:
                return

    def of_quotient(self, tree: Expr) -> Iterator[Expr]:
        if isinstance(tree, Quotient):
            yield Neg(Quotient(Neg(tree.numerator), tree.denominator))
            if tree.numerator != ONE and self.is_number(tree.denominator):
                yield Product((Quotient(ONE, tree.denominator), tree.numerator))

    def of_big_sum(self, tree: Expr) -> Iterator[Expr]:
        """Another letter; a sum of sums."""
        if not (isinstance(tree, BigOp) and tree.op == "sum" and tree.condition is None and tree.lower is None):
            return
        used = letters_in(tree) | {q for t in walk(tree) if isinstance(t, BigOp) for q in t.letters}
        spare = [q for q in LETTERS if q not in used and q not in self.names]
        if spare:
            new = {tree.letters[0]: spare[0]}
            yield with_letters(tree, new)
        if isinstance(tree.body, Sum) and all(set(tree.letters) <= letters_in(term) for _, term in tree.body.terms):
            yield Sum(tuple((sign, replace(tree, body=term)) for sign, term in tree.body.terms))

    def into_big_sum(self, tree: Expr) -> Iterator[Expr]:
        """c Σ_j f as Σ_j c f, where c is a number without j."""
        if not (isinstance(tree, Product) and tree.sign == "" and isinstance(tree.factors[-1], BigOp)):
            return
        last, rest = tree.factors[-1], tree.factors[:-1]
        if last.op == "sum" and last.condition is None and all(map(self.is_number, rest)):
            letters = set[str]().union(*map(letters_in, rest))
            if not letters & set(last.letters) and not isinstance(last.body, Sum):
                yield replace(last, body=Product((*rest, last.body)))

    def of_transpose(self, tree: Expr) -> Iterator[Expr]:
        """A B as (Bᵀ Aᵀ)ᵀ, A as Aᵀᵀ."""
        if (
            isinstance(tree, Product)
            and tree.sign == ""
            and len(tree.factors) > 1
            and all(map(self.has_axes, tree.factors))
        ):
            yield Transpose(Product(tuple(flipped(f) for f in reversed(tree.factors))))
        if isinstance(tree, Transpose) and self.has_axes(tree):
            yield Transpose(Transpose(tree))

    def opened_slope(self, tree: Expr) -> Iterator[Expr]:
        """σ'(z) as σ(z) (1 − σ(z))."""
        if isinstance(tree, Call) and tree.primes == 1 and tree.function in ACTIVATIONS:
            value = replace(tree, primes=0)
            number = all(map(self.is_number, tree.args))
            yield Product((value, Sum(((1, ONE), (-1, value)))), "" if number else "∘")

    def put_in(self, tree: Expr) -> Iterator[Expr]:
        """What a name is, in place of the name."""
        if not isinstance(tree, Ref) or (tree.name, tree.barred) not in self.meanings:
            return
        letters, meaning = self.meanings[tree.name, tree.barred]
        given = tree.indices or ()
        if len(given) != len(letters) or not all(isinstance(index, Index) for index in given):
            return
        new = {old: index.letter for old, index in zip(letters, given, strict=True) if isinstance(index, Index)}
        bound = {q for t in walk(meaning) if isinstance(t, BigOp) for q in t.letters}
        if not bound & (set(new.values()) | set(new)):
            yield with_letters(meaning, new)


def rewriter(system: Any, claims: tuple[Line, ...] = ()) -> Rewriter:
    """The rewriter of a system; right sides of claims and of forward lines may be put in for their names."""
    ranks = {n: q.type.rank for q in system.quantities.values() for n in (q.name, q.whole, q.indexed) if n}
    meanings: dict[tuple[str, bool], tuple[tuple[str, ...], Expr]] = {}
    lines = [line.written for line in system.lines] if system.clock is None else []
    for line in (*lines, *(claims if system.clock is None else ())):
        left = line.left
        if isinstance(left, Ref) and all(isinstance(index, Index) for index in left.indices or ()):
            letters = tuple(index.letter for index in left.indices or () if isinstance(index, Index))
            meanings.setdefault((left.name, left.barred), (letters, line.rights[0]))
    names = frozenset({*ranks, *system.size_names})
    return Rewriter(lambda ref: ranks.get(ref.name, 0), names, meanings)


def letters_in(tree: Expr) -> set[str]:
    """The index letters of an expression."""
    return {t.letter for t in walk(tree) if isinstance(t, Index)}


def without(factors: tuple[Expr, ...], factor: Expr) -> Expr:
    """The product of all factors but one."""
    at = factors.index(factor)
    rest = (*factors[:at], *factors[at + 1 :])
    return ONE if not rest else rest[0] if len(rest) == 1 else Product(rest)


def flipped(tree: Expr) -> Expr:
    return tree.operand if isinstance(tree, Transpose) else Transpose(tree)


def with_letters(tree: Expr, new: Mapping[str, str]) -> Expr:
    """The tree with other index letters."""

    def change(part: Expr) -> Expr:
        if isinstance(part, Index):
            return replace(part, letter=new.get(part.letter, part.letter))
        if isinstance(part, BigOp):
            return replace(part, letters=tuple(new.get(q, q) for q in part.letters))
        return part

    return mapped(tree, change)
