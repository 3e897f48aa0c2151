"""Attitude by quaternions: integration of rates and rotation of a vector."""

from math import sqrt

import numpy as np


def multiply(p, q):
    a1, b1, c1, d1 = p
    a2, b2, c2, d2 = q
    return np.array(
        [
            a1 * a2 - b1 * b2 - c1 * c2 - d1 * d2,
            a1 * b2 + b1 * a2 + c1 * d2 - d1 * c2,
            a1 * c2 - b1 * d2 + c1 * a2 + d1 * b2,
            a1 * d2 + b1 * c2 - c1 * b2 + d1 * a2,
        ]
    )


def normalized(q):
    return q / sqrt(sum(x * x for x in q))


def objective(w):
    q = np.array([1.0, 0.0, 0.0, 0.0])
    for _ in range(10):
        q = normalized(q + 0.05 * multiply(q, np.r_[0.0, w]))
    v = multiply(multiply(q, [0.0, 1.0, 2.0, 3.0]), q * np.array([1, -1, -1, -1]))
    return np.dot(v[1:], [0.3, -0.2, 0.5])


START = np.array([0.4, -0.7, 0.2])
