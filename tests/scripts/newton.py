"""Newton's method inside an objective, until it has converged."""

import numpy as np


def solve(f, df, x, tol=1e-14, maxiter=50):
    for _ in range(maxiter):
        step = f(x) / df(x)
        x = x - step
        if abs(step) < tol:
            break
    return x


def kepler(M, e):
    return solve(lambda E: E - e * np.sin(E) - M, lambda E: 1 - e * np.cos(E), M)


def objective(p):
    e, a = p
    positions = np.zeros((4, 2))
    for k, M in enumerate(np.linspace(0.3, 2.5, 4)):
        E = kepler(M, e)
        positions[k] = a * (np.cos(E) - e), a * np.sqrt(1 - e**2) * np.sin(E)
    return np.sum(positions @ [[1.0, 0.5], [0.2, -1.0]]) + np.var(positions)


START = np.array([0.3, 1.7])
