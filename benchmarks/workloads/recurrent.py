"""A network through time whose signals vanish: h_t = tanh(h_(t−1) W + x_t U), L = Σ h_T², by W and U, float32."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

import wengert as wg
from benchmarks.contest import ANSWER, Contestant, Reach, Workload

Arrays = tuple[np.ndarray, np.ndarray, np.ndarray]


def loss(w: Any, u: Any, x: Any) -> Any:
    start = np.zeros((x.shape[1], w.shape[0]), x.dtype)
    last, _ = wg.scan(lambda h, row: (np.tanh(h @ w + row @ u), None), start, x)
    return np.sum(last * last)


def by_hand(w: np.ndarray, u: np.ndarray, x: np.ndarray) -> tuple[Any, np.ndarray, np.ndarray]:
    """(L, W̄, Ū), forward and backward in time."""
    states = [np.zeros((x.shape[1], len(w)), x.dtype)]
    for row in x:
        states.append(np.tanh(states[-1] @ w + row @ u))
    back, by_w, by_u = 2 * states[-1], np.zeros_like(w), np.zeros_like(u)
    for step in range(len(x) - 1, -1, -1):
        signal = back * (1 - states[step + 1] ** 2)
        by_w += states[step].T @ signal
        by_u += x[step].T @ signal
        back = signal @ w.T
    return np.sum(states[-1] ** 2), by_w, by_u


def vanishing(steps: int = 500, batch: int = 32, width: int = 64) -> Workload:
    random = np.random.default_rng(0)
    w, u = (random.normal(size=(width, width)) * 0.4 / np.sqrt(width) for _ in range(2))
    given: Arrays = tuple(a.astype(np.float32) for a in (w, u, random.normal(size=(steps, batch, width))))  # pyright: ignore[reportAssignmentType]
    wide: Arrays = tuple(a.astype(np.float64) for a in given)  # pyright: ignore[reportAssignmentType]
    return Workload(
        title=f"RNN of {steps} steps, batch {batch}, width {width}, vanishing signals, value and two gradients",
        contestants=(
            Contestant("wengert", lambda: functools.partial(wg.compile(wg.value_and_grad(loss, (0, 1))), *given)),
            Contestant("wengert, value alone", lambda: functools.partial(wg.compile(loss), *given), answers="value"),
            Contestant("NumPy by hand", lambda: functools.partial(by_hand, *given)),
            Contestant("JAX scan", lambda: _jax(given), needs=("jax",)),
            Contestant("torch", lambda: _torch(given), needs=("torch",), rounds=5),
        ),
        reaches=(Reach("at most the time of the best peer", ("wengert",), ("NumPy by hand", "JAX scan", "torch")),),
        references={ANSWER: lambda: by_hand(*wide), "value": lambda: by_hand(*wide)[:1]},
        tolerance={ANSWER: 1e-4, "value": 1e-4},
    )


def _jax(given: Arrays) -> Any:
    import jax
    import jax.numpy as jnp

    def peer(w: Any, u: Any, x: Any) -> Any:
        start = jnp.zeros((x.shape[1], w.shape[0]), x.dtype)
        last, _ = jax.lax.scan(lambda h, row: (jnp.tanh(h @ w + row @ u), None), start, x)
        return jnp.sum(last * last)

    both, arguments = jax.jit(jax.value_and_grad(peer, (0, 1))), [jnp.array(a) for a in given]
    return lambda: jax.block_until_ready(both(*arguments))


def _torch(given: Arrays) -> Any:
    import torch

    w, u, x = (torch.tensor(a) for a in given)
    w.requires_grad_()
    u.requires_grad_()

    def both() -> Any:
        h = torch.zeros((x.shape[1], w.shape[0]))
        for row in x:
            h = torch.tanh(h @ w + row @ u)
        value = (h * h).sum()
        return value, *torch.autograd.grad(value, (w, u))

    return both
