"""Neutral trees: what a formula says by its arrangement alone.

Scripts stay scripts, things side by side stay a row, brackets stay brackets: nothing here depends on what a name means.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

BAR, HAT, TILDE, DOT = "\u0304", "\u0302", "\u0303", "\u0307"
DOTS = "…"
TRANSPOSE = "⊤"


@dataclass(frozen=True)
class Tree:
    """A node; `parts` are its subtrees from left to right."""

    @property
    def parts(self) -> tuple[Tree, ...]:
        return ()

    @cached_property
    def nodes(self) -> tuple[Tree, ...]:
        """The node and all that is in it, from left to right."""
        return (self, *(node for part in self.parts for node in part.nodes))

    def with_parts(self, parts: tuple[Tree, ...]) -> Tree:
        """The same node over other subtrees."""
        return self

    @cached_property
    def is_named(self) -> bool:
        """Whether a name is in it; else it is numbers alone."""
        return any(isinstance(node, Name | Word) for node in self.nodes)

    @cached_property
    def has_decimals(self) -> bool:
        return any(isinstance(node, Num) and node.digits is not None for node in self.nodes)

    @cached_property
    def has_arrays(self) -> bool:
        """Whether an array is written out in it."""
        return any(isinstance(node, Matrix) for node in self.nodes)

    @cached_property
    def has_derivative(self) -> bool:
        """Whether ∂u/∂v, ∇ or an error signal δ is in it."""
        return any(
            is_fraction_of(node, "∂", "d") or (isinstance(node, Name) and node.text in ("∇", "δ"))
            for node in self.nodes
        )

    @cached_property
    def differentials(self) -> frozenset[str]:
        """The names before which a d stands."""
        found: set[str] = set()
        for node in (node for node in self.nodes if isinstance(node, Row)):
            for (_, one), (sign, two) in zip(node.items, node.items[1:], strict=False):
                if one == Name("d") and sign == "":
                    found |= {base_of(two)} if base_of(two) else {base_of(n) for n in two.nodes}
        return frozenset(found)


@dataclass(frozen=True)
class Num(Tree):
    value: Fraction
    digits: int | None = None
    """How many digits stand behind the point; None where there is no point."""


@dataclass(frozen=True)
class Name(Tree):
    """One letter, with its accent behind it."""

    text: str
    bold: bool = False


@dataclass(frozen=True)
class Word(Tree):
    """Several letters that are set as one name."""

    text: str
    bold: bool = False


@dataclass(frozen=True)
class Func(Tree):
    """The name of a known function."""

    text: str


@dataclass(frozen=True)
class Sign(Tree):
    """A sign in a script: a star, ⊤, plus."""

    text: str


@dataclass(frozen=True)
class Script(Tree):
    """A base with what stands below and above it, and primes."""

    base: Tree
    sub: Tree | None = None
    sup: Tree | None = None
    primes: int = 0

    @property
    def parts(self) -> tuple[Tree, ...]:
        return tuple(part for part in (self.base, self.sub, self.sup) if part is not None)

    def with_parts(self, parts: tuple[Tree, ...]) -> Tree:
        rest = list(parts[1:])
        sub = rest.pop(0) if self.sub is not None else None
        sup = rest.pop(0) if self.sup is not None else None
        return Script(parts[0], sub, sup, self.primes)


@dataclass(frozen=True)
class Both(Tree):
    """Two things above a base, as in (x^l)^T written x^{l T}."""

    items: tuple[Tree, ...]

    @property
    def parts(self) -> tuple[Tree, ...]:
        return self.items

    def with_parts(self, parts: tuple[Tree, ...]) -> Tree:
        return Both(parts)


@dataclass(frozen=True)
class Row(Tree):
    """Things side by side, each with the sign before it: "" where there is none, else · ∘ ⊗ * /."""

    items: tuple[tuple[str, Tree], ...]

    @property
    def parts(self) -> tuple[Tree, ...]:
        return tuple(item for _, item in self.items)

    def with_parts(self, parts: tuple[Tree, ...]) -> Tree:
        return Row(tuple((sign, part) for (sign, _), part in zip(self.items, parts, strict=True)))


@dataclass(frozen=True)
class Sum(Tree):
    """Terms with their signs +1 and -1."""

    terms: tuple[tuple[int, Tree], ...]

    @property
    def parts(self) -> tuple[Tree, ...]:
        return tuple(term for _, term in self.terms)

    def with_parts(self, parts: tuple[Tree, ...]) -> Tree:
        return Sum(tuple((sign, part) for (sign, _), part in zip(self.terms, parts, strict=True)))


@dataclass(frozen=True)
class Group(Tree):
    """What stands in brackets: ( [ or an invisible {."""

    bracket: str
    inner: Tree

    @property
    def parts(self) -> tuple[Tree, ...]:
        return (self.inner,)

    def with_parts(self, parts: tuple[Tree, ...]) -> Tree:
        return Group(self.bracket, parts[0])


@dataclass(frozen=True)
class Listing(Tree):
    """Things with commas between them."""

    items: tuple[Tree, ...]

    @property
    def parts(self) -> tuple[Tree, ...]:
        return self.items

    def with_parts(self, parts: tuple[Tree, ...]) -> Tree:
        return Listing(parts)


@dataclass(frozen=True)
class Relation(Tree):
    """A relation within an expression: i ≠ j below a sum, y = k in an indicator."""

    sign: str
    left: Tree
    right: Tree

    @property
    def parts(self) -> tuple[Tree, ...]:
        return (self.left, self.right)

    def with_parts(self, parts: tuple[Tree, ...]) -> Tree:
        return Relation(self.sign, parts[0], parts[1])


@dataclass(frozen=True)
class Frac(Tree):
    top: Tree
    low: Tree

    @property
    def parts(self) -> tuple[Tree, ...]:
        return (self.top, self.low)

    def with_parts(self, parts: tuple[Tree, ...]) -> Tree:
        return Frac(parts[0], parts[1])


@dataclass(frozen=True)
class Call(Tree):
    """A function that is written with its argument: √x, |x|, ‖x‖, and the sum of all entries."""

    function: str
    inner: Tree

    @property
    def parts(self) -> tuple[Tree, ...]:
        return (self.inner,)

    def with_parts(self, parts: tuple[Tree, ...]) -> Tree:
        return Call(self.function, parts[0])


@dataclass(frozen=True)
class Big(Tree):
    """Σ or ∏ with what stands below and above it, and the term it reaches over."""

    sign: str
    under: Tree | None
    over: Tree | None
    term: Tree

    @property
    def parts(self) -> tuple[Tree, ...]:
        return tuple(part for part in (self.under, self.over, self.term) if part is not None)

    def with_parts(self, parts: tuple[Tree, ...]) -> Tree:
        rest = list(parts)
        under = rest.pop(0) if self.under is not None else None
        over = rest.pop(0) if self.over is not None else None
        return Big(self.sign, under, over, rest[0])


@dataclass(frozen=True)
class Cases(Tree):
    """Values with their conditions; None is "otherwise"."""

    branches: tuple[tuple[Tree, Tree | None], ...]

    @property
    def parts(self) -> tuple[Tree, ...]:
        return tuple(part for branch in self.branches for part in branch if part is not None)

    def with_parts(self, parts: tuple[Tree, ...]) -> Tree:
        rest = list(parts)
        return Cases(tuple((rest.pop(0), None if c is None else rest.pop(0)) for _, c in self.branches))


@dataclass(frozen=True)
class Matrix(Tree):
    """A matrix written out, row by row."""

    rows: tuple[tuple[Tree, ...], ...]

    @property
    def parts(self) -> tuple[Tree, ...]:
        return tuple(entry for row in self.rows for entry in row)

    def with_parts(self, parts: tuple[Tree, ...]) -> Tree:
        rest = list(parts)
        return Matrix(tuple(tuple(rest.pop(0) for _ in row) for row in self.rows))


@dataclass(frozen=True)
class Entries(Tree):
    """An array whose entries are written with dots: its entry at the letters is `body`."""

    body: Tree
    letters: tuple[str, ...]
    row: bool = False

    @property
    def parts(self) -> tuple[Tree, ...]:
        return (self.body,)

    def with_parts(self, parts: tuple[Tree, ...]) -> Tree:
        return Entries(parts[0], self.letters, self.row)


def names(tree: Tree) -> Iterator[Name]:
    """Every one-letter name of a tree."""
    return (node for node in tree.nodes if isinstance(node, Name))


def base_of(tree: Tree) -> str:
    """The base name of a name with or without scripts; "" for anything else."""
    inner = tree.base if isinstance(tree, Script) else tree
    return inner.text if isinstance(inner, Name | Word | Func) else ""


def flat(tree: Tree) -> list[Tree]:
    """The parts of a script: `ij`, `i, j` and `(i, j)` are i and j."""
    if isinstance(tree, Row | Listing):
        return [leaf for part in tree.parts for leaf in flat(part)]
    if isinstance(tree, Group):
        return flat(tree.inner)
    return [tree]


def first_sign(tree: Tree) -> str:
    """The name that a product begins with: ∂ or d for what may be a differential."""
    if isinstance(tree, Name):
        return tree.text
    if isinstance(tree, Row):
        return first_sign(tree.items[0][1])
    if isinstance(tree, Script):
        return first_sign(tree.base) if isinstance(tree.base, Name) else ""
    if isinstance(tree, Group) and tree.bracket == "{":
        return first_sign(tree.inner)
    return ""


def without_first(tree: Tree) -> Tree | None:
    """A product without its first factor; None where nothing is left."""
    if isinstance(tree, Group):
        return without_first(tree.inner)
    if not isinstance(tree, Row):
        return None
    return product([item for _, item in tree.items[1:]], [sign for sign, _ in tree.items[1:]])


def product(factors: list[Tree], signs: list[str] | None = None) -> Tree:
    """Factors side by side; one factor is itself."""
    if len(factors) == 1:
        return factors[0]
    between = signs or [""] * len(factors)
    return Row(
        tuple(("" if k == 0 else sign, factor) for k, (sign, factor) in enumerate(zip(between, factors, strict=True)))
    )


def is_fraction_of(tree: Tree, *signs: str) -> bool:
    """Whether a tree is written as a derivative ∂u/∂v, or d with `signs` "d"."""
    return isinstance(tree, Frac) and first_sign(tree.top) in signs and first_sign(tree.top) == first_sign(tree.low)


def has_derivative(tree: Tree) -> bool:
    """Whether ∂u/∂v, ∇ or an error signal δ occurs in a tree."""
    return tree.has_derivative


def rewritten(tree: Tree, change: Callable[[Tree], Tree | None]) -> Tree:
    """A tree in which `change` replaced what it has an answer for, from the top down."""
    new = change(tree)
    if new is not None:
        return new
    parts = tree.parts
    fresh = tuple(rewritten(part, change) for part in parts)
    return tree if all(a is b for a, b in zip(parts, fresh, strict=True)) else tree.with_parts(fresh)


def plain(tree: Name | Word, text: str) -> Tree:
    """The same name in other letters."""
    return replace(tree, text=text)
