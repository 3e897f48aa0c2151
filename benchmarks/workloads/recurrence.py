"""x ← x + dt · sin x · a, ten thousand dependent steps: the last x and its derivative by a, forward and reverse."""

from __future__ import annotations

import ctypes
import functools
import math
from typing import Any

import numpy as np

import wengert as wg
from benchmarks import compiler
from benchmarks.contest import ANSWER, Contestant, Into, Reach, Workload

START, FACTOR, TIME = 0.5, 1.25, 1.0  # x at the beginning, a, dt times the number of steps


def run(a: Any, steps: int) -> Any:
    dt = TIME / steps
    return wg.fori_loop(0, steps, lambda i, x: x + dt * np.sin(x) * a, np.float32(START))


def by_hand(steps: int) -> tuple[float, float]:
    """(x, ∂x/∂a): ẋ ← ẋ + dt (cos x · ẋ · a + sin x)."""
    x, tangent, dt = START, 0.0, TIME / steps
    for _ in range(steps):
        sine, cosine = math.sin(x), math.cos(x)
        x, tangent = x + dt * sine * FACTOR, tangent + dt * (cosine * tangent * FACTOR + sine)
    return x, tangent


def derivative(steps: int = 10_000) -> Workload:
    forward, reverse, value = "wengert, forward", "wengert, reverse", "wengert, value alone"
    a, one = np.array(FACTOR, np.float32), np.array(1, np.float32)

    def function(a: Any) -> Any:
        return run(a, steps)

    def tangent(a: Any, one: Any) -> Any:
        return wg.jvp(function, (a,), (one,))

    return Workload(
        title=f"x ← x + dt · sin x · a, {steps:,} steps, value and dx/da",
        contestants=(
            Contestant(forward, lambda: functools.partial(wg.compile(tangent), a, one)),
            Contestant(reverse, lambda: functools.partial(wg.compile(wg.value_and_grad(function)), a)),
            Contestant(value, lambda: functools.partial(wg.compile(function), a), answers="value"),
            Contestant("Python by hand", lambda: functools.partial(by_hand, steps)),
            Contestant("C, forward", lambda: _c(steps), needs=("gcc",)),
            Contestant("JAX scan, forward", lambda: _jax(steps, "forward"), needs=("jax",)),
            Contestant("JAX scan, reverse", lambda: _jax(steps, "reverse"), needs=("jax",)),
            Contestant("torch", lambda: _torch(steps), needs=("torch",), rounds=3),
            Contestant("autograd", lambda: _autograd(steps), needs=("autograd",), rounds=3),
        ),
        reaches=(
            Reach("forward: at most 0.55 of JAX", (forward,), ("JAX scan, forward",), 0.55),
            Reach("reverse: at most 0.55 of JAX", (reverse,), ("JAX scan, reverse",), 0.55),
            Reach("forward: at most 3 times the value alone", (forward,), (value,), 3),
            Reach("reverse: at most 3 times the value alone", (reverse,), (value,), 3),
        ),
        references={ANSWER: lambda: by_hand(steps), "value": lambda: by_hand(steps)[:1]},
        tolerance={ANSWER: 1e-3, "value": 1e-3},
    )


def _c(steps: int) -> Any:
    types = (ctypes.c_float, ctypes.c_float, ctypes.c_float, ctypes.c_long, ctypes.c_void_p)
    function, out = compiler.function(compiler.library("recurrence"), "recur", *types), np.zeros(2, np.float32)
    return Into(function, START, FACTOR, TIME / steps, steps, compiler.address(out)).leaving(out[:1], out[1:])


def _jax(steps: int, mode: str) -> Any:
    import jax
    import jax.numpy as jnp

    dt = TIME / steps

    def last(a: Any) -> Any:
        start = jnp.float32(START)
        return jax.lax.scan(lambda x, _: (x + dt * jnp.sin(x) * a, None), start, None, length=steps)[0]

    forward = jax.jit(lambda a: jax.jvp(last, (a,), (jnp.float32(1),)))
    compiled = forward if mode == "forward" else jax.jit(jax.value_and_grad(last))
    argument = jnp.float32(FACTOR)
    return lambda: jax.block_until_ready(compiled(argument))


def _torch(steps: int) -> Any:
    import torch

    a, dt = torch.tensor(FACTOR, dtype=torch.float32, requires_grad=True), TIME / steps

    def both() -> Any:
        x = torch.tensor(START, dtype=torch.float32)
        for _ in range(steps):
            x = x + dt * torch.sin(x) * a
        return x, *torch.autograd.grad(x, (a,))

    return both


def _autograd(steps: int) -> Any:
    import autograd
    import autograd.numpy as array

    def last(a: Any) -> Any:
        x, dt = START, TIME / steps
        for _ in range(steps):
            x = x + dt * array.sin(x) * a
        return x

    return functools.partial(autograd.value_and_grad(last), FACTOR)
