"""Bundle adjustment: residuals of a camera that sees a point, 15 numbers to 2, and their Jacobians, for many pairs; float64.

Source: ADBench's BA (github.com/microsoft/ADBench): Rodrigues rotation, radial distortion.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

import wengert as wg
from benchmarks.contest import ANSWER, Contestant, Into, Reach, Workload

Array = np.ndarray
CAMERA, POINT = 11, 3


def residual(xp: Any, camera: Any, point: Any, weight: Any, feature: Any) -> Any:
    """weight · (projection − feature); the names of NumPy suffice for all but torch's cross product."""
    r, x = camera[:3], point - camera[3:6]
    angle = xp.sqrt(xp.sum(r * r))
    axis = r / angle
    seen = x * xp.cos(angle) + xp.cross(axis, x) * xp.sin(angle) + axis * xp.sum(axis * x) * (1 - xp.cos(angle))
    p = seen[:2] / seen[2]
    square = xp.sum(p * p)
    bent = 1 + camera[9] * square + camera[10] * square * square
    return weight * (camera[6] * bent * p + camera[7:9] - feature)


def by_columns(cameras: Array, points: Array, weights: Array, features: Array) -> Array:
    """The residuals of all pairs by NumPy, real or complex."""
    r, x = cameras[:, :3], points - cameras[:, 3:6]
    angle = np.sqrt(np.sum(r * r, axis=1, keepdims=True))
    axis = r / angle
    along = np.sum(axis * x, axis=1, keepdims=True)
    seen = x * np.cos(angle) + np.cross(axis, x) * np.sin(angle) + axis * along * (1 - np.cos(angle))
    p = seen[:, :2] / seen[:, 2:]
    square = np.sum(p * p, axis=1, keepdims=True)
    bent = 1 + cameras[:, 9:10] * square + cameras[:, 10:] * square * square
    return weights[:, None] * (cameras[:, 6:7] * bent * p + cameras[:, 7:9] - features)


def by_complex_steps(cameras: Array, points: Array, weights: Array, features: Array) -> list[Array]:
    """The Jacobians by camera, point and weight: Im f(x + ih)/h."""
    given, step = [a.astype(complex) for a in (cameras, points, weights[:, None])], 1e-30
    found: list[Array] = []
    for array in given:
        columns: list[Array] = []
        for k in range(array.shape[1]):
            array[:, k] += 1j * step
            columns.append(by_columns(given[0], given[1], given[2][:, 0], features).imag / step)
            array[:, k] -= 1j * step
        found.append(np.stack(columns, axis=2))
    return [found[0], found[1], found[2][:, :, 0]]


def jacobians(pairs: int = 20_000) -> Workload:
    """All Jacobians of all pairs in one call."""
    random = np.random.default_rng(0)
    usual = np.array([0.5, 0.3, 0.2, 0, 0, -5, 1, 0, 0, 0.01, 0.01])
    cameras = random.normal(size=(pairs, CAMERA)) * 0.1 + usual
    points, features = random.normal(size=(pairs, POINT)), random.normal(size=(pairs, 2))
    given = (cameras, points, random.uniform(0.5, 1, size=pairs), features)
    ours = functools.partial(residual, np)
    peers = ("JAX jit", "torch", "CasADi")
    return Workload(
        title=f"bundle adjustment, Jacobians 2×15 of {pairs:,} pairs, float64",
        contestants=(
            Contestant("wengert", lambda: functools.partial(wg.compile(wg.vmap(wg.jacobian(ours, (0, 1, 2)))), *given)),
            Contestant(
                "wengert, value alone", lambda: functools.partial(wg.compile(wg.vmap(ours)), *given), answers="value"
            ),
            Contestant("NumPy by hand, value alone", lambda: functools.partial(by_columns, *given), answers="value"),
            Contestant("JAX jit", lambda: _jax(given), needs=("jax",)),
            Contestant("torch", lambda: _torch(given), needs=("torch",)),
            Contestant("CasADi", lambda: _casadi(given), needs=("casadi",)),
        ),
        reaches=(
            Reach("at most the time of the best peer", ("wengert",), peers),
            Reach("at most 6 times NumPy's value alone", ("wengert",), ("NumPy by hand, value alone",), 6),
        ),
        references={ANSWER: lambda: by_complex_steps(*given), "value": lambda: [by_columns(*given)]},
        tolerance={ANSWER: 1e-9, "value": 1e-12},
    )


def _jax(given: tuple[Array, ...]) -> Any:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    made = jax.jit(jax.vmap(jax.jacfwd(functools.partial(residual, jnp), (0, 1, 2))))
    arguments = [jnp.array(a) for a in given]
    return lambda: jax.block_until_ready(made(*arguments))


def _torch(given: tuple[Array, ...]) -> Any:
    import torch

    made = torch.func.vmap(torch.func.jacrev(functools.partial(residual, torch), (0, 1, 2)))
    arguments = [torch.tensor(a) for a in given]
    return lambda: made(*arguments)


def _casadi(given: tuple[Array, ...]) -> Any:
    """Expressions of entries, mapped over the pairs; nothing is rearranged within the time."""
    import casadi

    symbols = [casadi.SX.sym(name, size) for name, size in (("c", CAMERA), ("x", POINT), ("w", 1), ("f", 2))]
    camera, x, weight, feature = symbols
    r, moved = camera[:3], x - camera[3:6]
    angle = casadi.sqrt(casadi.sumsqr(r))
    axis, cos, sin = r / angle, casadi.cos(angle), casadi.sin(angle)
    seen = moved * cos + casadi.cross(axis, moved) * sin + axis * casadi.dot(axis, moved) * (1 - cos)
    p = seen[:2] / seen[2]
    square = casadi.sumsqr(p)
    value = weight * (camera[6] * (1 + camera[9] * square + camera[10] * square * square) * p + camera[7:9] - feature)
    each = casadi.Function("pair", symbols, [casadi.jacobian(value, by) for by in symbols[:3]])
    pairs = len(given[0])
    made = each.map(pairs)
    columns = [np.ascontiguousarray(a) for a in given]
    found = [np.zeros(made.nnz_out(k)) for k in range(3)]
    buffer, run = made.buffer()
    for k, array in enumerate(columns):
        buffer.set_arg(k, memoryview(array))
    for k, array in enumerate(found):
        buffer.set_res(k, memoryview(array))
    patterns = [each.sparsity_out(k) for k in range(3)]
    results = Into(run).leaving(*(_Matrices(a, p, pairs) for a, p in zip(found, patterns, strict=True)))
    results.keeps = (made, buffer, columns)
    return results


class _Matrices:
    """The matrices of all pairs as arrays of NumPy: CasADi has the entries of a pattern, column by column."""

    def __init__(self, found: Array, pattern: Any, pairs: int) -> None:
        self.found, self.pattern, self.pairs = found, pattern, pairs

    def __array__(self, dtype: Any = None, copy: Any = None) -> Array:
        rows, columns = self.pattern.size1(), self.pattern.size2()
        matrices, (i, j) = np.zeros((self.pairs, rows, columns)), self.pattern.get_triplet()
        matrices[:, i, j] = self.found.reshape(self.pairs, -1)
        return matrices[:, :, 0] if columns == 1 else matrices
