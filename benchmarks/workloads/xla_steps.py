"""Updates of a network with one hidden layer, equations on XLA beside JAX by hand: as many as a call makes, float64, plain descent.

All give the parameters after the last update and the loss before each.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.contest import ANSWER, Contestant, Reach, Workload
from benchmarks.machine import GPU
from wengert.train.equations import task
from wengert.train.optimizers import optimizer

EQUATIONS = """params w⁽¹⁾, b⁽¹⁾, w⁽²⁾, b⁽²⁾
data x, t

z_i = Σ_j w⁽¹⁾_ij x_j + b⁽¹⁾_i
h_i = tanh(z_i)
y_k = Σ_i w⁽²⁾_ki h_i + b⁽²⁾_k
L = ½ Σ_k (y_k − t_k)²
"""
RATE = 0.05
Given = tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]


def data(inputs: int, hidden: int, outputs: int, examples: int) -> Given:
    """(parameters, x, t)."""
    rng = np.random.default_rng(0)
    shapes = {"w_1": (hidden, inputs), "b_1": (hidden,), "w_2": (outputs, hidden), "b_2": (outputs,)}
    params = {name: rng.normal(size=shape) / np.sqrt(shape[-1]) for name, shape in shapes.items()}
    return params, rng.normal(size=(examples, inputs)), rng.normal(size=(examples, outputs))


def steps(inputs: int = 64, hidden: int = 128, outputs: int = 16, examples: int = 256, count: int = 100) -> Workload:
    given = data(inputs, hidden, outputs, examples)
    return Workload(
        title=f"{count} updates in a call, {inputs}-{hidden}-{outputs}, {examples} examples, float64",
        contestants=(
            Contestant("wengert", lambda: _ours(given, "native", count), units=count),
            Contestant("wengert on XLA", lambda: _ours(given, "xla", count), needs=("jax",), units=count),
            Contestant("JAX by hand", lambda: _jax(given, count), needs=("jax",), units=count),
        ),
        reaches=(Reach("XLA within 1.05 of JAX by hand", ("wengert on XLA",), ("JAX by hand",), 1.05),),
        references={ANSWER: lambda: _by_hand(given, count)},
        tolerance={ANSWER: 1e-10},
        unit="step",
    )


def on_gpu(
    inputs: int = 1024, hidden: int = 4096, outputs: int = 256, examples: int = 8192, count: int = 20
) -> Workload:
    """The same at a size for a GPU, on which all compute."""
    given = data(inputs, hidden, outputs, examples)
    return Workload(
        title=f"{count} updates in a call, {inputs}-{hidden}-{outputs}, {examples} examples, float64, on a GPU",
        contestants=(
            Contestant("wengert on XLA", lambda: _ours(given, "xla", count), needs=(GPU, "jax"), units=count),
            Contestant("JAX by hand", lambda: _jax(given, count), needs=(GPU, "jax"), units=count),
            Contestant("torch by hand", lambda: _torch(given, count), needs=(GPU, "torch"), units=count),
        ),
        reaches=(Reach("XLA within 1.05 of JAX by hand", ("wengert on XLA",), ("JAX by hand",), 1.05),),
        references={ANSWER: lambda: _by_hand(given, count)},
        tolerance={ANSWER: 1e-10},
        unit="step",
    )


def _ours(given: Given, backend: str, count: int) -> Any:
    params, x, t = given
    rows = {"x": x, "t": t}
    made = optimizer("sgd", learning_rate=RATE)
    model = task(EQUATIONS, backend=backend).build(rows, {"z": len(params["b_1"])})
    updates, state = model.updates(made, rows, len(x)), made.init(params)  # pyright: ignore[reportAttributeAccessIssue]
    updates.at_once = count

    def call() -> Any:
        after, _, losses = updates(params, state, None, 0, len(x), count)
        return (*after.values(), np.asarray(losses))

    return call


def _by_hand(given: Given, count: int) -> Any:
    params, x, t = given
    w1, b1, w2, b2 = (p.copy() for p in params.values())
    losses = []
    for _ in range(count):
        h = np.tanh(x @ w1.T + b1)
        off = h @ w2.T + b2 - t
        losses.append(0.5 * np.sum(off * off) / len(x))
        dy = off / len(x)
        dz = (dy @ w2) * (1 - h * h)
        w1, b1, w2, b2 = w1 - RATE * dz.T @ x, b1 - RATE * dz.sum(0), w2 - RATE * dy.T @ h, b2 - RATE * dy.sum(0)
    return w1, b1, w2, b2, np.array(losses)


def _jax(given: Given, count: int) -> Any:
    import jax
    import jax.numpy as jnp

    params, x, t = given

    def loss(p: Any, x: Any, t: Any) -> Any:
        w1, b1, w2, b2 = p
        y = jnp.tanh(x @ w1.T + b1) @ w2.T + b2
        return 0.5 * jnp.sum((y - t) ** 2) / len(x)

    @jax.jit
    def run(p: Any, x: Any, t: Any) -> Any:
        def step(p: Any, _: Any) -> Any:
            value, gradients = jax.value_and_grad(loss)(p, x, t)
            return jax.tree.map(lambda a, g: a - RATE * g, p, gradients), value

        p, losses = jax.lax.scan(step, p, None, length=count)
        return (*p, losses)

    with jax.enable_x64(True):
        arguments = tuple(jnp.asarray(p) for p in params.values()), jnp.asarray(x), jnp.asarray(t)

    def call() -> Any:
        with jax.enable_x64(True):
            return jax.block_until_ready(run(*arguments))

    return call


def _torch(given: Given, count: int) -> Any:
    import torch

    params, *rows = given
    start = [torch.tensor(p, device="cuda") for p in params.values()]
    x, t = (torch.tensor(a, device="cuda") for a in rows)

    def loss(w1: Any, b1: Any, w2: Any, b2: Any) -> Any:
        y = torch.tanh(x @ w1.T + b1) @ w2.T + b2
        return 0.5 * torch.sum((y - t) ** 2) / len(x)

    def call() -> Any:
        p, losses = start, []
        for _ in range(count):
            given = [a.detach().requires_grad_() for a in p]
            value = loss(*given)
            slopes = torch.autograd.grad(value, given)
            p = [a.detach() - RATE * g for a, g in zip(given, slopes, strict=True)]
            losses.append(value.detach())
        return (*(a.cpu().numpy() for a in p), torch.stack(losses).cpu().numpy())

    return call
