"""window: y_j = x_(A j + c), the entries that shifted and strided indices read, and 0 where they leave the array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.core.ir.graph import Node, apply, constant
from wengert.core.ir.notation import unwritten
from wengert.core.ir.op import Params
from wengert.core.ir.types import ArrayType
from wengert.core.ir.vocabulary import Vocabulary
from wengert.core.ops.index_maps import window_map
from wengert.core.ops.kinds import structural
from wengert.core.ops.structural import show_shape
from wengert.errors import GraphError

Rows = tuple[tuple[int, ...], ...]


def _infer(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    (x,), shape, steps, offset = types, params["shape"], params["steps"], params["offset"]
    if len(steps) != x.rank or len(offset) != x.rank or any(len(row) != len(shape) for row in steps):
        raise GraphError(
            f"'window' of {x} with the shape {show_shape(shape)} needs {x.rank} rows of {len(shape)} steps, and offsets.",
            f"  steps={steps}, offset={offset}",
            "Give a row an axis of the input, with a step for every axis of the result.",
        )
    return x.with_shape(shape)


def _value(xp: Vocabulary, x: Any, shape: tuple[int, ...], steps: Rows, offset: tuple[int, ...]) -> Any:
    axes = np.ogrid[tuple(np.s_[0:n] for n in shape)]
    inside = np.ones(shape, dtype=bool)
    places: list[Any] = []
    for size, row, start in zip(x.shape, steps, offset, strict=True):
        place = sum((c * axis for c, axis in zip(row, axes, strict=True) if c), np.full((1,) * len(shape), start))
        inside &= (place >= 0) & (place < size)
        places.append(np.clip(place, 0, max(size - 1, 0)))
    if not inside.any():
        return np.zeros(shape, dtype=x.dtype)
    return np.where(inside, x[tuple(places)] if places else x, np.zeros((), dtype=x.dtype))


def _adjoint(node: Node, cotangent: Node) -> Node:
    """x̄_p = Σ_j ȳ_j Π_a ⟦p_a = (A j + c)_a⟧: where p_a = ±j_q + … of an index q of its own, j_q follows from p and the others, so that
    x̄ is the sum over these of a window of ȳ; else as it stands, and the pass `shift` finds what windows it can.
    """
    own = _own_indices(node)
    return _masked(node, cotangent) if own is None else _turned(node, cotangent, own)


def _own_indices(node: Node) -> list[int] | None:
    """For each axis of the input an index with the step ±1 there that no other axis reads; the longest."""
    steps = node.params["steps"]
    found: list[int] = []
    for axis, row in enumerate(steps):
        others = [other for k, other in enumerate(steps) if k != axis]
        free = [q for q, step in enumerate(row) if step in (1, -1) and not any(other[q] for other in others)]
        if not free or not all(isinstance(node.shape[q], int) for q in free):
            return None
        found.append(max(free, key=lambda q: int(node.shape[q])))  # pyright: ignore[reportArgumentType]
    return found


def _turned(node: Node, cotangent: Node, own: Sequence[int]) -> Node:
    """Σ_r ȳ_(q(p, r), r): with j_q = ±(p − c − Σ_r A_r j_r) for each axis."""
    x, steps, offset = node.inputs[0], node.params["steps"], node.params["offset"]
    rest = [q for q in range(node.type.rank) if q not in own]
    mixed = [q for axis, q in enumerate(own) if any(steps[axis][r] for r in rest)]
    order = tuple([q for q in own if q not in mixed] + rest + mixed)  # neighbours in x̄ are read side by side
    rank, shape = x.type.rank, (*x.shape, *(node.shape[q] for q in rest))
    rows: list[tuple[int, ...]] = []
    starts: list[int] = []
    for q in order:
        row = [0] * len(shape)
        if q in rest:
            row[rank + rest.index(q)] = 1
            starts.append(0)
        else:
            axis = own.index(q)
            sign = steps[axis][q]
            row[axis] = sign
            for k, other in enumerate(rest):
                row[rank + k] = -sign * steps[axis][other]
            starts.append(-sign * offset[axis])
        rows.append(tuple(row))
    if order != tuple(range(len(order))):
        cotangent = apply("transpose", cotangent, axes=order)
    read = apply("window", cotangent, shape=shape, steps=tuple(rows), offset=tuple(starts))
    return apply("sum", read, axes=tuple(range(rank, len(shape)))) if rest else read


def _masked(node: Node, cotangent: Node) -> Node:
    """The sum over all entries, with a mask for each axis."""
    x, steps, offset = node.inputs[0], node.params["steps"], node.params["offset"]
    rank = node.type.rank
    out = tuple(range(rank, rank + x.type.rank))
    factors, labels = [cotangent], [tuple(range(rank))]
    for axis, (size, row, start) in enumerate(zip(x.shape, steps, offset, strict=True)):
        shape = (*node.shape, size)
        place = constant(start, ArrayType(shape, "int64"))
        for k, step in enumerate(row):
            if step:
                along = apply("position", size=node.shape[k], dtype="int64")
                place = place + apply("broadcast", along, shape=shape, axes=(k,)) * step
        own = apply("broadcast", apply("position", size=size, dtype="int64"), shape=shape, axes=(rank,))
        factors.append(apply("cast", apply("equal", own, place), dtype=x.type.dtype))
        labels.append((*range(rank), out[axis]))
    if not out:
        return apply("sum", cotangent, axes=tuple(range(rank))) if rank else cotangent
    return apply("einsum", *factors, inputs=tuple(labels), output=out)


def _batch(node: Node, inputs: Sequence[Node], batched: Sequence[bool]) -> Node:
    steps, shape = node.params["steps"], node.params["shape"]
    rows = ((1, *(0,) * len(shape)), *((0, *row) for row in steps))
    whole = (inputs[0].shape[0], *shape)
    return apply("window", inputs[0], shape=whole, steps=rows, offset=(0, *node.params["offset"]))


SAMPLES: list[tuple[tuple[int, ...], tuple[int, ...], Rows, tuple[int, ...]]] = [
    ((7,), (5, 3), ((1, 1),), (0,)),
    ((7,), (3, 2), ((2, 1),), (0,)),
    ((5,), (7, 3), ((1, -1),), (0,)),
    ((4,), (6,), ((-1,),), (4,)),
    ((4, 5), (2, 3, 3, 3), ((1, 0, 1, 0), (0, 1, 0, 1)), (0, 0)),
    ((4, 3), (5,), ((1,), (1,)), (-1, 0)),
    ((3,), (2, 4), ((0, 1),), (1,)),
    ((3,), (2,), ((0,),), (1,)),
    ((3,), (2,), ((1,),), (9,)),
    ((0,), (2,), ((1,),), (0,)),
    ((3,), (0,), ((1,),), (0,)),
    ((), (2, 3), (), ()),
]

window = structural(
    "window",
    "y_j = x_(A j + c): the entries at shifted and strided indices, 0 where they leave the array.",
    infer=_infer,
    value=_value,
    adjoint=_adjoint,
    batch=_batch,
    notation=unwritten("window"),
    index_map=window_map,
    samples=lambda rng: [
        ([rng.normal(size=given)], {"shape": shape, "steps": steps, "offset": offset})
        for given, shape, steps, offset in SAMPLES
        for _ in range(3)
    ],
    errors=(
        ((ArrayType((3,)),), {"shape": (2,), "steps": ((1, 1),), "offset": (0,)}, "needs 1 rows of 1 steps"),
        ((ArrayType((3,)),), {"shape": (2,), "steps": ((1,),), "offset": ()}, "needs 1 rows of 1 steps"),
    ),
    growth="mask",
)
