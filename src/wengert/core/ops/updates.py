"""set_slice and put: an array with some entries replaced, at places known from the start or looked up.

The entries that are replaced lose their cotangent; what is put there gets it, the last one where several meet at one place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.core.ir.graph import Node, apply, constant
from wengert.core.ir.notation import unwritten
from wengert.core.ir.op import Params
from wengert.core.ir.types import ArrayType, Shape
from wengert.core.ir.vocabulary import Vocabulary
from wengert.core.ops.kinds import as_batched, batch_size, general, zeros_like
from wengert.errors import GraphError


def _same_dtype(name: str, x: ArrayType, v: ArrayType) -> None:
    if x.dtype != v.dtype or x.rank != v.rank:
        raise GraphError(
            f"'{name}' takes an array and new entries of one dtype and one number of axes.",
            f"  the array is {x}, the entries are {v}",
            "Cast and broadcast the entries first; primitives do neither.",
        )


def _zeros_where_none(node: Node, tangents: Sequence[Node | None], places: Sequence[int]) -> list[Node] | None:
    """The tangents of the inputs at these places; None where there is none at all."""
    if all(tangents[k] is None for k in places):
        return None
    filled = [zeros_like(x) if t is None else t for x, t in zip(node.inputs, tangents, strict=True)]
    return [filled[k] for k in places]


# set_slice


def _infer_set(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    (x, v), start, step = types, params["start"], params["step"]
    _same_dtype("set_slice", x, v)
    for size, part, a, c in zip(x.shape, v.shape, start, step, strict=True):
        if size == part and (a, c) == (0, 1):
            continue
        if not (isinstance(size, int) and isinstance(part, int)) or c < 1 or not 0 <= a <= size - _span(part, c):
            raise GraphError(
                f"The new entries do not lie in an axis of {size} entries.",
                f"  {part} entries from {a} on, step {c}",
                "Let 0 ≤ start and step ≥ 1, and end inside the axis; use 'flip' for the reverse order.",
            )
    return x


def _span(size: int, step: int) -> int:
    return (size - 1) * step + 1 if size else 0


def _value_set(xp: Vocabulary, x: Any, v: Any, start: Any, step: Any) -> Any:
    out = xp.array(x, dtype=xp.result_type(x, v))
    out[tuple(np.s_[a : a + _span(n, c) : c] for n, a, c in zip(v.shape, start, step, strict=True))] = v
    return out


def _jvp_set(node: Node, tangents: Sequence[Node | None]) -> Node | None:
    both = _zeros_where_none(node, tangents, (0, 1))
    return None if both is None else apply("set_slice", *both, **node.params)


def _nothing(v: Node, cotangent: Node) -> Node:
    """Zeros for new entries, of the dtype of the cotangent: of complex entries a count of where one comes from is real."""
    return constant(0, v.type.with_dtype(cotangent.type.dtype))


def _vjp_set(node: Node, cotangent: Node) -> tuple[Node | None, ...]:
    v, start, step = node.inputs[1], node.params["start"], node.params["step"]
    whole = zip(node.shape, v.shape, start, step, strict=True)
    stop = tuple(size if size == part else a + _span(part, c) for size, part, a, c in whole)  # pyright: ignore[reportArgumentType]
    rest = apply("set_slice", cotangent, _nothing(v, cotangent), **node.params)
    return rest, apply("slice", cotangent, start=start, stop=stop, step=step)


def _batch_set(node: Node, inputs: Sequence[Node], batched: Sequence[bool]) -> Node:
    size, p = batch_size(inputs, batched), node.params
    full = [as_batched(x, has, size) for x, has in zip(inputs, batched, strict=True)]
    return apply("set_slice", *full, start=(0, *p["start"]), step=(1, *p["step"]))


SETS: list[tuple[Shape, Shape, tuple[int, ...], tuple[int, ...]]] = [
    ((5,), (2,), (1,), (1,)),
    ((5,), (3,), (0,), (2,)),
    ((5,), (0,), (2,), (1,)),
    ((5,), (5,), (0,), (1,)),
    ((0,), (0,), (0,), (1,)),
    ((4, 3), (2, 3), (1, 0), (1, 1)),
    ((4, 3), (2, 2), (0, 1), (3, 1)),
    ((4, 0), (2, 0), (1, 0), (1, 1)),
    ((2, 3, 2), (1, 2, 2), (1, 0, 0), (1, 2, 1)),
    ((), (), (), ()),
]

set_slice = general(
    "set_slice",
    "x, but its entries at start + step·i along every axis are those of v.",
    infer=_infer_set,
    value=_value_set,
    jvp=_jvp_set,
    vjp=_vjp_set,
    batch=_batch_set,
    notation=unwritten("set_slice"),
    samples=lambda rng: [
        ([rng.normal(size=x), rng.normal(size=v)], {"start": start, "step": step})
        for x, v, start, step in SETS
        for _ in range(3)
    ],
    errors=(
        ((ArrayType((3,)), ArrayType((1,), "int64")), {"start": (0,), "step": (1,)}, "of one dtype"),
        ((ArrayType((3,)), ArrayType((2,))), {"start": (2,), "step": (1,)}, "do not lie in an axis of 3 entries"),
    ),
    arity=2,
    growth="mask",
)


# put


def _infer_put(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    (x, indices, v), axis, batch = types, params["axis"], params["batch"]
    _same_dtype("put", x, v)
    if indices.dtype != "int64" or indices.rank != batch + 1 or not 0 <= batch <= axis < x.rank:
        raise GraphError(
            f"'put' takes a list of int64 indices behind {batch} common axes, and an axis from there on.",
            f"  its array is {x}, the indices are {indices}, the axis is {axis}",
            "Lay the indices along one axis, and let 0 ≤ batch ≤ axis.",
        )
    wanted: tuple[Any, ...] = (*x.shape[:axis], indices.shape[batch], *x.shape[axis + 1 :])  # pyright: ignore[reportUnknownVariableType]
    if x.shape[:batch] != indices.shape[:batch] or v.shape != wanted:
        raise GraphError(
            "'put' needs one new entry an index.",
            f"  its array is {x}, the indices are {indices}, the entries are {v}",
            "Lay the axis of the indices at 'axis' of the entries, the others as in the array.",
        )
    return x


def _value_put(xp: Vocabulary, x: Any, indices: Any, v: Any, axis: int, batch: int) -> Any:
    common, before, after = x.shape[:batch], x.shape[batch:axis], x.shape[axis + 1 :]
    four = (_extent(common), _extent(before), _extent(after))
    out = xp.array(x, dtype=xp.result_type(x, v)).reshape(four[0], four[1], x.shape[axis], four[2])
    flat = xp.reshape(indices, (four[0], indices.shape[-1]))
    entries = xp.reshape(v, (four[0], four[1], indices.shape[-1], four[2]))
    xp.gather(
        xp.broadcast_to(xp.zeros((), bool), (four[0], 1, x.shape[axis], 1)), flat
    )  # an index outside is refused there
    b, m = np.arange(four[0])[:, None, None], np.arange(four[1])[None, :, None]
    out[b, m, flat[:, None, :]] = entries
    return out.reshape(x.shape)


def _extent(shape: Sequence[int]) -> int:
    total = 1
    for size in shape:
        total *= size
    return total


def _jvp_put(node: Node, tangents: Sequence[Node | None]) -> Node | None:
    both = _zeros_where_none(node, tangents, (0, 2))
    return None if both is None else apply("put", both[0], node.inputs[1], both[1], **node.params)


def _vjp_put(node: Node, cotangent: Node) -> tuple[Node | None, ...]:
    _, indices, v = node.inputs
    rest = apply("put", cotangent, indices, _nothing(v, cotangent), **node.params)
    picked = apply("gather", cotangent, indices, **node.params)
    last = _is_last(node)
    return rest, None, picked if last is None else apply("where", last, picked, _nothing(v, cotangent))


def _is_last(node: Node) -> Node | None:
    """For each new entry, whether none behind it goes to the same place; None where no two can meet."""
    x, indices, v = node.inputs
    axis, batch = node.params["axis"], node.params["batch"]
    count: Any = indices.shape[batch]
    if count == 1 or (batch == 0 and _distinct(indices)):
        return None
    place = apply("position", size=count, dtype="int64")
    numbers = apply("broadcast", place, shape=indices.shape, axes=(batch,)) if batch else place
    table = constant(0, ArrayType((*indices.shape[:batch], x.shape[axis]), "int64"))
    held = apply("put", table, indices, numbers, axis=batch, batch=batch)
    last = apply("equal", apply("gather", held, indices, axis=batch, batch=batch), numbers)
    return apply("broadcast", last, shape=v.shape, axes=(*range(batch), axis)) if v.type.rank > batch + 1 else last


def _distinct(indices: Node) -> bool:
    """Whether the indices are known, and no two are equal."""
    if indices.op.leaf != "constant":
        return False
    value = np.asarray(indices.params["value"])
    return value.ndim == 1 and np.unique(value).size == value.size


def _batch_put(node: Node, inputs: Sequence[Node], batched: Sequence[bool]) -> Node:
    """Indices that are the same for all stay; else they get the new axis, as one more common axis."""
    size, axis, batch = batch_size(inputs, batched), node.params["axis"] + 1, node.params["batch"]
    x, indices, v = (as_batched(each, has, size) for each, has in zip(inputs, batched, strict=True))
    if not batched[1] and batch == 0:
        return apply("put", x, inputs[1], v, axis=axis, batch=0)
    return apply("put", x, indices, v, axis=axis, batch=batch + 1)


PUTS: list[tuple[Shape, int, int, int]] = [
    ((4,), 3, 0, 0),
    ((4,), 6, 0, 0),
    ((4,), 1, 0, 0),
    ((4, 2), 3, 0, 0),
    ((2, 4), 3, 1, 0),
    ((2, 4), 5, 1, 1),
    ((2, 3, 4), 5, 2, 1),
    ((2, 4, 3), 2, 1, 1),
    ((4, 0), 3, 0, 0),
    ((4, 2), 0, 0, 0),
]


def _samples_put(rng: Any) -> list[tuple[list[Any], dict[str, Any]]]:
    samples: list[tuple[list[Any], dict[str, Any]]] = []
    for shape, count, axis, batch in PUTS * 3:
        size: Any = shape[axis]
        indices = rng.integers(0, size, size=(*shape[:batch], count))
        entries = rng.normal(size=(*shape[:axis], count, *shape[axis + 1 :]))
        samples.append(([rng.normal(size=shape), indices, entries], {"axis": axis, "batch": batch}))
    return samples


put = general(
    "put",
    "x, but its entries at `indices` along `axis` are those of v, the last where an index stands twice; the first `batch` axes run together.",
    infer=_infer_put,
    value=_value_put,
    jvp=_jvp_put,
    vjp=_vjp_put,
    batch=_batch_put,
    notation=unwritten("put"),
    samples=_samples_put,
    errors=(
        ((ArrayType((3,)), ArrayType((2,)), ArrayType((2,))), {"axis": 0, "batch": 0}, "int64 indices"),
        (
            (ArrayType((3,)), ArrayType((2,), "int64"), ArrayType((3,))),
            {"axis": 0, "batch": 0},
            "one new entry an index",
        ),
        ((ArrayType((3,)), ArrayType((2,), "int64"), ArrayType((2,), "bool")), {"axis": 0, "batch": 0}, "of one dtype"),
    ),
    arity=3,
    growth="mask",
)
