"""One first call in a fresh process: `python -m benchmarks.first_call WHO TASK SIZE` prints {"seconds": …, "results": …} as JSON.

Imports are done and another function has been compiled before the clock starts; it stops when the results are there.
The clock is the processor time of the process and of what it starts, held to one processor. No cache on disk is read. It must not know what the times are compared with.
"""

from __future__ import annotations

import json
import random
import resource
import sys
import time
from collections.abc import Callable
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import numpy as np

from benchmarks.descent import copies
from benchmarks.mlp_peers import jax_step
from benchmarks.workloads.mlp import SMALL, our_step

TASKS = ("chain", "chain-gradient", "straight-gradient", "mlp-step")
PATTERN = ("tanh", "scale", "add x", "times x", "shift", "decay", "scale", "add x", "sin", "times previous")
POINTS = 100_000
FEW = 1_000
"""The entries where the code has no pattern, so that its run is no part of the time."""


def chain(xp: Any, x: Any, operations: int) -> Any:
    """A chain of elementwise operations, three in ten of them transcendental, each with a constant of its own."""
    value = previous = x
    for k in range(operations):
        constant = 0.5 + 0.4 * k / operations
        before = value
        match PATTERN[k % len(PATTERN)]:
            case "tanh":
                value = xp.tanh(value)
            case "scale":
                value = constant * value
            case "add x":
                value = value + x
            case "times x":
                value = value * x
            case "shift":
                value = value - constant
            case "decay":
                value = xp.exp(-value * value)
            case "sin":
                value = xp.sin(value)
            case _:
                value = value * previous
        previous = before
    return value


def chain_tangent(x: np.ndarray, operations: int) -> tuple[np.ndarray, np.ndarray]:
    """(value, derivative) of the chain entry by entry, float64: the reference."""
    one = (x, np.ones_like(x))
    value = previous = one
    for k in range(operations):
        constant = 0.5 + 0.4 * k / operations
        before, (v, d) = value, value
        match PATTERN[k % len(PATTERN)]:
            case "tanh":
                value = np.tanh(v), d * (1 - np.tanh(v) ** 2)
            case "scale":
                value = constant * v, constant * d
            case "add x":
                value = v + x, d + 1
            case "times x":
                value = v * x, d * x + v
            case "shift":
                value = v - constant, d
            case "decay":
                value = np.exp(-v * v), -2 * v * d * np.exp(-v * v)
            case "sin":
                value = np.sin(v), d * np.cos(v)
            case _:
                value = v * previous[0], d * previous[0] + v * previous[1]
        previous = before
    return value


def straight(xp: Any, x: Any, operations: int) -> Any:
    """So many elementwise operations whose order has no pattern: no compiler can make a loop of them. For |x| ≤ 1 every value is in
    [−1, 1], so that float32 can tell the slope, and x comes in again and again, so that it does not vanish.
    """
    picked = random.Random(1)
    values = [x, 0.5 * x]
    for _ in range(operations):
        a, b, number = values[-1], values[max(0, len(values) - 1 - picked.randrange(6))], 0.3 + 0.4 * picked.random()
        match picked.randrange(8):
            case 0:
                values.append(xp.tanh(a))
            case 1:
                values.append(xp.sin(a))
            case 2:
                values.append(xp.exp(-a * a))
            case 3:
                values.append(a * b)
            case 4:
                values.append(0.5 * (a + x))
            case 5:
                values.append(0.5 * (a + b))
            case 6:
                values.append(number * a)
            case _:
                values.append(0.5 * (number - a))
    return values[-1]


def numbers(points: int = POINTS) -> np.ndarray:
    return np.random.default_rng(1).normal(size=points).astype(np.float32)


def given(task: str) -> np.ndarray:
    """The argument of a task other than the network's step."""
    return np.sin(numbers(FEW)) if task == "straight-gradient" else numbers()


def _wengert() -> tuple[Callable[..., Any], Any]:
    import wengert as wg

    import_module(
        "wengert.functions.transforms.derivatives"
    )  # the package imports its parts at first use, and imports are not counted

    def compiled(task: str, size: int) -> Any:
        if task == "mlp-step":
            return wg.compile(our_step(SMALL), cache=False)
        if task == "chain":
            return wg.compile(lambda x: (np.sum(y := chain(np, x, size)), y), cache=False)
        code = straight if task == "straight-gradient" else chain
        return wg.compile(wg.value_and_grad(lambda x: np.sum(code(np, x, size))), cache=False)

    wg.compile(lambda x: np.sum(x + 1), cache=False)(np.ones(3, np.float32))
    return compiled, lambda array: array


def _jax() -> tuple[Callable[..., Any], Any]:
    import jax
    import jax.numpy as jnp

    def compiled(task: str, size: int) -> Any:
        if task == "mlp-step":
            return jax.jit(jax_step(SMALL))
        if task == "chain":
            return jax.jit(lambda x: (jnp.sum(y := chain(jnp, x, size)), y))
        code = straight if task == "straight-gradient" else chain
        return jax.jit(jax.value_and_grad(lambda x: jnp.sum(code(jnp, x, size))))

    jax.block_until_ready(jax.jit(lambda x: jnp.sum(x + 1))(jnp.ones(3, jnp.float32)))
    return compiled, jnp.array


def _torch() -> tuple[Callable[..., Any], Any]:
    import torch

    torch.set_num_threads(1)
    functions = SimpleNamespace(tanh=torch.tanh, exp=torch.exp, sin=torch.sin)

    def compiled(task: str, size: int) -> Any:
        assert task == "chain", task

        def both(x: Any) -> Any:
            y = chain(functions, x, size)
            return torch.sum(y), y

        return torch.compile(both)

    torch.compile(lambda x: torch.sum(x + 1))(torch.ones(3))
    return compiled, torch.tensor


WHO = {"wengert": _wengert, "JAX": _jax, "torch.compile": _torch}


def processor_time() -> float:
    """Seconds that this process and the compilers it started have computed."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def measure(who: str, task: str, size: int) -> dict[str, Any]:
    """Seconds of the first call, and its results with long arrays reduced to the first 100 entries."""
    compiled, array = WHO[who]()
    parameters, data = SMALL.data()
    arguments = [array(a) for a in ((*copies(parameters), *data) if task == "mlp-step" else (given(task),))]
    begin = processor_time()
    found = compiled(task, size)(*arguments)
    if who == "JAX":
        found[0].block_until_ready()
    seconds = processor_time() - begin
    return {"seconds": seconds, "results": [np.ravel(np.asarray(part, np.float64))[:100].tolist() for part in found]}


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
