"""Smoke steered to a shape by the wind that it starts with: python examples/fluid.py [STEPS] [SIZE]

A square of fluid without edges: in every time step the velocity is made free of divergence (its gradient part is taken away in
Fourier space), and velocity and smoke are carried along it, each cell read at the place it came from, between the four cells
there. The initial velocity is chosen so that the smoke ends in a disc. The gradient, by some thousand numbers through the whole simulation,
is compared with central differences along random directions.

It needs SciPy, for its minimisation.

Source of the method: J. Stam, Stable Fluids, SIGGRAPH 1999.
"""

import sys

import numpy as np
from scipy.optimize import minimize

import wengert as wg

TIME_STEPS = 12
REACH = 4.0
"""Cells that a velocity of 1 crosses in one time step."""


def without_divergence(velocity):
    """The velocity minus its gradient part: v̂ − k (k · v̂) / |k|² for each wave k."""
    size = velocity.shape[-1]
    k = np.fft.fftfreq(size)
    kx, ky = k[:, None], k[None, :]
    square = kx**2 + ky**2
    square[0, 0] = 1.0
    vx, vy = np.fft.fft2(velocity[0]), np.fft.fft2(velocity[1])
    along = (kx * vx + ky * vy) / square
    return np.stack([np.real(np.fft.ifft2(vx - kx * along)), np.real(np.fft.ifft2(vy - ky * along))])


def carried(field, velocity):
    """The field read at x − velocity, by linear interpolation between four cells."""
    size = field.shape[-1]
    x, y = np.meshgrid(np.arange(size), np.arange(size), indexing="ij")
    from_x, from_y = x - REACH * velocity[0], y - REACH * velocity[1]
    left, low = np.floor(from_x), np.floor(from_y)
    right, high = from_x - left, from_y - low
    i, j = left.astype(int) % size, low.astype(int) % size
    i1, j1 = (i + 1) % size, (j + 1) % size
    return (1 - right) * ((1 - high) * field[i, j] + high * field[i, j1]) + right * (
        (1 - high) * field[i1, j] + high * field[i1, j1]
    )


def simulated(velocity, smoke):
    """The smoke after all time steps."""
    for _ in range(TIME_STEPS):
        velocity = without_divergence(velocity)
        velocity = np.stack([carried(velocity[0], velocity), carried(velocity[1], velocity)])
        smoke = carried(smoke, without_divergence(velocity))
    return smoke


def loss(velocity, smoke, target):
    """The mean square of what the smoke misses of the target, and a little of the velocity's energy."""
    return np.mean((simulated(velocity, smoke) - target) ** 2) + 1e-4 * np.mean(velocity**2)


def scene(size):
    """(a band of smoke, the disc that it should become)."""
    x, y = np.meshgrid(*[np.linspace(-1, 1, size, endpoint=False)] * 2, indexing="ij")
    return np.exp(-((y / 0.35) ** 4)), 1.6 * np.exp(-(((x**2 + y**2) / 0.3) ** 2))


def largest_difference(size=10, directions=3):
    """Of the gradient from central differences, relative to the slope along the direction."""
    rng = np.random.default_rng(0)
    smoke, target = scene(size)
    velocity = 0.2 * rng.normal(size=(2, size, size))
    gradient = wg.grad(loss)(velocity, smoke, target)
    worst = 0.0
    for _ in range(directions):
        along = rng.normal(size=velocity.shape)

        def slope(h, along=along):
            ahead, behind = (loss(velocity + s * along, smoke, target) for s in (h, -h))
            return (ahead - behind) / (2 * h)

        expected = slope(1e-7)  # a larger step would cross from one cell into the next somewhere
        worst = max(worst, abs(np.sum(gradient * along) - expected) / abs(expected))
    return worst


def picture(field):
    """The field as characters, a row of it a line."""
    return "\n".join("".join(" .:-=+*#%@"[int(np.clip(9 * v, 0, 9))] * 2 for v in row) for row in field)


def main(steps=40, size=20):
    print(f"largest relative difference from central differences: {largest_difference():.1e}")
    smoke, target = scene(size)
    value_and_gradient = wg.value_and_grad(loss)

    def objective(vector):
        value, slopes = value_and_gradient(vector.reshape(2, size, size), smoke, target)
        return value, slopes.ravel()

    start = 1e-3 * np.random.default_rng(1).normal(size=2 * size * size)
    found = minimize(objective, start, jac=True, method="L-BFGS-B", options={"maxiter": steps})
    print(
        f"misses {objective(start)[0]:.4f} at the start, {found.fun:.4f} after {found.nit} steps; the smoke at the end:"
    )
    print(picture(simulated(found.x.reshape(2, size, size), smoke)))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
