"""Backward passes of PyTorch as they are written by hand: functions of tensors and torch.autograd.Function."""

import torch
from torch.autograd import Function


def affine_forward(x, w, b):
    out = x @ w + b
    return out, (x, w)


def affine_backward(dout, cache):
    x, w = cache
    dx = dout @ w.T
    dw = x.T @ dout
    db = dout.sum(0)
    return dx, dw, db


def batchnorm_forward(x, gamma, beta):
    mean = x.mean(0, keepdim=True)
    diff = x - mean
    var = (diff**2).sum(0, keepdim=True) / (x.shape[0] - 1)
    inv = (var + 1e-5) ** -0.5
    raw = diff * inv
    return gamma * raw + beta, (diff, inv, raw, gamma)


def batchnorm_backward(dout, cache):
    diff, inv, raw, gamma = cache
    n = diff.shape[0]
    dgamma = (dout * raw).sum(0)
    dbeta = dout.sum(0)
    draw = gamma * dout
    ddiff = inv * draw
    dinv = (diff * draw).sum(0, keepdim=True)
    dvar = -0.5 * inv**3 * dinv
    ddiff += 2.0 / (n - 1) * diff * dvar
    dmean = -ddiff.sum(0, keepdim=True)
    dx = ddiff + dmean / n
    return dx, dgamma, dbeta


def attention_forward(q, k, v):
    scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5
    future = torch.triu(torch.ones(q.shape[-2], k.shape[-2]), 1) > 0
    weights = torch.softmax(scores.masked_fill(future, float("-inf")), dim=-1)
    return weights @ v, (q, k, v, weights)


def attention_backward(dout, cache):
    q, k, v, weights = cache
    dv = weights.transpose(-2, -1) @ dout
    dweights = dout @ v.transpose(-2, -1)
    dscores = weights * (dweights - (dweights * weights).sum(-1, keepdim=True))
    dscores = dscores / q.shape[-1] ** 0.5
    dq = dscores @ k
    dk = dscores.transpose(-2, -1) @ q
    return dq, dk, dv


def embedding_forward(idx, W):
    return W[idx], (idx, W)


def embedding_backward(dout, cache):
    idx, W = cache
    dW = torch.zeros_like(W)
    dW.index_add_(0, idx.reshape(-1), dout.reshape(-1, W.shape[1]))
    return dW


def softmax_loss(x, y):
    logp = torch.log_softmax(x, dim=1)
    n = x.shape[0]
    loss = -logp[torch.arange(n), y].mean()
    dx = torch.exp(logp)
    dx[torch.arange(n), y] -= 1
    dx /= n
    return loss, dx


class Linear(Function):
    @staticmethod
    def forward(ctx, x, weight, bias=None):
        ctx.save_for_backward(x, weight)
        out = x.mm(weight.t())
        return out + bias.unsqueeze(0).expand_as(out)

    @staticmethod
    def backward(ctx, grad_output):
        x, weight = ctx.saved_tensors
        grad_x = grad_weight = grad_bias = None
        if ctx.needs_input_grad[0]:
            grad_x = grad_output.mm(weight)
        if ctx.needs_input_grad[1]:
            grad_weight = grad_output.t().mm(x)
        if ctx.needs_input_grad[2]:
            grad_bias = grad_output.sum(0)
        return grad_x, grad_weight, grad_bias


class Swish(torch.autograd.Function):
    @staticmethod
    def forward(x):
        return x * torch.sigmoid(x)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(inputs[0])

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        s = torch.sigmoid(x)
        return grad_output * (s + x * s * (1 - s))


class ScaledTanh(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, scale: float):
        h = torch.tanh(x)
        ctx.scale = scale
        ctx.save_for_backward(h)
        return scale * h

    @staticmethod
    def backward(ctx, dy):
        (h,) = ctx.saved_tensors
        dh = dy * ctx.scale
        return dh * (1 - h**2), None
