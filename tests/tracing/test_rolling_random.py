"""Random loops of Python, found again: the graph gives NumPy's values to the last bit, and the gradient of the run on a tape."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import wengert as wg
from tests.thorough import rounds
from wengert.core.ir.walk import topological
from wengert.functions.namespaces import standing
from wengert.functions.tracing.record import traced_program
from wengert.targets import interpreter

X, V = np.random.default_rng(5).normal(size=(64, 3, 3)), np.array([0.3, -0.8, 1.1])


def applied(kind: int, x: Any, y: Any, t: int, c: int, seen: list[Any], a: Any, m: Any, where: list[int]) -> Any:
    """One line of a step."""
    if kind == 5:
        a[t + c % 3] = np.tanh(x)
    if kind == 12:
        a[t, c % 3] = np.sin(x[0])
    lines = {
        0: lambda: np.sin(x) + y,
        1: lambda: np.tanh(x * y),
        2: lambda: m[t] @ x * 0.1,
        3: lambda: m[where[t], :, c % 3] * x,
        4: lambda: x * (0.1 * t) + y,
        5: lambda: a[t] * y,
        6: lambda: x[::-1] + 0.5 * y,
        7: lambda: np.cos(seen[-1 - c % 3] + x),
        8: lambda: x.sum() * y * 0.1,
        9: lambda: np.array([x[0], y[1], x[2] * y[0]]),
        10: lambda: np.where(x > y, x, 0.5 * y),
        11: lambda: m[2 * t % 50 : 2 * t % 50 + 2, 0, :].sum(axis=0) * 0.1 + x,
        12: lambda: a[t] + x,
    }
    return np.tanh(lines[kind]())


def drawn(seed: int) -> Any:
    """A function with a loop."""
    rng = np.random.default_rng(seed)
    steps, count, results = int(rng.integers(8, 60)), int(rng.integers(1, 4)), int(rng.integers(0, 5))
    body = [(int(rng.integers(0, 13)), *map(int, rng.integers(0, 1000, 3))) for _ in range(int(rng.integers(4, 14)))]
    where = rng.integers(0, 20, size=steps).tolist()

    def f(m, v):
        state, a, log, seen = [v * (k + 1.0) for k in range(count)], np.zeros((64, 3)), [], [v, v * 2, v * 3]
        for t in range(steps):
            values = list(state)
            for kind, p, q, c in body:
                values.append(applied(kind, values[p % len(values)], values[q % len(values)], t, c, seen, a, m, where))
            state = [values[-1 - k] for k in range(count)]
            seen.append(values[-1])
            log.append(values[len(values) // 2])
        return [
            [state[0]],
            [state[0], np.stack(log)],
            [sum(y.sum() for y in log)],
            [log[3] * log[-1], a],
            [np.array([y[0] for y in log]), log[0]],
        ][results]

    return f


@pytest.mark.parametrize("seed", range(rounds(12, 300)))
def test_a_random_loop_has_its_values_and_its_gradient(seed):
    f = drawn(seed)
    program = traced_program(standing(f), (X, V), {})
    for mine, theirs in zip(interpreter.compile(program.graph).in_order(X, V), f(X, V), strict=True):
        np.testing.assert_array_equal(mine, theirs)

    def total(m, v):
        return sum((y**2).sum() for y in f(m, v))

    found = wg.compile(wg.grad(total, (0, 1)), backend="interpreter")(X, V)
    for mine, theirs in zip(found, wg.grad(total, (0, 1))(X, V), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-10, atol=1e-12 * (1 + np.abs(theirs).max()))


def test_most_random_loops_are_found():
    graphs = [traced_program(standing(drawn(seed)), (X, V), {}).graph for seed in range(12)]
    found = [any(node.op.name == "scan" for node in topological(graph.outputs)) for graph in graphs]
    assert sum(found) > 9
