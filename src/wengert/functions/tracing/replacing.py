"""NumPy's functions of numbers that are no ufuncs but ops, on traced values: sinc, i0."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.core.ir.graph import Node, apply
from wengert.functions.tracing.answers import answers
from wengert.functions.tracing.operands import as_node
from wengert.functions.tracing.tracer import Traced, traced


def as_real(x: Any) -> Node:
    """A value as real numbers."""
    node = as_node(x)
    return node if node.type.is_float else apply("cast", node, dtype="float64")


@answers(np.sinc)
def _sinc(x: Any) -> Traced:
    return traced(apply("sinc", as_real(x), order=0))


@answers(np.i0)
def _i0(x: Any) -> Traced:
    return traced(apply("i0", as_real(x)))
