"""numpy.bincount on traced values: weights added up by whole numbers that are known."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from wengert.core.ir.graph import apply
from wengert.functions.tracing.answers import answers
from wengert.functions.tracing.moving import fixed
from wengert.functions.tracing.operands import as_node, shape_of
from wengert.functions.tracing.tracer import Traced, traced


@answers(np.bincount)
def _bincount(x: Any, /, weights: Any = None, minlength: int = 0) -> Traced:
    """y_n = Σ of the weights whose number is n.

    Raises ValueError and TypeError, with NumPy's words, where numbers and weights do not fit.
    """
    places = np.asarray(fixed(x, "'np.bincount' would count"))
    size = np.bincount(places, minlength=operator.index(minlength)).size
    if shape_of(weights) != places.shape:
        raise ValueError("The weights and list don't have the same length.")
    updates = as_node(weights, "float64")
    return traced(apply("scatter_add", updates, as_node(places.astype(np.int64)), axis=0, batch=0, size=size))
