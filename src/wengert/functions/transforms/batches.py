"""Batches: a function of one example as a function of many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, ParamSpec

import numpy as np

from wengert.core.autodiff import batch
from wengert.core.ir.graph import Node, apply
from wengert.core.ir.types import ArrayType
from wengert.core.ir.walk import substitute
from wengert.core.ops.kinds import as_batched
from wengert.errors import TraceError
from wengert.functions.run.arguments import Arguments
from wengert.functions.run.running import finish
from wengert.functions.tracing.narrow import restored
from wengert.functions.tracing.record import Leaf, leaf_of, new_inputs
from wengert.functions.tracing.statics import Statics
from wengert.functions.tracing.statics import places_of as statics
from wengert.functions.tracing.trees import flatten, unflatten

P = ParamSpec("P")
Axes = Any
"""An axis, None, or a container of them."""


def vmap(
    f: Callable[P, Any], in_axes: Axes = 0, out_axes: Axes = 0, axis_size: int | None = None, *, static: Statics = ()
) -> Callable[P, Any]:
    """y_n = f(x_n) for every entry n along an axis of the arguments; the results have it in front, or as `out_axes` says.

    `in_axes` is the axis, for all arguments or one for each; of an argument that is a container, one for the whole or a
    container of them. What has None is the same for every n, as are keyword arguments. `out_axes` is the same of the result.
    `axis_size` is the number of entries, for calls in which no argument has the axis. `static` names parameters, or counts them, that
    are the same for every n and taken as they are: sizes, modes, functions.

    Raises TraceError where an axis is no whole number, where the arguments have no such axis, or have it of different sizes.
    """
    in_axes, out_axes = _checked(in_axes, "in_axes"), _checked(out_axes, "out_axes")
    if axis_size is not None and (not _is_whole(axis_size) or axis_size < 0):
        raise TraceError(
            "The size of an axis is a whole number that is not negative.",
            f"  axis_size={axis_size!r:.60}",
            "Give the number of entries, or leave it out.",
        )

    fixed = set(statics(f, static).values())

    @wraps(f)
    def mapped(*args: P.args, **kwargs: P.kwargs) -> Any:
        axes = [None if k in fixed else axis for k, axis in enumerate(_given_axes(args, in_axes))]
        along = [_spread(axis, arg, "in_axes") for axis, arg in zip(axes, args, strict=True)]
        places = [k for k, each in enumerate(along) if any(axis is not None for axis in each)]
        if not places and axis_size is None:
            raise TraceError(
                f"'in_axes' does not fit {len(args)} arguments: none of them has an axis.",
                f"  in_axes={in_axes}",
                "Give an axis for each argument, None for those that are the same for all; or an 'axis_size'.",
            )
        chosen = Arguments(f, args, kwargs, places)
        leaf_axes = [axis for k in places for axis in along[k]]
        rows = [_in_front(*each) for each in zip(chosen.values, leaf_axes, chosen.names, strict=True)]
        size = _one_size(rows, leaf_axes, chosen.names, axis_size)
        return _run(chosen, rows, leaf_axes, size, out_axes)

    return mapped


def _run(chosen: Arguments, rows: list[Any], axes: list[int | None], size: int, out_axes: Axes) -> Any:
    """The function over the batch: the nodes of one entry, each widened."""
    leaves = [leaf_of(row) for row in rows]
    narrow = [leaf if axis is None else _one_entry(leaf) for leaf, axis in zip(leaves, axes, strict=True)]
    recorded = chosen.record(narrow, known=False)
    inputs = new_inputs(chosen.names, leaves)
    wide = {x: y for x, y, axis in zip(recorded.inputs, inputs, axes, strict=True) if axis is not None}
    fixed = {x: y for x, y, axis in zip(recorded.inputs, inputs, axes, strict=True) if axis is None}
    outputs, has = batch.spread(substitute(recorded.outputs, fixed), wide)
    places = _spread(out_axes, unflatten(recorded.spec, outputs), "out_axes")
    results = [_laid(*each, size) for each in zip(outputs, has, places, strict=True)]
    captured = [node for _, node in recorded.captured]
    given = [*rows, *(value for value, _ in recorded.captured)]
    found = finish([*inputs, *captured], results, given)
    return unflatten(recorded.spec, [restored(x, width) for x, width in zip(found, recorded.widths, strict=True)])


def _one_entry(leaf: Leaf) -> Leaf:
    return Leaf(ArrayType(leaf.type.shape[1:], leaf.type.dtype), False, leaf.width)


def _laid(node: Node, has: bool, axis: int | None, size: int) -> Node:
    """A result with the axis of the batch where it is wanted.

    Raises TraceError where it is wanted nowhere and differs from entry to entry.
    """
    if axis is None:
        if has:
            raise TraceError(
                "A result with None in 'out_axes' differs from entry to entry.",
                f"  it is {node.type} for {size} entries",
                "Give an axis for it.",
            )
        return node
    node = as_batched(node, has, size)
    rank = node.type.rank
    if not -rank <= axis < rank:
        raise TraceError(
            f"A result with {rank} axes has none at {axis}.",
            f"  out_axes has {axis}; the result is {node.type}",
            f"Give an axis from {-rank} to {rank - 1}.",
        )
    others = list(range(1, rank))
    others.insert(axis % rank, 0)
    return node if others == list(range(rank)) else apply("transpose", node, axes=tuple(others))


def _is_whole(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _checked(axes: Axes, name: str) -> Axes:
    """The axes as Python's whole numbers, in their containers.

    Raises TraceError where one is neither a whole number nor None.
    """
    import optree

    flatten(axes)  # which enters dataclasses as containers
    leaves, spec = optree.tree_flatten(axes, none_is_leaf=True, namespace="wengert")
    for axis in leaves:
        if axis is not None and not _is_whole(axis):
            raise TraceError(
                f"An axis is a whole number or None, and '{name}' has a value of type {type(axis).__name__}.",
                f"  {name}={axes!r:.60}",
                f"Count the axes from 0:  {name}=0",
            )
    return optree.tree_unflatten(spec, [None if axis is None else int(axis) for axis in leaves])


def _given_axes(args: tuple[Any, ...], in_axes: Axes) -> list[Axes]:
    """What `in_axes` says of each argument.

    Raises TraceError.
    """
    if in_axes is None or isinstance(in_axes, int):
        return [in_axes] * len(args)
    if not isinstance(in_axes, tuple | list) or len(in_axes) != len(args):  # pyright: ignore[reportUnknownArgumentType]
        raise TraceError(
            f"'in_axes' does not fit {len(args)} arguments.",
            f"  in_axes={in_axes}",
            "Give an axis for each argument, None for those that are the same for all.",
        )
    return list(in_axes)  # pyright: ignore[reportUnknownArgumentType]


def _spread(axes: Axes, tree: Any, name: str) -> list[int | None]:
    """An axis for every leaf of a container, where an axis stands for a whole container.

    Raises TraceError where the two do not fit.
    """
    import optree

    leaves, _ = flatten(tree)
    if axes is None or isinstance(axes, int):
        return [axes] * len(leaves)
    found: list[int | None] = []

    def extend(axis: Any, part: Any) -> None:
        found.extend([axis] * len(flatten(part)[0]))

    try:
        optree.tree_map_(
            extend,
            axes,
            tree,
            none_is_leaf=True,
            namespace="wengert",
        )
    except ValueError as error:
        raise TraceError(
            f"'{name}' does not have the form of what it speaks of.",
            f"  {name} has {axes!r} for {len(leaves)} arrays",
            "Give an axis, or a container of axes of the same form.",
        ) from error
    return found


def _in_front(value: Any, axis: int | None, name: str) -> Any:
    if axis is None:
        return value
    rank = leaf_of(value).type.rank
    if not -rank <= axis < rank:
        raise TraceError(
            f"'{name}' has no axis {axis} to map over.",
            f"  {name} is {leaf_of(value).type}",
            "Give an array with that axis, or None in 'in_axes' for this argument.",
        )
    return np.moveaxis(value, axis, 0)


def _one_size(rows: Sequence[Any], axes: Sequence[int | None], names: Sequence[str], given: int | None) -> int:
    sizes = {name: row.shape[0] for row, axis, name in zip(rows, axes, names, strict=True) if axis is not None}
    if given is not None:
        sizes["axis_size"] = given
    if len(set(sizes.values())) != 1:
        raise TraceError(
            "The arguments have different numbers of entries along the axis to map over.",
            "  " + ", ".join(f"{name}: {size}" for name, size in sizes.items()),
            "Give arrays of one size along it.",
        )
    return next(iter(sizes.values()))
