"""gather and scatter_add: entries picked by an array of indices, and their adjoint, which adds them back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wengert.core.ir.graph import Node, apply
from wengert.core.ir.notation import unwritten
from wengert.core.ir.op import Params
from wengert.core.ir.types import ArrayType, Shape
from wengert.core.ir.vocabulary import Vocabulary
from wengert.core.ops.kinds import as_batched, batch_size, general
from wengert.errors import GraphError


def _check(name: str, x: ArrayType, indices: ArrayType, axis: int, batch: int) -> None:
    if indices.dtype != "int64":
        raise GraphError(
            f"'{name}' takes indices of dtype int64, not {indices.dtype}.",
            f"  its inputs are {x} and {indices}",
            "Cast the indices:  cast(k, dtype='int64')",
        )
    if not (0 <= batch <= axis <= x.rank and batch <= indices.rank):
        raise GraphError(
            f"'{name}' along axis {axis} with {batch} common axes does not fit its inputs.",
            f"  its inputs are {x} and the indices {indices}",
            "Let 0 ≤ batch ≤ axis, and give the indices the common axes too.",
        )
    if x.shape[:batch] != indices.shape[:batch]:
        raise GraphError(
            f"'{name}' needs the first {batch} axes of its inputs to be equal.",
            f"  its inputs are {x} and the indices {indices}",
            "Broadcast the indices over the common axes first.",
        )


def _infer_gather(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    (x, indices), axis, batch = types, params["axis"], params["batch"]
    _check("gather", x, indices, axis, batch)
    if axis >= x.rank:
        raise GraphError(
            f"'gather' needs an axis from 0 to {x.rank - 1}, not {axis}.", f"  its input is {x}", "Count axes from 0."
        )
    return x.with_shape((*x.shape[:axis], *indices.shape[batch:], *x.shape[axis + 1 :]))


def _infer_scatter(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    (updates, indices), axis, batch = types, params["axis"], params["batch"]
    _check("scatter_add", updates, indices, axis, batch)
    picked = indices.shape[batch:]
    after = axis + len(picked)
    if updates.shape[axis:after] != picked:
        raise GraphError(
            "'scatter_add' needs one update an index.",
            f"  the updates {updates} do not have the axes of the indices {indices} at axis {axis}",
            "Lay the axes of the indices at 'axis' of the updates.",
        )
    return updates.with_shape((*updates.shape[:axis], params["size"], *updates.shape[after:]))


def _extent(shape: Sequence[int]) -> int:
    total = 1
    for size in shape:
        total *= size
    return total


def _value_gather(xp: Vocabulary, x: Any, indices: Any, axis: int, batch: int) -> Any:
    before, after = x.shape[:axis], x.shape[axis + 1 :]
    four = (_extent(before[:batch]), _extent(before[batch:]), x.shape[axis], _extent(after))
    flat = xp.reshape(indices, (four[0], _extent(indices.shape[batch:])))
    return xp.reshape(xp.gather(xp.reshape(x, four), flat), (*before, *indices.shape[batch:], *after))


def _value_scatter(xp: Vocabulary, updates: Any, indices: Any, axis: int, batch: int, size: int) -> Any:
    picked = indices.shape[batch:]
    before, after = updates.shape[:axis], updates.shape[axis + len(picked) :]
    four = (_extent(before[:batch]), _extent(before[batch:]), _extent(picked), _extent(after))
    flat = xp.reshape(indices, (four[0], four[2]))
    return xp.reshape(xp.scatter_add(xp.reshape(updates, four), flat, size), (*before, size, *after))


def _again(node: Node, signal: Node) -> Node:
    return apply(node.op, signal, node.inputs[1], **node.params)


def _jvp(node: Node, tangents: Sequence[Node | None]) -> Node | None:
    return None if tangents[0] is None else _again(node, tangents[0])


def _vjp_gather(node: Node, cotangent: Node) -> tuple[Node | None, ...]:
    axis = node.params["axis"]
    return apply("scatter_add", cotangent, node.inputs[1], **node.params, size=node.inputs[0].shape[axis]), None


def _vjp_scatter(node: Node, cotangent: Node) -> tuple[Node | None, ...]:
    axis, batch = node.params["axis"], node.params["batch"]
    return apply("gather", cotangent, node.inputs[1], axis=axis, batch=batch), None


def _batch(node: Node, inputs: Sequence[Node], batched: Sequence[bool]) -> Node:
    """Only x has the new axis: it is one more axis before `axis`. Else both get it, as one more common axis."""
    x, indices = inputs
    params = {**node.params, "axis": node.params["axis"] + 1}
    if batched[0] and not batched[1] and node.params["batch"] == 0:
        return apply(node.op, x, indices, **params)
    size = batch_size(inputs, batched)
    full = [as_batched(each, has, size) for each, has in zip(inputs, batched, strict=True)]
    return apply(node.op, *full, **{**params, "batch": node.params["batch"] + 1})


CASES: list[tuple[Shape, Shape, int, int]] = [
    ((4,), (3,), 0, 0),
    ((4,), (), 0, 0),
    ((4, 2), (3,), 0, 0),
    ((2, 4), (3,), 1, 0),
    ((2, 4), (2,), 1, 1),
    ((2, 4), (2, 3), 1, 1),
    ((2, 3, 4), (2, 5), 2, 1),
    ((2, 4, 3), (2, 2), 1, 1),
    ((4, 0), (3,), 0, 0),
    ((4, 2), (0,), 0, 0),
    ((4, 2), (2, 3), 0, 0),
]


def _samples_gather(rng: Any) -> list[tuple[list[Any], dict[str, Any]]]:
    return [
        ([rng.normal(size=x), rng.integers(0, x[axis], size=indices)], {"axis": axis, "batch": batch})
        for x, indices, axis, batch in CASES
        for _ in range(3)
    ]


def _samples_scatter(rng: Any) -> list[tuple[list[Any], dict[str, Any]]]:
    samples: list[tuple[list[Any], dict[str, Any]]] = []
    for x, indices, axis, batch in CASES * 3:
        size: Any = x[axis]
        updates = rng.normal(size=(*x[:axis], *indices[batch:], *x[axis + 1 :]))
        samples.append(([updates, rng.integers(0, size, size=indices)], {"axis": axis, "batch": batch, "size": size}))
    return samples


gather = general(
    "gather",
    "y with the entries of x at `indices` along `axis`; the first `batch` axes of both run together.",
    infer=_infer_gather,
    value=_value_gather,
    jvp=_jvp,
    vjp=_vjp_gather,
    batch=_batch,
    notation=unwritten("gather"),
    samples=_samples_gather,
    errors=(
        ((ArrayType((3,)), ArrayType((2,))), {"axis": 0, "batch": 0}, "dtype int64"),
        ((ArrayType((3,)), ArrayType((2,), "int64")), {"axis": 0, "batch": 1}, "does not fit"),
        ((ArrayType((3, 4)), ArrayType((2,), "int64")), {"axis": 1, "batch": 1}, "to be equal"),
    ),
    arity=2,
    growth="mask",
    moves="look-up",
)
scatter_add = general(
    "scatter_add",
    "y_n = Σ of the updates whose index is n, along an axis of `size` entries.",
    infer=_infer_scatter,
    value=_value_scatter,
    jvp=_jvp,
    vjp=_vjp_scatter,
    batch=_batch,
    notation=unwritten("scatter_add"),
    samples=_samples_scatter,
    errors=(
        ((ArrayType((3,)), ArrayType((2,))), {"axis": 0, "batch": 0, "size": 4}, "dtype int64"),
        ((ArrayType((3,)), ArrayType((2,), "int64")), {"axis": 0, "batch": 0, "size": 4}, "one update an index"),
    ),
    arity=2,
    growth="mask",
)
