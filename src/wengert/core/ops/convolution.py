"""convolve: z_k = Σ_i x_i y_(k − i) over the last axes, the full sum; its adjoints are convolutions again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.core.ir.graph import Node, apply
from wengert.core.ir.notation import unwritten
from wengert.core.ir.op import Params
from wengert.core.ir.types import ArrayType
from wengert.core.ir.vocabulary import Vocabulary
from wengert.core.ops.kinds import as_batched, batch_size, product, zeros_like
from wengert.errors import GraphError


def _infer(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    (x, y), count = types, params["count"]
    if x.rank != y.rank or x.dtype != y.dtype or not 1 <= count <= x.rank or x.shape[:-count] != y.shape[:-count]:
        raise GraphError(
            f"'convolve' over {count} axes takes two arrays of one dtype with the same axes in front.",
            f"  its inputs are {x} and {y}",
            "Broadcast and cast the inputs first; primitives do neither.",
        )
    sizes: list[int] = []
    for n, m in zip(x.shape[-count:], y.shape[-count:], strict=True):
        if not isinstance(n, int) or not isinstance(m, int) or n + m == 0:
            raise GraphError(
                f"'convolve' needs entries along an axis, whose numbers are known, not {n} and {m}.",
                f"  its inputs are {x} and {y}",
                "Give axes whose sizes are numbers, one of them at least 1.",
            )
        sizes.append(n + m - 1)
    return x.with_shape((*x.shape[:-count], *sizes))


def _value(xp: Vocabulary, x: Any, y: Any, count: int) -> Any:
    if x.ndim == 1 and x.size and y.size:
        return np.convolve(x, y)
    batch = x.shape[:-count]
    if np.prod(x.shape[-count:]) < np.prod(y.shape[-count:]):
        x, y = y, x
    sizes = [n + m - 1 for n, m in zip(x.shape[-count:], y.shape[-count:], strict=True)]
    found = np.zeros((*batch, *sizes), dtype=np.result_type(x, y))
    for place in np.ndindex(*y.shape[-count:]):  # the smaller array entry by entry
        window = tuple(slice(k, k + n) for k, n in zip(place, x.shape[-count:], strict=True))
        found[(..., *window)] += x * y[(..., *place)][(..., *(None,) * count)]
    return found


def _adjoint(node: Node, cotangent: Node, k: int) -> Node:
    """x̄_i = Σ_k z̄_k y_(k − i): the convolution with y backward, without the m − 1 first and last entries."""
    count, rank = node.params["count"], node.type.rank
    own, other = node.inputs[k], node.inputs[1 - k]
    last = range(rank - count, rank)
    if any(other.shape[axis] == 0 for axis in last):
        return zeros_like(own)
    full = apply("convolve", cotangent, apply("flip", other, axes=tuple(last)), count=count)
    start = tuple(int(other.shape[axis]) - 1 if axis in last else 0 for axis in range(rank))  # pyright: ignore[reportArgumentType]
    stop = tuple(a + int(n) if axis in last else n for axis, (a, n) in enumerate(zip(start, own.shape, strict=True)))  # pyright: ignore[reportArgumentType]
    return apply("slice", full, start=start, stop=stop, step=(1,) * rank)


def _batch(node: Node, inputs: Sequence[Node], batched: Sequence[bool]) -> Node:
    size = batch_size(inputs, batched)
    full = [as_batched(x, has, size) for x, has in zip(inputs, batched, strict=True)]
    return apply("convolve", *full, **node.params)


CASES: list[tuple[tuple[int, ...], tuple[int, ...], int]] = [
    ((4,), (3,), 1),
    ((2,), (5,), 1),
    ((1,), (1,), 1),
    ((2, 4), (2, 3), 1),
    ((3, 4), (2, 2), 2),
    ((2, 1, 4), (2, 3, 2), 2),
    ((0, 3), (0, 2), 1),
    ((0,), (3,), 1),
]

convolve = product(
    "convolve",
    "z_k = Σ_i x_i y_(k − i) over the last `count` axes, for every k with a term; the axes before them run together.",
    infer=_infer,
    value=_value,
    adjoint=_adjoint,
    batch=_batch,
    notation=unwritten("convolve"),
    samples=lambda rng: [
        ([rng.normal(size=first), rng.normal(size=second)], {"count": count})
        for first, second, count in CASES
        for _ in range(4)
    ],
    errors=(
        ((ArrayType((3,)), ArrayType((2, 2))), {"count": 1}, "with the same axes in front"),
        ((ArrayType((0,)), ArrayType((0,))), {"count": 1}, "needs entries along an axis"),
    ),
    arity=2,
)
