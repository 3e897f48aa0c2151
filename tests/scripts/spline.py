"""A natural cubic spline by the tridiagonal algorithm, its knots' values the unknowns."""

import numpy as np

x = np.array([0.0, 0.7, 1.5, 2.0, 3.1])
query = np.linspace(0.1, 3.0, 9)


def thomas(a, b, c, d):
    n = len(d)
    cp, dp = np.empty(n), np.empty(n)
    cp[0], dp[0] = c[0] / b[0], d[0] / b[0]
    for i in range(1, n):
        m = b[i] - a[i] * cp[i - 1]
        cp[i] = c[i] / m
        dp[i] = (d[i] - a[i] * dp[i - 1]) / m
    out = np.empty(n)
    out[-1] = dp[-1]
    for i in reversed(range(n - 1)):
        out[i] = dp[i] - cp[i] * out[i + 1]
    return out


def spline(y, at):
    n = len(x)
    h = np.diff(x)
    a, b, c, d = np.zeros(n), np.ones(n), np.zeros(n), np.zeros(n)
    for i in range(1, n - 1):
        a[i], b[i], c[i] = h[i - 1], 2 * (h[i - 1] + h[i]), h[i]
        d[i] = 6 * ((y[i + 1] - y[i]) / h[i] - (y[i] - y[i - 1]) / h[i - 1])
    m = thomas(a, b, c, d)
    i = np.clip(np.searchsorted(x, at) - 1, 0, n - 2)
    left, right = at - x[i], x[i + 1] - at
    return (
        (m[i] * right**3 + m[i + 1] * left**3) / (6 * h[i])
        + (y[i] / h[i] - m[i] * h[i] / 6) * right
        + (y[i + 1] / h[i] - m[i + 1] * h[i] / 6) * left
    )


def objective(y):
    return np.sum((spline(y, query) - np.sin(query)) ** 2)


START = np.sin(x) + 0.1
