"""Emitted NumPy modules beside what an engineer writes by hand: value and gradients, float64."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

import wengert as wg
from benchmarks.contest import ANSWER, Contestant, Reach, Workload

Arrays = list[np.ndarray]


def norm_loss(x: Any, gamma: Any, beta: Any, weight: Any) -> Any:
    centred = x - np.mean(x, axis=-1, keepdims=True)
    rstd = 1 / np.sqrt(np.mean(centred**2, axis=-1, keepdims=True) + 1e-5)
    return np.sum((centred * rstd * gamma + beta) * weight)


def norm_by_hand(x: Any, gamma: Any, beta: Any, weight: Any) -> tuple[Any, ...]:
    centred = x - x.mean(axis=-1, keepdims=True)
    rstd = 1 / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-5)
    norm = centred * rstd
    out = norm * gamma + beta
    by_norm = weight * gamma
    inner = (by_norm * norm).mean(axis=-1, keepdims=True)
    by_x = rstd * (by_norm - by_norm.mean(axis=-1, keepdims=True) - norm * inner)
    return np.sum(out * weight), by_x, (weight * norm).sum(axis=0), weight.sum(axis=0), out


def entropy_loss(x: Any, target: Any) -> Any:
    shifted = x - np.max(x, axis=1, keepdims=True)
    return -np.sum(target * (shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True)))) / x.shape[0]


def entropy_by_hand(x: Any, target: Any) -> tuple[Any, ...]:
    shifted = x - x.max(axis=1, keepdims=True)
    logp = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    n = x.shape[0]
    by_x = np.exp(logp) * target.sum(axis=1, keepdims=True) - target
    return -np.sum(target * logp) / n, by_x / n, -logp / n


def attention_loss(q: Any, k: Any, v: Any) -> Any:
    z = q @ k.T / np.sqrt(q.shape[-1])
    e = np.exp(z - np.max(z, axis=-1, keepdims=True))
    p = e / np.sum(e, axis=-1, keepdims=True)
    return 0.5 * np.sum((p @ v) ** 2)


def attention_by_hand(q: Any, k: Any, v: Any) -> tuple[Any, ...]:
    root = np.sqrt(q.shape[-1])
    z = q @ k.T / root
    p = np.exp(z - z.max(axis=-1, keepdims=True))
    p /= p.sum(axis=-1, keepdims=True)
    out = p @ v
    by_p = out @ v.T
    by_z = p * (by_p - (by_p * p).sum(axis=-1, keepdims=True)) / root
    return 0.5 * np.sum(out**2), by_z @ k, by_z.T @ q, p.T @ out


def lecture_loss(x: Any, t: Any, w1: Any, b1: Any, w2: Any, b2: Any) -> Any:
    h = 1 / (1 + np.exp(-(x @ w1 + b1)))
    y = h @ w2 + b2
    return 0.5 * np.sum((y - t) ** 2)


def lecture_by_hand(x: Any, t: Any, w1: Any, b1: Any, w2: Any, b2: Any) -> tuple[Any, ...]:
    h = 1 / (1 + np.exp(-(x @ w1 + b1)))
    by_y = h @ w2 + b2 - t
    by_z = by_y @ w2.T * h * (1 - h)
    return 0.5 * np.sum(by_y**2), x.T @ by_z, by_z.sum(axis=0), h.T @ by_y, by_y.sum(axis=0)


Shapes = tuple[tuple[int, ...], ...]
KINDS: dict[str, tuple[Callable[..., Any], Callable[..., Any], Shapes, tuple[str, ...]]] = {
    "layer norm": (norm_loss, norm_by_hand, ((256, 512), (512,), (512,), (256, 512)), ("x", "gamma", "beta", "weight")),
    "softmax cross-entropy": (entropy_loss, entropy_by_hand, ((256, 512), (256, 512)), ("x", "target")),
    "attention": (attention_loss, attention_by_hand, ((256, 64), (256, 64), (256, 64)), ("q", "k", "v")),
    "lecture's network": (
        lecture_loss,
        lecture_by_hand,
        ((256, 64), (256, 10), (64, 128), (128,), (128, 10), (10,)),
        ("w1", "b1", "w2", "b2"),
    ),
}


def beside_hand(kind: str, most: int = 512) -> Workload:
    """`most`: no axis is longer."""
    loss, by_hand, shapes, wrt = KINDS[kind]
    shapes = tuple(tuple(min(n, most) for n in shape) for shape in shapes)
    random = np.random.default_rng(0)
    given = [random.normal(size=shape) for shape in shapes]
    return Workload(
        title=f"emitted {kind}, {' × '.join(map(str, shapes[0]))}, value and gradients, NumPy",
        contestants=(
            Contestant("wengert emit", lambda: _emitted(loss, given, wrt)),
            Contestant("NumPy by hand", lambda: functools.partial(by_hand, *given)),
        ),
        reaches=(Reach("at most the time of the best peer", ("wengert emit",), ("NumPy by hand",)),),
        references={ANSWER: lambda: by_hand(*given)},
        tolerance={ANSWER: 1e-9},
    )


def _emitted(loss: Callable[..., Any], given: Arrays, wrt: tuple[str, ...]) -> Callable[[], tuple[Any, ...]]:
    names: dict[str, Any] = {}
    exec(wg.emit(loss, *given, wrt=wrt, test=False), names)

    def both() -> tuple[Any, ...]:
        value, kept = names["forward"](*given)
        found = names["backward"](1.0, kept)
        return value, *(found if isinstance(found, tuple) else (found,))

    return both
