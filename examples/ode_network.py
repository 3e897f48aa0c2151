"""A differential equation with a network on its right side, fitted to a spiral: python examples/ode_network.py [STEPS]

dx/dt = v tanh(u x³ + b) is integrated by the classical Runge–Kutta method, and the distance from measured points is minimised. The
gradient is compared with the sensitivity equations dS/dt = (∂f/∂x) S + ∂f/∂θ for S = ∂x/∂θ, written by hand and integrated beside
x by the same method, which gives the derivative of the numerical solution itself.

Source of the equations: E. Hairer, S. P. Nørsett, G. Wanner, Solving Ordinary Differential Equations I, Springer 1993, I.14.
"""

import sys

import numpy as np

import wengert as wg

HIDDEN = 10
STEP = 0.05


def split(theta):
    """(u, b, v) of one vector of parameters."""
    return (
        theta[: 2 * HIDDEN].reshape(HIDDEN, 2),
        theta[2 * HIDDEN : 3 * HIDDEN],
        theta[3 * HIDDEN :].reshape(2, HIDDEN),
    )


def slope(theta, x):
    """f(x) = v tanh(u x³ + b)."""
    u, b, v = split(theta)
    return v @ np.tanh(u @ x**3 + b)


def step(f, x):
    """One step of the classical Runge–Kutta method."""
    k1 = f(x)
    k2 = f(x + STEP / 2 * k1)
    k3 = f(x + STEP / 2 * k2)
    k4 = f(x + STEP * k3)
    return x + STEP / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


def loss(theta, points):
    """The mean of |x(t_k) − x_k|² over the points, the first of which is where the solution begins."""
    x, total = points[0], 0.0
    for point in points[1:]:
        x = step(lambda state: slope(theta, state), x)
        total = total + np.sum((x - point) ** 2)
    return total / (len(points) - 1)


def gradient_by_sensitivities(theta, points):
    """∂loss/∂θ from x and S = ∂x/∂θ, integrated together as the columns of one matrix."""
    u, b, v = split(theta)

    def together(state):
        x, s = state[:, 0], state[:, 1:]
        h = np.tanh(u @ x**3 + b)
        slopes = 1 - h**2
        by_x = v @ (slopes[:, None] * u * 3 * x**2)
        by_u = (v * slopes)[:, :, None] * (x**3)[None, None, :]
        by_v = np.kron(np.eye(2), h)
        return np.column_stack([v @ h, by_x @ s + np.hstack([by_u.reshape(2, -1), v * slopes, by_v])])

    state = np.column_stack([points[0], np.zeros((2, len(theta)))])
    gradient = np.zeros(len(theta))
    for point in points[1:]:
        state = step(together, state)
        gradient += 2 * (state[:, 0] - point) @ state[:, 1:]
    return gradient / (len(points) - 1)


def data(count=40):
    """Points of dx/dt = A x³, a spiral, by small steps of the same method."""
    matrix, x, points = np.array([[-0.1, 2.0], [-2.0, -0.1]]), np.array([1.5, 0.0]), []
    for _ in range(count):
        points.append(x)
        x = step(lambda state: matrix @ state**3, x)
    return np.array(points)


def start():
    return 0.3 * np.random.default_rng(0).normal(size=5 * HIDDEN)


def largest_difference(count=12):
    """Of the gradient from the sensitivities, relative to its largest entry."""
    ours, by_hand = wg.grad(loss)(start(), data(count)), gradient_by_sensitivities(start(), data(count))
    return np.abs(ours - by_hand).max() / np.abs(by_hand).max()


def main(steps=500):
    print(f"largest relative difference from the sensitivity equations: {largest_difference():.1e}")
    points, theta = data(), start()
    value_and_gradient = wg.value_and_grad(loss)
    momentum, square = np.zeros_like(theta), np.zeros_like(theta)
    for k in range(1, steps + 1):  # Adam
        value, slopes = value_and_gradient(theta, points)
        momentum = 0.9 * momentum + 0.1 * slopes
        square = 0.99 * square + 0.01 * slopes**2
        theta = theta - 0.02 * momentum / (1 - 0.9**k) / (np.sqrt(square / (1 - 0.99**k)) + 1e-8)
        if k % 100 == 1:
            print(f"step {k - 1:4d}: mean squared distance {value:.5f}")
    print(f"at the end: mean squared distance {loss(theta, points):.5f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
