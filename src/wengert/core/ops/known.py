"""Known: a value in place of a node, so that rules written on nodes, as the partials of an op, run on arrays. It builds no graph."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from wengert.core.ir.graph import Node
from wengert.core.ir.op import OPS, Op
from wengert.core.ir.types import ArrayType
from wengert.core.ops.vocabulary import NUMPY

Array = Any


class Known(Node):
    """The value of a node. Operators and `apply` compute with it at once."""

    __slots__ = ("over", "value")

    def __init__(self, value: Array, over: tuple[Any, Array] | None = None) -> None:
        self.value = value
        self.over = over
        """(n, d) where it was written as n/d: beside a small signal d may be so small that n/d is no float."""

    def __getattr__(self, name: str) -> Any:
        if name == "type":
            return ArrayType(np.shape(self.value), self.value.dtype.name)
        if name == "op":
            return OPS["input"]
        if name == "params":
            return {}
        raise AttributeError(name)

    def applied(self, op: Op, inputs: tuple[Node, ...], params: Mapping[str, Any]) -> Node:
        """The value of the op."""
        return Known(op.value(NUMPY, *[value_of(each) for each in inputs], **params))

    def __repr__(self) -> str:
        return f"<known {self.value!r}>"

    def __add__(self, other: Any) -> Known:
        return Known(self.value + value_of(other))

    def __radd__(self, other: Any) -> Known:
        return Known(value_of(other) + self.value)

    def __sub__(self, other: Any) -> Known:
        return Known(self.value - value_of(other))

    def __rsub__(self, other: Any) -> Known:
        return Known(value_of(other) - self.value)

    def __mul__(self, other: Any) -> Known:
        return Known(self.value * value_of(other))

    def __rmul__(self, other: Any) -> Known:
        return Known(value_of(other) * self.value)

    def __truediv__(self, other: Any) -> Known:
        d = value_of(other)
        return Known(self.value / d, (self.value, d))

    def __rtruediv__(self, other: Any) -> Known:
        n = value_of(other)
        return Known(n / self.value, (n, self.value))

    def __neg__(self) -> Known:
        return Known(-self.value)

    def __lt__(self, other: Any) -> Known:
        return Known(self.value < value_of(other))

    def __le__(self, other: Any) -> Known:
        return Known(self.value <= value_of(other))

    def __gt__(self, other: Any) -> Known:
        return Known(self.value > value_of(other))

    def __ge__(self, other: Any) -> Known:
        return Known(self.value >= value_of(other))


def value_of(x: Any) -> Array:
    """The value of what stands in a rule: known, a number, or a constant that the rule made."""
    if type(x) is Known:
        return x.value
    if isinstance(x, Node):
        return x.op.value(NUMPY, *[value_of(each) for each in x.inputs], **x.params)
    return float(x) if isinstance(x, Fraction) else x
