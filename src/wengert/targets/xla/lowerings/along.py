"""Along an axis: recurrences, running extremes, convolutions, norms."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from wengert.core.ops.norms import SCALES
from wengert.targets.xla.library import jnp, lax

Array = Any


def _recurrence(xp: Any, a: Array, b: Array, axis: int) -> Array:
    """h_t = a_t h_{t−1} + b_t, step by step as NumPy does it: a scan in log depth rounds otherwise."""
    factors, terms = jnp.moveaxis(a, axis, 0), jnp.moveaxis(b, axis, 0)
    if not terms.shape[0]:
        return b

    def step(h: Array, at: tuple[Array, Array]) -> tuple[Array, Array]:
        h = at[0] * h + at[1]
        return h, h

    _, rest = lax.scan(step, terms[0], (factors[1:], terms[1:]))
    return jnp.moveaxis(jnp.concatenate([terms[:1], rest]), 0, axis)


def _running_extreme(xp: Any, x: Array, axis: int, largest: bool) -> Array:
    if not x.size:
        return x
    return (lax.cummax if largest else lax.cummin)(x, axis=axis)


def _convolve(xp: Any, x: Array, y: Array, count: int) -> Array:
    batch = x.shape[:-count]
    sizes = [n + m - 1 for n, m in zip(x.shape[-count:], y.shape[-count:], strict=True)]
    if not x.size or not y.size:
        return jnp.zeros((*batch, *sizes), jnp.result_type(x, y))
    if count <= 3 and not jnp.issubdtype(x.dtype, jnp.integer):
        return _grouped(x, y, count).reshape(*batch, *sizes)
    if math.prod(x.shape[-count:]) < math.prod(y.shape[-count:]):
        x, y = y, x
    out = jnp.zeros((*batch, *sizes), jnp.result_type(x, y))
    for place in np.ndindex(*y.shape[-count:]):
        window = tuple(np.s_[k : k + n] for k, n in zip(place, x.shape[-count:], strict=True))
        out = out.at[(..., *window)].add(x * y[(..., *place)][(..., *(None,) * count)])
    return out


def _grouped(x: Array, y: Array, count: int) -> Array:
    """The convolution of each pair in a stack, as one of so many groups."""
    many = math.prod(x.shape[:-count])
    left = x.reshape(1, many, *x.shape[-count:])
    right = jnp.flip(y.reshape(many, 1, *y.shape[-count:]), tuple(range(2, 2 + count)))
    beside = [(m - 1, m - 1) for m in y.shape[-count:]]
    return lax.conv_general_dilated(left, right, (1,) * count, beside, feature_group_count=many, precision="highest")


def _norm(xp: Any, x: Array, axes: tuple[int, ...]) -> Array:
    """√Σx²; where that leaves the range, the largest entry times the norm of what it divides, by a branch of the program."""
    squares = jnp.sum(x * x, axis=axes)
    real = jnp.real(squares)
    inside = (real >= SCALES[str(real.dtype)][0]) & (real < math.inf)

    def scaled() -> Array:
        largest = jnp.max(jnp.abs(jnp.real(x)), axis=axes)
        divisor = jnp.where((largest > 0) & (largest < math.inf), largest, jnp.ones_like(largest))
        part = x / jnp.expand_dims(divisor, axes)
        return jnp.where(inside, jnp.sqrt(squares), divisor * jnp.sqrt(jnp.sum(part * part, axis=axes)))

    return lax.cond(jnp.all(inside), lambda: jnp.sqrt(squares), scaled) if x.size else jnp.sqrt(squares)


LOWERINGS: dict[str, Callable[..., Array]] = {
    "recurrence": _recurrence,
    "running_extreme": _running_extreme,
    "convolve": _convolve,
    "norm": _norm,
}
