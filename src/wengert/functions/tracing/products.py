"""Products of nodes as NumPy defines them: matmul over batches, dot, tensordot and einsum's letters, all of them `einsum`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from wengert.core.ir.graph import Node, apply, constant
from wengert.core.ir.types import ArrayType
from wengert.functions.tracing.operands import broadcast_to

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""The letters of subscripts; the module `string` compiles a pattern when it is imported."""


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


def letters(operands: Sequence[Any]) -> tuple[str, list[Any]]:
    """numpy.einsum's arguments as letters and arrays: its lists of axis numbers become letters.

    Raises ValueError where there are no arrays, TypeError where a list holds what is no axis number.
    """
    if len(operands) == 0:
        raise ValueError("No input operands")
    if isinstance(operands[0], str):
        return operands[0], list(operands[1:])
    count = len(operands) // 2
    lists = [*operands[1::2], operands[-1]] if len(operands) % 2 else list(operands[1::2])
    numbers = sorted({k for axes in lists for k in axes if k is not Ellipsis})
    if len(numbers) > len(_LETTERS):
        raise ValueError("einsum: too many axis numbers")
    name = dict(zip(numbers, _LETTERS, strict=False))
    parts = ["".join("..." if k is Ellipsis else name[k] for k in axes) for axes in lists]
    subscripts = ",".join(parts[:count])
    return (f"{subscripts}->{parts[count]}" if len(operands) % 2 else subscripts), list(operands[: 2 * count : 2])


def einsum(subscripts: str, nodes: Sequence[Node]) -> Node:
    """numpy.einsum by letters: an arrow or the letters that stand once, an ellipsis for axes that broadcast.

    Raises ValueError, with NumPy's words, where the letters do not fit the inputs.
    """
    left, arrow, right = subscripts.replace(" ", "").partition("->")
    parts = left.split(",")
    if len(parts) != len(nodes):
        raise ValueError("einsum: the number of subscripts is not that of the operands")
    named = [_labels(part, node) for part, node in zip(parts, nodes, strict=True)]
    wide = max((sum(isinstance(q, int) for q in labels) for labels in named), default=0)
    between: list[str | int] = list(range(-wide, 0))
    if not arrow:
        right = "".join(sorted(q for q in set(left) if q.isalpha() and left.count(q) == 1))
        output = [*between, *right]
    else:
        before, dots, after = right.partition("...")
        output = [*before, *(between if dots else []), *after]
    if len(set(output)) != len(output):
        raise ValueError(f"einstein sum subscripts string includes output subscript '{right}' multiple times")
    sizes: dict[str | int, Any] = {}
    for labels, node in zip(named, nodes, strict=True):
        for q, n in zip(labels, node.shape, strict=True):
            if sizes.get(q, 1) == 1:
                sizes[q] = n
    if unknown := [q for q in output if q not in sizes]:
        raise ValueError(
            f"einstein sum subscripts string included output subscript '{unknown[0]}' which never appeared"
        )
    number = {q: k for k, q in enumerate(sizes)}
    inputs: list[tuple[int, ...]] = []
    operands: list[Node] = []
    for labels, node in zip(named, nodes, strict=True):
        own, kept = _without_spread(labels, node, sizes)
        operands.append(own)
        inputs.append(tuple(number[q] for q in kept))
    known = {k for labels in inputs for k in labels}
    lone = [q for q in sizes if number[q] not in known]  # every operand spreads it
    if lone:
        operands.append(constant(1, ArrayType(tuple(sizes[q] for q in lone), nodes[0].type.dtype)))
        inputs.append(tuple(number[q] for q in lone))
    return apply("einsum", *operands, inputs=tuple(inputs), output=tuple(number[q] for q in output))


def _labels(part: str, node: Node) -> list[str | int]:
    """A label for each axis: a letter, or a number below 0, counted from the last axis of an ellipsis."""
    before, dots, after = part.partition("...")
    between = node.type.rank - len(before) - len(after)
    named = before + after
    if between < 0 or (between and not dots) or (named and not named.isalpha()):
        raise ValueError(
            f"einstein sum subscripts string '{part}' does not name every axis of an operand of shape {node.shape}"
        )
    return [*before, *range(-between, 0), *after]


def _without_spread(
    labels: Sequence[str | int], node: Node, sizes: Mapping[str | int, Any]
) -> tuple[Node, list[str | int]]:
    """An operand without the axes of one entry that NumPy spreads over a longer axis of another.

    Raises ValueError, with NumPy's words, where sizes do not fit.
    """
    kept = list[str | int]()
    shape = list[Any]()
    for q, n in zip(labels, node.shape, strict=True):
        if n == sizes[q]:
            kept.append(q)
            shape.append(n)
        elif n != 1:
            raise ValueError(f"operand has a mismatch in its core dimension: {n} and {sizes[q]} entries share a letter")
    return (node if len(kept) == len(labels) else apply("reshape", node, shape=tuple(shape))), kept
