"""Derivatives and batches of a branch: the same derivative of both sides, on the same predicate. It knows no array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from wengert.core.autodiff.batch import batched, spread
from wengert.core.autodiff.entering import Entering, entering
from wengert.core.autodiff.forward import jvp
from wengert.core.autodiff.masks import strict_of
from wengert.core.autodiff.reverse import contributions
from wengert.core.ir.graph import Graph, Node, apply
from wengert.core.ir.types import ArrayType, Size
from wengert.core.ir.walk import substitute
from wengert.core.ops.control import Cotangents, results
from wengert.core.ops.kinds import as_batched, batch_size
from wengert.core.ops.loop import FreeNames, filled

Signals = list[Node | None]
Side = tuple[tuple[Node, ...], Signals]
"""The inputs of a branch and its results, None where a result is zero."""


def _choose(predicate: Node, operands: Sequence[Node], sides: Sequence[Side], types: Sequence[ArrayType]) -> Signals:
    """The results of two derived branches, zero where both are; None for those."""
    present = [any(outputs[k] is not None for _, outputs in sides) for k in range(len(types))]
    if not any(present):
        return [None] * len(types)
    graphs = [
        Graph(inputs, tuple(filled(y, type) for y, type, has in zip(outputs, types, present, strict=True) if has))
        for inputs, outputs in sides
    ]
    found = iter(results(apply("cond", predicate, *operands, then=graphs[0], other=graphs[1])))
    return [next(found) if has else None for has in present]


def _sides(node: Node) -> tuple[Graph, Graph]:
    return node.params["then"], node.params["other"]


def jvp_cond(node: Node, tangents: Sequence[Node | None]) -> Signals:
    """The tangent of each result: that of the branch that is taken."""
    given = tangents[1:]

    def forward(branch: Graph) -> Side:
        names = FreeNames(branch.input_names)
        moved = [x for x, t in zip(branch.inputs, given, strict=True) if t is not None]
        inner = [names.fresh("tangent", x) for x in moved]
        return (*branch.inputs, *inner), jvp(branch.outputs, moved, inner, masked=True)

    operands = (*node.inputs[1:], *(t for t in given if t is not None))
    return _choose(node.inputs[0], operands, [forward(side) for side in _sides(node)], _result_types(node))


def vjp_cond(node: Node, cotangents: Cotangents) -> Signals:
    """The cotangent of each operand: that of the branch that is taken, which runs again as far as its way back needs it."""
    sides = [_way_back(side, cotangents) for side in _sides(node)]
    read = sorted({k for side in sides for k in side.masks.read(y for y in side.back if y is not None)})
    bars = [bar for bar in cotangents.bars if bar is not None]
    operands = (*node.inputs[1:], *bars, *sides[0].masks.given(read))
    types = [x.type for x in node.inputs[1:]]
    cotangents.leaving.extend([False, *(any(each) for each in zip(*(side.doubts for side in sides), strict=True))])
    whole = [((*side.inputs, *side.masks.inputs(read)), side.back) for side in sides]
    return [None, *_choose(node.inputs[0], operands, whole, types)]


class _Back(NamedTuple):
    """The way back of a branch."""

    inputs: tuple[Node, ...]
    back: Signals
    masks: Entering
    doubts: list[bool]
    """Which of the cotangents of its inputs may be nothing in places."""


def _way_back(branch: Graph, cotangents: Cotangents) -> _Back:
    bars, wanted = cotangents.bars, cotangents.wanted[1:]
    names = FreeNames(branch.input_names)
    inner = [None if bar is None else names.fresh("cotangent", y) for y, bar in zip(branch.outputs, bars, strict=True)]
    active = [x for x, wants in zip(branch.inputs, wanted, strict=True) if wants]
    masks = entering(branch.outputs, bars, cotangents.masks, names)
    found = contributions(branch.outputs, active, inner, masked=True, masks=masks.masks)
    back = [found.bars.get(x) if wants else None for x, wants in zip(branch.inputs, wanted, strict=True)]
    doubts = [strict_of(found.masks.get(x)) is not None for x in branch.inputs]
    return _Back((*branch.inputs, *(g for g in inner if g is not None)), back, masks, doubts)


def _result_types(node: Node) -> list[ArrayType]:
    return [y.type for y in node.params["then"].outputs]


def batch_cond(node: Node, inputs: Sequence[Node], batch: Sequence[bool]) -> tuple[list[Node], list[bool]]:
    """One branch for the whole batch; where the predicate has the axis, both branches, and row by row the result of one."""
    size = batch_size(inputs, batch)
    if batch[0]:
        return _by_row(node, inputs, batch, size), [True] * len(_result_types(node))
    widened = [_widened(side, batch[1:], size) for side in _sides(node)]
    spreads = [spread(side.outputs, wide) for side, wide in zip(_sides(node), widened, strict=True)]
    has = [any(each) for each in zip(*(flags for _, flags in spreads), strict=True)]
    graphs = [
        Graph(
            tuple(wide.get(x, x) for x in side.inputs),
            tuple(as_batched(y, f, size) if h else y for y, f, h in zip(ys, flags, has, strict=True)),
        )
        for side, wide, (ys, flags) in zip(_sides(node), widened, spreads, strict=True)
    ]
    return results(apply("cond", *inputs, then=graphs[0], other=graphs[1])), has


def _widened(side: Graph, batch: Sequence[bool], size: Size) -> dict[Node, Node]:
    names = FreeNames(side.input_names)
    return {
        x: names.typed("batch", x, x.type.with_shape((size, *x.shape)))
        for x, has in zip(side.inputs, batch, strict=True)
        if has
    }


def _by_row(node: Node, inputs: Sequence[Node], batch: Sequence[bool], size: Size) -> list[Node]:
    """where(predicate, then, other) for every row."""
    predicate, operands = inputs[0], inputs[1:]

    def side(branch: Graph) -> list[Node]:
        pairs = list(zip(branch.inputs, operands, batch[1:], strict=True))
        fixed = substitute(branch.outputs, {x: outer for x, outer, has in pairs if not has})
        return batched(fixed, {x: outer for x, outer, has in pairs if has}, size)

    then, other = map(side, _sides(node))
    return [choose(predicate, x, y) for x, y in zip(then, other, strict=True)]


def choose(rows: Node, x: Node, y: Node) -> Node:
    """x where the row's condition holds, else y."""
    condition = rows if x.type.rank == 1 else apply("broadcast", rows, shape=x.shape, axes=(0,))
    return apply("where", condition, x, y)
