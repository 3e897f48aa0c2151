"""A call with six 4×4 arrays in and two new arrays out: what a call itself costs."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

import wengert as wg
from benchmarks.contest import ANSWER, Contestant, Reach, Workload


def f(a: Any, b: Any, c: Any, d: Any, e: Any, g: Any) -> Any:
    return a + b + c + d + e + g, a * b + c * d + e * g


def call() -> Workload:
    random = np.random.default_rng(0)
    given = [random.normal(size=(4, 4)).astype(np.float32) for _ in range(6)]
    return Workload(
        title="six 4×4 arrays in, two new arrays out",
        contestants=(
            Contestant("wengert", lambda: functools.partial(wg.compile(f), *given)),
            Contestant("NumPy by hand", lambda: functools.partial(f, *given)),
            Contestant("JAX jit", lambda: _jax(given), needs=("jax",)),
            Contestant("torch", lambda: _torch(given), needs=("torch",)),
            Contestant("numba", lambda: _numba(given), needs=("numba",)),
        ),
        reaches=(Reach("at most 0.3 µs", ("wengert",), seconds=0.3e-6),),
        references={ANSWER: lambda: f(*(np.asarray(a, np.float64) for a in given))},
        tolerance={ANSWER: 1e-6},
    )


def _jax(given: list[np.ndarray]) -> Any:
    import jax
    import jax.numpy as jnp

    return functools.partial(jax.jit(f), *(jnp.array(a) for a in given))


def _torch(given: list[np.ndarray]) -> Any:
    import torch

    return functools.partial(f, *(torch.tensor(a) for a in given))


def _numba(given: list[np.ndarray]) -> Any:
    import numba

    return functools.partial(numba.njit(f), *given)
