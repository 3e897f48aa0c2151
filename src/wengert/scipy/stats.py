"""Distributions of scipy.stats on traced values: densities, distribution functions and their inverses, by arguments and parameters.

A distribution is a density on its support for location 0 and scale 1, and the functions that follow from it. Where nothing is traced
SciPy's own methods run, and so do those that are not here (`rvs`, `fit`, …).

Source: the documentation of scipy.stats, of each distribution.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

import numpy as np
from scipy import special, stats  # pyright: ignore[reportMissingTypeStubs]

from wengert.functions.namespaces.sequences import asarray
from wengert.functions.tracing.standin import StandIn, refuse
from wengert.functions.tracing.trees import flatten
from wengert.scipy.densities import CONTINUOUS, DISCRETE, Standard
from wengert.scipy.sample_statistics import energy_distance as energy_distance
from wengert.scipy.sample_statistics import f_oneway as f_oneway
from wengert.scipy.sample_statistics import gaussian_kde as gaussian_kde
from wengert.scipy.sample_statistics import of_numbers
from wengert.scipy.sample_statistics import pearsonr as pearsonr
from wengert.scipy.sample_statistics import ttest_rel as ttest_rel
from wengert.scipy.sample_statistics import wasserstein_distance as wasserstein_distance
from wengert.scipy.written import own_method, written_standard

__all__ = ["dirichlet", "multivariate_normal", *CONTINUOUS, *DISCRETE]  # pyright: ignore[reportUnsupportedDunderAll]

_scipy: Any = stats
_special: Any = special
MOMENTS = frozenset({"mean", "var", "std", "entropy"})
CONTINUOUS_METHODS = MOMENTS | {"pdf", "logpdf", "cdf", "logcdf", "sf", "logsf", "ppf", "isf", "median", "interval"}
DISCRETE_METHODS = MOMENTS | {"pmf", "logpmf", "cdf", "logcdf", "sf", "logsf"}


def __getattr__(name: str) -> Any:
    """Everything else is SciPy's."""
    return getattr(_scipy, name)


def _has_traced(*values: Any) -> bool:
    return any(isinstance(x, StandIn) for x in flatten(values)[0])


class _Answering:
    """A distribution of SciPy of which some functions take traced values; the others are SciPy's."""

    def __init__(self, original: Any, name: str, methods: frozenset[str]) -> None:
        self.original, self._name, self.methods = original, name, methods

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The distribution with these parameters."""
        return (
            FrozenDistribution(self, args, kwargs)
            if _has_traced(args, kwargs)
            else _FrozenOfNumbers(self, args, kwargs)
        )

    def __getattr__(self, name: str) -> Any:
        own = getattr(self.original, name)
        if not callable(own) or name.startswith("_"):
            return own

        def call(*args: Any, **kwargs: Any) -> Any:
            if not _has_traced(args, kwargs):
                return own(*args, **kwargs)
            if name not in self.methods:
                refuse(
                    f"'scipy.stats.{self._name}.{name}' has no form in a graph.",
                    f"Those are:  {', '.join(sorted(self.methods))}; write it with NumPy, or call it outside"
                    if self.methods
                    else "Write it with NumPy, or call it outside.",
                )
            return self.value(name, *args, **kwargs)

        return call

    def value(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """One of `methods` on traced values."""
        raise NotImplementedError


class Distribution(_Answering):
    """A distribution of one variable, by its standard form."""

    def __init__(self, original: Any, standard: Standard, methods: frozenset[str]) -> None:
        super().__init__(original, original.name, methods)
        self.standard = standard
        names = original.shapes.split(",") if original.shapes else []
        self.names = [each.strip() for each in names] + ["loc"] + (["scale"] if "pdf" in methods else [])

    def value(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """A function of the distribution, at a place where it has one, for parameters by place or name."""
        if name in MOMENTS:
            return self._moment(name, *args, **kwargs)
        if name == "median":
            return self._at("ppf", 0.5, *args, **kwargs)
        if name == "interval":
            part, *rest = (kwargs.pop("confidence"), *args) if "confidence" in kwargs else args
            return tuple(self._at("ppf", (1 + sign * asarray(part)) / 2, *rest, **kwargs) for sign in (-1, 1))
        return self._at(name, *args, **kwargs)

    def _parameters(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[list[Any], Any, Any]:
        """The parameters of shape in their order, the location and the scale."""
        given = {**dict(zip(self.names, args, strict=False)), **kwargs}
        values = {key: asarray(value) for key, value in given.items()}
        loc, scale = values.pop("loc", 0.0), values.pop("scale", 1.0)
        return [values[key] for key in self.names if key in values], loc, scale

    def _moment(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """The mean, the variance, its root or the entropy, by what SciPy has written of the standard form."""
        shapes, loc, scale = self._parameters(args, kwargs)
        own = own_method(self.original, "_entropy" if name == "entropy" else "_stats")
        found = None if own is None else own(*shapes)
        if name != "entropy" and found is not None:
            found = found[0 if name == "mean" else 1]
        if found is None:
            refuse(
                f"'scipy.stats.{self._name}.{name}' has no derivative here.",
                "Integrate  pdf  by scipy.integrate.quad in the function, or call it outside.",
            )
        if name == "entropy":
            return found + np.log(scale)
        return loc + scale * found if name == "mean" else scale**2 * found if name == "var" else scale * np.sqrt(found)

    def _at(self, name: str, x: Any, *args: Any, **kwargs: Any) -> Any:
        shapes, loc, scale = self._parameters(args, kwargs)
        x = asarray(x)
        if name in ("ppf", "isf"):
            return loc + scale * self._inverse(name, x, shapes)
        z = (x - loc) / scale
        if name in ("pdf", "logpdf", "pmf", "logpmf"):
            found = self._density(z, shapes) - (np.log(scale) if "pdf" in name else 0.0)
            return found if name.startswith("log") else np.exp(found)
        return self._distribution(name, z, shapes)

    def _support(self, z: Any, shapes: list[Any]) -> tuple[Any, Any]:
        """Where the density is, and z with a point within in place of those outside."""
        low, high, within = self.standard.support(*shapes)
        inside = np.logical_and(z >= low, z <= high)
        return inside, np.where(inside, z, within)

    def _density(self, z: Any, shapes: list[Any]) -> Any:
        inside, safe = self._support(z, shapes)
        if "pmf" in self.methods:
            inside = np.logical_and(inside, np.floor(z) == z)
        return np.where(inside, self.standard.logpdf(safe, *shapes), -math.inf)

    def _distribution(self, name: str, z: Any, shapes: list[Any]) -> Any:
        """F(z), 1 − F(z) and their logarithms, which are constant outside of the support."""
        if "pmf" in self.methods:
            z = np.floor(z)
        low = self.standard.support(*shapes)[0]
        inside, safe = self._support(z, shapes)
        found = self._standard(name, safe, shapes)
        ends = {"cdf": (0.0, 1.0), "sf": (1.0, 0.0), "logcdf": (-math.inf, 0.0), "logsf": (0.0, -math.inf)}[name]
        return np.where(inside, found, np.where(z < low, *ends))

    def _standard(self, name: str, z: Any, shapes: list[Any]) -> Any:
        own = getattr(self.standard, name)
        if own is not None:
            return own(z, *shapes)
        if name.startswith("log"):
            return np.log(self._standard(name[3:], z, shapes))
        other = getattr(self.standard, "cdf" if name == "sf" else "sf")
        if other is None:
            self._refuse_search(name)
        return 1.0 - other(z, *shapes)

    def _inverse(self, name: str, q: Any, shapes: list[Any]) -> Any:
        own = getattr(self.standard, name)
        if own is not None:
            return own(q, *shapes)
        other = self.standard.isf if name == "ppf" else self.standard.ppf
        if other is None:
            self._refuse_search(name)
        return other(1.0 - q, *shapes)

    def _refuse_search(self, name: str) -> NoReturn:
        """Refuse what SciPy finds by search or quadrature."""
        how = (
            "Solve  cdf(x) = q  by a few steps of Newton's method in the function, or call it outside."
            if name in ("ppf", "isf")
            else "Integrate  pdf  by scipy.integrate.quad in the function, or call it outside."
        )
        refuse(f"'scipy.stats.{self._name}.{name}' has no derivative here.", how)


class FrozenDistribution:
    """A distribution with its parameters."""

    def __init__(self, of: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._of, self._args, self._kwargs = of, args, kwargs

    def __getattr__(self, name: str) -> Any:
        own = getattr(self._of, name)
        if not callable(own):
            return own
        return lambda *args, **kwargs: own(*args, *self._args, **{**self._kwargs, **kwargs})


class _FrozenOfNumbers(FrozenDistribution):
    """The same with numbers as parameters: what is not here is SciPy's own."""

    def __init__(self, of: Any, args: tuple[Any, ...], kwargs: dict[str, Any], original: Any = None) -> None:
        super().__init__(of, args, kwargs)
        self._original = original

    def __getattr__(self, name: str) -> Any:
        if name in self._of.methods:
            return super().__getattr__(name)
        return getattr(
            self._of.original(*self._args, **self._kwargs) if self._original is None else self._original, name
        )


for _name, _standard in CONTINUOUS.items():
    globals()[_name] = Distribution(getattr(_scipy, _name), _standard, CONTINUOUS_METHODS)
for _name, _standard in DISCRETE.items():
    globals()[_name] = Distribution(getattr(_scipy, _name), _standard, DISCRETE_METHODS)


# ---------------------------------------------------------------- several variables


class Joint(_Answering):
    """A distribution of several variables, by its logarithmic density."""

    def __init__(self, original: Any, name: str, logpdf: Callable[..., Any], **others: Callable[..., Any]) -> None:
        super().__init__(original, name, frozenset({"pdf", "logpdf", *others}))
        self._logpdf, self._others = logpdf, others

    def value(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """The density, its logarithm or another function."""
        if name in self._others:
            return self._others[name](*args, **kwargs)
        found = self._logpdf(*args, **kwargs)
        return found if name == "logpdf" else np.exp(found)


def _normal(x: Any, mean: Any = None, cov: Any = 1.0, allow_singular: bool = False) -> Any:
    """−½ (d log 2π + log det Σ + (x − μ)ᵀ Σ⁻¹ (x − μ)) for every x along the last axis, by the factor of Σ."""
    x, cov = asarray(x), asarray(cov)
    mean = None if mean is None else asarray(mean)
    d = cov.shape[-1] if len(cov.shape) else 1 if mean is None or not mean.shape else mean.shape[-1]
    if len(cov.shape) < 2:
        cov = np.eye(d) * cov
    x = np.reshape(x, (*x.shape, 1)) if d == 1 and (not x.shape or x.shape[-1] != 1) else x
    centred = x if mean is None else x - mean
    rows = np.reshape(centred, (-1, d))
    if allow_singular:
        return np.reshape(_singular_normal(rows, cov), tuple(centred.shape[:-1]))
    factor: Any = np.linalg.cholesky(cov)
    white = np.linalg.solve(factor, np.transpose(rows))
    logs = np.sum(np.log(np.diagonal(factor)))
    found = -0.5 * (d * math.log(2 * math.pi) + np.sum(white**2, axis=0)) - logs
    return np.reshape(found, tuple(centred.shape[:-1]))


def _singular_normal(rows: Any, cov: Any) -> Any:
    """The same on the space of the eigenvectors whose values are not 0, and −∞ beside it."""
    values, vectors = np.linalg.eigh(cov)
    least = 1e6 * np.finfo(float).eps * np.max(np.abs(values))
    there = values > least
    safe = np.where(there, values, 1.0)
    along = rows @ vectors
    found = -0.5 * np.sum(np.where(there, along**2 / safe + np.log(safe) + math.log(2 * math.pi), 0.0), axis=-1)
    beside = np.sum(np.where(there, 0.0, along**2), axis=-1)
    return np.where(beside < 1e6 * np.finfo(float).eps, found, -math.inf)


def _normal_entropy(mean: Any = None, cov: Any = 1.0) -> Any:
    """½ log det(2πe Σ)."""
    cov = asarray(cov)
    size = cov.shape[-1] if len(cov.shape) else 1 if mean is None else np.size(mean)
    cov = np.eye(size) * cov if len(cov.shape) < 2 else cov
    return 0.5 * (size * math.log(2 * math.pi * math.e) + np.linalg.slogdet(cov)[1])


def _dirichlet(x: Any, alpha: Any) -> Any:
    """log Γ(Σ α) − Σ log Γ(α_i) + Σ (α_i − 1) log x_i; the last x may be left out."""
    x, alpha = asarray(x), asarray(alpha)
    if x.shape[0] == alpha.shape[0] - 1:
        x = np.concatenate([x, 1 - np.sum(x, axis=0, keepdims=True)])
    shape = (alpha.shape[0],) + (1,) * (len(x.shape) - 1)
    powers = np.sum(_special.xlogy(np.reshape(alpha - 1, shape), x), axis=0)
    return _special.gammaln(np.sum(alpha)) - np.sum(_special.gammaln(alpha)) + powers


multivariate_normal = Joint(_scipy.multivariate_normal, "multivariate_normal", _normal, entropy=_normal_entropy)
dirichlet = Joint(_scipy.dirichlet, "dirichlet", _dirichlet)


# ---------------------------------------------------------------- those with parameters that were made outside

_FROZEN: Any = _scipy.distributions.rv_frozen
_FROZEN_NORMAL = type(_scipy.multivariate_normal())
_FROZEN_DIRICHLET = type(_scipy.dirichlet([1.0]))


def _by_its_code(original: Any) -> _Answering:
    """A distribution by what SciPy says of it in Python."""
    standard = written_standard(original)
    methods = DISCRETE_METHODS if isinstance(original, _scipy.rv_discrete) else CONTINUOUS_METHODS
    if standard is None:
        return _Answering(original, original.name, frozenset())
    return Distribution(original, standard, methods)


def answering(original: Any) -> Any:
    """What stands for a distribution of SciPy that has no formula here, or for one with its parameters; None for other objects."""
    if isinstance(original, _scipy.rv_continuous | _scipy.rv_discrete):
        return _by_its_code(original)
    if isinstance(original, _FROZEN):
        of = globals().get(original.dist.name)
        if not isinstance(of, Distribution) or type(of.original) is not type(original.dist):
            of = _by_its_code(original.dist)
        return _FrozenOfNumbers(of, original.args, original.kwds, original)
    if isinstance(original, _FROZEN_NORMAL):
        return _FrozenOfNumbers(multivariate_normal, (original.mean, original.cov), {}, original)
    if isinstance(original, _scipy.gaussian_kde):
        return of_numbers(original)
    if isinstance(original, _FROZEN_DIRICHLET):
        return _FrozenOfNumbers(dirichlet, (original.alpha,), {}, original)
    return None
