"""Jacobians: Jᵀ ȳ or J ẋ for every unit signal, as one batch, or as a loop over batches that fit a given memory.

It knows no array and no user; it derives nodes by nodes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from wengert.core.autodiff.batch import batched
from wengert.core.autodiff.forward import jvp
from wengert.core.autodiff.reverse import vjp
from wengert.core.ir.graph import Graph, Node, apply, constant, input_node
from wengert.core.ir.types import Shape, bytes_of, sizes_of
from wengert.core.ir.walk import depends_on, substitute, topological
from wengert.core.ops.control import COUNTER, results
from wengert.core.ops.functions import identity
from wengert.core.ops.loop import FreeNames, filled

Mode = Literal["reverse", "forward"]


def cheaper(outputs: Sequence[Node], inputs: Sequence[Node]) -> Mode:
    """The mode with fewer signals: forward has one for each entry of the inputs, reverse one for each entry of the outputs."""
    entries = [sum(math.prod(sizes_of(node.type)) for node in nodes) for nodes in (inputs, outputs)]
    return "forward" if entries[0] <= entries[1] else "reverse"


def blocks(outputs: Sequence[Node], inputs: Sequence[Node], mode: Mode, memory: int | None = None) -> list[list[Node]]:
    """∂y/∂x for each output y, and for each input x in it; of the shape of y followed by that of x.

    `memory` bounds the bytes of what is computed for the signals of one batch, results aside.
    """
    if mode == "reverse":
        return [_rows(y, inputs, memory) for y in outputs]
    columns = [_columns(outputs, x, memory) for x in inputs]
    return [list(row) for row in zip(*columns, strict=True)] if columns else [[] for _ in outputs]


def _rows(y: Node, inputs: Sequence[Node], memory: int | None) -> list[Node]:
    if not y.type.is_float:
        return [constant(0, x.type.with_shape((*y.shape, *x.shape))) for x in inputs]
    signal = input_node("signal", y.type)
    back = vjp([y], inputs, [signal], masked=True)
    return over_entries([filled(g, x.type) for g, x in zip(back, inputs, strict=True)], signal, memory)


def _columns(outputs: Sequence[Node], x: Node, memory: int | None) -> list[Node]:
    signal = input_node("signal", x.type)
    moved = jvp(outputs, [x], [signal], masked=True)
    columns = over_entries([filled(t, y.type) for t, y in zip(moved, outputs, strict=True)], signal, memory)
    return [_behind(column, x.type.rank) for column in columns]


def _behind(column: Node, m: int) -> Node:
    """The first m axes behind the others."""
    n = column.type.rank - m
    return apply("transpose", column, axes=(*range(m, m + n), *range(m))) if m and n else column


# ---------------------------------------------------------------- all unit signals


def over_entries(outputs: Sequence[Node], signal: Node, memory: int | None = None) -> list[Node]:
    """Outputs that are linear in a signal, for the signal that is 1 at one entry: for every entry, as leading axes."""
    if memory is not None:
        rows = math.prod(sizes_of(signal.type))
        chunk = max(1, memory // max(1, bytes_of_signal(outputs, signal)))
        if chunk < rows:
            return _in_chunks(outputs, signal, rows, chunk)
    current, wide = list(outputs), signal
    for size in reversed(signal.shape):
        wider = input_node("signal", wide.type.with_shape((size, *wide.shape)))
        current = batched(current, {wide: wider}, size)
        wide = wider
    return substitute(current, {wide: _unit_signals(signal)})


def bytes_of_signal(outputs: Sequence[Node], signal: Node) -> int:
    """The bytes of all values that depend on a signal: what a batch holds of each, if it holds them all at once."""
    return bytes_of(node.type for node in depends_on(outputs, [signal]))


def _unit_signals(node: Node) -> Node:
    """δ of shape (*s, *s): for every entry of the node the signal that is 1 there."""
    rank = node.type.rank
    if rank == 0:
        return constant(1, node.type)
    eyes = [identity(size, node.type.dtype) for size in node.shape]
    labels = tuple((k, rank + k) for k in range(rank))
    return eyes[0] if rank == 1 else apply("einsum", *eyes, inputs=labels, output=tuple(range(2 * rank)))


def _in_chunks(outputs: Sequence[Node], signal: Node, rows: int, chunk: int) -> list[Node]:
    """The same by a loop, each step of which does `chunk` signals; what depends on no signal is computed before it."""
    wide = input_node("signals", signal.type.with_shape((chunk, *signal.shape)))
    moved = depends_on(outputs, [signal])
    read = [x for node in topological(outputs) if node in moved for x in node.inputs if x not in moved]
    read += [node for node in outputs if node not in moved]
    names = FreeNames(["step"])
    inner = {x: names.fresh("fixed", x) for x in dict.fromkeys(read) if x.op.leaf in (None, "input")}
    step, units = _chunk(wide, rows)
    found = substitute(batched(substitute(outputs, inner), {signal: wide}, chunk), {wide: units})
    body = Graph((step, *inner.values()), tuple(found))
    steps = -(-rows // chunk)
    loop = apply("scan", *inner, body=body, carries=0, xs=0, length=steps, reverse=False, first=0)
    return [_joined(stack, signal.shape, rows) for stack in results(loop)]


def _chunk(wide: Node, rows: int) -> tuple[Node, Node]:
    """The number of a step, and its unit signals: rows k, k + 1, … of the identity matrix."""
    step = input_node("step", COUNTER)
    chunk = wide.shape[0]
    assert isinstance(chunk, int)
    first = apply("multiply", step, constant(chunk, COUNTER))
    shape = (chunk, rows)
    places = apply("broadcast", apply("position", size=chunk, dtype="int64"), shape=shape, axes=(0,))
    places = apply("add", places, apply("broadcast", first, shape=shape, axes=()))
    columns = apply("broadcast", apply("position", size=rows, dtype="int64"), shape=shape, axes=(1,))
    units = apply("cast", apply("equal", places, columns), dtype=wide.type.dtype)
    return step, units if wide.shape == shape else apply("reshape", units, shape=wide.shape)


def _joined(stack: Node, shape: Shape, rows: int) -> Node:
    """Chunks one behind the other, without what is beyond the last signal."""
    rest = stack.shape[2:]
    total = stack.shape[0] * stack.shape[1]
    flat = apply("reshape", stack, shape=(total, *rest))
    if total != rows:
        flat = apply("slice", flat, start=(0,) * flat.type.rank, stop=(rows, *rest), step=(1,) * flat.type.rank)
    return apply("reshape", flat, shape=(*shape, *rest))
