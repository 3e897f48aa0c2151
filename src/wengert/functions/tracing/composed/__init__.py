"""NumPy written in NumPy: functions that are composed of others, on traced values. Nothing here knows a graph.

    np.quantile(traced) ──▶ the rule in FUNCTIONS ──▶ its chapter here, imported at the first call ──▶ np.sort, np.where, … on traced values

In go NumPy's arguments, of which some are traced; out comes what NumPy gives, traced. A function whose meaning is other functions of
NumPy is written here, one whose meaning is an op stands in `tracing`. Read first `without_nan.py`; a new function stands in its chapter
and, under that, in `CHAPTERS`.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from wengert.functions.tracing.standin import FUNCTIONS

CHAPTERS: dict[str, tuple[Any, ...]] = {
    "comparing": (np.isclose, np.allclose, np.array_equal, np.array_equiv),
    "covariance": (np.cov, np.corrcoef),
    "polynomials": (np.polyval, np.poly, np.polyder, np.polyint, np.polyadd, np.polysub, np.vander, np.polyfit),
    "quantiles": (np.median, np.nanmedian, np.quantile, np.percentile, np.nanquantile, np.nanpercentile),
    "samples": (np.interp, np.unwrap, np.ediff1d, np.trapezoid, np.gradient),
    "without_nan": (
        *(np.nansum, np.nanprod, np.nancumsum, np.nancumprod, np.nanmean, np.nanvar, np.nanstd),
        *(np.nanmax, np.nanmin),
    ),
}
"""The functions of each module."""


def _first(chapter: str, function: Any) -> Callable[..., Any]:
    """The rule of a function until it is asked for: imports the chapter, which enters the rule itself."""

    def call(*args: Any, **kwargs: Any) -> Any:
        import_module(f"wengert.functions.tracing.composed.{chapter}")
        return FUNCTIONS[function](*args, **kwargs)

    return call


for _chapter, _functions in CHAPTERS.items():
    for _function in _functions:
        FUNCTIONS.setdefault(_function, _first(_chapter, _function))
