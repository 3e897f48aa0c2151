"""Logistic regression, value and gradient by the weights, float64: L = mean_n (log(1 + e^(z_n)) − y_n z_n), z = X w."""

from __future__ import annotations

import ctypes
import functools
from typing import Any

import numpy as np
from scipy.special import expit

import wengert as wg
from benchmarks import compiler
from benchmarks.contest import ANSWER, Contestant, Into, Reach, Workload


def loss(w: Any, X: Any, y: Any) -> Any:
    z = X @ w
    return np.mean(np.logaddexp(0, z) - y * z)


def by_hand(w: np.ndarray, X: np.ndarray, y: np.ndarray) -> tuple[Any, np.ndarray]:
    """(L, Xᵀ(σ(z) − y) / N)."""
    z = X @ w
    value = np.mean(np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))) - y * z)
    return value, (expit(z) - y) @ X / len(y)


def data(rows: int, columns: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(w, X, y)."""
    random = np.random.default_rng(0)
    X, w = random.normal(size=(rows, columns)), random.normal(size=columns) / np.sqrt(columns)
    return w, X, (X @ w + random.normal(size=rows) > 0).astype(np.float64)


def call(rows: int = 20_000, columns: int = 50) -> Workload:
    given = data(rows, columns)
    return Workload(
        title=f"logistic regression, X {rows:,} × {columns}, float64, value and gradient",
        contestants=(
            Contestant("wengert", lambda: functools.partial(wg.compile(wg.value_and_grad(loss)), *given)),
            Contestant("wengert, value alone", lambda: functools.partial(wg.compile(loss), *given), answers="value"),
            Contestant("NumPy by hand", lambda: functools.partial(by_hand, *given)),
            Contestant("C through ctypes", lambda: _c(*given), needs=("gcc",)),
            Contestant("JAX jit", lambda: _jax(given), needs=("jax",)),
            Contestant("torch", lambda: _torch(given), needs=("torch",)),
            Contestant("autograd", lambda: _autograd(given), needs=("autograd",)),
        ),
        reaches=(
            Reach(
                "at most 0.45 of the best peer, C apart",
                ("wengert",),
                ("NumPy by hand", "JAX jit", "torch", "autograd"),
                0.45,
            ),
            Reach("at most 3 times the value alone", ("wengert",), ("wengert, value alone",), 3),
        ),
        references={ANSWER: lambda: by_hand(*given), "value": lambda: by_hand(*given)[:1]},
        tolerance={ANSWER: 1e-12, "value": 1e-12},
    )


def _c(w: np.ndarray, X: np.ndarray, y: np.ndarray) -> Any:
    """One pass over X in blocks of rows; exp and log by the vector library of the system."""
    library = compiler.library("logistic_regression", {"COLUMNS": X.shape[1]}, ("-ffast-math",))
    function = compiler.function(
        library, "value_and_gradient", *[ctypes.c_void_p] * 3, ctypes.c_long, *[ctypes.c_void_p] * 2
    )
    value, gradient = np.zeros(1), np.zeros_like(w)
    pointers = [compiler.address(a) for a in (w, X, y)], [compiler.address(a) for a in (value, gradient)]
    return Into(function, *pointers[0], len(y), *pointers[1]).leaving(value, gradient, keeps=(w, X, y))


def _jax(given: tuple[np.ndarray, ...]) -> Any:
    import jax
    import jax.numpy as jnp

    def peer(w: Any, X: Any, y: Any) -> Any:
        z = X @ w
        return jnp.mean(jax.nn.softplus(z) - y * z)

    both, arguments = jax.jit(jax.value_and_grad(peer)), [jnp.array(a) for a in given]
    return lambda: jax.block_until_ready(both(*arguments))


def _torch(given: tuple[np.ndarray, ...]) -> Any:
    import torch

    w, X, y = (torch.tensor(a) for a in given)
    w.requires_grad_()

    def both() -> Any:
        value = torch.nn.functional.binary_cross_entropy_with_logits(X @ w, y)
        return value, *torch.autograd.grad(value, (w,))

    return both


def _autograd(given: tuple[np.ndarray, ...]) -> Any:
    import autograd
    import autograd.numpy as array

    def peer(w: Any, X: Any, y: Any) -> Any:
        z = array.dot(X, w)
        return array.mean(array.logaddexp(0, z) - y * z)

    return functools.partial(autograd.value_and_grad(peer), *given)
