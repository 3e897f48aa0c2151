"""One logistic unit, one sample, squared loss with weight decay: value and two gradients in a call, and descent in a loop.

z = wx + b,  y = σ(z),  L = ½(y − t)² + ½λw²
"""

from __future__ import annotations

import ctypes
import functools
import math
from typing import Any

import numpy as np
from scipy.special import expit

import wengert as wg
from benchmarks import compiler
from benchmarks.contest import ANSWER, Contestant, Into, Reach, Workload

POINT = (0.3, -0.2, 1.7, 0.25, 0.01)  # w, b, x, t, λ
RATE = 0.01


def loss(w: Any, b: Any, x: Any, t: Any, decay: Any) -> Any:
    return 0.5 * (expit(w * x + b) - t) ** 2 + 0.5 * decay * w**2


def by_hand(w: float, b: float, x: float, t: float, decay: float) -> tuple[float, float, float]:
    y = 1 / (1 + math.exp(-(w * x + b)))
    z_bar = (y - t) * y * (1 - y)
    return 0.5 * (y - t) ** 2 + 0.5 * decay * w * w, z_bar * x + decay * w, z_bar


def call() -> Workload:
    """Value and two gradients, one call."""
    gradients, value = ("wengert, floats", "wengert, 0-d arrays"), "wengert, value alone"
    return Workload(
        title="the lecture's unit, value and two gradients (float64)",
        contestants=(
            Contestant(gradients[0], lambda: functools.partial(_compiled(), *POINT)),
            Contestant(gradients[1], lambda: functools.partial(_compiled(), *map(np.array, POINT))),
            Contestant(value, lambda: functools.partial(wg.compile(loss), *POINT), answers="value"),
            Contestant("Python by hand", lambda: functools.partial(by_hand, *POINT)),
            Contestant("C through ctypes", _c_call, needs=("gcc",)),
            Contestant("JAX jit", _jax_call, needs=("jax",)),
            Contestant("torch", _torch_call, needs=("torch",)),
            Contestant("autograd", _autograd_call, needs=("autograd",)),
        ),
        reaches=(
            Reach("floats: at most 1/20 of JAX jit", gradients[:1], ("JAX jit",), 1 / 20),
            Reach("0-d arrays: at most 1/20 of JAX jit", gradients[1:], ("JAX jit",), 1 / 20),
            Reach("at most 3 times the value alone", gradients[:1], (value,), 3),
        ),
        references={ANSWER: lambda: by_hand(*POINT), "value": lambda: by_hand(*POINT)[:1]},
        tolerance={ANSWER: 1e-13, "value": 1e-13},
    )


def loop(steps: int = 10_000) -> Workload:
    """Steps of gradient descent in one call, float32; a step needs the result of the one before."""
    return Workload(
        title=f"the lecture's unit, {steps:,} steps of gradient descent in one loop",
        contestants=(
            Contestant("wengert loop", lambda: _our_loop(steps), units=steps),
            Contestant("C loop", lambda: _c_loop(steps), needs=("gcc",), units=steps),
            Contestant("JAX loop", lambda: _jax_loop(steps), needs=("jax",), units=steps),
            Contestant("Python by hand", lambda: functools.partial(descend_by_hand, steps), units=steps),
        ),
        reaches=(Reach("at most 1/2 of JAX's loop", ("wengert loop",), ("JAX loop",), 1 / 2),),
        references={ANSWER: lambda: descend_by_hand(steps)},
        tolerance={ANSWER: 1e-3},
        unit="step",
    )


def descend_by_hand(steps: int) -> tuple[float, float]:
    w, b, x, t, decay = POINT
    for _ in range(steps):
        _, w_bar, b_bar = by_hand(w, b, x, t, decay)
        w, b = w - RATE * w_bar, b - RATE * b_bar
    return w, b


def _compiled() -> Any:
    return wg.compile(wg.value_and_grad(loss, argnums=(0, 1)))


def _single() -> list[np.ndarray]:
    return [np.array(number, np.float32) for number in POINT]


def _our_loop(steps: int) -> Any:
    gradient = wg.grad(loss, argnums=(0, 1))

    def descend(w: Any, b: Any, x: Any, t: Any, decay: Any) -> Any:
        def step(i: Any, carry: Any) -> Any:
            w_bar, b_bar = gradient(*carry, x, t, decay)
            return carry[0] - RATE * w_bar, carry[1] - RATE * b_bar

        return wg.fori_loop(0, steps, step, (w, b))

    return functools.partial(wg.compile(descend), *_single())


def _c_call() -> Any:
    out = np.zeros(3)
    unit = compiler.function(compiler.library("lecture_unit"), "unit", *[ctypes.c_double] * 5, ctypes.c_void_p)
    return Into(unit, *POINT, compiler.address(out)).leaving(*(out[k : k + 1] for k in range(3)))


def _c_loop(steps: int) -> Any:
    out = np.zeros(2, np.float32)
    types = (*[ctypes.c_float] * 6, ctypes.c_long, ctypes.c_void_p)
    descend = compiler.function(compiler.library("lecture_unit"), "descend", *types)
    return Into(descend, *POINT, RATE, steps, compiler.address(out)).leaving(out[:1], out[1:])


def _jax_call() -> Any:
    import jax
    import jax.numpy as jnp

    compiled = jax.jit(jax.value_and_grad(_peer_loss(jax.nn.sigmoid), argnums=(0, 1)))
    arguments = [jnp.float64(number) for number in POINT]

    def answer() -> Any:
        found = compiled(*arguments)
        found[0].block_until_ready()
        return found

    return answer


def _jax_loop(steps: int) -> Any:
    import jax
    import jax.numpy as jnp

    gradient = jax.grad(_peer_loss(jax.nn.sigmoid), argnums=(0, 1))

    def descend(w: Any, b: Any, x: Any, t: Any, decay: Any) -> Any:
        def step(i: Any, carry: Any) -> Any:
            w_bar, b_bar = gradient(*carry, x, t, decay)
            return carry[0] - RATE * w_bar, carry[1] - RATE * b_bar

        return jax.lax.fori_loop(0, steps, step, (w, b))

    compiled, arguments = jax.jit(descend), [jnp.asarray(number) for number in _single()]
    return lambda: jax.block_until_ready(compiled(*arguments))


def _torch_call() -> Any:
    import torch

    function = _peer_loss(torch.sigmoid)
    w, b, *others = [torch.tensor(number, dtype=torch.float64) for number in POINT]
    w.requires_grad_()
    b.requires_grad_()

    def answer() -> Any:
        value = function(w, b, *others)
        return value, *torch.autograd.grad(value, (w, b))

    return answer


def _autograd_call() -> Any:
    import autograd
    from autograd.scipy.special import expit as logistic

    both = autograd.value_and_grad(lambda wb, *others: _peer_loss(logistic)(*wb, *others))
    return lambda: both(POINT[:2], *POINT[2:])


def _peer_loss(logistic: Any) -> Any:
    def peer(w: Any, b: Any, x: Any, t: Any, decay: Any) -> Any:
        return 0.5 * (logistic(w * x + b) - t) ** 2 + 0.5 * decay * w**2

    return peer
