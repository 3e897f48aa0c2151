"""Predators and prey by Heun's method, fitted to data."""

import numpy as np

rates = {"dt": 0.05, "steps": 30}
data = np.array([[1.0, 1.0], [1.3, 0.8], [1.6, 0.7]])


def field(t, z, alpha, beta, delta, gamma):
    x, y = z
    return np.array([alpha * x - beta * x * y, delta * x * y - gamma * y])


def simulate(params, z0):
    out = [z0]
    dt = rates["dt"]
    for k in range(rates["steps"]):
        z = out[-1]
        k1 = field(k * dt, z, *params)
        k2 = field((k + 1) * dt, z + dt * k1, *params)
        out.append(z + dt * (k1 + k2) / 2)
    return np.asarray(out)


def objective(params):
    path = simulate(params, np.array([1.0, 1.0]))
    return ((path[::15] - data) ** 2).sum()


START = np.array([1.1, 0.4, 0.1, 0.4])
