"""Leaves: inputs, constants, the position along an axis and the size of an axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from wengert.core.ir.graph import Node
from wengert.core.ir.notation import unwritten
from wengert.core.ir.op import Infer, Leaf, Op, Params, Samples, register
from wengert.core.ir.types import ArrayType
from wengert.core.ir.vocabulary import Vocabulary
from wengert.core.ops.kinds import Value
from wengert.errors import GraphError


def _typed(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    return params["type"]


def _leaf_jvp(node: Node, tangents: Sequence[Node | None]) -> Node | None:
    return None


def _leaf_vjp(node: Node, cotangent: Node) -> tuple[Node | None, ...]:
    return ()


def _leaf_batch(node: Node, inputs: Sequence[Node], batched: Sequence[bool]) -> Node:
    return node


def _leaf(leaf: Leaf, name: str, summary: str, infer: Infer, value: Value, samples: Samples) -> Op:
    rules = (infer, value, _leaf_jvp, _leaf_vjp, _leaf_batch, unwritten(name), samples)
    return register(Op(name, summary, "leaf", 0, *rules, leaf=leaf))


def _input_value(xp: Vocabulary, name: str, type: ArrayType) -> Any:
    raise GraphError(
        f"The input '{name}' has no value.", "  an input gets its value from outside", f"Give it:  {name}=…"
    )


def _nearest(value: Fraction) -> float:
    """The number of double precision that is nearest, ±∞ beyond all of them."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _constant_value(xp: Vocabulary, value: Any, type: ArrayType) -> Any:
    number = _nearest(value) if isinstance(value, Fraction) else value
    return xp.broadcast_to(xp.asarray(number, dtype=type.dtype), type.shape)


input = _leaf("input", "input", "A named input of the graph.", _typed, _input_value, lambda rng: [])


def _infer_constant(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    value, type = params["value"], params["type"]
    shape = getattr(value, "shape", ())
    if shape not in ((), type.shape):
        raise GraphError(
            f"A constant of shape {shape} does not fill the type {type}.",
            f"  constant({value!r:.60})",
            "Give a number, or an array of just that shape.",
        )
    return type


constant = _leaf(
    "constant",
    "constant",
    "A number that fills a shape, or an array.",
    _infer_constant,
    _constant_value,
    lambda rng: [
        ([], {"value": Fraction(1, 2), "type": ArrayType((2, 3))}),
        ([], {"value": np.arange(3.0), "type": ArrayType((3,))}),
    ],
)
position = _leaf(
    "position",
    "position",
    "p_i = i: the position along an axis, from 0.",
    lambda types, params: ArrayType((params["size"],), params["dtype"]),
    lambda xp, size, dtype: xp.arange(size, dtype=dtype),
    lambda rng: [([], {"size": 4, "dtype": "int64"}), ([], {"size": 0, "dtype": "float64"})],
)
size_of = _leaf(
    "size",
    "size_of",
    "The number of entries along an axis, as a real number.",
    lambda types, params: ArrayType((), params["dtype"]),
    lambda xp, size, dtype: xp.asarray(size, dtype=dtype),
    lambda rng: [([], {"size": 4, "dtype": "float64"})],
)
