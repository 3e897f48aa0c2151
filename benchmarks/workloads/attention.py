"""Attention of several heads: L = ½ Σ (softmax(q kᵀ / √d) v)², by q, k and v, float32."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

import wengert as wg
from benchmarks.contest import ANSWER, Contestant, Reach, Workload

Arrays = list[np.ndarray]


def loss(q: Any, k: Any, v: Any) -> Any:
    z = np.einsum("bhtd,bhsd->bhts", q, k) * q.shape[-1] ** -0.5
    p = np.exp(z - np.max(z, axis=-1, keepdims=True))
    p = p / np.sum(p, axis=-1, keepdims=True)
    return 0.5 * np.sum(np.einsum("bhts,bhsd->bhtd", p, v) ** 2)


def by_hand(q: np.ndarray, k: np.ndarray, v: np.ndarray) -> tuple[Any, ...]:
    """(L, q̄, k̄, v̄)."""
    root = np.sqrt(q.shape[-1]).astype(q.dtype)
    z = q @ k.swapaxes(2, 3) / root
    p = np.exp(z - z.max(axis=-1, keepdims=True))
    p /= p.sum(axis=-1, keepdims=True)
    out = p @ v
    by_p = out @ v.swapaxes(2, 3)
    by_z = p * (by_p - np.sum(by_p * p, axis=-1, keepdims=True)) / root
    return 0.5 * np.sum(out * out), by_z @ k, by_z.swapaxes(2, 3) @ q, p.swapaxes(2, 3) @ out


def heads(batch: int = 4, count: int = 8, steps: int = 256, width: int = 32) -> Workload:
    random = np.random.default_rng(0)
    given = [random.normal(size=(batch, count, steps, width)).astype(np.float32) for _ in range(3)]
    wide = [a.astype(np.float64) for a in given]
    by = (0, 1, 2)
    return Workload(
        title=f"attention, {count} heads, batch {batch}, T {steps}, d {width}, value and three gradients",
        contestants=(
            Contestant("wengert", lambda: functools.partial(wg.compile(wg.value_and_grad(loss, by)), *given)),
            Contestant("wengert, value alone", lambda: functools.partial(wg.compile(loss), *given), answers="value"),
            Contestant("NumPy by hand", lambda: functools.partial(by_hand, *given)),
            Contestant("JAX jit", lambda: _jax(given), needs=("jax",)),
            Contestant("torch", lambda: _torch(given), needs=("torch",)),
        ),
        reaches=(Reach("at most the time of the best peer", ("wengert",), ("NumPy by hand", "JAX jit", "torch")),),
        references={ANSWER: lambda: by_hand(*wide), "value": lambda: by_hand(*wide)[:1]},
        tolerance={ANSWER: 1e-4, "value": 1e-4},
    )


def _jax(given: Arrays) -> Any:
    import jax
    import jax.numpy as jnp

    def peer(q: Any, k: Any, v: Any) -> Any:
        z = jnp.einsum("bhtd,bhsd->bhts", q, k) / np.sqrt(q.shape[-1])
        return 0.5 * jnp.sum(jnp.einsum("bhts,bhsd->bhtd", jax.nn.softmax(z, axis=-1), v) ** 2)

    both, arguments = jax.jit(jax.value_and_grad(peer, (0, 1, 2))), [jnp.array(a) for a in given]
    return lambda: jax.block_until_ready(both(*arguments))


def _torch(given: Arrays) -> Any:
    import torch

    q, k, v = (torch.tensor(a).requires_grad_() for a in given)

    def both() -> Any:
        out = torch.nn.functional.scaled_dot_product_attention(q, k, v)
        value = 0.5 * (out**2).sum()
        return value, *torch.autograd.grad(value, (q, k, v))

    return both
