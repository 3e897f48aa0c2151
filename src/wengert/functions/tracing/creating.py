"""Arrays that are made inside of a function that is traced, so that traced values can be written into them."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.core.ir.graph import constant
from wengert.core.ir.types import ArrayType
from wengert.functions.tracing.answers import answers
from wengert.functions.tracing.operands import sizes_of, supported
from wengert.functions.tracing.tracer import FUNCTIONS, Trace, Traced, current, traced


def inside(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The result of a call, none of whose arguments need be traced, in the function that is; None outside of any."""
    trace: Any = current()
    if trace is None:
        return None
    return FUNCTIONS[function](*args, **kwargs) if isinstance(trace, Trace) else trace.call(function, args, kwargs)


@answers(np.zeros)
def _zeros(shape: Any, dtype: Any = float) -> Traced:
    return _equal(0, shape, dtype)


@answers(np.ones)
def _ones(shape: Any, dtype: Any = float) -> Traced:
    return _equal(1, shape, dtype)


def _equal(number: int, shape: Any, dtype: Any) -> Traced:
    return traced(constant(number, ArrayType(sizes_of(shape), supported(np.dtype(dtype)))))
