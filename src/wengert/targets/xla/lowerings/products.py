"""Products of several arrays, pair by pair: `dot_general` keeps batch axes apart, where the value for NumPy folds axes together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from wengert.core.ops.products import contraction_order
from wengert.targets.xla.library import jnp

Array = Any
Labels = tuple[Any, ...]


def _einsum(xp: Any, *xs: Array, inputs: tuple[Labels, ...], output: Labels) -> Array:
    labels, arrays = list(inputs), list(xs)
    if len(arrays) > 2:
        for places in contraction_order(inputs, output, tuple(x.shape for x in xs)):
            picked = [(arrays.pop(k), labels.pop(k)) for k in sorted(places, reverse=True)][::-1]
            later = set(output).union(*labels)
            kept = tuple(dict.fromkeys(l for _, ls in picked for l in ls if l in later)) if labels else output
            arrays.append(_product([a for a, _ in picked], [l for _, l in picked], kept))
            labels.append(kept)
        if labels[0] == tuple(output):
            return arrays[0]
    return _product(arrays, labels, output)


class _Factors:
    """The dtype to which float32 factors of sums of products are rounded; None where they stay as they are."""

    dtype: str | None = None


def factors_in(dtype: str | None) -> None:
    """Round the factors of sums of products in float32 to that dtype in programs that are made from now on; the sums stay float32."""
    _Factors.dtype = dtype


def _product(arrays: Sequence[Array], labels: Sequence[Labels], output: Labels) -> Array:
    summed = set().union(*labels) - set(output)
    if _Factors.dtype and len(arrays) == 2 and summed and all(x.dtype == jnp.float32 for x in arrays):
        narrow = [part for x, ls in zip(arrays, labels, strict=True) for part in (x.astype(_Factors.dtype), list(ls))]
        return jnp.einsum(*narrow, list(output), preferred_element_type=jnp.float32)
    given = [part for array, ls in zip(arrays, labels, strict=True) for part in (array, list(ls))]
    return jnp.einsum(*given, list(output), precision="highest")


LOWERINGS: dict[str, Callable[..., Array]] = {"einsum": _einsum}
