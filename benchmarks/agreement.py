"""Results of contestants against a reference. It must not know what computed them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


class Disagreement(Exception):
    """A contestant's results are not those of the reference."""


def arrays(results: Any) -> list[np.ndarray]:
    """The numbers of nested results in order, each as a float64 array of its own: NumPy, JAX or torch arrays, Python floats."""
    if isinstance(results, Mapping):
        results = list(results.values())
    if isinstance(results, Sequence):
        return [array for part in results for array in arrays(part)]
    if hasattr(results, "detach"):
        results = results.detach()
    return [np.array(results, dtype=np.float64)]


def difference(found: np.ndarray, expected: np.ndarray) -> float:
    """max |found − expected| / max |expected|; ∞ where the sizes differ or a number is not finite.

    Shapes are compared up to axes of length 1, which some contestants keep.
    """
    if np.squeeze(found).shape != np.squeeze(expected).shape:
        return np.inf
    gap = np.max(np.abs(np.squeeze(found) - np.squeeze(expected)), initial=0.0)
    scale = np.max(np.abs(expected), initial=0.0)
    return float(gap / scale) if np.isfinite(gap) and scale > 0 else (0.0 if gap == 0 else np.inf)


def require(found: Any, expected: Any, tolerance: float) -> float:
    """The largest relative difference of two results.

    Raises Disagreement where it is above the tolerance, or where the results are not equally many.
    """
    ours, theirs = arrays(found), arrays(expected)
    if len(ours) != len(theirs):
        raise Disagreement(f"{len(ours)} results instead of {len(theirs)}")
    gaps = [difference(a, b) for a, b in zip(ours, theirs, strict=True)]
    worst = max(range(len(gaps)), key=lambda k: gaps[k])
    if gaps[worst] > tolerance:
        raise Disagreement(f"result {worst + 1} of {len(gaps)} differs by {gaps[worst]:.1e}, tolerance {tolerance:.0e}")
    return gaps[worst]
