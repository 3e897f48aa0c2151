"""Matrices that are solved with, factored and decomposed, value and gradient, float64; each written once for every library."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg

import wengert as wg
from benchmarks.contest import ANSWER, Contestant, Reach, Workload

Array = np.ndarray


@dataclass(frozen=True)
class Task:
    """What is computed of arrays: `loss(xp, …)` for a library that has NumPy's names, and (L, slopes …) by hand."""

    title: str
    arrays: Callable[[int], tuple[Array, ...]]
    loss: Callable[..., Any]
    by_hand: Callable[..., tuple[Any, ...]]
    same_way: bool = True
    """Whether what is written by hand makes the same factors; else it is the reference, and no peer."""


def _normal(*shapes: tuple[int, ...]) -> tuple[Array, ...]:
    random = np.random.default_rng(0)
    return tuple(random.normal(size=shape) for shape in shapes)


# ---------------------------------------------------------------- solving


def _solve(xp: Any, a: Any, b: Any) -> Any:
    return 0.5 * xp.sum(xp.linalg.solve(a, b) ** 2)


def _solve_by_hand(a: Array, b: Array) -> tuple[Any, ...]:
    x = np.linalg.solve(a, b)
    of_b = np.linalg.solve(a.swapaxes(-1, -2), x)
    return 0.5 * np.sum(x * x), -of_b @ x.swapaxes(-1, -2), of_b


def _well_posed(n: int) -> tuple[Array, ...]:
    a, b = _normal((n, n), (n, 8))
    return a + 2 * np.sqrt(n) * np.eye(n), b


def _many_small(count: int) -> tuple[Array, ...]:
    a, b = _normal((count, 6, 6), (count, 6, 1))
    return a + 6 * np.eye(6), b


# ---------------------------------------------------------------- the likelihood of a Gaussian process


def _below(xp: Any, factor: Any, y: Any) -> Any:
    """L⁻¹ y, as each library says that L is lower triangular."""
    if xp.__name__ == "torch":
        return xp.linalg.solve_triangular(factor, y, upper=False)
    if xp.__name__ == "jax.numpy":
        return importlib.import_module("jax.scipy.linalg").solve_triangular(factor, y, lower=True)
    return scipy.linalg.solve_triangular(factor, y, lower=True)


def _likelihood(xp: Any, a: Any, y: Any) -> Any:
    factor = xp.linalg.cholesky(a @ a.T + len(a) * xp.eye(len(a)))
    white = _below(xp, factor, y)
    return 0.5 * xp.sum(white**2) + xp.sum(xp.log(xp.diagonal(factor)))


def _likelihood_by_hand(a: Array, y: Array) -> tuple[Any, ...]:
    k = a @ a.T + len(a) * np.eye(len(a))
    weights = np.linalg.solve(k, y)
    value = 0.5 * np.sum(y * weights) + 0.5 * np.linalg.slogdet(k)[1]
    return value, (np.linalg.inv(k) - weights @ weights.T) @ a, weights


# ---------------------------------------------------------------- decompositions


def _least_squares(xp: Any, a: Any, b: Any) -> Any:
    q, r = xp.linalg.qr(a)
    return 0.5 * xp.sum(xp.linalg.solve(r, q.T @ b) ** 2)


def _least_squares_by_hand(a: Array, b: Array) -> tuple[Any, ...]:
    inverse = np.linalg.inv(a.T @ a)
    x = inverse @ (a.T @ b)
    of_b = a @ (inverse @ x)
    return 0.5 * np.sum(x * x), (b - a @ x) @ (inverse @ x).T - of_b @ x.T, of_b


def _cube(xp: Any, a: Any) -> Any:
    w, v = xp.linalg.eigh(a + a.T)
    return 0.5 * xp.sum(((v * w**3) @ v.T) ** 2)


def _cube_by_hand(a: Array) -> tuple[Any, ...]:
    s = a + a.T
    third = s @ s @ s
    return 0.5 * np.sum(third * third), 6 * third @ s @ s


def _nuclear(xp: Any, a: Any) -> Any:
    return xp.sum(xp.linalg.svd(a, full_matrices=False)[1])


def _nuclear_by_hand(a: Array) -> tuple[Any, ...]:
    u, s, v = np.linalg.svd(a, full_matrices=False)
    return np.sum(s), u @ v


# ---------------------------------------------------------------- convolution by Fourier transforms


def _filtered(xp: Any, x: Any, h: Any) -> Any:
    spectrum = xp.fft.rfft(x) * xp.fft.rfft(h)
    return 0.5 * xp.sum(xp.fft.irfft(spectrum, n=x.shape[-1]) ** 2)


def _filtered_by_hand(x: Array, h: Array) -> tuple[Any, ...]:
    n, of_x, of_h = x.shape[-1], np.fft.rfft(x), np.fft.rfft(h)
    y = of_x * of_h
    back = [np.fft.irfft(y * np.conj(other), n=n) for other in (of_h, of_x)]
    return 0.5 * np.sum(np.fft.irfft(y, n=n) ** 2), *back


TASKS = {
    "solve": Task("solve, {0}×{0}, 8 right-hand sides", _well_posed, _solve, _solve_by_hand),
    "solve-many": Task("solve, {0} systems of 6 equations", _many_small, _solve, _solve_by_hand),
    "likelihood": Task(
        "likelihood of a Gaussian process by Cholesky, {0}×{0}",
        lambda n: _normal((n, n), (n, 1)),
        _likelihood,
        _likelihood_by_hand,
    ),
    "least-squares": Task(
        "least squares by QR, {0} unknowns, 4 times as many equations",
        lambda n: _normal((4 * n, n), (4 * n, 1)),
        _least_squares,
        _least_squares_by_hand,
        same_way=False,
    ),
    "eigenvalues": Task(
        "S³ by eigenvalues, {0}×{0}",
        lambda n: (_normal((n, n))[0] / np.sqrt(8 * n),),
        _cube,
        _cube_by_hand,
        same_way=False,
    ),
    "singular-values": Task("sum of singular values, {0}×{0}", lambda n: _normal((n, n)), _nuclear, _nuclear_by_hand),
    "fourier": Task("convolution by FFT, {0} numbers", lambda n: _normal((n,), (n,)), _filtered, _filtered_by_hand),
}


def task(name: str, size: int) -> Workload:
    """Value and all gradients of a task."""
    chosen = TASKS[name]
    given = chosen.arrays(size)
    by = tuple(range(len(given)))
    by_hand = Contestant("NumPy by hand", lambda: functools.partial(chosen.by_hand, *given))
    peers = (
        Contestant("JAX jit", lambda: _jax(chosen.loss, given, by), needs=("jax",)),
        Contestant("torch", lambda: _torch(chosen.loss, given), needs=("torch",)),
    )
    if chosen.same_way:
        peers = (by_hand, *peers)
    ours = wg.value_and_grad(functools.partial(chosen.loss, np), by)
    return Workload(
        title=f"{chosen.title.format(size)}, value and gradient, float64",
        contestants=(
            Contestant("wengert", lambda: functools.partial(wg.compile(ours), *given)),
            *peers,
        ),
        reaches=(Reach("at most the time of the best peer", ("wengert",), tuple(peer.name for peer in peers)),),
        references={ANSWER: lambda: chosen.by_hand(*given)},
        tolerance={ANSWER: 1e-8},
    )


def _jax(loss: Callable[..., Any], given: tuple[Array, ...], by: tuple[int, ...]) -> Any:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    both = jax.jit(jax.value_and_grad(functools.partial(loss, jnp), by))
    arguments = [jnp.array(a) for a in given]
    return lambda: jax.block_until_ready(both(*arguments))


def _torch(loss: Callable[..., Any], given: tuple[Array, ...]) -> Any:
    import torch

    leaves = [torch.tensor(a).requires_grad_() for a in given]

    def both() -> Any:
        value = loss(torch, *leaves)
        return value, *torch.autograd.grad(value, leaves)

    return both
