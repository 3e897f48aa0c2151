"""A Bayesian neural network by variational inference: python examples/bayesian_network.py [STEPS]

Every weight has a normal distribution N(m, e^{2r}) of its own. The loss is −E[log p(y | w)] + KL(q ‖ p), the expectation over
a few draws w = m + e^r ε, which are new at every step. Its gradient by m and r is compared with the complex step
Im f(θ + i h v) / h along random directions, which runs the loss with NumPy alone.

Sources: C. Blundell et al., Weight Uncertainty in Neural Networks, ICML 2015 (the loss);
W. Squire, G. Trapp, SIAM Review 40 (1998) 110-112 (the complex step).
"""

import sys

import numpy as np

import wengert as wg

HIDDEN = 8
NOISE = 0.1
PRIOR = 1.0


def network(w, x):
    """tanh(x u + b) v + c, the weights taken from one vector."""
    u, b, v, c = w[:HIDDEN], w[HIDDEN : 2 * HIDDEN], w[2 * HIDDEN : 3 * HIDDEN], w[3 * HIDDEN]
    return np.tanh(x[:, None] * u + b) @ v + c


def loss(parameters, draws, x, y):
    """−E[log p(y | w)] + KL(q ‖ p), up to a constant; the mean over the draws is the expectation."""
    mean, log_scale = parameters["mean"], parameters["log_scale"]
    misfit = 0.0
    for draw in draws:
        residual = (y - network(mean + np.exp(log_scale) * draw, x)) / NOISE
        misfit = misfit + 0.5 * np.sum(residual**2) / len(draws)
    divergence = np.sum(0.5 * (np.exp(2 * log_scale) + mean**2) / PRIOR**2 - log_scale - 0.5)
    return misfit + divergence


def data(points=30):
    """A cubic with noise, and no points in the middle."""
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.uniform(-1, -0.3, size=points // 2), rng.uniform(0.3, 1, size=points - points // 2)])
    return x, x**3 + NOISE * rng.normal(size=points)


def start():
    size = 3 * HIDDEN + 1
    return {"mean": 0.5 * np.random.default_rng(1).normal(size=size), "log_scale": np.full(size, -3.0)}


def largest_difference(directions=5):
    """Of the gradient from the complex step, relative to the slope along the direction."""
    rng = np.random.default_rng(2)
    parameters, (x, y) = start(), data()
    draws = rng.normal(size=(3, 3 * HIDDEN + 1))
    gradient = wg.grad(loss)(parameters, draws, x, y)
    worst = 0.0
    for _ in range(directions):
        along = {name: rng.normal(size=value.shape) for name, value in parameters.items()}
        stepped = {name: value + 1e-30j * along[name] for name, value in parameters.items()}
        slope = loss(stepped, draws, x, y).imag / 1e-30
        ours = sum(np.sum(gradient[name] * along[name]) for name in along)
        worst = max(worst, abs(ours - slope) / abs(slope))
    return worst


def main(steps=1500):
    print(f"largest relative difference from the complex step: {largest_difference():.1e}")
    x, y = data()
    rng = np.random.default_rng(3)
    parameters, gradient = start(), wg.grad(loss)
    momentum = {name: np.zeros_like(value) for name, value in parameters.items()}
    square = {name: np.zeros_like(value) for name, value in parameters.items()}
    for step in range(1, steps + 1):  # Adam
        slopes = gradient(parameters, rng.normal(size=(3, 3 * HIDDEN + 1)), x, y)
        for name, slope in slopes.items():
            momentum[name] = 0.9 * momentum[name] + 0.1 * slope
            square[name] = 0.99 * square[name] + 0.01 * slope**2
            scaled = momentum[name] / (1 - 0.9**step) / (np.sqrt(square[name] / (1 - 0.99**step)) + 1e-8)
            parameters[name] = parameters[name] - 0.02 * scaled
    weights = parameters["mean"] + np.exp(parameters["log_scale"]) * rng.normal(size=(200, 3 * HIDDEN + 1))
    for at in (-0.6, 0.0, 0.6, 2.0):
        values = np.array([network(w, np.array([at]))[0] for w in weights])
        print(f"x = {at:4.1f}: {values.mean():6.3f} ± {values.std():.3f}    (x³ = {at**3:.3f})")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
