"""A matrix product and what is done to its entries, as one `Contract`; in loops where its operands do not lie as matrices.

It knows no target: tiles and packing are the back end's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from wengert.core.ir.graph import Node
from wengert.targets.native.loops.access import Index
from wengert.targets.native.loops.coalesce import AxisRewriter, indices, merged
from wengert.targets.native.loops.nest import (
    Accumulate,
    Accumulator,
    Affine,
    Axis,
    Compute,
    Contract,
    For,
    Instruction,
    Load,
    LoopKind,
    MatrixProduct,
    Statement,
    Store,
    Total,
    along,
)
from wengert.targets.native.loops.pull import Puller
from wengert.targets.native.loops.roots import Stored

PARALLEL_WORK = 400_000
"""The least number of multiplications that is worth a second thread."""


@dataclass
class Matrices:
    """a · b over the axes: those of the output, and those that are summed."""

    axes: list[Axis]
    inner: list[Axis]
    a: Load
    b: Load
    product: MatrixProduct
    body: list[Instruction]
    stored: list[Stored]
    threads: bool

    def nest(self) -> list[Statement]:
        """The statements."""
        self._merge()
        b_of = [axis for axis in self.axes if not self.a.index.coefficient(axis) and self.b.index.coefficient(axis)]
        a_of = [axis for axis in self.axes if self.a.index.coefficient(axis) and not self.b.index.coefficient(axis)]
        if self.axes and self.axes[-1] in a_of:
            self.a, self.b, a_of, b_of = self.b, self.a, b_of, a_of
        if not a_of or not b_of or len(self.inner) != 1:
            return self._loops()
        rows = max(a_of, key=lambda axis: axis.extent)
        columns = self.axes[-1] if self.axes[-1] in b_of else max(b_of, key=lambda axis: axis.extent)
        outside = [axis for axis in self.axes if axis not in (rows, columns)]
        work = rows.extent * columns.extent * self.inner[0].extent
        parallel = self.threads and not outside and work >= PARALLEL_WORK
        loops = self._outside(outside, work)
        contract: Statement = Contract(
            rows,
            columns,
            self.inner[0],
            (self.a.buffer, self.a.index),
            (self.b.buffer, self.b.index),
            self.product,
            (*(each for each in self.body if each is not self.product), *_stores(self.stored)),
            parallel,
        )
        for axis, kind in reversed(loops):
            contract = For(axis, (contract,), kind)
        return [contract]

    def _outside(self, axes: list[Axis], work: int) -> list[tuple[Axis, LoopKind]]:
        """The loops around products of so much work; those of much work together in chunks for threads."""
        loops: list[tuple[Axis, LoopKind]] = [(axis, "serial") for axis in axes]
        if not axes or not self.threads:
            return loops
        outer, inside = axes[0], work * math.prod(axis.extent for axis in axes[1:])
        if inside * outer.extent < 2 * PARALLEL_WORK:
            return loops
        count = min(outer.extent, -(-PARALLEL_WORK // inside))
        if count == 1:
            return [(outer, "parallel"), *loops[1:]]
        chunk = Axis(-(-outer.extent // count), "c")
        part = Axis(count, outer.name, (chunk, outer.extent) if outer.extent % count else None)
        self._rewrite(AxisRewriter({outer: along(chunk) * count + along(part)}))
        return [(chunk, "parallel"), (part, "serial"), *loops[1:]]

    def _merge(self) -> None:
        used = [self.a.index, self.b.index, *indices(self.body), *(s.index for s in self.stored)]
        axes, new = merged([a for a in self.axes if a.extent != 1], used, ())
        self.inner.sort(key=lambda axis: -self.a.index.coefficient(axis))
        inner, more = merged([a for a in self.inner if a.extent != 1], used, ())
        self.axes, self.inner = axes, inner or [Axis(1, "k")]
        self._rewrite(AxisRewriter({**new, **more}))

    def _rewrite(self, rewriter: AxisRewriter) -> None:
        self.a = Load(self.a.buffer, rewriter.index(self.a.index))
        self.b = Load(self.b.buffer, rewriter.index(self.b.index))
        rewriter.new[self.product] = self.product
        self.body = rewriter.rewrite_all(self.body)
        self.stored = [Stored(rewriter.new[s.value], s.buffer, rewriter.index(s.index)) for s in self.stored]

    def _loops(self) -> list[Statement]:
        """Loops over the output, the last as lanes, with a register for the sum."""
        total = Accumulator("add", self.product.dtype)
        result = Total(total)
        term = Compute("multiply", (self.a, self.b), self.product.dtype)
        inside: tuple[Statement, ...] = (self.a, self.b, term, Accumulate(total, term))
        for axis in reversed(self.inner):
            inside = (For(axis, inside),)
        rewriter = AxisRewriter({})
        rewriter.new[self.product] = result
        rest = rewriter.rewrite_all(each for each in self.body if each is not self.product)
        stored = [Stored(rewriter.new[s.value], s.buffer, s.index) for s in self.stored]
        body: tuple[Statement, ...] = (total, *inside, result, *rest, *_stores(stored))
        for k, axis in enumerate(reversed(self.axes)):
            body = (For(axis, body, "vector" if k == 0 else "serial"),)
        return list(body)


def _stores(stored: Sequence[Stored]) -> list[Statement]:
    return [Store(s.buffer, s.index, s.value, s.combine, s.lookups) for s in stored]


def matrices(
    puller: Puller, operands: Puller, body: list[Instruction], stored: list[Stored], threads: bool
) -> Matrices:
    """The product of a kernel, and what is done to its entries. `operands` pulls what is multiplied, over the axes of `puller`."""
    root = puller.kernel.contraction
    assert root is not None
    a_labels, b_labels = root.params["inputs"]
    output = root.params["output"]
    index: dict[int, Affine] = dict(zip(output, puller.identity, strict=True))
    inner: list[Axis] = []
    for label, size in zip(a_labels, root.inputs[0].shape, strict=True):
        if label not in index:
            inner.append(Axis(int(size), "k"))
            index[label] = along(inner[-1]) if int(size) != 1 else Affine()
    a, b = (
        _operand(operands, root.inputs[k], tuple(index[l] for l in ls)) for k, ls in enumerate((a_labels, b_labels))
    )
    product = puller.product or MatrixProduct(root.type.dtype)
    return Matrices(list(puller.axes), inner, a, b, product, body, stored, threads)


def _operand(puller: Puller, node: Node, index: Index) -> Load:
    load = puller.pull(node, index)
    assert isinstance(load, Load), "operands of products lie in memory"
    assert not load.guards, "an operand is read without bounds"
    return load
