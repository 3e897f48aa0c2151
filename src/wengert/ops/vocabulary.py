"""Vocabulary: the functions of arrays that the values of ops are written in, and its NumPy form.

A back end implements the same names; NumPy has no erf and no logistic, so `numpy` is not the protocol itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np


class NumpyVocabulary:
    """NumPy's functions, and those that NumPy has not, by SciPy or by a stable formula."""

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    def erf(self, x: Any) -> Any:
        """erf x = 2/√π ∫₀ˣ e^(−s²) ds."""
        from scipy import special

        return special.erf(x)

    def logistic(self, x: Any) -> Any:
        """σ(x) = 1/(1 + e^(−x)), exact to rounding at both ends."""
        from scipy import special

        return special.expit(x)

    def softplus(self, x: Any) -> Any:
        """log(1 + eˣ) without overflow."""
        return np.logaddexp(x, np.zeros((), dtype=np.asarray(x).dtype))


NUMPY = NumpyVocabulary()
