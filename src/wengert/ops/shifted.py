"""window: y_j = x_(A j + c), the entries that shifted and strided indices read, and 0 where they leave the array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.errors import GraphError
from wengert.ir.graph import Node, apply, constant
from wengert.ir.notation import unwritten
from wengert.ir.op import Params
from wengert.ir.types import ArrayType
from wengert.ir.vocabulary import Vocabulary
from wengert.ops.kinds import structural
from wengert.ops.structural import show_shape

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
    """x̄_p = Σ_j ȳ_j Π_a ⟦p_a = (A j + c)_a⟧, as it stands; the pass `shift` finds the windows in it."""
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
