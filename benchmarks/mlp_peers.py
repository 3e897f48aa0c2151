"""The steps of a classifier by JAX, torch, and C with a BLAS. It must not know how ours are computed."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks import compiler
from benchmarks.contest import Contestant, Into
from benchmarks.descent import Finished, copies

if TYPE_CHECKING:
    from benchmarks.workloads.mlp import Network

Arrays = Sequence[np.ndarray]
STEPS = ("C with OpenBLAS", "JAX loop", "JAX jit", "torch", "NumPy by hand")
BLAS = tuple(f"sgemm of {peer}, {size}" for peer in ("NumPy", "torch") for size in (1024, 2048))
XLA = ("sgemm of JAX, 1024", "sgemm of JAX, 2048")


def contestants(network: Network, parameters: Arrays, given: Arrays, steps: int) -> list[Contestant]:
    """The peers, all beginning at the same parameters."""
    return [
        Contestant(STEPS[0], lambda: _c(network, parameters, given), needs=("gcc",)),
        Contestant(STEPS[1], lambda: _jax_loop(network, parameters, given, steps), "loop", ("jax",), units=steps),
        Contestant(STEPS[2], lambda: _jax(network, parameters, given), needs=("jax",)),
        Contestant(STEPS[3], lambda: _torch(network, parameters, given), needs=("torch",)),
    ]


def yardsticks(operations: float) -> list[Contestant]:
    """Square matrix products, timed for as many operations as a step has: the time of a step at the rate of sgemm."""
    makers = {"NumPy": (_numpy_product, ()), "torch": (_torch_product, ("torch",)), "JAX": (_jax_product, ("jax",))}
    found = []
    for name in BLAS + XLA:
        size, peer = int(name.rsplit(" ", 1)[1]), name.split(" ")[2].rstrip(",")
        make, needs = makers[peer]
        units = 2.0 * size**3 / operations
        found.append(Contestant(name, functools.partial(make, size), "nothing", needs, units=units))
    return found


def _numpy_product(size: int) -> Any:
    A, B, C = (np.full((size, size), 1 / size, np.float32) for _ in range(3))
    return functools.partial(np.matmul, A, B, C)


def _torch_product(size: int) -> Any:
    import torch

    A, B, C = (torch.full((size, size), 1 / size) for _ in range(3))
    return lambda: torch.mm(A, B, out=C)


def _jax_product(size: int) -> Any:
    import jax
    import jax.numpy as jnp

    compiled, A = jax.jit(jnp.matmul), jnp.full((size, size), 1 / size, jnp.float32)
    return lambda: compiled(A, A).block_until_ready()


def jax_step(network: Network) -> Callable[..., Any]:
    import jax
    import jax.numpy as jnp

    activation = jnp.tanh if network.activation == "tanh" else jax.nn.relu

    def loss(parameters: Any, X: Any, Y: Any) -> Any:
        value = X
        for W, b in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
            value = activation(value @ W + b)
        Z = value @ parameters[-2] + parameters[-1]
        return jnp.mean(jax.nn.logsumexp(Z, axis=1) - jnp.sum(Y * Z, axis=1))

    def step(*arguments: Any) -> Any:
        value, bars = jax.value_and_grad(loss)(arguments[:-2], *arguments[-2:])
        return value, *(p - network.rate * bar for p, bar in zip(arguments[:-2], bars, strict=True))

    return step


def _jax(network: Network, parameters: Arrays, given: Arrays) -> Any:
    import jax
    import jax.numpy as jnp

    step = jax.jit(jax_step(network), donate_argnums=tuple(range(network.count)))
    return Finished(step, [jnp.array(p) for p in parameters], [jnp.array(d) for d in given])


def _jax_loop(network: Network, parameters: Arrays, given: Arrays, steps: int) -> Any:
    import jax
    import jax.numpy as jnp

    step = jax_step(network)

    def descend(start: Any, X: Any, Y: Any) -> Any:
        return jax.lax.fori_loop(0, steps, lambda i, carry: step(*carry, X, Y)[1:], start)

    compiled = jax.jit(descend)
    arguments = tuple(jnp.array(p) for p in parameters), *(jnp.array(d) for d in given)
    return lambda: jax.block_until_ready(compiled(*arguments))


def _torch(network: Network, parameters: Arrays, given: Arrays) -> Any:
    import torch

    activation = torch.tanh if network.activation == "tanh" else torch.relu
    own = [torch.tensor(p, requires_grad=True) for p in parameters]
    X, labels = torch.tensor(given[0]), torch.tensor(given[1].argmax(axis=1))

    def step() -> Any:
        value = X
        for W, b in zip(own[:-2:2], own[1:-2:2], strict=True):
            value = activation(torch.addmm(b, value, W))
        loss = torch.nn.functional.cross_entropy(torch.addmm(own[-1], value, own[-2]), labels)
        bars = torch.autograd.grad(loss, own)
        with torch.no_grad():
            torch._foreach_add_(own, bars, alpha=-network.rate)
        return loss, own

    return step


def _c(network: Network, parameters: Arrays, given: Arrays) -> Any:
    """C with the matrix products by the BLAS that SciPy carries; the products with gradients update the weights (beta = 1)."""
    sizes = network.sizes
    layers = len(sizes) - 1
    macros = {"LAYERS": layers, "BATCH": network.batch, "TANH": int(network.activation == "tanh")}
    step = compiler.function(
        compiler.library("mlp", macros | {"WIDEST": max(sizes[1:])}, ("-ffast-math",)),
        "step",
        *[ctypes.c_void_p] * 6,
        ctypes.c_float,
        ctypes.c_void_p,
    )
    own, value = copies(parameters), np.zeros(1, np.float32)
    values = [np.zeros((network.batch, size), np.float32) for size in sizes[1:]]
    bars = np.zeros((2, network.batch, max(sizes[1:])), np.float32)
    widths = np.array(sizes, np.int32)
    pointers = [np.array([compiler.address(a) for a in arrays], np.uintp) for arrays in (own, [given[0], *values])]
    arrays = (widths, *pointers, given[1], bars, value)
    arguments = [compiler.address(a) for a in arrays]
    return Into(step, *arguments, network.rate, compiler.blas("sgemm")).leaving(
        value, *own, keeps=(arrays, values, given)
    )
