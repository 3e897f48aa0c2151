"""numpy.round on traced values."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from wengert.core.ir.graph import apply
from wengert.core.ops.complex_numbers import by_parts
from wengert.functions.tracing.answers import answers
from wengert.functions.tracing.operands import as_node
from wengert.functions.tracing.tracer import traced


@answers(np.round, np.around, method="round")
def _round(a: Any, decimals: int = 0) -> Any:
    """The nearest number with so many decimals, the even one of two; its derivative is 0."""
    x = as_node(a)
    if x.type.dtype == "bool":
        raise TypeError("ufunc 'rint' not supported for the input types")
    places = operator.index(decimals)
    if not x.type.is_float and places >= 0:
        return traced(x)
    y = x if x.type.is_float else apply("cast", x, dtype="float64")
    scale = 10 ** abs(places)
    found = by_parts("round", y * scale if places > 0 else y / scale if places else y)
    if places:
        found = found / scale if places > 0 else found * scale
    return traced(found if x.type.is_float else apply("cast", found, dtype="int64"))
