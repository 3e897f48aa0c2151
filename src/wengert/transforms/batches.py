"""Batches: a function of one example as a function of many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from wengert.autodiff import batch
from wengert.engine.arguments import Arguments
from wengert.engine.running import finish
from wengert.errors import TraceError
from wengert.ir.types import ArrayType
from wengert.tracing.record import Leaf, leaf_of, new_inputs
from wengert.tracing.trees import flatten, unflatten


def vmap(f: Callable[..., Any], in_axes: int | Sequence[int | None] | None = 0) -> Callable[..., Any]:
    """y_n = f(x_n) for every entry n along an axis of the arguments; the results have it in front.

    `in_axes` is the axis, for all arguments or one for each; an argument with None is the same for every n.

    Raises TraceError where the arguments have no such axis, or have it of different sizes.
    """

    @wraps(f)
    def mapped(*args: Any, **kwargs: Any) -> Any:
        axes = [in_axes] * len(args) if in_axes is None or isinstance(in_axes, int) else list(in_axes)
        if len(axes) != len(args) or all(axis is None for axis in axes):
            raise TraceError(
                f"'in_axes' does not fit {len(args)} arguments.",
                f"  in_axes={in_axes}",
                "Give an axis for each argument, None for those that are the same for all; one at least has an axis.",
            )
        chosen = Arguments(f, args, kwargs, [k for k, axis in enumerate(axes) if axis is not None])
        counts = [len(flatten(args[k])[0]) for k in chosen.places]
        along = [axes[k] for k, count in zip(chosen.places, counts, strict=True) for _ in range(count)]
        rows = [_in_front(*each) for each in zip(chosen.values, along, chosen.names, strict=True)]
        size = _one_size(rows, chosen.names)
        wide = [leaf_of(row).type for row in rows]
        recorded = chosen.record([Leaf(ArrayType(type.shape[1:], type.dtype)) for type in wide])
        inputs = new_inputs(chosen.names, [Leaf(type) for type in wide])
        outputs = batch.batched(recorded.outputs, dict(zip(recorded.inputs, inputs, strict=True)), size)
        captured = [node for _, node in recorded.captured]
        given = [*rows, *(value for value, _ in recorded.captured)]
        return unflatten(recorded.spec, finish([*inputs, *captured], outputs, given))

    return mapped


def _in_front(value: Any, axis: int | None, name: str) -> Any:
    rank = leaf_of(value).type.rank
    assert axis is not None
    if not -rank <= axis < rank:
        raise TraceError(
            f"'{name}' has no axis {axis} to map over.",
            f"  {name} is {leaf_of(value).type}",
            "Give an array with that axis, or None in 'in_axes' for this argument.",
        )
    return np.moveaxis(value, axis, 0)


def _one_size(rows: Sequence[Any], names: Sequence[str]) -> int:
    sizes = {name: row.shape[0] for row, name in zip(rows, names, strict=True)}
    if len(set(sizes.values())) != 1:
        raise TraceError(
            "The arguments have different numbers of entries along the axis to map over.",
            "  " + ", ".join(f"{name}: {size}" for name, size in sizes.items()),
            "Give arrays of one size along it.",
        )
    return next(iter(sizes.values()))
