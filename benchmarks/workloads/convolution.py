"""A layer of windows, as of LeNet: value and gradient by images and kernels of L = ½ Σ max(0, conv(x, w))², float32."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

import wengert as wg
from benchmarks.contest import ANSWER, Contestant, Reach, Workload


def convolved(x: Any, w: Any) -> Any:
    return np.einsum("nchwij,ocij->nohw", sliding_window_view(x, w.shape[2:], axis=(2, 3)), w)


def loss(x: Any, w: Any) -> Any:
    return 0.5 * np.sum(np.maximum(convolved(x, w), 0.0) ** 2)


def by_hand(x: np.ndarray, w: np.ndarray) -> tuple[Any, np.ndarray, np.ndarray]:
    """(L, x̄, w̄), windows as rows of a matrix, and x̄ window by window."""
    (count, _, height, width), (outputs, channels, m, n) = x.shape, w.shape
    h, v = height - m + 1, width - n + 1
    windows = sliding_window_view(x, (m, n), axis=(2, 3)).transpose(0, 2, 3, 1, 4, 5).reshape(count * h * v, -1)
    z = np.maximum(windows @ w.reshape(outputs, -1).T, 0)
    spread = (z @ w.reshape(outputs, -1)).reshape(count, h, v, channels, m, n)
    back = np.zeros_like(x)
    for i in range(m):
        for j in range(n):
            back[:, :, i : i + h, j : j + v] += spread[..., i, j].transpose(0, 3, 1, 2)
    return 0.5 * np.sum(z * z), back, (z.T @ windows).reshape(w.shape)


def layer(count: int = 64, channels: int = 6, size: int = 12, outputs: int = 16, window: int = 5) -> Workload:
    random = np.random.default_rng(0)
    x = random.normal(size=(count, channels, size, size)).astype(np.float32)
    w = (0.1 * random.normal(size=(outputs, channels, window, window))).astype(np.float32)
    return Workload(
        title=f"convolution {channels} → {outputs}, {window}×{window}, of {count} images {size}×{size}, value and two gradients",
        contestants=(
            Contestant("wengert", lambda: functools.partial(wg.compile(wg.value_and_grad(loss, (0, 1))), x, w)),
            Contestant("wengert, value alone", lambda: functools.partial(wg.compile(loss), x, w), answers="value"),
            Contestant("NumPy by hand", lambda: functools.partial(by_hand, x, w)),
            Contestant("JAX jit", lambda: _jax(x, w), needs=("jax",)),
            Contestant("torch", lambda: _torch(x, w), needs=("torch",)),
        ),
        reaches=(Reach("at most the time of the best peer", ("wengert",), ("NumPy by hand", "JAX jit", "torch")),),
        references={
            ANSWER: lambda: by_hand(x.astype(np.float64), w.astype(np.float64)),
            "value": lambda: by_hand(x.astype(np.float64), w.astype(np.float64))[:1],
        },
        tolerance={ANSWER: 1e-4, "value": 1e-4},
    )


def _jax(x: np.ndarray, w: np.ndarray) -> Any:
    import jax
    import jax.numpy as jnp

    def peer(x: Any, w: Any) -> Any:
        return 0.5 * jnp.sum(jax.nn.relu(jax.lax.conv(x, w, (1, 1), "VALID")) ** 2)

    both, arguments = jax.jit(jax.value_and_grad(peer, (0, 1))), [jnp.array(x), jnp.array(w)]
    return lambda: jax.block_until_ready(both(*arguments))


def _torch(x: np.ndarray, w: np.ndarray) -> Any:
    import torch

    a, b = torch.tensor(x).requires_grad_(), torch.tensor(w).requires_grad_()

    def both() -> Any:
        value = 0.5 * (torch.nn.functional.conv2d(a, b).relu() ** 2).sum()
        return value, *torch.autograd.grad(value, (a, b))

    return both
