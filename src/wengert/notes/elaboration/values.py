"""Values while a line is elaborated: axes with letters, axes of whole arrays, sizes not yet known, and the node to be made of them.

A Val's axes are its letters' first, then those of its whole part (none for a scalar, one for a column or row, two for a matrix).
Sizes are united while lines are read; nodes are made afterwards, when every size class is known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from wengert.core.ir.graph import Node, apply
from wengert.core.ir.types import ArrayType, Size
from wengert.core.ops.build import spread
from wengert.notes.elaboration.kinds import Mismatch
from wengert.notes.notation.expr import Expr

WHOLE_RANK = {"s": 0, "c": 1, "r": 1, "m": 2}


class Val(NamedTuple):
    """A value: index letters, kind of the whole part (s, c, r, m), a size id for every axis, and how to make its node."""

    letters: tuple[str, ...]
    kind: str
    sizes: tuple[int, ...]
    make: Callable[[], Node]
    tree: Expr

    @property
    def labels(self) -> tuple[str, ...]:
        """A label for every axis: the letters, then w0, w1 for the whole part."""
        return self.letters + tuple(f"w{k}" for k in range(WHOLE_RANK[self.kind]))


@dataclass
class SizeClasses:
    """Union-find over sizes: which axes must be equally long."""

    parent: list[int] = field(default_factory=list[int])
    known: dict[int, Size] = field(default_factory=dict[int, Size])
    letters: dict[int, list[str]] = field(default_factory=dict[int, list[str]])
    final: dict[int, Size] = field(default_factory=dict[int, Size])

    def fresh(self, size: Size | None = None) -> int:
        """A new size, known or not."""
        self.parent.append(len(self.parent))
        if size is not None:
            self.known[len(self.parent) - 1] = size
        return len(self.parent) - 1

    def find(self, item: int) -> int:
        """The representative of a size's class."""
        while self.parent[item] != item:
            self.parent[item] = self.parent[self.parent[item]]
            item = self.parent[item]
        return item

    def unite(self, a: int, b: int, tree: Expr) -> None:
        """Two axes are equally long.

        Raises Mismatch where both have known sizes that differ.
        """
        a, b = self.find(a), self.find(b)
        if a == b:
            return
        one, other = self.known.get(a), self.known.get(b)
        if one is not None and other is not None and one != other:
            letter, second = (str(size).rstrip("0123456789") for size in (one, other))
            met = f"An axis of {one} entries meets an axis of {other} entries."
            alike = f"Two axes with the index '{letter}' meet that have different sizes."
            raise Mismatch(
                tree, alike if letter and letter == second else met, "Make the sizes agree, or correct the indices."
            )
        keep, gone = (a, b) if a < b else (b, a)
        self.parent[gone] = keep
        if other is not None or one is not None:
            self.known[keep] = one if one is not None else other  # type: ignore[assignment]
        for letter in self.letters.pop(gone, []):
            self.add_letter(keep, letter)

    def add_letter(self, item: int, letter: str) -> None:
        """Remember a letter that was used for this size."""
        letters = self.letters.setdefault(self.find(item), [])
        if letter not in letters:
            letters.append(letter)

    def size(self, item: int) -> Size:
        """The size of a class after `final` was filled."""
        return self.final[self.find(item)]


@dataclass
class Combiner:
    """Makes Vals from Vals; what they do to sizes and nodes, one method an arrangement."""

    classes: SizeClasses

    def shape(self, sizes: Sequence[int]) -> tuple[Size, ...]:
        """The final sizes."""
        return tuple(self.classes.size(s) for s in sizes)

    def entrywise(self, op: Callable[..., Node], parts: Sequence[Val], tree: Expr) -> Val:
        """Parts aligned by letter and by whole axes, then op entry by entry; what is missing is broadcast."""
        letters: dict[str, int] = {}
        for part in parts:
            for letter, size in zip(part.letters, part.sizes, strict=False):
                self.classes.unite(letters.setdefault(letter, size), size, tree)
        kind = next((part.kind for part in parts if part.kind != "s"), "s")
        whole: list[int] = []
        for part in parts:
            if part.kind == "s":
                continue
            if part.kind != kind:
                raise Mismatch(tree, "A row and a column do not fit entry by entry.", "Transpose one of them.")
            axes = part.sizes[len(part.letters) :]
            for mine, theirs in zip(whole or axes, axes, strict=True):
                self.classes.unite(mine, theirs, tree)
            whole = whole or list(axes)
        names = tuple(letters) + tuple(f"w{k}" for k in range(len(whole)))
        sizes = tuple(letters.values()) + tuple(whole)

        def make() -> Node:
            return op(*(self.spread(part, names, sizes) for part in parts))

        return Val(tuple(letters), kind, sizes, make, tree)

    def spread(self, part: Val, names: tuple[str, ...], sizes: Sequence[int]) -> Node:
        """The part's node with axes `names`."""
        number = {name: k for k, name in enumerate(names)}
        return spread(part.make(), tuple(number[q] for q in part.labels), tuple(range(len(names))), self.shape(sizes))

    def contract(self, a: Val, b: Val, a_whole: str, b_whole: str, kind: str, out: str, tree: Expr) -> Val:
        """A product whose whole axes carry the letters `a_whole` and `b_whole` (shared ones are summed), the result's are `out`."""
        labels: dict[str, int] = {}
        for val, whole in ((a, a_whole), (b, b_whole)):
            names = val.letters + tuple(f"whole {q}" for q in whole)
            for name, size in zip(names, val.sizes, strict=True):
                self.classes.unite(labels.setdefault(name, size), size, tree)
        letters = tuple(dict.fromkeys(a.letters + b.letters))
        result = letters + tuple(f"whole {q}" for q in out)
        order = {name: k for k, name in enumerate(labels)}

        def make() -> Node:
            inputs = tuple(
                tuple(order[q] for q in val.letters + tuple(f"whole {w}" for w in whole))
                for val, whole in ((a, a_whole), (b, b_whole))
            )
            return apply("einsum", a.make(), b.make(), inputs=inputs, output=tuple(order[q] for q in result))

        return Val(letters, kind, tuple(labels[q] for q in result), make, tree)

    def reduce(self, op: str, val: Val, letters: Sequence[str], tree: Expr) -> Val:
        """Σ, max, … over index letters."""
        axes = tuple(val.letters.index(letter) for letter in letters)
        kept = [k for k in range(len(val.sizes)) if k not in axes]

        def make() -> Node:
            return apply(op, val.make(), axes=axes)

        return Val(
            tuple(q for q in val.letters if q not in letters), val.kind, tuple(val.sizes[k] for k in kept), make, tree
        )

    def reduce_whole(self, op: str, val: Val, axes: Sequence[int], kind: str, tree: Expr) -> Val:
        """A reduction over whole axes, counted among the whole ones."""
        positions = tuple(len(val.letters) + k for k in axes)
        kept = [k for k in range(len(val.sizes)) if k not in positions]

        def make() -> Node:
            return apply(op, val.make(), axes=positions)

        return Val(val.letters, kind, tuple(val.sizes[k] for k in kept), make, tree)

    def transpose(self, val: Val, tree: Expr) -> Val:
        """A row from a column and back; a matrix with its axes exchanged."""
        if val.kind in "cr":
            return val._replace(kind="r" if val.kind == "c" else "c", tree=tree)
        n = len(val.letters)
        order = (*range(n), n + 1, n)

        def make() -> Node:
            return apply("transpose", val.make(), axes=order)

        return Val(val.letters, val.kind, tuple(val.sizes[k] for k in order), make, tree)

    def map(self, function: Callable[[Node], Node], val: Val, tree: Expr) -> Val:
        """A function of the node that keeps its axes."""
        return val._replace(make=lambda: function(val.make()), tree=tree)

    def cast(self, val: Val, dtype: str) -> Val:
        """The value in another dtype."""
        return self.map(
            lambda node: apply("cast", node, dtype=dtype) if node.type.dtype != dtype else node, val, val.tree
        )


def filled(value: object, dtype: str = "float64") -> Callable[[], Node]:
    """A maker of a scalar constant."""
    return lambda: apply("constant", value=value, type=ArrayType((), dtype))
