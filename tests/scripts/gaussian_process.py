"""The marginal likelihood of a Gaussian process."""

import numpy as np
from scipy.linalg import cho_solve, cholesky

X = np.linspace(0, 4, 15)
y = np.sin(X) + 0.1 * np.cos(7 * X)


def kernel(a, b, length, variance):
    K = np.zeros((len(a), len(b)))
    for i in range(len(a)):
        for j in range(len(b)):
            K[i, j] = variance * np.exp(-0.5 * (a[i] - b[j]) ** 2 / length**2)
    return K


def objective(theta):
    length, variance, noise = np.exp(theta)
    K = kernel(X, X, length, variance) + noise * np.identity(len(X))
    L = cholesky(K, lower=True)
    alpha = cho_solve((L, True), y)
    return 0.5 * y @ alpha + np.log(np.diag(L)).sum() + 0.5 * len(X) * np.log(2 * np.pi)


START = np.array([0.1, -0.2, -2.0])
