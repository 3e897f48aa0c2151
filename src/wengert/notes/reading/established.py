"""Whether it is the author who is mistaken: the one small change of a side under which a link holds.

The other side is worked out once, and each changed side is compared with it at one point; what agrees there must hold at three more.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from wengert.notes.reading.answers import Circle, Environment
from wengert.notes.reading.arrays import BatchedArray, Clash
from wengert.notes.reading.derivatives import World
from wengert.notes.reading.edits import Edit, Nearby, edits
from wengert.notes.reading.lexicon import Question
from wengert.notes.reading.limits import EDITS, NEARBY, SLOTS
from wengert.notes.reading.scope import OPAQUE
from wengert.notes.reading.scope_line import ScopeLine
from wengert.notes.reading.search import NUMERIC_FAULTS, Search, numeric, previous
from wengert.notes.reading.terms import is_operator
from wengert.notes.reading.trees import (
    TRANSPOSE,
    Big,
    Both,
    Frac,
    Func,
    Group,
    Listing,
    Name,
    Num,
    Relation,
    Row,
    Script,
    Sign,
    Sum,
    Tree,
    Word,
    base_of,
    is_fraction_of,
    names,
)

FAULTS = (*NUMERIC_FAULTS, Circle, Clash)
Given = Mapping[Question, Any]


class Bench(World):
    """The point at which changed sides are compared with the other side of their link."""

    def __init__(self, search: Search, line: ScopeLine, link: int, given: Given) -> None:
        place = search.square()
        search.evaluate(line, link, given, place)  # joins the sizes of axes that the sides need to be one
        super().__init__(search.scope, search.lexicon(line, link, given), line.position, place)
        self.search, self.line, self.link = search, line, link
        self.known: dict[int, tuple[Tree, BatchedArray]] = {}
        self.root = self.environment()
        left, right = line.sides[previous(line, link)], line.sides[link]
        assert left is not None
        assert right is not None
        self.moving = search.moving((left, right))
        self.other = self.value(left, self.root)

    def fraction(self, tree: Frac, env: Environment) -> BatchedArray:
        """∂u/∂v, which most changes leave as it is, once only."""
        if env is not self.root:
            return super().fraction(tree, env)
        found = self.known.get(id(tree))
        if found is None:
            found = self.known[id(tree)] = (tree, super().fraction(tree, env))
        return found[1]

    def rank(self, tree: Tree) -> int:
        """How many axes a formula has where the link is judged; -1 where it has no value."""
        try:
            return self.value(tree, self.root).rank
        except FAULTS:
            return -1

    def agrees(self, tree: Tree) -> bool:
        """Whether a changed side has the value of the other side."""
        try:
            value = self.value(tree, self.root)
            return self.search.agreement(self.line, self.link, self, None, self.other, value).equal
        except FAULTS:
            return False


def established(search: Search, line: ScopeLine, link: int, given: Given, steps: float) -> Edit | None:
    """The first small change of side `link` under which it equals the side before, as names are read; None where none is found within so many steps."""
    end = search.scope.work.done + steps
    before = previous(line, link)
    left, right = line.sides[before], line.sides[link]
    if left is None or right is None or numeric(line, link):
        return None
    if line.defines():
        search.scope.forget()
    try:
        bench = Bench(search, line, link, given)
    except FAULTS:
        return None
    nearby = around(bench, line, link)
    if given and _repeats(bench.other):
        return None
    for edit in itertools.islice(edits(right, left, search.scope.facts, nearby), EDITS):
        if search.scope.work.done > end:
            return None
        moves = bench.moving <= search.moving((left, edit.tree))  # nothing is held still by what is taken away
        if moves and bench.agrees(edit.tree) and _holds(search, line, link, given, edit.tree):
            return edit
    return None


def _repeats(value: BatchedArray) -> bool:
    """Whether an array only repeats itself along an axis: the reading that gives names that axis shows nothing."""
    axes = range(value.array.ndim - value.rank, value.array.ndim)
    return any(
        value.array.shape[axis] > 1 and np.allclose(value.array, np.take(value.array, [0], axis), rtol=1e-9)
        for axis in axes
    )


def _holds(search: Search, line: ScopeLine, link: int, given: Given, tree: Tree) -> bool:
    """Whether a link holds with another side: at two square points and at a ragged one."""
    kept = line.sides[link]
    line.sides[link] = tree
    try:
        equal = all(search.evaluate(line, link, given, None, seed).equal for seed in (0, 5))
        return equal and search.certified(line, link, given, None)
    finally:
        line.sides[link] = kept


def around(bench: Bench, line: ScopeLine, link: int) -> Nearby:
    """What stands near a link: formulas that may have been left out or mistaken, and sums that may have been lost."""
    before, side = line.sides[previous(line, link)], line.sides[link]
    beside = sorted((k for k in range(len(line.sides)) if k != link), key=lambda k: (abs(k - link), -k))
    others = [other for k in beside if (other := line.sides[k]) is not None]
    ordered = sorted(bench.scope.lines, key=lambda other: abs(other.position - line.position))
    trees = [
        *others,
        *(side for other in ordered if other is not line for side in other.sides if side is not None),
    ]
    found: dict[Tree, None] = {}
    sums: dict[Big, None] = {}
    own = side.nodes if side is not None else ()
    lows: dict[Tree, None] = {}
    close = 0
    for k, tree in enumerate(trees):
        for piece in pieces(tree, bench):
            if len(found) < NEARBY:
                found.setdefault(piece)
        if k < min(2, len(others)):
            close = len(found)
            lows.update(dict.fromkeys(node.low for node in tree.nodes if isinstance(node, Frac) and _divides(node)))
        sums.update(dict.fromkeys(node for node in tree.nodes if isinstance(node, Big) and node.sign == "Σ"))
    for node in own:
        if isinstance(node, Name | Script | Row) and len(found) < NEARBY + SLOTS:
            for piece in pieces(node, bench):
                found.setdefault(piece)
    for piece in list(found):
        found.update(dict.fromkeys(_other_forms(piece, bench)))
    near = list(found)[:close]
    ranks = {piece: bench.rank(piece) for piece in found if piece != before}
    usable = [piece for piece, rank in ranks.items() if rank >= 0]
    terms = [term for other in others for node in other.nodes if isinstance(node, Sum) for _, term in node.terms]
    heads = list(dict.fromkeys((big.under, big.over) for big in sums))
    sizes: list[Tree] = [Name(name) for name in sorted(bench.facts.sizes)]
    return Nearby(
        [piece for piece in usable if piece in near],
        [piece for piece in usable if piece not in near],
        list(dict.fromkeys(terms)),
        heads[:4],
        sizes,
        list(lows),
        frozenset(piece for piece in usable if not ranks[piece]),
    )


def _divides(node: Frac) -> bool:
    """Whether a quotient is one by more than a number."""
    return not is_fraction_of(node, "∂", "d") and not isinstance(node.low, Num)


def _other_forms(piece: Tree, bench: Bench) -> Iterator[Tree]:
    """A name with ᵀ or without, and as a whole where it is written with an index."""
    if not isinstance(piece, Name | Script) or bench.facts.indexed.get(base_of(piece)) == 0:
        return
    bare = piece
    if isinstance(piece, Script) and piece.sub is not None and piece.sup is None:
        if not {name.text for name in names(piece.sub)} <= bench.facts.letters:
            return
        bare = piece.base
        yield bare
    turned = Sign(TRANSPOSE)
    if isinstance(bare, Script) and bare.sup is None:
        yield Script(bare.base, bare.sub, turned, bare.primes)
    elif (
        isinstance(bare, Script)
        and bare.sup is not None
        and bare.sup not in (turned, Name("T"))
        and not isinstance(bare.sup, Both | Num)
    ):
        yield Script(bare.base, bare.sub, Both((bare.sup, turned)), bare.primes)
    elif isinstance(bare, Script) and bare.sup in (turned, Name("T")):
        yield bare.base if bare.sub is None else Script(bare.base, bare.sub)
    elif isinstance(bare, Name):
        yield Script(bare, None, turned)


def pieces(tree: Tree, bench: Bench) -> Iterator[Tree]:
    """The parts of a formula that people leave out as a whole: names, derivatives, calls, squares, brackets, quotients."""
    facts = bench.facts
    outside = facts.letters | facts.steps | {"∂", "d", "∇", "T", "…", facts.loss}
    for part in tree.parts if not isinstance(tree, Script) else ():
        if isinstance(tree, Frac) and is_fraction_of(tree, "∂", "d"):
            break
        if isinstance(tree, Big) and part is not tree.term:
            continue
        yield from pieces(part, bench)
    if isinstance(tree, Row):
        yield from calls(tree)
    if isinstance(tree, Frac) or (isinstance(tree, Group) and isinstance(tree.inner, Sum) and len(tree.nodes) < 16):
        yield tree
    elif isinstance(tree, Script) and not tree.primes and not isinstance(tree.base, Func):
        if base_of(tree) not in outside | {"e"} and not is_operator(tree) and not isinstance(tree.sub, Relation):
            yield tree
    elif isinstance(tree, Name | Word) and tree.text not in outside | {"e", "σ"} | OPAQUE:
        yield tree


def calls(row: Row) -> Iterator[Tree]:
    """f(u) within a product, and its slope f′(u)."""
    for (_, one), (sign, two) in zip(row.items, row.items[1:], strict=False):
        base = one.base if isinstance(one, Script) else one
        called = isinstance(base, Func) or (isinstance(base, Name | Word) and base.text in OPAQUE)
        if not called or sign or not isinstance(two, Group | Name | Script) or isinstance(two, Listing):
            continue
        yield Row((("", one), ("", two)))
        if not (isinstance(one, Script) and (one.primes or one.sup is not None)):
            slope = Script(base, one.sub if isinstance(one, Script) else None, None, 1)
            yield Row((("", slope), ("", two)))
