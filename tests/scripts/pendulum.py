"""A double pendulum by Runge–Kutta, the path kept in an array that is filled."""

import math

import numpy as np

G = 9.81


def derivatives(state, l1, l2):
    th1, w1, th2, w2 = state
    d = th2 - th1
    den1 = 2 * l1 - l1 * math.cos(d) ** 2
    out = np.zeros(4)
    out[0] = w1
    out[1] = (
        l1 * w1**2 * math.sin(d) * math.cos(d) + G * math.sin(th2) * math.cos(d) + l2 * w2**2 * math.sin(d)
    ) / den1
    out[1] -= 2 * G * math.sin(th1) / den1
    out[2] = w2
    out[3] = (-l2 * w2**2 * math.sin(d) * math.cos(d) + 2 * (G * math.sin(th1) * math.cos(d) - G * math.sin(th2))) / (
        den1 * l2 / l1
    )
    return out


def objective(p):
    l1, l2 = p
    dt, n = 0.02, 10
    path = np.empty((n + 1, 4))
    path[0] = [0.5, 0.0, 0.8, 0.0]
    for k in range(n):
        y = path[k]
        k1 = derivatives(y, l1, l2)
        k2 = derivatives(y + dt / 2 * k1, l1, l2)
        k3 = derivatives(y + dt / 2 * k2, l1, l2)
        k4 = derivatives(y + dt * k3, l1, l2)
        path[k + 1] = y + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return float(np.sum(path[:, 2] ** 2) + path[-1, 0])


START = np.array([1.0, 1.2])
