"""Rosenbrock's function, float64: f(x) = Σ 100 (x_{i+1} − x_i²)² + (1 − x_i)²; value and gradient, Hessian-vector product."""

from __future__ import annotations

import ctypes
import functools
from typing import Any

import numpy as np

import wengert as wg
from benchmarks import compiler
from benchmarks.contest import ANSWER, Contestant, Into, Reach, Workload


def f(x: Any) -> Any:
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def by_hand(x: np.ndarray) -> tuple[Any, np.ndarray]:
    """(f, ∂f/∂x)."""
    left = x[:-1]
    gap, rest = x[1:] - left * left, 1 - left
    gradient = np.zeros_like(x)
    gradient[:-1] = -400 * gap * left - 2 * rest
    gradient[1:] += 200 * gap
    return 100 * (gap @ gap) + rest @ rest, gradient


def product_by_hand(x: np.ndarray, v: np.ndarray) -> np.ndarray:
    """H v: the derivative of the gradient at x in the direction v."""
    left, moved = x[:-1], v[1:] - 2 * x[:-1] * v[:-1]
    product = np.zeros_like(x)
    product[:-1] = -400 * (moved * left + (x[1:] - left * left) * v[:-1]) + 2 * v[:-1]
    product[1:] += 200 * moved
    return product


def gradient(size: int, reaches: tuple[Reach, ...]) -> Workload:
    x = numbers(size)[0]
    return Workload(
        title=f"Rosenbrock, n = {size:,}, float64, value and gradient",
        contestants=(
            Contestant("wengert", lambda: functools.partial(wg.compile(wg.value_and_grad(f)), x)),
            Contestant("wengert, value alone", lambda: functools.partial(wg.compile(f), x), answers="value"),
            Contestant("NumPy by hand", lambda: functools.partial(by_hand, x)),
            Contestant("C through ctypes", lambda: _c_gradient(x), needs=("gcc",)),
            Contestant("JAX jit", lambda: _jax_gradient(x), needs=("jax",)),
            Contestant("torch", lambda: _torch_gradient(x), needs=("torch",)),
            Contestant("autograd", lambda: _autograd_gradient(x), needs=("autograd",)),
        ),
        reaches=(*reaches, Reach("at most 3 times the value alone", ("wengert",), ("wengert, value alone",), 3)),
        references={ANSWER: lambda: by_hand(x), "value": lambda: by_hand(x)[:1]},
        tolerance={ANSWER: 1e-12, "value": 1e-12},
    )


def few(size: int = 10) -> Workload:
    return gradient(size, (Reach("at most 1/15 of JAX", ("wengert",), ("JAX jit",), 1 / 15),))


def many(size: int = 1_000_000) -> Workload:
    return gradient(size, (Reach("at most 1.3 of C", ("wengert",), ("C through ctypes",), 1.3),))


def hessian_product(size: int = 1_000_000) -> Workload:
    x, v = numbers(size)

    def product(x: Any, v: Any) -> Any:
        return wg.jvp(wg.grad(f), (x,), (v,))[1]

    return Workload(
        title=f"Rosenbrock, n = {size:,}, float64, Hessian-vector product",
        contestants=(
            Contestant("wengert", lambda: functools.partial(wg.compile(product), x, v)),
            Contestant("NumPy by hand", lambda: functools.partial(product_by_hand, x, v)),
            Contestant("C through ctypes", lambda: _c_product(x, v), needs=("gcc",)),
            Contestant("JAX jit", lambda: _jax_product(x, v), needs=("jax",)),
            Contestant("torch", lambda: _torch_product(x, v), needs=("torch",)),
        ),
        reaches=(Reach("at most 1.3 of C", ("wengert",), ("C through ctypes",), 1.3),),
        references={ANSWER: lambda: product_by_hand(x, v)},
        tolerance={ANSWER: 1e-12},
    )


def numbers(size: int) -> tuple[np.ndarray, np.ndarray]:
    """A point and a direction."""
    random = np.random.default_rng(0)
    return random.normal(size=size), random.normal(size=size)


def _c_gradient(x: np.ndarray) -> Any:
    library, pointer = compiler.library("rosenbrock"), ctypes.c_void_p
    function = compiler.function(library, "value_and_gradient", pointer, ctypes.c_long, pointer, pointer)
    value, gradient = np.zeros(1), np.zeros_like(x)
    arguments = compiler.address(x), len(x), compiler.address(value), compiler.address(gradient)
    return Into(function, *arguments).leaving(value, gradient, keeps=(x,))


def _c_product(x: np.ndarray, v: np.ndarray) -> Any:
    library, pointer = compiler.library("rosenbrock"), ctypes.c_void_p
    function, product = (
        compiler.function(library, "hessian_product", pointer, pointer, ctypes.c_long, pointer),
        np.zeros_like(x),
    )
    arguments = compiler.address(x), compiler.address(v), len(x), compiler.address(product)
    return Into(function, *arguments).leaving(product, keeps=(x, v))


def _jax_gradient(x: np.ndarray) -> Any:
    import jax
    import jax.numpy as jnp

    both, argument = jax.jit(jax.value_and_grad(_peer(jnp.sum))), jnp.array(x)

    def call() -> Any:
        found = both(argument)
        found[0].block_until_ready()
        return found

    return call


def _jax_product(x: np.ndarray, v: np.ndarray) -> Any:
    import jax
    import jax.numpy as jnp

    slope = jax.grad(_peer(jnp.sum))
    product, arguments = jax.jit(lambda x, v: jax.jvp(slope, (x,), (v,))[1]), (jnp.array(x), jnp.array(v))
    return lambda: product(*arguments).block_until_ready()


def _torch_gradient(x: np.ndarray) -> Any:
    import torch

    argument, function = torch.tensor(x, requires_grad=True), _peer(torch.sum)

    def both() -> Any:
        value = function(argument)
        return value, *torch.autograd.grad(value, (argument,))

    return both


def _torch_product(x: np.ndarray, v: np.ndarray) -> Any:
    import torch

    argument, direction, function = torch.tensor(x, requires_grad=True), torch.tensor(v), _peer(torch.sum)

    def product() -> Any:
        (slope,) = torch.autograd.grad(function(argument), (argument,), create_graph=True)
        return torch.autograd.grad(slope, (argument,), direction)

    return product


def _autograd_gradient(x: np.ndarray) -> Any:
    import autograd
    import autograd.numpy as array

    return functools.partial(autograd.value_and_grad(_peer(array.sum)), x)


def _peer(add: Any) -> Any:
    return lambda x: add(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)
