"""Programs that do not say what they are given: inputs are guessed, and no line is wrong for a guess."""

from __future__ import annotations

import pytest

from wengert.programs.files import check_text
from wengert.programs.report import Report

COLUMNS = """
import numpy as np

def predict_forward(X, net):
    U, b1 = net["U"], net["b1"]
    S = np.dot(U, X) + b1
    P = 1 / (1 + np.exp(-(np.dot(net["V"], np.tanh(S)) + net["b2"])))
    return P, {"S": S, "P": P}

def predict_cost(P, Y):
    return -np.sum(Y * np.log(P) + (1 - Y) * np.log(1 - P)) / Y.shape[1]

def predict_backward(net, cache, X, Y):
    n = X.shape[1]
    H = np.tanh(cache["S"])
    dQ = (cache["P"] - Y) / n
    dV = np.dot(dQ, H.T)
    db2 = dQ.sum(axis=1, keepdims=True)
    dS = np.dot(net["V"].T, dQ) * (1 - H ** 2)
    dU = np.dot(dS, X.T)
    db1 = dS.sum(axis=1, keepdims=True)
    return {"dU": dU, "db1": db1, "dV": dV, "db2": db2}
"""
CHANNELS = """
import numpy as np

def scale_forward(x, gamma, beta):
    '''x: (N, C, H, W)'''
    return np.tanh(x) * gamma + beta, (x, gamma)

def scale_backward(dout, cache):
    x, gamma = cache
    dbeta = dout.sum(axis=(0, 2, 3), keepdims=True)
    dgamma = (dout * np.tanh(x)).sum(axis=(0, 2, 3), keepdims=True)
    dx = dout * gamma * (1 - np.tanh(x) ** 2)
    return dx, dgamma, dbeta
"""
CUT = """
import numpy as np

class Gated:
    def __init__(self, Wx, Wh):
        self.Wx, self.Wh = Wx, Wh

    def forward(self, x, h):
        H = h.shape[1]
        z = 1 / (1 + np.exp(-(x @ self.Wx[:, :H] + h @ self.Wh[:, :H])))
        n = np.tanh(x @ self.Wx[:, H:] + h @ self.Wh[:, H:])
        self.kept = (x, h, z, n)
        return z * h + (1 - z) * n

    def backward(self, dnext):
        x, h, z, n = self.kept
        H = h.shape[1]
        da = np.hstack([dnext * (h - n) * z * (1 - z), dnext * (1 - z) * (1 - n ** 2)])
        self.dWx = x.T @ da
        self.dWh = h.T @ da
        dx = da @ self.Wx.T
        dh = dnext * z + da @ self.Wh.T
        return dx, dh
"""
LISTS = """
import numpy as np

class Stack:
    def __init__(self, sizes):
        self.weights = [np.random.randn(i, o) for i, o in zip(sizes[:-1], sizes[1:])]
        self.biases = [np.zeros(o) for o in sizes[1:]]

    def loss_and_gradients(self, X, y):
        acts = [X]
        for W, b in zip(self.weights, self.biases):
            acts.append(np.tanh(acts[-1] @ W + b))
        loss = 0.5 * np.sum((acts[-1] - y) ** 2)
        grads_w = [None] * len(self.weights)
        grads_b = [None] * len(self.biases)
        delta = acts[-1] - y
        for k in reversed(range(len(self.weights))):
            delta = delta * (1 - acts[k + 1] ** 2)
            grads_w[k] = acts[k].T @ delta
            grads_b[k] = delta.sum(axis=0)
            delta = delta @ self.weights[k].T
        return loss, grads_w, grads_b
"""
CONTRACTED = """
import numpy as np

class Filter:
    def __init__(self, channels_in, channels_out, width):
        self.width = width
        self.W = np.random.randn(channels_out, channels_in, width)

    def forward(self, A):
        self.A = A
        Z = np.zeros((A.shape[0], self.W.shape[0], A.shape[2] - self.width + 1))
        for i in range(Z.shape[2]):
            Z[:, :, i] = np.tensordot(A[:, :, i : i + self.width], self.W, axes=([1, 2], [1, 2]))
        return Z

    def backward(self, dZ):
        self.dW = np.zeros_like(self.W)
        dA = np.zeros_like(self.A)
        for i in range(dZ.shape[2]):
            self.dW += np.tensordot(dZ[:, :, i], self.A[:, :, i : i + self.width], axes=([0], [0]))
            dA[:, :, i : i + self.width] += np.tensordot(dZ[:, :, i], self.W, axes=([1], [0]))
        return dA
"""
STEPS = """
import numpy as np

def letters_loss(inputs, targets, hprev, Wa, Wc, Wy, ba, bc, by):
    xs, zs, a, c, hs, ps = {}, {}, {}, {}, {-1: np.copy(hprev)}, {}
    loss = 0
    V, H = by.shape[0], hprev.shape[0]
    for t in range(len(inputs)):
        xs[t] = np.zeros((V, 1))
        xs[t][inputs[t]] = 1
        zs[t] = np.vstack((hs[t - 1], xs[t]))
        a[t] = 1 / (1 + np.exp(-(Wa @ zs[t] + ba)))
        c[t] = np.tanh(Wc @ zs[t] + bc)
        hs[t] = a[t] * c[t]
        ps[t] = np.exp(Wy @ hs[t] + by)
        ps[t] /= np.sum(ps[t])
        loss += -np.log(ps[t][targets[t], 0])
    dWa, dWc, dWy = np.zeros_like(Wa), np.zeros_like(Wc), np.zeros_like(Wy)
    dba, dbc, dby = np.zeros_like(ba), np.zeros_like(bc), np.zeros_like(by)
    later = np.zeros_like(hprev)
    for t in reversed(range(len(inputs))):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        dWy += dy @ hs[t].T
        dby += dy
        dh = Wy.T @ dy + later
        da = dh * c[t] * a[t] * (1 - a[t])
        dc = dh * a[t] * (1 - c[t] ** 2)
        dWa += da @ zs[t].T
        dWc += dc @ zs[t].T
        dba += da
        dbc += dc
        later = (Wa.T @ da + Wc.T @ dc)[:H]
    return loss, dWa, dWc, dWy, dba, dbc, dby
"""
NUMBER = """
import numpy as np

def fit_step(w, b, X, Y):
    n = X.shape[1]
    P = 1 / (1 + np.exp(-(np.dot(w.T, X) + b)))
    cost = -np.sum(Y * np.log(P) + (1 - Y) * np.log(1 - P)) / n
    dw = np.dot(X, (P - Y).T) / n
    db = np.sum(P - Y) / n
    return {"dw": dw, "db": db}, cost
"""
SLOPE = """
import numpy as np

class Leaky:
    def __init__(self, alpha):
        self.alpha = alpha

    def forward(self, x):
        self.x = x
        return np.where(x > 0, x, self.alpha * x)

    def backward(self, grad):
        self.grad_alpha = np.sum(grad * self.x * (self.x <= 0), axis=0)
        return grad * np.where(self.x > 0, 1, self.alpha)
"""
UNDER_NAMES = """
import numpy as np

def apart_loss(a, p, n):
    gap = np.sum((a - p) ** 2, axis=1) - np.sum((a - n) ** 2, axis=1) + 0.5
    active = (gap > 0)[:, None]
    loss = np.sum(np.maximum(gap, 0))
    da = 2 * active * (n - p)
    dp = -2 * active * (a - p)
    return loss, {"a": da, "p": dp, "n": 2 * active * (a - n)}
"""
RIGHT = {
    "columns": COLUMNS,
    "channels": CHANNELS,
    "cut attributes": CUT,
    "lists": LISTS,
    "contracted": CONTRACTED,
    "stacked steps": STEPS,
    "a number": NUMBER,
    "a slope for each column": SLOPE,
    "under their names": UNDER_NAMES,
}


def judged(text: str) -> Report:
    return check_text(text, "program.py")


def wrong(report: Report) -> list[str]:
    return [row.text for found in report.judged for row in found.rows if row.status == "wrong"]


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_inputs_are_guessed_with_which_a_right_program_is_right(text):
    report = judged(text)
    assert [found.error for found in report.judged] == [""]
    assert {v for found in report.judged for v in found.results.values()} == {"right"}, report.text()


PLANTED = {
    "channels": (
        "(dout * np.tanh(x)).sum(axis=(0, 2, 3), keepdims=True)",
        "(dout * np.tanh(x)).sum(axis=(0, 1, 3), keepdims=True)",
    ),
    "lists": ("delta.sum(axis=0)", "delta.sum(axis=1)"),
    "a number": ("np.dot(X, (P - Y).T) / n", "np.dot(X, (P - Y).T)"),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_guess_does_not_make_a_mistake_right(name):
    old, new = PLANTED[name]
    assert any(new in line for line in wrong(judged(RIGHT[name].replace(old, new))))


def test_an_error_behind_the_loss_is_one_of_the_backward_part():
    text = """
import numpy as np

def class_loss(x, y):
    N = x.shape[0]
    gaps = np.maximum(0, x - x[np.arange(N), y][:, None] + 1)
    gaps[np.arange(N), y] = 0
    loss = np.sum(gaps) / N
    count = np.sum(gaps > 0, axis=1)
    dx = (gaps > 0) / N
    dx[np.arange(N), y] -= count / N
    return loss, dx
"""
    assert wrong(judged(text)) == []
    assert wrong(judged(text.replace("np.sum(gaps > 0, axis=1)", "gaps > 0"))) != []
