"""Places instead of values: the order that sorts, the place of the largest entry, where a value fits in. None has a derivative.

What is moved to those places is moved by `gather`, which has one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.core.ir.graph import Node, apply
from wengert.core.ir.notation import unwritten
from wengert.core.ir.op import Infer, Op, Params
from wengert.core.ir.types import ArrayType
from wengert.core.ir.vocabulary import Vocabulary
from wengert.core.ops.kinds import ErrorCases, Value, as_batched, batch_size, check_dtype, general
from wengert.core.ops.structural import check_axes
from wengert.errors import GraphError

CASES: list[tuple[tuple[int, ...], int]] = [
    ((4,), 0),
    ((1,), 0),
    ((3, 2), 0),
    ((3, 2), 1),
    ((0, 2), 1),
    ((2, 3, 2), 1),
]


def _infer(name: str, keep: bool) -> Infer:
    def infer(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
        (x,), axis = types, params["axis"]
        check_axes(name, (axis,), x.rank)
        if x.dtype != "bool":
            check_dtype(name, x, "number")
        shape = x.shape if keep else (*x.shape[:axis], *x.shape[axis + 1 :])
        return ArrayType(shape, "int64")

    return infer


def _batch(node: Node, inputs: Sequence[Node], batched: Sequence[bool]) -> Node:
    return apply(node.op, inputs[0], **{**node.params, "axis": node.params["axis"] + 1})


def _places(name: str, summary: str, value: Value, params: Sequence[dict[str, Any]], keep: bool = True) -> Op:
    """An op of one input that gives places along an axis."""

    def samples(rng: Any) -> list[tuple[list[Any], dict[str, Any]]]:
        return [
            ([rng.normal(size=shape)], {"axis": axis, **chosen})
            for shape, axis in CASES
            for chosen in params
            for _ in range(5)
        ]

    errors: ErrorCases = (((ArrayType((3,)),), {"axis": 1, **params[0]}, "distinct axes"),)
    return general(
        name,
        summary,
        infer=_infer(name, keep),
        value=value,
        jvp=lambda node, tangents: None,
        vjp=lambda node, cotangent: (None,),
        batch=_batch,
        notation=unwritten(name),
        samples=samples,
        errors=errors,
        smooth=False,
    )


argsort = _places(
    "argsort",
    "The order in which the entries along `axis` increase, by NumPy's algorithm `order`.",
    lambda xp, x, axis, order: xp.argsort(xp.real(x), axis=axis, kind=order),
    [{"order": None}, {"order": "stable"}],
)
argpartition = _places(
    "argpartition",
    "An order along `axis` that puts the entries `places` where sorting would, with smaller ones before them.",
    lambda xp, x, axis, places: xp.argpartition(xp.real(x), list(places), axis=axis),
    [{"places": (0,)}],
)
argmax = _places(
    "argmax",
    "The place of the largest entry along `axis`, the first of several.",
    lambda xp, x, axis: xp.asarray(xp.argmax(xp.real(x), axis=axis)),
    [{}],
    keep=False,
)
argmin = _places(
    "argmin",
    "The place of the smallest entry along `axis`, the first of several.",
    lambda xp, x, axis: xp.asarray(xp.argmin(xp.real(x), axis=axis)),
    [{}],
    keep=False,
)


# ---------------------------------------------------------------- lexsort: keys along the first of two axes


def _infer_lexsort(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    (x,), keys, axis = types, params["keys"], params["axis"]
    check_axes("lexsort", (keys, axis), x.rank)
    return ArrayType((*x.shape[:keys], *x.shape[keys + 1 :]), "int64")


def _value_lexsort(xp: Vocabulary, x: Any, keys: int, axis: int) -> Any:
    return xp.lexsort(xp.moveaxis(xp.real(x), keys, 0), axis=axis - (axis > keys))


lexsort = general(
    "lexsort",
    "The order along `axis` by several keys, which lie along the axis `keys`, the last of them first.",
    infer=_infer_lexsort,
    value=_value_lexsort,
    jvp=lambda node, tangents: None,
    vjp=lambda node, cotangent: (None,),
    batch=lambda node, inputs, batched: apply(
        "lexsort", inputs[0], keys=node.params["keys"] + 1, axis=node.params["axis"] + 1
    ),
    notation=unwritten("lexsort"),
    samples=lambda rng: [
        ([rng.integers(0, 3, size=shape).astype(float)], {"keys": keys, "axis": axis})
        for shape, keys, axis in [((2, 4), 0, 1), ((3, 2), 1, 0), ((2, 0), 0, 1), ((2, 3, 2), 0, 2)]
        for _ in range(8)
    ],
    errors=(((ArrayType((3, 2)),), {"keys": 0, "axis": 0}, "distinct axes"),),
    smooth=False,
)


# ---------------------------------------------------------------- searchsorted


def _infer_search(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    (row, wanted), batch = types, params["batch"]
    if row.rank != batch + 1 or row.shape[:batch] != wanted.shape[:batch] or row.dtype != wanted.dtype:
        raise GraphError(
            "'searchsorted' takes a row of entries and values of the same dtype.",
            f"  its inputs are {row} and {wanted}, with {batch} common axes",
            "Give an array with one axis that is not common, and cast the values.",
        )
    return wanted.with_dtype("int64")


def _value_search(xp: Vocabulary, row: Any, wanted: Any, batch: int, side: str) -> Any:
    row, wanted = xp.real(row), xp.real(wanted)
    if batch == 0:
        return xp.asarray(xp.searchsorted(row, wanted, side=side))
    out = np.empty(wanted.shape, np.int64)
    for place in np.ndindex(wanted.shape[:batch]):
        out[place] = xp.searchsorted(row[place], wanted[place], side=side)
    return out


def _batch_search(node: Node, inputs: Sequence[Node], batched: Sequence[bool]) -> Node:
    size = batch_size(inputs, batched)
    full = [as_batched(x, has, size) for x, has in zip(inputs, batched, strict=True)]
    return apply("searchsorted", *full, **{**node.params, "batch": node.params["batch"] + 1})


searchsorted = general(
    "searchsorted",
    "The places where values fit into a row that increases; the first `batch` axes of both run together.",
    infer=_infer_search,
    value=_value_search,
    jvp=lambda node, tangents: None,
    vjp=lambda node, cotangent: (None, None),
    batch=_batch_search,
    notation=unwritten("searchsorted"),
    samples=lambda rng: [
        ([np.sort(rng.normal(size=row)), rng.normal(size=wanted)], {"batch": batch, "side": side})
        for row, wanted, batch in [((4,), (3,), 0), ((4,), (), 0), ((0,), (2,), 0), ((2, 3), (2, 2), 1)]
        for side in ("left", "right")
        for _ in range(5)
    ],
    errors=(
        ((ArrayType((2, 3)), ArrayType((3,))), {"batch": 0, "side": "left"}, "a row of entries"),
        ((ArrayType((3,)), ArrayType((3,), "int64")), {"batch": 0, "side": "left"}, "of the same dtype"),
    ),
    arity=2,
    smooth=False,
)
