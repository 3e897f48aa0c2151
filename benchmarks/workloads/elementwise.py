"""f(x) = Σ tanh x · e^(−x²) + sin 3x · log1p x² + σ(x) over a million numbers, value and gradient, float32 and float64."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from scipy.special import expit

import wengert as wg
from benchmarks.contest import ANSWER, Contestant, Reach, Workload

SIZE = 1_000_000


def f(x: Any) -> Any:
    return np.sum(np.tanh(x) * np.exp(-x * x) + np.sin(3 * x) * np.log1p(x * x) + expit(x))


def by_hand(x: np.ndarray) -> tuple[Any, np.ndarray]:
    """(f, ∂f/∂x), what the terms share computed once."""
    square = x * x
    bump, tanh, log, y = np.exp(-square), np.tanh(x), np.log1p(square), expit(x)
    sine, cosine = np.sin(3 * x), np.cos(3 * x)
    value = np.sum(tanh * bump + sine * log + y)
    gradient = (1 - tanh * tanh - 2 * x * tanh) * bump + 3 * cosine * log + sine * (2 * x) / (1 + square) + y * (1 - y)
    return value, gradient


def one_thread(dtype: str, size: int = SIZE) -> Workload:
    x = numbers(dtype, size)
    contestants = (
        Contestant("wengert", lambda: functools.partial(compiled(), x)),
        Contestant("wengert, value alone", lambda: functools.partial(wg.compile(f), x), answers="value"),
        Contestant("NumPy by hand", lambda: functools.partial(by_hand, x)),
        Contestant("JAX jit", lambda: _jax(x), needs=("jax",)),
        Contestant("torch", lambda: _torch(x), needs=("torch",)),
        Contestant("torch.compile", lambda: _torch_compiled(x), needs=("torch", "gcc")),
        Contestant("autograd", lambda: _autograd(x), needs=("autograd",)),
    )
    reaches = (
        Reach("at most 1/4 of the best peer", ("wengert",), (), 1 / 4),
        Reach("at most 3 times the value alone", ("wengert",), ("wengert, value alone",), 3),
    )
    return _workload(_title(dtype, size), x, contestants, reaches)


def two_threads(dtype: str, size: int = SIZE) -> Workload:
    x = numbers(dtype, size)
    names = "wengert, 2 threads", "wengert, 1 thread"
    contestants = tuple(
        Contestant(
            name,
            lambda: functools.partial(compiled(), x),
            prepare=lambda threads=threads: wg.set_threads(threads),
        )
        for name, threads in zip(names, (2, 1), strict=True)
    )
    reaches = (Reach("at least 1.8 times as fast as 1 thread", names[:1], names[1:], 1 / 1.8),)
    return _workload(f"{_title(dtype, size)}, threads compared", x, contestants, reaches)


def _title(dtype: str, size: int) -> str:
    return f"Σ tanh x · e^(−x²) + sin 3x · log1p x² + σ(x), n = {size:,}, {dtype}"


def numbers(dtype: str, size: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=size).astype(dtype)


def compiled() -> Any:
    return wg.compile(wg.value_and_grad(f))


def _workload(title: str, x: np.ndarray, contestants: tuple[Contestant, ...], reaches: tuple[Reach, ...]) -> Workload:
    double, close = x.astype(np.float64), 1e-5 if x.dtype == np.float32 else 1e-12
    return Workload(
        title=title,
        contestants=contestants,
        reaches=reaches,
        references={ANSWER: lambda: by_hand(double), "value": lambda: by_hand(double)[:1]},
        tolerance={ANSWER: close, "value": close},
    )


def _jax(x: np.ndarray) -> Any:
    import jax
    import jax.numpy as jnp

    def peer(x: Any) -> Any:
        return jnp.sum(jnp.tanh(x) * jnp.exp(-x * x) + jnp.sin(3 * x) * jnp.log1p(x * x) + jax.nn.sigmoid(x))

    both, argument = jax.jit(jax.value_and_grad(peer)), jnp.array(x)
    return lambda: jax.block_until_ready(both(argument))


def _torch_f(x: Any) -> Any:
    import torch

    return torch.sum(torch.tanh(x) * torch.exp(-x * x) + torch.sin(3 * x) * torch.log1p(x * x) + torch.sigmoid(x))


def _torch(x: np.ndarray) -> Any:
    import torch

    argument = torch.tensor(x, requires_grad=True)

    def both() -> Any:
        value = _torch_f(argument)
        return value, *torch.autograd.grad(value, (argument,))

    return both


def _torch_compiled(x: np.ndarray) -> Any:
    import torch

    function, argument = torch.compile(_torch_f), torch.tensor(x, requires_grad=True)

    def both() -> Any:
        value = function(argument)
        return value, *torch.autograd.grad(value, (argument,))

    return both


def _autograd(x: np.ndarray) -> Any:
    import autograd
    import autograd.numpy as array
    from autograd.scipy.special import expit as logistic

    def peer(x: Any) -> Any:
        terms = array.tanh(x) * array.exp(-x * x) + array.sin(3 * x) * array.log1p(x * x) + logistic(x)
        return array.sum(terms)

    return functools.partial(autograd.value_and_grad(peer), x)
