"""What a write is in a graph: an array with some entries replaced, or added to. Whose array that is, `storage` knows."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.core.ir.graph import Node, apply, constant
from wengert.core.ir.types import ArrayType
from wengert.functions.tracing.answers import answers
from wengert.functions.tracing.array_writes import added_at, updated
from wengert.functions.tracing.indexing import part_of
from wengert.functions.tracing.operands import as_node, broadcast_to, shape_of
from wengert.functions.tracing.tracer import Traced, refuse, traced


@answers(updated)
def _updated(x: Any, index: Any, value: Any) -> Traced:
    node = as_node(x)
    mask = _traced_mask(index)
    if mask is not None and (not _are_several(value, mask, node) or mask.entries() is None):
        return traced(_where(node, mask, value))
    part = part_of(node, index)
    if part.spot is None:
        return traced(part.replaced(_fitted(value, node.type.dtype, part.node.shape)))
    new = _fitted(
        value,
        node.type.dtype,
        part.spot.shape,
        "shape mismatch: value array of shape {} could not be broadcast to indexing result of shape {}",
    )
    return traced(part.replaced(part.spot.replaced(new)))


@answers(added_at)
def _added_at(x: Any, index: Any, value: Any) -> Traced:
    """With arrays of indices: the places of all entries, counted along the whole array, and a sum at each."""
    node = as_node(x)
    part = part_of(node, index)
    if part.spot is None:
        new = _fitted(value, node.type.dtype, part.node.shape)
        return traced(part.replaced(apply("add", part.node, new)))
    new = _fitted(value, node.type.dtype, part.spot.shape)
    at, axis = part.spot, part.spot.axis
    total = apply("scatter_add", new, at.indices, axis=axis, batch=0, size=at.node.shape[axis])
    return traced(part.replaced(at.restored(apply("add", at.node, total))))


def _traced_mask(index: Any) -> Traced | None:
    """The mask where the index is one, not known yet."""
    alone = index[0] if isinstance(index, tuple) and len(index) == 1 else index  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    return alone if isinstance(alone, Traced) and alone.dtype.kind == "b" else None


def _are_several(value: Any, mask: Traced, node: Node) -> bool:
    """Whether the entries that a mask picks get values of their own."""
    rest = len(node.shape) - len(mask.shape)
    return len(shape_of(value)) > rest and shape_of(value)[: -rest or None] != (1,)


def _where(node: Node, mask: Traced, value: Any) -> Node:
    """The array with the same value wherever a mask holds, which goes over its first axes.

    Raises TraceError where there are several values: how many are taken is not known.
    """
    truth = as_node(mask)
    rank = truth.type.rank
    rest = node.shape[rank:]
    if truth.shape != node.shape[:rank]:
        raise IndexError(
            f"boolean index did not match indexed array: its shape is {truth.shape}, the array's {node.shape}"
        )
    if _are_several(value, mask, node):
        refuse(
            "How many entries a traced mask picks is not known, so they cannot get values of their own.",
            "Give one value, or write:  np.where(mask, new, x)",
        )
    wide = apply("broadcast", truth, shape=node.shape, axes=tuple(range(rank))) if rest else truth
    new = broadcast_to(_fitted(value, node.type.dtype, rest), node.shape)
    return apply("where", wide, new, node)


def _fitted(
    value: Any,
    dtype: str,
    shape: tuple[Any, ...],
    words: str = "could not broadcast input array from shape {} into shape {}",
) -> Node:
    """A value cast and broadcast to what it replaces; axes of 1 in front of all others are dropped.

    Raises ValueError, with NumPy's words, where it does not fit.
    """
    if type(value) in (int, float, bool):
        return constant(np.asarray(value).astype(dtype).item(), ArrayType(shape, dtype))
    node = as_node(value, dtype)
    own = node.shape
    while len(own) > len(shape) and own[0] == 1:
        own = own[1:]
    if len(own) > len(shape) or any(a not in (1, b) for a, b in zip(own[::-1], shape[::-1], strict=False)):
        raise ValueError(words.format(node.shape, shape))
    return broadcast_to(node if own == node.shape else apply("reshape", node, shape=own), shape)
