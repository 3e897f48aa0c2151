"""Products of several arrays, pair by pair: `dot_general` keeps batch axes apart, where the value for NumPy folds axes together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from wengert.ops.products import contraction_order
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


def _product(arrays: Sequence[Array], labels: Sequence[Labels], output: Labels) -> Array:
    given = [part for array, ls in zip(arrays, labels, strict=True) for part in (array, list(ls))]
    return jnp.einsum(*given, list(output), precision="highest")


LOWERINGS: dict[str, Callable[..., Array]] = {"einsum": _einsum}
