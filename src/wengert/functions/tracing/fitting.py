"""numpy.polyfit on traced values: least squares over the powers of x."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from wengert.functions.tracing.answers import answers
from wengert.functions.tracing.polynomials import vander
from wengert.functions.tracing.tracer import Traced


@answers(np.polyfit)
def _polyfit(x: Any, y: Any, deg: int, rcond: float | None = None, w: Any = None) -> Any:
    """The coefficients whose polynomial is closest to y at x, by least squares with weights.

    Raises TypeError, with NumPy's words, where the arguments do not fit.
    """
    order = operator.index(deg) + 1
    if order < 1:
        raise ValueError("expected deg >= 0")
    x, y = ((z if isinstance(z, Traced) else np.asarray(z)) + 0.0 for z in (x, y))
    if x.ndim != 1 or x.size == 0:
        raise TypeError("expected 1D vector for x" if x.ndim != 1 else "expected non-empty vector for x")
    if y.ndim not in (1, 2) or y.shape[0] != x.shape[0]:
        raise TypeError("expected x and y to have same length")
    columns = vander(x, order)
    if w is not None:
        weights = (w if isinstance(w, Traced) else np.asarray(w)) + 0.0
        columns, y = columns * weights[:, None], y * (weights[:, None] if y.ndim == 2 else weights)
    # NumPy scales the columns to length 1 for the condition number; the result does not depend on the scale.
    scale = np.sqrt(np.sum(columns * columns, axis=0))
    tolerance = len(x) * np.finfo(x.dtype).eps if rcond is None else rcond
    found = np.linalg.lstsq(columns / scale, y, tolerance)[0]
    return (found.T / scale).T
