"""The likelihood of a constant-velocity Kalman filter."""

import numpy as np
from numpy.linalg import inv, slogdet

rng = np.random.default_rng(1)
measured = np.cumsum(rng.normal(size=12)) + rng.normal(size=12)


def make_model(q, r):
    F = np.array([[1.0, 1.0], [0.0, 1.0]])
    Q = np.array([[q / 3, q / 2], [q / 2, q]])
    H = np.array([[1.0, 0.0]])
    R = np.array([[r]])
    return F, Q, H, R


def objective(p):
    F, Q, H, R = make_model(np.exp(p[0]), np.exp(p[1]))
    x, P = np.zeros(2), 10 * np.eye(2)
    ll = 0.0
    for z in measured:
        x = F @ x
        P = F @ P @ F.T + Q
        y = np.array([z]) - H @ x
        S = H @ P @ H.T + R
        K = P @ H.T @ inv(S)
        ll += -0.5 * (y @ inv(S) @ y + slogdet(2 * np.pi * S)[1])
        x = x + K @ y
        P = (np.eye(2) - K @ H) @ P
    return -ll


START = np.array([-1.0, 0.2])
