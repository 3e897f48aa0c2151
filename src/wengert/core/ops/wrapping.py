"""Whole numbers of fewer than 64 bits: a graph has int64, and what NumPy keeps narrower goes round where NumPy's does."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.core.ir.graph import Node, apply
from wengert.core.ir.notation import unwritten
from wengert.core.ir.op import Op, Params, register
from wengert.core.ir.types import ArrayType
from wengert.core.ir.vocabulary import Vocabulary
from wengert.core.ops.kinds import SHAPES, batch_elementwise
from wengert.errors import GraphError

NARROW = ("int8", "int16", "int32", "uint8", "uint16", "uint32")
"""The dtypes of NumPy whose numbers an int64 holds, narrower than that."""


def _infer(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    if types[0].dtype != "int64":
        raise GraphError(
            f"'wrap' takes whole numbers, not {types[0].dtype}.",
            f"  its input is {types[0]}",
            "Cast the input first:  cast(x, dtype='int64')",
        )
    if params["dtype"] not in NARROW:
        raise GraphError(
            f"There are no whole numbers of dtype '{params['dtype']}' to wrap to.",
            f"  the dtypes are {', '.join(NARROW)}",
            "Write one of these.",
        )
    return types[0]


def _value(xp: Vocabulary, x: Any, dtype: str) -> Any:
    return xp.wrap(x, dtype)


def wrapped(x: Node, dtype: str) -> Node:
    """The node wrapped; the node itself where it is so already."""
    return x if x.op.name == "wrap" and x.params["dtype"] == dtype else apply("wrap", x, dtype=dtype)


def _samples(rng: Any) -> list[tuple[list[Any], dict[str, Any]]]:
    """Numbers inside and outside of the range."""
    return [
        ([rng.integers(-(2 ** (8 * np.dtype(name).itemsize + 2)), 2**40, size=shape)], {"dtype": name})
        for shape in SHAPES
        for name in NARROW
    ]


wrap = register(
    Op(
        "wrap",
        "The number of a narrower dtype with the same last bits, as int64: x + k 2ᵇ in its range.",
        "elementwise",
        1,
        _infer,
        _value,
        lambda node, tangents: None,
        lambda node, cotangent: (None,),
        batch_elementwise,
        unwritten("wrap"),
        _samples,
        (
            ((ArrayType((2,)),), {"dtype": "int8"}, "takes whole numbers"),
            ((ArrayType((2,), "int64"),), {"dtype": "int64"}, "to wrap to"),
        ),
        smooth=False,
    )
)
