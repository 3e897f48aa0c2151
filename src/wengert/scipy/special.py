"""Functions of scipy.special that are no ufuncs, for traced values too; the ufuncs are SciPy's own, and take traced values."""

from __future__ import annotations

from typing import Any

from scipy import special  # pyright: ignore[reportMissingTypeStubs]

from wengert.functions.tracing.special import log_softmax, logsumexp, multigammaln, polygamma, softmax, zeta
from wengert.functions.tracing.special_called import lambertw, spherical_in, spherical_jn, spherical_kn, spherical_yn

__all__ = [
    "lambertw",
    "log_softmax",
    "logsumexp",
    "multigammaln",
    "polygamma",
    "softmax",
    "spherical_in",
    "spherical_jn",
    "spherical_kn",
    "spherical_yn",
    "zeta",
]

_scipy: Any = special


def __getattr__(name: str) -> Any:
    """Everything else is SciPy's."""
    return getattr(_scipy, name)
