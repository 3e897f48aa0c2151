"""Batches of loops: the body over a batch; where the rows end at different steps, a row that has ended keeps its carries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from wengert.core.autodiff.batch import spread
from wengert.core.autodiff.branches import choose
from wengert.core.ir.graph import Graph, Node, apply, constant
from wengert.core.ir.types import ArrayType, Size, TapeType
from wengert.core.ir.walk import substitute
from wengert.core.ops.control import results
from wengert.core.ops.kinds import as_batched
from wengert.core.ops.loop import Carry, FreeNames, Loop, Read, names_of

_RUNNING: WeakKeyDictionary[Node, Node] = WeakKeyDictionary()
"""For a tape over a batch whose rows end at different steps: the tape that says which rows were running."""


@dataclass
class _Body:
    """The body of a loop over a batch."""

    size: Size
    wide: dict[Node, Node]
    """For an inner input that has the axis: the input that stands for it."""
    after: list[Node]
    has: list[bool]
    """The results of a step, and which of them have the axis."""
    rows: Node | None
    """Which rows go on, where they end at different steps."""
    reads: tuple[Read, ...]
    """The read of that, where it stands on a tape."""

    def of(self, x: Node) -> Node:
        """What stands for an inner input."""
        return self.wide.get(x, x)


def batch_loop(node: Node, inputs: Sequence[Node], batch: Sequence[bool]) -> tuple[list[Node], list[bool]]:
    """The loop over a batch: its results, and which of them have the axis."""
    loop = Loop.of(node)
    n, outer, has = (
        len(loop.carries),
        dict(zip(loop.inner, inputs, strict=True)),
        dict(zip(loop.inner, batch, strict=True)),
    )
    body = _body(loop, outer, has, _size(inputs, batch))
    recorded = (body.rows,) if body.rows is not None and loop.test is not None and loop.ys else ()
    if recorded:
        # What reads a tape of rows that end at different steps goes row by row, even where the records are all alike.
        body.after[n:] = [as_batched(y, flag, body.size) for y, flag in zip(body.after[n:], body.has[n:], strict=True)]
        body.has[n:] = [True] * len(loop.ys)
    wide = Loop(
        tuple(_carry(c.inner, outer, has, body, y) for c, y in zip(loop.carries, body.after, strict=False)),
        tuple(Read(_swapped(outer[x]) if has[x] else outer[x], body.of(x)) for _, x in loop.xs) + body.reads,
        tuple(Read(outer[k], body.of(k)) for _, k in loop.consts),
        (*body.after[n:], *recorded),
        loop.length,
        loop.reverse,
        loop.first,
        loop.counter,
        None if loop.test is None else _test(loop, loop.test, body),
        loop.max_steps,
    )
    found = results(wide.node())
    running = found.pop() if recorded else body.reads[0].outer if body.reads else None
    if running is not None:
        _RUNNING.update((y, running) for y in found if isinstance(y.type, TapeType))
    ys = [_swapped(y) if flag else y for y, flag in zip(found[n:], body.has[n:], strict=True)]
    return found[:n] + ys, body.has


def _size(inputs: Sequence[Node], batch: Sequence[bool]) -> Size:
    """The size of the batch: of the leading axis of an input that has it, or of the records of a tape."""
    wide = next(x.type for x, has in zip(inputs, batch, strict=True) if has)
    return (wide.item if isinstance(wide, TapeType) else wide).shape[0]


def _carry(x: Node, outer: Mapping[Node, Node], has: Mapping[Node, bool], body: _Body, after: Node) -> Carry:
    first = as_batched(outer[x], has[x], body.size) if x in body.wide else outer[x]
    return Carry(first, body.of(x), after)


def _swapped(x: Node) -> Node:
    """The axes of the batch and of the steps change places; a tape has none of the steps."""
    if isinstance(x.type, TapeType):
        return x
    return apply("transpose", x, axes=(1, 0, *range(2, x.type.rank)))


def _widened(x: Node, size: Size, names: FreeNames) -> Node:
    return names.typed("batch", x, x.type.with_shape((size, *x.shape)))


def _body(loop: Loop, outer: Mapping[Node, Node], has: Mapping[Node, bool], size: Size) -> _Body:
    """The body with the axis wherever it arises; where rows end at different steps, every carry has it."""
    names = names_of(loop)
    tape = next((_RUNNING[outer[x]] for _, x in loop.xs if outer[x] in _RUNNING), None)
    reads = () if tape is None else (Read(tape, names.typed("running", tape, ArrayType((size,), "bool"))),)
    wide = {x: _widened(x, size, names) for x in loop.inner if has[x]}
    while True:
        after, flags = spread(loop.after, wide)
        rows = reads[0].inner if reads else _going_on(loop, wide)
        new = [
            c.inner
            for c, flag in zip(loop.carries, flags, strict=False)
            if (flag or rows is not None) and c.inner not in wide
        ]
        if not new:
            break
        wide.update((x, _widened(x, size, names)) for x in new)
    for k, carry in enumerate(loop.carries):
        if carry.inner in wide:
            after[k], flags[k] = as_batched(after[k], flags[k], size), True
            if rows is not None:
                after[k] = choose(rows, after[k], wide[carry.inner])
    return _Body(size, wide, after, flags, rows, reads)


def _going_on(loop: Loop, wide: Mapping[Node, Node]) -> Node | None:
    """The test of every row, in the body; None where it is one test for all."""
    if loop.test is None:
        return None
    here = substitute(loop.test.outputs, dict(zip(loop.test.inputs, loop.inner, strict=True)))
    (rows,), (has,) = spread(here, wide)
    return rows if has else None


def _test(loop: Loop, test: Graph, body: _Body) -> Graph:
    """Whether a row goes on."""
    names = FreeNames(test.input_names)
    wide = {t: _widened(t, body.size, names) for t, x in zip(test.inputs, loop.inner, strict=True) if x in body.wide}
    (rows,), (has,) = spread(test.outputs, wide)
    if has:
        count = apply("sum", apply("cast", rows, dtype="int64"), axes=(0,))
        rows = apply("greater", count, constant(0, count.type))
    return Graph(tuple(wide.get(t, t) for t in test.inputs), (rows,))
