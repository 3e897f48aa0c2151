"""Two moons: a network 2-16-16-1 with relu, max-margin loss and weight decay on all points, steps of gradient descent."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

import wengert as wg
from benchmarks import compiler
from benchmarks.contest import ANSWER, Contestant, Into, Reach, Workload
from benchmarks.descent import Descent, Finished, copies, in_double, repeated

DECAY, RATE, WIDTH = 1e-4, 0.02, 16
ALL = tuple(range(6))


def data(points: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """(parameters, [X: points × 2, y: ±1]), float32: two half circles with noise."""
    random = np.random.default_rng(0)
    angle = np.pi * np.arange(points) / points
    upper = np.arange(points) % 2 == 0
    X = np.where(upper, [np.cos(angle), np.sin(angle)], [1 - np.cos(angle), 0.5 - np.sin(angle)]).T
    X = X + 0.1 * random.normal(size=X.shape)
    sizes = ((2, WIDTH), (WIDTH,), (WIDTH, WIDTH), (WIDTH,), (WIDTH, 1), (1,))
    parameters = [
        random.normal(size=size) / np.sqrt(size[0]) if len(size) == 2 else np.full(size, 0.1) for size in sizes
    ]
    return [p.astype(np.float32) for p in parameters], [X.astype(np.float32), np.where(upper, 1, -1).astype(np.float32)]


def loss(W1: Any, b1: Any, W2: Any, b2: Any, W3: Any, b3: Any, X: Any, y: Any) -> Any:
    first = np.maximum(X @ W1 + b1, 0)
    second = np.maximum(first @ W2 + b2, 0)
    score = (second @ W3 + b3)[:, 0]
    squares = sum(np.sum(p * p) for p in (W1, b1, W2, b2, W3, b3))
    return np.mean(np.maximum(1 - y * score, 0)) + DECAY * squares


def by_hand(*arguments: np.ndarray) -> tuple[Any, ...]:
    """(loss, gradients of the six parameters)."""
    W1, b1, W2, b2, W3, b3, X, y = arguments
    first = np.maximum(X @ W1 + b1, 0)
    second = np.maximum(first @ W2 + b2, 0)
    margin = 1 - y * (second @ W3 + b3)[:, 0]
    value = np.maximum(margin, 0).mean() + DECAY * sum((p * p).sum() for p in arguments[:6])
    score_bar = (np.where(margin > 0, -y, y.dtype.type(0)) / y.dtype.type(y.size))[:, None]
    second_bar = (score_bar @ W3.T) * (second > 0)
    first_bar = (second_bar @ W2.T) * (first > 0)
    bars = (
        *(X.T @ first_bar, first_bar.sum(0), first.T @ second_bar, second_bar.sum(0)),
        *(second.T @ score_bar, score_bar.sum(0)),
    )
    return value, *(bar + 2 * DECAY * p for bar, p in zip(bars, arguments[:6], strict=True))


def step_by_hand(*arguments: np.ndarray) -> tuple[Any, ...]:
    value, *bars = by_hand(*arguments)
    return value, *(p - RATE * bar for p, bar in zip(arguments[:6], bars, strict=True))


def our_step(*arguments: Any) -> tuple[Any, ...]:
    value, bars = wg.value_and_grad(loss, argnums=ALL)(*arguments)
    return value, *(p - RATE * bar for p, bar in zip(arguments[:6], bars, strict=True))


def call(points: int = 100) -> Workload:
    """One step a call."""
    parameters, given = data(points)
    ours, gradients, value = "wengert", "wengert, value and gradient", "wengert, value alone"
    return Workload(
        title=f"two moons, network 2-16-16-1, {points} points, a step a call",
        contestants=(
            Contestant(ours, lambda: _our_call(parameters, given)),
            Contestant(gradients, lambda: _our_gradients(parameters, given), answers="gradients"),
            Contestant(value, lambda: functools.partial(wg.compile(loss), *parameters, *given), answers="value"),
            Contestant("NumPy by hand", lambda: Descent(step_by_hand, copies(parameters), given)),
            Contestant("C through ctypes", lambda: _c(parameters, given, 1), needs=("gcc",)),
            Contestant("JAX jit", lambda: _jax_call(parameters, given), needs=("jax",)),
            Contestant("torch", lambda: _torch_call(parameters, given), needs=("torch",)),
            Contestant("autograd", lambda: _autograd_call(parameters, given), needs=("autograd",)),
        ),
        reaches=(
            Reach("at most 1/6 of JAX jit", (ours,), ("JAX jit",), 1 / 6),
            Reach("value and gradient at most 3 times the value", (gradients,), (value,), 3),
        ),
        references={
            ANSWER: lambda: step_by_hand(*in_double([*parameters, *given])),
            "gradients": lambda: by_hand(*in_double([*parameters, *given])),
            "value": lambda: by_hand(*in_double([*parameters, *given]))[:1],
        },
        tolerance={ANSWER: 1e-5, "gradients": 1e-4, "value": 1e-5},
    )


def loop(points: int = 100, steps: int = 1000) -> Workload:
    """Steps in one call; results are the parameters after all of them."""
    parameters, given = data(points)
    by_hand_loop = functools.partial(repeated, step_by_hand, steps, parameters, given)
    return Workload(
        title=f"two moons, network 2-16-16-1, {points} points, {steps:,} steps in one loop",
        contestants=(
            Contestant("wengert loop", lambda: _our_loop(parameters, given, steps), units=steps),
            Contestant("C loop", lambda: _c(parameters, given, steps), needs=("gcc",), units=steps),
            Contestant("JAX loop", lambda: _jax_loop(parameters, given, steps), needs=("jax",), units=steps),
            Contestant("NumPy by hand", lambda: by_hand_loop, units=steps),
        ),
        reaches=(Reach("at most 0.6 of JAX's loop", ("wengert loop",), ("JAX loop",), 0.6),),
        references={ANSWER: lambda: repeated(step_by_hand, steps, in_double(parameters), in_double(given))},
        tolerance={ANSWER: 2e-3},
        unit="step",
    )


def _our_call(parameters: Sequence[np.ndarray], given: Sequence[np.ndarray]) -> Any:
    return Descent(wg.compile(our_step, donate=ALL), copies(parameters), given)


def _our_gradients(parameters: Sequence[np.ndarray], given: Sequence[np.ndarray]) -> Any:
    return functools.partial(wg.compile(wg.value_and_grad(loss, argnums=ALL)), *parameters, *given)


def _our_loop(parameters: Sequence[np.ndarray], given: Sequence[np.ndarray], steps: int) -> Any:
    def descend(*arguments: Any) -> Any:
        X, y = arguments[6:]
        return wg.fori_loop(0, steps, lambda i, carry: our_step(*carry, X, y)[1:], arguments[:6])

    return functools.partial(wg.compile(descend), *parameters, *given)


def _c(parameters: Sequence[np.ndarray], given: Sequence[np.ndarray], steps: int) -> Any:
    """The C function changes its parameters in place; a loop begins each time at the same ones."""
    library = compiler.library("two_moons", {"N": len(given[1]), "H": WIDTH})
    types = (*[ctypes.c_void_p] * 10, ctypes.c_float, ctypes.c_float, ctypes.c_long)
    descend = compiler.function(library, "descend", *types)
    start, own, value = copies(parameters), copies(parameters), np.zeros(1, np.float32)
    block = np.zeros(len(given[1]) * 3 * WIDTH, np.float32)
    arrays = (*own, *given, value, block)
    if steps == 1:
        return Into(descend, *map(compiler.address, arrays), RATE, DECAY, 1).leaving(value, *own, keeps=arrays)

    def whole_loop() -> Any:
        for mine, first in zip(own, start, strict=True):
            mine[...] = first
        descend(*map(compiler.address, arrays), RATE, DECAY, steps)
        return own

    return whole_loop


def _peer_loss(array: Any, relu: Any) -> Any:
    """The same loss over a peer's functions."""

    def peer(parameters: Any, X: Any, y: Any) -> Any:
        W1, b1, W2, b2, W3, b3 = parameters
        score = (relu(relu(X @ W1 + b1) @ W2 + b2) @ W3 + b3)[:, 0]
        return array.mean(relu(1 - y * score)) + DECAY * sum(array.sum(p * p) for p in parameters)

    return peer


def _jax_step() -> Any:
    import jax
    import jax.numpy as jnp

    both = jax.value_and_grad(_peer_loss(jnp, jax.nn.relu))

    def step(*arguments: Any) -> Any:
        value, bars = both(arguments[:6], *arguments[6:])
        return value, *(p - RATE * bar for p, bar in zip(arguments[:6], bars, strict=True))

    return step


def _jax_call(parameters: Sequence[np.ndarray], given: Sequence[np.ndarray]) -> Any:
    import jax
    import jax.numpy as jnp

    step = jax.jit(_jax_step(), donate_argnums=ALL)
    return Finished(step, [jnp.array(p) for p in parameters], [jnp.array(d) for d in given])


def _jax_loop(parameters: Sequence[np.ndarray], given: Sequence[np.ndarray], steps: int) -> Any:
    import jax
    import jax.numpy as jnp

    step = _jax_step()

    def descend(start: Any, X: Any, y: Any) -> Any:
        return jax.lax.fori_loop(0, steps, lambda i, carry: step(*carry, X, y)[1:], start)

    compiled = jax.jit(descend)
    arguments = tuple(jnp.array(p) for p in parameters), *(jnp.array(d) for d in given)
    return lambda: jax.block_until_ready(compiled(*arguments))


def _torch_call(parameters: Sequence[np.ndarray], given: Sequence[np.ndarray]) -> Any:
    import torch

    loss_of = _peer_loss(torch, torch.relu)
    own = [torch.tensor(p, requires_grad=True) for p in parameters]
    X, y = (torch.tensor(d) for d in given)

    def step() -> Any:
        value = loss_of(own, X, y)
        bars = torch.autograd.grad(value, own)
        with torch.no_grad():
            torch._foreach_add_(own, bars, alpha=-RATE)
        return value, own

    return step


def _autograd_call(parameters: Sequence[np.ndarray], given: Sequence[np.ndarray]) -> Any:
    import autograd
    import autograd.numpy as array

    both = autograd.value_and_grad(_peer_loss(array, lambda z: array.maximum(z, 0)))

    def step(*arguments: Any) -> Any:
        value, bars = both(arguments[:6], *arguments[6:])
        return value, *(p - RATE * bar for p, bar in zip(arguments[:6], bars, strict=True))

    return Descent(step, copies(parameters), given)
