"""Structural ops: linear maps that move entries, and their adjoints, which add them back along the same map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.core.ir.graph import Node, apply
from wengert.core.ir.notation import unwritten
from wengert.core.ir.op import Params
from wengert.core.ir.types import ArrayType, Dim, Shape
from wengert.core.ir.vocabulary import Vocabulary
from wengert.core.ops.index_maps import broadcast_map, flip_map, reshape_map, transpose_map
from wengert.core.ops.kinds import batch_size, structural
from wengert.errors import GraphError


def check_axes(name: str, axes: Sequence[int], rank: int) -> None:
    """Refuse axes that are repeated or outside 0 … rank − 1.

    Raises GraphError.
    """
    if len(set(axes)) != len(axes) or any(not 0 <= axis < rank for axis in axes):
        raise GraphError(
            f"'{name}' takes distinct axes from 0 to {rank - 1}.",
            f"  the axes are {tuple(axes)}",
            "Count axes from 0; negative axes are resolved by the front end.",
        )


def shifted(axes: Sequence[int]) -> tuple[int, ...]:
    """The axes one further to the right, behind a new leading axis."""
    return tuple(axis + 1 for axis in axes)


# broadcast


def _infer_broadcast(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    (x,) = types
    shape, axes = params["shape"], params["axes"]
    check_axes("broadcast", axes, len(shape))
    if len(axes) != x.rank or any(shape[axis] != size for axis, size in zip(axes, x.shape, strict=True)):
        raise GraphError(
            f"'broadcast' cannot lay {x} on these axes of the shape {show_shape(shape)}.",
            f"  the axes are {tuple(axes)}",
            "Name an axis of equal size for each input axis; an axis of 1 is reshaped away first.",
        )
    return x.with_shape(shape)


def _value_broadcast(xp: Vocabulary, x: Any, shape: Shape, axes: tuple[int, ...]) -> Any:
    if axes:
        order = sorted(range(len(axes)), key=axes.__getitem__)
        if order != list(range(len(axes))):
            x = xp.transpose(x, order)
        aligned = [1] * len(shape)
        for axis in axes:
            aligned[axis] = shape[axis]  # pyright: ignore[reportArgumentType, reportCallIssue]
        x = xp.reshape(x, aligned)
    return xp.broadcast_to(x, shape)


def _adjoint_broadcast(node: Node, cotangent: Node) -> Node:
    axes = node.params["axes"]
    others = tuple(axis for axis in range(node.type.rank) if axis not in axes)
    total = apply("sum", cotangent, axes=others) if others else cotangent
    ranks = sorted(axes)
    order = tuple(ranks.index(axis) for axis in axes)
    return total if order == tuple(range(len(order))) else apply("transpose", total, axes=order)


def _batch_broadcast(node: Node, inputs: Sequence[Node], batched: Sequence[bool]) -> Node:
    size = batch_size(inputs, batched)
    axes = (0, *shifted(node.params["axes"]))
    return apply("broadcast", inputs[0], shape=(size, *node.params["shape"]), axes=axes)


broadcast = structural(
    "broadcast",
    "y with axis k of x laid on axis axes[k], the same along every other axis.",
    infer=_infer_broadcast,
    value=_value_broadcast,
    adjoint=_adjoint_broadcast,
    batch=_batch_broadcast,
    notation=unwritten("broadcast"),
    index_map=broadcast_map,
    samples=lambda rng: [
        ([rng.normal(size=[shape[axis] for axis in axes])], {"shape": shape, "axes": axes})
        for shape, axes in [
            ((3, 2), (0,)),
            ((3, 2), (1,)),
            ((3, 2), ()),
            ((3, 2), (1, 0)),
            ((2, 3, 4), (0, 2)),
            ((2, 3, 4), (2, 0)),
            ((2, 0, 4), (1, 2)),
            ((0, 4), (1,)),
            ((), ()),
            ((1,), ()),
        ]
        for _ in range(3)
    ],
    errors=(
        ((ArrayType((3,)),), {"shape": (2, 4), "axes": (1,)}, "cannot lay float64[3]"),
        ((ArrayType((3,)),), {"shape": (3,), "axes": (1,)}, "distinct axes"),
    ),
    moves="repetition",
    law="the adjoint of a broadcast is a sum",
)


def show_shape(shape: Shape) -> str:
    return "(" + ", ".join(str(size) for size in shape) + ")"


# transpose


def _infer_transpose(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    axes: tuple[int, ...] = params["axes"]
    if sorted(axes) != list(range(types[0].rank)):
        raise GraphError(
            f"'transpose' takes each axis of {types[0]} once.",
            f"  the axes are {tuple(axes)}",
            f"Reorder the axes 0 to {types[0].rank - 1}.",
        )
    return types[0].with_shape(types[0].shape[axis] for axis in axes)


def _inverse(axes: Sequence[int]) -> tuple[int, ...]:
    return tuple(axes.index(k) for k in range(len(axes)))


transpose = structural(
    "transpose",
    "The axes in another order: axis k of the result is axis axes[k] of x.",
    infer=_infer_transpose,
    value=lambda xp, x, axes: xp.transpose(x, axes),
    adjoint=lambda node, cotangent: apply("transpose", cotangent, axes=_inverse(node.params["axes"])),
    batch=lambda node, inputs, batched: apply("transpose", inputs[0], axes=(0, *shifted(node.params["axes"]))),
    notation=unwritten("transpose"),
    index_map=transpose_map,
    samples=lambda rng: [
        ([rng.normal(size=(2, 3, 4, 0)[: len(axes)])], {"axes": axes})
        for axes in [(1, 0), (0,), (), (2, 0, 1), (1, 2, 0), (2, 1, 0), (0, 1), (3, 1, 0, 2)]
        for _ in range(4)
    ],
    errors=(((ArrayType((3, 2)),), {"axes": (0, 0)}, "each axis of float64[3×2] once"),),
    moves="permutation",
)


# reshape


def _entries(shape: Shape) -> tuple[int, list[str]]:
    numbers = [size for size in shape if isinstance(size, int)]
    return int(np.prod(numbers, dtype=np.int64)), sorted(size.name for size in shape if isinstance(size, Dim))


def _infer_reshape(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    shape = params["shape"]
    if _entries(shape) != _entries(types[0].shape):
        raise GraphError(
            "'reshape' keeps the entries, and here the numbers of entries differ.",
            f"  from {types[0]} to the shape {show_shape(shape)}",
            "Keep the product of the sizes; named sizes stay as they are.",
        )
    return types[0].with_shape(shape)


def _batch_reshape(node: Node, inputs: Sequence[Node], batched: Sequence[bool]) -> Node:
    return apply("reshape", inputs[0], shape=(inputs[0].shape[0], *node.params["shape"]))


reshape = structural(
    "reshape",
    "The same entries, last axis fastest, in another shape.",
    infer=_infer_reshape,
    value=lambda xp, x, shape: xp.reshape(x, shape),
    adjoint=lambda node, cotangent: apply("reshape", cotangent, shape=node.inputs[0].shape),
    batch=_batch_reshape,
    notation=unwritten("reshape"),
    index_map=reshape_map,
    samples=lambda rng: [
        ([rng.normal(size=before)], {"shape": after})
        for before, after in [
            ((6,), (2, 3)),
            ((2, 3), (3, 2)),
            ((), (1, 1)),
            ((1,), ()),
            ((0, 3), (0,)),
            ((2, 1, 3), (6,)),
        ]
        for _ in range(5)
    ],
    errors=(((ArrayType((3, 2)),), {"shape": (5,)}, "the numbers of entries differ"),),
    moves="permutation",
)


# flip

flip = structural(
    "flip",
    "y with the entries along `axes` in reverse order.",
    infer=lambda types, params: _checked_axes("flip", types, params),
    value=lambda xp, x, axes: xp.flip(x, axes),
    adjoint=lambda node, cotangent: apply("flip", cotangent, axes=node.params["axes"]),
    batch=lambda node, inputs, batched: apply("flip", inputs[0], axes=shifted(node.params["axes"])),
    notation=unwritten("flip"),
    index_map=flip_map,
    samples=lambda rng: [
        ([rng.normal(size=shape)], {"axes": axes})
        for shape, axes in [((4,), (0,)), ((3, 2), (0, 1)), ((3, 2), (1,)), ((0,), (0,)), ((2, 1, 3), (2,)), ((), ())]
        for _ in range(5)
    ],
    errors=(((ArrayType((3,)),), {"axes": (1,)}, "distinct axes"),),
    moves="permutation",
)


def _checked_axes(name: str, types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    check_axes(name, params["axes"], types[0].rank)
    return types[0]
