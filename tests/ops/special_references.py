"""References for special functions, running sums, places and remainders: mpmath, or loops over single entries."""

from __future__ import annotations

import math

import mpmath
import numpy as np
from scipy import special as sp

SCALAR = {
    "gamma": mpmath.gamma,
    "rgamma": mpmath.rgamma,
    "gammasgn": lambda x: mpmath.sign(mpmath.gamma(x)),
    "zeta": mpmath.zeta,
    "beta": mpmath.beta,
    "betaln": lambda a, b: mpmath.log(mpmath.beta(a, b)),
    "gammainc": lambda a, x: mpmath.gammainc(a, 0, x, regularized=True),
    "gammaincc": lambda a, x: mpmath.gammainc(a, x, mpmath.inf, regularized=True),
    "betainc": lambda a, b, x: mpmath.betainc(a, b, 0, x, regularized=True),
    "gammainc_slope": lambda a, x: mpmath.diff(lambda t: mpmath.gammainc(t, 0, x, regularized=True), a),
    "betainc_slope_a": lambda a, b, x: mpmath.diff(lambda t: mpmath.betainc(t, b, 0, x, regularized=True), a),
    "betainc_slope_b": lambda a, b, x: mpmath.diff(lambda t: mpmath.betainc(a, t, 0, x, regularized=True), b),
    "gammaincinv": lambda a, p: mpmath.findroot(
        lambda x: mpmath.gammainc(a, 0, x, regularized=True) - p, sp.gammaincinv(float(a), float(p))
    ),
    "gammainccinv": lambda a, q: mpmath.findroot(
        lambda x: mpmath.gammainc(a, x, mpmath.inf, regularized=True) - q, sp.gammainccinv(float(a), float(q))
    ),
    "betaincinv": lambda a, b, p: mpmath.findroot(
        lambda x: mpmath.betainc(a, b, 0, x, regularized=True) - p, sp.betaincinv(float(a), float(b), float(p))
    ),
    "jv": mpmath.besselj,
    "yv": mpmath.bessely,
    "iv": mpmath.besseli,
    "kv": mpmath.besselk,
    "ive": lambda v, x: mpmath.besseli(v, x) * mpmath.exp(-abs(x)),
    "kve": lambda v, x: mpmath.besselk(v, x) * mpmath.exp(x),
    "j0": lambda x: mpmath.besselj(0, x),
    "j1": lambda x: mpmath.besselj(1, x),
    "y0": lambda x: mpmath.bessely(0, x),
    "y1": lambda x: mpmath.bessely(1, x),
    "i0": lambda x: mpmath.besseli(0, x),
    "i1": lambda x: mpmath.besseli(1, x),
    "k0": lambda x: mpmath.besselk(0, x),
    "k1": lambda x: mpmath.besselk(1, x),
    "i0e": lambda x: mpmath.besseli(0, x) * mpmath.exp(-abs(x)),
    "i1e": lambda x: mpmath.besseli(1, x) * mpmath.exp(-abs(x)),
    "k0e": lambda x: mpmath.besselk(0, x) * mpmath.exp(x),
    "k1e": lambda x: mpmath.besselk(1, x) * mpmath.exp(x),
    "erfcx": lambda x: mpmath.exp(x * x) * mpmath.erfc(x),
    "erfcinv": lambda x: mpmath.erfinv(1 - x),
    "erfi": mpmath.erfi,
    "dawsn": lambda x: mpmath.sqrt(mpmath.pi) / 2 * mpmath.exp(-x * x) * mpmath.erfi(x),
    "ndtri": lambda x: mpmath.sqrt(2) * mpmath.erfinv(2 * x - 1),
    "log_ndtr": lambda x: mpmath.log(mpmath.erfc(-x / mpmath.sqrt(2)) / 2),
    "hazard": lambda x: mpmath.npdf(x) / mpmath.ncdf(x),
    "exp1": mpmath.e1,
    "expi": mpmath.ei,
    "xlog1py": lambda x, y: x * mpmath.log1p(y),
    "rel_entr": lambda x, y: x * mpmath.log(x / y),
    "kl_div": lambda x, y: x * mpmath.log(x / y) - x + y,
    "floor_divide": lambda x, y: mpmath.floor(x / y),
    "remainder": lambda x, y: x - y * mpmath.floor(x / y),
    "fmod": lambda x, y: x - y * (mpmath.floor(abs(x / y)) * mpmath.sign(x / y)),
    "spacing": lambda x: mpmath.mpf(math.ulp(float(x))) * (1 if x >= 0 else -1),
    "nextafter": lambda x, y: mpmath.mpf(math.nextafter(float(x), float(y))),
}


def sinc(x, order):
    def one(v):
        return float(mpmath.diff(lambda t: mpmath.sincpi(t), v, order))

    return np.vectorize(one, otypes=[float])(x)


def along(step):
    """The running values of step(previous, entries …) along an axis, entry by entry."""

    def reference(*xs, axis, **params):
        rows = [np.moveaxis(x, axis, 0) for x in xs]
        out, h = np.empty(rows[0].shape), None
        for j, entries in enumerate(zip(*rows, strict=True)):
            h = out[j] = step(h, *entries, **params)
        return np.moveaxis(out, 0, axis)

    return reference


def order(x, axis, **params):
    """By counting how many entries are smaller; the samples have no ties."""
    before = np.sum(np.expand_dims(x, axis) < np.expand_dims(x, axis + 1), axis=axis + 1)
    places = np.empty(x.shape, int)
    grid = np.moveaxis(np.indices(x.shape)[axis], axis, 0)
    np.put_along_axis(places, before, np.moveaxis(grid, 0, axis), axis)
    return places


def lexsort(x, keys, axis):
    rows = np.moveaxis(x, (keys, axis), (0, -1))
    out = np.empty(rows.shape[1:], int)
    for place in np.ndindex(rows.shape[1:-1]):
        columns = rows[(slice(None), *place)][::-1]
        out[place] = sorted(range(rows.shape[-1]), key=lambda j, c=columns: (*c[:, j], j))
    return np.moveaxis(out, -1, axis - (axis > keys))


def search(row, wanted, batch, side):
    row = np.expand_dims(row, tuple(range(batch, wanted.ndim)))
    values = wanted[..., None]
    return np.sum(row < values if side == "left" else row <= values, axis=-1)


ARRAYS = {
    "sinc": sinc,
    "order": lambda x, function, argument: x,
    "cumsum": along(lambda h, x: x if h is None else h + x),
    "cumprod": along(lambda h, x: x if h is None else h * x),
    "recurrence": along(lambda h, a, b: b if h is None else a * h + b),
    "running_extreme": along(lambda h, x, largest: x if h is None else np.where((x > h) if largest else (x < h), x, h)),
    "argsort": order,
    "argpartition": lambda x, axis, places: np.argpartition(x, places, axis=axis),
    "argmax": lambda x, axis: np.sum(np.cumprod(x != x.max(axis=axis, keepdims=True), axis=axis), axis=axis),
    "argmin": lambda x, axis: np.sum(np.cumprod(x != x.min(axis=axis, keepdims=True), axis=axis), axis=axis),
    "lexsort": lexsort,
    "searchsorted": search,
    "signbit": lambda x: np.vectorize(lambda v: math.copysign(1, v) < 0, otypes=[bool])(x),
    "binary_exponent": lambda x: np.vectorize(lambda v: math.frexp(v)[1], otypes=[int])(x),
    "whole_numbers": lambda x, y, function: np.vectorize(whole(function), otypes=[int])(x, y),
}


def whole(function):
    return {
        "gcd": math.gcd,
        "lcm": math.lcm,
        "left_shift": lambda a, b: int(a) << int(b),
        "right_shift": lambda a, b: int(a) >> int(b),
        "bitwise_and": lambda a, b: int(a) & int(b),
        "bitwise_or": lambda a, b: int(a) | int(b),
        "bitwise_xor": lambda a, b: int(a) ^ int(b),
        "power": lambda a, b: int(a) ** int(b),
    }[function]
