"""Backward passes of JAX as they are written by hand: functions of arrays and jax.custom_vjp."""

from functools import partial

import jax
import jax.numpy as jnp


@jax.custom_vjp
def dense(x, w, b):
    return jnp.tanh(x @ w + b)


def dense_fwd(x, w, b):
    h = jnp.tanh(x @ w + b)
    return h, (x, w, h)


def dense_bwd(res, g):
    x, w, h = res
    dz = g * (1 - h**2)
    return dz @ w.T, x.T @ dz, dz.sum(axis=0)


dense.defvjp(dense_fwd, dense_bwd)


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def power(n, x):
    return x**n


def power_fwd(n, x):
    return x**n, x


def power_bwd(n, x, g):
    return (n * x ** (n - 1) * g,)


power.defvjp(power_fwd, power_bwd)


def softmax_forward(x):
    e = jnp.exp(x - jnp.max(x, axis=1, keepdims=True))
    p = e / jnp.sum(e, axis=1, keepdims=True)
    return p, p


def softmax_backward(dp, cache):
    p = cache
    return p * (dp - jnp.sum(dp * p, axis=1, keepdims=True))


def lookup_forward(idx, table):
    return table[idx], (idx, table)


def lookup_backward(dout, cache):
    idx, table = cache
    return jnp.zeros_like(table).at[idx].add(dout)
