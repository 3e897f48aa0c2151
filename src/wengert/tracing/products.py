"""Products of nodes as NumPy defines them: matmul over batches, dot, tensordot and einsum's letters, all of them `einsum`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from wengert.ir.graph import Node, apply
from wengert.tracing.operands import broadcast_to


def matmul(x: Node, y: Node) -> Node:
    """X Y over the last axis of x and the last but one of y, batch axes broadcast; a vector has no batch.

    Raises ValueError, with NumPy's words, where the sizes do not fit.
    """
    if not x.type.rank or not y.type.rank:
        raise ValueError("matmul: Input operand does not have enough dimensions")
    if x.shape[-1] != y.shape[max(0, y.type.rank - 2)]:
        raise ValueError(f"matmul: Input operands have a mismatch in their core dimensions: {x.shape} and {y.shape}")
    left, right = x.shape[:-2], y.shape[:-2]
    batch = np.broadcast_shapes(left, right)  # pyright: ignore[reportArgumentType]
    x = _with_batch(x, batch, left)
    y = _with_batch(y, batch, right)
    many = len(batch)
    first = (*range(x.type.rank - min(x.type.rank, 2)), *([many] if x.type.rank > 1 else []), many + 1)
    second = (*range(y.type.rank - min(y.type.rank, 2)), many + 1, *([many + 2] if y.type.rank > 1 else []))
    output = (*range(many), *([many] if x.type.rank > 1 else []), *([many + 2] if y.type.rank > 1 else []))
    return apply("einsum", x, y, inputs=(first, second), output=output)


def _with_batch(x: Node, batch: Sequence[int], own: Sequence[object]) -> Node:
    """The batch axes in full, where there are some on this side; none where the other side alone has them."""
    return broadcast_to(x, (*batch, *x.shape[-2:])) if own else x  # pyright: ignore[reportArgumentType]


def dot(x: Node, y: Node) -> Node:
    """numpy.dot: over the last axis of x and the last but one of y, all other axes side by side.

    Raises ValueError, with NumPy's words, where the sizes do not fit.
    """
    if not x.type.rank or not y.type.rank:
        wide = x if x.type.rank else y
        number = y if x.type.rank else x
        return wide * (apply("broadcast", number, shape=wide.shape, axes=()) if wide.type.rank else number)
    return tensordot(x, y, [x.type.rank - 1], [max(0, y.type.rank - 2)])


def tensordot(x: Node, y: Node, left: Sequence[int], right: Sequence[int]) -> Node:
    """Σ over axes of x and axes of y that run together, the other axes of x and then those of y side by side.

    Raises ValueError, with NumPy's words, where the sizes do not fit.
    """
    if [x.shape[k] for k in left] != [y.shape[k] for k in right]:
        raise ValueError(f"shape-mismatch for sum: {x.shape} over {tuple(left)} and {y.shape} over {tuple(right)}")
    first = tuple(range(x.type.rank))
    pairs = dict(zip(right, left, strict=True))
    second = tuple(pairs.get(k, x.type.rank + k) for k in range(y.type.rank))
    output = tuple(k for k in first if k not in left) + tuple(
        x.type.rank + k for k in range(y.type.rank) if k not in pairs
    )
    return apply("einsum", x, y, inputs=(first, second), output=output)


def einsum(subscripts: str, nodes: Sequence[Node]) -> Node:
    """numpy.einsum for letters with or without an arrow.

    Raises ValueError where the letters do not fit the inputs.
    """
    left, arrow, right = subscripts.replace(" ", "").partition("->")
    parts = left.split(",")
    if (
        "." in subscripts
        or len(parts) != len(nodes)
        or any(len(p) != n.type.rank for p, n in zip(parts, nodes, strict=False))
    ):
        raise ValueError(f"einsum: the subscripts '{subscripts}' do not name every axis of the operands")
    if not arrow:
        right = "".join(sorted(q for q in set(left) - {","} if left.count(q) == 1))
    number = {q: k for k, q in enumerate(dict.fromkeys("".join(parts)))}
    labels = tuple(tuple(number[q] for q in part) for part in parts)
    return apply("einsum", *nodes, inputs=labels, output=tuple(number[q] for q in right))
