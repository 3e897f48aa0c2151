"""Forward and backward passes as they are written in courses: right ones. Mistakes are planted in their text."""

from __future__ import annotations

import numpy as np


def affine_forward(x, w, b):
    out = x.reshape(x.shape[0], -1) @ w + b
    return out, (x, w, b)


def affine_backward(dout, cache):
    x, w, b = cache
    dx = (dout @ w.T).reshape(x.shape)
    dw = x.reshape(x.shape[0], -1).T @ dout
    db = dout.sum(axis=0)
    return dx, dw, db


def relu_forward(x):
    return np.maximum(0, x), x


def relu_backward(dout, cache):
    x = cache
    dx = dout * (x > 0)
    return dx


def batchnorm_forward(x, gamma, beta, eps=1e-5):
    mu = x.mean(axis=0)
    centred = x - mu
    var = (centred**2).mean(axis=0)
    std = np.sqrt(var + eps)
    xhat = centred / std
    out = gamma * xhat + beta
    return out, (xhat, gamma, centred, std)


def batchnorm_backward(dout, cache):
    xhat, gamma, centred, std = cache
    N = dout.shape[0]
    dbeta = dout.sum(axis=0)
    dgamma = np.sum(dout * xhat, axis=0)
    dxhat = dout * gamma
    dstd = -np.sum(dxhat * centred, axis=0) / std**2
    dvar = 0.5 * dstd / std
    dcentred = dxhat / std + 2.0 / N * centred * dvar
    dmu = -dcentred.sum(axis=0)
    dx = dcentred + dmu / N
    return dx, dgamma, dbeta


def layernorm_forward(x, gamma, beta, eps=1e-5):
    mean = x.mean(axis=-1, keepdims=True)
    rstd = 1.0 / np.sqrt(x.var(axis=-1, keepdims=True) + eps)
    norm = (x - mean) * rstd
    return norm * gamma + beta, dict(norm=norm, rstd=rstd, gamma=gamma)


def layernorm_backward(dout, cache):
    norm, rstd = cache["norm"], cache["rstd"]
    dgamma = (dout * norm).sum(axis=0)
    dbeta = dout.sum(axis=0)
    dnorm = dout * cache["gamma"]
    dx = rstd * (dnorm - dnorm.mean(axis=-1, keepdims=True) - norm * (dnorm * norm).mean(axis=-1, keepdims=True))
    return dx, dgamma, dbeta


def conv_forward(x, w, b, stride=1, pad=1):
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    out = np.zeros((N, F, 1 + (H + 2 * pad - HH) // stride, 1 + (W + 2 * pad - WW) // stride))
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            window = padded[:, :, i * stride : i * stride + HH, j * stride : j * stride + WW]
            for f in range(F):
                out[:, f, i, j] = np.sum(window * w[f], axis=(1, 2, 3)) + b[f]
    return out, (x, w, padded, stride, pad)


def conv_backward(dout, cache):
    x, w, padded, stride, pad = cache
    HH, WW = w.shape[2:]
    dpadded = np.zeros_like(padded)
    dw = np.zeros_like(w)
    db = dout.sum(axis=(0, 2, 3))
    for n in range(dout.shape[0]):
        for f in range(dout.shape[1]):
            for i in range(dout.shape[2]):
                for j in range(dout.shape[3]):
                    r, c = i * stride, j * stride
                    dw[f] += padded[n, :, r : r + HH, c : c + WW] * dout[n, f, i, j]
                    dpadded[n, :, r : r + HH, c : c + WW] += w[f] * dout[n, f, i, j]
    dx = dpadded[:, :, pad:-pad, pad:-pad]
    return dx, dw, db


def softmax_loss(x, y):
    N = x.shape[0]
    p = np.exp(x - x.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    loss = -np.log(p[np.arange(N), y]).sum() / N
    dx = p.copy()
    dx[np.arange(N), y] -= 1
    dx /= N
    return loss, dx


def dropout_forward(x, p=0.5):
    mask = (np.random.rand(*x.shape) < p) / p
    return x * mask, mask


def dropout_backward(dout, mask):
    dx = dout * mask
    return dx


def attention_forward(q, k, v):
    scale = 1.0 / np.sqrt(q.shape[-1])
    s = q @ k.T * scale
    visible = np.tril(np.ones(s.shape)) > 0
    s = np.where(visible, s, -1e9)
    e = np.exp(s - s.max(axis=-1, keepdims=True))
    p = e / e.sum(axis=-1, keepdims=True)
    out = p @ v
    return out, (q, k, v, p, scale)


def attention_backward(dout, cache):
    q, k, v, p, scale = cache
    dv = p.T @ dout
    dp = dout @ v.T
    ds = p * (dp - (dp * p).sum(axis=-1, keepdims=True))
    dq = ds @ k * scale
    dk = ds.T @ q * scale
    return dq, dk, dv


def embedding_forward(idx, table):
    return table[idx], (idx, table)


def embedding_backward(dout, cache):
    idx, table = cache
    dtable = np.zeros_like(table)
    np.add.at(dtable, idx, dout)
    return dtable


def rnn_forward(x, h0, Wx, Wh, b):
    h, hs = h0, [h0]
    for t in range(x.shape[1]):
        h = np.tanh(x[:, t] @ Wx + h @ Wh + b)
        hs.append(h)
    out = np.stack(hs[1:], axis=1)
    return out, (x, hs, Wx, Wh)


def rnn_backward(dout, cache):
    x, hs, Wx, Wh = cache
    dx = np.zeros_like(x)
    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros(Wh.shape[0])
    dh = np.zeros_like(hs[0])
    for t in reversed(range(x.shape[1])):
        dh = dh + dout[:, t]
        da = dh * (1 - hs[t + 1] ** 2)
        dx[:, t] = da @ Wx.T
        dWx += x[:, t].T @ da
        dWh += hs[t].T @ da
        db += da.sum(axis=0)
        dh = da @ Wh.T
    dh0 = dh
    return dx, dh0, dWx, dWh, db


class Linear:
    def __init__(self, W, b):
        self.W = W
        self.b = b

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = np.sum(dout, axis=0)
        dx = dout @ self.W.T
        return dx
