"""A recurrent network that learns to repeat what it saw: python examples/recurrent_network.py [STEPS]

h_t = tanh(U x_t + W h_{t−1} + b) and y_t = V h_t + c read random bits; the target is the bit of two steps before. The loops are
Python's. The gradient is compared with backpropagation through time, derived by hand: h̄_t = Vᵀ ȳ_t + Wᵀ ā_{t+1},
ā_t = h̄_t (1 − h_t²), and sums over t for the weights.
"""

import sys

import numpy as np

import wengert as wg

DELAY = 2


def loss(parameters, bits):
    """The mean of log(1 + e^y) − t y over the steps that have a target, and over the sequences."""
    h = np.zeros((bits.shape[0], len(parameters["b"])))
    total = 0.0
    for t in range(bits.shape[1]):
        h = np.tanh(bits[:, t, None] * parameters["U"] + h @ parameters["W"].T + parameters["b"])
        if t >= DELAY:
            y = h @ parameters["V"] + parameters["c"]
            total = total + np.mean(np.logaddexp(0.0, y) - bits[:, t - DELAY] * y)
    return total / (bits.shape[1] - DELAY)


def gradient_by_hand(parameters, bits):
    """Backpropagation through time."""
    count, length = bits.shape
    states = [np.zeros((count, len(parameters["b"])))]
    for t in range(length):
        states.append(np.tanh(bits[:, t, None] * parameters["U"] + states[-1] @ parameters["W"].T + parameters["b"]))
    bars = {name: np.zeros_like(value) for name, value in parameters.items()}
    later = np.zeros_like(states[0])
    for t in reversed(range(length)):
        h, before = states[t + 1], states[t]
        h_bar = later
        if t >= DELAY:
            y = h @ parameters["V"] + parameters["c"]
            y_bar = (1 / (1 + np.exp(-y)) - bits[:, t - DELAY]) / (count * (length - DELAY))
            bars["V"] += h.T @ y_bar
            bars["c"] += np.sum(y_bar)
            h_bar = h_bar + y_bar[:, None] * parameters["V"]
        a_bar = h_bar * (1 - h**2)
        bars["U"] += bits[:, t] @ a_bar
        bars["W"] += a_bar.T @ before
        bars["b"] += np.sum(a_bar, axis=0)
        later = a_bar @ parameters["W"]
    return bars


def start(hidden=12):
    rng = np.random.default_rng(0)
    return {
        "U": rng.normal(size=hidden),
        "W": rng.normal(size=(hidden, hidden)) / np.sqrt(hidden),
        "b": np.zeros(hidden),
        "V": rng.normal(size=hidden) / np.sqrt(hidden),
        "c": np.zeros(()),
    }


def largest_difference():
    """Of the gradient from the one by hand, relative to the largest entry of each parameter's."""
    bits = np.random.default_rng(1).integers(0, 2, size=(5, 9)).astype(float)
    ours, by_hand = wg.grad(loss)(start(), bits), gradient_by_hand(start(), bits)
    return max(np.abs(ours[name] - by_hand[name]).max() / np.abs(by_hand[name]).max() for name in ours)


def main(steps=400):
    print(f"largest relative difference from backpropagation through time by hand: {largest_difference():.1e}")
    rng = np.random.default_rng(2)
    parameters, value_and_gradient = start(), wg.value_and_grad(loss)
    momentum = {name: np.zeros_like(value) for name, value in parameters.items()}
    for step in range(steps):
        value, slopes = value_and_gradient(parameters, rng.integers(0, 2, size=(20, 12)).astype(float))
        for name, slope in slopes.items():
            momentum[name] = 0.9 * momentum[name] + slope
            parameters[name] = parameters[name] - 0.2 * momentum[name]
        if step % 100 == 0:
            print(f"step {step:4d}: loss {value:.4f}")
    unseen = rng.integers(0, 2, size=(200, 12)).astype(float)
    print(f"on sequences that it has not seen: loss {loss(parameters, unseen):.4f}    (guessing: {np.log(2):.4f})")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
