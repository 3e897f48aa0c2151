"""Densities and distribution functions for location 0 and scale 1, each a formula that NumPy and traced values share.

Source: the documentation of scipy.stats, of each distribution.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special  # pyright: ignore[reportMissingTypeStubs]

_s: Any = special
Function = Callable[..., Any]
INF = math.inf


def _line(*shapes: Any) -> tuple[Any, Any, Any]:
    return -INF, INF, 0.0


def _positive(*shapes: Any) -> tuple[Any, Any, Any]:
    return 0.0, INF, 1.0


def _unit(*shapes: Any) -> tuple[Any, Any, Any]:
    return 0.0, 1.0, 0.5


def _above(*shapes: Any) -> tuple[Any, Any, Any]:
    return 5e-324, INF, 1.0


@dataclass(frozen=True)
class Standard:
    """log f, F, 1 − F, their logarithms and inverses, of z and the parameters of shape. What is None follows from the others."""

    logpdf: Function
    support: Function
    """The ends of the support, and a point within."""
    cdf: Function | None = None
    sf: Function | None = None
    logcdf: Function | None = None
    logsf: Function | None = None
    ppf: Function | None = None
    isf: Function | None = None


def _t_cdf(z: Any, df: Any) -> Any:
    """½ I_(ν/(ν + z²))(ν/2, ½) in the lower tail; at 0 its line."""
    zero = z == 0
    safe = np.where(zero, 1.0, z)
    tail = 0.5 * _s.betainc(0.5 * df, 0.5, df / (df + safe * safe))
    return np.where(zero, 0.5 + z * np.exp(_t(0.0, df)), np.where(safe < 0, tail, 1.0 - tail))


def _t(z: Any, df: Any) -> Any:
    constant = _s.gammaln(0.5 * (df + 1)) - _s.gammaln(0.5 * df) - 0.5 * np.log(math.pi * df)
    return constant - 0.5 * (df + 1) * np.log1p(z * z / df)


def _laplace_cdf(z: Any) -> Any:
    half = 0.5 * np.exp(-np.abs(z))
    return np.where(z < 0, half, 1.0 - half)


def _laplace_logcdf(z: Any) -> Any:
    low = np.where(z < 0, z, 0.0)
    high = np.where(z < 0, 0.0, z)
    return np.where(z < 0, low - math.log(2.0), np.log1p(-0.5 * np.exp(-high)))


def _laplace_ppf(q: Any) -> Any:
    return np.where(q < 0.5, np.log(2.0 * q), -np.log(2.0 * (1.0 - q)))


def _log1p_quotient(z: Any, c: Any) -> Any:
    """log(1 + c z)/c, for small c z by its series: also its derivatives by c at 0 are those of z."""
    u = c * z
    small = np.abs(u) < 0.02
    near = np.where(small, u, 0.0)
    series = 1.0 / 12
    for n in range(11, 0, -1):
        series = 1.0 / n - near * series
    return np.where(small, z * series, np.log1p(np.where(small, 1.0, u)) / np.where(small, 1.0, c))


def _beyond(c: Any) -> Any:
    """Where 1 + c z is positive, below for c > 0."""
    none = c == 0
    return none, -1.0 / np.where(none, 1.0, c)


def _pareto_support(c: Any) -> tuple[Any, Any, Any]:
    none, end = _beyond(c)
    high = np.where(none | (c > 0), INF, end)
    return 0.0, high, np.where(np.isinf(high), 1.0, 0.5 * np.where(np.isinf(high), 1.0, high))


def _extreme_support(c: Any) -> tuple[Any, Any, Any]:
    none, end = _beyond(-c)
    return np.where(c < 0, end, -INF), np.where(none | (c < 0), INF, end), 0.0


def _genpareto_ppf(q: Any, c: Any) -> Any:
    return -_s.boxcox(1.0 - q, -c)


def _log_mass(a: Any, b: Any) -> Any:
    """log(Φ(b) − Φ(a)), by the tail that is nearer; infinite ends do not move."""
    a, b = (np.where(np.isinf(x), np.sign(x) * INF, x) for x in (a, b))
    _, low, high = _in_lower_tail(a, b)
    return _s.log_ndtr(high) + np.log1p(-np.exp(_s.log_ndtr(low) - _s.log_ndtr(high)))


def _in_lower_tail(a: Any, b: Any) -> tuple[Any, Any, Any]:
    """Where an interval lies above 0, and its ends, there turned into those below 0 of the same mass."""
    turned = a > 0
    return turned, np.where(turned, -b, a), np.where(turned, -a, b)


def _truncnorm_ppf(q: Any, a: Any, b: Any) -> Any:
    turned, low, high = _in_lower_tail(a, b)
    part = np.where(turned, 1.0 - q, q)
    found = _s.ndtri(_s.ndtr(low) + part * (_s.ndtr(high) - _s.ndtr(low)))
    return np.where(turned, -found, found)


CONTINUOUS: dict[str, Standard] = {
    "truncnorm": Standard(
        lambda z, a, b: -0.5 * z * z - 0.5 * math.log(2 * math.pi) - _log_mass(a, b),
        lambda a, b: (a, b, np.minimum(np.maximum(0.0, a), b)),
        cdf=lambda z, a, b: np.exp(_log_mass(a, z) - _log_mass(a, b)),
        sf=lambda z, a, b: np.exp(_log_mass(z, b) - _log_mass(a, b)),
        ppf=_truncnorm_ppf,
        logcdf=lambda z, a, b: _log_mass(a, z) - _log_mass(a, b),
        logsf=lambda z, a, b: _log_mass(z, b) - _log_mass(a, b),
    ),
    "genpareto": Standard(
        lambda z, c: -_log1p_quotient(z, c) - np.log1p(c * z),
        _pareto_support,
        cdf=lambda z, c: -np.expm1(-_log1p_quotient(z, c)),
        sf=lambda z, c: np.exp(-_log1p_quotient(z, c)),
        logsf=lambda z, c: -_log1p_quotient(z, c),
        ppf=_genpareto_ppf,
        isf=lambda q, c: -_s.boxcox(q, -c),
    ),
    "genextreme": Standard(
        lambda z, c: -np.exp(-_log1p_quotient(z, -c)) - _log1p_quotient(z, -c) - np.log1p(-c * z),
        _extreme_support,
        cdf=lambda z, c: np.exp(-np.exp(-_log1p_quotient(z, -c))),
        sf=lambda z, c: -np.expm1(-np.exp(-_log1p_quotient(z, -c))),
        logcdf=lambda z, c: -np.exp(-_log1p_quotient(z, -c)),
        ppf=lambda q, c: -_s.boxcox(-np.log(q), c),
    ),
    "norm": Standard(
        lambda z: -0.5 * z * z - 0.5 * math.log(2 * math.pi),
        _line,
        cdf=_s.ndtr,
        sf=lambda z: _s.ndtr(-z),
        logcdf=_s.log_ndtr,
        logsf=lambda z: _s.log_ndtr(-z),
        ppf=_s.ndtri,
        isf=lambda q: -_s.ndtri(q),
    ),
    "t": Standard(
        _t,
        _line,
        cdf=_t_cdf,
        sf=lambda z, df: _t_cdf(-z, df),
        ppf=lambda q, df: _s.stdtrit(df, q),
        isf=lambda q, df: -_s.stdtrit(df, q),
    ),
    "gamma": Standard(
        lambda z, a: _s.xlogy(a - 1, z) - z - _s.gammaln(a),
        _positive,
        cdf=lambda z, a: _s.gammainc(a, z),
        sf=lambda z, a: _s.gammaincc(a, z),
        ppf=lambda q, a: _s.gammaincinv(a, q),
        isf=lambda q, a: _s.gammainccinv(a, q),
    ),
    "invgamma": Standard(
        lambda z, a: -(a + 1) * np.log(z) - _s.gammaln(a) - 1 / z,
        _above,
        cdf=lambda z, a: _s.gammaincc(a, 1 / z),
        sf=lambda z, a: _s.gammainc(a, 1 / z),
        ppf=lambda q, a: 1 / _s.gammainccinv(a, q),
        isf=lambda q, a: 1 / _s.gammaincinv(a, q),
    ),
    "chi2": Standard(
        lambda z, df: _s.xlogy(0.5 * df - 1, z) - 0.5 * z - _s.gammaln(0.5 * df) - 0.5 * math.log(2) * df,
        _positive,
        cdf=lambda z, df: _s.gammainc(0.5 * df, 0.5 * z),
        sf=lambda z, df: _s.gammaincc(0.5 * df, 0.5 * z),
        ppf=lambda q, df: 2 * _s.gammaincinv(0.5 * df, q),
        isf=lambda q, df: 2 * _s.gammainccinv(0.5 * df, q),
    ),
    "beta": Standard(
        lambda z, a, b: _s.xlogy(a - 1, z) + _s.xlog1py(b - 1, -z) - _s.betaln(a, b),
        _unit,
        cdf=lambda z, a, b: _s.betainc(a, b, z),
        sf=lambda z, a, b: _s.betainc(b, a, 1 - z),
        ppf=lambda q, a, b: _s.betaincinv(a, b, q),
        isf=lambda q, a, b: 1 - _s.betaincinv(b, a, q),
    ),
    "expon": Standard(
        lambda z: -z,
        _positive,
        cdf=lambda z: -np.expm1(-z),
        sf=lambda z: np.exp(-z),
        logsf=lambda z: -z,
        ppf=lambda q: -np.log1p(-q),
        isf=lambda q: -np.log(q),
    ),
    "laplace": Standard(
        lambda z: -np.abs(z) - math.log(2.0),
        _line,
        cdf=_laplace_cdf,
        sf=lambda z: _laplace_cdf(-z),
        logcdf=_laplace_logcdf,
        logsf=lambda z: _laplace_logcdf(-z),
        ppf=_laplace_ppf,
    ),
    "logistic": Standard(
        lambda z: _s.log_expit(z) + _s.log_expit(-z),
        _line,
        cdf=_s.expit,
        sf=lambda z: _s.expit(-z),
        logcdf=_s.log_expit,
        logsf=lambda z: _s.log_expit(-z),
        ppf=_s.logit,
        isf=lambda q: -_s.logit(q),
    ),
    "lognorm": Standard(
        lambda z, s: -0.5 * (np.log(z) / s) ** 2 - np.log(s * z) - 0.5 * math.log(2 * math.pi),
        _above,
        cdf=lambda z, s: _s.ndtr(np.log(z) / s),
        sf=lambda z, s: _s.ndtr(-np.log(z) / s),
        logcdf=lambda z, s: _s.log_ndtr(np.log(z) / s),
        logsf=lambda z, s: _s.log_ndtr(-np.log(z) / s),
        ppf=lambda q, s: np.exp(s * _s.ndtri(q)),
        isf=lambda q, s: np.exp(-s * _s.ndtri(q)),
    ),
    "uniform": Standard(lambda z: 0.0 * z, _unit, cdf=lambda z: 1.0 * z, sf=lambda z: 1.0 - z, ppf=lambda q: 1.0 * q),
    "cauchy": Standard(
        lambda z: -math.log(math.pi) - np.log1p(z * z),
        _line,
        cdf=lambda z: np.arctan2(1.0, -z) / math.pi,
        sf=lambda z: np.arctan2(1.0, z) / math.pi,
        ppf=lambda q: np.tan(math.pi * (q - 0.5)),
    ),
    "halfnorm": Standard(
        lambda z: 0.5 * math.log(2 / math.pi) - 0.5 * z * z,
        _positive,
        cdf=lambda z: _s.erf(z * math.sqrt(0.5)),
        sf=lambda z: _s.erfc(z * math.sqrt(0.5)),
        ppf=lambda q: math.sqrt(2) * _s.erfinv(q),
        isf=lambda q: math.sqrt(2) * _s.erfcinv(q),
    ),
    "weibull_min": Standard(
        lambda z, c: np.log(c) + _s.xlogy(c - 1, z) - z**c,
        _positive,
        cdf=lambda z, c: -np.expm1(-(z**c)),
        sf=lambda z, c: np.exp(-(z**c)),
        logsf=lambda z, c: -(z**c),
        ppf=lambda q, c: (-np.log1p(-q)) ** (1 / c),
        isf=lambda q, c: (-np.log(q)) ** (1 / c),
    ),
    "pareto": Standard(
        lambda z, b: np.log(b) - (b + 1) * np.log(z),
        lambda *shapes: (1.0, INF, 2.0),
        cdf=lambda z, b: -np.expm1(-b * np.log(z)),
        sf=lambda z, b: z**-b,
        logsf=lambda z, b: -b * np.log(z),
        ppf=lambda q, b: (1 - q) ** (-1 / b),
        isf=lambda q, b: q ** (-1 / b),
    ),
    "gumbel_r": Standard(
        lambda z: -z - np.exp(-z),
        _line,
        cdf=lambda z: np.exp(-np.exp(-z)),
        sf=lambda z: -np.expm1(-np.exp(-z)),
        logcdf=lambda z: -np.exp(-z),
        ppf=lambda q: -np.log(-np.log(q)),
    ),
    "rayleigh": Standard(
        lambda z: np.log(z) - 0.5 * z * z,
        _positive,
        cdf=lambda z: -np.expm1(-0.5 * z * z),
        sf=lambda z: np.exp(-0.5 * z * z),
        logsf=lambda z: -0.5 * z * z,
        ppf=lambda q: np.sqrt(-2 * np.log1p(-q)),
        isf=lambda q: np.sqrt(-2 * np.log(q)),
    ),
}

DISCRETE: dict[str, Standard] = {
    "poisson": Standard(
        lambda k, mu: _s.xlogy(k, mu) - _s.gammaln(k + 1) - mu,
        _positive,
        cdf=lambda k, mu: _s.gammaincc(k + 1, mu),
        sf=lambda k, mu: _s.gammainc(k + 1, mu),
    ),
    "binom": Standard(
        lambda k, n, p: (
            _s.gammaln(n + 1) - _s.gammaln(k + 1) - _s.gammaln(n - k + 1) + _s.xlogy(k, p) + _s.xlog1py(n - k, -p)
        ),
        lambda n, p: (0.0, n, 0.0),
        cdf=lambda k, n, p: np.where(k < n, _s.betainc(np.maximum(n - k, 1), k + 1, 1 - p), 1.0),
        sf=lambda k, n, p: np.where(k < n, _s.betainc(k + 1, np.maximum(n - k, 1), p), 0.0),
    ),
    "nbinom": Standard(
        lambda k, n, p: _s.gammaln(n + k) - _s.gammaln(k + 1) - _s.gammaln(n) + _s.xlogy(n, p) + _s.xlog1py(k, -p),
        _positive,
        cdf=lambda k, n, p: _s.betainc(n, k + 1, p),
        sf=lambda k, n, p: _s.betainc(k + 1, n, 1 - p),
    ),
    "bernoulli": Standard(
        lambda k, p: _s.xlogy(k, p) + _s.xlog1py(1 - k, -p),
        _unit,
        cdf=lambda k, p: np.where(k < 1, 1 - p, 1.0),
        sf=lambda k, p: np.where(k < 1, p, 0.0),
    ),
    "geom": Standard(
        lambda k, p: np.log(p) + _s.xlog1py(k - 1, -p),
        lambda *shapes: (1.0, INF, 1.0),
        cdf=lambda k, p: -np.expm1(k * np.log1p(-p)),
        sf=lambda k, p: np.exp(k * np.log1p(-p)),
    ),
}
