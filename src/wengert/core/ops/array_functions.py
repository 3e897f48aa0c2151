"""Ops as functions of arrays, `wg.ops.log_cosh(x)`: of NumPy's arrays at once, of traced values by NumPy's own protocol."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from wengert.core.ir.graph import Graph, apply, input_node
from wengert.core.ir.op import OPS, Op
from wengert.core.ir.types import ArrayType
from wengert.core.ops.evaluate import evaluate
from wengert.errors import GraphError

KINDS = ("elementwise", "structural", "product", "general")
"""The kinds of ops that are functions of arrays; the others hold graphs, or are no computation."""


class ArrayFunction:
    """An op of the table as a function of arrays; the op's parameters are keywords."""

    def __init__(self, op: Op) -> None:
        self.op = op
        self.__name__ = op.name
        self.__module__ = "wengert.core.ops"
        self.__doc__ = op.summary

    def __repr__(self) -> str:
        return f"<function wengert.core.ops.{self.op.name}>"

    def __call__(self, *arrays: Any, **params: Any) -> Any:
        """The op's value; entry by entry ops broadcast their arrays as NumPy does.

        Raises GraphError where the op does not take such arrays.
        """
        for array in arrays:
            answer: Any = getattr(array, "__array_function__", None)
            if answer is not None and array.__class__ is not np.ndarray:
                return answer(self, (array.__class__,), arrays, params)
        held: list[Any] = [np.asarray(x) for x in arrays]
        if self.op.kind == "elementwise":
            common = np.result_type(
                *[x if isinstance(x, int | float | complex) else np.asarray(x) for x in arrays]
            ).name
            dtypes = self.dtypes([x.dtype.name for x in held], common, params)
            held = list(np.broadcast_arrays(*[x.astype(dtype) for x, dtype in zip(held, dtypes, strict=True)]))
        inputs = tuple(input_node(f"x{k}", ArrayType(x.shape, x.dtype.name)) for k, x in enumerate(held))
        values = {f"x{k}": x for k, x in enumerate(held)}
        (result,) = evaluate(Graph(inputs, (apply(self.op, *inputs, **params),)), values)
        return result

    def dtypes(self, own: Sequence[str], common: str, params: dict[str, Any]) -> Sequence[str]:
        """The dtypes in which an op of entries takes arrays of the dtypes `own`: these, the `common` one, or float64 for whole numbers."""
        for dtypes in (own, [common] * len(own)):
            try:
                self.op.infer(tuple(ArrayType((), dtype) for dtype in dtypes), params)
            except GraphError:
                continue
            return dtypes
        return ["float64" if common.startswith(("int", "uint", "bool")) else common] * len(own)


@cache
def _function(op: Op) -> ArrayFunction:
    return ArrayFunction(op)


def array_function(name: str) -> ArrayFunction:
    """The function of arrays that an op is.

    Raises AttributeError where the table has none of this name.
    """
    op = OPS.get(name)
    if op is None or op.kind not in KINDS:
        raise AttributeError(f"the table of ops has no function of arrays '{name}'")
    return _function(op)


def names() -> Sequence[str]:
    """The ops that are functions of arrays."""
    return sorted(name for name, op in OPS.items() if op.kind in KINDS)
