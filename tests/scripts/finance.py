"""Black–Scholes, its implied volatility by Newton's method, and a binomial tree."""

from math import erf, exp, log, sqrt

import numpy as np


def N(x):
    return 0.5 * (1 + erf(x / sqrt(2)))


def call(S, K, T, r, sigma):
    d1 = (log(S / K) + (r + 0.5 * sigma**2) * T) / (sigma * sqrt(T))
    d2 = d1 - sigma * sqrt(T)
    return S * N(d1) - K * exp(-r * T) * N(d2)


def tree(S, K, T, r, sigma, n=12):
    dt = T / n
    u = exp(sigma * sqrt(dt))
    p = (exp(r * dt) - 1 / u) / (u - 1 / u)
    values = np.array([max(S * u**j * (1 / u) ** (n - j) - K, 0.0) for j in range(n + 1)])
    for i in range(n, 0, -1):
        for j in range(i):
            values[j] = exp(-r * dt) * (p * values[j + 1] + (1 - p) * values[j])
    return values[0]


def objective(p):
    S, sigma, r = p
    return call(S, 100.0, 1.0, r, sigma) + 0.5 * tree(S, 95.0, 0.5, r, sigma)


START = np.array([101.3, 0.23, 0.03])
