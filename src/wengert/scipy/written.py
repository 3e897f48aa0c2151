"""Distributions of SciPy that have no formula here: the standard form that SciPy wrote in Python, followed as the user's code is.

What counts is what a distribution says of itself (`_logpdf`, `_pdf`, `_cdf`, …); what SciPy finds by quadrature or search is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import stats  # pyright: ignore[reportMissingTypeStubs]

from wengert.errors import GraphError
from wengert.functions.namespaces.objects import shadow
from wengert.functions.namespaces.sequences import asarray
from wengert.functions.tracing.standin import refuse
from wengert.scipy.densities import Standard

_GENERAL: tuple[type, ...] = (stats.rv_continuous, stats.rv_discrete)

PIECEWISE = frozenset({"kappa4", "pearson3", "tukeylambda", "levy_stable"})
"""Those whose formula is another one at single values of their parameters, without the derivative by them."""


def own_method(original: Any, name: str) -> Callable[..., Any] | None:
    """A method that the distribution has written itself, as one that is followed."""
    function = getattr(type(original), name, None)
    if function is None or any(function is getattr(each, name, None) for each in _GENERAL):
        return None
    return _by_entries(lambda *args: getattr(shadow(original), name)(*args), f"scipy.stats.{original.name}.{name[1:]}")


def _by_entries(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """A function to which SciPy gives rows of entries, of arrays of any shapes."""

    def call(*args: Any) -> Any:
        if not args:
            return function()
        args = tuple(np.broadcast_arrays(*map(asarray, args)))
        shape = args[0].shape
        try:
            found = function(*[np.ravel(x) for x in args])
        except (TypeError, AttributeError, IndexError, GraphError):
            refuse(f"'{name}' has no form in a graph.", "Write it with NumPy, or call it outside.")
        return tuple(np.reshape(x, shape) for x in found) if isinstance(found, tuple) else np.reshape(found, shape)

    return call


def written_standard(original: Any) -> Standard | None:
    """The standard form of a distribution in SciPy's own code; None where it has no formula for its density."""
    if original.name in PIECEWISE:
        return None
    kind = "pmf" if isinstance(original, stats.rv_discrete) else "pdf"
    logarithm, density = own_method(original, f"_log{kind}"), own_method(original, f"_{kind}")
    if logarithm is None and density is None:
        return None
    names = ("cdf", "sf", "logcdf", "logsf", "ppf", "isf")
    others: dict[str, Any] = {name: own_method(original, f"_{name}") for name in names}
    return Standard(logarithm or (lambda z, *shapes: np.log(density(z, *shapes))), _support(original), **others)  # pyright: ignore[reportOptionalCall]


def _support(original: Any) -> Callable[..., tuple[Any, Any, Any]]:
    """The ends of the support, and a point within, by which nothing is derived."""
    ends = own_method(original, "_get_support") or (lambda *shapes: (original.a, original.b))

    def support(*shapes: Any) -> tuple[Any, Any, Any]:
        low, high = ends(*shapes)
        if isinstance(original, stats.rv_discrete):
            return low, high, np.where(np.isfinite(low), low, np.where(np.isfinite(high), high, 0.0))
        nearest = np.where(np.isfinite(low), low, -1.0), np.where(np.isfinite(high), high, 1.0)
        between = 0.5 * (np.minimum(nearest[0], nearest[1] - 1.0) + nearest[1])
        between = np.where(np.isfinite(high), between, nearest[0] + 1.0)
        return low, high, np.where(np.isfinite(low) & np.isfinite(high), 0.5 * (nearest[0] + nearest[1]), between)

    return support
