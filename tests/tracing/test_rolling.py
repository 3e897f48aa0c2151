"""Loops found again: a function whose steps repeat is written down as a loop, with the values and gradients that it has step by step."""

from __future__ import annotations

import numpy as np
import pytest

import wengert as wg
from tests.thorough import rounds
from wengert.core.ir.walk import topological
from wengert.functions.namespaces import standing
from wengert.functions.tracing.record import traced_program

RNG = np.random.default_rng(3)
STATES = RNG.dirichlet(np.ones(4), 4)
LETTERS = RNG.dirichlet(np.ones(5), 4)
TEXT = [int(x) for x in RNG.integers(0, 5, 300)]
SERIES = RNG.normal(size=(300, 2))


def hidden_markov(a, n):
    forward, total = LETTERS[:, TEXT[0]] / 4, 0.0
    for letter in TEXT[1:n]:
        forward = (forward @ a) * LETTERS[:, letter]
        scale = forward.sum()
        total, forward = total + np.log(scale), forward / scale
    return total


def kalman(p, n):
    step, seen = np.array([[1, 0.1], [0, 1]]), np.array([[1.0, 0]])
    mean, spread, total = np.zeros(2), np.eye(2), 0.0
    for y in SERIES[:n, :1]:
        mean, spread = step @ mean, step @ spread @ step.T + p[0] * np.eye(2)
        s = seen @ spread @ seen.T + p[1] * np.eye(1)
        gain, gap = spread @ seen.T @ np.linalg.inv(s), y - seen @ mean
        total = total - 0.5 * (np.log(np.linalg.det(s)) + gap @ np.linalg.solve(s, gap))
        mean, spread = mean + gain @ gap, spread - gain @ s @ gain.T
    return total


def swing(y, p):
    return np.array([y[1], -p[0] * np.sin(y[0]) - p[1] * y[1]])


def runge_kutta(p, n):
    y, h = np.array([1.0, 0.0]), 0.02
    for _ in range(n):
        k1 = swing(y, p)
        k2 = swing(y + h / 2 * k1, p)
        k3 = swing(y + h / 2 * k2, p)
        y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + swing(y + h * k3, p))
    return y[0] ** 2


def falling(p, n):
    height, speed, count = 10.0, 0.0, 0
    while height > 10.0 - 0.0004 * n**1.5:
        speed = speed - p[0] * 0.01
        height, count = height + speed * 0.01 - p[1] * height * 1e-4, count + 1
    return height + count * p[0]


def filled(p, n):
    a = np.zeros(n)
    a[0] = p[0]
    for t in range(1, n):
        a[t] = a[t - 1] * p[1] + np.sin(p[t % 2] * t)
    return (a**2).sum()


def every_second_step(p, n):
    v = p[0] * 1.0
    for t in range(n):
        v = v + 0.1 * np.sin(v * p[1]) if t % 2 else v - 0.2 * np.cos(v) * p[1]
    return v


def two_steps_before(p, n):
    h = [p[0], p[1]]
    for t in range(n):
        h.append(0.5 * h[-1] - 0.3 * h[-2] + 0.01 * t * np.sin(h[-2]))
    return sum(x**2 for x in h)


def slope_inside(p, n):
    def energy(q):
        return 0.25 * q[0] ** 4 + 0.5 * q[1] ** 2 * q[0]

    q, v = np.array([1.0, 0.5]), p * 1.0
    for _ in range(n):
        q = q + 0.01 * v
        v = v - 0.01 * wg.grad(energy)(q)
    return (q**2).sum()


def recursion(p, n, v=1.0):
    return recursion(p, n - 1, v + 0.01 * np.sin(v * p[0]) * p[1]) if n else v


class Ball:
    def __init__(self, place):
        self.place, self.speed = place, 0.0

    def step(self, k):
        self.speed = self.speed - 0.01 * k * np.sin(self.place)
        self.place = self.place + 0.01 * self.speed


def methods(p, n):
    ball = Ball(p[0])
    for _ in range(n):
        ball.step(p[1])
    return ball.place


def one_after_another(p, n):
    v = p[0]
    for _ in range(n):
        v = v + 0.1 * np.sin(v)
    w = p[1] * v
    for _ in range(n):
        w = w * np.cos(0.1 * w) + 0.01 * v
    return w


def backwards(p, n):
    s, x = 0.0, SERIES[:, 0] * p[0]
    for t in reversed(range(n)):
        s = 0.9 * s + x[t] * np.tanh(s + p[1] * x[t])
    return s


def stacked(p, n):
    h, rows = np.zeros(2), []
    for t in range(n):
        h = np.tanh(p * h + SERIES[t])
        rows.append(h)
    both = np.stack(rows, axis=1) @ np.stack(rows)
    return (both * both).sum()


def table(p, n):
    rows = n // 12
    a, m = np.zeros((rows, 12)), SERIES[:, 0].repeat(2)[: rows * 12].reshape(rows, 12) * p[0]
    for i in range(rows):
        for j in range(12):
            a[i, j] = m[i, j] * 2 + (a[i - 1, j] * p[1] if i else 0.0)
    return (a**2).sum()


def windows(p, n):
    x, s = SERIES[:, 0] * p[0], 0.0
    for t in range(n - 3):
        s = np.cos(s) * p[1] + (x[t : t + 3] * np.array([0.2, 0.5, 0.3])).sum()
    return s


FUNCTIONS = [
    hidden_markov, kalman, runge_kutta, falling, filled, every_second_step, two_steps_before, slope_inside, recursion, methods,
    one_after_another, backwards, stacked, table, windows,
]  # fmt: skip
GROWS = {"falling"}
"""The answers to Python's questions are asked one by one."""


def argument(f):
    return STATES if f is hidden_markov else np.array([0.3, 0.4])


def unrolled(f, n, x):
    return wg.value_and_grad(lambda p: f(p, n))(x)  # on a tape, which holds every step


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
def test_a_loop_that_is_found_has_its_value_and_gradient(f):
    n, x = 100, argument(f)
    value, gradient = unrolled(f, n, x)
    made, slopes = wg.compile(wg.value_and_grad(lambda p: f(p, n)), backend="interpreter")(x)
    np.testing.assert_allclose(made, value, rtol=1e-13)
    np.testing.assert_allclose(slopes, gradient, rtol=1e-12, atol=1e-13 * np.abs(gradient).max())


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
def test_native_code_of_a_loop_that_is_found_agrees(f):
    n, x = 60, argument(f)
    value, gradient = unrolled(f, n, x)
    made, slopes = wg.compile(wg.value_and_grad(lambda p: f(p, n)))(x)
    np.testing.assert_allclose(made, value, rtol=1e-12)
    np.testing.assert_allclose(slopes, gradient, rtol=1e-11, atol=1e-12 * np.abs(gradient).max())


@pytest.mark.parametrize("f", [f for f in FUNCTIONS if f.__name__ not in GROWS], ids=lambda f: f.__name__)
def test_the_graph_does_not_grow_with_the_number_of_steps(f):
    def size(n):
        return len(topological(traced_program(standing(lambda p: f(p, n)), (argument(f),), {}).graph.outputs))

    steps = rounds(60, 120)
    assert size(2 * steps) == size(steps)


def test_loops_in_loops_are_found_from_the_outermost_inwards():
    def f(x):
        s = x[0]
        for _ in range(30):
            for _ in range(25):
                s = s + 0.01 * np.sin(s * x[1]) * np.cos(s)
            s = np.exp(-s) * x[0]
        return s

    graph = traced_program(f, (np.array([0.3, 0.4]),), {}).graph
    (outer,) = [node for node in topological(graph.outputs) if node.op.name == "scan"]
    (inner,) = [node for node in topological(outer.params["body"].outputs) if node.op.name == "scan"]
    assert outer.params["length"] == 30
    assert inner.params["length"] == 25


def test_short_loops_and_steps_that_differ_stay_as_they_are():
    def short(x):
        for _ in range(5):
            x = np.sin(x)
        return x

    def other(x):
        for k in range(60):
            x = [np.sin, np.cos, np.tanh, np.arctan][(k * k * k // 7) % 4](x)
        return x

    for f in (short, other):
        graph = traced_program(f, (0.3,), {}).graph
        assert "scan" not in {node.op.name for node in topological(graph.outputs)}


def test_what_is_written_and_read_at_moving_places_on_two_axes():
    def f(x):
        a = np.zeros((40, 40))
        for t in range(40):
            a[t, (7 * t) % 40] = x[t % 3] * np.sin(x[0] * t)
        for t in range(39):
            a[t + 1, t + 1] = a[t, t] * 0.5 + a[t + 1, (7 * t + 7) % 40] ** 2
        return a

    x = np.array([0.3, 0.4, 0.5])
    np.testing.assert_allclose(wg.compile(f)(x), f(x), rtol=1e-14)
    made = wg.compile(wg.grad(lambda x: (f(x) ** 2).sum()))(x)
    np.testing.assert_allclose(made, wg.grad(lambda x: (f(x) ** 2).sum())(x), rtol=1e-12)


def test_second_derivatives_go_through_a_loop_that_is_found():
    x, steps = np.array([0.3, 0.4]), rounds(20, 50)
    made = wg.compile(wg.hessian(lambda p: runge_kutta(p, steps)))(x)
    np.testing.assert_allclose(made, wg.hessian(lambda p: runge_kutta(p, steps))(x), rtol=1e-10)
