"""Places: windows, slices written over, rows put, padding, searching and sorting."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from wengert.targets.xla.library import jax, jnp, lax

Array = Any


def _window(xp: Any, x: Array, shape: Sequence[int], steps: Sequence[Sequence[int]], offset: Sequence[int]) -> Array:
    axes = np.ogrid[tuple(np.s_[0:n] for n in shape)]
    inside = np.ones(shape, bool)
    places: list[Any] = []
    for size, row, start in zip(x.shape, steps, offset, strict=True):
        moved = (c * axis for c, axis in zip(row, axes, strict=True) if c)
        place = sum(moved, np.full((1,) * len(shape), start))
        inside &= (place >= 0) & (place < size)
        places.append(np.clip(place, 0, max(size - 1, 0)))
    if not inside.any():
        return jnp.zeros(shape, x.dtype)
    picked = jnp.broadcast_to(x[tuple(places)] if places else x, shape)
    return picked if inside.all() else jnp.where(inside, picked, jnp.zeros((), x.dtype))


def _set_slice(xp: Any, x: Array, v: Array, start: Sequence[int], step: Sequence[int]) -> Array:
    if not v.size:
        return jnp.asarray(x)
    places = zip(v.shape, start, step, strict=True)
    return x.at[tuple(np.s_[a : a + (n - 1) * c + 1 : c] for n, a, c in places)].set(v)


def _put(xp: Any, x: Array, indices: Array, v: Array, axis: int, batch: int) -> Array:
    """The last entry for a place wins: XLA's scatter knows no order, so the last one's number is found first, by a maximum."""
    common, before, after = (math.prod(part) for part in (x.shape[:batch], x.shape[batch:axis], x.shape[axis + 1 :]))
    size, count = x.shape[axis], indices.shape[-1]
    flat = indices.reshape(common, count)
    xp.findings.add("an index outside of its axis", (flat < 0) | (flat >= size))
    if not count or not size:
        return x
    rows = jnp.arange(common)[:, None]
    last = jnp.full((common, size), -1).at[rows, flat].max(jnp.arange(count)[None, :], mode="drop")
    entries = v.reshape(common, before, count, after)
    picked = jnp.take_along_axis(entries, jnp.maximum(last, 0)[:, None, :, None], axis=2)
    new = jnp.where((last >= 0)[:, None, :, None], picked, x.reshape(common, before, size, after))
    return new.reshape(x.shape)


def _pad(xp: Any, x: Array, low: Sequence[int], high: Sequence[int], step: Sequence[int] | None = None) -> Array:
    if not x.ndim:
        return x
    steps = step or (1,) * x.ndim
    return lax.pad(x, jnp.zeros((), x.dtype), [(a, b, c - 1) for a, b, c in zip(low, high, steps, strict=True)])


def _searchsorted(xp: Any, row: Array, wanted: Array, batch: int, side: str) -> Array:
    if not row.shape[-1]:
        return jnp.zeros(wanted.shape, jnp.int64)

    def search(row: Array, wanted: Array) -> Array:
        return jnp.searchsorted(row, wanted, side=side)

    for _ in range(batch):
        search = jax.vmap(search)
    return search(jnp.real(row), jnp.real(wanted)).astype(jnp.int64)


def _lexsort(xp: Any, x: Array, keys: int, axis: int) -> Array:
    return jnp.lexsort(jnp.moveaxis(jnp.real(x), keys, 0), axis=axis - (axis > keys)).astype(jnp.int64)


def _argsort(xp: Any, x: Array, axis: int, order: Any) -> Array:
    return jnp.argsort(jnp.real(x), axis=axis, stable=True)


LOWERINGS: dict[str, Callable[..., Array]] = {
    "window": _window,
    "set_slice": _set_slice,
    "put": _put,
    "pad": _pad,
    "searchsorted": _searchsorted,
    "lexsort": _lexsort,
    "argsort": _argsort,
}
