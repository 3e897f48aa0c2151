"""A Riccati recursion backward in time, gains in a list, the closed loop forward."""

import numpy as np

A = np.array([[1.0, 0.1], [0.0, 1.0]])
B = np.array([[0.0], [0.1]])


def gains(Q, R, steps):
    P = Q.copy()
    found = []
    for _ in range(steps):
        K = np.linalg.solve(R + B.T @ P @ B, B.T @ P @ A)
        P = Q + A.T @ P @ (A - B @ K)
        found.insert(0, K)
    return found


def objective(p):
    Q = np.diag(np.exp(p[:2]))
    R = np.atleast_2d(np.exp(p[2]))
    x = np.array([1.0, -0.5])
    cost = 0
    for K in gains(Q, R, 15):
        u = -K @ x
        cost += x @ x + 0.1 * (u**2).sum()
        x = A @ x + (B @ u)
    return cost


START = np.array([0.3, -0.2, -1.0])
