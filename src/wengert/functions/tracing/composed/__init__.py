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
    "choosing": (
        *("method choose", "method compress", "method trace"),
        *(np.select, np.choose, np.compress, np.extract, np.diagflat, np.tril, np.triu, np.trace),
    ),
    "comparing": (np.isclose, np.allclose, np.array_equal, np.array_equiv),
    "convolution": (np.convolve, np.correlate),
    "covariance": (np.cov, np.corrcoef),
    "padding": (np.pad,),
    "polynomials": (np.polyval, np.poly, np.polyder, np.polyint, np.polyadd, np.polysub, np.vander, np.polyfit),
    "quantiles": (np.median, np.nanmedian, np.quantile, np.percentile, np.nanquantile, np.nanpercentile),
    "rearranging": (
        *(np.flipud, np.fliplr, np.rot90, np.roll, np.resize, np.delete, np.array_split, np.split),
        *(np.hsplit, np.vsplit, np.dsplit, np.unstack),
    ),
    "replacing": (np.nan_to_num, np.fix, np.isposinf, np.isneginf),
    "samples": (np.interp, np.unwrap, np.ediff1d, np.trapezoid, np.gradient),
    "searching": (np.digitize, np.isin, np.nanargmax, np.nanargmin),
    "steps": (np.linspace, np.logspace, np.geomspace, np.meshgrid),
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
