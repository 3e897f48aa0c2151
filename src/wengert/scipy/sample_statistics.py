"""scipy.stats of samples on traced values: correlation, tests, distances of samples and the kernel estimate of a density.

Source: the documentation of scipy.stats.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy import special, stats  # pyright: ignore[reportMissingTypeStubs]

from wengert.functions.namespaces.numbers import InPlaceOf
from wengert.functions.namespaces.sequences import asarray
from wengert.functions.tracing.special import logsumexp
from wengert.functions.tracing.standin import refuse
from wengert.scipy.numerical import has_traced

_scipy: Any = stats
_special: Any = special


class TestResult(NamedTuple):
    """A statistic, and how probable one at least as far from its expectation is."""

    statistic: Any
    pvalue: Any


def pearsonr(x: Any, y: Any, *, axis: Any = 0, **options: Any) -> Any:
    """The correlation of two samples, Σ (x − x̄)(y − ȳ)/(‖x − x̄‖ ‖y − ȳ‖)."""
    if not has_traced((x, y)):
        return _scipy.pearsonr(x, y, axis=axis, **options)
    if options or np.ndim(x) != 1:
        refuse("'scipy.stats.pearsonr' takes two vectors, and no options, on traced values.", "Write:  pearsonr(x, y)")
    x, y = asarray(x) * 1.0, asarray(y) * 1.0
    a, b = x - np.mean(x), y - np.mean(y)
    r = np.sum(a / np.linalg.norm(a) * (b / np.linalg.norm(b)))
    half = x.shape[0] / 2 - 1
    return TestResult(r, 2 * _special.betainc(half, half, (1 - np.abs(r)) / 2))


def ttest_rel(a: Any, b: Any, axis: int = 0, **options: Any) -> Any:
    """Student's t of the mean of differences."""
    if not has_traced((a, b)):
        return _scipy.ttest_rel(a, b, axis, **options)
    if options.get("alternative", "two-sided") != "two-sided":
        refuse("'scipy.stats.ttest_rel' has the two-sided test on traced values.", "Leave out:  alternative")
    gap = asarray(a) - asarray(b)
    n = gap.shape[axis]
    t = np.mean(gap, axis=axis) / np.sqrt(np.var(gap, axis=axis, ddof=1) / n)
    return TestResult(t, 2 * _special.stdtr(n - 1, -np.abs(t)))


def f_oneway(*samples: Any, axis: int = 0, **options: Any) -> Any:
    """The variance between samples over that within them."""
    if not has_traced(samples):
        return _scipy.f_oneway(*samples, axis=axis, **options)
    rows = [np.moveaxis(asarray(each) * 1.0, axis, 0) for each in samples]
    counts, means = [row.shape[0] for row in rows], [np.mean(row, axis=0) for row in rows]
    n, k = sum(counts), len(rows)
    whole = sum((m * c for m, c in zip(means, counts, strict=True)), 0.0) / n
    between = sum((c * (m - whole) ** 2 for m, c in zip(means, counts, strict=True)), 0.0) / (k - 1)
    within = sum((np.sum((row - m) ** 2, axis=0) for row, m in zip(rows, means, strict=True)), 0.0) / (n - k)
    f = between / within
    return TestResult(f, _special.fdtrc(k - 1, n - k, f))


def _between(u: Any, v: Any) -> tuple[Any, Any]:
    """The lengths between the places of two samples, and the difference of their distribution functions there."""
    u, v = np.sort(asarray(u) * 1.0), np.sort(asarray(v) * 1.0)
    places = np.sort(np.concatenate([u, v]))
    of_u, of_v = (np.searchsorted(s, places[:-1], side="right") / s.shape[0] for s in (u, v))
    return places[1:] - places[:-1], of_u - of_v


def wasserstein_distance(u_values: Any, v_values: Any, u_weights: Any = None, v_weights: Any = None) -> Any:
    """∫ |U − V| of the distribution functions of two samples."""
    if not has_traced((u_values, v_values)):
        return _scipy.wasserstein_distance(u_values, v_values, u_weights, v_weights)
    _without_weights("wasserstein_distance", u_weights, v_weights)
    lengths, gaps = _between(u_values, v_values)
    return np.sum(np.abs(gaps) * lengths)


def energy_distance(u_values: Any, v_values: Any, u_weights: Any = None, v_weights: Any = None) -> Any:
    """√(2 ∫ (U − V)²) of the distribution functions of two samples."""
    if not has_traced((u_values, v_values)):
        return _scipy.energy_distance(u_values, v_values, u_weights, v_weights)
    _without_weights("energy_distance", u_weights, v_weights)
    lengths, gaps = _between(u_values, v_values)
    return np.sqrt(2 * np.sum(gaps * gaps * lengths))


def _without_weights(name: str, *weights: Any) -> None:
    if any(w is not None for w in weights):
        refuse(f"'scipy.stats.{name}' takes no weights on traced values.", "Repeat the values that weigh more.")


# ---------------------------------------------------------------- the estimate of a density


class KernelDensity(InPlaceOf):
    """gaussian_kde: the mean of normal densities about the points of a sample, whose covariance is a part of theirs."""

    def __init__(self, dataset: Any, bw_method: Any = None, weights: Any = None, original: Any = None) -> None:
        self._original = original
        self.dataset: Any = np.atleast_2d(asarray(dataset) * 1.0)
        self.d, self.n = self.dataset.shape
        self.weights: Any = np.ones(self.n) / self.n if weights is None else asarray(weights) / np.sum(asarray(weights))
        self.neff: Any = 1 / np.sum(self.weights**2)
        self.factor: Any = self._factor(bw_method)

    def _factor(self, method: str | float | Callable[..., Any] | None) -> Any:
        if method is None or method == "scott":
            return self.neff ** (-1.0 / (self.d + 4))
        if method == "silverman":
            return (self.neff * (self.d + 2.0) / 4.0) ** (-1.0 / (self.d + 4))
        return method(self) if callable(method) else method

    def __getattr__(self, name: str) -> Any:
        if self._original is None or name.startswith("__"):
            raise AttributeError(f"A density of traced values has no '{name}': it has evaluate, pdf and logpdf.")
        return getattr(self._original, name)

    @property
    def covariance(self) -> Any:
        """The covariance of each kernel."""
        centred = self.dataset - np.sum(self.weights * self.dataset, axis=1, keepdims=True)
        return (self.weights * centred) @ np.transpose(centred) / (1 - np.sum(self.weights**2)) * self.factor**2

    def logpdf(self, x: Any) -> Any:
        """log Σ w_i N(x; x_i, Σ) for points that are columns."""
        if self._original is not None and not has_traced(x):
            return self._original.logpdf(x)
        points = np.atleast_2d(asarray(x) * 1.0)
        if points.shape[0] != self.d and points.shape == (1, self.d):
            points = np.transpose(points)
        root = np.linalg.cholesky(self.covariance)
        gaps = points[:, None, :] - self.dataset[:, :, None]
        white = np.linalg.solve(root, np.reshape(gaps, (self.d, -1)))
        squares = np.reshape(np.sum(white * white, axis=0), (self.n, -1))
        norm = self.d / 2 * math.log(2 * math.pi) + np.sum(np.log(np.diagonal(root)))
        return logsumexp(-squares / 2 + np.log(self.weights)[:, None], axis=0) - norm

    def evaluate(self, points: Any) -> Any:
        """The density at points that are columns."""
        if self._original is not None and not has_traced(points):
            return self._original(points)
        return np.exp(self.logpdf(points))

    __call__ = pdf = evaluate


def gaussian_kde(dataset: Any, bw_method: Any = None, weights: Any = None) -> Any:
    """The kernel estimate of the density of a sample."""
    numbers = not has_traced((dataset, bw_method, weights))
    original = _scipy.gaussian_kde(dataset, bw_method, weights) if numbers else None
    return KernelDensity(dataset, bw_method, weights, original)


def of_numbers(original: Any) -> KernelDensity:
    """The estimate that SciPy has made."""
    return KernelDensity(original.dataset, original.factor, original.weights, original)
