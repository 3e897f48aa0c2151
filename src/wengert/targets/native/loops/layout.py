"""How the operands of a product lie in memory, and whether it is worth copying one into another order of axes first.

A product runs as matrix products over one axis of rows, one of columns and one that is summed, each made of labels that lie
side by side alike wherever they occur; labels that do not are loops around it. It knows no machine: costs are in cycles of
some processor with wide vectors, and only their ratios count.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product as choices
from math import prod

from wengert.core.ir.graph import Node
from wengert.targets.native.loops.access import access, flat, strides
from wengert.targets.native.loops.forms import is_assembly, numbers
from wengert.targets.native.loops.nest import Affine, Axis, along

Labels = tuple[int, ...]
Steps = Mapping[int, int]
"""The entries from one value of a label to the next, of one array."""

ROWS, VECTOR, RATE = 8, 16, 32
"""A tile of the product has so many rows and columns; it makes so many multiply-adds in a cycle."""
SETUP = 40
"""Before and after a product of any size."""
IN_LOOPS = 0.7
"""A multiply-add outside of matrix products."""
ALONG, ACROSS = 0.3, 2.0
"""An entry that is copied, where its neighbours are read side by side, and where they are not."""
WORTH = 0.8
"""A plan with copies is chosen where it takes at most so much of the time without."""


def moves(node: Node) -> bool:
    """Whether the node only reads its input elsewhere, by an affine index."""
    return not is_assembly(node) and access(node, (Affine(),) * node.type.rank) is not None


def is_guarded(node: Node) -> bool:
    """Whether the node is 0 in places where it would read outside of its input."""
    if node.op.name != "window":
        return node.op.name == "pad"
    step = access(node, (Affine(),) * node.type.rank)
    return step is not None and bool(step.guards)


def view_of(node: Node) -> Node:
    """The node in whose memory a view lies: transposes, slices, flips and broadcasts of it are read in place."""
    while moves(node) and not is_guarded(node):
        node = node.inputs[0]
    return node


def in_order(node: Node) -> Node:
    """The node whose entries lie one after another as those of this one do: a reshape has them as they are."""
    while node.op.name == "reshape":
        node = node.inputs[0]
    return node


def is_copy(node: Node) -> bool:
    """Whether a node that is kept in memory is a copy of other memory in another order; who reads it can read that."""
    return moves(node) and view_of(node) is not node


def steps_of(x: Node, labels: Labels) -> dict[int, int]:
    """The steps of an operand in the memory that it is a view of."""
    axes = [Axis(int(size)) for size in x.shape]
    index = tuple(along(axis) for axis in axes)
    base = view_of(x)
    while x is not base:
        moved = access(x, index)
        assert moved is not None, "a view is read by an affine index"
        index, x = moved.index, x.inputs[0]
    place = flat(index, numbers(x.shape))
    return {label: place.coefficient(axis) for label, axis in zip(labels, axes, strict=True)}


def row_major(labels: Labels, sizes: Mapping[int, int]) -> dict[int, int]:
    """The steps of an array of its own."""
    return dict(zip(labels, strides([sizes[l] for l in labels]), strict=True))


@dataclass(frozen=True)
class ProductLayout:
    """A product with the steps of its operands and its result."""

    sizes: Mapping[int, int]
    a: Steps
    b: Steps
    out: Steps

    @property
    def rows(self) -> list[int]:
        """The labels of a and the result, as they lie in the result."""
        return [l for l in self.out if l in self.a and l not in self.b]

    @property
    def columns(self) -> list[int]:
        """The labels of b and the result."""
        return [l for l in self.out if l in self.b and l not in self.a]

    @property
    def inner(self) -> list[int]:
        """The labels that are summed, as they lie in a."""
        return sorted((l for l in self.a if l in self.b and l not in self.out), key=lambda l: -self.a[l])

    def groups(self, labels: Sequence[int], *arrays: Steps) -> list[list[int]]:
        """The labels in runs that all the arrays walk as one axis."""
        found: list[list[int]] = []
        for label in labels:
            last = found[-1][-1] if found else None
            if last is not None and all(s[last] == s[label] * self.sizes[label] for s in arrays):
                found[-1].append(label)
            else:
                found.append([label])
        return found

    def extent(self, labels: Sequence[int]) -> int:
        """The values of labels together."""
        return prod(self.sizes[l] for l in labels)

    def cycles(self) -> float:
        """About the time of the product without copies."""
        total = self.extent([*self.out, *self.inner])
        if len(self.groups(self.inner, self.a, self.b)) > 1:
            return IN_LOOPS * total
        rows, columns = self.groups(self.rows, self.a, self.out), self.groups(self.columns, self.b, self.out)
        if next(reversed(self.out)) in self.rows:
            return ProductLayout(self.sizes, self.b, self.a, self.out)._products(columns, rows)
        return self._products(rows, columns)

    def _products(self, rows: Sequence[Sequence[int]], columns: Sequence[Sequence[int]]) -> float:
        """The matrix products of the longest axes, and the loops around them."""
        row = max(rows, key=self.extent)
        last = next(reversed(self.out))
        column = columns[-1] if columns[-1][-1] == last else max(columns, key=self.extent)
        m, n, k = self.extent(row), self.extent(column), self.extent(self.inner)
        times = self.extent(list(self.out)) // (m * n)
        full = -(-m // ROWS) * ROWS * -(-n // VECTOR) * VECTOR if min(m, n) > 4 else m * n * VECTOR / 4
        work = full * k / RATE + m * n * (ALONG if self.out[column[-1]] == 1 else ACROSS)
        if self.b[column[-1]] != 1:
            work += n * k * (ALONG if self.b[self.inner[-1]] == 1 else ACROSS)
        return times * (SETUP + work)


@dataclass(frozen=True)
class CopyPlan:
    """The orders of labels into which operands are copied, and that in which the result is made; None where it stays."""

    a: Labels | None = None
    b: Labels | None = None
    out: Labels | None = None


def planned(layout: ProductLayout) -> CopyPlan:
    """What to copy before a product, and in what order of labels to make its result."""
    at_once = len(layout.groups(layout.inner, layout.a, layout.b)) == 1
    if at_once and len(layout.rows) == len(layout.columns) == 1:
        return CopyPlan()
    best, least = CopyPlan(), layout.cycles() * (WORTH if at_once else 1)
    for plan in _plans(layout):
        cost = _cost(layout, plan)
        if cost < least:
            best, least = plan, cost
    return best


def _plans(layout: ProductLayout) -> Iterator[CopyPlan]:
    batch = tuple(l for l in layout.out if l in layout.a and l in layout.b)
    rows, columns = tuple(layout.rows), tuple(layout.columns)
    outputs: list[Labels | None] = [None, (*batch, *rows, *columns), (*batch, *columns, *rows)]
    by_b = sorted(layout.inner, key=lambda l: -layout.b[l])
    for inner in dict.fromkeys((tuple(layout.inner), tuple(by_b))):
        left = dict.fromkeys([None, *_orders(batch, rows, inner, layout.out)])
        right = dict.fromkeys([None, *_orders(batch, columns, inner, layout.out)])
        yield from (CopyPlan(a, b, out) for a, b, out in choices(left, right, outputs))


def _orders(batch: Labels, free: Labels, inner: Labels, out: Steps) -> Iterator[Labels]:
    """The orders of an operand's copy: its own labels outside, inside, or around those that are summed."""
    yield (*batch, *free, *inner)
    yield (*batch, *inner, *free)
    order = list(out)
    cut = next((k for k in range(1, len(free)) if order.index(free[k]) != order.index(free[k - 1]) + 1), 0)
    if cut:
        yield (*batch, *free[:cut], *inner, *free[cut:])


def _cost(layout: ProductLayout, plan: CopyPlan) -> float:
    sizes = layout.sizes

    def laid(order: Labels | None, steps: Steps) -> Steps:
        return steps if order is None else row_major(order, sizes)

    made = laid(plan.out, layout.out)
    new = ProductLayout(sizes, laid(plan.a, layout.a), laid(plan.b, layout.b), made)
    moved = [(plan.a, layout.a), (plan.b, layout.b), (None if plan.out is None else tuple(layout.out), made)]
    copies = [
        new.extent(order) * (ALONG if steps[order[-1]] == 1 else ACROSS) for order, steps in moved if order is not None
    ]
    return new.cycles() + sum(copies)


def copied(node: Node) -> tuple[bool, ...]:
    """Of each operand of a matrix product whether it is copied in the order of axes that it is given in, or read where the
    memory lies that it is a view of.
    """
    labels, given = node.params["inputs"], node.inputs
    views = [view_of(x) is not x for x in given]
    if not any(views):
        return (False, False)
    sizes = {l: int(n) for x, ls in zip(given, labels, strict=True) for l, n in zip(ls, x.shape, strict=True)}
    lying = [steps_of(x, ls) for x, ls in zip(given, labels, strict=True)]
    here = ProductLayout(sizes, lying[0], lying[1], row_major(node.params["output"], sizes))
    best, least = (False, False), here.cycles()
    if len(here.groups(here.inner, here.a, here.b)) == 1:
        if len(here.rows) == len(here.columns) == 1:
            return best
        least *= WORTH
    for some in choices(*((False, True) if view else (False,) for view in views)):
        order = [tuple(ls) if copy else None for ls, copy in zip(labels, some, strict=True)]
        cost = _cost(here, CopyPlan(order[0], order[1]))
        if cost < least:
            best, least = (some[0], some[1]), cost
    return best
