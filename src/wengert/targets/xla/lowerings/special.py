"""Special functions that `jax.scipy` has, bits of numbers, and the barrier between two computations of the same."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from wengert.targets.xla.library import jnp, lax, special

Array = Any

_NAMED = "beta betaln gammainc gammaincc betainc rel_entr kl_div ndtri log_ndtr exp1 expi gamma zeta i0 i1 i0e i1e"


def _as_given(function: Callable[..., Array]) -> Callable[..., Array]:
    return lambda xp, *xs: function(*xs).astype(jnp.result_type(*xs))


def _rgamma(x: Array) -> Array:
    """1/Γ(x), 0 at the poles."""
    return jnp.where((x <= 0) & (x == jnp.floor(x)), 0.0, 1 / special.gamma(x))


def _erfcinv(x: Array) -> Array:
    """The inverse of erfc, by that of the normal distribution."""
    return -special.ndtri(x / 2) / math.sqrt(2)


def _erfi(x: Array) -> Array:
    """−i erf ix = 2/√π e^(x²) D(x), D Dawson's integral."""
    return 2 / math.sqrt(math.pi) * jnp.exp(x * x) * special.dawsn(x)


def _hazard(x: Array) -> Array:
    """φ(x)/Φ(−x), by the scaled erfc."""
    return 2 / math.sqrt(2 * math.pi) / special.erfcx(x * (-1 / math.sqrt(2)))


def _spacing(xp: Any, x: Array) -> Array:
    x = jnp.real(x)
    size = jnp.abs(x)
    return jnp.where(x < 0, -1.0, 1.0).astype(x.dtype) * (jnp.nextafter(size, jnp.full_like(size, jnp.inf)) - size)


def _nextafter(xp: Any, x: Array, y: Array) -> Array:
    return jnp.nextafter(jnp.real(x), jnp.real(y))


def _exponent(xp: Any, x: Array) -> Array:
    return jnp.frexp(jnp.real(x))[1].astype(jnp.int64)


def _signbit(xp: Any, x: Array) -> Array:
    return jnp.signbit(jnp.real(x))


def _barrier(xp: Any, x: Array, after: Array) -> Array:
    return lax.optimization_barrier((x, after))[0]


def _whole_numbers(xp: Any, x: Array, y: Array, function: str) -> Array:
    return getattr(jnp, function)(x, y)


LOWERINGS: dict[str, Callable[..., Array]] = {
    **{name: _as_given(getattr(special, name)) for name in _NAMED.split()},
    "erfcx": _as_given(special.erfcx),
    "dawsn": _as_given(special.dawsn),
    "gammasgn": _as_given(lambda x: special.gammasgn(jnp.real(x))),
    "rgamma": _as_given(_rgamma),
    "erfcinv": _as_given(_erfcinv),
    "erfi": _as_given(_erfi),
    "hazard": _as_given(_hazard),
    "spacing": _spacing,
    "nextafter": _nextafter,
    "binary_exponent": _exponent,
    "signbit": _signbit,
    "whole_numbers": _whole_numbers,
    "barrier": _barrier,
}
