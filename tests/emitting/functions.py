"""Functions as users of NumPy write them, with arguments, to be emitted."""

from __future__ import annotations

from typing import Any

import numpy as np


def network(X, W1, b1, W2, b2, T):
    Z = X @ W1 + b1
    H = np.tanh(Z)
    Y = H @ W2 + b2
    d = Y - T
    return 0.5 * np.sum(d**2) / len(X)


def layer_norm(x, g, b):
    mu = x.mean(axis=1, keepdims=True)
    xc = x - mu
    var = (xc**2).mean(axis=1, keepdims=True)
    n = xc / np.sqrt(var + 1e-5)
    return g * n + b


def cross_entropy(Z, y):
    m = Z.max(axis=1, keepdims=True)
    e = np.exp(Z - m)
    p = e / e.sum(axis=1, keepdims=True)
    return -np.mean(np.log(p[np.arange(len(y)), y]))


def attention(q, k, v):
    s = q @ k.T / np.sqrt(q.shape[1])
    s = s - s.max(axis=1, keepdims=True)
    p = np.exp(s)
    p = p / p.sum(axis=1, keepdims=True)
    return p @ v


def recurrent(x, h0, Wx, Wh, b):
    h = h0
    for t in range(3):
        h = np.tanh(x[t] @ Wx + h @ Wh + b)
    return h


def words(C, i, W):
    e = C[i].reshape(4, 6)
    h = np.maximum(0, e @ W)
    return np.concatenate([h, e[::-1]], axis=1)


def normal(*shape: int) -> Any:
    return np.random.default_rng(sum(shape)).normal(size=shape)


FUNCTIONS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "network": (network, (normal(4, 3), normal(3, 5), normal(5), normal(5, 2), normal(2), normal(4, 2))),
    "layer_norm": (layer_norm, (normal(4, 3), normal(3), normal(3))),
    "cross_entropy": (cross_entropy, (normal(4, 3), np.array([0, 2, 1, 1]))),
    "attention": (attention, (normal(4, 3), normal(5, 3), normal(5, 2))),
    "recurrent": (recurrent, (normal(3, 4, 2), normal(4, 5), normal(2, 5), normal(5, 5), normal(5))),
    "words": (words, (normal(7, 3), np.array([[0, 1], [2, 2], [3, 6], [5, 5]]), normal(6, 2))),
}
