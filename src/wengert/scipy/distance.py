"""scipy.spatial.distance on traced values: distances of vectors, and of all pairs of the rows of matrices.

Source: the documentation of scipy.spatial.distance.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.spatial import distance  # pyright: ignore[reportMissingTypeStubs]

from wengert.functions.tracing.answers import stands_in
from wengert.functions.tracing.operands import as_node, ndim_of, shape_of
from wengert.functions.tracing.tracer import refuse, traced

_scipy: Any = distance


def __getattr__(name: str) -> Any:
    """Everything else is SciPy's."""
    return getattr(_scipy, name)


def _real(x: Any) -> Any:
    return traced(as_node(x, "float64"))


def _weighted(x: Any, w: Any) -> Any:
    return x if w is None else x * w


def _total(x: Any) -> Any:
    return np.sum(x, axis=-1)


def _minkowski(u: Any, v: Any, p: Any = 2, w: Any = None) -> Any:
    gap = np.abs(u - v)
    if p == np.inf:
        return np.max(gap if w is None else np.where(np.not_equal(w, 0), gap, 0.0), axis=-1)
    if p == 1:
        return _total(_weighted(gap, w))
    if p == 2:
        return np.sqrt(_total(_weighted(gap * gap, w)))
    return _total(_weighted(gap**p, w)) ** (1 / p)


def _cosine(u: Any, v: Any, w: Any = None) -> Any:
    if w is not None:
        w = w / np.sum(w)
    sides = np.sqrt(_total(_weighted(u * u, w)) * _total(_weighted(v * v, w)))
    return 1.0 - _total(_weighted(u * v, w)) / sides


def _centred(x: Any, w: Any) -> Any:
    return x - (np.mean(x, axis=-1, keepdims=True) if w is None else np.sum(x * w, axis=-1, keepdims=True) / np.sum(w))


def _correlation(u: Any, v: Any, w: Any = None, centered: bool = True) -> Any:
    return _cosine(_centred(u, w), _centred(v, w), w) if centered else _cosine(u, v, w)


def _canberra(u: Any, v: Any, w: Any = None) -> Any:
    whole = np.abs(u) + np.abs(v)
    there = whole != 0
    return _total(_weighted(np.where(there, np.abs(u - v) / np.where(there, whole, 1.0), 0.0), w))


def _braycurtis(u: Any, v: Any, w: Any = None) -> Any:
    return _total(_weighted(np.abs(u - v), w)) / _total(_weighted(np.abs(u + v), w))


def _mahalanobis(u: Any, v: Any, VI: Any) -> Any:
    gap = u - v
    return np.sqrt(_total((gap @ VI) * gap))


def _jensenshannon(u: Any, v: Any, base: Any = None) -> Any:
    p, q = (x / np.sum(x, axis=-1, keepdims=True) for x in (u, v))
    m = 0.5 * (p + q)

    def entropy(x: Any) -> Any:
        there = x > 0
        return _total(np.where(there, x * np.log(np.where(there, x, 1.0) / np.where(there, m, 1.0)), 0.0))

    found = 0.5 * (entropy(p) + entropy(q))
    return np.sqrt(found if base is None else found / np.log(base))


METRICS: dict[str, Callable[..., Any]] = {
    "euclidean": lambda u, v, w=None: _minkowski(u, v, 2, w),
    "sqeuclidean": lambda u, v, w=None: _total(_weighted((u - v) * (u - v), w)),
    "cityblock": lambda u, v, w=None: _minkowski(u, v, 1, w),
    "chebyshev": lambda u, v, w=None: _minkowski(u, v, np.inf, w),
    "minkowski": _minkowski,
    "cosine": _cosine,
    "correlation": _correlation,
    "canberra": _canberra,
    "braycurtis": _braycurtis,
    "mahalanobis": _mahalanobis,
    "seuclidean": lambda u, v, V: np.sqrt(_total((u - v) * (u - v) / V)),
    "jensenshannon": _jensenshannon,
}
"""Distances along the last axis."""


def _of_vectors(name: str) -> Callable[..., Any]:
    metric = METRICS[name]

    def rule(u: Any, v: Any, *args: Any, **kwargs: Any) -> Any:
        u, v = _real(u), _real(v)
        if len(shape_of(u)) != 1 or len(shape_of(v)) != 1:
            raise ValueError("Input vector should be 1-D.")
        return metric(u, v, *args, **kwargs)

    rule.__name__ = name
    rule.__doc__ = f"The distance '{name}' of two vectors."
    return stands_in(getattr(_scipy, name))(rule)


for _name in METRICS:
    if _name != "jensenshannon":  # which takes an axis, and stacks
        globals()[_name] = _of_vectors(_name)


def _metric(metric: Any, called: str) -> Callable[..., Any]:
    found = metric if callable(metric) else METRICS.get(str(metric).lower())
    if found is None:
        refuse(f"'{called}' has no derivative with the metric {metric!r}.", f"Those are:  {', '.join(sorted(METRICS))}")
    return found


@stands_in(_scipy.cdist)
def cdist(XA: Any, XB: Any, metric: Any = "euclidean", *, out: Any = None, **kwargs: Any) -> Any:
    """The distance of each row of the first matrix from each row of the second."""
    a, b = _matrix(XA, "XA"), _matrix(XB, "XB")
    if shape_of(a)[1] != shape_of(b)[1]:
        raise ValueError("XA and XB must have the same number of columns (i.e. feature dimension.)")
    kwargs = _estimated(metric, kwargs, a, b)
    f = _metric(metric, "scipy.spatial.distance.cdist")
    if callable(metric):
        rows = [np.stack([f(a[i], b[j], **kwargs) for j in range(shape_of(b)[0])]) for i in range(shape_of(a)[0])]
        return np.stack(rows)
    return f(a[:, None, :], b[None, :, :], **kwargs)


@stands_in(_scipy.pdist)
def pdist(X: Any, metric: Any = "euclidean", *, out: Any = None, **kwargs: Any) -> Any:
    """The distances of all pairs of rows i < j, one behind another."""
    x = _matrix(X, "A 2-dimensional array must be passed. X")
    kwargs = _estimated(metric, kwargs, x)
    f = _metric(metric, "scipy.spatial.distance.pdist")
    i, j = np.triu_indices(shape_of(x)[0], 1)
    if callable(metric):
        return np.stack([f(x[a], x[b], **kwargs) for a, b in zip(i.tolist(), j.tolist(), strict=True)])
    return f(x[i], x[j], **kwargs)


def _estimated(metric: Any, kwargs: dict[str, Any], *rows: Any) -> dict[str, Any]:
    """The keywords, with what SciPy estimates from the rows where it is not given: their variances, or the inverse of their covariance."""
    if metric == "seuclidean" and kwargs.get("V") is None:
        return {**kwargs, "V": np.var(np.concatenate(rows), axis=0, ddof=1)}
    if metric == "mahalanobis" and kwargs.get("VI") is None:
        return {**kwargs, "VI": np.linalg.inv(np.atleast_2d(np.cov(np.transpose(np.concatenate(rows)))))}
    return kwargs


def _matrix(x: Any, name: str) -> Any:
    found = _real(x)
    if ndim_of(found) != 2:
        raise ValueError(f"{name} must be a 2-dimensional array.")
    return found


@stands_in(_scipy.squareform)
def squareform(X: Any, force: str = "no", checks: bool = True) -> Any:
    """The symmetric matrix of a vector of distances of pairs, or the vector of a matrix."""
    x = _real(X)
    if ndim_of(x) == 2:
        return x[np.triu_indices(shape_of(x)[0], 1)]
    n = round((1 + np.sqrt(1 + 8 * shape_of(x)[0])) / 2)
    places = np.zeros((n, n), int)
    places[np.triu_indices(n, 1)] = np.arange(shape_of(x)[0])
    return np.where(np.eye(n, dtype=bool), 0.0, x[places + places.T])
