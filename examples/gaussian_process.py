"""A Gaussian process fitted by its marginal likelihood: python examples/gaussian_process.py [POINTS]

y = f(x) + noise with the covariance K_ij = s² exp(−(x_i − x_j)² / (2 l²)) + σ² δ_ij; the parameters (log s, log l, log σ) minimise
−log p(y) = ½ yᵀ K⁻¹ y + ½ log det K + ½ n log 2π. Its gradient is compared with the formula that textbooks derive by hand,
½ tr((K⁻¹ − α αᵀ) ∂K/∂θ) with α = K⁻¹ y. It needs SciPy, for its minimisation.

Source of the formula: C. E. Rasmussen, C. K. I. Williams, Gaussian Processes for Machine Learning, MIT Press 2006, (5.9).
"""

import sys

import numpy as np
from scipy.optimize import minimize

import wengert as wg


def covariance(theta, x, z):
    """s² exp(−(x_i − z_j)² / (2 l²)) for every i and j."""
    return np.exp(2 * theta[0]) * np.exp(-0.5 * ((x[:, None] - z[None, :]) / np.exp(theta[1])) ** 2)


def negative_log_likelihood(theta, x, y):
    """−log p(y), by the Cholesky factor of K."""
    k = covariance(theta, x, x) + np.exp(2 * theta[2]) * np.eye(len(x))
    factor = np.linalg.cholesky(k)
    white = np.linalg.solve(factor, y)
    return 0.5 * white @ white + np.sum(np.log(np.diag(factor))) + 0.5 * len(x) * np.log(2 * np.pi)


def gradient_by_hand(theta, x, y):
    """½ tr((K⁻¹ − α αᵀ) ∂K/∂θ) for the three parameters."""
    smooth, noise = covariance(theta, x, x), np.exp(2 * theta[2]) * np.eye(len(x))
    inverse = np.linalg.inv(smooth + noise)
    alpha = inverse @ y
    slopes = 2 * smooth, smooth * ((x[:, None] - x[None, :]) / np.exp(theta[1])) ** 2, 2 * noise
    return np.array([0.5 * np.sum((inverse - np.outer(alpha, alpha)) * slope) for slope in slopes])


def data(points):
    """Noisy values of sin 3x on [−1, 1]."""
    rng = np.random.default_rng(0)
    x = np.sort(rng.uniform(-1, 1, size=points))
    return x, np.sin(3 * x) + 0.1 * rng.normal(size=points)


START = np.array([0.0, 0.0, -1.0])


def largest_difference(points=12):
    """Of the gradient at the start from the one by hand, relative to its largest entry."""
    ours, by_hand = wg.grad(negative_log_likelihood)(START, *data(points)), gradient_by_hand(START, *data(points))
    return np.abs(ours - by_hand).max() / np.abs(by_hand).max()


def main(points=40):
    print(f"largest relative difference from the gradient by hand: {largest_difference():.1e}")
    x, y = data(points)
    found = minimize(wg.value_and_grad(negative_log_likelihood), START, args=(x, y), jac=True)
    height, length, noise = np.exp(found.x)
    start = negative_log_likelihood(START, x, y)
    print(f"−log p(y): {start:.3f} at the start, {found.fun:.3f} after {found.nit} steps")
    print(f"height {height:.3f}, length {length:.3f}, noise {noise:.3f}    (the noise of the data is 0.1)")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
