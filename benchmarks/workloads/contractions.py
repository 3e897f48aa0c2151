"""Products of arrays over labels: sums over axes that lie apart, windows, batches, and few rows times a large matrix, float32."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

import wengert as wg
from benchmarks.contest import ANSWER, Contestant, Reach, Workload

Shape = tuple[int, ...]


def data(shapes: Sequence[Shape]) -> list[np.ndarray]:
    """Normal numbers."""
    random = np.random.default_rng(0)
    return [random.normal(size=shape).astype(np.float32) for shape in shapes]


def contraction(spec: str, a: Shape, b: Shape, title: str = "") -> Workload:
    """einsum of two arrays."""
    given = data((a, b))
    return Workload(
        title=title or f"einsum {spec}, {a} and {b}",
        contestants=(
            Contestant("wengert", lambda: functools.partial(wg.compile(lambda a, b: np.einsum(spec, a, b)), *given)),
            Contestant("NumPy, optimized", lambda: functools.partial(_optimized, spec, *given)),
            Contestant("JAX jit", lambda: _jax(spec, given), needs=("jax",)),
            Contestant("torch", lambda: _torch(spec, given), needs=("torch",)),
        ),
        reaches=(Reach("at most the time of the best peer", ("wengert",)),),
        references={ANSWER: lambda: (np.einsum(spec, *(x.astype(np.float64) for x in given), optimize=True),)},
        tolerance={ANSWER: 1e-5},
    )


def _optimized(spec: str, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.einsum(spec, a, b, optimize=True)


def _jax(spec: str, given: Sequence[np.ndarray]) -> Any:
    import jax
    import jax.numpy as jnp

    f, arguments = jax.jit(lambda a, b: jnp.einsum(spec, a, b)), [jnp.array(x) for x in given]
    return lambda: jax.block_until_ready(f(*arguments))


def _torch(spec: str, given: Sequence[np.ndarray]) -> Any:
    import torch

    return functools.partial(torch.einsum, spec, *(torch.tensor(x) for x in given))
